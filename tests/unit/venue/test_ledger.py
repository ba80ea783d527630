"""The venue's money, computed by hand in the comments."""

import pytest

from simulation.venue.enums import AccountType
from simulation.venue.ledger import AccountSpec
from simulation.venue.orders import VenueRefusal

E8 = 10**8


def test_cash_buy_takes_notional_and_fee_in_quote_and_adds_base(cash) -> None:
    desk = cash()
    desk.ask(10_000, 100)
    desk.market("BUY", 100)
    # 0.100 x 100.00 = 10 USDT, taker fee 0.0004
    assert desk.balance("USDT") == (1_000_000 * E8 - 10 * E8 - 400_000, 0)
    assert desk.balance("BTC") == (10 * E8 + 10_000_000, 0)


def test_cash_sell_takes_base_and_adds_notional_less_fee(cash) -> None:
    desk = cash()
    desk.bid(10_000, 100)
    desk.market("SELL", 100)
    assert desk.balance("USDT") == (1_000_000 * E8 + 10 * E8 - 400_000, 0)
    assert desk.balance("BTC") == (10 * E8 - 10_000_000, 0)


def test_cash_buy_locks_the_notional_of_its_leaves_and_releases_as_it_fills(cash) -> None:
    desk = cash()
    desk.limit("BUY", 100, 10_000, id="A")
    assert desk.balance("USDT")[1] == 10 * E8
    desk.seller(40)
    assert desk.balance("USDT")[1] == 6 * E8
    desk.exchange.cancel(desk.symbol, "A")
    assert desk.balance("USDT")[1] == 0


def test_cash_sell_locks_its_leaves_in_base(cash) -> None:
    desk = cash()
    desk.limit("SELL", 100, 10_000)
    assert desk.balance("BTC") == (10 * E8, 10_000_000)
    desk.buyer(40)
    assert desk.balance("BTC") == (10 * E8 - 4_000_000, 6_000_000)


def test_stop_without_a_price_locks_at_its_trigger(cash) -> None:
    desk = cash()
    desk.ask(10_000, 100)
    desk.order("BUY", "STOP_MARKET", 100, trigger_price=11_000)
    assert desk.balance("USDT")[1] == 11 * E8


def test_modification_moves_the_lock(cash) -> None:
    desk = cash()
    desk.limit("BUY", 100, 10_000, id="A")
    desk.exchange.modify(desk.symbol, "A", 200, 9_000, None)
    assert desk.balance("USDT")[1] == 18 * E8


def test_order_that_the_free_balance_covers_but_not_its_fee_is_refused(cash) -> None:
    desk = cash({"USDT": "10"})
    with pytest.raises(VenueRefusal, match="INSUFFICIENT_BALANCE"):
        desk.limit("BUY", 100, 10_000)
    rich_enough = cash({"USDT": "10.004"})
    assert rich_enough.limit("BUY", 100, 10_000).status == "ACCEPTED"


def test_two_orders_cannot_claim_the_same_money(cash) -> None:
    desk = cash({"USDT": "15"})
    desk.limit("BUY", 100, 10_000)
    with pytest.raises(VenueRefusal, match="INSUFFICIENT_BALANCE"):
        desk.limit("BUY", 100, 10_000)


def test_cash_account_cannot_sell_what_it_does_not_hold(cash) -> None:
    desk = cash({"BTC": "0.099", "USDT": "1"})
    desk.bid(10_000, 100)
    with pytest.raises(VenueRefusal, match="INSUFFICIENT_BALANCE"):
        desk.market("SELL", 100)
    assert desk.market("SELL", 98).status == "FILLED"


def test_market_buy_is_judged_by_what_it_would_really_cost(cash) -> None:
    desk = cash({"USDT": "30"})
    desk.ask(10_000, 100)
    desk.ask(30_000, 100)
    with pytest.raises(VenueRefusal, match="INSUFFICIENT_BALANCE"):
        desk.market("BUY", 200)  # 10 + 30 USDT
    assert desk.market("BUY", 100).status == "FILLED"


def test_triggered_stop_that_became_too_dear_is_cancelled_and_total_stays_positive(cash) -> None:
    desk = cash({"USDT": "12"})
    desk.ask(10_000, 10)
    desk.order("BUY", "STOP_MARKET", 100, trigger_price=11_000, id="S")
    desk.buyer(10)
    desk.ask(20_000, 100)
    record = desk.record("S")
    assert (record.status, record.reason) == ("CANCELED", "INSUFFICIENT_BALANCE")
    assert desk.balance("USDT") == (12 * E8, 0)


def test_margin_total_changes_by_realised_pnl_and_fee_only(margin) -> None:
    desk = margin()
    desk.ask(100_000, 1_000)  # 10,000.0
    desk.market("BUY", 1_000)
    fee = 5 * E8  # 1 x 10,000 x 0.0005
    assert desk.balance("USDT")[0] == 100_000 * E8 - fee
    desk.bid(101_000, 400)
    desk.market("SELL", 400)
    # 0.4 x 100 = 40; fee 0.4 x 10,100 x 0.0005 = 2.02
    assert desk.balance("USDT")[0] == 100_000 * E8 - fee + 40 * E8 - 202_000_000


def test_maker_rebate_is_added(margin) -> None:
    desk = margin()
    desk.limit("BUY", 1_000, 100_000)
    desk.seller(1_000)
    assert desk.exchange.floor.trades[0].fee == -1 * E8
    assert desk.balance("USDT")[0] == 100_001 * E8


