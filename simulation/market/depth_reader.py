"""Depth of a book by price, as two venues publish it: whole images, and changes of levels.

Binance futures, CSV, one level a row; the rows of one event stand together:

| Column | Holds |
|---|---|
| `timestamp` | milliseconds since 1970 |
| `first_update_id`, `last_update_id` | the venue's numbers of what the event sums up |
| `pu` | `last_update_id` of the event before it; -1 in an image |
| `side` | `b` bid, `a` ask |
| `update_type` | `snap`: the row is of a whole image; `set`: the level has this size now |
| `price`, `qty` | decimal; `qty` 0: the level is gone |

Bybit, one JSON message a line: `type` `snapshot` or `delta`, `ts` milliseconds, `data.u` the number
of the update (a delta follows the one before it by 1), `data.b` and `data.a` `[price, size]` texts,
size `"0"`: the level is gone.

An update that does not follow its predecessor is a gap. It is counted and played: nobody can say
what was lost.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

import msgspec

from simulation.market.fields import Fields, Number, RecordingError, finest, scaled
from simulation.market.rows import DepthRow, Kind, Levels, Recording, Row
from simulation.market.table import Table
from simulation.market.tick_reader import in_order

COLUMNS: Final = (
    "timestamp",
    "first_update_id",
    "last_update_id",
    "side",
    "update_type",
    "price",
    "qty",
    "pu",
)
_NS_PER_MS: Final = 1_000_000
_TS_MS_MAX: Final = ((1 << 63) - 1) // _NS_PER_MS
_IMAGES: Final = {"snap": True, "set": False}
_BYBIT_IMAGES: Final = {"snapshot": True, "delta": False}

_Level = tuple[Number, Number]


class _Event(msgspec.Struct, gc=False):
    """One event before the file's precision is known."""

    ts: int
    is_image: bool
    update: int
    follows: bool
    bids: list[_Level]
    asks: list[_Level]


class _Line(msgspec.Struct, frozen=True, gc=False):
    """One row of a Binance file: a level and the event that it belongs to."""

    ts: int
    first: int
    last: int
    is_image: bool
    previous: int | None
    is_bid: bool
    level: _Level


def read_binance(file: str, header: list[str], lines: Iterator[list[str]]) -> Recording:
    """Raises RecordingError."""
    read = [_line(fields, texts) for fields, texts in Table(file, header, lines, COLUMNS).rows()]
    events: list[_Event] = []
    known: int | None = None
    for (ts, last, is_image, previous), group in groupby(
        read, key=lambda line: (line.ts, line.last, line.is_image, line.previous)
    ):
        follows = is_image or (known is not None and previous == known)
        known = last
        event = _Event(ts, is_image, last, follows, [], [])
        for line in group:
            (event.bids if line.is_bid else event.asks).append(line.level)
        events.append(event)
    return _recording(file, events)


def _line(fields: Fields, texts: list[str]) -> _Line:
    ts, first, last, side, kind, price, size, previous = texts
    is_image = _IMAGES.get(kind)
    if is_image is None:
        fields.bad("update_type", kind, "neither snap nor set")
    if side not in ("a", "b"):
        fields.bad("side", side, "neither a nor b")
    first_id = fields.count("first_update_id", first)
    last_id = fields.count("last_update_id", last)
    if last_id < first_id:
        fields.bad("last_update_id", last, "below the first")
    return _Line(
        _time(fields, "timestamp", ts),
        first_id,
        last_id,
        is_image,
        None if previous == "-1" else fields.count("pu", previous),
        side == "b",
        (
            fields.number("price", price, positive=True),
            fields.number("qty", size, positive=False),
        ),
    )


class _BybitData(msgspec.Struct):
    u: int
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]


class _BybitMessage(msgspec.Struct):
    type: str
    ts: int
    data: _BybitData


_DECODE: Final = msgspec.json.Decoder(_BybitMessage).decode


def read_bybit(file: str, text: str) -> Recording:
    """Raises RecordingError."""
    events: list[_Event] = []
    known: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        fields = Fields(file, number)
        try:
            message = _DECODE(line)
        except msgspec.MsgspecError as error:
            raise RecordingError(file, number, "", "", f"no order book message: {error}") from None
        is_image = _BYBIT_IMAGES.get(message.type)
        if is_image is None:
            fields.bad("type", message.type, "neither snapshot nor delta")
        ts = _time(fields, "ts", str(message.ts))
        data = message.data
        update = fields.count("u", str(data.u))
        follows = is_image or (known is not None and update == known + 1)
        known = update
        events.append(
            _Event(
                ts, is_image, update, follows, _levels(fields, "b", data.b),
                _levels(fields, "a", data.a),
            )
        )  # fmt: skip
    return _recording(file, events)


def _levels(fields: Fields, column: str, levels: list[tuple[str, str]]) -> list[_Level]:
    return [
        (fields.number(column, price, positive=True), fields.number(column, size, positive=False))
        for price, size in levels
    ]


def _time(fields: Fields, column: str, text: str) -> int:
    what = "not milliseconds since 1970"
    milliseconds = fields.count(column, text, what)
    if milliseconds > _TS_MS_MAX:
        fields.bad(column, text, what)
    return milliseconds * _NS_PER_MS


def _recording(file: str, events: list[_Event]) -> Recording:
    levels = [level for event in events for side in (event.bids, event.asks) for level in side]
    if not levels:
        raise RecordingError(file, 0, "", "", "has no rows")
    prices = finest(file, [price for price, _ in levels])
    sizes = finest(file, [size for _, size in levels])

    def at_precision(side: list[_Level]) -> Levels:
        return tuple((scaled(price, prices), scaled(size, sizes)) for price, size in side)

    rows: list[Row] = [
        DepthRow(
            event.ts,
            event.is_image,
            event.update,
            at_precision(event.bids),
            at_precision(event.asks),
        )
        for event in events
    ]
    gaps = sum(not event.follows for event in events)
    return in_order(file, Kind.DEPTH, rows, prices, sizes, gaps=gaps)
