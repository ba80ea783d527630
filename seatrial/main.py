"""The commands. Each parses, makes one library call, prints, and exits with the verdict's code."""

import os
import sys
import traceback
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final, NoReturn, cast

import typer
from rich.console import Console

app = typer.Typer(
    help="Takes trading kernels to sea before real money does.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console: Final = Console(highlight=False, emoji=False, soft_wrap=True)
errors: Final = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)

OURS: Final = ("engine", "invariants", "simulation", "conformance", "zoo", "fuzz")
EXIT_USAGE: Final = 2
EXIT_HARNESS: Final = 4
EXIT_INTERRUPTED: Final = 130
EXIT_PIPE: Final = 141

# The base of every complaint about the command line; where it lives differs between versions.
BadCommandLine: Final = cast("type[Exception]", typer.BadParameter.__mro__[1])

BugOption = Annotated[str, typer.Option("--bug", help="plant this zoo bug first")]
MarketOption = Annotated[
    list[Path] | None,
    typer.Option("--market", help="recording to put behind the venue (may repeat)"),
]


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="built-in name, or MODULE:FUNCTION")] = "default",
    seeds: Annotated[
        int | None,
        typer.Option(help="how many seeds; default 100, or with --budget as many as it allows"),
    ] = None,
    first_seed: Annotated[int, typer.Option(help="the first seed")] = 0,
    window: Annotated[
        int, typer.Option(help="number of the window of so many seeds: no two share a seed")
    ] = 0,
    shard: Annotated[str, typer.Option(metavar="I/N", help="only this part of the seeds")] = "",
    budget: Annotated[
        str, typer.Option(metavar="60s", help="begin no run when so much time has passed")
    ] = "",
    min_seeds: Annotated[
        int | None, typer.Option(help="fewer within the budget: exit code 5; default: --seeds")
    ] = None,
    jobs: Annotated[str, typer.Option(help="processes, auto, or here: this one alone")] = "auto",
    dask: Annotated[
        str, typer.Option(metavar="ADDRESS", help="run on the workers of this Dask scheduler")
    ] = "",
    schedule: Annotated[
        str, typer.Option(help="who goes first at one instant: fifo, random, pct or portfolio")
    ] = "",
    guided: Annotated[
        bool, typer.Option("--guided", help="run also neighbours of seeds that met something new")
    ] = False,
    faults: Annotated[str, typer.Option(help="fault profile instead of the scenario's")] = "",
    market: MarketOption = None,
    bug: BugOption = "",
    json: Annotated[Path | None, typer.Option(help="write the results here")] = None,
    jsonl: Annotated[
        Path | None, typer.Option(help="write each run here as it ends, a line of JSON")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="make only the runs that this file lacks, and add them")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="write JUnit XML here")] = None,
    out: Annotated[Path, typer.Option(help="where bundles go")] = Path("seatrial-failures"),
    twice: Annotated[
        bool, typer.Option("--twice", help="run each seed again under another hash seed")
    ] = False,
    visits: Annotated[
        bool, typer.Option("--visits", help="count the cells of state machines, into --json")
    ] = False,
    coverage: Annotated[
        Path | None, typer.Option(help="measure the branches reached, into this coverage file")
    ] = None,
    canaries: Annotated[
        str,
        typer.Option(
            metavar="N|all|none|auto",
            help="make runs in which so many of the properties must break; auto: one per 25 runs",
        ),
    ] = "auto",
) -> None:
    """Run a campaign of seeds and judge it."""
    from seatrial.commands import campaign

    which = campaign.Window(seeds, first_seed, window, shard, budget, min_seeds)
    raise typer.Exit(
        campaign.run(
            console,
            scenario=scenario,
            window=which,
            jobs=jobs,
            faults=faults,
            market=market or [],
            bug=bug,
            json=json,
            out=out,
            twice=twice,
            schedule=schedule,
            guided=guided,
            dask=dask,
            jsonl=jsonl,
            resume=resume,
            junit=junit,
            visits=visits,
            coverage=coverage,
            canaries=canaries,
        )
    )


