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
_MID: Final = PriceType.MID
_RAW_PER_MANTISSA: Final = tuple(10 ** (FIXED_PRECISION - p) for p in range(FIXED_PRECISION + 1))
# half of the above, for middles; at 16 decimals a half has no place and is rounded
_HALF_RAW_PER_MANTISSA: Final = tuple(scale // 2 for scale in _RAW_PER_MANTISSA)


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

    __slots__ = (
        "_can_tie",
        "_divisor",
        "_doubled_divisor",
        "count",
        "period",
        "price_type",
        "value_raw",
    )

    def __init__(self, period: int, price_type: PriceType = PriceType.MID) -> None:
        if type(period) is not int:
            raise TypeError(f"period must be an int, not {type(period).__name__}")
        if period < 1:
            raise ValueError(f"period {period} is below 1")
        if price_type not in (PriceType.BID, PriceType.ASK, PriceType.MID):
            raise ValueError(
                f"a quote has no {price_type.name} price: price_type must be BID, ASK or MID"
            )
        self.period = period
        self.price_type = price_type
        self.value_raw = 0
        self.count = 0
        self._divisor = period + 1
        self._doubled_divisor = 2 * self._divisor
        self._can_tie = self._divisor % 2 == 0

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
        # half-even of 2 * (raw - value) / divisor: half-up first, then ties back to even
        doubled = ((raw - value) << 2) + self._divisor
        step = doubled // self._doubled_divisor
        if self._can_tie and step & 1 and step * self._doubled_divisor == doubled:
            step -= 1
        self.value_raw = value + step

    def handle_quote_tick(self, tick: QuoteTick) -> None:
        price_type = self.price_type
        precision = tick.price_precision
        if price_type is _MID:
            total = tick.bid_mantissa + tick.ask_mantissa
            if precision < FIXED_PRECISION:
                self.update_raw(total * _HALF_RAW_PER_MANTISSA[precision])
            else:
                half = total >> 1
                self.update_raw(half + (half & 1) if total & 1 else half)
        elif price_type is _BID:
            self.update_raw(tick.bid_mantissa * _RAW_PER_MANTISSA[precision])
        else:
            self.update_raw(tick.ask_mantissa * _RAW_PER_MANTISSA[precision])

    def handle_trade_tick(self, tick: TradeTick) -> None:
        self.update_raw(tick.price_mantissa * _RAW_PER_MANTISSA[tick.price_precision])

    def handle_bar(self, bar: Bar) -> None:
        self.update_raw(bar.close_mantissa * _RAW_PER_MANTISSA[bar.price_precision])

    def reset(self) -> None:
        self.value_raw = 0
        self.count = 0
