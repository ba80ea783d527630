"""What money does: profit adds up to what came in and went out.

Amounts here are sums over events in exact integers, with roundings written here: a second opinion
that owes nothing to how positions and accounts keep their books.
"""

from collections.abc import Iterator
from typing import ClassVar, Final

from engine.cache import Cache
from engine.model.currencies import Currency
from engine.model.enums import BUY, AccountType
from engine.model.events import (
    AccountState,
    InstrumentSettled,
    OrderFilled,
    PositionClosed,
    PositionEvent,
    PositionSettled,
)
from engine.model.fixed import UNITS
from engine.model.identifiers import AccountId, PositionId
from engine.model.instruments import CurrencyPair, Instrument
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.violation import Violation

WORTH: Final = 10**32  # what a worth below counts beyond a raw amount
_ONE: Final = 10**16  # raw units of anything
# Two raw amounts without digits below this make a product in raw units, small enough to be
# reckoned with at once; most quantities and prices are such.
_COARSE: Final = 10**8
# one unit of a currency of so many decimals, by its precision, in units of 1e-32
_UNITS_OF_PRODUCTS: Final[tuple[int, ...]] = tuple(_ONE * unit for unit in UNITS)
_CASH: Final = AccountType.CASH


def half_even(numerator: int, denominator: int) -> int:
    """The nearest integer; of two as near, the even one."""
    whole = numerator // denominator
    rest = numerator - whole * denominator
    if not rest:
        return whole
    twice = 2 * rest
    return whole + (twice > denominator or (twice == denominator and whole & 1))


def worth(instrument: Instrument, quantity_raw: int, price_raw: int) -> int:
    """What a quantity is worth in the cost currency, units of 1e-48; an inverse one rounded down."""
    if instrument.is_inverse:
        return quantity_raw * instrument.multiplier.raw * WORTH // price_raw
    return quantity_raw * price_raw * instrument.multiplier.raw


def is_plain(instrument: Instrument) -> bool:
    """Whether quantity times price is what it is worth: a product less, of numbers this large."""
    multiplier: int = instrument.multiplier.raw
    return multiplier == _ONE and not instrument.is_inverse


def held_on_grid(quantity_raw: int, unit: int) -> int:
    """A quantity as raw of a currency of that grid."""
    return half_even(quantity_raw, unit) * unit if quantity_raw % unit else quantity_raw


