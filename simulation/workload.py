"""A random trader: the whole strategy surface, legal and illegal, drawn from the seed.

It draws from a grammar, not from a list of known-good calls: any type with any time in force,
prices on and off the touch, sizes that cross several levels, and calls that a careful strategy
would never make. Step n draws from a stream named by n alone, so removing step 7 (when a failure
is shrunk) moves no other step.
"""

from collections.abc import Callable
from typing import Final

from engine.model.bars import BarType
from engine.model.enums import (
    BUY,
    SELL,
    OmsType,
    OrderSide,
    PositionSide,
    TimeInForce,
)
from engine.model.events import OrderFilled, TimeEvent
from engine.model.identifiers import ClientOrderId, InstrumentId, PositionId, StrategyId
from engine.model.instruments import AnyInstrument
from engine.model.native import mypyc_attr
from engine.model.orders import Order
from engine.model.values import Price, Quantity
from engine.strategy import Strategy
from simulation.entropy import Stream
from simulation.workload_config import TraderConfig as TraderConfig
from simulation.workload_config import Workload as Workload

MS: Final = 1_000_000

# (weight, name); the first is the dullest. The weights sum to 100.
_ACTIONS: Final = (
    (4, "rest"),
    (22, "passive_limit"),
    (13, "marketable_limit"),
    (12, "market"),
    (6, "stop_market"),
    (6, "stop_limit"),
    (9, "modify"),
    (10, "cancel"),
    (2, "cancel_all"),
    (3, "close"),
    (5, "submit_and_cancel"),
    (5, "illegal"),
    (2, "resubscribe"),
    (1, "query"),
)
_LIMIT_TIFS: Final = (
    TimeInForce.GTC,
    TimeInForce.GTC,
    TimeInForce.GTC,
    TimeInForce.IOC,
    TimeInForce.FOK,
    TimeInForce.GTD,
    TimeInForce.DAY,
)


