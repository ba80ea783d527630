"""Bars that no clock closes, bars of bars, and bars of mark prices, as the DataEngine builds them."""

from typing import Any

import pytest

from engine.data.bar_builder import IntervalType
from engine.data.config import DataEngineConfig
from engine.model.bars import Bar
from engine.model.commands import Subscribe, Unsubscribe
from engine.model.data import MarkPriceUpdate
from engine.model.enums import DataKind

SECOND = 1_000_000_000
START = 1_700_000_040 * SECOND  # a whole minute
COMPOSITE = "5-MINUTE-LAST-INTERNAL@1-MINUTE-INTERNAL"


def values(bar: Any) -> tuple[int, ...]:
    return (
        bar.open_mantissa,
        bar.high_mantissa,
        bar.low_mantissa,
        bar.close_mantissa,
        bar.volume_mantissa,
    )


def test_tick_bar_comes_after_the_tick_that_closes_it(new_desk: Any) -> None:
    desk = new_desk(start_ns=START)
    desk.subscribe_bars("2-TICK-LAST-INTERNAL")
    desk.trade(START + 1, 100, 3)
    desk.trade(START + 2, 99, 4)
    assert [type(message).__name__ for _, message in desk.heard] == [
        "TradeTick",
        "TradeTick",
        "Bar",
    ]
    assert values(desk.bars()[0]) == (100, 100, 99, 99, 7)
    assert desk.cache.bar(desk.bars()[0].bar_type) is desk.bars()[0]


def test_large_trade_fills_several_volume_bars_with_nothing_lost(new_desk: Any) -> None:
    desk = new_desk(start_ns=START)
    desk.subscribe_bars("1-VOLUME-LAST-INTERNAL")
    desk.trade(START + 1, 100, 400)
    desk.trade(START + 2, 103, 2_700)
    assert [values(bar) for bar in desk.bars()] == [
        (100, 103, 100, 103, 1000),
        (103, 103, 103, 103, 1000),
        (103, 103, 103, 103, 1000),
    ]
    desk.trade(START + 3, 101, 900)
    assert values(desk.bars()[-1]) == (103, 103, 101, 101, 1000)


def test_value_bar_closes_when_price_times_size_reaches_its_step(new_desk: Any) -> None:
    desk = new_desk(start_ns=START)
    desk.subscribe_bars("2-VALUE-LAST-INTERNAL")
    desk.trade(START + 1, 150, 1_000)  # 1.50 x 1.000
    desk.trade(START + 2, 100, 800)  # 0.500 more is enough
    assert [values(bar) for bar in desk.bars()] == [(150, 150, 100, 100, 1_500)]


@pytest.mark.parametrize(
    "spec",
    [
        "5-TICK_RUNS-LAST-INTERNAL",
        "5-RENKO-LAST-INTERNAL",
        "5-VOLUME_IMBALANCE-LAST-INTERNAL",
        "5-VOLUME-MARK-INTERNAL",
        "5-VALUE-LAST-INTERNAL@1-SECOND-INTERNAL",
        "10-TICK-LAST-INTERNAL@5-RENKO-INTERNAL",
    ],
)
def test_bars_that_cannot_be_built_are_refused_and_leave_no_trace(new_desk: Any, spec: str) -> None:
    desk = new_desk(start_ns=START)
    desk.subscribe_bars(spec)
    assert desk.refusals() == ["AGGREGATION_NOT_SUPPORTED"]
    assert desk.outbox() == []
    assert desk.engine.bar_types() == []
    assert desk.clock.next_timer_ns() is None


def test_threshold_bars_let_go_of_their_ticks_with_the_last_owner(new_desk: Any) -> None:
    desk = new_desk(start_ns=START)
    desk.subscribe_bars("2-TICK-BID-INTERNAL")
    desk.unsubscribe_bars("2-TICK-BID-INTERNAL")
    assert [row[1:3] for row in desk.outbox()] == [
        (Subscribe, DataKind.QUOTES),
        (Unsubscribe, DataKind.QUOTES),
    ]
    desk.quote(START + 1, 100, 101)
    desk.quote(START + 2, 100, 101)
    assert desk.bars() == []


def test_mark_prices_make_bars_without_volume(new_desk: Any) -> None:
    desk = new_desk(start_ns=START)
    desk.subscribe_bars("2-TICK-MARK-INTERNAL")
    for number, value in enumerate((100, 104), 1):
        at_ns = START + number
        desk.advance(at_ns)
        desk.engine.process(MarkPriceUpdate(desk.instrument_id, value, 2, at_ns, at_ns))
    assert [values(bar) for bar in desk.bars()] == [(100, 104, 100, 104, 0)]
    assert [row[2] for row in desk.outbox()] == [DataKind.MARK_PRICES]


# --- bars of bars ------------------------------------------------------------------------------


@pytest.mark.parametrize("interval_type", list(IntervalType))
def test_composite_holds_every_source_bar_that_closes_with_it(
    new_desk: Any, interval_type: IntervalType
) -> None:
    desk = new_desk(DataEngineConfig(time_bars_interval_type=interval_type), start_ns=START)
    base_ns = START - START % (300 * SECOND) + 300 * SECOND
    desk.advance(base_ns - 1)
    composite = desk.subscribe_bars(COMPOSITE)
    for minute, price in enumerate((100, 104, 98, 101, 103)):
        desk.trade(base_ns + minute * 60 * SECOND + SECOND, price, 2)
    desk.settle(base_ns + 300 * SECOND)
    made = [bar for bar in desk.bars() if bar.bar_type == composite][-1]
    assert values(made) == (100, 104, 98, 103, 10)
    assert made.ts_init == base_ns + 300 * SECOND
    parts = [bar for bar in desk.bars() if bar.bar_type == composite.source][-5:]
    assert desk.bars().index(parts[-1]) < desk.bars().index(made)  # cause before effect
    desk.settle(base_ns + 600 * SECOND)
    flat = [bar for bar in desk.bars() if bar.bar_type == composite][-1]
    assert values(flat) == (103, 103, 103, 103, 0)


def test_composite_brings_its_source_and_takes_it_along(new_desk: Any) -> None:
    desk = new_desk(start_ns=START + 1)
    composite = desk.subscribe_bars(COMPOSITE)
    source = composite.source
    assert desk.engine.bar_types() == sorted([composite, source])
    desk.subscribe_bars("1-MINUTE-LAST-INTERNAL")
    desk.unsubscribe_bars(COMPOSITE)
    assert desk.engine.bar_types() == [source]  # somebody else still wants it
    desk.unsubscribe_bars("1-MINUTE-LAST-INTERNAL")
    assert desk.engine.bar_types() == []
    assert desk.clock.next_timer_ns() is None
    assert [row[1] for row in desk.outbox()] == [Subscribe, Unsubscribe]


def test_composite_of_a_venues_bars_asks_the_venue_for_them(new_desk: Any) -> None:
    desk = new_desk(start_ns=START + 1)
    composite = desk.subscribe_bars("3-TICK-LAST-INTERNAL@1-MINUTE-EXTERNAL")
    assert [(kind, subject) for kind, subject in desk.engine.wanted(desk.clients[0].client_id)] == [
        (DataKind.BARS, composite.source)
    ]
    for minute, close in enumerate((100, 103, 99), 1):
        at_ns = START + minute * 60 * SECOND
        desk.advance(at_ns)
        desk.engine.process(Bar(composite.source, 100, 105, 98, close, 4, 2, 3, at_ns, at_ns))
    assert values(desk.bars()[-1]) == (100, 105, 98, 99, 12)
    assert desk.bars()[-1].bar_type == composite
