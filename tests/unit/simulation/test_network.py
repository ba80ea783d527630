import msgspec
import pytest

from simulation.entropy import SeededEntropy
from simulation.faults import CALM, MILLISECOND, SECOND, STORMY, Fault, FaultKind, Plan
from simulation.injection import Faults
from simulation.network import Network
from simulation.scheduler import Scheduler
from simulation.stream import Connection, Peer, malformed
from simulation.trace import Trace

K = FaultKind


class Echo:
    """Answers a request with its body and a frame with its body."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.peers: list[Peer] = []
        self.frames: list[bytes] = []
        self.closed: list[int] = []

    def on_request(self, body: bytes) -> tuple[int, bytes]:
        self.requests.append(body)
        return 200, body

    def on_connect(self, peer: Peer) -> None:
        self.peers.append(peer)

    def on_frame(self, peer: Peer, body: bytes) -> None:
        self.frames.append(body)

    def on_close(self, peer: Peer) -> None:
        self.closed.append(peer.id)


class Heard:
    """A listener that writes down what it hears, with the time in milliseconds."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.events: list[tuple[str, object]] = []
        self.times_ms: list[int] = []

    def _note(self, what: str, detail: object) -> None:
        self.events.append((what, detail))
        self.times_ms.append(self.scheduler.now_ns // MILLISECOND)

    def on_open(self, connection: Connection) -> None:
        self._note("open", connection.id)

    def on_frame(self, connection: Connection, body: bytes) -> None:
        self._note("frame", body)

    def on_close(self, connection: Connection, reason: str) -> None:
        self._note("close", reason)

    def frames(self) -> list[object]:
        return [detail for what, detail in self.events if what == "frame"]


class Sea:
    """A network with one echoing host and at will a plan of faults."""

    def __init__(self, plan: Plan = (), jitter_ns: int = 3 * MILLISECOND, seed: int = 1) -> None:
        entropy = SeededEntropy(seed)
        self.scheduler = Scheduler(0)
        self.trace = Trace(True)
        self.faults = Faults(CALM, entropy, self.scheduler, self.trace, 60 * SECOND, plan)
        self.network = Network(
            self.scheduler, entropy, self.faults, self.trace, 2 * MILLISECOND, jitter_ns
        )
        self.faults.start(self.network)
        self.host = Echo()
        self.network.serve("venue", self.host)
        self.heard = Heard(self.scheduler)
        self.answers: list[tuple[int, bytes]] = []
        self.failed: list[str] = []

    def connect(self) -> Connection:
        connection = self.network.connect("venue", self.heard)
        self.sail(20 * MILLISECOND)
        return connection

    def ask(self, body: bytes = b"body") -> None:
        self.network.request(
            "venue",
            body,
            lambda status, answer: self.answers.append((status, answer)),
            self.failed.append,
        )

    def sail(self, for_ns: int) -> None:
        self.scheduler.run_until(self.scheduler.now_ns + for_ns)


def at(seconds: int, kind: FaultKind, duration_ns: int = 0, variant: int = 0) -> Plan:
    return ((seconds * SECOND, Fault(kind, duration_ns, variant)),)


# --- quiet ------------------------------------------------------------------------------------


def test_request_reaches_the_host_and_its_answer_comes_back() -> None:
    sea = Sea()
    sea.ask(b"one")
    assert sea.host.requests == []
    sea.sail(20 * MILLISECOND)
    assert sea.host.requests == [b"one"]
    assert sea.answers == [(200, b"one")]
    assert sea.failed == []


def test_requests_may_overtake_each_other() -> None:
    sea = Sea(jitter_ns=50 * MILLISECOND)
    bodies = [bytes([n]) for n in range(20)]
    for body in bodies:
        sea.ask(body)
    sea.sail(SECOND)
    assert sorted(sea.host.requests) == bodies
    assert sea.host.requests != bodies


def test_stream_keeps_its_order_in_both_directions() -> None:
    sea = Sea(jitter_ns=50 * MILLISECOND)
    connection = sea.connect()
    sea.sail(SECOND)
    bodies = [bytes([n]) for n in range(50)]
    for body in bodies:
        connection.send(body)
        sea.host.peers[0].send(body)
    sea.sail(SECOND)
    assert sea.host.frames == bodies
    assert sea.heard.frames() == bodies


def test_frame_sent_at_once_by_the_host_arrives_after_the_opening() -> None:
    sea = Sea()

    def greet(peer: Peer) -> None:
        peer.send(b"hello")

    sea.host.on_connect = greet  # type: ignore[method-assign]
    sea.connect()
    assert sea.heard.events == [("open", 1), ("frame", b"hello")]


def test_sending_before_the_opening_is_refused() -> None:
    sea = Sea()
    connection = sea.network.connect("venue", sea.heard)
    with pytest.raises(ValueError, match="not established"):
        connection.send(b"too early")


def test_closing_tells_the_other_end_only() -> None:
    sea = Sea()
    connection = sea.connect()
    connection.send(b"last words")
    connection.close()
    connection.close()
    connection.send(b"unheard")
    sea.host.peers[0].send(b"unheard")
    sea.sail(SECOND)
    assert sea.host.frames == [b"last words"]
    assert sea.host.closed == [1]
    assert sea.heard.events == [("open", 1)]
    assert not connection.is_open
    assert not sea.host.peers[0].is_open


def test_host_closing_tells_the_client_only() -> None:
    sea = Sea()
    connection = sea.connect()
    sea.host.peers[0].send(b"last words")
    sea.host.peers[0].close()
    sea.sail(SECOND)
    assert sea.heard.events == [
        ("open", 1),
        ("frame", b"last words"),
        ("close", "closed by venue"),
    ]
    assert sea.host.closed == []
    assert not connection.is_open


def test_connection_given_up_while_connecting_never_opens() -> None:
    sea = Sea()
    sea.network.connect("venue", sea.heard).close()
    sea.sail(SECOND)
    assert sea.heard.events == []
    assert sea.host.peers == []


def test_unknown_and_doubly_served_hosts_are_refused() -> None:
    sea = Sea()
    with pytest.raises(KeyError):
        sea.network.connect("nowhere", sea.heard)
    with pytest.raises(KeyError):
        sea.network.request("nowhere", b"", lambda s, b: None, lambda r: None)
    with pytest.raises(KeyError):
        sea.network.serve("venue", Echo())


# --- message faults ---------------------------------------------------------------------------


def test_lost_request_never_acts_and_is_silence() -> None:
    sea = Sea(at(1, K.REQUEST_LOST))
    sea.sail(SECOND)
    sea.ask()
    sea.sail(10 * SECOND)
    assert (sea.host.requests, sea.answers, sea.failed) == ([], [], [])
    assert sea.faults.fired_by_channel() == {"REQUEST_LOST venue.request": 1}


def test_lost_answer_is_silence_after_acting() -> None:
    sea = Sea(at(1, K.ANSWER_LOST))
    sea.sail(SECOND)
    sea.ask()
    sea.sail(10 * SECOND)
    assert (sea.host.requests, sea.answers) == ([b"body"], [])


def test_slow_answer_comes_in_the_end() -> None:
    sea = Sea(at(1, K.SLOW_ANSWER))
    sea.sail(SECOND)
    sea.ask()
    sea.sail(300 * MILLISECOND)
    assert sea.answers == []
    sea.sail(7 * SECOND)
    assert sea.answers == [(200, b"body")]


def test_delayed_frame_keeps_its_place() -> None:
    sea = Sea(at(1, K.DELAY))
    sea.connect()
    sea.sail(SECOND)
    for body in (b"1", b"2", b"3"):
        sea.host.peers[0].send(body)
    sea.sail(15 * MILLISECOND)
    assert sea.heard.frames() == []
    sea.sail(3 * SECOND)
    assert sea.heard.frames() == [b"1", b"2", b"3"]


def test_cut_frame_is_its_beginning_and_then_a_reset() -> None:
    sea = Sea(at(1, K.CUT_FRAME))
    connection = sea.connect()
    sea.sail(SECOND)
    sea.host.peers[0].send(b"before the cut")
    sea.host.peers[0].send(b"never")
    sea.sail(SECOND)
    frames = sea.heard.frames()
    assert len(frames) == 1
    assert isinstance(frames[0], bytes)
    assert 0 < len(frames[0]) < len(b"before the cut")
    assert b"before the cut".startswith(frames[0])
    assert sea.heard.events[-1] == ("close", "reset")
    assert sea.host.closed == [1]
    assert not connection.is_open


def test_cut_frame_in_a_stalled_stream_is_cut_all_the_same() -> None:
    sea = Sea((*at(1, K.STALL, SECOND), *at(1, K.CUT_FRAME)))
    sea.connect()
    sea.sail(SECOND)
    sea.host.peers[0].send(b"before the cut")
    sea.sail(2 * SECOND)
    assert len(sea.heard.frames()) == 1
    assert sea.heard.events[-1] == ("close", "reset")


def test_malformed_message_can_always_be_told() -> None:
    class Sample(msgspec.Struct, array_like=True, tag=True):
        a: int
        b: str

    body = msgspec.msgpack.encode(Sample(5, "text"))
    ways = set()
    for seed in range(40):
        faults = Faults(STORMY, SeededEntropy(seed), Scheduler(0), Trace(False), SECOND)
        spoiled = malformed(body, faults)
        ways.add(spoiled)
        with pytest.raises(msgspec.MsgspecError):
            msgspec.msgpack.decode(spoiled, type=Sample)
    assert len(ways) == 4


# --- planned faults ---------------------------------------------------------------------------


def test_reset_ends_both_ends_and_loses_what_was_on_its_way() -> None:
    sea = Sea(at(1, K.RESET))
    connection = sea.connect()
    sea.scheduler.run_until(SECOND - 1)
    connection.send(b"lost")
    sea.host.peers[0].send(b"lost")
    sea.sail(SECOND)
    assert sea.heard.events == [("open", 1), ("close", "reset")]
    assert sea.host.frames == []
    assert sea.host.closed == [1]
    assert [record.kind for record in sea.trace.records()] == ["connect", "disconnect", "fault"]


@pytest.mark.parametrize(
    ("variant", "us_held", "venue_held"), [(0, True, True), (1, True, False), (2, False, True)]
)
def test_stall_holds_its_directions_and_then_delivers_everything_in_order(
    variant: int, us_held: bool, venue_held: bool
) -> None:
    sea = Sea(at(1, K.STALL, 2 * SECOND, variant))
    connection = sea.connect()
    sea.sail(SECOND)
    for body in (b"1", b"2"):
        connection.send(body)
        sea.host.peers[0].send(body)
    sea.sail(SECOND)
    assert sea.heard.frames() == ([] if us_held else [b"1", b"2"])
    assert sea.host.frames == ([] if venue_held else [b"1", b"2"])
    sea.sail(2 * SECOND)
    connection.send(b"3")
    sea.host.peers[0].send(b"3")
    sea.sail(SECOND)
    assert sea.heard.frames() == sea.host.frames == [b"1", b"2", b"3"]


def test_half_open_where_we_believe_is_silent_until_it_is_over() -> None:
    sea = Sea(at(1, K.HALF_OPEN, 4 * SECOND, 0))
    connection = sea.connect()
    sea.sail(2 * SECOND)
    assert sea.host.closed == [1]
    assert connection.is_open
    connection.send(b"into the void")
    sea.sail(2 * SECOND)
    assert sea.host.frames == []
    assert sea.heard.events == [("open", 1)]
    sea.sail(2 * SECOND)
    assert sea.heard.events[-1] == ("close", "reset")


def test_half_open_where_the_venue_believes_ends_for_it_later() -> None:
    sea = Sea(at(1, K.HALF_OPEN, 4 * SECOND, 1))
    sea.connect()
    sea.sail(2 * SECOND)
    peer = sea.host.peers[0]
    assert sea.heard.events[-1] == ("close", "reset")
    assert peer.is_open
    peer.send(b"into the void")
    sea.sail(4 * SECOND)
    assert sea.heard.frames() == []
    assert sea.host.closed == [1]
    assert not peer.is_open


def test_half_open_that_the_client_gives_up_is_struck_no_more() -> None:
    sea = Sea((*at(1, K.HALF_OPEN, 9 * SECOND, 0), *at(3, K.RESET)))
    connection = sea.connect()
    sea.sail(2 * SECOND)
    connection.close()
    sea.sail(2 * SECOND)
    assert sea.faults.fired_by_kind() == {"HALF_OPEN": 1}


def test_refusal_breaks_streams_and_turns_everything_away_for_a_while() -> None:
    sea = Sea(at(1, K.REFUSED, 2 * SECOND))
    sea.connect()
    sea.sail(2 * SECOND)
    assert sea.heard.events[-1] == ("close", "reset")
    sea.network.connect("venue", sea.heard)
    sea.ask()
    sea.sail(100 * MILLISECOND)
    assert sea.heard.events[-1] == ("close", "refused")
    assert sea.failed == ["refused"]
    sea.sail(SECOND)
    sea.connect()
    sea.ask()
    sea.sail(SECOND)
    assert sea.heard.events[-1] == ("open", 3)
    assert sea.answers == [(200, b"body")]
    assert sea.faults.fired_by_channel() == {
        "REFUSED stream": 1,
        "REFUSED venue.connect": 1,
        "REFUSED venue.request": 1,
    }


def test_heal_ends_refusals_stalls_and_half_open_connections() -> None:
    for kind in (K.REFUSED, K.STALL, K.HALF_OPEN):
        sea = Sea(at(1, kind, 9 * SECOND))
        sea.connect()
        sea.sail(SECOND)
        if kind is K.STALL:
            sea.host.peers[0].send(b"held")
        sea.sail(SECOND)
        sea.faults.heal()
        sea.sail(SECOND)
        last = ("frame", b"held") if kind is K.STALL else ("close", "reset")
        assert sea.heard.events[-1] == last
        sea.connect()
        assert sea.heard.events[-1] == ("open", 2)


def test_same_seed_gives_the_same_times() -> None:
    def run(seed: int) -> list[int]:
        sea = Sea(seed=seed, jitter_ns=50 * MILLISECOND)
        sea.connect()
        sea.sail(SECOND)
        for n in range(20):
            sea.host.peers[0].send(bytes([n]))
            sea.sail(7 * MILLISECOND)
        sea.sail(SECOND)
        return sea.heard.times_ms

    assert run(1) == run(1)
    assert run(1) != run(2)
