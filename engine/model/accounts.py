"""Accounts: what the kernel believes it has at a venue, kept as raw integers per currency.

Totals move by fills; locks are contributions, one for each open order and, in a margin account,
one for each net position. A change touches only the contribution that changed and the balance
of its currency: nothing is summed again over all orders.

`locked` is the sum of contributions held to 0..total, so total == locked + free always. A fill
is money already spent: where a cash total goes below zero, the balance says so and nothing is
refused (`is_breached`; the portfolio raises the alert).
"""

from collections.abc import Mapping
from typing import Final, TypeVar

from engine.model.cost import AccountNet, CostBasis, Valuation
from engine.model.currencies import Currency
from engine.model.enums import BUY, AccountType, OrderStatus
from engine.model.events import AccountState, OrderFilled
from engine.model.fixed import divide_half_even
from engine.model.identifiers import AccountId, InstrumentId
from engine.model.instruments import Instrument
from engine.model.orders import Order
from engine.model.values import AccountBalance, MarginBalance, Money

_K = TypeVar("_K", bound=str)
_V = TypeVar("_V")

# What locks: an order by its client order id, a net position by (instrument id,).
Key = str | tuple[str]

_AT_VENUE: Final = (OrderStatus.ACCEPTED, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED)


def reserves(order: Order) -> bool:
    """Whether the order locks anything: working at the venue, priced, able to add exposure.

    An order with a modify or cancel on the wire counts as what it is beneath; one that is only
    submitted does not count, since the venue may not have it.
    """
    return (
        (order.price is not None or order.trigger_price is not None)
        and order.leaves_raw > 0
        and not order.reduce_only
        and order.status_at_venue in _AT_VENUE
        and not order.is_quote_quantity  # the venue says in a moment how much that is
    )


def _price_raw(order: Order) -> int:
    price = order.trigger_price if order.price is None else order.price
    if price is None:
        raise ValueError(f"{order.client_order_id} has no price to lock at")
    raw: int = price.raw
    return raw


def cash_lock(order: Order, instrument: Instrument) -> tuple[Currency, int]:
    """(currency, raw amount) that a working order locks in a cash account.

    BUY: the notional of what is left, at price or else trigger, rounded half-even once to the
    cost currency. SELL: what is left, in the base currency.
    """
    if order.side is BUY:
        return (
            instrument.cost_currency,
            instrument.notional_raw(order.leaves_raw, _price_raw(order)),
        )
    base = held_currency(instrument)
    return base, _on_grid(order.leaves_raw, base)


def held_currency(instrument: Instrument) -> Currency:
    """What a cash account holds after buying: the base currency.

    Raises:
        ValueError: the instrument has none; it is for margin accounts.
    """
    base = instrument.base_currency
    if base is None:
        raise ValueError(f"{instrument.id} has no base currency: no cash account can hold it")
    return base


def margin_lock(
    order: Order, instrument: Instrument, valuation: Valuation, leverage: int
) -> tuple[Currency, int]:
    """(currency, raw amount) of initial margin for what is left of a working order: exact
    notional x rate / leverage, rounded half-even once."""
    value = valuation.value(order.leaves_raw, _price_raw(order))
    raw = valuation.margin_raw(value, instrument.margin_init_raw, leverage)
    return valuation.currency, raw


def maintenance(net: CostBasis, instrument: Instrument, leverage: int) -> int:
    """Raw maintenance margin of a net position at its exact open cost, rounded half-even once."""
    return net.valuation.margin_raw(net.cost, instrument.margin_maint_raw, leverage)


def _by_key(values: Mapping[_K, _V]) -> tuple[_V, ...]:
    """The values, sorted by their keys."""
    if len(values) < 2:
        return tuple(values.values())
    return tuple([values[key] for key in sorted(values)])


def _code_of(balance: AccountBalance) -> str:
    return balance.currency.code


def _on_grid(quantity_raw: int, currency: Currency) -> int:
    return divide_half_even(quantity_raw, currency.unit) * currency.unit


