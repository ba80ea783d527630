"""What money does: profit adds up to what came in and went out, and nothing is locked for nothing.

Amounts here are sums over events in exact integers, with roundings written here: a second opinion
that owes nothing to how positions and accounts keep their books.
"""

from collections.abc import Iterator
from typing import Final

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
)
from engine.model.identifiers import AccountId
from engine.model.instruments import CurrencyPair, Instrument
from engine.model.orders import Order
from invariants.evidence import Evidence
from invariants.order_witness import OrderWitness
from invariants.property import Check, Violation, always

_ONE: Final = 10**16  # raw units of anything
_WORTH: Final = 10**32  # what a worth below counts beyond a raw amount
_CASH: Final = AccountType.CASH
_AT_VENUE: Final = (OrderStatus.ACCEPTED, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED)


def half_even(numerator: int, denominator: int) -> int:
    """The nearest integer; of two as near, the even one."""
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return whole + (twice > denominator or (twice == denominator and whole & 1))


def worth(instrument: Instrument, quantity_raw: int, price_raw: int) -> int:
    """What a quantity is worth in the cost currency, units of 1e-48; an inverse one rounded down."""
    if instrument.is_inverse:
        return quantity_raw * instrument.multiplier.raw * _WORTH // price_raw
    return quantity_raw * price_raw * instrument.multiplier.raw


