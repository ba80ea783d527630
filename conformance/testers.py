"""The two testers: what a case's parameters make an ordinary actor and strategy do.

They know nothing of simulation: add one to a live kernel, give it an instrument and a lot, and it
does the same there. They judge nothing; they keep what they saw for whoever does.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from engine import topics
from engine.actor import Actor, ActorConfig
from engine.cache import Instrument
from engine.model.commands import CancelOrder
from engine.model.data import OrderBookDeltas, OrderBookDepth10, QuoteTick, TradeTick
from engine.model.enums import BUY, SELL, OrderSide, OrderStatus, OrderType, TimeInForce
from engine.model.events import OrderEvent, Refused, TimeEvent
from engine.model.identifiers import ClientId, InstrumentId
from engine.model.orders import Order
from engine.model.reports import DataResponse, HistoricalDatum
from engine.model.values import Price, Quantity
from engine.strategy import Strategy, StrategyConfig

SECOND: Final = 1_000_000_000
MILLISECOND: Final = 1_000_000

Levels = tuple[tuple[int, int], ...]  # (price, size) mantissas, best first
Picture = tuple[int, Levels, Levels]  # when it was looked at, bids, asks

_LIMIT: Final = OrderType.LIMIT
_STOP_LIMIT: Final = OrderType.STOP_LIMIT
_GTD: Final = TimeInForce.GTD
_OPEN: Final = (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED)
_CANCEL_TIMER: Final = "cancel"
_REQUEST_TIMER: Final = "request"

OnResponse = Callable[[DataResponse], None]
# of an instrument: start, end, limit, client, callback
Request = Callable[[InstrumentId, int, int, int, ClientId | None, OnResponse], str]


class DataTesterConfig(ActorConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a data tester does.

    Attributes:
        unknown_symbol: a symbol that the venue does not list, asked for all the same; "": none.
        manage_book: look at the kernel's book after every change.
        book_interval_ms: of `subscribe_book_at_interval`.
        can_unsubscribe: unsubscribe when stopped.
        request_...: ask for the past, `requests_after_s` after the start, three times: for the
            last `requests_start_delta_s` seconds, for the newest `requests_limit` of them, and
            for those of an instrument that the venue does not list. (Of a snapshot: for all of
            it, for so many levels a side, and of that instrument.)
    """

    instrument_id: InstrumentId
    client_id: ClientId | None = None
    subscribe_quotes: bool = False
    subscribe_trades: bool = False
    subscribe_book_deltas: bool = False
    subscribe_book_at_interval: bool = False
    manage_book: bool = False
    subscribe_book_depth: bool = False
    subscribe_instrument: bool = False
    request_book_snapshot: bool = False
    request_book_deltas: bool = False
    request_quotes: bool = False
    request_trades: bool = False
    requests_after_s: int = 4
    requests_start_delta_s: int = 3
    requests_limit: int = 3
    book_interval_ms: int = 1000
    unknown_symbol: str = ""
    can_unsubscribe: bool = True


class Asked(msgspec.Struct, frozen=True):
    """One request: its id, what it asked for, and when; times are 0 where there is no range."""

    request_id: str
    instrument_id: InstrumentId
    start_ns: int
    end_ns: int
    limit: int
    asked_ns: int


