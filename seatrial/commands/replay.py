"""`seatrial replay`, `trace` and `diff`: one seed again, and what happened in it."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from seatrial.commands import UsageError, launcher
from seatrial.commands.check_log import write_trace
from seatrial.commands.files import check_writable
from seatrial.commands.fuzz import replay_input
from seatrial.commands.records import line, side_by_side
from simulation import bundle as bundles
from simulation.bundle import Bundle
from simulation.debugging import debug, failing_record
from simulation.options import RunOptions
from simulation.outcome import Verdict, same_failure
from simulation.recording import Job, Recording, first_difference, record_run
from simulation.scenario import load_scenario
from simulation.scenarios import BUILT_IN
from simulation.token import Token, changed_parts


class NamedRun(msgspec.Struct, frozen=True):
    """What a token or a bundle file names.

    Attributes:
        options: what to run it by, on the code of today.
        kept: the bundle, when a file was named.
    """

    token: Token
    options: RunOptions
    kept: Bundle | None

    def again(self) -> Recording:
        """Run it, in a process of its own.

        Raises:
            UsageError: a fuzz target's input, which makes no run.
        """
        kept = self.kept
        if kept is not None and kept.target and not kept.tape:
            raise UsageError(f"the bundle holds an input of fuzz target {kept.target}, no run")
        if kept is not None and kept.by_tape:
            return self.by_tape(kept)
        return record_run(self.options, self.token.seed, launcher=launcher(self.options.bug))

    def by_tape(self, kept: Bundle) -> Recording:
        """Run what the bundle's tape says, whatever the seed says."""
        return record_run(
            self.options,
            self.token.seed,
            launcher=launcher(self.options.bug),
            tape=kept.tape,
            cut=kept.cut,
        )

    def again_or_by_tape(self) -> tuple[Recording, Recording | None]:
        """`again`. Where other code made the bundle and its seed does not break the same property
        any more, what the tape says instead, and beside it what the seed gave."""
        recording, kept = self.again(), self.kept
        if kept is None or kept.by_tape or not self.is_of_other_code(recording):
            return recording, None
        if same_failure(kept.outcome, recording.outcome) or not kept.tape:
            return recording, None
        return self.by_tape(kept), recording

    def is_of_other_code(self, recording: Recording) -> bool:
        return bool(self.token.code) and self.token.code != recording.options.code


def replay(
    console: Console,
    what: str,
    *,
    until: int,
    market: Sequence[Path],
    log: Path | None = None,
    pdb: bool = False,
) -> int:
    """Run one seed again, compare it with what its bundle says, print how it ended; with `pdb`
    once more under the debugger.

    Raises:
        UsageError, TokenError, BundleError, RunRefused: wrong usage.
        RecordingFailed: the process died.
    """
    if until < 0:
        raise UsageError(f"--until {until}: records are numbered from 1")
    check_writable(log, "--log")
    run = named_run(what, market)
    if run.kept is not None and run.kept.target and not run.kept.tape:
        if log is not None:
            raise UsageError(f"{what}: an input of fuzz target {run.kept.target}, which has no log")
        return replay_input(console, run.kept, what)
    recording, by_seed = run.again_or_by_tape()
    outcome = recording.outcome
    if pdb and not until and outcome.verdict is not Verdict.VIOLATION:
        raise UsageError(f"{what}: breaks no property; say where to stop with --until")
    if until:
        _write_lines(console, recording.records[:until], 1)
        console.print(f"stopped after {min(until, outcome.events)} of {outcome.events} records")
    # the token of a run that a tape drove does not name it: its file does
    by_tape = by_seed is not None or (run.kept is not None and run.kept.by_tape)
    console.print(outcome.report(what if by_tape else ""), markup=False)
    if outcome.traceback:
        console.print(outcome.traceback.rstrip("\n"), markup=False)
    for note in outcome.notes:
        console.print(f"note: {note}", markup=False)
    console.print(f"digest {outcome.digest} over {outcome.events} records")
    if log is not None:
        risk = load_scenario(run.options.scenario, BUILT_IN).risk
        count = write_trace(log, outcome.token, risk, recording.records)
        console.print(f"{count} records written to {log}", markup=False)
    same_code = not run.is_of_other_code(recording)
    if not same_code:
        _tell_difference(console, run, recording, by_seed)
    if pdb:
        _debug(console, run, recording, until, by_tape)
    if run.kept is not None:
        if run.kept.outcome.digest == outcome.digest:
            console.print("the same run as the bundle's, byte for byte")
        elif same_code:
            console.print("not the bundle's run, on the same code: NONDETERMINISM", style="red")
            return 4 if outcome.verdict is Verdict.ERROR else 3
        else:
            console.print("not the bundle's run any more", style="yellow")
    return outcome.exit_code


