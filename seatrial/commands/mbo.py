"""`seatrial backtest --mbo`: what a market-by-order recording proves."""

from pathlib import Path
from time import process_time

import msgspec
from rich.console import Console

from seatrial.commands.files import check_writable
from simulation.market.mbo import FifoReport, MboReport, survey
from simulation.market.mbo_reader import read_mbo


class MboSummary(msgspec.Struct, frozen=True):
    """The report as JSON. `messages_per_second` of CPU time: rebuilt, checked and matched."""

    file: str
    messages: int
    events: int
    messages_per_second: int
    fifo: FifoReport
    iceberg_passed: int
    crossed: int
    empty_levels: int
    broken: int
    unknown: int
    out_of_order: int
    resting: int


def backtest_mbo(console: Console, path: Path, json: Path | None) -> int:
    """Rebuild the book of a recording and retrace its fills.

    Returns:
        0, or 1 when the book was ever unsound: crossed, with an empty level, or broken.
    Raises:
        UsageError, RecordingError: wrong usage, or a file that cannot be used.
    """
    check_writable(json, "--json")
    recording = read_mbo(path)
    began = process_time()
    report = survey(recording)
    seconds = process_time() - began
    rate = round(report.messages / seconds) if seconds else 0
    _show(console, report, rate)
    if json is not None:
        values = {name: getattr(report, name) for name in MboReport.__struct_fields__}
        summary = MboSummary(messages_per_second=rate, **values)
        json.write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n")
    return 1 if report.crossed or report.empty_levels or report.broken else 0


def _show(console: Console, report: MboReport, rate: int) -> None:
    fifo = report.fifo
    console.print(
        f"{report.file}: {report.messages} messages in {report.events} events, "
        f"{rate:,} messages/s, {report.resting} orders rest at the end",
        markup=False,
    )
    share = 100 * fifo.exact / fifo.fills if fifo.fills else 0.0
    console.print(
        f"  fills of the continuous session: {fifo.fills}; first in line {fifo.exact} "
        f"({share:.1f} %), the aggressor's own {fifo.own}, past an order that the same event "
        f"changes {fifo.cancelled_same_event}, unexplained {fifo.unexplained} "
        f"({report.iceberg_passed} past an iceberg)"
    )
    console.print(
        f"  ends of events with a crossed book: {report.crossed}; with an empty level: "
        f"{report.empty_levels}; messages about unknown orders: {report.unknown}"
    )
