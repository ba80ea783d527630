"""Quotes (sizes may be absent) and trades as CSV.

| Column | Holds |
|---|---|
| `ts_event` | nanoseconds since 1970 |
| `bid_price`, `ask_price` | of quotes; decimal, above zero |
| `bid_size`, `ask_size` | of quotes; decimal, both or neither |
| `trade_id`, `price`, `quantity` | of trades; decimal, above zero |
| `buyer_maker` | of trades: `true`, `false`, `1`, `0`: whether the buyer's order rested |
"""

from collections.abc import Iterator
from typing import Final

from simulation.market.fields import Fields, Number, finest, scaled
from simulation.market.rows import Kind, QuoteRow, Recording, Row, TradeRow
from simulation.market.table import Table
from simulation.venue.enums import BUY, SELL

QUOTE_COLUMNS: Final = ("ts_event", "bid_price", "ask_price")
TRADE_COLUMNS: Final = ("ts_event", "trade_id", "price", "quantity", "buyer_maker")
_SIZE_COLUMNS: Final = ("bid_size", "ask_size")
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}
_NO_SIZE: Final = (0, 0)


def read_quotes(file: str, header: list[str], lines: Iterator[list[str]]) -> Recording:
    """Raises RecordingError."""
    has_sizes = all(name in header for name in _SIZE_COLUMNS)
    columns = QUOTE_COLUMNS + (_SIZE_COLUMNS if has_sizes else ())
    read: list[tuple[int, tuple[Number, Number], tuple[Number, Number]]] = []
    for fields, (ts, bid_text, ask_text, *size_texts) in Table(file, header, lines, columns).rows():
        at = _time(fields, ts)
        bid = fields.number("bid_price", bid_text, positive=True)
        ask = fields.number("ask_price", ask_text, positive=True)
        if bid[0] * 10 ** ask[1] > ask[0] * 10 ** bid[1]:
            fields.bad("ask_price", ask_text, "below the bid")
        sizes = (_NO_SIZE, _NO_SIZE)
        if has_sizes:
            sizes = (
                fields.number("bid_size", size_texts[0], positive=False),
                fields.number("ask_size", size_texts[1], positive=False),
            )
        read.append((at, (bid, ask), sizes))
    prices = finest(file, [number for _, pair, _ in read for number in pair])
    sizes_to = finest(file, [number for _, _, pair in read for number in pair])
    rows: list[Row] = [
        QuoteRow(
            at,
            scaled(bid, prices),
            scaled(ask, prices),
            scaled(bid_size, sizes_to),
            scaled(ask_size, sizes_to),
        )
        for at, (bid, ask), (bid_size, ask_size) in read
    ]
    return in_order(file, Kind.QUOTES, rows, prices, sizes_to, has_sizes=has_sizes)


def read_trades(file: str, header: list[str], lines: Iterator[list[str]]) -> Recording:
    """Raises RecordingError."""
    read: list[tuple[int, Number, Number, bool, str]] = []
    for fields, texts in Table(file, header, lines, TRADE_COLUMNS).rows():
        ts, trade_id, price_text, size_text, maker = texts
        at = _time(fields, ts)
        price = fields.number("price", price_text, positive=True)
        size = fields.number("quantity", size_text, positive=True)
        buyer_maker = _FLAGS.get(maker.strip().lower())
        if buyer_maker is None:
            fields.bad("buyer_maker", maker, "neither true nor false")
        trade_id = trade_id.strip()
        if not trade_id:
            fields.bad("trade_id", trade_id, "is empty")
        read.append((at, price, size, buyer_maker, trade_id))
    prices = finest(file, [row[1] for row in read])
    sizes = finest(file, [row[2] for row in read])
    rows: list[Row] = [
        TradeRow(
            at,
            scaled(price, prices),
            scaled(size, sizes),
            SELL if buyer_maker else BUY,
            trade_id,
        )
        for at, price, size, buyer_maker, trade_id in read
    ]
    return in_order(file, Kind.TRADES, rows, prices, sizes)


def in_order(
    file: str,
    kind: Kind,
    rows: list[Row],
    price_precision: int,
    size_precision: int,
    *,
    has_sizes: bool = True,
    gaps: int = 0,
    interval_ns: int = 0,
) -> Recording:
    """The recording of `rows`, sorted by time; `rows` themselves are sorted too."""
    out_of_order = 0
    last_ts = 0
    for row in rows:
        out_of_order += row.ts < last_ts
        last_ts = row.ts
    rows.sort(key=lambda row: row.ts)  # stable
    return Recording(
        file,
        kind,
        tuple(rows),
        has_sizes,
        price_precision,
        size_precision,
        out_of_order,
        gaps,
        interval_ns,
    )


def _time(fields: Fields, text: str) -> int:
    return fields.count("ts_event", text, "not nanoseconds since 1970")
