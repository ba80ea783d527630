"""Moving averages in fixed point.

A value is a raw integer in units of 1e-16, the scale of prices. Each step rounds half-even
once, so an average of a constant series is that constant exactly, and the accumulated error
stays below (period + 1) / 4 units of 1e-16.
"""

from typing import Final

from engine.model.bars import Bar
from engine.model.data import QuoteTick, TradeTick
from engine.model.enums import PriceType
from engine.model.fixed import FIXED_PRECISION
from engine.model.values import Price

_BID: Final = PriceType.BID
_ASK: Final = PriceType.ASK
_RAW_PER_MANTISSA: Final = tuple(10 ** (FIXED_PRECISION - p) for p in range(FIXED_PRECISION + 1))


class ExponentialMovingAverage:
    """value += (input - value) * 2 / (period + 1); the first input is the first value.

    Args:
        period: the averaging length in inputs, >= 1.
        price_type: what a quote contributes: BID, ASK or MID. Trades give their price, bars
            their close, whatever this says.
    Attributes:
        value_raw: the average in units of 1e-16; 0 before the first input.
        count: inputs so far; `initialized` from `period` on.
    Raises:
        TypeError: `period` is no integer.
        ValueError: `period` is below 1, or `price_type` is LAST.
    """

    __slots__ = ("_divisor", "count", "period", "price_type", "value_raw")

    def __init__(self, period: int, price_type: PriceType = PriceType.MID) -> None:
        if type(period) is not int:
            raise TypeError(f"period must be an int, not {type(period).__name__}")
        if period < 1:
            raise ValueError(f"period {period} is below 1")
        if price_type is PriceType.LAST:
            raise ValueError("a quote has no last price: price_type must be BID, ASK or MID")
        self.period = period
        self.price_type = price_type
        self.value_raw = 0
        self.count = 0
        self._divisor = period + 1

    @property
    def initialized(self) -> bool:
        return self.count >= self.period

    @property
    def value(self) -> Price:
        """The average at 16 decimals, for people to read; decide with `value_raw`."""
        return Price.from_raw(self.value_raw, FIXED_PRECISION)

    def update_raw(self, raw: int) -> None:
        """Take one input in units of 1e-16."""
        count = self.count
        self.count = count + 1
        if not count:
            self.value_raw = raw
            return
        value = self.value_raw
        divisor = self._divisor
        step, rest = divmod((raw - value) << 1, divisor)
        rest <<= 1
        if rest > divisor or (rest == divisor and step & 1):
            step += 1
        self.value_raw = value + step

    def handle_quote_tick(self, tick: QuoteTick) -> None:
        price_type = self.price_type
        scale = _RAW_PER_MANTISSA[tick.price_precision]
        if price_type is _BID:
            self.update_raw(tick.bid_mantissa * scale)
        elif price_type is _ASK:
            self.update_raw(tick.ask_mantissa * scale)
        else:
            doubled = (tick.bid_mantissa + tick.ask_mantissa) * scale
            half = doubled >> 1
            # only at 16 decimals can the sum be odd: half-even like every rounding
            self.update_raw(half + (half & 1) if doubled & 1 else half)

    def handle_trade_tick(self, tick: TradeTick) -> None:
        self.update_raw(tick.price_mantissa * _RAW_PER_MANTISSA[tick.price_precision])

    def handle_bar(self, bar: Bar) -> None:
        self.update_raw(bar.close_mantissa * _RAW_PER_MANTISSA[bar.price_precision])

    def reset(self) -> None:
        self.value_raw = 0
        self.count = 0
