"""A data vendor that tells of every resting order of a venue: books by order, and nothing else.

It stands beside the venue's own gateway, as vendors do: a line of its own, no login, no trading.
After a subscription it sends an image, then one batch per venue event. While the world is hurting
a batch may be lost, or come a second time after the next one. The receiving half, which is the
client, counts the numbers: after a hole it asks for an image, and what comes twice is left to the
kernel to refuse.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from engine.clients import Post
from engine.model.commands import Command, Connect, Disconnect, Subscribe, Unsubscribe
from engine.model.data import F_LAST, F_SNAPSHOT, MboDelta, MboDeltas
from engine.model.enums import BUY, SELL, BookAction, DataKind, OrderSide
from engine.model.identifiers import ClientId, InstrumentId, Venue
from engine.model.reports import ClientConnected, ClientDisconnected
from simulation.entropy import Stream
from simulation.scheduler import Scheduler
from simulation.venue.book import Book, HalfBook
from simulation.venue.exchange import Exchange
from simulation.venue.orders import VenueOrder
from simulation.venue.protocol import BalanceRecord, OrderRecord, TradeRecord

_LINE_NS: Final = 3_000_000  # from the vendor to us; the same for every batch, so they keep order
_IMAGE_NS: Final = 40_000_000  # what an image takes, asking for it included
_AGAIN_NS: Final = 5_000_000_000  # how much later a repeated batch comes, at the most
_LOST_IN: Final = 40
_TWICE_IN: Final = 60

Queues = dict[tuple[OrderSide, int], tuple[tuple[int, int], ...]]  # (order id, size), oldest first


class _Line:
    """One instrument as it was last sent, and as it was last received."""

    __slots__ = ("awaits_image", "is_followed", "received", "sent", "sequence")

    def __init__(self) -> None:
        self.is_followed = False
        self.awaits_image = False
        self.sent: Queues = {}
        self.sequence = 0
        self.received = 0


class OrderFeed:
    """The client half as the kernel knows it (`engine.clients.Client`), with its vendor inside.

    Args:
        stream: decides which batches are lost or repeated.
        hurts: whether the world is hurting now.
        post: takes what the kernel shall hear.
    Attributes:
        lost, repeated: how many batches were.
    """

    def __init__(
        self,
        exchange: Exchange,
        scheduler: Scheduler,
        stream: Stream,
        hurts: Callable[[], bool],
        post: Post,
    ) -> None:
        self.client_id = order_feed_id(exchange.name)
        self.venue = Venue(exchange.name)
        self.lost = 0
        self.repeated = 0
        self._exchange = exchange
        self._scheduler = scheduler
        self._stream = stream
        self._hurts = hurts
        self._post = post
        self._lines = {symbol: _Line() for symbol in exchange.books}
        exchange.listen(self)

    # --- the client ------------------------------------------------------------------------

    def send(self, command: Command) -> None:
        """Raises TypeError for a command that is no data client's, ValueError for data that
        this vendor does not have."""
        now_ns = self._scheduler.now_ns
        if isinstance(command, Connect):
            self._scheduler.post(now_ns + _LINE_NS, self._connected)
        elif isinstance(command, Disconnect):
            for line in self._lines.values():
                line.is_followed = False
            self._scheduler.post(now_ns + _LINE_NS, self._disconnected)
        elif isinstance(command, Subscribe | Unsubscribe):
            if command.kind is not DataKind.MBO_DELTAS:
                raise ValueError(f"{self.client_id} has no {command.kind.name}")
            line = self._lines[command.instrument_id.symbol]
            line.is_followed = isinstance(command, Subscribe)
            if line.is_followed:
                self._ask_image(command.instrument_id.symbol, line)
        else:
            raise TypeError(f"{type(command).__name__} is not for a data client")

    def _connected(self) -> None:
        self._post(ClientConnected(self.client_id, self._scheduler.now_ns))

    def _disconnected(self) -> None:
        self._post(ClientDisconnected(self.client_id, "asked to", self._scheduler.now_ns))

    def _receive(self, symbol: str, line: _Line, first: int, batch: MboDeltas) -> None:
        """`first`: the number that this batch follows."""
        if not line.is_followed or line.awaits_image:
            return
        if first != line.received:
            if batch.deltas[-1].sequence > line.received:  # a hole
                self._ask_image(symbol, line)
                return
        else:
            line.received = batch.deltas[-1].sequence
        self._post(_received(batch, self._scheduler.now_ns))

    def _ask_image(self, symbol: str, line: _Line) -> None:
        line.awaits_image = True
        self._scheduler.post(self._scheduler.now_ns + _IMAGE_NS, partial(self._image, symbol, line))

    def _image(self, symbol: str, line: _Line) -> None:
        if not line.is_followed:
            return
        book = self._exchange.books[symbol]
        line.sent = _queues(book)
        line.awaits_image = False
        line.received = line.sequence
        deltas = [MboDelta(BookAction.CLEAR, None, 0, 0, 0, F_SNAPSHOT, line.sequence)]
        for (side, price), queue in line.sent.items():
            for order_id, size in queue:
                deltas.append(
                    MboDelta(BookAction.ADD, side, price, size, order_id, F_SNAPSHOT, line.sequence)
                )
        self._post(self._batch(book, deltas, self._scheduler.now_ns))

    # --- the vendor ------------------------------------------------------------------------

    def on_book(
        self,
        symbol: str,
        update: int,
        bids: tuple[tuple[int, int], ...],
        asks: tuple[tuple[int, int], ...],
        ts: int,
    ) -> None:
        line = self._lines[symbol]
        if not line.is_followed:
            return
        book = self._exchange.books[symbol]
        queues = _queues(book)
        changes = _changes(line.sent, queues, line.sequence + 1)
        line.sent = queues
        if not changes:
            return
        first = line.sequence
        line.sequence += 1
        batch = self._batch(book, changes, ts)
        due_ns = self._scheduler.now_ns + _LINE_NS
        deliver = partial(self._receive, symbol, line, first, batch)
        if self._hurts():
            if self._stream.chance(1, _LOST_IN, "lost"):
                self.lost += 1
                return
            if self._stream.chance(1, _TWICE_IN, "twice"):
                self.repeated += 1
                again_ns = due_ns + self._stream.below(_AGAIN_NS, "again")
                self._scheduler.post(again_ns, deliver)
        self._scheduler.post(due_ns, deliver)

    def on_order(
        self,
        event: str,
        order: OrderRecord,
        request_id: str | None,
        due_post_only: bool,
        ts: int,
    ) -> None:
        """Of an order nothing is told but its place in the book; the same for the rest."""

    def on_fill(self, trade: TradeRecord, order: VenueOrder) -> None: ...

    def on_settlement(self, symbol: str, price: int, ts: int) -> None: ...

    def on_balances(self, balances: tuple[BalanceRecord, ...], ts: int) -> None: ...

    def on_trade(
        self, symbol: str, trade_id: str, price: int, quantity: int, aggressor: str, ts: int
    ) -> None: ...

    def on_quote(
        self, symbol: str, bid: int, ask: int, bid_size: int, ask_size: int, ts: int
    ) -> None: ...

    def _batch(self, book: Book, deltas: list[MboDelta], ts_event: int) -> MboDeltas:
        last = deltas[-1]
        deltas[-1] = MboDelta(
            last.action,
            last.side,
            last.price_mantissa,
            last.size_mantissa,
            last.order_id,
            last.flags | F_LAST,
            last.sequence,
        )
        listing = book.listing
        return MboDeltas(
            InstrumentId(listing.instrument_id),
            tuple(deltas),
            listing.price_precision,
            listing.size_precision,
            ts_event,
            self._scheduler.now_ns,
        )


def order_feed_id(venue: str) -> ClientId:
    """How the kernel knows the vendor of that venue's orders."""
    return ClientId(f"{venue}-ORDERS")


