"""What passes between the process that searches and the one that asked for it."""

import traceback
from collections.abc import Callable

import msgspec

from simulation.entropy import Tape

DIED = "died"  # the interpreter itself: a signal, or all its memory used up
SLOW = "took too long"


class Job(msgspec.Struct, frozen=True):
    """One search.

    Attributes:
        seconds: how long, at least 1.
        seed: of the fuzzer's own choices.
        bug: zoo id, or "".
        corpus: folder of the inputs to start from.
        work: an empty folder, for what the search leaves behind.
    """

    target: str
    seconds: int
    seed: int
    bug: str
    corpus: str
    work: str


class Question(msgspec.Struct, frozen=True):
    """One input for one target."""

    target: str
    data: bytes


class Finding(msgspec.Struct, frozen=True):
    """An input that crashes its target.

    Attributes:
        kind: the exception's type, DIED or SLOW.
        text: what it says.
        traceback: where it was raised, or "".
        tape: of a run that is driven by the input, every choice of it; else None.
    """

    target: str
    data: bytes
    kind: str
    text: str
    traceback: str = ""
    tape: Tape | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}" if self.text else self.kind

    @property
    def signature(self) -> tuple[str, str]:
        """What must be the same when the input is given again."""
        return self.kind, self.text


def found(
    target: str,
    data: bytes,
    error: Exception,
    tape_of: Callable[[bytes], Tape] | None,
) -> Finding:
    """The finding that an exception of a target's `check` is."""
    tape = None if tape_of is None else tape_of(data)
    shown = "".join(traceback.format_exception(error))
    return Finding(target, data, type(error).__name__, _clean(str(error)), _clean(shown), tape)


def _clean(text: str) -> str:
    """Without lone surrogates, which no file could hold."""
    return text.encode("utf-8", "backslashreplace").decode()
