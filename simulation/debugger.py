"""Runs one seed and opens the debugger at a record: the process behind `simulation.debugging`."""

import os
import pdb
import sys
from pathlib import Path
from types import FrameType

import msgspec

from simulation.debugging import Stop
from simulation.recorder import choices
from simulation.run import prepare, run_world
from simulation.trace import Trace

_OURS = (__name__, "simulation.trace")


class _Debugger(pdb.Pdb):
    """Leaving it leaves the run: an exception would only be taken for the kernel's."""

    def set_quit(self) -> None:
        sys.stdout.flush()
        os._exit(0)


def _open() -> None:
    """At the frame that wrote the record; where an exception ended the run, where it was raised."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__") in _OURS:
        frame = frame.f_back
    cause = frame.f_locals.get("cause") if frame is not None else None
    debugger = _Debugger()
    if isinstance(cause, BaseException) and cause.__traceback__ is not None:
        debugger.reset()
        debugger.interaction(None, cause.__traceback__)
    else:
        debugger.set_trace(frame)


def main() -> None:
    stop = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Stop)
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # last: a user's folder must never hide one of ours
    job = stop.job
    run_world(
        prepare(job.options, job.cut),
        job.seed,
        job.options,
        entropy=choices(job.seed, job.tape),
        cut=job.cut,
        trace=Trace(True, stop.record, _open),
    )


if __name__ == "__main__":
    main()
