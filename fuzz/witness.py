"""Slow, obvious readers of the texts that `engine.model` reads quickly.

They share nothing with what they judge: one character at a time, `fractions` for numbers, the
standard calendar for dates.
"""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Final, NamedTuple

TEXT_MAX: Final = 200
EXPONENT_DIGITS_MAX: Final = 9
DECIMALS_MAX: Final = 16
INTEGER_DIGITS_MAX: Final = 40  # beyond any value's range
SCALE: Final = 10**DECIMALS_MAX
_DIGITS: Final = "0123456789"


class Written(NamedTuple):
    """A decimal number as it stands in a text: digits x 10^exponent."""

    digits: int
    exponent: int

    @property
    def decimals(self) -> int:
        """How many decimals it shows."""
        return max(0, -self.exponent)

    @property
    def is_huge(self) -> bool:
        """Whether it has more integer digits than is worth computing."""
        return self.digits != 0 and len(str(abs(self.digits))) + self.exponent > INTEGER_DIGITS_MAX

    @property
    def is_dust(self) -> bool:
        """Whether it is nearer to zero than any rounding sees."""
        return len(str(abs(self.digits))) + self.exponent < -INTEGER_DIGITS_MAX

    def value(self) -> Fraction:
        """The number itself; not of one that `is_huge` or `is_dust`."""
        return Fraction(self.digits) * Fraction(10) ** self.exponent if self.digits else Fraction(0)


def number(text: str) -> Written | None:
    """The number a text is, or None: sign, digits with single underscores between them, at most
    one point with a digit on one side at least, an exponent of at most nine digits."""
    if len(text) > TEXT_MAX:
        return None
    rest = text
    negative = rest.startswith("-")
    if rest[:1] in ("+", "-"):
        rest = rest[1:]
    mantissa, exponent = rest, 0
    for mark in "eE":
        if mark in rest:
            mantissa, _, power = rest.partition(mark)
            sign = -1 if power.startswith("-") else 1
            if power[:1] in ("+", "-"):
                power = power[1:]
            if not 1 <= len(power) <= EXPONENT_DIGITS_MAX or not all(c in _DIGITS for c in power):
                return None
            exponent = sign * int(power)
            break
    whole, point, decimals = mantissa.partition(".")
    if not whole and not decimals:
        return None
    for part in (whole, decimals):
        for index, character in enumerate(part):
            inside = 0 < index < len(part) - 1
            if character == "_" and inside and part[index - 1] != "_":
                continue
            if character not in _DIGITS:
                return None
    if not point and not whole:
        return None
    decimals = decimals.replace("_", "")
    digits = int((whole + decimals).replace("_", ""))
    return Written(-digits if negative else digits, exponent - len(decimals))


def rounded(value: Fraction, decimals: int) -> Fraction:
    """Half to even, as `fractions` does it."""
    return Fraction(round(value * 10**decimals), 10**decimals)


def text_of(value: Fraction, decimals: int) -> str:
    """The value with exactly that many decimals, which must hold it."""
    scaled = value * 10**decimals
    digits = str(abs(scaled.numerator)).rjust(decimals + 1, "0")
    whole, tail = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{tail}" if decimals else f"{sign}{whole}"


def instant(text: str) -> Fraction | None:
    """Nanoseconds since 1970 that a text names, uncut, or None when it names none.

    Digits are nanoseconds, another number is seconds; else a date, or a date and a time of day
    with an offset.
    """
    if len(text) > 64:
        return None
    if text and all(character in _DIGITS for character in text):
        return Fraction(int(text))
    seconds = number(text)
    if seconds is not None:
        if seconds.is_huge:
            return Fraction(10**INTEGER_DIGITS_MAX * (1 if seconds.digits > 0 else -1))
        if seconds.is_dust:
            return Fraction(-1 if seconds.digits < 0 else 0)
        if seconds.digits < 0:
            return Fraction(-1)  # before 1970, however little
        return seconds.value() * 10**9
    return _civil(text)


def _civil(text: str) -> Fraction | None:
    shape = "".join("0" if character in _DIGITS else character for character in text)
    try:
        if shape == "0000-00-00":
            return _since_1970(date.fromisoformat(text))
        if shape[:19] not in ("0000-00-00T00:00:00", "0000-00-00t00:00:00", "0000-00-00 00:00:00"):
            return None
        tail = text[19:]
        fraction = ""
        if tail.startswith("."):
            count = len(tail[1:]) - len(tail[1:].lstrip(_DIGITS))
            fraction, tail = tail[1 : 1 + count], tail[1 + count :]
            if not fraction:
                return None
        zone = _zone(tail)
        if zone is None:
            return None
        hour, minute, second = int(text[11:13]), int(text[14:16]), int(text[17:19])
        midnight = _since_1970(date.fromisoformat(text[:10]))
        if hour > 23 or minute > 59 or second > 59:
            return None
        in_day = hour * 3600 + minute * 60 + second
        whole = midnight + (in_day - int(zone.total_seconds())) * 10**9
        return whole + (Fraction(int(fraction), 10 ** len(fraction)) * 10**9 if fraction else 0)
    except ValueError:
        return None


def _since_1970(day: date) -> Fraction:
    return Fraction((day - date(1970, 1, 1)).days * 86_400 * 10**9)


def _zone(text: str) -> timedelta | None:
    if text in ("Z", "z"):
        return timedelta(0)
    shape = "".join("0" if character in _DIGITS else character for character in text)
    if shape not in ("+00:00", "-00:00") or int(text[1:3]) > 23 or int(text[4:6]) > 59:
        return None
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return -offset if text[0] == "-" else offset


def civil_text(ns: int) -> str:
    """An instant as RFC 3339 with nine decimals, by the standard calendar (years to 9999)."""
    seconds, rest = divmod(ns, 10**9)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
