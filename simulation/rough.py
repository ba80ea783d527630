"""Strategies that are handled roughly: traders who call what a careful one would not, and a
supervisor who stops, resumes, resets, degrades and faults them while they trade.

The traders do all that `RandomTrader` does, and after each step perhaps one thing more. What they
do is refused or legal, and never breaks the kernel. Their hooks may raise while the supervisor
acts on them; it catches that itself, as whoever restarts strategies does.
"""

from collections.abc import Callable, Sequence
from typing import Final

from engine import topics
from engine.lifecycle import IllegalComponentTransition
from engine.model.commands import (
    CancelOrder,
    ModifyOrder,
    QueryAccount,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    SubmitOrder,
)
from engine.model.enums import BUY, SELL, ComponentState
from engine.model.events import TimeEvent
from engine.model.identifiers import ClientId, ClientOrderId, InstrumentId, StrategyId
from engine.model.instruments import AnyInstrument
from engine.model.values import Quantity
from engine.strategy import Strategy, StrategyConfig
from simulation.entropy import Stream
from simulation.workload import MS, RandomTrader, make_traders
from simulation.workload_config import TraderConfig, Workload

_NOBODY: Final = ClientId("NOBODY")
_C: Final = ComponentState


class Slipped(Exception):
    """What a roughly handled trader's hook raises."""


