"""What the venue charges: a rate of the notional, by who was resting and who came."""

from simulation.venue.enums import Liquidity
from simulation.venue.money import RAW_DIGITS, RAW_ONE, half_even, mantissa_of

MAKER = Liquidity.MAKER


class FeeRates:
    """Maker and taker rates, raw (units of 1e-16); a negative rate is a rebate.

    Attributes:
        reserve: the rate an order must be able to pay whichever side it ends on, never negative.
    """

    __slots__ = ("maker", "reserve", "taker")

    def __init__(self, maker: int, taker: int) -> None:
        for rate in (maker, taker):
            if not -RAW_ONE < rate < RAW_ONE:
                raise ValueError(f"a fee rate lies between -1 and 1, raw was {rate}")
        self.maker = maker
        self.taker = taker
        self.reserve = max(maker, taker, 0)

    @classmethod
    def from_text(cls, maker: str, taker: str) -> "FeeRates":
        """Rates from decimal text such as "0.0002".

        Raises:
            ValueError: not a decimal, more than 16 decimals, or outside (-1, 1).
        """
        return cls(mantissa_of(maker, RAW_DIGITS), mantissa_of(taker, RAW_DIGITS))

    def fee(self, notional: int, liquidity: Liquidity) -> int:
        """The fee of one fill in the notional's own units, rounded half-even once."""
        return half_even(notional * (self.maker if liquidity is MAKER else self.taker), RAW_ONE)
