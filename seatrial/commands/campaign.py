"""`seatrial run`: many seeds, judged."""

import os
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from seatrial.commands import UsageError, launcher, worker_launcher
from seatrial.commands.campaign_report import print_failure, print_summary
from seatrial.commands.files import check_folder, check_writable
from seatrial.visiting import combine_coverage, visits_in
from simulation.campaign import DETERMINISM, Campaign, Spec, run_campaign
from simulation.executors import Executor, Here, Workers
from simulation.failures import keep_failures
from simulation.junit import junit as junit_of
from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.run import named, prepare
from simulation.scenario import duration_ns
from simulation.seed_lines import Done, ResumeError, SeedLines, read
from simulation.token import SEED_LIMIT
from zoo.canaries import Canary, canaries_of, drawn, hear, share

_EVERY: Final = 100  # runs between two plain lines of progress
_SEEDS: Final = 100  # when nobody says how many
_ENDLESS: Final = 1 << 40  # a window that no budget comes to the end of
_HERE: Final = "here"
_AUTO, _ALL, _NONE = "auto", "all", "none"
_FEW: Final = 8  # canaries that are made sooner here than a process starts


class Window(msgspec.Struct, frozen=True):
    """Which seeds, as it was asked for.

    Attributes:
        seeds: how many; None: 100, or with a budget as many as it allows.
        number: which window of so many, from 0: no seed is in two of them.
        shard: "i/n": the i-th of n parts; "" for all of it.
        budget: a duration, or "".
        seeds_min: how many the budget must suffice for; None: all that were asked for.
    """

    seeds: int | None = None
    first_seed: int = 0
    number: int = 0
    shard: str = ""
    budget: str = ""
    seeds_min: int | None = None

    def applied(self, spec: Spec) -> Spec:
        """
        Raises:
            UsageError, ScenarioError: it makes no sense.
        """
        asked = self.seeds
        if asked is not None and asked < 1:
            raise UsageError(f"--seeds {asked}: at least 1")
        if self.number < 0:
            raise UsageError(f"--window {self.number}: windows are numbered from 0")
        budget_ns = duration_ns(self.budget) if self.budget else 0
        seeds = asked or (_ENDLESS if budget_ns else _SEEDS)
        start = self.first_seed + self.number * seeds
        if not (self.first_seed >= 0 and start <= SEED_LIMIT - seeds):
            option = f"--window {self.number}" if self.number else f"--first-seed {self.first_seed}"
            raise UsageError(f"{option}: seeds lie in 0..2**63 - 1")
        part, parts = self._part()
        first, end = start + seeds * (part - 1) // parts, start + seeds * part // parts
        if first == end:
            raise UsageError(f"--shard {self.shard}: {seeds} seeds are too few for so many parts")
        least = self.seeds_min
        if least is not None and not budget_ns:
            raise UsageError(f"--min-seeds {least}: without --budget every seed is run")
        if least is not None and not 0 <= least <= end - first:
            raise UsageError(f"--min-seeds {least}: of a window of {end - first} seeds")
        if least is None:
            least = end - first if asked else 1
        return msgspec.structs.replace(
            spec, seeds=end - first, first_seed=first, budget_ns=budget_ns, seeds_min=least
        )

    def _part(self) -> tuple[int, int]:
        if not self.shard:
            return 1, 1
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", self.shard)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise UsageError(f"--shard {self.shard}: write 2/8 for the second part of eight")
        return int(match[1]), int(match[2])


