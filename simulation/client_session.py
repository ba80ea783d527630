"""The client's stream: connected, logged in, subscribed, alive; or on the way back to it.

All states and what moves them stand in `MOVES`. Silence is bounded: no frame for `dead_after_ns`
ends the connection, whatever it was doing. A lost connection is tried again for ever, ever more
slowly, until it is live or a disconnect is asked for.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, Protocol, cast

from simulation.client_session_config import SessionConfig as SessionConfig
from simulation.entropy import Stream
from simulation.network import Network
from simulation.scheduler import Handle, Scheduler
from simulation.stream import Connection
from simulation.venue.protocol import (
    CHANNEL_BOOK,
    CHANNEL_DEPTH,
    CHANNEL_INSTRUMENT,
    CHANNEL_QUOTES,
    CHANNEL_TRADES,
    CHANNEL_USER,
    NOT_A_MESSAGE,
    BalanceFrame,
    BookFrame,
    DepthFrame,
    FillFrame,
    InstrumentFrame,
    LoggedIn,
    Login,
    LoginRefused,
    OrderFrame,
    Ping,
    QuoteFrame,
    SettlementFrame,
    StreamRefused,
    StreamSubscribe,
    StreamSubscribed,
    StreamUnsubscribe,
    TradeFrame,
    VenueFrame,
    decode_venue_frame,
    encode,
)

MarketFrame = QuoteFrame | TradeFrame | BookFrame | DepthFrame | InstrumentFrame
NumberedFrame = MarketFrame | OrderFrame | FillFrame | BalanceFrame | SettlementFrame
Topic = tuple[str, str]  # channel, symbol

USER: Final[Topic] = (CHANNEL_USER, "")
_CHANNEL_OF: Final[Mapping[type, str]] = {
    QuoteFrame: CHANNEL_QUOTES,
    TradeFrame: CHANNEL_TRADES,
    BookFrame: CHANNEL_BOOK,
    DepthFrame: CHANNEL_DEPTH,
    InstrumentFrame: CHANNEL_INSTRUMENT,
    OrderFrame: CHANNEL_USER,
    FillFrame: CHANNEL_USER,
    BalanceFrame: CHANNEL_USER,
    SettlementFrame: CHANNEL_USER,
}


class SessionState(IntEnum):
    DISCONNECTED = 0
    CONNECTING = 1
    LOGGING_IN = 2
    SUBSCRIBING = 3
    LIVE = 4
    BACKOFF = 5


class Trigger(IntEnum):
    CONNECT = 0  # asked for
    OPENED = 1
    LOGGED_IN = 2
    SUBSCRIBED = 3  # prepared, and every wanted channel confirmed
    LOST = 4  # closed, refused, silent, unreadable
    RETRY = 5
    DISCONNECT = 6  # asked for


S, T = SessionState, Trigger
MOVES: Final[Mapping[SessionState, Mapping[Trigger, SessionState]]] = {
    S.DISCONNECTED: {T.CONNECT: S.CONNECTING, T.DISCONNECT: S.DISCONNECTED},
    S.CONNECTING: {
        T.CONNECT: S.CONNECTING,
        T.OPENED: S.LOGGING_IN,
        T.LOST: S.BACKOFF,
        T.DISCONNECT: S.DISCONNECTED,
    },
    S.LOGGING_IN: {
        T.CONNECT: S.LOGGING_IN,
        T.LOGGED_IN: S.SUBSCRIBING,
        T.LOST: S.BACKOFF,
        T.DISCONNECT: S.DISCONNECTED,
    },
    S.SUBSCRIBING: {
        T.CONNECT: S.SUBSCRIBING,
        T.SUBSCRIBED: S.LIVE,
        T.LOST: S.BACKOFF,
        T.DISCONNECT: S.DISCONNECTED,
    },
    S.LIVE: {T.CONNECT: S.LIVE, T.LOST: S.BACKOFF, T.DISCONNECT: S.DISCONNECTED},
    # an attempt is due already: asking again does not hurry it
    S.BACKOFF: {T.CONNECT: S.BACKOFF, T.RETRY: S.CONNECTING, T.DISCONNECT: S.DISCONNECTED},
}


class IllegalMove(Exception):
    """The session was told something that cannot happen in its state."""

    def __init__(self, state: SessionState, trigger: Trigger) -> None:
        super().__init__(f"{trigger.name} in {state.name}")
        self.state = state
        self.trigger = trigger


class SessionOwner(Protocol):
    """Who uses the session."""

    def prepare(self) -> None:
        """Get ready for frames; then call `Session.prepared`."""

    def on_subscribed(self, channel: str, symbol: str) -> None: ...
    def on_frame(self, frame: NumberedFrame) -> None: ...
    def on_live(self) -> None: ...

    def on_lost(self, reason: str, was_live: bool) -> None:
        """The connection is gone; another attempt follows unless a disconnect was asked for."""


class Session:
    """One stream to one host, kept alive.

    Attributes:
        connects: how many attempts were made.
        missed: market data frames that a gap in the numbers showed to be missing.
        repeated: numbered frames that had come before.
    """

    __slots__ = (
        "_attempts",
        "_config",
        "_connection",
        "_host",
        "_is_prepared",
        "_jitter",
        "_key",
        "_last_frame_ns",
        "_network",
        "_next_seq",
        "_numbered",
        "_owner",
        "_scheduler",
        "_timer",
        "_unconfirmed",
        "_wanted",
        "connects",
        "missed",
        "repeated",
        "state",
    )

    def __init__(
        self,
        config: SessionConfig,
        host: str,
        key: str,
        network: Network,
        scheduler: Scheduler,
        jitter: Stream,
        owner: SessionOwner,
    ) -> None:
        self._config = config
        self._host = host
        self._key = key
        self._network = network
        self._scheduler = scheduler
        self._jitter = jitter
        self._owner = owner
        self.state = SessionState.DISCONNECTED
        self._connection: Connection | None = None
        self._timer: Handle | None = None  # the watch while connected, the retry in BACKOFF
        self._attempts = 0
        self._last_frame_ns = 0
        self._is_prepared = False
        self._wanted: dict[Topic, None] = {}  # in the order asked for; the user channel apart
        # of this connection: what was asked for and which number comes next (0: any); what
        # was ever asked for; what the venue has not confirmed yet
        self._next_seq: dict[Topic, int] = {}
        self._numbered: dict[Topic, None] = {}
        self._unconfirmed: dict[Topic, None] = {}
        self.connects = 0
        self.missed = 0
        self.repeated = 0

    # --- asked for -------------------------------------------------------------------------

    @property
    def is_live(self) -> bool:
        return self.state is SessionState.LIVE

    @property
    def wanted(self) -> tuple[Topic, ...]:
        return tuple(self._wanted)

    def connect(self) -> None:
        """Come and stay connected. Asking twice is harmless."""
        before = self.state
        self._move(Trigger.CONNECT)
        if before is SessionState.DISCONNECTED:
            self._attempts = 0
            self._dial()

    def disconnect(self) -> None:
        """Leave and stay away. Asking twice is harmless."""
        was_live = self.is_live
        before = self.state
        self._move(Trigger.DISCONNECT)
        if before is not SessionState.DISCONNECTED:
            self._hang_up()
            self._owner.on_lost("disconnect was asked for", was_live)

    def abandon(self) -> None:
        """Leave at once, as a process does that dies: the owner hears nothing more."""
        self._move(Trigger.DISCONNECT)
        self._hang_up()

    def want(self, channel: str, symbol: str) -> None:
        """Subscribe, now if connected and after each reconnect. Wanting twice is once."""
        topic = (channel, symbol)
        if topic in self._wanted:
            return
        self._wanted[topic] = None
        if self._is_prepared and self.state in (SessionState.SUBSCRIBING, SessionState.LIVE):
            self._subscribe(topic)

    def unwant(self, channel: str, symbol: str) -> None:
        """Unsubscribe. Unwanting what is not wanted is harmless."""
        topic = (channel, symbol)
        if topic not in self._wanted:
            return
        del self._wanted[topic]
        if topic not in self._next_seq:
            return
        self._unconfirmed.pop(topic, None)
        del self._next_seq[topic]
        self._send(encode(StreamUnsubscribe(channel, symbol)))
        self._live_if_subscribed()

    def prepared(self) -> None:
        """The owner is ready: subscribe to everything wanted."""
        if self.state is not SessionState.SUBSCRIBING:
            return
        self._is_prepared = True
        self._subscribe(USER)
        for topic in tuple(self._wanted):
            self._subscribe(topic)

    def drop(self, reason: str) -> None:
        """Give this connection up and come back on another one."""
        if self._connection is not None:
            self._lose(reason)

    # --- the connection's calls ------------------------------------------------------------

    def on_open(self, connection: Connection) -> None:
        if connection is not self._connection:
            connection.close()
            return
        self._move(Trigger.OPENED)
        self._send(encode(Login(self._key)))

    def on_close(self, connection: Connection, reason: str) -> None:
        if connection is self._connection:
            self._lose(reason)

    def on_frame(self, connection: Connection, body: bytes) -> None:
        if connection is not self._connection:
            return  # of a connection that was given up
        try:
            frame = decode_venue_frame(body)
        except NOT_A_MESSAGE:
            self._lose("unreadable frame")
            return
        self._last_frame_ns = self._scheduler.now_ns
        channel = _CHANNEL_OF.get(type(frame))
        if channel is None:
            self._on_control(frame)
        elif channel is CHANNEL_USER:
            self._on_numbered(USER, cast(NumberedFrame, frame))
        else:
            market_frame = cast(MarketFrame, frame)
            self._on_numbered((channel, market_frame.symbol), market_frame)

    # --- frames ----------------------------------------------------------------------------

    def _on_numbered(self, topic: Topic, frame: NumberedFrame) -> None:
        expected = self._next_seq.get(topic)
        if expected is None:
            return  # unsubscribed while it was on its way
        seq = frame.seq
        if seq != expected and expected != 0:
            if seq < expected:
                self.repeated += 1
                return
            if topic == USER:
                # nothing tells what was missed: a reconnect makes the kernel reconcile
                self._lose("gap on the user channel")
                return
            self.missed += seq - expected
        self._next_seq[topic] = seq + 1
        self._owner.on_frame(frame)

    def _on_control(self, frame: VenueFrame) -> None:
        if isinstance(frame, LoggedIn):
            if self.state is not SessionState.LOGGING_IN:
                self._lose("login answered twice")
                return
            self._move(Trigger.LOGGED_IN)
            self._is_prepared = False
            self._owner.prepare()
        elif isinstance(frame, LoginRefused):
            self._lose(f"login refused: {frame.reason}")
        elif isinstance(frame, StreamSubscribed):
            self._settle(frame.channel, frame.symbol)
        elif isinstance(frame, StreamRefused):
            if frame.channel == CHANNEL_USER:
                self._lose(f"user channel refused: {frame.reason}")
            else:
                # still wanted: asked for again on the next connection
                self._unconfirmed.pop((frame.channel, frame.symbol), None)
                self._live_if_subscribed()

    def _settle(self, channel: str, symbol: str) -> None:
        topic = (channel, symbol)
        if topic in self._unconfirmed:
            del self._unconfirmed[topic]
            self._owner.on_subscribed(channel, symbol)
            self._live_if_subscribed()

    def _live_if_subscribed(self) -> None:
        if self.state is SessionState.SUBSCRIBING and self._is_prepared and not self._unconfirmed:
            self._move(Trigger.SUBSCRIBED)
            self._attempts = 0
            self._owner.on_live()

    def _subscribe(self, topic: Topic) -> None:
        # A channel's numbers begin at 1 and go on for the life of the connection: the second
        # time around we did not see where they stand.
        self._next_seq[topic] = 0 if topic in self._numbered else 1
        self._numbered[topic] = None
        self._unconfirmed[topic] = None
        self._send(encode(StreamSubscribe(*topic)))

    def _send(self, body: bytes) -> None:
        if self._connection is not None:
            self._connection.send(body)

    # --- coming and going ------------------------------------------------------------------

    def _dial(self) -> None:
        self.connects += 1
        self._last_frame_ns = self._scheduler.now_ns
        self._connection = self._network.connect(self._host, self)
        self._watch_from(self._scheduler.now_ns)

    def _watch_from(self, now_ns: int) -> None:
        config = self._config
        dead_ns = self._last_frame_ns + config.dead_after_ns
        due_ns = min(now_ns + config.ping_interval_ns, dead_ns)
        self._timer = self._scheduler.at(due_ns, self._watch)

    def _watch(self) -> None:
        now_ns = self._scheduler.now_ns
        if now_ns - self._last_frame_ns >= self._config.dead_after_ns:
            self._lose("silent")
            return
        is_idle = now_ns - self._last_frame_ns >= self._config.ping_interval_ns
        if is_idle and self.state in (SessionState.SUBSCRIBING, SessionState.LIVE):
            self._send(encode(Ping(now_ns)))
        self._watch_from(now_ns)

    def _lose(self, reason: str) -> None:
        was_live = self.is_live
        self._move(Trigger.LOST)
        self._hang_up()
        self._timer = self._scheduler.after(self._pause_ns(), self._retry)
        self._attempts += 1
        self._owner.on_lost(reason, was_live)

    def _pause_ns(self) -> int:
        config = self._config
        pause_ns = min(config.retry_first_ns << min(self._attempts, 32), config.retry_max_ns)
        return pause_ns - self._jitter.below(pause_ns // 4 + 1, "jitter")

    def _retry(self) -> None:
        self._move(Trigger.RETRY)
        self._dial()

    def _hang_up(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self._next_seq = {}
        self._numbered = {}
        self._unconfirmed = {}

    def _move(self, trigger: Trigger) -> None:
        target = MOVES[self.state].get(trigger)
        if target is None:
            raise IllegalMove(self.state, trigger)
        self.state = target
