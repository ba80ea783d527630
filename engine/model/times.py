"""Instants as nanoseconds since 1970-01-01T00:00:00Z, in 0..2^64-1, and their text.

Civil dates are computed on integers: the standard library's datetime stops at the microsecond
and its formatting asks the platform. Instants are plain ints everywhere else; cutting one to
seconds is `ns // NS_PER_SECOND`, which floors.
"""

import re
from typing import Final

from engine.model.fixed import ValueOutOfRange, parse_number

NS_PER_MICROSECOND: Final = 1_000
NS_PER_MILLISECOND: Final = 1_000_000
NS_PER_SECOND: Final = 1_000_000_000
NS_PER_MINUTE: Final = 60 * NS_PER_SECOND
NS_PER_HOUR: Final = 60 * NS_PER_MINUTE
NS_PER_DAY: Final = 24 * NS_PER_HOUR
NS_PER_WEEK: Final = 7 * NS_PER_DAY

UNIX_NS_MAX: Final = 2**64 - 1

_MONTH_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TWO_DIGITS: Final = tuple([f"{number:02}" for number in range(100)])
_TEXT_LENGTH_MAX: Final = 64
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_RFC3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)


def check_ns(ns: int) -> int:
    """`ns` itself; ValueOutOfRange unless it is an instant."""
    if type(ns) is not int:
        raise TypeError(f"an instant is int nanoseconds, not {type(ns).__name__}")
    if not 0 <= ns <= UNIX_NS_MAX:
        raise ValueOutOfRange(f"instant {ns} ns is outside 0..{UNIX_NS_MAX}")
    return ns


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a proleptic Gregorian date (a valid one; see `check_date`)."""
    # years run March to February here, so that the leap day is the last of its year
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468


def civil_from_days(days: int) -> tuple[int, int, int]:
    """(year, month, day) of a count of days since 1970-01-01."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    year_of_era = (
        day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153  # 0 is March
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (month <= 2), month, day


def civil_time(ns: int) -> tuple[int, int, int, int, int, int, int]:
    """(year, month, day, hour, minute, second, nanosecond) in UTC."""
    seconds = check_ns(ns) // NS_PER_SECOND
    year, month, day = civil_from_days(seconds // 86_400)
    rest = seconds % 86_400
    return year, month, day, rest // 3_600, rest // 60 % 60, rest % 60, ns % NS_PER_SECOND


def iso8601(ns: int) -> str:
    """`2024-02-29T12:34:56.000000001Z`: always nine decimals, always UTC."""
    year, month, day, hour, minute, second, nanosecond = civil_time(ns)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanosecond:09}Z"


def compact_time(ns: int) -> str:
    """`20240229-123456`: the form that generated identifiers carry, cut to the second."""
    year, month, day, hour, minute, second, _ = civil_time(ns)
    two = _TWO_DIGITS
    return (
        f"{two[year // 100]}{two[year % 100]}{two[month]}{two[day]}"
        f"-{two[hour]}{two[minute]}{two[second]}"
    )


def check_date(year: int, month: int, day: int) -> None:
    """Raise ValueError unless the Gregorian calendar has that day."""
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= month <= 12 or not 1 <= day <= _MONTH_DAYS[month - 1] + leap:
        raise ValueError(f"no such date: {year:04}-{month:02}-{day:02}")


def parse_ns(text: str) -> int:
    """The instant a text names, tried in this order:

    1. digits: nanoseconds; too many are out of range, never read as seconds;
    2. a decimal number (`1700000000.5`, `1e9`): seconds, exact, cut to whole nanoseconds;
    3. RFC 3339 with any offset, cut to whole nanoseconds;
    4. `YYYY-MM-DD`: midnight UTC.

    Raises:
        TypeError: not a str.
        ValueError: none of these, or no such day or time; ValueOutOfRange before 1970 or
            beyond 2^64-1.
    """
    if not isinstance(text, str):
        raise TypeError(f"expected text, not {type(text).__name__}")
    if len(text) > _TEXT_LENGTH_MAX:
        raise ValueError(f"not a time: {text[:_TEXT_LENGTH_MAX]!r}...")
    if text.isascii() and text.isdigit():
        return check_ns(int(text))
    match = _RFC3339.fullmatch(text)
    if match is not None:
        return _rfc3339_ns(text, match)
    match = _DATE.fullmatch(text)
    if match is not None:
        return check_ns(_midnight_ns(*map(int, match.groups())))
    return _seconds_text_ns(text)


def _seconds_text_ns(text: str) -> int:
    try:
        digits, exponent = parse_number(text)
    except ValueError:
        raise ValueError(f"not a time: {text!r}") from None
    if digits < 0:
        raise ValueOutOfRange(f"time before 1970: {text!r}")
    if not digits:
        return 0  # whatever its exponent, which may have nine digits of its own
    power = exponent + 9
    if power > 30:
        raise ValueOutOfRange(f"time out of range: {text!r}")
    if power < -_TEXT_LENGTH_MAX:
        return 0
    return check_ns(digits * int(10 ** max(power, 0)) // int(10 ** max(-power, 0)))


def _midnight_ns(year: int, month: int, day: int) -> int:
    check_date(year, month, day)
    return days_from_civil(year, month, day) * NS_PER_DAY


def _rfc3339_ns(text: str, match: re.Match[str]) -> int:
    year, month, day, hour, minute, second = (int(match[group]) for group in range(1, 7))
    fraction, sign, offset_hour, offset_minute = match.group(7, 8, 9, 10)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"no such time of day: {text!r}")
    ns = (
        _midnight_ns(year, month, day)
        + hour * NS_PER_HOUR
        + minute * NS_PER_MINUTE
        + second * NS_PER_SECOND
        + int((fraction or "")[:9].ljust(9, "0"))
    )
    if sign is not None:
        if int(offset_hour) > 23 or int(offset_minute) > 59:
            raise ValueError(f"no such offset: {text!r}")
        offset_ns = int(offset_hour) * NS_PER_HOUR + int(offset_minute) * NS_PER_MINUTE
        ns += offset_ns if sign == "-" else -offset_ns
    return check_ns(ns)
