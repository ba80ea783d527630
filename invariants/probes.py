"""Situations that a campaign must have seen. `odds` is the least chance that one seed shows it."""

from typing import Final

from engine.model.enums import DenialCode, OrderStatus
from engine.model.events import (
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderTriggered,
    OrderUpdated,
    PositionClosed,
    PositionOpened,
)
from engine.model.reports import ClientDisconnected, OutcomeUnknown
from engine.view import KernelView
from invariants.property import Property, sometimes

_BY_STATE: Final = (DenialCode.TRADING_HALTED, DenialCode.TRADING_STATE_REDUCING)


@sometimes(
    "fill-before-accept",
    "A fill reaches an order that was never accepted.",
    (1, 20),
    facts=(OrderFilled,),
)
def fill_before_accept(view: KernelView) -> bool:
    for order in view.orders_touched():
        if len(order.trade_ids) == 1:
            last = order.events[-1]
            if type(last) is OrderFilled and order.ts_accepted == last.ts_event:
                return True
    return False


@sometimes(
    "fill-while-pending",
    "A fill reaches an order with a request under way.",
    (1, 20),
    facts=(OrderFilled,),
)
def fill_while_pending(view: KernelView) -> bool:
    for order in view.orders_touched():  # noqa: SIM110 - asked at every fill
        if order.requests:
            return True
    return False


@sometimes(
    "late-fill",
    "A fill reaches an order that had ended before it.",
    (1, 60),
    facts=(OrderFilled,),
)
def late_fill(view: KernelView) -> bool:
    for order in view.orders_touched():
        events = order.events
        if type(events[-1]) is OrderFilled:
            for event in events:
                kind = type(event)
                if kind is OrderCanceled or kind is OrderRejected or kind is OrderExpired:
                    return True
    return False


@sometimes("partial-fill", "An order is filled in part.", (1, 4), facts=(OrderFilled,))
def partial_fill(view: KernelView) -> bool:
    partial = OrderStatus.PARTIALLY_FILLED
    for order in view.orders_touched():  # noqa: SIM110 - asked at every fill
        if order.status is partial:
            return True
    return False


@sometimes("flip", "One fill takes a position through flat.", (1, 20), facts=(PositionClosed,))
def flip(view: KernelView) -> bool:
    record = view.turn_record
    return record is not None and any(type(fact) is PositionOpened for fact in record.facts)


@sometimes(
    "unknown-outcome",
    "A request ends with nobody knowing whether it acted.",
    (1, 10),
    inputs=(OutcomeUnknown,),
)
def unknown_outcome(view: KernelView) -> bool:
    return True


@sometimes("disconnected", "A client loses its connection.", (1, 4), inputs=(ClientDisconnected,))
def disconnected(view: KernelView) -> bool:
    return True


@sometimes("denied", "The risk engine turns an order back.", (1, 4), facts=(OrderDenied,))
def denied(view: KernelView) -> bool:
    return True


@sometimes(
    "restricted",
    "The trading state turns an order back.",
    (1, 30),
    facts=(OrderDenied,),
)
def restricted(view: KernelView) -> bool:
    record = view.turn_record
    return record is not None and any(
        type(fact) is OrderDenied and fact.code in _BY_STATE for fact in record.facts
    )


@sometimes("rejected", "The venue refuses an order.", (1, 10), facts=(OrderRejected,))
def rejected(view: KernelView) -> bool:
    return True


@sometimes("expired", "An order reaches its expiry time.", (1, 20), facts=(OrderExpired,))
def expired(view: KernelView) -> bool:
    return True


@sometimes("triggered", "A stop-limit order is triggered.", (1, 20), facts=(OrderTriggered,))
def triggered(view: KernelView) -> bool:
    return True


@sometimes("modified", "An order is changed at the venue.", (1, 4), facts=(OrderUpdated,))
def modified(view: KernelView) -> bool:
    return True


@sometimes("canceled", "An order is canceled.", (1, 4), facts=(OrderCanceled,))
def canceled(view: KernelView) -> bool:
    return True


@sometimes(
    "cancel-refused",
    "A cancel comes too late or never acts.",
    (1, 20),
    facts=(OrderCancelRejected,),
)
def cancel_refused(view: KernelView) -> bool:
    return True


PROBES: Final[tuple[Property, ...]] = (
    fill_before_accept,
    fill_while_pending,
    late_fill,
    partial_fill,
    flip,
    unknown_outcome,
    disconnected,
    denied,
    restricted,
    rejected,
    expired,
    triggered,
    modified,
    canceled,
    cancel_refused,
)
