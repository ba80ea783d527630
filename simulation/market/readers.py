"""Recordings as CSV: quotes (sizes may be absent) and trades, told apart by their header row.

Columns are found by name, in any order; others are ignored. Numbers are decimal text and become
integers at the finest precision found in the file. A row that cannot be right ends the reading
with the place and the value: nothing of the file is used then.
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from engine.model.currencies import CURRENCIES
from simulation.venue.enums import BUY, SELL, Side

TS_MAX: Final = (1 << 63) - 1
DECIMALS_MAX: Final = 16
_DIGITS_MAX: Final = 18  # a mantissa fits 63 bits
_TS_DIGITS_MAX: Final = 19

_QUOTE_COLUMNS: Final = ("ts_event", "bid_price", "ask_price")
_SIZE_COLUMNS: Final = ("bid_size", "ask_size")
_TRADE_COLUMNS: Final = ("ts_event", "trade_id", "price", "quantity", "buyer_maker")
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


class RecordingError(ValueError):
    """A recording that cannot be used.

    Attributes:
        file: its path. row: line in the file, the header is 1; 0 when no line is at fault.
        column, value: the field, "" when it is the file or the whole row.
    """

    def __init__(self, file: str, row: int, column: str, value: str, reason: str) -> None:
        place = file if row == 0 else f"{file} row {row}"
        field = f", {column} {value!r}" if column else ""
        super().__init__(f"{place}{field}: {reason}")
        self.file = file
        self.row = row
        self.column = column
        self.value = value
        self.reason = reason


class QuoteRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Best bid and ask; mantissas. A size is 0 where the side was empty, and always in a file
    without sizes."""

    ts: int
    bid: int
    ask: int
    bid_size: int
    ask_size: int


class TradeRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One trade; mantissas. `aggressor` is who came to the book."""

    ts: int
    price: int
    size: int
    aggressor: Side
    trade_id: str


Row = QuoteRow | TradeRow


class Recording(msgspec.Struct, frozen=True):
    """One file, read to its end (at least one row).

    Attributes:
        rows: by `ts`; rows of one instant keep the order of the file.
        has_sizes: False only for quotes recorded without them.
        price_precision, size_precision: of the mantissas in `rows`.
        out_of_order: rows that were older than the row before them in the file.
    """

    file: str
    is_quotes: bool
    rows: tuple[Row, ...]
    has_sizes: bool
    price_precision: int
    size_precision: int
    out_of_order: int


def read_recording(path: str | Path) -> Recording:
    """Read one recording.

    Raises:
        RecordingError: unreadable, of no known kind, empty, or with a bad row.
    """
    file = str(path)
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise RecordingError(file, 0, "", "", error.strerror or "cannot be read") from None
    except UnicodeDecodeError:
        raise RecordingError(file, 0, "", "", "is not text") from None
    lines = csv.reader(io.StringIO(text))
    try:
        header = [name.strip() for name in next(lines, [])]
        if all(name in header for name in _TRADE_COLUMNS):
            reader = _Reader(file, header, _TRADE_COLUMNS)
            is_quotes, has_sizes = False, True
        elif all(name in header for name in _QUOTE_COLUMNS):
            has_sizes = all(name in header for name in _SIZE_COLUMNS)
            reader = _Reader(file, header, _QUOTE_COLUMNS + (_SIZE_COLUMNS if has_sizes else ()))
            is_quotes = True
        else:
            shown = ",".join(header)
            reason = "neither quotes nor trades by its columns"
            raise RecordingError(file, 1, "header", shown, reason)
        numbers = [reader.row(number, fields) for number, fields in enumerate(lines, 2) if fields]
    except csv.Error as error:
        raise RecordingError(file, lines.line_num, "", "", str(error)) from None
    if not numbers:
        raise RecordingError(file, 0, "", "", "has no rows")
    return _recording(file, is_quotes, has_sizes, numbers)


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


class _Numbers(msgspec.Struct, gc=False):
    """A row before the file's precision is known: (digits, decimals) per number."""

    ts: int
    prices: tuple[tuple[int, int], ...]
    sizes: tuple[tuple[int, int], ...]
    buyer_maker: bool
    trade_id: str


