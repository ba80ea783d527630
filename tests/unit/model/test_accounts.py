from typing import Any

import pytest

from engine.model.accounts import (
    Account,
    CashAccount,
    MarginAccount,
    cash_lock,
    maintenance,
    margin_lock,
    reserves,
)
from engine.model.cost import CostBasis, Valuation
from engine.model.currencies import AUD, BTC, USD, USDT
from engine.model.enums import (
    BUY,
    SELL,
    AccountType,
    LiquiditySide,
    OrderSide,
    OrderType,
    TimeInForce,
    TriggerType,
)
from engine.model.events import (
    AccountState,
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderInitialized,
    OrderPendingCancel,
    OrderSubmitted,
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
from engine.model.instruments import CryptoPerpetual, CurrencyPair, Instrument
from engine.model.orders import Order
from engine.model.values import AccountBalance, MarginBalance, Money, Price, Quantity

ACCOUNT = AccountId("SIM-001")
BTCUSDT = CurrencyPair(
    id=InstrumentId("BTC/USDT.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price.from_str("0.01"),
    size_increment=Quantity.from_str("0.000001"),
)
AUDUSD = CurrencyPair(
    id=InstrumentId("AUD/USD.SIM"),
    base_currency=AUD,
    quote_currency=USD,
    price_increment=Price.from_str("0.00001"),
    size_increment=Quantity.from_str("1"),
    margin_init="0.03",
    margin_maint="0.03",
)
BTCUSD = CryptoPerpetual(
    id=InstrumentId("BTCUSD-PERP.SIM"),
    base_currency=BTC,
    quote_currency=USD,
    is_inverse=True,
    price_increment=Price.from_str("0.5"),
    size_increment=Quantity.from_str("1"),
    margin_init="0.01",
    margin_maint="0.005",
)


def head(instrument: Instrument, order_id: str) -> tuple[Any, ...]:
    return (
        TraderId("TRADER-1"),
        StrategyId("S-1"),
        instrument.id,
        ClientOrderId(order_id),
        "1-1-1",
        1,
        1,
    )


def order(
    instrument: Instrument = BTCUSDT,
    side: OrderSide = BUY,
    quantity: str = "2",
    price: str | None = "100.00",
    trigger: str | None = None,
    order_id: str = "O-1",
    reduce_only: bool = False,
) -> Order:
    kinds = {
        (True, False): OrderType.LIMIT,
        (False, False): OrderType.MARKET,
        (False, True): OrderType.STOP_MARKET,
        (True, True): OrderType.STOP_LIMIT,
    }
    return Order(
        OrderInitialized(
            *head(instrument, order_id),
            side,
            kinds[price is not None, trigger is not None],
            Quantity.from_str(quantity),
            TimeInForce.GTC,
            None if price is None else Price.from_str(price),
            None if trigger is None else Price.from_str(trigger),
            TriggerType.NO_TRIGGER if trigger is None else TriggerType.LAST_PRICE,
            reduce_only=reduce_only,
        )
    )


def working(order: Order) -> Order:
    names = head_of(order)
    order.apply(OrderSubmitted(*names, ACCOUNT, "s1"))
    order.apply(OrderAccepted(*names, ACCOUNT, VenueOrderId("V-1")))
    return order


def head_of(order: Order) -> tuple[Any, ...]:
    return (
        order.trader_id,
        order.strategy_id,
        order.instrument_id,
        order.client_order_id,
        "1-1-2",
        2,
        2,
    )


def fill(
    order: Order, quantity: str, price: str, trade_id: str = "T-1", fee: Money | None = None
) -> OrderFilled:
    return OrderFilled(
        *head_of(order),
        ACCOUNT,
        VenueOrderId("V-1"),
        TradeId(trade_id),
        PositionId("P-1"),
        order.side,
        order.order_type,
        Quantity.from_str(quantity),
        Price.from_str(price),
        Money.zero(USDT) if fee is None else fee,
        LiquiditySide.TAKER,
    )


def cash(**totals: str) -> CashAccount:
    account = CashAccount(ACCOUNT)
    for code, amount in totals.items():
        money = Money.from_str(f"{amount} {code}")
        account.set_total(money.currency, money.raw)
    account.settle()
    return account


def amounts(account: Account, code: str) -> tuple[str, str, str]:
    balance = account.balances[code]
    return tuple(
        money.amount_str().rstrip("0").rstrip(".")
        for money in (balance.total, balance.locked, balance.free)
    )  # type: ignore[return-value]


def take(account: Account, order: Order, event: OrderFilled, instrument: Instrument) -> None:
    order.apply(event)
    account.apply_fill(event, instrument)
    account.apply_order(order, instrument)
    account.settle()


# --- what locks ----------------------------------------------------------------------------


def test_an_order_locks_from_acceptance_to_its_end_and_through_requests() -> None:
    one = order()
    assert not reserves(one)
    one.apply(OrderSubmitted(*head_of(one), ACCOUNT, "s1"))
    assert not reserves(one)
    one.apply(OrderPendingCancel(*head_of(one), ACCOUNT, "c1"))
    assert not reserves(one), "the venue may not have it yet"
    one.apply(OrderAccepted(*head_of(one), ACCOUNT, VenueOrderId("V-1")))
    assert reserves(one), "it is there, whatever is asked of it"
    one.apply(OrderCanceled(*head_of(one)))
    assert not reserves(one)


def test_market_and_reduce_only_orders_lock_nothing() -> None:
    assert not reserves(working(order(price=None)))
    assert not reserves(working(order(reduce_only=True)))


def test_a_cash_buy_locks_its_notional_at_price_else_trigger() -> None:
    assert cash_lock(order(quantity="2", price="100.00"), BTCUSDT) == (USDT, Money(200, USDT).raw)
    stop = order(quantity="2", price=None, trigger="110.00")
    assert cash_lock(stop, BTCUSDT) == (USDT, Money(220, USDT).raw)
    both = order(quantity="2", price="111.00", trigger="110.00")
    assert cash_lock(both, BTCUSDT) == (USDT, Money(222, USDT).raw)


def test_a_cash_lock_is_rounded_half_even_per_order() -> None:
    for price, locked in (("0.00001", "0.00"), ("0.00003", "0.02"), ("0.00005", "0.02")):
        each = order(AUDUSD, quantity="500", price=price)
        assert cash_lock(each, AUDUSD) == (USD, Money(locked, USD).raw)


def test_a_cash_sell_locks_what_is_left_of_it_in_base() -> None:
    one = working(order(side=SELL, quantity="2"))
    one.apply(fill(one, "0.5", "100.00"))
    assert cash_lock(one, BTCUSDT) == (BTC, Money("1.5", BTC).raw)


def test_margin_is_exact_notional_times_rate_over_leverage_rounded_once() -> None:
    """50,000 at 0.69990, 3 %, leverage 10: 104.985 exactly, a tie, to the even cent."""
    one = order(AUDUSD, quantity="50000", price="0.69990")
    valuation = Valuation(AUDUSD)
    assert margin_lock(one, AUDUSD, valuation, 10) == (USD, Money("104.98", USD).raw)
    net = CostBasis(valuation)
    net.trade(-Quantity.from_str("100000").raw, Price.from_str("0.70010").raw)
    assert maintenance(net, AUDUSD, 10) == Money("210.03", USD).raw


def test_inverse_margin_is_in_base() -> None:
    one = order(BTCUSD, quantity="10000", price="8000.0")
    assert margin_lock(one, BTCUSD, Valuation(BTCUSD), 1) == (BTC, Money("0.0125", BTC).raw)


# --- cash ----------------------------------------------------------------------------------


def test_a_cash_fill_exchanges_base_for_quote_and_pays_its_commission() -> None:
    account = cash(USDT="1000", BTC="1")
    one = working(order(quantity="2", price="100.00"))
    account.apply_order(one, BTCUSDT)
    assert account.settle()
    assert amounts(account, "USDT") == ("1000", "200", "800")
    take(account, one, fill(one, "0.5", "99.00", "T-1", Money("0.25", USDT)), BTCUSDT)
    assert amounts(account, "USDT") == ("950.25", "150", "800.25")
    assert amounts(account, "BTC") == ("1.5", "0", "1.5")
    take(account, one, fill(one, "1.5", "100.00", "T-2", Money("0.001", BTC)), BTCUSDT)
    assert amounts(account, "USDT") == ("800.25", "0", "800.25")
    assert amounts(account, "BTC") == ("2.999", "0", "2.999")


def test_a_cash_sale_is_the_reverse() -> None:
    account = cash(BTC="3")
    one = working(order(side=SELL, quantity="2", price="100.00"))
    account.apply_order(one, BTCUSDT)
    account.settle()
    assert amounts(account, "BTC") == ("3", "2", "1")
    take(account, one, fill(one, "0.5", "101.00"), BTCUSDT)
    assert amounts(account, "BTC") == ("2.5", "1.5", "1")
    assert amounts(account, "USDT") == ("50.5", "0", "50.5")


def test_locks_of_several_orders_sum_and_each_is_released_alone() -> None:
    account = cash(USDT="1000")
    orders = [working(order(quantity="1", order_id=f"O-{n}")) for n in range(3)]
    for each in orders:
        account.apply_order(each, BTCUSDT)
    account.settle()
    assert amounts(account, "USDT") == ("1000", "300", "700")
    orders[1].apply(OrderCanceled(*head_of(orders[1])))
    account.apply_order(orders[1], BTCUSDT)
    assert account.settle()
    assert amounts(account, "USDT") == ("1000", "200", "800")
    account.apply_order(orders[1], BTCUSDT)
    assert not account.settle()


def test_locked_is_held_to_the_total_and_comes_back_with_it() -> None:
    account = cash(USDT="150")
    account.apply_order(working(order(quantity="2")), BTCUSDT)
    account.settle()
    assert amounts(account, "USDT") == ("150", "150", "0")
    account.credit(USDT, Money("100", USDT).raw)
    account.settle()
    assert amounts(account, "USDT") == ("250", "200", "50")


def test_a_cash_total_below_zero_is_a_breach_that_the_balance_shows() -> None:
    account = cash(USDT="10")
    account.apply_order(working(order(quantity="1", order_id="O-2")), BTCUSDT)
    one = working(order(quantity="1", price=None))
    assert not account.is_breached
    take(account, one, fill(one, "1", "100.00"), BTCUSDT)
    assert account.is_breached
    assert amounts(account, "USDT") == ("-90", "0", "-90")


# --- margin --------------------------------------------------------------------------------


def test_a_margin_fill_moves_the_total_only_by_profit_and_commission() -> None:
    account = MarginAccount(ACCOUNT)
    account.set_total(USD, Money("1000", USD).raw)
    buy = working(order(AUDUSD, BUY, "100000", "0.70010", order_id="O-1"))
    account.apply_order(buy, AUDUSD)
    account.settle()
    assert amounts(account, "USD") == ("1000", "210.03", "789.97")
    assert account.margins[AUDUSD.id].initial == Money("210.03", USD)
    take(account, buy, fill(buy, "100000", "0.70010", "T-1", Money("1.40", USD)), AUDUSD)
    assert amounts(account, "USD") == ("998.6", "210.03", "788.57")
    margin = account.margins[AUDUSD.id]
    assert (margin.initial, margin.maintenance) == (Money.zero(USD), Money("210.03", USD))
    sell = working(order(AUDUSD, SELL, "150000", "0.70000", order_id="O-2"))
    take(account, sell, fill(sell, "150000", "0.70000", "T-2", Money("2.10", USD)), AUDUSD)
    assert amounts(account, "USD") == ("986.5", "105", "881.5")
    assert account.net_raw(AUDUSD.id) == -Quantity.from_str("50000").raw


def test_a_margin_account_nets_what_strategies_hold_against_each_other() -> None:
    account = MarginAccount(ACCOUNT, leverage=1)
    buy = working(order(AUDUSD, BUY, "10", "1.00000"))
    sell = working(order(AUDUSD, SELL, "10", "1.00000"))
    take(account, buy, fill(buy, "10", "1.00000"), AUDUSD)
    take(account, sell, fill(sell, "10", "2.00000", "T-2"), AUDUSD)
    assert amounts(account, "USD") == ("10", "0", "10")
    assert account.margins == {}


def test_a_restored_fill_moves_the_net_position_and_leaves_the_total() -> None:
    account = MarginAccount(ACCOUNT)
    account.set_total(USD, Money("1000", USD).raw)
    buy = working(order(AUDUSD, BUY, "100000", "0.70010"))
    account.restore_fill(fill(buy, "100000", "0.70010"), AUDUSD)
    account.settle()
    assert amounts(account, "USD") == ("1000", "210.03", "789.97")


def test_leverage_must_be_positive() -> None:
    with pytest.raises(ValueError, match="leverage"):
        MarginAccount(ACCOUNT, 0)


# --- states --------------------------------------------------------------------------------


def test_a_state_is_sorted_and_complete_and_can_be_applied() -> None:
    account = MarginAccount(ACCOUNT)
    for text in ("5 USDT", "3 BTC", "1000 USD"):
        money = Money.from_str(text)
        account.set_total(money.currency, money.raw)
    account.apply_order(working(order(AUDUSD, quantity="100000", price="0.70010")), AUDUSD)
    account.settle()
    state = account.state("1-1-9", 5, 6, False)
    assert [balance.currency.code for balance in state.balances] == ["BTC", "USD", "USDT"]
    assert [margin.instrument_id for margin in state.margins] == [AUDUSD.id]
    assert (state.event_id, state.ts_event, state.ts_init, state.reported) == ("1-1-9", 5, 6, False)

    other = MarginAccount(ACCOUNT)
    other.apply(state)
    assert (other.balances, other.margins) == (account.balances, account.margins)
    assert (other.last_event, other.events_count) == (state, 1)
    other.credit(USD, Money("1", USD).raw)
    other.settle()
    assert other.balance_total(USD) == Money("1001", USD)


def test_an_empty_state_takes_nothing_away() -> None:
    account = cash(USDT="5")
    state = AccountState(ACCOUNT, AccountType.CASH, (), (), True, "1-1-1", 1, 1)
    account.apply(state)
    assert account.balance_total(USDT) == Money("5", USDT)
    assert account.last_event is state


@pytest.mark.parametrize(
    ("account_id", "kind"),
    [(AccountId("SIM-002"), AccountType.CASH), (ACCOUNT, AccountType.MARGIN)],
)
def test_a_state_of_another_account_is_refused(account_id: AccountId, kind: AccountType) -> None:
    account = cash(USDT="5")
    zero = Money.zero(USDT)
    state = AccountState(
        account_id, kind, (AccountBalance(zero, zero, zero),), (), True, "1-1-1", 1, 1
    )
    with pytest.raises(ValueError, match="state of"):
        account.apply(state)
    assert account.balance_total(USDT) == Money("5", USDT)
    assert account.last_event is None


def test_balances_read_by_currency() -> None:
    account = cash(USDT="5")
    assert account.balance(USDT) == account.balances["USDT"]
    assert account.balance_free(USDT) == Money("5", USDT)
    assert account.balance_locked(USDT) == Money.zero(USDT)
    assert account.free_raw("USDT") == Money("5", USDT).raw
    assert account.balance(USD) is account.balance_total(USD) is None
    assert account.balance_free(USD) is account.balance_locked(USD) is None
    assert account.free_raw("USD") == 0
    assert "5.00000000 USDT" in repr(account)


def test_a_margin_of_the_whole_account_is_not_an_instruments() -> None:
    account = MarginAccount(ACCOUNT)
    wide = MarginBalance(Money("1", USD), Money("2", USD), None)
    account.apply(AccountState(ACCOUNT, AccountType.MARGIN, (), (wide,), True, "1-1-1", 1, 1))
    assert account.margins == {}
