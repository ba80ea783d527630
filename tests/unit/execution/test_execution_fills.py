"""Fills: each venue execution applied once, to order, position and account, and told as a group."""

from decimal import Decimal

import pytest

from engine import topics
from engine.execution.config import ExecutionEngineConfig
from engine.model.currencies import BTC
from engine.model.enums import BUY, SELL, OrderStatus, PositionSide, TradingState
from engine.model.events import (
    AccountState,
    OrderFilled,
    PositionChanged,
    PositionClosed,
    PositionOpened,
)
from engine.model.identifiers import ClientOrderId, PositionId, StrategyId, TradeId
from engine.model.reports import FillReport


def position_of(rig, strategy="MM-001"):
    return rig.cache.position(PositionId(f"BTC/USDT.SIM-SIM-001-{strategy}"))


def totals(rig):
    balances = rig.cache.account(rig.account_id).balances
    return {code: str(balances[code].total) for code in sorted(balances)}


def test_fill_is_told_as_fill_order_account_position(rig):
    order = rig.accepted()
    rig.heard.clear()
    rig.facts.clear()
    rig.report(rig.fill(order))
    (opened,), (state,) = rig.of_type(PositionOpened), rig.of_type(AccountState)
    fill = rig.of_type(OrderFilled)[0]
    assert rig.heard == [
        (topics.fills(rig.instrument_id), fill),
        (topics.order_events(order.strategy_id), fill),
        (topics.account(rig.account_id), state),
        (topics.positions(order.strategy_id), opened),
    ]
    assert rig.facts == [fill, state, opened]
    assert order.status is OrderStatus.FILLED
    assert position_of(rig).side is PositionSide.LONG
    assert totals(rig) == {"BTC": "11.00000000 BTC", "USDT": "99900.00000000 USDT"}


def test_every_handler_of_a_fill_reads_all_of_its_effects(rig):
    order = rig.accepted()
    seen = []

    def look(_):
        seen.append(
            (order.status, position_of(rig).signed_qty, totals(rig)["USDT"], len(rig.ctx.facts))
        )

    for topic in (
        topics.fills(rig.instrument_id),
        topics.order_events(order.strategy_id),
        topics.account(rig.account_id),
        topics.positions(order.strategy_id),
    ):
        rig.bus.subscribe(topic, look)
    rig.report(rig.fill(order))
    assert seen == [(OrderStatus.FILLED, Decimal("1.000"), "99900.00000000 USDT", 3)] * 4


def test_position_id_under_netting_names_instrument_account_and_strategy(rig):
    order = rig.accepted()
    rig.report(rig.fill(order))
    assert order.position_id == "BTC/USDT.SIM-SIM-001-MM-001"
    assert rig.cache.position_for_order(order.client_order_id) is position_of(rig)


def test_partial_fills_add_up_to_a_filled_order(rig):
    order = rig.accepted()
    rig.report(rig.fill(order, "0.400", trade_id="T-1"))
    assert order.status is OrderStatus.PARTIALLY_FILLED
    rig.report(rig.fill(order, "0.600", trade_id="T-2"))
    assert order.status is OrderStatus.FILLED
    assert len(rig.of_type(PositionOpened)) == 1
    assert len(rig.of_type(PositionChanged)) == 1


def test_fill_before_accept_applies_and_the_accept_only_adds_nothing(rig):
    order = rig.submitted()
    rig.report(rig.fill(order, "0.400"))
    assert order.status is OrderStatus.PARTIALLY_FILLED
    rig.heard.clear()
    rig.report(rig.accept(order))
    assert rig.names() == []
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert rig.cache.client_order_id(order.venue_order_id) == order.client_order_id


def test_fill_heard_twice_takes_effect_once(rig):
    order = rig.accepted()
    rig.report(rig.fill(order, "0.400"))
    rig.heard.clear()
    before = totals(rig)
    rig.report(rig.fill(order, "0.400"))
    assert rig.names() == []
    assert str(order.filled_qty) == "0.400"
    assert totals(rig) == before
    assert rig.engine.absorbed_count == 1


