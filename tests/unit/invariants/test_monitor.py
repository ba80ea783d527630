"""The monitor: what a check is called for, what is kept of what it finds, what it may listen to."""

from collections.abc import Callable, Iterator

import pytest

from engine.kernel import Kernel, KernelConfig
from engine.model.commands import FireTimer, StartKernel
from engine.model.data import QuoteTick
from engine.model.events import Alert, OrderEvent, OrderSubmitted, Refused
from engine.model.identifiers import ClientId, InstrumentId, TraderId
from engine.model.reports import ClientConnected
from engine.record import TurnRecord
from engine.view import KernelView
from invariants.bus import CauseBeforeEffect, DeliveredOnceInOrder
from invariants.catalogue import CATALOGUE
from invariants.evidence import Evidence
from invariants.monitor import Monitor
from invariants.property import Check, Finding, Property, Violation, always, eventually, sometimes
from invariants.venue_watch import VenueWatcher

T0 = 1_700_000_000_000_000_000
BTCUSDT = InstrumentId("BTC/USDT.SIM")


class Watched:
    """A kernel without clients, under the properties given."""

    def __init__(self, *properties: Property | type[Check]) -> None:
        self.probes: dict[str, int] = {}
        self.kernel = Kernel(KernelConfig(trader_id=TraderId("T-001")), [], observer=self._done)
        self.evidence = Evidence(self.kernel.view, {}, dict, self.probes)
        stated = [_always(entry) if isinstance(entry, type) else entry for entry in properties]
        self.monitor = Monitor(stated, self.evidence)
        self.monitor.attach(self.kernel.bus)
        self._now_ns = T0

    def _done(self, record: TurnRecord) -> None:
        self.monitor.turn_done(record)

    def start(self) -> None:
        self.kernel.turn(StartKernel("start", None, self._now_ns))

    def quote(self) -> None:
        self._now_ns += 1
        now_ns = self._now_ns
        self.kernel.turn(QuoteTick(BTCUSDT, 99, 101, 5, 5, 2, 3, now_ns, now_ns))

    def refused(self) -> None:
        """A turn with one fact: a timer fired that nobody armed."""
        self._now_ns += 1
        self.kernel.turn(FireTimer(self._now_ns))


def _always(check: type[Check]) -> Property:
    return always(check.__name__, "A sentence.")(check)


def _counting(*overridden: str) -> tuple[Property, list[str]]:
    """A property whose check overrides exactly these methods, and the calls that it gets."""
    calls: list[str] = []

    def method(name: str) -> Callable[..., None]:
        return lambda *_: calls.append(name)

    members = {name: method(name) for name in overridden}
    kind = type("Counting", (Check,), {**members, "patterns": ("*",)})
    return _always(kind), calls


# --- what is called when ----------------------------------------------------------------------


def test_check_gets_only_the_calls_it_overrides() -> None:
    names = ("turn", "every_turn", "dispatched", "delivered", "end")
    for name in names:
        entry, calls = _counting(name)
        watched = Watched(entry)
        watched.start()
        watched.refused()
        watched.monitor.run_ended()
        assert set(calls) == {name}


def test_turn_comes_after_facts_and_commands_and_every_turn_after_each() -> None:
    entry, calls = _counting("turn", "every_turn")
    watched = Watched(entry)
    watched.start()  # no client and no strategy: nothing becomes true
    watched.quote()
    assert calls == ["every_turn"] * 2
    watched.refused()
    assert calls == ["every_turn"] * 3 + ["turn"]


@pytest.mark.parametrize(
    ("facts", "inputs", "expected"),
    [
        ((), (), [1, 3]),
        ((Refused,), (), [1]),
        ((OrderEvent,), (), []),
        ((), (QuoteTick,), [2]),
        ((Refused, Alert), (QuoteTick,), [1, 2]),
        ((Refused,), (FireTimer,), [1]),  # both hold: still once
    ],
)
def test_turn_comes_only_for_the_facts_and_inputs_a_check_names(
    facts: tuple[type, ...], inputs: tuple[type, ...], expected: list[int]
) -> None:
    turns: list[int] = []

    class Choosy(Check):
        def turn(self, evidence: Evidence) -> Finding:
            turns.append(evidence.record.turn)
            return None

    Choosy.facts, Choosy.inputs = facts, inputs
    monitor = Watched(_always(Choosy)).monitor
    refused = Refused("REASON", "x", T0)
    quote = QuoteTick(BTCUSDT, 99, 101, 5, 5, 2, 3, T0, T0)
    start = StartKernel("start", None, T0)
    monitor.turn_done(TurnRecord(1, T0, FireTimer(T0), (refused, refused), ()))
    monitor.turn_done(TurnRecord(2, T0, quote, (), ()))
    monitor.turn_done(TurnRecord(3, T0, ClientConnected(ClientId("A"), T0), (), (start,)))
    monitor.turn_done(TurnRecord(4, T0, start, (), ()))
    assert turns == expected


