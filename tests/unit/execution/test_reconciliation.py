"""The reconcile pass: after each connect the venue's account, fills and open orders are asked
for, applied the one way, and what they leave unexplained is asked about order by order."""

import pytest

from engine import topics
from engine.execution.config import ExecutionEngineConfig
from engine.model.commands import QueryAccount, QueryFills, QueryOpenOrders, QueryOrder
from engine.model.currencies import BTC, USDT
from engine.model.enums import BUY, SELL, AnswerStatus, OrderStatus
from engine.model.events import AccountState, OrderCanceled, OrderFilled
from engine.model.identifiers import ClientOrderId
from engine.model.values import AccountBalance, Money, Price

SECOND = 1_000_000_000
LIFETIME = 4 * SECOND


def balance(total, currency, locked="0"):
    return AccountBalance.from_total_and_locked(Money(total, currency), Money(locked, currency))


def reconnect(rig):
    rig.disconnect()
    rig.advance(SECOND)
    rig.client.sent.clear()
    rig.begin_pass()


# --- the first start -----------------------------------------------------------------------


def test_first_pass_asks_three_questions_and_ends_when_all_are_answered(make_rig):
    rig = make_rig()
    rig.begin_pass()
    assert [type(command) for command in rig.client.sent] == [
        QueryAccount,
        QueryFills,
        QueryOpenOrders,
    ]
    assert rig.last_sent(QueryFills).since_ns == 0
    rig.answer_open_orders()
    rig.answer_account()
    assert rig.reconciled == []
    rig.answer_fills()
    assert rig.reconciled == [rig.client.client_id]


def test_opening_balance_is_taken_from_the_account_and_published(make_rig):
    rig = make_rig()
    rig.connect()
    (state,) = rig.of_type(AccountState)
    assert rig.heard == [(topics.account(rig.account_id), state)]
    assert state.reported
    assert str(state.balances[1].total) == "100000.00000000 USDT"
    assert rig.facts == [state]


def test_balance_pushed_before_the_opening_is_passed_over(make_rig):
    rig = make_rig()
    rig.report(rig.account_report())
    assert rig.cache.accounts() == []
    assert rig.names() == []


def test_unknown_orders_and_fills_of_the_venue_are_refused_with_alerts_and_nothing_else(make_rig):
    other = make_rig()
    other.connect()
    stranger = other.accepted()
    rig = make_rig()
    rig.begin_pass()
    rig.answer_account()
    rig.answer_fills(other.fill(stranger))
    rig.answer_open_orders(other.picture(stranger))
    assert rig.refusals() == ["UNKNOWN_ORDER", "UNKNOWN_ORDER"]
    assert rig.alerts() == ["UNKNOWN_ORDER", "UNKNOWN_ORDER"]
    assert rig.cache.orders() == []
    assert rig.reconciled == [rig.client.client_id]


