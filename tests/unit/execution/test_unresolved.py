"""What is unknown stays unknown until it is proven: marks, timers, queries and their proofs."""

import pytest

from engine.execution.config import ExecutionEngineConfig
from engine.model.commands import ModifyOrder, QueryOrder
from engine.model.enums import AnswerStatus, OrderStatus, RequestKind
from engine.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderModifyRejected,
    OrderRejected,
    OrderUpdated,
)
from engine.model.values import Price

SECOND = 1_000_000_000
LIFETIME = 4 * SECOND
THRESHOLD = 5 * SECOND


def unresolved(rig):
    return [order.client_order_id for order in rig.cache.orders_unresolved()]


# --- ambiguous submits ---------------------------------------------------------------------


def test_unknown_submit_is_marked_and_asked_about_when_it_can_no_longer_act(rig):
    order = rig.submitted()
    rig.advance(SECOND)
    rig.report(rig.unknown(order))
    assert unresolved(rig) == [order.client_order_id]
    assert order.status is OrderStatus.SUBMITTED
    rig.advance(LIFETIME - 1)
    assert rig.sent(QueryOrder) == []
    rig.advance(1)
    (query,) = rig.sent(QueryOrder)
    assert query.client_order_id == order.client_order_id


def test_unknown_submit_whose_leaving_is_known_is_asked_about_sooner(rig):
    order = rig.submitted()
    left_ns = rig.now
    rig.advance(SECOND)
    rig.report(rig.unknown(order, sent_ns=left_ns))
    rig.advance(LIFETIME - SECOND)
    assert len(rig.sent(QueryOrder)) == 1


def test_absence_after_the_lifetime_proves_that_a_submit_never_arrived(rig):
    order = rig.submitted()
    rig.report(rig.unknown(order))
    rig.advance(LIFETIME)
    rig.answer_order(None)
    (event,) = rig.of_type(OrderRejected)
    assert event.reason == "NEVER_ARRIVED"
    assert order.status is OrderStatus.REJECTED
    assert unresolved(rig) == []
    assert rig.clock.next_timer_ns() is not None  # the watchdog's
    rig.advance(THRESHOLD)
    assert rig.clock.next_timer_ns() is None
    assert len(rig.sent(QueryOrder)) == 1


def test_absence_before_the_lifetime_proves_nothing(rig):
    order = rig.submitted()
    query = QueryOrder("early", None, rig.now, order.client_order_id, order.instrument_id)
    rig.execute(query)
    rig.report(rig.unknown(order))
    rig.answer_order(None, query=query)
    assert order.status is OrderStatus.SUBMITTED
    assert unresolved(rig) == [order.client_order_id]


def test_picture_of_an_unknown_submit_adopts_the_venues_state(rig):
    order = rig.submitted()
    rig.report(rig.unknown(order))
    rig.advance(LIFETIME)
    rig.answer_order(rig.picture(order))
    assert len(rig.of_type(OrderAccepted)) == 1
    assert order.status is OrderStatus.ACCEPTED
    assert unresolved(rig) == []


def test_picture_of_a_filled_order_applies_its_fills_with_their_own_trade_ids(rig):
    order = rig.submitted()
    rig.report(rig.unknown(order))
    rig.advance(LIFETIME)
    rig.heard.clear()
    rig.answer_order(
        rig.picture(order, OrderStatus.FILLED, filled="1.000"),
        rig.fill(order, "0.600", trade_id="T-2", ts_event=rig.now - 1),
        rig.fill(order, "0.400", trade_id="T-1", ts_event=rig.now - 2),
    )
    assert order.status is OrderStatus.FILLED
    assert list(order.trade_ids) == ["T-1", "T-2"]
    assert "OrderAccepted" not in rig.names()
    assert unresolved(rig) == []


def test_picture_of_a_canceled_order_ends_it_after_its_fills(rig):
    order = rig.submitted()
    rig.report(rig.unknown(order))
    rig.advance(LIFETIME)
    rig.answer_order(
        rig.picture(order, OrderStatus.CANCELED, filled="0.400"),
        rig.fill(order, "0.400"),
    )
    assert order.status is OrderStatus.CANCELED
    assert str(order.filled_qty) == "0.400"
    assert rig.alerts() == []
    assert unresolved(rig) == []


