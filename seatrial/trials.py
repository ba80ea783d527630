"""The seeds of one test item: run, handed to the user's function, and what is told of a failure.

The plugin (`seatrial.pytest_plugin`) is the only one to know pytest; here is what it calls.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from seatrial.commands.records import line
from seatrial.testing import Trial
from simulation import bundle as bundles
from simulation.campaign import owed_and_missing
from simulation.failures import divergence_of
from simulation.options import RunOptions
from simulation.outcome import Outcome, Verdict
from simulation.recorder import record_here
from simulation.recording import Recording, RecordingFailed, RunRefused, record_run
from simulation.run import broken, named, prepare, simulate
from simulation.scenario import Scenario

CHUNK: Final = 25  # seeds per test item: a second or so, and enough items for several workers
FAILURES: Final = Path("seatrial-failures")
_RECORDS_SHOWN: Final = 8
_WIDTH_MAX: Final = 180
_SEEDS_LISTED: Final = 12


class Window(msgspec.Struct, frozen=True):
    """Seeds `first` .. `first + count - 1`."""

    first: int
    count: int

    def __str__(self) -> str:
        last = self.first + self.count - 1
        return f"{self.first}-{last}" if self.count > 1 else str(self.first)


class Ran(msgspec.Struct, frozen=True):
    """One seed of an item.

    Attributes:
        error: what the user's function raised, or None.
    """

    outcome: Outcome
    error: BaseException | None


class Tally(msgspec.Struct):
    """What a test's seeds did; of several items and processes it is added up.

    Attributes:
        profile: that overrides the scenario's, or "".
        seeds: that the test asks for; a selection may run fewer.
        properties: how many judge each run.
        owed: "fault NAME" and "probe ID" that so many seeds should show.
        digests: of each run by seed.
        causes: what failed seeds have in common -> (how it is called, the seeds).
        unasserted: failed seeds that the user's function let pass.
        refused: passed seeds that it did not.
    """

    scenario: str
    profile: str
    seeds: int
    properties: int
    owed: list[str]
    digests: dict[int, str] = {}
    causes: dict[str, tuple[str, list[int]]] = {}
    unasserted: list[int] = []
    refused: list[int] = []
    faults: dict[str, int] = {}
    probes: dict[str, int] = {}

    def add(self, ran: Ran) -> None:
        outcome = ran.outcome
        self.digests[outcome.seed] = outcome.digest
        self._add_counts(outcome.faults, outcome.probes)
        if not outcome.passed:
            cause = self.causes.setdefault(outcome.signature, (what_broke(outcome), []))
            cause[1].append(outcome.seed)
            if ran.error is None and outcome.verdict is not Verdict.ERROR:
                self.unasserted.append(outcome.seed)
        elif ran.error is not None:
            self.refused.append(outcome.seed)

    def merge(self, other: "Tally") -> None:
        self.digests.update(other.digests)
        self._add_counts(other.faults, other.probes)
        self.unasserted.extend(other.unasserted)
        self.refused.extend(other.refused)
        for signature, (title, seeds) in other.causes.items():
            self.causes.setdefault(signature, (title, []))[1].extend(seeds)

    def missing(self) -> list[str]:
        """What was owed and never showed; of a part of the seeds nothing is known."""
        if len(self.digests) < self.seeds:
            return []
        seen = [f"fault {name}" for name in self.faults]
        seen.extend(f"probe {name}" for name in self.probes)
        return [name for name in self.owed if name not in seen]

    def _add_counts(self, faults: dict[str, int], probes: dict[str, int]) -> None:
        for total, counts in ((self.faults, faults), (self.probes, probes)):
            for name, count in counts.items():
                total[name] = total.get(name, 0) + count


class Failure(msgspec.Struct, frozen=True):
    """The seed that an item fails with, run once more.

    Attributes:
        token: names it; with the hash of the code when a fresh process could run it.
        text: what a reader needs, several lines.
    """

    token: str
    text: str


_prepared: dict[RunOptions, Scenario] = {}


def scenario_of(options: RunOptions) -> Scenario:
    """The scenario, put together once per process.

    Raises:
        ScenarioError: it cannot be found or put together.
    """
    scenario = _prepared.get(options)
    if scenario is None:
        named(options)  # refuses what cannot run
        scenario = _prepared[options] = prepare(options)
    return scenario


def windows(trial: Trial, seeds: int | None) -> list[Window]:
    """The items that a test becomes: chunks of its seeds."""
    end = trial.first_seed + (seeds or trial.seeds)
    return [Window(first, min(CHUNK, end - first)) for first in range(trial.first_seed, end, CHUNK)]


def tally_of(scenario: Scenario, trial: Trial, seeds: int | None) -> Tally:
    """An empty one."""
    count = seeds or trial.seeds
    owed = owed_and_missing(scenario, trial.options(), count, {}, {})
    return Tally(trial.scenario, trial.faults, count, len(scenario.properties), owed)


def run_seed(scenario: Scenario, seed: int, options: RunOptions) -> Outcome:
    """One seed; a harness that breaks is an outcome too, as in a campaign."""
    try:
        return simulate(scenario, seed, options)
    except Exception as error:
        return broken(options, seed, error)


def failure_of(
    trial: Trial, outcome: Outcome, others: list[Outcome], again: Callable[[str], str]
) -> Failure:
    """Run a failed seed once more, keep its bundle, and tell of it.

    Args:
        others: the further failed outcomes of the item.
        again: the pytest command that runs a token.
    """
    options = trial.options()
    recording, importable = _recorded(options, outcome)
    token = recording.outcome.token
    same = recording.outcome.digest == outcome.digest
    if not same and outcome.verdict is not Verdict.ERROR:
        return Failure(token, _nondeterminism(options, outcome, recording, again(token)))
    lines = [_headline(outcome), *_sentence(scenario_of(options), outcome.property_id)]
    lines.extend(_others(outcome, others))
    lines.extend(_last_records(recording.records))
    if outcome.traceback:
        lines.extend(["", *outcome.traceback.rstrip("\n").split("\n")])
    lines.extend(["", f"token:  {token}", f"again:  {again(token)}"])
    if importable:
        lines.append(f"        seatrial replay '{token}'")
        with suppress(OSError):  # nowhere to write: the token says it all
            path = bundles.save(bundles.make_bundle(recording), FAILURES)
            lines.append(f"bundle: {path}")
    return Failure(token, "\n".join(lines))


def what_broke(outcome: Outcome) -> str:
    """VERDICT(PROPERTY)"""
    found = f"({outcome.property_id})" if outcome.property_id else ""
    return f"{outcome.verdict}{found}"


def listed(seeds: list[int]) -> str:
    """The first of them, and how many more."""
    shown = ", ".join(str(seed) for seed in seeds[:_SEEDS_LISTED])
    more = len(seeds) - _SEEDS_LISTED
    return f"{shown} and {more} more" if more > 0 else shown


def _recorded(options: RunOptions, outcome: Outcome) -> tuple[Recording, bool]:
    """The seed's run with everything kept, and whether a fresh process made it: only then can
    `seatrial replay` find the scenario too."""
    try:
        return record_run(options, outcome.seed), True
    except (RunRefused, RecordingFailed):
        return record_here(options, outcome.seed), False


def _headline(outcome: Outcome) -> str:
    name = f"{outcome.scenario}@{outcome.seed}"
    return f"{name}: {what_broke(outcome)} {outcome.subject}: {outcome.detail}"


def _sentence(scenario: Scenario, property_id: str) -> list[str]:
    return [f"  {entry.sentence}" for entry in scenario.properties if entry.id == property_id]


def _others(outcome: Outcome, others: list[Outcome]) -> list[str]:
    causes: dict[str, list[Outcome]] = {}
    for other in others:
        causes.setdefault(other.signature, []).append(other)
    lines = []
    for signature, group in causes.items():
        seeds = listed([other.seed for other in group])
        what = "so" if signature == outcome.signature else what_broke(group[0])
        lines.append(f"  {what} do seeds {seeds}" if what == "so" else f"  {what}: seeds {seeds}")
    return lines


def _last_records(records: list[bytes]) -> list[str]:
    if not records:
        return []
    tail = records[-_RECORDS_SHOWN:]
    first = len(records) - len(tail) + 1
    lines = ["", f"the last of {len(records)} records:"]
    for number, record in enumerate(tail, first):
        text = line(record)
        cut = text if len(text) <= _WIDTH_MAX else f"{text[:_WIDTH_MAX]} ..."
        lines.append(f"{number:6d} {cut}")
    return lines


def _nondeterminism(options: RunOptions, outcome: Outcome, recording: Recording, again: str) -> str:
    lines = [
        f"{outcome.scenario}@{outcome.seed}: {Verdict.NONDETERMINISM}(DET-1) trace: "
        f"{what_broke(outcome)} with digest {outcome.digest[:12]}, "
        f"then {what_broke(recording.outcome)} with {recording.outcome.digest[:12]} alone"
    ]
    with suppress(RunRefused, RecordingFailed):
        found = divergence_of(recording, record_run(options, outcome.seed, hash_seed="1"))
        if found is not None:
            lines.append(f"  two hash seeds differ in record {found.record}:")
            lines.extend(f"  {line(side)[:_WIDTH_MAX]}" for side in (found.a, found.b) if side)
    return "\n".join([*lines, "", f"token:  {recording.outcome.token}", f"again:  {again}"])
