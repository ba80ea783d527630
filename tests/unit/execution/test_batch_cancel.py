"""Several cancels in one command: marked one by one, sent together, answered one by one."""

import pytest

from engine import topics
from engine.model.commands import BatchCancelOrders, CancelOrder, SubmitOrder
from engine.model.enums import OrderStatus, RequestKind
from engine.model.events import OrderCanceled, OrderCancelRejected, OrderPendingCancel
from engine.model.identifiers import InstrumentId, StrategyId


@pytest.fixture
def batching(rig):
    rig.client.takes_batches = True
    return rig


def batch(rig, *orders):
    cancels = tuple(rig.cancel_command(order, f"cancel-{i}") for i, order in enumerate(orders, 1))
    return BatchCancelOrders("batch", None, rig.now, rig.strategy_id, rig.instrument_id, cancels)


def ids(commands):
    return [command.client_order_id for command in commands]


def test_every_order_is_pending_and_one_command_leaves(batching):
    rig = batching
    orders = [rig.accepted(), rig.accepted()]
    rig.client.sent.clear()
    rig.execute(batch(rig, *orders))
    (sent,) = rig.client.sent
    assert isinstance(sent, BatchCancelOrders)
    assert ids(sent.cancels) == ids(orders)
    pending = rig.of_type(OrderPendingCancel)
    assert [event.request_id for event in pending] == ["cancel-1", "cancel-2"]
    assert all(order.status is OrderStatus.PENDING_CANCEL for order in orders)


def test_what_cannot_be_canceled_is_refused_and_left_out(batching):
    rig = batching
    dead, dying, alive = rig.accepted(), rig.accepted(), rig.accepted()
    rig.report(rig.cancel(dead))
    rig.execute(rig.cancel_command(dying, "earlier"))
    rig.client.sent.clear()
    rig.execute(batch(rig, dead, dying, alive, alive))
    (sent,) = rig.client.sent
    assert ids(sent.cancels) == [alive.client_order_id]
    assert rig.refusals() == ["ORDER_CLOSED", "ORDER_PENDING_CANCEL", "ORDER_PENDING_CANCEL"]


def test_a_batch_of_nothing_sends_nothing(batching):
    rig = batching
    dead = rig.accepted()
    rig.report(rig.cancel(dead))
    rig.client.sent.clear()
    rig.execute(batch(rig, dead))
    assert rig.client.sent == []


def test_each_order_has_its_own_answer(batching):
    rig = batching
    first, second = rig.accepted(), rig.accepted()
    rig.execute(batch(rig, first, second))
    rig.report(rig.cancel(first))
    rig.report(rig.cancel_rejected(second, "cancel-2"))
    assert first.status is OrderStatus.CANCELED
    assert second.status is OrderStatus.ACCEPTED
    assert len(rig.of_type(OrderCanceled)) == len(rig.of_type(OrderCancelRejected)) == 1


def test_a_batch_without_an_answer_leaves_each_order_unresolved(batching):
    rig = batching
    orders = [rig.accepted(), rig.accepted()]
    rig.execute(batch(rig, *orders))
    for number, order in enumerate(orders, 1):
        rig.report(rig.unknown(order, RequestKind.CANCEL, f"cancel-{number}"))
    assert ids(rig.cache.orders_unresolved()) == ids(orders)
    assert not rig.of_type(OrderCancelRejected)
    assert all(order.status is OrderStatus.PENDING_CANCEL for order in orders)


def test_a_client_that_takes_no_batches_gets_its_parts(rig):
    orders = [rig.accepted(), rig.accepted()]
    rig.client.sent.clear()
    rig.execute(batch(rig, *orders))
    assert ids(rig.sent(CancelOrder)) == ids(orders)
    assert len(rig.client.sent) == 2
    assert len(rig.of_type(OrderPendingCancel)) == 2


def test_an_order_submitted_in_the_same_handler_is_in_the_batch(batching):
    rig = batching
    order = rig.order()

    def act():
        rig.bus.send(topics.RISK_EXECUTE, rig.submit_command(order))
        rig.bus.send(topics.EXEC_EXECUTE, batch(rig, order))

    rig.connect()
    rig.client.sent.clear()
    rig.turn(act)
    kinds = [type(command) for command in rig.client.sent]
    assert kinds == [SubmitOrder, BatchCancelOrders]
    assert rig.refusals() == []


def test_an_order_of_another_instrument_is_no_part_of_it(batching):
    rig = batching
    order = rig.accepted()
    rig.client.sent.clear()
    command = batch(rig, order)
    elsewhere = BatchCancelOrders(
        "batch",
        None,
        rig.now,
        StrategyId("MM-001"),
        InstrumentId("ETH/USDT.SIM"),
        command.cancels,
    )
    rig.execute(elsewhere)
    assert rig.refusals() == ["ORDER_NOT_FOUND"]
    assert rig.client.sent == []
    assert order.status is OrderStatus.ACCEPTED
