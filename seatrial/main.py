"""The commands. Each parses, makes one library call, prints, and exits with the verdict's code."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final, NoReturn, cast

import typer
from rich.console import Console

from seatrial import commands

app = typer.Typer(
    help="Takes trading kernels to sea before real money does.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console: Final = Console(highlight=False, soft_wrap=True)
errors: Final = Console(stderr=True, highlight=False, soft_wrap=True)

EXIT_USAGE: Final = 2
EXIT_HARNESS: Final = 4
EXIT_INTERRUPTED: Final = 130

# What a wrong command line raises: a class of the click that this typer uses, which from some
# version on is a copy of its own and not the installed package.
_WrongUsage: Final = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])

BugOption = Annotated[str, typer.Option("--bug", help="plant this zoo bug first")]
MarketOption = Annotated[
    list[Path] | None,
    typer.Option("--market", help="recording to put behind the venue (may repeat)"),
]


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="built-in name, or MODULE:FUNCTION")] = "default",
    seeds: Annotated[int, typer.Option(help="how many seeds")] = 100,
    first_seed: Annotated[int, typer.Option(help="the first seed")] = 0,
    jobs: Annotated[str, typer.Option(help="processes, or auto")] = "auto",
    faults: Annotated[str, typer.Option(help="fault profile instead of the scenario's")] = "",
    market: MarketOption = None,
    bug: BugOption = "",
    json: Annotated[Path | None, typer.Option(help="write the results here")] = None,
    out: Annotated[Path, typer.Option(help="where bundles go")] = Path("seatrial-failures"),
    twice: Annotated[
        bool, typer.Option("--twice", help="run each seed again under another hash seed")
    ] = False,
) -> None:
    """Run a campaign of seeds and judge it."""
    raise typer.Exit(
        commands.run(
            console,
            scenario=scenario,
            seeds=seeds,
            first_seed=first_seed,
            jobs=jobs,
            faults=faults,
            market=market or [],
            bug=bug,
            json=json,
            out=out,
            twice=twice,
        )
    )


@app.command()
def replay(
    what: Annotated[str, typer.Argument(help="a token, or a bundle file")],
    until: Annotated[int, typer.Option(help="show the trace up to this record and stop")] = 0,
    market: MarketOption = None,
) -> None:
    """Run one seed again and show that it does the same."""
    raise typer.Exit(commands.replay(console, what, until=until, market=market or []))


@app.command()
def trace(
    what: Annotated[str, typer.Argument(help="a bundle file, or a token")],
    market: MarketOption = None,
) -> None:
    """Print the records of a run, a line each."""
    raise typer.Exit(commands.trace(console, what, market=market or []))


@app.command()
def diff(
    a: Annotated[str, typer.Argument(help="a token or bundle")],
    b: Annotated[str, typer.Argument(help="a token or bundle")],
    market: MarketOption = None,
) -> None:
    """Show the first record in which two runs differ."""
    raise typer.Exit(commands.diff(console, a, b, market=market or []))


@app.command()
def backtest(
    quotes: Annotated[Path | None, typer.Option(help="recorded quotes")] = None,
    trades: Annotated[Path | None, typer.Option(help="recorded trades")] = None,
    instrument: Annotated[str, typer.Option(help="BASE/QUOTE.VENUE")] = "",
    strategy: Annotated[
        str, typer.Option(help="MODULE:CLASS, built without arguments or from an instrument id")
    ] = "examples.ema_cross:EmaCross",
    json: Annotated[Path | None, typer.Option(help="write the result here")] = None,
) -> None:
    """Run a strategy over recorded data."""
    raise typer.Exit(
        commands.backtest(
            console,
            quotes=quotes,
            trades=trades,
            instrument=instrument,
            strategy=strategy,
            json=json,
        )
    )


@app.command()
def scenarios() -> None:
    """List the built-in scenarios."""
    raise typer.Exit(commands.scenarios(console))


@app.command()
def invariants() -> None:
    """List the properties that every run is judged by."""
    raise typer.Exit(commands.invariants(console))


def main() -> NoReturn:
    """The console script."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # last: a user's folder must never hide one of ours
    hidden = _hidden_package()
    if hidden:
        errors.print(f"seatrial: your ./{hidden} hides seatrial's: run from another folder")
        raise SystemExit(EXIT_USAGE)
    try:
        code = app(standalone_mode=False)
    except _WrongUsage as error:
        message = error.format_message()
        if message:  # none where the help has said it all
            errors.print(f"seatrial: {message}")
        raise SystemExit(EXIT_USAGE) from None
    except commands.USAGE_ERRORS as error:
        errors.print(f"seatrial: {error}")
        raise SystemExit(EXIT_USAGE) from None
    except commands.HARNESS_ERRORS as error:
        errors.print(f"seatrial: the harness failed: {error}")
        raise SystemExit(EXIT_HARNESS) from None
    except (typer.Abort, KeyboardInterrupt):
        raise SystemExit(EXIT_INTERRUPTED) from None
    raise SystemExit(code or 0)


def _hidden_package() -> str:
    """The first of our packages that would be imported from somewhere else, or ""."""
    home = Path(__file__).resolve().parent.parent
    for name in ("engine", "invariants", "simulation", "zoo"):
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            return name
        if Path(spec.origin).resolve().parent.parent != home:
            return name
    return ""


if __name__ == "__main__":
    main()
