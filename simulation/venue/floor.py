"""The trading floor: every book, everybody's resting orders, and what one event leads to.

Other participants and we stand in the same queues. A command of ours or a participant's step is
one venue event: it acts whole, then stops that it touched are triggered, and only then the
changed levels, the quote and the balances are told. What happens to orders and trades is told as
it happens, in the order it happens.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, Protocol

from simulation.venue.book import Book, Resting
from simulation.venue.enums import (
    BUY,
    SELL,
    Code,
    Liquidity,
    MarketStatus,
    OrderType,
    Side,
    Status,
    TimeInForce,
)
from simulation.venue.judgement import reducible
from simulation.venue.ledger import Ledger
from simulation.venue.matching import is_triggered, sweep, would_take
from simulation.venue.orders import VenueOrder
from simulation.venue.protocol import BalanceRecord, OrderRecord, PositionTrade, TradeRecord

MAKER: Final = Liquidity.MAKER
TAKER: Final = Liquidity.TAKER
STOP_LIMIT: Final = OrderType.STOP_LIMIT
FOK: Final = TimeInForce.FOK
IOC: Final = TimeInForce.IOC
OPEN: Final = MarketStatus.OPEN
FILLED: Final = Status.FILLED
PARTIALLY_FILLED: Final = Status.PARTIALLY_FILLED

Now = Callable[[], int]
Schedule = Callable[[int, Callable[[], None]], object]


class OrderListener(Protocol):
    """Hears what becomes of our orders, at once."""

    def on_order(
        self, event: str, order: OrderRecord, request_id: str | None, due_post_only: bool, ts: int
    ) -> None:
        """`event`: ACCEPTED REJECTED TRIGGERED UPDATED CANCELED EXPIRED."""

    def on_fill(self, trade: TradeRecord, order: VenueOrder) -> None:
        """`order` lives on; who wants to keep how it stands takes its `record()`."""

    def on_settlement(self, symbol: str, price: int, ts: int) -> None:
        """Everything held of an expired instrument was closed at `price`."""


class VenueListener(OrderListener, Protocol):
    """Hears everything: market data and balances too, once per venue event."""

    def on_balances(self, balances: tuple[BalanceRecord, ...], ts: int) -> None: ...

    def on_trade(
        self, symbol: str, trade_id: str, price: int, quantity: int, aggressor: str, ts: int
    ) -> None: ...

    def on_book(
        self,
        symbol: str,
        update: int,
        bids: tuple[tuple[int, int], ...],
        asks: tuple[tuple[int, int], ...],
        ts: int,
    ) -> None: ...

    def on_quote(
        self, symbol: str, bid: int, ask: int, bid_size: int, ask_size: int, ts: int
    ) -> None: ...


class QueueListener(Protocol):
    """Hears who stands in the queues and who trades: an exchange's feed by order."""

    def rested(self, symbol: str, number: int, is_buy: bool, price: int, size: int) -> None: ...

    def resized(self, number: int, size: int) -> None:
        """0: it is gone."""

    def traded(
        self, symbol: str, trade_id: str, is_buy: bool, price: int, size: int, struck: int | str
    ) -> None:
        """`struck`: which resting order the flow chose, by number, or ours by client order id;
        0: it chose none."""