class _Reader:
    """Turns the fields of one row into numbers, or says which one is wrong."""

    def __init__(self, file: str, header: list[str], columns: tuple[str, ...]) -> None:
        self._file = file
        self._width = len(header)
        self._at = {column: header.index(column) for column in columns}

    def row(self, number: int, fields: list[str]) -> _Numbers:
        if len(fields) != self._width:
            reason = f"{len(fields)} fields where the header has {self._width}"
            raise RecordingError(self._file, number, "", "", reason)
        at = self._at
        ts_text = fields[at["ts_event"]]
        ts_digits = ts_text.lstrip("0") or "0"
        if (
            not ts_text.isascii()
            or not ts_text.isdigit()
            or len(ts_digits) > _TS_DIGITS_MAX
            or int(ts_digits) > TS_MAX
        ):
            self._bad(number, "ts_event", ts_text, "not nanoseconds since 1970")
        ts = int(ts_digits)
        if "price" in at:
            return self._trade(number, fields, ts)
        bid = self._number(number, fields, "bid_price", positive=True)
        ask = self._number(number, fields, "ask_price", positive=True)
        if bid[0] * 10 ** ask[1] > ask[0] * 10 ** bid[1]:
            self._bad(number, "ask_price", fields[at["ask_price"]], "below the bid")
        sizes: tuple[tuple[int, int], ...] = ()
        if "bid_size" in at:
            sizes = (
                self._number(number, fields, "bid_size", positive=False),
                self._number(number, fields, "ask_size", positive=False),
            )
        return _Numbers(ts, (bid, ask), sizes, False, "")

    def _trade(self, number: int, fields: list[str], ts: int) -> _Numbers:
        price = self._number(number, fields, "price", positive=True)
        size = self._number(number, fields, "quantity", positive=True)
        text = fields[self._at["buyer_maker"]]
        buyer_maker = _FLAGS.get(text.strip().lower())
        if buyer_maker is None:
            self._bad(number, "buyer_maker", text, "neither true nor false")
        trade_id = fields[self._at["trade_id"]].strip()
        if not trade_id:
            self._bad(number, "trade_id", trade_id, "is empty")
        return _Numbers(ts, (price,), (size,), bool(buyer_maker), trade_id)

    def _number(
        self, number: int, fields: list[str], column: str, positive: bool
    ) -> tuple[int, int]:
        """(integer of all digits, how many of them are decimals)"""
        text = fields[self._at[column]].strip()
        whole, _, decimals = text.partition(".")
        digits = whole + decimals
        if not digits.isascii() or not digits.isdigit():
            self._bad(number, column, text, "not a decimal number")
        significant = digits.lstrip("0")
        if len(decimals) > DECIMALS_MAX or len(significant) > _DIGITS_MAX:
            self._bad(number, column, text, "more digits than a venue can hold")
        value = int(significant or "0")
        if positive and value == 0:
            self._bad(number, column, text, "must be positive")
        return value, len(decimals)

    def _bad(self, number: int, column: str, value: str, reason: str) -> None:
        raise RecordingError(self._file, number, column, value, reason)


def _recording(file: str, is_quotes: bool, has_sizes: bool, numbers: list[_Numbers]) -> Recording:
    price_precision = max(max(d for _, d in row.prices) for row in numbers)
    size_precision = max((d for row in numbers for _, d in row.sizes), default=0)
    price_scale = [10 ** (price_precision - d) for d in range(price_precision + 1)]
    size_scale = [10 ** (size_precision - d) for d in range(size_precision + 1)]
    rows: list[Row] = []
    out_of_order = 0
    last_ts = 0
    for row in numbers:
        ts = row.ts
        out_of_order += ts < last_ts
        last_ts = ts
        prices = [value * price_scale[decimals] for value, decimals in row.prices]
        sizes = [value * size_scale[decimals] for value, decimals in row.sizes] or [0, 0]
        if is_quotes:
            rows.append(QuoteRow(ts, prices[0], prices[1], sizes[0], sizes[1]))
        else:
            aggressor = SELL if row.buyer_maker else BUY
            rows.append(TradeRow(ts, prices[0], sizes[0], aggressor, row.trade_id))
        if max(*prices, *sizes) > TS_MAX:
            # each number fits by itself, and not at the decimals that another one has
            reason = f"a number of the row at {ts} does not fit 63 bits at the file's decimals"
            raise RecordingError(file, 0, "", "", reason)
    rows.sort(key=_ts)  # stable
    return Recording(
        file, is_quotes, tuple(rows), has_sizes, price_precision, size_precision, out_of_order
    )


def _ts(row: Row) -> int:
    return row.ts
