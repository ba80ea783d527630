"""The checks of money, exposure and owners on positions kept apart, premiums and settlements."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from engine.kernel import Kernel, KernelConfig
from engine.model.accounts import CashAccount, MarginAccount
from engine.model.commands import SubmitOrder
from engine.model.currencies import USD, USDT, Currency
from engine.model.enums import (
    BUY,
    SELL,
    AccountType,
    LiquiditySide,
    OrderSide,
    OrderType,
    PositionSide,
    TimeInForce,
)
from engine.model.events import (
    AccountState,
    InstrumentSettled,
    OrderAccepted,
    OrderFilled,
    OrderInitialized,
    OrderSubmitted,
    PositionClosed,
    PositionEvent,
    PositionOpened,
    PositionSettled,
)
from engine.model.identifiers import (
    AccountId,
    ClientOrderId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from engine.model.instruments import Instrument
from engine.model.orders import Order
from engine.model.positions import Position
from engine.model.reports import SettlementReport
from engine.model.values import AccountBalance, MarginBalance, Money, Price, Quantity
from engine.record import TurnRecord
from invariants.evidence import Evidence
from invariants.exposure import ReduceOnlyReduces
from invariants.isolation import NobodyTouchesAnothers
from invariants.limits import LimitsAreKept
from invariants.matching import QueueWitness
from invariants.money import LocksAreReservations, MoneyIsConserved
from invariants.order_witness import OrderWitness
from invariants.property import Check, Property, Violation
from invariants.values import ArithmeticIsExact, ValuesLieOnTheGrid
from simulation.scenarios import ACME, BTCUSDT_PERP, ETHUSD_CALL, RAIN, XBTUSD_FUTURE

TRADER = TraderId("T-1")
OURS, OTHERS = StrategyId("S-1"), StrategyId("S-2")
ACCOUNT = AccountId("SIM-001")
COID = ClientOrderId("O-1")
P = PositionId("P-1")
BEYOND = PositionId("P-1F")
NETTED = PositionId(f"{BTCUSDT_PERP.id}-{ACCOUNT}-{OURS}")


class Turns:
    """One check, shown turns of a kernel that lists what the test names."""

    def __init__(self, entry: object, *listed: Instrument) -> None:
        assert isinstance(entry, Property)
        self.kernel = Kernel(KernelConfig(trader_id=TRADER), [])
        for instrument in listed:
            self.kernel.cache.add_instrument(instrument)  # type: ignore[arg-type]
        self.evidence = Evidence(self.kernel.view, {}, dict, {})
        self.check: Check = entry.make()

    def show(
        self,
        *facts: msgspec.Struct,
        told: object = None,
        commands: tuple[SubmitOrder, ...] = (),
        touched: Sequence[tuple[Order, OrderWitness]] = (),
    ) -> list[str]:
        self.evidence.turn_ended(TurnRecord(1, 1, told, facts, commands))
        self.evidence.touched = touched
        return _details(self.check.turn(self.evidence))

    def end(self) -> list[str]:
        return _details(self.check.end(self.evidence))


def _details(found: Any) -> list[str]:
    violations: list[Violation] = list(found or ())
    return [violation.detail for violation in violations]


def init(
    instrument: Instrument,
    side: OrderSide = BUY,
    quantity: str = "1",
    price: str | None = "1",
    reduce_only: bool = False,
) -> OrderInitialized:
    return OrderInitialized(
        TRADER,
        OURS,
        instrument.id,
        COID,
        "e",
        1,
        1,
        side,
        OrderType.MARKET if price is None else OrderType.LIMIT,
        Quantity(quantity),
        TimeInForce.GTC,
        None if price is None else Price(price),
        reduce_only=reduce_only,
    )


def submit(asked: OrderInitialized, position_id: PositionId | None = None) -> SubmitOrder:
    return SubmitOrder("c-1", None, 1, OURS, asked.instrument_id, asked, position_id)


def filled(
    instrument: Instrument,
    side: OrderSide,
    quantity: str,
    price: str,
    *,
    fee: str = "0",
    position: PositionId = P,
    at_venue: PositionId | None = None,
) -> OrderFilled:
    return OrderFilled(
        TRADER,
        OURS,
        instrument.id,
        COID,
        "e",
        1,
        1,
        ACCOUNT,
        VenueOrderId("V-1"),
        TradeId("t-1"),
        position,
        side,
        OrderType.LIMIT,
        Quantity(quantity),
        Price(price),
        Money(fee, instrument.cost_currency),
        LiquiditySide.TAKER,
        at_venue,
    )


def step(
    kind: type[PositionEvent],
    instrument: Instrument,
    held: str,
    last: str,
    price: str,
    earned: str = "0",
    position: PositionId = P,
) -> PositionEvent:
    more: tuple[object, ...] = ()
    if kind is PositionOpened:
        more = (COID,)
    elif kind is PositionClosed:
        more = (COID, 1)
    elif kind is PositionSettled:
        more = (1,)
    return kind(
        TRADER,
        OURS,
        instrument.id,
        position,
        ACCOUNT,
        "e",
        1,
        1,
        PositionSide.FLAT,
        held,
        Quantity(held.lstrip("-")),
        Quantity(last),
        Price(price),
        str(Price(price, 16)),
        Money(earned, instrument.cost_currency),
        *more,
    )


def position(turns: Turns, instrument: Instrument, *fills: OrderFilled) -> Position:
    held = Position(instrument, fills[0])
    for fill in fills[1:]:
        held.apply(fill)
    turns.kernel.cache.add_position(held)
    return held


def state(
    total: str,
    currency: Currency = USD,
    kind: AccountType = AccountType.CASH,
    reported: bool = False,
) -> AccountState:
    money = Money(total, currency)
    balance = AccountBalance(money, Money(0, currency), money)
    return AccountState(ACCOUNT, kind, (balance,), (), reported, "e", 1, 1)


def settled(instrument: Instrument, price: str) -> tuple[SettlementReport, InstrumentSettled]:
    said = ACCOUNT, instrument.id, Price(price)
    return SettlementReport(*said, 1, 1), InstrumentSettled(*said, "e", 1, 1)


# --- POS-3 --------------------------------------------------------------------------------------


def test_shares_take_their_price_and_fee_out_of_the_cash() -> None:
    turns = Turns(MoneyIsConserved, ACME)
    turns.show(state("1000.00", reported=True))
    bought = filled(ACME, BUY, "10", "20.00", fee="0.50")
    opened = step(PositionOpened, ACME, "10", "10", "20.00", "-0.50")
    assert turns.show(bought, state("799.50"), opened) == []
    sold = filled(ACME, SELL, "4", "21.00", fee="0.10")
    assert turns.show(sold, state("883.40")) == []
    assert len(turns.show(sold, state("967.41"))) == 1


@pytest.mark.parametrize(
    ("instrument", "paid", "at", "earned"),
    [(RAIN, "0.400", "1.000", "60.00"), (ETHUSD_CALL, "25.00", "20.00", "-5000.00")],
    ids=["binary", "call of ten"],
)
def test_settlement_earns_its_price_less_what_was_paid(
    instrument: Instrument, paid: str, at: str, earned: str
) -> None:
    for told, wrong in ((earned, 0), ("0.01", 1)):
        turns = Turns(MoneyIsConserved, instrument)
        bought = filled(instrument, BUY, "100", paid)
        position(turns, instrument, bought)
        opened = step(PositionOpened, instrument, "100", "100", paid)
        assert turns.show(bought, opened) == []
        assert len(turns.show(step(PositionSettled, instrument, "0", "100", at, told))) == wrong


def test_fill_heard_of_after_the_settlement_is_settled_too() -> None:
    turns = Turns(MoneyIsConserved, RAIN)
    late = filled(RAIN, SELL, "10", "0.500", fee="0.05")
    position(turns, RAIN, late)
    opened = step(PositionOpened, RAIN, "-10", "10", "0.500", "-0.05")
    assert turns.show(late, opened, step(PositionSettled, RAIN, "0", "10", "0.000", "4.95")) == []
    again = step(PositionSettled, RAIN, "0", "10", "0.000", "4.90")
    assert len(turns.show(late, opened, again)) == 1


def test_premium_and_settlement_move_the_balance_of_a_margin_account_once() -> None:
    margin = AccountType.MARGIN
    turns = Turns(MoneyIsConserved, RAIN)
    turns.show(state("1000.00", kind=margin, reported=True))
    bought = filled(RAIN, BUY, "100", "0.400", fee="0.40")
    opened = step(PositionOpened, RAIN, "100", "100", "0.400", "-0.40")
    position(turns, RAIN, bought)
    assert turns.show(bought, state("959.60", kind=margin), opened) == []
    _, fact = settled(RAIN, "1.000")
    assert len(turns.show(fact, state("959.60", kind=margin))) == 1
    assert turns.show(fact, state("1059.60", kind=margin)) == []
    late = filled(RAIN, SELL, "40", "0.500", fee="0.20")
    assert turns.show(late, state("1039.40", kind=margin)) == []
    assert len(turns.show(late, state("1059.20", kind=margin))) == 1


def test_balance_that_something_earns_in_is_left_to_the_comparison_with_the_venue() -> None:
    margin = AccountType.MARGIN
    turns = Turns(MoneyIsConserved, BTCUSDT_PERP)
    turns.show(state("1000", USDT, margin, reported=True))
    bought = filled(BTCUSDT_PERP, BUY, "1", "100.0")
    assert turns.show(bought, state("1234", USDT, margin)) == []


def test_what_goes_beyond_a_virtual_position_is_money_of_another_with_its_share_of_the_fee() -> (
    None
):
    turns = Turns(MoneyIsConserved, BTCUSDT_PERP)
    bought = filled(BTCUSDT_PERP, BUY, "1", "100.0")
    held = position(turns, BTCUSDT_PERP, bought)
    assert turns.show(bought, step(PositionOpened, BTCUSDT_PERP, "1", "1", "100.0")) == []

    through = filled(BTCUSDT_PERP, SELL, "3", "110.0", fee="0.9")
    part = filled(BTCUSDT_PERP, SELL, "1", "110.0", fee="0.3")
    held.apply(msgspec.structs.replace(part, trade_id=TradeId("t-2")))
    rest = filled(BTCUSDT_PERP, SELL, "2", "110.0", fee="0.6", position=BEYOND)
    beyond = position(turns, BTCUSDT_PERP, rest)
    closed = step(PositionClosed, BTCUSDT_PERP, "0", "1", "110.0", "9.7")
    opened = step(PositionOpened, BTCUSDT_PERP, "-2", "2", "110.0", "-0.6", BEYOND)
    assert turns.show(through, closed, opened) == []
    assert turns.end() == []

    back = filled(BTCUSDT_PERP, BUY, "2", "100.0", position=BEYOND)
    beyond.apply(msgspec.structs.replace(back, trade_id=TradeId("t-3")))
    ended = step(PositionClosed, BTCUSDT_PERP, "0", "2", "100.0", "19.4", BEYOND)
    assert turns.show(back, ended) == []
    opened = step(PositionOpened, BTCUSDT_PERP, "-2", "2", "110.0", "-0.6", BEYOND)
    turns.show(msgspec.structs.replace(rest, commission=Money("0.6", USDT)), opened)
    ended = step(PositionClosed, BTCUSDT_PERP, "0", "2", "100.0", "20.0", BEYOND)  # as if free
    assert len(turns.show(back, ended)) == 1


# --- ACC-2 --------------------------------------------------------------------------------------


def accepted(asked: OrderInitialized) -> tuple[Order, OrderWitness]:
    order = Order(asked)
    witness = OrderWitness(asked.quantity.raw, asked.quote_quantity)
    head = TRADER, OURS, asked.instrument_id, COID, "e", 1, 1
    for event in (
        OrderSubmitted(*head, ACCOUNT, "c-1"),
        OrderAccepted(*head, ACCOUNT, VenueOrderId("V-1")),
    ):
        order.apply(event)
        witness.add(event)
    return order, witness


def opened_account(turns: Turns, account: MarginAccount | CashAccount, code: Currency) -> None:
    account.set_total(code, Money(10_000, code).raw)
    account.settle()
    turns.kernel.cache.add_account(account)


@pytest.mark.parametrize(
    ("side", "price", "locked"),
    [
        (BUY, "25.00", "500.00"),  # the premium of two, ten each
        (SELL, "25.00", "7.50"),  # 15 % of it, ten times levered
        (BUY, "-1.00", "0"),
        (SELL, "0.00", "0"),
    ],
)
def test_option_locks_its_premium_bought_and_its_margin_sold(
    side: OrderSide, price: str, locked: str
) -> None:
    for more in (0, 1):
        turns = Turns(LocksAreReservations, ETHUSD_CALL)
        account = MarginAccount(ACCOUNT)
        opened_account(turns, account, USD)
        working = accepted(init(ETHUSD_CALL, side, "2", price))
        account.contribute(COID, USD, Money(locked, USD).raw + more * USD.unit)
        account.settle()
        found = turns.show(account.state("e", 1, 1, False), touched=[working])
        assert len(found) == more


def test_order_for_an_inverse_future_locks_nothing_once_it_is_done() -> None:
    turns = Turns(LocksAreReservations, XBTUSD_FUTURE)
    account = MarginAccount(ACCOUNT)
    opened_account(turns, account, XBTUSD_FUTURE.cost_currency)
    order, witness = accepted(init(XBTUSD_FUTURE, BUY, "100", "36000.0"))
    account.apply_order(order, XBTUSD_FUTURE)
    account.settle()
    assert turns.show(account.state("e", 1, 1, False), touched=[(order, witness)]) == []
    fill = filled(XBTUSD_FUTURE, BUY, "100", "36000.0")
    order.apply(fill)
    witness.add(fill)
    account.apply_fill(fill, XBTUSD_FUTURE)
    account.apply_order(order, XBTUSD_FUTURE)
    account.settle()
    state = account.state("e", 1, 1, False)
    assert turns.show(fill, state, touched=[(order, witness)]) == []


def test_hedging_account_keeps_margin_for_each_of_its_positions() -> None:
    for apart in (True, False):
        turns = Turns(LocksAreReservations, BTCUSDT_PERP)
        account = MarginAccount(ACCOUNT)
        opened_account(turns, account, USDT)
        found = []
        for side, name in ((BUY, "SIM-1-001"), (SELL, "SIM-1-002")):
            fill = filled(BTCUSDT_PERP, side, "1", "1000.0", at_venue=PositionId(name))
            kept = fill if apart else msgspec.structs.replace(fill, venue_position_id=None)
            account.apply_fill(kept, BTCUSDT_PERP)
            account.settle()
            found += turns.show(fill, account.state("e", 1, 1, False))
        assert bool(found) is not apart


def test_margin_between_the_cheapest_and_the_dearest_fill_is_right() -> None:
    turns = Turns(LocksAreReservations, BTCUSDT_PERP)
    account = MarginAccount(ACCOUNT)
    opened_account(turns, account, USDT)
    for price in ("1000.0", "1100.0"):
        fill = filled(BTCUSDT_PERP, BUY, "1", price)
        account.apply_fill(fill, BTCUSDT_PERP)
        account.settle()
        assert turns.show(fill, account.state("e", 1, 1, False)) == []
    for margin, wrong in (("5.00", 0), ("5.50", 0), ("4.99", 1), ("5.51", 1)):
        total, kept = Money(10_000, USDT), Money(margin, USDT)
        balance = AccountBalance.from_total_and_locked(total, kept)
        entry = MarginBalance(Money(0, USDT), kept, BTCUSDT_PERP.id)
        state = AccountState(ACCOUNT, AccountType.MARGIN, (balance,), (entry,), False, "e", 1, 1)
        account.apply(state)
        assert len(turns.show(state)) == wrong


def test_margin_that_outlives_the_settlement_is_found() -> None:
    turns = Turns(LocksAreReservations, RAIN)
    account = MarginAccount(ACCOUNT)
    opened_account(turns, account, USD)
    fill = filled(RAIN, BUY, "100", "0.500")
    account.apply_fill(fill, RAIN)
    account.settle()
    assert turns.show(fill, account.state("e", 1, 1, False)) == []
    report, fact = settled(RAIN, "1.000")
    assert len(turns.show(fact, told=report)) == 1
    account.settle_instrument(RAIN, fact.price.raw)
    account.settle()
    assert turns.show(fact, account.state("e", 1, 1, False), told=report) == []
    late = filled(RAIN, BUY, "10", "0.500")
    account.apply_fill(late, RAIN)
    account.settle()
    assert turns.show(late, account.state("e", 1, 1, False)) == []


# --- POS-5 --------------------------------------------------------------------------------------


class Trade(msgspec.Struct):
    side: str
    quantity: int
    position_id: str
    symbol: str = str(BTCUSDT_PERP.id.symbol)
    client_order_id: str = str(COID)
    trade_id: str = "T-1"
    price: int = 1
    liquidity: str = "TAKER"
    ts: int = 0


@pytest.mark.parametrize(("size", "wrong"), [(3, 0), (4, 1)])
def test_reduce_only_trade_is_held_to_the_position_it_is_for(size: int, wrong: int) -> None:
    turns = Turns(ReduceOnlyReduces, BTCUSDT_PERP)
    order = Order(init(BTCUSDT_PERP, SELL, "5", reduce_only=True))
    turns.kernel.cache.add_order(order)
    watcher = turns.check.watcher("SIM")
    assert watcher is not None
    for trade in (Trade("BUY", 3, "A"), Trade("SELL", 9, "B")):
        watcher.on_fill(trade, order)  # type: ignore[arg-type]
    watcher.steps.clear()  # type: ignore[attr-defined]
    watcher.on_fill(Trade("SELL", size, "A"), order)  # type: ignore[arg-type]
    assert len(turns.show()) == wrong


@pytest.mark.parametrize(
    ("named", "size", "wrong"),
    [(P, "3", 0), (P, "4", 1), (None, "2", 0), (None, "3", 1), (PositionId("P-9"), "1", 1)],
)
def test_reduce_only_order_asks_for_no_more_than_the_position_it_names(
    named: PositionId | None, size: str, wrong: int
) -> None:
    turns = Turns(ReduceOnlyReduces, BTCUSDT_PERP)
    position(turns, BTCUSDT_PERP, filled(BTCUSDT_PERP, BUY, "3", "100.0"))
    position(turns, BTCUSDT_PERP, filled(BTCUSDT_PERP, SELL, "9", "100.0", position=BEYOND))
    position(turns, BTCUSDT_PERP, filled(BTCUSDT_PERP, BUY, "2", "100.0", position=NETTED))
    asked = init(BTCUSDT_PERP, SELL, size, reduce_only=True)
    assert len(turns.show(commands=(submit(asked, named),))) == wrong


# --- POS-4, RSK-1, VAL-1, VAL-2, MAT-1 ------------------------------------------------------------


@pytest.mark.parametrize(("owner", "wrong"), [(OURS, 0), (OTHERS, 1)])
def test_order_for_the_position_of_another_strategy_is_found(owner: StrategyId, wrong: int) -> None:
    turns = Turns(NobodyTouchesAnothers, BTCUSDT_PERP)
    fill = msgspec.structs.replace(filled(BTCUSDT_PERP, BUY, "3", "1.0"), strategy_id=owner)
    position(turns, BTCUSDT_PERP, fill)
    asked = init(BTCUSDT_PERP, SELL, "3")
    assert len(turns.show(asked, commands=(submit(asked, P),))) == wrong


def test_what_was_settled_came_by_the_fills_of_its_owner() -> None:
    turns = Turns(NobodyTouchesAnothers, RAIN)
    bought = filled(RAIN, BUY, "3", "0.500")
    held = position(turns, RAIN, bought)
    assert turns.show(init(RAIN, BUY, "3"), bought) == []
    held.settle(Price("1.000"), 1, 1)
    assert turns.end() == []
    position(turns, RAIN, filled(RAIN, BUY, "1", "0.500", position=BEYOND))
    assert len(turns.end()) == 1


@pytest.mark.parametrize(
    ("instrument", "price", "wrong"),
    [(ETHUSD_CALL, "-0.05", 0), (ETHUSD_CALL, "-0.01", 1), (RAIN, "-0.001", 1), (RAIN, "0", 1)],
)
def test_only_what_may_cost_less_than_nothing_leaves_below_zero(
    instrument: Instrument, price: str, wrong: int
) -> None:
    turns = Turns(LimitsAreKept, instrument)
    assert len(turns.show(commands=(submit(init(instrument, price=price)),))) == wrong


def test_what_is_settled_is_no_part_of_the_fill_before_it() -> None:
    fill = filled(RAIN, BUY, "2", "0.500")
    steps = (
        step(PositionOpened, RAIN, "2", "2", "0.500"),
        step(PositionSettled, RAIN, "0", "2", "1.000"),
    )
    assert Turns(ValuesLieOnTheGrid, RAIN).show(fill, *steps) == []
    assert len(Turns(ValuesLieOnTheGrid, RAIN).show(fill, steps[1])) == 1


def test_mean_of_what_opens_after_a_settlement_or_beyond_a_position_is_its_own() -> None:
    turns = Turns(ArithmeticIsExact, RAIN)
    turns.show(filled(RAIN, BUY, "4", "0.500"), step(PositionOpened, RAIN, "4", "4", "0.500"))
    turns.show(step(PositionSettled, RAIN, "0", "4", "1.000"))
    late = filled(RAIN, SELL, "2", "0.250")
    assert turns.show(late, step(PositionOpened, RAIN, "-2", "2", "0.250")) == []
    through = filled(RAIN, BUY, "3", "0.375")
    closed = step(PositionClosed, RAIN, "0", "2", "0.250")
    for mean, wrong in (("0.375", 0), ("0.250", 1)):
        turns = Turns(ArithmeticIsExact, RAIN)
        turns.show(late, step(PositionOpened, RAIN, "-2", "2", "0.250"))
        opened = step(PositionOpened, RAIN, "1", "1", mean, position=BEYOND)
        assert len(turns.show(through, closed, opened)) == wrong


def test_queue_at_prices_below_zero_is_a_queue() -> None:
    witness = QueueWitness()
    witness.rested("C", 1, False, -2, 5)
    witness.rested("C", 2, False, 1, 5)
    witness.rested("C", 3, True, -3, 5)
    witness.traded("C", "T1", True, -2, 5, 0)
    witness.over()
    assert witness.wrong == []
    assert witness.levels("C", False) == {1: 5}
    assert witness.levels("C", True) == {-3: 5}
    witness.traded("C", "T2", False, -4, 1, 0)
    assert [each.detail for each in witness.wrong] == ["traded at -4 while 3 stood first at -3"]
