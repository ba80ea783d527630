"""What the execution engine does with commands: guard, mark, send; deny or refuse the rest."""

import pytest

from engine import topics
from engine.execution.denial import Denial
from engine.model.commands import (
    CancelAllOrders,
    CancelOrder,
    Connect,
    ModifyOrder,
    QueryOrder,
    SubmitOrder,
)
from engine.model.enums import SELL, DenialCode, KernelState, OrderStatus
from engine.model.events import (
    OrderDenied,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderSubmitted,
)
from engine.model.identifiers import ClientId, ClientOrderId, InstrumentId, StrategyId, Venue


def test_submit_is_submitted_and_published_in_the_turn_that_sends_it(rig):
    order = rig.order()
    rig.execute(rig.submit_command(order))
    (event,) = rig.of_type(OrderSubmitted)
    assert order.status is OrderStatus.SUBMITTED
    assert event.account_id == rig.account_id
    assert event.request_id == "submit-O-1"
    assert rig.heard == [(topics.order_events(order.strategy_id), event)]
    assert rig.facts == [event]
    assert [type(command) for command in rig.client.sent] == [SubmitOrder]
    assert rig.cache.is_order_inflight(order.client_order_id)


def test_submit_reads_submitted_in_the_cache_when_it_is_published(rig):
    order = rig.order()
    seen = []
    rig.bus.subscribe(
        topics.order_events(order.strategy_id),
        lambda event: seen.append(rig.cache.order(event.client_order_id).status),
    )
    rig.execute(rig.submit_command(order))
    assert seen == [OrderStatus.SUBMITTED]


def test_submit_of_an_unregistered_order_is_refused(rig):
    order = rig.order()
    other = rig.submit_command(order)
    init = type(order.init)(
        *(getattr(order.init, f) for f in order.init.__struct_fields__[:3]),
        ClientOrderId("O-99"),
        *(getattr(order.init, f) for f in order.init.__struct_fields__[4:]),
    )
    rig.execute(SubmitOrder("c", None, rig.now, other.strategy_id, other.instrument_id, init))
    assert rig.refusals() == ["ORDER_NOT_FOUND"]
    assert rig.client.sent == []


def test_submit_twice_leaves_once_and_the_second_is_refused(rig):
    order = rig.submitted()
    rig.execute(rig.submit_command(order))
    assert rig.refusals() == ["DUPLICATE_CLIENT_ORDER_ID"]
    assert len(rig.sent(SubmitOrder)) == 1
    assert order.status is OrderStatus.SUBMITTED


def test_submit_for_a_venue_without_client_is_denied(rig):
    order = rig.order(instrument_id=InstrumentId("BTC/USDT.OTHER"))
    rig.execute(rig.submit_command(order))
    (denied,) = rig.of_type(OrderDenied)
    assert denied.code is DenialCode.NO_EXECUTION_CLIENT
    assert denied.detail == "venue=OTHER"
    assert order.status is OrderStatus.DENIED
    assert rig.client.sent == []


def test_submit_through_an_unknown_client_is_denied_not_rerouted(rig):
    order = rig.order()
    rig.execute(rig.submit_command(order, ClientId("NOBODY")))
    (denied,) = rig.of_type(OrderDenied)
    assert denied.code is DenialCode.NO_EXECUTION_CLIENT
    assert rig.client.sent == []


def test_modify_sets_pending_update_under_the_commands_id(rig):
    order = rig.accepted()
    rig.heard.clear()
    rig.execute(rig.modify_command(order, price="101.00"))
    (event,) = rig.of_type(OrderPendingUpdate)
    assert event.request_id == "modify-1"
    assert event.account_id == rig.account_id
    assert order.status is OrderStatus.PENDING_UPDATE
    assert list(order.requests) == ["modify-1"]
    assert len(rig.sent(ModifyOrder)) == 1


def test_modify_of_an_order_pending_update_is_a_second_request(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, "modify-1", price="101.00"))
    rig.execute(rig.modify_command(order, "modify-2", price="102.00"))
    assert list(order.requests) == ["modify-1", "modify-2"]
    assert rig.refusals() == []


def test_cancel_sets_pending_cancel_and_leaves(rig):
    order = rig.accepted()
    rig.heard.clear()
    rig.execute(rig.cancel_command(order))
    (event,) = rig.of_type(OrderPendingCancel)
    assert event.request_id == "cancel-1"
    assert order.status is OrderStatus.PENDING_CANCEL
    assert len(rig.sent(CancelOrder)) == 1


