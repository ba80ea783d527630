"""The venue's matching, judged from beside it: who stood first, at what price, with how much.

The witness hears orders come and go and keeps the queues by rules written here: best price,
then who came first; a new price or a larger size goes to the back. From these it knows whom the
next trade must meet. It never looks into the venue's own book before the end of the run.
"""

from collections.abc import Iterator
from typing import ClassVar, Final, cast

from engine.model.enums import OrderType, TimeInForce
from engine.model.events import OrderFilled, OrderInitialized
from engine.model.fixed import UNITS
from engine.model.identifiers import InstrumentId
from engine.model.instruments import AnyInstrument
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.truth import Levels, TrueBook
from invariants.venue_watch import OwnOrder, OwnTrade, VenueWatcher
from invariants.violation import Violation

_Key = int | str  # a participant's order by number, ours by client order id
_BUY: Final = "BUY"
_MAKER: Final = "MAKER"
_MARKET: Final = OrderType.MARKET
_GTC: Final = TimeInForce.GTC
_IOC: Final = TimeInForce.IOC
_FOK: Final = TimeInForce.FOK
_GTD: Final = TimeInForce.GTD
_DAY: Final = TimeInForce.DAY
_DAY_NS: Final = 86_400_000_000_000
_OPEN: Final = ("ACCEPTED", "TRIGGERED", "PARTIALLY_FILLED")


class _Place:
    """Where an order stands: between who came `before` it and who came `after`.

    Attributes:
        key: the order. size: what is left of it.
    """

    __slots__ = ("after", "before", "key", "level", "size")

    def __init__(self, key: _Key, level: "_Level", size: int) -> None:
        self.key = key
        self.level = level
        self.size = size
        self.after: _Place | None = None
        before = self.before = level.last
        level.last = self
        if before is None:
            level.first = self
        else:
            before.after = self

    def leave(self) -> None:
        before, after = self.before, self.after
        if before is None:
            self.level.first = after
        else:
            before.after = after
        if after is None:
            self.level.last = before
        else:
            after.before = before


class _Level:
    """Everybody at one price of one side.

    Attributes:
        signed: the price; of a bid its negative, so that the least comes first on either side.
        first, last: who came first and last of those who stand here.
        is_in_line: it is one of `_Half.line`.
    """

    __slots__ = ("first", "half", "is_in_line", "last", "signed")

    def __init__(self, half: "_Half", signed: int) -> None:
        self.half = half
        self.signed = signed
        self.first: _Place | None = None
        self.last: _Place | None = None
        self.is_in_line = False

    @property
    def price(self) -> int:
        return -self.signed if self.half.is_bids else self.signed


class _Half:
    """One side of one book.

    A level that everybody has left stays in `line` until it comes to the front, which
    `QueueWitness._first_of` sees; it is known for good, since its price mostly comes back.

    Attributes:
        levels: by signed price, every level that there ever was.
        line: those where somebody may stand, the least signed price last.
    """

    __slots__ = ("is_bids", "levels", "line")

    def __init__(self, is_bids: bool) -> None:
        self.is_bids = is_bids
        self.levels: dict[int, _Level] = {}
        self.line: list[_Level] = []

    def line_up(self, level: _Level) -> None:
        """Put a level into the line."""
        line, signed = self.line, level.signed
        low, high = 0, len(line)
        while low < high:
            middle = (low + high) >> 1
            if line[middle].signed > signed:
                low = middle + 1
            else:
                high = middle
        line.insert(low, level)
        level.is_in_line = True


