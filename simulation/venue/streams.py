"""The venue's stream side: connections, channels, numbered frames, heartbeats.

Frames of one connection keep their order; each market or user frame is numbered per channel.
While a request is being answered frames are held back, and leave when `release` is called.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from invariants.truth import TrueSubscription
from simulation.entropy import Stream
from simulation.faults import FaultKind
from simulation.injection import Faults
from simulation.venue.definitions import instrument_record
from simulation.venue.enums import MarketStatus
from simulation.venue.exchange import Exchange
from simulation.venue.orders import VenueOrder
from simulation.venue.protocol import (
    CHANNEL_BOOK,
    CHANNEL_DEPTH,
    CHANNEL_INSTRUMENT,
    CHANNEL_QUOTES,
    CHANNEL_TRADES,
    CHANNEL_USER,
    DEPTH_LEVELS,
    NOT_A_MESSAGE,
    BalanceFrame,
    BalanceRecord,
    BookFrame,
    DepthFrame,
    FillFrame,
    Heartbeat,
    InstrumentFrame,
    LoggedIn,
    Login,
    LoginRefused,
    OrderFrame,
    OrderRecord,
    Ping,
    Pong,
    QuoteFrame,
    SettlementFrame,
    StreamRefused,
    StreamSubscribe,
    StreamSubscribed,
    StreamUnsubscribe,
    StreamUnsubscribed,
    TradeFrame,
    TradeRecord,
    decode_client_frame,
    encode,
)
from simulation.venue.sessions import ChannelKey, Peer, Session, true_subscriptions

Levels = tuple[tuple[int, int], ...]
Best = tuple[Levels, Levels]  # bids, asks
UserFrame = OrderFrame | FillFrame | BalanceFrame | SettlementFrame

_MARKET: Final = (
    CHANNEL_QUOTES,
    CHANNEL_TRADES,
    CHANNEL_BOOK,
    CHANNEL_DEPTH,
    CHANNEL_INSTRUMENT,
)
USER: Final[ChannelKey] = (CHANNEL_USER, "")
_REMEMBERED: Final = 16  # user frames that a reconnect may see again
_STILL_NS: Final = 5_000_000_000  # a book that was answered with an older one changes by then
_BALANCES_NS: Final = 500_000_000  # balances that change are told this much later, once

GAP: Final = FaultKind.GAP


class Streams:
    """Every open connection of one venue; hears the exchange and tells the subscribers.

    Args:
        takes_key: whether a login key is good.
        stream: draws how many frames are repeated, never whether.

    Attributes:
        sessions: open connections by peer id.
        withheld_ns: by peer id, when its first user frame was withheld.
    """

    def __init__(
        self,
        exchange: Exchange,
        faults: Faults,
        stream: Stream,
        heartbeat_ns: int,
        takes_key: Callable[[str], bool],
    ) -> None:
        self._exchange = exchange
        self._faults = faults
        self._stream = stream
        self._heartbeat_ns = heartbeat_ns
        self._takes_key = takes_key
        self.sessions: dict[int, Session] = {}
        self.withheld_ns: dict[int, int] = {}
        self._recent: deque[UserFrame] = deque(maxlen=_REMEMBERED)
        self._had_user_session = False
        self._balances_wait = False  # changed, and due to be told
        self._held: list[tuple[Session, bytes]] | None = None
        self._instrument_ids = {
            symbol: book.listing.instrument_id for symbol, book in exchange.books.items()
        }
        self._depths: dict[str, Best] = {}  # as last sent, of what was ever subscribed to
        exchange.listen(self)
        exchange.tell_amendments_to(self.on_amended)
        exchange.count_subscriptions_with(self.subscriptions)

    def subscriptions(self) -> tuple[TrueSubscription, ...]:
        """What all open connections together hold, duplicates counted, sorted."""
        return true_subscriptions(self.sessions, self._instrument_ids)

    # --- connections -----------------------------------------------------------------------

    def on_connect(self, peer: Peer) -> None:
        self.sessions[peer.id] = Session(peer)

    def on_close(self, peer: Peer) -> None:
        self.sessions.pop(peer.id, None)

    def on_frame(self, peer: Peer, body: bytes) -> None:
        """A client frame. One that cannot be read ends the connection."""
        session = self.sessions.get(peer.id)
        if session is None:
            return
        try:
            frame = decode_client_frame(body)
        except NOT_A_MESSAGE:
            self._drop(session)
            return
        if isinstance(frame, Ping):
            self._send(session, encode(Pong(frame.ts)))
        elif isinstance(frame, Login):
            self._login(session, frame)
        elif not session.logged_in:
            self._refuse(session, frame, "log in first")
        elif isinstance(frame, StreamSubscribe):
            self._subscribe(session, frame)
        else:
            self._unsubscribe(session, frame)

    def _login(self, session: Session, frame: Login) -> None:
        if not self._takes_key(frame.key):
            self._send(session, encode(LoginRefused("unknown key")))
            return
        self._send(session, encode(LoggedIn(self._exchange.account_id)))
        if not session.logged_in:
            session.logged_in = True
            self._schedule_beat(session)

    def _subscribe(self, session: Session, frame: StreamSubscribe) -> None:
        channel, symbol = key = (frame.channel, frame.symbol)
        if not self._is_channel(key):
            self._refuse(session, frame, "no such channel or symbol")
            return
        session.subscribe(key)
        self._send(session, encode(StreamSubscribed(channel, symbol)))
        if channel == CHANNEL_QUOTES:
            self._restate_quote(session, symbol)
        elif channel == CHANNEL_DEPTH:
            self._restate_depth(session, symbol)
        elif channel == CHANNEL_INSTRUMENT:
            self._restate_instrument(session, symbol)
        elif channel == CHANNEL_USER:
            self._repeat_user_frames(session)
            self._had_user_session = True

    def _unsubscribe(self, session: Session, frame: StreamUnsubscribe) -> None:
        if not session.unsubscribe((frame.channel, frame.symbol)):
            self._refuse(session, frame, "not subscribed")
            return
        self._send(session, encode(StreamUnsubscribed(frame.channel, frame.symbol)))

    def _is_channel(self, key: ChannelKey) -> bool:
        channel, symbol = key
        if channel == CHANNEL_USER:
            return symbol == ""
        return channel in _MARKET and symbol in self._exchange.books

    def _refuse(
        self, session: Session, frame: StreamSubscribe | StreamUnsubscribe, reason: str
    ) -> None:
        self._send(session, encode(StreamRefused(frame.channel, frame.symbol, reason)))

    def _drop(self, session: Session) -> None:
        self.sessions.pop(session.peer.id, None)
        session.peer.close()

    def _repeat_user_frames(self, session: Session) -> None:
        recent = self._recent
        if not self._had_user_session or not recent:
            return
        if not self._faults.fires(FaultKind.DUPLICATE_AFTER_RECONNECT, "venue.user"):
            return
        count = 1 + self._stream.below(len(recent), "duplicates")
        for frame in list(recent)[-count:]:
            again = msgspec.structs.replace(frame, seq=session.next_seq(USER))
            self._send(session, encode(again))

    def owe_change(self, symbol: str) -> None:
        """Say the best levels again, under a new number, if the book does not change for seconds:
        an older picture of it shows then too."""
        update = self._exchange.books[symbol].update
        at_ns = self._exchange.now() + _STILL_NS
        self._exchange.schedule(at_ns, partial(self._change, symbol, update))

    def _change(self, symbol: str, update: int) -> None:
        book = self._exchange.books[symbol]
        if book.update == update and book.status is not MarketStatus.EXPIRED:
            self.on_book(symbol, *book.restate(), self._exchange.now())

    def _schedule_beat(self, session: Session) -> None:
        at_ns = self._exchange.now() + self._heartbeat_ns
        self._exchange.schedule(at_ns, partial(self._beat, session))

    def _beat(self, session: Session) -> None:
        if self.sessions.get(session.peer.id) is not session:
            return
        now = self._exchange.now()
        self._send(session, encode(Heartbeat(now)))
        gapped, session.gapped = session.gapped, {}
        for key in gapped:
            channel, symbol = key
            if channel == CHANNEL_USER:
                self._tell_balances()
            elif channel == CHANNEL_QUOTES:
                self._restate_quote(session, symbol)
            elif channel == CHANNEL_BOOK:
                update, bids, asks = self._exchange.books[symbol].restate()
                self.on_book(symbol, update, bids, asks, now)
            elif channel == CHANNEL_DEPTH:
                self._restate_depth(session, symbol)
            elif channel == CHANNEL_INSTRUMENT:
                self._restate_instrument(session, symbol)
        self._schedule_beat(session)

    def _restate_quote(self, session: Session, symbol: str) -> None:
        bid, ask, bid_size, ask_size = self._exchange.books[symbol].quote
        if not bid_size and not ask_size:
            return
        seq = session.next_seq((CHANNEL_QUOTES, symbol))
        now = self._exchange.now()
        self._send(session, encode(QuoteFrame(seq, symbol, bid, ask, bid_size, ask_size, now)))

    def _restate_depth(self, session: Session, symbol: str) -> None:
        best = self._depths[symbol] = self._best(symbol)
        self._send_depth(session, symbol, best, self._exchange.now())

    def _send_depth(self, session: Session, symbol: str, best: Best, ts: int) -> None:
        seq = session.next_seq((CHANNEL_DEPTH, symbol))
        update = self._exchange.books[symbol].update
        self._send(session, encode(DepthFrame(seq, symbol, update, *best, ts)))

    def _best(self, symbol: str) -> Best:
        _, bids, asks = self._exchange.books[symbol].depth()
        return bids[:DEPTH_LEVELS], asks[:DEPTH_LEVELS]

    def _restate_instrument(self, session: Session, symbol: str) -> None:
        exchange = self._exchange
        record = instrument_record(
            exchange.books[symbol].listing,
            exchange.rates[symbol],
            exchange.expiry.settled.get(symbol),
        )
        seq = session.next_seq((CHANNEL_INSTRUMENT, symbol))
        self._send(session, encode(InstrumentFrame(seq, symbol, record, exchange.now())))

    # --- what the exchange says -----------------------------------------------------------

    def on_order(
        self, event: str, order: OrderRecord, request_id: str | None, due_post_only: bool, ts: int
    ) -> None:
        self._tell_user(OrderFrame(0, event, order, request_id, due_post_only, ts))

    def on_fill(self, trade: TradeRecord, order: VenueOrder) -> None:
        self._tell_user(FillFrame(0, trade, order.record()))

    def on_settlement(self, symbol: str, price: int, ts: int) -> None:
        self._tell_user(SettlementFrame(0, symbol, price, ts))

    def on_balances(self, balances: tuple[BalanceRecord, ...], ts: int) -> None:
        """Once for all that changes within half a second, as it then stands."""
        if not self._balances_wait:
            self._balances_wait = True
            self._exchange.schedule(ts + _BALANCES_NS, self._tell_balances)

    def _tell_balances(self) -> None:
        self._balances_wait = False
        balances = self._exchange.ledger.balance_records()
        self._tell_user(BalanceFrame(0, balances, self._exchange.now()))

    def on_trade(
        self, symbol: str, trade_id: str, price: int, quantity: int, aggressor: str, ts: int
    ) -> None:
        key = (CHANNEL_TRADES, symbol)
        for session in self._listening(key, "venue.trades"):
            seq = session.next_seq(key)
            frame = TradeFrame(seq, symbol, trade_id, price, quantity, aggressor, ts)
            self._send(session, encode(frame))

    def on_book(
        self,
        symbol: str,
        update: int,
        bids: tuple[tuple[int, int], ...],
        asks: tuple[tuple[int, int], ...],
        ts: int,
    ) -> None:
        key = (CHANNEL_BOOK, symbol)
        for session in self._listening(key, "venue.book"):
            frame = BookFrame(session.next_seq(key), symbol, update, bids, asks, ts)
            self._send(session, encode(frame))
        if symbol in self._depths:  # somebody has subscribed to it once
            best = self._best(symbol)
            if best != self._depths[symbol]:
                self._depths[symbol] = best
                for session in self._listening((CHANNEL_DEPTH, symbol), "venue.depth"):
                    self._send_depth(session, symbol, best, ts)

    def on_amended(self, symbol: str) -> None:
        """A definition has changed."""
        for session in self._listening((CHANNEL_INSTRUMENT, symbol), "venue.instrument"):
            self._restate_instrument(session, symbol)

    def on_quote(
        self, symbol: str, bid: int, ask: int, bid_size: int, ask_size: int, ts: int
    ) -> None:
        key = (CHANNEL_QUOTES, symbol)
        for session in self._listening(key, "venue.quotes"):
            frame = QuoteFrame(session.next_seq(key), symbol, bid, ask, bid_size, ask_size, ts)
            self._send(session, encode(frame))

    def _tell_user(self, frame: UserFrame) -> None:
        self._recent.append(frame)
        for session in self._listening(USER, "venue.user"):
            numbered = msgspec.structs.replace(frame, seq=session.next_seq(USER))
            self._send(session, encode(numbered))

    def _listening(self, key: ChannelKey, where: str) -> list[Session]:
        """Who gets the next frame of a channel. A session whose frame is withheld (GAP) has its
        number used up here and is left out."""
        listening = []
        for session in self.sessions.values():
            if key not in session.subscriptions:
                continue
            if self._faults.fires(GAP, where):
                session.next_seq(key)
                session.gapped[key] = None
                if key == USER:
                    self.withheld_ns.setdefault(session.peer.id, self._exchange.now())
            else:
                if session.gapped:
                    session.gapped.pop(key, None)
                listening.append(session)
        return listening

    # --- the order of frames and answers ---------------------------------------------------

    def hold(self) -> None:
        """Keep frames back until `release`."""
        if self._held is None:
            self._held = []

    @property
    def is_holding(self) -> bool:
        return bool(self._held)

    def release(self) -> None:
        """Send what was held, in order. Harmless when nothing was."""
        held, self._held = self._held, None
        for session, body in held or ():
            session.peer.send(body)

    def _send(self, session: Session, body: bytes) -> None:
        if self._held is None:
            session.peer.send(body)
        else:
            self._held.append((session, body))
