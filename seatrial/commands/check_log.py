"""`seatrial check-log`: a recorded session, judged by the properties that its records can judge."""

import platform
import time
from pathlib import Path
from typing import Final, Literal

import msgspec
from rich.console import Console
from rich.table import Table

from engine.journal.log_file import Log, LogError, LogHeader, LogWriter
from engine.risk.config import RiskEngineConfig
from invariants.catalogue import CATALOGUE
from invariants.log_judge import LogFinding, LogJudge, LogOutOfOrder
from invariants.log_table import OnLog, Standing
from seatrial.commands import UsageError
from seatrial.commands.files import check_writable

_JUDGED: Final = (Standing.JUDGED, Standing.IN_PART)


class LogReport(msgspec.Struct, frozen=True):
    """What --json writes. `records` counts all of the log, `turns` those that were judged."""

    file: str
    session: str
    records: int
    turns: int
    epochs: int
    missing_turns: int
    cpu_seconds: float
    records_per_second: int
    properties: dict[str, OnLog]
    violations: list[LogFinding]


def check_log(console: Console, path: Path, *, json: Path | None) -> int:
    """Judge a log, and say of every property whether it was judged.

    Returns:
        0, or 1 when a property is broken.
    Raises:
        UsageError: `--json` cannot be written, or the file is a bundle.
        LogError: the file is no log, is damaged or out of order; nothing behind that place was
            judged, and what was found before it has been printed.
    """
    check_writable(json, "--json")
    if path.is_file() and _is_gzip(path):
        raise UsageError(
            f"{path}: is packed, as a bundle is; seatrial replay BUNDLE --log FILE writes its log"
        )
    log = Log(path)
    header = log.header
    judge = LogJudge(CATALOGUE, header.risk)
    began = time.process_time()
    found: list[LogFinding] = []
    try:
        for finding in judge.judge(log):
            found.append(finding)
            _show(console, finding)
    except LogOutOfOrder as error:
        raise LogError(path, error.record, error.offset, error.what) from None
    seconds = time.process_time() - began
    records = log.count
    rate = round(records / seconds) if seconds else 0
    _print_summary(console, path, header, judge, records, seconds, rate, len(found))
    if json is not None:
        report = LogReport(
            str(path),
            header.session,
            records,
            judge.turns,
            judge.epochs,
            judge.missing,
            round(seconds, 3),
            rate,
            dict(judge.standings),
            found,
        )
        json.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    return 1 if found else 0


def log_header(
    kind: Literal["journal", "trace"], session: str, risk: RiskEngineConfig | None
) -> LogHeader:
    """The header of a log that is written here and now."""
    versions = {"python": platform.python_version(), "seatrial": _version("seatrial")}
    return LogHeader(kind=kind, session=session, versions=versions, risk=risk)


def write_trace(path: Path, session: str, risk: RiskEngineConfig, records: list[bytes]) -> int:
    """Write a run's trace as a log; returns how many records it has."""
    with LogWriter(path, log_header("trace", session, risk)) as log:
        for data in records:
            log.write(data)
    return log.count


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"


def _show(console: Console, finding: LogFinding) -> None:
    console.print(
        f"record {finding.record} at byte {finding.offset}, epoch {finding.epoch} turn "
        f"{finding.turn}: VIOLATION({finding.property_id}) {finding.subject}: {finding.detail}",
        markup=False,
        style="red",
    )


def _print_summary(
    console: Console,
    path: Path,
    header: LogHeader,
    judge: LogJudge,
    records: int,
    seconds: float,
    rate: int,
    violations: int,
) -> None:
    table = Table("property", "here", "what of it", box=None, pad_edge=False)
    for property_id, entry in judge.standings.items():
        table.add_row(property_id, entry.standing, entry.note)
    console.print(table)
    judged = sum(entry.standing in _JUDGED for entry in judge.standings.values())
    console.print(
        f"{path}: {header.kind} of {header.session}: {records} records, {judge.turns} turns in "
        f"{judge.epochs} epochs, {judged} of {len(judge.standings)} properties, {violations} "
        f"violations, in {seconds:.1f} s ({rate:,} records per CPU-second)",
        markup=False,
    )
    if judge.missing:
        console.print(f"  {judge.missing} turns are not in the log: what they did is not judged")
