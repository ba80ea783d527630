"""The small sea of one case: one venue, one adapter, one kernel with one tester.

What an adapter is handed is a `Target`; what it hands back is an `Adapter`. The run goes: connect
and start; the case's active time; heal; be quiet and be judged; stop; be judged again.
"""

import hashlib
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from conformance.capabilities import Capabilities, Capability
from conformance.cases import Case, Side
from conformance.evidence import (
    Exhibit,
    LedgerEntry,
    TrueQuote,
    TrueTrade,
    TrueUpdate,
    VenueLog,
)
from conformance.market import LOT_STEPS, Ladder
from conformance.testers import (
    SECOND,
    DataTester,
    DataTesterConfig,
    ExecTester,
    ExecTesterConfig,
)
from engine.cache import Instrument
from engine.clients import Client, ExecutionClient, Post
from engine.kernel import Kernel, KernelConfig
from engine.log import LogLevel, LogRecord
from engine.model.commands import DataRequest, FireTimer, StartKernel, StopKernel, SubmitOrder
from engine.model.currencies import ETH, USDT
from engine.model.enums import AccountType, KernelState, OmsType
from engine.model.events import OrderEvent
from engine.model.fixed import UNITS
from engine.model.identifiers import AccountId, ClientId, InstrumentId, TraderId
from engine.model.identifiers import Venue as VenueId
from engine.model.instruments import CurrencyPair
from engine.model.reports import ClientMessage
from engine.model.values import Price, Quantity
from engine.record import TurnRecord, encode
from engine.risk.config import RiskEngineConfig
from simulation.entropy import Entropy, SeededEntropy
from simulation.faults import CALM, FLAKY, FaultKind
from simulation.injection import Faults
from simulation.market.seeded import SeededFlow, SeededMarket
from simulation.network import Network
from simulation.scenario import Venue, opening_account, place_of
from simulation.scenarios import BTCUSDT, BTCUSDT_PERP
from simulation.scheduler import Scheduler
from simulation.trace import Trace
from simulation.venue.exchange import Exchange
from simulation.venue.gateway import Gateway
from simulation.venue.history import History
from simulation.venue.limits import Limits
from simulation.venue.orders import VenueOrder
from simulation.venue.protocol import BalanceRecord, OrderRecord, TradeRecord
from simulation.venue.sessions import Peer

VENUE: Final = "SIM"
KEY: Final = "conformance"
ETHUSDT: Final = CurrencyPair(
    id=InstrumentId("ETH/USDT.SIM"),
    base_currency=ETH,
    quote_currency=USDT,
    price_increment=Price("0.1"),
    size_increment=Quantity("0.001"),
    min_quantity=Quantity("0.005"),
    maker_fee="-0.0001",
    taker_fee="0.0005",
)

_START_NS: Final = 1_700_000_000 * SECOND
_DAY_END_NS: Final = 1_700_006_400 * SECOND  # 00:00 UTC
_TRADER: Final = TraderId("CONFORMANCE-001")
_OVER: Final = (KernelState.STOPPED, KernelState.FAULTED, KernelState.FAILED_START)

_CALM_QUIET_NS: Final = 3 * SECOND
_FAULTS_QUIET_NS: Final = 25 * SECOND
_FAULTS_MORE_NS: Final = 6 * SECOND  # what faults may take from the active time
_GRACE_NS: Final = 4 * SECOND
_AFTERWARDS_NS: Final = 10 * SECOND
_SETTLED_NS: Final = SECOND
_LOOK_NS: Final = SECOND // 10
_DEEP_MARKET: Final = SeededMarket(interval_ms=200, levels=20)
_SMALL_PAGES: Final = Limits(page=4)  # so that a range of some seconds takes several


class Target(msgspec.Struct, frozen=True):
    """What an adapter needs to know and to use.

    Attributes:
        host, key: where the venue is served, and the credentials.
        venue, client_id, account_id, account_type, oms_type: what its clients must call
            themselves.
        clock: the time, `clock.now_ns`, and calls later, `clock.after(delay_ns, action)`.
        channel: the network: `request(host, ...)` and `connect(host, ...)`.
        entropy: for jitter and the like; never the `random` module.
        post: takes each message for the kernel, stamped `ts_init = clock.now_ns`.
    """

    host: str
    key: str
    venue: VenueId
    client_id: ClientId
    account_id: AccountId
    account_type: AccountType
    oms_type: OmsType
    clock: Scheduler
    channel: Network
    entropy: Entropy
    post: Post


