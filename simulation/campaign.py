"""Many seeds over processes: streamed, counted, and judged as a whole.

Runs are handed out in small chunks to whoever is free; results are kept in seed order, so eight
workers report what one worker reports. A fault or probe that was owed and never showed makes a
green campaign inconclusive: it tested less than it says. So does a budget that ran out too early.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

import invariants.probes
from invariants.check import Check
from simulation.canary import Heard
from simulation.executors import CampaignError as CampaignError
from simulation.executors import Executor, Workers
from simulation.faults import FaultKind
from simulation.options import RunOptions
from simulation.outcome import EXIT_CODES, Outcome, Verdict
from simulation.recording import PYTHON
from simulation.run import prepare
from simulation.scenario import Scenario, duration_ns
from simulation.worker import Chunk, Line, Task

_SURE: Final = 14  # owed once seeds >= 14 / odds: missed by chance once in a million campaigns
DETERMINISM: Final = "DET-1"  # judged here, between two runs
_HOOKS: Final = (
    *("turn", "every_turn", "tapped", "logged", "dispatched", "delivered", "end"),
    *("actor", "listener", "watcher", "log"),
)
_NEIGHBOURS: Final = 4  # of each run that met something new
_GENERATIONS: Final = 8  # a neighbour's neighbour's ... and so on, as often as this
HASH_SEEDS: Final = ("0", "1")  # PYTHONHASHSEED of the first and of the second pass

Run = tuple[int, str]  # (seed, which neighbour of it or "")
Done = Mapping[Run, Line]


class Spec(msgspec.Struct, frozen=True):
    """What to run.

    Attributes:
        seeds, first_seed: the window, one run per seed.
        jobs: processes.
        twice: run each seed a second time under another hash seed and compare digests.
        launcher: what starts a worker's module; another one may patch modules first.
        budget_ns: no run is begun when so much time has passed; 0: no limit. With `twice`, half
            of it is for the first pass, and the second makes what the first made.
        seeds_min: how many the budget must have sufficed for.
        guided: run also neighbours of the seeds that met something new, at most as many as seeds.
    """

    options: RunOptions
    seeds: int
    first_seed: int = 0
    jobs: int = 1
    twice: bool = False
    launcher: tuple[str, ...] = PYTHON
    budget_ns: int = 0
    seeds_min: int = 0
    guided: bool = False


class Cause(msgspec.Struct, frozen=True):
    """All runs that failed with one signature: what broke, without numbers and names.

    Attributes:
        property_id: "property" in JSON.
        first: token of the first of them, by seed; smallest: of the one with the fewest records.
        count: how many they are; seeds: which, ascending, neighbours by the seed they are near.
    """

    signature: str
    property_id: str = msgspec.field(name="property")
    first: str
    smallest: str
    count: int
    seeds: list[int]


class Campaign(msgspec.Struct, frozen=True):
    """What came of it. `results` are in seed order; sums run over all of them.

    Attributes:
        seeds: how many were run; passed, failed: of these.
        seconds: on the wall; cpu_seconds: of the runs alone, second passes included.
        events: trace records of all runs.
        counts: what the runs did, summed; seeds_with: in how many seeds it happened at all.
        never_fired: what so many seeds owed and did not show.
        causes: the failures by signature, by first seed.
        seeds_missing: how many the minimum was missed by when the budget ran out.
        neighbours: of seeds that met something new; by generation, in order.
        canaries: of properties, as far as they were asked for; see `zoo.canaries`.
    """

    scenario: str
    code: str
    seeds: int
    passed: int
    failed: int
    seconds: float
    cpu_seconds: float
    events: int
    results: list[Outcome]
    probes: dict[str, int]
    faults: dict[str, int]
    counts: dict[str, int]
    seeds_with: dict[str, int]
    never_fired: list[str]
    causes: list[Cause] = []
    seeds_missing: int = 0
    neighbours: list[Outcome] = []
    canaries: list[Heard] = []

    @property
    def outcomes(self) -> list[Outcome]:
        """Of the seeds, then of the neighbours."""
        return [*self.results, *self.neighbours]

    @property
    def owed(self) -> list[str]:
        """What should have happened in so many runs and did not."""
        short = []
        if self.seeds_missing:
            short.append(f"the budget ran out {self.seeds_missing} seeds before the minimum")
        if self.never_fired:
            short.append(f"owed and never seen: {', '.join(self.never_fired)}")
        return short

    @property
    def shortcomings(self) -> list[str]:
        """Why a green would prove less than it says."""
        return [*self.owed, *(each.report() for each in self.canaries if not each.found)]

    @property
    def exit_code(self) -> int:
        verdicts = [outcome.verdict for outcome in self.outcomes]
        if self.shortcomings:
            verdicts.append(Verdict.INCONCLUSIVE)
        return next((code for verdict, code in EXIT_CODES.items() if verdict in verdicts), 0)

    def with_outcome(self, outcome: Outcome) -> "Campaign":
        """The campaign with another outcome for that run; neither of them a pass."""
        results = [_of_two(old, outcome) for old in self.results]
        neighbours = [_of_two(old, outcome) for old in self.neighbours]
        causes = causes_of([*results, *neighbours])
        return msgspec.structs.replace(self, results=results, neighbours=neighbours, causes=causes)


def run_campaign(
    spec: Spec,
    on_result: Callable[[Outcome], None],
    *,
    executor: Executor | None = None,
    done: Done | None = None,
    on_line: Callable[[Line], None] | None = None,
) -> Campaign:
    """Run every seed of `spec`, telling `on_result` of each run as it ends, in no set order;
    with `twice` that is two runs a seed.

    Args:
        executor: who makes the runs; `jobs` processes beside this one when not said.
        done: runs made before, which are not made again; of a `half` only the second time is.
        on_line: is told of each run that this campaign made. With `twice` that is a `half` first,
            and what came of both when it was made for the second time.
    Raises:
        ScenarioError, RecordingError: the options do not make a run.
        CampaignError: a process of ours failed, or its canary was not caught.
    """
    scenario = prepare(spec.options)  # refuses bad options here, before any process starts
    passes = _Passes(spec, executor or Workers(spec.jobs, spec.launcher), on_result, on_line)
    lines = passes.run(done or {})
    return _judged(spec, scenario, lines, passes.seconds)


class _Passes:
    """The first pass over a window, and the second where there is one."""

    def __init__(
        self,
        spec: Spec,
        executor: Executor,
        on_result: Callable[[Outcome], None],
        on_line: Callable[[Line], None] | None,
    ) -> None:
        self._spec = spec
        self._executor = executor
        self._on_result = on_result
        self._on_line = on_line
        self._task = Task(spec.options, spec.guided)
        self._started_ns = time.monotonic_ns()
        budget_ns = spec.budget_ns // 2 if spec.twice else spec.budget_ns
        self._deadline_ns = self._started_ns + budget_ns if budget_ns else 0

    @property
    def seconds(self) -> float:
        return round((time.monotonic_ns() - self._started_ns) / 1e9, 3)

    def run(self, done: Done) -> dict[Run, Line]:
        """All lines: seeds ascending, then neighbours by generation."""
        spec = self._spec
        window = range(spec.first_seed, spec.first_seed + spec.seeds)
        halves = {run: line for run, line in done.items() if line.half}
        done = {run: line for run, line in done.items() if not line.half}
        made = {run: line for run, line in halves.items() if not run[1] and run[0] in window}
        made.update(self._first_pass(((seed, "") for seed in window), {**done, **halves}))
        lines = {run: line for run, line in done.items() if not run[1] and run[0] in window}
        lines.update(made)
        lines = {run: lines[run] for run in sorted(lines)}
        fresh = sorted(made)
        if spec.guided:
            fresh += self._neighbours(lines, done, halves)
        if spec.twice and fresh:
            # from the other end, so that each seed has other runs before it in its process
            self._second_pass(fresh[::-1], lines)
        return lines

    def _first_pass(self, wanted: Iterable[Run], done: Done) -> dict[Run, Line]:
        """The lines of `wanted` that were not done before, as many as the budget allows."""
        made: dict[Run, Line] = {}

        def hear(line: Line) -> None:
            made[line.outcome.seed, line.near] = line
            self._on_result(line.outcome)
            if self._on_line is not None:
                half = self._spec.twice
                self._on_line(msgspec.structs.replace(line, half=True) if half else line)

        self._make((run for run in wanted if run not in done), HASH_SEEDS[0], hear)
        return made

    def _neighbours(self, lines: dict[Run, Line], done: Done, halves: Done) -> list[Run]:
        """Explore around what met something new, generation by generation: what is explored next
        is a function of what was found, in order, and of nothing else."""
        met: dict[int, None] = {}
        room = len(lines)
        fresh: list[Run] = []
        parents = list(lines)
        for _ in range(_GENERATIONS):
            wanted: list[Run] = []
            for run in parents:
                line = lines.get(run)
                if line is None:
                    continue  # the budget ran out
                new = [feature for feature in line.features if feature not in met]
                met.update(dict.fromkeys(new))
                if new and line.outcome.passed:
                    seed, near = run
                    stem = f"{near}." if near else ""
                    wanted += [(seed, f"{stem}{number}") for number in range(1, _NEIGHBOURS + 1)]
            wanted = wanted[:room]
            if not wanted:
                break
            room -= len(wanted)
            made = {run: halves[run] for run in wanted if run in halves}
            made.update(self._first_pass(wanted, {**done, **halves}))
            for run in wanted:
                line = made.get(run) or done.get(run)
                if line is not None:
                    lines[run] = line
            fresh += [run for run in wanted if run in made]
            parents = wanted
        return fresh

    def _second_pass(self, runs: Sequence[Run], lines: dict[Run, Line]) -> None:
        def hear(line: Line) -> None:
            run = (line.outcome.seed, line.near)
            (both,) = compared([lines[run]], [line])
            both = msgspec.structs.replace(both, half=False)
            lines[run] = both
            self._on_result(line.outcome)
            if self._on_line is not None:
                self._on_line(both)

        self._deadline_ns = 0  # what was run once is run twice
        self._make(iter(runs), HASH_SEEDS[1], hear)

    def _make(self, runs: Iterator[Run], hash_seed: str, hear: Callable[[Line], None]) -> None:
        self._executor.run(self._task, hash_seed, self._chunks(runs), hear)

    def _chunks(self, runs: Iterator[Run]) -> Iterator[Chunk]:
        while not self._deadline_ns or time.monotonic_ns() < self._deadline_ns:
            chunk = [run for _, run in zip(range(self._executor.chunk), runs, strict=False)]
            if not chunk:
                return
            yield Chunk(chunk)


def _judged(spec: Spec, scenario: Scenario, lines: Mapping[Run, Line], seconds: float) -> Campaign:
    results = [line.outcome for (_, near), line in lines.items() if not near]
    neighbours = [line.outcome for (_, near), line in lines.items() if near]
    faults = _sum(outcome.faults for outcome in results)
    probes = _sum(outcome.probes for outcome in results)
    passed = sum(outcome.passed for outcome in results)
    return Campaign(
        scenario=spec.options.scenario,
        code=spec.options.code,
        seeds=len(results),
        passed=passed,
        failed=len(results) - passed,
        seconds=seconds,
        cpu_seconds=round(sum(line.cpu_ns for line in lines.values()) / 1e9, 3),
        events=sum(outcome.events for outcome in results),
        results=results,
        probes=probes,
        faults=faults,
        counts=_sum(outcome.counts for outcome in results),
        seeds_with=_sum(
            {name: 1 for name, count in outcome.counts.items() if count} for outcome in results
        ),
        never_fired=owed_and_missing(scenario, spec.options, len(results), faults, probes),
        causes=causes_of([*results, *neighbours]),
        seeds_missing=max(0, spec.seeds_min - len(results)),
        neighbours=neighbours,
    )


def causes_of(outcomes: Sequence[Outcome]) -> list[Cause]:
    """The failures among `outcomes`, one entry per signature, by first seed."""
    causes = []
    for signature, failed in by_signature(outcomes).items():
        smallest = min(failed, key=_size)
        seeds = sorted({outcome.seed: None for outcome in failed})
        first = failed[0]
        causes.append(
            Cause(signature, first.property_id, first.token, smallest.token, len(failed), seeds)
        )
    return causes


def by_signature(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """The failures among `outcomes`, by signature."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if not outcome.passed:
            groups.setdefault(outcome.signature, []).append(outcome)
    return groups


