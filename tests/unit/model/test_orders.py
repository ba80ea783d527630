from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from engine.model.currencies import BTC, USDT
from engine.model.enums import (
    BUY,
    SELL,
    DenialCode,
    LiquiditySide,
    OrderSide,
    OrderStatus,
    OrderType,
    TimeInForce,
    TriggerType,
)
from engine.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderEmulated,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
)
from engine.model.identifiers import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from engine.model.order_table import (
    CLOSED,
    COMPILED,
    PENDING,
    IllegalTransition,
    Move,
    OrderEventRefused,
    Trigger,
)
from engine.model.orders import (
    ConflictingFill,
    DuplicateFill,
    FillNeverSent,
    Order,
    average_price,
)
from engine.model.values import Money, Price, Quantity

S = OrderStatus
ACCOUNT = AccountId("SIM-001")
VENUE_ID = VenueOrderId("V-1")


def head(ts: int = 1) -> tuple[Any, ...]:
    return (
        TraderId("TRADER-1"),
        StrategyId("S-1"),
        InstrumentId("BTC/USDT.SIM"),
        ClientOrderId("O-1"),
        "1-1-1",
        ts,
        ts,
    )


def initialized(
    order_type: OrderType = OrderType.STOP_LIMIT,
    side: OrderSide = BUY,
    quantity: str = "10",
    **changes: Any,
) -> OrderInitialized:
    priced = order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    stops = order_type in (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)
    fields: dict[str, Any] = {
        "price": Price.from_str("100.00") if priced else None,
        "trigger_price": Price.from_str("99.00") if stops else None,
        "trigger_type": TriggerType.LAST_PRICE if stops else TriggerType.NO_TRIGGER,
    }
    return OrderInitialized(
        *head(),
        side,
        order_type,
        Quantity.from_str(quantity),
        changes.pop("time_in_force", TimeInForce.GTC),
        **(fields | changes),
    )


def submitted(ts: int = 2) -> OrderSubmitted:
    return OrderSubmitted(*head(ts), ACCOUNT, "s1")


def accepted(ts: int = 3, venue_order_id: VenueOrderId = VENUE_ID) -> OrderAccepted:
    return OrderAccepted(*head(ts), ACCOUNT, venue_order_id)


def filled(
    quantity: str = "4",
    trade_id: str = "T-1",
    price: str = "100.00",
    ts: int = 5,
    side: OrderSide = BUY,
    venue_order_id: VenueOrderId = VENUE_ID,
    commission: Money | None = None,
) -> OrderFilled:
    return OrderFilled(
        *head(ts),
        ACCOUNT,
        venue_order_id,
        TradeId(trade_id),
        PositionId("P-1"),
        side,
        OrderType.STOP_LIMIT,
        Quantity.from_str(quantity),
        Price.from_str(price),
        Money.zero(USDT) if commission is None else commission,
        LiquiditySide.MAKER,
    )


def updated(
    quantity: str = "10", request_id: str | None = None, ts: int = 6, **changes: Any
) -> OrderUpdated:
    return OrderUpdated(*head(ts), Quantity.from_str(quantity), request_id=request_id, **changes)


def pending_update(request_id: str = "u1", ts: int = 4) -> OrderPendingUpdate:
    return OrderPendingUpdate(*head(ts), ACCOUNT, request_id)


def pending_cancel(request_id: str = "c1", ts: int = 4) -> OrderPendingCancel:
    return OrderPendingCancel(*head(ts), ACCOUNT, request_id)


def modify_rejected(request_id: str | None = "u1") -> OrderModifyRejected:
    return OrderModifyRejected(*head(7), request_id, "no")


def cancel_rejected(request_id: str | None = "c1") -> OrderCancelRejected:
    return OrderCancelRejected(*head(7), request_id, "no")


def canceled(ts: int = 8) -> OrderCanceled:
    return OrderCanceled(*head(ts), VENUE_ID)


def order_after(*events: OrderEvent, init: OrderInitialized | None = None) -> Order:
    order = Order(initialized() if init is None else init)
    for event in events:
        order.apply(event)
    return order


