"""Time bars: which interval a tick belongs to, and what the bar of an interval holds.

Every tick is assigned by its `ts_init`. A left-open interval (open, close] takes the tick
stamped on its close; a right-open one [open, close) leaves it to the next bar. The driver
brings inputs before timers at equal times, so a left-open bar needs no delay, and a right-open
one holds edge ticks back until its timer has closed it. Live, historical and backtest data all
come this way, so they agree.
"""

from enum import StrEnum
from typing import Final

from engine.data.aggregator import Aggregator
from engine.model.bars import Bar, BarSpecification, BarType
from engine.model.enums import BarAggregation
from engine.model.times import (
    NS_PER_DAY,
    NS_PER_HOUR,
    NS_PER_MILLISECOND,
    NS_PER_MINUTE,
    NS_PER_SECOND,
    NS_PER_WEEK,
    civil_from_days,
    days_from_civil,
)

# months and years have no fixed length
_FIXED_NS: Final = {
    BarAggregation.MILLISECOND: NS_PER_MILLISECOND,
    BarAggregation.SECOND: NS_PER_SECOND,
    BarAggregation.MINUTE: NS_PER_MINUTE,
    BarAggregation.HOUR: NS_PER_HOUR,
    BarAggregation.DAY: NS_PER_DAY,
    BarAggregation.WEEK: NS_PER_WEEK,
}
_FIRST_MONDAY_NS: Final = 4 * NS_PER_DAY  # 1970-01-05; the epoch was a Thursday
_SHORTEST_MONTH_NS: Final = 28 * NS_PER_DAY


class IntervalType(StrEnum):
    """Which end of a bar's interval a tick stamped on the edge belongs to."""

    LEFT_OPEN = "left-open"  # (open, close]
    RIGHT_OPEN = "right-open"  # [open, close)