class QueueWitness(VenueWatcher):
    """Everybody's resting orders at one venue.

    Attributes:
        wrong: what the venue did against its own rules, in order.
    """

    sees_queues: ClassVar[bool] = True

    def __init__(self) -> None:
        self.wrong: list[Violation] = []
        self._books: dict[str, tuple[_Half, _Half]] = {}  # asks, bids
        self._symbol = ""  # of the book that was spoken of last
        self._asks, self._bids = _Half(False), _Half(True)  # its sides
        self._places: dict[_Key, _Place] = {}  # where each order stands now
        self._filled: dict[str, int] = {}  # of our orders
        self._arrived = ""  # our order that came last and may still be trading
        self._arrived_against: _Half | None = None  # whom it trades with
        self._trade_id = ""  # of the last trade
        self._price = self._size = 0
        self._owed: _Key = 0  # our order that it met and that must be told next

    # --- places ----------------------------------------------------------------------------

    def rested(self, symbol: str, number: _Key, is_buy: bool, price: int, size: int) -> None:
        if self._arrived:
            self._has_arrived()
        if symbol != self._symbol:
            self._turn_to(symbol)
        if is_buy:
            half, signed = self._bids, -price
        else:
            half, signed = self._asks, price
        level = half.levels.get(signed)
        if level is None:
            level = half.levels[signed] = _Level(half, signed)
        if not level.is_in_line:
            half.line_up(level)
        place = self._places.get(number)
        if place is not None:
            place.leave()  # at the back, wherever it stood
        self._places[number] = _Place(number, level, size)

    def resized(self, number: int, size: int) -> None:
        if self._arrived:
            self._has_arrived()
        if not size:
            self._remove(number)
        elif (place := self._places.get(number)) is not None:
            place.size = size

    def _turn_to(self, symbol: str) -> None:
        halves = self._books.get(symbol)
        if halves is None:
            halves = self._books[symbol] = (_Half(False), _Half(True))
        self._symbol = symbol
        self._asks, self._bids = halves

    def _remove(self, key: _Key) -> None:
        place = self._places.pop(key, None)
        if place is not None:
            place.leave()

    def _first_of(self, half: _Half) -> _Place | None:
        """Who is first on that side, or None where nobody stands."""
        line = half.line
        while line:
            level = line[-1]
            if level.first is not None:
                return level.first
            level.is_in_line = False
            line.pop()
        return None

    # --- trades ----------------------------------------------------------------------------

    def traded(
        self, symbol: str, trade_id: str, is_buy: bool, price: int, size: int, struck: int | str
    ) -> None:
        if self._owed:
            self._say(self._trade_id, f"met {self._owed}, which was not told of it")
            self._owed = 0
        self._trade_id, self._price, self._size = trade_id, price, size
        if symbol != self._symbol:
            self._turn_to(symbol)
        half = self._asks if is_buy else self._bids
        place = self._first_of(half)
        if place is None:
            self._say(trade_id, f"{size} at {price} traded where nobody stood")
            return
        if struck:
            place = self._places.get(struck)
            if place is None or place.level.half is not half:
                self._say(trade_id, f"met order {struck}, which does not stand there")
                return
        key = place.key
        stood = place.level.price
        if price != stood:
            self._say(trade_id, f"traded at {price} while {key} stood first at {stood}")
        left = place.size
        if size < left:
            place.size = left - size
        else:
            self._remove(key)
            if size > left:
                self._say(trade_id, f"{size} traded with {key}, of which {left} was left")
        if type(key) is str:
            self._owed = key

    def on_fill(self, trade: OwnTrade, order: OwnOrder) -> None:
        name = trade.client_order_id
        price, size = trade.price, trade.quantity
        if price != self._price or size != self._size or trade.trade_id != self._trade_id:
            self._say(
                name, f"{size} at {price} in {trade.trade_id}, which nobody else took part in"
            )
        owed, self._owed = self._owed, 0
        if trade.liquidity == _MAKER:
            if owed != name:
                self._say(
                    name, f"filled in {trade.trade_id}, where {owed or 'another'} stood first"
                )
        else:
            if owed:
                self._say(owed, f"met in {trade.trade_id} by {name}, of the same account")
            place = self._places.get(name)
            if place is not None:
                if size < place.size:
                    place.size -= size
                else:
                    self._remove(name)
        limit = order.price
        if limit is not None and (price > limit if trade.side == _BUY else price < limit):
            self._say(name, f"filled at {price}, its limit is {limit}")
        filled = self._filled[name] = self._filled.get(name, 0) + size
        if filled > order.quantity:
            self._say(name, f"filled {filled} of {order.quantity}")

    # --- our orders ------------------------------------------------------------------------

    def on_order(
        self, event: str, order: OwnOrder, request_id: str | None, due_post_only: bool, ts: int
    ) -> None:
        name = order.client_order_id
        price = order.price
        if event == "UPDATED":
            self._update(name, order)
        elif event == "TRIGGERED" or (event == "ACCEPTED" and order.trigger_price is None):
            if price is not None:
                self._arrive(name, order, price, order.quantity - self._filled.get(name, 0))
        elif event != "ACCEPTED":
            self._remove(name)

    def _update(self, name: str, order: OwnOrder) -> None:
        place = self._places.get(name)
        price = order.price
        if place is None or price is None:
            return
        left = order.quantity - self._filled.get(name, 0)
        signed = -price if order.side == _BUY else price
        if place.level.signed != signed or left > place.size:
            self._remove(name)
            self._arrive(name, order, price, left)
        elif left > 0:
            place.size = left
        else:
            self._remove(name)

    def _arrive(self, name: str, order: OwnOrder, price: int, left: int) -> None:
        # what it trades now may shrink others of ours; the next that comes, comes after it
        symbol, is_buy = order.symbol, order.side == _BUY
        self.rested(symbol, name, is_buy, price, left)
        self._arrived = name
        self._arrived_against = self._asks if is_buy else self._bids

    def _has_arrived(self) -> None:
        """Our last order has traded what it could: what is left of it must meet nobody."""
        name, self._arrived = self._arrived, ""
        place = self._places.get(name)
        if place is None or self._arrived_against is None:
            return
        first = self._first_of(self._arrived_against)
        if first is not None and place.level.signed + first.level.signed <= 0:
            self._say(name, f"rests at {place.level.price}, where it would trade")

    # --- the end ---------------------------------------------------------------------------

    def levels(self, symbol: str, is_buy: bool) -> dict[int, int]:
        """What rests on one side: size by price, the best first."""
        sizes: dict[int, int] = {}
        halves = self._books.get(symbol)
        if halves is None:
            return sizes
        for level in reversed(halves[is_buy].line):
            place = level.first
            if place is not None:
                whole = 0
                while place is not None:
                    whole += place.size
                    place = place.after
                sizes[level.price] = whole
        return sizes

    def over(self) -> None:
        """Nothing happens any more."""
        if self._owed:
            self._say(self._trade_id, f"met {self._owed}, which was not told of it")
        self._has_arrived()

    def are_levels(self, symbol: str, is_buy: bool, shown: Levels) -> bool:
        """Whether just these rest on one side: (price, size), each price once."""
        halves = self._books.get(symbol)
        if halves is None:
            return not shown
        levels = halves[is_buy].levels
        for price, size in shown:
            level = levels.get(-price if is_buy else price)
            if level is None:
                return False
            left = size
            place = level.first
            if place is None:
                return False
            while place is not None:
                left -= place.size
                place = place.after
            if left:
                return False
        others = len(levels) - len(shown)
        for level in levels.values():
            if level.first is None:
                others -= 1
        return not others

    def _say(self, subject: _Key, detail: str) -> None:
        self.wrong.append(Violation(str(subject), detail))


