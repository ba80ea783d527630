"""Bars against intervals recomputed from the ticks, by other means than the aggregator's."""

from hypothesis import given
from hypothesis import strategies as st

from engine.data.bar_builder import BarCalendar, IntervalType, TimeBarAggregator
from engine.model.bars import Bar, BarType
from engine.model.data import TradeTick
from engine.model.enums import AggressorSide
from engine.model.identifiers import InstrumentId, TradeId

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
START = 1_700_000_040 * SECOND  # a whole minute
INTERVAL = 5 * SECOND
BTCUSDT = InstrumentId("BTC/USDT.SIM")
FIVE_SECONDS = BarType.from_str("BTC/USDT.SIM-5-SECOND-LAST-INTERNAL")

# (quarter seconds since the start, price, size): every twentieth lies on an edge
TICKS = st.lists(st.tuples(st.integers(0, 100), st.integers(90, 110), st.integers(1, 9)))


def bars_of(
    ticks: list[tuple[int, int, int]], interval_type: IntervalType, flat_bars: bool
) -> list[Bar]:
    """What a driver gets that fires timers after the inputs of the same instant."""
    aggregator = TimeBarAggregator(
        FIVE_SECONDS, START + 1, interval_type, True, flat_bars, skip_first_non_full_bar=False
    )
    bars: list[Bar | None] = []
    for number, (quarter, price, size) in enumerate(ticks):
        at_ns = START + quarter * SECOND // 4
        while aggregator.close_ns < at_ns:
            bars.append(aggregator.close())
        aggregator.handle_trade(
            TradeTick(
                BTCUSDT, price, size, 2, 3, AggressorSide.BUYER, TradeId(str(number)), at_ns, at_ns
            )
        )
    while aggregator.close_ns <= START + 30 * SECOND:
        bars.append(aggregator.close())
    return [bar for bar in bars if bar is not None]


@given(TICKS, st.sampled_from(list(IntervalType)))
def test_bars_equal_those_recomputed_from_the_ticks(
    ticks: list[tuple[int, int, int]], interval_type: IntervalType
) -> None:
    ticks = sorted((tick for tick in ticks if tick[0]), key=lambda tick: tick[0])
    rows_of: dict[int, list[tuple[int, int]]] = {}
    for quarter, price, size in ticks:
        since = quarter * SECOND // 4
        left_open = interval_type is IntervalType.LEFT_OPEN
        close_ns = -(-since // INTERVAL) if left_open else since // INTERVAL + 1
        rows_of.setdefault(START + close_ns * INTERVAL, []).append((price, size))
    wanted = [
        (
            close_ns,
            rows[0][0],
            max(price for price, _ in rows),
            min(price for price, _ in rows),
            rows[-1][0],
            sum(size for _, size in rows),
        )
        for close_ns, rows in sorted(rows_of.items())
    ]
    assert [
        (
            bar.ts_init,
            bar.open_mantissa,
            bar.high_mantissa,
            bar.low_mantissa,
            bar.close_mantissa,
            bar.volume_mantissa,
        )
        for bar in bars_of(ticks, interval_type, flat_bars=False)
    ] == wanted


@given(TICKS, st.sampled_from(list(IntervalType)))
def test_flat_bars_fill_every_gap_and_add_no_volume(
    ticks: list[tuple[int, int, int]], interval_type: IntervalType
) -> None:
    ticks = sorted((tick for tick in ticks if tick[0]), key=lambda tick: tick[0])
    bars = bars_of(ticks, interval_type, flat_bars=True)
    closes = [bar.ts_init for bar in bars]
    assert closes == list(range(closes[0], START + 30 * SECOND + 1, INTERVAL)) if closes else True
    assert sum(bar.volume_mantissa for bar in bars) == sum(size for _, _, size in ticks)


@given(
    st.sampled_from(["1-SECOND", "12-HOUR", "1-DAY", "1-WEEK", "1-MONTH", "6-MONTH", "1-YEAR"]),
    st.integers(0, DAY - 1),
    st.integers(DAY * 400, 4_000_000_000 * SECOND),
)
def test_every_instant_lies_between_its_floor_and_the_next_boundary(
    spec: str, offset_ns: int, at_ns: int
) -> None:
    bar_spec = BarType.from_str(f"A/B.X-{spec}-LAST-INTERNAL").spec
    calendar = BarCalendar(bar_spec, offset_ns % bar_spec.length_ns)
    floor_ns = calendar.floor(at_ns)
    after_ns = calendar.after(floor_ns)
    assert floor_ns <= at_ns < after_ns
    assert calendar.floor(floor_ns) == floor_ns
    assert calendar.floor(after_ns) == after_ns
