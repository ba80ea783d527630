"""Each mutant against every property: `python -m mutants.campaign --seed S --count N --jobs J`.

A mutant lives in a process of its own and runs the list of `RUNS` until one run is no pass. It is
killed then, and by nothing else: a digest that merely moved kills nobody, it is counted beside.
The code as it is runs the list first and must pass it, under a watch that notes which lines it
executes: a mutant of a line that no run executes cannot be killed, and the page says so.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from mutants.child import ROOT, Job, Lines, Ran
from mutants.draw import Mutant, draw
from mutants.subjects import MODULES
from simulation.token import code_hash

RESULTS: Final = Path(__file__).with_name("campaign.json")
_CHILD: Final = (sys.executable, "-m", "mutants.child")  # found from the folder it runs in

# Thirty runs. Each scenario gives what only it has: hedging, options and what is settled, bars,
# the default one's narrow account. Most are of the rough sea: it enters what the others do not, and
# so many of its seeds owe the probes of a trader who trades.
_SHARES: Final = {
    "rough": 18,
    "hedging": 4,
    "instruments": 4,
    "default": 2,
    "coins": 1,
    "listening": 1,
}


def runs_of(shares: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """Seeds 0, 1, ... of each scenario, dealt in turn."""
    return tuple(
        (scenario, seed)
        for seed in range(max(shares.values()))
        for scenario, count in shares.items()
        if seed < count
    )


RUNS: Final = runs_of(_SHARES)
# Of processor time, for one run; the slowest takes a tenth of a second.
SECONDS: Final = 4.0
_WATCHED_SECONDS: Final = 60.0
_WALL_SECONDS: Final = 600.0  # a process that waits for what never comes uses no processor


class Result(msgspec.Struct, frozen=True):
    """What became of one mutant.

    Attributes:
        executed: some run of the unchanged code executes its line.
        killer: what the killing run ended with: a property's id, or one of ERROR, IMPORT,
            TIMEOUT, DIED, OWED; "" for a survivor.
        scenario, seed: of the killing run.
        runs: how many it took.
        moved: runs that passed with another digest than the unchanged code's.
    """

    id: str
    module: str
    function: str
    line: int
    operator: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    executed: bool
    killer: str
    scenario: str
    seed: int
    detail: str
    runs: int
    moved: int

    @property
    def survived(self) -> bool:
        return not self.killer


class Campaign(msgspec.Struct, frozen=True):
    """What `python -m mutants.page` makes the page of.

    Attributes:
        pool: how many mutants there were to draw from.
        runs: each mutant's list.
        unentered: functions that no run enters, with the mutants they would have given.
    """

    seed: int
    code: str
    pool: int
    runs: tuple[tuple[str, int], ...]
    results: tuple[Result, ...]
    unentered: dict[str, int]


class BaselineFailed(RuntimeError):
    """The unchanged code does not pass the runs: there is nothing to measure against."""


class Baseline(msgspec.Struct, frozen=True):
    """Digests of the runs, and the lines they execute."""

    digests: tuple[str, ...]
    lines: dict[str, list[int]]


def baseline(runs: Sequence[tuple[str, int]] = RUNS, modules: Sequence[str] = MODULES) -> Baseline:
    """What the unchanged code does.

    Raises:
        BaselineFailed: one of the runs is no pass.
    """
    job = Job("", "", "", tuple(runs), _WATCHED_SECONDS, tuple(modules))
    told, end = _ask(job)
    ran = [each for each in told if isinstance(each, Ran)]
    lines = [each.lines for each in told if isinstance(each, Lines)]
    wrong = [each for each in ran if each.verdict != "PASS"]
    if end or wrong or len(ran) != len(runs) or not lines:
        raise BaselineFailed(f"the code as it is fails: {end} {wrong[:1]}")
    return Baseline(tuple(each.digest for each in ran), lines[0])


def judge(
    mutant: Mutant,
    against: Baseline,
    runs: Sequence[tuple[str, int]] = RUNS,
    seconds: float = SECONDS,
) -> Result:
    """Run the mutant until it is killed or the list ends."""
    job = Job(mutant.module, mutant.source, mutant.mutated, tuple(runs), seconds)
    told, end = _ask(job)
    ran = [each for each in told if isinstance(each, Ran)]
    last = ran[-1] if ran else Ran("", 0, "PASS", "", "", "")
    killer, scenario, seed, detail = end, last.scenario, last.seed, ""
    if end:
        scenario, seed = runs[min(len(ran), len(runs) - 1)]  # it died in the run after the last
    elif last.verdict == "VIOLATION":
        killer, detail = last.found, last.detail
    elif last.verdict == "OWED":
        killer, scenario, detail = last.verdict, last.scenario, last.detail
    elif last.verdict != "PASS":
        killer, detail = last.verdict, f"{last.found} {last.detail}".strip()
    passed = [each for each in ran if each.verdict == "PASS"]
    return Result(
        mutant.id,
        mutant.module,
        mutant.function,
        mutant.line,
        mutant.operator,
        mutant.before,
        mutant.after,
        _executed(mutant, against.lines.get(mutant.module, ())),
        killer,
        scenario if killer else "",
        seed if killer else 0,
        detail,
        min(len(ran) + bool(end), len(runs)),
        sum(each.digest != digest for each, digest in zip(passed, against.digests, strict=False)),
    )


def _executed(mutant: Mutant, lines: Sequence[int]) -> bool:
    first, last = mutant.span
    return any(first <= line <= last for line in lines)


def _ask(job: Job) -> tuple[list[Ran | Lines], str]:
    """What the process told, and what ended it early ("" when nothing did)."""
    try:
        done = subprocess.run(
            _CHILD,
            cwd=ROOT,
            input=msgspec.json.encode(job),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=_WALL_SECONDS,
            env=dict(os.environ, PYTHONHASHSEED="0"),
        )
    except subprocess.TimeoutExpired:
        return [], "TIMEOUT"
    told = [msgspec.json.decode(line, type=Ran | Lines) for line in done.stdout.splitlines()]
    if done.returncode == -signal.SIGVTALRM:
        return told, "TIMEOUT"
    return told, "DIED" if done.returncode else ""


def run_campaign(
    seed: int,
    count: int,
    jobs: int,
    keep: Callable[[Campaign], None],
    before: Campaign | None = None,
) -> Campaign:
    """Draw `count` mutants by `seed` and judge each.

    Args:
        jobs: processes at a time.
        keep: given the campaign as far as it is, after each mutant. A draw's beginning is a
            smaller draw, so what an interrupted campaign has kept is whole.
        before: an earlier campaign; what it judged on the same code is not judged again.
    Raises:
        BaselineFailed: the unchanged code does not pass.
    """
    against = baseline()
    drawn = draw(seed, count, against.lines)
    code = code_hash()
    known: dict[str, Result] = {}
    if before is not None and before.code == code and before.runs == RUNS:
        known = {result.id: result for result in before.results}
    campaign = Campaign(seed, code, drawn.pool, RUNS, (), drawn.unentered)

    def one(mutant: Mutant) -> Result:
        return known.get(mutant.id) or judge(mutant, against)

    with ThreadPoolExecutor(jobs) as threads:
        for result in threads.map(one, drawn.mutants):  # in the order drawn
            results = (*campaign.results, result)
            campaign = msgspec.structs.replace(campaign, results=results)
            keep(campaign)
    return campaign


def load(path: Path = RESULTS) -> Campaign:
    return msgspec.json.decode(path.read_bytes(), type=Campaign)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m mutants.campaign", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, default=RESULTS)
    options = parser.parse_args()
    path: Path = options.json
    started = time.monotonic()

    def keep(campaign: Campaign) -> None:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(campaign), indent=1) + b"\n")
        result, number = campaign.results[-1], len(campaign.results)
        where = f"{result.module}:{result.line}"
        end = result.killer or "survives"
        print(f"{number}/{options.count} {result.id} {where} {end}", flush=True)

    print(f"seed {options.seed}", flush=True)
    before = load(path) if path.exists() else None
    campaign = run_campaign(options.seed, options.count, options.jobs, keep, before)
    killed = sum(not result.survived for result in campaign.results)
    seconds = time.monotonic() - started
    print(f"{killed} of {len(campaign.results)} killed in {seconds:.0f} s; {path.name}")


if __name__ == "__main__":
    main()
