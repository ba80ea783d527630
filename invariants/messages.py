"""Messages: whole where they are written down, and true to the report that they come from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

import msgspec

from engine.model.currencies import CURRENCIES, Currency
from engine.model.events import (
    AccountState,
    Alert,
    ComponentStateChanged,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderModifyRejected,
    OrderRejected,
    OrderTriggered,
    PositionEvent,
    Refused,
    TradingStateChanged,
)
from engine.model.reports import (
    AcceptedReport,
    CanceledReport,
    CancelRejectedReport,
    ExecutionReport,
    ExpiredReport,
    FillReport,
    InstrumentReceived,
    ModifyRejectedReport,
    RejectedReport,
    TriggeredReport,
)
from engine.record import TurnRecord, encode
from engine.record_reader import OpaqueCustomData, OpaqueResponse, RecordError, RecordReader
from engine.view import KernelView
from invariants.check import Check, Kinds
from invariants.evidence import Evidence
from invariants.tap import BusTap
from invariants.violation import Violation

_OPAQUE: Final = (OpaqueCustomData, OpaqueResponse)
_IN_OTHER_WORDS: Final = (*_OPAQUE, InstrumentReceived)  # read from other types than their own


class RecordsAreReadBack(Check):
    """The reader knows the declared types, so a field that holds anything else is not read. Turns
    that did nothing are left out: most are of market data.

    A whole number, a word or a truth is written in one way only, and the reader takes nothing else
    for it. So what has been read is written again only where it may come out otherwise: when a
    value has another text than it was read from, or a message was read as of another type."""

    samples: ClassVar[bool] = True

    def end(self, evidence: Evidence) -> Iterator[Violation]:
        reader = RecordReader(_currencies(evidence.view))
        read = reader.turn
        for record in evidence.records:
            if not (record.facts or record.commands):
                continue
            written = encode(record)
            try:
                again = read(written)
            except RecordError as error:
                kind = type(record.input).__name__
                yield Violation(_turn(record), f"of {kind} cannot be read again: {error}")
                continue
            message = again.input
            if not isinstance(again, TurnRecord) or (
                (
                    reader.rewords
                    or type(message) in _IN_OTHER_WORDS
                    or not _same_head(again, record)
                )
                and encode(again) != written
            ):
                yield Violation(_turn(record), "is written otherwise once it has been read")
            elif (
                again.facts != record.facts
                or again.commands != record.commands
                or (message != record.input and not isinstance(message, _OPAQUE))
            ):
                yield Violation(_turn(record), "is read as something else than was written")
            wrong = _named(record)
            if wrong:
                yield from wrong


def _turn(record: TurnRecord) -> str:
    return f"turn {record.turn}"


def _same_head(again: TurnRecord, record: TurnRecord) -> bool:
    return again.turn == record.turn and again.ts == record.ts and again.epoch == record.epoch


def _named(record: TurnRecord) -> list[Violation]:
    """Ids are made of the turn and stand once in it; what leaves is stamped with its time."""
    prefix = f"{record.epoch}-{record.turn}-"
    wrong: list[Violation] = []
    seen: dict[str, None] = {}
    for fact in record.facts:
        if not hasattr(fact, "event_id"):
            continue
        told: Any = fact
        event_id = told.event_id
        if event_id is None:
            continue
        if not event_id.startswith(prefix) or event_id in seen:
            called = f"is called {event_id} in turn {record.turn}"
            wrong.append(Violation(type(fact).__name__, called))
        seen[event_id] = None
    for command in record.commands:
        if command.ts_init != record.ts:
            left = f"left stamped {command.ts_init} in a turn at {record.ts}"
            wrong.append(Violation(command.command_id, left))
        if not command.command_id.startswith(prefix) or command.command_id in seen:
            wrong.append(Violation(command.command_id, f"is a command of turn {record.turn}"))
        seen[command.command_id] = None
    return wrong


def _currencies(view: KernelView) -> Mapping[str, Currency]:
    """The built-in ones and those that the run's instruments and accounts are in."""
    known = dict(CURRENCIES)
    for instrument in view.cache.instruments():
        named = (instrument.base_currency, instrument.quote_currency, instrument.cost_currency)
        known.update({each.code: each for each in named if each is not None})
    for account in view.cache.accounts():
        known.update({code: each.currency for code, each in account.balances.items()})
    return known


_FAMILIES: Final = (
    "events.order.",
    "events.fills.",
    "events.position.",
    "events.account.",
    "events.system.",
    "events.risk",
    "events.refused",
    "events.alert",
)


