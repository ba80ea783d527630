"""The venue's front door: bytes in, bytes out, and the bad habits that real venues have.

A request acts at most once, when it arrives. What it causes on the stream leaves right after
its answer, or before it (EVENT_BEFORE_ANSWER). Frames of one connection keep their order.

Bad habits, each a fault kind: ERROR_STATUS answers 503 without acting, or 500 having acted or
not; RATE_LIMIT_BAN turns every request away with 418 for up to five seconds; GAP numbers a
frame and does not send it; STALE_SNAPSHOT answers a depth query with an older book, numbered
as such; DUPLICATE_AFTER_RECONNECT repeats the last user frames under new numbers. They keep to
a contract: nothing that happened becomes unqueryable, and every withheld frame is followed by
another on its channel within a heartbeat, except on trades, where the next trade follows. An older
book is followed by a change within five seconds.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from engine.model.native import mypyc_attr
from invariants.truth import TrueRequest
from simulation.entropy import Stream
from simulation.faults import FaultKind
from simulation.injection import Faults
from simulation.venue.bucket import TokenBucket
from simulation.venue.definitions import instrument_record
from simulation.venue.enums import Code, MarketStatus
from simulation.venue.exchange import Exchange
from simulation.venue.history import History
from simulation.venue.limits import SECOND_NS, Limits
from simulation.venue.orders import VenueRefusal
from simulation.venue.protocol import (
    BANNED,
    BATCH_MAX,
    LATE,
    NOT_A_MESSAGE,
    OK,
    RATE_LIMITED,
    REFUSED,
    SERVER_ERROR,
    UNAVAILABLE,
    AccountAnswer,
    AccountQuery,
    AnswerBody,
    BatchCancelAnswer,
    BatchCancelRequest,
    CancelAllAnswer,
    CancelAllRequest,
    CancelAnswer,
    CancelRequest,
    DepthAnswer,
    DepthQuery,
    HistoryAnswer,
    HistoryQuery,
    InstrumentsAnswer,
    InstrumentsQuery,
    ModifyAnswer,
    ModifyRequest,
    OpenOrdersAnswer,
    OpenOrdersQuery,
    OrderQuery,
    OrderQueryAnswer,
    PositionSubmit,
    QuoteSubmitRequest,
    Refusal,
    Request,
    SubmitAnswer,
    SubmitRequest,
    TradesAnswer,
    TradesQuery,
    decode_request,
    encode,
)
from simulation.venue.sessions import Peer
from simulation.venue.streams import Streams

_WHERE: Final = "venue.request"
_BAN_NS: Final = (SECOND_NS, 5 * SECOND_NS)
_STALE_UPDATES: Final = 12  # how far back a stale picture may lie

ERROR_STATUS: Final = FaultKind.ERROR_STATUS
RATE_LIMIT_BAN: Final = FaultKind.RATE_LIMIT_BAN

_KINDS: Final[dict[type, str]] = {
    SubmitRequest: "SUBMIT",
    QuoteSubmitRequest: "SUBMIT",
    PositionSubmit: "SUBMIT",
    ModifyRequest: "MODIFY",
    CancelRequest: "CANCEL",
    BatchCancelRequest: "BATCH_CANCEL",
    CancelAllRequest: "CANCEL_ALL",
}


@mypyc_attr(allow_interpreted_subclasses=True)
class Gateway:
    """Serves one exchange over the protocol; a `simulation.network` server.

    Args:
        stream: draws how a bad habit shows, never whether.
        key: the one key it takes; None takes any that is not empty.
        history: what it answers about the past; None: nothing.

    Attributes:
        streams: the open connections.
    """

    def __init__(
        self,
        exchange: Exchange,
        faults: Faults,
        stream: Stream,
        limits: Limits | None = None,
        key: str | None = None,
        history: History | None = None,
    ) -> None:
        self._exchange = exchange
        self._faults = faults
        self._stream = stream
        self._limits = limits or Limits()
        self._key = key
        self._history = history
        self._bucket = TokenBucket(self._limits.requests_per_second, self._limits.burst)
        self._refused_in_a_row = 0
        self._banned_until_ns = 0
        self.streams = Streams(exchange, faults, stream, self._limits.heartbeat_ns, self._takes_key)
        self._handlers: dict[type, Callable[..., AnswerBody]] = {
            SubmitRequest: self._submit,
            QuoteSubmitRequest: self._submit,
            PositionSubmit: self._submit,
            ModifyRequest: self._modify,
            CancelRequest: self._cancel,
            BatchCancelRequest: self._batch_cancel,
            CancelAllRequest: self._cancel_all,
            OrderQuery: self._order,
            OpenOrdersQuery: self._open_orders,
            TradesQuery: self._trades,
            AccountQuery: self._account,
            InstrumentsQuery: self._instruments,
            DepthQuery: self._depth,
            HistoryQuery: self._past,
        }
        faults.on_heal(self.heal)

    def heal(self) -> None:
        """End what a bad habit began: bans are lifted."""
        self._banned_until_ns = 0
        self._refused_in_a_row = 0

    # --- request/answer --------------------------------------------------------------------

    def on_request(self, body: bytes) -> tuple[int, bytes]:
        """Judge, act and answer. Returns (status, encoded answer or Refusal)."""
        try:
            request = decode_request(body)
        except NOT_A_MESSAGE:
            return REFUSED, encode(Refusal("", Code.MALFORMED, "not a request of this protocol"))
        refused = self._turned_away(request)
        acted = False
        answer: AnswerBody
        if refused is not None:
            status, answer = refused
        elif self._faults.fires(ERROR_STATUS, _WHERE):
            status, answer, acted = self._fail(request)
        else:
            status, answer = self._act(request)
            acted = status == OK
        self._log(request, acted)
        streams = self.streams
        if not streams.is_holding or self._faults.fires(FaultKind.EVENT_BEFORE_ANSWER, _WHERE):
            streams.release()
        else:
            self._exchange.schedule(self._exchange.now(), streams.release)
        return status, encode(answer)

    def _turned_away(self, request: Request) -> tuple[int, Refusal] | None:
        """418 and 429: before anybody looks at what is asked."""
        now = self._exchange.now()
        wait_ns = self._banned_until_ns - now
        if wait_ns <= 0 and self._faults.fires(RATE_LIMIT_BAN, _WHERE):
            wait_ns = self._faults.amount_ns(RATE_LIMIT_BAN, *_BAN_NS)
            self._banned_until_ns = now + wait_ns
        if wait_ns > 0:
            return BANNED, Refusal(request.request_id, Code.BANNED, "banned for a while", wait_ns)
        wait_ns = self._bucket.take(now)
        if wait_ns == 0:
            self._refused_in_a_row = 0
            return None
        self._refused_in_a_row += 1
        if self._refused_in_a_row >= self._limits.ban_after:
            self._refused_in_a_row = 0
            wait_ns = self._limits.ban_ns
            self._banned_until_ns = now + wait_ns
            return BANNED, Refusal(request.request_id, Code.BANNED, "too many requests", wait_ns)
        reason = "too many requests"
        return RATE_LIMITED, Refusal(request.request_id, Code.RATE_LIMITED, reason, wait_ns)

    def _fail(self, request: Request) -> tuple[int, Refusal, bool]:
        """An answer that tells nothing: 503 never acted, 500 may have."""
        way = self._stream.below(3, "error_status")
        if way == 0:
            return (
                UNAVAILABLE,
                Refusal(request.request_id, Code.UNAVAILABLE, "try again later"),
                False,
            )
        acted = way == 2 and self._act(request)[0] == OK
        return SERVER_ERROR, Refusal(request.request_id, Code.INTERNAL, "internal error"), acted

    def _act(self, request: Request) -> tuple[int, AnswerBody]:
        deadline_ns = getattr(request, "deadline_ns", None)
        if deadline_ns is not None and self._exchange.now() > deadline_ns:
            return LATE, Refusal(request.request_id, Code.LATE, f"deadline was {deadline_ns}")
        key = getattr(request, "key", None)  # public requests have none
        if key is not None and not self._takes_key(key):
            return REFUSED, Refusal(request.request_id, Code.INVALID_KEY, "unknown key")
        self.streams.hold()
        try:
            return OK, self._handlers[type(request)](request)
        except VenueRefusal as refusal:
            return refusal.status, Refusal(request.request_id, refusal.code, refusal.reason)

    def _takes_key(self, key: str) -> bool:
        return key != "" if self._key is None else key == self._key

    def _log(self, request: Request, acted: bool) -> None:
        kind = _KINDS.get(type(request), "QUERY")
        client_order_id = getattr(request, "client_order_id", "")
        true = TrueRequest(self._exchange.now(), kind, request.request_id, client_order_id, acted)
        if type(request) is BatchCancelRequest:
            names = tuple(name for _, name in request.cancels)
            true = msgspec.structs.replace(true, client_order_ids=names)
        self._exchange.requests.append(true)

    def _submit(self, request: SubmitRequest) -> SubmitAnswer:
        is_quote, position_id = type(request) is QuoteSubmitRequest, None
        if isinstance(request, PositionSubmit):
            is_quote, position_id = request.in_quote, request.position_id
        order = self._exchange.submit(
            request.client_order_id,
            request.symbol,
            request.side,
            request.type,
            request.time_in_force,
            request.quantity,
            request.price,
            request.trigger_price,
            request.expire_time_ns,
            request.post_only,
            request.reduce_only,
            request.request_id,
            is_quote,
            position_id,
        )
        return SubmitAnswer(request.request_id, order.record())

    def _modify(self, request: ModifyRequest) -> ModifyAnswer:
        order = self._exchange.modify(
            request.symbol,
            request.client_order_id,
            request.quantity,
            request.price,
            request.trigger_price,
            request.request_id,
        )
        return ModifyAnswer(request.request_id, order.record())

    def _cancel(self, request: CancelRequest) -> CancelAnswer:
        order = self._exchange.cancel(request.symbol, request.client_order_id, request.request_id)
        return CancelAnswer(request.request_id, order.record())

    def _batch_cancel(self, request: BatchCancelRequest) -> BatchCancelAnswer:
        if len(request.cancels) > BATCH_MAX:
            reason = f"{len(request.cancels)} cancels in one batch, at most {BATCH_MAX}"
            raise VenueRefusal(REFUSED, Code.MALFORMED, reason)
        answers: list[CancelAnswer | Refusal] = []
        for request_id, client_order_id in request.cancels:
            try:
                order = self._exchange.cancel(request.symbol, client_order_id, request_id)
                answers.append(CancelAnswer(request_id, order.record()))
            except VenueRefusal as refusal:
                answers.append(Refusal(request_id, refusal.code, refusal.reason))
        return BatchCancelAnswer(request.request_id, tuple(answers))

    def _cancel_all(self, request: CancelAllRequest) -> CancelAllAnswer:
        count = self._exchange.cancel_all(request.symbol, request.side, request.request_id)
        return CancelAllAnswer(request.request_id, count)

    def _order(self, request: OrderQuery) -> OrderQueryAnswer:
        return OrderQueryAnswer(
            request.request_id,
            self._exchange.order_record(request.client_order_id),
            self._exchange.trades_of(request.client_order_id),
        )

    def _open_orders(self, request: OpenOrdersQuery) -> OpenOrdersAnswer:
        return OpenOrdersAnswer(request.request_id, self._exchange.open_orders())

    def _trades(self, request: TradesQuery) -> TradesAnswer:
        page = self._limits.page
        limit = min(request.limit, page) if request.limit > 0 else page
        trades, more = self._exchange.trades_since(request.since_ns, request.after_trade_no, limit)
        return TradesAnswer(request.request_id, trades, more)

    def _account(self, request: AccountQuery) -> AccountAnswer:
        return self._exchange.account(request.request_id)

    def _instruments(self, request: InstrumentsQuery) -> InstrumentsAnswer:
        rates = self._exchange.rates
        settled = self._exchange.expiry.settled
        return InstrumentsAnswer(
            request.request_id,
            tuple(
                instrument_record(book.listing, rates[symbol], settled.get(symbol))
                for symbol, book in sorted(self._exchange.books.items())
            ),
        )

    def _depth(self, request: DepthQuery) -> DepthAnswer:
        book = self._exchange.books.get(request.symbol)
        if book is None:
            reason = f"no instrument {request.symbol!r}"
            raise VenueRefusal(REFUSED, Code.UNKNOWN_SYMBOL, reason)
        # of a market that is over nothing follows by which a client could tell
        may_be_stale = book.status is not MarketStatus.EXPIRED
        if may_be_stale and self._faults.fires(FaultKind.STALE_SNAPSHOT, _WHERE):
            picture = book.depth_before(1 + self._stream.below(_STALE_UPDATES, "stale_snapshot"))
            # in a market that stands still nobody could tell it from the book as it is
            self.streams.owe_change(request.symbol)
        else:
            picture = book.depth()
        return DepthAnswer(request.request_id, request.symbol, *picture)

    def _past(self, request: HistoryQuery) -> HistoryAnswer:
        if self._history is None:
            raise VenueRefusal(REFUSED, Code.NO_HISTORY, "this venue keeps no history")
        limit = min(request.limit, self._limits.page)
        frames, more = self._history.page(
            request.channel,
            request.symbol,
            request.start_ns,
            request.end_ns,
            request.before,
            limit,
        )
        return HistoryAnswer(request.request_id, frames, more)

    # --- stream ----------------------------------------------------------------------------

    def on_connect(self, peer: Peer) -> None:
        self.streams.on_connect(peer)

    def on_frame(self, peer: Peer, body: bytes) -> None:
        self.streams.on_frame(peer, body)

    def on_close(self, peer: Peer) -> None:
        self.streams.on_close(peer)
