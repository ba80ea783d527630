"""The reconcile pass: after each connect, what the venue holds is compared with what is cached.

Three questions go out together: the account, the fills since the last one seen, the open orders.
Fills are applied before open orders are compared, so that an order that filled meanwhile is not
taken for one with fills missing. Then each cached order that the open orders do not explain is
asked about by itself. When everything has been answered and applied, the client may trade.

Absence from the list of open orders proves nothing; it is only a reason to ask. A question that
failed is asked again, ever more slowly; the kernel bounds how long that may take at its start.

A check asks for fills and open orders in the same way while trading goes on: when balances differ
that should be equal, something at the venue has not been heard of.

Everything found goes the same one way as live reports, one unit each.
"""

from collections.abc import Callable
from typing import Final

from engine.clients import ExecutionClient
from engine.clock import ComponentClock
from engine.context import Context
from engine.execution import pictures
from engine.execution.balances import BalanceWatch
from engine.execution.config import ExecutionEngineConfig
from engine.execution.desk import Desk, Query
from engine.execution.steps import PassStep, Stage
from engine.execution.unresolved import Unresolved
from engine.model.commands import QueryAccount, QueryFills, QueryOpenOrders
from engine.model.enums import AnswerStatus
from engine.model.events import TimeEvent
from engine.model.identifiers import ClientId, ClientOrderId, Venue
from engine.model.reports import (
    AccountReport,
    FillsAnswer,
    OpenOrdersAnswer,
    OrderStatusReport,
)
from engine.topics import EXEC_PROCESS

_ACCOUNT: Final = "account"
_FILLS: Final = "fills"
_OPEN: Final = "open orders"
_OK: Final = AnswerStatus.OK


class ReconcilePass:
    """One pass over one client.

    Attributes:
        is_check: asks for fills and open orders only, while trading goes on.
        begun_ns: when it began.
        sequence: queries with a higher one were made in or after this pass.
        waiting: questions without an answer, each with the failures so far.
        pictures: the venue's open orders that the cache knows.
        held: orders whose fills wait for their picture, lest they look like an overfill.
        unexplained: orders that are being asked about.
    """

    __slots__ = (
        "account",
        "armed",
        "begun_ns",
        "client",
        "held",
        "is_check",
        "number",
        "open_orders",
        "pictures",
        "sequence",
        "unexplained",
        "waiting",
    )

    def __init__(
        self, client: ExecutionClient, number: int, sequence: int, begun_ns: int, is_check: bool
    ) -> None:
        self.client = client
        self.number = number
        self.sequence = sequence
        self.begun_ns = begun_ns
        self.is_check = is_check
        questions = (_FILLS, _OPEN) if is_check else (_ACCOUNT, _FILLS, _OPEN)
        self.waiting: dict[str, int] = dict.fromkeys(questions, 0)
        self.armed: dict[str, None] = {}
        self.account: AccountReport | None = None
        self.open_orders: OpenOrdersAnswer | None = None
        self.pictures: dict[ClientOrderId, OrderStatusReport] = {}
        self.held: dict[ClientOrderId, None] = {}
        self.unexplained: dict[ClientOrderId, None] = {}


