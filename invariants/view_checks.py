"""Functions over the kernel's view, as checks: what users write, and probes."""

from collections.abc import Callable, Iterator
from typing import Protocol

from engine.model.native import mypyc_attr
from engine.view import KernelView
from invariants.check import Check
from invariants.evidence import Evidence
from invariants.violation import Finding, Violation


class ViewCheck(Protocol):
    def __call__(self, view: KernelView) -> Iterator[Violation]: ...


class AlwaysOnView(Check):
    """Asks the function after every turn."""

    def __init__(self, check: ViewCheck) -> None:
        self._check = check

    def every_turn(self, evidence: Evidence) -> Finding:
        return self._check(evidence.view)


class EventuallyOnView(Check):
    """Asks the function once, after the quiet period."""

    def __init__(self, check: ViewCheck) -> None:
        self._check = check

    def end(self, evidence: Evidence) -> Finding:
        return self._check(evidence.view)


@mypyc_attr(allow_interpreted_subclasses=True)
class Probe(Check):
    """Counts the turns in which the function sees its situation. A subclass says which to ask
    after; the probe itself stays of this class, whose calls are cheap when it is compiled."""

    def __init__(
        self,
        seen: Callable[[KernelView], bool],
        probe_id: str,
        wants: "type[Probe] | None" = None,
    ) -> None:
        self._seen = seen
        self._id = probe_id
        self._wants = wants

    def wants(self) -> "type[Check]":
        return Probe if self._wants is None else self._wants

    def turn(self, evidence: Evidence) -> Finding:
        if self._seen(evidence.view):
            evidence.saw(self._id)
        return None
