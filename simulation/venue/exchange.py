"""A real exchange in small: one book per instrument, our account, everybody else's orders.

Other participants and we stand in the same queues. A command or a participant's step is one
venue event: it acts whole, then stops that it touched are triggered, and only then the changed
levels, the quote and the balances are told. What a command does to orders and trades is told
as it happens, in the order it happens.

Choices where exchanges differ:

- Stops trigger on the other side's best price (BUY: ask >= trigger), inclusive. A stop whose
  trigger is already touched on arrival is refused.
- A market order that exhausts the book loses its remainder; a limit order rests with it.
- Our orders never trade with each other: the aggressor loses its remainder, or is refused when
  nothing had traded (cancel newest).
- A reduce-only order is never larger than the position it reduces: it is shrunk (UPDATED) on
  arrival and whenever the position shrinks, and cancelled when there is nothing left to reduce.
- A smaller size keeps its place in the queue; a new price or a larger size goes to the back.
- A hedging account keeps positions apart: an order without a position opens one with its first
  fill; one that names a position trades for that, through flat if it is large enough.
- What expires is settled by the ledger: see `expiry`.
- DAY ends at the next 00:00 UTC. What happens at the very instant of expiry still counts.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from invariants.truth import Queues, TrueOrder, TrueRequest, TrueSubscription, Truth
from simulation.venue.book import Book
from simulation.venue.checks import Fault
from simulation.venue.enums import Code, MarketStatus, OrderType, Side, Status, TimeInForce
from simulation.venue.expiry import Expiry
from simulation.venue.fees import FeeRates
from simulation.venue.floor import (
    Floor,
    Now,
    OrderListener,
    QueueListener,
    Schedule,
    VenueListener,
)
from simulation.venue.judgement import change_fault, conversion_fault, submission_fault
from simulation.venue.ledger import AccountSpec, Ledger
from simulation.venue.listing import Instrument, Listing
from simulation.venue.matching import size_of
from simulation.venue.orders import VenueOrder, VenueRefusal
from simulation.venue.protocol import (
    REFUSED,
    UNKNOWN_ORDER,
    AccountAnswer,
    OrderRecord,
    TradeRecord,
)
from simulation.venue.statement import statement, true_order, true_queues

DAY_NS: Final = 86_400_000_000_000

MARKET: Final = OrderType.MARKET
ACCEPTED: Final = Status.ACCEPTED
GTD: Final = TimeInForce.GTD
DAY: Final = TimeInForce.DAY

_SIDES: Final[Mapping[str, Side]] = {member.value: member for member in Side}
_TYPES: Final[Mapping[str, OrderType]] = {member.value: member for member in OrderType}
_TIFS: Final[Mapping[str, TimeInForce]] = {member.value: member for member in TimeInForce}


class Exchange:
    """The venue behind its front door. Synchronous; every method acts whole before it returns.

    Args:
        name: venue name, e.g. "SIM"; the account is `{name}-001`.
        instruments: what is listed; the part of the id before the venue is the symbol.
        account: how our account is opened.
        now: the venue's clock, nanoseconds.
        schedule: calls an action at an instant (expiry of orders).
        fees: rates for all instruments instead of their own.
        market_order_acks: tell ACCEPTED for market orders too, before their fills.
        settlement_prices: at which price what expires is settled, decimal text by symbol; see
            `expiry` for those not stated.
        tells_market: False where nobody will listen to market data and balances: then they are
            not worked out, books are not numbered, and only `listen_to_orders` is possible.
        fees_in_base: fees of spot trades for cash are taken in the coin that is traded.

    Attributes:
        orders: every order ever, by client order id, in order of arrival; rejected ones too.
        floor: books and matching, where other participants act.
        requests: what reached the venue, kept by the front door.
        expiry: what has been settled.

    Prices and sizes are mantissas at the instrument's precisions throughout.
    """

    def __init__(
        self,
        name: str,
        instruments: Sequence[Instrument],
        account: AccountSpec,
        now: Now,
        schedule: Schedule,
        fees: FeeRates | None = None,
        market_order_acks: bool = False,
        tells_market: bool = True,
        settlement_prices: Mapping[str, str] | None = None,
        fees_in_base: bool = False,
    ) -> None:
        listings = [Listing(instrument) for instrument in instruments]
        self.name = name
        self.account_id = f"{name}-001"
        self.now = now
        self.schedule = schedule
        self.books: dict[str, Book] = {
            listing.symbol: Book(listing, tells_market) for listing in listings
        }
        if len(self.books) != len(listings):
            raise ValueError("two instruments share a symbol")
        self.rates = {
            listing.symbol: fees
            or FeeRates(listing.instrument.maker_fee_raw, listing.instrument.taker_fee_raw)
            for listing in listings
        }
        self.ledger = Ledger(account, listings, self.rates, fees_in_base)
        self.floor = Floor(name, self.ledger, now, schedule, tells_market)
        self.expiry = Expiry(self.floor, self.books, settlement_prices or {})
        self.orders: dict[str, VenueOrder] = {}
        self.requests: list[TrueRequest] = []
        self._has_own_fees = fees is not None
        self._amended: Callable[[str], None] | None = None
        self._acks = market_order_acks
        self._subscriptions: Callable[[], tuple[TrueSubscription, ...]] = tuple

    # --- wiring ----------------------------------------------------------------------------

    def listen(self, listener: VenueListener) -> None:
        self.floor.listen(listener)

    def listen_to_orders(self, listener: OrderListener) -> None:
        self.floor.listen_to_orders(listener)

    def listen_to_queues(self, listener: QueueListener) -> None:
        """Tell of the orders of other participants, those that rest already first."""
        self.floor.listen_to_queues(listener, self.books.values())

    def count_subscriptions_with(self, count: Callable[[], tuple[TrueSubscription, ...]]) -> None:
        """The front door knows who is subscribed; `truth` asks it."""
        self._subscriptions = count

    def tell_amendments_to(self, listener: Callable[[str], None]) -> None:
        """The front door tells its subscribers, by symbol."""
        self._amended = listener

    # --- our orders ------------------------------------------------------------------------

    def submit(
        self,
        client_order_id: str,
        symbol: str,
        side: str,
        order_type: str,
        time_in_force: str,
        quantity: int,
        price: int | None = None,
        trigger_price: int | None = None,
        expire_time_ns: int = 0,
        post_only: bool = False,
        reduce_only: bool = False,
        request_id: str | None = None,
        in_quote: bool = False,
        position_id: str | None = None,
    ) -> VenueOrder:
        """Enter one order.

        Args:
            in_quote: `quantity` is money of the quote currency. It is converted first: at the
                order's price, else at what a market order meets; UPDATED says to how much.
        Returns:
            The order, when all it caused at once has happened. It goes on living: `record()`
            pictures it as it stands.
        Raises:
            VenueRefusal: 400. With code MALFORMED, UNKNOWN_SYMBOL, INVALID_* or
                DUPLICATE_CLIENT_ORDER_ID no order was made and nobody was told; with any other
                code the order is kept and told as REJECTED.
        """
        book = self.books.get(symbol)
        if book is None:
            raise VenueRefusal(REFUSED, Code.UNKNOWN_SYMBOL, f"no instrument {symbol!r}")
        if not client_order_id:
            raise VenueRefusal(REFUSED, Code.MALFORMED, "client order id is empty")
        if client_order_id in self.orders:
            reason = f"client order id {client_order_id} was used before"
            raise VenueRefusal(REFUSED, Code.DUPLICATE_CLIENT_ORDER_ID, reason)
        own_side = _SIDES.get(side)
        own_type = _TYPES.get(order_type)
        tif = _TIFS.get(time_in_force)
        if own_side is None:
            raise VenueRefusal(REFUSED, Code.INVALID_SIDE, f"side {side!r}")
        if own_type is None:
            raise VenueRefusal(REFUSED, Code.INVALID_TYPE, f"order type {order_type!r}")
        if tif is None:
            raise VenueRefusal(
                REFUSED, Code.INVALID_TIME_IN_FORCE, f"time in force {time_in_force!r}"
            )
        now = self.now()
        floor = self.floor
        number = floor.next_number()
        order = VenueOrder(
            book,
            number,
            client_order_id,
            f"{self.name}-{number}",
            own_side,
            own_type,
            tif,
            quantity,
            price,
            trigger_price,
            expire_time_ns,
            post_only,
            reduce_only,
            now,
        )
        self.orders[client_order_id] = order
        fault = self._convert(order, quantity) if in_quote else None
        if position_id is not None:
            position = self.ledger.hedged.get(position_id)
            if position is None or position.listing is not book.listing:
                fault = Code.UNKNOWN_POSITION, f"no position {position_id} in {symbol}"
            order.position = position
        if fault is None:
            fault = submission_fault(order, self.ledger, now)
        if fault is not None:
            raise self._reject(order, fault, request_id)
        order.status = ACCEPTED
        order.ts_accepted = now
        floor.open[number] = order
        if in_quote:
            floor.tell("UPDATED", order, request_id)
        if own_type is not MARKET:
            self.ledger.relock(order)
        if own_type is not MARKET or self._acks:
            self.floor.tell("ACCEPTED", order, request_id)
        if reduce_only:
            book.reduce_only[order.number] = order
            self.floor.shrink_to_position(order)
        if trigger_price is not None:
            book.add_stop(order, trigger_price)
        else:
            self.floor.work(order)
        if order.is_open and (tif is GTD or tif is DAY):
            at = expire_time_ns if tif is GTD else (now // DAY_NS + 1) * DAY_NS
            self.schedule(at, partial(floor.expiry_reached, order))
        self.floor.settle(book)
        return order

    def modify(
        self,
        symbol: str,
        client_order_id: str,
        quantity: int | None,
        price: int | None,
        trigger_price: int | None,
        request_id: str | None = None,
    ) -> VenueOrder:
        """Change an open order; None leaves a value as it is. `quantity` is the new total.

        Raises:
            VenueRefusal: 404 UNKNOWN_ORDER, 400 otherwise; the order is untouched.
        """
        order = self._open_order(symbol, client_order_id)
        book = order.book
        new_quantity = order.quantity if quantity is None else quantity
        new_price = order.price if price is None else price
        new_trigger = order.trigger_price if trigger_price is None else trigger_price
        fault = change_fault(order, self.ledger, quantity, price, trigger_price)
        if fault is not None:
            raise VenueRefusal(REFUSED, fault[0], fault[1])
        grows = new_quantity > order.quantity
        if order.is_dormant_stop and order.trigger_price is not None and new_trigger is not None:
            book.remove_stop(order, order.trigger_price)
            book.add_stop(order, new_trigger)
        resting = order.resting
        requeued = resting is not None and (new_price != order.price or grows)
        if resting is not None:
            book.reduce(resting, resting.leaves if requeued else order.quantity - new_quantity)
        order.quantity = new_quantity
        order.price = new_price
        order.trigger_price = new_trigger
        order.ts_last = self.now()
        if requeued or order.leaves == 0:
            order.resting = None
        self.ledger.relock(order)
        self.floor.tell("UPDATED", order, request_id)
        if order.leaves == 0:
            self.floor.close(order, Status.CANCELED, None)
        elif requeued:
            self.floor.work(order)
        self.floor.settle(book)
        return order

    def cancel(
        self, symbol: str, client_order_id: str, request_id: str | None = None
    ) -> VenueOrder:
        """Cancel an open order.

        Raises:
            VenueRefusal: 404 UNKNOWN_ORDER; 400 ORDER_CLOSED.
        """
        order = self._open_order(symbol, client_order_id)
        self.floor.close(order, Status.CANCELED, None, request_id)
        self.floor.settle(order.book)
        return order

    def cancel_all(self, symbol: str, side: str | None, request_id: str | None = None) -> int:
        """Cancel our open orders of one instrument, oldest first; returns how many.

        Raises:
            VenueRefusal: 400 UNKNOWN_SYMBOL or INVALID_SIDE.
        """
        book = self.books.get(symbol)
        if book is None:
            raise VenueRefusal(REFUSED, Code.UNKNOWN_SYMBOL, f"no instrument {symbol!r}")
        if side is not None and side not in _SIDES:
            raise VenueRefusal(REFUSED, Code.INVALID_SIDE, f"side {side!r}")
        doomed = [
            order
            for order in self.floor.open.values()
            if order.book is book and (side is None or order.side == side)
        ]
        for order in doomed:
            self.floor.close(order, Status.CANCELED, None, request_id)
        self.floor.settle(book)
        return len(doomed)

    # --- questions -------------------------------------------------------------------------

    def order_record(self, client_order_id: str) -> OrderRecord | None:
        order = self.orders.get(client_order_id)
        return None if order is None else order.record()

    def trades_of(self, client_order_id: str) -> tuple[TradeRecord, ...]:
        return tuple(
            trade for trade in self.floor.trades if trade.client_order_id == client_order_id
        )

    def open_orders(self) -> tuple[OrderRecord, ...]:
        """Our open orders, oldest first."""
        return tuple(order.record() for order in self.floor.open.values())

    def trades_since(
        self, since_ns: int, after_trade_no: int, limit: int
    ) -> tuple[tuple[TradeRecord, ...], bool]:
        """(at most `limit` executions at or after `since_ns`, ascending; whether more follow)."""
        later = self.floor.trades[max(0, after_trade_no) :]
        found = [trade for trade in later if trade.ts >= since_ns]
        return tuple(found[:limit]), len(found) > limit

    def account(self, request_id: str = "") -> AccountAnswer:
        return AccountAnswer(
            request_id,
            self.account_id,
            self.ledger.spec.type,
            self.ledger.balance_records(),
            self.ledger.position_records(),
        )

    # --- for the oracles -------------------------------------------------------------------

    def truth(self) -> Truth:
        """Everything the venue knows of our account and its market, now."""
        return statement(self, self._subscriptions())

    def true_order(self, client_order_id: str) -> TrueOrder | None:
        """One order as `truth` would state it; None when the venue never had it."""
        order = self.orders.get(client_order_id)
        return None if order is None else true_order(order)

    def true_queues(self, instrument_id: str) -> tuple[Queues, Queues]:
        """Who stands at each level of bids and asks, levels best first; nobody in what is not
        listed."""
        for book in self.books.values():
            if book.listing.instrument_id == instrument_id:
                return true_queues(book)
        return (), ()

    def has_trade(self, trade_id: str) -> bool:
        """Whether an execution of our account has this id."""
        return trade_id in self.floor.trade_ids

    # --- definitions -----------------------------------------------------------------------

    def amend(self, instrument: Instrument) -> None:
        """Publish another definition of a listed instrument: other bounds, other fees. Orders
        that are open stay as they are.

        Raises:
            ValueError: it is not listed, or differs in more than that.
        """
        symbol = str(instrument.id.symbol)
        book = self.books.get(symbol)
        if book is None:
            raise ValueError(f"{symbol} is not listed")
        book.listing.amend(instrument)
        if not self._has_own_fees:
            self.rates[symbol] = FeeRates(instrument.maker_fee_raw, instrument.taker_fee_raw)
        if self._amended is not None:
            self._amended(symbol)

    # --- market status ---------------------------------------------------------------------

    def halt(self, symbol: str) -> None:
        """Until `resume`: cancels and expiry only. Nothing changes where nobody trades."""
        book = self.books[symbol]
        if book.status is MarketStatus.OPEN:
            book.status = MarketStatus.HALTED

    def resume(self, symbol: str) -> None:
        book = self.books[symbol]
        if book.status is MarketStatus.HALTED:
            book.status = MarketStatus.OPEN
        self.floor.settle(book)

    def _open_order(self, symbol: str, client_order_id: str) -> VenueOrder:
        order = self.orders.get(client_order_id)
        if order is None or order.book.symbol != symbol:
            reason = f"no order {client_order_id} in {symbol}"
            raise VenueRefusal(UNKNOWN_ORDER, Code.UNKNOWN_ORDER, reason)
        if not order.is_open:
            reason = f"order {client_order_id} is {order.status.value}"
            raise VenueRefusal(REFUSED, Code.ORDER_CLOSED, reason)
        return order

    def _convert(self, order: VenueOrder, money: int) -> Fault | None:
        """Give an order in quote its size, or say why it gets none."""
        order.money = money
        order.quantity = 0
        fault = conversion_fault(order)
        if fault is None:
            order.quantity = size_of(order.book, order.side, money, order.price)
        return fault

    def _reject(self, order: VenueOrder, fault: Fault, request_id: str | None) -> VenueRefusal:
        code, detail = fault
        order.status = Status.REJECTED
        order.reason = f"{code.value}: {detail}"
        self.floor.tell("REJECTED", order, request_id, code is Code.POST_ONLY_WOULD_TAKE)
        return VenueRefusal(REFUSED, code, detail)