PATHS: dict[OrderStatus, list[OrderEvent]] = {
    S.INITIALIZED: [],
    S.DENIED: [OrderDenied(*head(), DenialCode.TRADING_HALTED, "")],
    S.EMULATED: [OrderEmulated(*head())],
    S.RELEASED: [OrderReleased(*head(), Price.from_str("99.00"))],
    S.SUBMITTED: [submitted()],
    S.ACCEPTED: [submitted(), accepted()],
    S.REJECTED: [submitted(), OrderRejected(*head(), ACCOUNT, "no")],
    S.CANCELED: [submitted(), accepted(), canceled(4)],
    S.EXPIRED: [submitted(), accepted(), OrderExpired(*head(4), VENUE_ID)],
    S.TRIGGERED: [submitted(), accepted(), OrderTriggered(*head(4))],
    S.PENDING_UPDATE: [submitted(), pending_update("u1")],
    S.PENDING_CANCEL: [submitted(), pending_cancel("c1")],
    S.PARTIALLY_FILLED: [submitted(), accepted(), filled("4", "T-0")],
    S.FILLED: [submitted(), accepted(), filled("10", "T-0")],
}
EVENTS: dict[Trigger, OrderEvent] = {
    Trigger.DENIED: OrderDenied(*head(9), DenialCode.TRADING_HALTED, ""),
    Trigger.EMULATED: OrderEmulated(*head(9)),
    Trigger.RELEASED: OrderReleased(*head(9), Price.from_str("99.00")),
    Trigger.SUBMITTED: submitted(9),
    Trigger.ACCEPTED: accepted(9),
    Trigger.REJECTED: OrderRejected(*head(9), ACCOUNT, "no"),
    Trigger.CANCELED: canceled(9),
    Trigger.EXPIRED: OrderExpired(*head(9), VENUE_ID),
    Trigger.TRIGGERED: OrderTriggered(*head(9)),
    Trigger.PENDING_UPDATE: pending_update("u9", 9),
    Trigger.PENDING_CANCEL: pending_cancel("c9", 9),
    Trigger.MODIFY_REJECTED: modify_rejected("u1"),
    Trigger.CANCEL_REJECTED: cancel_rejected("c1"),
    Trigger.UPDATED: updated("10", "u1", 9),
    Trigger.FILL_LEAVING_REST: filled("1", "T-9", ts=9),
    Trigger.FILL_OF_REST: filled("20", "T-9", ts=9),
    Trigger.UPDATED_TO_FILLED: updated("4", "u1", 9),
}


def pairs() -> list[Any]:
    found = []
    for status in OrderStatus:
        for trigger in Trigger:
            fills = status in (S.PARTIALLY_FILLED, S.FILLED)
            if trigger is Trigger.UPDATED_TO_FILLED and not fills:
                continue  # without a fill an update always leaves a rest
            if trigger is Trigger.FILL_LEAVING_REST and status is S.FILLED:
                continue  # nothing can be left of a filled order
            if trigger is Trigger.UPDATED and status is S.FILLED:
                continue  # an update to what is filled already, see UPDATED_TO_FILLED
            found.append(pytest.param(status, trigger, id=f"{status.name}-{trigger.name}"))
    return found


def everything(order: Order) -> dict[str, Any]:
    """Every attribute, containers copied."""
    values = {name: getattr(order, name) for name in Order.__slots__}
    return {
        name: value.copy() if isinstance(value, dict | list) else value
        for name, value in values.items()
    }