class RoughTrader(RandomTrader):
    """One trader of the rough sea.

    Attributes:
        slips: its next hook of a stop, a degradation or a resumption raises.
    """

    def __init__(self, config: TraderConfig, streams: Callable[[str], Stream]) -> None:
        super().__init__(config, streams)
        self.slips = False
        self._lives = 0
        self._roughness = 0
        self._rough: dict[str, Callable[[Stream, AnyInstrument], None]] = {
            "cancel_many": self._cancel_many,
            "cancel_twice": self._cancel_twice,
            "modify_twice": self._modify_twice,
            "modify_and_cancel": self._modify_and_cancel,
            "submit_and_cancel_all": self._submit_and_cancel_all,
            "submit_and_cancel_many": self._submit_and_cancel_many,
            "submit_by_name": self._submit_by_name,
            "submit_to_nobody": self._submit_to_nobody,
            "submit_and_modify": self._submit_and_modify,
            "in_quote": self._in_quote,
            "cancel_nothing": self._cancel_nothing,
            "past_the_helpers": self._past_the_helpers,
            "past_the_helpers_too": self._past_the_helpers,
            "cancel_many_too": self._cancel_many,
            "ask_the_venue": self._ask_the_venue,
            "query_many": self._query_many,
        }

    # --- lifecycle -------------------------------------------------------------------------

    def on_stop(self) -> None:
        self._slip()
        stream = self._stream(f"stop.{self._lives}")
        for instrument_id in self._instrument_ids:
            if stream.chance(1, 2, "tidy"):
                self.cancel_all_orders(instrument_id)
            if stream.chance(1, 4, "flat"):
                self.close_all_positions(instrument_id)

    def on_resume(self) -> None:
        self._slip()
        self._begin_again()

    def on_degrade(self) -> None:
        self._slip()

    def on_start(self) -> None:
        super().on_start()
        self._lives += 1

    def _begin_again(self) -> None:
        self._lives += 1
        self.clock.cancel_timers()
        self._arm(self._stream(f"life.{self._lives}"))

    def _slip(self) -> None:
        if self.slips:
            self.slips = False
            raise Slipped

    # --- steps -----------------------------------------------------------------------------

    def _on_step(self, event: TimeEvent) -> None:
        super()._on_step(event)
        stream = self._stream(f"rough.{self._roughness}")
        self._roughness += 1
        if not stream.chance(1, 2, "rough"):
            return
        instrument_id = self._instrument_ids[stream.below(len(self._instrument_ids), "instrument")]
        instrument = self.cache.instrument(instrument_id)
        if instrument is not None:
            names = tuple(self._rough)
            self._rough[names[stream.below(len(names), "what")]](stream, instrument)

    def _cancel_many(self, stream: Stream, _: AnyInstrument) -> None:
        """The last few orders, whatever became of them, and one of them twice."""
        recent = [self.cache.order(name) for name in self._mine[-1 - stream.below(6, "many") :]]
        orders = [order for order in recent if order is not None]
        self.cancel_orders([*orders, *orders[:1]])

    def _cancel_twice(self, stream: Stream, _: AnyInstrument) -> None:
        order = self._pick(stream)
        if order is not None:
            self.cancel_order(order)
            self.cancel_order(order)

    def _modify_twice(self, stream: Stream, instrument: AnyInstrument) -> None:
        order = self._pick(stream)
        if order is not None:
            self.modify_order(order, quantity=self._size(stream, instrument))
            self.modify_order(order, quantity=self._size(stream, instrument))

    def _modify_and_cancel(self, stream: Stream, instrument: AnyInstrument) -> None:
        order = self._pick(stream)
        if order is not None:
            self.modify_order(order, quantity=self._size(stream, instrument))
            self.cancel_order(order)
            self.modify_order(order, quantity=self._size(stream, instrument))

    def _submit_and_cancel_all(self, stream: Stream, instrument: AnyInstrument) -> None:
        order = self._limit(stream, instrument, marketable=False)
        if order is not None:
            self._send(order)
            self.cancel_all_orders(instrument.id)

    def _submit_and_cancel_many(self, stream: Stream, instrument: AnyInstrument) -> None:
        order = self._limit(stream, instrument, marketable=False)
        if order is not None:
            self._send(order)
            working = self.cache.orders_open(strategy_id=self.id)
            self.cancel_orders([*working[:3], order])

    def _submit_by_name(self, stream: Stream, instrument: AnyInstrument) -> None:
        order = self._limit(stream, instrument, marketable=stream.chance(1, 2, "cross"))
        if order is not None:
            self._mine.append(order.client_order_id)
            self.submit_order(order, ClientId(instrument.id.venue))

    def _submit_to_nobody(self, stream: Stream, instrument: AnyInstrument) -> None:
        order = self._limit(stream, instrument, marketable=False)
        if order is not None:
            self._mine.append(order.client_order_id)
            self.submit_order(order, _NOBODY)
            self.query_order(order)

    def _submit_and_modify(self, stream: Stream, instrument: AnyInstrument) -> None:
        order = self._limit(stream, instrument, marketable=False)
        if order is not None:
            self._send(order)
            self.modify_order(order, quantity=self._size(stream, instrument))

    def _in_quote(self, stream: Stream, instrument: AnyInstrument) -> None:
        """A market order for an amount of money."""
        price = self.cache.quote_tick(instrument.id)
        if price is None:
            return
        side = SELL if stream.below(2, "side") else BUY
        size = self._size(stream, instrument)
        self._send(self.order_factory.market(instrument.id, side, size, quote_quantity=True))

    def _cancel_nothing(self, stream: Stream, instrument: AnyInstrument) -> None:
        nothing = InstrumentId(f"NOTHING.{instrument.id.venue}")
        self.cancel_all_orders(nothing)
        self.cancel_all_orders(instrument.id, (BUY, SELL)[stream.below(2, "side")], _NOBODY)

    def _past_the_helpers(self, stream: Stream, instrument: AnyInstrument) -> None:
        """Commands as they come from a desk that writes to the bus itself: of orders that nobody
        made, and of orders in any state."""
        ctx = self._ctx
        order = self._pick(stream)
        head = (ctx.new_id(), None, ctx.clock.now_ns, self.id, instrument.id)
        name = ClientOrderId("O-NOBODYS")
        size = self._size(stream, instrument)
        match stream.below(8, "command"):
            case 0:
                ctx.bus.send(topics.EXEC_EXECUTE, CancelOrder(*head, name, None))
            case 1:
                modify = ModifyOrder(*head, name, None, size, None, None)
                ctx.bus.send(topics.RISK_EXECUTE, modify)
            case 2:
                made = self.order_factory.market(instrument.id, BUY, size)
                ctx.bus.send(topics.RISK_EXECUTE, SubmitOrder(*head, made.init))
            case 3 if order is not None:
                ctx.bus.send(topics.RISK_EXECUTE, SubmitOrder(*head, order.init))
            case 4 if order is not None:
                head = (*head[:4], order.instrument_id)
                cancel = CancelOrder(*head, order.client_order_id, None)
                ctx.bus.send(topics.EXEC_EXECUTE, cancel)
                ctx.bus.send(topics.EXEC_EXECUTE, cancel)
            case 6:
                query = QueryOrder(*head[:3], name, instrument.id)
                ctx.bus.send(topics.EXEC_EXECUTE, query)
            case 7:
                huge = Quantity.from_int(10**12)
                made = self.order_factory.market(instrument.id, BUY, huge)
                ctx.bus.send(topics.RISK_EXECUTE, SubmitOrder(*head, made.init))
            case 5 if order is not None:
                head = (*head[:4], order.instrument_id)
                modify = ModifyOrder(*head, order.client_order_id, None, size, None, None)
                ctx.bus.send(topics.RISK_EXECUTE, modify)
                ctx.bus.send(topics.RISK_EXECUTE, modify)

    def _ask_the_venue(self, stream: Stream, instrument: AnyInstrument) -> None:
        """What a person asks who does not trust the screen."""
        ctx = self._ctx
        client_id = _NOBODY if stream.chance(1, 4, "nobody") else ClientId(instrument.id.venue)
        head = (ctx.new_id(), client_id, ctx.clock.now_ns)
        match stream.below(3, "question"):
            case 0:
                ctx.bus.send(topics.EXEC_EXECUTE, QueryOpenOrders(*head))
            case 1:
                ctx.bus.send(topics.EXEC_EXECUTE, QueryFills(*head, 0))
            case _:
                ctx.bus.send(topics.EXEC_EXECUTE, QueryAccount(*head))

    def _query_many(self, stream: Stream, _: AnyInstrument) -> None:
        for name in self._mine[-1 - stream.below(5, "many") :]:
            order = self.cache.order(name)
            if order is not None:
                self.query_order(order)


