"""NET-3 and NET-4 by hand: how long a stream may be endured, and how a request may end."""

from collections.abc import Iterator, Sequence

import pytest

from engine.kernel import Kernel, KernelConfig
from engine.model.commands import Command, ModifyOrder, QueryFills
from engine.model.enums import AnswerStatus
from engine.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    InstrumentId,
    StrategyId,
    TraderId,
)
from engine.model.reports import FillsAnswer, UpdatedReport
from engine.model.values import Quantity
from engine.record import TurnRecord
from invariants.evidence import Evidence
from invariants.network import ANSWER_NS_MAX, GAP_NS_MAX, SILENCE_NS_MAX, RequestsAreAnswered
from invariants.network import DeadStreamsAreGivenUp as Streams
from invariants.property import Check, Violation
from invariants.truth import Queues, TrueOrder, TrueStream, Truth

SIM = ClientId("SIM")


class Venue:
    """A venue that has nothing but streams."""

    def __init__(self, *streams: TrueStream) -> None:
        self._streams = streams

    def truth(self) -> Truth:
        raise NotImplementedError

    def true_order(self, client_order_id: str) -> TrueOrder | None:
        return None

    def has_trade(self, trade_id: str) -> bool:
        return False

    def true_queues(self, instrument_id: str) -> tuple[Queues, Queues]:
        return (), ()

    def streams(self, after: int) -> Sequence[TrueStream]:
        return self._streams[after:]


def _evidence(*streams: TrueStream) -> Evidence:
    kernel = Kernel(KernelConfig(trader_id=TraderId("T-001")), [])
    return Evidence(kernel.view, {"SIM": Venue(*streams)}, dict, {})


def _found(kind: type[Check], evidence: Evidence) -> list[Violation]:
    found = kind().end(evidence)
    return list(found or ())


@pytest.mark.parametrize(
    ("stream", "kept"),
    [
        (TrueStream(1, 0, SILENCE_NS_MAX, 5, 0), False),
        (TrueStream(1, 0, SILENCE_NS_MAX + 1, 5, 0), True),
        (TrueStream(1, 1, 0, SILENCE_NS_MAX + 1, 0), False),
        (TrueStream(1, 1, 0, SILENCE_NS_MAX + 2, 0), True),  # given up, and too late
        (TrueStream(1, GAP_NS_MAX, 0, GAP_NS_MAX + 7, 7), False),
        (TrueStream(1, GAP_NS_MAX, 0, GAP_NS_MAX + 8, 7), True),
    ],
)
def test_stream_is_endured_up_to_its_bound(stream: TrueStream, kept: bool) -> None:
    assert bool(_found(Streams, _evidence(stream))) is kept


class Requests:
    """The check of requests, and turns that carry a question or its answer."""

    def __init__(self) -> None:
        self.check = RequestsAreAnswered()
        self.evidence = _evidence()

    def turn(self, ts: int, message: object = None, *sent: Command) -> list[Violation]:
        self.evidence.turn_ended(TurnRecord(1, ts, message, (), sent))
        found = self.check.turn(self.evidence)
        assert found is None or isinstance(found, Iterator)
        return list(found or ())


def _answer(to: str) -> FillsAnswer:
    return FillsAnswer(SIM, to, AnswerStatus.TIMEOUT, (), 0)


def test_question_answered_once_is_right_and_twice_is_not() -> None:
    requests = Requests()
    assert requests.turn(0, None, QueryFills("Q-1", SIM, 0, 0)) == []
    assert requests.turn(1, _answer("Q-1")) == []
    assert [violation.subject for violation in requests.turn(2, _answer("Q-1"))] == ["Q-1"]


def test_question_that_never_ends_is_told_after_the_bound() -> None:
    requests = Requests()
    requests.turn(0, None, QueryFills("Q-1", SIM, 0, 0))
    later = QueryFills("Q-2", SIM, 0, 0)
    assert requests.turn(ANSWER_NS_MAX, None, later) == []
    assert [found.subject for found in requests.turn(ANSWER_NS_MAX + 1)] == ["Q-1"]


def test_an_answer_of_somebody_who_was_never_asked_is_no_finding() -> None:
    requests = Requests()
    requests.turn(0, None, QueryFills("Q-1", SIM, 0, 0))
    stranger = FillsAnswer(ClientId("STRANGER"), "Q-9", AnswerStatus.OK, (), 0)
    assert requests.turn(1, stranger) == []
    assert [found.subject for found in requests.turn(2, _answer("Q-9"))] == ["Q-9"]


def test_an_update_that_does_not_say_what_it_answers_ends_the_modifies_of_its_order() -> None:
    requests = Requests()
    name, instrument_id = ClientOrderId("O-1"), InstrumentId("A.SIM")
    head = (SIM, 0, StrategyId("S-001"), instrument_id, name, None, Quantity("1"), None, None)
    requests.turn(0, None, ModifyOrder("M-1", *head), ModifyOrder("M-2", *head))
    updated = UpdatedReport(
        AccountId("SIM-001"), instrument_id, name, None, 1, 1, Quantity("1"), None, None
    )
    assert requests.turn(1, updated) == []
    assert requests.turn(2 * ANSWER_NS_MAX) == []
