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
from engine.model.enums import BUY, AccountType, OrderSide, OrderStatus
from engine.model.events import AccountState, OrderFilled
from engine.model.fixed import divide_half_even
from engine.model.identifiers import AccountId, InstrumentId
from engine.model.instruments import Equity, Instrument
from engine.model.orders import Order
from engine.model.values import AccountBalance, MarginBalance, Money

_K = TypeVar("_K", bound=str)
_V = TypeVar("_V")

# What locks: an order by its client order id; a position of the account by (instrument id,
# position id), the latter "" where the venue nets.
NetKey = tuple[InstrumentId, str]
Key = str | NetKey

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
    cost currency. SELL: what is left, in the base currency; shares lock no money.
    """
    if order.side is BUY:
        return (
            instrument.cost_currency,
            instrument.notional_raw(order.leaves_raw, _price_raw(order)),
        )
    base = held_currency(instrument)
    if base is None:
        return instrument.cost_currency, 0
    return base, _on_grid(order.leaves_raw, base)


def held_currency(instrument: Instrument) -> Currency | None:
    """What a cash account holds after buying: the base currency; None for shares, which no
    balance holds.

    Raises:
        ValueError: the instrument is for margin accounts.
    """
    base = instrument.base_currency
    if base is None and not isinstance(instrument, Equity):
        raise ValueError(f"{instrument.id} has no base currency: no cash account can hold it")
    return base


def margin_lock(
    order: Order, instrument: Instrument, valuation: Valuation, leverage: int
) -> tuple[Currency, int]:
    """(currency, raw amount) that a working order locks in a margin account; see `initial_raw`."""
    leaves_raw: int = order.leaves_raw
    return valuation.currency, initial_raw(
        instrument, valuation, order.side, leaves_raw, _price_raw(order), leverage
    )


def initial_raw(
    instrument: Instrument,
    valuation: Valuation,
    side: OrderSide,
    quantity_raw: int,
    price_raw: int,
    leverage: int,
) -> int:
    """What an order of this size locks, raw in the cost currency: initial margin (exact notional
    x rate / leverage, rounded half-even once), or the whole premium to be paid. A price below
    zero locks nothing."""
    if price_raw < 0:
        return 0
    if instrument.pays_premium and side is BUY:
        return instrument.notional_raw(quantity_raw, price_raw)
    value = valuation.value(quantity_raw, price_raw)
    return valuation.margin_raw(value, instrument.margin_init_raw, leverage)


def maintenance(net: CostBasis, instrument: Instrument, leverage: int) -> int:
    """Raw maintenance margin of a net position at its exact open cost, rounded half-even once."""
    return net.valuation.margin_raw(abs(net.cost), instrument.margin_maint_raw, leverage)


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
        cost_raw = instrument.notional_raw(quantity_raw, fill.last_px.raw)
        if fill.side is BUY:
            if base is not None:
                self.credit(base, _on_grid(quantity_raw, base))
            self.credit(instrument.cost_currency, -cost_raw)
        else:
            if base is not None:
                self.credit(base, -_on_grid(quantity_raw, base))
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
    as the venue does; where the venue hedges, it names a position with each fill, and the fills
    of one position are netted. Orders lock initial margin, net positions maintenance margin.

    What pays a premium pays it at once: a fill moves its whole notional, and closing earns
    nothing beyond that.

    Attributes:
        nets: the account's positions as the venue keeps them, by instrument and the venue's
            position id ("" where it nets).
    """

    account_type = AccountType.MARGIN

    __slots__ = (
        "_initial_raw",
        "_maintenance_raw",
        "_settled_value_raw",
        "_settlement_px_raw",
        "_stale_margins",
        "_valuations",
        "nets",
    )

    def __init__(self, account_id: AccountId, leverage: int = 10) -> None:
        super().__init__(account_id, leverage)
        self.nets: dict[NetKey, AccountNet] = {}
        self._maintenance_raw: dict[InstrumentId, int] = {}
        self._settled_value_raw: dict[NetKey, int] = {}  # paid at settlement, premium kinds
        self._settlement_px_raw: dict[InstrumentId, int] = {}
        self._valuations: dict[InstrumentId, Valuation] = {}
        self._initial_raw: dict[InstrumentId, int] = {}
        self._stale_margins: dict[InstrumentId, None] = {}

    def apply_fill(self, fill: OrderFilled, instrument: Instrument) -> None:
        """Total changes by what closing has earned (or the premium), less the commission in its
        own currency."""
        booked_raw = self.restore_fill(fill, instrument)
        if instrument.pays_premium:
            premium_raw = instrument.notional_raw(fill.last_qty.raw, fill.last_px.raw)
            booked_raw = -premium_raw if fill.side is BUY else premium_raw
            key = _net_key(fill)
            booked_raw += self._settlement_due(key, self.nets[key], instrument)
        self.credit(instrument.cost_currency, booked_raw)
        self.credit(fill.commission.currency, -fill.commission.raw)

    def settle_instrument(self, instrument: Instrument, price_raw: int) -> None:
        """Close all that is held of an expired instrument at its settlement price. Fills of it
        that come later are closed at that price as they come."""
        self._settlement_px_raw[instrument.id] = price_raw
        booked_raw = 0
        for key, net in self.nets.items():
            if key[0] == instrument.id:
                earned_raw = net.settle(price_raw)
                self._keep_margin(key, net, instrument)
                if instrument.pays_premium:
                    earned_raw = self._settlement_due(key, net, instrument)
                booked_raw += earned_raw
        self.credit(instrument.cost_currency, booked_raw)

    def restore_settlement(self, instrument: Instrument, price_raw: int) -> None:
        """The same where the totals contain it already."""
        self._settlement_px_raw[instrument.id] = price_raw
        for key, net in self.nets.items():
            if key[0] == instrument.id:
                net.settle(price_raw)
                self._keep_margin(key, net, instrument)
                self._settlement_due(key, net, instrument)

    def net_raw(self, instrument_id: InstrumentId) -> int:
        """Signed raw quantity of the account in an instrument, over all its positions."""
        return sum([net.signed_raw for key, net in self.nets.items() if key[0] == instrument_id])

    def _settlement_due(self, key: NetKey, net: AccountNet, instrument: Instrument) -> int:
        """What the settlement still pays: its worth, rounded once, less what it has paid."""
        if net.settlement_px_raw is None:
            return 0
        worth_raw = instrument.notional_raw(net.settled_raw, net.settlement_px_raw)
        due_raw = worth_raw - self._settled_value_raw.get(key, 0)
        self._settled_value_raw[key] = worth_raw
        return due_raw

    def restore_fill(self, fill: OrderFilled, instrument: Instrument) -> int:
        """Move the net position and its margin alone: all there is to do where the totals
        contain the fill already. Returns what closing has earned, raw in the cost currency."""
        key = _net_key(fill)
        net = self.nets.get(key)
        if net is None:
            net = self.nets[key] = AccountNet(self._valuation(instrument))
            net.settlement_px_raw = self._settlement_px_raw.get(instrument.id)
        quantity_raw: int = fill.last_qty.raw
        booked_raw = net.trade_at(
            fill.ts_event,
            quantity_raw if fill.side is BUY else -quantity_raw,
            fill.last_px.raw,
            fill.trade_id,
        )
        self._keep_margin(key, net, instrument)
        return booked_raw

    def _keep_margin(self, key: NetKey, net: AccountNet, instrument: Instrument) -> None:
        """Make a position's maintenance margin what the position now calls for."""
        instrument_id = instrument.id
        amount_raw = maintenance(net, instrument, self.leverage)
        change_raw = amount_raw - self.contribution_raw(key)
        self.contribute(key, net.valuation.currency, amount_raw)
        held_raw = self._maintenance_raw.get(instrument_id, 0)
        self._maintenance_raw[instrument_id] = held_raw + change_raw
        self._stale_margins[instrument_id] = None

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
        maintenance_raw = self._maintenance_raw.get(instrument_id, 0)
        if initial_raw or maintenance_raw:
            self.margins[instrument_id] = MarginBalance.of_raw(
                initial_raw, maintenance_raw, currency, instrument_id
            )
        else:
            self.margins.pop(instrument_id, None)

    def _valuation(self, instrument: Instrument) -> Valuation:
        valuation = self._valuations.get(instrument.id)
        if valuation is None:
            valuation = self._valuations[instrument.id] = Valuation(instrument)
        return valuation


def _net_key(fill: OrderFilled) -> NetKey:
    return fill.instrument_id, fill.venue_position_id or ""