def test_cancel_of_an_order_pending_cancel_is_refused(rig):
    order = rig.accepted()
    rig.execute(rig.cancel_command(order, "cancel-1"))
    rig.execute(rig.cancel_command(order, "cancel-2"))
    assert rig.refusals() == ["ORDER_PENDING_CANCEL"]
    assert len(rig.sent(CancelOrder)) == 1
    assert list(order.requests) == ["cancel-1"]


def test_modify_of_an_order_pending_cancel_is_refused(rig):
    order = rig.accepted()
    rig.execute(rig.cancel_command(order))
    rig.execute(rig.modify_command(order, price="99.00"))
    assert rig.refusals() == ["ORDER_PENDING_CANCEL"]
    assert rig.sent(ModifyOrder) == []


def test_requests_for_a_closed_order_are_refused(rig):
    order = rig.accepted()
    rig.report(rig.cancel(order))
    rig.execute(rig.cancel_command(order))
    rig.execute(rig.modify_command(order, price="99.00"))
    assert rig.refusals() == ["ORDER_CLOSED", "ORDER_CLOSED"]
    assert order.status is OrderStatus.CANCELED


def test_requests_for_an_unknown_order_are_refused(rig):
    order = rig.accepted()
    unknown = CancelOrder(
        "c", None, rig.now, order.strategy_id, order.instrument_id, ClientOrderId("O-99"), None
    )
    rig.execute(unknown)
    assert rig.refusals() == ["ORDER_NOT_FOUND"]
    assert rig.sent(CancelOrder) == []


def test_a_request_made_before_the_same_id_is_refused_whole(rig):
    order = rig.accepted()
    rig.execute(rig.modify_command(order, "modify-1", price="101.00"))
    rig.execute(rig.modify_command(order, "modify-1", price="102.00"))
    assert len(rig.sent(ModifyOrder)) == 1
    assert len(rig.refusals()) == 1


def test_submit_and_cancel_in_one_handler_leave_in_that_order(rig):
    order = rig.order()

    def act():
        rig.bus.send(topics.RISK_EXECUTE, rig.submit_command(order))
        rig.bus.send(topics.EXEC_EXECUTE, rig.cancel_command(order))

    rig.turn(act)
    assert [type(command) for command in rig.client.sent] == [SubmitOrder, CancelOrder]
    assert order.status is OrderStatus.PENDING_CANCEL
    assert rig.refusals() == []


def test_submit_that_risk_denies_and_its_cancel_in_one_handler_end_denied(rig):
    order = rig.order()
    rig.ctx.kernel_state = KernelState.RECONCILING

    def act():
        rig.bus.send(topics.RISK_EXECUTE, rig.submit_command(order))
        rig.bus.send(topics.EXEC_EXECUTE, rig.cancel_command(order))

    rig.turn(act)
    assert order.status is OrderStatus.DENIED
    assert rig.refusals() == ["ORDER_CLOSED"]
    assert rig.client.sent == []


def test_cancel_of_an_order_that_is_never_submitted_is_refused_and_the_turn_ends(rig):
    order = rig.order()
    rig.execute(rig.cancel_command(order))
    assert rig.refusals() == ["ORDER_NOT_FOUND"]
    assert order.status is OrderStatus.INITIALIZED


def test_cancel_all_cancels_each_working_order_in_acceptance_order(rig):
    first, second, third = rig.submitted(), rig.submitted(), rig.submitted()
    rig.report(rig.accept(second))
    rig.advance(1)
    rig.report(rig.accept(first))
    rig.heard.clear()
    rig.execute(CancelAllOrders("all", None, rig.now, rig.strategy_id, rig.instrument_id, None))
    expected = [second, first, third]  # the third is not accepted yet
    canceled = [command.client_order_id for command in rig.sent(CancelOrder)]
    assert canceled == [order.client_order_id for order in expected]
    pending = [event.client_order_id for event in rig.of_type(OrderPendingCancel)]
    assert pending == canceled
    assert len({command.command_id for command in rig.sent(CancelOrder)}) == 3


def test_cancel_all_leaves_other_strategies_sides_and_dying_orders_alone(rig):
    rig.accepted(strategy_id=StrategyId("OTHER-001"))
    rig.accepted(side=SELL)
    dying = rig.accepted()
    rig.execute(rig.cancel_command(dying))
    wanted = rig.accepted()
    rig.client.sent.clear()
    rig.execute(
        CancelAllOrders("all", None, rig.now, rig.strategy_id, rig.instrument_id, wanted.side)
    )
    assert [command.client_order_id for command in rig.sent(CancelOrder)] == [
        wanted.client_order_id
    ]
    assert rig.refusals() == []


