"""`seatrial debt`: what is stated and not yet proven."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from seatrial import debt as ledger
from seatrial.commands import UsageError
from seatrial.commands.files import check_writable
from seatrial.debt import MEND, Comparison, Debt

_TITLES: Final = {
    "properties": "properties that no planted bug trips",
    "pairs": "legal (state, event) pairs never visited",
    "strikes": "faults at places where they never fired",
    "branches": "functions with branches that no seed reached",
    "layers": "modules without a test in a layer",
}
_HOW: Final = {
    "pairs": "give --campaign FILE, of seatrial run --visits --json FILE",
    "strikes": "give --campaign FILE, of seatrial run --visits --json FILE",
    "branches": "give --coverage FILE, of seatrial run --coverage FILE",
    "layers": "these packages are installed, and stand in no checkout with tests",
}


class Summary(msgspec.Struct, frozen=True):
    """What --json writes. `unreached`: each branch by the text of its lines."""

    debt: Debt
    new: dict[str, list[str]] = {}
    paid: dict[str, list[str]] = {}
    unreached: list[str] = []


def debt(
    console: Console,
    *,
    campaigns: Sequence[Path],
    coverage: Sequence[Path],
    baseline: Path | None,
    update: bool,
    json: Path | None,
    shown: int,
) -> int:
    """Measure, print, and compare with a baseline where one is given.

    Returns:
        0, or 1 when something is newly in debt.
    Raises:
        UsageError, DebtError: wrong usage, or a file that cannot be used.
    """
    if update and baseline is None:
        raise UsageError("--update changes a baseline: give --baseline FILE")
    check_writable(json, "--json")
    if update:
        check_writable(baseline, "--baseline")
    known = None
    if baseline is not None and (baseline.exists() or not update):
        known = ledger.load(baseline)
    measured = ledger.measure(campaigns, coverage)
    compared = Comparison({}, {}) if known is None else ledger.compare(measured, known)
    _print_lists(console, measured, shown)
    _print_comparison(console, compared, bool(known), update)
    if json is not None:
        branches = ledger.unreached(coverage) if coverage else []
        summary = Summary(measured, compared.new, compared.paid, branches)
        json.write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n")
    if update and baseline is not None:
        ledger.save(measured if known is None else ledger.shrunk(measured, known), baseline)
        console.print(f"wrote {baseline}", markup=False)
    return 1 if compared.new else 0


def _print_lists(console: Console, measured: Debt, shown: int) -> None:
    for name, items in measured.lists().items():
        if items is None:
            console.print(f"{_TITLES[name]}: not measured; {_HOW[name]}", markup=False)
            continue
        console.print(f"{_TITLES[name]}: {len(items)}", markup=False)
        for item in items[:shown]:
            console.print(f"  {item}", markup=False)
        if len(items) > shown:
            console.print(f"  and {len(items) - shown} more")


def _print_comparison(
    console: Console, compared: Comparison, has_baseline: bool, update: bool
) -> None:
    for name, items in compared.new.items():
        for item in items:
            console.print(
                f"newly in debt ({name}): {item}; {MEND[name]}", markup=False, style="red"
            )
    paid = sum(map(len, compared.paid.values()))
    if paid and not update:
        console.print(f"{paid} debts of the baseline are paid: --update takes them out")
    if has_baseline and not compared.new:
        console.print("nothing is newly in debt")
