"""The hunt for a planted bug: its patched code, seed after seed, in one fresh process."""

import os
import subprocess
from collections.abc import Iterator

import msgspec

from simulation.campaign import Spec, run_campaign
from simulation.options import RunOptions
from simulation.outcome import Outcome, Verdict
from simulation.recording import PYTHON
from simulation.run import named
from simulation.worker import Chunk, Line
from zoo.bug import Bug

ACROSS_RUNS = "DET-1"  # judged over two runs of a seed, never inside one
_TWICE_AT_ONCE = 20


class HuntFailed(RuntimeError):
    """The patched process ended without an answer; its own words are on standard error."""


def hunt(bug: Bug, seeds: int, scenario: str = "", faults: str = "") -> list[Outcome]:
    """Run a bug's scenario (or another one) from seed 0 on, until its property finds it.

    Returns:
        Every outcome that is no pass, by seed; the last names the bug's property, or the bug
        survived `seeds` seeds.
    Raises:
        HuntFailed: the patched process broke off.
    """
    options = named(RunOptions(scenario or bug.scenario, faults=faults, bug=bug.id))
    failed: list[Outcome] = []
    for outcome in _outcomes(options, seeds):
        if not outcome.passed:
            failed.append(outcome)
        if outcome.property_id == bug.property:
            break
    return failed


def hunt_across_runs(bug: Bug, seeds: int) -> list[Outcome]:
    """The same for a bug of `ACROSS_RUNS`: each seed runs twice, under two hash seeds.

    Returns:
        Every outcome that is no pass among the first seeds that hold one, by seed.
    """
    options = named(RunOptions(bug.scenario, bug=bug.id))
    for first in range(0, seeds, _TWICE_AT_ONCE):
        count = min(_TWICE_AT_ONCE, seeds - first)
        spec = Spec(options, count, first, twice=True, launcher=(*PYTHON, "zoo.patched", bug.id))
        failed = [each for each in run_campaign(spec, lambda _: None).results if not each.passed]
        if failed:
            return sorted(failed, key=lambda outcome: outcome.seed)
    return []


def found(bug: Bug, seeds: int) -> Outcome | None:
    """The first outcome that finds the bug as it is to be found, or None."""
    if bug.property == ACROSS_RUNS:
        failed = hunt_across_runs(bug, seeds)[:1]
        return failed[0] if failed and failed[0].verdict is Verdict.NONDETERMINISM else None
    failed = hunt(bug, seeds)
    return failed[-1] if failed and failed[-1].property_id == bug.property else None


def _outcomes(options: RunOptions, seeds: int) -> Iterator[Outcome]:
    with subprocess.Popen(
        (*PYTHON, "zoo.patched", options.bug, "simulation.worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ, PYTHONHASHSEED="0"),
    ) as worker:
        if worker.stdin is None or worker.stdout is None:
            raise HuntFailed(f"no pipes to the process of {options.bug}")
        worker.stdin.write(msgspec.json.encode(options) + b"\n")
        for seed in range(seeds):
            worker.stdin.write(msgspec.json.encode(Chunk(seed, 1)) + b"\n")
            worker.stdin.flush()
            line = worker.stdout.readline()
            if not line:
                raise HuntFailed(f"the process of {options.bug} broke off at seed {seed}")
            yield msgspec.json.decode(line, type=Line).outcome