class SupervisorConfig(StrategyConfig, frozen=True, kw_only=True):
    until_ns: int
    step_ms: int


class Supervisor(Strategy):
    """Acts on the lives of others, in and out of season; at `until_ns` it leaves all that can
    trade trading."""

    def __init__(
        self,
        config: SupervisorConfig,
        charges: Sequence[RoughTrader],
        streams: Callable[[str], Stream],
    ) -> None:
        super().__init__(config)
        self._until_ns = config.until_ns
        self._step_ms = config.step_ms
        self._charges = charges
        self._streams = streams
        self._step = 0
        self.refused = 0

    def on_start(self) -> None:
        self._arm(self._streams("supervisor.start"))

    def _arm(self, stream: Stream) -> None:
        delay_ns = (self._step_ms // 4 + stream.below(self._step_ms * 3 // 2, "gap")) * MS
        at_ns = min(self.clock.timestamp_ns() + delay_ns, self._until_ns)
        self.clock.set_time_alert_ns("step", at_ns, self._on_step)

    def _on_step(self, _: TimeEvent) -> None:
        if self.clock.timestamp_ns() >= self._until_ns:
            for charge in self._charges:
                if charge.state in (_C.STOPPED, _C.DEGRADED):
                    charge.resume()
            return
        stream = self._streams(f"supervisor.{self._step}")
        self._step += 1
        self._arm(stream)
        charge = self._charges[stream.below(len(self._charges), "who")]
        charge.slips = stream.chance(1, 12, "slips")
        self._act_on(charge, stream)
        charge.slips = False  # only while somebody is there to catch it

    def _act_on(self, charge: RoughTrader, stream: Stream) -> None:
        if stream.chance(1, 8, "whatever"):
            actions = (
                charge.start,
                charge.stop,
                charge.resume,
                charge.reset,
                charge.degrade,
                charge.dispose if stream.chance(1, 6, "dispose") else charge.stop,
                charge.fault if stream.chance(1, 6, "fault") else charge.resume,
            )
            self._try(actions[stream.below(len(actions), "action")])
            return
        match charge.state:
            case _C.RUNNING:
                self._try(charge.degrade if stream.chance(1, 3, "degrade") else charge.stop)
            case _C.STOPPED if stream.chance(1, 3, "anew"):
                self._try(charge.reset)
                self._try(charge.start)
            case _C.DEGRADED if stream.chance(1, 2, "stop"):
                self._try(charge.stop)
            case _C.STOPPED | _C.DEGRADED:
                self._try(charge.resume)
            case _C.READY:
                self._try(charge.start)
            case _C.FAULTED:
                self._try(charge.dispose)

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
        except (IllegalComponentTransition, Slipped):
            self.refused += 1


def make_crew(
    workload: Workload,
    instrument_ids: tuple[InstrumentId, ...],
    until_ns: int,
    streams: Callable[[str], Stream],
    left_out: tuple[int, ...] = (),
) -> list[Strategy]:
    """As `make_traders`, of rough traders, with the supervisor of them all behind them."""
    traders = make_traders(workload, instrument_ids, until_ns, streams, left_out, RoughTrader)
    charges = [trader for trader in traders if isinstance(trader, RoughTrader)]
    config = SupervisorConfig(
        strategy_id=StrategyId("Supervisor-CREW"), until_ns=until_ns, step_ms=2 * workload.step_ms
    )
    return [*traders, Supervisor(config, charges, streams)]
