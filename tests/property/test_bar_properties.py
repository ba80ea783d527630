"""BAR-1 and BAR-2 against a DataEngine of every configuration: no false alarm, on any ticks."""

from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bus import MessageBus
from engine.cache import Cache
from engine.clock import KernelClock
from engine.context import Context
from engine.data.bar_builder import IntervalType
from engine.data.config import DataEngineConfig
from engine.data.engine import DataEngine
from engine.log import Log
from engine.model.bars import Bar, BarType
from engine.model.commands import Command, SubscribeBars
from engine.model.data import TradeTick
from engine.model.enums import AggressorSide
from engine.model.identifiers import ClientId, ComponentId, InstrumentId, TradeId, TraderId, Venue
from engine.view import KernelView
from invariants.bars import BarIsTheFoldOfItsInputs, BarsLieOnTheirGrid
from invariants.evidence import Evidence
from invariants.property import Violation

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
BTCUSDT = InstrumentId("BTC/USDT.SIM")
START = 1_698_796_800 * SECOND - 3 * DAY  # three days before November 2023
STATED = (BarIsTheFoldOfItsInputs, BarsLieOnTheirGrid)
SPECS = {
    "5-SECOND-LAST-INTERNAL": SECOND // 2,
    "10-SECOND-LAST-INTERNAL@5-SECOND-INTERNAL": SECOND // 2,
    "1-MONTH-LAST-INTERNAL": 6 * 3_600 * SECOND,
    "1-WEEK-LAST-INTERNAL@1-DAY-INTERNAL": 6 * 3_600 * SECOND,
    "3-TICK-LAST-INTERNAL": SECOND,
    "2-VOLUME-LAST-INTERNAL": SECOND,
}
CONFIGS = st.builds(
    DataEngineConfig,
    time_bars_interval_type=st.sampled_from(list(IntervalType)),
    time_bars_timestamp_on_close=st.booleans(),
    time_bars_skip_first_non_full_bar=st.booleans(),
    time_bars_build_with_no_updates=st.booleans(),
    time_bars_origin_offset_ns=st.sampled_from([{}, {"SECOND": SECOND}, {"MONTH": 2 * DAY}]),
)
# (half units since the start, price, size in thousandths, decimals of the price)
TICKS = st.lists(
    st.tuples(
        st.integers(1, 300), st.integers(90, 110), st.integers(1, 3_000), st.sampled_from((2, 2, 3))
    ),
    max_size=40,
)


class _Client:
    client_id = ClientId("SIM")
    venue = Venue("SIM")

    def send(self, command: Command) -> None:
        raise AssertionError("only the kernel releases an outbox")


@settings(max_examples=300, deadline=None)
@given(CONFIGS, st.sampled_from(sorted(SPECS)), TICKS, st.integers(0, 20))
def test_bars_that_the_engine_builds_break_neither_property(
    config: DataEngineConfig, spec: str, ticks: list[tuple[int, int, int, int]], late_start: int
) -> None:
    unit_ns = SPECS[spec]
    clock, bus, cache = KernelClock(START), MessageBus(), Cache()
    ctx = Context(TraderId("TRADER-001"), 1, clock, bus, cache, Log(clock))
    engine = DataEngine(ctx, [_Client()], config)
    ctx.begin_turn()
    view = KernelView(ctx, engine, [ClientId("SIM")])
    evidence = cast("Evidence", type("_Evidence", (), {"view": view})())
    checks = [kind() for kind in STATED]
    found: list[Violation] = []
    count = 0

    def hear(bar: Bar) -> None:
        nonlocal count
        count += 1
        for check in checks:
            found.extend(check.delivered("data.bars.*", bar, evidence) or ())

    def advance(to_ns: int) -> None:
        while clock.due_ns < to_ns:
            clock.advance(clock.due_ns)
            event, callback = clock.pop_due()
            callback(event)
        clock.advance(to_ns)

    bus.subscribe("data.bars.*", hear)
    bar_type = BarType.from_str(f"{BTCUSDT}-{spec}")
    ticks.sort(key=lambda tick: tick[0])
    subscribed = False
    for number, (half, price, size, decimals) in enumerate(ticks):
        at_ns = START + half * unit_ns
        if half > late_start and not subscribed:
            advance(START + late_start * unit_ns + 1)
            engine.execute(SubscribeBars("1", None, clock.now_ns, bar_type, ComponentId("One")))
            subscribed = True
        advance(at_ns)
        engine.process(
            TradeTick(
                BTCUSDT,
                price,
                size,
                decimals,
                3,
                AggressorSide.BUYER,
                TradeId(str(number)),
                at_ns,
                at_ns,
            )
        )
    advance(START + 330 * unit_ns)
    found.extend(checks[1].end(evidence) or ())
    assert not found
    if subscribed and spec.startswith("5-SECOND") and config.time_bars_build_with_no_updates:
        assert count  # the last tick is 15 seconds before the end at the latest
