"""`seatrial shrink`: the same failure, smaller."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from seatrial.commands import UsageError, launcher
from seatrial.commands.replay import named_run
from simulation import bundle as bundles
from simulation.outcome import Verdict
from simulation.scenario import duration_ns
from simulation.shrink import Shrunk
from simulation.shrink import shrink as make_smaller
from simulation.tapes import shown

_SHOWN: Final = 24  # choices that are left


def shrink(console: Console, what: str, *, out: Path, budget: str, market: Sequence[Path]) -> int:
    """Search for the smallest run that breaks the same property, keep it, print what went.

    Returns:
        0; 3 when a fresh process does not do the same; 4 when that is because the harness broke.
    Raises:
        UsageError, TokenError, BundleError, RunRefused, ScenarioError: wrong usage, or a run that
            breaks no property.
        RecordingFailed: the process died.
    """
    budget_ns = duration_ns(budget)
    run = named_run(what, market)
    recording, by_seed = run.again_or_by_tape()
    kept = run.kept
    if recording.outcome.verdict is not Verdict.VIOLATION:
        raise UsageError(
            f"{what}: {recording.outcome.verdict} on this code, which leaves nothing to shrink"
        )
    if by_seed is not None:
        console.print("the code differs, and its seed fails no more: this is its tape")
    shrunk = make_smaller(
        recording.options,
        run.token.seed,
        recording.tape,
        cut=None if kept is None else kept.cut,
        budget_ns=budget_ns,
        launcher=launcher(run.options.bug),
    )
    path = bundles.save(shrunk.bundle(), out)
    _tell(console, shrunk, path)
    if not shrunk.is_repeatable:
        console.print("a fresh process did something else: NONDETERMINISM", style="red")
        return 4 if shrunk.recording.outcome.verdict is Verdict.ERROR else 3
    return 0


def _tell(console: Console, shrunk: Shrunk, path: Path) -> None:
    outcome = shrunk.recording.outcome
    console.print(outcome.report(str(path)), markup=False)
    if shrunk.subject_changed:
        console.print(f"  another subject: it was {shrunk.first.outcome.subject}", markup=False)
    for text in shrunk.taken:
        console.print(f"  {text}", markup=False)
    lines = list(shown(shrunk.tape))
    console.print(f"{shrunk.deviations} deviations from quiet are left:")
    for text in lines[:_SHOWN]:
        console.print(f"  {text}", markup=False)
    if len(lines) > _SHOWN:
        console.print(f"  and {len(lines) - _SHOWN} more")
    ended = "" if shrunk.is_minimal else "; the budget ended the search, more may be possible"
    console.print(f"{shrunk.tries} tries in {shrunk.seconds:.1f} s{ended}")
    console.print(f"  bundle: {path}", markup=False)
