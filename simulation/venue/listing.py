"""One listed instrument as the venue computes with it: integers only, scales worked out once."""

from typing import Final

from engine.model.currencies import USD_EQUIVALENTS, Currency
from engine.model.instruments import (
    AnyInstrument,
    BinaryOption,
    CurrencyPair,
    Equity,
    OptionContract,
)
from engine.model.values import Money, Price, Quantity
from simulation.venue.money import RAW_DIGITS, RAW_ONE, TEN, half_even

Instrument = AnyInstrument

_FIXED: Final = (
    "__class__",
    "id",
    "base_currency",
    "quote_currency",
    "settlement_currency",
    "is_inverse",
    "price_increment",
    "size_increment",
    "multiplier",
    "margin_init_raw",
    "margin_maint_raw",
)
INVERSE_DIGITS: Final = 24  # an inverse fill's quantity x multiplier / price is kept to 1e-24


class Listing:
    """What is tradable, its grid and its money scales.

    Attributes:
        tick, step: price and size grid, mantissas.
        min_quantity, max_quantity: mantissas, None without a limit.
        min_notional, max_notional: mantissas of the cost currency, None without a limit.
        min_price, max_price: mantissas, None without a limit.
        multiplier: raw.
        base: the base currency; quote where there is none.
        cost: the currency of notional, fees and PnL: quote, base when inverse, what it settles
            in when that is a third one (quanto).
        is_share: held as a position, cash account or not; never sold short on a cash account.
        is_premium: a fill exchanges its whole notional, margin account or not.
        activation_ns, expiration_ns: of trading; 0 and 0 where it never ends.
        cost_digits: digits of an exact cost beyond the point: 32 linear (raw x raw), 24 inverse.
    """

    __slots__ = (
        "_cost_denominator",
        "_cost_numerator",
        "_notional_denominator",
        "_notional_numerator",
        "_pnl_denominator",
        "_pnl_numerator",
        "activation_ns",
        "base",
        "cost",
        "cost_digits",
        "expiration_ns",
        "instrument",
        "instrument_id",
        "inverse",
        "is_premium",
        "is_share",
        "is_spot",
        "max_notional",
        "max_price",
        "max_quantity",
        "min_notional",
        "min_price",
        "min_quantity",
        "multiplier",
        "price_precision",
        "size_precision",
        "step",
        "symbol",
        "tick",
    )

    def __init__(self, instrument: Instrument) -> None:
        pp, sp = instrument.price_precision, instrument.size_precision
        self.instrument = instrument
        self.instrument_id = str(instrument.id)
        self.symbol = str(instrument.id.symbol)
        self.is_spot = isinstance(instrument, CurrencyPair)
        self.is_share = isinstance(instrument, Equity)
        self.is_premium = isinstance(instrument, OptionContract | BinaryOption)
        self.activation_ns = instrument.activation_ns
        self.expiration_ns = instrument.expiration_ns
        self.inverse = instrument.is_inverse
        self.price_precision = pp
        self.size_precision = sp
        self.tick = instrument.tick_mantissa
        self.step = instrument.step_mantissa
        self.multiplier = instrument.multiplier.raw
        # what has no base currency is worth and settled in quote only
        self.base: Currency = instrument.base_currency or instrument.quote_currency
        cost = self.base if self.inverse else _linear_cost(instrument)
        self.cost = cost
        cp = cost.precision
        self._take_bounds(instrument)
        if self.inverse:
            # quantity x multiplier / price, with the price in the denominator at each use
            self._notional_numerator = self.multiplier * TEN[cp + pp]
            self._notional_denominator = TEN[sp + RAW_DIGITS]
            self._cost_numerator = self.multiplier * TEN[INVERSE_DIGITS + pp]
            self._cost_denominator = TEN[sp + RAW_DIGITS]
            self.cost_digits = INVERSE_DIGITS
            self._pnl_numerator = TEN[cp]
            self._pnl_denominator = TEN[INVERSE_DIGITS]
        else:
            # the multiplier is applied when PnL or margin is taken, so cost stays raw x raw
            self._notional_numerator = self.multiplier * TEN[cp]
            self._notional_denominator = TEN[pp + sp + RAW_DIGITS]
            self._cost_numerator = TEN[2 * RAW_DIGITS - pp - sp]
            self._cost_denominator = 1
            self.cost_digits = 2 * RAW_DIGITS
            self._pnl_numerator = self.multiplier * TEN[cp]
            self._pnl_denominator = TEN[3 * RAW_DIGITS]

    def _take_bounds(self, instrument: Instrument) -> None:
        pp, sp, cp = self.price_precision, self.size_precision, self.cost.precision
        self.min_quantity = _mantissa(instrument.min_quantity, sp)
        self.max_quantity = _mantissa(instrument.max_quantity, sp)
        self.min_price = _mantissa(instrument.min_price, pp)
        self.max_price = _mantissa(instrument.max_price, pp)
        self.min_notional = _mantissa(instrument.min_notional, cp)
        self.max_notional = _mantissa(instrument.max_notional, cp)

    def amend(self, instrument: Instrument) -> None:
        """Take the bounds of another definition of the same instrument.

        Raises:
            ValueError: it differs in more than bounds and fees. A new grid would leave resting
                orders off it, new margins or scales what positions and orders lock.
        """
        for name in _FIXED:
            if getattr(instrument, name) != getattr(self.instrument, name):
                raise ValueError(f"{self.symbol}: {name} cannot be amended")
        self._take_bounds(instrument)
        self.instrument = instrument

    def notional(self, quantity: int, price: int) -> int:
        """Mantissa of the cost currency, rounded half-even once from the exact product."""
        if self.inverse:
            return half_even(
                quantity * self._notional_numerator, price * self._notional_denominator
            )
        return half_even(quantity * price * self._notional_numerator, self._notional_denominator)

    def quantity_for(self, money: int, price: int) -> int:
        """The size, a multiple of `step` rounded down, that this much of the quote currency (a
        mantissa) buys at a price. An inverse contract is worth its multiplier in quote."""
        worth = self.multiplier * self.step
        scale = TEN[self.size_precision + RAW_DIGITS]
        if not self.inverse:
            worth *= price
            scale *= TEN[self.price_precision]
        quote = TEN[self.instrument.quote_currency.precision]
        return money * scale // (worth * quote) * self.step

    def exact_cost(self, quantity: int, price: int) -> int:
        """What a position's cost counts for a fill: units of 10 ** -`cost_digits`."""
        if self.inverse:
            return half_even(quantity * self._cost_numerator, price * self._cost_denominator)
        return quantity * price * self._cost_numerator

    def money(self, exact: int) -> int:
        """An exact cost or PnL as a mantissa of the cost currency, rounded half-even once."""
        return half_even(exact * self._pnl_numerator, self._pnl_denominator)

    def margin(self, exact: int, rate: int, leverage: int) -> int:
        """exact cost x rate / leverage as a mantissa of the cost currency, rounded once."""
        return half_even(
            exact * self._pnl_numerator * rate, self._pnl_denominator * RAW_ONE * leverage
        )

    def price_raw(self, price: int) -> int:
        return price * TEN[RAW_DIGITS - self.price_precision]

    def size_raw(self, size: int) -> int:
        return size * TEN[RAW_DIGITS - self.size_precision]


def _linear_cost(instrument: Instrument) -> Currency:
    """Quote; for a quanto what it is settled in, dollars of whatever issuer being one."""
    quote, settlement = instrument.quote_currency, instrument.settlement_currency
    if quote.code in USD_EQUIVALENTS and settlement.code in USD_EQUIVALENTS:
        return quote
    return settlement


def _mantissa(value: Price | Quantity | Money | None, precision: int) -> int | None:
    return None if value is None else value.raw // TEN[RAW_DIGITS - precision]
