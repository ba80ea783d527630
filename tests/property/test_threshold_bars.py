"""Bars by ticks, volume and value against sums over the ticks: nothing counts twice or not at all."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from engine.data.threshold_bars import (
    THRESHOLD_AGGREGATORS,
    ThresholdAggregator,
    VolumeBarAggregator,
)
from engine.model.bars import Bar, BarType
from engine.model.data import TradeTick
from engine.model.enums import AggressorSide
from engine.model.identifiers import InstrumentId, TradeId

BTCUSDT = InstrumentId("BTC/USDT.SIM")

# (price, size in thousandths, whether the venue writes the size with five decimals)
TICKS = st.lists(st.tuples(st.integers(1, 500), st.integers(1, 6_000), st.booleans()), max_size=40)


def bars_of(spec: str, ticks: list[tuple[int, int, bool]]) -> tuple[list[Bar], ThresholdAggregator]:
    bar_type = BarType.from_str(f"{BTCUSDT}-{spec}-LAST-INTERNAL")
    bars: list[Bar] = []
    aggregator = THRESHOLD_AGGREGATORS[bar_type.spec.aggregation](bar_type, bars.append)
    for number, (price, size, is_fine) in enumerate(ticks, 1):
        mantissa, precision = (size * 100, 5) if is_fine else (size, 3)
        aggregator.handle_trade(
            TradeTick(
                BTCUSDT, price, mantissa, 2, precision, AggressorSide.BUYER,
                TradeId(str(number)), number, number,
            )
        )  # fmt: skip
    return bars, aggregator


def volume(bar: Bar) -> int:
    return int(bar.volume_mantissa * 10 ** (5 - bar.size_precision))


@given(TICKS, st.integers(1, 7))
def test_tick_bars_hold_step_ticks_each_in_order(
    ticks: list[tuple[int, int, bool]], step: int
) -> None:
    bars, _ = bars_of(f"{step}-TICK", ticks)
    assert len(bars) == len(ticks) // step
    for number, bar in enumerate(bars):
        held = ticks[number * step : (number + 1) * step]
        prices = [price for price, _, _ in held]
        assert (bar.open_mantissa, bar.close_mantissa) == (prices[0], prices[-1])
        assert (bar.high_mantissa, bar.low_mantissa) == (max(prices), min(prices))
        assert volume(bar) == sum(size * 100 for _, size, _ in held)
        assert bar.ts_event == bar.ts_init == (number + 1) * step


@given(TICKS, st.integers(1, 4))
def test_volume_bars_hold_exactly_their_step_and_the_rest_is_pending(
    ticks: list[tuple[int, int, bool]], step: int
) -> None:
    bars, aggregator = bars_of(f"{step}-VOLUME", ticks)
    total = sum(size * 100 for _, size, _ in ticks)
    assert isinstance(aggregator, VolumeBarAggregator)
    pending, precision = aggregator.pending_volume
    assert [volume(bar) for bar in bars] == [step * 10**5] * len(bars)
    assert sum(map(volume, bars)) + pending * 10 ** (5 - precision) == total
    assert len(bars) == total // (step * 10**5)
    # a bar closes with the tick that fills it
    filled = list(accumulate(size * 100 for _, size, _ in ticks))
    for number, bar in enumerate(bars, 1):
        at = next(i for i, upto in enumerate(filled) if upto >= number * step * 10**5)
        assert bar.ts_init == at + 1
        assert bar.close_mantissa == ticks[at][0]


@given(TICKS, st.integers(1, 9))
def test_value_bars_close_with_the_smallest_size_that_brings_their_value(
    ticks: list[tuple[int, int, bool]], step: int
) -> None:
    bars, aggregator = bars_of(f"{step}-VALUE", ticks)
    pending, precision = aggregator.pending_volume
    total = sum(size * 100 for _, size, _ in ticks)
    assert sum(map(volume, bars)) + pending * 10 ** (5 - precision) == total
    # the same, one smallest unit of size at a time
    closed: list[tuple[int, int]] = []
    value = held = 0
    for number, (price, size, is_fine) in enumerate(ticks, 1):
        unit, count = (1, size * 100) if is_fine else (100, size)
        while count:
            missing = -(-(step * 10**7 - value) // (price * unit))
            if missing > count:
                value += count * unit * price
                held += count * unit
                break
            closed.append((held + missing * unit, number))
            count -= missing
            value = held = 0
    assert [(volume(bar), bar.ts_init) for bar in bars] == closed
