"""A failing run made smaller: the search in one process, the result run anew in another.

`simulation.shrink_search` says in which order, and how.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final

import msgspec

from simulation import bundle as bundles
from simulation.bundle import Bundle
from simulation.cut import Cut
from simulation.entropy import Tape
from simulation.options import RunOptions
from simulation.outcome import Verdict
from simulation.recording import PYTHON, Recording, record_run
from simulation.run import prepare
from simulation.scenario import Scenario
from simulation.shrink_search import Search
from simulation.tapes import deviations, trimmed
from simulation.trials import Trials, Tried

_SECOND: Final = 1_000_000_000


class NothingToShrink(ValueError):
    """The run that was given breaks no property on this code."""


class Shrunk(msgspec.Struct, frozen=True):
    """The smallest run found.

    Attributes:
        first, last: what was given, and what is left, each as it ran.
        cut: what of the scenario is left out.
        recording: of what is left, by a process of its own.
        taken: a line for each sort of thing that went.
        tries: runs that the search took.
        seconds, cpu_seconds: that it took on the wall, and its runs of a processor.
        is_minimal: False when the budget ended the search.
    """

    first: Tried
    last: Tried
    cut: Cut
    recording: Recording
    taken: list[str]
    tries: int
    seconds: float
    cpu_seconds: float
    is_minimal: bool

    @property
    def tape(self) -> Tape:
        return trimmed(self.last.tape)

    @property
    def deviations(self) -> int:
        return deviations(self.last.tape)

    @property
    def is_repeatable(self) -> bool:
        """Whether the other process did the same, byte for byte."""
        return self.recording.outcome.digest == self.last.outcome.digest

    @property
    def subject_changed(self) -> bool:
        return self.first.outcome.subject != self.last.outcome.subject

    def bundle(self) -> Bundle:
        """What `replay` takes."""
        made = bundles.make_bundle(self.recording)
        return msgspec.structs.replace(made, tape=self.tape, cut=self.cut)


def shrink(
    options: RunOptions,
    seed: int,
    tape: Tape,
    *,
    cut: Cut | None = None,
    budget_ns: int = 60 * _SECOND,
    launcher: Sequence[str] = PYTHON,
) -> Shrunk:
    """The smallest run that breaks the property which this one breaks.

    Args:
        options: with the hashes of the code and the recordings.
        tape, cut: the failing run; what is shrunk already may be shrunk again.
        budget_ns: processor time of the runs tried: a busy machine takes longer, and gets as far.
    Raises:
        NothingToShrink: the run breaks no property.
        RunRefused, RecordingFailed, ScenarioError, RecordingError: as `record_run`.
    """
    scenario = prepare(options)
    cut = Cut() if cut is None else cut
    with closing(Trials(options, seed, launcher)) as trials:
        first = trials.run(cut, tape)
        if first is None:
            raise NothingToShrink("the run ends the process it runs in, or does not end")
        if first.outcome.verdict is not Verdict.VIOLATION:
            raise NothingToShrink(f"the run breaks no property: {first.outcome.verdict}")
        search = Search(scenario, cut, first, trials.run, lambda: trials.cpu_ns > budget_ns)
        search.run()
        tries, seconds, cpu_ns = trials.runs, trials.seconds(), trials.cpu_ns
    last = search.best
    recording = record_run(
        options, seed, launcher=launcher, tape=trimmed(last.tape), cut=search.cut
    )
    taken = list(_taken(scenario, first, last, search.cut))
    return Shrunk(
        first,
        last,
        search.cut,
        recording,
        taken,
        tries,
        seconds,
        cpu_ns / _SECOND,
        not search.ran_out,
    )


def _taken(scenario: Scenario, first: Tried, last: Tried, cut: Cut) -> Iterator[str]:
    """A line per sort, in the order in which they were tried."""
    before, after = first.outcome, last.outcome
    if last.elapsed_ns < first.elapsed_ns:
        yield f"duration: {_seconds(first.elapsed_ns)} -> {_seconds(last.elapsed_ns)}"
    if cut.active_ns and cut.active_ns < last.elapsed_ns:
        yield f"faults and orders: until {scenario.active} -> {_seconds(cut.active_ns)}"
    for what, gone, total in (
        ("instruments", len(cut.instruments), sum(len(v.instruments) for v in scenario.venues)),
        ("strategies", len(cut.strategies), len(scenario.strategies)),
        ("traders", len(cut.traders), scenario.workload.traders if scenario.workload else 0),
    ):
        if gone:
            yield f"{what}: {total} -> {total - gone}"
    counts = ("submits", "fills", "turns")
    yield "; ".join(
        f"{name}: {before.counts.get(name, 0)} -> {after.counts.get(name, 0)}" for name in counts
    )
    left = ", ".join(f"{kind} {count}" for kind, count in after.faults.items()) or "none"
    yield f"faults fired: {sum(before.faults.values())} -> {left}"
    yield f"choices that are not the dullest: {deviations(first.tape)} -> {deviations(last.tape)}"


def _seconds(duration: int) -> str:
    return f"{duration / _SECOND:.1f} s"
