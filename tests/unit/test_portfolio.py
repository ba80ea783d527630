from decimal import Decimal
from typing import Any

import pytest

from engine import topics
from engine.bus import MessageBus
from engine.cache import Cache
from engine.clock import KernelClock
from engine.context import Context
from engine.log import Log
from engine.model.accounts import CashAccount, MarginAccount
from engine.model.bars import Bar, BarType
from engine.model.currencies import BTC, USDT
from engine.model.data import QuoteTick, TradeTick
from engine.model.enums import (
    BUY,
    SELL,
    AccountType,
    AggressorSide,
    AnswerStatus,
    LiquiditySide,
    OrderSide,
    OrderType,
    TimeInForce,
)
from engine.model.events import (
    AccountState,
    Alert,
    OrderAccepted,
    OrderCanceled,
    OrderEvent,
    OrderFilled,
    OrderInitialized,
    OrderPendingCancel,
    OrderSubmitted,
)
from engine.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    Venue,
    VenueOrderId,
)
from engine.model.instruments import CryptoPerpetual, CurrencyPair, Instrument
from engine.model.orders import Order
from engine.model.positions import Position
from engine.model.reports import AccountReport
from engine.model.values import AccountBalance, Money, Price, Quantity
from engine.portfolio import BalanceDifference, Portfolio

