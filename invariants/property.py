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

What a property judges, its scope, follows from the letters of its id where they are a family of
the catalogue; `scope=` says otherwise. `canary="MODULE:FUNCTION@SEED"` names a run in which it must
break, so that a campaign notices when it no longer can.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from engine.view import KernelView
from invariants.check import Check as Check
from invariants.view_checks import AlwaysOnView, EventuallyOnView, Probe, ViewCheck
from invariants.violation import Finding as Finding
from invariants.violation import Violation as Violation


class Kind(StrEnum):
    ALWAYS = "always"
    EVENTUALLY = "eventually"
    SOMETIMES = "sometimes"


class Scope(StrEnum):
    """What a property judges."""

    ORDER = "order"
    POSITION = "position"
    ACCOUNT = "account"
    CACHE = "cache"
    BOOK = "book"
    BAR = "bar"
    BUS = "bus"
    CLOCK = "clock"
    COMPONENT = "component"
    NETWORK = "network"
    VENUE = "venue"
    KERNEL = "kernel"
    RUN = "run"


_S = Scope
_FAMILIES: Final[Mapping[str, Scope]] = {
    "ACC": _S.ACCOUNT,
    "BAR": _S.BAR,
    "BK": _S.BOOK,
    "BUS": _S.BUS,
    "CCH": _S.CACHE,
    "CLK": _S.CLOCK,
    "DET": _S.RUN,
    "FIL": _S.ORDER,
    "LIF": _S.COMPONENT,
    "MAT": _S.VENUE,
    "MDL": _S.RUN,
    "NET": _S.NETWORK,
    "ORD": _S.ORDER,
    "POS": _S.POSITION,
    "PRT": _S.ACCOUNT,
    "REC": _S.ORDER,
    "RSK": _S.ORDER,
    "SER": _S.RUN,
    "VAL": _S.ORDER,
}


def scope_of(property_id: str) -> Scope:
    """What a property of that id judges; an id of no family is about the kernel as a whole."""
    return _FAMILIES.get(property_id.partition("-")[0], _S.KERNEL)


class Property(msgspec.Struct, frozen=True):
    """One entry of a catalogue.

    Attributes:
        id: short and stable ("FIL-1").
        sentence: what holds, as one plain sentence.
        kind: always, eventually or sometimes.
        make: builds the check for one run; for a probe, the function that says "seen".
        owner: module that states it, for the reader.
        odds: for a probe, the declared chance (numerator, denominator) that one seed sees it.
        check: the name of the class or function that judges it, in `owner`.
        scope: what it judges.
        canary: the token of a run in which it must break, or "". A campaign makes the run now and
            then: whoever no longer hears it is not green. The catalogue's stand in the zoo.
    """

    id: str
    sentence: str
    kind: Kind
    make: Callable[[], Check]
    owner: str
    odds: tuple[int, int] = (0, 1)
    check: str = ""
    scope: Scope = Scope.KERNEL
    canary: str = ""


def always(
    id: str,  # noqa: A002 - the word of the catalogue
    sentence: str,
    *,
    scope: Scope | None = None,
    canary: str = "",
) -> Callable[[ViewCheck | type[Check]], Property]:
    """State what holds after every turn. Decorates a function over the view, or a Check class."""
    return _decorator(id, sentence, Kind.ALWAYS, AlwaysOnView, scope, canary)


def eventually(
    id: str,  # noqa: A002
    sentence: str,
    *,
    scope: Scope | None = None,
    canary: str = "",
) -> Callable[[ViewCheck | type[Check]], Property]:
    """State what holds once faults have stopped and the quiet period has passed."""
    return _decorator(id, sentence, Kind.EVENTUALLY, EventuallyOnView, scope, canary)


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
        kind = type(seen.__name__, (Probe,), {"facts": facts, "inputs": inputs})

        def make() -> Check:
            return Probe(seen, id, kind)

        return Property(
            id, sentence, Kind.SOMETIMES, make, seen.__module__, odds, seen.__name__, _S.RUN
        )

    return decorate


def _decorator(
    id: str,  # noqa: A002
    sentence: str,
    kind: Kind,
    adapter: Callable[[ViewCheck], Check],
    scope: Scope | None,
    canary: str,
) -> Callable[[ViewCheck | type[Check]], Property]:
    if not id or not sentence:
        raise ValueError("a property needs an id and a sentence")
    judged = scope_of(id) if scope is None else scope

    def decorate(check: ViewCheck | type[Check]) -> Property:
        owner, name = check.__module__, getattr(check, "__name__", type(check).__name__)
        make = check if isinstance(check, type) else lambda: adapter(check)
        return Property(id, sentence, kind, make, owner, check=name, scope=judged, canary=canary)

    return decorate
