"""Many seeds over processes: streamed, counted, and judged as a whole.

Seeds are handed out in small chunks to whoever is free; results are kept in seed order, so eight
workers report what one worker reports. A fault or probe that was owed and never showed makes a
green campaign inconclusive: it tested less than it says.
"""

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from simulation.faults import FaultKind
from simulation.outcome import EXIT_CODES, Outcome, Verdict
from simulation.recording import PYTHON
from simulation.run import RunOptions, prepare
from simulation.scenario import Scenario, duration_ns
from simulation.worker import Chunk, Line

_CHUNK: Final = 4  # seeds per hand-out: small enough that the last worker ends with the first
_SURE: Final = 14  # owed once seeds >= 14 / odds: missed by chance once in a million campaigns


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
    """What came of it. `results` are in seed order; sums run over all of them."""

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
        verdicts = {outcome.verdict: None for outcome in self.results}
        for verdict, code in EXIT_CODES.items():
            if verdict in verdicts and verdict is not Verdict.PASS:
                if verdict is Verdict.INCONCLUSIVE:
                    break
                return code
        if self.never_fired or Verdict.INCONCLUSIVE in verdicts:
            return EXIT_CODES[Verdict.INCONCLUSIVE]
        return 0


def run_campaign(spec: Spec, on_result: Callable[[Outcome], None]) -> Campaign:
    """Run every seed of `spec`, telling `on_result` of each as it comes (in no set order).

    Raises:
        ScenarioError, RecordingError: the options do not make a run.
        CampaignError: a worker process failed.
    """
    scenario = prepare(spec.options)  # refuses bad options here, before any process starts
    started = time.monotonic()
    lines = _run_seeds(spec, "0", None if spec.twice else on_result)
    if spec.twice:
        again = _run_seeds(spec, "1", None)
        lines = _compared(lines, again)
        for line in lines:
            on_result(line.outcome)
    results = [line.outcome for line in lines]
    faults = _sum(outcome.faults for outcome in results)
    probes = _sum(outcome.probes for outcome in results)
    never = _never_fired(scenario, spec.seeds, faults, probes)
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
        never_fired=never,
    )


def _never_fired(
    scenario: Scenario, seeds: int, faults: dict[str, int], probes: dict[str, int]
) -> list[str]:
    """What so many seeds owed and did not show."""
    active_ns = duration_ns(scenario.active)
    missing = [
        f"fault {kind.name}"
        for kind in FaultKind
        if seeds * scenario.faults.owed(kind, active_ns) >= _SURE and not faults.get(kind.name)
    ]
    for entry in scenario.properties:
        numerator, denominator = entry.odds
        if seeds * numerator >= _SURE * denominator > 0 and numerator and entry.id not in probes:
            missing.append(f"probe {entry.id}")
    return missing


def _sum(rows: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for row in rows:
        for name, count in row.items():
            total[name] = total.get(name, 0) + count
    return dict(sorted(total.items()))


def _compared(first: list[Line], second: list[Line]) -> list[Line]:
    """The first pass, with NONDETERMINISM wherever the second came out otherwise."""
    compared = []
    for one, two in zip(first, second, strict=True):
        outcome = one.outcome
        if outcome.digest != two.outcome.digest:
            outcome = msgspec.structs.replace(
                outcome,
                verdict=Verdict.NONDETERMINISM,
                property_id="DET-1",
                subject="trace",
                detail=f"digest {outcome.digest[:12]} under one hash seed, "
                f"{two.outcome.digest[:12]} under another",
            )
        compared.append(Line(outcome, one.cpu_ns + two.cpu_ns))
    return compared


def _run_seeds(
    spec: Spec, hash_seed: str, on_result: Callable[[Outcome], None] | None
) -> list[Line]:
    jobs = max(1, min(spec.jobs, spec.seeds))
    environment = dict(os.environ, PYTHONHASHSEED=hash_seed)
    header = msgspec.json.encode(spec.options) + b"\n"
    decode = msgspec.json.Decoder(Line).decode
    next_seed = spec.first_seed
    end = spec.first_seed + spec.seeds
    waiting = [0] * jobs
    lines: dict[int, Line] = {}
    workers = [
        subprocess.Popen(
            (*spec.launcher, "simulation.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        for _ in range(jobs)
    ]
    selector = selectors.DefaultSelector()
    buffers = [b""] * jobs
    try:
        for index, worker in enumerate(workers):
            if worker.stdout is None or worker.stdin is None:
                raise CampaignError("a worker came up without pipes")
            selector.register(worker.stdout, selectors.EVENT_READ, index)
            _tell(worker, header)
        while len(lines) < spec.seeds:
            for index, worker in enumerate(workers):
                if waiting[index] == 0 and next_seed < end:
                    count = min(_CHUNK, end - next_seed)
                    _tell(worker, msgspec.json.encode(Chunk(next_seed, count)) + b"\n")
                    waiting[index] = count
                    next_seed += count
            for key, _ in selector.select():
                index = key.data
                chunk = os.read(key.fd, 1 << 16)
                if not chunk:
                    raise CampaignError(f"worker {index} ended early (exit {workers[index].wait()})")
                *whole, buffers[index] = (buffers[index] + chunk).split(b"\n")
                for text in whole:
                    line = decode(text)
                    lines[line.outcome.seed] = line
                    waiting[index] -= 1
                    if on_result is not None:
                        on_result(line.outcome)
    finally:
        selector.close()
        for worker in workers:
            if worker.stdin is not None:
                worker.stdin.close()
            if len(lines) < spec.seeds:
                worker.kill()
            worker.wait()
            if worker.stdout is not None:
                worker.stdout.close()
    return [lines[seed] for seed in sorted(lines)]


def _tell(worker: "subprocess.Popen[bytes]", line: bytes) -> None:
    if worker.stdin is None:
        raise CampaignError("a worker has no standard input")
    try:
        worker.stdin.write(line)
        worker.stdin.flush()
    except BrokenPipeError:
        raise CampaignError(f"a worker ended early (exit {worker.wait()})") from None
