"""The native adapter: the kernel's client on one side, the venue's protocol on the other.

It owns the connection, the login, the numbering of frames, book pictures, the pace of requests
and the translation of both directions. It decides nothing about orders: what the venue said
becomes a report, and a request that ended without word becomes `OutcomeUnknown`.

Requests do not travel on the stream. When the stream is down, submits and modifies are turned
back unsent, because nobody would hear what becomes of them; cancels and queries still go out.

Every request has one ending. A definitive refusal (400, 404; 408, 418, 429 and 503, which say
that nothing was done; our own pace) becomes the matching *Rejected* report. A timeout, a refused
connection, a 500, an unreadable answer or "that id was used before" proves nothing.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from engine.clients import Post
from engine.model.commands import (
    BatchCancelOrders,
    CancelOrder,
    Command,
    Connect,
    Disconnect,
    ModifyOrder,
    QueryAccount,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    RequestBars,
    RequestBookDeltas,
    RequestBookSnapshot,
    RequestFundingRates,
    RequestInstrument,
    RequestQuoteTicks,
    RequestTradeTicks,
    SubmitOrder,
    Subscribe,
    Unsubscribe,
)
from engine.model.enums import DataKind, RequestKind
from engine.model.native import mypyc_attr
from engine.model.reports import (
    ClientConnected,
    ClientDisconnected,
    ClientMessage,
    ExecutionReport,
    InstrumentReceived,
    OutcomeUnknown,
)
from simulation.client_book import Books
from simulation.client_config import NativeClientConfig as NativeClientConfig
from simulation.client_history import Past
from simulation.client_mapping import POST_ONLY_CODE, Mapper, UnknownSymbol, Unreadable
from simulation.client_queries import Queries
from simulation.client_requests import UNREADABLE, Pace, Requests, reason_of
from simulation.client_session import (
    NumberedFrame,
    Session,
    Topic,
)
from simulation.entropy import Entropy
from simulation.network import Network
from simulation.scheduler import Scheduler
from simulation.venue import protocol as wire

SECOND: Final = 1_000_000_000

CHANNELS: Final[Mapping[DataKind, str]] = {
    DataKind.QUOTES: wire.CHANNEL_QUOTES,
    DataKind.TRADES: wire.CHANNEL_TRADES,
    DataKind.BOOK_DELTAS: wire.CHANNEL_BOOK,
    DataKind.BOOK_DEPTH10: wire.CHANNEL_DEPTH,
    DataKind.INSTRUMENT: wire.CHANNEL_INSTRUMENT,
}

# why a command was turned back unsent
NOT_CONNECTED: Final = "NOT_CONNECTED: never sent"
TOO_FAST: Final = "RATE_LIMITED: never sent"
UNMAPPABLE: Final = "INVALID_COMMAND: never sent"

_DUPLICATE_ORDER: Final = "DUPLICATE_CLIENT_ORDER_ID"

TradingRequest = SubmitOrder | ModifyOrder | CancelOrder

_REQUEST_KINDS: Final[Mapping[type, RequestKind]] = {
    SubmitOrder: RequestKind.SUBMIT,
    ModifyOrder: RequestKind.MODIFY,
    CancelOrder: RequestKind.CANCEL,
}


@mypyc_attr(allow_interpreted_subclasses=True)
class NativeClient:
    """Data and execution client of one account at one simulated venue.

    Args:
        post: Takes each message for the kernel. It must queue it: some are posted while the
            kernel releases commands.

    Attributes:
        mapper: knows the instruments that the venue defined, and counts what it had to skip.
        session: the stream: its state, its attempts, frames missed.
    """

    absence_is_final = True  # a late request is refused, so what a query lacks never comes
    takes_batches = True
    data_kinds = tuple(CHANNELS)

    def __init__(
        self,
        config: NativeClientConfig,
        network: Network,
        scheduler: Scheduler,
        entropy: Entropy,
        post: Post,
    ) -> None:
        self.client_id = config.client_id
        self.venue = config.venue
        self.account_id = config.account_id
        self.account_type = config.account_type
        self.oms_type = config.oms_type
        self.request_lifetime_ns = config.request_lifetime_ns
        self._config = config
        self._scheduler = scheduler
        self._post = post
        self.mapper = Mapper(
            config.client_id, config.venue, config.account_id, config.account_type, config.key
        )
        self.session = Session(
            config.session,
            config.host,
            config.key,
            network,
            scheduler,
            entropy.stream(f"client.{config.client_id}"),
            self,
        )
        self._requests = Requests(
            scheduler,
            network,
            config.host,
            config.request_timeout_ns,
            Pace(config.requests_per_second, config.burst),
        )
        # client order id of each unanswered submit -> commands held until it is answered
        self._unanswered: dict[str, list[ModifyOrder | CancelOrder]] = {}
        self._books = Books(scheduler, self._requests, self.mapper, post, self._own_request_id)
        queries = Queries(
            scheduler, self._requests, self.mapper, post, config.client_id, config.key, config.page
        )
        past = Past(scheduler, self._requests, self.mapper, post, config.client_id, config.page)
        self._own_requests = 0
        self._dated = False  # whether anything here is ever settled
        self._is_abandoned = False
        self._commands: Mapping[type[Command], Callable[..., None]] = {
            Connect: self._connect,
            Disconnect: self._disconnect,
            Subscribe: self._subscribe,
            Unsubscribe: self._unsubscribe,
            SubmitOrder: self._trade,
            ModifyOrder: self._trade,
            CancelOrder: self._trade,
            BatchCancelOrders: self._cancel_batch,
            QueryOrder: queries.order,
            QueryOpenOrders: queries.open_orders,
            QueryFills: queries.fills,
            QueryAccount: queries.account,
            RequestQuoteTicks: past.history,
            RequestTradeTicks: past.history,
            RequestBookDeltas: past.history,
            RequestBookSnapshot: past.snapshot,
            RequestInstrument: past.instrument,
            RequestBars: past.unsupported,
            RequestFundingRates: past.unsupported,
        }
        self._reports: Mapping[type, Callable[..., ClientMessage]] = {
            wire.QuoteFrame: self.mapper.quote,
            wire.TradeFrame: self.mapper.trade,
            wire.DepthFrame: self.mapper.depth,
            wire.InstrumentFrame: self._instrument,
            wire.OrderFrame: self.mapper.order_event,
            wire.FillFrame: self._fill,
            wire.BalanceFrame: self._balances,
            wire.SettlementFrame: self._settlement,
        }

    # --- the kernel's side -----------------------------------------------------------------

    def send(self, command: Command) -> None:
        """Take one command and return at once.

        Raises:
            TypeError: no command of a client.
        """
        handle = self._commands.get(type(command))
        if handle is None:
            raise TypeError(f"a client does not take {type(command).__name__}")
        handle(command)

    @property
    def requests_pending(self) -> int:
        """Requests that have not ended, held ones included."""
        held = sum(len(commands) for commands in self._unanswered.values())
        return len(self._requests) + held

    @property
    def subscriptions(self) -> tuple[Topic, ...]:
        """What it wants to be subscribed to: (channel, symbol), in the order asked for."""
        return self.session.wanted

    def abandon(self) -> None:
        """Vanish, as a process does that dies: nothing is posted any more."""
        self._is_abandoned = True
        self.session.abandon()
        self._requests.abandon()
        self._books.lost()
        self._unanswered = {}

    def _connect(self, command: Connect) -> None:
        self.session.connect()

    def _disconnect(self, command: Disconnect) -> None:
        # not from within the kernel's release of commands
        self._soon(self.session.disconnect)

    def _subscribe(self, command: Subscribe) -> None:
        self.session.want(CHANNELS[command.kind], command.instrument_id.symbol)

    def _unsubscribe(self, command: Unsubscribe) -> None:
        symbol = command.instrument_id.symbol
        self.session.unwant(CHANNELS[command.kind], symbol)
        if command.kind is DataKind.BOOK_DELTAS:
            self._books.unsubscribed(symbol)

    # --- trading ---------------------------------------------------------------------------

    def _trade(self, command: TradingRequest) -> None:
        if not isinstance(command, SubmitOrder):
            held = self._unanswered.get(command.client_order_id)
            if held is not None:
                # nothing orders two requests: overtaking its submit, it would find no order
                held.append(command)
                return
        self._release(command)

    def _release(self, command: TradingRequest) -> None:
        if not isinstance(command, CancelOrder) and not self.session.is_live:
            self._turn_back(command, NOT_CONNECTED)
            return
        try:
            body = self._request_body(command)
        except (UnknownSymbol, ValueError):
            self._turn_back(command, UNMAPPABLE)
            return
        sent = self._requests.send_now(
            command.command_id,
            body,
            partial(self._on_trading_answer, command),
            partial(self._on_trading_silence, command),
        )
        if not sent:
            self._turn_back(command, TOO_FAST)
        elif isinstance(command, SubmitOrder):
            self._unanswered[command.order.client_order_id] = []

    def _cancel_batch(self, command: BatchCancelOrders) -> None:
        ready: list[CancelOrder] = []
        for cancel in command.cancels:
            held = self._unanswered.get(cancel.client_order_id)
            if held is None:
                ready.append(cancel)
            else:
                held.append(cancel)  # it follows its submit on its own
        for start in range(0, len(ready), wire.BATCH_MAX):
            request_id = f"{command.command_id}+{start}" if start else command.command_id
            self._send_batch(request_id, ready[start : start + wire.BATCH_MAX])

    def _send_batch(self, request_id: str, cancels: list[CancelOrder]) -> None:
        deadline_ns = self._scheduler.now_ns + self.request_lifetime_ns
        request = self.mapper.batch_cancel_request(request_id, cancels, deadline_ns)
        sent = self._requests.send_now(
            request_id,
            wire.encode(request),
            partial(self._on_batch_answer, cancels),
            partial(self._on_batch_silence, cancels),
        )
        if not sent:
            for cancel in cancels:
                self._turn_back(cancel, TOO_FAST)

    def _on_batch_answer(
        self,
        cancels: list[CancelOrder],
        status: int,
        answer: wire.AnswerBody,
        sent_ns: int,
        late: bool,
    ) -> None:
        """Each order hears its own part; what is said of the whole holds for each."""
        if not isinstance(answer, wire.BatchCancelAnswer):
            for cancel in cancels:
                self._on_trading_answer(cancel, status, answer, sent_ns, late)
            return
        parts = {part.request_id: part for part in answer.answers}
        for cancel in cancels:
            part = parts.get(cancel.command_id)
            if part is not None:
                done = wire.OK if isinstance(part, wire.CancelAnswer) else wire.REFUSED
                self._on_trading_answer(cancel, done, part, sent_ns, late)
            elif not late:
                self._on_trading_silence(cancel, UNREADABLE, sent_ns)

    def _on_batch_silence(self, cancels: list[CancelOrder], why: str, sent_ns: int) -> None:
        for cancel in cancels:
            self._on_trading_silence(cancel, why, sent_ns)

    def _request_body(self, command: TradingRequest) -> bytes:
        deadline_ns = self._scheduler.now_ns + self.request_lifetime_ns
        if isinstance(command, SubmitOrder):
            return wire.encode(self.mapper.submit_request(command, deadline_ns))
        if isinstance(command, ModifyOrder):
            return wire.encode(self.mapper.modify_request(command, deadline_ns))
        return wire.encode(self.mapper.cancel_request(command, deadline_ns))

    def _turn_back(self, command: TradingRequest, reason: str) -> None:
        report = self.mapper.refused(command, reason, False, self._scheduler.now_ns)
        self._soon(partial(self._post, report))

    def _on_trading_answer(
        self,
        command: TradingRequest,
        status: int,
        answer: wire.AnswerBody,
        sent_ns: int,
        late: bool,
    ) -> None:
        try:
            if isinstance(answer, wire.SubmitAnswer):
                self._tell_conversion(command, answer.order)
            report = self._trading_report(command, status, answer)
            why = reason_of(answer)
        except (Unreadable, UnknownSymbol):
            report, why = None, UNREADABLE
        if report is not None:
            self._post(report)
        elif not late:
            self._post_unknown(command, why)
        self._settle(command)

    def _tell_conversion(self, command: TradingRequest, order: wire.OrderRecord) -> None:
        """What an order in quote was converted to, before it is told to be accepted: the frame
        that says so may be lost, or come later."""
        if (
            isinstance(command, SubmitOrder)
            and command.order.quote_quantity
            and order.status != "REJECTED"
        ):
            now_ns = self._scheduler.now_ns
            # under the submit's own name: one without would answer a modify that is on its way
            request_id = command.command_id
            self._post(self.mapper.updated(order, request_id, order.ts_accepted, now_ns))

    def _trading_report(
        self, command: TradingRequest, status: int, answer: wire.AnswerBody
    ) -> ExecutionReport | None:
        """What an answer states about the command; None when it proves nothing."""
        mapper = self.mapper
        now_ns = self._scheduler.now_ns
        if isinstance(answer, wire.Refusal):
            if status not in _DEFINITIVE or answer.code == _DUPLICATE_ORDER:
                return None
            return mapper.refused(command, reason_of(answer), answer.code == POST_ONLY_CODE, now_ns)
        if status != wire.OK:
            raise Unreadable(f"status {status} with {type(answer).__name__}")
        if isinstance(command, SubmitOrder) and isinstance(answer, wire.SubmitAnswer):
            order = answer.order
            if order.status == "REJECTED":
                return mapper.rejected(order, order.reason == POST_ONLY_CODE, order.ts_last, now_ns)
            return mapper.accepted(order, order.ts_accepted, now_ns)
        if isinstance(command, ModifyOrder) and isinstance(answer, wire.ModifyAnswer):
            order = answer.order
            return mapper.updated(order, command.command_id, order.ts_last, now_ns)
        if isinstance(command, CancelOrder) and isinstance(answer, wire.CancelAnswer):
            order = answer.order
            if order.status == "CANCELED":
                return mapper.canceled(order, order.ts_last, now_ns)
            if order.status == "EXPIRED":
                return mapper.expired(order, order.ts_last, now_ns)
            return mapper.refused(command, f"ORDER_{order.status}", False, now_ns)
        raise Unreadable(f"{type(answer).__name__} answers no {type(command).__name__}")

    def _on_trading_silence(self, command: TradingRequest, why: str, sent_ns: int) -> None:
        self._post_unknown(command, why)
        self._settle(command)

    def _post_unknown(self, command: TradingRequest, why: str) -> None:
        order = command.order if isinstance(command, SubmitOrder) else command
        self._post(
            OutcomeUnknown(
                self.client_id,
                order.client_order_id,
                _REQUEST_KINDS[type(command)],
                command.command_id,
                why,
                self._scheduler.now_ns,
            )
        )

    def _settle(self, command: TradingRequest) -> None:
        """A submit has ended: what was held for it goes out, in order."""
        if isinstance(command, SubmitOrder):
            for held in self._unanswered.pop(command.order.client_order_id, ()):
                self._trade(held)

    # --- the session's calls ---------------------------------------------------------------

    def prepare(self) -> None:
        """Know the instruments before any frame speaks of one."""
        if self.mapper.instruments:
            self.session.prepared()
            return
        request_id = self._own_request_id()
        self._requests.send_in_turn(
            request_id,
            wire.encode(wire.InstrumentsQuery(request_id)),
            self._on_instruments,
            self._on_no_instruments,
        )

    def _on_instruments(
        self, status: int, answer: wire.AnswerBody, sent_ns: int, late: bool
    ) -> None:
        if late or self.mapper.instruments:
            return
        if not isinstance(answer, wire.InstrumentsAnswer):
            self.session.drop(f"instruments: {reason_of(answer)}")
            return
        now_ns = self._scheduler.now_ns
        try:
            for record in answer.instruments:
                instrument = self.mapper.add_instrument(record, now_ns)
                self._post(InstrumentReceived(instrument, now_ns))
                self._dated = self._dated or instrument.expiration_ns > 0
        except Unreadable as error:
            self.session.drop(f"instruments: {error}")
            return
        self.session.prepared()

    def _on_no_instruments(self, why: str, sent_ns: int) -> None:
        self.session.drop(f"instruments: {why}")

    def on_live(self) -> None:
        self._post(ClientConnected(self.client_id, self._scheduler.now_ns))
        if self._dated:
            self._ask_settlements()

    def _ask_settlements(self) -> None:
        """What was settled before the user channel was heard again shows in the records."""
        request_id = self._own_request_id()
        self._requests.send_in_turn(
            request_id,
            wire.encode(wire.InstrumentsQuery(request_id)),
            self._on_settlements,
            self._on_no_instruments,
        )

    def _on_settlements(
        self, status: int, answer: wire.AnswerBody, sent_ns: int, late: bool
    ) -> None:
        if late:
            return
        if not isinstance(answer, wire.InstrumentsAnswer):
            self.session.drop(f"instruments: {reason_of(answer)}")
            return
        now_ns = self._scheduler.now_ns
        for record in answer.instruments:
            if isinstance(record, wire.DatedRecord) and record.settled is not None:
                try:
                    report = self.mapper.settlement(
                        record.symbol, record.settled, record.expiration_ns, now_ns
                    )
                except (UnknownSymbol, Unreadable) as error:
                    self.session.drop(f"instruments: {error}")
                    return
                self._post(report)

    def _settlement(self, frame: wire.SettlementFrame, now_ns: int) -> ClientMessage:
        return self.mapper.settlement(frame.symbol, frame.price, frame.ts, now_ns)

    def on_lost(self, reason: str, was_live: bool) -> None:
        self._books.lost()
        if was_live:
            self._post(ClientDisconnected(self.client_id, reason, self._scheduler.now_ns))

    def on_subscribed(self, channel: str, symbol: str) -> None:
        if channel == wire.CHANNEL_BOOK:
            self._books.subscribed(symbol)

    def on_frame(self, frame: NumberedFrame) -> None:
        report = self._reports.get(type(frame))
        try:
            if report is not None:
                self._post(report(frame, self._scheduler.now_ns))
            elif isinstance(frame, wire.BookFrame):
                self._books.on_frame(frame)
        except UnknownSymbol:
            self.mapper.unknown_symbols += 1
        except Unreadable as error:
            self.session.drop(f"unreadable: {error}")

    def _fill(self, frame: wire.FillFrame, now_ns: int) -> ClientMessage:
        return self.mapper.fill(frame.trade, now_ns)

    def _instrument(self, frame: wire.InstrumentFrame, now_ns: int) -> ClientMessage:
        return InstrumentReceived(self.mapper.add_instrument(frame.instrument, now_ns), now_ns)

    def _balances(self, frame: wire.BalanceFrame, now_ns: int) -> ClientMessage:
        return self.mapper.account(frame.balances, None, frame.ts, now_ns)

    # --- small things ----------------------------------------------------------------------

    def _own_request_id(self) -> str:
        self._own_requests += 1
        return f"{self.client_id}+{self._own_requests}"

    def _soon(self, action: Callable[[], None]) -> None:
        """At this instant, but after the kernel has released its commands."""
        self._scheduler.post(self._scheduler.now_ns, partial(self._unless_abandoned, action))

    def _unless_abandoned(self, action: Callable[[], None]) -> None:
        if not self._is_abandoned:
            action()


_DEFINITIVE: Final = (
    wire.REFUSED,
    wire.UNKNOWN_ORDER,
    wire.LATE,
    wire.BANNED,
    wire.RATE_LIMITED,
    wire.UNAVAILABLE,
)
