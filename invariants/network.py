"""The wire: what is wanted is subscribed once, and no intention becomes two orders."""

from collections.abc import Iterator
from typing import Any, ClassVar, Final

from engine.model.commands import (
    CancelOrder,
    Command,
    ModifyOrder,
    QueryAccount,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    SubmitOrder,
)
from engine.model.enums import AnswerStatus, DenialCode
from engine.model.events import OrderDenied
from engine.model.reports import (
    AcceptedReport,
    AccountReport,
    CanceledReport,
    CancelRejectedReport,
    ClientConnected,
    ClientDisconnected,
    ExpiredReport,
    FillsAnswer,
    ModifyRejectedReport,
    OpenOrdersAnswer,
    OrderAnswer,
    OutcomeUnknown,
    RejectedReport,
    UpdatedReport,
)
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.truth import TrueStream
from invariants.violation import Violation

_S: Final = 1_000_000_000
SILENCE_NS_MAX: Final = 6 * _S  # three heartbeats of the venue
GAP_NS_MAX: Final = 12 * _S  # a heartbeat that shows the gap, however late, or silence instead
ANSWER_NS_MAX: Final = 20 * _S  # waiting for a pace or a ban to end included


class SubscribedAsWanted(Check):
    def end(self, evidence: Evidence) -> list[Violation] | None:
        truths = {truth.venue: truth for truth in evidence.truths()}
        wrong: list[Violation] = []
        for venue, wanted in evidence.wanted().items():
            truth = truths[venue]
            held: dict[tuple[str, str], int] = {}
            are_single = True
            for sub in truth.subscriptions:
                held[sub.channel, sub.instrument_id] = sub.count
                are_single = are_single and sub.count == 1
            if are_single and held.keys() == {*wanted, ("user", "")}:
                continue
            for key in sorted({*wanted, ("user", "")}):
                count = held.get(key)
                if count is not None:
                    del held[key]
                if count != 1:
                    told = f"wanted once, the venue holds it {count or 0} times"
                    wrong.append(Violation(" ".join(key), told))
            for key in sorted(held):
                wrong.append(Violation(" ".join(key), "held by the venue and wanted by nobody"))
        return wrong or None


class OneOrderPerIntention(Check):
    def end(self, evidence: Evidence) -> list[Violation] | None:
        wrong: list[Violation] = []
        for truth in evidence.truths():
            names = [order.client_order_id for order in truth.orders]
            for name, count in _repeated(names):
                wrong.append(Violation(name, f"{count} orders at the venue"))
            names = [
                request.client_order_id for request in truth.requests if request.kind == "SUBMIT"
            ]
            for name, count in _repeated(names):
                wrong.append(Violation(name, f"asked of the venue {count} times"))
        return wrong or None


def _repeated(names: list[str]) -> list[tuple[str, int]]:
    """The names that stand there more than once, in the order they first do, and how often."""
    if len(set(names)) == len(names):
        return []
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return [(name, count) for name, count in counts.items() if count > 1]


class DeadStreamsAreGivenUp(Check):
    """Judged by what arrived at our end and what the venue withheld; a stream is looked at while
    it is open and once after, whenever a client comes or goes, and at the end."""

    inputs: ClassVar[Kinds] = (ClientConnected, ClientDisconnected)

    def __init__(self) -> None:
        self._over: dict[str, int] = {}  # per venue, how many streams are judged for good

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        now_ns = evidence.view.now_ns
        wrong: list[Violation] = []
        for name, venue in evidence.venues.items():
            over = self._over.get(name, 0)
            for stream in venue.streams(over):
                if stream.ended_ns and stream.number == over + 1:
                    over += 1
                told = _neglected(stream, now_ns)
                if told:
                    wrong.append(Violation(f"{name} stream {stream.number}", told))
            self._over[name] = over
        return iter(wrong) if wrong else None

    def end(self, evidence: Evidence) -> Iterator[Violation] | None:
        return self.turn(evidence)


def _neglected(stream: TrueStream, now_ns: int) -> str:
    until_ns = stream.ended_ns or now_ns
    silence_ns = max(stream.silence_ns, until_ns - stream.heard_ns)
    if silence_ns > SILENCE_NS_MAX:
        return f"was silent for {silence_ns} ns and kept"
    if stream.gap_ns and until_ns - stream.gap_ns > GAP_NS_MAX:
        return f"lacks an account event since {stream.gap_ns} and was kept until {until_ns}"
    return ""


