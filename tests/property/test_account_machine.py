"""Cash and margin accounts against sums over all their fills and orders.

Left out: the way a restarted kernel takes fills and settlements whose money the totals contain
already (`restore_fill`, `restore_settlement`); the tests of recovery judge that.
"""

from types import ModuleType
from typing import Any

import machines
import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

import engine.model.accounts
import engine.model.cost
from engine.model.balances import AccountBalance
from engine.model.currencies import BTC, USD, USDT, Currency
from engine.model.enums import (
    BUY,
    SELL,
    AccountType,
    LiquiditySide,
    OrderType,
    TimeInForce,
    TriggerType,
)
from engine.model.events import (
    AccountState,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
)
from engine.model.identifiers import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from engine.model.instruments import (
    AssetClass,
    CryptoPerpetual,
    CurrencyPair,
    Instrument,
    OptionContract,
    OptionKind,
)
from engine.model.orders import Order
from engine.model.values import Money, Price, Quantity
from simulation.models.account import AccountModel, Held
from simulation.models.holding import Terms
from simulation.models.order import OrderModel
from simulation.models.position import Execution

RAW = 10**16
SIM = AccountId("SIM-001")
MARGINS = {"margin_init": "0.0333", "margin_maint": "0.0125"}

SPOT = CurrencyPair(
    id=InstrumentId("BTC/USDT.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price("0.01"),
    size_increment=Quantity("0.000000001"),  # finer than the base currency's own grid
    **MARGINS,
)
CENTS = CurrencyPair(
    id=InstrumentId("BTC/USD.SIM"),
    base_currency=BTC,
    quote_currency=USD,
    price_increment=Price("0.01"),
    size_increment=Quantity("0.001"),
    **MARGINS,
)
INVERSE = CryptoPerpetual(
    id=InstrumentId("BTCUSD-INV.SIM"),
    base_currency=BTC,
    quote_currency=USD,
    settlement_currency=BTC,
    is_inverse=True,
    price_increment=Price("0.01"),
    size_increment=Quantity("0.001"),
    multiplier=Quantity("100"),
    **MARGINS,
)
OPTION = OptionContract(
    id=InstrumentId("BTC-P.SIM"),
    asset_class=AssetClass.CRYPTOCURRENCY,
    underlying="BTCUSD",
    option_kind=OptionKind.PUT,
    strike_price=Price("100"),
    quote_currency=USD,
    price_increment=Price("0.01"),
    multiplier=Quantity("0.3"),  # so that worth is rounded
    activation_ns=0,
    expiration_ns=10**18,
    **MARGINS,
)
RATES = (333 * RAW // 10_000, 125 * RAW // 10_000)
LISTED: dict[str, tuple[Instrument, Terms]] = {
    str(SPOT.id): (SPOT, Terms(RAW, False, "USDT", 8, "BTC", 8, True, RAW, *RATES)),
    str(CENTS.id): (CENTS, Terms(RAW, False, "USD", 2, "BTC", 8, True, RAW, *RATES)),
    str(INVERSE.id): (INVERSE, Terms(100 * RAW, True, "BTC", 8, "BTC", 8, False, RAW, *RATES)),
    str(OPTION.id): (
        OPTION,
        Terms(3 * RAW // 10, False, "USD", 2, "", 0, False, RAW, *RATES, pays_premium=True),
    ),
}
CASH_LISTED = [str(SPOT.id), str(CENTS.id)]
MARGIN_LISTED = [str(CENTS.id), str(INVERSE.id), str(OPTION.id)]

quantities = st.integers(1, 4_000).map(lambda n: Quantity.from_mantissa(n, 3)) | st.integers(
    1, 10**10
).map(lambda n: Quantity.from_mantissa(n, 9))
prices = st.integers(1, 90_000).map(lambda n: Price.from_mantissa(n, 2))
currencies = st.sampled_from([BTC, USDT, USD])
picks = st.integers(0, 9)
amounts = st.integers(-(10**4), 10**6)
sides = st.sampled_from([BUY, SELL])
listed = st.sampled_from([0, 0, 0, 1, 2])  # most of a run is about one instrument
lateness = st.sampled_from([0, 0, 0, 5, 60])
numbers = st.integers(1, 200)  # of trades
held_at_venue = st.sampled_from([PositionId("V-LONG"), PositionId("V-SHORT")])
lots = st.integers(1, 3).map(Quantity.from_int)


class AccountMachine(machines.Machine):
    """Attributes:
    subject: the module whose accounts are driven.
    """

    subject: ModuleType = engine.model.accounts

    @initialize(
        leverage=st.sampled_from([None, None, 1, 3, 10]),
        is_rich=st.booleans(),
        is_hedging=st.sampled_from([False, False, True]),
        first=st.integers(0, 5),
    )
    def begin(self, leverage: int | None, is_rich: bool, is_hedging: bool, first: int) -> None:
        names = CASH_LISTED if leverage is None else MARGIN_LISTED
        first %= len(names)
        self.names = names[first:] + names[:first]
        self.is_hedging = is_hedging
        if leverage is None:
            self.account: Any = self.subject.CashAccount(SIM)
        else:
            self.account = self.subject.MarginAccount(SIM, leverage)
        self.model = AccountModel({name: LISTED[name][1] for name in self.names}, leverage)
        self.orders: list[Order] = []
        self.time = 100
        self.states = 0
        if is_rich:  # else the locks are soon held to what there is
            for currency in (BTC, USDT, USD):
                self.open_balance(currency, 10**15)

    # --- orders come and go ----------------------------------------------------------------

    @rule(
        name=listed,
        side=sides,
        order_type=st.sampled_from(
            [*[OrderType.LIMIT] * 3, OrderType.STOP_MARKET, OrderType.STOP_LIMIT, OrderType.MARKET]
        ),
        quantity=quantities,
        price=prices,
        trigger=prices,
        reduce_only=st.sampled_from([False] * 4 + [True]),
        accepted=st.sampled_from([True, True, True, False]),
        in_quote=st.sampled_from([False] * 4 + [True]),
    )
    def place(
        self, name, side, order_type, quantity, price, trigger, reduce_only, accepted, in_quote
    ) -> None:
        name %= len(self.names)
        limited = order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
        stopped = order_type in (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)
        init = OrderInitialized(
            TraderId("T-1"),
            StrategyId("S-1"),
            InstrumentId(self.names[name]),
            ClientOrderId(f"O-{len(self.orders)}"),
            "e",
            1,
            1,
            side,
            order_type,
            quantity,
            TimeInForce.GTC,
            price if limited else None,
            trigger if stopped else None,
            TriggerType.LAST_PRICE if stopped else TriggerType.NO_TRIGGER,
            reduce_only=reduce_only,
            quote_quantity=in_quote and order_type is not OrderType.STOP_MARKET,
        )
        order = Order(init)
        self.orders.append(order)
        self.model.orders[order.client_order_id] = (self.names[name], OrderModel(init))
        self.take(order, OrderSubmitted, SIM, "r0")
        if accepted:
            self.take(order, OrderAccepted, SIM, VenueOrderId(f"V-{order.client_order_id}"))

    @rule(
        pick=picks,
        step=st.sampled_from(
            [
                (OrderAccepted, SIM, VenueOrderId("V")),
                (OrderPendingUpdate, SIM, "r1"),
                (OrderPendingCancel, SIM, "r2"),
                (OrderModifyRejected, None, "why"),
                (OrderCancelRejected, None, "why"),
                (OrderTriggered,),
                (OrderCanceled,),
                (OrderExpired,),
                (OrderRejected, SIM, "why"),
            ]
        ),
    )
    def news(self, pick: int, step: tuple[Any, ...]) -> None:
        if self.orders:
            self.take(self.orders[-1 - pick % len(self.orders)], *step)

    @rule(pick=picks, quantity=quantities, price=st.none() | prices)
    def update(self, pick: int, quantity: Quantity, price: Price | None) -> None:
        if self.orders:
            order = self.orders[-1 - pick % len(self.orders)]
            priced = order.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
            self.take(order, OrderUpdated, quantity, price if priced else None)

    @rule(
        pick=picks,
        quantity=quantities,
        part=st.sampled_from([None, 1, 2, 3]),
        price=prices,
        fee=st.integers(-30, 300),
        currency=currencies,
        late=lateness,
        trade=numbers,
        position=held_at_venue,
    )
    def fill(
        self, pick, quantity, part, price, fee, currency, late: int, trade: int, position
    ) -> None:
        """Several trades share a stamp; their numbers are the venue's, or say nothing."""
        if not self.orders:
            return
        order = self.orders[-1 - pick % len(self.orders)]
        if part is not None and order.leaves_raw:
            quantity = Quantity.from_raw(-(-order.leaves_raw // part), 16)
        self.take(
            order,
            OrderFilled,
            SIM,
            order.venue_order_id or VenueOrderId("V"),
            TradeId(f"t{trade}" if trade % 4 else f"{trade}-of-four"),
            PositionId("P"),
            order.side,
            order.order_type,
            quantity,
            price,
            Money.from_mantissa(fee, currency),
            LiquiditySide.MAKER,
            position if self.is_hedging else None,
            late=late,
        )

    @rule(
        name=listed,
        trades=st.lists(
            st.tuples(sides, lots, prices, lateness, numbers, held_at_venue),
            min_size=1,
            max_size=3,
        ),
    )
    def trade(self, name: int, trades: list[tuple[Any, ...]]) -> None:
        """Market orders, filled at once: what is held turns often."""
        for side, quantity, price, late, number, position in trades:
            self.place(name, side, OrderType.MARKET, quantity, price, price, False, True, False)
            self.fill(0, quantity, 1, price, 0, USD, late, number, position)

    def take(self, order: Order, kind: Any, *fields: object, late: int = 0) -> None:
        """As the portfolio does: what the order takes, the account hears of."""
        self.time += 1
        event: OrderEvent = kind(
            TraderId("T-1"),
            StrategyId("S-1"),
            order.instrument_id,
            order.client_order_id,
            "e",
            (self.time - late) // 4,
            self.time,
            *fields,
        )
        name, model = self.model.orders[order.client_order_id]
        if model.add(event) is not None:
            return
        order.apply(event)
        instrument = LISTED[name][0]
        if isinstance(event, OrderFilled):
            self.account.apply_fill(event, instrument)
            self.model.add_fill(name, executed(event))
        self.account.apply_order(order, instrument)
        self.model.note_locks()
        self.account.settle()

    @rule(name=listed, price=prices, is_due=st.sampled_from([False] * 3 + [True]))
    def settle(self, name: int, price: Price, is_due: bool) -> None:
        """Once for an instrument, at expiry; trades may be heard of later."""
        instrument = self.names[name % len(self.names)]
        if self.model.leverage is None or instrument in self.model.settled or not is_due:
            return
        self.account.settle_instrument(LISTED[instrument][0], price.raw)
        self.account.settle()
        self.model.settled[instrument] = price.raw
        self.model.note_locks()

    # --- what is stated --------------------------------------------------------------------

    @rule(currency=currencies, amount=amounts)
    def restate(self, currency: Currency, amount: int) -> None:
        self.open_balance(currency, amount)

    def open_balance(self, currency: Currency, amount: int) -> None:
        total = Money.from_mantissa(amount, currency)
        self.account.set_total(currency, total.raw)
        self.account.settle()
        self.model.open(currency.code, total.raw)

    @rule()
    def take_its_own_state(self) -> None:
        """What an account says of itself, said to it again, changes nothing."""
        state = self.account.state("a", self.time, self.time, False)
        self.account.apply(state)
        self.states += 1
        assert self.account.last_event is state

    @rule(which=st.sampled_from(["account", "type"]), amount=amounts)
    def state_of_another(self, which: str, amount: int) -> None:
        total = Money.from_mantissa(amount, USD)
        balance = AccountBalance(total, Money(0, USD), total)
        state = AccountState(SIM, self.account.account_type, (balance,), (), True, "a", 1, 1)
        if which == "account":
            state = msgspec.structs.replace(state, account_id=AccountId("SIM-002"))
        else:
            other = AccountType.CASH if self.model.leverage else AccountType.MARGIN
            state = msgspec.structs.replace(state, account_type=other)
        self.refused(self.account, lambda: self.account.apply(state), ValueError)

    @rule(leverage=st.sampled_from([0, -1]))
    def leverage_of_nothing(self, leverage: int) -> None:
        kind = type(self.account)
        self.refused(self.account, lambda: kind(SIM, leverage), ValueError)

    # --- both alike ------------------------------------------------------------------------

    def compare(self) -> None:
        if not hasattr(self, "account"):
            return
        account, model = self.account, self.model
        expected = model.balances()
        found = {
            code: Held(balance.total.raw, balance.locked.raw, balance.free.raw)
            for code, balance in account.balances.items()
        }
        assert found == expected
        assert all(balance.currency.code == code for code, balance in account.balances.items())
        assert account.is_breached == any(held.total < 0 for held in expected.values())
        for code, held in expected.items():
            assert account.free_raw(code) == held.free
        assert {
            str(name): (margin.initial.raw, margin.maintenance.raw)
            for name, margin in account.margins.items()
        } == model.margins()
        assert account.events_count == self.states
        if model.leverage is not None:
            assert list(account.nets) == model.positions()
            for (name, position), net in account.nets.items():
                holding = model.net(name, position)
                assert net.signed_raw == holding.signed
                assert net.booked_raw == holding.booked
            for name in self.names:
                nets = [model.net(*held) for held in model.positions() if held[0] == name]
                assert account.net_raw(InstrumentId(name)) == sum(net.signed for net in nets)


def executed(fill: OrderFilled) -> Execution:
    return Execution(
        fill.trade_id,
        fill.client_order_id,
        fill.last_qty.raw if fill.side is BUY else -fill.last_qty.raw,
        fill.last_px.raw,
        fill.commission.raw,
        fill.commission.currency.code,
        fill.commission.currency.precision,
        fill.ts_event,
        fill.ts_init,
        fill.venue_position_id or "",
    )


def test_account_is_the_sum_of_its_fills_and_locks(sail) -> None:
    sail(AccountMachine)


TEXTS = {
    "full quantity stays locked": (
        "            instrument.notional_raw(order.leaves_raw, _price_raw(order)),\n",
        "            instrument.notional_raw(order.quantity_raw, _price_raw(order)),\n",
    ),
    "sell locks the quote": (
        "    return base, _on_grid(order.leaves_raw, base)\n",
        "    return instrument.cost_currency, _on_grid(order.leaves_raw, base)\n",
    ),
    "pending cancel unlocks": (
        "        and order.status_at_venue in _AT_VENUE\n",
        "        and order.status in _AT_VENUE\n",
    ),
    "reduce-only locks": ("        and not order.reduce_only\n", ""),
    "commission in the cost currency": (
        "            self.credit(instrument.cost_currency, cost_raw)\n"
        "        self.credit(fill.commission.currency, -fill.commission.raw)\n",
        "            self.credit(instrument.cost_currency, cost_raw)\n"
        "        self.credit(instrument.cost_currency, -fill.commission.raw)\n",
    ),
    "base cut off its grid": (
        "    return divide_half_even(quantity_raw, currency.unit) * currency.unit\n",
        "    return quantity_raw // currency.unit * currency.unit\n",
    ),
    "lock above the total": (
        "                locked_raw = max(total_raw, 0)\n",
        "                locked_raw = total_raw\n",
    ),
    "maintenance without leverage": (
        "        amount_raw = maintenance(net, instrument, self.leverage)\n",
        "        amount_raw = maintenance(net, instrument, 1)\n",
    ),
    "initial margin stays shown": (
        "            self.margins.pop(instrument_id, None)\n",
        "            pass\n",
    ),
    "amount of quote locks as one of base": (
        "        and not order.is_quote_quantity  # the venue says in a moment how much that is\n",
        "",
    ),
    "positions of a hedging venue are netted": (
        '    return fill.instrument_id, fill.venue_position_id or ""',
        '    return fill.instrument_id, ""',
    ),
    "premium is paid when the option is closed": (
        "            booked_raw = -premium_raw if fill.side is BUY else premium_raw\n",
        "            pass\n",
    ),
    "buying an option locks margin": (
        "    if instrument.pays_premium and side is BUY:\n",
        "    if False:\n",
    ),
    "late trade meets no settlement": (
        "            net.settlement_px_raw = self._settlement_px_raw.get(instrument.id)\n",
        "            pass\n",
    ),
    "settlement pays its worth anew with each late trade": (
        "        due_raw = worth_raw - self._settled_value_raw.get(key, 0)\n",
        "        due_raw = worth_raw\n",
    ),
    "settlement keeps its margin": (
        "                earned_raw = net.settle(price_raw)\n"
        "                self._keep_margin(key, net, instrument)\n",
        "                earned_raw = net.settle(price_raw)\n",
    ),
    "refusal takes the balances": (
        "        if event.account_id != self.id or",
        "        self.balances = {}\n        if event.account_id != self.id or",
    ),
}


@pytest.mark.parametrize("bug", TEXTS)
def test_machine_finds_a_bug_planted_in_the_account(bug: str) -> None:
    subject = machines.replanted(engine.model.accounts, TEXTS[bug])
    machines.finds(AccountMachine, subject=subject)


NETS = {
    "late trade in order of arrival": (
        "    if trade[0] != other[0]:\n        return trade[0] < other[0]\n",
        "    if trade[0] != other[0]:\n        return False\n",
    ),
    "trades of one instant in order of arrival": (
        "    return one.rstrip(_DIGITS) == two.rstrip(_DIGITS)  # else",
        "    return False  # else",
    ),
    "trades of one instant by their ids alone": (
        "    return one.rstrip(_DIGITS) == two.rstrip(_DIGITS)  # else",
        "    return True  # else",
    ),
    "late trade undoes the settlement": (
        "        if self.settlement_px_raw is not None:\n            self._close_at",
        "        if False:\n            self._close_at",
    ),
}


@pytest.mark.parametrize("bug", NETS)
def test_machine_finds_a_bug_planted_in_the_net_of_an_account(bug: str) -> None:
    cost = machines.replanted(engine.model.cost, NETS[bug])
    subject = machines.replanted(engine.model.accounts)
    vars(subject).update(AccountNet=cost.AccountNet, Valuation=cost.Valuation)
    machines.finds(AccountMachine, subject=subject)
