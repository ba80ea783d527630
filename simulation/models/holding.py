"""What holding an instrument costs and earns, in exact rationals.

Three rules of the house are all that is rounded here, and each is said where it is done: what an
inverse quantity is worth, what a part of a holding takes of its cost, and what is booked as money.
Without them profit would be cash in less cash out; with them it still is, to the last digit, as
long as cost left over is counted.
"""

from fractions import Fraction
from math import floor
from typing import NamedTuple

ZERO = Fraction(0)
PRICE_DECIMALS = 16
LINEAR_DECIMALS = 32  # price times quantity, both of 16 decimals: a product needs no more
INVERSE_DECIMALS = 24


class Terms(NamedTuple):
    """What an instrument's numbers mean.

    Attributes:
        multiplier: of one contract.
        is_inverse: worth quantity x multiplier / price, not quantity x multiplier x price.
        currency: code of the currency that costs and profits are in.
        decimals: of that currency.
        base: code of the currency bought, "" where it is none.
        base_decimals: of that one.
        fee_moves_quantity: a fee in `base` is taken out of what is held.
        step: the smallest quantity that trades.
        margin_init, margin_maint: margin rates.
        pays_premium: in a margin account a trade moves its whole worth at once, and closing
            earns nothing beyond that.
    """

    multiplier: Fraction
    is_inverse: bool
    currency: str
    decimals: int
    base: str = ""
    base_decimals: int = 0
    fee_moves_quantity: bool = False
    step: Fraction = ZERO
    margin_init: Fraction = ZERO
    margin_maint: Fraction = ZERO
    pays_premium: bool = False


def half_even(amount: Fraction, decimals: int) -> Fraction:
    """The nearest multiple of 10^-decimals; of two equally near, the even one."""
    return Fraction(round(amount * 10**decimals), 10**decimals)


class Holding:
    """A signed quantity, what it cost, and what closing has earned; all exact.

    Attributes:
        signed: negative is short.
        cost: value of what is held as it was when it came: for a linear instrument without its
            multiplier, which only counts once money is meant.
        earned: in the same unit, of everything closed.
    """

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.signed = ZERO
        self.cost = ZERO
        self.earned = ZERO

    def value(self, quantity: Fraction, price: Fraction) -> Fraction:
        """First rule: a linear value is exact, an inverse one has 24 decimals."""
        if self.terms.is_inverse:
            return half_even(quantity * self.terms.multiplier / price, INVERSE_DECIMALS)
        return quantity * price

    def trade(self, change: Fraction, price: Fraction) -> None:
        """Buy (+) or sell (-): first close, then open what is left."""
        closing = self._opposite(change)
        if closing:
            rose = self.value(closing, price) - self.take(closing)
            if self.terms.is_inverse:
                rose = -rose  # it is worth more when the price falls
            self.earned += rose if self.signed > 0 else -rose
        self._open(change, closing, price)

    def adjust(self, change: Fraction, price: Fraction) -> None:
        """Change the quantity and earn nothing: a fee taken or given in the thing itself."""
        closing = self._opposite(change)
        if closing:
            self.take(closing)
        self._open(change, closing, price)

    def take(self, closing: Fraction) -> Fraction:
        """Second rule: a part takes its share of the cost, rounded down; the rest stays in."""
        decimals = INVERSE_DECIMALS if self.terms.is_inverse else LINEAR_DECIMALS
        share = self.cost * closing / abs(self.signed)
        taken = Fraction(floor(share * 10**decimals), 10**decimals)
        self.cost -= taken
        return taken

    def money(self, value: Fraction) -> Fraction:
        """Third rule: money is rounded half-even to its currency, once, from the exact sum."""
        worth = value if self.terms.is_inverse else value * self.terms.multiplier
        return half_even(worth, self.terms.decimals)

    @property
    def booked(self) -> Fraction:
        return self.money(self.earned)

    def open_gain(self, price: Fraction) -> Fraction:
        """What closing everything at `price` would book."""
        if not self.signed:
            return ZERO
        rose = self.value(abs(self.signed), price) - self.cost
        if self.terms.is_inverse:
            rose = -rose
        return self.money(rose if self.signed > 0 else -rose)

    def margin(self, value: Fraction, rate: Fraction, leverage: int) -> Fraction:
        """value x rate / leverage, rounded half-even once."""
        worth = value if self.terms.is_inverse else value * self.terms.multiplier
        return half_even(worth * rate / leverage, self.terms.decimals)

    def mean_price(self, value: Fraction, quantity: Fraction) -> Fraction:
        """The price at which `quantity` is worth `value`, half-even at 16 decimals."""
        if self.terms.is_inverse:
            return half_even(quantity * self.terms.multiplier / value, PRICE_DECIMALS)
        return half_even(value / quantity, PRICE_DECIMALS)

    def _opposite(self, change: Fraction) -> Fraction:
        """How much of what is held the change closes."""
        if self.signed * change >= 0:
            return ZERO
        return min(abs(change), abs(self.signed))

    def _open(self, change: Fraction, closing: Fraction, price: Fraction) -> None:
        rest = abs(change) - closing
        if rest:
            if closing == abs(self.signed):
                self.cost = ZERO  # a holding closed whole has no cost left
            self.cost += self.value(rest, price)
        self.signed += change
