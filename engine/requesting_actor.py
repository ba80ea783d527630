"""The asking half of an actor: data of the past, and definitions and books as they stand.

The answer goes to `on_historical_data`, datum by datum, and then to a callback; both happen once,
and only while the actor is RUNNING.
"""

from collections.abc import Callable
from typing import Final

from engine import topics
from engine.context import Context
from engine.lifecycle import Component
from engine.model.bars import BarType
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
from engine.model.enums import ComponentState
from engine.model.identifiers import ClientId, InstrumentId
from engine.model.native import mypyc_attr
from engine.model.reports import DataResponse, HistoricalDatum

OnResponse = Callable[[DataResponse], None]

_RUNNING: Final = ComponentState.RUNNING


@mypyc_attr(allow_interpreted_subclasses=True)
class RequestingActor(Component):
    """Base of `MarketActor`, and so of every actor."""

    __slots__ = ("_ctx",)

    _ctx: Context

    def on_historical_data(self, datum: HistoricalDatum) -> None:
        """One datum of the answer to a request of this actor, oldest first."""

    def request_instrument(
        self,
        instrument_id: InstrumentId,
        client_id: ClientId | None = None,
        callback: OnResponse | None = None,
    ) -> str:
        """Ask for the definition as it stands; it is cached and published like one that came by
        itself. As `request_quote_ticks` otherwise."""
        require_instrument_id(instrument_id)
        ctx = self._ctx
        return self._request(
            RequestInstrument(ctx.new_id(), client_id, ctx.clock.now_ns, instrument_id, 0, 0, 0),
            callback,
        )

    def request_order_book_snapshot(
        self,
        instrument_id: InstrumentId,
        limit: int = 0,
        client_id: ClientId | None = None,
        callback: OnResponse | None = None,
    ) -> str:
        """Ask for the book as it stands, the best `limit` levels a side (0: all). The kernel's
        own book does not change."""
        require_instrument_id(instrument_id)
        ctx = self._ctx
        return self._request(
            RequestBookSnapshot(
                ctx.new_id(), client_id, ctx.clock.now_ns, instrument_id, 0, 0, limit
            ),
            callback,
        )

    def request_quote_ticks(
        self,
        instrument_id: InstrumentId,
        start_ns: int = 0,
        end_ns: int = 0,
        limit: int = 0,
        client_id: ClientId | None = None,
        callback: OnResponse | None = None,
    ) -> str:
        """Ask a client for quotes of the past.

        Each goes to `on_historical_data`, oldest first; then `callback` gets the response, with
        its status, whatever became of the request. Both happen once, and never while this actor
        is not RUNNING. The cache keeps them behind what it has.

        Args:
            start_ns, end_ns: of `ts_event`, both inclusive; 0: as far back as there is, and now.
            limit: only the newest so many; 0: all.
            client_id: None: routed by the venue of the instrument.
        Returns:
            The id of the request: the response's `correlation_id`.
        Raises:
            TypeError: `instrument_id` is no InstrumentId.
        """
        return self._request_range(
            RequestQuoteTicks, instrument_id, start_ns, end_ns, limit, client_id, callback
        )

    def request_trade_ticks(
        self,
        instrument_id: InstrumentId,
        start_ns: int = 0,
        end_ns: int = 0,
        limit: int = 0,
        client_id: ClientId | None = None,
        callback: OnResponse | None = None,
    ) -> str:
        return self._request_range(
            RequestTradeTicks, instrument_id, start_ns, end_ns, limit, client_id, callback
        )

    def request_order_book_deltas(
        self,
        instrument_id: InstrumentId,
        start_ns: int = 0,
        end_ns: int = 0,
        limit: int = 0,
        client_id: ClientId | None = None,
        callback: OnResponse | None = None,
    ) -> str:
        return self._request_range(
            RequestBookDeltas, instrument_id, start_ns, end_ns, limit, client_id, callback
        )

    def request_funding_rates(
        self,
        instrument_id: InstrumentId,
        start_ns: int = 0,
        end_ns: int = 0,
        limit: int = 0,
        client_id: ClientId | None = None,
        callback: OnResponse | None = None,
    ) -> str:
        return self._request_range(
            RequestFundingRates, instrument_id, start_ns, end_ns, limit, client_id, callback
        )

    def request_bars(
        self,
        bar_type: BarType,
        start_ns: int = 0,
        end_ns: int = 0,
        limit: int = 0,
        client_id: ClientId | None = None,
        callback: OnResponse | None = None,
    ) -> str:
        """Ask for closed bars of the venue (EXTERNAL); as `request_quote_ticks`."""
        if not isinstance(bar_type, BarType):
            raise TypeError(f"bar_type must be BarType, not {type(bar_type).__name__}")
        ctx = self._ctx
        return self._request(
            RequestBars(
                ctx.new_id(),
                client_id,
                ctx.clock.now_ns,
                bar_type.instrument_id,
                start_ns,
                end_ns,
                limit,
                bar_type,
            ),
            callback,
        )

    def _request_range(
        self,
        kind: type[DataRequest],
        instrument_id: InstrumentId,
        start_ns: int,
        end_ns: int,
        limit: int,
        client_id: ClientId | None,
        callback: OnResponse | None,
    ) -> str:
        require_instrument_id(instrument_id)
        ctx = self._ctx
        return self._request(
            kind(ctx.new_id(), client_id, ctx.clock.now_ns, instrument_id, start_ns, end_ns, limit),
            callback,
        )

    def _request(self, request: DataRequest, callback: OnResponse | None) -> str:
        def hear(response: DataResponse) -> None:
            for datum in response.data:
                if self._state is _RUNNING:
                    self.on_historical_data(datum)
            if callback is not None and self._state is _RUNNING:
                callback(response)

        self._ctx.bus.request(
            topics.DATA_EXECUTE, request.command_id, request, hear, self.component_id
        )
        return request.command_id


def require_instrument_id(instrument_id: object) -> None:
    if not isinstance(instrument_id, InstrumentId):
        raise TypeError(f"instrument_id must be InstrumentId, not {type(instrument_id).__name__}")
