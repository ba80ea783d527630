"""The venue's balances beside the kernel's own.

The kernel computes balances from its own fills and orders. The venue's statement is copied once,
as the opening balance; after that it is compared. A statement can be older or newer than the
fills the kernel has heard of, so one difference proves nothing: it is looked at again a little
later, and announced when nothing of ours is in flight and it has stayed the same.
"""

from engine.clock import ComponentClock
from engine.context import Context
from engine.execution.config import ExecutionEngineConfig
from engine.execution.desk import Desk
from engine.execution.unresolved import Unresolved
from engine.model.commands import QueryAccount
from engine.model.enums import AnswerStatus
from engine.model.events import TimeEvent
from engine.model.identifiers import AccountId, ClientId
from engine.model.reports import AccountReport
from engine.portfolio import Portfolio
from engine.topics import account as account_topic


class BalanceWatch:
    """Opens accounts from the venue's word and watches for differences afterwards."""

    __slots__ = ("_clock", "_config", "_ctx", "_desk", "_portfolio", "_suspected", "_unresolved")

    def __init__(
        self,
        ctx: Context,
        clock: ComponentClock,
        config: ExecutionEngineConfig,
        desk: Desk,
        unresolved: Unresolved,
        portfolio: Portfolio,
    ) -> None:
        self._ctx = ctx
        self._clock = clock
        self._config = config
        self._desk = desk
        self._unresolved = unresolved
        self._portfolio = portfolio
        self._suspected: dict[AccountId, str] = {}  # what differed at the last look

    def open(self, report: AccountReport) -> bool:
        """Take the opening balance. False when the account is open already."""
        state = self._portfolio.open_account(report)
        if state is None:
            return False
        ctx = self._ctx
        ctx.facts.append(state)
        ctx.bus.dispatch(account_topic(report.account_id), state)
        return True

    def take(self, report: AccountReport) -> None:
        """Compare a statement, asked for or not. Before the opening it is passed over."""
        account_id = report.account_id
        if report.status is not AnswerStatus.OK or self._ctx.cache.account(account_id) is None:
            return
        differences = self._portfolio.compare(report)
        if not differences:
            self._suspected.pop(account_id, None)
            return
        detail = "; ".join(str(difference) for difference in differences)
        if not self._is_busy(report.client_id, account_id):
            if self._suspected.get(account_id) == detail:
                del self._suspected[account_id]
                self._desk.alert("BALANCE_DIFFERENCE", account_id, detail)
                return
            self._suspected[account_id] = detail
        self._look_again(report.client_id)

    def _is_busy(self, client_id: ClientId, account_id: AccountId) -> bool:
        """Whether something of ours could explain a difference."""
        if self._ctx.cache.orders_inflight(account_id=account_id):
            return True
        doubts = self._unresolved.doubts.values()
        return any(doubt.client.client_id == client_id for doubt in doubts)

    def _look_again(self, client_id: ClientId) -> None:
        at_ns = self._clock.now_ns + self._config.balance_recheck_ns

        def ask(_: TimeEvent) -> None:
            if self._desk.is_connected(client_id):
                ctx = self._ctx
                query = QueryAccount(ctx.new_id(), client_id, ctx.clock.now_ns)
                self._desk.ask(self._desk.clients[client_id], query)

        self._clock.set_time_alert_ns(f"balance:{client_id}", at_ns, ask, True)