class FirstInLineTrades(Check):
    facts: ClassVar[Kinds] = (OrderFilled,)

    def __init__(self) -> None:
        self._witnesses: dict[str, QueueWitness] = {}

    def watcher(self, venue: str) -> VenueWatcher:
        witness = self._witnesses[venue] = QueueWitness()
        return witness

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        for witness in self._witnesses.values():
            if witness.wrong:
                return iter(witness.wrong)
        return None

    def end(self, evidence: Evidence) -> list[Violation] | None:
        wrong: list[Violation] = []
        for witness in self._witnesses.values():
            witness.over()
            wrong += witness.wrong
        for truth in evidence.truths():
            witnessed = self._witnesses.get(truth.venue)
            if witnessed is None:
                continue
            for book in truth.books:
                instrument_id = cast(InstrumentId, book.instrument_id)
                instrument = evidence.view.cache.instrument(instrument_id)
                if instrument is None:
                    continue
                symbol = str(instrument.id.symbol)
                bids, asks = _by(instrument, book, book.bids), _by(instrument, book, book.asks)
                if not witnessed.are_levels(symbol, True, bids):
                    wrong.append(_misshown(book, "bids", bids, witnessed.levels(symbol, True)))
                if not witnessed.are_levels(symbol, False, asks):
                    wrong.append(_misshown(book, "asks", asks, witnessed.levels(symbol, False)))
        return wrong or None


