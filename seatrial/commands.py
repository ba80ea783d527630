"""What each command does: one call into the library, then words. Returns the exit code."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from invariants.catalogue import CATALOGUE
from invariants.property import Kind
from simulation import bundle as bundles
from simulation.bundle import Bundle, BundleError
from simulation.campaign import Campaign, CampaignError, Spec, run_campaign
from simulation.market.recorded import RecordingError
from simulation.outcome import Outcome, Verdict
from simulation.recording import PYTHON, Recording, RecordingFailed, record_run
from simulation.run import RunOptions, named
from simulation.scenario import ScenarioError
from simulation.scenarios import BUILT_IN
from simulation.token import SEED_LIMIT, Token, TokenError
from simulation.trace import read_record
from zoo.bugs import BUGS


class UsageError(ValueError):
    """Wrong usage: one line that names the place and the mend."""


USAGE_ERRORS: Final = (UsageError, ScenarioError, RecordingError, TokenError, BundleError)
HARNESS_ERRORS: Final = (CampaignError, RecordingFailed)

_FAILURES_SHOWN: Final = 10  # failing seeds that are printed and bundled; the rest are counted


def launcher(bug: str) -> tuple[str, ...]:
    """What starts a module of ours in a fresh process, with the bug when there is one."""
    if not bug:
        return PYTHON
    if bug not in BUGS:
        raise UsageError(f"--bug {bug}: not in the zoo; one of {', '.join(BUGS)}")
    return (*PYTHON, "zoo.patched", bug)


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
) -> int:
    if seeds < 1:
        raise UsageError(f"--seeds {seeds}: at least 1")
    if not 0 <= first_seed <= SEED_LIMIT - seeds:
        raise UsageError(f"--first-seed {first_seed}: seeds lie in 0..2**63 - 1")
    starter = launcher(bug)
    _writable(json, "--json")
    options = named(
        RunOptions(scenario, faults, tuple(str(path) for path in market), bug=bug)
    )
    spec = Spec(options, seeds, first_seed, _jobs(jobs), twice, starter)
    campaign = _with_progress(console, spec)
    failures = [outcome for outcome in campaign.results if not outcome.passed]
    for outcome in failures[:_FAILURES_SHOWN]:
        console.print(f"[red]{_escape(outcome.report())}[/red]")
        if outcome.verdict is Verdict.VIOLATION:
            kept = record_run(options, outcome.seed, launcher=starter)
            path = bundles.save(bundles.make_bundle(options, kept), out)
            console.print(f"  bundle: {path}")
            if kept.outcome.digest != outcome.digest:
                console.print("  [red]the rerun took another course: NONDETERMINISM[/red]")
                return 3
    if len(failures) > _FAILURES_SHOWN:
        console.print(f"... and {len(failures) - _FAILURES_SHOWN} more failing seeds")
    _print_summary(console, campaign)
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(campaign), indent=1) + b"\n")
    return campaign.exit_code


def replay(console: Console, what: str, *, until: int, market: Sequence[Path]) -> int:
    if until < 0:
        raise UsageError(f"--until {until}: records are numbered from 1")
    token, options, kept = _named_run(what, market)
    recording = record_run(options, token.seed, launcher=launcher(options.bug))
    outcome = recording.outcome
    if token.code and token.code != options.code:
        console.print(
            f"[yellow]the code differs: the token was made by {token.code}, this is {options.code}"
            "[/yellow]"
        )
    if until:
        for number, line in enumerate(_lines(recording.records[:until]), 1):
            console.print(f"{number:6d} {line}", markup=False)
    console.print(_escape(outcome.report()))
    console.print(f"digest {outcome.digest} over {outcome.events} records")
    if kept is not None:
        if kept.outcome.digest == outcome.digest:
            console.print("the same run as the bundle's, byte for byte")
        elif token.code == options.code:
            console.print("[red]not the bundle's run, on the same code: NONDETERMINISM[/red]")
            return 3
    return {Verdict.PASS: 0, Verdict.VIOLATION: 1}.get(outcome.verdict, 4)


def trace(console: Console, what: str, *, market: Sequence[Path]) -> int:
    token, options, kept = _named_run(what, market)
    if kept is not None and token.code != options.code:
        console.print(f"the code differs; the last {len(kept.tail)} records of the bundle:")
        records = kept.tail
        first = kept.records - len(kept.tail) + 1
    else:
        records = record_run(options, token.seed, launcher=launcher(options.bug)).records
        first = 1
    for number, line in enumerate(_lines(records), first):
        console.print(f"{number:6d} {line}", markup=False)
    return 0


def diff(console: Console, a: str, b: str, *, market: Sequence[Path]) -> int:
    recordings: list[Recording] = []
    for what in (a, b):
        token, options, _ = _named_run(what, market)
        recordings.append(record_run(options, token.seed, launcher=launcher(options.bug)))
    one, two = (recording.records for recording in recordings)
    for number, (left, right) in enumerate(zip(one, two, strict=False), 1):
        if left != right:
            console.print(f"first difference at record {number}:")
            console.print(f"a {_line(left)}", markup=False)
            console.print(f"b {_line(right)}", markup=False)
            return 1
    if len(one) != len(two):
        longer, name = (one, "a") if len(one) > len(two) else (two, "b")
        number = min(len(one), len(two)) + 1
        console.print(f"only {name} goes on at record {number}:")
        console.print(f"{name} {_line(longer[number - 1])}", markup=False)
        return 1
    console.print(f"the same {len(one)} records, digest {recordings[0].outcome.digest}")
    return 0


def scenarios(console: Console) -> int:
    for name, make in BUILT_IN.items():
        scenario = make()
        venues = ", ".join(
            f"{venue.name} ({', '.join(str(i.id) for i in venue.instruments)})"
            for venue in scenario.venues
        )
        console.print(f"[bold]{name}[/bold]  {(make.__doc__ or '').splitlines()[0]}")
        console.print(
            f"    venues {venues}; faults {scenario.faults.name}; active {scenario.active}, "
            f"quiet {scenario.quiet}; {len(scenario.properties)} properties and probes"
        )
    return 0


def invariants(console: Console) -> int:
    table = Table("id", "kind", "sentence", "tripped by", box=None, pad_edge=False)
    for entry in CATALOGUE:
        if entry.kind is Kind.SOMETIMES:
            tripped = "-"
        else:
            tripped = ", ".join(bug.id for bug in BUGS.values() if bug.property == entry.id)
        table.add_row(entry.id, entry.kind, entry.sentence, tripped or "[red]nothing[/red]")
    console.print(table)
    return 0


def _jobs(text: str) -> int:
    if text == "auto":
        return os.cpu_count() or 1
    if not text.isdigit() or int(text) < 1:
        raise UsageError(f"--jobs {text}: a number of processes, or auto")
    return int(text)


def _writable(path: Path | None, option: str) -> None:
    if path is not None and not path.resolve().parent.is_dir():
        raise UsageError(f"{option} {path}: the folder does not exist")


def _named_run(
    what: str, market: Sequence[Path]
) -> tuple[Token, RunOptions, Bundle | None]:
    """The run that a token or a bundle file names, on the code of today."""
    kept: Bundle | None = None
    if "@" in what and not Path(what).exists():
        token = Token.parse(what)
        options = RunOptions(token.scenario, token.faults, bug=token.bug)
    else:
        kept = bundles.load(Path(what))
        token = Token.parse(kept.token)
        options = kept.options
    files = tuple(str(path) for path in market) or options.market_files
    if token.market and not files:
        raise UsageError(f"{what}: made on a recording; give it with --market")
    options = named(msgspec.structs.replace(options, market_files=files, market="", code=""))
    if token.market != options.market:
        raise UsageError(
            f"{what}: made on the recording {token.market or 'none'}, not {options.market or 'none'}"
        )
    launcher(token.bug)
    return token, options, kept


def _with_progress(console: Console, spec: Spec) -> Campaign:
    failed = 0
    if not console.is_terminal:
        done = 0

        def tell(outcome: Outcome) -> None:
            nonlocal done, failed
            done += 1
            failed += not outcome.passed
            if done % 100 == 0:
                console.print(f"{done} of {spec.seeds} seeds, {failed} failed")

        return run_campaign(spec, tell)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} seeds, {task.fields[failed]} failed"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task(spec.options.scenario, total=spec.seeds, failed=0)

        def show(outcome: Outcome) -> None:
            nonlocal failed
            failed += not outcome.passed
            progress.update(task, advance=1, failed=failed)

        return run_campaign(spec, show)


def _print_summary(console: Console, campaign: Campaign) -> None:
    seeds = max(campaign.seeds, 1)
    mean = {name: count / seeds for name, count in campaign.counts.items()}
    fired = sum(1 for count in campaign.faults.values() if count)
    rate = campaign.seeds / campaign.cpu_seconds if campaign.cpu_seconds else 0.0
    console.print(
        f"{campaign.scenario}: {campaign.passed} passed, {campaign.failed} failed of "
        f"{campaign.seeds} seeds in {campaign.seconds:.1f} s "
        f"({rate:.0f} seeds per CPU-second, code {campaign.code})"
    )
    console.print(
        f"  a seed means {mean.get('turns', 0):.0f} turns, {mean.get('submits', 0):.1f} submits, "
        f"{mean.get('fills', 0):.1f} fills, {mean.get('fault_kinds', 0):.1f} kinds of fault; "
        f"{campaign.seeds_with.get('reconnects', 0)} seeds reconnected"
    )
    console.print(
        f"  faults fired ({fired} kinds): "
        + (", ".join(f"{name} {count}" for name, count in campaign.faults.items()) or "none")
    )
    console.print(
        f"  probes seen ({len(campaign.probes)}): "
        + (", ".join(f"{name} {count}" for name, count in campaign.probes.items()) or "none")
    )
    if campaign.never_fired:
        console.print(
            f"[yellow]  inconclusive: owed and never seen: {', '.join(campaign.never_fired)}[/yellow]"
        )


def _lines(records: Sequence[bytes]) -> list[str]:
    return [_line(record) for record in records]


def _line(record: bytes) -> str:
    kind, ts, payload = read_record(record)
    return f"{ts} {kind} {payload}"


def _escape(text: str) -> str:
    return text.replace("[", "\\[")