@pytest.mark.parametrize(
    "other", [{"quantity": "0.500"}, {"price": "99.00"}, {"commission": "0.1"}]
)
def test_trade_heard_again_with_other_numbers_is_refused_with_an_alert(rig, other):
    order = rig.accepted()
    rig.report(rig.fill(order, "0.400"))
    before = totals(rig)
    rig.report(rig.fill(order, **{"quantity": "0.400", **other}))
    assert rig.refusals() == ["CONFLICTING_FILL"]
    assert rig.alerts() == ["FILL_REFUSED"]
    assert str(order.filled_qty) == "0.400"
    assert totals(rig) == before


def test_trade_with_oneself_fills_both_orders_under_one_trade_id(rig):
    buy, sell = rig.accepted(side=BUY), rig.accepted(side=SELL)
    rig.report(rig.fill(buy, "1.000", trade_id="T-1"))
    rig.report(rig.fill(sell, "1.000", trade_id="T-1"))
    assert buy.status is OrderStatus.FILLED
    assert sell.status is OrderStatus.FILLED
    assert position_of(rig).is_closed


@pytest.mark.parametrize("end", ["cancel", "expire", "reject"])
def test_late_fill_is_applied_once_with_an_alert_and_the_order_stays_closed(rig, end):
    order = rig.accepted()
    rig.report(getattr(rig, end)(order))
    status = order.status
    rig.heard.clear()
    rig.report(rig.fill(order, "0.400"))
    rig.report(rig.fill(order, "0.400"))
    assert rig.names() == [
        "OrderFilled",
        "OrderFilled",
        "AccountState",
        "PositionOpened",
        "Alert",
    ]
    assert order.status is status
    assert position_of(rig).signed_qty == Decimal("0.400")


def test_late_fill_of_all_the_rest_makes_the_order_filled(rig):
    order = rig.accepted()
    rig.report(rig.cancel(order))
    rig.report(rig.fill(order, "1.000"))
    assert order.status is OrderStatus.FILLED
    assert rig.alerts() == ["LATE_FILL"]


def test_fill_of_an_order_that_was_never_sent_is_refused_with_an_alert(rig):
    order = rig.order()
    rig.report(rig.fill(order))
    assert rig.names() == ["Refused", "Alert"]
    assert order.status is OrderStatus.INITIALIZED
    assert rig.cache.positions() == []
    assert rig.cache.venue_order_id(order.client_order_id) is None


def test_fill_of_the_wrong_side_moves_nothing(rig):
    order = rig.accepted()
    good = rig.fill(order)
    fields = [getattr(good, name) for name in good.__struct_fields__]
    fields[good.__struct_fields__.index("side")] = SELL
    before = totals(rig)
    rig.report(FillReport(*fields))
    assert rig.alerts() == ["FILL_REFUSED"]
    assert order.status is OrderStatus.ACCEPTED
    assert totals(rig) == before
    assert rig.cache.positions() == []


def test_fill_of_an_unknown_order_is_refused_with_an_alert(rig):
    good = rig.fill(rig.accepted())
    fields = [getattr(good, name) for name in good.__struct_fields__]
    fields[2], fields[3] = ClientOrderId("O-99"), None
    rig.heard.clear()
    rig.report(FillReport(*fields))
    assert rig.names() == ["Refused", "Alert"]
    assert rig.cache.positions() == []


def test_overfill_is_applied_with_an_alert_and_halts_trading(rig):
    order = rig.accepted()
    rig.report(rig.fill(order, "0.600", trade_id="T-1"))
    rig.report(rig.fill(order, "0.600", trade_id="T-2"))
    assert order.status is OrderStatus.FILLED
    assert str(order.overfill_qty) == "0.200"
    assert position_of(rig).signed_qty == Decimal("1.200")
    assert totals(rig)["BTC"] == "11.20000000 BTC"
    assert rig.alerts() == ["OVERFILL"]
    assert rig.risk.trading_state is TradingState.HALTED