def test_margin_lock_is_initial_of_orders_plus_maintenance_of_the_net_position(margin) -> None:
    desk = margin()
    desk.limit("BUY", 1_000, 90_000)
    # 9,000 x 0.05 / 10
    assert desk.balance("USDT")[1] == 45 * E8
    desk.ask(100_000, 1_000)
    desk.market("BUY", 1_000)
    # + 10,000 x 0.025 / 10
    assert desk.balance("USDT")[1] == 70 * E8


def test_fill_through_flat_realises_the_closed_part_and_opens_at_the_new_price(margin) -> None:
    desk = margin()
    desk.ask(100_000, 1_000)
    desk.market("BUY", 1_000)
    desk.bid(99_000, 3_000)
    before = desk.balance("USDT")[0]
    desk.market("SELL", 3_000)
    position = desk.exchange.ledger.positions[desk.symbol]
    fee = 1_485_000_000  # 3 x 9,900 x 0.0005
    assert desk.balance("USDT")[0] == before - 100 * E8 - fee
    assert position.signed == -2_000
    assert position.cost == 2 * 9_900 * 10**32


def test_close_takes_cost_by_floor_proportion_and_pnl_telescopes(margin) -> None:
    desk = margin()
    for price in (100_001, 100_002, 100_002):
        desk.ask(price, 1)
        desk.market("BUY", 1)
    ledger_position = desk.exchange.ledger.positions[desk.symbol]
    paid = ledger_position.cost
    for _ in range(3):
        desk.bid(100_003, 1)
        desk.market("SELL", 1)
    assert ledger_position.cost == 0
    assert ledger_position.exact_pnl == 3 * 100_003 * 10**28 - paid
    # 0.0001 + 0.0001 + 0.0002 of a thousandth: whole in the end whatever the steps rounded to
    assert ledger_position.booked == 40_000


def test_inverse_position_pays_pnl_and_fee_in_base(margin, inverse) -> None:
    desk = margin(inverse, {"BTC": "1"})
    desk.ask(100_000, 10_000)  # 10,000.0 (one decimal), 10,000 contracts of 1 USD = 1 BTC
    desk.market("BUY", 10_000)
    fee = 50_000  # 1 BTC x 0.0005
    assert desk.balance("BTC")[0] == E8 - fee
    desk.bid(125_000, 10_000)
    desk.market("SELL", 10_000)
    # 1 - 0.8 BTC gained, fee 0.8 x 0.0005
    assert desk.balance("BTC")[0] == E8 - fee + 20_000_000 - 40_000


def test_inverse_short_gains_when_the_price_falls(margin, inverse) -> None:
    desk = margin(inverse, {"BTC": "1"})
    desk.bid(100_000, 10_000)
    desk.market("SELL", 10_000)
    desk.ask(80_000, 10_000)
    before = desk.balance("BTC")[0]
    desk.market("BUY", 10_000)
    assert desk.balance("BTC")[0] == before + 25_000_000 - 62_500  # 1.25 - 1 BTC, its fee


def test_inverse_fill_cost_is_rounded_once_at_24_digits(margin, inverse) -> None:
    desk = margin(inverse, {"BTC": "1"})
    desk.ask(90_000, 1)  # 1 / 9,000 does not end
    desk.market("BUY", 1)
    assert desk.exchange.ledger.positions[desk.symbol].cost == 111111111111111111111


def test_shown_lock_never_exceeds_the_total(margin) -> None:
    desk = margin(balances={"USDT": "10"}, leverage=100)
    desk.ask(100_000, 1_000)
    desk.market("BUY", 1_000)
    desk.bid(99_900, 1_000)
    desk.buyer(0)
    total, locked = desk.balance("USDT")
    assert 0 <= locked <= total


def test_what_only_reduces_needs_no_free_margin(margin) -> None:
    desk = margin(balances={"USDT": "60"})
    desk.ask(100_000, 1_000)
    desk.market("BUY", 1_000)
    desk.bid(99_900, 2_000)
    with pytest.raises(VenueRefusal, match="INSUFFICIENT_BALANCE"):
        desk.market("SELL", 2_000)
    assert desk.market("SELL", 1_000).status == "FILLED"


def test_balances_are_told_once_per_event_and_only_when_they_move(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    desk.ask(10_005, 4)
    desk.said.clear()
    desk.market("BUY", 8)
    assert [entry[0] for entry in desk.said].count("BALANCES") == 1
    desk.said.clear()
    desk.bid(9_000, 4)
    assert [entry[0] for entry in desk.said] == ["BOOK", "QUOTE"]


def test_derivative_on_a_cash_account_is_refused_at_opening(margin, linear) -> None:
    from simulation.venue.exchange import Exchange

    spec = AccountSpec(AccountType.CASH, {"USDT": "1"})
    with pytest.raises(ValueError, match="cash account"):
        Exchange("SIM", [linear], spec, lambda: 0, lambda at, action: None)


@pytest.mark.parametrize(
    ("balances", "complaint"),
    [
        ({"JPY": "1"}, "no instrument here uses JPY"),
        ({"USDT": "-1"}, "negative"),
        ({"USDT": "x"}, "decimal"),
    ],
)
def test_opening_balance_that_makes_no_sense_is_refused(cash, balances, complaint) -> None:
    with pytest.raises(ValueError, match=complaint):
        cash(balances)


def test_account_spec_refuses_leverage_below_one_and_unknown_types() -> None:
    with pytest.raises(ValueError, match="leverage"):
        AccountSpec(AccountType.MARGIN, {}, 0)
    with pytest.raises(ValueError):
        AccountSpec("BETTING", {})  # type: ignore[arg-type]
    assert AccountSpec(AccountType.CASH, {}, 10).leverage == 1
