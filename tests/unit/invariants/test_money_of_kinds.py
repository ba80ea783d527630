"""POS-3 and ACC-2 on positions kept apart, premiums and settlements."""

from typing import Any, Final

import msgspec
import pytest

from engine.model.accounts import CashAccount, MarginAccount
from engine.model.currencies import BTC, USD, USDT, Currency
from engine.model.enums import (
    BUY,
    SELL,
    AccountType,
    OrderSide,
)
from engine.model.events import (
    AccountState,
    OrderAccepted,
    OrderInitialized,
    OrderSubmitted,
    PositionClosed,
    PositionOpened,
    PositionSettled,
)
from engine.model.identifiers import (
    InstrumentId,
    PositionId,
    TradeId,
    VenueOrderId,
)
from engine.model.instruments import CryptoPerpetual, Instrument
from engine.model.orders import Order
from engine.model.values import AccountBalance, MarginBalance, Money, Price, Quantity
from invariants.locks import LocksAreReservations
from invariants.money import MoneyIsConserved
from invariants.order_witness import OrderWitness
from simulation.scenarios import ACME, BTCUSDT_PERP, ETHUSD_CALL, RAIN, XBTUSD_FUTURE
from tests.unit.invariants.conftest import (
    ACCOUNT,
    BEYOND,
    COID,
    OURS,
    TRADER,
    Turns,
    filled,
    init,
    position,
    settled,
    state,
    step,
)

_TERMS: Final[dict[str, Any]] = {
    "id": InstrumentId("TENTHS.SIM"),
    "base_currency": BTC,
    "quote_currency": USDT,
    "price_increment": Price("0.1"),
    "size_increment": Quantity("1"),
}
TENTHS: Final = CryptoPerpetual(**_TERMS)

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


def test_multiplier_that_the_venue_amends_counts_from_then_on() -> None:
    for told, wrong in (("1000", 0), ("10", 1)):
        turns = Turns(MoneyIsConserved, TENTHS)
        bought = filled(TENTHS, BUY, "1", "100.0")
        position(turns, TENTHS, bought)
        assert turns.show(bought, step(PositionOpened, TENTHS, "1", "1", "100.0")) == []
        amended = CryptoPerpetual(**_TERMS, multiplier=Quantity("10"))
        turns.kernel.cache.add_instrument(amended)
        sold = filled(amended, SELL, "1", "110.0")
        closed = step(PositionClosed, amended, "0", "1", "110.0", told)
        assert len(turns.show(sold, closed)) == wrong


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
