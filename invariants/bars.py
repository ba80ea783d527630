"""Bars, worked out again from what the cache remembers of their inputs, on a grid of our own.

Nothing is done until a bar is told of: its inputs are the newest of their kind in the cache, so
they are looked up then. Windows come from arithmetic that owes nothing to the kernel's calendar.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import ClassVar, Final

from engine.data.bar_builder import IntervalType
from engine.data.config import DataEngineConfig
from engine.model.bars import Bar, BarSpecification, BarType
from engine.model.data import QuoteTick
from engine.model.enums import BarAggregation, PriceType
from engine.view import KernelView
from invariants.check import Check
from invariants.evidence import Evidence
from invariants.violation import Violation

_S: Final = 1_000_000_000
_LENGTH_NS: Final = {
    BarAggregation.MILLISECOND: 1_000_000,
    BarAggregation.SECOND: _S,
    BarAggregation.MINUTE: 60 * _S,
    BarAggregation.HOUR: 3_600 * _S,
    BarAggregation.DAY: 86_400 * _S,
    BarAggregation.WEEK: 7 * 86_400 * _S,
}
_MONDAY_NS: Final = 4 * 86_400 * _S  # 5 January 1970
_SCALE: Final = 18  # decimals at which inputs of any precision (a middle has one more) are compared
_UNITS: Final[tuple[int, ...]] = tuple(10 ** (_SCALE - digits) for digits in range(_SCALE + 1))

# (price, size, time of receipt), newest first, at _SCALE decimals
Row = tuple[int, int, int]


class BarIsTheFoldOfItsInputs(Check):
    patterns: ClassVar[tuple[str, ...]] = ("data.bars.*",)

    def __init__(self) -> None:
        self._grids: dict[BarType, _Grid] = {}
        self._closes: dict[BarType, tuple[int, int]] = {}  # series since, last close at _SCALE
        self._split: dict[BarType, tuple[int, int]] = {}  # series since, bars by volume so far

    def delivered(
        self, pattern: str, message: object, evidence: Evidence
    ) -> Iterator[Violation] | None:
        if not isinstance(message, Bar) or not message.bar_type.is_internal:
            return None
        problem = self._problem(message, evidence.view)
        return iter([Violation(message.bar_type, f"{problem}: {message}")]) if problem else None

    def _problem(self, bar: Bar, view: KernelView) -> str:
        bar_type = bar.bar_type
        since = view.bars_since(bar_type)
        if since is None:
            return "nobody builds bars of this type"
        problem = ""
        grid = _grid_of(self._grids, bar_type, view.data_config)
        if bar_type.source is not None:
            problem = self._composite(bar, since, view)
        elif grid.is_timed:
            problem = self._timed(bar, grid, since, view)
        elif bar_type.spec.aggregation is BarAggregation.TICK:
            problem = self._ticks(bar, since, view)
        elif bar_type.spec.aggregation is BarAggregation.VOLUME:
            problem = self._volume(bar, since, view)
        close = bar.close_mantissa * _UNITS[bar.price_precision]
        self._closes[bar_type] = (since, close)
        return problem

    def _timed(self, bar: Bar, grid: "_Grid", since: int, view: KernelView) -> str:
        close_ns = bar.ts_init
        open_ns = grid.before(close_ns)
        first_ns, last_ns = open_ns + 1, close_ns
        if grid.is_right_open:
            first_ns, last_ns = open_ns, close_ns - 1
        if first_ns < since:
            first_ns = since
        rows = _inputs_since(bar.bar_type, view, first_ns)
        if len(rows) == view.cache.tick_capacity:
            return ""  # the cache has let go of some
        rows.reverse()
        if rows and rows[-1][2] > last_ns:
            rows = [row for row in rows if row[2] <= last_ns]
        # rows of the very instant at which the series began: before it or after
        unsure = sum(row[2] == since for row in rows) if first_ns == since else 0
        if not rows or (unsure == len(rows) and not bar.volume_mantissa):
            return self._flat(bar, since)
        if _is_fold(bar, rows):
            return ""
        for skipped in range(1, unsure + 1):
            if skipped < len(rows) and _is_fold(bar, rows[skipped:]):
                return ""
        return f"{len(rows)} inputs of its window make another bar"

    def _flat(self, bar: Bar, since: int) -> str:
        close = bar.close_mantissa * _UNITS[bar.price_precision]
        last = self._closes.get(bar.bar_type)
        if last is not None and last[0] == since and close != last[1]:
            return "without an input it is not flat at the last close"
        if bar.volume_mantissa or bar.open_mantissa != bar.close_mantissa:
            return "without an input it is not flat"
        if bar.high_mantissa != bar.close_mantissa or bar.low_mantissa != bar.close_mantissa:
            return "without an input it is not flat"
        return ""

    def _composite(self, bar: Bar, since: int, view: KernelView) -> str:
        source = bar.bar_type.source
        grid = _grid_of(self._grids, bar.bar_type, view.data_config)
        if source is None or not (grid.is_timed and source.is_internal):
            return ""
        open_ns = grid.before(bar.ts_init)
        parts = []
        for part in view.cache.bars(source):
            if part.ts_init <= open_ns or part.ts_init < since:
                break
            if part.ts_init <= bar.ts_init:
                parts.append(part)
        if not parts:
            return self._flat(bar, since)
        rows: list[Row] = []
        for part in reversed(parts):
            unit = _UNITS[part.price_precision]
            volume = part.volume_mantissa * _UNITS[part.size_precision]
            rows.append((part.open_mantissa * unit, volume, 0))
            rows.append((part.high_mantissa * unit, 0, 0))
            rows.append((part.low_mantissa * unit, 0, 0))
            rows.append((part.close_mantissa * unit, 0, 0))
        return "" if _is_fold(bar, rows) else f"its {len(parts)} parts make another bar"

    def _ticks(self, bar: Bar, since: int, view: KernelView) -> str:
        step = bar.bar_type.spec.step
        rows: list[Row] = []
        for row in _inputs(bar.bar_type, view):
            rows.append(row)
            if len(rows) == step:
                break
        if step > view.cache.tick_capacity:
            return ""
        rows.reverse()
        if len(rows) < step or rows[0][2] < since or not _is_fold(bar, rows):
            return f"the last {step} inputs make another bar"
        return ""

    def _volume(self, bar: Bar, since: int, view: KernelView) -> str:
        step = bar.bar_type.spec.step * 10**_SCALE
        if bar.volume_mantissa * _UNITS[bar.size_precision] != step:
            return "its volume is not the step"
        inputs = _inputs(bar.bar_type, view)
        newest = next(iter(inputs), None)
        if newest is None:
            return "made of nothing"
        known = self._split.get(bar.bar_type)
        bars = 1 if known is None or known[0] != since else known[1] + 1
        total = seen = 0
        for row in _inputs(bar.bar_type, view):
            if row[2] < since:
                break
            if row[2] == since:
                return ""  # of the very instant at which the series began: before it or after
            total += row[1]
            seen += 1
        if seen == view.cache.tick_capacity:
            return ""
        self._split[bar.bar_type] = (since, bars)
        if not bars * step <= total:
            return f"{bars} bars hold more than the {total} that was traded"
        if total - newest[1] >= bars * step:
            return f"{bars} bars, and more was traded before its last input than they hold"
        return ""


class BarsLieOnTheirGrid(Check):
    patterns: ClassVar[tuple[str, ...]] = ("data.bars.*",)

    def __init__(self) -> None:
        self._grids: dict[BarType, _Grid] = {}
        self._last: dict[BarType, tuple[int, int]] = {}  # series since, last close

    def delivered(
        self, pattern: str, message: object, evidence: Evidence
    ) -> Iterator[Violation] | None:
        if not isinstance(message, Bar) or not message.bar_type.is_internal:
            return None
        view = evidence.view
        grid = _grid_of(self._grids, message.bar_type, view.data_config)
        if not grid.is_timed:
            return None
        problem = self._problem(message, grid, view)
        return iter([Violation(message.bar_type, f"{problem}: {message}")]) if problem else None

    def _problem(self, bar: Bar, grid: "_Grid", view: KernelView) -> str:
        bar_type, close_ns = bar.bar_type, bar.ts_init
        since = view.bars_since(bar_type)
        last = self._last.get(bar_type)
        self._last[bar_type] = (since or 0, close_ns)
        if since is None:
            return "nobody builds this type"
        if grid.before(close_ns + 1) != close_ns:
            return "it does not close on its grid"
        config = view.data_config
        open_ns = grid.before(close_ns)
        on_close = config.time_bars_timestamp_on_close and not grid.is_right_open
        stamp = close_ns if on_close else open_ns
        if bar.ts_event != stamp:
            return f"stamped {bar.ts_event}, due was {stamp}"
        if open_ns < since and config.time_bars_skip_first_non_full_bar:
            return f"it is not full: the series began at {since}"
        if last is None:
            return ""
        last_since, last_ns = last
        if close_ns <= last_ns:
            return f"the last one closed at {last_ns}"
        if open_ns != last_ns and last_since == since and config.time_bars_build_with_no_updates:
            return f"the last one closed at {last_ns}: bars are missing"
        return ""

    def end(self, evidence: Evidence) -> Iterator[Violation]:
        view = evidence.view
        config = view.data_config
        for bar_type in view.bar_types():
            since = view.bars_since(bar_type)
            grid = _grid_of(self._grids, bar_type, config)
            if since is None or not grid.is_timed or bar_type.source is not None:
                continue
            # the last window that is over for certain, timers due now may not have fired
            close_ns = grid.before(view.now_ns)
            open_ns = grid.before(close_ns)
            begun_ns = since if not config.time_bars_skip_first_non_full_bar else since + 1
            last = self._last.get(bar_type)
            if last is not None and last[0] == since and last[1] >= close_ns:
                continue
            for row in _inputs(bar_type, view):
                if row[2] <= begun_ns:
                    break
                if not config.time_bars_build_with_no_updates and row[2] <= open_ns:
                    break
                if row[2] < close_ns and open_ns >= since:
                    closed = "none came" if last is None else f"the last closed at {last[1]}"
                    yield Violation(
                        bar_type, f"an input at {row[2]}, a boundary at {close_ns}: {closed}"
                    )
                    break


def _inputs(bar_type: BarType, view: KernelView) -> Iterable[Row]:
    """What the bars of this type are made of, newest first."""
    price_type = bar_type.spec.price_type
    cache = view.cache
    instrument_id = bar_type.instrument_id
    index = 0
    if price_type is PriceType.LAST:
        while (trade := cache.trade_tick(instrument_id, index)) is not None:
            price = trade.price_mantissa * _UNITS[trade.price_precision]
            yield price, trade.size_mantissa * _UNITS[trade.size_precision], trade.ts_init
            index += 1
    elif price_type is PriceType.MARK:
        while (mark := cache.mark_price(instrument_id, index)) is not None:
            yield mark.value_mantissa * _UNITS[mark.price_precision], 0, mark.ts_init
            index += 1
    else:
        while (quote := cache.quote_tick(instrument_id, index)) is not None:
            yield _quote_row(quote, price_type)
            index += 1


def _inputs_since(bar_type: BarType, view: KernelView, first_ns: int) -> list[Row]:
    """The newest of them, down to the first that was received before `first_ns`."""
    rows: list[Row] = []
    if bar_type.spec.price_type is not PriceType.LAST:
        for row in _inputs(bar_type, view):
            if row[2] < first_ns:
                break
            rows.append(row)
        return rows
    cache, instrument_id = view.cache, bar_type.instrument_id
    index = 0
    while (trade := cache.trade_tick(instrument_id, index)) is not None:
        received_ns = trade.ts_init
        if received_ns < first_ns:
            break
        price = trade.price_mantissa * _UNITS[trade.price_precision]
        rows.append((price, trade.size_mantissa * _UNITS[trade.size_precision], received_ns))
        index += 1
    return rows


def _quote_row(quote: QuoteTick, price_type: PriceType) -> Row:
    price_unit, size_unit = _UNITS[quote.price_precision], _UNITS[quote.size_precision]
    if price_type is PriceType.BID:
        price, size = quote.bid_mantissa * price_unit, quote.bid_size_mantissa * size_unit
    elif price_type is PriceType.ASK:
        price, size = quote.ask_mantissa * price_unit, quote.ask_size_mantissa * size_unit
    else:
        price = (quote.bid_mantissa + quote.ask_mantissa) * price_unit // 2
        size = (quote.bid_size_mantissa + quote.ask_size_mantissa) * size_unit // 2
    return price, size, quote.ts_init


def _is_fold(bar: Bar, rows: list[Row]) -> bool:
    """Whether these inputs, oldest first, make this bar."""
    high = low = rows[0][0]
    volume = 0
    for price, size, _ in rows:
        if price > high:
            high = price
        elif price < low:
            low = price
        volume += size
    unit = _UNITS[bar.price_precision]
    return (
        rows[0][0] == bar.open_mantissa * unit
        and high == bar.high_mantissa * unit
        and low == bar.low_mantissa * unit
        and rows[-1][0] == bar.close_mantissa * unit
        and volume == bar.volume_mantissa * _UNITS[bar.size_precision]
    )


class _Grid:
    """Where bars of one type close.

    Attributes:
        is_timed: they do close by the clock; of others nothing below holds.
        is_right_open: what is stamped on a boundary belongs to the bar that begins there.
    """

    __slots__ = ("_length", "_months", "_origin", "is_right_open", "is_timed")

    def __init__(self, spec: BarSpecification, config: DataEngineConfig) -> None:
        aggregation = spec.aggregation
        self.is_timed = spec.is_timed
        self.is_right_open = config.time_bars_interval_type is IntervalType.RIGHT_OPEN
        self._origin = config.time_bars_origin_offset_ns.get(aggregation.name, 0)
        self._length = _LENGTH_NS.get(aggregation, 0) * spec.step  # 0: it goes by the calendar
        self._months = spec.step * (12 if aggregation is BarAggregation.YEAR else 1)
        if aggregation is BarAggregation.WEEK:
            self._origin += _MONDAY_NS

    def before(self, ns: int) -> int:
        """The last boundary strictly before `ns`."""
        origin, length = self._origin, self._length
        if length:
            return (ns - 1 - origin) // length * length + origin
        at = datetime.fromtimestamp((ns - 1 - origin) // _S, UTC)
        count = (at.year * 12 + at.month - 1) // self._months * self._months
        first = datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)
        return (first - datetime(1970, 1, 1, tzinfo=UTC)).days * 86_400 * _S + origin


def _grid_of(grids: dict[BarType, _Grid], bar_type: BarType, config: DataEngineConfig) -> _Grid:
    grid = grids.get(bar_type)
    if grid is None:
        grid = grids[bar_type] = _Grid(bar_type.spec, config)
    return grid