def _size(outcome: Outcome) -> tuple[int, int]:
    return outcome.events, outcome.seed


def _of_two(old: Outcome, new: Outcome) -> Outcome:
    return new if old.token == new.token else old


def owed_and_missing(
    scenario: Scenario,
    options: RunOptions,
    seeds: int,
    faults: dict[str, int],
    probes: dict[str, int],
) -> list[str]:
    """What so many seeds owed and did not show.

    A probe's odds are declared for its scenario as it is written: under another fault profile or
    on a recording nobody knows them, and it is only counted. Those of our catalogue are declared
    for the random workload; a user's own strategies owe the user's own probes.
    """
    active_ns = duration_ns(scenario.active)
    missing = [
        f"fault {kind.name}"
        for kind in FaultKind
        if seeds * scenario.faults.owed(kind, active_ns) >= _SURE and not faults.get(kind.name)
    ]
    missing += [
        f"property {entry.id}, whose check looks at nothing"
        for entry in scenario.properties
        if entry.id != DETERMINISM and _looks_at_nothing(entry.make())
    ]
    if options.faults or options.market_files:
        return missing
    for entry in scenario.properties:
        numerator, denominator = entry.odds
        if scenario.workload is None and entry.owner == invariants.probes.__name__:
            continue
        if numerator and seeds * numerator >= _SURE * denominator and entry.id not in probes:
            missing.append(f"probe {entry.id}")
    return missing


