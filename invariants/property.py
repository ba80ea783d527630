"""What a property is: an id, a plain sentence, a kind, and a check that yields what it found.

Three kinds. *always* is checked during the run, after every turn. *eventually* is checked once
faults have stopped and the quiet period has passed. *sometimes* is a probe: a situation that a
campaign must have seen, or the campaign proved nothing about it.

A user writes a function:

    @always("MM-1", "Inventory never exceeds one bitcoin.")
    def inventory_is_capped(view):
        for position in view.positions_touched():
            if abs(position.signed_qty) > 1:
                yield Violation(position.id, f"holds {position.signed_qty}")

A check that has to remember earlier turns is a class; one instance serves one run.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Protocol

import msgspec

from engine.view import KernelView
from invariants.check import Check as Check
from invariants.evidence import Evidence
from invariants.violation import Finding as Finding
from invariants.violation import Violation as Violation


class Kind(StrEnum):
    ALWAYS = "always"
    EVENTUALLY = "eventually"
    SOMETIMES = "sometimes"


class ViewCheck(Protocol):
    def __call__(self, view: KernelView) -> Iterator[Violation]: ...


class Property(msgspec.Struct, frozen=True):
    """One entry of a catalogue.

    Attributes:
        id: short and stable ("FIL-1").
        sentence: what holds, as one plain sentence.
        kind: always, eventually or sometimes.
        make: builds the check for one run; for a probe, the function that says "seen".
        owner: module that states it, for the reader.
        odds: for a probe, the declared chance (numerator, denominator) that one seed sees it.
    """

    id: str
    sentence: str
    kind: Kind
    make: Callable[[], Check]
    owner: str
    odds: tuple[int, int] = (0, 1)


class _OnView(Check):
    """Adapts a user's function over the view to a check."""

    def __init__(self, check: ViewCheck) -> None:
        self._check = check


class _AlwaysOnView(_OnView):
    def every_turn(self, evidence: Evidence) -> Finding:
        return self._check(evidence.view)


class _EventuallyOnView(_OnView):
    def end(self, evidence: Evidence) -> Finding:
        return self._check(evidence.view)


class _Probe(Check):
    def __init__(self, seen: Callable[[KernelView], bool], probe_id: str) -> None:
        self._seen = seen
        self._id = probe_id

    def turn(self, evidence: Evidence) -> Finding:
        if self._seen(evidence.view):
            evidence.saw(self._id)
        return None


def always(
    id: str,  # noqa: A002 - the word of the catalogue
    sentence: str,
) -> Callable[[ViewCheck | type[Check]], Property]:
    """State what holds after every turn. Decorates a function over the view, or a Check class."""
    return _decorator(id, sentence, Kind.ALWAYS, _AlwaysOnView)


def eventually(
    id: str,  # noqa: A002
    sentence: str,
) -> Callable[[ViewCheck | type[Check]], Property]:
    """State what holds once faults have stopped and the quiet period has passed."""
    return _decorator(id, sentence, Kind.EVENTUALLY, _EventuallyOnView)


def sometimes(
    id: str,  # noqa: A002
    sentence: str,
    odds: tuple[int, int] = (1, 10),
    *,
    facts: tuple[type, ...] = (),
    inputs: tuple[type, ...] = (),
) -> Callable[[Callable[[KernelView], bool]], Property]:
    """Name a situation that a campaign must have seen; the function says whether it is here.

    It is asked after turns that applied an event or sent a command; with `facts`, after those
    that applied an event of one of these types; with `inputs`, after those that began with one
    of these types. A campaign long enough for `odds` (the chance that one seed sees it) that
    never saw it is inconclusive: its green proves nothing about this situation.
    """

    def decorate(seen: Callable[[KernelView], bool]) -> Property:
        kind = type(seen.__name__, (_Probe,), {"facts": facts, "inputs": inputs})

        def make() -> Check:
            check: Check = kind(seen, id)
            return check

        return Property(id, sentence, Kind.SOMETIMES, make, seen.__module__, odds)

    return decorate


def _decorator(
    id: str,  # noqa: A002
    sentence: str,
    kind: Kind,
    adapter: Callable[[ViewCheck], Check],
) -> Callable[[ViewCheck | type[Check]], Property]:
    if not id or not sentence:
        raise ValueError("a property needs an id and a sentence")

    def decorate(check: ViewCheck | type[Check]) -> Property:
        if isinstance(check, type):
            return Property(id, sentence, kind, check, check.__module__)
        return Property(id, sentence, kind, lambda: adapter(check), check.__module__)

    return decorate