def test_each_event_of_an_answer_is_published_before_the_next_is_applied(rig):
    order = rig.submitted()
    rig.report(rig.unknown(order))
    rig.advance(LIFETIME)
    seen = []
    rig.bus.subscribe(
        "events.order.*", lambda event: seen.append((type(event).__name__, order.status.name))
    )
    rig.answer_order(
        rig.picture(order, OrderStatus.CANCELED, filled="0.400"),
        rig.fill(order, "0.100", trade_id="T-1"),
        rig.fill(order, "0.300", trade_id="T-2"),
    )
    assert seen == [
        ("OrderFilled", "PARTIALLY_FILLED"),
        ("OrderFilled", "PARTIALLY_FILLED"),
        ("OrderCanceled", "CANCELED"),
    ]


def test_late_live_report_settles_the_mark_and_stops_the_question(rig):
    order = rig.submitted()
    rig.report(rig.unknown(order))
    rig.report(rig.accept(order))
    assert unresolved(rig) == []
    rig.advance(THRESHOLD * 2)
    assert rig.sent(QueryOrder) == []


def test_unknown_outcome_of_what_was_heard_of_meanwhile_is_absorbed(rig):
    order = rig.accepted()
    rig.report(rig.unknown(order))
    assert unresolved(rig) == []
    assert rig.engine.absorbed_count == 1


def test_unknown_outcome_for_an_unknown_order_is_refused(rig):
    order = rig.order()
    other = rig.unknown(order)
    fields = [getattr(other, name) for name in other.__struct_fields__]
    fields[1] = type(order.client_order_id)("O-99")
    rig.report(type(other)(*fields))
    assert rig.refusals() == ["UNKNOWN_ORDER"]


def test_pending_cancel_over_a_submit_that_never_arrived_ends_rejected(rig):
    order = rig.submitted()
    rig.execute(rig.cancel_command(order))
    rig.report(rig.unknown(order))
    rig.report(rig.unknown(order, RequestKind.CANCEL, "cancel-1"))
    rig.advance(LIFETIME)
    rig.answer_order(None)
    assert order.status is OrderStatus.REJECTED
    assert unresolved(rig) == []


# --- ambiguous modifies and cancels --------------------------------------------------------


def test_cancel_that_can_no_longer_act_is_restored_by_never_acted(rig):
    order = rig.accepted()
    rig.execute(rig.cancel_command(order))
    rig.report(rig.unknown(order, RequestKind.CANCEL, "cancel-1"))
    rig.advance(LIFETIME)
    rig.answer_order(rig.picture(order))
    (event,) = rig.of_type(OrderCancelRejected)
    assert (event.request_id, event.reason) == ("cancel-1", "NEVER_ACTED")
    assert order.status is OrderStatus.ACCEPTED
    assert unresolved(rig) == []


def test_cancel_that_acted_is_found_by_the_query(rig):
    order = rig.accepted()
    rig.execute(rig.cancel_command(order))
    rig.report(rig.unknown(order, RequestKind.CANCEL, "cancel-1"))
    rig.advance(LIFETIME)
    rig.answer_order(rig.picture(order, OrderStatus.CANCELED))
    assert order.status is OrderStatus.CANCELED
    assert unresolved(rig) == []


def test_modify_that_can_no_longer_act_is_restored_by_never_acted(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, price="101.00"))
    rig.report(rig.unknown(order, RequestKind.MODIFY, "modify-1"))
    rig.advance(LIFETIME)
    rig.answer_order(rig.picture(order))
    (event,) = rig.of_type(OrderModifyRejected)
    assert (event.request_id, event.reason) == ("modify-1", "NEVER_ACTED")
    assert order.price == Price.from_str("100.00")
    assert unresolved(rig) == []


def test_modify_that_acted_is_credited_to_its_request(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, price="101.00"))
    rig.report(rig.unknown(order, RequestKind.MODIFY, "modify-1"))
    rig.advance(LIFETIME)
    rig.answer_order(rig.picture(order, price="101.00"))
    (event,) = rig.of_type(OrderUpdated)
    assert event.request_id == "modify-1"
    assert order.price == Price.from_str("101.00")
    assert order.status is OrderStatus.ACCEPTED
    assert unresolved(rig) == []


def test_modify_to_the_values_it_had_is_settled_as_done(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, price="100.00"))
    rig.report(rig.unknown(order, RequestKind.MODIFY, "modify-1"))
    rig.advance(LIFETIME)
    rig.answer_order(rig.picture(order))
    assert len(rig.of_type(OrderUpdated)) == 1
    assert order.status is OrderStatus.ACCEPTED


def test_picture_whose_stamp_never_moves_settles_one_request_after_another(rig):
    order = rig.accepted()
    accepted_ns = rig.now
    for n in range(3):
        rig.execute(rig.modify_command(order, f"modify-{n}", price="100.00"))
        rig.report(rig.unknown(order, RequestKind.MODIFY, f"modify-{n}"))
        rig.advance(LIFETIME)
        rig.answer_order(rig.picture(order, ts_event=accepted_ns))
        assert order.status is OrderStatus.ACCEPTED
        assert unresolved(rig) == []