def _received(batch: MboDeltas, now_ns: int) -> MboDeltas:
    return MboDeltas(
        batch.instrument_id,
        batch.deltas,
        batch.price_precision,
        batch.size_precision,
        batch.ts_event,
        now_ns,
    )


def _queues(book: Book) -> Queues:
    queues: Queues = {}
    for side, half in ((BUY, book.bids), (SELL, book.asks)):
        for price in half.prices:
            queues[side, price] = _queue(half, price)
    return queues


def _queue(half: HalfBook, price: int) -> tuple[tuple[int, int], ...]:
    return tuple((place.number, place.leaves) for place in half.levels[price].queue.values())


def _changes(old: Queues, new: Queues, sequence: int) -> list[MboDelta]:
    """What turns one set of queues into the other, places included: who left, who shrank, and,
    from the first that does not stand as it stood, everybody behind it anew."""
    deltas: list[MboDelta] = []
    for side, price in [*old, *(place for place in new if place not in old)]:
        was, now = old.get((side, price), ()), new.get((side, price), ())
        if was == now:
            continue
        stay = dict(now)
        left = [(order_id, size) for order_id, size in was if order_id in stay]
        for order_id, _ in was:
            if order_id not in stay:
                deltas.append(MboDelta(BookAction.DELETE, side, price, 0, order_id, 0, sequence))
        kept = 0
        while kept < len(left) and left[kept][0] == now[kept][0] and left[kept][1] >= now[kept][1]:
            order_id, size = now[kept]
            if size != left[kept][1]:
                deltas.append(MboDelta(BookAction.UPDATE, side, price, size, order_id, 0, sequence))
            kept += 1
        for order_id, _ in left[kept:]:
            deltas.append(MboDelta(BookAction.DELETE, side, price, 0, order_id, 0, sequence))
        for order_id, size in now[kept:]:
            deltas.append(MboDelta(BookAction.ADD, side, price, size, order_id, 0, sequence))
    return deltas
