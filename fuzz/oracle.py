"""How a target says that what it saw is wrong. Anything else that it raises is a crash as well."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Wrong(Exception):
    """An answer of ours that is not the right one; says what was asked and both answers."""


def agree(what: str, ours: object, theirs: object) -> None:
    """Raise Wrong unless our answer is the witness's."""
    if ours != theirs:
        raise Wrong(f"{what}: {ours!r}, the witness has {theirs!r}")


def refused(what: str, ask: Callable[[], object], *kinds: type[Exception]) -> None:
    """Raise Wrong unless `ask` raises one of the documented `kinds`. Other errors pass through."""
    try:
        answer = ask()
    except kinds:
        return
    raise Wrong(f"{what}: {answer!r}, the witness refuses it")


def accepted(what: str, ask: Callable[[], T], *kinds: type[Exception]) -> T:
    """The answer of `ask`; Wrong when it is refused with one of the documented `kinds`."""
    try:
        return ask()
    except kinds as error:
        raise Wrong(f"{what}: refused ({error}), the witness reads it") from error