def test_raised_quantity_in_a_picture_comes_before_the_fills_of_the_raised_part(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, quantity="2.000"))
    rig.report(rig.unknown(order, RequestKind.MODIFY, "modify-1"))
    rig.advance(LIFETIME)
    rig.answer_order(
        rig.picture(order, OrderStatus.FILLED, quantity="2.000", filled="2.000"),
        rig.fill(order, "2.000"),
    )
    assert order.status is OrderStatus.FILLED
    assert order.overfill_raw == 0
    assert rig.alerts() == []


def test_lowered_quantity_in_a_picture_comes_after_the_fills(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, quantity="0.400"))
    rig.report(rig.unknown(order, RequestKind.MODIFY, "modify-1"))
    rig.advance(LIFETIME)
    rig.answer_order(
        rig.picture(order, OrderStatus.FILLED, quantity="0.400", filled="0.400"),
        rig.fill(order, "0.400"),
    )
    assert order.status is OrderStatus.FILLED
    assert order.overfill_raw == 0
    assert unresolved(rig) == []


@pytest.mark.parametrize("end", [OrderStatus.CANCELED, OrderStatus.EXPIRED])
def test_end_that_overtakes_a_resize_waits_for_the_picture_with_the_final_size(rig, end):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, quantity="0.600"))
    rig.report(rig.cancel(order) if end is OrderStatus.CANCELED else rig.expire(order))
    assert order.status is OrderStatus.PENDING_UPDATE
    assert unresolved(rig) == [order.client_order_id]
    rig.answer_order(rig.picture(order, end, quantity="0.600"))
    assert order.status is end
    assert str(order.quantity) == "0.600"
    assert unresolved(rig) == []


def test_end_that_overtakes_a_resize_that_never_acted_says_so_first(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, quantity="0.600"))
    rig.report(rig.cancel(order))
    rig.heard.clear()
    rig.answer_order(rig.picture(order, OrderStatus.CANCELED))
    assert [name for name in rig.names() if name.startswith("Order")] == [
        "OrderModifyRejected",
        "OrderCanceled",
    ]
    assert str(order.quantity) == "1.000"


def test_end_that_overtakes_a_new_price_is_applied_at_once(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, price="101.00"))
    rig.report(rig.cancel(order))
    assert order.status is OrderStatus.CANCELED
    assert rig.sent(QueryOrder) == []


def test_absence_that_is_final_ends_an_order_with_a_resize_on_the_wire(rig):
    rig.client.absence_is_final = True
    order = rig.accepted()
    rig.execute(rig.modify_command(order, quantity="0.600"))
    rig.report(rig.cancel(order))
    rig.answer_order(None)
    assert order.status is OrderStatus.CANCELED
    assert unresolved(rig) == []