@pytest.mark.parametrize(("status", "trigger"), pairs())
def test_an_event_moves_the_order_as_its_cell_says_or_changes_nothing(
    status: OrderStatus, trigger: Trigger
) -> None:
    order = order_after(*PATHS[status])
    assert order.status is status
    event, cell, before = EVENTS[trigger], COMPILED[status][trigger], everything(order)

    if cell is Move.ILLEGAL:
        with pytest.raises(IllegalTransition) as refused:
            order.apply(event)
        assert (refused.value.status, refused.value.trigger) == (status, trigger)
        assert everything(order) == before
        return

    order.apply(event)
    assert order.last_event is event
    assert order.ts_last == event.ts_event
    if cell is Move.RESTORE and trigger is Trigger.CANCEL_REJECTED and status is S.PENDING_UPDATE:
        assert order.status is status  # the modify is still on the wire
    elif (
        cell is Move.RESTORE
        and status is S.PENDING_CANCEL
        and trigger is not (Trigger.CANCEL_REJECTED)
    ):
        assert order.status is status  # the cancel is still on the wire
    elif cell is Move.RESTORE:
        assert order.status is S.SUBMITTED
    elif cell is Move.BENEATH:
        assert order.status is status
        assert order.previous_status is COMPILED[S.SUBMITTED][trigger]
    else:
        assert order.status is cell
    assert (order.previous_status is not None) is PENDING[order.status]
    assert bool(order.requests) is PENDING[order.status]
    assert (order.ts_closed != 0) is CLOSED[order.status]


def test_beneath_a_pending_state_the_row_of_the_status_beneath_decides() -> None:
    order = order_after(submitted(), accepted(), filled("4"), pending_cancel())
    before = everything(order)
    with pytest.raises(IllegalTransition) as refused:
        order.apply(accepted(9))
    assert refused.value.status is S.PARTIALLY_FILLED
    assert everything(order) == before


# --- construction ------------------------------------------------------------------------


def test_a_new_order_is_initialized_and_local() -> None:
    order = Order(initialized(OrderType.LIMIT, tags=("a",), post_only=True, reduce_only=True))
    assert order.status is S.INITIALIZED
    assert order.is_active_local
    assert not (order.is_open or order.is_closed or order.is_inflight or order.is_pending)
    assert (order.quantity_raw, order.leaves_raw) == (10**17, 10**17)
    assert (order.filled_qty, order.leaves_qty, order.overfill_qty) == (0, 10, 0)
    assert (order.post_only, order.reduce_only, order.tags) == (True, True, ("a",))
    assert order.avg_px is None
    assert order.slippage is None
    assert order.previous_status is None
    assert order.last_event is order.init
    assert order.ts_closed == 0
    assert "INITIALIZED" in repr(order)


@pytest.mark.parametrize(
    ("order_type", "changes", "message"),
    [
        (OrderType.LIMIT, {"price": None}, "LIMIT needs price"),
        (OrderType.MARKET, {"price": Price.from_str("1")}, "MARKET takes no price"),
        (OrderType.STOP_MARKET, {"trigger_price": None}, "needs trigger price"),
        (OrderType.LIMIT, {"trigger_price": Price.from_str("1")}, "takes no trigger price"),
        (OrderType.STOP_LIMIT, {"trigger_type": TriggerType.NO_TRIGGER}, "needs trigger type"),
        (OrderType.LIMIT, {"trigger_type": TriggerType.LAST_PRICE}, "takes no trigger type"),
        (OrderType.MARKET, {"post_only": True}, "cannot be post-only"),
        (OrderType.STOP_MARKET, {"post_only": True}, "cannot be post-only"),
        (OrderType.LIMIT, {"time_in_force": TimeInForce.GTD}, "GTD needs an expire time"),
        (OrderType.LIMIT, {"expire_time_ns": 5}, "an expire time needs GTD"),
        (
            OrderType.MARKET,
            {"time_in_force": TimeInForce.GTD, "expire_time_ns": 5},
            "MARKET order cannot be GTD",
        ),
        (OrderType.LIMIT, {"quantity": "0"}, "quantity must be positive"),
    ],
)
def test_an_order_that_contradicts_itself_is_not_built(
    order_type: OrderType, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Order(initialized(order_type, **changes))


def test_an_order_is_built_from_its_first_event_only() -> None:
    with pytest.raises(TypeError):
        Order(submitted())  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Order(msgspec.structs.replace(initialized(), side=1))


def test_an_order_refuses_what_is_no_order_event() -> None:
    order = order_after()
    for odd in (initialized(), None, "OrderFilled"):
        with pytest.raises(TypeError):
            order.apply(odd)  # type: ignore[arg-type]


# --- whose event ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"client_order_id": ClientOrderId("O-2")},
        {"strategy_id": StrategyId("S-2")},
        {"instrument_id": InstrumentId("ETH/USDT.SIM")},
        {"account_id": AccountId("SIM-002")},
    ],
)
@pytest.mark.parametrize("event", [accepted(), filled()], ids=["accepted", "filled"])
def test_an_event_of_something_else_is_refused(event: OrderEvent, changes: dict[str, Any]) -> None:
    order = order_after(submitted())
    before = everything(order)
    with pytest.raises(OrderEventRefused):
        order.apply(msgspec.structs.replace(event, **changes))
    assert everything(order) == before