def _by(instrument: AnyInstrument, book: TrueBook, levels: Levels) -> Levels:
    """Levels of the venue's book at the precisions of the definition that it gave out."""
    price_precision, size_precision = instrument.price_precision, instrument.size_precision
    if book.price_precision == price_precision and book.size_precision == size_precision:
        return levels
    price_unit, size_unit = UNITS[book.price_precision], UNITS[book.size_precision]
    tick, step = UNITS[price_precision], UNITS[size_precision]
    return tuple([(price * price_unit // tick, size * size_unit // step) for price, size in levels])


def _misshown(book: TrueBook, side: str, shown: Levels, stands: dict[int, int]) -> Violation:
    told = f"shows {side} {dict(shown)}, what came and went leaves {stands}"
    return Violation(book.instrument_id, told)


class _OwnTrades(VenueWatcher):
    """Our trades at one venue, each with its order as it then stood, until they are judged."""

    def __init__(self) -> None:
        self.trades: list[tuple[OwnTrade, OwnOrder]] = []

    def on_fill(self, trade: OwnTrade, order: OwnOrder) -> None:
        self.trades.append((trade, order))


class TermsAreHonoured(Check):
    """The terms are those the order was made with, wherever on the way they were lost."""

    facts: ClassVar[Kinds] = (OrderFilled,)

    def __init__(self) -> None:
        self._watchers: list[_OwnTrades] = []

    def watcher(self, venue: str) -> VenueWatcher:
        watcher = _OwnTrades()
        self._watchers.append(watcher)
        return watcher

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        for watcher in self._watchers:
            if watcher.trades:
                wrong: list[Violation] = []
                for trade, order in watcher.trades:
                    asked = evidence.order_named(trade.client_order_id)
                    told = "" if asked is None else self._fault(trade, order, asked.init)
                    if told:
                        wrong.append(Violation(trade.client_order_id, told))
                watcher.trades.clear()
                if wrong:
                    return iter(wrong)
        return None

    @staticmethod
    def _fault(trade: OwnTrade, order: OwnOrder, asked: OrderInitialized) -> str:
        tif = asked.time_in_force
        if asked.post_only and trade.liquidity != _MAKER:
            return f"is post-only and took {trade.quantity} at {trade.price}"
        if tif is _GTC:
            return ""
        if tif is _IOC or tif is _FOK:
            if trade.liquidity == _MAKER or (order.ts_accepted and trade.ts != order.ts_accepted):
                return f"is {tif.name}, arrived at {order.ts_accepted} and traded at {trade.ts}"
        elif tif is _GTD:
            if trade.ts > asked.expire_time_ns:
                return f"expired at {asked.expire_time_ns} and traded at {trade.ts}"
        elif tif is _DAY and trade.ts // _DAY_NS > order.ts_accepted // _DAY_NS:
            return f"is of the day of {order.ts_accepted} and traded at {trade.ts}"
        return ""

    def end(self, evidence: Evidence) -> list[Violation] | None:
        wrong = list(self.turn(evidence) or ())
        for truth in evidence.truths():
            for true in truth.orders:
                name = true.client_order_id
                asked = evidence.order_named(name)
                if asked is None:
                    continue
                init = asked.init
                tif = init.time_in_force
                told = ""
                if true.status not in _OPEN:
                    if tif is _FOK and 0 < true.filled_raw < true.quantity_raw:
                        told = f"is FOK, filled {true.filled_raw} of {true.quantity_raw} raw"
                elif tif is _IOC or tif is _FOK:
                    told = f"is {tif.name} and rests"
                elif true.price_raw is None and (true.filled_raw or init.order_type is _MARKET):
                    told = f"has no price and is open, filled {true.filled_raw} raw"
                elif tif is _GTD and truth.ts > init.expire_time_ns:
                    told = f"expired at {init.expire_time_ns} and is open at {truth.ts}"
                if told:
                    wrong.append(Violation(name, told))
        return wrong or None
