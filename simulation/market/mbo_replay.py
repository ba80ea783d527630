"""A market-by-order recording as the other participants of a venue: real orders, real queues.

What rested when continuous trading began is laid into the venue's book, order by order and by
priority; from then on every add, modify, cancel and trade is done again at its time. Ours stand in
the same queues. A trade fills whom the exchange filled, and any order of ours that stood before
them, by price and then by place in the queue: what ours take, the recorded one does not get.
So without orders of ours the venue's book is the exchange's at every end of event.

The recorded participants do what they did: who was filled in the recording leaves although one of
ours was filled in his stead. What we took from a recorded order stays taken while that order
lives: it is shown once and consumed once. An iceberg's hidden part shows when it trades.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from engine.model.currencies import USD
from engine.model.enums import BUY as BOOK_BUY
from engine.model.enums import SELL as BOOK_SELL
from engine.model.identifiers import InstrumentId
from engine.model.instruments import AssetClass, FuturesContract
from engine.model.values import Price, Quantity
from simulation.entropy import Stream
from simulation.market.fields import RecordingError
from simulation.market.mbo_reader import (
    ADD,
    BID,
    CANCEL,
    MODIFY,
    MboRecording,
    MboRow,
    read_mbo,
)
from simulation.market.mbo_rebuild import Rebuild, has_auction, trades_of
from simulation.market.readers import file_hash
from simulation.venue.book import Book, Resting
from simulation.venue.enums import BUY, SELL, Side
from simulation.venue.exchange import Exchange
from simulation.venue.matching import would_take

_MONTHS: Final = "FGHJKMNQUVXZ"
_YEAR_NS: Final = 365 * 86_400_000_000_000


class Contract(msgspec.Struct, frozen=True, gc=False):
    """Terms that a recording does not state."""

    underlying: str
    multiplier: str
    tick: str
    exchange: str
    margin: str  # initial and maintenance, as a part of the notional


CONTRACTS: Final = {"ES": Contract("S&P 500", "50", "0.25", "XCME", "0.05")}


class Opening(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An order that rests when the replay begins."""

    order_id: int
    side: Side
    price: int
    size: int


