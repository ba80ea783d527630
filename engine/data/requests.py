"""Requests for data of the past: each is answered once, with a status, whatever happens.

The client's answer is an input with the id of the request. What cannot be asked is answered at
once, what nobody answers when its time is up; an answer that comes after that is refused. History
goes to whoever asked and behind what the cache holds, never to those who listen to live data.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from engine.clients import Client
from engine.clock import ComponentClock
from engine.context import Context
from engine.data.config import DataEngineConfig
from engine.model.bars import Bar
from engine.model.commands import (
    DataRequest,
    RequestBars,
    RequestBookDeltas,
    RequestBookSnapshot,
    RequestFundingRates,
    RequestInstrument,
    RequestQuoteTicks,
    RequestTradeTicks,
)
from engine.model.data import F_SNAPSHOT, FundingRateUpdate, OrderBookDeltas, QuoteTick, TradeTick
from engine.model.enums import AnswerStatus
from engine.model.events import TimeEvent
from engine.model.identifiers import ClientId
from engine.model.instruments import AnyInstrument
from engine.model.reports import DataResponse

_OK: Final = AnswerStatus.OK
_NOBODY: Final = ClientId("NONE")  # answered by no client

_KIND_OF: Final[dict[type[DataRequest], type]] = {
    RequestQuoteTicks: QuoteTick,
    RequestTradeTicks: TradeTick,
    RequestBookDeltas: OrderBookDeltas,
    RequestFundingRates: FundingRateUpdate,
    RequestBars: Bar,
    RequestBookSnapshot: OrderBookDeltas,
}


class Requests:
    """What one kernel has asked and not heard about.

    Args:
        refuse: says a reason and of what.
        on_instrument: takes the definition that an answer brought, as if it had been pushed.
    """

    __slots__ = ("_clock", "_config", "_ctx", "_on_instrument", "_pending", "_refuse")

    def __init__(
        self,
        ctx: Context,
        clock: ComponentClock,
        config: DataEngineConfig,
        refuse: Callable[[str, str], None],
        on_instrument: Callable[[AnyInstrument], None],
    ) -> None:
        self._ctx = ctx
        self._clock = clock
        self._config = config
        self._refuse = refuse
        self._on_instrument = on_instrument
        self._pending: dict[str, tuple[ClientId, DataRequest]] = {}

    def ask(self, request: DataRequest, client: Client | None) -> None:
        """Release the request for `client`, its end cut to now; `client` None, a range that ends
        before it begins or a limit below 0 is answered FAILED."""
        now_ns = self._ctx.clock.now_ns
        request_id = request.command_id
        end_ns = now_ns if not 0 < request.end_ns <= now_ns else request.end_ns
        if client is None or not 0 <= request.start_ns <= end_ns or request.limit < 0:
            if client is not None:
                self._refuse("INVALID_RANGE", describe_request(request))
            self._complete(request_id, _NOBODY, AnswerStatus.FAILED)
            return
        released = msgspec.structs.replace(request, client_id=client.client_id, end_ns=end_ns)
        self._pending[request_id] = (client.client_id, released)
        self._clock.set_time_alert_ns(
            request_id, now_ns + self._config.request_timeout_ns, self._on_timeout
        )
        self._ctx.outbox.append((client, released))

    def answer(self, response: DataResponse) -> None:
        """An answer that nobody waits for is refused; one that is not what was asked for counts as
        FAILED, and nothing of it is taken."""
        pending = self._pending.get(response.correlation_id)
        if pending is None or pending[0] != response.client_id:
            self._refuse("UNKNOWN_REQUEST", f"DataResponse {response.correlation_id}")
            return
        del self._pending[response.correlation_id]
        self._clock.cancel_timer(response.correlation_id)
        request = pending[1]
        if not _is_answer_to(request, response):
            self._refuse("RESPONSE_MALFORMED", describe_request(request))
            self._complete(request.command_id, response.client_id, AnswerStatus.FAILED)
            return
        self._take(request, response)
        self._ctx.bus.respond(request.command_id, response)

    def _take(self, request: DataRequest, response: DataResponse) -> None:
        data = response.data
        if type(request) is RequestInstrument:
            for definition in data:
                if isinstance(definition, AnyInstrument):
                    self._on_instrument(definition)
        elif self._config.cache_history:
            cache = self._ctx.cache
            instrument_id = request.instrument_id
            if type(request) is RequestQuoteTicks:
                quotes = [datum for datum in data if isinstance(datum, QuoteTick)]
                cache.add_quote_history(instrument_id, quotes)
            elif type(request) is RequestTradeTicks:
                trades = [datum for datum in data if isinstance(datum, TradeTick)]
                cache.add_trade_history(instrument_id, trades)
            elif type(request) is RequestFundingRates:
                rates = [datum for datum in data if isinstance(datum, FundingRateUpdate)]
                cache.add_funding_history(instrument_id, rates)
            elif isinstance(request, RequestBars):
                bars = [datum for datum in data if isinstance(datum, Bar)]
                cache.add_bar_history(request.bar_type, bars)

    def _on_timeout(self, event: TimeEvent) -> None:
        client_id, request = self._pending.pop(event.name)
        self._complete(request.command_id, client_id, AnswerStatus.TIMEOUT)

    def _complete(self, request_id: str, client_id: ClientId, status: AnswerStatus) -> None:
        response = DataResponse(client_id, request_id, status, (), self._ctx.clock.now_ns)
        self._ctx.bus.respond(request_id, response)


def describe_request(request: DataRequest) -> str:
    return (
        f"{type(request).__name__} {request.instrument_id} "
        f"{request.start_ns}..{request.end_ns} limit={request.limit}"
    )


def _is_answer_to(request: DataRequest, response: DataResponse) -> bool:
    """Whether the data is of the kind, the subject, the order and the range that were asked for."""
    data = response.data
    if response.status is not _OK:
        return not data
    if isinstance(request, RequestInstrument):
        return len(data) <= 1 and all(
            isinstance(datum, AnyInstrument) and datum.id == request.instrument_id for datum in data
        )
    kind = _KIND_OF[type(request)]
    if any(type(datum) is not kind for datum in data):
        return False
    if isinstance(request, RequestBars):
        subjects = [datum.bar_type == request.bar_type for datum in data if isinstance(datum, Bar)]
    else:
        subjects = [
            datum.instrument_id == request.instrument_id
            for datum in data
            if isinstance(datum, QuoteTick | TradeTick | OrderBookDeltas | FundingRateUpdate)
        ]
    if not all(subjects):
        return False
    if isinstance(request, RequestBookSnapshot):
        return len(data) == 1 and all(
            isinstance(datum, OrderBookDeltas)
            and bool(datum.deltas)
            and datum.deltas[0].flags & F_SNAPSHOT
            for datum in data
        )
    if request.limit and len(data) > request.limit:
        return False
    last_ns = request.start_ns
    for datum in data:
        if not isinstance(datum, AnyInstrument):
            if datum.ts_event < last_ns:
                return False
            last_ns = datum.ts_event
    return last_ns <= request.end_ns
