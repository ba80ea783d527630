"""Recordings, told apart by their first line. What each kind looks like is in its own reader.

| First line | Kind | Reader |
|---|---|---|
| a header with `bid_price` | quotes | `tick_reader` |
| a header with `buyer_maker` | trades | `tick_reader` |
| a header with `update_type` | depth: images and updates as Binance futures publish them | `depth_reader` |
| a JSON object | depth: Bybit order book messages, one a line | `depth_reader` |
| a header with `open`, `high`, `low`, `close` | bars | `bar_reader` |

Columns are found by name, in any order; others are ignored.
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

from engine.model.currencies import CURRENCIES
from simulation.market import bar_reader, depth_reader, tick_reader
from simulation.market.fields import RecordingError, read_text
from simulation.market.rows import Recording


def read_recording(path: str | Path) -> Recording:
    """Read one recording.

    Raises:
        RecordingError: unreadable, of no known kind, empty, or with a bad row.
    """
    file = str(path)
    text = read_text(path)
    if text.lstrip().startswith("{"):
        return depth_reader.read_bybit(file, text)
    lines = csv.reader(io.StringIO(text))
    try:
        header = [name.strip() for name in next(lines, [])]
        for columns, read in (
            (tick_reader.TRADE_COLUMNS, tick_reader.read_trades),
            (tick_reader.QUOTE_COLUMNS, tick_reader.read_quotes),
            (depth_reader.COLUMNS, depth_reader.read_binance),
            (bar_reader.COLUMNS, bar_reader.read_bars),
        ):
            if all(name in header for name in columns):
                return read(file, header, lines)
    except csv.Error as error:
        raise RecordingError(file, lines.line_num, "", "", str(error)) from None
    shown = ",".join(header)
    reason = "neither quotes, trades, depth nor bars by its columns"
    raise RecordingError(file, 1, "header", shown, reason)


def file_hash(paths: Sequence[str | Path]) -> str:
    """First 12 hex digits of the SHA-256 over the files' contents, in the order given.

    Raises:
        RecordingError: a file cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        try:
            digest.update(Path(path).read_bytes())
        except OSError as error:
            reason = error.strerror or "cannot be read"
            raise RecordingError(str(path), 0, "", "", reason) from None
    return digest.hexdigest()[:12]


def pair_in_name(path: str | Path) -> tuple[str, str]:
    """(base, quote): the first part of the file name that splits into two known currency codes.

    Raises:
        RecordingError: no part does.
    """
    codes = CURRENCIES
    for part in Path(path).name.upper().replace("-", "_").replace(".", "_").split("_"):
        for cut in range(1, len(part)):
            base, quote = part[:cut], part[cut:]
            if base in codes and quote in codes:
                return base, quote
    reason = "the file name holds no pair of known currencies; name the instrument"
    raise RecordingError(str(path), 0, "", "", reason)
