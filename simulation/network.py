"""The network: bytes between clients and hosts, late, out of order, or not at all.

Two shapes of conversation. *Request/answer*: one body there, a status and a body back; nothing
orders one against another or against a stream. *Stream*: frames in order, each direction on its
own; loss on a stream shows as delay or as a broken connection, never as a missing byte.

The client owns its timeouts: a lost request is silence. Every message takes a drawn latency.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

from engine.model.native import mypyc_attr
from simulation.entropy import Entropy, Stream
from simulation.faults import MILLISECOND, SECOND, FaultKind
from simulation.injection import Faults
from simulation.scheduler import Scheduler
from simulation.stream import Connection, Peer, Wire, extra_delay_ns, malformed
from simulation.trace import Trace

REQUEST_LOST: Final = FaultKind.REQUEST_LOST
ANSWER_LOST: Final = FaultKind.ANSWER_LOST
SLOW_ANSWER: Final = FaultKind.SLOW_ANSWER
DELAY: Final = FaultKind.DELAY
MALFORMED_FRAME: Final = FaultKind.MALFORMED_FRAME
REFUSED: Final = FaultKind.REFUSED

# `Fault.variant` of a stall and of a half-open connection
BOTH_WAYS: Final = 0
TO_US: Final = 1
TO_VENUE: Final = 2
WE_BELIEVE: Final = 0


class Server(Protocol):
    """A host's side, called when bytes have arrived.

    `on_close` is the last call for a peer; it does not come when the server closed it.
    """

    def on_request(self, body: bytes) -> tuple[int, bytes]: ...
    def on_connect(self, peer: Peer) -> None: ...
    def on_frame(self, peer: Peer, body: bytes) -> None: ...
    def on_close(self, peer: Peer) -> None: ...


class Listener(Protocol):
    """A client's side of one stream.

    `on_close` is the last call for a connection; it does not come when the client closed it.
    """

    def on_open(self, connection: Connection) -> None: ...
    def on_frame(self, connection: Connection, body: bytes) -> None: ...
    def on_close(self, connection: Connection, reason: str) -> None: ...


OnAnswer = Callable[[int, bytes], None]
OnFailed = Callable[[str], None]


@mypyc_attr(allow_interpreted_subclasses=True)
class Network:
    """Hosts and the wires to them.

    Args:
        base_ns: Least time a message is under way, >= 0.
        jitter_ns: Most that is drawn on top of it, per message, >= 0.
    """

    __slots__ = (
        "_base_ns",
        "_connections",
        "_entropy",
        "_faults",
        "_hosts",
        "_jitter_bound",
        "_opened",
        "_refused_until_ns",
        "_scheduler",
        "_trace",
    )

    def __init__(
        self,
        scheduler: Scheduler,
        entropy: Entropy,
        faults: Faults,
        trace: Trace,
        base_ns: int = 2 * MILLISECOND,
        jitter_ns: int = 3 * MILLISECOND,
    ) -> None:
        if base_ns < 0 or jitter_ns < 0:
            raise ValueError(f"latency {base_ns} + {jitter_ns} is negative")
        self._scheduler = scheduler
        self._entropy = entropy
        self._faults = faults
        self._trace = trace
        self._base_ns = base_ns
        self._jitter_bound = jitter_ns + 1
        self._hosts: dict[str, _Host] = {}
        self._connections: dict[int, Connection] = {}  # where at least one end is open
        self._opened = 0
        self._refused_until_ns = 0

    def serve(self, host: str, server: Server) -> None:
        """Let `server` answer for `host`.

        Raises:
            KeyError: the name is taken.
        """
        if host in self._hosts:
            raise KeyError(f"host {host} is served already")
        self._hosts[host] = _Host(host, server, self._entropy)

    def connections_to(self, host: str) -> Sequence[Connection]:
        """Every connection that was ever asked for, in order."""
        return self._host(host).connections

    def request(self, host: str, body: bytes, on_answer: OnAnswer, on_failed: OnFailed) -> None:
        """Send one request. At most one of the callbacks is called, later.

        Args:
            on_answer: gets the status code and the body of the answer.
            on_failed: gets the reason when the host refused the connection.
        Raises:
            KeyError: nobody serves `host`.
        """
        known = self._host(host)
        faults = self._faults
        scheduler = self._scheduler
        due_ns = (
            scheduler.now_ns + self._base_ns + known.requests.below(self._jitter_bound, "latency")
        )
        if scheduler.now_ns < self._refused_until_ns:
            faults.note(REFUSED, known.request_name)
            scheduler.post(due_ns, partial(on_failed, "refused"))
            return
        if faults.fires(REQUEST_LOST, known.request_name):
            return
        if faults.fires(DELAY, known.request_name):
            due_ns += extra_delay_ns(faults)
        scheduler.post(due_ns, partial(self._serve, known, body, on_answer))

    def connect(self, host: str, listener: Listener) -> Connection:
        """Ask for a stream; `listener.on_open` or `on_close` follows, later.

        Raises:
            KeyError: nobody serves `host`.
        """
        known = self._host(host)
        self._opened += 1
        connection = Connection(
            host,
            self._opened,
            listener,
            known.server,
            self._scheduler,
            self._faults,
            self._wire(known.to_us, f"{host}.stream.to_us"),
            self._wire(known.to_venue, f"{host}.stream.to_venue"),
            self._forget,
        )
        known.connections.append(connection)
        latency_ns = self._base_ns + known.to_venue.below(self._jitter_bound, "latency")
        due_ns = self._scheduler.now_ns + latency_ns
        self._scheduler.post(due_ns, partial(self._accept, connection))
        return connection

    # --- what planned faults do: each says how many connections it struck ------------------

    def stall(self, duration_ns: int, variant: int) -> int:
        """Let open streams carry nothing for a while, in one direction or both."""
        until_ns = self._scheduler.now_ns + duration_ns
        for connection in self._connections.values():
            if variant != TO_VENUE:
                connection.to_us.hold_until(until_ns)
            if variant != TO_US:
                connection.to_venue.hold_until(until_ns)
        return len(self._connections)

    def half_open(self, duration_ns: int, variant: int) -> int:
        """Close one end of every open stream; the other hears of it after `duration_ns`."""
        struck = 0
        over_ns = self._scheduler.now_ns + duration_ns
        for connection in tuple(self._connections.values()):
            if not (connection.is_open and connection.peer.is_open):
                continue
            struck += 1
            connection.to_us.is_broken = True
            connection.to_venue.is_broken = True
            self._scheduler.post(over_ns, partial(connection.end_both, "reset"))
            if variant == WE_BELIEVE:
                connection.end_peer()
            else:
                connection.end("reset")
        return struck

    def reset(self) -> int:
        """Break every open stream; what was on its way is gone."""
        connections = tuple(self._connections.values())
        for connection in connections:
            connection.end_both("reset")
        return len(connections)

    def refuse(self, duration_ns: int) -> int:
        """Break every open stream and turn every connect and request away for a while."""
        until_ns = self._scheduler.now_ns + duration_ns
        self._refused_until_ns = max(self._refused_until_ns, until_ns)
        return self.reset()

    def heal(self) -> None:
        """End refusals, stalls and half-open connections."""
        self._refused_until_ns = 0
        for connection in tuple(self._connections.values()):
            if connection.to_us.is_broken:
                connection.end_both("reset")
            else:
                connection.to_us.release()
                connection.to_venue.release()

    # --- delivery ------------------------------------------------------------------------

    def _serve(self, host: "_Host", body: bytes, on_answer: OnAnswer) -> None:
        status, answer = host.server.on_request(body)
        faults = self._faults
        name = host.answer_name
        if faults.fires(ANSWER_LOST, name):
            return
        scheduler = self._scheduler
        due_ns = (
            scheduler.now_ns + self._base_ns + host.answers.below(self._jitter_bound, "latency")
        )
        if faults.fires(SLOW_ANSWER, name):
            due_ns += faults.amount_ns(SLOW_ANSWER, 300 * MILLISECOND, 6 * SECOND)
        if faults.fires(DELAY, name):
            due_ns += extra_delay_ns(faults)
        if faults.fires(MALFORMED_FRAME, name):
            answer = malformed(answer, faults)
        scheduler.post(due_ns, partial(on_answer, status, answer))

    def _accept(self, connection: Connection) -> None:
        if not connection.is_open:  # given up meanwhile
            return
        if self._scheduler.now_ns < self._refused_until_ns:
            self._faults.note(REFUSED, f"{connection.host}.connect")
            connection.end("refused")
            return
        self._connections[connection.id] = connection
        self._trace.record("connect", self._scheduler.now_ns, (connection.host, connection.id))
        connection.accept()

    def _forget(self, connection: Connection) -> None:
        # both ends are closed: no fault can strike it any more
        if self._connections.pop(connection.id, None) is not None:
            record = (connection.host, connection.id)
            self._trace.record("disconnect", self._scheduler.now_ns, record)

    def _wire(self, latency: Stream, name: str) -> Wire:
        return Wire(self._scheduler, self._faults, latency, self._base_ns, self._jitter_bound, name)

    def _host(self, name: str) -> "_Host":
        host = self._hosts.get(name)
        if host is None:
            raise KeyError(f"nobody serves {name}")
        return host


class _Host:
    """A served name, its latency streams and the names its faults are counted under."""

    __slots__ = (
        "answer_name",
        "answers",
        "connections",
        "request_name",
        "requests",
        "server",
        "to_us",
        "to_venue",
    )

    def __init__(self, name: str, server: Server, entropy: Entropy) -> None:
        self.server = server
        self.connections: list[Connection] = []
        self.request_name = f"{name}.request"
        self.answer_name = f"{name}.answer"
        self.requests = entropy.stream(f"network.{name}.request")
        self.answers = entropy.stream(f"network.{name}.answer")
        self.to_us = entropy.stream(f"network.{name}.to_us")
        self.to_venue = entropy.stream(f"network.{name}.to_venue")
