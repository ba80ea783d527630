"""What the venue's words mean to the kernel, and the other way round. Pure: no I/O, no state
but the instruments that are known.

Two refusals. `UnknownSymbol`: the venue speaks of an instrument it never defined to us; that one
element is skipped. `Unreadable`: a text outside the protocol's vocabulary, or a number that no
value can hold; nothing else in that message can be trusted either.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from engine.model.commands import CancelOrder, ModifyOrder, SubmitOrder
from engine.model.data import (
    DEPTH10_LEVELS,
    NO_LEVEL,
    DepthLevel,
    OrderBookDepth10,
    QuoteTick,
    TradeTick,
)
from engine.model.enums import (
    AccountType,
    AggressorSide,
    AnswerStatus,
    LiquiditySide,
    OrderSide,
    OrderStatus,
    OrderType,
    TimeInForce,
)
from engine.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    Venue,
    VenueOrderId,
)
from engine.model.instruments import AnyInstrument
from engine.model.reports import (
    AcceptedReport,
    AccountReport,
    CanceledReport,
    CancelRejectedReport,
    ExecutionReport,
    ExpiredReport,
    FillReport,
    ModifyRejectedReport,
    OrderStatusReport,
    RejectedReport,
    SettlementReport,
    TriggeredReport,
    UpdatedReport,
)
from engine.model.values import Price, Quantity
from simulation.client_instruments import instrument_of
from simulation.client_values import Unreadable as Unreadable
from simulation.client_values import Values, value_of
from simulation.venue import protocol as wire

Instrument = AnyInstrument
T = TypeVar("T")

SIDES: Final[dict[str, OrderSide]] = {side.name: side for side in OrderSide}
TYPES: Final[dict[str, OrderType]] = {kind.name: kind for kind in OrderType}
TIMES_IN_FORCE: Final[dict[str, TimeInForce]] = {tif.name: tif for tif in TimeInForce}
LIQUIDITY: Final[dict[str, LiquiditySide]] = {
    "MAKER": LiquiditySide.MAKER,
    "TAKER": LiquiditySide.TAKER,
}
AGGRESSORS: Final[dict[str, AggressorSide]] = {
    "BUY": AggressorSide.BUYER,
    "SELL": AggressorSide.SELLER,
}
STATUSES: Final[dict[str, OrderStatus]] = {
    status.name: status
    for status in (
        OrderStatus.ACCEPTED,
        OrderStatus.TRIGGERED,
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.REJECTED,
    )
}
ACCOUNT_TYPES: Final[dict[str, AccountType]] = {kind.name: kind for kind in AccountType}
POST_ONLY_CODE: Final = "POST_ONLY_WOULD_TAKE"


class UnknownSymbol(Exception):
    """The venue speaks of an instrument that it never defined."""

    def __init__(self, symbol: str) -> None:
        super().__init__(f"unknown symbol {symbol!r}")
        self.symbol = symbol


class Mapper:
    """Translates for one account at one venue.

    Attributes:
        instruments: by the venue's symbol.
        unknown_symbols: how many elements were skipped for an instrument never defined.
    """

    __slots__ = (
        "_account_id",
        "_account_type",
        "_client_id",
        "_client_order_ids",
        "_key",
        "_values",
        "_venue",
        "_venue_order_ids",
        "instruments",
        "unknown_symbols",
    )

    def __init__(
        self,
        client_id: ClientId,
        venue: Venue,
        account_id: AccountId,
        account_type: AccountType,
        key: str,
    ) -> None:
        self._client_id = client_id
        self._venue = venue
        self._account_id = account_id
        self._account_type = account_type
        self._key = key
        # every report of an order names it twice: each name is checked when it first comes, and
        # the names that we gave need no check
        self._client_order_ids: dict[str, ClientOrderId] = {}
        self._venue_order_ids: dict[str, VenueOrderId] = {}
        self._values = Values()
        self.instruments: dict[str, Instrument] = {}
        self.unknown_symbols = 0

    # --- to the venue ----------------------------------------------------------------------

    def submit_request(self, command: SubmitOrder, deadline_ns: int) -> wire.SubmitRequest:
        terms = self.order_terms(command)
        in_quote = command.order.quote_quantity
        if command.position_id is None:
            kind = wire.QuoteSubmitRequest if in_quote else wire.SubmitRequest
            return kind(self._key, command.command_id, deadline_ns, *terms)
        return wire.PositionSubmit(
            self._key, command.command_id, deadline_ns, *terms, command.position_id, in_quote
        )

    def order_terms(
        self, command: SubmitOrder
    ) -> tuple[str, str, str, str, str, int, int | None, int | None, int, bool, bool]:
        """What is ordered, in the venue's words: the fields of a SubmitRequest, or of a
        QuoteSubmitRequest, from `client_order_id` on."""
        order = command.order
        name = order.client_order_id
        symbol = order.instrument_id.symbol
        instrument = self.instrument(symbol)
        self._client_order_ids[name] = name
        return (
            name,
            symbol,
            order.side._name_,  # `name` without the descriptor, which costs ten times as much
            order.order_type._name_,
            order.time_in_force._name_,
            _money_mantissa(order.quantity, instrument)
            if order.quote_quantity
            else _size_mantissa(order.quantity, instrument),
            _price_mantissa(order.price, instrument),
            _price_mantissa(order.trigger_price, instrument),
            order.expire_time_ns,
            order.post_only,
            order.reduce_only,
        )

    def modify_request(self, command: ModifyOrder, deadline_ns: int) -> wire.ModifyRequest:
        symbol = command.instrument_id.symbol
        instrument = self.instrument(symbol)
        quantity = command.quantity
        return wire.ModifyRequest(
            self._key,
            command.command_id,
            deadline_ns,
            symbol,
            command.client_order_id,
            None if quantity is None else _size_mantissa(quantity, instrument),
            _price_mantissa(command.price, instrument),
            _price_mantissa(command.trigger_price, instrument),
        )

    def cancel_request(self, command: CancelOrder, deadline_ns: int) -> wire.CancelRequest:
        return wire.CancelRequest(
            self._key,
            command.command_id,
            deadline_ns,
            command.instrument_id.symbol,
            command.client_order_id,
        )

    def batch_cancel_request(
        self, request_id: str, cancels: Sequence[CancelOrder], deadline_ns: int
    ) -> wire.BatchCancelRequest:
        return wire.BatchCancelRequest(
            self._key,
            request_id,
            deadline_ns,
            cancels[0].instrument_id.symbol,
            tuple((cancel.command_id, cancel.client_order_id) for cancel in cancels),
        )

    # --- market data -----------------------------------------------------------------------

    def quote(self, frame: wire.QuoteFrame, now_ns: int) -> QuoteTick:
        instrument = self.instrument(frame.symbol)
        return QuoteTick(
            instrument.id,
            frame.bid,
            frame.ask,
            frame.bid_size,
            frame.ask_size,
            instrument.price_precision,
            instrument.size_precision,
            frame.ts,
            now_ns,
        )

    def trade(self, frame: wire.TradeFrame, now_ns: int) -> TradeTick:
        instrument = self.instrument(frame.symbol)
        return TradeTick(
            instrument.id,
            frame.price,
            frame.quantity,
            instrument.price_precision,
            instrument.size_precision,
            _word(AGGRESSORS, frame.aggressor),
            self._values.trade_id(frame.trade_id),
            frame.ts,
            now_ns,
        )

    def depth(self, frame: wire.DepthFrame, now_ns: int) -> OrderBookDepth10:
        instrument = self.instrument(frame.symbol)
        try:
            return OrderBookDepth10(
                instrument.id,
                _levels(frame.bids),
                _levels(frame.asks),
                0,
                frame.update,
                instrument.price_precision,
                instrument.size_precision,
                frame.ts,
                now_ns,
            )
        except ValueError as error:
            raise Unreadable(str(error)) from error

    def add_instrument(self, record: wire.AnyInstrumentRecord, now_ns: int) -> Instrument:
        """Learn one instrument.

        Raises:
            Unreadable: not an instrument as we know them.
        """
        try:
            instrument = instrument_of(record, self._venue, now_ns)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise Unreadable(f"instrument {record.symbol!r}: {error}") from error
        self.instruments[record.symbol] = instrument
        return instrument

    def settlement(self, symbol: str, price: int, ts: int, now_ns: int) -> SettlementReport:
        """The venue settled an expired instrument. Raises UnknownSymbol."""
        instrument = self.instrument(symbol)
        return SettlementReport(
            self._account_id, instrument.id, self._price(price, instrument), ts, now_ns
        )

    # --- orders ----------------------------------------------------------------------------

    def fill(self, trade: wire.TradeRecord, now_ns: int) -> FillReport:
        instrument = self.instrument(trade.symbol)
        return FillReport(
            self._account_id,
            instrument.id,
            self._client_order_id(trade.client_order_id),
            self._venue_order_id(trade.venue_order_id) or value_of(VenueOrderId, ""),
            trade.ts,
            now_ns,
            self._values.trade_id(trade.trade_id),
            _word(SIDES, trade.side),
            self._size(trade.quantity, instrument),
            self._price(trade.price, instrument),
            self._values.fee(trade),
            _word(LIQUIDITY, trade.liquidity),
            value_of(PositionId, trade.position_id)
            if isinstance(trade, wire.PositionTrade)
            else None,
        )

    def order_status(self, order: wire.OrderRecord, now_ns: int) -> OrderStatusReport:
        instrument = self.instrument(order.symbol)
        return OrderStatusReport(
            self._account_id,
            instrument.id,
            self._client_order_id(order.client_order_id),
            self._venue_order_id(order.venue_order_id),
            order.ts_last,
            now_ns,
            _word(SIDES, order.side),
            _word(TYPES, order.type),
            _word(TIMES_IN_FORCE, order.time_in_force),
            _word(STATUSES, order.status),
            self._size(order.quantity, instrument),
            self._size(order.filled, instrument),
            self._optional_price(order.price, instrument),
            self._optional_price(order.trigger_price, instrument),
            order.reason,
        )

    def order_event(self, frame: wire.OrderFrame, now_ns: int) -> ExecutionReport:
        """What an order frame states.

        Raises:
            Unreadable: an event that the protocol does not know.
            UnknownSymbol: skip the frame.
        """
        return self.order_told(
            frame.event, frame.order, frame.request_id, frame.due_post_only, frame.ts, now_ns
        )

    def order_told(
        self,
        event: str,
        order: wire.OrderRecord,
        request_id: str | None,
        due_post_only: bool,
        ts: int,
        now_ns: int,
    ) -> ExecutionReport:
        """`order_event` for what came without a frame."""
        make = _ORDER_EVENTS.get(event)
        if make is None:
            raise Unreadable(f"order event {event!r}")
        return make(self, order, request_id, due_post_only, ts, now_ns)

    def accepted(self, order: wire.OrderRecord, ts: int, now_ns: int) -> AcceptedReport:
        return AcceptedReport(*self._head(order, ts, now_ns))

    def rejected(
        self, order: wire.OrderRecord, due_post_only: bool, ts: int, now_ns: int
    ) -> RejectedReport:
        return RejectedReport(*self._head(order, ts, now_ns), order.reason, due_post_only)

    def canceled(self, order: wire.OrderRecord, ts: int, now_ns: int) -> CanceledReport:
        instrument = self.instrument(order.symbol)
        filled, quantity = (
            self._size(order.filled, instrument),
            self._size(order.quantity, instrument),
        )
        return CanceledReport(*self._head(order, ts, now_ns), filled, quantity)

    def expired(self, order: wire.OrderRecord, ts: int, now_ns: int) -> ExpiredReport:
        instrument = self.instrument(order.symbol)
        filled, quantity = (
            self._size(order.filled, instrument),
            self._size(order.quantity, instrument),
        )
        return ExpiredReport(*self._head(order, ts, now_ns), filled, quantity)

    def triggered(self, order: wire.OrderRecord, ts: int, now_ns: int) -> TriggeredReport:
        return TriggeredReport(*self._head(order, ts, now_ns))

    def updated(
        self, order: wire.OrderRecord, request_id: str | None, ts: int, now_ns: int
    ) -> UpdatedReport:
        instrument = self.instrument(order.symbol)
        return UpdatedReport(
            *self._head(order, ts, now_ns),
            self._size(order.quantity, instrument),
            self._optional_price(order.price, instrument),
            self._optional_price(order.trigger_price, instrument),
            request_id,
        )

    def refused(
        self,
        command: SubmitOrder | ModifyOrder | CancelOrder,
        reason: str,
        due_post_only: bool,
        now_ns: int,
    ) -> RejectedReport | ModifyRejectedReport | CancelRejectedReport:
        """The command did not act and never will."""
        account_id, instrument_id = self._account_id, command.instrument_id
        if isinstance(command, SubmitOrder):
            return RejectedReport(
                account_id,
                instrument_id,
                command.order.client_order_id,
                None,
                now_ns,
                now_ns,
                reason,
                due_post_only,
            )
        make = ModifyRejectedReport if isinstance(command, ModifyOrder) else CancelRejectedReport
        return make(
            account_id,
            instrument_id,
            command.client_order_id,
            command.venue_order_id,
            now_ns,
            now_ns,
            command.command_id,
            reason,
        )

    # --- accounts --------------------------------------------------------------------------

    def account(
        self,
        balances: tuple[wire.BalanceRecord, ...],
        correlation_id: str | None,
        ts: int,
        now_ns: int,
    ) -> AccountReport:
        return AccountReport(
            self._client_id,
            correlation_id,
            AnswerStatus.OK,
            self._account_id,
            self._account_type,
            tuple([self._values.balance(record) for record in balances]),
            (),  # this venue reports no margins
            ts,
            now_ns,
        )

    def no_account(self, correlation_id: str, status: AnswerStatus, now_ns: int) -> AccountReport:
        """The question for balances was not answered."""
        return AccountReport(
            self._client_id,
            correlation_id,
            status,
            self._account_id,
            self._account_type,
            (),
            (),
            now_ns,
            now_ns,
        )

    def check_account(self, answer: wire.AccountAnswer) -> None:
        """Raises Unreadable when the answer is about another account than ours."""
        account_type = _word(ACCOUNT_TYPES, answer.type)
        if answer.account != self._account_id or account_type is not self._account_type:
            raise Unreadable(f"account {answer.account!r} of type {answer.type} is not ours")

    def _head(
        self, order: wire.OrderRecord, ts: int, now_ns: int
    ) -> tuple[AccountId, InstrumentId, ClientOrderId | None, VenueOrderId | None, int, int]:
        """The fields that every execution report begins with."""
        return (
            self._account_id,
            self.instrument(order.symbol).id,
            self._client_order_id(order.client_order_id),
            self._venue_order_id(order.venue_order_id),
            ts,
            now_ns,
        )

    def _client_order_id(self, text: str) -> ClientOrderId | None:
        name = self._client_order_ids.get(text)
        if name is None and text:
            name = self._client_order_ids[text] = value_of(ClientOrderId, text)
        return name

    def _venue_order_id(self, text: str) -> VenueOrderId | None:
        name = self._venue_order_ids.get(text)
        if name is None and text:
            name = self._venue_order_ids[text] = value_of(VenueOrderId, text)
        return name

    def _size(self, mantissa: int, instrument: Instrument) -> Quantity:
        return self._values.size(mantissa, instrument.size_precision)

    def _price(self, mantissa: int, instrument: Instrument) -> Price:
        return self._values.price(mantissa, instrument.price_precision)

    def _optional_price(self, mantissa: int | None, instrument: Instrument) -> Price | None:
        return None if mantissa is None else self._price(mantissa, instrument)

    def instrument(self, symbol: str) -> Instrument:
        """The instrument of that symbol; raises UnknownSymbol."""
        instrument = self.instruments.get(symbol)
        if instrument is None:
            raise UnknownSymbol(symbol)
        return instrument


_MakeReport = Callable[[Mapper, wire.OrderRecord, str | None, bool, int, int], ExecutionReport]
_ORDER_EVENTS: Final[Mapping[str, _MakeReport]] = {
    "ACCEPTED": lambda m, order, _request, _post_only, ts, now: m.accepted(order, ts, now),
    "REJECTED": lambda m, order, _request, post_only, ts, now: m.rejected(
        order, post_only, ts, now
    ),
    "TRIGGERED": lambda m, order, _request, _post_only, ts, now: m.triggered(order, ts, now),
    "UPDATED": lambda m, order, request, _post_only, ts, now: m.updated(order, request, ts, now),
    "CANCELED": lambda m, order, _request, _post_only, ts, now: m.canceled(order, ts, now),
    "EXPIRED": lambda m, order, _request, _post_only, ts, now: m.expired(order, ts, now),
}


def _word(vocabulary: dict[str, T], text: str) -> T:
    word = vocabulary.get(text)
    if word is None:
        raise Unreadable(f"unknown word {text!r}")
    return word


def _size_mantissa(quantity: Quantity, instrument: Instrument) -> int:
    if quantity.precision == instrument.size_precision:
        return quantity.mantissa
    return Quantity.from_raw(quantity.raw, instrument.size_precision).mantissa


def _levels(levels: tuple[tuple[int, int], ...]) -> tuple[DepthLevel, ...]:
    """A side of a depth image, padded."""
    shown = tuple(DepthLevel(price, size) for price, size in levels)
    return shown + (NO_LEVEL,) * (DEPTH10_LEVELS - len(shown))


def _money_mantissa(quantity: Quantity, instrument: Instrument) -> int:
    return Quantity.from_raw(quantity.raw, instrument.quote_currency.precision).mantissa


def _price_mantissa(price: Price | None, instrument: Instrument) -> int | None:
    if price is None:
        return None
    if price.precision == instrument.price_precision:
        return price.mantissa
    return Price.from_raw(price.raw, instrument.price_precision).mantissa