class Account:
    """Balances of one account. `CashAccount` and `MarginAccount` say what fills and orders do.

    Attributes:
        leverage: margins are divided by it; 1 in a cash account.
        balances: by currency code, in its order; objects are replaced, never changed.
        margins: by instrument, only where something is held.
        last_event: the latest AccountState applied or stated; None before the first.
        events_count: how many there were.
    """

    account_type: AccountType

    __slots__ = (
        "_contributions",
        "_currencies",
        "_locked_raw",
        "_stale",
        "_total_raw",
        "balances",
        "events_count",
        "id",
        "last_event",
        "leverage",
        "margins",
    )

    def __init__(self, account_id: AccountId, leverage: int = 1) -> None:
        """
        Raises:
            ValueError: `leverage` is not positive.
        """
        if leverage <= 0:
            raise ValueError(f"leverage must be positive, was {leverage}")
        self.id = account_id
        self.leverage = leverage
        self.balances: dict[str, AccountBalance] = {}
        self.margins: dict[InstrumentId, MarginBalance] = {}
        self.last_event: AccountState | None = None
        self.events_count = 0
        self._currencies: dict[str, Currency] = {}
        self._total_raw: dict[str, int] = {}
        self._locked_raw: dict[str, int] = {}  # contributions, before holding them to the total
        self._contributions: dict[Key, tuple[str, int]] = {}
        self._stale: dict[str, None] = {}  # currency codes whose balance must be made anew

    # --- reading -------------------------------------------------------------------------

    def balance(self, currency: Currency) -> AccountBalance | None:
        return self.balances.get(currency.code)

    def balance_total(self, currency: Currency) -> Money | None:
        balance = self.balances.get(currency.code)
        return None if balance is None else balance.total

    def balance_locked(self, currency: Currency) -> Money | None:
        balance = self.balances.get(currency.code)
        return None if balance is None else balance.locked

    def balance_free(self, currency: Currency) -> Money | None:
        balance = self.balances.get(currency.code)
        return None if balance is None else balance.free

    def free_raw(self, code: str) -> int:
        """Raw free amount of a currency code; 0 for one that the account never had."""
        balance = self.balances.get(code)
        return 0 if balance is None else balance.free_raw

    @property
    def is_breached(self) -> bool:
        """A total is below zero."""
        return min(self._total_raw.values(), default=0) < 0

    def __repr__(self) -> str:
        held = "; ".join(map(str, self.balances.values()))
        return f"{type(self).__name__}({self.id} {held})"

    # --- changing ------------------------------------------------------------------------

    def apply(self, event: AccountState) -> None:
        """Take the balances and margins of a state as they stand; contributions are kept, and
        locks are theirs again from the next change of a currency on.

        A state with neither balances nor margins changes nothing but `last_event`.

        Raises:
            ValueError: another account's state, or one of another type.
        """
        if event.account_id != self.id or event.account_type is not self.account_type:
            raise ValueError(
                f"state of {event.account_id} {event.account_type.name}, "
                f"not {self.id} {self.account_type.name}"
            )
        if event.balances or event.margins:
            self.balances = {}
            self._total_raw = {}
            for balance in sorted(event.balances, key=_code_of):
                code = balance.currency.code
                self.balances[code] = balance
                self._currencies[code] = balance.currency
                self._total_raw[code] = balance.total_raw
            self.margins = {
                margin.instrument_id: margin
                for margin in event.margins
                if margin.instrument_id is not None
            }
        self._stale.clear()
        self.note(event)

    def note(self, event: AccountState) -> None:
        """Remember the state that this account has just come to."""
        self.last_event = event
        self.events_count += 1

    def set_total(self, currency: Currency, total_raw: int) -> None:
        """State a total, as an opening balance does."""
        code = currency.code
        self._currencies[code] = currency
        if code not in self.balances or self._total_raw.get(code) != total_raw:
            self._total_raw[code] = total_raw
            self._stale[code] = None

    def credit(self, currency: Currency, delta_raw: int) -> None:
        """Add to (or, negative, take from) a total; the first touch creates the currency."""
        if delta_raw:
            code = currency.code
            self.set_total(currency, self._total_raw.get(code, 0) + delta_raw)

    def contribute(self, key: Key, currency: Currency, amount_raw: int) -> None:
        """State what one order or net position locks now; 0 releases it. Replaces its last word."""
        code = currency.code
        before = self._contributions.get(key)
        if before is None:
            if amount_raw == 0:
                return
        elif before == (code, amount_raw):
            return
        else:
            self._locked_raw[before[0]] -= before[1]
            self._stale[before[0]] = None
        if amount_raw:
            self._contributions[key] = (code, amount_raw)
            self._currencies[code] = currency
            self._locked_raw[code] = self._locked_raw.get(code, 0) + amount_raw
            self._stale[code] = None
        else:
            del self._contributions[key]

    def contribution_raw(self, key: Key) -> int:
        """What the order or net position locks, raw in its own currency."""
        return self._contributions.get(key, ("", 0))[1]

    def settle(self) -> bool:
        """Make the balances (and margins) that were touched anew. True if there were any."""
        if not self._stale:
            return False
        known = len(self.balances)
        for code in self._stale:
            total_raw = self._total_raw.setdefault(code, 0)
            locked_raw = self._locked_raw.get(code, 0)
            if locked_raw > total_raw:
                locked_raw = max(total_raw, 0)
            self.balances[code] = AccountBalance.of_raw(
                total_raw, locked_raw, self._currencies[code]
            )
        self._stale.clear()
        if len(self.balances) > known:
            self.balances = dict(sorted(self.balances.items()))
        return True

    def state(self, event_id: str, ts_event: int, ts_init: int, reported: bool) -> AccountState:
        """The account as an event. Call `settle` first."""
        return AccountState(
            self.id,
            self.account_type,
            tuple(self.balances.values()),
            _by_key(self.margins),
            reported,
            event_id,
            ts_event,
            ts_init,
        )

    def apply_fill(self, fill: OrderFilled, instrument: Instrument) -> None:
        raise NotImplementedError

    def apply_order(self, order: Order, instrument: Instrument) -> None:
        raise NotImplementedError