def run(
    console: Console,
    *,
    scenario: str,
    window: Window,
    jobs: str,
    faults: str,
    market: Sequence[Path],
    bug: str,
    json: Path | None,
    out: Path,
    twice: bool,
    schedule: str = "",
    guided: bool = False,
    dask: str = "",
    jsonl: Path | None = None,
    resume: Path | None = None,
    junit: Path | None = None,
    visits: bool = False,
    coverage: Path | None = None,
    canaries: str = _AUTO,
) -> int:
    """Run a campaign, keep what failed, print what it was, write the files.

    Raises:
        UsageError, ScenarioError, RecordingError: wrong usage; nothing was run or written.
        CampaignError, RecordingFailed: a process of ours died, or its canary was not caught.
    """
    starter = launcher(bug)
    for path, option in (
        (json, "--json"),
        (junit, "--junit"),
        (jsonl, "--jsonl"),
        (resume, "--resume"),
        (coverage, "--coverage"),
    ):
        check_writable(path, option)
    check_folder(out, "--out")
    if jsonl is not None and resume is not None:
        raise UsageError(f"--jsonl {jsonl}: --resume goes on writing its own file; give one")
    processes = _jobs(jobs)
    files = tuple(str(path) for path in market)
    options = RunOptions(scenario, faults, files, bug=bug, schedule=schedule)
    spec = window.applied(Spec(options, 1, jobs=processes, twice=twice, guided=guided))
    songs = _Songs(canaries, bug, dask, processes)
    if jobs == _HERE and (bug or twice or dask):
        raise UsageError("--jobs here: --bug, --twice and --dask need processes of their own")
    observes = visits or coverage is not None
    if observes and (dask or jobs == _HERE):
        raise UsageError("--visits, --coverage: worker processes on this machine are watched")
    if coverage is not None and find_spec("coverage") is None:
        raise UsageError("--coverage: measuring it needs the package coverage")
    if visits and json is None:
        raise UsageError("--visits stands in the results: give --json FILE")
    spec = msgspec.structs.replace(spec, options=named(options))
    songs.learn(spec)
    visited: dict[str, int] = {}
    if observes:
        with tempfile.TemporaryDirectory() as folder:
            watched = _observing(starter, Path(folder), visits, coverage is not None)
            campaign = _made(console, spec, Workers(processes, watched), songs, jsonl, resume)
            visited = visits_in(Path(folder))
            if coverage is not None:
                combine_coverage(Path(folder), coverage)
    else:
        executor = _executor(dask, processes, worker_launcher(bug))
        campaign = _made(console, spec, executor, songs, jsonl, resume)
    campaign, failures = keep_failures(campaign, spec.options, out, starter)
    for failure in failures:
        print_failure(console, failure)
    print_summary(console, campaign)
    if json is not None:
        document = msgspec.to_builtins(campaign)
        if visits:
            document["visits"] = visited
        text = msgspec.json.format(msgspec.json.encode(document), indent=1)
        json.write_bytes(text + b"\n")
    if junit is not None:
        junit.write_bytes(junit_of(campaign))
    return campaign.exit_code


def _observing(
    starter: tuple[str, ...], folder: Path, visits: bool, coverage: bool
) -> tuple[str, ...]:
    """What starts processes that leave behind where they went; on the sources, since neither
    rows that count nor a tracer see into what is compiled."""
    what = [name for name, wanted in (("visits", visits), ("coverage", coverage)) if wanted]
    return (*starter, "seatrial.visiting", str(folder), ",".join(what))


def _jobs(text: str) -> int:
    """How many processes; 0: none but this one."""
    if text == _HERE:
        return 0
    if text == "auto":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UsageError(f"--jobs {text}: a number of processes, auto, or here")
    return int(text)


def _executor(dask: str, processes: int, starter: Sequence[str]) -> Executor:
    if not dask:
        return Workers(processes, starter) if processes else Here()
    try:
        from simulation.dask_cluster import DaskCluster
    except ImportError as error:
        raise UsageError(f"--dask: {error}; install seatrial[dask]") from None
    return DaskCluster(dask, starter)


