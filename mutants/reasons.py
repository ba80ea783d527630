"""Why mutants survived: written by someone who has looked at each, and nothing is guessed.

A survivor of a line that no run executes needs no entry: that was measured. One without an entry
is shown as not looked at.
"""

from enum import StrEnum
from typing import Final

import msgspec


class Why(StrEnum):
    EQUIVALENT = "equivalent"  # no input can tell it from the code as it is
    UNREACHABLE = "unreachable"  # the runs have no situation in which it matters
    UNJUDGED = "not judged"  # it goes wrong in the runs, and no property says that it may not


class Reason(msgspec.Struct, frozen=True):
    """`text` ends with what would judge it, where nothing does."""

    why: Why
    text: str
    mutants: tuple[str, ...]


REASONS: Final[tuple[Reason, ...]] = ()
