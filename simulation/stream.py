"""One connection of the network: two ends, and a wire in each direction.

Each end has its own opinion on whether the connection is open; a half-open connection is one
where they differ. Each direction keeps its order whatever a message's latency.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from simulation.entropy import Stream
from simulation.faults import MILLISECOND, SECOND, FaultKind
from simulation.injection import Faults
from simulation.scheduler import Scheduler

if TYPE_CHECKING:  # the network makes connections, and they tell it when they are over
    from simulation.network import Listener, Server

DELAY: Final = FaultKind.DELAY
MALFORMED_FRAME: Final = FaultKind.MALFORMED_FRAME
CUT_FRAME: Final = FaultKind.CUT_FRAME


class Wire:
    """One direction: what is sent arrives in order, late.

    Attributes:
        is_broken: What is sent vanishes.
    """

    __slots__ = (
        "_base_ns",
        "_faults",
        "_held",
        "_held_until_ns",
        "_jitter_bound",
        "_last_due_ns",
        "_latency",
        "_name",
        "_scheduler",
        "is_broken",
    )

    def __init__(
        self,
        scheduler: Scheduler,
        faults: Faults,
        latency: Stream,
        base_ns: int,
        jitter_bound: int,
        name: str,
    ) -> None:
        self._scheduler = scheduler
        self._faults = faults
        self._latency = latency
        self._base_ns = base_ns
        self._jitter_bound = jitter_bound
        self._name = name
        self._last_due_ns = 0
        self._held: list[Callable[[], None]] | None = None
        self._held_until_ns = 0
        self.is_broken = False

    def carry(self, arrive: Callable[[], None]) -> None:
        """Call `arrive` at the other end, after everything sent before."""
        if self.is_broken:
            return
        if self._held is not None:
            self._held.append(arrive)
            return
        scheduler = self._scheduler
        due_ns = (
            scheduler.now_ns + self._base_ns + self._latency.below(self._jitter_bound, "latency")
        )
        if self._faults.fires(DELAY, self._name):
            due_ns += extra_delay_ns(self._faults)
        if due_ns <= self._last_due_ns:
            due_ns = self._last_due_ns + 1  # never the same instant: a tie could swap them
        self._last_due_ns = due_ns
        scheduler.post(due_ns, arrive)

    def hold_until(self, until_ns: int) -> None:
        """Carry nothing before `until_ns`; what was on its way still arrives."""
        if self._held is None:
            self._held = []
        if until_ns > self._held_until_ns:
            self._held_until_ns = until_ns
            self._scheduler.post(until_ns, self._release_when_due)

    def release(self) -> None:
        """Carry again, first what was held."""
        held, self._held = self._held, None
        self._held_until_ns = 0
        for arrive in held or ():
            self.carry(arrive)

    def _release_when_due(self) -> None:
        if self._held is not None and self._scheduler.now_ns >= self._held_until_ns:
            self.release()


class Peer:
    """The venue's end of a connection. `id` is its ordinal in the run, from 1."""

    __slots__ = ("_connection", "id", "is_open")

    def __init__(self, connection: "Connection", ordinal: int) -> None:
        self._connection = connection
        self.id = ordinal
        self.is_open = False

    def send(self, body: bytes) -> None:
        """Send one frame. After the end of the connection it vanishes."""
        if self.is_open:
            self._connection.send_to_us(body)

    def close(self) -> None:
        """Close this end; `Server.on_close` is not called for it."""
        self._connection.close_by_venue()


