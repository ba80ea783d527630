"""How reports about an order's life become events, are absorbed, or are refused."""

import pytest

from engine import topics
from engine.model.enums import BUY, AnswerStatus, OrderStatus
from engine.model.events import (
    AccountState,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderExpired,
    OrderModifyRejected,
    OrderRejected,
    OrderTriggered,
    OrderUpdated,
    Refused,
)
from engine.model.identifiers import AccountId, ClientOrderId, VenueOrderId
from engine.model.reports import AcceptedReport, OrderAnswer
from engine.model.values import Price


def test_accept_names_the_order_and_locks_its_notional(rig):
    order = rig.submitted()
    rig.heard.clear()
    rig.report(rig.accept(order))
    assert order.status is OrderStatus.ACCEPTED
    assert rig.cache.client_order_id(VenueOrderId("V-O-1")) == order.client_order_id
    (accepted,), (state,) = rig.of_type(OrderAccepted), rig.of_type(AccountState)
    assert rig.heard == [
        (topics.order_events(order.strategy_id), accepted),
        (topics.account(rig.account_id), state),
    ]
    assert str(state.balances[1].locked) == "100.00000000 USDT"


def test_accept_twice_is_absorbed(rig):
    order = rig.accepted()
    rig.heard.clear()
    rig.report(rig.accept(order))
    assert rig.names() == []
    assert rig.engine.absorbed_count == 1


def test_accept_under_another_venue_id_is_refused_with_an_alert(rig):
    order = rig.accepted()
    rig.report(rig.accept(order, "V-OTHER"))
    assert rig.refusals() == ["VENUE_ORDER_ID_CONFLICT"]
    assert rig.alerts() == ["VENUE_ORDER_ID_CONFLICT"]
    assert order.venue_order_id == "V-O-1"
    assert rig.cache.client_order_id(VenueOrderId("V-OTHER")) is None


def test_accept_while_pending_cancel_keeps_the_request(rig):
    order = rig.submitted()
    rig.execute(rig.cancel_command(order))
    rig.report(rig.accept(order))
    assert order.status is OrderStatus.PENDING_CANCEL
    assert order.previous_status is OrderStatus.ACCEPTED
    assert len(rig.of_type(OrderAccepted)) == 1


def test_accept_after_the_end_is_absorbed_and_indexed(rig):
    order = rig.submitted()
    rig.report(
        type(rig.cancel(order))(
            rig.account_id,
            order.instrument_id,
            order.client_order_id,
            None,
            rig.now,
            rig.now,
            order.filled_qty,
        )
    )
    rig.heard.clear()
    rig.report(rig.accept(order))
    assert rig.names() == []
    assert order.status is OrderStatus.CANCELED
    assert rig.cache.client_order_id(VenueOrderId("V-O-1")) == order.client_order_id


@pytest.mark.parametrize("report", ["accept", "cancel", "expire", "reject", "trigger", "update"])
def test_reports_about_an_order_that_was_never_sent_are_refused_with_an_alert(rig, report):
    order = rig.order()
    rig.report(getattr(rig, report)(order))
    assert rig.names() == ["Refused", "Alert"]
    assert order.status is OrderStatus.INITIALIZED
    assert len(order.events) == 1


def test_reject_ends_the_order(rig):
    order = rig.submitted()
    rig.report(rig.reject(order, "POST_ONLY would cross"))
    (event,) = rig.of_type(OrderRejected)
    assert event.reason == "POST_ONLY would cross"
    assert order.status is OrderStatus.REJECTED


def test_accept_of_a_rejected_order_contradicts_and_is_refused(rig):
    order = rig.submitted()
    rig.report(rig.reject(order))
    rig.report(rig.accept(order))
    assert rig.refusals() == ["CONTRADICTS_STATUS"]
    assert rig.alerts() == ["CONTRADICTS_STATUS"]
    assert order.status is OrderStatus.REJECTED


def test_cancel_unlocks_and_closes(rig):
    order = rig.accepted()
    rig.heard.clear()
    rig.report(rig.cancel(order))
    assert rig.names() == ["OrderCanceled", "AccountState"]
    assert order.status is OrderStatus.CANCELED
    assert rig.cache.is_order_closed(order.client_order_id)


def test_cancel_by_venue_id_alone_finds_the_order(rig):
    order = rig.accepted()
    report = rig.cancel(order)
    rig.report(
        type(report)(
            report.account_id,
            report.instrument_id,
            None,
            report.venue_order_id,
            report.ts_event,
            report.ts_init,
            report.filled_qty,
        )
    )
    assert order.status is OrderStatus.CANCELED


def test_cancel_twice_is_absorbed(rig):
    order = rig.accepted()
    rig.report(rig.cancel(order))
    rig.heard.clear()
    rig.report(rig.cancel(order))
    assert rig.names() == []


