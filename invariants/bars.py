"""Bars, worked out again from what the cache remembers of their inputs, on a grid of our own.

Nothing is done until a bar is told of: its inputs are the newest of their kind in the cache, so
they are looked up then. Windows come from arithmetic that owes nothing to the kernel's calendar.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from engine.data.bar_builder import IntervalType
from engine.data.config import DataEngineConfig
from engine.model.bars import Bar, BarSpecification, BarType
from engine.model.data import MarkPriceUpdate, QuoteTick, TradeTick
from engine.model.enums import BarAggregation, PriceType
from engine.view import KernelView
from invariants.evidence import Evidence
from invariants.property import Check, Violation, always

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

# (price, size, time of receipt), newest first, at _SCALE decimals
Row = tuple[int, int, int]


@always(
    "BAR-1",
    "A bar is the fold of exactly the inputs in its window: low <= open, close <= high; volumes "
    "sum; no input in two bars or none.",
)
class BarIsTheFoldOfItsInputs(Check):
    patterns = ("data.bars.*",)

    def __init__(self) -> None:
        self._closes: dict[BarType, tuple[int, int]] = {}  # series since, last close at _SCALE
        self._split: dict[BarType, tuple[int, int]] = {}  # series since, bars by volume so far

    def delivered(
        self, pattern: str, message: object, evidence: Evidence
    ) -> Iterator[Violation] | None:
        if not isinstance(message, Bar) or not message.bar_type.is_internal:
            return None
        bar_type = message.bar_type
        view = evidence.view
        since = view.bars_since(bar_type)
        if since is None:
            return iter([Violation(bar_type, "a bar of a type that nobody builds")])
        problem = ""
        if bar_type.source is None and bar_type.spec.is_timed:
            problem = self._timed(message, since, view)
        elif bar_type.source is not None:
            problem = self._composite(message, since, view)
        elif bar_type.spec.aggregation is BarAggregation.TICK:
            problem = self._ticks(message, since, view)
        elif bar_type.spec.aggregation is BarAggregation.VOLUME:
            problem = self._volume(message, since, view)
        self._closes[bar_type] = (since, _scaled(message.close_mantissa, message.price_precision))
        return iter([Violation(bar_type, f"{problem}: {message}")]) if problem else None

    def _timed(self, bar: Bar, since: int, view: KernelView) -> str:
        config = view.data_config
        close_ns = bar.ts_init
        open_ns = _boundary_before(bar.bar_type.spec, close_ns, config)
        right_open = config.time_bars_interval_type is IntervalType.RIGHT_OPEN
        rows: list[Row] = []
        unsure = 0  # rows of the very instant at which the series began: before it or after
        seen = 0
        for row in _inputs(bar.bar_type, view):
            at = row[2]
            if right_open:
                at += 1  # [open, close) is (open, close] one nanosecond later
            if at <= open_ns or row[2] < since:
                break
            if at <= close_ns:
                rows.append(row)
                unsure += row[2] == since
            seen += 1
        if seen == view.cache.tick_capacity:
            return ""  # the cache has let go of some
        rows.reverse()
        if not rows or (unsure == len(rows) and not bar.volume_mantissa):
            return self._flat(bar, since)
        for skipped in range(unsure + 1):
            if skipped < len(rows) and _is_fold(bar, rows[skipped:]):
                return ""
        return f"{len(rows)} inputs of its window make another bar"

    def _flat(self, bar: Bar, since: int) -> str:
        close = _scaled(bar.close_mantissa, bar.price_precision)
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
        if source is None or not (bar.bar_type.spec.is_timed and source.is_internal):
            return ""
        open_ns = _boundary_before(bar.bar_type.spec, bar.ts_init, view.data_config)
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
            unit = 10 ** (_SCALE - part.price_precision)
            volume = _scaled(part.volume_mantissa, part.size_precision)
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
        if _scaled(bar.volume_mantissa, bar.size_precision) != step:
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


@always(
    "BAR-2",
    "Bars lie on a closed-form grid: aligned, contiguous, unique, none before the first full or "
    "after the last input unless declared.",
)
class BarsLieOnTheirGrid(Check):
    patterns = ("data.bars.*",)

    def __init__(self) -> None:
        self._last: dict[BarType, tuple[int, int]] = {}  # series since, last close

    def delivered(
        self, pattern: str, message: object, evidence: Evidence
    ) -> Iterator[Violation] | None:
        if not isinstance(message, Bar):
            return None
        bar_type = message.bar_type
        if not bar_type.is_internal or not bar_type.spec.is_timed:
            return None
        since = evidence.view.bars_since(bar_type)
        last = self._last.get(bar_type)
        close_ns = message.ts_init
        self._last[bar_type] = (since or 0, close_ns)
        config = evidence.view.data_config
        open_ns = _boundary_before(bar_type.spec, close_ns, config)
        right_open = config.time_bars_interval_type is IntervalType.RIGHT_OPEN
        stamp = close_ns if config.time_bars_timestamp_on_close and not right_open else open_ns
        problem = ""
        if since is None:
            problem = "nobody builds this type"
        elif _boundary_before(bar_type.spec, close_ns + 1, config) != close_ns:
            problem = "it does not close on its grid"
        elif message.ts_event != stamp:
            problem = f"stamped {message.ts_event}, due was {stamp}"
        elif config.time_bars_skip_first_non_full_bar and open_ns < since:
            problem = f"it is not full: the series began at {since}"
        elif last is not None and close_ns <= last[1]:
            problem = f"the last one closed at {last[1]}"
        elif (
            last is not None
            and last[0] == since
            and open_ns != last[1]
            and config.time_bars_build_with_no_updates
        ):
            problem = f"the last one closed at {last[1]}: bars are missing"
        return iter([Violation(bar_type, f"{problem}: {message}")]) if problem else None

    def end(self, evidence: Evidence) -> Iterator[Violation]:
        view = evidence.view
        config = view.data_config
        for bar_type in view.bar_types():
            since = view.bars_since(bar_type)
            if since is None or not bar_type.spec.is_timed or bar_type.source is not None:
                continue
            # the last window that is over for certain, timers due now may not have fired
            close_ns = _boundary_before(bar_type.spec, view.now_ns, config)
            open_ns = _boundary_before(bar_type.spec, close_ns, config)
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


def _scaled(mantissa: int, precision: int) -> int:
    return int(mantissa * 10 ** (_SCALE - precision))


def _inputs(bar_type: BarType, view: KernelView) -> Iterable[Row]:
    """What the bars of this type are made of, newest first."""
    price_type = bar_type.spec.price_type
    cache = view.cache
    instrument_id = bar_type.instrument_id
    index = 0
    if price_type is PriceType.LAST:
        while (trade := cache.trade_tick(instrument_id, index)) is not None:
            yield _trade_row(trade)
            index += 1
    elif price_type is PriceType.MARK:
        while (mark := cache.mark_price(instrument_id, index)) is not None:
            yield _mark_row(mark)
            index += 1
    else:
        while (quote := cache.quote_tick(instrument_id, index)) is not None:
            yield _quote_row(quote, price_type)
            index += 1


def _trade_row(trade: TradeTick) -> Row:
    price = _scaled(trade.price_mantissa, trade.price_precision)
    return price, _scaled(trade.size_mantissa, trade.size_precision), trade.ts_init


def _mark_row(mark: MarkPriceUpdate) -> Row:
    return _scaled(mark.value_mantissa, mark.price_precision), 0, mark.ts_init


def _quote_row(quote: QuoteTick, price_type: PriceType) -> Row:
    price_unit = 10 ** (_SCALE - quote.price_precision)
    size_unit = 10 ** (_SCALE - quote.size_precision)
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
    prices = [row[0] for row in rows]
    made = (prices[0], max(prices), min(prices), prices[-1], sum(row[1] for row in rows))
    precision = bar.price_precision
    return made == (
        _scaled(bar.open_mantissa, precision),
        _scaled(bar.high_mantissa, precision),
        _scaled(bar.low_mantissa, precision),
        _scaled(bar.close_mantissa, precision),
        _scaled(bar.volume_mantissa, bar.size_precision),
    )


def _boundary_before(spec: BarSpecification, ns: int, config: DataEngineConfig) -> int:
    """The last boundary of the grid strictly before `ns`."""
    offset = config.time_bars_origin_offset_ns.get(spec.aggregation.name, 0)
    unit_ns = _LENGTH_NS.get(spec.aggregation)
    if unit_ns is not None:
        origin = offset + (_MONDAY_NS if spec.aggregation is BarAggregation.WEEK else 0)
        length = unit_ns * spec.step
        return (ns - 1 - origin) // length * length + origin
    months = spec.step * (12 if spec.aggregation is BarAggregation.YEAR else 1)
    at = datetime.fromtimestamp((ns - 1 - offset) // _S, UTC)
    count = (at.year * 12 + at.month - 1) // months * months
    first = datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)
    return (first - datetime(1970, 1, 1, tzinfo=UTC)).days * 86_400 * _S + offset