def _on_grid(amount: int, unit: int) -> int:
    """An amount in units of 1e-48 as raw, rounded once to the grid of its currency."""
    return half_even(amount, _WORTH * unit) * unit


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
    """

    __slots__ = ("closed", "current", "exact", "fees", "paid", "signed")

    def __init__(self) -> None:
        self.signed = 0
        self.paid = 0
        self.fees = 0
        self.closed = 0
        self.current = 0
        self.exact = True


@always(
    "POS-3",
    "Money is conserved: what a position has realised, with what closing it at the price of its "
    "last fill would add, is what its fills brought in less its fees; and the balances of a cash "
    "account are the opening ones with every fill and fee counted once.",
)
class MoneyIsConserved(Check):
    facts = (OrderFilled, AccountState)

    def __init__(self) -> None:
        self._books: dict[str, _Book] = {}
        self._last: dict[str, OrderFilled] = {}  # of each position
        self._totals: dict[str, dict[str, int]] = {}  # account -> currency code -> raw

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        if not evidence.fills:
            for state in evidence.account_states:
                if state.reported:
                    self._totals[state.account_id] = {
                        balance.currency.code: balance.total.raw for balance in state.balances
                    }
            return None
        wrong: list[Violation] = []
        cache = evidence.view.cache
        marks = self._last
        closed: list[OrderFilled] = []
        states: dict[str, AccountState] = {}
        books = self._books
        for fact in evidence.record.facts:
            if isinstance(fact, OrderFilled):
                instrument = cache.instrument(fact.instrument_id)
                if instrument is not None:
                    marks[fact.position_id] = fact
                    self._fill(fact, instrument)
            elif isinstance(fact, PositionEvent):
                book = books[fact.position_id]
                book.current = fact.realized_pnl.raw
                if type(fact) is PositionClosed:
                    book.closed += book.current
                    book.current = 0
                    closed.append(marks[fact.position_id])
            elif type(fact) is AccountState:
                states[fact.account_id] = fact
        for fill in closed:
            wrong.extend(self._position(marks[fill.position_id], evidence))
        for account_id, state in states.items():
            if state.account_type is _CASH:
                wrong.extend(self._account(account_id, state))
        return iter(wrong) if wrong else None

    def _fill(self, fill: OrderFilled, instrument: Instrument) -> None:
        book = self._books.get(fill.position_id)
        if book is None:
            book = self._books[fill.position_id] = _Book()
        quantity, fee = fill.last_qty.raw, fill.commission
        value = worth(instrument, quantity, fill.last_px.raw)
        sign = 1 if fill.side is BUY else -1
        book.signed += sign * quantity
        book.paid += sign * value
        if fee.currency is instrument.cost_currency or fee.currency == instrument.cost_currency:
            book.fees += fee.raw
        elif isinstance(instrument, CurrencyPair):
            book.exact = False
        totals = self._totals.get(fill.account_id)
        if totals is None or instrument.base_currency is None:
            return
        base, cost = instrument.base_currency, instrument.cost_currency
        moved = half_even(quantity, base.unit) * base.unit
        totals[base.code] = totals.get(base.code, 0) + sign * moved
        spent = _on_grid(value, cost.unit)
        totals[cost.code] = totals.get(cost.code, 0) - sign * spent
        code = fee.currency.code
        totals[code] = totals.get(code, 0) - fee.raw

    def _position(self, fill: OrderFilled, evidence: Evidence) -> Iterator[Violation]:
        position_id = fill.position_id
        position = evidence.view.cache.position(fill.position_id)
        instrument = evidence.view.cache.instrument(fill.instrument_id)
        book = self._books[position_id]
        if position is None or instrument is None or not book.exact:
            return
        held = worth(instrument, abs(book.signed), fill.last_px.raw)
        gained = (held if book.signed > 0 else -held) - book.paid
        if instrument.is_inverse:
            gained = -gained
        due = gained - book.fees * _WORTH
        said = book.closed + book.current
        if book.signed:
            said += position.unrealized_pnl(fill.last_px).raw
        # booked profit is rounded once, and so is what is open
        slack = instrument.cost_currency.unit * _WORTH // (1 if book.signed else 2)
        if abs(said * _WORTH - due) > slack:
            told = f"has gained {said} raw by its own account, {due // _WORTH} by its fills"
            yield Violation(position_id, told)

    def end(self, evidence: Evidence) -> Iterator[Violation]:
        for fill in self._last.values():
            yield from self._position(fill, evidence)

    def _account(self, account_id: str, state: AccountState) -> Iterator[Violation]:
        totals = self._totals.get(account_id)
        if totals is None:
            return
        for balance in state.balances:
            code = balance.currency.code
            if balance.total.raw != totals.get(code, 0):
                told = (
                    f"total {balance.total.raw} raw, opening and fills make {totals.get(code, 0)}"
                )
                yield Violation(f"{account_id} {code}", told)


def _lock(
    order: Order, witness: OrderWitness, instrument: Instrument, cash: bool, leverage: int
) -> tuple[str, int]:
    """(currency code, raw) that the order is to lock, from what its events say of it."""
    cost = instrument.cost_currency
    left = witness.quantity - witness.filled
    price = order.price if order.price is not None else order.trigger_price
    if price is None or left <= 0 or order.reduce_only or witness.standing not in _AT_VENUE:
        return cost.code, 0
    if cash:
        base = instrument.base_currency
        if order.side is BUY:
            return cost.code, notional_raw(instrument, left, price.raw)
        return (
            (cost.code, 0) if base is None else (base.code, half_even(left, base.unit) * base.unit)
        )
    margin = worth(instrument, left, price.raw) * instrument.margin_init_raw
    return cost.code, half_even(margin, _WORTH * cost.unit * _ONE * leverage) * cost.unit


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
        self._locks: dict[str, tuple[str, int]] = {}  # by client order id
        self._sums: dict[str, dict[str, int]] = {}  # account -> currency code -> raw
        self._nets: dict[tuple[str, str], int] = {}  # (account, instrument) -> raw

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        cache = evidence.view.cache
        locks = self._locks
        touched: dict[AccountId, None] = {}
        for fill in evidence.fills:
            key = fill.account_id, fill.instrument_id
            change = fill.last_qty.raw if fill.side is BUY else -fill.last_qty.raw
            self._nets[key] = self._nets.get(key, 0) + change
        for order, witness in evidence.touched:
            account_id = order.account_id
            if account_id is None:
                continue
            account = cache.account(account_id)
            instrument = cache.instrument(order.instrument_id)
            if account is None or instrument is None:
                continue
            name = order.client_order_id
            cash = account.account_type is _CASH
            lock = _lock(order, witness, instrument, cash, account.leverage)
            before = locks.get(name)
            if before is None:
                if not lock[1]:
                    continue
                before = lock[0], 0
            elif before == lock:
                continue
            locks[name] = lock
            sums = self._sums.setdefault(account_id, {})
            sums[before[0]] = sums.get(before[0], 0) - before[1]
            sums[lock[0]] = sums.get(lock[0], 0) + lock[1]
            touched[account_id] = None
        for state in evidence.account_states:
            touched[state.account_id] = None
        wrong: list[Violation] = []
        for account_id in touched:
            wrong.extend(self._judge(account_id, evidence))
        return iter(wrong) if wrong else None

    def _judge(self, account_id: AccountId, evidence: Evidence) -> Iterator[Violation]:
        account = evidence.view.cache.account(account_id)
        if account is None:
            return
        sums = self._sums.get(account_id, {})
        for code, balance in account.balances.items():
            due = sums.get(code, 0)
            for margin in account.margins.values():
                if margin.currency.code == code:
                    due += margin.maintenance.raw
            total = balance.total.raw
            if balance.locked.raw != max(0, min(due, total)):
                told = f"locks {balance.locked.raw} raw of {total}, what works calls for {due}"
                yield Violation(f"{account_id} {code}", told)
        for instrument_id, margin in account.margins.items():
            if margin.maintenance.raw and not self._nets.get((account_id, instrument_id)):
                told = f"keeps {margin.maintenance} of margin for nothing held"
                yield Violation(f"{account_id} {instrument_id}", told)