def test_cancel_that_contradicts_a_filled_order_is_refused_once_and_changes_nothing(rig):
    order = rig.accepted()
    rig.report(rig.fill(order))
    rig.heard.clear()
    rig.facts.clear()
    before = rig.engine.refused_count
    rig.report(rig.cancel(order, "0.000"))
    (refused,) = rig.of_type(Refused)
    assert refused.of == "OrderCanceled O-1 in FILLED"
    assert rig.heard == [(topics.REFUSED, refused)]
    assert rig.facts == [refused]
    assert rig.engine.refused_count == before + 1
    assert order.status is OrderStatus.FILLED


def test_cancel_of_nothing_after_the_order_filled_is_absorbed(rig):
    order = rig.accepted()
    rig.report(rig.fill(order))
    rig.heard.clear()
    rig.report(rig.cancel(order, "1.000", "1.000"))
    assert rig.names() == []
    assert order.status is OrderStatus.FILLED


@pytest.mark.parametrize("end", ["cancel", "expire"])
def test_end_of_an_order_whose_amendment_was_not_heard_of_amends_it_first(rig, end):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, quantity="0.600"))
    rig.heard.clear()
    rig.report(getattr(rig, end)(order, "0.000", "0.600"))
    names = [name for name in rig.names() if name.startswith("Order")]
    assert names == ["OrderUpdated", "OrderCanceled" if end == "cancel" else "OrderExpired"]
    assert str(order.quantity) == "0.600"
    assert order.is_closed


def test_end_at_just_the_size_that_was_filled_leaves_the_order_filled(rig):
    order = rig.accepted()
    rig.report(rig.fill(order, "0.400"))
    rig.report(rig.cancel(order, "0.400", "0.400"))
    assert order.status is OrderStatus.FILLED
    assert rig.refusals() == []


def test_expire_of_an_unacknowledged_order_closes_it(rig):
    order = rig.submitted()
    rig.report(rig.expire(order))
    assert len(rig.of_type(OrderExpired)) == 1
    assert order.status is OrderStatus.EXPIRED


def test_cancel_with_fewer_fills_than_known_ends_the_order_with_an_alert(rig):
    order = rig.accepted()
    rig.report(rig.fill(order, "0.400"))
    rig.report(rig.cancel(order, "0.100"))
    assert order.status is OrderStatus.CANCELED
    assert str(order.filled_qty) == "0.400"
    assert rig.alerts() == ["FILLED_LESS_THAN_KNOWN"]


def test_trigger_of_a_stop_limit_is_published(rig):
    order = rig.accepted(trigger_price="99.00")
    rig.report(rig.trigger(order))
    assert len(rig.of_type(OrderTriggered)) == 1
    assert order.status is OrderStatus.TRIGGERED


def test_trigger_after_a_fill_is_absorbed(rig):
    order = rig.accepted(trigger_price="99.00")
    rig.report(rig.fill(order, "0.400"))
    rig.heard.clear()
    rig.report(rig.trigger(order))
    assert rig.names() == []
    assert order.status is OrderStatus.PARTIALLY_FILLED


def test_update_answers_its_request_and_restores_the_status(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, price="101.00"))
    rig.report(rig.update(order, price="101.00", request_id="modify-1"))
    (event,) = rig.of_type(OrderUpdated)
    assert event.request_id == "modify-1"
    assert order.status is OrderStatus.ACCEPTED
    assert order.price == Price.from_str("101.00")


def test_update_repeated_is_absorbed(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, price="101.00"))
    report = rig.update(order, price="101.00", request_id="modify-1")
    rig.report(report)
    rig.heard.clear()
    rig.report(report)
    assert rig.names() == []


def test_update_replayed_after_a_later_one_does_not_undo_it(rig):
    order = rig.accepted()
    rig.advance(1)
    first = rig.update(order, price="101.00")
    rig.report(first)
    rig.advance(1)
    rig.report(rig.update(order, price="102.00"))
    rig.heard.clear()
    rig.report(first)
    assert rig.names() == []
    assert order.price == Price.from_str("102.00")


def test_answers_to_two_modifies_that_change_places_leave_the_later_values(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, "modify-1", price="101.00"))
    rig.execute(rig.modify_command(order, "modify-2", price="102.00"))
    rig.report(rig.update(order, price="102.00", request_id="modify-2", ts_event=rig.now + 2))
    assert order.status is OrderStatus.PENDING_UPDATE
    rig.report(rig.update(order, price="101.00", request_id="modify-1", ts_event=rig.now + 1))
    assert order.status is OrderStatus.ACCEPTED
    assert order.price == Price.from_str("102.00")


def test_update_of_the_venues_own_settles_no_request(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, price="101.00"))
    rig.report(rig.update(order, price="99.00", request_id="somebody-else"))
    assert order.price == Price.from_str("99.00")
    assert order.status is OrderStatus.PENDING_UPDATE
    assert list(order.requests) == ["modify-1"]


def test_update_with_a_new_venue_id_leads_both_ids_to_the_order(rig):
    order = rig.accepted()
    rig.report(rig.update(order, price="101.00", venue_order_id="V-NEW"))
    assert order.venue_order_id == "V-NEW"
    for name in ("V-O-1", "V-NEW"):
        assert rig.cache.client_order_id(VenueOrderId(name)) == order.client_order_id