@mypyc_attr(allow_interpreted_subclasses=True)
class RandomTrader(Strategy):
    """One random trader. Stops making orders at `until_ns`; what rests may rest."""

    def __init__(self, config: TraderConfig, streams: Callable[[str], Stream]) -> None:
        super().__init__(config)
        self._load = config.workload
        self._until_ns = config.until_ns
        self._hedges = config.oms_type is OmsType.HEDGING
        self._instrument_ids = config.instrument_ids
        self._streams = streams
        self._step = 0
        self._fills = 0
        self._mine: list[ClientOrderId] = []  # every order made, oldest first
        self._subscribed = True
        self._actions: dict[str, Callable[[Stream, AnyInstrument], None]] = {
            "passive_limit": self._passive_limit,
            "marketable_limit": self._marketable_limit,
            "market": self._market,
            "stop_market": self._stop_market,
            "stop_limit": self._stop_limit,
            "modify": self._modify,
            "cancel": self._cancel,
            "cancel_all": self._cancel_all,
            "close": self._close,
            "submit_and_cancel": self._submit_and_cancel,
            "illegal": self._illegal,
            "resubscribe": self._resubscribe,
            "query": self._query,
        }

    # --- lifecycle -------------------------------------------------------------------------

    def on_start(self) -> None:
        for instrument_id in self._instrument_ids:
            self.subscribe_quote_ticks(instrument_id)
            self.subscribe_trade_ticks(instrument_id)
            self.subscribe_order_book_deltas(instrument_id)
            self.subscribe_bars(BarType.from_str(f"{instrument_id}-5-SECOND-LAST-INTERNAL"))
        self._arm(self._stream("start"))

    def _arm(self, stream: Stream) -> None:
        delay_ns = (self._load.step_ms // 4 + stream.below(self._load.step_ms * 3 // 2, "gap")) * MS
        at_ns = self.clock.timestamp_ns() + delay_ns
        if at_ns < self._until_ns:
            self.clock.set_time_alert_ns("step", at_ns, self._on_step)

    def _on_step(self, _: TimeEvent) -> None:
        stream = self._stream(f"step.{self._step}")
        self._step += 1
        self._arm(stream)
        instrument_id = self._instrument_ids[stream.below(len(self._instrument_ids), "instrument")]
        instrument = self.cache.instrument(instrument_id)
        name = _weighted(stream)
        if instrument is not None and name != "rest":
            self._actions[name](stream, instrument)

    def on_order_filled(self, event: OrderFilled) -> None:
        """Now and then protects or flattens from inside the handler, where re-entrancy bites."""
        self._fills += 1
        if self.clock.timestamp_ns() >= self._until_ns:
            return
        stream = self._stream(f"fill.{self._fills}")
        instrument = self.cache.instrument(event.instrument_id)
        if instrument is None or not stream.chance(1, 5, "react"):
            return
        side = SELL if event.side is BUY else BUY
        if stream.chance(1, 2, "flatten"):
            self._send(
                self.order_factory.market(
                    event.instrument_id,
                    side,
                    event.last_qty,
                    reduce_only=stream.chance(1, 3, "reduce"),
                )
            )
        else:
            away = 1 + stream.below(self._load.reach_ticks, "away")
            offset = -away if side is SELL else away
            trigger = _shift(instrument, event.last_px.mantissa, offset)
            if trigger is not None:
                self._send(
                    self.order_factory.stop_market(
                        event.instrument_id, side, event.last_qty, trigger
                    )
                )

    # --- the grammar -----------------------------------------------------------------------

    def _passive_limit(self, stream: Stream, instrument: AnyInstrument) -> None:
        order = self._limit(stream, instrument, marketable=False)
        if order is not None:
            self._send(order)

    def _marketable_limit(self, stream: Stream, instrument: AnyInstrument) -> None:
        order = self._limit(stream, instrument, marketable=True)
        if order is not None:
            self._send(order)

    def _market(self, stream: Stream, instrument: AnyInstrument) -> None:
        tif = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)[stream.below(3, "tif")]
        self._send(
            self.order_factory.market(
                instrument.id,
                _side(stream),
                self._size(stream, instrument),
                time_in_force=tif,
                reduce_only=stream.chance(1, 8, "reduce"),
            )
        )

    def _stop_market(self, stream: Stream, instrument: AnyInstrument) -> None:
        side = _side(stream)
        trigger = self._stop_price(stream, instrument, side)
        if trigger is not None:
            self._send(
                self.order_factory.stop_market(
                    instrument.id, side, self._size(stream, instrument), trigger
                )
            )

    def _stop_limit(self, stream: Stream, instrument: AnyInstrument) -> None:
        side = _side(stream)
        trigger = self._stop_price(stream, instrument, side)
        if trigger is None:
            return
        slip = stream.below(self._load.reach_ticks, "slip") - 2
        price = _shift(instrument, trigger.mantissa, slip if side is BUY else -slip)
        if price is not None:
            self._send(
                self.order_factory.stop_limit(
                    instrument.id,
                    side,
                    self._size(stream, instrument),
                    price,
                    trigger,
                    post_only=stream.chance(1, 8, "post"),
                )
            )

    def _modify(self, stream: Stream, instrument: AnyInstrument) -> None:
        order = self._pick(stream)
        if order is None:
            return
        quantity = price = None
        what = stream.below(3, "what")
        if what != 1:
            quantity = self._size(stream, instrument)
        if what != 0 and order.price is not None:
            nudge = stream.below(2 * self._load.reach_ticks, "nudge") - self._load.reach_ticks
            price = _shift(instrument, order.price.mantissa, nudge)
        if quantity is not None or price is not None:
            self.modify_order(order, quantity=quantity, price=price)

    def _cancel(self, stream: Stream, _: AnyInstrument) -> None:
        order = self._pick(stream)
        if order is not None:
            self.cancel_order(order)

    def _cancel_all(self, stream: Stream, instrument: AnyInstrument) -> None:
        self.cancel_all_orders(instrument.id, (None, BUY, SELL)[stream.below(3, "side")])

    def _close(self, _: Stream, instrument: AnyInstrument) -> None:
        self.close_all_positions(instrument.id)

    def _submit_and_cancel(self, stream: Stream, instrument: AnyInstrument) -> None:
        order = self._limit(stream, instrument, marketable=stream.chance(1, 3, "cross"))
        if order is not None:
            self._send(order)
            self.cancel_order(order)

    def _resubscribe(self, _: Stream, instrument: AnyInstrument) -> None:
        if self._subscribed:
            self.unsubscribe_trade_ticks(instrument.id)
        else:
            self.subscribe_trade_ticks(instrument.id)
        self._subscribed = not self._subscribed

    def _query(self, stream: Stream, _: AnyInstrument) -> None:
        order = self._pick(stream)
        if order is not None:
            self.query_order(order)

    def _illegal(self, stream: Stream, instrument: AnyInstrument) -> None:
        """A call that must be refused without a trace in state."""
        size = self._size(stream, instrument)
        factory = self.order_factory
        match stream.below(9, "which"):
            case 0:  # the id of an order that exists, on another order
                order = self._pick(stream)
                if order is not None:
                    self.submit_order(Order(order.init))
            case 1:  # finer than the venue's grid
                fine = Price(f"1.{'0' * instrument.price_precision}1")
                self._send(factory.limit(instrument.id, BUY, size, fine))
            case 2:
                fine_size = Quantity(f"0.{'0' * instrument.size_precision}1")
                self._send(factory.market(instrument.id, SELL, fine_size))
            case 3:  # already past
                self._send(
                    factory.limit(
                        instrument.id,
                        BUY,
                        size,
                        Price.from_mantissa(instrument.tick_mantissa, instrument.price_precision),
                        time_in_force=TimeInForce.GTD,
                        expire_time_ns=self.clock.timestamp_ns(),
                    )
                )
            case 4:  # more than anybody has
                huge = Quantity.from_int(10**12)
                self._send(factory.market(instrument.id, BUY, huge))
            case 5:  # an order that is over
                closed = self.cache.orders_closed(strategy_id=self.id)
                if closed:
                    order = closed[stream.below(len(closed), "closed")]
                    self.cancel_order(order)
                    self.modify_order(order, quantity=size)
            case 6:  # more at once than its own desk allows
                order = self._limit(stream, instrument, marketable=False, times=self._load.too_much)
                if order is not None:
                    self._send(order)
            case 7:  # the same by way of a small order that is there already
                order = self._pick(stream)
                if order is not None:
                    self.modify_order(
                        order, quantity=self._size(stream, instrument, self._load.too_much)
                    )
            case _:  # an instrument nobody lists
                unknown = InstrumentId(f"NOTHING.{instrument.id.venue}")
                self._send(factory.market(unknown, BUY, size))

    # --- pieces ----------------------------------------------------------------------------

    def _stream(self, name: str) -> Stream:
        return self._streams(f"workload.{self.id}.{name}")

    def _send(self, order: Order) -> None:
        self._mine.append(order.client_order_id)
        if self._hedges:
            self.submit_order(order, position_id=self._position_for(order))
        else:
            self.submit_order(order)

    def _position_for(self, order: Order) -> PositionId | None:
        """Half the time a position that the order could be for, the right one or not; now and
        then one that is closed. A reduce-only order mostly names one that it can reduce."""
        stream = self._stream(f"position.{len(self._mine)}")
        held = self.cache.positions_open(instrument_id=order.instrument_id, strategy_id=self.id)
        if order.reduce_only and stream.below(4, "opposed"):
            opposed = PositionSide.SHORT if order.side is BUY else PositionSide.LONG
            held = [position for position in held if position.side is opposed]
        elif stream.chance(1, 2, "own"):
            return None
        elif stream.chance(1, 12, "closed"):
            held = self.cache.positions_closed(strategy_id=self.id)
        if not held:
            return None
        return held[stream.below(len(held), "which position")].id

    def _pick(self, stream: Stream) -> Order | None:
        """Mostly an order that works; now and then any of the last eight, whatever became of it."""
        if stream.below(4, "working"):
            working = self.cache.orders_open(strategy_id=self.id)
            if working:
                return working[stream.below(len(working), "which working")]
        recent = self._mine[-8:]
        if not recent:
            return None
        return self.cache.order(recent[-1 - stream.below(len(recent), "which order")])

    def _size(self, stream: Stream, instrument: AnyInstrument, times: int = 1) -> Quantity:
        lots = times * (1 + stream.below(self._load.lots, "lots"))
        return Quantity.from_mantissa(
            lots * self._load.lot_steps * instrument.step_mantissa, instrument.size_precision
        )

    def _limit(
        self,
        stream: Stream,
        instrument: AnyInstrument,
        *,
        marketable: bool,
        times: int = 1,
    ) -> Order | None:
        side = _side(stream)
        quote = self.cache.quote_tick(instrument.id)
        if quote is None:
            return None
        away = stream.below(self._load.reach_ticks, "away")
        if marketable:
            start = quote.ask_mantissa if side is BUY else quote.bid_mantissa
            price = _shift(instrument, start, away if side is BUY else -away)
        else:
            start = quote.bid_mantissa if side is BUY else quote.ask_mantissa
            price = _shift(instrument, start, -away if side is BUY else away)
        if price is None:
            return None
        tif = _LIMIT_TIFS[stream.below(len(_LIMIT_TIFS), "tif")]
        expire_time_ns = 0
        if tif is TimeInForce.GTD:
            expire_time_ns = self.clock.timestamp_ns() + (1 + stream.below(8_000, "life")) * MS
        resting = tif in (TimeInForce.GTC, TimeInForce.GTD, TimeInForce.DAY)
        return self.order_factory.limit(
            instrument.id,
            side,
            self._size(stream, instrument, times),
            price,
            time_in_force=tif,
            expire_time_ns=expire_time_ns,
            post_only=resting and stream.chance(1, 6, "post"),
            reduce_only=stream.chance(1, 12, "reduce"),
        )

    def _stop_price(
        self, stream: Stream, instrument: AnyInstrument, side: OrderSide
    ) -> Price | None:
        quote = self.cache.quote_tick(instrument.id)
        if quote is None:
            return None
        away = stream.below(self._load.reach_ticks, "away")  # 0: refused as in the market
        if side is BUY:
            return _shift(instrument, quote.ask_mantissa, away)
        return _shift(instrument, quote.bid_mantissa, -away)