class Reconciliation:
    """Runs the passes of every client.

    Attributes:
        on_reconciled: told the client's id when a pass has ended.
    """

    __slots__ = (
        "_balances",
        "_clock",
        "_config",
        "_ctx",
        "_desk",
        "_fills_until_ns",
        "_newest_fill_ns",
        "_passes",
        "_passes_begun",
        "_ready",
        "_unresolved",
        "on_reconciled",
    )

    def __init__(
        self,
        ctx: Context,
        clock: ComponentClock,
        config: ExecutionEngineConfig,
        desk: Desk,
        unresolved: Unresolved,
        balances: BalanceWatch,
    ) -> None:
        self._ctx = ctx
        self._clock = clock
        self._config = config
        self._desk = desk
        self._unresolved = unresolved
        self._balances = balances
        balances.check = self.check
        self._passes: dict[ClientId, ReconcilePass] = {}
        self._passes_begun = 0
        self._ready: dict[ClientId, bool] = {}
        self._newest_fill_ns: dict[Venue, int] = {}  # by the venue's stamps
        # As `_newest_fill_ns` when the connection was lost: later fills may have been missed
        # even if still later ones were heard of by asking.
        self._fills_until_ns: dict[Venue, int] = {}
        self.on_reconciled: Callable[[ClientId], None] = _nobody

    # --- what happens ---------------------------------------------------------------------

    def is_ready(self, client_id: ClientId) -> bool:
        """Whether the client is connected and its last pass has ended."""
        return self._ready.get(client_id, False)

    def fill_seen(self, venue: Venue, ts_event: int) -> None:
        if ts_event > self._newest_fill_ns.get(venue, 0):
            self._newest_fill_ns[venue] = ts_event

    def start(self, client: ExecutionClient) -> None:
        """Begin a pass; one that is running for the client is given up."""
        self._abandon(client.client_id)
        self._ready[client.client_id] = False
        self._unresolved.forget_queries(client.client_id)
        self._begin(client, False)

    def check(self, client_id: ClientId) -> bool:
        """Ask for fills and open orders while trading goes on. False: not ready, or at it."""
        if client_id in self._passes or not self.is_ready(client_id):
            return False
        self._begin(self._desk.clients[client_id], True)
        return True

    def _begin(self, client: ExecutionClient, is_check: bool) -> None:
        self._passes_begun += 1
        now_ns = self._ctx.clock.now_ns
        running = ReconcilePass(client, self._passes_begun, self._desk.sequence, now_ns, is_check)
        self._passes[client.client_id] = running
        for question in running.waiting:
            self._ask(running, question)

    def disconnected(self, client_id: ClientId) -> None:
        self._abandon(client_id)
        self._ready[client_id] = False
        client = self._desk.clients.get(client_id)
        if client is not None:
            newest_ns = self._newest_fill_ns.get(client.venue, 0)
            self._fills_until_ns.setdefault(client.venue, newest_ns)

    # --- answers --------------------------------------------------------------------------

    def account_answered(self, report: AccountReport, query: Query) -> None:
        running = self._waiting_for(query)
        if running is None:
            self._balances.take(report)
        elif report.status is not _OK:
            self._retry(running, _ACCOUNT)
        elif self._balances.open(report):
            self._answered(running, _ACCOUNT)
        else:
            running.account = report  # compared at the end: the fills it includes come first
            self._answered(running, _ACCOUNT)

    def fills_answered(self, answer: FillsAnswer, query: Query) -> None:
        running = self._waiting_for(query)
        if running is None:
            return  # of a pass that was given up: its successor asks for the same fills
        if answer.status is not _OK:
            self._retry(running, _FILLS)
            return
        cache = self._ctx.cache
        filled_raw: dict[ClientOrderId, int] = {}
        for fill in sorted(answer.fills, key=lambda fill: fill.ts_event):
            order = self._desk.order_of(fill)
            if order is not None:
                if fill.trade_id in order.trade_ids:
                    continue
                coid = order.client_order_id
                filled_raw[coid] = filled_raw.get(coid, order.filled_raw) + fill.last_qty.raw
                beyond_raw = filled_raw[coid] - order.quantity_raw
                if cache.is_order_open(coid) and (
                    beyond_raw > 0
                    or (
                        beyond_raw == 0
                        and self._unresolved.may_be_resized(order, order.quantity_raw)
                    )
                ):
                    # All of it, or more: its quantity may have been raised unheard.
                    running.held[coid] = None
                    continue
            self._ctx.bus.send(EXEC_PROCESS, fill)
        self._fills_until_ns.pop(running.client.venue, None)
        self._answered(running, _FILLS)

    def open_orders_answered(self, answer: OpenOrdersAnswer, query: Query) -> None:
        running = self._waiting_for(query)
        if running is None:
            return
        if answer.status is not _OK:
            self._retry(running, _OPEN)
            return
        running.open_orders = answer
        self._answered(running, _OPEN)

    def order_answered(self, client_order_id: ClientOrderId, query_sequence: int) -> None:
        """A query about one order succeeded and is judged."""
        for running in self._passes.values():
            if client_order_id in running.unexplained and query_sequence > running.sequence:
                del running.unexplained[client_order_id]
                if not running.unexplained:
                    self._step(running, Stage.END)

    # --- stages ---------------------------------------------------------------------------

    def advance(self, step: PassStep) -> None:
        """Everything that was heard before `step` is applied: do what comes next."""
        running = self._passes.get(step.client_id)
        if running is None or running.number != step.pass_number:
            return
        if step.stage is Stage.COMPARE:
            self._compare(running)
            self._step(running, Stage.INVESTIGATE)
        elif step.stage is Stage.INVESTIGATE:
            self._investigate(running)
            if not running.unexplained:
                self._step(running, Stage.END)
        else:
            self._end(running)

    def _compare(self, running: ReconcilePass) -> None:
        answer = running.open_orders
        if answer is None:
            raise RuntimeError(f"pass {running.number} compares open orders it does not have")
        send = self._ctx.bus.send
        for picture in answer.orders:
            order = self._desk.order_of(picture)
            if order is None:
                send(EXEC_PROCESS, picture)
                continue
            running.pictures[order.client_order_id] = picture
            modifies = self._unresolved.modifies(order)
            for report in pictures.missing_reports(order, picture, (), answer.sent_ns, modifies):
                send(EXEC_PROCESS, report)

    def _investigate(self, running: ReconcilePass) -> None:
        cache = self._ctx.cache
        venue = running.client.venue
        working = {
            order.client_order_id: order
            for order in (*cache.orders_open(venue), *cache.orders_inflight(venue))
        }
        for coid in sorted(working):
            order = working[coid]
            picture = running.pictures.get(coid)
            if (
                picture is not None
                and coid not in running.held
                and coid not in self._unresolved.doubts
                and not order.is_inflight
                and picture.filled_qty.raw == order.filled_raw
                and not pictures.differs(order, picture)
            ):
                continue
            if order.ts_submitted > running.begun_ns:
                continue  # newer than the questions: nothing is owed an explanation
            running.unexplained[coid] = None
        for coid, doubt in self._unresolved.doubts.items():
            if doubt.client is running.client:
                running.unexplained[coid] = None
        for coid in running.unexplained:
            asked = cache.order(coid)
            if asked is not None:
                self._unresolved.investigate(asked, running.sequence)

    def _end(self, running: ReconcilePass) -> None:
        client_id = running.client.client_id
        del self._passes[client_id]
        self._balances.checked(client_id)
        if running.is_check:
            return
        self._ready[client_id] = True
        if running.account is not None:
            self._balances.take(running.account)
        self.on_reconciled(client_id)

    # --- asking ---------------------------------------------------------------------------

    def _ask(self, running: ReconcilePass, question: str) -> None:
        ctx = self._ctx
        client = running.client
        client_id = client.client_id
        now_ns = ctx.clock.now_ns
        query_id = ctx.new_id()
        command: QueryAccount | QueryFills | QueryOpenOrders
        if question is _ACCOUNT:
            command = QueryAccount(query_id, client_id, now_ns)
        elif question is _OPEN:
            command = QueryOpenOrders(query_id, client_id, now_ns)
        else:
            newest_ns = self._newest_fill_ns.get(client.venue, 0)
            until_ns = self._fills_until_ns.get(client.venue, newest_ns)
            since_ns = max(until_ns - self._config.fills_overlap_ns, 0)
            command = QueryFills(query_id, client_id, now_ns, since_ns)
        self._desk.ask(client, command, None, running.number)

    def _retry(self, running: ReconcilePass, question: str) -> None:
        attempts = running.waiting[question] = running.waiting[question] + 1
        name = _timer_name(running, question)

        def ask(_: TimeEvent) -> None:
            del running.armed[name]
            self._ask(running, question)

        if attempts == self._config.query_alert_after:
            detail = f"question={question}, failures={attempts}"
            self._desk.alert("RECONCILIATION_FAILING", running.client.client_id, detail)
        at_ns = self._ctx.clock.now_ns + self._config.retry_after_ns(attempts)
        self._clock.set_time_alert_ns(name, at_ns, ask)
        running.armed[name] = None

    def _answered(self, running: ReconcilePass, question: str) -> None:
        del running.waiting[question]
        if not running.waiting:
            self._step(running, Stage.COMPARE)

    def _step(self, running: ReconcilePass, stage: Stage) -> None:
        step = PassStep(running.client.client_id, running.number, stage)
        self._ctx.bus.send(EXEC_PROCESS, step)

    def _abandon(self, client_id: ClientId) -> None:
        running = self._passes.pop(client_id, None)
        if running is not None:
            for name in running.armed:
                self._clock.cancel_timer(name)

    def _waiting_for(self, query: Query) -> ReconcilePass | None:
        running = self._passes.get(query.client_id)
        return running if running is not None and running.number == query.pass_number else None


def _timer_name(running: ReconcilePass, question: str) -> str:
    return f"reconcile:{running.client.client_id}:{question}"


def _nobody(_: ClientId) -> None:
    """Nobody wants to know."""
