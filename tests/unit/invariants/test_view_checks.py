"""Functions over the view as checks: each asks its function, with the view, when it should."""

from collections.abc import Iterator

from engine.kernel import Kernel, KernelConfig
from engine.model.identifiers import TraderId
from engine.view import KernelView
from invariants.check import Check
from invariants.evidence import Evidence
from invariants.view_checks import AlwaysOnView, EventuallyOnView, Probe
from invariants.violation import Violation

BROKEN = Violation("kernel", "is never right")


def _evidence(probes: dict[str, int]) -> Evidence:
    kernel = Kernel(KernelConfig(trader_id=TraderId("T-001")), [])
    return Evidence(kernel.view, {}, dict, probes)


def _broken(view: KernelView) -> Iterator[Violation]:
    yield BROKEN


def _found(check: Check, evidence: Evidence) -> list[list[Violation]]:
    """What it finds after a turn, after every turn, and at the end."""
    asked = check.turn, check.every_turn, check.end
    return [list(ask(evidence) or ()) for ask in asked]


def test_always_asks_after_every_turn_and_not_at_the_end() -> None:
    assert _found(AlwaysOnView(_broken), _evidence({})) == [[], [BROKEN], []]


def test_eventually_asks_at_the_end_only() -> None:
    assert _found(EventuallyOnView(_broken), _evidence({})) == [[], [], [BROKEN]]


def test_probe_counts_the_turns_that_show_its_situation_and_finds_nothing() -> None:
    probes: dict[str, int] = {}
    evidence = _evidence(probes)
    seen = iter([True, False, True])
    probe = Probe(lambda view: next(seen), "here")
    assert [probe.turn(evidence) for _ in range(3)] == [None, None, None]
    assert probes == {"here": 2}