@pytest.mark.parametrize("question", ["account", "fills", "open_orders"])
def test_failed_question_is_asked_again_later_and_holds_up_the_end(make_rig, question):
    rig = make_rig()
    rig.begin_pass()
    for name in ("account", "fills", "open_orders"):
        status = AnswerStatus.FAILED if name == question else AnswerStatus.OK
        getattr(rig, f"answer_{name}")(status=status)
    assert rig.reconciled == []
    asked = len(rig.client.sent)
    rig.advance(SECOND // 2)
    assert len(rig.client.sent) == asked + 1
    getattr(rig, f"answer_{question}")()
    assert rig.reconciled == [rig.client.client_id]


def test_question_that_keeps_failing_alerts_and_is_asked_without_end(make_rig):
    rig = make_rig(ExecutionEngineConfig(query_alert_after=3))
    rig.begin_pass()
    for _ in range(6):
        rig.answer_fills(status=AnswerStatus.TIMEOUT)
        rig.advance(8 * SECOND)
    assert rig.alerts() == ["RECONCILIATION_FAILING"]
    assert len(rig.sent(QueryFills)) == 7


# --- a reconnect ---------------------------------------------------------------------------


def test_second_pass_right_after_the_first_changes_nothing(rig):
    order = rig.accepted()
    rig.report(rig.fill(order, "0.400"))
    for _ in range(2):
        reconnect(rig)
        rig.heard.clear()
        rig.facts.clear()
        account = rig.cache.account(rig.account_id)
        rig.answer_account(*(account.balances[code] for code in sorted(account.balances)))
        rig.answer_fills(rig.fill(order, "0.400"))
        rig.answer_open_orders(rig.picture(order, OrderStatus.PARTIALLY_FILLED, filled="0.400"))
        assert rig.names() == []
        assert rig.facts == []
        assert rig.sent(QueryOrder) == []
    assert len(rig.reconciled) == 3


def test_fills_are_asked_for_from_an_overlap_before_the_last_one_seen(rig):
    rig.report(rig.fill(rig.accepted()))
    seen_ns = rig.now
    reconnect(rig)
    assert rig.last_sent(QueryFills).since_ns == seen_ns - 60 * SECOND


def test_fill_learnt_while_disconnected_does_not_move_where_fills_are_asked_from(rig):
    order = rig.accepted()
    rig.report(rig.fill(order, "0.100", trade_id="T-1"))
    seen_ns = rig.now
    query = QueryOrder("q", None, rig.now, order.client_order_id, order.instrument_id)
    rig.execute(query)
    rig.disconnect()
    rig.advance(300 * SECOND)
    rig.answer_order(
        rig.picture(order, OrderStatus.PARTIALLY_FILLED, filled="0.200"),
        rig.fill(order, "0.100", trade_id="T-3"),
        query=query,
    )
    rig.begin_pass()
    assert rig.last_sent(QueryFills).since_ns == seen_ns - 60 * SECOND


def test_fills_missed_while_disconnected_are_applied_once_in_venue_order(rig):
    order = rig.accepted()
    rig.report(rig.fill(order, "0.100", trade_id="T-1"))
    reconnect(rig)
    rig.heard.clear()
    rig.answer_account()
    rig.answer_fills(
        rig.fill(order, "0.700", trade_id="T-3", ts_event=rig.now),
        rig.fill(order, "0.100", trade_id="T-1", ts_event=rig.now - 2),
        rig.fill(order, "0.200", trade_id="T-2", ts_event=rig.now - 1),
    )
    rig.answer_open_orders()
    assert list(order.trade_ids) == ["T-1", "T-2", "T-3"]
    assert order.status is OrderStatus.FILLED
    assert len(rig.of_type(OrderFilled)) == 4  # on two topics each
    assert rig.sent(QueryOrder) == []
    assert len(rig.reconciled) == 2


def test_open_orders_that_come_first_wait_for_the_fills(rig):
    order = rig.accepted()
    reconnect(rig)
    rig.answer_account()
    rig.answer_open_orders(rig.picture(order, OrderStatus.PARTIALLY_FILLED, filled="0.400"))
    rig.answer_fills(rig.fill(order, "0.400"))
    assert str(order.filled_qty) == "0.400"
    assert rig.sent(QueryOrder) == []
    assert rig.cache.orders_unresolved() == []


def test_order_accepted_while_disconnected_is_accepted_from_the_list(rig):
    order = rig.submitted()
    reconnect(rig)
    rig.answer_account()
    rig.answer_fills()
    rig.answer_open_orders(rig.picture(order))
    assert order.status is OrderStatus.ACCEPTED
    assert rig.sent(QueryOrder) == []
    assert len(rig.reconciled) == 2


def test_order_amended_while_disconnected_takes_the_venues_values(rig):
    order = rig.accepted()
    reconnect(rig)
    rig.answer_account()
    rig.answer_fills()
    rig.answer_open_orders(rig.picture(order, price="101.00"))
    assert order.price == Price.from_str("101.00")


def test_order_absent_from_the_list_is_asked_about_and_ends_by_its_own_picture(rig):
    order = rig.accepted()
    reconnect(rig)
    rig.answer_account()
    rig.answer_fills()
    rig.answer_open_orders()
    assert order.status is OrderStatus.ACCEPTED
    assert rig.cache.orders_unresolved() == [order]
    assert rig.reconciled == [rig.client.client_id]  # the first one: this pass goes on
    rig.answer_order(rig.picture(order, OrderStatus.CANCELED))
    assert len(rig.of_type(OrderCanceled)) == 1
    assert rig.cache.orders_unresolved() == []
    assert len(rig.reconciled) == 2


def test_failed_question_about_an_absent_order_is_repeated_and_no_terminal_is_made_up(rig):
    order = rig.accepted()
    reconnect(rig)
    rig.answer_account()
    rig.answer_fills()
    rig.answer_open_orders()
    rig.answer_order(None, status=AnswerStatus.FAILED)
    assert order.status is OrderStatus.ACCEPTED
    assert len(rig.reconciled) == 1
    rig.advance(SECOND // 2)
    assert len(rig.sent(QueryOrder)) == 2
    rig.answer_order(rig.picture(order, OrderStatus.EXPIRED))
    assert order.status is OrderStatus.EXPIRED
    assert len(rig.reconciled) == 2


def test_order_that_the_venue_denies_having_stays_open_and_marked_but_the_pass_ends(rig):
    order = rig.accepted()
    reconnect(rig)
    rig.answer_account()
    rig.answer_fills()
    rig.answer_open_orders()
    rig.answer_order(None)
    assert order.status is OrderStatus.ACCEPTED
    assert rig.cache.orders_unresolved() == [order]
    assert len(rig.reconciled) == 2


def test_submit_cut_off_by_the_disconnect_is_rejected_only_after_its_lifetime(rig):
    order = rig.submitted()
    reconnect(rig)
    rig.answer_account()
    rig.answer_fills()
    rig.answer_open_orders()
    rig.answer_order(None)
    assert order.status is OrderStatus.SUBMITTED
    assert len(rig.reconciled) == 2
    rig.report(rig.unknown(order))
    rig.advance(LIFETIME)
    rig.answer_order(None)
    assert order.status is OrderStatus.REJECTED
    assert rig.cache.orders_unresolved() == []


def test_order_with_fewer_fills_here_than_in_the_list_is_asked_about(rig):
    order = rig.accepted()
    reconnect(rig)
    rig.answer_account()
    rig.answer_fills()
    rig.answer_open_orders(rig.picture(order, OrderStatus.PARTIALLY_FILLED, filled="0.400"))
    assert len(rig.sent(QueryOrder)) == 1
    rig.answer_order(
        rig.picture(order, OrderStatus.PARTIALLY_FILLED, filled="0.400"),
        rig.fill(order, "0.400"),
    )
    assert str(order.filled_qty) == "0.400"
    assert rig.cache.orders_unresolved() == []


def test_fills_beyond_the_known_quantity_wait_for_the_picture_that_explains_them(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, quantity="2.000"))
    reconnect(rig)
    rig.answer_account()
    rig.answer_fills(
        rig.fill(order, "0.900", trade_id="T-1"), rig.fill(order, "0.900", trade_id="T-2")
    )
    rig.answer_open_orders()
    assert str(order.filled_qty) == "0.900"
    rig.answer_order(
        rig.picture(order, OrderStatus.PARTIALLY_FILLED, quantity="2.000", filled="1.800"),
        rig.fill(order, "0.900", trade_id="T-1"),
        rig.fill(order, "0.900", trade_id="T-2"),
    )
    assert str(order.filled_qty) == "1.800"
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert order.overfill_raw == 0
    assert rig.alerts() == []
    assert rig.cache.orders_unresolved() == []


def test_fills_of_just_the_known_quantity_wait_while_it_may_have_been_raised(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, quantity="2.000"))
    reconnect(rig)
    rig.answer_account()
    rig.answer_fills(rig.fill(order, "1.000"))
    rig.answer_open_orders(
        rig.picture(order, OrderStatus.PARTIALLY_FILLED, quantity="2.000", filled="1.000")
    )
    rig.answer_order(
        rig.picture(order, OrderStatus.PARTIALLY_FILLED, quantity="2.000", filled="1.000"),
        rig.fill(order, "1.000"),
    )
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert str(order.leaves_qty) == "1.000"
    assert rig.cache.orders_unresolved() == []


