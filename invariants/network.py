"""The wire: what is wanted is subscribed once, and no intention becomes two orders."""

from collections.abc import Iterator
from typing import Final

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
from engine.model.data import OrderBookDeltas, QuoteTick, TradeTick
from engine.model.reports import (
    AccountReport,
    CanceledReport,
    CancelRejectedReport,
    ClientConnected,
    ClientDisconnected,
    ExecutionReport,
    ExpiredReport,
    FillsAnswer,
    ModifyRejectedReport,
    OpenOrdersAnswer,
    OrderAnswer,
    OutcomeUnknown,
    RejectedReport,
    UpdatedReport,
)
from invariants.evidence import Evidence
from invariants.property import Check, Violation, always, eventually
from invariants.truth import TrueStream

_S: Final = 1_000_000_000
SILENCE_NS_MAX: Final = 6 * _S  # three heartbeats of the venue
GAP_NS_MAX: Final = 12 * _S  # a heartbeat that shows the gap, however late, or silence instead
ANSWER_NS_MAX: Final = 20 * _S  # waiting for a pace or a ban to end included


@eventually(
    "NET-1",
    "After any reconnect the active subscriptions equal the wanted ones, once each.",
)
class SubscribedAsWanted(Check):
    def end(self, evidence: Evidence) -> Iterator[Violation]:
        truths = {truth.venue: truth for truth in evidence.truths()}
        for venue, wanted in evidence.wanted().items():
            truth = truths[venue]
            held = {(sub.channel, sub.instrument_id): sub.count for sub in truth.subscriptions}
            for key in sorted({*wanted, ("user", "")}):
                count = held.pop(key, 0)
                if count != 1:
                    yield Violation(" ".join(key), f"wanted once, the venue holds it {count} times")
            for key in sorted(held):
                yield Violation(" ".join(key), "held by the venue and wanted by nobody")


@eventually(
    "NET-2",
    "At most one venue order per intention, however many retries, timeouts or reconnects.",
)
class OneOrderPerIntention(Check):
    def end(self, evidence: Evidence) -> Iterator[Violation]:
        for truth in evidence.truths():
            orders: dict[str, int] = {}
            for order in truth.orders:
                orders[order.client_order_id] = orders.get(order.client_order_id, 0) + 1
            asked: dict[str, int] = {}
            for request in truth.requests:
                if request.kind == "SUBMIT":
                    asked[request.client_order_id] = asked.get(request.client_order_id, 0) + 1
            for name, count in orders.items():
                if count > 1:
                    yield Violation(name, f"{count} orders at the venue")
            for name, count in asked.items():
                if count > 1:
                    yield Violation(name, f"asked of the venue {count} times")


@always(
    "NET-3",
    "A stream that fell silent is given up within three heartbeats (6 s), and one on which an "
    "account event is missing within 12 s, so that what was missed is asked for.",
)
class DeadStreamsAreGivenUp(Check):
    """Judged by what arrived at our end and what the venue withheld; a stream is looked at while
    it is open and once after, whenever a client comes or goes, and at the end."""

    inputs = (ClientConnected, ClientDisconnected)

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

    def end(self, evidence: Evidence) -> Iterator[Violation]:
        yield from self.turn(evidence) or ()


def _neglected(stream: TrueStream, now_ns: int) -> str:
    until_ns = stream.ended_ns or now_ns
    silence_ns = max(stream.silence_ns, until_ns - stream.heard_ns)
    if silence_ns > SILENCE_NS_MAX:
        return f"was silent for {silence_ns} ns and kept"
    if stream.gap_ns and until_ns - stream.gap_ns > GAP_NS_MAX:
        return f"lacks an account event since {stream.gap_ns} and was kept until {until_ns}"
    return ""


_MARKET_DATA: Final = frozenset((QuoteTick, TradeTick, OrderBookDeltas))
_QUERIES: Final = (QueryOrder, QueryOpenOrders, QueryFills, QueryAccount)
_ANSWERS: Final = (OrderAnswer, OpenOrdersAnswer, FillsAnswer, AccountReport)
_NAMED: Final = (UpdatedReport, ModifyRejectedReport, CancelRejectedReport)  # they say whose
_CANCELS: Final = (CanceledReport, ExpiredReport, RejectedReport)


