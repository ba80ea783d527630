"""Requests whose outcome nobody knows, and how the venue is asked until something is proven.

A request that was sent may have acted, may yet act, or may be lost. Silence proves none of these.
What proves something:

* a picture of the order taken after the request can no longer act (its release plus the client's
  request lifetime): if the order is not there, the submit never arrived; if it shows no sign of
  the modify or cancel, that never acted;
* any picture that shows what the request asked for.

When a request left is not known to the kernel to the nanosecond: its turn may have waited for the
journal, and the client may have held it (a cancel until its submit is answered, anything for a
rate limit). So each request carries an upper bound, from evidence: the client reported its outcome
unknown, so it had left by then; or the client answered a query that was made later, so it had the
request by then (turns leave in order) and holds nothing longer than a request lives. Without
evidence there is no bound and no negative proof.

A `Doubt` is the open question about one order. While it stands the order is marked in the cache.
It ends by proof alone; queries that prove nothing are repeated without end, ever more slowly, and
after a number of them a person is told.
"""

from collections import deque
from typing import Final

from engine.clients import ExecutionClient
from engine.clock import ComponentClock
from engine.context import Context
from engine.execution import pictures
from engine.execution.config import ExecutionEngineConfig
from engine.execution.desk import Desk
from engine.model.commands import CancelOrder, ModifyOrder, SubmitOrder
from engine.model.enums import AnswerStatus, RequestKind
from engine.model.events import TimeEvent
from engine.model.identifiers import ClientId, ClientOrderId
from engine.model.order_table import Trigger
from engine.model.orders import Order
from engine.model.reports import (
    CanceledReport,
    CancelRejectedReport,
    ExecutionReport,
    ModifyRejectedReport,
    OrderAnswer,
    OrderStatusReport,
    OutcomeUnknown,
    RejectedReport,
    UpdatedReport,
)
from engine.topics import EXEC_PROCESS

NEVER_ARRIVED: Final = "NEVER_ARRIVED"

_WATCHDOG: Final = "inflight"
_NOT_ASKED: Final = -1
_SUBMIT: Final = RequestKind.SUBMIT
_KINDS: Final = {
    Trigger.PENDING_UPDATE: RequestKind.MODIFY,
    Trigger.PENDING_CANCEL: RequestKind.CANCEL,
}


class Request:
    """One submit, modify or cancel on its way.

    Attributes:
        command: what was asked; None when only the order remembers the request.
        sequence: position among this kernel's requests and queries; they leave in this order.
        watch_ns: when the watchdog looks at it.
        released_by_ns: it had left by then; None while nothing shows that.
    """

    __slots__ = ("command", "kind", "order", "released_by_ns", "request_id", "sequence", "watch_ns")

    def __init__(
        self,
        order: Order,
        kind: RequestKind,
        request_id: str,
        command: SubmitOrder | ModifyOrder | CancelOrder | None,
        sequence: int,
        watch_ns: int,
    ) -> None:
        self.order = order
        self.kind = kind
        self.request_id = request_id
        self.command = command
        self.sequence = sequence
        self.watch_ns = watch_ns
        self.released_by_ns: int | None = None

    @property
    def is_outstanding(self) -> bool:
        """Whether nothing the order has heard settles it."""
        if self.kind is _SUBMIT:
            return pictures.is_unacknowledged(self.order)
        return self.request_id in self.order.requests

    def had_left_by(self, at_ns: int) -> int:
        """Take evidence that it had left by `at_ns`; returns the earliest such time known."""
        known_ns = self.released_by_ns
        released_ns = at_ns if known_ns is None or at_ns < known_ns else known_ns
        self.released_by_ns = released_ns
        return released_ns


class Doubt:
    """The open question about one order.

    Attributes:
        requests: those of unknown outcome, by request id.
        expected_filled_raw: the venue has said that this much is filled; 0: nothing said.
        asked_after: only a query with a higher sequence answers the question; `_NOT_ASKED`
            when nothing is asked beyond the requests.
        is_unexplained: the last answer did not fit the order (absent, or older than it).
        attempts: queries in a row that proved nothing.
        armed: a timer will ask.
        query_id: the query under way, if one is.
    """

    __slots__ = (
        "armed",
        "asked_after",
        "attempts",
        "client",
        "expected_filled_raw",
        "is_unexplained",
        "order",
        "query_id",
        "requests",
        "since_ns",
    )

    def __init__(self, order: Order, client: ExecutionClient, since_ns: int) -> None:
        self.order = order
        self.client = client
        self.since_ns = since_ns
        self.requests: dict[str, Request] = {}
        self.expected_filled_raw = 0
        self.asked_after = _NOT_ASKED
        self.is_unexplained = False
        self.attempts = 0
        self.armed = False
        self.query_id: str | None = None

    @property
    def timer_name(self) -> str:
        return f"query:{self.order.client_order_id}"

    @property
    def is_settled(self) -> bool:
        if self.asked_after != _NOT_ASKED or self.order.filled_raw < self.expected_filled_raw:
            return False
        if self.order.is_closed:
            return True
        if self.is_unexplained:
            return False
        return not any(request.is_outstanding for request in self.requests.values())


