"""The execution engine: commands on their way out, reports on their way in.

Clients never make events and nothing else applies them, so a duplicate, a late or a
contradicting report is judged in one place (`incoming.py`), whichever channel it came by. What is
unknown stays unknown until it is proven (`unresolved.py`), and after each connect the venue's
state is compared with the cache (`reconciliation.py`); both only send reports here.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from engine.clients import ExecutionClient
from engine.clock import ComponentClock
from engine.context import Context
from engine.execution import pictures
from engine.execution.application import Application
from engine.execution.balances import BalanceWatch
from engine.execution.config import ExecutionEngineConfig
from engine.execution.denial import Denial
from engine.execution.desk import Desk
from engine.execution.incoming import Incoming
from engine.execution.outgoing import Outgoing
from engine.execution.position_ids import PositionIds
from engine.execution.reconciliation import Reconciliation
from engine.execution.steps import OrderAnswered, PassStep
from engine.execution.unresolved import Unresolved
from engine.model import commands, reports
from engine.model.commands import Command
from engine.model.enums import AnswerStatus, DenialCode, KernelState
from engine.model.identifiers import ClientId, ComponentId, Venue
from engine.model.orders import Order
from engine.model.reports import FillReport, OrderStatusReport
from engine.portfolio import Portfolio
from engine.topics import EXEC_EXECUTE, EXEC_PROCESS

EXECUTION_ENGINE_ID: Final = ComponentId("ExecEngine")

_OK: Final = AnswerStatus.OK
_RUNNING: Final = KernelState.RUNNING


class ExecutionEngine:
    """Carries orders to clients and applies what comes back.

    Endpoints: `ExecEngine.execute` takes commands, `ExecEngine.process` reports and denials.

    Attributes:
        messages: what `process` takes, with who takes it.
        position_ids: which position a fill is for; told each strategy's own OMS type.
    """

    __slots__ = (
        "_balances",
        "_commands",
        "_ctx",
        "_desk",
        "_incoming",
        "_reconciliation",
        "_unresolved",
        "messages",
        "position_ids",
    )

    def __init__(
        self,
        ctx: Context,
        portfolio: Portfolio,
        clients: Sequence[ExecutionClient],
        config: ExecutionEngineConfig,
    ) -> None:
        """
        Raises:
            ValueError: two clients have one id or serve one venue.
        """
        self._ctx = ctx
        clock = ComponentClock(ctx.clock, EXECUTION_ENGINE_ID)
        desk = self._desk = Desk(ctx, clients)
        unresolved = self._unresolved = Unresolved(ctx, clock, config, desk)
        balances = self._balances = BalanceWatch(ctx, clock, config, desk, unresolved, portfolio)
        self._reconciliation = Reconciliation(ctx, clock, config, desk, unresolved, balances)
        position_ids = self.position_ids = PositionIds(ctx, desk)
        application = Application(ctx, portfolio, desk, unresolved, position_ids)
        incoming = self._incoming = Incoming(
            ctx,
            desk,
            application,
            position_ids,
            portfolio,
            unresolved,
            self._reconciliation,
            ctx.log.for_component(EXECUTION_ENGINE_ID),
            config.allow_overfills,
        )
        outgoing = Outgoing(ctx, desk, application, unresolved, position_ids)
        self._commands: dict[type, Callable[[Any], None]] = {
            commands.SubmitOrder: outgoing.submit,
            commands.ModifyOrder: outgoing.modify,
            commands.CancelOrder: outgoing.cancel,
            commands.BatchCancelOrders: outgoing.cancel_batch,
            commands.CancelAllOrders: outgoing.cancel_all,
            commands.QueryOrder: outgoing.query_order,
            commands.QueryOpenOrders: outgoing.query_client,
            commands.QueryFills: outgoing.query_client,
            commands.QueryAccount: outgoing.query_client,
        }
        self.messages: dict[type, Callable[[Any], None]] = {
            Denial: outgoing.denied,
            reports.AcceptedReport: incoming.accepted,
            reports.RejectedReport: incoming.rejected,
            reports.CanceledReport: incoming.canceled,
            reports.ExpiredReport: incoming.expired,
            reports.TriggeredReport: incoming.triggered,
            reports.UpdatedReport: incoming.updated,
            reports.ModifyRejectedReport: incoming.modify_rejected,
            reports.CancelRejectedReport: incoming.cancel_rejected,
            FillReport: incoming.filled,
            reports.SettlementReport: incoming.settled,
            OrderStatusReport: self._picture_reported,
            reports.OutcomeUnknown: self._outcome_unknown,
            reports.OrderAnswer: self._order_answered,
            reports.OpenOrdersAnswer: self._open_orders_answered,
            reports.FillsAnswer: self._fills_answered,
            reports.AccountReport: self._account_reported,
            OrderAnswered: self._judge,
            PassStep: self._reconciliation.advance,
        }
        ctx.bus.register(EXEC_EXECUTE, self.execute)
        ctx.bus.register(EXEC_PROCESS, self.process)

    # --- the two ways in ------------------------------------------------------------------

    def execute(self, command: Command) -> None:
        """Take one command. Raises TypeError for one that is not for this engine."""
        handle = self._commands.get(type(command))
        if handle is None:
            raise TypeError(f"the execution engine does not execute {type(command).__name__}")
        handle(command)

    def process(self, message: object) -> None:
        """Take one report, answer or denial. Raises TypeError for anything else."""
        handle = self.messages.get(type(message))
        if handle is None:
            raise TypeError(f"the execution engine does not process {type(message).__name__}")
        handle(message)

    # --- clients --------------------------------------------------------------------------

    def client_connected(self, client_id: ClientId) -> None:
        self._desk.set_connected(client_id, True)

    def client_disconnected(self, client_id: ClientId) -> None:
        """The client's venue is not `tradable` until it has been reconciled again."""
        self._desk.set_connected(client_id, False)
        self._unresolved.forget_queries(client_id)
        self._reconciliation.disconnected(client_id)

    def start_reconcile(self, client: ExecutionClient) -> None:
        """Compare the client's venue with the cache; `on_reconciled` is told when that is done."""
        self._reconciliation.start(client)

    @property
    def on_reconciled(self) -> Callable[[ClientId], None]:
        """Told the client's id each time a reconcile pass has ended."""
        return self._reconciliation.on_reconciled

    @on_reconciled.setter
    def on_reconciled(self, callback: Callable[[ClientId], None]) -> None:
        self._reconciliation.on_reconciled = callback

    def tradable(self, venue: Venue, client_id: ClientId | None = None) -> DenialCode | None:
        """Why orders and modifies for `venue` cannot leave now, by the client of that name where
        one was named; None when they can."""
        state = self._ctx.kernel_state
        # STOPPING is no bar: all that is left to judge there is what `on_stop` asked for.
        if state is not _RUNNING and state is not KernelState.STOPPING:
            return DenialCode.NOT_RUNNING
        client = self._desk.at(venue)
        if client is None or (client_id is not None and client.client_id != client_id):
            return DenialCode.NO_EXECUTION_CLIENT
        if not self._reconciliation.is_ready(client.client_id):
            return DenialCode.CLIENT_DISCONNECTED
        return None

    # --- counts ---------------------------------------------------------------------------

    @property
    def refused_count(self) -> int:
        """Commands, reports and answers that changed nothing and were announced as refused."""
        return self._desk.refused_count

    @property
    def absorbed_count(self) -> int:
        """Reports that said nothing new (duplicates, late confirmations)."""
        return self._incoming.absorbed_count

    # --- pictures, unknown outcomes, answers ----------------------------------------------

    def _picture_reported(self, picture: OrderStatusReport) -> None:
        """A picture that nobody asked for: it may bring news, it proves no absence."""
        order = self._incoming.find(picture)
        if order is not None:
            self._expand(order, picture, (), 0)

    def _expand(
        self,
        order: Order,
        picture: OrderStatusReport,
        fills: tuple[FillReport, ...],
        sent_ns: int,
    ) -> None:
        modifies = self._unresolved.modifies(order)
        send = self._ctx.bus.send
        for report in pictures.missing_reports(order, picture, fills, sent_ns, modifies):
            send(EXEC_PROCESS, report)

    def _outcome_unknown(self, report: reports.OutcomeUnknown) -> None:
        order = self._ctx.cache.order(report.client_order_id)
        if order is None:
            of = f"OutcomeUnknown {report.kind.name} {report.client_order_id}"
            self._desk.refuse("UNKNOWN_ORDER", of)
        elif not self._unresolved.outcome_unknown(order, report):
            self._incoming.absorbed_count += 1

    def _order_answered(self, answer: reports.OrderAnswer) -> None:
        query = self._desk.take(answer.correlation_id)
        if query is None or query.client_order_id != answer.client_order_id:
            self._refuse_answer(answer, answer.correlation_id)
            return
        order = self._ctx.cache.order(answer.client_order_id)
        if order is None:
            self._desk.refuse("UNKNOWN_ORDER", f"OrderAnswer {answer.client_order_id}")
            return
        send = self._ctx.bus.send
        if answer.status is _OK:
            if answer.order is not None:
                self._expand(order, answer.order, answer.fills, answer.sent_ns)
            else:
                for fill in answer.fills:
                    send(EXEC_PROCESS, fill)
        send(EXEC_PROCESS, OrderAnswered(answer, query.sequence))

    def _judge(self, answered: OrderAnswered) -> None:
        answer = answered.answer
        order = self._ctx.cache.order(answer.client_order_id)
        if order is None:
            raise LookupError(f"{answer.client_order_id} was cached when its answer came")
        self._unresolved.judge(order, answer, answered.sequence)
        if answer.status is _OK:
            self._reconciliation.order_answered(order.client_order_id, answered.sequence)

    def _open_orders_answered(self, answer: reports.OpenOrdersAnswer) -> None:
        query = self._desk.take(answer.correlation_id)
        if query is None:
            self._refuse_answer(answer, answer.correlation_id)
        elif query.pass_number:
            self._reconciliation.open_orders_answered(answer, query)
        elif answer.status is _OK:
            for picture in answer.orders:
                self._ctx.bus.send(EXEC_PROCESS, picture)

    def _fills_answered(self, answer: reports.FillsAnswer) -> None:
        query = self._desk.take(answer.correlation_id)
        if query is None:
            self._refuse_answer(answer, answer.correlation_id)
        elif query.pass_number:
            self._reconciliation.fills_answered(answer, query)
        elif answer.status is _OK:
            for fill in answer.fills:
                self._ctx.bus.send(EXEC_PROCESS, fill)

    def _account_reported(self, report: reports.AccountReport) -> None:
        correlation_id = report.correlation_id
        if correlation_id is None:
            self._balances.take(report)
            return
        query = self._desk.take(correlation_id)
        if query is None:
            self._refuse_answer(report, correlation_id)
        elif query.pass_number:
            self._reconciliation.account_answered(report, query)
        else:
            self._balances.take(report)

    def _refuse_answer(self, answer: object, correlation_id: str) -> None:
        self._desk.refuse("UNKNOWN_CORRELATION", f"{type(answer).__name__} {correlation_id}")
