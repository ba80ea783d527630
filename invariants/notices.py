"""What is said to people: refusals and alerts use known words, of things there are, and are so."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar, Final

from engine.data.book_updater import BookProblem
from engine.model import commands, data, events, reports
from engine.model.bars import Bar
from engine.model.commands import QueryFills
from engine.model.enums import AnswerStatus, DenialCode
from engine.model.events import Alert, OrderFilled, Refused
from engine.model.identifiers import AccountId, ClientOrderId, InstrumentId
from engine.model.reports import AccountReport, ClientDisconnected
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.violation import Violation

_REASONS: Final = frozenset(
    (
        *DenialCode,
        *BookProblem,
        "AGGREGATION_NOT_SUPPORTED",
        "BAR_NOT_EXTERNAL",
        "CONFLICTING_FILL",
        "CONTRADICTS_STATUS",
        "DUPLICATE_BAR",
        "DUPLICATE_TRADE",
        "INVALID_INTERVAL",
        "INVALID_ORIGIN_OFFSET",
        "INVALID_RANGE",
        "MISMATCHED_REPORT",
        "NOT_OFFERED",
        "NOT_OF_AN_INSTRUMENT",
        "NOT_READY",
        "NOT_SUBSCRIBED",
        "NO_DATA_CLIENT",
        "NO_TIMER_DUE",
        "NO_VENUE_ORDER_ID",
        "RESPONSE_MALFORMED",
        "STALE_BAR",
        "STALE_QUOTE",
        "STOPPING_ALREADY",
        "UNKNOWN_CLIENT",
        "UNKNOWN_CORRELATION",
        "UNKNOWN_ORDER",
        "UNKNOWN_REQUEST",
        "VENUE_ORDER_ID_CONFLICT",
    )
)
_OF_ORDERS: Final = (
    "CONTRADICTS_STATUS",
    "FILLED_LESS_THAN_KNOWN",
    "FILL_REFUSED",
    "LATE_FILL",
    "MISMATCHED_REPORT",
    "OVERFILL",
    "POSITION_ID_CONFLICT",
    "UNRESOLVED",
    "VENUE_ORDER_ID_CONFLICT",
)
_OF_ACCOUNTS: Final = ("ACCOUNT_BREACH", "BALANCE_DIFFERENCE")
_OF_INSTRUMENTS: Final = (*BookProblem, "CONFLICTING_SETTLEMENT")
_OTHERS: Final = (
    "FAILED_START",
    "RECONCILIATION_FAILING",
    "SETTLEMENT_REFUSED",
    "UNKNOWN_ORDER",
)
_ALERTS: Final = frozenset((*_OF_ORDERS, *_OF_ACCOUNTS, *_OF_INSTRUMENTS, *_OTHERS))
_MESSAGES: Final = frozenset(
    name
    for module in (commands, data, events, reports)
    for name, kind in vars(module).items()
    if isinstance(kind, type)
) | {Bar.__name__}
_DIFFERENCE: Final = re.compile(
    r"([A-Z0-9]+): kernel (-?[\d.]+) \(locked (-?[\d.]+)\), venue (-?[\d.]+) \(locked (-?[\d.]+)\)"
)
_Stated = dict[str, tuple[int, int]]  # total and locked raw, by currency code


class NoticesAreSo(Check):
    """A refused event says in words of its own why its order would not take it."""

    samples: ClassVar[bool] = True
    facts: ClassVar[Kinds] = (Refused, Alert)
    inputs: ClassVar[Kinds] = (AccountReport, ClientDisconnected)
    sends: ClassVar[bool] = True

    def __init__(self) -> None:
        self._lost: dict[str, int] = {}  # the turn in which a client was last lost
        self._asked: dict[str, int] = {}  # the turn in which its fills were last asked for
        self._stated: dict[str, _Stated] = {}  # the venue's last word on each account
        self._differs: dict[str, tuple[_Stated, int]] = {}  # what differed, since which turn

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        record = evidence.record
        message = record.input
        if isinstance(message, AccountReport):
            self._state(message, evidence)
        elif isinstance(message, ClientDisconnected):
            self._lost[message.client_id] = record.turn
        for command in record.commands:
            if isinstance(command, QueryFills):
                self._asked[str(command.client_id)] = record.turn
        wrong: list[Violation] = []
        for fact in record.facts:
            if isinstance(fact, Refused):
                told = self._refused(fact, evidence)
                if told:
                    wrong.append(Violation(str(fact.of), f"refused, {told}"))
            elif isinstance(fact, Alert):
                told = self._alert(fact, evidence)
                if told:
                    wrong.append(Violation(str(fact.subject), f"alert {fact.code}, {told}"))
        return iter(wrong) if wrong else None

    # --- refusals ----------------------------------------------------------------------------

    def _refused(self, refused: Refused, evidence: Evidence) -> str:
        kind, _, rest = str(refused.of).partition(" ")
        if kind not in _MESSAGES:
            return f"and that is no message: {refused.of}"
        is_event = kind.startswith("Order") or kind == "FillReport"
        if refused.reason not in _REASONS and not (is_event and " " in str(refused.reason)):
            return f"for a reason that nobody knows: {refused.reason}"
        if refused.reason == "UNKNOWN_CORRELATION" and self._was_asked(rest, evidence):
            return "and it is the answer to a question of ours"
        if refused.reason == "UNKNOWN_ORDER" and evidence.order_named(rest.split()[-1]) is not None:
            return "and the order is there"
        return ""

    def _was_asked(self, correlation_id: str, evidence: Evidence) -> bool:
        """Whether it was let out since its client was last lost."""
        if evidence.released.get(correlation_id) is None:
            return False
        client_id = getattr(evidence.record.input, "client_id", "")
        return int(correlation_id.split("-")[1]) > self._lost.get(client_id, 0)

    # --- alerts ------------------------------------------------------------------------------

    def _alert(self, alert: Alert, evidence: Evidence) -> str:
        code, subject, cache = alert.code, alert.subject, evidence.view.cache
        if code not in _ALERTS or not alert.detail:
            return f"which nobody knows, or without a word: {alert.detail}"
        if code in _OF_ORDERS:
            order = cache.order(ClientOrderId(subject))
            if order is None:
                return "and there is no such order"
            if code == "LATE_FILL" and not any(
                isinstance(fact, OrderFilled) and fact.client_order_id == subject
                for fact in evidence.record.facts
            ):
                return "and none came"
            if code == "OVERFILL" and not order.overfill_raw:
                return "and nothing is filled beyond it"
        elif code in _OF_ACCOUNTS:
            if cache.account(AccountId(subject)) is None:
                return "and there is no such account"
            if code == "BALANCE_DIFFERENCE":
                return self._difference(alert, evidence)
        elif code in _OF_INSTRUMENTS and cache.instrument(InstrumentId(subject)) is None:
            return "and there is no such instrument"
        return ""

    def _state(self, report: AccountReport, evidence: Evidence) -> None:
        account = evidence.view.cache.account(report.account_id)
        if report.status is not AnswerStatus.OK or account is None:
            return
        stated = {
            balance.currency.code: (balance.total_raw, balance.locked_raw)
            for balance in report.balances
        }
        believed = {
            code: (balance.total_raw, balance.locked_raw)
            for code, balance in account.balances.items()
        }
        codes = sorted({**stated, **believed})
        nothing = (0, 0)
        differs = {
            code: stated.get(code, nothing)
            for code in codes
            if stated.get(code, nothing) != believed.get(code, nothing)
        }
        self._stated[report.account_id] = stated
        known = self._differs.get(report.account_id)
        if not differs:
            self._differs.pop(report.account_id, None)
        elif known is None or known[0] != differs:
            self._differs[report.account_id] = (differs, evidence.record.turn)

    def _difference(self, alert: Alert, evidence: Evidence) -> str:
        """What it names must be so, must have been so before, and must have been looked into."""
        account_id = alert.subject
        named = _DIFFERENCE.findall(alert.detail)
        if len(named) != len(alert.detail.split("; ")):
            return f"and that names no balances: {alert.detail}"
        known = self._differs.get(account_id)
        if known is None or sorted(known[0]) != [code for code, *_ in named]:
            return f"and the venue's last word is another: {alert.detail}"
        stated = self._stated[account_id]
        for code, _, _, total, locked in named:
            venues = (_raw(total), _raw(locked))
            if venues != stated.get(code, (0, 0)):
                return f"and the venue's last word is {stated.get(code)}: {alert.detail}"
        clients = [name for name, turn in self._asked.items() if turn >= known[1]]
        if not any(account_id.startswith(f"{name}-") for name in clients):
            return "and nobody has asked for the fills since it was first seen"
        return ""


def _raw(text: str) -> int:
    return int(Decimal(text).scaleb(16))
