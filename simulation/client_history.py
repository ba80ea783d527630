"""The kernel's requests for data of the past: one answer each, complete or not OK.

A range is fetched from its newest end backwards, page by page, so that a limit is met without
reading what it leaves out, and what happens meanwhile moves no page. A page that does not lead
further back, or holds what was not asked for, ends the request as FAILED: half a history is none.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from engine.clients import Post
from engine.model.commands import (
    DataRequest,
    RequestBookDeltas,
    RequestQuoteTicks,
    RequestTradeTicks,
)
from engine.model.enums import AnswerStatus
from engine.model.identifiers import ClientId
from engine.model.reports import DataResponse, HistoricalDatum
from simulation.client_book import frame_deltas, picture_deltas
from simulation.client_mapping import Mapper, UnknownSymbol, Unreadable
from simulation.client_requests import TIMEOUT, Requests
from simulation.scheduler import Scheduler
from simulation.venue import protocol as wire

Read = Callable[[DataRequest, wire.AnswerBody], tuple[HistoricalDatum, ...]]

_CHANNELS: Final[Mapping[type[DataRequest], str]] = {
    RequestQuoteTicks: wire.CHANNEL_QUOTES,
    RequestTradeTicks: wire.CHANNEL_TRADES,
    RequestBookDeltas: wire.CHANNEL_BOOK,
}
_FRAMES: Final[Mapping[str, type]] = {
    wire.CHANNEL_QUOTES: wire.QuoteFrame,
    wire.CHANNEL_TRADES: wire.TradeFrame,
    wire.CHANNEL_BOOK: wire.BookFrame,
}


class Past:
    """Asks the venue about the past and tells what it said.

    Args:
        page: frames asked for at once, >= 1.
    """

    __slots__ = ("_client_id", "_mapper", "_page", "_post", "_requests", "_scheduler")

    def __init__(
        self,
        scheduler: Scheduler,
        requests: Requests,
        mapper: Mapper,
        post: Post,
        client_id: ClientId,
        page: int,
    ) -> None:
        self._scheduler = scheduler
        self._requests = requests
        self._mapper = mapper
        self._post = post
        self._client_id = client_id
        self._page = page

    def unsupported(self, command: DataRequest) -> None:
        """This venue has nothing of the kind: say so, but not from within the kernel's release."""
        now_ns = self._scheduler.now_ns
        self._scheduler.post(now_ns, partial(self._answer, command, AnswerStatus.FAILED, ()))

    # --- as things stand -------------------------------------------------------------------

    def snapshot(self, command: DataRequest) -> None:
        request = wire.DepthQuery(command.command_id, command.instrument_id.symbol)
        self._ask(command, wire.encode(request), self._picture)

    def instrument(self, command: DataRequest) -> None:
        request = wire.InstrumentsQuery(command.command_id)
        self._ask(command, wire.encode(request), self._definition)

    def _ask(self, command: DataRequest, body: bytes, read: Read) -> None:
        self._requests.send_in_turn(
            command.command_id,
            body,
            partial(self._on_answer, command, read),
            partial(self._on_silence, command),
        )

    def _on_answer(
        self,
        command: DataRequest,
        read: Read,
        status: int,
        answer: wire.AnswerBody,
        sent_ns: int,
        late: bool,
    ) -> None:
        if late:
            return  # it was told as a timeout
        try:
            if status != wire.OK:
                raise Unreadable(f"status {status}")
            data = read(command, answer)
        except (Unreadable, UnknownSymbol):
            self._answer(command, AnswerStatus.FAILED, ())
            return
        self._answer(command, AnswerStatus.OK, data)

    def _picture(
        self, command: DataRequest, answer: wire.AnswerBody
    ) -> tuple[HistoricalDatum, ...]:
        symbol = command.instrument_id.symbol
        if not isinstance(answer, wire.DepthAnswer) or answer.symbol != symbol:
            raise Unreadable(f"{type(answer).__name__} answers no depth query of {symbol}")
        best = command.limit or None
        picture = wire.DepthAnswer(
            answer.request_id, symbol, answer.update, answer.bids[:best], answer.asks[:best]
        )
        instrument = self._mapper.instrument(symbol)
        return (picture_deltas(picture, instrument, self._scheduler.now_ns),)

    def _definition(
        self, command: DataRequest, answer: wire.AnswerBody
    ) -> tuple[HistoricalDatum, ...]:
        if not isinstance(answer, wire.InstrumentsAnswer):
            raise Unreadable(f"{type(answer).__name__} answers no instruments query")
        return tuple(
            self._mapper.add_instrument(record, self._scheduler.now_ns)
            for record in answer.instruments
            if record.symbol == command.instrument_id.symbol
        )

    # --- ranges ----------------------------------------------------------------------------

    def history(self, command: DataRequest) -> None:
        self._ask_page(command, command.command_id, 0, ())

    def _ask_page(
        self,
        command: DataRequest,
        request_id: str,
        before: int,
        so_far: tuple[HistoricalDatum, ...],
    ) -> None:
        limit = self._page
        if command.limit:
            limit = min(limit, command.limit - len(so_far))
        request = wire.HistoryQuery(
            request_id,
            _CHANNELS[type(command)],
            command.instrument_id.symbol,
            command.start_ns,
            command.end_ns,
            before,
            limit,
        )
        self._requests.send_in_turn(
            request_id,
            wire.encode(request),
            partial(self._on_page, command, request, so_far),
            partial(self._on_silence, command),
        )

    def _on_page(
        self,
        command: DataRequest,
        request: wire.HistoryQuery,
        so_far: tuple[HistoricalDatum, ...],
        status: int,
        answer: wire.AnswerBody,
        sent_ns: int,
        late: bool,
    ) -> None:
        if late:
            return
        try:
            if status != wire.OK or not isinstance(answer, wire.HistoryAnswer):
                raise Unreadable(f"status {status} with {type(answer).__name__}")
            _check_page(request, answer)
            data = tuple(self._datum(frame) for frame in answer.frames) + so_far
        except (Unreadable, UnknownSymbol):
            self._answer(command, AnswerStatus.FAILED, ())
            return
        if answer.more and not (command.limit and len(data) >= command.limit):
            before = answer.frames[0].seq
            self._ask_page(command, f"{command.command_id}+{before}", before, data)
            return
        self._answer(command, AnswerStatus.OK, data)

    def _datum(self, frame: wire.PublicFrame) -> HistoricalDatum:
        now_ns = self._scheduler.now_ns
        if isinstance(frame, wire.QuoteFrame):
            return self._mapper.quote(frame, now_ns)
        if isinstance(frame, wire.TradeFrame):
            return self._mapper.trade(frame, now_ns)
        deltas = frame_deltas(frame, self._mapper.instrument(frame.symbol), now_ns)
        if deltas is None:
            raise Unreadable(f"book update {frame.update} changes nothing")
        return deltas

    # --- the one answer --------------------------------------------------------------------

    def _on_silence(self, command: DataRequest, why: str, sent_ns: int) -> None:
        status = AnswerStatus.TIMEOUT if why == TIMEOUT else AnswerStatus.FAILED
        self._answer(command, status, ())

    def _answer(
        self, command: DataRequest, status: AnswerStatus, data: tuple[HistoricalDatum, ...]
    ) -> None:
        self._post(
            DataResponse(self._client_id, command.command_id, status, data, self._scheduler.now_ns)
        )


def _check_page(request: wire.HistoryQuery, page: wire.HistoryAnswer) -> None:
    """Raises Unreadable: not ascending, not older than what came before, or not what was asked."""
    frames = page.frames
    if (page.more and not frames) or len(frames) > request.limit:
        raise Unreadable(f"a page of {len(frames)} frames, asked for were {request.limit}")
    kind = _FRAMES[request.channel]
    last = 0
    for frame in frames:
        if (
            type(frame) is not kind
            or frame.symbol != request.symbol
            or not request.start_ns <= frame.ts <= request.end_ns
            or not last < frame.seq
        ):
            raise Unreadable(f"frame {frame.seq} of {frame.symbol} does not belong to the page")
        last = frame.seq
    if request.before and last >= request.before:
        raise Unreadable(f"frame {last} is not before {request.before}")
