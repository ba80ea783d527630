"""What money does: profit adds up to what came in and went out, and nothing is locked for nothing.

Amounts here are sums over events in exact integers, with roundings written here: a second opinion
that owes nothing to how positions and accounts keep their books.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from engine.cache import Account, Cache
from engine.model.enums import BUY, AccountType, OrderStatus
from engine.model.events import (
    AccountState,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderTriggered,
    OrderUpdated,
    PositionClosed,
    PositionEvent,
    PositionSettled,
)
from engine.model.identifiers import AccountId, PositionId
from engine.model.instruments import CurrencyPair, Instrument
from engine.model.orders import Order
from invariants.evidence import Evidence
from invariants.property import Check, Violation, always

_ONE: Final = 10**16  # raw units of anything
WORTH: Final = 10**32  # what a worth below counts beyond a raw amount
_NOTHING: Final = (0, 0)
_NO_SUMS: Final[Mapping[str, int]] = {}
_CASH: Final = AccountType.CASH
_AT_VENUE: Final = (OrderStatus.ACCEPTED, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED)


def half_even(numerator: int, denominator: int) -> int:
    """The nearest integer; of two as near, the even one."""
    whole, rest = divmod(numerator, denominator)
    if not rest:
        return whole
    twice = 2 * rest
    return whole + (twice > denominator or (twice == denominator and whole & 1))


def worth(instrument: Instrument, quantity_raw: int, price_raw: int) -> int:
    """What a quantity is worth in the cost currency, units of 1e-48; an inverse one rounded down."""
    if instrument.is_inverse:
        return quantity_raw * instrument.multiplier.raw * WORTH // price_raw
    return quantity_raw * price_raw * instrument.multiplier.raw


def _on_grid(amount: int, unit: int) -> int:
    """An amount in units of 1e-48 as raw, rounded once to the grid of its currency."""
    return half_even(amount, WORTH * unit) * unit


def _held_on_grid(quantity_raw: int, unit: int) -> int:
    """A quantity as raw of a currency of that grid."""
    return half_even(quantity_raw, unit) * unit if quantity_raw % unit else quantity_raw


def notional_raw(instrument: Instrument, quantity_raw: int, price_raw: int) -> int:
    """The same as a raw amount of the cost currency, rounded once to its grid."""
    return _on_grid(worth(instrument, quantity_raw, price_raw), instrument.cost_currency.unit)


class _Book:
    """One position by its fills.

    Attributes:
        signed: raw. paid: worth of all buys less that of all sells. fees: raw.
        closed: profit of the cycles that are over, as announced; current: of the present one.
        exact: False once a fee was taken out of what is held: that earns nothing and no sum of
            ours can say at which cost.
        shared: how many of its fees it shares with the position beyond it, each rounded once.
    """

    __slots__ = ("closed", "current", "exact", "fees", "paid", "shared", "signed")

    def __init__(self) -> None:
        self.signed = 0
        self.paid = 0
        self.fees = 0
        self.closed = 0
        self.current = 0
        self.exact = True
        self.shared = 0


@always(
    "POS-3",
    "Money is conserved: what a position has realised, with what closing it at the price of its "
    "last fill would add, is what its fills brought in less its fees; and the balances of a cash "
    "account are the opening ones with every fill and fee counted once.",
)
class MoneyIsConserved(Check):
    facts = (OrderFilled, PositionSettled)

    def __init__(self) -> None:
        self._books: dict[str, _Book] = {}
        self._last: dict[PositionId, OrderFilled] = {}  # of each position
        self._totals: dict[str, dict[str, int]] = {}  # account -> currency code -> raw

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        wrong: list[Violation] = []
        cache = evidence.view.cache
        marks = self._last
        closed: list[PositionId] = []
        books = self._books
        for fact in evidence.record.facts:
            if type(fact) is OrderFilled:
                instrument = cache.instrument(fact.instrument_id)
                if instrument is not None:
                    marks[fact.position_id] = fact
                    self._fill(fact, instrument, evidence)
            elif isinstance(fact, PositionEvent):
                book = books.get(fact.position_id)
                if book is None:
                    continue  # no fill went there, which POS-1 tells
                book.current = fact.realized_pnl.raw
                if type(fact) is PositionSettled:
                    self._settle(fact, book, cache)
                if type(fact) is PositionClosed or type(fact) is PositionSettled:
                    book.closed += book.current
                    book.current = 0
                    closed.append(fact.position_id)
        for position_id in closed:
            self._position(position_id, marks[position_id], evidence, wrong)
        states = evidence.account_states
        if len(states) > 1:  # of each account, what it came to
            states = list({state.account_id: state for state in states}.values())
        for state in states:
            if state.account_type is _CASH:
                self._account(state, wrong)
        return iter(wrong) if wrong else None

    def _fill(self, fill: OrderFilled, instrument: Instrument, evidence: Evidence) -> None:
        book = self._books.get(fill.position_id)
        if book is None:
            book = self._books[fill.position_id] = _Book()
        quantity, fee = fill.last_qty.raw, fill.commission
        value = worth(instrument, quantity, fill.last_px.raw)
        sign = 1 if fill.side is BUY else -1
        before = book.signed
        book.signed += sign * quantity
        book.paid += sign * value
        if fee.currency is instrument.cost_currency or fee.currency == instrument.cost_currency:
            book.fees += fee.raw
        elif isinstance(instrument, CurrencyPair):
            book.exact = False
        if before * book.signed < 0 and fill.position_id.is_virtual:
            self._go_beyond(fill, instrument, book)
        totals = self._totals.get(fill.account_id)
        if totals is None:
            opening = evidence.openings.get(fill.account_id)
            if opening is None:
                return  # an account opened later has what came before in its opening balances
            totals = {balance.currency.code: balance.total_raw for balance in opening.balances}
            self._totals[fill.account_id] = totals
        base, cost = instrument.base_currency, instrument.cost_currency
        if base is not None:  # shares are held by no balance
            code = base.code
            moved = _held_on_grid(quantity, base.unit)
            totals[code] = totals.get(code, 0) + (moved if sign > 0 else -moved)
        code = cost.code
        spent = _on_grid(value, cost.unit)
        totals[code] = totals.get(code, 0) - (spent if sign > 0 else -spent)
        code = fee.currency.code
        totals[code] = totals.get(code, 0) - fee.raw

    @staticmethod
    def _settle(settled: PositionSettled, book: _Book, cache: Cache) -> None:
        """What was held is closed at the settlement price, as if by a fill without a fee."""
        instrument = cache.instrument(settled.instrument_id)
        if instrument is not None:
            value = worth(instrument, abs(book.signed), settled.last_px.raw)
            book.paid -= value if book.signed > 0 else -value
            book.signed = 0

    def _go_beyond(self, fill: OrderFilled, instrument: Instrument, book: _Book) -> None:
        """What went through a virtual position is another one's, and so is its part of the fee."""
        beyond_id = PositionId(f"{fill.position_id}F")
        while beyond_id in self._books:
            beyond_id = PositionId(f"{beyond_id}F")
        beyond = self._books[beyond_id] = _Book()
        self._last[beyond_id] = fill
        rest = abs(book.signed)
        value = worth(instrument, rest, fill.last_px.raw)
        beyond.signed, book.signed = book.signed, 0
        beyond.paid = value if beyond.signed > 0 else -value
        book.paid -= beyond.paid
        beyond.exact = book.exact
        if fill.commission.currency == instrument.cost_currency:
            beyond.fees = fill.commission.raw * rest // fill.last_qty.raw
            book.fees -= beyond.fees
        beyond.shared = 1
        book.shared += 1

    def _position(
        self,
        position_id: PositionId,
        fill: OrderFilled,
        evidence: Evidence,
        wrong: list[Violation],
    ) -> None:
        position = evidence.view.cache.position(position_id)
        instrument = evidence.view.cache.instrument(fill.instrument_id)
        book = self._books[position_id]
        if position is None or instrument is None or not book.exact:
            return
        held = worth(instrument, abs(book.signed), fill.last_px.raw)
        gained = (held if book.signed > 0 else -held) - book.paid
        if instrument.is_inverse:
            gained = -gained
        due = gained - book.fees * WORTH
        said = book.closed + book.current
        if book.signed:
            said += position.unrealized_pnl(fill.last_px).raw
        # booked profit is rounded once, and so is what is open
        slack = instrument.cost_currency.unit * WORTH // (1 if book.signed else 2)
        if book.shared:
            slack += book.shared * instrument.cost_currency.unit * WORTH
        if abs(said * WORTH - due) > slack:
            told = f"has gained {said} raw by its own account, {due // WORTH} by its fills"
            wrong.append(Violation(position_id, told))

    def end(self, evidence: Evidence) -> Iterator[Violation] | None:
        wrong: list[Violation] = []
        for position_id, fill in self._last.items():
            self._position(position_id, fill, evidence, wrong)
        return iter(wrong) if wrong else None

    def _account(self, state: AccountState, wrong: list[Violation]) -> None:
        account_id = state.account_id
        totals = self._totals.get(account_id)
        if totals is None:
            return
        for balance in state.balances:
            code = balance.currency.code
            if balance.total_raw != totals.get(code, 0):
                told = (
                    f"total {balance.total_raw} raw, opening and fills make {totals.get(code, 0)}"
                )
                wrong.append(Violation(f"{account_id} {code}", told))


