"""What holding an instrument costs and earns, in whole numbers that lose nothing.

Quantities, prices, rates and amounts of money count units of 1e-16, as messages do. A value counts
finer units, 1e-32 of a linear instrument and 1e-24 of an inverse one, so that no product and no sum
has to be rounded.

Three rules of the house are all that is rounded here, and each is said where it is done: what an
inverse quantity is worth, what a part of a holding takes of its cost, and what is booked as money.
Without them profit would be cash in less cash out; with them it still is, to the last digit, as
long as cost left over is counted.
"""

from typing import Final

RAW: Final = 10**16  # units in one
_LINEAR: Final = RAW * RAW  # units of value in one: price times quantity, and nothing is lost
_INVERSE: Final = 10**24
_TENS: Final[list[int]] = [10**decimals for decimals in range(17)]


class Terms:
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

    __slots__ = (
        "base",
        "base_decimals",
        "currency",
        "decimals",
        "fee_moves_quantity",
        "is_inverse",
        "margin_init",
        "margin_maint",
        "multiplier",
        "pays_premium",
        "step",
    )

    def __init__(
        self,
        multiplier: int,
        is_inverse: bool,
        currency: str,
        decimals: int,
        base: str = "",
        base_decimals: int = 0,
        fee_moves_quantity: bool = False,
        step: int = 0,
        margin_init: int = 0,
        margin_maint: int = 0,
        pays_premium: bool = False,
    ) -> None:
        self.multiplier = multiplier
        self.is_inverse = is_inverse
        self.currency = currency
        self.decimals = decimals
        self.base = base
        self.base_decimals = base_decimals
        self.fee_moves_quantity = fee_moves_quantity
        self.step = step
        self.margin_init = margin_init
        self.margin_maint = margin_maint
        self.pays_premium = pays_premium


def half_even(numerator: int, denominator: int) -> int:
    """The whole number nearest to a quotient; of two equally near, the even one."""
    below = numerator // denominator
    beyond = 2 * (numerator - below * denominator)  # twice what the one below leaves
    if denominator < 0:
        beyond, denominator = -beyond, -denominator
    if beyond > denominator or (beyond == denominator and below % 2):
        return below + 1
    return below


def rounded(numerator: int, denominator: int, decimals: int) -> int:
    """Units of 1e-16 in a quotient, half-even to the nearest multiple of 10^-decimals."""
    return half_even(numerator * _TENS[decimals], denominator) * _TENS[16 - decimals]


class Holding:
    """A signed quantity, what it cost, and what closing has earned; all exact.

    Attributes:
        signed: negative is short.
        cost: value of what is held as it was when it came: for a linear instrument without its
            multiplier, which only counts once money is meant.
        earned: value, of everything closed.
    """

    __slots__ = ("cost", "earned", "signed", "terms")

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.signed = 0
        self.cost = 0
        self.earned = 0

    def value(self, quantity: int, price: int) -> int:
        """First rule: a linear value is exact, an inverse one has 24 decimals."""
        if self.terms.is_inverse:
            return half_even(quantity * self.terms.multiplier * _INVERSE, price * RAW)
        return quantity * price

    def trade(self, change: int, price: int) -> None:
        """Buy (+) or sell (-): first close, then open what is left."""
        closing = self._opposite(change)
        if closing:
            rose = self.value(closing, price) - self.take(closing)
            if self.terms.is_inverse:
                rose = -rose  # it is worth more when the price falls
            self.earned += rose if self.signed > 0 else -rose
        self._open(change, closing, price)

    def adjust(self, change: int, price: int) -> None:
        """Change the quantity and earn nothing: a fee taken or given in the thing itself."""
        closing = self._opposite(change)
        if closing:
            self.take(closing)
        self._open(change, closing, price)

    def take(self, closing: int) -> int:
        """Second rule: a part takes its share of the cost, rounded down; the rest stays in."""
        taken = self.cost * closing // abs(self.signed)
        self.cost -= taken
        return taken

    def money(self, value: int) -> int:
        """Third rule: money is rounded half-even to its currency, once, from the exact sum."""
        terms = self.terms
        if terms.is_inverse:
            return rounded(value, _INVERSE, terms.decimals)
        return rounded(value * terms.multiplier, _LINEAR * RAW, terms.decimals)

    @property
    def booked(self) -> int:
        return self.money(self.earned)

    def open_gain(self, price: int) -> int:
        """What closing everything at `price` would book."""
        if not self.signed:
            return 0
        rose = self.value(abs(self.signed), price) - self.cost
        if self.terms.is_inverse:
            rose = -rose
        return self.money(rose if self.signed > 0 else -rose)

    def margin(self, value: int, rate: int, leverage: int) -> int:
        """value x rate / leverage, rounded half-even once."""
        terms = self.terms
        if terms.is_inverse:
            return rounded(value * rate, _INVERSE * RAW * leverage, terms.decimals)
        worth = value * terms.multiplier
        return rounded(worth * rate, _LINEAR * RAW * RAW * leverage, terms.decimals)

    def mean_price(self, value: int, quantity: int) -> int:
        """The price at which `quantity` is worth `value`, half-even at 1e-16."""
        if self.terms.is_inverse:
            return half_even(quantity * self.terms.multiplier * _INVERSE, value * RAW)
        return half_even(value, quantity)

    def _opposite(self, change: int) -> int:
        """How much of what is held the change closes."""
        if not self.signed or not change or (self.signed > 0) == (change > 0):
            return 0
        return min(abs(change), abs(self.signed))

    def _open(self, change: int, closing: int, price: int) -> None:
        rest = abs(change) - closing
        if rest:
            if closing == abs(self.signed):
                self.cost = 0  # a holding closed whole has no cost left
            self.cost += self.value(rest, price)
        self.signed += change