def test_cancel_of_the_leg_that_a_replacement_superseded_is_refused(rig):
    order = rig.accepted()
    rig.report(rig.update(order, price="101.00", venue_order_id="V-NEW"))
    rig.report(rig.cancel(order))
    assert order.status is OrderStatus.ACCEPTED
    assert len(rig.refusals()) == 1


def test_update_down_to_what_is_filled_fills_the_order(rig):
    order = rig.accepted()
    rig.report(rig.fill(order, "0.400"))
    rig.execute(rig.modify_command(order, quantity="0.400"))
    rig.report(rig.update(order, quantity="0.400", request_id="modify-1"))
    assert order.status is OrderStatus.FILLED


def test_update_of_a_closed_order_is_absorbed(rig):
    order = rig.accepted()
    rig.report(rig.fill(order))
    rig.heard.clear()
    rig.report(rig.update(order, price="101.00"))
    assert rig.names() == []


def test_rejected_modify_and_cancel_restore_the_status(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, price="101.00"))
    rig.report(rig.modify_rejected(order, "modify-1"))
    assert order.status is OrderStatus.ACCEPTED
    rig.execute(rig.cancel_command(order))
    rig.report(rig.cancel_rejected(order, "cancel-1"))
    assert order.status is OrderStatus.ACCEPTED
    assert len(rig.of_type(OrderModifyRejected)) == 1
    assert len(rig.of_type(OrderCancelRejected)) == 1


def test_rejected_cancel_after_the_order_filled_is_absorbed(rig):
    order = rig.accepted()
    rig.execute(rig.cancel_command(order))
    rig.report(rig.fill(order))
    rig.heard.clear()
    rig.report(rig.cancel_rejected(order, "cancel-1"))
    assert rig.names() == []
    assert order.status is OrderStatus.FILLED


def test_rejected_cancel_of_a_request_never_made_settles_nothing(rig):
    order = rig.accepted()
    rig.execute(rig.cancel_command(order))
    rig.report(rig.cancel_rejected(order, "cancel-99"))
    assert order.status is OrderStatus.PENDING_CANCEL


def test_report_about_an_unknown_order_is_refused_with_an_alert_and_nothing_else(rig):
    report = AcceptedReport(
        rig.account_id,
        rig.instrument_id,
        ClientOrderId("O-99"),
        VenueOrderId("V-99"),
        rig.now,
        rig.now,
    )
    rig.report(report)
    assert rig.names() == ["Refused", "Alert"]
    assert rig.cache.orders() == []


def test_report_of_another_account_is_refused(rig):
    order = rig.submitted()
    good = rig.accept(order)
    rig.report(
        AcceptedReport(
            AccountId("SIM-002"),
            good.instrument_id,
            good.client_order_id,
            good.venue_order_id,
            rig.now,
            rig.now,
        )
    )
    assert rig.refusals() == ["MISMATCHED_REPORT"]
    assert order.status is OrderStatus.SUBMITTED


def test_venue_id_of_another_order_is_refused(rig):
    rig.accepted()
    other = rig.submitted()
    rig.report(rig.accept(other, "V-O-1"))
    assert rig.refusals() == ["VENUE_ORDER_ID_CONFLICT"]
    assert other.status is OrderStatus.SUBMITTED


def test_picture_that_nobody_asked_for_brings_news_once(rig):
    order = rig.submitted()
    rig.heard.clear()
    rig.report(rig.picture(order))
    rig.report(rig.picture(order))
    assert rig.names() == ["OrderAccepted", "AccountState"]


def test_answer_that_nobody_asked_for_is_refused(rig):
    order = rig.submitted()
    rig.report(
        OrderAnswer(
            rig.client.client_id,
            "q-99",
            AnswerStatus.OK,
            order.client_order_id,
            None,
            (),
            rig.now,
            rig.now,
        )
    )
    assert rig.refusals() == ["UNKNOWN_CORRELATION"]
    assert order.status is OrderStatus.SUBMITTED


def test_handlers_read_order_account_and_index_as_they_stand_after_the_event(rig):
    order = rig.submitted(side=BUY)
    seen = []

    def on_event(event):
        account = rig.cache.account(rig.account_id)
        seen.append(
            (
                type(event),
                order.status,
                str(account.balances["USDT"].locked),
                rig.cache.venue_order_id(order.client_order_id),
            )
        )

    rig.bus.subscribe(topics.order_events(order.strategy_id), on_event)
    rig.report(rig.accept(order))
    rig.report(rig.cancel(order))
    assert seen == [
        (OrderAccepted, OrderStatus.ACCEPTED, "100.00000000 USDT", "V-O-1"),
        (OrderCanceled, OrderStatus.CANCELED, "0.00000000 USDT", "V-O-1"),
    ]


def test_a_message_for_somebody_else_raises(rig):
    with pytest.raises(TypeError):
        rig.engine.process(object())