def test_pass_cut_off_by_a_disconnect_is_given_up_and_its_answers_change_nothing(rig):
    order = rig.accepted()
    reconnect(rig)
    old = rig.last_sent(QueryOpenOrders)
    rig.answer_fills(status=AnswerStatus.FAILED)
    rig.disconnect()
    rig.advance(10 * SECOND)
    assert len(rig.sent(QueryFills)) == 1
    rig.begin_pass()
    rig.client.sent.append(old)
    rig.heard.clear()
    rig.answer_open_orders(rig.picture(order, price="105.00"))
    assert rig.names() == []
    rig.client.sent.pop()
    rig.answer_account()
    rig.answer_fills()
    rig.answer_open_orders(rig.picture(order))
    assert len(rig.reconciled) == 2


def test_events_of_one_answer_are_each_told_before_the_next_is_applied(rig):
    first, second = rig.accepted(), rig.accepted(side=SELL)
    reconnect(rig)
    rig.answer_account()
    seen = []
    rig.bus.subscribe(
        "events.order.*",
        lambda event: seen.append((event.client_order_id, first.filled_raw, second.filled_raw)),
    )
    rig.answer_fills(rig.fill(first, trade_id="T-1"), rig.fill(second, trade_id="T-2"))
    one = first.quantity_raw
    assert seen == [
        (ClientOrderId("O-1"), one, 0),
        (ClientOrderId("O-2"), one, one),
    ]


# --- balances ------------------------------------------------------------------------------


def test_equal_balances_say_nothing(rig):
    rig.report(rig.account_report())
    rig.advance(5 * SECOND)
    assert rig.names() == []
    assert rig.sent(QueryAccount) == []


def answer_check(rig, *fills, open_orders=()):
    """The fills and open orders that a lasting difference asks for."""
    rig.answer_fills(*fills)
    rig.answer_open_orders(*open_orders)


