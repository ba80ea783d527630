"""The money rules of holding an instrument: exact cost, and where it is rounded.

A linear instrument is valued in raw price x raw quantity, exact; an inverse one in
quantity x multiplier / price, rounded half-even once at 1e-24 for each fill. Everything after
that is integers. A close takes cost out in proportion, rounded down, and leaves the remainder
in, so nothing is lost. Profit is booked as round(all exact profit so far) - (all booked so
far): the roundings telescope, and the sum of what was booked is never off by more than one
rounding, however many fills it took.
"""

from decimal import Decimal
from math import gcd
from typing import Final

from engine.model.currencies import Currency
from engine.model.fixed import FIXED_PRECISION, FIXED_SCALE, decimal_of, divide_half_even
from engine.model.instruments import Instrument

_REMEMBERED_MAX: Final = 512  # trades that a late one can still be put among
_FORGOTTEN_AT_ONCE: Final = 256
_INVERSE_SCALE: Final = 10**8  # raw (1e-16) to 1e-24
_DIGITS: Final = "0123456789"

_Trade = tuple[int, int, int, str]  # ts_event, change raw, price raw, trade id


class Valuation:
    """What quantities of one instrument are worth, as exact integers ("value units").

    Attributes:
        currency: the cost currency, in which profit and margin are paid.
    """

    __slots__ = (
        "_denominator",
        "_inverse_numerator",
        "_is_inverse",
        "_margin_denominator",
        "_money_denominator",
        "_numerator",
        "_unit",
        "currency",
    )

    def __init__(self, instrument: Instrument) -> None:
        multiplier_raw: int = instrument.multiplier.raw
        self.currency: Currency = instrument.cost_currency
        self._is_inverse = instrument.is_inverse
        self._inverse_numerator = multiplier_raw * _INVERSE_SCALE
        if self._is_inverse:
            self._numerator, self._denominator = 1, _INVERSE_SCALE
        else:
            common = gcd(multiplier_raw, FIXED_SCALE)
            self._numerator = multiplier_raw // common
            self._denominator = FIXED_SCALE * (FIXED_SCALE // common)
        self._unit: int = self.currency.unit
        self._money_denominator = self._denominator * self._unit
        self._margin_denominator = self._money_denominator * FIXED_SCALE

    def value(self, quantity_raw: int, price_raw: int) -> int:
        """Value units of a quantity at a price. ZeroDivisionError: inverse at price zero."""
        if self._is_inverse:
            return divide_half_even(quantity_raw * self._inverse_numerator, price_raw)
        return quantity_raw * price_raw

    def gain(self, change_of_value: int) -> int:
        """Profit of a long when the value rose by this much: an inverse one rises by falling."""
        return -change_of_value if self._is_inverse else change_of_value

    def to_raw(self, value: int) -> int:
        """Value units as a raw amount of `currency`, rounded half-even once to its grid."""
        return divide_half_even(value * self._numerator, self._money_denominator) * self._unit

    def margin_raw(self, value: int, rate_raw: int, leverage: int) -> int:
        """value x rate / leverage as a raw amount of `currency`, rounded half-even once."""
        exact = value * self._numerator * rate_raw
        return divide_half_even(exact, self._margin_denominator * leverage) * self._unit

    def mean_price(self, value: int, quantity_raw: int) -> Decimal:
        """The price at which the quantity is worth `value`, half-even at 1e-16."""
        return decimal_of(self.mean_price_raw(value, quantity_raw), -FIXED_PRECISION)

    def mean_price_raw(self, value: int, quantity_raw: int) -> int:
        """The same in units of 1e-16."""
        if self._is_inverse:
            return divide_half_even(quantity_raw * self._inverse_numerator, value)
        return divide_half_even(value, quantity_raw)


class CostBasis:
    """A signed quantity of one instrument, what it cost, and what closing it has earned.

    Attributes:
        signed_raw: raw quantity held; negative is short.
        cost: value units paid for what is held (received, when short).
        earned: exact profit of everything closed so far, in value units.
        booked_raw: the same as money: always `earned` rounded to the currency.
    """

    __slots__ = ("booked_raw", "cost", "earned", "signed_raw", "valuation")

    def __init__(self, valuation: Valuation) -> None:
        self.valuation = valuation
        self.signed_raw = 0
        self.cost = 0
        self.earned = 0
        self.booked_raw = 0

    def trade(self, change_raw: int, price_raw: int) -> int:
        """Buy (+) or sell (-) at a price; through flat closes, then opens the rest.

        Returns:
            The profit to book now: raw amount of the cost currency, 0 unless something closed.
        """
        valuation = self.valuation
        signed_raw = self.signed_raw
        if signed_raw == 0 or (signed_raw > 0) == (change_raw > 0):
            self.cost += valuation.value(abs(change_raw), price_raw)
            self.signed_raw = signed_raw + change_raw
            return 0
        closing_raw = min(abs(change_raw), abs(signed_raw))
        rose = valuation.value(closing_raw, price_raw) - self._take(closing_raw)
        gain = valuation.gain(rose)
        self.earned += gain if signed_raw > 0 else -gain
        self._open_rest(change_raw, closing_raw, price_raw)
        booked_raw = valuation.to_raw(self.earned) - self.booked_raw
        self.booked_raw += booked_raw
        return booked_raw

    def adjust(self, change_raw: int, price_raw: int) -> None:
        """Change the quantity without earning anything: a fee taken in the instrument itself.

        What goes leaves at cost; what comes (a rebate, or a short by the fee) comes at the price.
        """
        signed_raw = self.signed_raw
        if signed_raw == 0 or (signed_raw > 0) == (change_raw > 0):
            self.cost += self.valuation.value(abs(change_raw), price_raw)
            self.signed_raw = signed_raw + change_raw
            return
        closing_raw = min(abs(change_raw), abs(signed_raw))
        self._take(closing_raw)
        self._open_rest(change_raw, closing_raw, price_raw)

    def open_gain(self, price_raw: int) -> int:
        """Profit, raw amount of the cost currency, of closing everything at a price."""
        signed_raw = self.signed_raw
        if signed_raw == 0:
            return 0
        valuation = self.valuation
        gain = valuation.gain(valuation.value(abs(signed_raw), price_raw) - self.cost)
        return valuation.to_raw(gain if signed_raw > 0 else -gain)

    def _take(self, closing_raw: int) -> int:
        taken = self.cost * closing_raw // abs(self.signed_raw)
        self.cost -= taken
        return taken

    def _open_rest(self, change_raw: int, closing_raw: int, price_raw: int) -> None:
        rest_raw = abs(change_raw) - closing_raw
        if rest_raw:  # the close took all the cost there was
            self.cost = self.valuation.value(rest_raw, price_raw)
        self.signed_raw += change_raw


class AccountNet(CostBasis):
    """The net of one account in one instrument, in the venue's order of trades.

    What closing earns depends on the order of the trades, and the order of arrival is not the
    venue's: a fill that a lost frame kept back comes after later ones. So the last trades are
    remembered with what stood before them, and a late one is entered where it belongs. One
    older than all that is remembered is entered before them.

    A settlement closes what the trades leave, whenever they are heard of.

    Attributes:
        settlement_px_raw: the venue's settlement price; None while it is not settled.
        settled_raw: signed raw quantity that the settlement closed.
    """

    __slots__ = ("_before", "_trades", "settled_raw", "settlement_px_raw")

    def __init__(self, valuation: Valuation) -> None:
        super().__init__(valuation)
        self._trades: list[_Trade] = []
        self._before = (0, 0, 0)  # signed_raw, cost, earned before the first of them
        self.settlement_px_raw: int | None = None
        self.settled_raw = 0

    def trade_at(self, ts_event: int, change_raw: int, price_raw: int, trade_id: str = "") -> int:
        """`trade`, entered at `ts_event` (nanoseconds, the venue's). Of one instant, trades whose
        ids are numbered alike go by number, others by arrival. Returns the profit to book now,
        which a late trade may lower."""
        trades = self._trades
        trade = (ts_event, change_raw, price_raw, trade_id)
        if self.settlement_px_raw is None and (not trades or not _is_before(trade, trades[-1])):
            trades.append(trade)
            if len(trades) > _REMEMBERED_MAX:
                self._forget_oldest()
            return self.trade(change_raw, price_raw)
        at = len(trades)
        while at and _is_before(trade, trades[at - 1]):
            at -= 1
        trades.insert(at, trade)
        booked_raw = self.booked_raw
        self.signed_raw, self.cost, self.earned = self._before
        for _, change, price, _ in trades:
            self.trade(change, price)
        if self.settlement_px_raw is not None:
            self._close_at(self.settlement_px_raw)
        # one rounding of all that was earned, whatever was booked on the way
        self.booked_raw = self.valuation.to_raw(self.earned)
        return self.booked_raw - booked_raw

    def settle(self, price_raw: int) -> int:
        """Close everything at the venue's settlement price: after this only a late trade can
        come. Returns the profit to book now."""
        self.settlement_px_raw = price_raw
        return self._close_at(price_raw)

    def _close_at(self, price_raw: int) -> int:
        self.settled_raw = held_raw = self.signed_raw
        return self.trade(-held_raw, price_raw) if held_raw else 0

    def _forget_oldest(self) -> None:
        base = CostBasis(self.valuation)
        base.signed_raw, base.cost, base.earned = self._before
        for _, change_raw, price_raw, _ in self._trades[:_FORGOTTEN_AT_ONCE]:
            base.trade(change_raw, price_raw)
        self._before = (base.signed_raw, base.cost, base.earned)
        del self._trades[:_FORGOTTEN_AT_ONCE]


def _is_before(trade: _Trade, other: _Trade) -> bool:
    """Whether the venue made `trade` before `other`, as far as can be told."""
    if trade[0] != other[0]:
        return trade[0] < other[0]
    one, two = trade[3], other[3]
    if (len(one), one) >= (len(two), two):
        return False
    return one.rstrip(_DIGITS) == two.rstrip(_DIGITS)  # else the ids say nothing of the order
