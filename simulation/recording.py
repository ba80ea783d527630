"""A run with everything kept: the outcome, every record, the tape and the plan.

Made in a process of its own, so that a patch, a hash seed or another interpreter setting can be
chosen for it, and so that replaying never depends on what this process has done before.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from simulation.entropy import SeededEntropy, Tape
from simulation.outcome import Outcome
from simulation.run import RunOptions, prepare, run_world

PYTHON: Final = (sys.executable, "-P", "-m")  # what starts a module; another launcher may patch first


class RecordingFailed(RuntimeError):
    """The recording process ended without a recording; its own words are on standard error."""


class Job(msgspec.Struct, frozen=True):
    options: RunOptions
    seed: int


class Recording(msgspec.Struct, frozen=True):
    """One run, whole.

    Attributes:
        records: as the trace wrote them; `simulation.trace.read_record` reads one.
        tape: every choice, per stream.
        plan: the planned faults, as text.
    """

    outcome: Outcome
    records: list[bytes]
    tape: Tape
    plan: list[str]


def record_run(
    options: RunOptions,
    seed: int,
    *,
    launcher: tuple[str, ...] = PYTHON,
    hash_seed: str = "0",
) -> Recording:
    """Run `seed` in a fresh process and keep everything.

    Raises:
        RecordingFailed: the process died.
    """
    job = msgspec.json.encode(Job(options, seed))
    done = subprocess.run(
        (*launcher, "simulation.recording"),
        input=job,
        stdout=subprocess.PIPE,
        check=False,
        env=dict(os.environ, PYTHONHASHSEED=hash_seed),
    )
    if done.returncode != 0:
        raise RecordingFailed(f"the run of seed {seed} died with exit code {done.returncode}")
    return msgspec.msgpack.decode(done.stdout, type=Recording)


def record_here(options: RunOptions, seed: int) -> Recording:
    """The same in this process."""
    entropy = SeededEntropy(seed, keep_tape=True)
    outcome, world = run_world(
        prepare(options), seed, options, entropy=entropy, keep_trace=True
    )
    plan = [f"{at_ns} {fault}" for at_ns, fault in world.faults.plan]
    return Recording(outcome, list(world.trace.kept), entropy.tape or {}, plan)


def main() -> None:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.msgpack.encode(record_here(job.options, job.seed)))


if __name__ == "__main__":
    main()
