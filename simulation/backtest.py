"""A strategy over recorded data: the same kernel and the same venue, with nothing in between.

No network and no bytes; a latency model is all that stands between kernel and venue. Per datum
the venue acts first (resting orders meet the new market), then the kernel hears of it.

The recording is the market: a quote replaces what the other participants show at the touch, deltas
of a book change the levels that they show, a trade is an aggressive order of that size. Our own orders rest beside them and take nothing that
is not shown. A market that nobody of ours could have met is not laid into the book at all: see
`Touch`.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from engine.journal.port import Journal
from engine.kernel import Kernel, KernelConfig
from engine.model.commands import (
    CancelOrder,
    Command,
    Connect,
    Disconnect,
    FireTimer,
    ModifyOrder,
    QueryAccount,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    StartKernel,
    StopKernel,
    SubmitOrder,
)
from engine.model.data import OrderBookDeltas, QuoteTick, TradeTick
from engine.model.enums import BUY as BOOK_BUY
from engine.model.enums import (
    AccountType,
    AggressorSide,
    AnswerStatus,
    BookAction,
    KernelState,
    OmsType,
)
from engine.model.identifiers import AccountId, ClientId, InstrumentId, TraderId
from engine.model.identifiers import Venue as VenueId
from engine.model.reports import (
    ClientConnected,
    ClientDisconnected,
    ClientMessage,
    FillsAnswer,
    InstrumentReceived,
    OpenOrdersAnswer,
    OrderAnswer,
)
from engine.strategy import Strategy
from simulation.backtest_result import LatencyModel as LatencyModel
from simulation.backtest_result import Result as Result
from simulation.client_mapping import Mapper
from simulation.market.shown import Change, ShownDepth
from simulation.market.ticks import Datum
from simulation.scenario import Instrument, Venue, opening_account
from simulation.scheduler import Scheduler
from simulation.venue.book import Book, Resting
from simulation.venue.enums import BUY, SELL, Side
from simulation.venue.exchange import Exchange
from simulation.venue.fees import FeeRates
from simulation.venue.floor import Floor
from simulation.venue.orders import VenueOrder, VenueRefusal
from simulation.venue.protocol import OrderRecord, TradeRecord

_CLEAR: Final = BookAction.CLEAR
_DELETE: Final = BookAction.DELETE
_STOPPED: Final = KernelState.STOPPED
_ALL: Final = 1 << 30  # every trade in one page
_BEYOND: Final = 1 << 63  # above every price


class DirectClient:
    """The engine's ports straight onto an exchange: a call each way.

    `post` is given what the venue says, in order; the driver turns it into turns. `touches`
    bring the market up to date before an order meets it.
    """

    request_lifetime_ns = 1
    absence_is_final = True

    def __init__(
        self,
        exchange: Exchange,
        instruments: Sequence[Instrument],
        account_type: AccountType,
        oms_type: OmsType,
        scheduler: Scheduler,
        latency: LatencyModel,
        post: Callable[[ClientMessage], None],
        touches: Mapping[InstrumentId, "Touch"],
    ) -> None:
        self.client_id = ClientId(exchange.name)
        self.venue = VenueId(exchange.name)
        self.account_id = AccountId(exchange.account_id)
        self.account_type = account_type
        self.oms_type = oms_type
        self._exchange = exchange
        self._scheduler = scheduler
        self._post = post
        self._touches = touches
        self._map = Mapper(self.client_id, self.venue, self.account_id, account_type, "")
        for instrument in instruments:
            self._map.instruments[instrument.id.symbol] = instrument
        self._send: Mapping[type, tuple[Callable[..., None], int]] = {
            Connect: (self._connect, 0),
            Disconnect: (self._disconnect, 0),
            SubmitOrder: (self._submit, latency.insert_ns),
            ModifyOrder: (self._modify, latency.update_ns),
            CancelOrder: (self._cancel, latency.delete_ns),
            QueryOrder: (self._query_order, 0),
            QueryOpenOrders: (self._query_open_orders, 0),
            QueryFills: (self._query_fills, 0),
            QueryAccount: (self._query_account, 0),
        }
        exchange.listen_to_orders(self)

    def send(self, command: Command) -> None:
        known = self._send.get(type(command))
        if known is None:
            return  # a subscription: everything recorded is delivered as it is
        act, delay_ns = known
        if delay_ns:
            self._scheduler.post(self._scheduler.now_ns + delay_ns, lambda: act(command))
        else:
            act(command)

    # --- commands --------------------------------------------------------------------------

    def _connect(self, _: Connect) -> None:
        now_ns = self._scheduler.now_ns
        for instrument in self._map.instruments.values():
            self._post(InstrumentReceived(instrument, now_ns))
        self._post(ClientConnected(self.client_id, now_ns))

    def _disconnect(self, _: Disconnect) -> None:
        self._post(ClientDisconnected(self.client_id, "asked to", self._scheduler.now_ns))

    def _submit(self, command: SubmitOrder) -> None:
        self._touches[command.instrument_id].lay()
        try:
            self._exchange.submit(
                *self._map.order_terms(command),
                command.command_id,
                command.order.quote_quantity,
                command.position_id,
            )
        except VenueRefusal as refusal:
            if command.order.client_order_id not in self._exchange.orders:
                self._refused(command, refusal)  # else the venue has told it as an order event

    def _modify(self, command: ModifyOrder) -> None:
        wanted = self._map.modify_request(command, 0)
        self._touches[command.instrument_id].lay()
        try:
            self._exchange.modify(
                wanted.symbol,
                wanted.client_order_id,
                wanted.quantity,
                wanted.price,
                wanted.trigger_price,
                wanted.request_id,
            )
        except VenueRefusal as refusal:
            self._refused(command, refusal)

    def _cancel(self, command: CancelOrder) -> None:
        self._touches[command.instrument_id].lay_for_stops()
        try:
            self._exchange.cancel(
                command.instrument_id.symbol, command.client_order_id, command.command_id
            )
        except VenueRefusal as refusal:
            self._refused(command, refusal)

    def _refused(
        self, command: SubmitOrder | ModifyOrder | CancelOrder, refusal: VenueRefusal
    ) -> None:
        self._post(self._map.refused(command, str(refusal), False, self._scheduler.now_ns))

    # --- queries ---------------------------------------------------------------------------

    def _query_order(self, command: QueryOrder) -> None:
        now_ns = self._scheduler.now_ns
        name = command.client_order_id
        record = self._exchange.order_record(name)
        self._post(
            OrderAnswer(
                self.client_id,
                command.command_id,
                AnswerStatus.OK,
                name,
                None if record is None else self._map.order_status(record, now_ns),
                tuple(self._map.fill(trade, now_ns) for trade in self._exchange.trades_of(name)),
                now_ns,
                now_ns,
            )
        )

    def _query_open_orders(self, command: QueryOpenOrders) -> None:
        now_ns = self._scheduler.now_ns
        orders = tuple(
            self._map.order_status(record, now_ns) for record in self._exchange.open_orders()
        )
        self._post(
            OpenOrdersAnswer(
                self.client_id, command.command_id, AnswerStatus.OK, orders, now_ns, now_ns
            )
        )

    def _query_fills(self, command: QueryFills) -> None:
        now_ns = self._scheduler.now_ns
        trades, _ = self._exchange.trades_since(command.since_ns, 0, _ALL)
        fills = tuple(self._map.fill(trade, now_ns) for trade in trades)
        self._post(FillsAnswer(self.client_id, command.command_id, AnswerStatus.OK, fills, now_ns))

    def _query_account(self, command: QueryAccount) -> None:
        now_ns = self._scheduler.now_ns
        balances = self._exchange.account().balances
        self._post(self._map.account(balances, command.command_id, now_ns, now_ns))

    # --- what the venue tells: `simulation.venue.floor.OrderListener` ------------------------

    def on_order(
        self, event: str, order: OrderRecord, request_id: str | None, due_post_only: bool, ts: int
    ) -> None:
        now_ns = self._scheduler.now_ns
        self._post(self._map.order_told(event, order, request_id, due_post_only, ts, now_ns))

    def on_fill(self, trade: TradeRecord, order: VenueOrder) -> None:
        self._post(self._map.fill(trade, self._scheduler.now_ns))

    def on_settlement(self, symbol: str, price: int, ts: int) -> None:
        self._post(self._map.settlement(symbol, price, ts, self._scheduler.now_ns))


class Touch:
    """The other participants of one book as a recording shows them: one order a side.

    Where the recording has deltas of the book, these show its levels instead, each at once, and
    quotes say nothing more. A quote waits here until an order of ours could notice it: one that would trade with it, or
    be triggered by it, or arrive. Quotes in between never were in the book, and nobody can tell.
    """

    __slots__ = (
        "_ask",
        "_ask_max",
        "_ask_min",
        "_bid",
        "_bid_max",
        "_bid_min",
        "_book",
        "_depth",
        "_floor",
        "_judged",
        "_waiting",
    )

    def __init__(self, floor: Floor, book: Book) -> None:
        self._floor = floor
        self._book = book
        self._bid: Resting | None = None
        self._ask: Resting | None = None
        self._waiting: QuoteTick | None = None
        self._depth: ShownDepth | None = None
        # Quotes within these bounds change nothing for our orders, as they stood after so many
        # venue events.
        self._judged = -1
        self._bid_min = self._bid_max = self._ask_min = self._ask_max = 0

    def on_quote(self, quote: QuoteTick) -> None:
        if self._depth is not None:
            return
        self._waiting = quote
        if self._floor.open and self._is_noticed(quote):
            self.lay()

    def on_trade(self, trade: TradeTick) -> None:
        """Somebody takes `trade.size` up to the trade's price; ours rest in the way or do not."""
        floor = self._floor
        if not floor.open:
            return
        self.lay()
        side = SELL if trade.aggressor_side is AggressorSide.SELLER else BUY
        floor.hit(self._book, side, trade.size_mantissa, trade.price_mantissa)
        floor.settle(self._book)

    def on_deltas(self, batch: OrderBookDeltas) -> None:
        """One event of the recorded book."""
        depth = self._depth
        if depth is None:
            depth = self._show_depth()
        deltas = batch.deltas
        first = deltas[0]
        if len(deltas) == 1 and first.action is not _CLEAR:
            size = 0 if first.action is _DELETE else first.size_mantissa
            depth.set(BUY if first.side is BOOK_BUY else SELL, first.price_mantissa, size)
        else:
            is_image = False
            changes: list[Change] = []
            for delta in deltas:
                if delta.action is _CLEAR:
                    is_image = True
                    changes = []
                    continue
                size = 0 if delta.action is _DELETE else delta.size_mantissa
                side = BUY if delta.side is BOOK_BUY else SELL
                changes.append((side, delta.price_mantissa, size))
            if is_image:
                depth.show(changes)
            else:
                depth.change(changes)
        self._floor.settle(self._book)

    def _show_depth(self) -> ShownDepth:
        """Levels from now on: who stood at the touch for a quote leaves."""
        for shown in (self._bid, self._ask):
            if shown is not None:
                self._floor.leave(self._book, shown)
        self._bid = self._ask = self._waiting = None
        self._depth = ShownDepth(self._floor, self._book)
        return self._depth

    def lay(self) -> None:
        """Put the quote that waits into the book."""
        quote = self._waiting
        if quote is None:
            return
        self._waiting = None
        floor = self._floor
        book = self._book
        bid, ask = self._bid, self._ask
        if bid is not None and ask is not None and not self._is_noticed(quote):
            # both only change places: nobody is met, no stop is triggered
            book.bids.move(bid, quote.bid_mantissa, quote.bid_size_mantissa)
            book.asks.move(ask, quote.ask_mantissa, quote.ask_size_mantissa)
            return
        if bid is not None:
            floor.leave(book, bid)
        if ask is not None:
            floor.leave(book, ask)
        self._bid = self._join(BUY, quote.bid_mantissa, quote.bid_size_mantissa)
        self._ask = self._join(SELL, quote.ask_mantissa, quote.ask_size_mantissa)
        floor.settle(book)

    def lay_for_stops(self) -> None:
        """The same where an order of ours is about to leave: only a stop could notice."""
        book = self._book
        if book.buy_stops or book.sell_stops:
            self.lay()

    def _join(self, side: Side, price: int, size: int) -> Resting | None:
        if price <= 0 or size <= 0:
            return None  # nobody stands on that side
        return self._floor.join(self._book, side, price, size)

    def _is_noticed(self, quote: QuoteTick) -> bool:
        """Whether laying `quote` could do more than move the two who stand there."""
        bid, ask = quote.bid_mantissa, quote.ask_mantissa
        if not 0 < bid < ask or not quote.bid_size_mantissa or not quote.ask_size_mantissa:
            return True
        floor = self._floor
        if not floor.open:
            return False
        if floor.events != self._judged:
            self._judge()
        return not (self._bid_min <= bid <= self._bid_max and self._ask_min <= ask <= self._ask_max)

    def _judge(self) -> None:
        book = self._book
        best_ask, best_bid = book.best_own(SELL), book.best_own(BUY)
        self._bid_max = _BEYOND if best_ask is None else best_ask - 1
        self._ask_min = 0 if best_bid is None else best_bid + 1
        # a buy stop is triggered by an ask, a sell stop by a bid
        self._ask_max = book.buy_stops[0][0] - 1 if book.buy_stops else _BEYOND
        self._bid_min = 1 - book.sell_stops[0][0] if book.sell_stops else 0
        self._judged = self._floor.events


