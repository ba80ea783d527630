"""Many seeds over processes: streamed, counted, and judged as a whole.

Seeds are handed out in small chunks to whoever is free; results are kept in seed order, so eight
workers report what one worker reports. A fault or probe that was owed and never showed makes a
green campaign inconclusive: it tested less than it says.
"""

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final

import msgspec

import invariants.probes
from simulation.faults import FaultKind
from simulation.options import RunOptions
from simulation.outcome import EXIT_CODES, Outcome, Verdict
from simulation.recording import PYTHON
from simulation.run import prepare
from simulation.scenario import Scenario, duration_ns
from simulation.worker import Chunk, Line

_CHUNK: Final = 4  # seeds per hand-out: small enough that the last worker ends with the first
_SURE: Final = 14  # owed once seeds >= 14 / odds: missed by chance once in a million campaigns
HASH_SEEDS: Final = ("0", "1")  # PYTHONHASHSEED of the first and of the second pass


class CampaignError(RuntimeError):
    """A worker died or answered nonsense: the harness failed, not the kernel."""


class Spec(msgspec.Struct, frozen=True):
    """What to run.

    Attributes:
        seeds, first_seed: the window, one run per seed.
        jobs: processes.
        twice: run each seed a second time under another hash seed and compare digests.
        launcher: what starts a worker's module; another one may patch modules first.
    """

    options: RunOptions
    seeds: int
    first_seed: int = 0
    jobs: int = 1
    twice: bool = False
    launcher: tuple[str, ...] = PYTHON


