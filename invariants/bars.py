"""Bars, worked out again from what the cache remembers of their inputs, on a grid of our own.

Nothing is done until a bar is told of: its inputs are the newest of their kind in the cache, so
they are looked up then. Windows come from arithmetic that owes nothing to the kernel's calendar.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import ClassVar, Final

from engine.data.bar_builder import IntervalType
from engine.data.config import DataEngineConfig
from engine.model.bars import Bar, BarType
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


class _Row:
    """One input, at _SCALE decimals or at those of its bar. `received_ns`: when it was heard."""

    __slots__ = ("price", "received_ns", "size")

    def __init__(self, price: int, size: int, received_ns: int) -> None:
        self.price = price
        self.size = size
        self.received_ns = received_ns


class BarIsTheFoldOfItsInputs(Check):
    patterns: ClassVar[tuple[str, ...]] = ("data.bars.*",)

    def __init__(self) -> None:
        self._grids: dict[BarType, _Grid] = {}
        self._split: dict[BarType, tuple[int, int]] = {}  # series since, bars by volume so far

    def delivered(
        self, pattern: str, message: object, evidence: Evidence
    ) -> Iterator[Violation] | None:
        if not isinstance(message, Bar):
            return None
        bar_type, view = message.bar_type, evidence.view
        grid = self._grids.get(bar_type)
        if grid is None:
            grid = self._grids[bar_type] = _Grid(bar_type, view.data_config)
        if not grid.is_internal:
            return None
        problem = self._problem(message, grid, view)
        return iter([Violation(bar_type, f"{problem}: {message}")]) if problem else None

    def _problem(self, bar: Bar, grid: "_Grid", view: KernelView) -> str:
        bar_type = bar.bar_type
        since = view.bars_since(bar_type)
        if since is None:
            return "nobody builds bars of this type"
        problem = ""
        if bar_type.source is not None:
            problem = self._composite(bar, grid, since, view)
        elif grid.is_timed:
            problem = self._timed(bar, grid, since, view)
        elif bar_type.spec.aggregation is BarAggregation.TICK:
            problem = self._ticks(bar, since, view)
        elif bar_type.spec.aggregation is BarAggregation.VOLUME:
            problem = self._volume(bar, since, view)
        grid.last, grid.last_since = bar, since
        return problem

    def _timed(self, bar: Bar, grid: "_Grid", since: int, view: KernelView) -> str:
        close_ns = bar.ts_init
        open_ns = grid.before(close_ns)
        first_ns, last_ns = open_ns + 1, close_ns
        if grid.is_right_open:
            first_ns, last_ns = open_ns, close_ns - 1
        if first_ns < since:
            first_ns = since
        if _is_fold_of_trades(bar, view, first_ns, last_ns):
            return ""
        rows, is_own = _inputs_since(bar, view, first_ns)
        if len(rows) == view.cache.tick_capacity:
            return ""  # the cache has let go of some
        rows.reverse()
        if rows and rows[-1].received_ns > last_ns:
            rows = [row for row in rows if row.received_ns <= last_ns]
        # rows of the very instant at which the series began: before it or after
        unsure = 0
        if first_ns == since:
            for row in rows:
                if row.received_ns == since:
                    unsure += 1
        if not rows or (unsure == len(rows) and not bar.volume_mantissa):
            return self._flat(bar, grid, since)
        if _is_fold(bar, rows, is_own):
            return ""
        for skipped in range(1, unsure + 1):
            if skipped < len(rows) and _is_fold(bar, rows[skipped:], is_own):
                return ""
        return f"{len(rows)} inputs of its window make another bar"

    def _flat(self, bar: Bar, grid: "_Grid", since: int) -> str:
        close: int = bar.close_mantissa
        last = grid.last
        if last is not None and grid.last_since == since:
            last_close: int = last.close_mantissa
            if last.price_precision != bar.price_precision:
                close *= _UNITS[bar.price_precision]
                last_close *= _UNITS[last.price_precision]
            if close != last_close:
                return "without an input it is not flat at the last close"
        if bar.volume_mantissa or bar.open_mantissa != bar.close_mantissa:
            return "without an input it is not flat"
        if bar.high_mantissa != bar.close_mantissa or bar.low_mantissa != bar.close_mantissa:
            return "without an input it is not flat"
        return ""

    def _composite(self, bar: Bar, grid: "_Grid", since: int, view: KernelView) -> str:
        source = bar.bar_type.source
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
            return self._flat(bar, grid, since)
        rows: list[_Row] = []
        for part in reversed(parts):
            unit = _UNITS[part.price_precision]
            volume = part.volume_mantissa * _UNITS[part.size_precision]
            rows.append(_Row(part.open_mantissa * unit, volume, 0))
            rows.append(_Row(part.high_mantissa * unit, 0, 0))
            rows.append(_Row(part.low_mantissa * unit, 0, 0))
            rows.append(_Row(part.close_mantissa * unit, 0, 0))
        return "" if _is_fold(bar, rows, False) else f"its {len(parts)} parts make another bar"

    def _ticks(self, bar: Bar, since: int, view: KernelView) -> str:
        step = bar.bar_type.spec.step
        rows: list[_Row] = []
        for row in _inputs(bar.bar_type, view):
            rows.append(row)
            if len(rows) == step:
                break
        if step > view.cache.tick_capacity:
            return ""
        rows.reverse()
        if len(rows) < step or rows[0].received_ns < since or not _is_fold(bar, rows, False):
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
            if row.received_ns < since:
                break
            if row.received_ns == since:
                return ""  # of the very instant at which the series began: before it or after
            total += row.size
            seen += 1
        if seen == view.cache.tick_capacity:
            return ""
        self._split[bar.bar_type] = (since, bars)
        if not bars * step <= total:
            return f"{bars} bars hold more than the {total} that was traded"
        if total - newest.size >= bars * step:
            return f"{bars} bars, and more was traded before its last input than they hold"
        return ""


class BarsLieOnTheirGrid(Check):
    patterns: ClassVar[tuple[str, ...]] = ("data.bars.*",)

    def __init__(self) -> None:
        self._grids: dict[BarType, _Grid] = {}

    def delivered(
        self, pattern: str, message: object, evidence: Evidence
    ) -> Iterator[Violation] | None:
        if not isinstance(message, Bar):
            return None
        bar_type, view = message.bar_type, evidence.view
        grid = self._grids.get(bar_type)
        if grid is None:
            grid = self._grids[bar_type] = _Grid(bar_type, view.data_config)
        if not grid.is_internal or not grid.is_timed:
            return None
        problem = self._problem(message, grid, view)
        return iter([Violation(bar_type, f"{problem}: {message}")]) if problem else None

    def _problem(self, bar: Bar, grid: "_Grid", view: KernelView) -> str:
        close_ns: int = bar.ts_init
        since = view.bars_since(bar.bar_type)
        last, last_since = grid.last, grid.last_since
        grid.last, grid.last_since = bar, since or 0
        if since is None:
            return "nobody builds this type"
        if grid.before(close_ns + 1) != close_ns:
            return "it does not close on its grid"
        config = view.data_config
        open_ns = grid.before(close_ns)
        on_close = config.time_bars_timestamp_on_close and not grid.is_right_open
        stamp = close_ns if on_close else open_ns
        stamped: int = bar.ts_event
        if stamped != stamp:
            return f"stamped {stamped}, due was {stamp}"
        if open_ns < since and config.time_bars_skip_first_non_full_bar:
            return f"it is not full: the series began at {since}"
        if last is None:
            return ""
        last_ns: int = last.ts_init
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
            grid = self._grids.get(bar_type)
            if grid is None:
                grid = _Grid(bar_type, config)
            if since is None or not grid.is_timed or bar_type.source is not None:
                continue
            # the last window that is over for certain, timers due now may not have fired
            close_ns = grid.before(view.now_ns)
            open_ns = grid.before(close_ns)
            begun_ns = since if not config.time_bars_skip_first_non_full_bar else since + 1
            last = grid.last
            if last is not None and grid.last_since == since and last.ts_init >= close_ns:
                continue
            for row in _inputs(bar_type, view):
                at_ns = row.received_ns
                if at_ns <= begun_ns:
                    break
                if not config.time_bars_build_with_no_updates and at_ns <= open_ns:
                    break
                if at_ns < close_ns and open_ns >= since:
                    closed = "none came" if last is None else f"the last closed at {last.ts_init}"
                    yield Violation(
                        bar_type, f"an input at {at_ns}, a boundary at {close_ns}: {closed}"
                    )
                    break


def _inputs(bar_type: BarType, view: KernelView) -> Iterable[_Row]:
    """What the bars of this type are made of, newest first."""
    price_type = bar_type.spec.price_type
    cache = view.cache
    instrument_id = bar_type.instrument_id
    index = 0
    if price_type is PriceType.LAST:
        while (trade := cache.trade_tick(instrument_id, index)) is not None:
            price = trade.price_mantissa * _UNITS[trade.price_precision]
            yield _Row(price, trade.size_mantissa * _UNITS[trade.size_precision], trade.ts_init)
            index += 1
    elif price_type is PriceType.MARK:
        while (mark := cache.mark_price(instrument_id, index)) is not None:
            yield _Row(mark.value_mantissa * _UNITS[mark.price_precision], 0, mark.ts_init)
            index += 1
    else:
        while (quote := cache.quote_tick(instrument_id, index)) is not None:
            yield _quote_row(quote, price_type)
            index += 1


def _is_fold_of_trades(bar: Bar, view: KernelView, first_ns: int, last_ns: int) -> bool:
    """Whether the trades of that window, each at the decimals of the bar, make it: so it is of most
    bars. False says nothing of any other."""
    bar_type = bar.bar_type
    if bar_type.spec.price_type is not PriceType.LAST or not bar.volume_mantissa:
        return False
    price_precision: int = bar.price_precision
    size_precision: int = bar.size_precision
    seen = False
    first = high = low = close = volume = 0
    for trade in view.cache.trade_ticks_since(bar_type.instrument_id, first_ns):  # newest first
        if trade.price_precision != price_precision or trade.size_precision != size_precision:
            return False
        price: int = trade.price_mantissa
        if not seen:
            if trade.ts_init > last_ns:
                continue
            seen = True
            close = high = low = price
        elif price > high:
            high = price
        elif price < low:
            low = price
        first = price
        volume += trade.size_mantissa
    return (
        seen
        and first == bar.open_mantissa
        and high == bar.high_mantissa
        and low == bar.low_mantissa
        and close == bar.close_mantissa
        and volume == bar.volume_mantissa
    )


def _inputs_since(bar: Bar, view: KernelView, first_ns: int) -> tuple[list[_Row], bool]:
    """The newest of them, down to the first that was received before `first_ns`; and whether they
    are at the decimals of the bar, as trades mostly are: then nothing has to be made larger."""
    bar_type = bar.bar_type
    rows: list[_Row] = []
    if bar_type.spec.price_type is PriceType.LAST:
        price_precision: int = bar.price_precision
        size_precision: int = bar.size_precision
        for trade in view.cache.trade_ticks_since(bar_type.instrument_id, first_ns):
            if trade.price_precision != price_precision or trade.size_precision != size_precision:
                rows.clear()
                break
            rows.append(_Row(trade.price_mantissa, trade.size_mantissa, trade.ts_init))
        else:
            return rows, True
    for row in _inputs(bar_type, view):
        if row.received_ns < first_ns:
            break
        rows.append(row)
    return rows, False


def _quote_row(quote: QuoteTick, price_type: PriceType) -> _Row:
    price_unit, size_unit = _UNITS[quote.price_precision], _UNITS[quote.size_precision]
    if price_type is PriceType.BID:
        price, size = quote.bid_mantissa * price_unit, quote.bid_size_mantissa * size_unit
    elif price_type is PriceType.ASK:
        price, size = quote.ask_mantissa * price_unit, quote.ask_size_mantissa * size_unit
    else:
        price = (quote.bid_mantissa + quote.ask_mantissa) * price_unit // 2
        size = (quote.bid_size_mantissa + quote.ask_size_mantissa) * size_unit // 2
    return _Row(price, size, quote.ts_init)


def _is_fold(bar: Bar, rows: list[_Row], is_own: bool) -> bool:
    """Whether these inputs, oldest first, make this bar; `is_own`: they are at its decimals."""
    first = high = low = close = rows[0].price
    volume = 0
    for row in rows:
        close = row.price
        if close > high:
            high = close
        elif close < low:
            low = close
        volume += row.size
    if is_own:
        return (
            first == bar.open_mantissa
            and high == bar.high_mantissa
            and low == bar.low_mantissa
            and close == bar.close_mantissa
            and volume == bar.volume_mantissa
        )
    unit = _UNITS[bar.price_precision]
    return (
        first == bar.open_mantissa * unit
        and high == bar.high_mantissa * unit
        and low == bar.low_mantissa * unit
        and close == bar.close_mantissa * unit
        and volume == bar.volume_mantissa * _UNITS[bar.size_precision]
    )


class _Grid:
    """Where bars of one type close, and the last that did.

    Attributes:
        is_internal: the kernel builds them; of others nothing below is asked.
        is_timed: they do close by the clock; of others there are no boundaries.
        is_right_open: what is stamped on a boundary belongs to the bar that begins there.
        last, last_since: the last bar that was told of, and since when its series was built.
    """

    __slots__ = (
        "_length",
        "_months",
        "_origin",
        "is_internal",
        "is_right_open",
        "is_timed",
        "last",
        "last_since",
    )

    def __init__(self, bar_type: BarType, config: DataEngineConfig) -> None:
        self.last: Bar | None = None
        self.last_since = 0
        self.is_internal = bar_type.is_internal
        spec = bar_type.spec
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
            since_origin = ns - 1 - origin
            return ns - 1 - since_origin % length
        at = datetime.fromtimestamp((ns - 1 - origin) // _S, UTC)
        count = (at.year * 12 + at.month - 1) // self._months * self._months
        first = datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)
        return (first - datetime(1970, 1, 1, tzinfo=UTC)).days * 86_400 * _S + origin