@pytest.mark.parametrize("kind", [OrderCanceled, OrderExpired])
def test_the_end_of_a_replaced_venue_order_is_refused(kind: Callable[..., OrderEvent]) -> None:
    order = order_after(submitted(), accepted(), updated("10", venue_order_id=VenueOrderId("V-2")))
    assert order.venue_order_ids == [VENUE_ID, "V-2"]
    before = everything(order)
    with pytest.raises(OrderEventRefused):
        order.apply(kind(*head(9), VENUE_ID))
    assert everything(order) == before
    order.apply(kind(*head(9), VenueOrderId("V-2")))
    assert order.is_closed


def test_a_found_order_learns_its_venue_id_from_whatever_comes_first() -> None:
    order = order_after(OrderCanceled(*head(), VENUE_ID))
    assert order.venue_order_id == VENUE_ID


def test_only_a_stop_limit_triggers() -> None:
    for order_type in (OrderType.LIMIT, OrderType.STOP_MARKET):
        order = order_after(submitted(), accepted(), init=initialized(order_type))
        before = everything(order)
        with pytest.raises(OrderEventRefused):
            order.apply(OrderTriggered(*head(9)))
        assert everything(order) == before


# --- fills ---------------------------------------------------------------------------------


def test_fills_add_up_and_average_exactly() -> None:
    order = order_after(
        submitted(),
        accepted(),
        filled("1", "T-1", "100.00", commission=Money("0.10", USDT)),
        filled("2", "T-2", "100.01", commission=Money("0.20", USDT)),
        filled("1", "T-3", "100.02", commission=Money("0.001", BTC)),
    )
    assert order.status is S.PARTIALLY_FILLED
    assert (order.filled_qty, order.leaves_qty, order.overfill_qty) == (4, 6, 0)
    assert order.avg_px == Decimal("100.01")
    assert order.slippage == Decimal("0.01")
    assert order.commissions == {"USDT": Money("0.30", USDT), "BTC": Money("0.001", BTC)}
    assert list(order.trade_ids) == ["T-1", "T-2", "T-3"]
    assert order.liquidity_side is LiquiditySide.MAKER
    assert order.position_id == "P-1"


def test_an_average_without_a_finite_decimal_is_rounded_half_even_at_the_sixteenth() -> None:
    order = order_after(
        submitted(), accepted(), filled("1", "T-1", "100.00"), filled("2", "T-2", "100.01")
    )
    assert order.avg_px == Decimal("100.0066666666666667")
    assert average_price(5, 2) == Decimal("2E-16")
    assert average_price(7, 2) == Decimal("4E-16")


def test_slippage_is_against_the_limit_else_the_trigger_and_never_negative() -> None:
    better = order_after(submitted(), filled("10", price="99.50"))
    assert better.slippage is None
    sell = order_after(
        submitted(),
        filled("10", price="98.25", side=SELL),
        init=initialized(OrderType.STOP_MARKET, SELL),
    )
    assert sell.slippage == Decimal("0.75")
    market = order_after(submitted(), filled("10"), init=initialized(OrderType.MARKET))
    assert market.slippage is None


def test_a_fill_that_overtakes_the_acceptance_counts_as_one() -> None:
    order = order_after(submitted(), filled("4", ts=7))
    assert order.status is S.PARTIALLY_FILLED
    assert order.ts_accepted == 7
    assert order.venue_order_id == VENUE_ID
    with pytest.raises(IllegalTransition):
        order.apply(accepted(8))


def test_a_fill_finer_than_the_order_keeps_every_digit() -> None:
    order = order_after(submitted(), accepted(), filled("0.125"))
    assert str(order.filled_qty) == "0.125"
    assert str(order.leaves_qty) == "9.875"