def test_facts_named_by_a_base_class_cover_its_subclasses() -> None:
    seen: list[int] = []

    class OrderEvents(Check):
        facts = (OrderEvent,)

        def turn(self, evidence: Evidence) -> Finding:
            seen.append(len(evidence.order_events))
            return None

    watched = Watched(_always(OrderEvents))
    facts = (_submitted("O-1"), _submitted("O-2"))
    watched.monitor.turn_done(TurnRecord(1, T0, FireTimer(T0), facts, ()))
    watched.monitor.turn_done(TurnRecord(2, T0, FireTimer(T0), (), ()))
    assert seen == [2]
    assert watched.evidence.order_events == []  # nothing of the turn before is left


def _submitted(name: str) -> OrderSubmitted:
    ids = (TraderId("T-001"), "S-001", BTCUSDT, name, "1-1-1", T0, T0, "SIM-001", "1-1-2")
    return OrderSubmitted(*ids)  # type: ignore[arg-type]


# --- what is kept -------------------------------------------------------------------------------


class Late(Check):
    def every_turn(self, evidence: Evidence) -> Finding:
        turn = evidence.record.turn
        return [Violation("late", f"turn {turn}")] if turn >= 3 else None


class Early(Check):
    def every_turn(self, evidence: Evidence) -> Iterator[Violation]:
        if evidence.record.turn == 2:
            yield Violation("early", "first of two")
            yield Violation("early", "second of two")


def test_first_violation_is_kept_with_its_property_and_turn() -> None:
    watched = Watched(_always(Late), _always(Early))
    watched.start()
    for _ in range(3):
        watched.quote()
    found = watched.monitor.violation
    assert found is not None
    assert (found.property_id, found.subject, found.detail) == ("Early", "early", "first of two")
    assert found.turn == 2


def test_finding_nothing_is_no_violation() -> None:
    class Content(Check):
        def every_turn(self, evidence: Evidence) -> Finding:
            return iter(())

    watched = Watched(_always(Content))
    watched.start()
    watched.monitor.run_ended()
    assert watched.monitor.violation is None


def test_end_is_judged_only_until_the_first_violation() -> None:
    class Ends(Check):
        def end(self, evidence: Evidence) -> Finding:
            return [Violation("end", "broken")]

    entry, calls = _counting("end")
    watched = Watched(_always(Ends), entry)
    watched.start()
    watched.monitor.run_ended()
    assert watched.monitor.violation is not None
    assert watched.monitor.violation.property_id == "Ends"
    assert calls == []


# --- what users write -----------------------------------------------------------------------------


def test_function_over_the_view_is_asked_after_every_turn() -> None:
    turns: list[int] = []

    @always("USR-1", "The third turn never comes.")
    def no_third_turn(view: KernelView) -> Iterator[Violation]:
        turns.append(view.turn)
        if view.turn == 3:
            yield Violation("kernel", f"turn {view.turn} came")

    watched = Watched(no_third_turn)
    watched.start()
    watched.quote()
    assert watched.monitor.violation is None
    watched.quote()
    assert turns == [1, 2, 3]
    assert watched.monitor.violation is not None
    assert watched.monitor.violation.detail == "turn 3 came"


def test_eventually_over_the_view_is_asked_at_the_end_only() -> None:
    @eventually("USR-2", "Some order was made.")
    def some_order(view: KernelView) -> Iterator[Violation]:
        if not view.orders():
            yield Violation("kernel", "no order")

    watched = Watched(some_order)
    watched.start()
    watched.quote()
    assert watched.monitor.violation is None
    watched.monitor.run_ended()
    assert watched.monitor.violation is not None