class Change(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What one event makes of one recorded order.

    Attributes:
        size: what rests afterwards; 0 when it leaves.
        before: what rested in the recording, this event's fills taken off.
        keeps_place: it stays where it stands in the queue.
    """

    order_id: int
    side: Side
    price: int
    size: int
    before: int
    keeps_place: bool


class Hit(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Somebody is filled: `side` is the aggressor's. Of `size`, `shown` was in the book."""

    side: Side
    order_id: int
    price: int
    size: int
    shown: int


class Step(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One event of the continuous session."""

    ts: int
    hits: tuple[Hit, ...]
    changes: tuple[Change, ...]


class MboMarket(msgspec.Struct, frozen=True):
    """One recording, ready to be played at any venue. Mantissas at `price_precision`; whole lots.

    Attributes:
        opening: by priority on each side, best first.
        steps: by time; never empty.
    """

    file: str
    opening: tuple[Opening, ...]
    steps: tuple[Step, ...]
    price_precision: int
    start_ns: int

    @classmethod
    def read(cls, paths: Sequence[str | Path]) -> "MboMarket":
        """Read the one file of `paths`.

        Raises:
            RecordingError: it cannot be used; it holds no continuous session, or one that begins
                with a crossed book.
            ValueError: not exactly one path.
        """
        if len(paths) != 1:
            raise ValueError(f"a market by order is one recording, not {len(paths)}")
        return cls.of(read_mbo(paths[0]))

    @classmethod
    def of(cls, recording: MboRecording) -> "MboMarket":
        """The market of a recording already read. Raises RecordingError as `read`."""
        for number, row in enumerate(recording.rows, 2):
            if row.price <= 0 and row.action in (ADD, MODIFY):
                reason = "no order can be laid into the book at zero or below"
                raise RecordingError(recording.file, number, "price_e9", str(row.price), reason)
        # without an auction the first event is the image that everything else changes
        state = Rebuild(recording.price_precision, not has_auction(recording.rows))
        events = recording.events()
        start_ns = 0
        for event in events:
            state.apply(event)
            start_ns = event[-1].ts
            if state.is_continuous:
                break
        bid, ask = state.book.best_bid(), state.book.best_ask()
        if bid is not None and ask is not None and bid[0] >= ask[0]:
            reason = f"trading begins with the book crossed, {bid[0]} on {ask[0]}"
            raise RecordingError(recording.file, 0, "", "", reason)
        opening = tuple(
            Opening(order.order_id, BUY if side is BOOK_BUY else SELL, order.price, order.size)
            for side in (BOOK_BUY, BOOK_SELL)
            for order in state.book.orders(side)
        )
        steps = tuple(_Compiler(opening, start_ns).steps(events))
        if not steps:
            raise RecordingError(recording.file, 0, "", "", "ends before continuous trading")
        return cls(recording.file, opening, steps, recording.price_precision, start_ns)

    @staticmethod
    def hash(paths: Sequence[str | Path]) -> str:
        """First 12 hex digits of the contents' SHA-256."""
        return file_hash(paths)

    @property
    def end_ns(self) -> int:
        return self.steps[-1].ts

    def instrument(self, venue: str) -> FuturesContract:
        """The contract that the file name speaks of, e.g. `esh4`, listed at `venue`.

        Raises:
            RecordingError: no part of the name is a contract known here.
        """
        return contract_in_name(self.file, venue, self.start_ns)

    def start(self, exchange: Exchange, symbol: str, stream: Stream | None = None) -> "MboReplay":
        """Lay the opening book, then play on until the last event, or `stop`. Nothing is drawn
        from `stream`.

        Raises:
            RecordingError: the instrument cannot hold the recording's prices.
        """
        replay = MboReplay(self, exchange, symbol)
        replay.begin()
        return replay


class MboReplay:
    """One recording at one venue.

    Attributes:
        played: events played so far.
        hidden: size that traded beyond everything shown: icebergs.
    """

    __slots__ = (
        "_book",
        "_exchange",
        "_floor",
        "_lot",
        "_market",
        "_orders",
        "_price_scale",
        "_stopped",
        "hidden",
        "played",
    )

    def __init__(self, market: MboMarket, exchange: Exchange, symbol: str) -> None:
        book = exchange.books[symbol]
        listing = book.listing
        finer = listing.price_precision - market.price_precision
        if finer < 0:
            reason = (
                f"has {market.price_precision} price decimals, {symbol} {listing.price_precision}"
            )
            raise RecordingError(market.file, 0, "", "", reason)
        self._price_scale: int = 10**finer
        for order in market.opening:
            if order.price * self._price_scale % listing.tick:
                reason = f"an order rests at {order.price}, which {symbol} has no tick for"
                raise RecordingError(market.file, 0, "", "", reason)
        self._lot: int = 10**listing.size_precision
        self._market = market
        self._exchange = exchange
        self._floor = exchange.floor
        self._book: Book = book
        self._orders: dict[int, Resting] = {}  # recorded orders that rest, by the exchange's id
        self._stopped = False
        self.played = 0
        self.hidden = 0

    def begin(self) -> None:
        for order in self._market.opening:
            self._join(order.order_id, order.side, order.price, order.size * self._lot)
        self._floor.settle(self._book)
        self._schedule()

    def stop(self) -> None:
        """Play no more events; what rests stays."""
        self._stopped = True

    def play(self, step: Step) -> None:
        """One event of the recording is one event of the venue."""
        for hit in step.hits:
            self._hit(hit)
        changes = step.changes
        if len(changes) == 1:
            self._apply(changes[0], self._make_way(changes[0]))
        else:
            # everybody who leaves makes way first, so that nobody who joins meets him
            sizes = [self._make_way(change) for change in changes]
            for change, size in zip(changes, sizes, strict=True):
                self._apply(change, size)
        self._floor.settle(self._book)

    def _schedule(self) -> None:
        steps = self._market.steps
        if not self._stopped and self.played < len(steps):
            at = max(steps[self.played].ts, self._exchange.now())
            self._exchange.schedule(at, self._due)

    def _due(self) -> None:
        if self._stopped:
            return
        self.play(self._market.steps[self.played])
        self.played += 1
        self._schedule()

    def _hit(self, hit: Hit) -> None:
        """An aggressor meets a recorded order, and ours that stand before it.

        Where we have taken that order he meets whoever is next in line; what the book never
        showed he finds behind everything that it does show of ours.
        """
        floor, book, side = self._floor, self._book, hit.side
        price = hit.price * self._price_scale
        met = self._orders.get(hit.order_id)
        if met is not None and (met.leaves == 0 or met.price != price):
            met = None
        left = self._meet(side, price, met, hit.shown * self._lot)
        if left:
            floor.hit(book, side, left, price)
        hidden = (hit.size - hit.shown) * self._lot
        if hidden:
            hidden = self._meet(side, price, None, hidden)
            if hidden:
                self._show_hidden(side, price, hidden)

    def _meet(self, side: Side, price: int, met: Resting | None, size: int) -> int:
        """Take `size` from `met` and from ours before it; returns what found neither."""
        floor = self._floor
        while size:
            resting = self._ours_before(side, price, met) if floor.open else None
            if resting is None:
                resting = met
            if resting is None:
                break
            traded = floor.strike(self._book, side, resting, size)
            if traded == 0:
                break  # halted
            size -= traded
            if resting is met and met.leaves == 0:
                met = None
        return size

    def _ours_before(self, side: Side, limit: int, met: Resting | None) -> Resting | None:
        """The first order of ours, by price and time, that a `side` order at `limit` meets before
        it comes to `met`."""
        book = self._book
        if side is BUY:
            prices, levels = iter(book.asks.prices), book.asks.levels
        else:
            prices, levels = reversed(book.bids.prices), book.bids.levels
        for price in prices:
            if price > limit if side is BUY else price < limit:
                return None
            for resting in levels[price].queue.values():
                if resting is met:
                    return None
                if resting.order is not None:
                    return resting
        return None

    def _show_hidden(self, side: Side, price: int, size: int) -> None:
        """What traded and was never shown steps out for the moment of the trade."""
        other = SELL if side is BUY else BUY
        if would_take(self._book, other, price):
            return  # our side of the market is already past that price
        shown = self._floor.join(self._book, other, price, size)
        if shown is not None:
            self.hidden += self._floor.strike(self._book, side, shown, size)

    def _make_way(self, change: Change) -> int:
        """Take out what leaves its place; returns the size that is to rest afterwards."""
        resting = self._orders.get(change.order_id)
        rests = 0 if resting is None else resting.leaves
        taken = max(change.before * self._lot - rests, 0)  # by orders of ours
        size = max(change.size * self._lot - taken, 0)
        if resting is not None and not (change.keeps_place and size and rests):
            self._floor.leave(self._book, resting)
            del self._orders[change.order_id]
        return size

    def _apply(self, change: Change, size: int) -> None:
        if not size:
            return
        resting = self._orders.get(change.order_id)
        if resting is None:
            self._join(change.order_id, change.side, change.price, size)
        else:
            self._floor.resize(self._book, resting, size)

    def _join(self, order_id: int, side: Side, price: int, size: int) -> None:
        resting = self._floor.join(self._book, side, price * self._price_scale, size)
        if resting is not None:
            self._orders[order_id] = resting


class _Compiler:
    """Turns events into steps, knowing what rests in the recording."""

    def __init__(self, opening: Sequence[Opening], start_ns: int) -> None:
        self._resting = {order.order_id: order for order in opening}
        self._ts = start_ns

    def steps(self, events: Iterator[tuple[MboRow, ...]]) -> Iterator[Step]:
        for event in events:
            self._ts = max(self._ts, event[-1].ts)  # a venue's clock never goes back
            filled: dict[int, int] = {}
            hits = tuple(self._hits(event, filled))
            changes = self._changes(event, filled)
            if hits or changes:
                yield Step(self._ts, hits, changes)

    def _hits(self, event: Sequence[MboRow], filled: dict[int, int]) -> Iterator[Hit]:
        for trade, fills in trades_of(event):
            side = BUY if trade.side == BID else SELL
            left = trade.size
            for fill in fills:
                order_id, size = fill.order_id, fill.size
                if order_id == trade.order_id:
                    continue
                resting = self._resting.get(order_id)
                shown = 0
                if resting is not None and resting.price == fill.price:
                    shown = max(min(resting.size - filled.get(order_id, 0), size), 0)
                filled[order_id] = filled.get(order_id, 0) + size
                left -= size
                yield Hit(side, order_id, fill.price, size, shown)
            if left > 0:
                yield Hit(side, 0, trade.price, left, 0)  # the recording does not say whom

    def _changes(self, event: Sequence[MboRow], filled: dict[int, int]) -> tuple[Change, ...]:
        """One change per order that the event touched; those who join are in joining order."""
        changes: dict[int, Change] = {}
        resting = self._resting
        for row in event:
            action = row.action
            if action not in (ADD, CANCEL, MODIFY):
                continue
            order_id = row.order_id
            old = resting.get(order_id)
            earlier = changes.get(order_id)
            if earlier is not None:
                before = earlier.before
            else:
                before = 0 if old is None else max(old.size - filled.get(order_id, 0), 0)
            side = BUY if row.side == BID else SELL
            size = row.size
            if action == CANCEL:
                size = 0 if old is None else max(old.size - row.size, 0)
            shown = before if earlier is None else earlier.size
            keeps = (
                old is not None
                and (old.side, old.price) == (side, row.price)
                and size <= shown
                and (earlier is None or earlier.keeps_place)
            )
            if earlier is not None and not keeps:
                del changes[order_id]  # it joins the queue behind those of this event
            changes[order_id] = Change(order_id, side, row.price, size, before, keeps)
            if size:
                resting[order_id] = Opening(order_id, side, row.price, size)
            else:
                resting.pop(order_id, None)
        return tuple(changes.values())


def contract_in_name(path: str | Path, venue: str, at_ns: int) -> FuturesContract:
    """The future that a file name speaks of: root, month letter and last digit of the year.

    Args:
        at_ns: an instant of the recording; the contract is the next of that year digit.
    Raises:
        RecordingError: no part of the name is one that is known here.
    """
    year = datetime.fromtimestamp(at_ns // 1_000_000_000, UTC).year
    for part in Path(path).name.upper().replace("-", "_").replace(".", "_").split("_"):
        terms = CONTRACTS.get(part[:-2])
        if terms is None or part[-2] not in _MONTHS or not part[-1].isdigit():
            continue
        year += (int(part[-1]) - year) % 10
        expiration_ns = _third_friday_ns(year, _MONTHS.index(part[-2]) + 1)
        return FuturesContract(
            id=InstrumentId(f"{part}.{venue}"),
            asset_class=AssetClass.INDEX,
            underlying=terms.underlying,
            exchange=terms.exchange,
            quote_currency=USD,
            price_increment=Price(terms.tick),
            multiplier=Quantity(terms.multiplier),
            margin_init=terms.margin,
            margin_maint=terms.margin,
            activation_ns=max(expiration_ns - 2 * _YEAR_NS, 0),
            expiration_ns=expiration_ns,
        )
    reason = f"the file name holds no contract known here ({', '.join(CONTRACTS)})"
    raise RecordingError(str(path), 0, "", "", reason)


def _third_friday_ns(year: int, month: int) -> int:
    """14:30 UTC of the third Friday, when index futures of that month are settled."""
    first = datetime(year, month, 1, 14, 30, tzinfo=UTC)
    day = first + timedelta(days=(4 - first.weekday()) % 7 + 14)
    return int(day.timestamp()) * 1_000_000_000
