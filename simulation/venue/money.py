"""The venue's integer arithmetic: scales, the one rounding, and decimal text.

Balances and fees are mantissas at their currency's precision; rates, multipliers and what
leaves for `truth()` are raw, units of 1e-16. Nothing here is shared with the kernel.
"""

from typing import Final

RAW_DIGITS: Final = 16
TEN: Final[tuple[int, ...]] = tuple(10**n for n in range(81))
RAW_ONE: Final = TEN[RAW_DIGITS]


def half_even(numerator: int, denominator: int) -> int:
    """numerator / denominator to the nearest integer, ties to even. `denominator` > 0."""
    quotient, rest = divmod(numerator, denominator)
    rest += rest
    if rest > denominator or (rest == denominator and quotient & 1):
        return quotient + 1
    return quotient


def mantissa_of(text: str, precision: int) -> int:
    """The integer of decimal `text` at `precision`.

    Raises:
        ValueError: not plain decimal text, or more decimals than `precision` (zeros aside).
    """
    sign = -1 if text.startswith("-") else 1
    whole, _, decimals = text.removeprefix("-").partition(".")
    if not (whole + decimals).isascii() or not (whole + decimals).isdigit():
        raise ValueError(f"not a decimal number: {text!r}")
    kept, excess = decimals[:precision], decimals[precision:]
    if excess.strip("0"):
        raise ValueError(f"{text!r} has more than {precision} decimals")
    return sign * int((whole or "0") + kept.ljust(precision, "0"))


def decimal_text(mantissa: int, precision: int) -> str:
    """`mantissa` at `precision` as decimal text with exactly that many decimals."""
    sign = "-" if mantissa < 0 else ""
    digits = str(abs(mantissa)).rjust(precision + 1, "0")
    if precision == 0:
        return sign + digits
    return f"{sign}{digits[:-precision]}.{digits[-precision:]}"


def rate_text(raw: int) -> str:
    """A raw rate as its shortest decimal text ("0.0004")."""
    text = decimal_text(raw, RAW_DIGITS).rstrip("0")
    return text.removesuffix(".")