class _Request:
    """A command that asks for something.

    Attributes:
        client_order_id: "" where it is about no order.
        before: what was asked before it about the same order, of submits and cancels.
        has_ended: with an answer, or with word that there is none.
    """

    __slots__ = ("before", "client_order_id", "command_id", "has_ended", "kind", "sent_ns")

    def __init__(
        self, command_id: str, kind: type[Command], client_order_id: str, sent_ns: int
    ) -> None:
        self.command_id = command_id
        self.kind = kind
        self.client_order_id = client_order_id
        self.sent_ns = sent_ns
        self.before: _Request | None = None
        self.has_ended = False


class RequestsAreAnswered(Check):
    inputs: ClassVar[Kinds] = (
        OrderAnswer,
        OpenOrdersAnswer,
        FillsAnswer,
        AccountReport,
        OutcomeUnknown,
        AcceptedReport,
        RejectedReport,
        CanceledReport,
        ExpiredReport,
        UpdatedReport,
        ModifyRejectedReport,
        CancelRejectedReport,
    )
    sends: ClassVar[bool] = True

    def __init__(self) -> None:
        self._requests: dict[str, _Request] = {}  # by command id, oldest first
        self._sent: list[_Request] = []  # the same
        self._ended = 0  # the first so many of these have
        self._of_order: dict[str, _Request] = {}  # the last submit or cancel that was under way
        self._unknown: dict[str, None] = {}
        self._asked: dict[str, None] = {}  # clients that were ever asked for the account
        self._due_ns = 0  # nothing is overdue before

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        record = evidence.record
        told = self._take(record.input)
        now_ns: int = record.ts
        for command in record.commands:
            self._send(command, now_ns)
        if told is not None:
            return iter([told])
        return self._overdue(now_ns) if now_ns > self._due_ns else None

    def _take(self, message: Any) -> Violation | None:
        kind = type(message)
        if kind is AcceptedReport:
            self._of_submit(message.client_order_id)
        elif kind is CanceledReport or kind is RejectedReport or kind is ExpiredReport:
            self._of_submit_or_cancel(message.client_order_id)
        elif kind is OrderAnswer:
            return self._order_answer(message)
        elif kind is UpdatedReport or kind is ModifyRejectedReport or kind is CancelRejectedReport:
            self._named(message)
        elif kind is OpenOrdersAnswer or kind is FillsAnswer or kind is AccountReport:
            return self._answer(message)
        elif kind is OutcomeUnknown:
            return self._no_outcome(message)
        return None

    def _send(self, command: Command, now_ns: int) -> None:
        kind = type(command)
        request_id = command.command_id
        asked: Any = command
        is_of_order = True
        if kind is SubmitOrder:
            name = asked.order.client_order_id
        elif kind is CancelOrder:
            name = asked.client_order_id
        else:
            is_of_order = False
            if kind is ModifyOrder or kind is QueryOrder:
                name = asked.client_order_id
            elif kind is QueryOpenOrders or kind is QueryFills or kind is QueryAccount:
                name = ""
                if asked.client_id is not None:
                    self._asked[asked.client_id] = None
            else:
                return
        known = self._requests.get(request_id)
        if known is not None and not known.has_ended:
            known.sent_ns = now_ns  # once more
            return
        request = _Request(request_id, kind, name, now_ns)
        self._requests[request_id] = request
        self._sent.append(request)
        if is_of_order:
            request.before = self._of_order.get(name)
            self._of_order[name] = request

    # --- endings -----------------------------------------------------------------------------

    def _answer(self, answer: OpenOrdersAnswer | FillsAnswer | AccountReport) -> Violation | None:
        request_id = answer.correlation_id
        if request_id is None or self._end(request_id) is not None:
            return None  # told unasked, or asked for
        if answer.client_id not in self._asked:
            return None  # of somebody whom the kernel never asked anything
        return Violation(request_id, f"{type(answer).__name__} for what nobody waits for")

    def _order_answer(self, answer: OrderAnswer) -> Violation | None:
        request_id = answer.correlation_id
        asked = self._end(request_id)
        if asked is None and answer.client_id not in self._asked:
            return None
        if asked is None:
            return Violation(request_id, "OrderAnswer for what nobody waits for")
        names = [answer.client_order_id, *(fill.client_order_id for fill in answer.fills)]
        if answer.order is not None:
            names.append(answer.order.client_order_id)
        for name in names:
            if name != asked.client_order_id:
                return Violation(request_id, f"asked for {asked.client_order_id}, got {name}")
        return None

    def _no_outcome(self, message: OutcomeUnknown) -> Violation | None:
        request_id = message.request_id
        if request_id in self._unknown:
            return Violation(request_id, "ended without an outcome twice")
        self._unknown[request_id] = None
        self._end(request_id)
        return None

    def _named(self, report: UpdatedReport | ModifyRejectedReport | CancelRejectedReport) -> None:
        if report.request_id is not None:
            self._end(report.request_id)
            return
        named = report.client_order_id  # an answer that does not say to what: to any of them
        for request in self._sent[self._ended :]:
            if request.kind is ModifyOrder and request.client_order_id == named:
                request.has_ended = True

    def _end(self, request_id: str) -> _Request | None:
        """The request of that id, ended now; None where none is under way."""
        request = self._requests.get(request_id)
        if request is None or request.has_ended:
            return None
        request.has_ended = True
        return request

    def _of_submit(self, name: str | None) -> None:
        request = self._of_order.get(name or "")
        while request is not None:
            if request.kind is SubmitOrder:
                request.has_ended = True
            request = request.before

    def _of_submit_or_cancel(self, name: str | None) -> None:
        request = self._of_order.get(name or "")
        while request is not None:
            request.has_ended = True
            request = request.before

    def _overdue(self, now_ns: int) -> Iterator[Violation] | None:
        sent = self._sent
        while self._ended < len(sent) and sent[self._ended].has_ended:
            self._ended += 1
        if self._ended == len(sent):
            self._due_ns = now_ns + ANSWER_NS_MAX  # whatever is sent is sent from now on
            return None
        oldest = sent[self._ended]
        self._due_ns = oldest.sent_ns + ANSWER_NS_MAX
        if now_ns <= self._due_ns:
            return None
        told = f"{oldest.kind.__name__} {oldest.client_order_id} of {oldest.sent_ns} has not ended"
        return iter([Violation(oldest.command_id, told)])

    def end(self, evidence: Evidence) -> Iterator[Violation] | None:
        return self._overdue(evidence.view.now_ns)


