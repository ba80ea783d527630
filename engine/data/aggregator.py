"""What every maker of bars shares: which number of a datum it takes."""

from typing import ClassVar, Final

from engine.model.bars import Bar, BarType
from engine.model.data import MarkPriceUpdate, QuoteTick, TradeTick
from engine.model.enums import PriceType
from engine.model.fixed import FIXED_PRECISION

_BID: Final = PriceType.BID
_ASK: Final = PriceType.ASK


class Aggregator:
    """Takes the price that its bar type names out of a datum; what a bar is, a subclass says."""

    __slots__ = ("_price_type", "bar_type")

    is_timed: ClassVar[bool] = False  # closed by the clock, and not by what it takes

    def __init__(self, bar_type: BarType) -> None:
        self.bar_type = bar_type
        self._price_type = bar_type.spec.price_type

    def handle_quote(self, quote: QuoteTick) -> None:
        price_type = self._price_type
        price_precision = quote.price_precision
        size_precision = quote.size_precision
        if price_type is _BID:
            price, size = quote.bid_mantissa, quote.bid_size_mantissa
        elif price_type is _ASK:
            price, size = quote.ask_mantissa, quote.ask_size_mantissa
        else:
            price, price_precision = _middle(
                quote.bid_mantissa + quote.ask_mantissa, price_precision
            )
            size, size_precision = _middle(
                quote.bid_size_mantissa + quote.ask_size_mantissa, size_precision
            )
        self._take(price, size, price_precision, size_precision, quote.ts_init)

    def handle_trade(self, trade: TradeTick) -> None:
        self._take(
            trade.price_mantissa,
            trade.size_mantissa,
            trade.price_precision,
            trade.size_precision,
            trade.ts_init,
        )

    def handle_mark_price(self, update: MarkPriceUpdate) -> None:
        """A mark price is nobody's trade: it has no size."""
        self._take(update.value_mantissa, 0, update.price_precision, 0, update.ts_init)

    def handle_bar(self, bar: Bar) -> None:
        """A bar of the source of a composite."""
        raise NotImplementedError

    def _take(
        self, price: int, size: int, price_precision: int, size_precision: int, ts_init: int
    ) -> None:
        raise NotImplementedError


def _middle(total: int, precision: int) -> tuple[int, int]:
    """Half of a sum of two mantissas, exact with one more digit; half-even where none is left."""
    if precision < FIXED_PRECISION:
        return total * 5, precision + 1
    half = total >> 1
    return (half + (half & 1) if total & 1 else half), precision