def test_absence_asked_before_the_venue_was_heard_of_the_order_proves_nothing(rig):
    rig.client.absence_is_final = True
    order = rig.submitted()
    query = QueryOrder("early", None, rig.now, order.client_order_id, order.instrument_id)
    rig.execute(query)
    rig.advance(LIFETIME // 2)
    rig.report(rig.accept(order))
    rig.answer_order(None, query=query)
    assert order.status is OrderStatus.ACCEPTED
    rig.advance(SECOND)
    assert rig.last_sent(QueryOrder) is not query


def test_picture_older_than_a_request_says_nothing_about_it(rig):
    order = rig.accepted()
    query = QueryOrder("early", None, rig.now, order.client_order_id, order.instrument_id)
    rig.execute(query)
    rig.execute(rig.cancel_command(order))
    rig.advance(LIFETIME // 2)
    rig.answer_order(rig.picture(order, ts_event=rig.now), query=query)
    assert order.status is OrderStatus.PENDING_CANCEL
    assert list(order.requests) == ["cancel-1"]


def test_request_made_after_the_question_outlives_its_answer(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, price="101.00"))
    rig.report(rig.unknown(order, RequestKind.MODIFY, "modify-1"))
    rig.advance(LIFETIME)
    rig.execute(rig.cancel_command(order))
    rig.answer_order(rig.picture(order))
    assert order.status is OrderStatus.PENDING_CANCEL
    assert list(order.requests) == ["cancel-1"]


# --- stale and incomplete pictures ---------------------------------------------------------


def test_picture_with_fewer_fills_than_known_changes_nothing_and_is_asked_for_again(rig):
    order = rig.accepted()
    rig.execute(rig.cancel_command(order))
    rig.report(rig.unknown(order, RequestKind.CANCEL, "cancel-1"))
    rig.advance(LIFETIME)
    rig.report(rig.fill(order, "0.400"))
    rig.answer_order(rig.picture(order, filled="0.000"))
    assert order.status is OrderStatus.PENDING_CANCEL
    assert unresolved(rig) == [order.client_order_id]
    rig.advance(SECOND)
    assert len(rig.sent(QueryOrder)) == 2
    rig.answer_order(rig.picture(order, OrderStatus.PARTIALLY_FILLED, filled="0.400"))
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert unresolved(rig) == []


def test_picture_of_an_older_price_does_not_undo_a_newer_one(rig):
    order = rig.accepted()
    query = QueryOrder("slow", None, rig.now, order.client_order_id, order.instrument_id)
    rig.execute(query)
    picture = rig.picture(order, price="100.00")
    rig.advance(1)
    rig.report(rig.update(order, price="101.00"))
    rig.answer_order(picture, query=query)
    assert order.price == Price.from_str("101.00")


def test_picture_of_an_open_order_does_not_reopen_a_closed_one(rig):
    order = rig.accepted()
    query = QueryOrder("slow", None, rig.now, order.client_order_id, order.instrument_id)
    rig.execute(query)
    rig.report(rig.cancel(order))
    rig.heard.clear()
    rig.answer_order(rig.picture(order), query=query)
    assert rig.names() == []
    assert order.status is OrderStatus.CANCELED


def test_picture_with_more_filled_than_its_fills_show_is_asked_for_again(rig):
    order = rig.submitted()
    rig.report(rig.unknown(order))
    rig.advance(LIFETIME)
    rig.answer_order(rig.picture(order, OrderStatus.PARTIALLY_FILLED, filled="0.400"))
    assert order.filled_raw == 0
    assert unresolved(rig) == [order.client_order_id]
    rig.report(rig.fill(order, "0.400"))
    assert unresolved(rig) == []


def test_cancel_that_counts_unheard_fills_ends_the_order_and_fetches_them(rig):
    order = rig.accepted()
    rig.report(rig.cancel(order, "0.400"))
    assert order.status is OrderStatus.CANCELED
    assert unresolved(rig) == [order.client_order_id]
    assert len(rig.sent(QueryOrder)) == 1
    rig.answer_order(
        rig.picture(order, OrderStatus.CANCELED, filled="0.400"), rig.fill(order, "0.400")
    )
    assert str(order.filled_qty) == "0.400"
    assert order.status is OrderStatus.CANCELED
    assert rig.alerts() == ["LATE_FILL"]
    assert unresolved(rig) == []


def test_unheard_fills_that_come_by_themselves_settle_the_mark(rig):
    order = rig.accepted()
    rig.report(rig.cancel(order, "0.400"))
    rig.report(rig.fill(order, "0.400"))
    assert unresolved(rig) == []
    rig.heard.clear()
    rig.answer_order(
        rig.picture(order, OrderStatus.CANCELED, filled="0.400"), rig.fill(order, "0.400")
    )
    assert rig.names() == []


def test_acknowledged_order_absent_at_the_venue_stays_open_and_marked(rig):
    order = rig.accepted()
    rig.execute(rig.cancel_command(order))
    rig.report(rig.unknown(order, RequestKind.CANCEL, "cancel-1"))
    rig.advance(LIFETIME)
    rig.answer_order(None)
    assert order.status is OrderStatus.PENDING_CANCEL
    assert unresolved(rig) == [order.client_order_id]


def test_acknowledged_order_absent_where_absence_is_final_ends_canceled(rig):
    rig.client.absence_is_final = True
    order = rig.accepted()
    rig.execute(rig.cancel_command(order))
    rig.report(rig.unknown(order, RequestKind.CANCEL, "cancel-1"))
    rig.advance(LIFETIME)
    rig.answer_order(None)
    assert len(rig.of_type(OrderCanceled)) == 1
    assert unresolved(rig) == []


# --- queries that fail ---------------------------------------------------------------------


@pytest.mark.parametrize("status", [AnswerStatus.FAILED, AnswerStatus.TIMEOUT])
def test_failed_query_proves_nothing_and_is_repeated_ever_more_slowly(rig, status):
    order = rig.submitted()
    rig.report(rig.unknown(order))
    rig.advance(LIFETIME)
    waits = []
    for _ in range(7):
        rig.answer_order(None, status=status)
        asked, answered_ns = len(rig.sent(QueryOrder)), rig.now
        while len(rig.sent(QueryOrder)) == asked:
            rig.advance(SECOND // 2)
        waits.append((rig.now - answered_ns) / SECOND)
    assert waits == [0.5, 1, 2, 4, 8, 8, 8]
    assert order.status is OrderStatus.SUBMITTED
    assert rig.alerts() == ["UNRESOLVED"]
    rig.answer_order(None)
    assert order.status is OrderStatus.REJECTED


def test_disconnected_client_is_not_asked_until_it_is_back(rig):
    order = rig.submitted()
    rig.report(rig.unknown(order))
    rig.disconnect()
    rig.advance(LIFETIME * 3)
    assert rig.sent(QueryOrder) == []
    assert unresolved(rig) == [order.client_order_id]
    rig.connect()
    assert len(rig.sent(QueryOrder)) == 1
    rig.answer_order(None)
    assert order.status is OrderStatus.REJECTED
    assert unresolved(rig) == []


def test_query_lost_with_the_connection_is_asked_again_and_its_late_answer_still_counts(rig):
    order = rig.submitted()
    rig.report(rig.unknown(order))
    rig.advance(LIFETIME)
    lost = rig.last_sent(QueryOrder)
    rig.disconnect()
    rig.connect()
    assert len(rig.sent(QueryOrder)) == 2
    rig.answer_order(rig.picture(order), query=lost)
    assert order.status is OrderStatus.ACCEPTED
    rig.answer_order(rig.picture(order))
    assert unresolved(rig) == []
    assert rig.refusals() == []


# --- the watchdog --------------------------------------------------------------------------


def test_submit_without_any_outcome_is_asked_about_after_the_threshold(rig):
    order = rig.submitted()
    rig.advance(THRESHOLD - 1)
    assert rig.sent(QueryOrder) == []
    rig.advance(1)
    assert len(rig.sent(QueryOrder)) == 1
    assert unresolved(rig) == [order.client_order_id]


def test_watchdog_absence_is_proof_only_when_a_held_submit_could_not_act_any_more(rig):
    order = rig.submitted()
    rig.advance(THRESHOLD)
    rig.answer_order(None)
    # only this answer shows that the client has the submit: it may hold it still
    assert order.status is OrderStatus.SUBMITTED
    rig.advance(2 * LIFETIME - 1)
    assert len(rig.sent(QueryOrder)) == 1
    rig.advance(1)
    assert len(rig.sent(QueryOrder)) == 2
    rig.answer_order(None)
    assert order.status is OrderStatus.REJECTED
    assert unresolved(rig) == []


def test_cancel_without_any_outcome_is_asked_about_after_the_threshold(rig):
    order = rig.accepted()
    rig.execute(rig.cancel_command(order))
    rig.advance(THRESHOLD)
    rig.answer_order(rig.picture(order, OrderStatus.CANCELED))
    assert order.status is OrderStatus.CANCELED
    assert unresolved(rig) == []


def test_watchdog_is_silent_about_orders_that_were_answered(rig):
    for _ in range(3):
        rig.accepted()
        rig.advance(SECOND)
    rig.advance(THRESHOLD * 2)
    assert rig.sent(QueryOrder) == []
    assert rig.cache.orders_unresolved() == []
    assert rig.clock.next_timer_ns() is None


def test_watchdog_looks_at_each_request_at_its_own_time(rig):
    first = rig.submitted()
    rig.advance(SECOND)
    second = rig.submitted()
    rig.advance(THRESHOLD - SECOND)
    assert unresolved(rig) == [first.client_order_id]
    rig.advance(SECOND)
    assert unresolved(rig) == [first.client_order_id, second.client_order_id]
    assert len(rig.sent(QueryOrder)) == 2


def test_two_questions_about_one_order_are_one_query(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, price="101.00"))
    rig.execute(rig.cancel_command(order))
    rig.advance(THRESHOLD)
    assert len(rig.sent(QueryOrder)) == 1
    assert len(rig.sent(ModifyOrder)) == 1


def test_answer_is_taken_once(rig):
    order = rig.submitted()
    rig.advance(THRESHOLD)
    rig.answer_order(rig.picture(order))
    rig.answer_order(rig.picture(order))
    assert rig.refusals() == ["UNKNOWN_CORRELATION"]


def test_settings_that_mean_nothing_are_refused():
    with pytest.raises(ValueError, match="inflight_threshold_ns"):
        ExecutionEngineConfig(inflight_threshold_ns=0)
    with pytest.raises(ValueError, match="query_retry_max_ns"):
        ExecutionEngineConfig(query_retry_initial_ns=2, query_retry_max_ns=1)
    with pytest.raises(ValueError, match="fills_overlap_ns"):
        ExecutionEngineConfig(fills_overlap_ns=-1)