@app.command()
def replay(
    what: Annotated[str, typer.Argument(metavar="TOKEN|BUNDLE", help="a token, or a bundle file")],
    until: Annotated[int, typer.Option(help="show the trace up to this record and stop")] = 0,
    market: MarketOption = None,
    log: Annotated[Path | None, typer.Option(help="write every record here, as a log")] = None,
    pdb: Annotated[bool, typer.Option("--pdb", help="debug at --until, or where it fails")] = False,
    timeline: Annotated[
        Path | None, typer.Option(help="write what happened as one HTML page here")
    ] = None,
) -> None:
    """Run one seed again and show that it does the same."""
    from seatrial.commands import replay

    raise typer.Exit(
        replay.replay(
            console,
            what,
            until=until,
            market=market or [],
            log=log,
            timeline=timeline,
            pdb=pdb,
        )
    )


@app.command()
def shrink(
    what: Annotated[str, typer.Argument(metavar="BUNDLE|TOKEN", help="of a run that fails")],
    out: Annotated[Path, typer.Option(help="where the bundle goes")] = Path("seatrial-failures"),
    budget: Annotated[str, typer.Option(help="of CPU, to search with")] = "60s",
    market: MarketOption = None,
) -> None:
    """Make a failing run smaller while the same property fails."""
    from seatrial.commands import shrink

    raise typer.Exit(shrink.shrink(console, what, out=out, budget=budget, market=market or []))


@app.command()
def trace(
    what: Annotated[str, typer.Argument(help="a bundle file, or a token")],
    market: MarketOption = None,
) -> None:
    """Print the records of a run, a line each."""
    from seatrial.commands import replay

    raise typer.Exit(replay.trace(console, what, market=market or []))


@app.command()
def diff(
    a: Annotated[str, typer.Argument(help="a token or bundle")],
    b: Annotated[str, typer.Argument(help="a token or bundle")],
    market: MarketOption = None,
) -> None:
    """Show the first record in which two runs differ."""
    from seatrial.commands import replay

    raise typer.Exit(replay.diff(console, a, b, market=market or []))


@app.command()
def backtest(
    quotes: Annotated[Path | None, typer.Option(help="recorded quotes")] = None,
    trades: Annotated[Path | None, typer.Option(help="recorded trades")] = None,
    depth: Annotated[Path | None, typer.Option(help="recorded book, by price")] = None,
    mbo: Annotated[
        Path | None, typer.Option(help="market by order: rebuild its book, retrace its fills")
    ] = None,
    instrument: Annotated[str, typer.Option(help="BASE/QUOTE.VENUE, or MODULE:FUNCTION")] = "",
    strategy: Annotated[
        str,
        typer.Option(
            metavar="MODULE:CLASS",
            help="built from nothing, from an instrument id, or from its config class",
        ),
    ] = "seatrial.ema_cross:EMACross",
    json: Annotated[Path | None, typer.Option(help="write the result here")] = None,
    log: Annotated[Path | None, typer.Option(help="write every turn here, as a log")] = None,
) -> None:
    """Run a strategy over recorded data."""
    if mbo is not None:
        from seatrial.commands import UsageError
        from seatrial.commands.mbo import backtest_mbo

        if not quotes is trades is depth is None:
            raise UsageError("--mbo is a recording of its own: no --quotes, --trades, --depth")
        if log is not None:
            raise UsageError("--mbo runs no kernel, so there is nothing to --log")
        raise typer.Exit(backtest_mbo(console, mbo, json))
    from seatrial.commands import backtest

    raise typer.Exit(
        backtest.backtest(
            console,
            quotes=quotes,
            trades=trades,
            depth=depth,
            instrument=instrument,
            strategy=strategy,
            json=json,
            log=log,
        )
    )


@app.command("check-log")
def check_log(
    file: Annotated[Path, typer.Argument(help="a log, as replay --log or a journal wrote it")],
    json: Annotated[Path | None, typer.Option(help="write the findings here")] = None,
) -> None:
    """Judge a recorded session by the properties, without simulation."""
    from seatrial.commands import check_log

    raise typer.Exit(check_log.check_log(console, file, json=json))


@app.command()
def certify(
    adapter: Annotated[
        str, typer.Argument(metavar="MODULE:FACTORY", help="default: the native client")
    ] = "",
    level: Annotated[
        str, typer.Option(help="faults: each world calm and again with faults; baseline: calm")
    ] = "faults",
    seeds: Annotated[int, typer.Option(help="worlds per case")] = 20,
    case: Annotated[
        list[str] | None, typer.Option("--case", help="only this case (may repeat)")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="write JUnit XML here")] = None,
) -> None:
    """Judge an adapter by the published cases and print the matrix."""
    from seatrial.commands import certify

    raise typer.Exit(
        certify.certify(console, adapter, level=level, seeds=seeds, cases=case or [], junit=junit)
    )