_DISCONNECTED: Final = DenialCode.CLIENT_DISCONNECTED
_OK: Final = AnswerStatus.OK


class OrdersLeaveForTheReconciledOnly(Check):
    inputs: ClassVar[Kinds] = (ClientConnected, ClientDisconnected, OpenOrdersAnswer, FillsAnswer)
    facts: ClassVar[Kinds] = (OrderDenied,)
    sends: ClassVar[bool] = True

    def __init__(self) -> None:
        self._lost: dict[str, None] = {}  # clients that were ever away
        self._asked: dict[str, str] = {}  # query -> its client, since that connected
        self._heard: dict[str, dict[type, None]] = {}  # answers since, by connected client

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        record = evidence.record
        self._hear(record.input)
        wrong: tuple[Violation, ...] = ()
        for event in evidence.order_events:
            if type(event) is OrderDenied and event.code is _DISCONNECTED:
                venue = event.instrument_id.venue
                if venue not in self._lost:
                    told = f"turned away, and {venue} was never away"
                    wrong += (Violation(event.client_order_id, told),)
        for command in record.commands:
            if type(command) is SubmitOrder or type(command) is ModifyOrder:
                to: str = command.client_id or command.instrument_id.venue
                heard = self._heard.get(to)
                if heard is None:
                    wrong += (Violation(command.command_id, f"left for {to}, which is away"),)
                elif len(heard) < 2:
                    told = f"left for {to}, of whose orders and fills nothing is known since"
                    wrong += (Violation(command.command_id, told),)
            elif type(command) is QueryOpenOrders or type(command) is QueryFills:
                asked = command.client_id
                if asked is not None and asked in self._heard:
                    self._asked[command.command_id] = asked
        return iter(wrong) if wrong else None

    def _hear(self, message: object) -> None:
        if type(message) is OpenOrdersAnswer or type(message) is FillsAnswer:
            client_id = self._asked.get(message.correlation_id)
            if client_id is not None and message.status is _OK:
                self._heard[client_id][type(message)] = None
        elif type(message) is ClientConnected:
            self._heard[message.client_id] = {}
        elif type(message) is ClientDisconnected:
            self._lost[message.client_id] = None
            self._heard.pop(message.client_id, None)
            self._asked = {
                query: client for query, client in self._asked.items() if client in self._heard
            }
