"""The throttler: never more than `limit` in any window, and exactly that much when asked."""

from random import Random

import pytest

from engine.risk.throttler import RateLimit, Throttler, parse_rate

T0 = 1_000_000_000_000
SECOND = 1_000_000_000


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_limit_messages_in_one_instant_pass_and_the_next_is_dropped(limit: int) -> None:
    throttler = Throttler(RateLimit(limit, SECOND))

    assert [throttler.try_pass(T0) for _ in range(limit + 1)] == [True] * limit + [False]


@pytest.mark.parametrize(
    ("after_ns", "expected"), [(0, False), (SECOND - 1, False), (SECOND, True), (SECOND + 1, True)]
)
def test_full_window_recovers_exactly_one_interval_after_it_filled(
    after_ns: int, expected: bool
) -> None:
    throttler = Throttler(RateLimit(3, SECOND))
    for _ in range(3):
        throttler.try_pass(T0)

    assert throttler.try_pass(T0 + after_ns) is expected


def test_window_slides_message_by_message() -> None:
    throttler = Throttler(RateLimit(2, 10))

    passed = [throttler.try_pass(T0 + ns) for ns in (0, 4, 9, 10, 11, 13, 14)]

    assert passed == [True, True, False, True, False, False, True]


def test_dropped_messages_do_not_prolong_the_limit() -> None:
    throttler = Throttler(RateLimit(1, 10))
    throttler.try_pass(T0)
    for ns in range(1, 10):
        assert not throttler.try_pass(T0 + ns)

    assert throttler.try_pass(T0 + 10)


def test_idleness_gives_back_the_whole_limit_and_no_more() -> None:
    throttler = Throttler(RateLimit(3, 10))
    for _ in range(3):
        throttler.try_pass(T0)

    assert [throttler.try_pass(T0 + 1_000) for _ in range(4)] == [True, True, True, False]


def test_every_message_is_counted_once() -> None:
    throttler = Throttler(RateLimit(2, 10))
    for ns in (0, 0, 0, 5, 10):
        throttler.try_pass(T0 + ns)

    assert (throttler.passed_count, throttler.dropped_count) == (3, 2)


def test_used_counts_what_is_in_the_window_now() -> None:
    throttler = Throttler(RateLimit(3, 10))
    throttler.try_pass(T0)
    throttler.try_pass(T0 + 5)

    assert [throttler.used(T0 + ns) for ns in (5, 9, 10, 14, 15)] == [2, 2, 1, 1, 0]


@pytest.mark.parametrize("seed", range(20))
def test_random_arrivals_never_exceed_the_limit_in_any_half_open_window(seed: int) -> None:
    choose = Random(seed)
    limit, interval_ns = choose.randint(1, 5), choose.randint(1, 30)
    throttler = Throttler(RateLimit(limit, interval_ns))
    now_ns, passed, dropped = 0, [], []
    for _ in range(200):
        now_ns += choose.randint(0, 6)
        (passed if throttler.try_pass(now_ns) else dropped).append(now_ns)

    for start_ns in passed:
        assert sum(start_ns <= ns < start_ns + interval_ns for ns in passed) <= limit
    for drop_ns in dropped:  # and nothing is dropped that the limit allows
        assert sum(drop_ns - interval_ns < ns <= drop_ns for ns in passed) == limit


@pytest.mark.parametrize(
    ("text", "limit", "interval_ns"),
    [
        ("100/00:00:01", 100, SECOND),
        ("1/00:01:00", 1, 60 * SECOND),
        ("5/01:02:03", 5, 3723 * SECOND),
        ("10/24:00:00", 10, 86_400 * SECOND),
    ],
)
def test_rate_text_is_limit_then_hours_minutes_seconds(
    text: str, limit: int, interval_ns: int
) -> None:
    assert parse_rate(text) == (limit, interval_ns)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "100",
        "100/1",
        "0/00:00:01",
        "5/00:00:00",
        "-1/00:00:01",
        "1/00:60:00",
        "1/00:00:60",
        "1.5/00:00:01",
        " 1/00:00:01",
        "1/00:00:01\n",
    ],
)
def test_rate_text_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        parse_rate(text)