@app.command()
def fuzz(
    target: Annotated[str, typer.Argument(help="default: list the targets")] = "",
    seconds: Annotated[int, typer.Option(help="how long to search")] = 60,
    seed: Annotated[int, typer.Option(help="of the fuzzer's choices")] = 0,
    bug: BugOption = "",
    out: Annotated[Path, typer.Option(help="where bundles go")] = Path("seatrial-failures"),
) -> None:
    """Search for bytes that crash a target."""
    from seatrial.commands import fuzz

    raise typer.Exit(fuzz.fuzz(console, target, seconds=seconds, seed=seed, bug=bug, out=out))


@app.command()
def debt(
    campaign: Annotated[
        list[Path] | None,
        typer.Option("--campaign", help="results of run --visits --json (may repeat)"),
    ] = None,
    coverage: Annotated[
        list[Path] | None, typer.Option("--coverage", help="file of run --coverage (may repeat)")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="known debts: exit 1 when something is not among them")
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="take what is paid out of the baseline")
    ] = False,
    json: Annotated[Path | None, typer.Option(help="write the lists here")] = None,
    shown: Annotated[int, typer.Option(min=0, help="how many of each list to print")] = 12,
) -> None:
    """List what is stated and not yet proven."""
    from seatrial.commands import debt

    raise typer.Exit(
        debt.debt(
            console,
            campaigns=campaign or [],
            coverage=coverage or [],
            baseline=baseline,
            update=update,
            json=json,
            shown=shown,
        )
    )


@app.command()
def scenarios() -> None:
    """List the built-in scenarios."""
    from seatrial.commands import listing

    raise typer.Exit(listing.scenarios(console))


@app.command()
def invariants() -> None:
    """List the properties that every run is judged by."""
    from seatrial.commands import listing

    raise typer.Exit(listing.invariants(console))


def main() -> NoReturn:
    """The console script."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # last: a user's folder must never hide one of ours
    hidden = _hidden_package()
    if hidden:
        _say(f"your ./{hidden} hides seatrial's: run from another folder, or rename yours")
        raise SystemExit(EXIT_USAGE)
    raise SystemExit(_run_app())


def _run_app() -> int:
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except BadCommandLine as error:
        text = error.format_message() if hasattr(error, "format_message") else str(error)
        if text:  # none when the whole help has been shown instead
            _say(text)
        return EXIT_USAGE
    except (typer.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # whoever read us has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except Exception as error:
        if isinstance(error, _usage_errors()):
            _say(str(error))
            return EXIT_USAGE
        if not isinstance(error, _harness_errors()):
            errors.print("".join(traceback.format_exception(error)).rstrip("\n"), markup=False)
        _say(f"the harness failed: {error}")
        return EXIT_HARNESS


def _say(text: str) -> None:
    """One line on standard error."""
    errors.print(f"seatrial: {' '.join(text.split())}", markup=False)


def _usage_errors() -> tuple[type[Exception], ...]:
    """Imported when something has failed, and not before."""
    from engine.journal.log_file import LogError
    from fuzz.hunt import FuzzerMissing
    from seatrial.commands import UsageError
    from seatrial.debt import DebtError
    from simulation.bundle import BundleError
    from simulation.executors import ClusterMissing
    from simulation.market.fields import RecordingError
    from simulation.recording import RunRefused
    from simulation.scenario import ScenarioError
    from simulation.shrink import NothingToShrink
    from simulation.token import TokenError

    return (
        NothingToShrink,
        UsageError,
        BundleError,
        ClusterMissing,
        DebtError,
        FuzzerMissing,
        LogError,
        RecordingError,
        RunRefused,
        ScenarioError,
        TokenError,
    )


def _harness_errors() -> tuple[type[Exception], ...]:
    from fuzz.hunt import FuzzerFailed
    from simulation.campaign import CampaignError
    from simulation.recording import RecordingFailed

    return CampaignError, FuzzerFailed, RecordingFailed


def _hidden_package() -> str:
    """The first of our packages that would be imported from somewhere else, or ""."""
    home = Path(__file__).resolve().parent.parent
    for name in OURS:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            return name
        if Path(spec.origin).resolve().parent.parent != home:
            return name
    return ""


if __name__ == "__main__":
    main()