def _tell_difference(
    console: Console, run: NamedRun, recording: Recording, by_seed: Recording | None
) -> None:
    """What other code made the token, what has changed since, and which run this is."""
    console.print(
        f"the code differs: the token was made by {run.token.code}, "
        f"this is {recording.options.code}",
        style="yellow",
    )
    kept = run.kept
    if kept is None:
        return
    now = bundles.versions()
    lines = changed_parts(kept.parts, recording.parts) if kept.parts else []
    lines += [
        f"{name} {was} -> {now[name]}"
        for name, was in kept.versions.items()
        if name not in recording.parts and now.get(name, was) != was
    ]
    for text in lines:
        console.print(f"  changed: {text}", markup=False)
    if by_seed is not None:
        console.print(
            f"  its seed alone gives {by_seed.outcome.verdict} now; this is its tape, which did "
            f"not fit in {recording.mismatches} places",
            markup=False,
        )


def _debug(
    console: Console, run: NamedRun, recording: Recording, until: int, by_tape: bool
) -> None:
    """The run once more, stopped at record `until`, or else at the one that failed."""
    outcome = recording.outcome
    number = min(until, outcome.events) or failing_record(recording)
    console.print(f"the debugger opens at record {number} of {outcome.events}")
    console.file.flush()
    kept = run.kept
    debug(
        Job(
            recording.options,
            run.token.seed,
            recording.tape if by_tape else None,
            kept.cut if kept is not None else None,
        ),
        number,
        launcher=launcher(run.options.bug),
    )


def trace(console: Console, what: str, *, market: Sequence[Path]) -> int:
    """Print every record of a run; of a bundle that other code made, the last that it kept."""
    run = named_run(what, market)
    first, records = _records(console, run, what)
    _write_lines(console, records, first)
    return 0


def diff(console: Console, a: str, b: str, *, market: Sequence[Path]) -> int:
    """Print the first record in which two runs differ. Returns 1 when there is one."""
    runs = [named_run(what, market if _on_recording(what) else ()) for what in (a, b)]
    (first_a, one), (first_b, two) = (
        _records(console, run, what) for run, what in zip(runs, (a, b), strict=True)
    )
    first = max(first_a, first_b)  # of a bundle by other code, only the tail is there
    one, two = one[first - first_a :], two[first - first_b :]
    index = first_difference(one, two)
    if index is None:
        console.print(f"the same {len(one)} records")
        return 0
    console.print(f"the first record that differs is number {first + index}:")
    left = one[index] if index < len(one) else b""
    right = two[index] if index < len(two) else b""
    console.print(side_by_side(left, right), markup=False)
    return 1


def named_run(what: str, market: Sequence[Path]) -> NamedRun:
    """The run that a token or a bundle file names, on `market` or the bundle's own recordings.

    Raises:
        UsageError, TokenError, BundleError: it names none, or the recordings do not fit.
    """
    kept: Bundle | None = None
    files = tuple(str(path) for path in market)
    if _is_file_name(what):
        if not Path(what).is_file():
            raise UsageError(f"{what!r}: neither a bundle file nor a token (SCENARIO@SEED#CODE)")
        kept = bundles.load(Path(what))
        token = Token.parse(kept.token)
        files = files or kept.options.market_files
        lost = [file for file in files if not Path(file).exists()]
        if lost and not market:
            raise UsageError(
                f"{what}: made on the recording {lost[0]}, which is not here; give it with --market"
            )
    else:
        token = Token.parse(what)
    if token.market and not files:
        raise UsageError(f"{what}: made on a recording; give it with --market")
    if files and not token.market:
        raise UsageError(f"{what}: made without a recording; leave --market out")
    launcher(token.bug)
    return NamedRun(token, RunOptions.of_token(token, files), kept)


def _is_file_name(what: str) -> bool:
    return "@" not in what or Path(what).exists()


def _on_recording(what: str) -> bool:
    if not _is_file_name(what):
        return bool(Token.parse(what).market)
    return Path(what).is_file() and bool(Token.parse(bundles.load(Path(what)).token).market)


def _records(console: Console, run: NamedRun, what: str) -> tuple[int, list[bytes]]:
    """(number of the first, records). Rerun where the code is the same or nothing was kept."""
    recording = run.again()
    kept = run.kept
    if kept is None or recording.options.code == run.token.code:
        return 1, recording.records
    console.print(f"{what}: the code differs; its last {len(kept.tail)} records:", markup=False)
    return kept.records - len(kept.tail) + 1, kept.tail


def _write_lines(console: Console, records: Sequence[bytes], first: int) -> None:
    # straight to the file: a trace is thousands of lines, and nothing in them is markup
    write = console.file.write
    for number, record in enumerate(records, first):
        write(f"{number:6d} {line(record)}\n")