def test_overfill_where_allowed_alerts_but_trading_goes_on(make_rig):
    rig = make_rig(ExecutionEngineConfig(allow_overfills=True))
    rig.connect()
    order = rig.accepted()
    rig.report(rig.fill(order, "1.200"))
    assert str(order.overfill_qty) == "0.200"
    assert rig.alerts() == ["OVERFILL"]
    assert rig.risk.trading_state is TradingState.ACTIVE


def test_fill_of_a_filled_order_is_an_overfill_and_late(rig):
    order = rig.accepted()
    rig.report(rig.fill(order, "1.000", trade_id="T-1"))
    rig.report(rig.fill(order, "0.100", trade_id="T-2"))
    assert rig.alerts() == ["LATE_FILL", "OVERFILL"]
    assert str(order.filled_qty) == "1.100"


def test_closing_fill_tells_the_profit_of_the_cycle(rig):
    rig.report(rig.fill(rig.accepted(), "1.000", "100.00", "T-1"))
    order = rig.accepted(side=SELL)
    rig.report(rig.fill(order, "1.000", "103.00", "T-2"))
    (closed,) = rig.of_type(PositionClosed)
    assert closed.side is PositionSide.FLAT
    assert closed.signed_qty == "0.000"
    assert str(closed.realized_pnl) == "3.00000000 USDT"
    assert closed.closing_order_id == order.client_order_id
    assert rig.cache.is_position_closed(closed.position_id)


def test_flip_closes_then_opens_in_one_group_with_each_steps_own_values(rig):
    rig.report(rig.fill(rig.accepted(), "1.000", "100.00", "T-1"))
    order = rig.accepted(side=SELL, quantity="1.500")
    rig.heard.clear()
    rig.report(rig.fill(order, "1.500", "103.00", "T-2", commission="0.30"))
    assert rig.names() == [
        "OrderFilled",
        "OrderFilled",
        "AccountState",
        "PositionClosed",
        "PositionOpened",
    ]
    closed, opened = rig.facts[-2:]
    assert (closed.signed_qty, str(closed.last_qty)) == ("0.000", "1.000")
    assert str(closed.realized_pnl) == "2.80000000 USDT"  # its share of the commission
    assert (opened.signed_qty, str(opened.last_qty)) == ("-0.500", "0.500")
    assert str(opened.realized_pnl) == "-0.10000000 USDT"
    assert position_of(rig).side is PositionSide.SHORT
    assert list(order.trade_ids) == [TradeId("T-2")]


def test_reopened_position_is_the_same_object_in_its_next_cycle(rig):
    rig.report(rig.fill(rig.accepted(), trade_id="T-1"))
    rig.report(rig.fill(rig.accepted(side=SELL), trade_id="T-2"))
    position = position_of(rig)
    rig.heard.clear()
    rig.report(rig.fill(rig.accepted(), trade_id="T-3"))
    assert len(rig.of_type(PositionOpened)) == 1
    assert position_of(rig) is position
    assert len(position.cycles) == 1


def test_flip_that_a_base_fee_kept_from_closing_goes_on_with_the_same_position(rig):
    rig.report(rig.fill(rig.accepted(quantity="0.500"), "0.500", "100.00", "T-1", "0.001", BTC))
    assert position_of(rig).signed_qty == Decimal("0.499")
    order = rig.accepted(side=SELL, quantity="0.600")
    rig.heard.clear()
    rig.report(rig.fill(order, "0.600", "100.00", "T-2", "0.012", BTC))
    # 0.499 - 0.600 - 0.012: the first part's share of the fee left it short, not flat
    assert position_of(rig).signed_qty == Decimal("-0.113")
    assert rig.names()[-2:] == ["PositionChanged", "PositionChanged"]
    assert len(rig.cache.positions()) == 1
    assert totals(rig)["BTC"] == "9.88700000 BTC"