class Adapter(msgspec.Struct, frozen=True):
    """What is certified. One object may be both clients; two need ids of their own."""

    data: Client
    execution: ExecutionClient
    capabilities: Capabilities

    def clients(self) -> list[Client]:
        if self.data is self.execution:
            return [self.execution]
        return [self.data, self.execution]


Factory = Callable[[Target], Adapter]


class BadMessage(Exception):
    """The adapter posted what no kernel takes: another type, or a stamp that is not the time."""


class FactoryRaised(Exception):
    """The factory raised, or made no adapter."""


class NotingGateway(Gateway):
    """Counts the streams that were opened."""

    connects = 0

    def on_connect(self, peer: Peer) -> None:
        self.connects += 1
        super().on_connect(peer)


class Notes:
    """Writes down what the venue says, as it says it: a `VenueListener`."""

    def __init__(self, exchange: Exchange, symbol: str, log: VenueLog) -> None:
        self._book = exchange.books[symbol]
        self._symbol = symbol
        self._log = log

    def on_order(
        self, event: str, order: OrderRecord, request_id: str | None, due_post_only: bool, ts: int
    ) -> None:
        self._log.orders.append((event, order.client_order_id, ts))

    def on_fill(self, trade: TradeRecord, order: VenueOrder) -> None:
        """The trade ledger keeps it."""

    def on_settlement(self, symbol: str, price: int, ts: int) -> None:
        """The account's ledger keeps it."""

    def on_balances(self, balances: tuple[BalanceRecord, ...], ts: int) -> None:
        """The account's ledger keeps them."""

    def on_trade(
        self, symbol: str, trade_id: str, price: int, quantity: int, aggressor: str, ts: int
    ) -> None:
        if symbol == self._symbol:
            self._log.trades.append(TrueTrade(ts, trade_id, price, quantity, aggressor))

    def on_book(
        self,
        symbol: str,
        update: int,
        bids: tuple[tuple[int, int], ...],
        asks: tuple[tuple[int, int], ...],
        ts: int,
    ) -> None:
        if symbol == self._symbol:
            self._log.books.append((ts, *self._book.depth()[1:]))
            self._log.updates.append(TrueUpdate(ts, update, bids, asks))

    def on_quote(
        self, symbol: str, bid: int, ask: int, bid_size: int, ask_size: int, ts: int
    ) -> None:
        if symbol == self._symbol:
            self._log.quotes.append(TrueQuote(ts, bid, ask, bid_size, ask_size))


