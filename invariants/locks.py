"""Nothing is locked for nothing: what accounts hold back for working orders and for what they hold.

Amounts are sums over events in exact integers, as in `invariants.money`.
"""

from collections.abc import Iterator
from typing import ClassVar, Final

from engine.cache import Account, Cache
from engine.model.enums import BUY, AccountType, OrderStatus
from engine.model.events import (
    AccountState,
    InstrumentSettled,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderTriggered,
    OrderUpdated,
)
from engine.model.identifiers import AccountId, InstrumentId
from engine.model.instruments import Instrument
from engine.model.orders import Order
from engine.model.reports import SettlementReport
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.money import WORTH, half_even, held_on_grid, notional_raw, worth
from invariants.violation import Violation

_ONE: Final = 10**16  # raw units of anything
_NO_SUMS: Final[dict[str, int]] = {}
_NOTHING: Final = ("", 0)
_CASH: Final = AccountType.CASH
_ACCEPTED: Final = OrderStatus.ACCEPTED
_TRIGGERED: Final = OrderStatus.TRIGGERED
_PARTIALLY_FILLED: Final = OrderStatus.PARTIALLY_FILLED


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
        return base.code, held_on_grid(left, base.unit)
    if price_raw < 0:
        return cost.code, 0
    if instrument.pays_premium and order.side is BUY:
        return cost.code, notional_raw(instrument, left, price_raw)
    margin = worth(instrument, left, price_raw) * instrument.margin_init_raw
    return cost.code, half_even(margin, WORTH * cost.unit * _ONE * account.leverage) * cost.unit


class _Works:
    """What of one order works at the venue, and what is locked for it.

    Attributes:
        left, price: raw; 0 and 0 where nothing works.
        code, amount: currency and raw, in the sums of its account; "" and 0 where nothing is.
    """

    __slots__ = ("amount", "code", "left", "price")

    def __init__(self) -> None:
        self.left = 0
        self.price = 0
        self.code = ""
        self.amount = 0


