"""What a property has found to be broken."""

from collections.abc import Iterable

import msgspec


class Violation(msgspec.Struct, frozen=True):
    """What broke: the subject (an id) and one line of what was seen against what should be."""

    subject: str
    detail: str


class Found(Violation, frozen=True):
    """A violation with the property that it breaks and the turn that showed it."""

    property_id: str
    turn: int


Finding = Iterable[Violation] | None