class BarCalendar:
    """The boundaries of one bar specification, in UTC: calendar months and years, Monday weeks.

    Args:
        spec: step and aggregation (time aggregations only).
        origin_offset_ns: moves every boundary later by this much, 0 <= offset < one interval
            (its shortest, where months differ).
    Raises:
        ValueError: the offset is negative or not shorter than one interval.
    """

    __slots__ = ("_interval_ns", "_months", "_origin_ns")

    def __init__(self, spec: BarSpecification, origin_offset_ns: int = 0) -> None:
        aggregation = spec.aggregation
        unit_ns = _FIXED_NS.get(aggregation)
        if unit_ns is not None:
            self._interval_ns = shortest_ns = unit_ns * spec.step
            self._months = 0
        else:
            self._interval_ns = 0
            self._months = spec.step * (12 if aggregation is BarAggregation.YEAR else 1)
            shortest_ns = _SHORTEST_MONTH_NS * self._months
        if not 0 <= origin_offset_ns < shortest_ns:
            raise ValueError(f"origin offset {origin_offset_ns} ns outside 0..{shortest_ns - 1}")
        self._origin_ns = origin_offset_ns
        if aggregation is BarAggregation.WEEK:
            self._origin_ns += _FIRST_MONDAY_NS

    def floor(self, ns: int) -> int:
        """The latest boundary at or before `ns`."""
        since = ns - self._origin_ns
        if self._interval_ns:
            return ns - since % self._interval_ns
        year, month, _ = civil_from_days(since // NS_PER_DAY)
        months = year * 12 + month - 1
        return self._month_start(months - months % self._months)

    def after(self, boundary_ns: int) -> int:
        """The boundary that follows `boundary_ns`, which must be one."""
        if self._interval_ns:
            return boundary_ns + self._interval_ns
        year, month, _ = civil_from_days((boundary_ns - self._origin_ns) // NS_PER_DAY)
        return self._month_start(year * 12 + month - 1 + self._months)

    def _month_start(self, months: int) -> int:
        year, month = divmod(months, 12)
        return days_from_civil(year, month + 1, 1) * NS_PER_DAY + self._origin_ns


class BarBuilder:
    """Open, high, low, close and volume of the running interval, as mantissas.

    Precisions follow the ticks: when a finer one arrives everything held is rescaled to it, so
    nothing is ever rounded and the volumes of bars add up to the volumes of ticks.
    """

    __slots__ = (
        "close",
        "count",
        "high",
        "low",
        "open",
        "price_precision",
        "size_precision",
        "volume",
    )

    def __init__(self) -> None:
        self.price_precision = 0
        self.size_precision = 0
        self.open = self.high = self.low = 0
        self.close: int | None = None  # of the latest tick ever; None before the first
        self.volume = 0
        self.count = 0

    def update(self, price: int, size: int, price_precision: int, size_precision: int) -> None:
        """Take one tick: mantissas with their precisions."""
        if price_precision != self.price_precision:
            price *= self._align_prices(price_precision)
        if size_precision != self.size_precision:
            size *= self._align_sizes(size_precision)
        if not self.count:
            self.open = self.high = self.low = price
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.close = price
        self.volume += size
        self.count += 1

    def update_bar(self, bar: Bar) -> None:
        """Take a whole bar of a finer type, as one update."""
        before = self.count
        self.update(bar.open_mantissa, bar.volume_mantissa, bar.price_precision, bar.size_precision)
        factor = 10 ** (self.price_precision - bar.price_precision)
        high, low = bar.high_mantissa * factor, bar.low_mantissa * factor
        if not before or high > self.high:
            self.high = high
        if not before or low < self.low:
            self.low = low
        self.close = bar.close_mantissa * factor

    def build(self, bar_type: BarType, ts_event: int, ts_init: int) -> Bar | None:
        """Close the interval. Without a tick in it the bar is flat at the last close with
        volume 0; None before the first tick ever."""
        close = self.close
        if close is None:
            return None
        if not self.count:
            self.open = self.high = self.low = close
        bar = Bar(
            bar_type,
            self.open,
            self.high,
            self.low,
            close,
            self.volume,
            self.price_precision,
            self.size_precision,
            ts_event,
            ts_init,
        )
        self.volume = 0
        self.count = 0
        return bar

    def _align_prices(self, precision: int) -> int:
        """Go to the finer of both precisions; returns the factor for the incoming price."""
        if precision < self.price_precision:
            return int(10 ** (self.price_precision - precision))
        factor = 10 ** (precision - self.price_precision)
        self.price_precision = precision
        self.open *= factor
        self.high *= factor
        self.low *= factor
        if self.close is not None:
            self.close *= factor
        return 1

    def _align_sizes(self, precision: int) -> int:
        if precision < self.size_precision:
            return int(10 ** (self.size_precision - precision))
        self.volume *= 10 ** (precision - self.size_precision)
        self.size_precision = precision
        return 1


class TimeBarAggregator(Aggregator):
    """Turns the ticks of one instrument into the bars of one type.

    The owner arms one timer at `close_ns`, calls `close` when it fires, and arms the next: the
    same for every aggregation, so a month without ticks cannot end the series.

    Args:
        bar_type: an INTERNAL time bar type.
        now_ns: when it starts; the first interval is the one that `now_ns` lies in.
        interval_type: where edge ticks belong.
        timestamp_on_close: left-open bars carry their close as `ts_event`, else their open;
            right-open bars always carry their open.
        build_with_no_updates: emit flat bars for intervals without ticks, once there was one.
        skip_first_non_full_bar: drop bars of intervals that began before `now_ns`.
        origin_offset_ns: see `BarCalendar`.
    """

    __slots__ = (
        "_build_with_no_updates",
        "_builder",
        "_calendar",
        "_held",
        "_held_bars",
        "_right_open",
        "_stamp_close",
        "close_ns",
        "first_open_ns",
        "open_ns",
    )

    is_timed = True

    def __init__(
        self,
        bar_type: BarType,
        now_ns: int,
        interval_type: IntervalType,
        timestamp_on_close: bool,
        build_with_no_updates: bool,
        skip_first_non_full_bar: bool,
        origin_offset_ns: int = 0,
    ) -> None:
        super().__init__(bar_type)
        self._calendar = BarCalendar(bar_type.spec, origin_offset_ns)
        self._right_open = interval_type is IntervalType.RIGHT_OPEN
        self._stamp_close = timestamp_on_close and not self._right_open
        self._build_with_no_updates = build_with_no_updates
        self._builder = BarBuilder()
        self._held: list[tuple[int, int, int, int]] = []
        self._held_bars: list[Bar] = []
        open_ns = self._calendar.floor(now_ns)
        if open_ns == now_ns and not self._right_open:
            # a tick stamped now still belongs to the interval that closes now
            self.close_ns = now_ns
            self.open_ns = self._calendar.floor(now_ns - 1)
        else:
            self.open_ns = open_ns
            self.close_ns = self._calendar.after(open_ns)
        self.first_open_ns = now_ns if skip_first_non_full_bar else self.open_ns

    def handle_bar(self, bar: Bar) -> None:
        """A source bar is of the interval that closes with it or after it, whichever end of an
        interval a tick on the edge belongs to: all it holds came before its own close."""
        if bar.ts_init > self.close_ns:
            self._held_bars.append(bar)
        else:
            self._builder.update_bar(bar)

    def close(self) -> Bar | None:
        """Close the interval at `close_ns` and begin the next, whether or not a bar comes out."""
        open_ns, close_ns = self.open_ns, self.close_ns
        builder = self._builder
        bar: Bar | None = None
        if builder.count or self._build_with_no_updates:
            bar = builder.build(self.bar_type, close_ns if self._stamp_close else open_ns, close_ns)
        self.open_ns = close_ns
        self.close_ns = self._calendar.after(close_ns)
        if self._held:
            for price, size, price_precision, size_precision in self._held:
                builder.update(price, size, price_precision, size_precision)
            self._held.clear()
        if self._held_bars:
            for held in self._held_bars:
                builder.update_bar(held)
            self._held_bars.clear()
        return bar if open_ns >= self.first_open_ns else None

    def _take(
        self, price: int, size: int, price_precision: int, size_precision: int, ts_init: int
    ) -> None:
        if self._right_open and ts_init >= self.close_ns:
            self._held.append((price, size, price_precision, size_precision))
        else:
            self._builder.update(price, size, price_precision, size_precision)