def test_lasting_difference_is_announced_after_a_check_and_never_copied(rig):
    wrong = (balance("99999", USDT), balance("10", BTC))
    rig.report(rig.account_report(*wrong))
    assert rig.client.sent == []
    rig.advance(SECOND)
    assert len(rig.sent(QueryAccount)) == 1
    rig.answer_account(*wrong)
    assert [type(command) for command in rig.client.sent[1:]] == [QueryFills, QueryOpenOrders]
    answer_check(rig)
    assert rig.alerts() == []
    rig.advance(SECOND)
    rig.answer_account(*wrong)
    assert rig.alerts() == ["BALANCE_DIFFERENCE"]
    total = rig.cache.account(rig.account_id).balances["USDT"].total
    assert str(total) == "100000.00000000 USDT"


def test_announced_difference_is_not_announced_again_until_it_changes(rig):
    for stated in ("99999", "99999", "99998"):
        for _ in range(3):
            wrong = (balance(stated, USDT), balance("10", BTC))
            rig.report(rig.account_report(*wrong))
            if rig.client.sent:
                answer_check(rig)
            rig.client.sent.clear()
    assert rig.alerts() == ["BALANCE_DIFFERENCE", "BALANCE_DIFFERENCE"]


def test_check_leaves_trading_open_and_tells_nobody_of_a_reconciliation(rig):
    for _ in range(2):
        rig.report(rig.account_report(balance("1", USDT)))
    assert rig.engine.tradable(rig.client.venue) is None
    answer_check(rig)
    assert len(rig.reconciled) == 1


def test_fill_that_was_never_heard_of_is_found_by_the_check_instead_of_announced(rig):
    order = rig.accepted(side=BUY)
    venue = (balance("99900", USDT), balance("11", BTC))
    for _ in range(2):
        rig.report(rig.account_report(*venue))
    answer_check(rig, rig.fill(order))
    assert order.status is OrderStatus.FILLED
    rig.advance(SECOND)
    rig.answer_account(*venue)
    rig.advance(5 * SECOND)
    assert rig.alerts() == []


def test_cancel_that_was_never_heard_of_is_found_by_the_check(rig):
    order = rig.accepted(side=BUY)
    for _ in range(2):
        rig.report(rig.account_report())
    answer_check(rig)
    rig.answer_order(rig.picture(order, OrderStatus.CANCELED))
    assert order.status is OrderStatus.CANCELED
    assert rig.cache.orders_unresolved() == []
    rig.advance(SECOND)
    rig.answer_account()
    assert rig.alerts() == []


def test_order_submitted_during_a_check_owes_it_no_explanation(rig):
    for _ in range(2):
        rig.report(rig.account_report(balance("1", USDT)))
    rig.advance(1)
    rig.accepted()
    answer_check(rig)
    assert rig.sent(QueryOrder) == []
    assert rig.cache.orders_unresolved() == []


def test_check_cut_off_by_a_disconnect_is_made_good_by_the_pass(rig):
    for _ in range(2):
        rig.report(rig.account_report(balance("1", USDT)))
    reconnect(rig)
    rig.answer_account(balance("1", USDT))
    answer_check(rig)
    assert rig.engine.tradable(rig.client.venue) is None
    assert rig.alerts() == ["BALANCE_DIFFERENCE"]


def test_difference_that_a_fill_on_its_way_explains_is_never_announced(rig):
    order = rig.accepted(side=BUY)
    ahead = (balance("99900", USDT), balance("11", BTC))
    rig.report(rig.account_report(*ahead))
    rig.report(rig.fill(order))
    rig.advance(SECOND)
    rig.answer_account(*ahead)
    rig.advance(5 * SECOND)
    assert rig.alerts() == []
    assert rig.sent(QueryFills) == []


def test_difference_while_something_is_in_flight_waits_until_nothing_is(rig):
    order = rig.submitted()
    wrong = (balance("99999", USDT), balance("10", BTC))
    for _ in range(5):
        rig.report(rig.account_report(*wrong))
    assert rig.sent(QueryFills) == []
    rig.report(rig.reject(order))
    for _ in range(2):
        rig.advance(SECOND)
        rig.answer_account(*wrong)
    answer_check(rig)
    rig.advance(SECOND)
    rig.answer_account(*wrong)
    assert rig.alerts() == ["BALANCE_DIFFERENCE"]


def test_later_pass_compares_the_account_instead_of_opening_it_again(rig):
    reconnect(rig)
    rig.answer_account(balance("1", USDT))
    rig.answer_fills()
    rig.answer_open_orders()
    assert str(rig.cache.account(rig.account_id).balances["USDT"].total) == "100000.00000000 USDT"
    rig.advance(SECOND)
    assert len(rig.sent(QueryAccount)) == 2
