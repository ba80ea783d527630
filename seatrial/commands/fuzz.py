"""`seatrial fuzz`: search for bytes that crash a target; and `replay` of what was found."""

from pathlib import Path
from typing import Final

from rich.console import Console

from fuzz.finding import Finding
from fuzz.hunt import Hunt, ask, corpus_of, hunt
from fuzz.keep import bundle_of, digest_of
from fuzz.targets import TARGETS
from seatrial.commands import UsageError, launcher
from seatrial.commands.files import check_folder
from simulation import bundle as bundles
from simulation.bundle import Bundle
from simulation.outcome import EXIT_CODES, Verdict
from simulation.token import Token, code_hash

SECONDS_MAX: Final = 7 * 86_400
_SHOWN: Final = 120  # bytes of an input that a line shows


def fuzz(console: Console, name: str, *, seconds: int, seed: int, bug: str, out: Path) -> int:
    """Search, keep what crashed, print how it went. Without a name, list the targets.

    Raises:
        UsageError: no such target or bug, a time that is none.
        FuzzerMissing: atheris is not installed.
        FuzzerFailed, RecordingFailed: the search broke.
    """
    if not name:
        return _list(console)
    target = TARGETS.get(name)
    if target is None:
        raise UsageError(f"no fuzz target {name!r}: use one of {', '.join(TARGETS)}")
    if not 1 <= seconds <= SECONDS_MAX:
        raise UsageError(f"--seconds {seconds}: from 1 to {SECONDS_MAX}")
    if seed < 0:
        raise UsageError(f"--seed {seed}: 0 or more")
    launcher(bug)
    check_folder(out, "--out")
    console.print(f"{name}: {target.sentence}", markup=False)
    done = hunt(target, seconds, seed, bug)
    console.print(
        f"  {done.executions:,} executions in {done.elapsed_ns / 1e9:.1f} s "
        f"({done.per_second:,} a second, {done.per_cpu_second:,} per CPU-second), "
        f"corpus {done.corpus} + {done.grown}",
        markup=False,
    )
    if done.finding is None:
        console.print(f"{name}: clean")
        return EXIT_CODES[Verdict.PASS]
    return _keep(console, done, done.finding, bug, out)


def _keep(console: Console, done: Hunt, finding: Finding, bug: str, out: Path) -> int:
    path = bundles.save(bundle_of(finding, bug), out)
    _show(console, finding)
    console.print(f"  replay with: seatrial replay {path}", markup=False)
    if done.is_sure:
        return EXIT_CODES[Verdict.VIOLATION]
    console.print("not so when given alone: NONDETERMINISM", style="red")
    return EXIT_CODES[Verdict.NONDETERMINISM]


def replay_input(console: Console, kept: Bundle, what: str) -> int:
    """Give a bundle's input to its target again, and compare.

    Raises:
        UsageError: the bundle is of a target that this version does not have.
    """
    target = TARGETS.get(kept.target)
    if target is None:
        raise UsageError(f"{what}: no fuzz target {kept.target!r} here")
    token = Token.parse(kept.token)
    launcher(token.bug)
    finding = ask(target, kept.data, token.bug)
    code = code_hash()
    if code != token.code:
        console.print(
            f"the code differs: the bundle was made by {token.code}, this is {code}",
            style="yellow",
        )
    if finding is not None:
        _show(console, finding)
        if finding.traceback:
            console.print(finding.traceback.rstrip("\n"), markup=False)
        console.print(f"digest {digest_of(finding)}")
    if finding is not None and digest_of(finding) == kept.outcome.digest:
        console.print("the same crash as the bundle's, byte for byte")
    elif code == token.code:
        console.print("not the bundle's crash, on the same code: NONDETERMINISM", style="red")
        return EXIT_CODES[Verdict.NONDETERMINISM]
    elif finding is None:
        console.print(f"{kept.target}: clean; it was {kept.outcome.detail}", markup=False)
    else:
        console.print("not the bundle's crash any more", style="yellow")
    return EXIT_CODES[Verdict.PASS if finding is None else Verdict.VIOLATION]


def _show(console: Console, finding: Finding) -> None:
    shown = repr(finding.data[:_SHOWN])[1:]
    more = ", its beginning" if len(finding.data) > _SHOWN else ""
    console.print(f"{finding.target}: CRASH {' '.join(str(finding).split())}", markup=False)
    console.print(f"  input, {len(finding.data)} bytes{more}: {shown}", markup=False)


def _list(console: Console) -> int:
    width = max(map(len, TARGETS))
    for target in TARGETS.values():
        inputs = len(list(corpus_of(target).iterdir()))
        console.print(
            f"{target.name:<{width}}  {target.sentence} ({inputs} inputs to begin with)",
            markup=False,
        )
    return EXIT_CODES[Verdict.PASS]