class Unresolved:
    """Watches every request, holds the doubts and settles them by asking.

    Attributes:
        doubts: by client order id; exactly the orders marked unresolved in the cache.
    """

    __slots__ = ("_clock", "_config", "_ctx", "_desk", "_is_armed", "_watch", "doubts")

    def __init__(
        self, ctx: Context, clock: ComponentClock, config: ExecutionEngineConfig, desk: Desk
    ) -> None:
        self._ctx = ctx
        self._clock = clock
        self._config = config
        self._desk = desk
        self._watch: deque[Request] = deque()  # by watch_ns, for the threshold is constant
        self._is_armed = False  # the watchdog
        self.doubts: dict[ClientOrderId, Doubt] = {}

    # --- what happens ---------------------------------------------------------------------

    def watch(
        self, order: Order, kind: RequestKind, command: SubmitOrder | ModifyOrder | CancelOrder
    ) -> None:
        """A request is about to leave: look at it when the threshold has passed."""
        desk = self._desk
        desk.sequence += 1
        watch_ns = self._ctx.clock.now_ns + self._config.inflight_threshold_ns
        watched = self._watch
        while watched and not watched[0].is_outstanding:
            watched.popleft()
        if not self._is_armed:
            self._is_armed = True
            self._clock.set_time_alert_ns(_WATCHDOG, watch_ns, self._on_watchdog)
        watched.append(Request(order, kind, command.command_id, command, desk.sequence, watch_ns))

    def outcome_unknown(self, order: Order, report: OutcomeUnknown) -> bool:
        """A client lost track of a request. False when the order has heard its outcome already."""
        request = self._find(order, report)
        if request is None:
            return False
        released_ns = request.had_left_by(report.sent_ns or report.ts_init)
        client = self._desk.client_of(order)
        doubt = self._doubt(order, client)
        doubt.requests[request.request_id] = request
        if doubt.query_id is None:
            self._schedule(doubt, released_ns + client.request_lifetime_ns)
        return True

    def expect_fills(self, order: Order, filled_raw: int) -> None:
        """The venue counts more filled than has been heard of: fetch the fills, now."""
        doubt = self._doubt(order, self._desk.client_of(order))
        if filled_raw > doubt.expected_filled_raw:
            doubt.expected_filled_raw = filled_raw
        self._ask(doubt)

    def investigate(self, order: Order, after_sequence: int) -> None:
        """Ask about an order, however its requests stand, until a query with a higher sequence
        than `after_sequence` is answered."""
        doubt = self._doubt(order, self._desk.client_of(order))
        doubt.asked_after = after_sequence
        self._ask(doubt)

    def order_changed(self, order: Order) -> None:
        """An event was applied to an order in doubt: it may have settled everything."""
        doubt = self.doubts.get(order.client_order_id)
        if doubt is not None and doubt.is_settled:
            self._clear(doubt)

    def forget_queries(self, client_id: ClientId) -> None:
        """What was asked before a disconnect counts as lost; a reconcile pass asks again."""
        for doubt in self.doubts.values():
            if doubt.client.client_id == client_id:
                doubt.query_id = None
                self._unschedule(doubt)

    # --- what an answer proves ------------------------------------------------------------

    def judge(self, order: Order, answer: OrderAnswer, sequence: int) -> None:
        """Settle what `answer` proves; its reports are applied by now.

        Args:
            sequence: the query's: requests made later are none of its business.
        """
        ok = answer.status is AnswerStatus.OK
        coid = order.client_order_id
        client = self._desk.client_of(order)
        outstanding = self._outstanding(order)
        for request in outstanding:
            if request.sequence < sequence:
                handed_over_ns = answer.sent_ns if ok else answer.ts_init
                request.had_left_by(handed_over_ns + client.request_lifetime_ns)
        doubt = self.doubts.get(coid)
        if not ok:
            if doubt is not None and doubt.query_id == answer.correlation_id:
                doubt.query_id = None
                self._again(doubt)
            return

        picture = answer.order
        is_missing_fills = False
        if picture is None:
            fits = self._judge_absent(order, client, answer, outstanding)
        else:
            fits = not pictures.is_stale(order, picture, answer.sent_ns)
            is_missing_fills = picture.filled_qty.raw > order.filled_raw
            if fits and not order.is_closed:
                self._judge_shown(order, client, answer, picture, outstanding)
        if is_missing_fills or not (fits or order.is_closed):
            doubt = self._doubt(order, client)
        if doubt is None:
            return
        if doubt.query_id == answer.correlation_id:
            doubt.query_id = None
        if sequence > doubt.asked_after:
            doubt.asked_after = _NOT_ASKED
        doubt.is_unexplained = not fits
        if picture is not None and is_missing_fills:
            doubt.expected_filled_raw = picture.filled_qty.raw
        for request in outstanding:
            if request.sequence < sequence:
                doubt.requests[request.request_id] = request
        if doubt.is_settled:
            self._clear(doubt)
        elif doubt.query_id is not None:
            pass  # this was the answer to an earlier question; another is under way
        elif is_missing_fills or not fits:
            self._again(doubt)
        else:
            doubt.attempts = 0
            self._wait_for_lifetime(doubt, client)

    def _judge_absent(
        self,
        order: Order,
        client: ExecutionClient,
        answer: OrderAnswer,
        outstanding: list[Request],
    ) -> bool:
        """The venue has no such order. True when that is no contradiction."""
        now_ns = answer.ts_init
        if pictures.is_unacknowledged(order):
            submit = next(request for request in outstanding if request.kind is _SUBMIT)
            if _can_no_longer_act(submit, client, answer.sent_ns):
                self._report(
                    RejectedReport(
                        client.account_id,
                        order.instrument_id,
                        order.client_order_id,
                        None,
                        now_ns,
                        now_ns,
                        NEVER_ARRIVED,
                    )
                )
            return True
        if order.is_closed:
            return True
        if not client.absence_is_final or answer.sent_ns < pictures.last_heard_ns(order):
            return False  # asked before the venue was heard of it: the order may have come since
        header = (
            client.account_id,
            order.instrument_id,
            order.client_order_id,
            None,
            now_ns,
            now_ns,
        )
        for request in outstanding:
            if request.kind is RequestKind.MODIFY:
                request_id = request.request_id
                self._report(ModifyRejectedReport(*header, request_id, pictures.NEVER_ACTED))
        self._report(CanceledReport(*header, order.filled_qty))
        return True

    def _judge_shown(
        self,
        order: Order,
        client: ExecutionClient,
        answer: OrderAnswer,
        picture: OrderStatusReport,
        outstanding: list[Request],
    ) -> None:
        """The order is alive at the venue: settle the requests that can no longer act on it."""
        for request in outstanding:
            if request.kind is _SUBMIT or not _can_no_longer_act(request, client, answer.sent_ns):
                continue
            header = (
                client.account_id,
                order.instrument_id,
                order.client_order_id,
                order.venue_order_id,
                picture.ts_event,  # what it says is as old as the picture
                answer.ts_init,
            )
            command = request.command
            if request.kind is RequestKind.CANCEL:
                self._report(
                    CancelRejectedReport(*header, request.request_id, pictures.NEVER_ACTED)
                )
            elif isinstance(command, ModifyOrder) and pictures.shows(order, command):
                quantity = order.quantity
                self._report(UpdatedReport(*header, quantity, None, None, request.request_id))
            else:
                self._report(
                    ModifyRejectedReport(*header, request.request_id, pictures.NEVER_ACTED)
                )

    def _report(self, report: ExecutionReport) -> None:
        self._ctx.bus.send(EXEC_PROCESS, report)

    # --- asking ---------------------------------------------------------------------------

    def _ask(self, doubt: Doubt) -> None:
        """Send the query, unless one is under way or there is nobody to send it to."""
        self._unschedule(doubt)
        if doubt.query_id is None and self._desk.is_connected(doubt.client.client_id):
            doubt.query_id = self._desk.query_order(doubt.client, doubt.order)

    def _again(self, doubt: Doubt) -> None:
        """The last query proved nothing: wait, longer each time, and tell a person in the end."""
        doubt.attempts += 1
        if doubt.attempts == self._config.query_alert_after:
            self._desk.alert(
                "UNRESOLVED",
                doubt.order.client_order_id,
                f"status={doubt.order.status.name}, queries={doubt.attempts}, "
                f"since={doubt.since_ns}",
            )
        self._schedule(doubt, self._ctx.clock.now_ns + self._config.retry_after_ns(doubt.attempts))

    def _wait_for_lifetime(self, doubt: Doubt, client: ExecutionClient) -> None:
        """Everything fits, but some request may yet act: ask when the first of them cannot."""
        now_ns = self._ctx.clock.now_ns
        ends = [
            request.released_by_ns + client.request_lifetime_ns
            for request in doubt.requests.values()
            if request.is_outstanding and request.released_by_ns is not None
        ]
        # An end that has passed was reached after this picture was taken. Not before the first
        # retry, so that settling reports still queued are not raced by another query.
        earliest_ns = now_ns + self._config.query_retry_initial_ns
        self._schedule(doubt, max(min(ends, default=earliest_ns), earliest_ns))

    def _schedule(self, doubt: Doubt, at_ns: int) -> None:
        def ask(_: TimeEvent) -> None:
            doubt.armed = False
            self._ask(doubt)

        self._clock.set_time_alert_ns(doubt.timer_name, at_ns, ask, True)
        doubt.armed = True

    def _unschedule(self, doubt: Doubt) -> None:
        if doubt.armed:
            doubt.armed = False
            self._clock.cancel_timer(doubt.timer_name)

    def _on_watchdog(self, _: TimeEvent) -> None:
        self._is_armed = False
        now_ns = self._ctx.clock.now_ns
        watched = self._watch
        while watched:
            request = watched[0]
            if request.is_outstanding:
                if request.watch_ns > now_ns:
                    self._is_armed = True
                    self._clock.set_time_alert_ns(_WATCHDOG, request.watch_ns, self._on_watchdog)
                    return
                order = request.order
                doubt = self._doubt(order, self._desk.client_of(order))
                if request.request_id not in doubt.requests:
                    doubt.requests[request.request_id] = request
                    self._ask(doubt)
            watched.popleft()

    # --- bookkeeping ----------------------------------------------------------------------

    def _doubt(self, order: Order, client: ExecutionClient) -> Doubt:
        coid = order.client_order_id
        doubt = self.doubts.get(coid)
        if doubt is None:
            doubt = self.doubts[coid] = Doubt(order, client, self._ctx.clock.now_ns)
            self._ctx.cache.mark_unresolved(coid)
        return doubt

    def _clear(self, doubt: Doubt) -> None:
        coid = doubt.order.client_order_id
        del self.doubts[coid]
        self._unschedule(doubt)
        self._ctx.cache.clear_unresolved(coid)

    def _find(self, order: Order, report: OutcomeUnknown) -> Request | None:
        for request in self._outstanding(order):
            if request.request_id == report.request_id:
                return request
        return None

    def _outstanding(self, order: Order) -> list[Request]:
        """Every unsettled request of the order, oldest first."""
        doubt = self.doubts.get(order.client_order_id)
        found = {} if doubt is None else dict(doubt.requests)
        for request in self._watch:
            if request.order is order:
                found[request.request_id] = request
        requests = [request for request in found.values() if request.is_outstanding]
        if pictures.is_unacknowledged(order) and not any(r.kind is _SUBMIT for r in requests):
            requests.append(Request(order, _SUBMIT, "", None, 0, 0))
        for request_id, trigger in order.requests.items():
            if request_id not in found:
                requests.append(Request(order, _KINDS[trigger], request_id, None, 0, 0))
        requests.sort(key=lambda request: request.sequence)
        return requests

    def may_be_resized(self, order: Order, least_raw: int = 0) -> bool:
        """Whether an outstanding modify may have given the order another quantity, one of
        `least_raw` at the least, without our having heard of it."""
        if not order.requests:
            return False
        for request in self._outstanding(order):
            if request.kind is RequestKind.MODIFY:
                command = request.command
                if not isinstance(command, ModifyOrder):
                    return True
                quantity = command.quantity
                if quantity is not None and least_raw <= quantity.raw != order.quantity_raw:
                    return True
        return False

    def modifies(self, order: Order) -> list[ModifyOrder]:
        """The order's outstanding modifies, oldest first."""
        if not order.requests:
            return []
        commands = (request.command for request in self._outstanding(order))
        return [command for command in commands if isinstance(command, ModifyOrder)]


def _can_no_longer_act(request: Request, client: ExecutionClient, sent_ns: int) -> bool:
    """Whether a picture asked for at `sent_ns` was taken after the request's last chance."""
    released_ns = request.released_by_ns
    return released_ns is not None and sent_ns >= released_ns + client.request_lifetime_ns