class DataTester(Actor):
    """Subscribes, and keeps what arrives.

    Attributes:
        started_ns: when it was started; 0 before.
        quotes, trades, deltas: as heard, in order.
        latest: for each quote heard, the quote that the cache showed at that moment.
        managed: the kernel's book after each change, with `manage_book`.
        pictures: the kernel's book at each interval, ten levels of it.
        stray: what was heard of the unknown symbol.
        depths: images of ten levels, as heard.
        instruments: each definition heard, and what the cache showed at that moment.
        asked: the requests, in order.
        answers: what each callback was called with, in order.
        past: what `on_historical_data` was called with, in order.
    """

    config: DataTesterConfig

    def __init__(self, config: DataTesterConfig) -> None:
        super().__init__(config)
        self.started_ns = 0
        self.quotes: list[QuoteTick] = []
        self.latest: list[QuoteTick | None] = []
        self.trades: list[TradeTick] = []
        self.deltas: list[OrderBookDeltas] = []
        self.managed: list[Picture] = []
        self.pictures: list[OrderBookDepth10] = []
        self.stray = 0
        self.depths: list[OrderBookDepth10] = []
        self.instruments: list[tuple[Instrument, Instrument | None]] = []
        self.asked: list[Asked] = []
        self.answers: list[DataResponse] = []
        self.past: list[HistoricalDatum] = []

    @property
    def unknown_id(self) -> InstrumentId:
        symbol = self.config.unknown_symbol or "NOSUCH"
        return InstrumentId(f"{symbol}.{self.config.instrument_id.venue}")

    def on_start(self) -> None:
        config = self.config
        instrument_id, client_id = config.instrument_id, config.client_id
        self.started_ns = self.clock.now_ns
        if config.subscribe_quotes:
            self.subscribe_quote_ticks(instrument_id, client_id)
        if config.subscribe_trades:
            self.subscribe_trade_ticks(instrument_id, client_id)
        if config.subscribe_book_deltas:
            self.subscribe_order_book_deltas(instrument_id, client_id)
        if config.subscribe_book_at_interval:
            self.subscribe_order_book_at_interval(instrument_id, config.book_interval_ms, client_id)
        if config.subscribe_book_depth:
            self.subscribe_order_book_depth(instrument_id, client_id)
        if config.subscribe_instrument:
            self.subscribe_instrument(instrument_id, client_id)
        if config.unknown_symbol:
            self.subscribe_quote_ticks(self.unknown_id, client_id)
        if self._requests():
            due_ns = self.clock.now_ns + config.requests_after_s * SECOND
            self.clock.set_time_alert_ns(_REQUEST_TIMER, due_ns, self._ask)

    def on_stop(self) -> None:
        config = self.config
        if not config.can_unsubscribe:
            return
        if config.subscribe_quotes:
            self.unsubscribe_quote_ticks(config.instrument_id)
        if config.subscribe_trades:
            self.unsubscribe_trade_ticks(config.instrument_id)
        if config.subscribe_book_deltas:
            self.unsubscribe_order_book_deltas(config.instrument_id)
        if config.subscribe_book_at_interval:
            self.unsubscribe_order_book_at_interval(config.instrument_id, config.book_interval_ms)
        if config.subscribe_book_depth:
            self.unsubscribe_order_book_depth(config.instrument_id)
        if config.subscribe_instrument:
            self.unsubscribe_instrument(config.instrument_id)
        if config.unknown_symbol:
            self.unsubscribe_quote_ticks(self.unknown_id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        if tick.instrument_id != self.config.instrument_id:
            self.stray += 1
            return
        self.quotes.append(tick)
        self.latest.append(self.cache.quote_tick(tick.instrument_id))

    def on_trade_tick(self, tick: TradeTick) -> None:
        self.trades.append(tick)

    def on_order_book_deltas(self, deltas: OrderBookDeltas) -> None:
        self.deltas.append(deltas)
        if self.config.manage_book:
            self.managed.append(self._picture())

    def on_order_book_depth(self, depth: OrderBookDepth10) -> None:
        self.depths.append(depth)

    def on_instrument(self, instrument: Instrument) -> None:
        self.instruments.append((instrument, self.cache.instrument(instrument.id)))

    def on_historical_data(self, datum: HistoricalDatum) -> None:
        self.past.append(datum)

    def _requests(self) -> list[Request]:
        config = self.config
        wanted: list[tuple[bool, Request]] = [
            (config.request_quotes, self.request_quote_ticks),
            (config.request_trades, self.request_trade_ticks),
            (config.request_book_deltas, self.request_order_book_deltas),
            (config.request_book_snapshot, self._request_snapshot),
        ]
        return [request for is_wanted, request in wanted if is_wanted]

    def _ask(self, event: TimeEvent) -> None:
        config = self.config
        now_ns = self.clock.now_ns
        ranged = not config.request_book_snapshot
        start_ns = now_ns - config.requests_start_delta_s * SECOND if ranged else 0
        end_ns = now_ns if ranged else 0
        for request in self._requests():
            for instrument_id, limit in (
                (config.instrument_id, 0),
                (config.instrument_id, config.requests_limit),
                (self.unknown_id, 0),
            ):
                request_id = request(
                    instrument_id, start_ns, end_ns, limit, config.client_id, self.answers.append
                )
                asked = Asked(request_id, instrument_id, start_ns, end_ns, limit, now_ns)
                self.asked.append(asked)

    def _request_snapshot(
        self,
        instrument_id: InstrumentId,
        start_ns: int,
        end_ns: int,
        limit: int,
        client_id: ClientId | None,
        callback: OnResponse,
    ) -> str:
        return self.request_order_book_snapshot(instrument_id, limit, client_id, callback)

    def on_order_book(self, book: OrderBookDepth10) -> None:
        self.pictures.append(book)

    def _picture(self) -> Picture:
        book = self.cache.order_book(self.config.instrument_id)
        if book is None:
            return self.clock.now_ns, (), ()
        return self.clock.now_ns, tuple(book.bids()), tuple(book.asks())


class ExecTesterConfig(StrategyConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an execution tester does. Sizes are in lots, distances in ticks.

    Attributes:
        lot: decimal text; the instrument's minimum or more.
        open_position_on_start_lots: below zero sells; 0: no market order.
        tob_offset_ticks: how far behind the touch limit orders are placed.
        limit_aggressive_ticks: when above zero, how far beyond the other side's touch instead.
        order_expire_time_delta_s: of GTD orders.
        stop_offset_ticks: from the touch that triggers to the trigger price.
        stop_limit_offset_ticks: from the trigger price to the limit price, outwards.
        modify_..., cancel_replace_...: follow the market, one order at a time: buys up only and
            sells down only, stops both ways.
        cancel_after_s: cancel limit orders so long after they were placed; 0: never.
        cancel_again: when such a cancel is done, send the engine a second one.
        use_individual_cancels_on_stop: one cancel per order instead of one for all.
        use_batch_cancel_on_stop: one request for them instead.
        use_quote_quantity: the market order is for what its lots are worth at the other side's
            touch, in quote currency.
    """

    instrument_id: InstrumentId
    lot: str
    client_id: ClientId | None = None
    open_position_on_start_lots: int = 0
    open_position_time_in_force: TimeInForce = TimeInForce.GTC
    use_quote_quantity: bool = False
    enable_limit_buys: bool = False
    enable_limit_sells: bool = False
    order_lots: int = 2
    tob_offset_ticks: int = 5
    limit_aggressive_ticks: int = 0
    limit_time_in_force: TimeInForce = TimeInForce.GTC
    order_expire_time_delta_s: int = 0
    enable_stop_buys: bool = False
    enable_stop_sells: bool = False
    stop_order_type: OrderType = OrderType.STOP_MARKET
    stop_offset_ticks: int = 10
    stop_limit_offset_ticks: int = 6
    modify_orders_to_maintain_tob_offset: bool = False
    cancel_replace_orders_to_maintain_tob_offset: bool = False
    modify_stop_orders_to_maintain_offset: bool = False
    cancel_replace_stop_orders_to_maintain_offset: bool = False
    cancel_after_s: int = 0
    cancel_again: bool = False
    cancel_orders_on_stop: bool = True
    use_individual_cancels_on_stop: bool = False
    use_batch_cancel_on_stop: bool = False
    close_positions_on_stop: bool = False


class ExecTester(Strategy):
    """Trades what its configuration says, from the first quote on.

    Attributes:
        placed: client order id -> the quote that its price was reckoned from.
        refused: what helpers refused, in order.
        heard: order events, in order.
    """

    config: ExecTesterConfig

    def __init__(self, config: ExecTesterConfig) -> None:
        super().__init__(config)
        self.placed: dict[str, QuoteTick] = {}
        self.refused: list[Refused] = []
        self.heard: list[OrderEvent] = []
        self._instrument: Instrument | None = None
        self._asked_again: dict[str, None] = {}
        self._has_entered = False

    def on_start(self) -> None:
        self._instrument = self.cache.instrument(self.config.instrument_id)
        if self._instrument is None:
            self.log.error("no such instrument", instrument=self.config.instrument_id)
            return
        self.subscribe_quote_ticks(self.config.instrument_id, self.config.client_id)

    def on_stop(self) -> None:
        config = self.config
        if config.cancel_orders_on_stop:
            open_orders = self.cache.orders_open(strategy_id=self.id)
            if config.use_individual_cancels_on_stop:
                for order in open_orders:
                    self._note(self.cancel_order(order))
            elif config.use_batch_cancel_on_stop:
                self._note(self.cancel_orders(open_orders))
            else:
                self._note(self.cancel_all_orders(config.instrument_id))
        if config.close_positions_on_stop:
            self._note(self.close_all_positions(config.instrument_id))
        if self._instrument is not None:
            self.unsubscribe_quote_ticks(config.instrument_id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        if not tick.bid_size_mantissa or not tick.ask_size_mantissa:
            return  # one-sided: there is nothing to reckon from
        if not self._has_entered:
            self._has_entered = True
            self._enter(tick)
        else:
            self._follow(tick)

    def on_order_event(self, event: OrderEvent) -> None:
        self.heard.append(event)
        order = self.cache.order(event.client_order_id)
        if order is None or order.status is not OrderStatus.CANCELED:
            return
        if self.config.cancel_again and order.client_order_id not in self._asked_again:
            self._asked_again[order.client_order_id] = None
            self._cancel_again(order)
        if self._replaces(order):
            tick = self.cache.quote_tick(self.config.instrument_id)
            if tick is not None:
                self._place(order.order_type, order.side, tick)

    # --- entering --------------------------------------------------------------------------

    def _enter(self, tick: QuoteTick) -> None:
        config = self.config
        lots = config.open_position_on_start_lots
        if lots:
            side = BUY if lots > 0 else SELL
            quantity = self._quantity(abs(lots))
            if config.use_quote_quantity:
                quantity = self._worth(quantity, tick.ask_price if side is BUY else tick.bid_price)
            order = self.order_factory.market(
                config.instrument_id,
                side,
                quantity,
                config.open_position_time_in_force,
                quote_quantity=config.use_quote_quantity,
            )
            self._submit(order, tick)
        if config.enable_limit_buys:
            self._place(_LIMIT, BUY, tick)
        if config.enable_limit_sells:
            self._place(_LIMIT, SELL, tick)
        if config.enable_stop_buys:
            self._place(config.stop_order_type, BUY, tick)
        if config.enable_stop_sells:
            self._place(config.stop_order_type, SELL, tick)
        if config.cancel_after_s:
            due_ns = self.clock.now_ns + config.cancel_after_s * SECOND
            self.clock.set_time_alert_ns(_CANCEL_TIMER, due_ns, self._cancel_limits)

    def _place(self, order_type: OrderType, side: OrderSide, tick: QuoteTick) -> None:
        config = self.config
        quantity = self._quantity(config.order_lots)
        if order_type is _LIMIT:
            tif = config.limit_time_in_force
            expire_ns = 0
            if tif is _GTD:
                expire_ns = self.clock.now_ns + config.order_expire_time_delta_s * SECOND
            price = self._limit_price(side, tick)
            order = self.order_factory.limit(
                config.instrument_id, side, quantity, price, tif, expire_ns
            )
        else:
            trigger = self._trigger_price(side, tick)
            if order_type is _STOP_LIMIT:
                away = config.stop_limit_offset_ticks * self._tick
                limit = trigger.mantissa + (away if side is BUY else -away)
                price = Price.from_mantissa(limit, tick.price_precision)
                order = self.order_factory.stop_limit(
                    config.instrument_id, side, quantity, price, trigger
                )
            else:
                order = self.order_factory.stop_market(
                    config.instrument_id, side, quantity, trigger
                )
        self._submit(order, tick)

    def _submit(self, order: Order, tick: QuoteTick) -> None:
        self.placed[order.client_order_id] = tick
        self._note(self.submit_order(order, self.config.client_id))

    # --- following the market --------------------------------------------------------------

    def _follow(self, tick: QuoteTick) -> None:
        config = self.config
        limits = (
            config.modify_orders_to_maintain_tob_offset
            or config.cancel_replace_orders_to_maintain_tob_offset
        )
        stops = (
            config.modify_stop_orders_to_maintain_offset
            or config.cancel_replace_stop_orders_to_maintain_offset
        )
        if not limits and not stops:
            return
        for order in self.cache.orders_open(strategy_id=self.id):
            if order.status not in _OPEN:
                continue  # asked for already, or triggered
            if order.order_type is _LIMIT and limits:
                price = self._limit_price(order.side, tick)
                if order.price is None or not _is_behind(order.side, order.price, price):
                    continue
                if config.modify_orders_to_maintain_tob_offset:
                    self.placed[order.client_order_id] = tick
                    self._note(self.modify_order(order, price=price))
                else:
                    self._note(self.cancel_order(order))
            elif order.trigger_price is not None and stops:
                trigger = self._trigger_price(order.side, tick)
                if trigger == order.trigger_price:
                    continue
                if config.modify_stop_orders_to_maintain_offset:
                    self._note(self.modify_order(order, trigger_price=trigger))
                else:
                    self._note(self.cancel_order(order))

    def _replaces(self, order: Order) -> bool:
        config = self.config
        if order.order_type is _LIMIT:
            return config.cancel_replace_orders_to_maintain_tob_offset
        return order.trigger_price is not None and (
            config.cancel_replace_stop_orders_to_maintain_offset
        )

    # --- cancelling ------------------------------------------------------------------------

    def _cancel_limits(self, event: TimeEvent) -> None:
        for order in self.cache.orders_open(strategy_id=self.id):
            if order.order_type is _LIMIT:
                self._note(self.cancel_order(order))

    def _cancel_again(self, order: Order) -> None:
        """Ask twice: the helper refuses, so the engine is asked beside it."""
        self._note(self.cancel_order(order))
        ctx = self._ctx
        command = CancelOrder(
            ctx.new_id(),
            self.config.client_id,
            ctx.clock.now_ns,
            self.id,
            order.instrument_id,
            order.client_order_id,
            order.venue_order_id,
        )
        ctx.bus.send(topics.EXEC_EXECUTE, command)

    # --- parts -----------------------------------------------------------------------------

    @property
    def _tick(self) -> int:
        if self._instrument is None:
            raise RuntimeError("a quote came before its instrument")
        return self._instrument.tick_mantissa

    def _limit_price(self, side: OrderSide, tick: QuoteTick) -> Price:
        config = self.config
        ticks = self._tick
        if config.limit_aggressive_ticks:
            beyond = config.limit_aggressive_ticks * ticks
            mantissa = tick.ask_mantissa + beyond if side is BUY else tick.bid_mantissa - beyond
        else:
            behind = config.tob_offset_ticks * ticks
            mantissa = tick.bid_mantissa - behind if side is BUY else tick.ask_mantissa + behind
        return Price.from_mantissa(mantissa, tick.price_precision)

    def _trigger_price(self, side: OrderSide, tick: QuoteTick) -> Price:
        away = self.config.stop_offset_ticks * self._tick
        mantissa = tick.ask_mantissa + away if side is BUY else tick.bid_mantissa - away
        return Price.from_mantissa(mantissa, tick.price_precision)

    def _quantity(self, lots: int) -> Quantity:
        lot = Quantity(self.config.lot)
        return Quantity.from_raw(lot.raw * lots, lot.precision)

    def _worth(self, quantity: Quantity, price: Price) -> Quantity:
        """What a size is worth in quote currency, on that currency's grid."""
        if self._instrument is None:
            raise RuntimeError("a quote came before its instrument")
        worth = self._instrument.notional_value(quantity, price, use_quote_for_inverse=True)
        return Quantity.from_raw(worth.raw, worth.currency.precision)

    def _note(self, refused: Refused | None) -> None:
        if refused is not None:
            self.refused.append(refused)


def _is_behind(side: OrderSide, price: Price, target: Price) -> bool:
    """Whether an order has fallen back: a buy below its target, a sell above it."""
    return target > price if side is BUY else target < price
