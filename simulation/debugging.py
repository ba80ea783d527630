"""A run once more, with Python's debugger opened in the middle of it.

In a process of its own like every run that is kept, and on the terminal of whoever asks: standard
input and output are the debugger's. This is the asking side; `simulation.debugger` is what the
process runs.
"""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from simulation.recording import PYTHON, Job, Recording
from simulation.trace import read_record


class Stop(msgspec.Struct, frozen=True):
    """A run, and the number (from 1) of the record at which to open the debugger."""

    job: Job
    record: int


def failing_record(recording: Recording) -> int:
    """The number of the turn after which the property broke; of the verdict where no turn broke it:
    the end of the run did, or a turn that never came to its end."""
    records = recording.records
    if len(records) > 1 and not recording.outcome.traceback:
        turn, verdict = read_record(records[-2]), read_record(records[-1])
        if turn.kind == "turn" and turn.ts == verdict.ts:
            return len(records) - 1
    return len(records)


def debug(job: Job, record: int, *, launcher: Sequence[str] = PYTHON) -> None:
    """Run `job` under the debugger, on this process's terminal, and wait until it ends."""
    with tempfile.TemporaryDirectory(prefix="seatrial-") as folder:
        path = Path(folder) / "job.json"
        path.write_bytes(msgspec.json.encode(Stop(job, record)))
        subprocess.run(
            (*launcher, "simulation.debugger", str(path)),
            check=False,
            env=dict(os.environ, PYTHONHASHSEED="0"),
        )
