"""The venue's balances beside the kernel's own.

The kernel computes balances from its own fills and orders. The venue's statement is copied once,
as the opening balance; after that it is compared.

A statement can be older or newer than what the kernel has heard, so one difference proves
nothing. It is looked at again a little later; if it stays the same while nothing of ours is in
flight, something has happened at the venue that was not heard of, and fills and open orders are
asked for. What remains after that no event of ours explains, and is announced: once, until it
changes.
"""

from collections.abc import Callable
from typing import Final

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

# How far one difference has got.
_SEEN: Final = 1
_CHECKING: Final = 2  # fills and open orders are asked for
_CHECKED: Final = 3
_ANNOUNCED: Final = 4


class BalanceWatch:
    """Opens accounts from the venue's word and watches for differences afterwards.

    Attributes:
        check: begins to ask a client for fills and open orders; False when it cannot now.
            `checked` is to be called when that is done.
    """

    __slots__ = (
        "_clock",
        "_config",
        "_ctx",
        "_desk",
        "_portfolio",
        "_suspected",
        "_unresolved",
        "check",
    )

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
        self._suspected: dict[AccountId, tuple[str, int]] = {}  # what differs, how far it got
        self.check: Callable[[ClientId], bool] = _cannot

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
        client_id = report.client_id
        if self._is_busy(client_id, account_id):
            self._look_again(client_id)
            return
        detail = "; ".join([str(difference) for difference in differences])
        suspected, stage = self._suspected.get(account_id, ("", _SEEN))
        if suspected != detail:
            self._suspected[account_id] = (detail, _SEEN)
            self._look_again(client_id)
        elif stage == _CHECKED:
            self._suspected[account_id] = (detail, _ANNOUNCED)
            self._desk.alert("BALANCE_DIFFERENCE", account_id, detail)
        elif stage == _SEEN:
            if self.check(client_id):
                self._suspected[account_id] = (detail, _CHECKING)
            else:
                self._look_again(client_id)

    def checked(self, client_id: ClientId) -> None:
        """Fills and open orders have been asked for and applied: look once more."""
        account_id = self._desk.clients[client_id].account_id
        detail, stage = self._suspected.get(account_id, ("", _SEEN))
        if stage == _CHECKING:
            self._suspected[account_id] = (detail, _CHECKED)
            self._look_again(client_id)

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


def _cannot(_: ClientId) -> bool:
    """There is nobody to ask."""
    return False
