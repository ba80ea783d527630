"""Reports about one order: find it, decide whether the report is news, mint the event, apply it.

A report that says nothing new is absorbed and counted. One that contradicts what is known is
refused whole. Which it is depends on the order alone, never on the channel: a live report, a
replayed one and one derived from a query's answer are judged by the same lines.
"""

from typing import Final

from engine.context import Context
from engine.execution.application import Application
from engine.execution.desk import Desk
from engine.execution.headers import venue_header
from engine.execution.position_ids import PositionIds
from engine.execution.reconciliation import Reconciliation
from engine.execution.unresolved import Unresolved
from engine.log import ComponentLog
from engine.model.commands import SetTradingState
from engine.model.enums import DenialCode, OrderStatus, TradingState
from engine.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderExpired,
    OrderFilled,
    OrderModifyRejected,
    OrderRejected,
    OrderTriggered,
    OrderUpdated,
)
from engine.model.identifiers import VenueOrderId
from engine.model.order_table import OrderEventRefused, Trigger
from engine.model.orders import Order
from engine.model.reports import (
    AcceptedReport,
    CanceledReport,
    CancelRejectedReport,
    ExecutionReport,
    ExpiredReport,
    FillReport,
    ModifyRejectedReport,
    RejectedReport,
    SettlementReport,
    TriggeredReport,
    UpdatedReport,
)
from engine.portfolio import Portfolio
from engine.topics import RISK_EXECUTE

_S = OrderStatus
_SUBMITTED: Final = OrderStatus.SUBMITTED
_NEVER_SENT: Final = (_S.INITIALIZED, _S.DENIED, _S.EMULATED, _S.RELEASED)
_PAST_TRIGGER: Final = (_S.TRIGGERED, _S.PARTIALLY_FILLED)