def test_the_same_fill_twice_is_a_duplicate() -> None:
    order = order_after(submitted(), accepted(), filled("4"))
    before = everything(order)
    with pytest.raises(DuplicateFill):
        order.apply(filled("4", ts=99))
    assert everything(order) == before


@pytest.mark.parametrize("change", [{"quantity": "5"}, {"price": "100.01"}])
def test_a_known_trade_with_other_numbers_is_a_conflict(change: dict[str, str]) -> None:
    order = order_after(submitted(), accepted(), filled())
    before = everything(order)
    with pytest.raises(ConflictingFill):
        order.apply(filled(**change))  # type: ignore[arg-type]
    assert everything(order) == before


@pytest.mark.parametrize("odd", [filled(side=SELL), filled("0")], ids=["other side", "nothing"])
def test_a_fill_that_this_order_cannot_have_is_refused(odd: OrderFilled) -> None:
    order = order_after(submitted(), accepted())
    before = everything(order)
    with pytest.raises(OrderEventRefused):
        order.apply(odd)
    assert everything(order) == before


def test_an_overfill_fills_the_order_and_is_counted() -> None:
    order = order_after(submitted(), accepted(), filled("7", "T-1"), filled("5", "T-2"))
    assert order.status is S.FILLED
    assert (order.filled_qty, order.leaves_qty, order.overfill_qty) == (12, 0, 2)


def test_a_fill_after_filled_is_an_overfill_and_does_not_reopen() -> None:
    order = order_after(submitted(), accepted(), filled("10", "T-1", ts=5))
    order.apply(filled("3", "T-2", ts=9))
    assert order.status is S.FILLED
    assert (order.filled_qty, order.leaves_qty, order.overfill_qty) == (13, 0, 3)
    assert (order.ts_closed, order.ts_last) == (5, 9)


@pytest.mark.parametrize("end", [S.REJECTED, S.CANCELED, S.EXPIRED], ids=lambda s: s.name)
def test_a_late_fill_is_applied_and_the_order_stays_closed(end: OrderStatus) -> None:
    order = order_after(*PATHS[end])
    closed_at = order.ts_closed
    order.apply(filled("4", "T-1", ts=50))
    assert order.status is end
    assert order.is_closed
    assert (order.filled_qty, order.leaves_qty) == (4, 6)
    order.apply(filled("6", "T-2", ts=51))
    assert order.status is S.FILLED
    order.apply(filled("1", "T-3", ts=52))
    assert order.status is S.FILLED
    assert order.overfill_qty == 1
    assert order.ts_closed == closed_at
    with pytest.raises(DuplicateFill):
        order.apply(filled("6", "T-2"))


def test_a_denied_order_takes_no_fill() -> None:
    order = order_after(*PATHS[S.DENIED])
    with pytest.raises(IllegalTransition):
        order.apply(filled())


@pytest.mark.parametrize("end", [canceled(), OrderExpired(*head(9))], ids=["canceled", "expired"])
def test_an_order_that_ended_before_it_was_sent_takes_no_fill(end: OrderEvent) -> None:
    order = order_after(OrderEmulated(*head()), msgspec.structs.replace(end, venue_order_id=None))
    before = everything(order)
    with pytest.raises(FillNeverSent):
        order.apply(filled())
    assert everything(order) == before


@pytest.mark.parametrize("status", [S.INITIALIZED, S.EMULATED, S.RELEASED], ids=lambda s: s.name)
def test_an_order_that_is_still_local_takes_no_fill(status: OrderStatus) -> None:
    order = order_after(*PATHS[status])
    with pytest.raises(IllegalTransition):
        order.apply(filled())


# --- requests on the wire ------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [S.SUBMITTED, S.ACCEPTED, S.TRIGGERED, S.PARTIALLY_FILLED], ids=lambda s: s.name
)
@pytest.mark.parametrize(
    ("request_event", "answer"),
    [
        (pending_update(), modify_rejected()),
        (pending_update(), updated("12", "u1")),
        (pending_cancel(), cancel_rejected()),
    ],
    ids=["modify refused", "modified", "cancel refused"],
)
def test_the_last_answer_restores_exactly_the_status_before(
    status: OrderStatus, request_event: OrderEvent, answer: OrderEvent
) -> None:
    order = order_after(*PATHS[status], request_event)
    assert order.is_pending
    assert order.is_inflight
    assert order.is_open
    assert order.previous_status is order.status_at_venue is status
    order.apply(answer)
    assert order.status is order.status_at_venue is status
    assert order.previous_status is None
    assert order.requests == {}