def test_cancel_all_in_the_handler_of_a_submit_takes_that_order_too(rig):
    order = rig.order()

    def act():
        rig.bus.send(topics.RISK_EXECUTE, rig.submit_command(order))
        rig.bus.send(
            topics.EXEC_EXECUTE,
            CancelAllOrders("all", None, rig.now, rig.strategy_id, rig.instrument_id, None),
        )

    rig.turn(act)
    assert [type(command) for command in rig.client.sent] == [SubmitOrder, CancelOrder]


def test_denied_submit_ends_denied_with_its_code(rig):
    order = rig.order()
    command = rig.submit_command(order)
    rig.report(Denial(order.client_order_id, DenialCode.TRADING_HALTED, "state=HALTED", command))
    (denied,) = rig.of_type(OrderDenied)
    assert (denied.code, denied.detail) == (DenialCode.TRADING_HALTED, "state=HALTED")
    assert order.status is OrderStatus.DENIED


def test_denied_modify_that_was_never_pending_is_refused_and_changes_nothing(rig):
    order = rig.accepted()
    rig.heard.clear()
    events = len(order.events)
    command = rig.modify_command(order, price="101.00")
    rig.report(Denial(order.client_order_id, DenialCode.PRICE_OFF_TICK, "", command))
    assert rig.names() == ["Refused"]
    assert order.status is OrderStatus.ACCEPTED
    assert len(order.events) == events


def test_denied_modify_that_was_pending_restores_the_status(rig):
    order = rig.accepted()
    command = rig.modify_command(order, price="101.00")
    rig.execute(command)
    rig.report(Denial(order.client_order_id, DenialCode.RATE_LIMIT_EXCEEDED, "limit=1", command))
    (event,) = rig.of_type(OrderModifyRejected)
    assert event.reason == "RATE_LIMIT_EXCEEDED: limit=1"
    assert order.status is OrderStatus.ACCEPTED


def test_denial_of_a_submitted_order_is_refused(rig):
    order = rig.submitted()
    rig.report(
        Denial(order.client_order_id, DenialCode.TRADING_HALTED, "", rig.submit_command(order))
    )
    assert order.status is OrderStatus.SUBMITTED
    assert len(rig.refusals()) == 1


def test_query_of_a_strategy_goes_to_the_client_and_its_answer_is_applied(rig):
    order = rig.submitted()
    query = QueryOrder("q", None, rig.now, order.client_order_id, order.instrument_id)
    rig.execute(query)
    rig.answer_order(rig.picture(order))
    assert order.status is OrderStatus.ACCEPTED
    assert rig.refusals() == []


def test_a_command_for_somebody_else_raises(rig):
    with pytest.raises(TypeError):
        rig.engine.execute(Connect("c", None, rig.now))


def test_two_clients_for_one_venue_are_refused_at_construction(rig, make_rig):
    from engine.execution.desk import Desk

    with pytest.raises(ValueError, match="two execution clients"):
        Desk(rig.ctx, [rig.client, rig.client])


def test_a_venue_is_tradable_only_while_running_connected_and_reconciled(rig):
    venue = Venue("SIM")
    assert rig.engine.tradable(venue) is None
    assert rig.engine.tradable(Venue("OTHER")) is DenialCode.NO_EXECUTION_CLIENT
    rig.disconnect()
    assert rig.engine.tradable(venue) is DenialCode.CLIENT_DISCONNECTED
    rig.begin_pass()
    assert rig.engine.tradable(venue) is DenialCode.CLIENT_DISCONNECTED
    rig.answer_account()
    rig.answer_fills()
    rig.answer_open_orders()
    assert rig.engine.tradable(venue) is None
    rig.ctx.kernel_state = KernelState.RECONCILING
    assert rig.engine.tradable(venue) is DenialCode.NOT_RUNNING


def test_a_submit_through_an_unknown_client_is_denied_before_anything_is_counted(rig):
    order = rig.order()
    command = rig.submit_command(order, ClientId("NOBODY"))
    rig.turn(lambda: rig.bus.send(topics.RISK_EXECUTE, command))
    assert rig.of_type(OrderDenied)[0].code is DenialCode.NO_EXECUTION_CLIENT
    assert rig.risk.passed_count == 0