class CaseWorld:
    """One run of one case, from construction to its end.

    Args:
        faults: FLAKY, and the case's own strikes; else calm.
        with_risk: the risk engine judges; else it is bypassed.
        margin: a margin account and a perpetual; else cash and spot.

    Attributes:
        exhibit: what there is to be judged.
    """

    def __init__(
        self,
        case: Case,
        factory: Factory,
        seed: int,
        *,
        faults: bool,
        with_risk: bool,
        margin: bool,
    ) -> None:
        entropy = SeededEntropy(seed, keep_tape=False)
        self._case = case
        self._has_faults = faults
        self._active_ns = case.active_s * SECOND + (_FAULTS_MORE_NS if faults else 0)
        start_ns = _DAY_END_NS - 8 * SECOND if case.start == "day_end" else _START_NS
        trace = Trace(False)
        self._scheduler = Scheduler(start_ns)
        self._faults = Faults(
            FLAKY if faults else CALM, entropy, self._scheduler, trace, self._active_ns
        )
        self._network = Network(self._scheduler, entropy, self._faults, trace)
        listing: list[CurrencyPair] = [BTCUSDT, ETHUSDT]
        venue = (
            Venue(VENUE, [BTCUSDT_PERP], account=AccountType.MARGIN)
            if margin
            else Venue(VENUE, listing)
        )
        self._exchange = Exchange(
            VENUE, venue.instruments, opening_account(venue), self.now_ns, self._scheduler.post
        )
        self._gateway = NotingGateway(
            self._exchange,
            self._faults,
            entropy.stream("gateway"),
            _SMALL_PAGES if case.side is Side.DATA else None,
            KEY,
            History(self._exchange),
        )
        self._network.serve(VENUE, self._gateway)
        instrument = venue.instruments[0]
        symbol = str(instrument.id.symbol)
        tester = make_tester(case, instrument)
        self.exhibit = Exhibit(case, not faults, tester, instrument, venue.instruments)
        self.exhibit.log.definitions.append((0, instrument))
        self._exchange.listen(Notes(self._exchange, symbol, self.exhibit.log))
        self._market = self._start_market(symbol, entropy)

        self._inbox: deque[ClientMessage] = deque()
        target = Target(
            VENUE,
            KEY,
            VenueId(VENUE),
            ClientId(VENUE),
            AccountId(self._exchange.account_id),
            venue.account,
            OmsType.NETTING,
            self._scheduler,
            self._network,
            entropy,
            self._inbox.append,
        )
        try:
            self.adapter = factory(target)
        except Exception as error:
            name = f"{type(error).__name__}: {error} ({place_of(error)})"
            raise FactoryRaised(name) from error
        if not isinstance(self.adapter, Adapter):
            raise FactoryRaised(f"made a {type(self.adapter).__name__}, no Adapter")
        self.exhibit.clients = len(self.adapter.clients())
        self._kernel = Kernel(
            KernelConfig(
                trader_id=_TRADER,
                risk=RiskEngineConfig(bypass=not with_risk),
                stop_grace_ns=_GRACE_NS,
            ),
            self.adapter.clients(),
            observer=self._turn_done,
            log_sink=self._note_log,
        )
        self.exhibit.view = self._kernel.view
        if isinstance(tester, ExecTester):
            self._kernel.add_strategy(tester)
        else:
            self._kernel.add_actor(tester)
        self._moves = deque(case.moves)
        self._last_order_ns = 0
        self._strikes_at_request = "ANSWER_LOST" in case.strikes and faults
        self._reset_after_ns = 2 * SECOND + entropy.stream("case").below(2 * SECOND, "reset")

    # --- the run ---------------------------------------------------------------------------

    def run_until_quiet(self) -> None:
        """Everything up to the moment before the stop."""
        scheduler = self._scheduler
        self._faults.start(self._network)
        if self._has_faults and "RESET" in self._case.strikes:
            scheduler.post(scheduler.now_ns + self._reset_after_ns, self._reset)
        if self._moves:
            scheduler.post(scheduler.now_ns + _LOOK_NS, self._look)
        for number in range(1, self._case.amendments + 1):
            due_ns = scheduler.now_ns + (1 + number) * SECOND
            scheduler.post(due_ns, partial(self._amend, number))
        self._turn(StartKernel("start", None, self.now_ns()))
        self._sail(self._active_ns)
        self._faults.heal()
        self._market.stop()
        self._sail(_FAULTS_QUIET_NS if self._has_faults else _CALM_QUIET_NS)
        self._take_statement()

    def run_to_the_end(self) -> None:
        """The stop, its grace, and a while after it."""
        exhibit = self.exhibit
        scheduler = self._scheduler
        if self._kernel.view.state in _OVER:
            return
        exhibit.stop_ns = self.now_ns()
        for halves in (2, 3, 4):  # what the venue publishes now nobody may hear
            scheduler.post(exhibit.stop_ns + halves * SECOND // 2, self._market.step)
        self._turn(StopKernel("stop", None, self.now_ns()))
        self._sail(_GRACE_NS - SECOND)
        exhibit.stopping = self._exchange.truth().subscriptions
        self._sail(2 * SECOND)
        before = len(self._exchange.requests) + self._gateway.connects
        self._sail(_AFTERWARDS_NS)
        exhibit.late_requests = len(self._exchange.requests) + self._gateway.connects - before
        self._take_statement()

    @property
    def state(self) -> KernelState:
        return self._kernel.view.state

    @property
    def failure(self) -> str:
        """Why the kernel did not start; empty otherwise."""
        return self._kernel.failure

    def digest(self) -> str:
        """SHA-256 over every turn's record."""
        digest = hashlib.sha256()
        for record in self.exhibit.records:
            digest.update(encode(record))
        return digest.hexdigest()

    def _sail(self, duration_ns: int) -> None:
        scheduler = self._scheduler
        kernel = self._kernel
        inbox = self._inbox
        end_ns = scheduler.now_ns + duration_ns
        while True:
            due_ns = scheduler.next_ns()
            timer_ns = None if kernel.view.state in _OVER else kernel.next_timer_ns()
            if timer_ns is not None and (due_ns is None or timer_ns < due_ns):
                if timer_ns > end_ns:
                    break
                scheduler.now_ns = timer_ns
                self._turn(FireTimer(timer_ns))
            elif due_ns is None or due_ns > end_ns:
                break
            else:
                scheduler.step()
            while inbox:
                message = inbox.popleft()
                if kernel.view.state not in _OVER:
                    self._hear(message)
        scheduler.now_ns = end_ns

    def _hear(self, message: ClientMessage) -> None:
        try:
            self._turn(message)
        except (AttributeError, TypeError, ValueError) as error:
            raise BadMessage(f"{type(message).__name__}: {error}") from error

    def _turn(self, message: object) -> None:
        self._kernel.turn(message)  # type: ignore[arg-type]

    def _turn_done(self, record: TurnRecord) -> None:
        self.exhibit.records.append(record)
        if any(isinstance(fact, OrderEvent) for fact in record.facts):
            self._last_order_ns = record.ts
        if self._strikes_at_request and any(
            isinstance(command, SubmitOrder | DataRequest) for command in record.commands
        ):
            self._strikes_at_request = False
            self._faults.strike_next(FaultKind.ANSWER_LOST)

    def _note_log(self, line: LogRecord) -> None:
        if line.level >= LogLevel.ERROR:
            self.exhibit.errors.append(line)

    # --- what the case makes happen --------------------------------------------------------

    def _reset(self) -> None:
        """Break every stream; with STALE_SNAPSHOT the next book picture is an old one."""
        if self._faults.healed:
            return
        if self._network.reset():
            self._faults.note(FaultKind.RESET, "case")
        if "STALE_SNAPSHOT" in self._case.strikes:
            self._faults.strike_next(FaultKind.STALE_SNAPSHOT)

    def _amend(self, number: int) -> None:
        """The venue changes what it may change: other bounds, other fees."""
        amended = CurrencyPair(
            id=BTCUSDT.id,
            base_currency=BTCUSDT.base_currency,
            quote_currency=BTCUSDT.quote_currency,
            price_increment=BTCUSDT.price_increment,
            size_increment=BTCUSDT.size_increment,
            min_quantity=BTCUSDT.make_qty(BTCUSDT.size_increment.as_decimal() * number),
            max_quantity=BTCUSDT.make_qty(1000 * number),
            maker_fee=f"0.000{number}",
            taker_fee=f"0.001{number}",
        )
        self._exchange.amend(amended)
        self.exhibit.log.definitions.append((self.now_ns(), amended))

    def _look(self) -> None:
        """Move the market when everything that was asked for has rested long enough."""
        now_ns = self.now_ns()
        moves = self.exhibit.moves
        since_ns = max(self._last_order_ns, moves[-1][0] if moves else 0)
        cache = self._kernel.cache
        if (
            self._last_order_ns
            and now_ns - since_ns >= _SETTLED_NS
            and cache.orders_open()
            and not cache.orders_inflight()
            and isinstance(self._market, Ladder)
        ):
            ticks = self._moves.popleft().ticks
            moves.append((now_ns, ticks))
            self._market.shift(ticks)
        if self._moves:
            self._scheduler.post(now_ns + _LOOK_NS, self._look)

    def _start_market(self, symbol: str, entropy: Entropy) -> "Ladder | SeededFlow":
        stream = entropy.stream("market")
        if self._case.side is Side.DATA:
            return _DEEP_MARKET.start(self._exchange, symbol, stream)
        ladder = Ladder(self._exchange, symbol, stream)
        ladder.begin()
        return ladder

    def _take_statement(self) -> None:
        self.exhibit.truth = self._exchange.truth()
        self.exhibit.ledger = {
            order.client_order_id: _entry(order) for order in self._exchange.orders.values()
        }

    def now_ns(self) -> int:
        return self._scheduler.now_ns


def make_tester(case: Case, instrument: Instrument) -> DataTester | ExecTester:
    """The tester that the case asks for.

    Raises:
        TypeError, ValueError: a parameter that the tester does not have.
    """
    if case.side is Side.DATA:
        return DataTester(DataTesterConfig(instrument_id=instrument.id, **case.parameters))  # type: ignore[arg-type]
    lot = Quantity.from_raw(LOT_STEPS * instrument.size_increment.raw, instrument.size_precision)
    return ExecTester(
        ExecTesterConfig(instrument_id=instrument.id, lot=str(lot), **case.parameters)  # type: ignore[arg-type]
    )


def wants_margin(case: Case, capabilities: Capabilities, seed: int) -> bool:
    """Short sales need a margin account; where there is one, every other seed uses it."""
    if case.side is Side.DATA:
        return False
    return capabilities.has(Capability.SHORT) and (Capability.SHORT in case.needs or seed % 2 == 1)


def _entry(order: VenueOrder) -> LedgerEntry:
    listing = order.book.listing
    price, trigger = order.price, order.trigger_price
    return LedgerEntry(
        order.client_order_id,
        order.side.value,
        order.type.value,
        order.time_in_force.value,
        listing.size_raw(order.quantity),
        None if price is None else listing.price_raw(price),
        None if trigger is None else listing.price_raw(trigger),
        order.expire_time_ns,
        order.post_only,
        order.reduce_only,
        order.status.value,
        order.reason,
        order.money * UNITS[listing.instrument.quote_currency.precision],
    )
