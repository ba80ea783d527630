"""The slow models count in whole numbers; their roundings are those of exact fractions."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from simulation.models.holding import RAW, half_even, rounded

numbers = st.integers(-(10**6), 10**6) | st.integers(-(10**60), 10**60)
divisors = (st.integers(1, 40) | st.integers(1, 10**60)).flatmap(lambda n: st.sampled_from([n, -n]))


@given(numbers, divisors)
def test_half_even_is_how_an_exact_quotient_rounds(numerator: int, denominator: int) -> None:
    assert half_even(numerator, denominator) == round(Fraction(numerator, denominator))


@given(numbers, divisors, st.integers(0, 16))
def test_rounded_is_a_multiple_of_the_last_decimal(
    numerator: int, denominator: int, decimals: int
) -> None:
    exact = Fraction(numerator, denominator)
    told = Fraction(rounded(numerator, denominator, decimals), RAW)
    assert told == Fraction(round(exact * 10**decimals), 10**decimals)