class Campaign(msgspec.Struct, frozen=True):
    """What came of it. `results` are in seed order; sums run over all of them.

    Attributes:
        seconds: on the wall; cpu_seconds: of the runs alone, second passes included.
        events: trace records of all runs.
        counts: what the runs did, summed; seeds_with: in how many seeds it happened at all.
        never_fired: what so many seeds owed and did not show.
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

    @property
    def exit_code(self) -> int:
        verdicts = [outcome.verdict for outcome in self.results]
        if self.never_fired:
            verdicts.append(Verdict.INCONCLUSIVE)
        return next((code for verdict, code in EXIT_CODES.items() if verdict in verdicts), 0)

    def with_outcome(self, outcome: Outcome) -> "Campaign":
        """The campaign with another outcome for that seed; neither of them a pass."""
        results = [outcome if old.seed == outcome.seed else old for old in self.results]
        return msgspec.structs.replace(self, results=results)


def run_campaign(spec: Spec, on_result: Callable[[Outcome], None]) -> Campaign:
    """Run every seed of `spec`, telling `on_result` of each run as it ends, in no set order;
    with `twice` that is two runs a seed.

    Raises:
        ScenarioError, RecordingError: the options do not make a run.
        CampaignError: a worker process failed.
    """
    scenario = prepare(spec.options)  # refuses bad options here, before any process starts
    started = time.monotonic()
    lines = _run_seeds(spec, HASH_SEEDS[0], on_result)
    if spec.twice:
        # from the other end, so that each seed has other runs before it in its process
        again = _run_seeds(spec, HASH_SEEDS[1], on_result, backwards=True)
        lines = compared(lines, again)
    results = [line.outcome for line in lines]
    faults = _sum(outcome.faults for outcome in results)
    probes = _sum(outcome.probes for outcome in results)
    passed = sum(outcome.passed for outcome in results)
    return Campaign(
        scenario=spec.options.scenario,
        code=spec.options.code,
        seeds=len(results),
        passed=passed,
        failed=len(results) - passed,
        seconds=round(time.monotonic() - started, 3),
        cpu_seconds=round(sum(line.cpu_ns for line in lines) / 1e9, 3),
        events=sum(outcome.events for outcome in results),
        results=results,
        probes=probes,
        faults=faults,
        counts=_sum(outcome.counts for outcome in results),
        seeds_with=_sum(
            {name: 1 for name, count in outcome.counts.items() if count} for outcome in results
        ),
        never_fired=owed_and_missing(scenario, spec.options, spec.seeds, faults, probes),
    )


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
    if options.faults or options.market_files:
        return missing
    for entry in scenario.properties:
        numerator, denominator = entry.odds
        if scenario.workload is None and entry.owner == invariants.probes.__name__:
            continue
        if numerator and seeds * numerator >= _SURE * denominator and entry.id not in probes:
            missing.append(f"probe {entry.id}")
    return missing


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
        lines.append(Line(outcome, one.cpu_ns + two.cpu_ns))
    return lines


def nondeterminism(outcome: Outcome, detail: str) -> Outcome:
    """The outcome of a seed that came out otherwise another time."""
    return msgspec.structs.replace(
        outcome,
        verdict=Verdict.NONDETERMINISM,
        property_id="DET-1",
        subject="trace",
        detail=detail,
    )


def _run_seeds(
    spec: Spec, hash_seed: str, on_result: Callable[[Outcome], None], *, backwards: bool = False
) -> list[Line]:
    with _Pool(spec, hash_seed, backwards) as pool:
        return pool.run(on_result)


class _Worker:
    """One process, and the seeds it has been given and not answered yet."""

    def __init__(self, launcher: Sequence[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            (*launcher, "simulation.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        if self.process.stdin is None or self.process.stdout is None:
            raise CampaignError("a worker came up without pipes")
        self._stdin = self.process.stdin
        self.stdout = self.process.stdout
        self.waiting: list[int] = []
        self._partial = b""

    def tell(self, line: bytes) -> None:
        try:
            self._stdin.write(line + b"\n")
            self._stdin.flush()
        except BrokenPipeError:
            raise self.died() from None

    def hear(self) -> list[bytes]:
        """The whole lines that have come. Blocks until there is something."""
        chunk = os.read(self.stdout.fileno(), 1 << 16)
        if not chunk:
            raise self.died()
        *whole, self._partial = (self._partial + chunk).split(b"\n")
        return whole

    def died(self) -> CampaignError:
        at = f" at seed {self.waiting[0]}" if self.waiting else " before its first seed"
        return CampaignError(f"a worker ended early{at} (exit code {self.process.wait()})")

    def end(self, at_once: bool) -> None:
        if at_once:
            self.process.kill()
        with suppress(BrokenPipeError):  # it is gone already
            self._stdin.close()
        self.process.wait()
        self.stdout.close()


class _Pool:
    """The workers of one pass."""

    def __init__(self, spec: Spec, hash_seed: str, backwards: bool) -> None:
        self._backwards = backwards
        self._next = spec.first_seed
        self._end = spec.first_seed + spec.seeds
        self._seeds = spec.seeds
        self._header = msgspec.json.encode(spec.options)
        self._jobs = max(1, min(spec.jobs, spec.seeds))
        self._launcher = spec.launcher
        self._environment = dict(os.environ, PYTHONHASHSEED=hash_seed)
        self._workers: list[_Worker] = []
        self._finished = False

    def __enter__(self) -> "_Pool":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end(at_once=not self._finished)

    def run(self, on_result: Callable[[Outcome], None]) -> list[Line]:
        """All lines, by seed."""
        decode = msgspec.json.Decoder(Line).decode
        lines: dict[int, Line] = {}
        with selectors.DefaultSelector() as selector:
            for _ in range(self._jobs):
                worker = _Worker(self._launcher, self._environment)
                self._workers.append(worker)
                selector.register(worker.stdout, selectors.EVENT_READ, worker)
                worker.tell(self._header)
                self._hand_out(worker)
            while len(lines) < self._seeds:
                for key, _ in selector.select():
                    worker = key.data
                    for text in worker.hear():
                        line = decode(text)
                        worker.waiting.remove(line.outcome.seed)
                        lines[line.outcome.seed] = line
                        on_result(line.outcome)
                    if not worker.waiting:
                        self._hand_out(worker)
        self._finished = True
        return [lines[seed] for seed in sorted(lines)]

    def _hand_out(self, worker: _Worker) -> None:
        count = min(_CHUNK, self._end - self._next)
        if not count:
            return
        if self._backwards:
            first = self._end = self._end - count
        else:
            first, self._next = self._next, self._next + count
        worker.waiting = list(range(first, first + count))
        worker.tell(msgspec.json.encode(Chunk(first, count)))