class _Request:
    __slots__ = ("client_order_id", "is_query", "kind", "sent_ns")

    def __init__(self, command: Command, client_order_id: str, sent_ns: int) -> None:
        self.kind = type(command).__name__
        self.is_query = isinstance(command, _QUERIES)
        self.client_order_id = client_order_id
        self.sent_ns = sent_ns


@always(
    "NET-4",
    "Every request ends within 20 s, by its own answer or by word that there is none: a question "
    "exactly once and in its own matter, a trading request at most once without an outcome.",
)
class RequestsAreAnswered(Check):
    def __init__(self) -> None:
        self._pending: dict[str, _Request] = {}  # by command id, oldest first
        self._of_order: dict[str, dict[str, None]] = {}  # submits and cancels under way
        self._unknown: dict[str, None] = {}

    def every_turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        record = evidence.record
        told: Violation | None = None
        if type(record.input) not in _MARKET_DATA:
            told = self._take(record.input)
        for command in record.commands:
            self._send(command, record.ts)
        if told is None and self._pending:
            return self._overdue(record.ts)
        return None if told is None else iter([told])

    def _send(self, command: Command, now_ns: int) -> None:
        name = ""
        if type(command) is SubmitOrder:
            name = command.order.client_order_id
        elif isinstance(command, ModifyOrder | CancelOrder | QueryOrder):
            name = command.client_order_id
        elif not isinstance(command, _QUERIES):
            return
        self._pending[command.command_id] = _Request(command, name, now_ns)
        if isinstance(command, SubmitOrder | CancelOrder):
            self._of_order.setdefault(name, {})[command.command_id] = None

    def _take(self, message: object) -> Violation | None:
        if isinstance(message, OutcomeUnknown):
            request_id = message.request_id
            if request_id in self._unknown:
                return Violation(request_id, "ended without an outcome twice")
            self._unknown[request_id] = None
            self._end(request_id)
        elif isinstance(message, _ANSWERS):
            return self._answered(message)
        elif isinstance(message, ExecutionReport):
            if isinstance(message, _NAMED) and message.request_id is not None:
                self._end(message.request_id)
            elif message.client_order_id in self._of_order:
                ends_cancels = isinstance(message, _CANCELS)
                for request_id in tuple(self._of_order[message.client_order_id]):
                    if ends_cancels or self._pending[request_id].kind == "SubmitOrder":
                        self._end(request_id)
        return None

    def _answered(
        self, answer: OrderAnswer | OpenOrdersAnswer | FillsAnswer | AccountReport
    ) -> Violation | None:
        request_id = answer.correlation_id
        if request_id is None:
            return None  # told unasked
        asked = self._pending.pop(request_id, None)
        if asked is None:
            return Violation(request_id, f"{type(answer).__name__} for what is not asked (any more)")
        if isinstance(answer, OrderAnswer):
            names = [answer.client_order_id, *(fill.client_order_id for fill in answer.fills)]
            if answer.order is not None:
                names.append(answer.order.client_order_id)
            for name in names:
                if name != asked.client_order_id:
                    return Violation(request_id, f"asked for {asked.client_order_id}, got {name}")
        return None

    def _end(self, request_id: str) -> None:
        request = self._pending.pop(request_id, None)
        if request is not None:
            of_order = self._of_order.get(request.client_order_id)
            if of_order is not None:
                of_order.pop(request_id, None)
                if not of_order:
                    del self._of_order[request.client_order_id]

    def _overdue(self, now_ns: int) -> Iterator[Violation] | None:
        request_id, oldest = next(iter(self._pending.items()))
        if now_ns - oldest.sent_ns <= ANSWER_NS_MAX:
            return None
        told = f"{oldest.kind} {oldest.client_order_id} of {oldest.sent_ns} has not ended"
        return iter([Violation(request_id, told)])

    def end(self, evidence: Evidence) -> Iterator[Violation]:
        if self._pending:
            yield from self._overdue(evidence.view.now_ns) or ()
