from datetime import UTC, datetime, timedelta

import pytest

from engine.model.times import (
    UNIX_NS_MAX,
    civil_from_days,
    civil_time,
    compact_time,
    days_from_civil,
    iso8601,
    parse_ns,
)
from engine.model.values import ValueOutOfRange


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0),
        ("1700000000000000000", 1_700_000_000_000_000_000),
        (str(UNIX_NS_MAX), UNIX_NS_MAX),
        ("1700000000.5", 1_700_000_000_500_000_000),
        ("1700000000.123456789", 1_700_000_000_123_456_789),
        ("0.0000000019", 1),
        ("1e-400", 0),
        ("1e9", 1_000_000_000_000_000_000),
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01z", 1_000_000_000),
        ("1970-01-01 00:00:01.5Z", 1_500_000_000),
        ("1970-01-01T01:30:00+01:30", 0),
        ("1969-12-31T23:00:00-01:00", 0),
        ("2024-02-29T12:34:56.0000000019Z", 1_709_210_096_000_000_001),
        ("2024-02-29", 1_709_164_800_000_000_000),
        ("2000-02-29", 951_782_400_000_000_000),
    ],
)
def test_an_instant_is_read_exactly_and_cut_to_the_nanosecond(text: str, ns: int) -> None:
    assert parse_ns(text) == ns


@pytest.mark.parametrize(
    "text",
    [
        str(UNIX_NS_MAX + 1), "9" * 60, "-1", "-0.5", "1e40", "1969-12-31", "1969-12-31T23:59:59Z",
        "1970-01-01T00:30:00+01:00", "0000-01-01", "2600-01-01",
    ],
)  # fmt: skip
def test_an_instant_outside_the_range_is_refused_in_every_form(text: str) -> None:
    with pytest.raises(ValueOutOfRange):
        parse_ns(text)


@pytest.mark.parametrize(
    "text",
    [
        "", " 1", "abc", "nan", "inf", "1,5", "2023-02-29", "1900-02-29", "2024-13-01",
        "2024-00-01", "2024-04-31", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z",
        "2024-01-01T00:00:60Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00+25:00",
        "2024-01-01T00:00:00+01:60", "2024-1-1", "٢", "x" * 1000,
    ],
)  # fmt: skip
def test_what_is_no_instant_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_ns(text)


@pytest.mark.parametrize("value", [None, 1, 1.5, b"1"])
def test_only_text_is_parsed(value: object) -> None:
    with pytest.raises(TypeError):
        parse_ns(value)  # type: ignore[arg-type]


def test_text_of_an_instant_has_nine_decimals_and_reads_back() -> None:
    assert iso8601(0) == "1970-01-01T00:00:00.000000000Z"
    assert iso8601(UNIX_NS_MAX) == "2554-07-21T23:34:33.709551615Z"
    for ns in (0, 1, 951_782_400_000_000_001, UNIX_NS_MAX):
        assert parse_ns(iso8601(ns)) == ns


def test_compact_text_is_what_generated_identifiers_carry() -> None:
    assert compact_time(1_709_210_096_999_999_999) == "20240229-123456"


def test_formatting_refuses_what_is_no_instant() -> None:
    with pytest.raises(ValueOutOfRange):
        iso8601(-1)
    with pytest.raises(ValueOutOfRange):
        compact_time(UNIX_NS_MAX + 1)
    with pytest.raises(TypeError):
        civil_time(1.0)  # type: ignore[arg-type]


def test_civil_dates_agree_with_the_standard_library_for_four_centuries() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    for days in range(-50_000, 150_000, 7):
        day = epoch + timedelta(days=days)
        assert civil_from_days(days) == (day.year, day.month, day.day)
        assert days_from_civil(day.year, day.month, day.day) == days
