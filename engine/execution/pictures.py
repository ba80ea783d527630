"""From a venue's picture of an order to the reports it would have sent, had we heard them.

A picture is not an event: it says how things stand, perhaps before something we already know.
So it is compared with the order first, and only what is newer becomes a report; the reports then
go the same one way as live ones.
"""

from typing import Final

from engine.model.commands import ModifyOrder
from engine.model.enums import OrderStatus, OrderType
from engine.model.events import OrderAccepted, OrderFilled, OrderTriggered, OrderUpdated
from engine.model.identifiers import AccountId, ClientOrderId, InstrumentId, VenueOrderId
from engine.model.order_table import Trigger
from engine.model.orders import Order
from engine.model.reports import (
    AcceptedReport,
    CanceledReport,
    ExecutionReport,
    ExpiredReport,
    FillReport,
    ModifyRejectedReport,
    OrderStatusReport,
    RejectedReport,
    TriggeredReport,
    UpdatedReport,
)

NEVER_ACTED: Final = "NEVER_ACTED"
UNASKED: Final = "UNASKED"  # request id of an update that the venue made on its own

# The columns every report of an order starts with.
Header = tuple[AccountId, InstrumentId, ClientOrderId | None, VenueOrderId | None, int, int]

_S = OrderStatus
_LIVE: Final = (_S.ACCEPTED, _S.TRIGGERED, _S.PARTIALLY_FILLED)
_UNTRIGGERED: Final = (_S.SUBMITTED, _S.ACCEPTED)
# What a living order can have heard from its venue, but for fills: their sum says better than
# their stamps whether a picture includes them.
_FROM_VENUE: Final = (OrderAccepted, OrderUpdated, OrderTriggered)


def is_unacknowledged(order: Order) -> bool:
    """Whether it was sent and nothing from the venue has confirmed that it arrived."""
    return order.status_at_venue is _S.SUBMITTED


def differs(order: Order, picture: OrderStatusReport) -> bool:
    """Whether quantity, price or trigger price are not what the venue shows."""
    if picture.quantity.raw != order.quantity_raw or order.is_quote_quantity:
        return True
    price, trigger = picture.price, picture.trigger_price
    if price is not None and order.price is not None and price.raw != order.price.raw:
        return True
    return (
        trigger is not None
        and order.trigger_price is not None
        and trigger.raw != order.trigger_price.raw
    )


def shows(order: Order, command: ModifyOrder) -> bool:
    """Whether the order has every value that `command` asks for."""
    quantity, price, trigger = command.quantity, command.price, command.trigger_price
    if quantity is not None and quantity.raw != order.quantity_raw:
        return False
    if price is not None and (order.price is None or price.raw != order.price.raw):
        return False
    return trigger is None or (
        order.trigger_price is not None and trigger.raw == order.trigger_price.raw
    )


def is_stale(order: Order, picture: OrderStatusReport, sent_ns: int) -> bool:
    """Whether the picture was taken before something that the order already knows.

    Fewer fills than known, or alive when it is known to be gone, is an old picture whatever its
    stamp; an end is an end however old. Otherwise the venue's stamps decide; where they are
    equal, a picture asked for after the last news was heard is the newer one.
    """
    if picture.filled_qty.raw < order.filled_raw:
        return True
    if picture.status not in _LIVE:
        return False
    if order.is_closed:
        return True
    if picture.status is _S.ACCEPTED and order.status_at_venue is _S.TRIGGERED:
        return True
    newest_ns = heard_ns = 0
    for event in order.events:
        if isinstance(event, _FROM_VENUE) and event.ts_event >= newest_ns:
            newest_ns = event.ts_event
            heard_ns = event.ts_init
    if picture.ts_event != newest_ns:
        return picture.ts_event < newest_ns
    return sent_ns < heard_ns and differs(order, picture)


def last_heard_ns(order: Order) -> int:
    """When (local time) the venue was last heard to have this order; 0: never."""
    for event in reversed(order.events):
        if isinstance(event, (*_FROM_VENUE, OrderFilled)):
            return event.ts_init
    return 0