class Backtest:
    """One venue, some strategies, some data. `run` once.

    Args:
        venue: the venue, its instruments and our account there.
        strategies: made by the caller, added in order.
        journal: where turns are remembered; None remembers nothing.
    """

    def __init__(
        self,
        venue: Venue,
        strategies: Sequence[Strategy],
        *,
        latency: LatencyModel | None = None,
        start_ns: int = 0,
        trader_id: str = "BACKTEST-001",
        journal: Journal | None = None,
    ) -> None:
        self.scheduler = Scheduler(start_ns)
        self._inbox: deque[ClientMessage] = deque()
        fees = venue.fees
        self.exchange = Exchange(
            venue.name,
            venue.instruments,
            opening_account(venue),
            self._now,
            self.scheduler.post,
            None if fees is None else FeeRates.from_text(fees.maker, fees.taker),
            market_order_acks=True,
            tells_market=False,  # the recording is the market data
            settlement_prices=venue.settlement_prices,
        )
        self._touches: dict[InstrumentId, Touch] = {
            instrument.id: Touch(self.exchange.floor, self.exchange.books[instrument.id.symbol])
            for instrument in venue.instruments
        }
        self._client = DirectClient(
            self.exchange,
            venue.instruments,
            venue.account,
            venue.oms,
            self.scheduler,
            latency or LatencyModel(),
            self._inbox.append,
            self._touches,
        )
        self.kernel = Kernel(
            KernelConfig(trader_id=TraderId(trader_id), stop_grace_ns=0), [self._client], journal
        )
        for strategy in strategies:
            self.kernel.add_strategy(strategy)

    def run(self, data: Sequence[Datum]) -> Result:
        """Run over `data`, which must not go back in `ts_init`; then stop the kernel.

        Raises:
            ValueError: a datum is older than the one before it.
            KernelFault: a strategy or the kernel raised.
        """
        if data:
            self._advance(data[0].ts_init)
        self._turn(StartKernel("start", None, self.scheduler.now_ns))
        scheduler = self.scheduler
        kernel = self.kernel
        turn = kernel.turn
        next_timer_ns = kernel.next_timer_ns
        instants = scheduler.waiting
        touches = self._touches
        inbox = self._inbox
        for datum in data:
            ts = datum.ts_init
            timer_ns = next_timer_ns()
            if (timer_ns is not None and timer_ns < ts) or (instants and instants[-1] <= ts):
                self._catch_up(ts)
            if ts < scheduler.now_ns:
                raise ValueError(f"data goes back in time: {ts} after {scheduler.now_ns}")
            scheduler.now_ns = ts
            touch = touches.get(datum.instrument_id)
            if touch is not None:
                if type(datum) is QuoteTick:
                    touch.on_quote(datum)
                elif type(datum) is OrderBookDeltas:
                    touch.on_deltas(datum)
                else:
                    touch.on_trade(datum)  # type: ignore[arg-type]
                if inbox:
                    self._drain()
            turn(datum)
            if inbox:
                self._drain()
        self._turn(StopKernel("stop", None, scheduler.now_ns))
        self._finish()
        return Result(
            len(data), kernel.view.turn, kernel.cache.orders(), kernel.cache.positions(), kernel
        )

    def _finish(self) -> None:
        """Timers that the stop still owes: the end of its grace."""
        while (timer_ns := self.kernel.next_timer_ns()) is not None:
            self.scheduler.now_ns = timer_ns
            self.kernel.turn(FireTimer(timer_ns))
            self._drain()

    def _turn(self, message: StartKernel | StopKernel) -> None:
        self.kernel.turn(message)
        self._drain()

    def _drain(self) -> None:
        """Give the kernel what the venue said, and what that led to, until both are quiet."""
        inbox = self._inbox
        turn = self.kernel.turn
        view = self.kernel.view
        while inbox:
            message = inbox.popleft()
            if view.state is _STOPPED:
                return  # the venue's answer to the last disconnect
            turn(message)

    def _catch_up(self, until_ns: int) -> None:
        """Everything due before the datum at `until_ns`: venue actions, and timers before it."""
        scheduler = self.scheduler
        kernel = self.kernel
        while True:
            timer_ns = kernel.next_timer_ns()
            action_ns = scheduler.next_ns()
            due_ns = until_ns if timer_ns is None else min(until_ns, timer_ns)
            if action_ns is not None and action_ns <= due_ns:
                for touch in self._touches.values():
                    touch.lay_for_stops()  # an order may expire
                scheduler.step()
                self._drain()
                continue
            if timer_ns is None or timer_ns >= until_ns:
                return
            scheduler.now_ns = timer_ns
            kernel.turn(FireTimer(timer_ns))
            self._drain()

    def _advance(self, to_ns: int) -> None:
        if to_ns < self.scheduler.now_ns:
            raise ValueError(f"data begins at {to_ns}, before {self.scheduler.now_ns}")
        self.scheduler.now_ns = to_ns

    def _now(self) -> int:
        return self.scheduler.now_ns