class Connection:
    """The client's end of a connection.

    Attributes:
        is_open: Neither closed by us nor known to be over. True while still connecting.
        heard_ns: When something last arrived at this end; before that, when it was asked for.
        silence_ns: The longest time between two arrivals so far.
        ended_ns: When this end was over; 0 while it is open.
    """

    __slots__ = (
        "_arrive_at_us",
        "_arrive_at_venue",
        "_faults",
        "_forget",
        "_is_cut",
        "_listener",
        "_name",
        "_scheduler",
        "_server",
        "ended_ns",
        "heard_ns",
        "host",
        "id",
        "is_established",
        "is_open",
        "peer",
        "silence_ns",
        "to_us",
        "to_venue",
    )

    def __init__(
        self,
        host: str,
        ordinal: int,
        listener: "Listener",
        server: "Server",
        scheduler: Scheduler,
        faults: Faults,
        to_us: Wire,
        to_venue: Wire,
        forget: Callable[["Connection"], None],
    ) -> None:
        self.host = host
        self.id = ordinal
        self.is_open = True
        self.is_established = False
        self.peer = Peer(self, ordinal)
        self.to_us = to_us
        self.to_venue = to_venue
        self._listener = listener
        self._server = server
        self._scheduler = scheduler
        self._faults = faults
        self._name = f"{host}.frame"
        self._forget = forget
        # one method object each for all the frames
        self._arrive_at_us = self._at_us
        self._arrive_at_venue = self._at_venue
        self._is_cut = False  # the venue's last frame is under way, in part
        self.heard_ns = scheduler.now_ns
        self.silence_ns = 0
        self.ended_ns = 0

    def send(self, body: bytes) -> None:
        """Send one frame. After the end of the connection it vanishes.

        Raises:
            ValueError: `on_open` has not been called yet.
        """
        if not self.is_established:
            raise ValueError(f"connection {self.id} to {self.host} is not established yet")
        if self.is_open:
            self.to_venue.carry(partial(self._arrive_at_venue, body))

    def close(self) -> None:
        """Close this end; the listener hears nothing more. Closing twice is harmless."""
        if self.is_open:
            self.is_open = False
            self.ended_ns = self._scheduler.now_ns
            if self.peer.is_open:
                self.to_venue.carry(self.end_peer)
            else:
                self._forget(self)

    # --- the venue's end -----------------------------------------------------------------

    def accept(self) -> None:
        """The venue takes the connection; its first frames may leave at once."""
        self.peer.is_open = True
        self.to_us.carry(self._establish)
        self._server.on_connect(self.peer)

    def send_to_us(self, body: bytes) -> None:
        if self._is_cut:
            return
        faults = self._faults
        if faults.fires(MALFORMED_FRAME, self._name):
            body = malformed(body, faults)
        elif len(body) > 1 and faults.fires(CUT_FRAME, self._name):
            cut = body[: 1 + faults.pick(CUT_FRAME, len(body) - 1)]
            self.to_us.carry(partial(self._arrive_at_us, cut))
            self.to_us.carry(partial(self.end_both, "reset"))
            self._is_cut = True
            return
        self.to_us.carry(partial(self._arrive_at_us, body))

    def close_by_venue(self) -> None:
        if self.peer.is_open:
            self.peer.is_open = False
            if self.is_open:
                self.to_us.carry(partial(self.end, "closed by venue"))
            else:
                self._forget(self)

    # --- endings -------------------------------------------------------------------------

    def end(self, reason: str) -> None:
        """Tell the client that it is over."""
        if self.is_open:
            self.is_open = False
            self.ended_ns = self._scheduler.now_ns
            if not self.peer.is_open:
                self._forget(self)
            self._listener.on_close(self, reason)

    def end_peer(self) -> None:
        """Tell the venue that it is over."""
        if self.peer.is_open:
            self.peer.is_open = False
            if not self.is_open:
                self._forget(self)
            self._server.on_close(self.peer)

    def end_both(self, reason: str) -> None:
        """A reset: both ends hear of it now, and what was on its way is gone."""
        self.to_us.is_broken = True
        self.to_venue.is_broken = True
        self.end_peer()
        self.end(reason)

    # --- arrivals ------------------------------------------------------------------------

    def _establish(self) -> None:
        if self.is_open:
            self.is_established = True
            self.heard_ns = self._scheduler.now_ns
            self._listener.on_open(self)

    def _at_us(self, body: bytes) -> None:
        if self.is_open:
            now_ns = self._scheduler.now_ns
            silence_ns = now_ns - self.heard_ns
            if silence_ns > self.silence_ns:
                self.silence_ns = silence_ns
            self.heard_ns = now_ns
            self._listener.on_frame(self, body)

    def _at_venue(self, body: bytes) -> None:
        if self.peer.is_open:
            self._server.on_frame(self.peer, body)


def malformed(body: bytes, faults: Faults) -> bytes:
    """Spoil a MessagePack message so that no decoder can take it for a right one.

    Bytes changed at random could give another valid message, which no receiver can detect and
    no wire with a checksum delivers.
    """
    way = faults.pick(MALFORMED_FRAME, 4)
    if way == 0:
        return b"\xc1" + body[1:]  # the one byte that MessagePack never uses
    if way == 1:
        return body[: len(body) // 2]  # an array with elements missing
    if way == 2:
        return body + b"\x00"  # two messages run together
    return b"<html><body>502 Bad Gateway</body></html>"


def extra_delay_ns(faults: Faults) -> int:
    """How much later a delayed message is."""
    return faults.amount_ns(DELAY, 20 * MILLISECOND, 2 * SECOND)