class Incoming:
    """Judges reports and applies those that are news.

    Attributes:
        absorbed_count: reports that said nothing new (duplicates, late confirmations).
    """

    __slots__ = (
        "_allow_overfills",
        "_application",
        "_ctx",
        "_desk",
        "_log",
        "_portfolio",
        "_position_ids",
        "_reconciliation",
        "_unresolved",
        "absorbed_count",
    )

    def __init__(
        self,
        ctx: Context,
        desk: Desk,
        application: Application,
        position_ids: PositionIds,
        portfolio: Portfolio,
        unresolved: Unresolved,
        reconciliation: Reconciliation,
        log: ComponentLog,
        allow_overfills: bool,
    ) -> None:
        self._ctx = ctx
        self._desk = desk
        self._application = application
        self._position_ids = position_ids
        self._portfolio = portfolio
        self._unresolved = unresolved
        self._reconciliation = reconciliation
        self._log = log
        self._allow_overfills = allow_overfills
        self.absorbed_count = 0

    # --- life of the order ----------------------------------------------------------------

    def accepted(self, report: AcceptedReport) -> None:
        order = self.find(report)
        if order is None:
            return
        venue_order_id = report.venue_order_id
        if order.status_at_venue is not _SUBMITTED:
            if order.status is _S.REJECTED or order.status in _NEVER_SENT:
                self._contradicts(report, order)
            elif venue_order_id is None or self._may_name(order, venue_order_id, report):
                self.absorbed_count += 1
                cache, coid = self._ctx.cache, order.client_order_id
                if venue_order_id is not None and cache.venue_order_id(coid) is None:
                    cache.add_venue_order_id(coid, venue_order_id)
            return
        if venue_order_id is None:
            self._desk.refuse("NO_VENUE_ORDER_ID", _describe(report, order))
        elif self._may_name(order, venue_order_id, report):
            header = venue_header(self._ctx, order, report)
            event = OrderAccepted(*header, report.account_id, venue_order_id)
            self._application.take(order, event)

    def rejected(self, report: RejectedReport) -> None:
        order = self.find(report)
        if order is None:
            return
        if order.status is _S.REJECTED:
            self.absorbed_count += 1
        elif order.status in _NEVER_SENT:
            self._contradicts(report, order)
        else:
            header = venue_header(self._ctx, order, report)
            event = OrderRejected(*header, report.account_id, report.reason, report.due_post_only)
            self._application.take(order, event)

    def canceled(self, report: CanceledReport) -> None:
        order = self.find(report)
        if order is None:
            return
        if order.status is _S.CANCELED:
            self.absorbed_count += 1
        elif not self._may_end(order, report):
            return
        else:
            header = venue_header(self._ctx, order, report)
            if not self._application.take(order, OrderCanceled(*header, report.venue_order_id)):
                return
        self._compare_final(order, report.filled_qty.raw)

    def expired(self, report: ExpiredReport) -> None:
        order = self.find(report)
        if order is None:
            return
        if order.status is _S.EXPIRED:
            self.absorbed_count += 1
        elif not self._may_end(order, report):
            return
        else:
            header = venue_header(self._ctx, order, report)
            if not self._application.take(order, OrderExpired(*header, report.venue_order_id)):
                return
        self._compare_final(order, report.filled_qty.raw)

    def _may_end(self, order: Order, report: CanceledReport | ExpiredReport) -> bool:
        """Whether the end of the order can be applied now."""
        if order.status in _NEVER_SENT:
            self._contradicts(report, order)
            return False
        venue_order_id = report.venue_order_id
        if venue_order_id is not None and not self._may_name(order, venue_order_id, report):
            return False
        quantity = report.quantity
        if quantity is None:
            if self._unresolved.may_be_resized(order):
                # Once it is closed no amendment can be applied any more, and one still on the
                # wire may have been the size it ended with: a picture tells both.
                self._unresolved.investigate(order, self._desk.sequence)
                return False
        elif not order.is_closed and (
            quantity.raw != order.quantity_raw or order.is_quote_quantity
        ):
            header = venue_header(self._ctx, order, report)
            # An amendment that was not heard of, under a name that settles no request.
            event = OrderUpdated(*header, quantity, None, None, None, header[4])
            if not self._application.take(order, event):
                return False
        if order.is_closed and order.filled_raw == order.quantity_raw == report.filled_qty.raw:
            self.absorbed_count += 1  # nothing was left to end: FILLED says the same
            return False
        return True

    def _compare_final(self, order: Order, filled_raw: int) -> None:
        """The venue's final word on how much was filled, against what has been heard of.

        Fills that are missing come late or were lost: they are asked for, never inferred.
        """
        if filled_raw > order.filled_raw:
            self._unresolved.expect_fills(order, filled_raw)
        elif filled_raw < order.filled_raw:
            detail = f"venue_raw={filled_raw}, known_raw={order.filled_raw}"
            self._desk.alert("FILLED_LESS_THAN_KNOWN", order.client_order_id, detail)

    def triggered(self, report: TriggeredReport) -> None:
        order = self.find(report)
        if order is None:
            return
        if order.status in _NEVER_SENT:
            self._contradicts(report, order)
        elif order.is_closed or order.status_at_venue in _PAST_TRIGGER:
            self.absorbed_count += 1  # its effects were heard of first
        else:
            event = OrderTriggered(*venue_header(self._ctx, order, report))
            self._application.take(order, event)

    # --- answers to requests --------------------------------------------------------------

    def updated(self, report: UpdatedReport) -> None:
        order = self.find(report)
        if order is None:
            return
        if order.status in _NEVER_SENT:
            self._contradicts(report, order)
            return
        if order.is_closed:
            self.absorbed_count += 1
            return
        request_id = report.request_id
        awaited = request_id is not None and request_id in order.requests
        unnamed = request_id is None and Trigger.PENDING_UPDATE in order.requests.values()
        quantity, price, trigger = report.quantity, report.price, report.trigger_price
        venue_order_id = report.venue_order_id
        if _is_undone(order, report):
            if not awaited:
                self.absorbed_count += 1
                return
            # It answers its request, but a later amendment has been heard of already.
            quantity, price, trigger, venue_order_id = order.quantity, None, None, None
        elif not (awaited or unnamed or _amends(order, report)):
            self.absorbed_count += 1
            return
        if venue_order_id is not None and not self._may_name(order, venue_order_id, report):
            return
        header = venue_header(self._ctx, order, report)
        if request_id is not None and not awaited:
            # News, but no answer to anything outstanding: under a name that settles nothing.
            request_id = header[4]
        self._application.take(
            order, OrderUpdated(*header, quantity, price, trigger, venue_order_id, request_id)
        )

    def modify_rejected(self, report: ModifyRejectedReport) -> None:
        order = self.find(report)
        if order is not None and not self._is_overtaken(order, report.request_id):
            header = venue_header(self._ctx, order, report)
            event = OrderModifyRejected(*header, report.request_id, report.reason)
            self._application.take(order, event)

    def cancel_rejected(self, report: CancelRejectedReport) -> None:
        order = self.find(report)
        if order is not None and not self._is_overtaken(order, report.request_id):
            header = venue_header(self._ctx, order, report)
            event = OrderCancelRejected(*header, report.request_id, report.reason)
            self._application.take(order, event)

    def _is_overtaken(self, order: Order, request_id: str) -> bool:
        """Whether nobody waits for this answer any more: the order's end, or another answer to
        the same request, was heard of first."""
        if request_id in order.requests:
            return False
        if not any(getattr(event, "request_id", None) == request_id for event in order.events):
            return False
        self.absorbed_count += 1
        return True

    # --- fills ----------------------------------------------------------------------------

    def filled(self, report: FillReport) -> None:
        order = self.find(report)
        if order is None:
            return
        trade_id = report.trade_id
        known = order.trade_ids.get(trade_id)
        if known is not None:
            self._known_trade(report, order, known)
            return
        venue_order_id = report.venue_order_id or order.venue_order_id
        if venue_order_id is None:
            self._refuse_fill("NO_VENUE_ORDER_ID", report, order)
            return
        ctx = self._ctx
        instrument = ctx.cache.instrument(order.instrument_id)
        if instrument is None:
            self._refuse_fill(DenialCode.INSTRUMENT_NOT_FOUND.value, report, order)
            return
        if venue_order_id != order.venue_order_id and not self._may_name(
            order, venue_order_id, report
        ):
            return
        filled_raw = order.filled_raw + report.last_qty.raw
        if (
            filled_raw >= order.quantity_raw
            and order.requests
            and self._unresolved.may_be_resized(order, filled_raw)
        ):
            # All of it, or more, and an amendment not heard of may have made room: a picture
            # tells whether it has, and brings this fill again.
            self._unresolved.investigate(order, self._desk.sequence)
            return
        position_id = self._position_ids.assign(order, report)
        fill = OrderFilled(
            order.trader_id,
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            ctx.new_id(),
            report.ts_event,
            ctx.clock.now_ns,
            report.account_id,
            venue_order_id,
            trade_id,
            position_id,
            report.side,
            order.order_type,
            report.last_qty,
            report.last_px,
            report.commission,
            report.liquidity_side,
            report.venue_position_id,
        )
        status = order.status
        was_closed = order.is_closed
        overfill_raw = order.overfill_raw
        try:
            self._application.apply_fill(order, fill, instrument)
        except OrderEventRefused as refusal:
            self._refuse_fill(refusal.reason, report, order)
            return
        self._reconciliation.fill_seen(order.instrument_id.venue, report.ts_event)
        if was_closed:
            detail = f"trade={trade_id}, after={status.name}, last_qty={report.last_qty}"
            self._desk.alert("LATE_FILL", order.client_order_id, detail)
        if order.overfill_raw > overfill_raw:
            self._overfilled(order, report)

    def _known_trade(self, report: FillReport, order: Order, known: OrderFilled) -> None:
        if (
            known.side is report.side
            and known.last_qty.raw == report.last_qty.raw
            and known.last_px.raw == report.last_px.raw
            and known.commission == report.commission
        ):
            self.absorbed_count += 1
            self._log.debug("duplicate fill", order=order.client_order_id, trade=report.trade_id)
        else:
            self._refuse_fill("CONFLICTING_FILL", report, order)

    def _overfilled(self, order: Order, report: FillReport) -> None:
        """More was filled than ordered. It is money and has been applied; somebody is wrong."""
        ctx = self._ctx
        detail = f"trade={report.trade_id}, overfill={order.overfill_qty}"
        self._desk.alert("OVERFILL", order.client_order_id, detail)
        if not self._allow_overfills:
            halt = SetTradingState(ctx.new_id(), None, ctx.clock.now_ns, TradingState.HALTED)
            ctx.bus.send(RISK_EXECUTE, halt)

    def _refuse_fill(self, reason: str, report: FillReport, order: Order) -> None:
        """A fill is money: one that is not applied is always told to a person as well."""
        self._desk.refuse(reason, _describe(report, order))
        detail = f"trade={report.trade_id}, last_qty={report.last_qty}, reason={reason}"
        self._desk.alert("FILL_REFUSED", order.client_order_id, detail)

    # --- settlement -----------------------------------------------------------------------

    def settled(self, report: SettlementReport) -> None:
        """An expired instrument was settled: the first word counts, a second one may agree."""
        instrument_id = report.instrument_id
        known = self._portfolio.settlement(report.account_id, instrument_id)
        if known is not None:
            self.absorbed_count += 1
            if known != report.price:
                detail = f"price={report.price}, known={known}"
                self._desk.alert("CONFLICTING_SETTLEMENT", instrument_id, detail)
        elif self._ctx.cache.instrument(instrument_id) is None:
            code = DenialCode.INSTRUMENT_NOT_FOUND.value
            self._desk.refuse(code, f"SettlementReport {instrument_id}")
            self._desk.alert("SETTLEMENT_REFUSED", instrument_id, f"price={report.price}")
        else:
            self._application.settle(report)

    # --- whose report it is ---------------------------------------------------------------

    def find(self, report: ExecutionReport) -> Order | None:
        """The order a report is about; None, after saying so, when it cannot be ours."""
        order = self._desk.order_of(report)
        if order is None:
            kind = type(report).__name__
            name = report.client_order_id or report.venue_order_id or "no id"
            self._desk.refuse("UNKNOWN_ORDER", f"{kind} {name}")
            self._desk.alert("UNKNOWN_ORDER", name, f"report={kind}")
            return None
        if report.instrument_id != order.instrument_id or (
            order.account_id is not None and report.account_id != order.account_id
        ):
            self._desk.refuse("MISMATCHED_REPORT", _describe(report, order))
            detail = f"instrument={report.instrument_id}, account={report.account_id}"
            self._desk.alert("MISMATCHED_REPORT", order.client_order_id, detail)
            return None
        return order

    def _may_name(
        self, order: Order, venue_order_id: VenueOrderId, report: ExecutionReport
    ) -> bool:
        """Whether `venue_order_id` can be this order's. False after an alert.

        An intention has one venue order. Only an amendment may give it another id (a venue that
        cancels and replaces), or a fill of the replacement that overtakes the amendment.
        """
        cache = self._ctx.cache
        coid = order.client_order_id
        owner = cache.client_order_id(venue_order_id)
        if owner == coid:
            return True
        known = order.venue_order_id
        if owner is None and (known is None or type(report) is not AcceptedReport):
            return True
        self._desk.refuse("VENUE_ORDER_ID_CONFLICT", _describe(report, order))
        detail = f"venue_order_id={venue_order_id}, known={known}, owner={owner}"
        self._desk.alert("VENUE_ORDER_ID_CONFLICT", coid, detail)
        return False

    def _contradicts(self, report: ExecutionReport, order: Order) -> None:
        """The venue has an order that we hold for never sent, or never arrived."""
        self._desk.refuse("CONTRADICTS_STATUS", _describe(report, order))
        detail = f"report={type(report).__name__}, status={order.status.name}"
        self._desk.alert("CONTRADICTS_STATUS", order.client_order_id, detail)


def _is_undone(order: Order, report: UpdatedReport) -> bool:
    """Whether a later amendment has been applied, which this one must not undo."""
    for event in reversed(order.events):
        if type(event) is OrderUpdated:
            if event.ts_event != report.ts_event:
                return event.ts_event > report.ts_event
            return report.request_id is not None and event.request_id == report.request_id
    return False


def _amends(order: Order, report: UpdatedReport) -> bool:
    """Whether the report says anything about the order that is not so already."""
    price, trigger, venue_order_id = report.price, report.trigger_price, report.venue_order_id
    return (
        report.quantity.raw != order.quantity_raw
        or order.is_quote_quantity
        or (price is not None and (order.price is None or price.raw != order.price.raw))
        or (
            trigger is not None
            and (order.trigger_price is None or trigger.raw != order.trigger_price.raw)
        )
        or (venue_order_id is not None and venue_order_id not in order.venue_order_ids)
    )


def _describe(report: ExecutionReport, order: Order) -> str:
    return f"{type(report).__name__} {order.client_order_id} in {order.status.name}"