def _lock(
    order: Order, left: int, price_raw: int, instrument: Instrument, account: Account
) -> tuple[str, int]:
    """(currency code, raw) that a working order is to lock for what is left of it."""
    cost = instrument.cost_currency
    if account.account_type is _CASH:
        base = instrument.base_currency
        if order.side is BUY:
            return cost.code, notional_raw(instrument, left, price_raw)
        if base is None:
            return cost.code, 0
        return base.code, _held_on_grid(left, base.unit)
    if price_raw < 0:
        return cost.code, 0
    if instrument.pays_premium and order.side is BUY:
        return cost.code, notional_raw(instrument, left, price_raw)
    margin = worth(instrument, left, price_raw) * instrument.margin_init_raw
    return cost.code, half_even(margin, WORTH * cost.unit * _ONE * account.leverage) * cost.unit


@always(
    "ACC-2",
    "What is locked equals the sum of what each working order and each net position calls for, "
    "held to the total; with none of them it is zero.",
)
class LocksAreReservations(Check):
    """Of a margin account the orders' part is summed here; what net positions lock is checked to
    be there exactly while something is held."""

    facts = (
        OrderAccepted,
        OrderRejected,
        OrderUpdated,
        OrderTriggered,
        OrderFilled,
        OrderCanceled,
        OrderExpired,
        AccountState,
    )

    def __init__(self) -> None:
        self._works: dict[str, tuple[int, int]] = {}  # of each order: leaves and price that lock
        self._locks: dict[str, tuple[str, int]] = {}  # by client order id
        self._sums: dict[str, dict[str, int]] = {}  # account -> currency code -> raw
        # (account, instrument) -> raw by position, "" where the venue nets
        self._nets: dict[tuple[str, str], dict[str, int]] = {}

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        touched: dict[AccountId, None] = {}
        if evidence.fills:
            nets = self._nets
            for fill in evidence.fills:
                held = nets.setdefault((fill.account_id, fill.instrument_id), {})
                change = fill.last_qty.raw if fill.side is BUY else -fill.last_qty.raw
                at = fill.venue_position_id or ""
                held[at] = held.get(at, 0) + change
        known = self._works
        for order, witness in evidence.touched:
            price = order.price
            if price is None:
                price = order.trigger_price
            if price is None or order.reduce_only:
                continue
            left = witness.quantity - witness.filled
            works = (left, price.raw) if left > 0 and witness.standing in _AT_VENUE else _NOTHING
            name = order.client_order_id
            if works != known.get(name, _NOTHING):
                known[name] = works
                self._move(order, works, touched, evidence.view.cache)
        for state in evidence.account_states:
            touched[state.account_id] = None
        if not touched:
            return None
        wrong: list[Violation] = []
        for account_id in touched:
            self._judge(account_id, evidence.view.cache, wrong)
        return iter(wrong) if wrong else None

    def _move(
        self, order: Order, works: tuple[int, int], touched: dict[AccountId, None], cache: Cache
    ) -> None:
        account_id = order.account_id
        account = None if account_id is None else cache.account(account_id)
        instrument = cache.instrument(order.instrument_id)
        if account is None or instrument is None:
            return
        name = order.client_order_id
        sums = self._sums.get(account.id)
        if sums is None:
            sums = self._sums[account.id] = {}
        before = self._locks.pop(name, None)
        if before is not None:
            sums[before[0]] -= before[1]
        if works is not _NOTHING:
            code, amount = self._locks[name] = _lock(order, *works, instrument, account)
            sums[code] = sums.get(code, 0) + amount
        touched[account.id] = None

    def _judge(self, account_id: AccountId, cache: Cache, wrong: list[Violation]) -> None:
        account = cache.account(account_id)
        if account is None:
            return
        sums = self._sums.get(account_id, _NO_SUMS)
        margins = account.margins
        for code, balance in account.balances.items():
            due = sums.get(code, 0)
            for margin in margins.values():
                if margin.currency.code == code:
                    due += margin.maintenance_raw
            locked = balance.locked_raw
            if locked != due and locked != max(0, min(due, balance.total_raw)):
                told = f"locks {locked} raw of {balance.total_raw}, what works calls for {due}"
                wrong.append(Violation(f"{account_id} {code}", told))
        for instrument_id, margin in margins.items():
            if margin.maintenance_raw and not any(
                self._nets.get((account_id, instrument_id), _NO_SUMS).values()
            ):
                told = f"keeps {margin.maintenance} of margin for nothing held"
                wrong.append(Violation(f"{account_id} {instrument_id}", told))