def _weighted(stream: Stream) -> str:
    draw = stream.below(100, "action")
    for weight, name in _ACTIONS:
        if draw < weight:
            return name
        draw -= weight
    raise ValueError("the action weights do not sum to 100")


def first_draws() -> list[int]:
    """The smallest draw of each action but resting, in their order."""
    draws: list[int] = []
    draw = 0
    for weight, name in _ACTIONS:
        if name != "rest":
            draws.append(draw)
        draw += weight
    return draws


def _side(stream: Stream) -> OrderSide:
    return SELL if stream.below(2, "side") else BUY


def _shift(instrument: AnyInstrument, mantissa: int, ticks: int) -> Price | None:
    """The price `ticks` ticks away on the grid, or None where there is no such price."""
    moved = mantissa + ticks * instrument.tick_mantissa
    if mantissa <= 0 or moved <= 0:
        return None
    return Price.from_mantissa(moved, instrument.price_precision)


def make_traders(
    workload: Workload,
    instrument_ids: tuple[InstrumentId, ...],
    until_ns: int,
    streams: Callable[[str], Stream],
    left_out: tuple[int, ...] = (),
    kind: type[RandomTrader] = RandomTrader,
) -> list[Strategy]:
    """The workload's strategies, ready to add to a kernel; without those of the numbers
    `left_out`, and the others are called what they were."""
    return [
        kind(
            TraderConfig(
                strategy_id=StrategyId(f"RandomTrader-{number:03d}"),
                instrument_ids=instrument_ids,
                until_ns=until_ns,
                workload=workload,
                oms_type=workload.oms_types[(number - 1) % len(workload.oms_types)],
            ),
            streams,
        )
        for number in range(1, workload.traders + 1)
        if number not in left_out
    ]
