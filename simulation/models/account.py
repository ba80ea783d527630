"""An account from first principles: its balances are summed over all fills and all orders anew.

Cash: a fill exchanges base for quote, a working order locks what it would pay. Margin: closing
earns, fees cost; working orders lock initial margin, what is held locks maintenance margin. Where
the venue hedges each of its positions is netted for itself. What pays a premium moves its whole
worth with each trade. At settlement all that is held is closed at one price, and so is what
trades that are heard of later leave.
"""

import re
from typing import NamedTuple

from engine.model.enums import OrderSide, OrderStatus
from simulation.models.holding import RAW, Holding, Terms, rounded
from simulation.models.order import OrderModel
from simulation.models.position import Execution

_WORKING = (OrderStatus.ACCEPTED, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED)


class Held(NamedTuple):
    """A balance: total == locked + free. Amounts count units of 1e-16, here and below."""

    total: int
    locked: int
    free: int


class AccountModel:
    """The witness for accounts.

    Args:
        leverage: margins are divided by it; None: a cash account.

    Attributes:
        orders: every order by id, with the name of its instrument.
        fills: every fill with the name of its instrument, as they came.
        settled: the settlement price of each instrument that has one.
        seen: currency codes that ever had an amount or a lock, in the order they came.
    """

    def __init__(self, listed: dict[str, Terms], leverage: int | None) -> None:
        self.listed = listed
        self.leverage = leverage
        self.opening: dict[str, int] = {}
        self.orders: dict[str, tuple[str, OrderModel]] = {}
        self.fills: list[tuple[str, Execution]] = []
        self.settled: dict[str, int] = {}
        self.seen: list[str] = []

    def open(self, currency: str, total: int) -> None:
        """A stated total: from now on it is what the opening and all fills come to."""
        self._see(currency)
        moved = self.totals().get(currency, 0) - self.opening.get(currency, 0)
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
        locks = self._locks()
        balances: dict[str, Held] = {}
        for currency in self.seen:
            total = totals.get(currency, 0)
            wanted = sum([amount for code, amount in locks if code == currency])
            locked = min(wanted, max(total, 0))
            balances[currency] = Held(total, locked, total - locked)
        return balances

    def totals(self) -> dict[str, int]:
        totals = dict(self.opening)
        for instrument, fill in self.fills:
            for currency, amount in self._moves(instrument, fill):
                totals[currency] = totals.get(currency, 0) + amount
        if self.leverage is not None:
            for instrument, position in self.positions():
                currency = self.listed[instrument].currency
                earned = self._earned(instrument, position)
                totals[currency] = totals.get(currency, 0) + earned
        return totals

    def positions(self) -> list[tuple[str, str]]:
        """(instrument, the venue's position) of everything that ever traded, as it came."""
        return list(dict.fromkeys([(name, fill.position) for name, fill in self.fills]))

    def net(self, instrument: str, position: str) -> Holding:
        """What the account holds: its trades in the venue's order, then the settlement."""
        holding = self._traded(instrument, position)
        price = self.settled.get(instrument)
        if price is not None and holding.signed:
            holding.trade(-holding.signed, price)
        return holding

    def _traded(self, instrument: str, position: str) -> Holding:
        holding = Holding(self.listed[instrument])
        for fill in in_the_venues_order(self._fills_of(instrument, position)):
            holding.trade(fill.signed, fill.price)
        return holding

    def _fills_of(self, instrument: str, position: str) -> list[Execution]:
        of_it = (instrument, position)
        return [fill for name, fill in self.fills if (name, fill.position) == of_it]

    def _earned(self, instrument: str, position: str) -> int:
        """What a position of a margin account has brought in, fees aside."""
        terms = self.listed[instrument]
        if not terms.pays_premium:
            return self.net(instrument, position).booked
        moved = 0
        for fill in self._fills_of(instrument, position):
            worth = self._notional(terms, abs(fill.signed), fill.price)
            moved += -worth if fill.signed > 0 else worth
        price = self.settled.get(instrument)
        if price is not None:
            held = self._traded(instrument, position).signed
            worth = self._notional(terms, abs(held), price)
            moved += worth if held > 0 else -worth
        return moved

    def margins(self) -> dict[str, tuple[int, int]]:
        """(initial, maintenance) by instrument, where there is any."""
        margins: dict[str, tuple[int, int]] = {}
        if self.leverage is not None:
            for instrument in self.listed:
                initial = sum([lock for _, lock in self._order_locks(instrument)])
                maintenance = self._maintenance(instrument, self.leverage)
                if initial or maintenance:
                    margins[instrument] = (initial, maintenance)
        return margins

    # --- what moves and what locks --------------------------------------------------------

    def _moves(self, instrument: str, fill: Execution) -> list[tuple[str, int]]:
        """What a fill does to totals, but for what closing earns."""
        moves: list[tuple[str, int]] = []
        if self.leverage is None:
            terms = self.listed[instrument]
            if terms.base:  # shares are in no balance
                moves.append((terms.base, rounded(fill.signed, RAW, terms.base_decimals)))
            paid = self._notional(terms, abs(fill.signed), fill.price)
            moves.append((terms.currency, -paid if fill.signed > 0 else paid))
        moves.append((fill.fee_currency, -fill.fee))
        return moves

    def _locks(self) -> list[tuple[str, int]]:
        locks: list[tuple[str, int]] = []
        for instrument, terms in self.listed.items():
            locks += self._order_locks(instrument)
            if self.leverage is not None:
                locks.append((terms.currency, self._maintenance(instrument, self.leverage)))
        return locks

    def _order_locks(self, name: str) -> list[tuple[str, int]]:
        """What each working order of an instrument locks: it is priced, has something left, may
        add exposure, and the venue has it as far as is known."""
        terms = self.listed[name]
        locks: list[tuple[str, int]] = []
        for instrument, order in self.orders.values():
            if instrument != name:
                continue
            price = order.trigger_raw if order.price_raw is None else order.price_raw
            leaves = order.leaves_raw
            if (
                price is None
                or not leaves
                or order.init.reduce_only
                or order.is_in_quote  # how much that is nobody knows yet
                or order.standing not in _WORKING
            ):
                continue
            is_buy = order.init.side is OrderSide.BUY
            if is_buy and (self.leverage is None or terms.pays_premium):
                locks.append((terms.currency, self._notional(terms, leaves, price)))
            elif self.leverage is not None:
                holding = Holding(terms)
                value = holding.value(leaves, price)
                margin = holding.margin(value, terms.margin_init, self.leverage)
                locks.append((terms.currency, margin))
            elif terms.base:
                locks.append((terms.base, rounded(leaves, RAW, terms.base_decimals)))
        return locks

    def _maintenance(self, instrument: str, leverage: int) -> int:
        margin = 0
        for name, position in self.positions():
            if name == instrument:
                net = self.net(name, position)
                margin += net.margin(net.cost, net.terms.margin_maint, leverage)
        return margin

    @staticmethod
    def _notional(terms: Terms, quantity: int, price: int) -> int:
        """Rounded half-even once, from the exact product or quotient."""
        worth = quantity * terms.multiplier
        if terms.is_inverse:
            return rounded(worth, price * RAW, terms.decimals)
        return rounded(worth * price, RAW * RAW * RAW, terms.decimals)

    def _see(self, currency: str) -> None:
        if currency not in self.seen:
            self.seen.append(currency)


def in_the_venues_order(trades: list[Execution]) -> list[Execution]:
    """By the venue's time. Of one instant they go by number where their ids are alike but for
    that, else as they came."""
    ordered: list[Execution] = []
    for trade in trades:
        at = len(ordered)
        while at and _was_before(trade, ordered[at - 1]):
            at -= 1
        ordered.insert(at, trade)
    return ordered


def _was_before(trade: Execution, other: Execution) -> bool:
    if trade.ts_event != other.ts_event:
        return trade.ts_event < other.ts_event
    (name, number), (other_name, other_number) = _numbered(trade), _numbered(other)
    return name == other_name and number < other_number


def _numbered(trade: Execution) -> tuple[str, int]:
    """("T", 17) of "T17"; what has no number is before what has."""
    digits = re.search(r"\d*$", trade.trade_id)
    number = digits.group() if digits else ""
    return trade.trade_id.removesuffix(number), int(number or -1)
