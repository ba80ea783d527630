"""Bars as CSV: when each opened, four prices and a volume.

| Column | Holds |
|---|---|
| `timestamp` | when the bar opened, UTC: `2022-01-31 23:59:00`, decimals of a second allowed |
| `open`, `high`, `low`, `close` | decimal, above zero |
| `volume` | decimal, in units of the base; rounded, half to even, where its decimals do not fit |

Bars are as long as the shortest distance between two of them; where a minute had no trade the file
may leave it out, so every distance must be a multiple of that.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from engine.model.fixed import divide_half_even
from simulation.market.fields import TS_MAX, Fields, Number, RecordingError, finest, scaled
from simulation.market.rows import BarRow, Kind, Recording, Row
from simulation.market.table import Table
from simulation.market.tick_reader import in_order

COLUMNS: Final = ("timestamp", "open", "high", "low", "close", "volume")
_PRICES: Final = ("open", "high", "low", "close")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_bars(file: str, header: list[str], lines: Iterator[list[str]]) -> Recording:
    """Raises RecordingError."""
    opened: list[int] = []
    numbers: list[tuple[list[Number], Number]] = []
    row_numbers: list[int] = []
    for fields, (ts, *price_texts, volume) in Table(file, header, lines, COLUMNS).rows():
        at = _time(fields, ts)
        if opened and at <= opened[-1]:
            fields.bad("timestamp", ts, "not after the bar before it")
        read = [
            fields.number(column, text, positive=True)
            for column, text in zip(_PRICES, price_texts, strict=True)
        ]
        _check_range(fields, price_texts, read)
        opened.append(at)
        numbers.append((read, fields.number("volume", volume, positive=False)))
        row_numbers.append(fields.row)
    if len(opened) == 1:
        reason = "holds one bar, which does not say how long a bar is"
        raise RecordingError(file, 0, "", "", reason)
    interval_ns = min(later - earlier for earlier, later in pairwise(opened))
    for number, (earlier, later) in zip(row_numbers[1:], pairwise(opened), strict=True):
        if (later - earlier) % interval_ns:
            reason = f"opens off the grid of {interval_ns} ns that the other bars keep"
            raise RecordingError(file, number, "timestamp", str(later), reason)
    prices = finest(file, [price for four, _ in numbers for price in four])
    sizes = _volume_precision([volume for _, volume in numbers])
    rows: list[Row] = [
        BarRow(
            at + interval_ns,
            scaled(four[0], prices),
            scaled(four[1], prices),
            scaled(four[2], prices),
            scaled(four[3], prices),
            _rounded(volume, sizes),
        )
        for at, (four, volume) in zip(opened, numbers, strict=True)
    ]
    return in_order(file, Kind.BARS, rows, prices, sizes, interval_ns=interval_ns)


def _check_range(fields: Fields, texts: list[str], read: list[Number]) -> None:
    top = max(decimals for _, decimals in read)
    opens, high, low, closes = (scaled(number, top) for number in read)
    if high < max(opens, low, closes):
        fields.bad("high", texts[1], "below another price of the bar")
    if low > min(opens, closes):
        fields.bad("low", texts[2], "above another price of the bar")


def _volume_precision(volumes: list[Number]) -> int:
    """The most decimals of any, as far as the largest fits 63 bits with so many."""
    wanted = max(decimals for _, decimals in volumes)
    largest = max(value // 10**decimals + 1 for value, decimals in volumes)
    while wanted and largest * 10**wanted > TS_MAX:
        wanted -= 1
    return wanted


def _rounded(volume: Number, precision: int) -> int:
    value, decimals = volume
    if decimals <= precision:
        return scaled(volume, precision)
    return divide_half_even(value, 10 ** (decimals - precision))


def _time(fields: Fields, text: str) -> int:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        fields.bad("timestamp", text, "not a time such as 2022-01-31 23:59:00")
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    since = at - _EPOCH
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    if microseconds < 0:
        fields.bad("timestamp", text, "before 1970")
    return microseconds * 1_000
