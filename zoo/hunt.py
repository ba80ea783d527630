"""The hunt for a planted bug: its patched code, seed after seed, in one fresh process."""

from collections.abc import Iterator

from simulation.campaign import DETERMINISM, Spec, run_campaign
from simulation.executors import CampaignError, WorkerProcess
from simulation.options import RunOptions
from simulation.outcome import Outcome, Verdict
from simulation.recording import PYTHON
from simulation.run import named
from simulation.worker import Chunk, Task
from zoo.bug import Bug

ACROSS_RUNS = DETERMINISM
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
    worker = WorkerProcess((*PYTHON, "zoo.patched", options.bug), Task(options), "0")
    try:
        for seed in range(seeds):
            (line,) = worker.answer(Chunk([(seed, "")]))
            yield line.outcome
    except CampaignError as error:
        raise HuntFailed(f"the process of {options.bug}: {error}") from error
    finally:
        worker.end(at_once=True)