class _Songs:
    """Which canaries a campaign hears, as it was asked for, and who makes them.

    Args:
        asked: a number, "auto" (what its runs can bear), "all" or "none".
    """

    def __init__(self, asked: str, bug: str, dask: str, processes: int) -> None:
        """
        Raises:
            UsageError: it makes no sense.
        """
        number = asked.isascii() and asked.isdigit() and int(asked) > 0
        if not (number or asked in (_AUTO, _ALL, _NONE)):
            raise UsageError(f"--canaries {asked}: a number, all, none, or auto")
        if bug and asked not in (_AUTO, _NONE):
            raise UsageError(f"--canaries {asked}: each is a bug of its own; leave out --bug")
        self._asked = _NONE if bug else asked
        self._dask = dask
        self._processes = processes
        self._known: list[Canary] = []

    def learn(self, spec: Spec) -> None:
        """
        Raises:
            ScenarioError: a property names a canary that is none.
        """
        if self._asked != _NONE:
            self._known = canaries_of(prepare(spec.options), spec.twice)

    def heard(self, spec: Spec, campaign: Campaign) -> Campaign:
        """The campaign, and what came of its canaries.

        Raises:
            CampaignError: as an executor.
        """
        runs = len(campaign.outcomes) * (2 if spec.twice else 1)
        counts = {_NONE: 0, _ALL: len(self._known), _AUTO: share(runs)}
        count = counts[self._asked] if self._asked in counts else int(self._asked)
        chosen = drawn(self._known, count, spec.first_seed)
        if not chosen:
            return campaign
        found = hear(self._executor(chosen), spec.options, chosen)
        return msgspec.structs.replace(campaign, canaries=found)

    def _executor(self, chosen: Sequence[Canary]) -> Executor:
        processes = self._processes
        hash_seeds = any(each.property_id == DETERMINISM for each in chosen)
        if len(chosen) <= _FEW and not hash_seeds and not self._dask:
            processes = 0
        return _executor(self._dask, processes, launcher(""))  # on sources: see `zoo.planted`


def _made(
    console: Console,
    spec: Spec,
    executor: Executor,
    songs: _Songs,
    jsonl: Path | None,
    resume: Path | None,
) -> Campaign:
    done: Done = {}
    try:
        if resume is not None:
            done = read(resume, spec.options, spec.twice)
    except ResumeError as error:
        raise UsageError(str(error)) from None
    path = resume or jsonl
    lines = SeedLines(path, spec.twice, keep=path is resume) if path is not None else None
    with closing(lines) if lines is not None else nullcontext():
        campaign = _with_progress(
            console,
            spec,
            lambda tell: run_campaign(
                spec,
                tell,
                executor=executor,
                done=done,
                on_line=lines.write if lines is not None else None,
            ),
            sum(1 if line.half or not spec.twice else 2 for line in done.values()),
        )
        campaign = songs.heard(spec, campaign)
        if lines is not None:
            for heard in campaign.canaries:
                lines.write_canary(heard)
        return campaign


def _with_progress(
    console: Console,
    spec: Spec,
    make: Callable[[Callable[[Outcome], None]], Campaign],
    runs_before: int,
) -> Campaign:
    failed: dict[int, None] = {}
    total: int | None = max(0, spec.seeds * (2 if spec.twice else 1) - runs_before)
    if spec.guided or spec.seeds == _ENDLESS:
        total = None
    if not console.is_terminal:
        done = 0
        of_all = "" if total is None else f" of {total}"

        def tell(outcome: Outcome) -> None:
            nonlocal done
            done += 1
            if not outcome.passed:
                failed[outcome.seed] = None
            if done % _EVERY == 0:
                console.print(f"{done}{of_all} runs, {len(failed)} seeds failed")

        return make(tell)
    of_all = "" if total is None else "/{task.total}"
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn(f"{{task.completed}}{of_all} runs, {{task.fields[failed]}} seeds failed"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task(spec.options.scenario, total=total, failed=0)

        def show(outcome: Outcome) -> None:
            if not outcome.passed:
                failed[outcome.seed] = None
            progress.update(task, advance=1, failed=len(failed))

        return make(show)