def test_probe_is_counted_once_per_turn_that_shows_it() -> None:
    @sometimes("refusal", "Something is refused.", (1, 2))
    def refusal(view: KernelView) -> bool:
        record = view.turn_record
        return record is not None and type(record.facts[0]) is Refused

    @sometimes("quote", "A quote comes.", (1, 2), inputs=(QuoteTick,))
    def quoted(view: KernelView) -> bool:
        return True

    watched = Watched(refusal, quoted)
    watched.start()
    watched.refused()
    watched.quote()
    watched.refused()
    assert watched.probes == {"refusal": 2, "quote": 1}


def test_every_probe_of_the_catalogue_says_where_it_can_be_seen() -> None:
    """So that a turn of market data asks none of them."""
    for entry in CATALOGUE:
        if entry.odds[0]:
            wants = entry.make().wants()
            assert wants.facts or wants.inputs, entry.id


# --- the bus ------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", [DeliveredOnceInOrder, CauseBeforeEffect])
def test_bus_that_delivers_once_and_in_order_is_right(check: type[Check]) -> None:
    watched = Watched(check)
    watched.start()
    for _ in range(3):
        watched.quote()
        watched.refused()
    watched.monitor.run_ended()
    assert watched.monitor.violation is None


def _told(watched: Watched, heard: str) -> None:
    """Two publications, A and B: "+A" is the bus beginning to tell A; "A*" and "Ae" are our
    subscribers of everything and of events hearing it."""
    messages = {"A": Refused("A", "x", T0), "B": Refused("B", "x", T0)}
    observer = watched.kernel.bus.observer
    assert observer is not None
    by_pattern: dict[str, list[Callable[[object], None]]] = {}
    for subscription in watched.kernel.bus.subscriptions():
        by_pattern.setdefault(subscription.pattern, []).append(subscription.handler)
    for name, pattern in zip(heard[::2], heard[1::2], strict=True):
        if name == "+":
            observer("events.refused", messages[pattern])
            continue
        for handler in by_pattern["*" if pattern == "*" else "events.*"]:
            handler(messages[name])
    watched.monitor.turn_done(TurnRecord(1, T0, FireTimer(T0), tuple(messages.values()), ()))


@pytest.mark.parametrize(
    ("heard", "is_right"),
    [
        ("+AA*Ae+BB*Be", True),
        ("+AA*Ae+BBeB*", True),  # who of the two hears first is no matter
        ("+AA*Ae+BB*", False),
        ("+AA*Ae+BB*BeBe", False),
        ("+AA*A*Ae+BB*Be", False),
        ("+A+BB*BeA*Ae", False),
        ("+AAe+BBe", False),
    ],
)
def test_lost_doubled_and_swapped_deliveries_are_found(heard: str, is_right: bool) -> None:
    watched = Watched(DeliveredOnceInOrder)
    _told(watched, heard)
    assert (watched.monitor.violation is None) is is_right


@pytest.mark.parametrize(
    ("heard", "is_right"),
    [
        ("+AA*Ae+BB*Be", True),
        ("+AA*+BB*BeAe", False),
        ("+A+BB*BeA*Ae", False),
        ("+AA*+BAeB*Be", False),  # each hears them in order, B begins before all have heard A
        ("+AA*Ae+BB*", True),  # no matter of order
    ],
)
def test_effect_heard_before_its_cause_is_found(heard: str, is_right: bool) -> None:
    watched = Watched(CauseBeforeEffect)
    _told(watched, heard)
    assert (watched.monitor.violation is None) is is_right


def test_check_that_sends_is_called_for_commands_beside_what_it_names() -> None:
    class Sending(Check):
        inputs = (QuoteTick,)
        sends = True

        def turn(self, evidence: Evidence) -> Finding:
            called.append(evidence.record.turn)
            return None

    called: list[int] = []
    monitor = Watched(_always(Sending)).monitor
    command = StartKernel("C-1", None, T0)
    started = StartKernel("start", None, T0)
    monitor.turn_done(TurnRecord(1, T0, started, (), ()))
    monitor.turn_done(TurnRecord(2, T0, started, (), (command,)))
    assert called == [2]


def test_watchers_are_those_that_checks_want_at_a_venue() -> None:
    class Watching(Check):
        def watcher(self, venue: str) -> VenueWatcher | None:
            return watcher if venue == "SIM" else None

    watcher = VenueWatcher()
    monitor = Watched(_always(Watching)).monitor
    assert monitor.watchers("SIM") == [watcher]
    assert monitor.watchers("ELSEWHERE") == []