class Floor:
    """Matching and its consequences at one venue.

    Attributes:
        now: the venue's clock, nanoseconds.
        schedule: calls an action at an instant.
        trades: every execution of our account, ascending `trade_no`.
        trade_ids: `trade_no` by trade id.
        open: our open orders by number, oldest first.
        events: how many venue events have ended.
    """

    __slots__ = (
        "_listeners",
        "_name",
        "_number",
        "_queue_listeners",
        "_trade_number",
        "_watchers",
        "events",
        "ledger",
        "now",
        "open",
        "schedule",
        "trade_ids",
        "trades",
    )

    def __init__(
        self, name: str, ledger: Ledger, now: Now, schedule: Schedule, tells_market: bool = True
    ) -> None:
        self._name = name
        self.ledger = ledger
        self.now = now
        self.schedule = schedule
        self.trades: list[TradeRecord] = []
        self.trade_ids: dict[str, int] = {}
        self.open: dict[int, VenueOrder] = {}
        self.events = 0
        self._listeners: tuple[OrderListener, ...] = ()
        self._queue_listeners: tuple[QueueListener, ...] = ()
        self._watchers: tuple[VenueListener, ...] | None = () if tells_market else None
        self._number = 0  # orders and places in queues share it: it is arrival order
        self._trade_number = 0

    def listen(self, listener: VenueListener) -> None:
        """Tell `listener` everything from now on.

        Raises:
            ValueError: this floor tells of orders only.
        """
        if self._watchers is None:
            raise ValueError(f"{self._name} tells no market data and no balances")
        self._watchers = (*self._watchers, listener)
        self._listeners = (*self._listeners, listener)

    def listen_to_orders(self, listener: OrderListener) -> None:
        self._listeners = (*self._listeners, listener)

    def listen_to_queues(self, listener: QueueListener, books: Iterable[Book]) -> None:
        """Tell `listener` of the orders of other participants: those in `books`, then all that
        happens from now on. To be called before the first order of ours."""
        for book in books:
            for half in (book.bids, book.asks):
                for price in half.prices:
                    for at in half.levels[price].queue.values():
                        listener.rested(book.symbol, at.number, at.side is BUY, price, at.leaves)
        self._queue_listeners = (*self._queue_listeners, listener)

    def next_number(self) -> int:
        self._number += 1
        return self._number

    # --- other participants ----------------------------------------------------------------
    # A participant's step is any number of these and then one `settle`.

    def join(self, book: Book, side: Side, price: int, quantity: int) -> Resting | None:
        """A participant's limit order: trades what it can, rests with what is left.

        Returns:
            Its place in the queue, None when all of it traded or the market is halted.
        """
        left = self.hit(book, side, quantity, price)
        if left == 0 or book.status is not OPEN:
            return None
        resting = Resting(self.next_number(), side, price, left, None)
        book.add(resting)
        for listener in self._queue_listeners:
            listener.rested(book.symbol, resting.number, side is BUY, price, left)
        return resting

    def hit(self, book: Book, side: Side, quantity: int, limit: int | None) -> int:
        """A participant's aggressive order up to `limit`; returns what found nobody."""
        if book.status is not OPEN:
            return quantity
        while quantity:
            resting = book.first_against(side, limit)
            if resting is None:
                break
            size = resting.leaves if resting.leaves < quantity else quantity
            quantity -= size
            self._execute(book, side, resting, size, None)
        return quantity

    def strike(self, book: Book, side: Side, resting: Resting, quantity: int) -> int:
        """A participant's aggressive `side` order meets this resting order, wherever that stands.

        For flows that know who was met; `hit` goes by price and time. Returns what it traded.
        """
        if book.status is not OPEN:
            return 0
        size = min(resting.leaves, quantity)
        if size:
            own = resting.order
            struck = resting.number if own is None else own.client_order_id
            self._execute(book, side, resting, size, None, struck)
        return size

    def leave(self, book: Book, resting: Resting) -> None:
        """A participant takes back what is left of its order. Harmless when nothing is."""
        if resting.leaves:
            book.reduce(resting, resting.leaves)
            for listener in self._queue_listeners:
                listener.resized(resting.number, 0)

    def resize(self, book: Book, resting: Resting, leaves: int) -> None:
        """A participant's order becomes smaller, or larger by what joins its own place."""
        if leaves < resting.leaves:
            book.reduce(resting, resting.leaves - leaves)
        elif leaves > resting.leaves:
            book.grow(resting, leaves - resting.leaves)
        for listener in self._queue_listeners:
            listener.resized(resting.number, leaves)

    # --- our orders ------------------------------------------------------------------------

    def work(self, order: VenueOrder) -> None:
        """Trade what an incoming or triggered order can, then rest it or end it."""
        book = order.book
        side = order.side
        limit = order.price
        if order.time_in_force is FOK and sweep(book, side, order.leaves, limit).filled < (
            order.leaves
        ):
            self.close(order, Status.CANCELED, Code.FOK_NOT_FILLABLE)
            return
        while (left := order.leaves) > 0:
            resting = book.first_against(side, limit)
            if resting is None:
                break
            if resting.order is not None:
                self.close(order, Status.CANCELED, Code.SELF_TRADE)
                return
            size = resting.leaves if resting.leaves < left else left
            self._execute(book, side, resting, size, order)
        if left == 0:
            return
        if limit is None:
            self.close(order, Status.CANCELED, Code.BOOK_EXHAUSTED)
        elif order.time_in_force is IOC:
            self.close(order, Status.CANCELED, Code.IOC_REMAINDER)
        else:
            order.resting = Resting(self.next_number(), side, limit, left, order)
            book.add(order.resting)

    def _execute(
        self,
        book: Book,
        side: Side,
        resting: Resting,
        size: int,
        taker: VenueOrder | None,
        struck: int | str = 0,
    ) -> None:
        """One execution at the resting order's price. `side` is the aggressor's."""
        price = resting.price
        maker = resting.order
        book.last_price = price
        book.reduce(resting, size)
        self._trade_number += 1
        trade_id = f"{self._name}-T{self._trade_number}"
        ts = self.now()
        book.last_trade = (trade_id, ts)
        for watcher in self._watchers or ():
            watcher.on_trade(book.symbol, trade_id, price, size, side, ts)
        for listener in self._queue_listeners:
            listener.traded(book.symbol, trade_id, side is BUY, price, size, struck)
        if maker is not None:
            if resting.leaves == 0:
                maker.resting = None
            self._fill(maker, size, price, MAKER, trade_id, ts)
        if taker is not None:
            self._fill(taker, size, price, TAKER, trade_id, ts)

    def _fill(
        self,
        order: VenueOrder,
        size: int,
        price: int,
        liquidity: Liquidity,
        trade_id: str,
        ts: int,
    ) -> None:
        book = order.book
        order.filled += size
        order.ts_last = ts
        fee = self.ledger.fill(order, size, price, liquidity)
        if order.filled == order.quantity:
            order.status = FILLED
            del self.open[order.number]
            book.reduce_only.pop(order.number, None)
        else:
            order.status = PARTIALLY_FILLED
        self.ledger.relock(order)
        head = (
            len(self.trades) + 1,
            trade_id,
            book.symbol,
            order.client_order_id,
            order.venue_order_id,
            order.side,
            size,
            price,
            fee,
            self.ledger.fee_currency(book.listing).code,
            liquidity,
            ts,
        )
        position = order.position
        trade = TradeRecord(*head) if position is None else PositionTrade(*head, position.id)
        self.trades.append(trade)
        self.trade_ids[trade_id] = trade.trade_no
        for listener in self._listeners:
            listener.on_fill(trade, order)
        if book.reduce_only:
            for reducing in tuple(book.reduce_only.values()):
                self.shrink_to_position(reducing)

    def shrink_to_position(self, order: VenueOrder) -> None:
        room = reducible(order, self.ledger)
        excess = order.leaves - room
        if excess <= 0:
            return
        if room == 0:
            self.close(order, Status.CANCELED, Code.POSITION_CLOSED)
            return
        if order.resting is not None:
            order.book.reduce(order.resting, excess)
        order.quantity -= excess
        order.ts_last = self.now()
        self.ledger.relock(order)
        self.tell("UPDATED", order)

    def _activate(self, order: VenueOrder) -> None:
        """A stop was touched; it has left the list of stops."""
        book = order.book
        order.triggered = True
        if order.type is STOP_LIMIT and order.price is not None:
            order.status = Status.TRIGGERED
            order.ts_last = self.now()
            self.tell("TRIGGERED", order)
            if order.post_only and would_take(book, order.side, order.price):
                self.close(order, Status.REJECTED, Code.POST_ONLY_WOULD_TAKE)
                return
        else:
            found = sweep(book, order.side, order.leaves, None)
            if found.filled and not self.ledger.affords_sweep(order, found.filled, found.notional):
                self.close(order, Status.CANCELED, Code.INSUFFICIENT_BALANCE)
                return
        self.work(order)

    def expiry_reached(self, order: VenueOrder) -> None:
        # behind everything already due at this instant, so that a fill wins over expiry
        if order.is_open:
            self.schedule(self.now(), partial(self._expire, order))

    def _expire(self, order: VenueOrder) -> None:
        if order.is_open:
            self.close(order, Status.EXPIRED, None)
            self.settle(order.book)

    def close(
        self, order: VenueOrder, status: Status, code: Code | None, request_id: str | None = None
    ) -> None:
        """End an open order. `code` says why when nobody asked for it."""
        book = order.book
        if order.resting is not None:
            book.reduce(order.resting, order.resting.leaves)
            order.resting = None
        elif order.trigger_price is not None and not order.triggered:
            book.remove_stop(order, order.trigger_price)
        del self.open[order.number]
        book.reduce_only.pop(order.number, None)
        order.status = status
        order.reason = "" if code is None else code.value
        order.ts_last = self.now()
        self.ledger.release(order)
        self.tell(status._value_, order, request_id, code is Code.POST_ONLY_WOULD_TAKE)

    def tell(
        self,
        event: str,
        order: VenueOrder,
        request_id: str | None = None,
        due_post_only: bool = False,
    ) -> None:
        record = order.record()
        for listener in self._listeners:
            listener.on_order(event, record, request_id, due_post_only, order.ts_last)

    def tell_settlement(self, book: Book, price: int) -> None:
        ts = self.now()
        for listener in self._listeners:
            listener.on_settlement(book.symbol, price, ts)

    def settle(self, book: Book) -> None:
        """Close one venue event: trigger the stops it touched, then tell what changed."""
        if (book.buy_stops or book.sell_stops) and book.status is OPEN:
            while True:
                if book.buy_stops and is_triggered(book, BUY, book.buy_stops[0][0]):
                    self._activate(book.buy_stops.pop(0)[2])
                elif book.sell_stops and is_triggered(book, SELL, -book.sell_stops[0][0]):
                    self._activate(book.sell_stops.pop(0)[2])
                else:
                    break
        self.events += 1
        if self._watchers is not None:
            self._tell_market(book, self._watchers)

    def restate(self, book: Book) -> None:
        """Say the best levels again under a new number."""
        update, bids, asks = book.restate()
        for watcher in self._watchers or ():
            watcher.on_book(book.symbol, update, bids, asks, self.now())

    def _tell_market(self, book: Book, watchers: tuple[VenueListener, ...]) -> None:
        changes = book.publish()
        if changes is not None:
            ts = self.now()
            quote = book.publish_quote()
            update, bids, asks = changes
            for watcher in watchers:
                watcher.on_book(book.symbol, update, bids, asks, ts)
                if quote is not None:
                    watcher.on_quote(book.symbol, quote[0], quote[1], quote[2], quote[3], ts)
        ledger = self.ledger
        if ledger.changed:
            ledger.changed = False
            balances = ledger.balance_records()
            ts = self.now()
            for watcher in watchers:
                watcher.on_balances(balances, ts)