def test_nested_requests_are_settled_by_id_and_the_latest_names_the_state() -> None:
    order = order_after(
        submitted(),
        accepted(),
        pending_update("u1"),
        pending_update("u2"),
        pending_cancel("c1"),
        pending_cancel("c2"),
    )
    assert list(order.requests) == ["u1", "u2", "c1", "c2"]
    order.apply(modify_rejected("u1"))
    assert (order.status, list(order.requests)) == (S.PENDING_CANCEL, ["u2", "c1", "c2"])
    order.apply(cancel_rejected("c2"))
    assert (order.status, list(order.requests)) == (S.PENDING_CANCEL, ["u2", "c1"])
    order.apply(cancel_rejected("c1"))
    assert (order.status, list(order.requests)) == (S.PENDING_UPDATE, ["u2"])
    order.apply(updated("12", "u2"))
    assert (order.status, order.requests, order.quantity) == (S.ACCEPTED, {}, 12)


def test_an_update_during_a_cancel_is_applied_and_the_cancel_stays_outstanding() -> None:
    order = order_after(submitted(), accepted(), pending_update(), pending_cancel())
    order.apply(updated("12", "u1", price=Price.from_str("101.00")))
    assert order.status is S.PENDING_CANCEL
    assert list(order.requests) == ["c1"]
    assert (order.quantity, order.price) == (12, Price.from_str("101.00"))


def test_news_during_a_request_changes_the_status_to_restore() -> None:
    order = order_after(submitted(), pending_update(), accepted())
    assert (order.status, order.previous_status) == (S.PENDING_UPDATE, S.ACCEPTED)
    order.apply(OrderTriggered(*head(5)))
    assert (order.status, order.previous_status) == (S.PENDING_UPDATE, S.TRIGGERED)
    order.apply(filled("4"))
    assert (order.status, order.previous_status) == (S.PENDING_UPDATE, S.PARTIALLY_FILLED)
    assert order.filled_qty == 4
    order.apply(modify_rejected())
    assert (order.status, order.previous_status) == (S.PARTIALLY_FILLED, None)


@pytest.mark.parametrize("status", [S.PENDING_UPDATE, S.PENDING_CANCEL], ids=lambda s: s.name)
def test_a_fill_of_the_rest_ends_the_order_with_its_requests(status: OrderStatus) -> None:
    order = order_after(*PATHS[status], filled("10"))
    assert order.status is S.FILLED
    assert order.requests == {}
    assert order.previous_status is None
    for answer in (modify_rejected(), cancel_rejected(), updated("12", "u1")):
        before = everything(order)
        with pytest.raises(IllegalTransition):
            order.apply(answer)
        assert everything(order) == before


def test_an_unnamed_answer_settles_the_only_request_of_its_kind() -> None:
    order = order_after(submitted(), accepted(), pending_update("u1"), pending_cancel("c1"))
    order.apply(modify_rejected(None))
    assert list(order.requests) == ["c1"]
    order.apply(cancel_rejected(None))
    assert (order.status, order.requests) == (S.ACCEPTED, {})


def test_an_unnamed_answer_settles_none_of_two() -> None:
    order = order_after(submitted(), accepted(), pending_update("u1"), pending_update("u2"))
    order.apply(modify_rejected(None))
    order.apply(updated("12"))
    assert order.status is S.PENDING_UPDATE
    assert list(order.requests) == ["u1", "u2"]
    assert order.quantity == 12


@pytest.mark.parametrize("answer", [modify_rejected(), updated("11", "u1")])
def test_a_request_is_answered_once(answer: OrderEvent) -> None:
    order = order_after(submitted(), accepted(), pending_update("u1"), updated("12", "u1"))
    before = everything(order)
    with pytest.raises(OrderEventRefused):
        order.apply(answer)
    assert everything(order) == before


