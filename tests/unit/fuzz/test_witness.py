"""The slow readers, on texts that anybody can read."""

from fractions import Fraction

import pytest

from fuzz.witness import Written, civil_text, instant, number, rounded, text_of


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1.50", (150, -2)),
        ("-1_000.5", (-10005, -1)),
        ("+.5", (5, -1)),
        ("5.", (5, 0)),
        ("1e3", (1, 3)),
        ("1.5E-3", (15, -4)),
    ],
)
def test_a_number_is_its_digits_and_its_exponent(text: str, read: tuple[int, int]) -> None:
    assert number(text) == Written(*read)


@pytest.mark.parametrize(
    "text",
    ["", ".", "-", "1,0", " 1", "1__0", "_1", "1_", "1e", "1e+", "nan", "1.2.3", "\u0661", "1e5_0"],
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert number(text) is None


def test_zero_with_a_huge_exponent_is_zero_at_once() -> None:
    written = number("0e500000000")
    assert written is not None
    assert not written.is_huge
    assert written.value() == 0


def test_halves_are_rounded_to_even() -> None:
    assert rounded(Fraction("0.125"), 2) == Fraction("0.12")
    assert rounded(Fraction("0.135"), 2) == Fraction("0.14")
    assert rounded(Fraction("-2.5"), 0) == -2


def test_text_shows_every_decimal_and_no_negative_zero() -> None:
    assert text_of(Fraction(3, 2), 2) == "1.50"
    assert text_of(Fraction(-1, 8), 3) == "-0.125"
    assert text_of(Fraction(0), 2) == "0.00"
    assert text_of(Fraction(7), 0) == "7"


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("17", 17),
        ("1.5", 1_500_000_000),
        ("1970-01-02", 86_400_000_000_000),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01 00:00:01.25z", 1_250_000_000),
    ],
)
def test_an_instant_is_nanoseconds(text: str, ns: int) -> None:
    assert instant(text) == ns


@pytest.mark.parametrize(
    "text", ["1970-02-30", "1970-01-01T24:00:00Z", "1970-01-01T00:00:00", "1970-1-1", "now"]
)
def test_what_names_no_instant_is_none(text: str) -> None:
    assert instant(text) is None


def test_an_instant_reads_back_from_its_text() -> None:
    text = civil_text(1_709_210_096_000_000_001)
    assert text == "2024-02-29T12:34:56.000000001Z"
    assert instant(text) == 1_709_210_096_000_000_001
