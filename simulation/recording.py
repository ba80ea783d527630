"""A run with everything kept: the outcome, every record, the tape and the plan.

Made in a process of its own, so that a patch, a hash seed or another interpreter setting can be
chosen for it, and so that replaying never depends on what this process has done before. This is
the asking side, and light; `simulation.recorder` is what the process runs.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from simulation.cut import Cut
from simulation.entropy import Tape
from simulation.options import RunOptions
from simulation.outcome import Outcome

PYTHON: Final = (sys.executable, "-P", "-m")  # starts a module; another launcher may patch first


class RecordingFailed(RuntimeError):
    """The recording process ended without a recording; its own words are on standard error."""


class RunRefused(ValueError):
    """The options make no run: a scenario, recording or profile is wrong. Says which."""


class Job(msgspec.Struct, frozen=True):
    """One seed to run, by options whose `code` and `market` are made anew.

    Attributes:
        tape: what its choices are read from, instead of the seed.
        cut: what of the scenario is left out.
    """

    options: RunOptions
    seed: int
    tape: Tape | None = None
    cut: Cut | None = None


class Recording(msgspec.Struct, frozen=True, tag=True):
    """One run, whole.

    Attributes:
        options: with the hashes of the code and the recordings that ran.
        records: as the trace wrote them; `simulation.trace.read_record` reads one.
        tape: every choice, per stream.
        plan: the planned faults, as text.
        parts: what `options.code` is a hash of, see `simulation.token.code_parts`.
        mismatches: of a run by a tape: how often it asked for something else than was recorded.
    """

    options: RunOptions
    outcome: Outcome
    records: list[bytes]
    tape: Tape
    plan: list[str]
    parts: dict[str, str] = {}
    mismatches: int = 0


class Refusal(msgspec.Struct, frozen=True, tag=True):
    """What the process says instead of a recording when the options make no run."""

    text: str


def record_run(
    options: RunOptions,
    seed: int,
    *,
    launcher: Sequence[str] = PYTHON,
    hash_seed: str = "0",
    tape: Tape | None = None,
    cut: Cut | None = None,
) -> Recording:
    """Run `seed`, or a `tape`, in a fresh process and keep everything.

    Raises:
        RunRefused: the options make no run.
        RecordingFailed: the process died.
    """
    done = subprocess.run(
        (*launcher, "simulation.recorder"),
        input=msgspec.json.encode(Job(options, seed, tape, cut)),
        stdout=subprocess.PIPE,
        check=False,
        env=dict(os.environ, PYTHONHASHSEED=hash_seed),
    )
    if done.returncode != 0:
        raise RecordingFailed(f"the run of seed {seed} died with exit code {done.returncode}")
    answer = msgspec.msgpack.decode(done.stdout, type=Recording | Refusal)
    if isinstance(answer, Refusal):
        raise RunRefused(answer.text)
    return answer


def first_difference(a: Sequence[bytes], b: Sequence[bytes]) -> int | None:
    """Index of the first record in which two runs differ; None when one is like the other.

    Where one run merely goes on, it is the index of the first record that the other lacks.
    """
    for index, (left, right) in enumerate(zip(a, b, strict=False)):
        if left != right:
            return index
    return None if len(a) == len(b) else min(len(a), len(b))
