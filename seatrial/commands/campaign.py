"""`seatrial run`: many seeds, judged."""

import os
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from seatrial.commands import UsageError, launcher, worker_launcher
from seatrial.commands.files import check_folder, check_writable
from seatrial.commands.records import side_by_side
from seatrial.visiting import combine_coverage, visits_in
from simulation.campaign import Campaign, Spec, run_campaign
from simulation.failures import Failure, keep_failures
from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.run import named
from simulation.token import SEED_LIMIT

_EVERY: Final = 100  # runs between two plain lines of progress
_SEEDS_LISTED: Final = 12


def run(
    console: Console,
    *,
    scenario: str,
    seeds: int,
    first_seed: int,
    jobs: str,
    faults: str,
    market: Sequence[Path],
    bug: str,
    json: Path | None,
    out: Path,
    twice: bool,
    visits: bool = False,
    coverage: Path | None = None,
) -> int:
    """Run a campaign, keep what failed, print what it was, write the JSON.

    Raises:
        UsageError, ScenarioError, RecordingError: wrong usage; nothing was run or written.
        CampaignError, RecordingFailed: a process of ours died.
    """
    if seeds < 1:
        raise UsageError(f"--seeds {seeds}: at least 1")
    if not 0 <= first_seed <= SEED_LIMIT - seeds:
        raise UsageError(f"--first-seed {first_seed}: seeds lie in 0..2**63 - 1")
    starter = launcher(bug)
    check_writable(json, "--json")
    check_writable(coverage, "--coverage")
    check_folder(out, "--out")
    processes = _jobs(jobs)
    options = named(RunOptions(scenario, faults, tuple(str(path) for path in market), bug=bug))
    if coverage is not None and find_spec("coverage") is None:
        raise UsageError("--coverage: measuring it needs the package coverage")
    if visits and json is None:
        raise UsageError("--visits stands in the results: give --json FILE")
    spec = Spec(options, seeds, first_seed, processes, twice, worker_launcher(bug))
    visited: dict[str, int] = {}
    if visits or coverage is not None:
        with tempfile.TemporaryDirectory() as folder:
            campaign = _with_progress(
                console, _observed(spec, starter, Path(folder), visits, coverage is not None)
            )
            visited = visits_in(Path(folder))
            if coverage is not None:
                combine_coverage(Path(folder), coverage)
    else:
        campaign = _with_progress(console, spec)
    campaign, failures = keep_failures(campaign, options, out, starter)
    for failure in failures:
        _print_failure(console, failure)
    _print_summary(console, campaign)
    if json is not None:
        document = msgspec.to_builtins(campaign)
        if visits:
            document["visits"] = visited
        text = msgspec.json.format(msgspec.json.encode(document), indent=1)
        json.write_bytes(text + b"\n")
    return campaign.exit_code


def _observed(
    spec: Spec, starter: tuple[str, ...], folder: Path, visits: bool, coverage: bool
) -> Spec:
    """The same in processes that leave behind where they went; on the sources, since neither
    rows that count nor a tracer see into what is compiled."""
    what = [name for name, wanted in (("visits", visits), ("coverage", coverage)) if wanted]
    observing = (*starter, "seatrial.visiting", str(folder), ",".join(what))
    return msgspec.structs.replace(spec, launcher=observing)


def _jobs(text: str) -> int:
    if text == "auto":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UsageError(f"--jobs {text}: a number of processes, or auto")
    return int(text)


def _with_progress(console: Console, spec: Spec) -> Campaign:
    failed: dict[int, None] = {}
    total = spec.seeds * (2 if spec.twice else 1)
    if not console.is_terminal:
        done = 0

        def tell(outcome: Outcome) -> None:
            nonlocal done
            done += 1
            if not outcome.passed:
                failed[outcome.seed] = None
            if done % _EVERY == 0:
                console.print(f"{done} of {total} runs, {len(failed)} seeds failed")

        return run_campaign(spec, tell)
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} runs, {task.fields[failed]} seeds failed"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task(spec.options.scenario, total=total, failed=0)

        def show(outcome: Outcome) -> None:
            if not outcome.passed:
                failed[outcome.seed] = None
            progress.update(task, advance=1, failed=len(failed))

        return run_campaign(spec, show)


def _print_failure(console: Console, failure: Failure) -> None:
    console.print(failure.outcome.report(), markup=False, style="red")
    if failure.outcome.traceback:
        console.print(_indented(failure.outcome.traceback), markup=False)
    found = failure.divergence
    if found is not None:
        console.print(f"  the first record that differs is number {found.record}:")
        console.print(_indented(side_by_side(found.a, found.b)), markup=False)
    elif failure.outcome.exit_code == 3:
        console.print("  two fresh runs agree: it depends on what ran before in the process")
    if failure.bundle is not None:
        console.print(f"  bundle: {failure.bundle}", markup=False)
    if len(failure.seeds) > 1:
        shown = ", ".join(str(seed) for seed in failure.seeds[1 : _SEEDS_LISTED + 1])
        more = len(failure.seeds) - 1 - _SEEDS_LISTED
        console.print(f"  so do seeds {shown}{f' and {more} more' if more > 0 else ''}")


def _print_summary(console: Console, campaign: Campaign) -> None:
    seeds = max(campaign.seeds, 1)
    mean = {name: count / seeds for name, count in campaign.counts.items()}
    fired = sum(1 for count in campaign.faults.values() if count)
    rate = campaign.seeds / campaign.cpu_seconds if campaign.cpu_seconds else 0.0
    lines = (
        f"{campaign.scenario}: {campaign.passed} passed, {campaign.failed} failed of "
        f"{campaign.seeds} seeds in {campaign.seconds:.1f} s "
        f"({rate:.0f} seeds per CPU-second, code {campaign.code})",
        f"  a seed means {mean.get('turns', 0):.0f} turns, {mean.get('submits', 0):.1f} submits, "
        f"{mean.get('fills', 0):.1f} fills, {mean.get('fault_kinds', 0):.1f} kinds of fault; "
        f"{campaign.seeds_with.get('reconnects', 0)} seeds reconnected",
        f"  faults fired ({fired} kinds): {_listed(campaign.faults)}",
        f"  probes seen ({len(campaign.probes)}): {_listed(campaign.probes)}",
    )
    for line in lines:
        console.print(line, markup=False)
    notes = dict.fromkeys(note for outcome in campaign.results for note in outcome.notes)
    for note in notes:
        console.print(f"  note: {note}", markup=False)
    if campaign.never_fired:
        missing = ", ".join(campaign.never_fired)
        console.print(f"  inconclusive: owed and never seen: {missing}", style="yellow")


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.rstrip("\n").split("\n"))