@pytest.mark.parametrize("again", [pending_update("u1"), pending_cancel("u1")])
@pytest.mark.parametrize("answered", [False, True])
def test_a_request_is_made_once(again: OrderEvent, answered: bool) -> None:
    order = order_after(submitted(), accepted(), pending_update("u1"))
    if answered:
        order.apply(modify_rejected("u1"))
    before = everything(order)
    with pytest.raises(OrderEventRefused):
        order.apply(again)
    assert everything(order) == before


def test_an_answer_of_the_other_kind_is_refused() -> None:
    order = order_after(submitted(), accepted(), pending_cancel("c1"))
    before = everything(order)
    for answer in (modify_rejected("c1"), updated("12", "c1")):
        with pytest.raises(OrderEventRefused):
            order.apply(answer)
        assert everything(order) == before


def test_a_modify_that_the_kernel_turned_back_itself_leaves_the_order_as_it_is() -> None:
    order = order_after(submitted(), accepted())
    order.apply(modify_rejected("denied by risk"))
    assert order.status is S.ACCEPTED
    order.apply(pending_cancel("c1"))
    order.apply(modify_rejected("denied again"))
    assert (order.status, list(order.requests)) == (S.PENDING_CANCEL, ["c1"])


# --- updates -------------------------------------------------------------------------------


def test_an_update_changes_only_what_it_names() -> None:
    order = order_after(submitted(), accepted(), filled("4"))
    order.apply(updated("6", trigger_price=Price.from_str("98.00")))
    assert (order.quantity, order.filled_qty, order.leaves_qty) == (6, 4, 2)
    assert order.price == Price.from_str("100.00")
    assert order.trigger_price == Price.from_str("98.00")
    assert order.venue_order_id == VENUE_ID
    assert order.status is S.PARTIALLY_FILLED


def test_an_update_to_what_is_already_filled_completes_the_order() -> None:
    order = order_after(submitted(), accepted(), pending_update(), filled("4"))
    order.apply(updated("4", "u1", ts=9))
    assert (order.status, order.leaves_qty, order.overfill_qty) == (S.FILLED, 0, 0)
    assert (order.ts_closed, order.requests, order.previous_status) == (9, {}, None)


def test_an_update_below_what_is_filled_completes_the_order_overfilled() -> None:
    order = order_after(submitted(), accepted(), filled("4"), updated("3"))
    assert (order.status, order.leaves_qty, order.overfill_qty) == (S.FILLED, 0, 1)


@pytest.mark.parametrize(
    ("order_type", "changes"),
    [
        (OrderType.MARKET, {"price": Price.from_str("1")}),
        (OrderType.STOP_MARKET, {"price": Price.from_str("1")}),
        (OrderType.MARKET, {"trigger_price": Price.from_str("1")}),
        (OrderType.LIMIT, {"trigger_price": Price.from_str("1")}),
        (OrderType.LIMIT, {"quantity": "0"}),
    ],
)
def test_an_update_that_this_order_cannot_have_is_refused(
    order_type: OrderType, changes: dict[str, Any]
) -> None:
    order = order_after(submitted(), accepted(), init=initialized(order_type))
    before = everything(order)
    with pytest.raises(OrderEventRefused):
        order.apply(updated(**changes))
    assert everything(order) == before


def test_times_are_those_of_the_events_that_caused_them() -> None:
    order = order_after(submitted(2), accepted(3), filled("4", ts=5), canceled(8))
    assert (order.ts_init, order.ts_submitted, order.ts_accepted) == (1, 2, 3)
    assert (order.ts_closed, order.ts_last) == (8, 8)
    assert [type(event).__name__ for event in order.events] == [
        "OrderInitialized",
        "OrderSubmitted",
        "OrderAccepted",
        "OrderFilled",
        "OrderCanceled",
    ]


def test_an_order_is_the_fold_of_its_events() -> None:
    order = order_after(
        submitted(), pending_update(), accepted(), filled("4"), updated("12", "u1"), canceled()
    )
    again = order_after(*order.events[1:], init=order.init)
    assert everything(again) == everything(order)