def notional_raw(instrument: Instrument, quantity_raw: int, price_raw: int) -> int:
    """The same as a raw amount of the cost currency, rounded once to its grid."""
    if is_plain(instrument):
        if not (quantity_raw % _COARSE or price_raw % _COARSE):
            product = (quantity_raw // _COARSE) * (price_raw // _COARSE)
            return held_on_grid(product, instrument.cost_currency.unit)
        return product_raw(quantity_raw * price_raw, instrument.cost_currency)
    unit = instrument.cost_currency.unit
    return half_even(worth(instrument, quantity_raw, price_raw), WORTH * unit) * unit


def product_raw(product: int, currency: Currency) -> int:
    """A raw quantity times a raw price as a raw amount, rounded once to the grid of `currency`."""
    precision: int = currency.precision
    unit: int = currency.unit
    return half_even(product, _UNITS_OF_PRODUCTS[precision]) * unit


class _Book:
    """One position by its fills.

    Attributes:
        signed: raw. paid: worth of all buys less that of all sells. fees: raw.
        parts: how many units of worth make a raw one: one as long as all is coarse, 1e16 as long
            as quantity times price is all of it, else 1e32, as `worth` counts.
        closed: profit of the cycles that are over, as announced; current: of the present one.
        exact: False once a fee was taken out of what is held: that earns nothing and no sum of
            ours can say at which cost.
        shared: how many of its fees it shares with the position beyond it, each rounded once.
    """

    __slots__ = ("closed", "current", "exact", "fees", "paid", "parts", "shared", "signed")

    def __init__(self) -> None:
        self.parts = 1
        self.signed = 0
        self.paid = 0
        self.fees = 0
        self.closed = 0
        self.current = 0
        self.exact = True
        self.shared = 0

    def worth(self, instrument: Instrument, quantity_raw: int, price_raw: int) -> int:
        """What a quantity of its instrument is worth, in the units of `paid`."""
        if self.parts != WORTH and not is_plain(instrument):
            self._count_in(WORTH)
        if self.parts == 1:
            if not (quantity_raw % _COARSE or price_raw % _COARSE):
                return (quantity_raw // _COARSE) * (price_raw // _COARSE)
            self._count_in(_ONE)
        if self.parts == _ONE:
            return quantity_raw * price_raw
        return worth(instrument, quantity_raw, price_raw)

    def _count_in(self, parts: int) -> None:
        self.paid *= parts // self.parts
        self.parts = parts


class _Premiums:
    """What premiums have moved in one account, and what settling them has brought."""

    __slots__ = ("_brought", "_nets", "_prices")

    def __init__(self) -> None:
        self._nets: dict[tuple[str, str], int] = {}  # by instrument and venue position: signed raw
        self._prices: dict[str, int] = {}  # of settlement, raw, by instrument
        self._brought: dict[tuple[str, str], int] = {}

    def take(self, fill: OrderFilled, instrument: Instrument, totals: dict[str, int]) -> None:
        """Count a fill's notional and fee, and its part of a settlement that was heard before."""
        cost, fee = instrument.cost_currency, fill.commission
        key = fill.instrument_id, fill.venue_position_id or ""
        change = fill.last_qty.raw if fill.side is BUY else -fill.last_qty.raw
        self._nets[key] = self._nets.get(key, 0) + change
        spent = notional_raw(instrument, change, fill.last_px.raw)
        totals[cost.code] = totals.get(cost.code, 0) - spent
        totals[fee.currency.code] = totals.get(fee.currency.code, 0) - fee.raw
        self._bring(key, instrument, totals)

    def settle(
        self, settled: InstrumentSettled, instrument: Instrument, totals: dict[str, int]
    ) -> None:
        """Count what the settlement pays for all that is held."""
        self._prices[instrument.id] = settled.price.raw
        for key in self._nets:
            if key[0] == instrument.id:
                self._bring(key, instrument, totals)

    def _bring(self, key: tuple[str, str], instrument: Instrument, totals: dict[str, int]) -> None:
        price = self._prices.get(key[0])
        if price is not None:
            code = instrument.cost_currency.code
            brings = notional_raw(instrument, self._nets[key], price)
            totals[code] = totals.get(code, 0) + brings - self._brought.get(key, 0)
            self._brought[key] = brings


class MoneyIsConserved(Check):
    """A settlement is a trade of all that is held, at its price and without a fee. What closing
    has earned in a margin account depends on the order in which the venue made the trades, and
    not all are heard in that order: so its totals in such currencies are not added up here."""

    facts: ClassVar[Kinds] = (OrderFilled, PositionSettled, InstrumentSettled)

    def __init__(self) -> None:
        self._books: dict[str, _Book] = {}
        self._last: dict[PositionId, OrderFilled] = {}  # of each position
        self._totals: dict[str, dict[str, int]] = {}  # account -> currency code -> raw
        self._premiums: dict[str, _Premiums] = {}  # by account
        # margin account -> codes of the currencies in which closing something may earn
        self._earns: dict[str, dict[str, None]] = {}
        self._wrong: list[Violation] = []  # in the running turn

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        cache = evidence.view.cache
        marks = self._last
        closed: list[PositionId] | None = None
        books = self._books
        for fact in evidence.record.facts:
            kind = type(fact)
            if kind is AccountState:
                continue
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
                if kind is PositionClosed or kind is PositionSettled:
                    book.closed += book.current
                    book.current = 0
                    if closed is None:
                        closed = []
                    closed.append(fact.position_id)
            elif type(fact) is InstrumentSettled:
                self._settle_premiums(fact, evidence)
        wrong = self._wrong
        if closed is not None:
            for position_id in closed:
                self._position(position_id, marks[position_id], evidence, wrong)
        states = evidence.account_states
        if len(states) > 1:  # of each account, what it came to
            states = list({state.account_id: state for state in states}.values())
        for state in states:
            if state.account_type is _CASH or self._premiums:
                self._account(state, wrong)
        if not wrong:
            return None
        self._wrong = []
        return iter(wrong)

    def _fill(self, fill: OrderFilled, instrument: Instrument, evidence: Evidence) -> None:
        book = self._books.get(fill.position_id)
        if book is None:
            book = self._books[fill.position_id] = _Book()
        quantity: int = fill.last_qty.raw
        fee = fill.commission
        fee_raw: int = fee.raw
        cost = instrument.cost_currency
        value = book.worth(instrument, quantity, fill.last_px.raw)
        is_buy = fill.side is BUY
        before = book.signed
        if is_buy:
            book.signed += quantity
            book.paid += value
        else:
            book.signed -= quantity
            book.paid -= value
        is_in_cost = fee.currency is cost or fee.currency == cost
        if is_in_cost:
            book.fees += fee_raw
        elif isinstance(instrument, CurrencyPair):
            book.exact = False
        left = book.signed
        if before and left and (before > 0) != (left > 0) and fill.position_id.is_virtual:
            self._go_beyond(fill, instrument, book)
        account_id = fill.account_id
        totals = self._totals.get(account_id)
        if totals is None:
            totals = self._open(account_id, evidence)
        if instrument.pays_premium:
            self._premiums_of(account_id).take(fill, instrument, totals)
            return
        earns = self._earns.get(account_id) if self._earns else None
        if earns is not None:
            earns[cost.code] = earns[fee.currency.code] = None
            return
        base = instrument.base_currency
        if base is not None:  # shares are held by no balance
            code = base.code
            moved = held_on_grid(quantity, base.unit)
            totals[code] = totals.get(code, 0) + (moved if is_buy else -moved)
        if book.parts == 1:
            spent = held_on_grid(value, cost.unit)
        elif book.parts == _ONE:
            spent = product_raw(value, cost)
        else:
            spent = half_even(value, WORTH * cost.unit) * cost.unit
        if not is_buy:
            spent = -spent
        if is_in_cost:
            spent += fee_raw
        else:
            code = fee.currency.code
            totals[code] = totals.get(code, 0) - fee_raw
        code = cost.code
        totals[code] = totals.get(code, 0) - spent

    def _open(self, account_id: AccountId, evidence: Evidence) -> dict[str, int]:
        """The totals that an account was opened with; what came before is in them. An account
        that is not open yet has none, and nothing to keep them in."""
        opening = evidence.openings.get(account_id)
        if opening is None:
            return {}
        totals = {balance.currency.code: balance.total_raw for balance in opening.balances}
        self._totals[account_id] = totals
        if opening.account_type is not _CASH:
            self._earns[account_id] = {}
        return totals

    def _premiums_of(self, account_id: AccountId) -> _Premiums:
        premiums = self._premiums.get(account_id)
        if premiums is None:
            premiums = self._premiums[account_id] = _Premiums()
        return premiums

    def _settle_premiums(self, settled: InstrumentSettled, evidence: Evidence) -> None:
        instrument = evidence.view.cache.instrument(settled.instrument_id)
        if instrument is None:
            return
        account_id = settled.account_id
        totals = self._totals.get(account_id)
        if totals is None:
            totals = self._open(account_id, evidence)
        if instrument.pays_premium:
            self._premiums_of(account_id).settle(settled, instrument, totals)
        elif account_id in self._earns:
            self._earns[account_id][instrument.cost_currency.code] = None

    @staticmethod
    def _settle(settled: PositionSettled, book: _Book, cache: Cache) -> None:
        """What was held is closed at the settlement price, as if by a fill without a fee."""
        instrument = cache.instrument(settled.instrument_id)
        if instrument is not None:
            value = book.worth(instrument, abs(book.signed), settled.last_px.raw)
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
        value = book.worth(instrument, rest, fill.last_px.raw)
        beyond.parts = book.parts
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
        gained = -book.paid
        said = book.closed + book.current
        if book.signed:
            held = book.worth(instrument, abs(book.signed), fill.last_px.raw)
            gained = (held if book.signed > 0 else -held) - book.paid
            said += position.unrealized_pnl(fill.last_px).raw
        if instrument.is_inverse:
            gained = -gained
        parts = book.parts
        due = gained - book.fees * parts
        # booked profit is rounded once, and so is what is open
        slack = instrument.cost_currency.unit * parts // (1 if book.signed else 2)
        if book.shared:
            slack += book.shared * instrument.cost_currency.unit * parts
        if abs(said * parts - due) > slack:
            told = f"has gained {said} raw by its own account, {due // parts} by its fills"
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
        earns = self._earns.get(account_id) if self._earns else None
        for balance in state.balances:
            code = balance.currency.code
            if earns is not None and code in earns:
                continue
            total: int = balance.total_raw
            made = totals.get(code, 0)
            if total != made:
                told = f"total {total} raw, opening and fills make {made}"
                wrong.append(Violation(f"{account_id} {code}", told))
