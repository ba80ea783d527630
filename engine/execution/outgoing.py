"""Commands on their way out: guarded, marked on the order, put in the outbox.

Risk has judged submits and modifies before they come here; cancels and queries come straight.
What an order cannot be asked for now is refused and changes nothing.
"""

from typing import Final

import msgspec

from engine.clients import takes_batches
from engine.context import Context
from engine.execution.application import Application
from engine.execution.denial import Denial
from engine.execution.desk import Desk
from engine.execution.headers import local_header
from engine.execution.position_ids import PositionIds
from engine.execution.unresolved import Unresolved
from engine.model.commands import (
    BatchCancelOrders,
    CancelAllOrders,
    CancelOrder,
    ModifyOrder,
    QueryAccount,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    SubmitOrder,
)
from engine.model.enums import DenialCode, OrderStatus, RequestKind
from engine.model.events import (
    OrderDenied,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderSubmitted,
)
from engine.model.identifiers import ClientOrderId
from engine.model.order_table import OrderEventRefused
from engine.model.orders import Order
from engine.topics import EXEC_EXECUTE

_INITIALIZED: Final = OrderStatus.INITIALIZED
_PENDING_CANCEL: Final = OrderStatus.PENDING_CANCEL
_SUBMIT: Final = RequestKind.SUBMIT
_NO_ACCEPTANCE_YET: Final = 1 << 63  # sorts after every acceptance