def _topics(fact: Any) -> tuple[str, ...]:
    """Where a fact is to be told; () where it is only written down."""
    if isinstance(fact, OrderFilled):
        return f"events.fills.{fact.instrument_id}", f"events.order.{fact.strategy_id}"
    if isinstance(fact, OrderEvent):
        return (f"events.order.{fact.strategy_id}",)
    if isinstance(fact, PositionEvent):
        return (f"events.position.{fact.strategy_id}",)
    if isinstance(fact, AccountState):
        return (f"events.account.{fact.account_id}",)
    if isinstance(fact, ComponentStateChanged):
        return (f"events.system.{fact.component_id}",)
    if isinstance(fact, TradingStateChanged):
        return ("events.risk",)
    if isinstance(fact, Refused):
        return ("events.refused",)
    return ("events.alert",) if isinstance(fact, Alert) else ()


class FactsAreTold(Check):
    samples: ClassVar[bool] = True

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        facts = evidence.record.facts
        due = [(topic, fact) for fact in facts for topic in _topics(fact)]
        if _are_told_in_turn(due, evidence.tap) and not _has_twice(facts):
            return None
        told: list[tuple[str, object]] = []
        wrong: list[Violation] = []
        for topic, message, _ in evidence.dispatches:
            if not topic.startswith(_FAMILIES):
                continue
            kind = type(message).__name__
            if _holds(told, topic, message):
                wrong.append(Violation(topic, f"{kind} was told twice"))
            elif not _holds(due, topic, message):
                wrong.append(Violation(topic, f"{kind} was told and is no fact of the turn"))
            told.append((topic, message))
        for topic, fact in due:
            if not _holds(told, topic, fact):
                kind = type(fact).__name__
                wrong.append(Violation(topic, f"{kind} is a fact of the turn and was not told"))
        return iter(wrong) if wrong else None


def _are_told_in_turn(due: list[tuple[str, Any]], tap: BusTap) -> bool:
    """Whether these and no others are what the bus told of its kinds, in this order."""
    topics, messages = tap.topics, tap.messages
    count = 0
    for at in range(tap.before, len(topics)):
        if not topics[at].is_event:
            continue
        topic = topics[at].name
        if not topic.startswith(_FAMILIES):
            continue
        if count == len(due):
            return False
        expected, fact = due[count]
        if expected != topic or messages[at] is not fact:
            return False
        count += 1
    return count == len(due)


def _has_twice(facts: Sequence[object]) -> bool:
    count = len(facts)
    for at in range(count):
        for behind in range(at + 1, count):
            if facts[at] is facts[behind]:
                return True
    return False


def _holds(told: Sequence[tuple[str, object]], topic: str, message: object) -> bool:
    return any(on == topic and each is message for on, each in told)


_BECOMES: Final[Mapping[type, type]] = {
    AcceptedReport: OrderAccepted,
    RejectedReport: OrderRejected,
    CanceledReport: OrderCanceled,
    ExpiredReport: OrderExpired,
    TriggeredReport: OrderTriggered,
    ModifyRejectedReport: OrderModifyRejected,
    CancelRejectedReport: OrderCancelRejected,
    FillReport: OrderFilled,
}
_OUR_OWN: Final = ("ts_init",)
_SHARED: Final[Mapping[type, tuple[str, ...]]] = {
    report: tuple(
        name
        for name in report.__struct_fields__
        if name in event.__struct_fields__ and name not in _OUR_OWN
    )
    for report, event in _BECOMES.items()
    if issubclass(report, msgspec.Struct) and issubclass(event, msgspec.Struct)
}


class EventsSayWhatWasReported(Check):
    samples: ClassVar[bool] = True
    inputs: ClassVar[Kinds] = (ExecutionReport,)

    def turn(self, evidence: Evidence) -> Iterator[Violation] | None:
        report: Any = evidence.record.input
        kind = _BECOMES.get(type(report))
        if kind is None:
            return None
        wrong: list[Violation] = []
        for event in evidence.order_events:
            if type(event) is not kind:
                continue
            for name in _SHARED[type(report)]:
                said, reported = getattr(event, name), getattr(report, name)
                # what a report leaves open the order may know
                if said != reported and reported is not None:
                    told = f"{kind.__name__} says {name} {said}, the report {reported}"
                    wrong.append(Violation(event.client_order_id, told))
        return iter(wrong) if wrong else None