def test_flip_that_a_base_rebate_kept_long_is_cut_until_nothing_goes_through_flat(rig):
    rig.report(rig.fill(rig.accepted(quantity="1.000"), "1.000", "100.00", "T-1"))
    order = rig.accepted(side=SELL, quantity="1.500")
    rig.heard.clear()
    rig.report(rig.fill(order, "1.500", "100.00", "T-2", "-0.150", BTC))
    position = position_of(rig)
    held = position.signed_raw + position.dust_raw
    assert held == -35 * 10**14  # 1 - 1.5 + 0.15 = -0.350, exactly
    assert [type(message) for _, message in rig.heard][-1] in (PositionOpened, PositionChanged)


def test_flip_whose_base_fee_takes_all_that_was_bought_takes_two_steps(rig):
    rig.report(rig.fill(rig.accepted(side=SELL, quantity="0.001"), "0.001", "100.00", "T-1"))
    order = rig.accepted(quantity="500.000")
    rig.heard.clear()
    rig.report(rig.fill(order, "500.000", "110.00", "T-2", "500", BTC))
    position = position_of(rig)
    assert position.signed_qty == Decimal("-0.001")
    assert position.avg_px_open == Decimal(110)  # what is held now is what the fee sold
    assert rig.names()[-2:] == ["PositionChanged", "PositionChanged"]


def test_strategies_hold_positions_of_their_own(rig):
    rig.report(rig.fill(rig.accepted(), trade_id="T-1"))
    other = rig.accepted(side=SELL, strategy_id=StrategyId("OTHER-001"))
    rig.report(rig.fill(other, trade_id="T-2"))
    assert position_of(rig).signed_qty == Decimal("1.000")
    assert position_of(rig, "OTHER-001").signed_qty == Decimal("-1.000")


def test_partial_fill_keeps_a_pending_cancel(rig):
    order = rig.accepted()
    rig.execute(rig.cancel_command(order))
    rig.report(rig.fill(order, "0.400"))
    assert order.status is OrderStatus.PENDING_CANCEL
    assert order.previous_status is OrderStatus.PARTIALLY_FILLED
    rig.report(rig.cancel_rejected(order, "cancel-1"))
    assert order.status is OrderStatus.PARTIALLY_FILLED


def test_cancel_after_partial_fill_closes_with_what_was_filled(rig):
    order = rig.accepted()
    rig.report(rig.fill(order, "0.400"))
    rig.report(rig.cancel(order, "0.400"))
    assert order.status is OrderStatus.CANCELED
    assert rig.alerts() == []
    assert rig.cache.orders_unresolved() == []


def test_cache_holds_together_after_all_of_it(rig):
    order = rig.accepted()
    rig.report(rig.fill(order, "0.400", trade_id="T-1"))
    rig.execute(rig.cancel_command(order))
    rig.report(rig.cancel(order, "0.400"))
    rig.report(rig.fill(order, "0.100", trade_id="T-2"))
    rig.report(rig.fill(rig.accepted(side=SELL, quantity="2.000"), "2.000", trade_id="T-3"))
    assert rig.cache.check_integrity() == []


# --- fills that overtake the amendment which made room for them --------------------------------------


@pytest.mark.parametrize("filled", ["1.000", "2.000"])
def test_fill_that_an_unheard_amendment_made_room_for_waits_for_a_picture(rig, filled):
    order = rig.accepted(quantity="1.000")
    rig.execute(rig.modify_command(order, quantity="5.000"))
    rig.report(rig.fill(order, filled))
    assert order.filled_raw == 0
    assert rig.alerts() == []

    picture = rig.picture(order, OrderStatus.PARTIALLY_FILLED, "5.000", filled)
    rig.answer_order(picture, rig.fill(order, filled))
    assert (str(order.quantity), str(order.filled_qty)) == ("5.000", filled)
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert rig.alerts() == []


def test_fill_that_no_amendment_could_have_made_room_for_is_applied_at_once(rig):
    order = rig.accepted(quantity="1.000")
    rig.execute(rig.modify_command(order, quantity="0.500"))
    rig.report(rig.fill(order, "1.000"))
    assert order.status is OrderStatus.FILLED