SIM = Venue("SIM")
ACCOUNT = AccountId("SIM-001")
SPOT = CurrencyPair(
    id=InstrumentId("BTC/USDT.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price.from_str("0.01"),
    size_increment=Quantity.from_str("0.001"),
)
SWAP = CryptoPerpetual(
    id=InstrumentId("BTCUSDT-PERP.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price.from_str("0.01"),
    size_increment=Quantity.from_str("0.001"),
    margin_init="0.05",
    margin_maint="0.02",
)


class Desk:
    """A portfolio with what it needs, and the application of an event as the engine does it."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.bus = MessageBus()
        self.cache = Cache()
        clock = KernelClock(0)
        self.ctx = Context(TraderId("TRADER-1"), 1, clock, self.bus, self.cache, Log(clock))
        self.ctx.begin_turn()
        self.cache.add_instrument(instrument)
        self.portfolio = Portfolio(self.ctx)
        self.alerts: list[Any] = []
        self.bus.subscribe(topics.ALERT, self.alerts.append)

    def open(self, kind: AccountType, **totals: str) -> AccountState | None:
        return self.portfolio.open_account(report(kind, **totals))

    def take(self, order: Order, event: OrderEvent) -> AccountState | None:
        order.apply(event)
        self.cache.update_order(order)
        if isinstance(event, OrderFilled):
            position = self.cache.position(event.position_id)
            if position is None:
                self.cache.add_position(Position(self.instrument, event))
            else:
                position.apply(event)
                self.cache.update_position(position)
        return self.portfolio.apply_order_event(order, event)

    def order(
        self,
        side: OrderSide = BUY,
        quantity: str = "1.000",
        price: str | None = "100.00",
        order_id: str = "O-1",
        strategy: str = "S-1",
    ) -> Order:
        """An order that was submitted."""
        order = Order(
            OrderInitialized(
                TraderId("TRADER-1"),
                StrategyId(strategy),
                self.instrument.id,
                ClientOrderId(order_id),
                "1-1-1",
                1,
                1,
                side,
                OrderType.MARKET if price is None else OrderType.LIMIT,
                Quantity.from_str(quantity),
                TimeInForce.GTC,
                None if price is None else Price.from_str(price),
            )
        )
        self.cache.add_order(order)
        assert self.take(order, OrderSubmitted(*head(order), ACCOUNT, "s1")) is None
        return order

    def fill(
        self, order: Order, quantity: str, price: str, trade_id: str = "T-1", fee: str = "0"
    ) -> AccountState | None:
        return self.take(order, filled(order, quantity, price, trade_id, fee))

    def quote(self, bid: int, ask: int, bid_size: int = 1, ask_size: int = 1) -> None:
        self.cache.add_quote(
            QuoteTick(self.instrument.id, bid, ask, bid_size, ask_size, 2, 3, 1, 1)
        )


def head(order: Order, ts: int = 2) -> tuple[Any, ...]:
    return (
        order.trader_id,
        order.strategy_id,
        order.instrument_id,
        order.client_order_id,
        "1-1-2",
        ts,
        ts,
    )


def accepted(order: Order) -> OrderAccepted:
    return OrderAccepted(*head(order), ACCOUNT, VenueOrderId("V-1"))


def filled(
    order: Order, quantity: str, price: str, trade_id: str = "T-1", fee: str = "0", ts: int = 3
) -> OrderFilled:
    return OrderFilled(
        *head(order, ts),
        ACCOUNT,
        VenueOrderId("V-1"),
        TradeId(trade_id),
        PositionId(f"P-{order.strategy_id}"),
        order.side,
        order.order_type,
        Quantity.from_str(quantity),
        Price.from_str(price),
        Money(fee, USDT),
        LiquiditySide.TAKER,
    )


def report(kind: AccountType = AccountType.CASH, **totals: str) -> AccountReport:
    moneys = [Money.from_str(f"{amount} {code}") for code, amount in totals.items()]
    balances = tuple(AccountBalance(money, Money.zero(money.currency), money) for money in moneys)
    return AccountReport(ClientId("SIM"), None, AnswerStatus.OK, ACCOUNT, kind, balances, (), 1, 1)


@pytest.fixture
def spot() -> Desk:
    desk = Desk(SPOT)
    desk.open(AccountType.CASH, USDT="1000", BTC="0")
    return desk


@pytest.fixture
def swap() -> Desk:
    desk = Desk(SWAP)
    desk.open(AccountType.MARGIN, USDT="1000")
    return desk


def total(state: AccountState | None, code: str) -> tuple[Decimal, Decimal]:
    """(total, locked) of a currency in a state that must be there."""
    assert state is not None
    (balance,) = [each for each in state.balances if each.currency.code == code]
    return balance.total.as_decimal(), balance.locked.as_decimal()


# --- opening -------------------------------------------------------------------------------


def test_an_account_opens_with_the_venues_totals_and_is_published_as_reported() -> None:
    desk = Desk(SPOT)
    state = desk.open(AccountType.CASH, USDT="1000")
    assert state is not None
    assert state.reported
    assert total(state, "USDT") == (1000, 0)
    account = desk.portfolio.account(SIM)
    assert type(account) is CashAccount
    assert account.last_event is state
    assert desk.cache.account(ACCOUNT) is account


def test_an_account_opens_once(spot: Desk) -> None:
    assert spot.open(AccountType.CASH, USDT="7") is None
    assert spot.portfolio.equity(SIM) == {"BTC": Money("0", BTC), "USDT": Money("1000", USDT)}


def test_a_margin_account_takes_the_leverage_that_is_stated_for_its_issuer() -> None:
    desk = Desk(SWAP)
    desk.portfolio = Portfolio(desk.ctx, {SIM: 4})
    desk.open(AccountType.MARGIN, USDT="1")
    account = desk.portfolio.account(SIM)
    assert type(account) is MarginAccount
    assert account.leverage == 4


def test_what_happened_before_the_account_was_open_is_caught_up_with() -> None:
    desk = Desk(SWAP)
    one, two = desk.order(order_id="O-1"), desk.order(SELL, order_id="O-2")
    assert desk.take(one, accepted(one)) is None
    assert desk.take(two, accepted(two)) is None
    assert desk.fill(one, "0.500", "100.00") is None
    state = desk.open(AccountType.MARGIN, USDT="1000")
    # maintenance 50 x 2 % / 10, initial (50 + 100) x 5 % / 10
    assert total(state, "USDT") == (1000, Decimal("0.85"))
    assert desk.portfolio.account_net_raw(ACCOUNT, SWAP.id) == Quantity.from_str("0.5").raw


# --- events of orders ----------------------------------------------------------------------


def test_only_changes_of_balances_make_a_state(spot: Desk) -> None:
    order = spot.order()
    assert total(spot.take(order, accepted(order)), "USDT") == (1000, 100)
    pending = OrderPendingCancel(*head(order), ACCOUNT, "c1")
    assert spot.take(order, pending) is None
    assert total(spot.take(order, OrderCanceled(*head(order))), "USDT") == (1000, 0)


def test_a_cash_fill_moves_both_currencies_and_frees_its_share_of_the_lock(spot: Desk) -> None:
    order = spot.order()
    spot.take(order, accepted(order))
    state = spot.fill(order, "0.400", "99.00", fee="0.5")
    assert total(state, "USDT") == (Decimal("959.9"), 60)
    assert total(state, "BTC") == (Decimal("0.4"), 0)
    assert state is not None
    assert not state.reported
    assert (state.ts_event, state.ts_init) == (3, 3)
    assert spot.portfolio.balances_locked(SIM) == {"BTC": Money(0, BTC), "USDT": Money(60, USDT)}


def test_each_state_has_an_id_of_its_own(spot: Desk) -> None:
    order = spot.order()
    first = spot.take(order, accepted(order))
    second = spot.fill(order, "0.4", "99.00")
    assert first is not None
    assert second is not None
    assert first.event_id != second.event_id


def test_margins_follow_orders_and_the_net_position(swap: Desk) -> None:
    order = swap.order()
    swap.take(order, accepted(order))
    assert swap.portfolio.margins_init(SIM) == {SWAP.id: Money("0.5", USDT)}
    state = swap.fill(order, "1.000", "100.00", fee="0.1")
    assert total(state, "USDT") == (Decimal("999.9"), Decimal("0.2"))
    assert swap.portfolio.margins_init(SIM) == {SWAP.id: Money(0, USDT)}
    assert swap.portfolio.margins_maint(SIM) == {SWAP.id: Money("0.2", USDT)}


def test_strategies_that_face_each_other_are_netted_in_the_account(swap: Desk) -> None:
    long = swap.order(BUY, strategy="S-1", order_id="O-1")
    short = swap.order(SELL, strategy="S-2", order_id="O-2")
    swap.fill(long, "1", "100.00", "T-1")
    state = swap.fill(short, "1", "110.00", "T-2")
    assert total(state, "USDT") == (1010, 0)
    assert swap.portfolio.account_net_raw(ACCOUNT, SWAP.id) == 0
    assert swap.portfolio.is_flat(SWAP.id)
    assert not swap.portfolio.is_completely_flat()


def test_a_late_fill_moves_the_account_and_locks_nothing(spot: Desk) -> None:
    order = spot.order()
    spot.take(order, accepted(order))
    spot.take(order, OrderCanceled(*head(order)))
    state = spot.fill(order, "0.4", "100.00")
    assert total(state, "USDT") == (960, 0)


def test_a_cash_total_below_zero_is_alerted_once_and_the_fill_stands(spot: Desk) -> None:
    order = spot.order(price=None, quantity="20.000")
    state = spot.fill(order, "11", "100.00", "T-1")
    assert total(state, "USDT") == (-100, 0)
    spot.fill(order, "1", "100.00", "T-2")
    (alert,) = spot.alerts
    assert isinstance(alert, Alert)
    assert (alert.code, alert.subject) == ("ACCOUNT_BREACH", ACCOUNT)


def test_an_unknown_instrument_is_an_error_not_a_silence(spot: Desk) -> None:
    order = spot.order()
    stranger = Desk(SWAP)
    stranger.open(AccountType.CASH, USDT="1")
    order.apply(accepted(order))
    with pytest.raises(LookupError, match="BTC/USDT"):
        stranger.portfolio.apply_order_event(order, accepted(order))


# --- comparing -----------------------------------------------------------------------------


def test_agreement_is_an_empty_comparison(spot: Desk) -> None:
    assert spot.portfolio.compare(report(USDT="1000")) == []


def test_every_currency_that_differs_is_named(spot: Desk) -> None:
    order = spot.order()
    spot.take(order, accepted(order))
    assert spot.portfolio.compare(report(USDT="999", BTC="1")) == [
        BalanceDifference("BTC", 0, 0, Money(1, BTC).raw, 0),
        BalanceDifference("USDT", Money(1000, USDT).raw, Money(100, USDT).raw, 999 * 10**16, 0),
    ]


def test_a_difference_reads_as_a_sentence() -> None:
    difference = BalanceDifference("USDT", 10**19, 5 * 10**15, -(10**16), 0)
    assert str(difference) == "USDT: kernel 1000 (locked 0.5), venue -1 (locked 0)"


def test_an_account_that_is_not_open_differs_in_everything() -> None:
    assert [each.currency for each in Desk(SPOT).portfolio.compare(report(USDT="1"))] == ["USDT"]


# --- queries -------------------------------------------------------------------------------


def test_without_an_account_there_are_no_answers() -> None:
    portfolio = Desk(SPOT).portfolio
    assert portfolio.account(SIM) is None
    assert portfolio.balances_locked(SIM) is None
    assert portfolio.margins_init(SIM) is None
    assert portfolio.margins_maint(SIM) is None
    assert portfolio.equity(SIM) is None


def test_an_unknown_instrument_has_no_profit_and_is_flat(spot: Desk) -> None:
    for query in ("realized_pnl", "unrealized_pnl", "total_pnl", "net_exposure", "gross_exposure"):
        assert getattr(spot.portfolio, query)(SWAP.id) is None
    assert spot.portfolio.net_position(SWAP.id) == 0
    assert spot.portfolio.is_flat(SWAP.id)
    assert spot.portfolio.is_completely_flat()
    assert spot.portfolio.account_net_raw(ACCOUNT, SWAP.id) == 0


def test_profit_and_exposure_at_a_given_price(swap: Desk) -> None:
    order = swap.order(quantity="2.000")
    swap.fill(order, "2", "100.00", "T-1", fee="0.5")
    out = swap.order(SELL, order_id="O-2")
    swap.fill(out, "0.5", "104.00", "T-2", fee="0.25")
    portfolio, price = swap.portfolio, Price.from_str("110.00")
    assert portfolio.net_position(SWAP.id) == Decimal("1.5")
    assert portfolio.is_net_long(SWAP.id)
    assert not portfolio.is_net_short(SWAP.id)
    assert portfolio.realized_pnl(SWAP.id) == Money("1.25", USDT)
    assert portfolio.unrealized_pnl(SWAP.id, price) == Money("15", USDT)
    assert portfolio.total_pnl(SWAP.id, price) == Money("16.25", USDT)
    assert portfolio.net_exposure(SWAP.id, price) == Money("165", USDT)


def test_realized_profit_counts_every_cycle_once(swap: Desk) -> None:
    for n, (side, price) in enumerate([(BUY, "100"), (SELL, "110"), (BUY, "100"), (SELL, "90")]):
        swap.fill(swap.order(side, order_id=f"O-{n}"), "1", price, f"T-{n}", fee="1")
    assert swap.portfolio.realized_pnl(SWAP.id) == Money("-4", USDT)
    assert swap.portfolio.equity(SIM) == {"USDT": Money("996", USDT)}


def test_net_exposure_cancels_out_and_gross_does_not(swap: Desk) -> None:
    swap.fill(swap.order(BUY, strategy="S-1", order_id="O-1"), "1", "100.00", "T-1")
    swap.fill(swap.order(SELL, strategy="S-2", order_id="O-2"), "1", "100.00", "T-2")
    price = Price.from_str("120.00")
    assert swap.portfolio.net_exposure(SWAP.id, price) == Money(0, USDT)
    assert swap.portfolio.gross_exposure(SWAP.id, price) == Money(240, USDT)


def test_a_long_is_valued_at_the_bid_and_a_short_at_the_ask(swap: Desk) -> None:
    swap.fill(swap.order(), "1", "100.00")
    swap.quote(10100, 10200)
    assert swap.portfolio.unrealized_pnl(SWAP.id) == Money(1, USDT)
    assert swap.portfolio.equity(SIM) == {"USDT": Money(1001, USDT)}
    swap.fill(swap.order(SELL, order_id="O-2"), "1", "100.00", "T-2")
    swap.fill(swap.order(SELL, order_id="O-3"), "1", "100.00", "T-3")
    assert swap.portfolio.unrealized_pnl(SWAP.id) == Money(-2, USDT)


def test_the_mark_falls_back_from_quote_to_trade_to_bar(swap: Desk) -> None:
    swap.fill(swap.order(), "1", "100.00")
    portfolio = swap.portfolio
    assert portfolio.unrealized_pnl(SWAP.id) is None
    assert portfolio.total_pnl(SWAP.id) is None
    assert portfolio.net_exposure(SWAP.id) is None
    assert portfolio.missing_price_instruments(SIM) == [SWAP.id]
    assert portfolio.equity(SIM) == {"USDT": Money(1000, USDT)}

    kind = BarType.from_str(f"{SWAP.id}-1-MINUTE-LAST-EXTERNAL")
    swap.cache.add_bar(Bar(kind, 10300, 10300, 10300, 10300, 1, 2, 3, 5, 5))
    assert portfolio.unrealized_pnl(SWAP.id) == Money(3, USDT)
    swap.cache.add_trade(
        TradeTick(SWAP.id, 10200, 1, 2, 3, AggressorSide.BUYER, TradeId("1"), 6, 6)
    )
    assert portfolio.unrealized_pnl(SWAP.id) == Money(2, USDT)
    swap.quote(0, 10200, bid_size=0)
    assert portfolio.unrealized_pnl(SWAP.id) == Money(2, USDT), "an empty bid prices nothing"
    swap.quote(10100, 10200)
    assert portfolio.unrealized_pnl(SWAP.id) == Money(1, USDT)
    assert portfolio.missing_price_instruments(SIM) == []


def test_cash_equity_counts_what_was_bought_once(spot: Desk) -> None:
    spot.fill(spot.order(), "1", "100.00")
    spot.quote(15000, 15100)
    assert spot.portfolio.equity(SIM) == {"BTC": Money(1, BTC), "USDT": Money(900, USDT)}