class _Held:
    """What a margin account holds of one instrument, by the venue's position ids ("" where it
    nets), and between which bounds its maintenance margin lies.

    Cost is a mean of the prices of fills, in whichever order the venue made them: so it lies
    between the whole at the cheapest and the whole at the dearest.

    Attributes:
        nets: signed raw quantity, least and greatest raw price of the fills.
        bounds: least and greatest maintenance margin, raw; None: to be worked out anew.
        settled: the venue has closed it, and closes what is still to be heard of.
    """

    __slots__ = ("bounds", "nets", "settled")

    def __init__(self) -> None:
        self.nets: dict[str, tuple[int, int, int]] = {}
        self.bounds: tuple[int, int] | None = None
        self.settled = False

    def add(self, fill: OrderFilled) -> None:
        price, key = fill.last_px.raw, fill.venue_position_id or ""
        signed, least, greatest = self.nets.get(key, (0, price, price))
        signed += fill.last_qty.raw if fill.side is BUY else -fill.last_qty.raw
        self.nets[key] = signed, min(least, price), max(greatest, price)
        self.bounds = None

    def margin(self, instrument: Instrument, leverage: int) -> tuple[int, int]:
        low = high = 0
        if not self.settled:
            unit = instrument.cost_currency.unit
            divisor = WORTH * unit * _ONE * leverage
            for signed, least, greatest in self.nets.values():
                if signed:
                    ends = sorted(
                        worth(instrument, abs(signed), price) * instrument.margin_maint_raw
                        for price in (least, greatest)
                    )
                    sizes = sorted(map(abs, ends))
                    # cost is kept in whole units of its own, which may round the other way
                    low += (sizes[0] // divisor * unit) if ends[0] > 0 or ends[1] < 0 else 0
                    high += -(-sizes[1] // divisor) * unit
        self.bounds = low, high
        return low, high


class LocksAreReservations(Check):
    """Of a margin account the orders' part is summed here. What a net position locks is held to
    what it calls for at the cheapest and at the dearest of its fills: the exact cost depends on
    the order in which the venue made them. A hedging account locks for each of its positions."""

    facts: ClassVar[Kinds] = (
        OrderAccepted,
        OrderRejected,
        OrderUpdated,
        OrderTriggered,
        OrderFilled,
        OrderCanceled,
        OrderExpired,
        AccountState,
        InstrumentSettled,
    )

    def __init__(self) -> None:
        self._works: dict[str, _Works] = {}  # by client order id, of whatever ever worked
        self._sums: dict[str, dict[str, int]] = {}  # account -> currency code -> raw
        self._held: dict[AccountId, dict[InstrumentId, _Held]] = {}  # of margin accounts
        self._touched: list[AccountId] = []  # in the running turn, each once
        self._wrong: list[Violation] = []

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        touched, wrong = self._touched, self._wrong
        if evidence.fills:
            self._hold(evidence)
        if type(evidence.record.input) is SettlementReport:
            self._settle(evidence, touched)
        known, cache = self._works, evidence.view.cache
        for order, witness in evidence.touched:
            price = order.price
            if price is None:
                price = order.trigger_price
            if price is None or order.reduce_only:
                continue
            name = order.client_order_id
            works = known.get(name)
            standing = witness.standing
            left = witness.quantity - witness.filled
            price_raw = 0
            if left > 0 and (
                standing is _ACCEPTED or standing is _TRIGGERED or standing is _PARTIALLY_FILLED
            ):
                price_raw = price.raw
                if works is None:
                    works = known[name] = _Works()
                elif left == works.left and price_raw == works.price:
                    continue
            elif works is None or not works.left:
                continue
            else:
                left = 0
            works.left = left
            works.price = price_raw
            self._move(order, works, touched, cache)
        for state in evidence.account_states:
            account_id = state.account_id
            if account_id not in touched:
                touched.append(account_id)
        if not touched:
            return None
        for account_id in touched:
            self._judge(account_id, cache, wrong)
        touched.clear()
        if not wrong:
            return None
        self._wrong = []
        return iter(wrong)

    def _hold(self, evidence: Evidence) -> None:
        cache = evidence.view.cache
        for fill in evidence.fills:
            account = cache.account(fill.account_id)
            if account is None or account.account_type is not _CASH:
                self._held_of(fill.account_id, fill.instrument_id).add(fill)

    def _settle(self, evidence: Evidence, touched: list[AccountId]) -> None:
        for fact in evidence.record.facts:
            if type(fact) is InstrumentSettled:
                held = self._held_of(fact.account_id, fact.instrument_id)
                held.settled, held.bounds = True, None
                if fact.account_id not in touched:
                    touched.append(fact.account_id)

    def _held_of(self, account_id: AccountId, instrument_id: InstrumentId) -> _Held:
        of_account = self._held.setdefault(account_id, {})
        held = of_account.get(instrument_id)
        if held is None:
            held = of_account[instrument_id] = _Held()
        return held

    def _move(self, order: Order, works: _Works, touched: list[AccountId], cache: Cache) -> None:
        account_id = order.account_id
        account = None if account_id is None else cache.account(account_id)
        instrument = cache.instrument(order.instrument_id)
        if account_id is None or account is None or instrument is None:
            return
        sums = self._sums.get(account_id)
        if sums is None:
            sums = self._sums[account_id] = {}
        code, amount = _NOTHING
        if works.left:
            code, amount = _lock(order, works.left, works.price, instrument, account)
        was = works.code
        if was and was != code:
            sums[was] = sums.get(was, 0) - works.amount
            works.amount = 0
        if code:
            sums[code] = sums.get(code, 0) - works.amount + amount
        works.code = code
        works.amount = amount
        if account_id not in touched:
            touched.append(account_id)

    def _judge(self, account_id: AccountId, cache: Cache, wrong: list[Violation]) -> None:
        account = cache.account(account_id)
        if account is None:
            return
        sums = self._sums.get(account_id)
        if sums is None:
            sums = _NO_SUMS
        margins = account.margins
        for code, balance in account.balances.items():
            due = sums.get(code, 0)
            if margins:
                for margin in margins.values():
                    if margin.currency.code == code:
                        due += margin.maintenance_raw
            locked: int = balance.locked_raw
            if locked != due and locked != max(0, min(due, balance.total_raw)):
                told = f"locks {locked} raw of {balance.total_raw}, what works calls for {due}"
                wrong.append(Violation(f"{account_id} {code}", told))
        if account.account_type is _CASH:
            return
        of_account = self._held.get(account_id, {})
        for instrument_id, position in of_account.items():
            instrument = cache.instrument(instrument_id)
            if instrument is not None:
                bounds = position.bounds or position.margin(instrument, account.leverage)
                kept = margins.get(instrument_id)
                kept_raw = 0 if kept is None else kept.maintenance_raw
                if not bounds[0] <= kept_raw <= bounds[1]:
                    called = " to ".join(map(str, dict.fromkeys(bounds)))
                    told = f"keeps {kept_raw} raw of margin, what is held calls for {called}"
                    wrong.append(Violation(f"{account_id} {instrument_id}", told))
        for instrument_id, margin in margins.items():
            if margin.maintenance_raw and instrument_id not in of_account:
                told = f"keeps {margin.maintenance} of margin for nothing held"
                wrong.append(Violation(f"{account_id} {instrument_id}", told))