class CashAccount(Account):
    """Full payment: a fill exchanges base for quote, an order locks what it would pay."""

    account_type = AccountType.CASH

    __slots__ = ()

    def apply_fill(self, fill: OrderFilled, instrument: Instrument) -> None:
        """BUY: +quantity base, -notional quote; SELL the reverse; commission out of its own
        currency. The notional is rounded half-even once to the cost currency."""
        quantity_raw: int = fill.last_qty.raw
        base = held_currency(instrument)
        base_raw = _on_grid(quantity_raw, base)
        cost_raw = instrument.notional_raw(quantity_raw, fill.last_px.raw)
        if fill.side is BUY:
            self.credit(base, base_raw)
            self.credit(instrument.cost_currency, -cost_raw)
        else:
            self.credit(base, -base_raw)
            self.credit(instrument.cost_currency, cost_raw)
        self.credit(fill.commission.currency, -fill.commission.raw)

    def apply_order(self, order: Order, instrument: Instrument) -> None:
        """Make the order's lock what the order now calls for."""
        if reserves(order):
            currency, amount_raw = cash_lock(order, instrument)
            self.contribute(order.client_order_id, currency, amount_raw)
        else:
            self.contribute(order.client_order_id, instrument.cost_currency, 0)


class MarginAccount(Account):
    """Profit and loss only: nets all fills of an instrument, whatever strategy they belong to,
    as the venue does. Orders lock initial margin, net positions maintenance margin.

    Attributes:
        nets: the account's net position by instrument.
    """

    account_type = AccountType.MARGIN

    __slots__ = ("_initial_raw", "_stale_margins", "_valuations", "nets")

    def __init__(self, account_id: AccountId, leverage: int = 10) -> None:
        super().__init__(account_id, leverage)
        self.nets: dict[InstrumentId, AccountNet] = {}
        self._valuations: dict[InstrumentId, Valuation] = {}
        self._initial_raw: dict[InstrumentId, int] = {}
        self._stale_margins: dict[InstrumentId, None] = {}

    def apply_fill(self, fill: OrderFilled, instrument: Instrument) -> None:
        """Total changes by what closing has earned, less the commission in its own currency."""
        booked_raw = self.restore_fill(fill, instrument)
        self.credit(instrument.cost_currency, booked_raw)
        self.credit(fill.commission.currency, -fill.commission.raw)

    def restore_fill(self, fill: OrderFilled, instrument: Instrument) -> int:
        """Move the net position and its margin alone: all there is to do where the totals
        contain the fill already. Returns what closing has earned, raw in the cost currency."""
        net = self._net(instrument)
        quantity_raw: int = fill.last_qty.raw
        booked_raw = net.trade_at(
            fill.ts_event,
            quantity_raw if fill.side is BUY else -quantity_raw,
            fill.last_px.raw,
        )
        self.contribute(
            (instrument.id,),
            net.valuation.currency,
            maintenance(net, instrument, self.leverage),
        )
        self._stale_margins[instrument.id] = None
        return booked_raw

    def apply_order(self, order: Order, instrument: Instrument) -> None:
        """Make the order's initial margin what the order now calls for."""
        key = order.client_order_id
        held = self._contributions.get(key)
        before_raw = 0 if held is None else held[1]
        amount_raw = 0
        if reserves(order):
            valuation = self._valuation(instrument)
            _, amount_raw = margin_lock(order, instrument, valuation, self.leverage)
        if amount_raw != before_raw:
            instrument_id = instrument.id
            valuation = self._valuation(instrument)
            self.contribute(key, valuation.currency, amount_raw)
            initial_raw = self._initial_raw.get(instrument_id, 0) + amount_raw - before_raw
            self._initial_raw[instrument_id] = initial_raw
            self._stale_margins[instrument_id] = None

    def settle(self) -> bool:
        for instrument_id in self._stale_margins:
            self._state_margin(instrument_id)
        self._stale_margins.clear()
        return super().settle()

    def _state_margin(self, instrument_id: InstrumentId) -> None:
        currency = self._valuations[instrument_id].currency
        initial_raw = self._initial_raw.get(instrument_id, 0)
        maintenance_raw = self.contribution_raw((instrument_id,))
        if initial_raw or maintenance_raw:
            self.margins[instrument_id] = MarginBalance.of_raw(
                initial_raw, maintenance_raw, currency, instrument_id
            )
        else:
            self.margins.pop(instrument_id, None)

    def _net(self, instrument: Instrument) -> AccountNet:
        net = self.nets.get(instrument.id)
        if net is None:
            net = self.nets[instrument.id] = AccountNet(self._valuation(instrument))
        return net

    def _valuation(self, instrument: Instrument) -> Valuation:
        valuation = self._valuations.get(instrument.id)
        if valuation is None:
            valuation = self._valuations[instrument.id] = Valuation(instrument)
        return valuation
