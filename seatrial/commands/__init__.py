"""What each command does: one call into the library, then words. Each returns the exit code.

Every module here is imported by its own command only, so that `replay` does not wait for what
`backtest` needs.
"""

import sys

from seatrial import compiled
from simulation.recording import PYTHON
from zoo.bugs import BUGS


class UsageError(ValueError):
    """Wrong usage: one line that names the place and the mend."""


def launcher(bug: str) -> tuple[str, ...]:
    """What starts a module of ours in a fresh process, with the bug when there is one.

    Raises:
        UsageError: no such bug.
    """
    if not bug:
        return PYTHON
    if bug not in BUGS:
        raise UsageError(f"bug {bug!r} is not in the zoo; one of {', '.join(BUGS)}")
    return (*PYTHON, "zoo.patched", bug)


def worker_launcher(bug: str) -> tuple[str, ...]:
    """`launcher` for those who run many seeds and keep none: with compiled modules where there
    are such. What is kept, shown or replayed runs on the sources, so each failure also shows that
    both do the same.

    Raises:
        UsageError: no such bug.
    """
    starter = launcher(bug)
    if bug:
        return starter  # a bug is a patch of a source
    try:
        return (*starter, "seatrial.compiled") if compiled.available() else starter
    except compiled.Stale as error:
        print(f"seatrial: {error}", file=sys.stderr)
        return starter
