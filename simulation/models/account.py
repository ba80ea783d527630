"""An account from first principles: its balances are summed over all fills and all orders anew.

Cash: a fill exchanges base for quote, a working order locks what it would pay. Margin: closing
earns, fees cost; working orders lock initial margin, what is held locks maintenance margin.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from engine.model.enums import OrderSide, OrderStatus
from simulation.models.holding import ZERO, Holding, Terms, half_even
from simulation.models.order import OrderModel
from simulation.models.position import Execution

_WORKING = (OrderStatus.ACCEPTED, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED)
_RAW = 10**16


class Held(NamedTuple):
    """A balance: total == locked + free."""

    total: Fraction
    locked: Fraction
    free: Fraction


class AccountModel:
    """The witness for accounts.

    Args:
        leverage: margins are divided by it; None: a cash account.

    Attributes:
        orders: every order by id, with the name of its instrument.
        fills: every fill with the name of its instrument, as they came.
        seen: currency codes that ever had an amount or a lock, in the order they came.
    """

    def __init__(self, listed: dict[str, Terms], leverage: int | None) -> None:
        self.listed = listed
        self.leverage = leverage
        self.opening: dict[str, Fraction] = {}
        self.orders: dict[str, tuple[str, OrderModel]] = {}
        self.fills: list[tuple[str, Execution]] = []
        self.seen: list[str] = []

    def open(self, currency: str, total: Fraction) -> None:
        """A stated total: from now on it is what the opening and all fills come to."""
        self._see(currency)
        moved = self.totals().get(currency, ZERO) - self.opening.get(currency, ZERO)
        self.opening[currency] = total - moved

    def add_fill(self, instrument: str, fill: Execution) -> None:
        self.fills.append((instrument, fill))
        for currency, amount in self._moves(instrument, fill):
            if amount:
                self._see(currency)

    def note_locks(self) -> None:
        """To be called after each change: what was ever locked keeps its balance."""
        for currency, amount in self._locks():
            if amount:
                self._see(currency)
        for currency, amount in self.totals().items():
            if amount:
                self._see(currency)

    def balances(self) -> dict[str, Held]:
        """By currency code. Locks are held to what there is; a total below zero locks nothing."""
        totals = self.totals()
        balances: dict[str, Held] = {}
        for currency in self.seen:
            total = totals.get(currency, ZERO)
            wanted = sum((amount for code, amount in self._locks() if code == currency), ZERO)
            locked = min(wanted, max(total, ZERO))
            balances[currency] = Held(total, locked, total - locked)
        return balances

    def totals(self) -> dict[str, Fraction]:
        totals = dict(self.opening)
        for instrument, fill in self.fills:
            for currency, amount in self._moves(instrument, fill):
                totals[currency] = totals.get(currency, ZERO) + amount
        if self.leverage is not None:
            for instrument, terms in self.listed.items():
                booked = self.net(instrument).booked
                totals[terms.currency] = totals.get(terms.currency, ZERO) + booked
        return totals

    def net(self, instrument: str) -> Holding:
        """What the account holds, its trades taken in the venue's order of time."""
        holding = Holding(self.listed[instrument])
        trades = [fill for name, fill in self.fills if name == instrument]
        for fill in sorted(trades, key=lambda trade: trade.ts_event):
            holding.trade(fill.signed, fill.price)
        return holding

    def margins(self) -> dict[str, tuple[Fraction, Fraction]]:
        """(initial, maintenance) by instrument, where there is any."""
        margins: dict[str, tuple[Fraction, Fraction]] = {}
        if self.leverage is not None:
            for instrument in self.listed:
                initial = sum((lock for _, lock in self._order_locks(instrument)), ZERO)
                maintenance = self._maintenance(instrument, self.leverage)
                if initial or maintenance:
                    margins[instrument] = (initial, maintenance)
        return margins

    # --- what moves and what locks --------------------------------------------------------

    def _moves(self, instrument: str, fill: Execution) -> Iterator[tuple[str, Fraction]]:
        """What a fill does to totals, but for what closing earns."""
        if self.leverage is None:
            terms = self.listed[instrument]
            yield terms.base, half_even(fill.signed, terms.base_decimals)
            paid = self._notional(terms, abs(fill.signed), fill.price)
            yield terms.currency, -paid if fill.signed > 0 else paid
        yield fill.fee_currency, -fill.fee

    def _locks(self) -> Iterator[tuple[str, Fraction]]:
        for instrument in self.listed:
            yield from self._order_locks(instrument)
            if self.leverage is not None:
                currency = self.listed[instrument].currency
                yield currency, self._maintenance(instrument, self.leverage)

    def _order_locks(self, name: str) -> Iterator[tuple[str, Fraction]]:
        """What each working order of an instrument locks: it is priced, has something left, may
        add exposure, and the venue has it as far as is known."""
        terms = self.listed[name]
        for instrument, order in self.orders.values():
            price_raw = order.trigger_raw if order.price_raw is None else order.price_raw
            if (
                instrument != name
                or price_raw is None
                or not order.leaves_raw
                or order.init.reduce_only
                or order.standing not in _WORKING
            ):
                continue
            price, leaves = Fraction(price_raw, _RAW), Fraction(order.leaves_raw, _RAW)
            if self.leverage is not None:
                holding = Holding(terms)
                value = holding.value(leaves, price)
                yield terms.currency, holding.margin(value, terms.margin_init, self.leverage)
            elif order.init.side is OrderSide.BUY:
                yield terms.currency, self._notional(terms, leaves, price)
            else:
                yield terms.base, half_even(leaves, terms.base_decimals)

    def _maintenance(self, instrument: str, leverage: int) -> Fraction:
        net = self.net(instrument)
        return net.margin(net.cost, net.terms.margin_maint, leverage)

    @staticmethod
    def _notional(terms: Terms, quantity: Fraction, price: Fraction) -> Fraction:
        """Rounded half-even once, from the exact product or quotient."""
        worth = quantity * terms.multiplier
        exact = worth / price if terms.is_inverse else worth * price
        return half_even(exact, terms.decimals)

    def _see(self, currency: str) -> None:
        if currency not in self.seen:
            self.seen.append(currency)
