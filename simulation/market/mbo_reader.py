"""Market-by-order recordings: every message of one instrument, as the exchange sent it.

A CSV file. Columns are found by name, in any order; others are ignored:

| Column | Holds |
|---|---|
| `ts_recv`, `ts_event` | nanoseconds since 1970: heard, and happened at the exchange |
| `action` | A add, C cancel, M modify, T trade (the aggressor), F fill (a resting order) |
| `side` | B bid, A ask, N none (an auction; T and F only) |
| `price_e9` | price x 10^9, an integer |
| `size` | contracts. Of C: what is taken away; of M: what rests afterwards |
| `order_id` | the exchange's number of the order; 0 where there is none |
| `flags` | bits: 128 the last message of an event, 32 part of the opening snapshot |
| `sequence` | of the exchange's channel |

Rows stay in the order of the file: the order is the meaning. A row that cannot be right ends the
reading with the place and the value; nothing of the file is used then.
"""

import csv
import io
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec

from simulation.market.fields import TS_MAX, RecordingError, read_text

ADD: Final = 1
CANCEL: Final = 2
MODIFY: Final = 3
TRADE: Final = 4
FILL: Final = 5

BID: Final = 1
ASK: Final = 2
NO_SIDE: Final = 0

LAST: Final = 128
SNAPSHOT: Final = 32

_ACTIONS: Final = {"A": ADD, "C": CANCEL, "M": MODIFY, "T": TRADE, "F": FILL}
_SIDES: Final = {"B": BID, "A": ASK, "N": NO_SIDE}
_COLUMNS: Final = (
    "ts_recv",
    "ts_event",
    "action",
    "side",
    "price_e9",
    "size",
    "order_id",
    "flags",
    "sequence",
)
_PRICE_DIGITS: Final = 9
_FLAGS_MAX: Final = 255


class MboRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One message. `price` is a mantissa at the recording's precision, `action` and `side` are
    the constants of this module."""

    ts: int
    action: int
    side: int
    price: int
    size: int
    order_id: int
    flags: int
    sequence: int


class MboRecording(msgspec.Struct, frozen=True):
    """One file, read to its end (at least one row).

    Attributes:
        rows: in the order of the file; row i stands in line i + 2 of it.
        price_precision: of the prices in `rows`: the fewest decimals that hold them all.
        out_of_order: rows whose `ts_event` lies before that of the row above them.
    """

    file: str
    rows: tuple[MboRow, ...]
    price_precision: int
    out_of_order: int

    def events(self) -> Iterator[tuple[MboRow, ...]]:
        """The rows by event, each ending with the flag LAST; the last one may lack it where the
        recording was cut."""
        rows = self.rows
        start = 0
        for index, row in enumerate(rows, 1):
            if row.flags & LAST:
                yield rows[start:index]
                start = index
        if start < len(rows):
            yield rows[start:]


def is_mbo(path: str | Path) -> bool:
    """Whether the file's columns are those of this kind. Raises RecordingError: unreadable."""
    first_line = read_text(path).partition("\n")[0]
    names = {name.strip() for name in first_line.split(",")}
    return names.issuperset(_COLUMNS)


def read_mbo(path: str | Path) -> MboRecording:
    """Read one recording.

    Raises:
        RecordingError: unreadable, of another kind, empty, or with a bad row.
    """
    file = str(path)
    lines = csv.reader(io.StringIO(read_text(path)))
    try:
        header = [name.strip() for name in next(lines, [])]
        if not all(name in header for name in _COLUMNS):
            missing = ", ".join(name for name in _COLUMNS if name not in header)
            reason = f"no market-by-order recording: it lacks {missing}"
            raise RecordingError(file, 1, "header", ",".join(header), reason)
        reader = _Reader(file, header)
        rows = [reader.row(number, fields) for number, fields in enumerate(lines, 2)]
    except csv.Error as error:
        raise RecordingError(file, lines.line_num, "", "", str(error)) from None
    if not rows:
        raise RecordingError(file, 0, "", "", "has no rows")
    precision = _PRICE_DIGITS
    unit = 1
    while precision and not any(row.price % (unit * 10) for row in rows):
        precision -= 1
        unit *= 10
    if unit > 1:
        rows = [msgspec.structs.replace(row, price=row.price // unit) for row in rows]
    out_of_order = sum(row.ts < before.ts for before, row in pairwise(rows))
    return MboRecording(file, tuple(rows), precision, out_of_order)


class _Reader:
    """Turns the fields of one row into integers, or says which one is wrong."""

    def __init__(self, file: str, header: list[str]) -> None:
        self._file = file
        self._width = len(header)
        self._at = [header.index(column) for column in _COLUMNS]

    def row(self, number: int, fields: list[str]) -> MboRow:
        if len(fields) != self._width:
            reason = f"{len(fields)} fields where the header has {self._width}"
            raise RecordingError(self._file, number, "", "", reason)
        _, ts_event, action_text, side_text, price, size, order_id, flags, sequence = [
            fields[at] for at in self._at
        ]
        self._count(number, "ts_recv", fields[self._at[0]])
        action = _ACTIONS.get(action_text)
        if action is None:
            self._bad(number, "action", action_text, "none of A, C, M, T, F")
        side = _SIDES.get(side_text)
        if side is None:
            self._bad(number, "side", side_text, "none of B, A, N")
        if side == NO_SIDE and action not in (TRADE, FILL):
            self._bad(number, "side", side_text, "an order rests on one side")
        row = MboRow(
            self._count(number, "ts_event", ts_event),
            int(action or 0),
            int(side or 0),
            self._price(number, price),
            self._count(number, "size", size),
            self._count(number, "order_id", order_id),
            self._count(number, "flags", flags),
            self._count(number, "sequence", sequence),
        )
        if row.size == 0 and action != MODIFY and action != CANCEL:
            self._bad(number, "size", size, "must be positive")
        if row.order_id == 0 and action != TRADE:
            self._bad(number, "order_id", order_id, "names no order")
        if row.flags > _FLAGS_MAX:
            self._bad(number, "flags", flags, "more than eight bits")
        return row

    def _count(self, number: int, column: str, text: str) -> int:
        if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > TS_MAX:
            self._bad(number, column, text, "not a whole number of 63 bits")
        return int(text)

    def _price(self, number: int, text: str) -> int:
        # calendar spreads trade below zero
        digits = text[1:] if text.startswith("-") else text
        return (
            -self._count(number, "price_e9", digits)
            if digits != text
            else self._count(number, "price_e9", text)
        )

    def _bad(self, number: int, column: str, value: str, reason: str) -> None:
        raise RecordingError(self._file, number, column, value, reason)
