from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from engine.indicators import ExponentialMovingAverage


@given(st.lists(st.integers(-(10**22), 10**22), min_size=1), st.integers(1, 50))
def test_rounding_stays_within_its_bound_of_the_exact_average(raws: list[int], period: int) -> None:
    ema = ExponentialMovingAverage(period)
    exact = Fraction(raws[0])
    for index, raw in enumerate(raws):
        ema.update_raw(raw)
        if index:
            exact += (raw - exact) * Fraction(2, period + 1)
    assert abs(ema.value_raw - exact) <= Fraction(period + 1, 4)
    assert type(ema.value_raw) is int