def missing_reports(
    order: Order,
    picture: OrderStatusReport,
    fills: tuple[FillReport, ...],
    sent_ns: int,
    modifies: list[ModifyOrder],
) -> list[ExecutionReport]:
    """The reports that lead from the order to the picture, in the order to apply them.

    Args:
        fills: every fill of the order that came with the picture; known ones are left out.
        sent_ns: when the picture was asked for; 0: it was not asked for.
        modifies: the order's outstanding modifies; the update is credited to the one that it
            answers.
    """
    new_fills = [fill for fill in fills if fill.trade_id not in order.trade_ids]
    new_fills.sort(key=lambda fill: fill.ts_event)
    reports: list[ExecutionReport] = []
    status = picture.status
    if is_stale(order, picture, sent_ns) or (order.is_closed and status is not _S.FILLED):
        reports.extend(new_fills)
        return reports

    update: UpdatedReport | None = None
    # no size: an amount in quote that was rejected before it was converted
    if not order.is_closed and picture.quantity.raw and differs(order, picture):
        update = _update(order, picture, modifies)
    answered = None if update is None else update.request_id
    # A raised quantity first: fills of the raised part are no overfill. A lowered one last: it
    # may be just what has been filled. One in quote first: nothing can be taken off it.
    if update is not None and (
        picture.quantity.raw > order.quantity_raw or order.is_quote_quantity
    ):
        reports.append(update)
        update = None
    reports.extend(new_fills)
    header: Header = (
        picture.account_id,
        picture.instrument_id,
        order.client_order_id,
        picture.venue_order_id,
        picture.ts_event,
        picture.ts_init,
    )
    if status in _LIVE and is_unacknowledged(order):
        reports.append(AcceptedReport(*header))
    if update is not None:
        reports.append(update)
    if status is _S.TRIGGERED and order.status_at_venue in _UNTRIGGERED:
        reports.append(TriggeredReport(*header))
    elif status is _S.CANCELED:
        reports.extend(_unanswered_modifies(order, header, answered))
        reports.append(CanceledReport(*header, picture.filled_qty))
    elif status is _S.EXPIRED:
        reports.extend(_unanswered_modifies(order, header, answered))
        reports.append(ExpiredReport(*header, picture.filled_qty))
    elif status is _S.REJECTED:
        reports.append(RejectedReport(*header, picture.reason))
    return reports


def _unanswered_modifies(
    order: Order, header: Header, answered: str | None
) -> list[ModifyRejectedReport]:
    """What is gone cannot be amended any more, and its picture shows the values it ended with."""
    return [
        ModifyRejectedReport(*header, request_id, NEVER_ACTED)
        for request_id, kind in order.requests.items()
        if kind is Trigger.PENDING_UPDATE and request_id != answered
    ]


def _update(order: Order, picture: OrderStatusReport, modifies: list[ModifyOrder]) -> UpdatedReport:
    answered: str | None = None
    for command in modifies:
        if _answers(picture, command):
            answered = command.command_id
            break
    has_limit = order.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    has_trigger = order.order_type in (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)
    return UpdatedReport(
        picture.account_id,
        picture.instrument_id,
        order.client_order_id,
        picture.venue_order_id,
        picture.ts_event,
        picture.ts_init,
        picture.quantity,
        picture.price if has_limit else None,
        picture.trigger_price if has_trigger else None,
        # unasked: a name that no request has, so that it settles none of those outstanding
        UNASKED if answered is None and modifies else answered,
    )


def _answers(picture: OrderStatusReport, command: ModifyOrder) -> bool:
    quantity, price, trigger = command.quantity, command.price, command.trigger_price
    return (
        (quantity is None or quantity.raw == picture.quantity.raw)
        and (price is None or (picture.price is not None and price.raw == picture.price.raw))
        and (
            trigger is None
            or (picture.trigger_price is not None and trigger.raw == picture.trigger_price.raw)
        )
    )
