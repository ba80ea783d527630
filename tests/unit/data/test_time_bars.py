"""Bars against intervals recomputed by hand, and the boundaries of every aggregation."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.data.bar_builder import BarBuilder, BarCalendar, IntervalType
from engine.data.config import DataEngineConfig
from engine.model.bars import BarType
from engine.model.commands import Subscribe, Unsubscribe
from engine.model.enums import DataKind
from engine.model.identifiers import ClientId, ComponentId

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
START = 1_700_000_040 * SECOND  # 2023-11-14 22:14:00 UTC, a whole minute
MINUTE_LAST = "1-MINUTE-LAST-INTERNAL"
RIGHT_OPEN = DataEngineConfig(time_bars_interval_type=IntervalType.RIGHT_OPEN)


def ns(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * SECOND  # type: ignore[arg-type, misc]


def ohlcv(bar: Any) -> tuple[int, int, int, int, int]:
    return (
        bar.open_mantissa,
        bar.high_mantissa,
        bar.low_mantissa,
        bar.close_mantissa,
        bar.volume_mantissa,
    )


# --- what a bar holds ----------------------------------------------------------------------


def test_bar_holds_the_ticks_of_its_interval(new_desk: Any) -> None:
    desk = new_desk(start_ns=START + 1)
    bar_type = desk.subscribe_bars(MINUTE_LAST)
    for second, price, size in ((1, 100, 1), (20, 105, 2), (40, 95, 3), (59, 101, 4)):
        desk.trade(START + second * SECOND, price, size)
    desk.settle(START + MINUTE)
    (bar,) = desk.bars()
    assert bar.bar_type == bar_type
    assert ohlcv(bar) == (100, 105, 95, 101, 10)
    assert (bar.price_precision, bar.size_precision) == (2, 3)
    assert (bar.ts_event, bar.ts_init) == (START + MINUTE, START + MINUTE)
    assert desk.cache.bar(bar_type) is bar


def test_bar_is_cached_before_its_subscribers_hear_it(new_desk: Any) -> None:
    desk = new_desk(start_ns=START + 1)
    bar_type = desk.subscribe_bars(MINUTE_LAST)
    seen = []
    desk.bus.subscribe(
        f"data.bars.{bar_type}", lambda bar: seen.append(desk.cache.bar(bar_type) is bar)
    )
    desk.trade(START + SECOND, 100)
    desk.settle(START + MINUTE)
    assert seen == [True]


@pytest.mark.parametrize(
    ("price_type", "price", "price_precision", "volume", "size_precision"),
    [("BID", 100, 2, 3, 3), ("ASK", 103, 2, 6, 3), ("MID", 1015, 3, 45, 4)],
)
def test_quotes_make_the_bars_of_their_side(
    new_desk: Any, price_type: str, price: int, price_precision: int, volume: int,
    size_precision: int,
) -> None:  # fmt: skip
    desk = new_desk(start_ns=START + 1)
    desk.subscribe_bars(f"1-MINUTE-{price_type}-INTERNAL")
    desk.quote(START + 2, 100, 103, 3, 6)
    desk.settle(START + MINUTE)
    (bar,) = desk.bars()
    assert ohlcv(bar) == (price, price, price, price, volume)
    assert (bar.price_precision, bar.size_precision) == (price_precision, size_precision)


def test_finer_precision_mid_bar_rescales_what_is_held(new_desk: Any) -> None:
    desk = new_desk(start_ns=START + 1)
    desk.subscribe_bars(MINUTE_LAST)
    desk.trade(START + 2, 100)
    desk.trade(START + 3, 995, precision=3)
    desk.trade(START + 4, 98)
    desk.settle(START + MINUTE)
    (bar,) = desk.bars()
    assert ohlcv(bar) == (1000, 1000, 980, 980, 3)
    assert bar.price_precision == 3


def test_quiet_interval_gives_a_flat_bar_at_the_last_close(new_desk: Any) -> None:
    desk = new_desk(start_ns=START + 1)
    desk.subscribe_bars(MINUTE_LAST)
    desk.trade(START + 2, 100, 7)
    desk.settle(START + 2 * MINUTE)
    assert [ohlcv(bar) for bar in desk.bars()] == [
        (100, 100, 100, 100, 7),
        (100, 100, 100, 100, 0),
    ]


def test_no_flat_bar_before_the_first_tick_ever(new_desk: Any) -> None:
    desk = new_desk(start_ns=START + 1)
    desk.subscribe_bars(MINUTE_LAST)
    desk.settle(START + 3 * MINUTE)
    assert desk.bars() == []


def test_quiet_intervals_give_nothing_when_configured_so(new_desk: Any) -> None:
    desk = new_desk(DataEngineConfig(time_bars_build_with_no_updates=False), START + 1)
    desk.subscribe_bars(MINUTE_LAST)
    desk.trade(START + 2, 100)
    desk.settle(START + 4 * MINUTE)
    desk.trade(START + 4 * MINUTE + 1, 101)
    desk.settle(START + 5 * MINUTE)
    assert [bar.ts_event for bar in desk.bars()] == [START + MINUTE, START + 5 * MINUTE]


# --- edges ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset_ns", "left_open", "right_open"), [(-1, 0, 0), (0, 0, 1), (1, 1, 1)]
)
@pytest.mark.parametrize("interval_type", list(IntervalType))
def test_edge_tick_belongs_to_the_bar_its_interval_type_says(
    new_desk: Any, interval_type: IntervalType, offset_ns: int, left_open: int, right_open: int
) -> None:
    config = DataEngineConfig(
        time_bars_interval_type=interval_type, time_bars_build_with_no_updates=False
    )
    desk = new_desk(config, START + 1)
    desk.subscribe_bars(MINUTE_LAST)
    desk.trade(START + MINUTE + offset_ns, 100)
    desk.settle(START + 2 * MINUTE)
    (bar,) = desk.bars()
    index = left_open if interval_type is IntervalType.LEFT_OPEN else right_open
    assert bar.ts_init == START + (index + 1) * MINUTE


def test_every_tick_on_a_right_open_edge_waits_for_the_next_bar_in_order(new_desk: Any) -> None:
    desk = new_desk(RIGHT_OPEN, START + 1)
    desk.subscribe_bars(MINUTE_LAST)
    desk.trade(START + 2, 90, 1)
    for price in (100, 110, 95):
        desk.trade(START + MINUTE, price, 2)
    desk.settle(START + 2 * MINUTE)
    assert [ohlcv(bar) for bar in desk.bars()] == [(90, 90, 90, 90, 1), (100, 110, 95, 95, 6)]


def test_tick_reaches_its_subscribers_before_the_bar_it_closes(new_desk: Any) -> None:
    desk = new_desk(start_ns=START + 1)
    desk.subscribe_bars(MINUTE_LAST)
    desk.trade(START + MINUTE, 100)
    desk.settle(START + MINUTE)
    kinds = [type(message).__name__ for _, message in desk.heard]
    assert kinds == ["TradeTick", "Bar"]


# --- stamps --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval_type", "on_close", "ts_event"),
    [
        (IntervalType.LEFT_OPEN, True, START + MINUTE),
        (IntervalType.LEFT_OPEN, False, START),
        (IntervalType.RIGHT_OPEN, True, START),
        (IntervalType.RIGHT_OPEN, False, START),
    ],
)
def test_bar_is_stamped_as_configured(
    new_desk: Any, interval_type: IntervalType, on_close: bool, ts_event: int
) -> None:
    desk = new_desk(
        DataEngineConfig(
            time_bars_interval_type=interval_type, time_bars_timestamp_on_close=on_close
        ),
        START + 1,
    )
    desk.subscribe_bars(MINUTE_LAST)
    desk.trade(START + 2, 100)
    desk.settle(START + MINUTE)
    (bar,) = desk.bars()
    assert (bar.ts_event, bar.ts_init) == (ts_event, START + MINUTE)


def test_stored_open_advances_over_intervals_without_ticks(new_desk: Any) -> None:
    desk = new_desk(RIGHT_OPEN, START + 1)
    desk.subscribe_bars(MINUTE_LAST)
    desk.settle(START + 2 * MINUTE)
    desk.trade(START + 2 * MINUTE + 1, 100)
    desk.settle(START + 3 * MINUTE)
    (bar,) = desk.bars()
    assert bar.ts_event == START + 2 * MINUTE


def test_stored_open_advances_over_a_gap_without_flat_bars(new_desk: Any) -> None:
    desk = new_desk(
        DataEngineConfig(
            time_bars_interval_type=IntervalType.RIGHT_OPEN, time_bars_build_with_no_updates=False
        ),
        START + 1,
    )
    desk.subscribe_bars(MINUTE_LAST)
    desk.trade(START + 2, 100)
    desk.settle(START + 5 * MINUTE)
    desk.trade(START + 5 * MINUTE + 1, 100)
    desk.settle(START + 6 * MINUTE)
    assert [bar.ts_event for bar in desk.bars()] == [START, START + 5 * MINUTE]


# --- the first interval --------------------------------------------------------------------


def test_first_partial_bar_is_emitted_unless_told_otherwise(new_desk: Any) -> None:
    desk = new_desk(start_ns=START + 30 * SECOND)
    desk.subscribe_bars(MINUTE_LAST)
    desk.trade(START + 40 * SECOND, 100)
    desk.settle(START + MINUTE)
    assert len(desk.bars()) == 1


@pytest.mark.parametrize("interval_type", list(IntervalType))
def test_first_partial_bar_is_dropped_when_configured_so(
    new_desk: Any, interval_type: IntervalType
) -> None:
    desk = new_desk(
        DataEngineConfig(
            time_bars_interval_type=interval_type, time_bars_skip_first_non_full_bar=True
        ),
        START + 30 * SECOND,
    )
    desk.subscribe_bars(MINUTE_LAST)
    desk.trade(START + 40 * SECOND, 100)
    desk.trade(START + 70 * SECOND, 101)
    desk.settle(START + 2 * MINUTE)
    assert [bar.ts_init for bar in desk.bars()] == [START + 2 * MINUTE]


@pytest.mark.parametrize("interval_type", list(IntervalType))
def test_subscribed_on_a_boundary_the_next_bar_is_full(
    new_desk: Any, interval_type: IntervalType
) -> None:
    desk = new_desk(
        DataEngineConfig(
            time_bars_interval_type=interval_type, time_bars_skip_first_non_full_bar=True
        ),
        START,
    )
    desk.subscribe_bars(MINUTE_LAST)
    desk.trade(START + 1, 100)
    desk.settle(START + MINUTE)
    assert [bar.ts_init for bar in desk.bars()] == [START + MINUTE]


def test_left_open_tick_at_the_instant_of_subscribing_on_a_boundary_closes_that_bar(
    new_desk: Any,
) -> None:
    desk = new_desk(start_ns=START)
    desk.subscribe_bars(MINUTE_LAST)
    desk.trade(START, 100)
    desk.settle(START)
    (bar,) = desk.bars()
    assert bar.ts_init == START


# --- calendars -----------------------------------------------------------------------------


def calendar(spec: str, offset_ns: int = 0) -> BarCalendar:
    return BarCalendar(BarType.from_str(f"A/B.X-{spec}-LAST-INTERNAL").spec, offset_ns)


@pytest.mark.parametrize(
    ("spec", "at", "floor", "after"),
    [
        ("250-MILLISECOND", START + 300_000_000, START + 250_000_000, START + 500_000_000),
        ("15-SECOND", START + 16 * SECOND, START + 15 * SECOND, START + 30 * SECOND),
        ("1-HOUR", ns(2024, 1, 1, 5, 30), ns(2024, 1, 1, 5), ns(2024, 1, 1, 6)),
        ("1-DAY", ns(2024, 2, 28, 5), ns(2024, 2, 28), ns(2024, 2, 29)),
        ("1-WEEK", ns(2024, 1, 3), ns(2024, 1, 1), ns(2024, 1, 8)),  # Monday 1 January
        ("1-MONTH", ns(2024, 1, 31, 23), ns(2024, 1, 1), ns(2024, 2, 1)),
        ("1-MONTH", ns(2024, 2, 29), ns(2024, 2, 1), ns(2024, 3, 1)),
        ("1-MONTH", ns(2023, 12, 5), ns(2023, 12, 1), ns(2024, 1, 1)),
        ("3-MONTH", ns(2024, 5, 5), ns(2024, 4, 1), ns(2024, 7, 1)),
        ("1-YEAR", ns(2024, 5, 5), ns(2024, 1, 1), ns(2025, 1, 1)),
    ],
)
def test_boundaries_follow_the_calendar(spec: str, at: int, floor: int, after: int) -> None:
    dates = calendar(spec)
    assert dates.floor(at) == floor
    assert dates.floor(floor) == floor
    assert dates.after(floor) == after


def test_origin_offset_moves_every_boundary() -> None:
    assert calendar("1-DAY", 17 * 3600 * SECOND).floor(ns(2024, 1, 2, 16)) == ns(2024, 1, 1, 17)
    assert calendar("1-MONTH", DAY).floor(ns(2024, 3, 1)) == ns(2024, 2, 2)
    assert calendar("1-MONTH", DAY).after(ns(2024, 2, 2)) == ns(2024, 3, 2)


@pytest.mark.parametrize("offset_ns", [-1, MINUTE])
def test_offset_not_shorter_than_an_interval_is_refused(offset_ns: int) -> None:
    with pytest.raises(ValueError):
        calendar("1-MINUTE", offset_ns)


def test_month_without_a_tick_does_not_end_the_series(new_desk: Any) -> None:
    desk = new_desk(start_ns=ns(2024, 1, 15))
    desk.subscribe_bars("1-MONTH-LAST-INTERNAL")
    desk.settle(ns(2024, 2, 1))
    desk.trade(ns(2024, 2, 10), 100)
    desk.settle(ns(2024, 4, 1))
    assert [bar.ts_init for bar in desk.bars()] == [ns(2024, 3, 1), ns(2024, 4, 1)]


def test_year_without_a_tick_does_not_end_the_series(new_desk: Any) -> None:
    desk = new_desk(start_ns=ns(2023, 6, 1))
    desk.subscribe_bars("1-YEAR-LAST-INTERNAL")
    desk.settle(ns(2024, 1, 1))
    desk.trade(ns(2024, 5, 1), 100)
    desk.settle(ns(2025, 1, 1))
    assert [bar.ts_init for bar in desk.bars()] == [ns(2025, 1, 1)]


# --- subscriptions -------------------------------------------------------------------------


def test_bars_bring_their_own_ticks_and_let_go_of_them(new_desk: Any) -> None:
    desk = new_desk(start_ns=START + 1)
    two = ComponentId("Two")
    desk.subscribe_bars(MINUTE_LAST)
    desk.subscribe_bars(MINUTE_LAST, two)
    desk.unsubscribe_bars(MINUTE_LAST)
    assert [row[1:3] for row in desk.outbox()] == [(Subscribe, DataKind.TRADES)]
    desk.unsubscribe_bars(MINUTE_LAST, two)
    assert [row[1:3] for row in desk.outbox()] == [(Unsubscribe, DataKind.TRADES)]
    assert desk.clock.next_timer_ns() is None
    assert desk.engine.bar_types() == []


def test_ticks_that_somebody_else_wants_stay_subscribed(new_desk: Any) -> None:
    desk = new_desk(start_ns=START + 1)
    desk.subscribe(DataKind.TRADES)
    desk.subscribe_bars(MINUTE_LAST)
    desk.unsubscribe_bars(MINUTE_LAST)
    assert [row[1] for row in desk.outbox()] == [Subscribe]
    assert desk.engine.owners(ClientId("SIM"), DataKind.TRADES, desk.instrument_id) == ["One"]


def test_no_bar_after_the_last_owner_left(new_desk: Any) -> None:
    desk = new_desk(start_ns=START + 1)
    desk.subscribe_bars(MINUTE_LAST)
    desk.trade(START + 2, 100)
    desk.unsubscribe_bars(MINUTE_LAST)
    desk.trade(START + 3, 100)
    desk.settle(START + 2 * MINUTE)
    assert desk.bars() == []


def test_unsubscribing_bars_nobody_asked_for_is_refused(new_desk: Any) -> None:
    desk = new_desk(start_ns=START + 1)
    desk.unsubscribe_bars(MINUTE_LAST)
    assert desk.refusals() == ["NOT_SUBSCRIBED"]


def test_offset_that_does_not_fit_the_step_is_refused(new_desk: Any) -> None:
    desk = new_desk(DataEngineConfig(time_bars_origin_offset_ns={"MINUTE": MINUTE}), START + 1)
    desk.subscribe_bars(MINUTE_LAST)
    assert desk.refusals() == ["INVALID_ORIGIN_OFFSET"]
    assert desk.engine.bar_types() == []


@pytest.mark.parametrize("offsets", [{"TICK": 1}, {"DAY": -1}])
def test_impossible_offsets_are_refused_by_the_configuration(offsets: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        DataEngineConfig(time_bars_origin_offset_ns=offsets)


# --- the builder alone ---------------------------------------------------------------------


def test_builder_without_a_tick_builds_nothing() -> None:
    assert BarBuilder().build(BarType.from_str(f"A/B.X-{MINUTE_LAST}"), 0, 0) is None
