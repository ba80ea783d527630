"""Book channels kept in step: a picture, then every change after it, none twice, none missing.

The stream sends changes only, each with the book's update number. So: hold the changes back, ask
for a picture, drop the changes that it includes, apply the rest. A missing number means starting
over. A picture older than what the stream has shown is stale: it is asked for again and never
applied.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from engine.clients import Post
from engine.model.data import F_LAST, F_SNAPSHOT, OrderBookDelta, OrderBookDeltas
from engine.model.enums import BUY, SELL, BookAction, OrderSide
from simulation.client_mapping import Instrument, Mapper
from simulation.client_requests import UNREADABLE, Requests
from simulation.scheduler import Scheduler
from simulation.venue.protocol import AnswerBody, BookFrame, DepthAnswer, DepthQuery, encode

CLEAR: Final = BookAction.CLEAR
ADD: Final = BookAction.ADD
UPDATE: Final = BookAction.UPDATE
DELETE: Final = BookAction.DELETE

# More changes than this wait for no picture: the next picture will include them.
HELD_MAX: Final = 10_000
PAUSE_NS: Final = 250_000_000  # before a picture that was not given is asked for again


class BookChannel:
    """Where one book stands.

    Attributes:
        is_synced: A picture is applied and nothing is missing after it.
        update: Number of the last change applied; 0 before the first picture. Kept over
            reconnects: no later picture may be older.
        stale: Pictures refused because they were older than the stream.
        gaps: Changes that were missing.
    """

    __slots__ = ("_held", "_seen", "gaps", "is_synced", "stale", "symbol", "update")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.is_synced = False
        self.update = 0
        self.stale = 0
        self.gaps = 0
        self._held: list[BookFrame] = []
        self._seen = 0  # the newest update number that the stream has shown

    def restart(self) -> None:
        """Hold everything back until the next picture."""
        self.is_synced = False
        self._held = []

    def on_frame(self, frame: BookFrame) -> bool:
        """Take one change. True: apply it. False: it is held back, known, or shows a gap.

        After False with `is_synced` False the book needs a picture.
        """
        update = frame.update
        if update > self._seen:
            self._seen = update
        if not self.is_synced:
            if len(self._held) >= HELD_MAX:
                self._held = []
            self._held.append(frame)
            return False
        if update == self.update + 1:
            self.update = update
            return True
        if update <= self.update:
            return False
        self.gaps += 1
        self.restart()
        self._held.append(frame)
        return False

    def on_picture(self, picture: DepthAnswer) -> list[BookFrame] | None:
        """Take a picture. None: it is stale, ask again. Else apply it, then these changes."""
        held = [frame for frame in self._held if frame.update > picture.update]
        expected = picture.update + 1
        for frame in held:
            if frame.update != expected:
                break
            expected += 1
        if picture.update < self.update or expected <= self._seen:
            self.stale += 1
            return None
        self._held = []
        self.is_synced = True
        self.update = expected - 1
        return held


class Books:
    """Every book channel of a client: asks for pictures, posts what the kernel may apply."""

    __slots__ = ("_asked", "_channels", "_mapper", "_new_id", "_post", "_requests", "_scheduler")

    def __init__(
        self,
        scheduler: Scheduler,
        requests: Requests,
        mapper: Mapper,
        post: Post,
        new_id: Callable[[], str],
    ) -> None:
        self._scheduler = scheduler
        self._requests = requests
        self._mapper = mapper
        self._post = post
        self._new_id = new_id
        self._channels: dict[str, BookChannel] = {}
        self._asked: dict[str, str] = {}  # symbol -> id of the request whose answer counts

    def channel(self, symbol: str) -> BookChannel:
        channel = self._channels.get(symbol)
        if channel is None:
            channel = self._channels[symbol] = BookChannel(symbol)
        return channel

    def subscribed(self, symbol: str) -> None:
        """The venue sends changes from now on."""
        self.channel(symbol).restart()
        self._ask(symbol)

    def unsubscribed(self, symbol: str) -> None:
        self._asked.pop(symbol, None)
        self.channel(symbol).restart()

    def lost(self) -> None:
        """The connection is gone: every book starts over after the next subscription."""
        self._asked = {}
        for channel in self._channels.values():
            channel.restart()

    def on_frame(self, frame: BookFrame) -> None:
        """Raises UnknownSymbol when the venue never defined the instrument."""
        symbol = frame.symbol
        channel = self.channel(symbol)
        if channel.on_frame(frame):
            self._post_changes(frame, self._mapper.instrument(symbol))
        elif not channel.is_synced and symbol not in self._asked:
            self._ask(symbol)

    def _ask(self, symbol: str) -> None:
        request_id = self._new_id()
        self._asked[symbol] = request_id
        self._requests.send_in_turn(
            request_id,
            encode(DepthQuery(request_id, symbol)),
            partial(self._on_answer, symbol, request_id),
            partial(self._on_silence, symbol, request_id),
        )

    def _on_answer(
        self,
        symbol: str,
        request_id: str,
        status: int,
        answer: AnswerBody,
        sent_ns: int,
        late: bool,
    ) -> None:
        if late or self._asked.get(symbol) != request_id:
            return
        instrument = self._mapper.instruments.get(symbol)
        if not isinstance(answer, DepthAnswer) or answer.symbol != symbol or instrument is None:
            self._on_silence(symbol, request_id, UNREADABLE, sent_ns)
            return
        changes = self._channels[symbol].on_picture(answer)
        if changes is None:
            self._ask(symbol)
            return
        del self._asked[symbol]
        self._post(picture_deltas(answer, instrument, self._scheduler.now_ns))
        for frame in changes:
            self._post_changes(frame, instrument)

    def _on_silence(self, symbol: str, request_id: str, why: str, sent_ns: int) -> None:
        # not at once: a venue that refuses quickly would be asked without end
        due_ns = self._scheduler.now_ns + PAUSE_NS
        self._scheduler.post(due_ns, partial(self._ask_again, symbol, request_id))

    def _ask_again(self, symbol: str, request_id: str) -> None:
        if self._asked.get(symbol) == request_id:
            self._ask(symbol)

    def _post_changes(self, frame: BookFrame, instrument: Instrument) -> None:
        deltas = frame_deltas(frame, instrument, self._scheduler.now_ns)
        if deltas is not None:
            self._post(deltas)


def picture_deltas(picture: DepthAnswer, instrument: Instrument, now_ns: int) -> OrderBookDeltas:
    """A whole book: CLEAR, then every level. Its time is when we heard it."""
    flags = F_SNAPSHOT
    sequence = picture.update
    deltas = [OrderBookDelta(CLEAR, None, 0, 0, flags, sequence)]
    for side, levels in ((BUY, picture.bids), (SELL, picture.asks)):
        for price, size in levels:
            deltas.append(OrderBookDelta(ADD, side, price, size, flags, sequence))
    return _group(deltas, instrument, now_ns, now_ns)


def frame_deltas(frame: BookFrame, instrument: Instrument, now_ns: int) -> OrderBookDeltas | None:
    """The changed levels of one update; None when it changed nothing."""
    deltas: list[OrderBookDelta] = []
    _add_changes(deltas, BUY, frame.bids, frame.update)
    _add_changes(deltas, SELL, frame.asks, frame.update)
    return _group(deltas, instrument, frame.ts, now_ns) if deltas else None


def _add_changes(
    deltas: list[OrderBookDelta],
    side: OrderSide,
    levels: tuple[tuple[int, int], ...],
    sequence: int,
) -> None:
    for price, size in levels:
        action = UPDATE if size else DELETE
        deltas.append(OrderBookDelta(action, side, price, size, 0, sequence))


def _group(
    deltas: list[OrderBookDelta], instrument: Instrument, ts_event: int, now_ns: int
) -> OrderBookDeltas:
    last = deltas[-1]
    deltas[-1] = OrderBookDelta(
        last.action,
        last.side,
        last.price_mantissa,
        last.size_mantissa,
        last.flags | F_LAST,
        last.sequence,
    )
    return OrderBookDeltas(
        instrument.id,
        tuple(deltas),
        instrument.price_precision,
        instrument.size_precision,
        ts_event,
        now_ns,
    )
