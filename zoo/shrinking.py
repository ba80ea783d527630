"""`python -m zoo.shrinking [BUG ...]`: how small the first failure of each planted bug becomes.

A line per bug, then median and 95th percentile of deviations and seconds. What is left of each is
also run without its bug: it must pass, or the search has found another failure than the bug's.
"""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Final

import msgspec

from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.recording import PYTHON, record_run
from simulation.run import named
from simulation.scenario import duration_ns
from simulation.shrink import Shrunk, shrink
from zoo.bug import Bug
from zoo.bugs import BUGS
from zoo.hunt import ACROSS_RUNS, found

MINUTE_NS: Final = 60_000_000_000
# what is judged over two runs is held by no tape
MEASURED: Final = tuple(
    bug.id for bug in BUGS.values() if bug.property and bug.property != ACROSS_RUNS
)


class Measured(msgspec.Struct, frozen=True):
    """What became of one bug's first failure.

    Attributes:
        seed: at which its property broke first.
        without_bug: the same run on the kernel as it is.
    """

    bug: str
    seed: int
    shrunk: Shrunk
    without_bug: Outcome

    @property
    def is_sound(self) -> bool:
        return self.shrunk.is_repeatable and self.without_bug.passed


def measure(bug: Bug, seeds: int, budget_ns: int = MINUTE_NS) -> Measured | None:
    """Find the bug's first failure within `seeds` and shrink it; None: not found."""
    outcome = found(bug, seeds)
    return None if outcome is None else measure_at(bug.id, outcome.seed, budget_ns)


def measure_at(name: str, seed: int, budget_ns: int = MINUTE_NS) -> Measured:
    """Shrink the bug's failure at a seed.

    Raises:
        NothingToShrink: it does not fail there.
    """
    bug = BUGS[name]
    launcher = (*PYTHON, "zoo.patched", bug.id)
    options = named(RunOptions(bug.scenario, bug=bug.id))
    tape = record_run(options, seed, launcher=launcher).tape
    shrunk = shrink(options, seed, tape, budget_ns=budget_ns, launcher=launcher)
    clean = msgspec.structs.replace(options, bug="")
    without_bug = record_run(clean, seed, tape=shrunk.tape, cut=shrunk.cut).outcome
    return Measured(bug.id, seed, shrunk, without_bug)


def _measure(name: str, seeds: int, budget_ns: int) -> Measured | None:
    return measure(BUGS[name], seeds, budget_ns)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many in a hundred do not exceed; nearest rank."""
    ranked = sorted(values)
    return ranked[max(0, -(-percent * len(ranked) // 100) - 1)]


def line(measured: Measured) -> str:
    shrunk = measured.shrunk
    began = shrunk.first.outcome.property_id
    notes = [] if shrunk.is_minimal else ["budget ran out"]
    if not shrunk.is_repeatable:
        notes.append("NOT REPEATABLE")
    if not measured.without_bug.passed:
        notes.append(f"WITHOUT THE BUG: {measured.without_bug.verdict}")
    return (
        f"{measured.bug:34} seed {measured.seed:3}  {began:6} {shrunk.deviations:4} deviations  "
        f"{shrunk.tries:5} tries  {shrunk.seconds:5.1f} s  {shrunk.cpu_seconds:5.1f} s of CPU  "
        f"{', '.join(notes)}"
    ).rstrip()


def summary(all_found: Sequence[Measured]) -> str:
    left = [each.shrunk.deviations for each in all_found]
    seconds = [each.shrunk.seconds for each in all_found]
    cpu = [each.shrunk.cpu_seconds for each in all_found]
    return (
        f"{len(all_found)} bugs: deviations median {percentile(left, 50)}, p95 "
        f"{percentile(left, 95)}; seconds median {percentile(seconds, 50):.1f}, p95 "
        f"{percentile(seconds, 95):.1f}; of CPU median {percentile(cpu, 50):.1f}, p95 "
        f"{percentile(cpu, 95):.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m zoo.shrinking")
    parser.add_argument("bugs", nargs="*", metavar="BUG", help="all that a run finds, unless named")
    parser.add_argument("--seeds", type=int, default=300, help="how far to look for each")
    parser.add_argument("--budget", default="60s", help="of CPU, per bug")
    parser.add_argument("--jobs", type=int, default=2, help="bugs at a time")
    given = parser.parse_args()
    wanted = given.bugs or list(MEASURED)
    for name in wanted:
        if name not in MEASURED:
            parser.error(f"no run finds a bug {name!r}")
    all_found: list[Measured] = []
    lost = False
    one = partial(_measure, seeds=given.seeds, budget_ns=duration_ns(given.budget))
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        for name, measured in zip(wanted, pool.map(one, wanted), strict=True):
            if measured is None:
                lost = True
                print(f"{name:34} not found in {given.seeds} seeds", flush=True)  # noqa: T201
                continue
            all_found.append(measured)
            print(line(measured), flush=True)  # noqa: T201
    if all_found:
        print(summary(all_found))  # noqa: T201
    sys.exit(0 if not lost and all(each.is_sound for each in all_found) else 1)


if __name__ == "__main__":
    main()