def _looks_at_nothing(check: Check) -> bool:
    """Whether it overrides nothing, so that nobody ever calls it."""
    kind = check.wants()
    return all(getattr(kind, name) is getattr(Check, name) for name in _HOOKS)


def _sum(rows: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for row in rows:
        for name, count in row.items():
            total[name] = total.get(name, 0) + count
    return dict(sorted(total.items()))


def compared(first: Sequence[Line], second: Sequence[Line]) -> list[Line]:
    """The first pass, with NONDETERMINISM wherever the second came out otherwise. A harness that
    broke in either pass is an ERROR still."""
    lines = []
    for one, two in zip(first, second, strict=True):
        outcome = one.outcome
        if two.outcome.verdict is Verdict.ERROR:
            outcome = two.outcome
        elif outcome.verdict is not Verdict.ERROR and outcome.digest != two.outcome.digest:
            outcome = nondeterminism(
                outcome,
                f"digest {outcome.digest[:12]} under hash seed {HASH_SEEDS[0]}, "
                f"{two.outcome.digest[:12]} under hash seed {HASH_SEEDS[1]}",
            )
        cpu_ns = one.cpu_ns + two.cpu_ns
        lines.append(msgspec.structs.replace(one, outcome=outcome, cpu_ns=cpu_ns))
    return lines


def nondeterminism(outcome: Outcome, detail: str) -> Outcome:
    """The outcome of a seed that came out otherwise another time."""
    return msgspec.structs.replace(
        outcome,
        verdict=Verdict.NONDETERMINISM,
        property_id=DETERMINISM,
        subject="trace",
        detail=detail,
    )