class Outgoing:
    """Carries commands to the clients' outbox."""

    __slots__ = ("_application", "_ctx", "_desk", "_position_ids", "_requeued", "_unresolved")

    def __init__(
        self,
        ctx: Context,
        desk: Desk,
        application: Application,
        unresolved: Unresolved,
        position_ids: PositionIds,
    ) -> None:
        self._ctx = ctx
        self._desk = desk
        self._application = application
        self._unresolved = unresolved
        self._position_ids = position_ids
        self._requeued: dict[str, None] = {}

    # --- orders ---------------------------------------------------------------------------

    def submit(self, command: SubmitOrder) -> None:
        ctx = self._ctx
        coid = command.order.client_order_id
        order = ctx.cache.order(coid)
        if order is None:
            self._desk.refuse(DenialCode.ORDER_NOT_FOUND.value, f"SubmitOrder {coid}")
            return
        if order.status is not _INITIALIZED:
            self._refuse(DenialCode.DUPLICATE_CLIENT_ORDER_ID, command, order)
            return
        client = self._desk.route(command.client_id, order.instrument_id)
        if client is None:
            asked = "" if command.client_id is None else f", client_id={command.client_id}"
            detail = f"venue={order.instrument_id.venue}{asked}"
            self._deny(order, DenialCode.NO_EXECUTION_CLIENT, detail)
            return
        if command.position_id is not None and not self._position_ids.names_to_venue(command):
            command = msgspec.structs.replace(command, position_id=None)
        now_ns = ctx.clock.now_ns
        event = OrderSubmitted(
            order.trader_id,
            order.strategy_id,
            order.instrument_id,
            coid,
            ctx.new_id(),
            now_ns,
            now_ns,
            client.account_id,
            command.command_id,
        )
        ctx.outbox.append((client, command))
        self._unresolved.watch(order, _SUBMIT, command)
        self._application.apply(order, event)

    def modify(self, command: ModifyOrder) -> None:
        order = self._requestable(command, command.client_order_id)
        if order is not None:
            header = local_header(self._ctx, order)
            event = OrderPendingUpdate(*header, order.account_id, command.command_id)
            self._request(order, event, RequestKind.MODIFY, command)

    def cancel(self, command: CancelOrder) -> None:
        order = self._ctx.cache.order(command.client_order_id)
        if order is not None and order.status is _INITIALIZED and self._let_submits_pass(command):
            return
        order = self._requestable(command, command.client_order_id)
        if order is not None:
            header = local_header(self._ctx, order)
            event = OrderPendingCancel(*header, order.account_id, command.command_id)
            self._request(order, event, RequestKind.CANCEL, command)

    def cancel_batch(self, command: BatchCancelOrders) -> None:
        """Its parts are guarded and marked one by one; those that pass leave together."""
        ctx = self._ctx
        cache = ctx.cache
        client = self._desk.route(command.client_id, command.instrument_id)
        if client is None or not takes_batches(client):
            for cancel in command.cancels:
                ctx.bus.send(EXEC_EXECUTE, cancel)
            return
        named = [cache.order(cancel.client_order_id) for cancel in command.cancels]
        waits = any(order is not None and order.status is _INITIALIZED for order in named)
        if waits and self._let_submits_pass(command):
            return
        self._requeued.pop(command.command_id, None)
        leaving: list[CancelOrder] = []
        for cancel in command.cancels:
            order = self._requestable(cancel, cancel.client_order_id)
            if order is None:
                continue
            if order.instrument_id != command.instrument_id:
                self._refuse(DenialCode.ORDER_NOT_FOUND, cancel, order)
                continue
            header = local_header(ctx, order)
            event = OrderPendingCancel(*header, order.account_id, cancel.command_id)
            if self._application.take(order, event):
                self._unresolved.watch(order, RequestKind.CANCEL, cancel)
                leaving.append(cancel)
        if leaving:
            ctx.outbox.append((client, msgspec.structs.replace(command, cancels=tuple(leaving))))

    def cancel_all(self, command: CancelAllOrders) -> None:
        """One CancelOrder for each order that is at the venue or on its way, oldest first."""
        ctx = self._ctx
        cache = ctx.cache
        where = (None, command.instrument_id, command.strategy_id, command.side)
        if cache.orders_active_local(*where) and self._let_submits_pass(command):
            return
        working = {order.client_order_id: order for order in cache.orders_open(*where)}
        for order in cache.orders_inflight(*where):
            working[order.client_order_id] = order
        for order in sorted(working.values(), key=_acceptance_order):
            if order.status is not _PENDING_CANCEL:
                cancel = CancelOrder(
                    ctx.new_id(),
                    command.client_id,
                    ctx.clock.now_ns,
                    order.strategy_id,
                    order.instrument_id,
                    order.client_order_id,
                    order.venue_order_id,
                )
                ctx.bus.send(EXEC_EXECUTE, cancel)

    def _let_submits_pass(self, command: CancelOrder | BatchCancelOrders | CancelAllOrders) -> bool:
        """Let a submit that was asked for before this cancel, and had risk to pass, go first.

        By the time the cancel is looked at, risk has judged the submit and its verdict stands
        behind the cancel in the queue: once round is enough. False the second time.
        """
        if command.command_id in self._requeued:
            del self._requeued[command.command_id]
            return False
        self._requeued[command.command_id] = None
        self._ctx.bus.send(EXEC_EXECUTE, command)
        return True

    def _requestable(
        self, command: ModifyOrder | CancelOrder, client_order_id: ClientOrderId
    ) -> Order | None:
        """The order, if the venue can be asked to change or cancel it; else that is refused."""
        self._requeued.pop(command.command_id, None)
        order = self._ctx.cache.order(client_order_id)
        if order is None:
            of = f"{type(command).__name__} {client_order_id}"
            self._desk.refuse(DenialCode.ORDER_NOT_FOUND.value, of)
            return None
        if order.is_closed:
            code = DenialCode.ORDER_CLOSED
        elif order.status is _PENDING_CANCEL:
            code = DenialCode.ORDER_PENDING_CANCEL
        elif order.is_active_local:
            code = DenialCode.ORDER_NOT_FOUND  # not at the venue: there is nothing to ask it
        else:
            return order
        self._refuse(code, command, order)
        return None

    def _request(
        self,
        order: Order,
        event: OrderPendingUpdate | OrderPendingCancel,
        kind: RequestKind,
        command: ModifyOrder | CancelOrder,
    ) -> None:
        try:
            order.apply(event)
        except OrderEventRefused as refusal:
            self._desk.refuse_event(event, order, refusal)
            return
        self._ctx.outbox.append((self._desk.client_of(order), command))
        self._unresolved.watch(order, kind, command)
        self._application.follow(order, event)

    # --- denials --------------------------------------------------------------------------

    def denied(self, denial: Denial) -> None:
        """Risk turned a command back: the order is told, if there is anything to tell it."""
        order = self._ctx.cache.order(denial.client_order_id)
        request = denial.request
        if order is None:
            of = f"{type(request).__name__} {denial.client_order_id}"
            self._desk.refuse(denial.code.value, of)
        elif type(request) is SubmitOrder:
            self._deny(order, denial.code, denial.detail)
        elif request.command_id in order.requests:
            reason = f"{denial.code.value}: {denial.detail}"
            header = local_header(self._ctx, order)
            self._application.take(order, OrderModifyRejected(*header, request.command_id, reason))
        else:
            self._refuse(denial.code, request, order)

    def _deny(self, order: Order, code: DenialCode, detail: str) -> None:
        self._application.take(order, OrderDenied(*local_header(self._ctx, order), code, detail))

    def _refuse(
        self, code: DenialCode, command: SubmitOrder | ModifyOrder | CancelOrder, order: Order
    ) -> None:
        of = f"{type(command).__name__} {order.client_order_id} in {order.status.name}"
        self._desk.refuse(code.value, of)

    # --- queries --------------------------------------------------------------------------

    def query_order(self, command: QueryOrder) -> None:
        client = self._desk.route(command.client_id, command.instrument_id)
        if client is None:
            of = f"QueryOrder {command.client_order_id}"
            self._desk.refuse(DenialCode.NO_EXECUTION_CLIENT.value, of)
            return
        self._desk.ask(client, command, command.client_order_id)

    def query_client(self, command: QueryOpenOrders | QueryFills | QueryAccount) -> None:
        client = None if command.client_id is None else self._desk.clients.get(command.client_id)
        if client is None:
            of = f"{type(command).__name__} {command.client_id}"
            self._desk.refuse(DenialCode.NO_EXECUTION_CLIENT.value, of)
            return
        self._desk.ask(client, command)


def _acceptance_order(order: Order) -> tuple[int, int, int, str]:
    """Accepted orders by acceptance, then the rest by submission; ties by id, 9 before 10."""
    accepted = order.ts_accepted or _NO_ACCEPTANCE_YET
    return accepted, order.ts_submitted, len(order.client_order_id), order.client_order_id
