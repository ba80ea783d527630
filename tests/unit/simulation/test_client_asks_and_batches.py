"""The native client: requests for the past, batches of cancels, amounts of quote currency."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from native_sea import CLIENT, PAIR_ID, START_NS, STRATEGY, SYMBOL, Sea

from engine.model.bars import BarType
from engine.model.commands import (
    BatchCancelOrders,
    CancelOrder,
    Command,
    RequestBars,
    RequestBookDeltas,
    RequestBookSnapshot,
    RequestFundingRates,
    RequestInstrument,
    RequestQuoteTicks,
    RequestTradeTicks,
    SubmitOrder,
)
from engine.model.data import F_SNAPSHOT, OrderBookDepth10
from engine.model.enums import AnswerStatus, DataKind
from engine.model.identifiers import ClientOrderId, InstrumentId
from engine.model.reports import (
    AcceptedReport,
    CanceledReport,
    CancelRejectedReport,
    DataResponse,
    FillReport,
    InstrumentReceived,
    OutcomeUnknown,
    UpdatedReport,
)
from engine.model.values import Quantity
from simulation.faults import SECOND, FaultKind
from simulation.venue import protocol as wire
from simulation.venue.enums import Side
from simulation.venue.history import History

replace = msgspec.structs.replace
MINUTE = 60 * SECOND


class Harbour(Sea):
    """A venue that remembers, and a page of three."""

    def __init__(self, **options: Any) -> None:
        super().__init__(page=options.pop("page", 3), **options)
        self.front.gateway._history = History(self.exchange)

    def busy(self, steps: int) -> None:
        """A better bid each second."""
        for step in range(steps):
            self.sail(SECOND)
            self.rest(Side.BUY, 999_900 + step + 1, 10)

    def ask(
        self,
        kind: type[Any] = RequestQuoteTicks,
        start_ns: int = 0,
        end_ns: int = START_NS + MINUTE,
        limit: int = 0,
        instrument_id: InstrumentId = PAIR_ID,
    ) -> DataResponse:
        """One request, and its one answer."""
        before = len(self.of(DataResponse))
        name = self.send(
            lambda i, now: kind(i, CLIENT, now, instrument_id, start_ns, end_ns, limit)
        )
        self.sail(10 * SECOND)
        (answer,) = self.of(DataResponse)[before:]
        assert isinstance(answer, DataResponse)
        assert answer.correlation_id == name
        return answer

    def batch(self, *names: str) -> str:
        def make(command_id: str, now_ns: int) -> Command:
            cancels = tuple(
                CancelOrder(
                    f"{command_id}/{name}",
                    CLIENT,
                    now_ns,
                    STRATEGY,
                    PAIR_ID,
                    ClientOrderId(name),
                    None,
                )
                for name in names
            )
            return BatchCancelOrders(command_id, CLIENT, now_ns, STRATEGY, PAIR_ID, cancels)

        return self.send(make)

    def ids(self, kind: type) -> list[Any]:
        return [message.client_order_id for message in self.of(kind)]


def tampered(sea: Sea, change: Callable[[Any], Any]) -> None:
    """Change what the venue answers about the past."""

    def tamper(request: wire.Request, status: int, body: bytes) -> tuple[int, bytes]:
        if not isinstance(request, wire.HistoryQuery) or status != 200:
            return status, body
        return status, wire.encode(change(wire.decode_answer(body)))

    sea.front.tamper = tamper


# --- the past ------------------------------------------------------------------------------


def test_a_range_is_stitched_of_pages_without_a_hole_or_a_repetition() -> None:
    sea = Harbour()
    sea.busy(8)
    answer = sea.ask(start_ns=START_NS + 2 * SECOND)
    assert answer.status is AnswerStatus.OK
    bids = [tick.bid_mantissa for tick in answer.data]
    assert bids == list(range(999_902, 999_909))
    assert sea.front.names().count("HistoryQuery") == 3


def test_a_limit_reads_no_more_than_it_needs() -> None:
    sea = Harbour()
    sea.busy(8)
    answer = sea.ask(limit=4)
    assert [t.bid_mantissa for t in answer.data] == list(range(999_905, 999_909))
    asked = [r.limit for r in sea.front.requests if isinstance(r, wire.HistoryQuery)]
    assert asked == [3, 1]


@pytest.mark.parametrize("kind", [RequestQuoteTicks, RequestTradeTicks, RequestBookDeltas])
def test_a_range_without_anything_is_answered_with_nothing(kind: type[Any]) -> None:
    sea = Harbour()
    sea.busy(3)
    answer = sea.ask(kind, end_ns=START_NS)
    assert (answer.status, answer.data) == (AnswerStatus.OK, ())


@pytest.mark.parametrize(
    "change",
    [
        lambda page: replace(page, frames=page.frames[::-1]),
        lambda page: replace(page, frames=(page.frames[0], *page.frames[:-1])),
        lambda page: replace(page, frames=(), more=True),
        lambda page: replace(page, frames=(*page.frames, *page.frames)),
        lambda page: replace(page, frames=(replace(page.frames[0], symbol="ETH/USDT"),)),
        lambda page: replace(page, frames=(replace(page.frames[0], ts=0),)),
        lambda page: replace(
            page, frames=(wire.TradeFrame(1, SYMBOL, "T", 1, 1, "BUY", START_NS),)
        ),
        lambda page: wire.DepthAnswer(page.request_id, SYMBOL, 1, (), ()),
    ],
    ids=["descending", "twice", "empty", "too long", "foreign", "out of range", "trades", "depth"],
)
def test_a_page_that_is_not_what_was_asked_for_fails_the_request(change: Any) -> None:
    sea = Harbour()
    sea.busy(8)
    tampered(sea, change)
    answer = sea.ask(start_ns=START_NS)
    assert (answer.status, answer.data) == (AnswerStatus.FAILED, ())


def test_a_page_that_leads_no_further_back_ends_the_request() -> None:
    sea = Harbour()
    sea.busy(8)
    first: list[wire.HistoryAnswer] = []

    def same_again(page: wire.HistoryAnswer) -> wire.HistoryAnswer:
        first.append(page)
        return replace(first[0], request_id=page.request_id)

    tampered(sea, same_again)
    assert sea.ask(start_ns=START_NS).status is AnswerStatus.FAILED
    assert len(first) == 2


def test_an_answer_that_never_comes_is_a_timeout_and_a_late_one_is_no_second_answer() -> None:
    sea = Harbour()
    sea.busy(2)
    sea.front.tamper = lambda request, status, body: (200, b"")
    assert sea.ask().status is AnswerStatus.FAILED  # unreadable
    sea.front.tamper = None
    sea.faults.strike_next(FaultKind.ANSWER_LOST)
    assert sea.ask().status is AnswerStatus.TIMEOUT
    assert len(sea.of(DataResponse)) == 2


def test_what_the_venue_does_not_list_or_remember_fails() -> None:
    sea = Harbour()
    unlisted = InstrumentId("NOSUCH.SIM")
    for kind in (RequestQuoteTicks, RequestBookSnapshot):
        assert sea.ask(kind, instrument_id=unlisted).status is AnswerStatus.FAILED
    sea.front.gateway._history = None
    assert sea.ask().status is AnswerStatus.FAILED


def test_what_the_venue_has_no_words_for_fails_at_once() -> None:
    sea = Harbour()
    assert sea.ask(RequestFundingRates).status is AnswerStatus.FAILED
    bar_type = BarType.from_str("BTC/USDT.SIM-1-MINUTE-LAST-EXTERNAL")
    sea.send(lambda i, now: RequestBars(i, CLIENT, now, PAIR_ID, 0, 0, 0, bar_type))
    assert len(sea.of(DataResponse)) == 1  # not from within `send`
    sea.sail(1)
    assert len(sea.of(DataResponse)) == 2
    assert "HistoryQuery" not in sea.front.names()


def test_a_snapshot_is_one_whole_picture_as_deep_as_asked_for() -> None:
    sea = Harbour()
    sea.busy(4)
    for limit, bids in ((0, 5), (2, 2)):
        answer = sea.ask(RequestBookSnapshot, limit=limit)
        (picture,) = answer.data
        deltas = picture.deltas
        assert all(delta.flags & F_SNAPSHOT for delta in deltas)
        assert len([d for d in deltas if d.side is not None and d.side.name == "BUY"]) == bids


def test_a_definition_that_is_asked_for_is_that_of_the_venue() -> None:
    sea = Harbour()
    answer = sea.ask(RequestInstrument)
    (instrument,) = answer.data
    assert instrument.id == PAIR_ID
    unlisted = sea.ask(RequestInstrument, instrument_id=InstrumentId("NOSUCH.SIM"))
    assert (unlisted.status, unlisted.data) == (AnswerStatus.OK, ())


# --- ten levels and definitions --------------------------------------------------------------


def test_depth_images_are_padded_and_say_their_update() -> None:
    sea = Harbour()
    sea.subscribe(DataKind.BOOK_DEPTH10)
    sea.busy(2)
    sea.sail(SECOND)
    images = [image for image in sea.posted if isinstance(image, OrderBookDepth10)]
    assert [len(image.bid_levels()) for image in images] == [1, 2, 3]
    assert images[-1].sequence == sea.exchange.books[SYMBOL].update
    sea.unsubscribe(DataKind.BOOK_DEPTH10)
    sea.busy(2)
    assert len(sea.of(OrderBookDepth10)) == 3
    assert sea.held_by_venue() == {"user": 1}


def test_an_image_that_is_none_ends_the_connection_and_not_the_client() -> None:
    sea = Harbour()
    sea.subscribe(DataKind.BOOK_DEPTH10)
    sea.sail(SECOND)
    upside_down = wire.DepthFrame(2, SYMBOL, 9, ((1, 1), (2, 1)), (), START_NS)
    sea.front.peers[-1].send(wire.encode(upside_down))
    sea.sail(5 * SECOND)
    assert "ClientDisconnected" in sea.names()
    assert sea.client.session.is_live


def test_an_amended_definition_is_told_and_translates_from_then_on() -> None:
    sea = Harbour()
    sea.subscribe(DataKind.INSTRUMENT)
    sea.sail(SECOND)
    listed = sea.exchange.books[SYMBOL].listing.instrument
    amended = type(listed)(
        id=listed.id,
        base_currency=listed.base_currency,
        quote_currency=listed.quote_currency,
        price_increment=listed.price_increment,
        size_increment=listed.size_increment,
        taker_fee="0.002",
    )
    sea.exchange.amend(amended)
    sea.sail(SECOND)
    told = [m.instrument for m in sea.posted if isinstance(m, InstrumentReceived)]
    assert [str(instrument.taker_fee) for instrument in told] == ["0.0004", "0.0004", "0.002"]
    assert sea.client.mapper.instruments[SYMBOL] is told[-1]


# --- batches -------------------------------------------------------------------------------


def test_a_batch_is_one_request_and_each_order_hears_its_own_part() -> None:
    sea = Harbour()
    for name in ("O-1", "O-2"):
        sea.submit(name)
    sea.sail(SECOND)
    name = sea.batch("O-1", "O-9", "O-2")
    sea.sail(SECOND)
    assert sea.front.names().count("BatchCancelRequest") == 1
    assert dict.fromkeys(sea.ids(CanceledReport)) == {"O-1": None, "O-2": None}
    (rejected,) = sea.of(CancelRejectedReport)
    assert rejected.request_id == f"{name}/O-9"
    assert not sea.of(OutcomeUnknown)


def test_a_batch_nobody_answers_is_unknown_for_each_order() -> None:
    sea = Harbour()
    for name in ("O-1", "O-2"):
        sea.submit(name)
    sea.sail(SECOND)
    sea.faults.strike_next(FaultKind.REQUEST_LOST)
    name = sea.batch("O-1", "O-2")
    sea.sail(10 * SECOND)
    unknown = [m for m in sea.posted if isinstance(m, OutcomeUnknown)]
    assert [message.request_id for message in unknown] == [f"{name}/O-1", f"{name}/O-2"]


def test_a_part_that_the_answer_leaves_out_is_unknown() -> None:
    sea = Harbour()
    for name in ("O-1", "O-2"):
        sea.submit(name)
    sea.sail(SECOND)

    def tamper(request: wire.Request, status: int, body: bytes) -> tuple[int, bytes]:
        answer = wire.decode_answer(body)
        if isinstance(answer, wire.BatchCancelAnswer):
            return status, wire.encode(replace(answer, answers=answer.answers[:1]))
        return status, body

    sea.front.tamper = tamper
    sea.batch("O-1", "O-2")
    sea.sail(SECOND)
    assert sea.ids(OutcomeUnknown) == ["O-2"]


def test_a_batch_that_is_refused_whole_is_refused_for_each_order() -> None:
    sea = Harbour()
    for name in ("O-1", "O-2"):
        sea.submit(name)
    sea.sail(SECOND)
    refusal = wire.Refusal("?", "BANNED", "go away", SECOND)
    sea.front.tamper = lambda request, status, body: (
        418,
        wire.encode(replace(refusal, request_id=request.request_id)),
    )
    sea.batch("O-1", "O-2")
    sea.sail(SECOND)
    assert sea.ids(CancelRejectedReport) == ["O-1", "O-2"]


def test_a_cancel_in_a_batch_does_not_overtake_its_submit() -> None:
    sea = Harbour()
    sea.submit("O-1")
    sea.sail(SECOND)
    sea.submit("O-2")
    sea.batch("O-1", "O-2")
    sea.sail(SECOND)
    names = sea.front.names()
    assert names.count("BatchCancelRequest") == names.count("CancelRequest") == 1
    assert names[-1] == "CancelRequest"
    assert not sea.exchange.floor.open
    assert not sea.of(CancelRejectedReport)


def test_more_cancels_than_a_batch_holds_are_several() -> None:
    sea = Harbour()
    names = [f"O-{number}" for number in range(wire.BATCH_MAX + 2)]
    sea.batch(*names)
    sea.sail(SECOND)
    sizes = [len(r.cancels) for r in sea.front.requests if isinstance(r, wire.BatchCancelRequest)]
    assert sorted(sizes) == [2, wire.BATCH_MAX]  # requests do not keep their order
    assert len(sea.of(CancelRejectedReport)) == len(names)


# --- amounts -------------------------------------------------------------------------------


def for_amount(sea: Harbour, amount: str, price: str | None = None) -> None:
    """Submit the same order that `Sea.submit` does, for an amount of USDT."""
    send = sea.client.send

    def in_quote(command: Command) -> None:
        assert isinstance(command, SubmitOrder)
        order = replace(command.order, quantity=Quantity(amount), quote_quantity=True)
        send(replace(command, order=order))

    sea.client.send = in_quote  # type: ignore[method-assign]
    sea.submit(price=price)
    sea.client.send = send  # type: ignore[method-assign]


def test_an_amount_is_sent_as_money_and_comes_back_as_a_size() -> None:
    sea = Harbour()
    for_amount(sea, "5000.50")
    sea.sail(SECOND)
    (request,) = [r for r in sea.front.requests if isinstance(r, wire.QuoteSubmitRequest)]
    assert request.quantity == 500_050_000_000  # eight decimals
    updates = [m for m in sea.posted if isinstance(m, UpdatedReport)]
    assert {update.quantity for update in updates} == {Quantity("0.500")}
    assert [fill.last_qty for fill in sea.of(FillReport)] == [Quantity("0.500")]


def test_a_conversion_whose_frame_is_lost_is_told_by_the_answer_before_the_acceptance() -> None:
    sea = Harbour()
    sea.client.session.drop("for once")
    sea.sail(5 * SECOND)
    sea.posted.clear()
    told = sea.client.on_frame
    sea.client.on_frame = lambda frame: None  # type: ignore[method-assign]
    for_amount(sea, "999.00", "9990.00")
    sea.sail(SECOND)
    sea.client.on_frame = told  # type: ignore[method-assign]
    assert sea.names() == ["UpdatedReport", "AcceptedReport"]
    assert sea.posted[0].quantity == Quantity("0.100")
    assert isinstance(sea.posted[1], AcceptedReport)
