"""One run's parts, wired: a kernel, its venues, the network between them, and who watches.

The loop is the driver that `engine.kernel` asks for: whatever is due next happens next, inputs
before timers at the same instant, one turn each. Three phases: *active* (faults and orders),
then heal, then *quiet*, in which the market calms down and everything must settle.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from engine.journal.memory import MemoryJournal
from engine.kernel import Input, Kernel, KernelConfig
from engine.model.commands import Command, FireTimer, SetTradingState, StartKernel, StopKernel
from engine.model.enums import KernelState, OmsType, TradingState
from engine.model.events import OrderSubmitted
from engine.model.identifiers import AccountId, ClientId, TraderId
from engine.model.identifiers import Venue as VenueId
from engine.model.reports import ClientConnected
from engine.record import TurnRecord
from engine.strategy import Strategy
from engine.strategy_config import StrategyConfig
from invariants.evidence import Evidence
from invariants.monitor import Monitor
from invariants.truth import Queues, TrueOrder, TrueStream, Truth
from invariants.venue_watch import VenueWatcher
from simulation.client import CHANNELS, NativeClient, NativeClientConfig
from simulation.cut import Cut
from simulation.entropy import Entropy, Stream
from simulation.handling_config import Handling
from simulation.hearsay import Hearsay
from simulation.injection import Faults, Heard
from simulation.market.mbo_replay import MboReplay
from simulation.market.recorded import Replay
from simulation.market.seeded import SeededFlow
from simulation.model_witness import ModelWitness
from simulation.network import Network
from simulation.operations import plan_operations
from simulation.order_feed import OrderFeed
from simulation.rough import make_crew
from simulation.scenario import Scenario, Venue, duration_ns, opening_account
from simulation.schedules import FIFO, make_scheduler, told
from simulation.sloppy import SloppyAdapter
from simulation.trace import Trace
from simulation.venue.exchange import Exchange
from simulation.venue.fees import FeeRates
from simulation.venue.gateway import Gateway
from simulation.venue.history import History
from simulation.venue.limits import Limits
from simulation.venue.orders import VenueOrder
from simulation.venue.protocol import OrderRecord, TradeRecord
from simulation.workload import make_traders

if TYPE_CHECKING:  # only a run that is looked at has one
    from simulation.scribe import Scribe

START_NS: Final = 1_700_000_000_000_000_000  # 14 November 2023, when nothing else says
_SETTLE_NS: Final = 20_000_000_000  # markets and their calendars rest this long before the end
_JOURNAL_DELAY_NS: Final = 4_000_000
_LIMITS: Final = Limits(heartbeat_ns=2_000_000_000)
_RUNNING: Final = KernelState.RUNNING
_TRADER: Final = TraderId("TRIAL-001")
_END_NS: Final = 15_000_000_000  # the grace of a stop and something
_LAST_NS: Final = 1_000_000_000
_OVER: Final = (KernelState.STOPPED, KernelState.FAULTED, KernelState.FAILED_START)


class VenueWitness:
    """A venue's word for the oracles: `invariants.evidence.TruthSource`."""

    def __init__(self, exchange: Exchange, gateway: Gateway, network: Network) -> None:
        self._exchange = exchange
        self._gateway = gateway
        self._network = network

    def truth(self) -> Truth:
        return self._exchange.truth()

    def true_order(self, client_order_id: str) -> TrueOrder | None:
        return self._exchange.true_order(client_order_id)

    def true_queues(self, instrument_id: str) -> tuple[Queues, Queues]:
        return self._exchange.true_queues(instrument_id)

    def has_trade(self, trade_id: str) -> bool:
        return self._exchange.has_trade(trade_id)

    def streams(self, after: int) -> list[TrueStream]:
        withheld_ns = self._gateway.streams.withheld_ns
        connections = self._network.connections_to(self._exchange.name)
        return [
            TrueStream(
                number,
                connection.heard_ns,
                connection.silence_ns,
                connection.ended_ns,
                withheld_ns.get(connection.id, 0),
            )
            for number, connection in enumerate(connections[after:], after + 1)
        ]


class WatchedOrders:
    """Tells the oracles what becomes of our orders at a venue, each as it then stands."""

    def __init__(self, watchers: Sequence[VenueWatcher]) -> None:
        blank = VenueWatcher  # who overrides nothing hears nothing
        self._of_orders = [
            watcher for watcher in watchers if type(watcher).on_order is not blank.on_order
        ]
        self._of_fills = [
            watcher for watcher in watchers if type(watcher).on_fill is not blank.on_fill
        ]

    def on_order(
        self, event: str, order: OrderRecord, request_id: str | None, due_post_only: bool, ts: int
    ) -> None:
        for watcher in self._of_orders:
            watcher.on_order(event, order, request_id, due_post_only, ts)

    def on_fill(self, trade: TradeRecord, order: VenueOrder) -> None:
        record = order.record()
        for watcher in self._of_fills:
            watcher.on_fill(trade, record)

    def on_settlement(self, symbol: str, price: int, ts: int) -> None:
        """Nobody watches it: what is settled trades no more."""


class WitnessedClient(NativeClient):
    """The native client with a note of every command that the kernel lets out."""

    evidence: Evidence

    def send(self, command: Command) -> None:
        self.evidence.note_release(command.command_id)
        super().send(command)


class WitnessedFeed(OrderFeed):
    """A vendor's client with the same note."""

    evidence: Evidence

    def send(self, command: Command) -> None:
        self.evidence.note_release(command.command_id)
        super().send(command)


class WitnessedJournal(MemoryJournal):
    """A journal that tells the oracles how far its promise goes."""

    evidence: Evidence

    def append(self, record: TurnRecord) -> None:
        MemoryJournal.append(self, record)
        if self.is_durable_at_once:
            self.evidence.durable_turn = record.turn


class World:
    """Everything of one run.

    Args:
        scribe: keeps a logbook of it.
        sampled: whether it is judged once more, as a whole, when it is over.

    Attributes:
        turns: how many turns the kernel took.
        probes: situations seen, by id.
        hearsay: what is said beside the truth, where the kernel is handled roughly.
        feeds: the vendors of orders, by the order of their venues.
    """

    __deletable__ = ["monitor"]  # compiled code asks to be told

    def __init__(
        self,
        scenario: Scenario,
        entropy: Entropy,
        *,
        keep_trace: bool,
        cut: Cut | None = None,
        trace: Trace | None = None,
        scribe: "Scribe | None" = None,
        sampled: bool = False,
        heard: Heard | None = None,
    ) -> None:
        self.scenario = scenario
        self._cut = Cut() if cut is None else cut
        self._scribe = scribe
        self.trace = Trace(keep_trace) if trace is None else trace
        self.probes: dict[str, int] = {}
        self.turns = 0
        self._is_over = False
        self._synced_ns = 0  # when the journal gives its last word so far
        self._counts = {"submits": 0, "fills": 0, "connects": 0}
        self._start_ns = scenario.market.start_ns or START_NS
        active_ns = duration_ns(scenario.active)
        if scenario.market.end_ns:
            active_ns = min(active_ns, scenario.market.end_ns - self._start_ns)
        hurt_ns = active_ns  # drawn for all of it: what a cut leaves stays where it was
        if self._cut.active_ns:
            hurt_ns = min(active_ns, self._cut.active_ns)
        self._active_end_ns = self._start_ns + hurt_ns
        self._end_ns = self._active_end_ns + duration_ns(scenario.quiet)
        self._stop_ns = self._end_ns
        if self._cut.stop_ns:
            self._stop_ns = min(self._end_ns, self._start_ns + self._cut.stop_ns)
        self._inbox: deque[Input] = deque()

        self.scheduler = make_scheduler(scenario.schedule, self._start_ns, entropy)
        self.faults = Faults(
            scenario.faults, entropy, self.scheduler, self.trace, active_ns, heard=heard
        )
        network = Network if scribe is None else scribe.network
        self.network = network(self.scheduler, entropy, self.faults, self.trace)
        self.exchanges: dict[str, Exchange] = {}
        self.gateways: dict[str, Gateway] = {}
        self._markets: list[SeededFlow | Replay | MboReplay] = []
        clients = [self._open_venue(venue, entropy) for venue in scenario.venues]
        self.clients = clients
        self.feeds = [
            WitnessedFeed(
                self.exchanges[venue.name],
                self.scheduler,
                entropy.stream(f"orders.{venue.name}"),
                self._hurts,
                self._inbox.append,
            )
            for venue in scenario.venues
            if venue.orders_feed
        ]
        self._journal_stream = self._pick_journal(entropy)
        self.journal = WitnessedJournal(durable_at_once=self._journal_stream is None)
        self.kernel = Kernel(
            KernelConfig(
                trader_id=_TRADER,
                risk=scenario.risk,
                leverages={venue.name: venue.leverage for venue in scenario.venues},
            ),
            [*clients, *self.feeds],
            self.journal,
            self._turn_done if scribe is None else scribe.turns(self, self._turn_done),
            random_for=lambda component_id: entropy.stream(f"user.{component_id}"),
        )
        self.evidence = Evidence(
            self.kernel.view,
            {
                name: VenueWitness(exchange, self.gateways[name], self.network)
                for name, exchange in self.exchanges.items()
            },
            self._wanted,
            self.probes,
            scenario.risk,
        )
        self.evidence.sampled = sampled
        self.evidence.records = self.journal.records
        self.evidence.portfolio = self.kernel.portfolio
        self.evidence.models = ModelWitness(
            {venue.name: venue.leverage for venue in scenario.venues}
        )
        self.journal.evidence = self.evidence
        for client in clients:
            client.evidence = self.evidence
        for feed in self.feeds:
            feed.evidence = self.evidence
        self.monitor = Monitor(scenario.properties, self.evidence)
        for name, exchange in self.exchanges.items():
            watchers = self.monitor.watchers(name)
            exchange.listen_to_orders(WatchedOrders(watchers))
            for watcher in watchers:
                if watcher.sees_queues:
                    exchange.listen_to_queues(watcher)
        for strategy in self._strategies(entropy):
            self.kernel.add_strategy(strategy)
            config = strategy.config
            asked = config.oms_type if isinstance(config, StrategyConfig) else OmsType.UNSPECIFIED
            for venue in scenario.venues:
                oms = venue.oms if asked is OmsType.UNSPECIFIED else asked
                self.evidence.hedging[strategy.id, venue.name] = oms is OmsType.HEDGING
        for actor in self.monitor.actors():
            self.kernel.add_actor(actor)
        self.monitor.attach(self.kernel.bus)
        self.faults.start(self.network)
        if scenario.workload is not None:
            operations = plan_operations(entropy.stream("operations"), active_ns)
            for number, (at_ns, state) in enumerate(operations, 1):
                order = partial(self._operate, f"desk+{number}", state)
                self.scheduler.post(self._start_ns + at_ns, order)
        self.hearsay: Hearsay | None = None
        self._ends_early = False  # and there is no quiet end to judge
        if scenario.handling is not None:
            self._handle(scenario.handling, entropy, active_ns)

    # --- reads -----------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        return self.scheduler.now_ns

    @property
    def elapsed_ns(self) -> int:
        """Virtual nanoseconds since the start of the run."""
        return self.scheduler.now_ns - self._start_ns

    def counts(self) -> dict[str, int]:
        """What the run did, so that a green can be seen to have done something."""
        counts = dict(self._counts)
        counts["turns"] = self.turns
        counts["reconnects"] = max(0, counts.pop("connects") - len(self.clients))
        counts["fault_kinds"] = sum(1 for count in self.faults.fired_by_kind().values() if count)
        if self.hearsay is not None:
            counts["hearsay"] = sum(self.hearsay.said.values())
        if self.scenario.schedule != FIFO:
            counts.update(told(self.scheduler))
        return dict(sorted(counts.items()))

    def faults_by_kind(self) -> dict[str, int]:
        return {kind: count for kind, count in self.faults.fired_by_kind().items() if count}

    def faults_by_channel(self) -> dict[str, int]:
        return dict(sorted(self.faults.fired_by_channel().items()))

    # --- the run ---------------------------------------------------------------------------

    def run(self) -> None:
        """Sail to the end, or to the first violation.

        Raises:
            KernelFault: a turn broke off.
        """
        stop_ns = self._stop_ns
        self.kernel.turn(StartKernel("start", None, self.now_ns))
        self._sail_until(min(self._active_end_ns, stop_ns))
        if self.monitor.violation is None and stop_ns > self._active_end_ns:
            self.faults.heal()
            self.evidence.healed = True
            self.evidence.healed_ns = self.now_ns
            self._sail_until(min(self._end_ns - _SETTLE_NS, stop_ns))
        if self.monitor.violation is None and stop_ns > self._end_ns - _SETTLE_NS:
            for market in self._markets:
                market.stop()
            for exchange in self.exchanges.values():
                exchange.expiry.rest()
            self._sail_until(stop_ns)
        if self.monitor.violation is None and stop_ns == self._end_ns:
            handled = self.scenario.handling is not None
            if handled and self.kernel.view.state is KernelState.FAILED_START:
                self._ends_early = True  # nobody answered for as long as it waits
            if not self._ends_early:
                self.monitor.run_ended()  # one that is stopped early has not had its quiet
            if handled and not self.monitor.has_found:
                self._see_it_end()

    def let_go(self) -> None:
        """Drop what is large and what holds much together: a quarter of what the collector would
        have to walk through. Nothing but the trace is of use afterwards."""
        self.journal.records.clear()
        self.evidence.releases.clear()
        self.kernel.bus.disconnect()
        for exchange in self.exchanges.values():
            for book in exchange.books.values():
                book.forget()
        del self.monitor

    def _sail_until(self, end_ns: int) -> None:
        scheduler = self.scheduler
        kernel = self.kernel
        inbox = self._inbox
        while not self._is_over:
            timer_ns = kernel.next_timer_ns()  # only turns move it
            # what is due with the timer goes first: it may bring an input
            until_ns = end_ns if timer_ns is None or timer_ns > end_ns else timer_ns
            scheduler.run_to_input(inbox, until_ns)
            if inbox:
                while inbox and not self._is_over:
                    kernel.turn(inbox.popleft())
            elif timer_ns is None or timer_ns > end_ns:
                break
            else:
                scheduler.now_ns = timer_ns
                kernel.turn(FireTimer(timer_ns))
        if self.monitor.violation is None:
            scheduler.now_ns = end_ns

    def _see_it_end(self) -> None:
        """The kernel is asked to stop, unless it was, and gets the time that it may take."""
        self.faults.heal()
        if not self._ends_early:
            self._stop_now()
            self._sail_until(self.now_ns + _END_NS)
        if self.monitor.violation is None:
            # what its last turn sent leaves when the journal says so, and takes its way
            self.scheduler.run_until(self.now_ns + _LAST_NS)
            self.monitor.kernel_ended()

    def _turn_done(self, record: TurnRecord) -> None:
        self.turns = record.turn
        self.trace.record("turn", record.ts, record)
        if record.commands and self._journal_stream is not None:
            self._sync_later(record.turn, self._journal_stream)
        monitor = self.monitor
        monitor.turn_done(record)
        if record.facts:
            counts = self._counts
            counts["fills"] += len(self.evidence.fills)
            for event in self.evidence.order_events:
                if type(event) is OrderSubmitted:
                    counts["submits"] += 1
        if type(record.input) is ClientConnected:
            self._counts["connects"] += 1
        state = self.kernel.view.state
        if monitor.violation is not None or (state is not _RUNNING and state in _OVER):
            self._is_over = True

    def _sync_later(self, turn: int, stream: Stream) -> None:
        """The journal takes its time. Its word is worth sending where something waits for it:
        it covers every turn before this one too."""
        delay_ns = stream.below(_JOURNAL_DELAY_NS, "sync")
        self._synced_ns = max(self._synced_ns, self.now_ns + delay_ns)
        self.scheduler.post(self._synced_ns, partial(self._durable, turn))

    def _operate(self, command_id: str, state: TradingState) -> None:
        self._inbox.append(SetTradingState(command_id, None, self.now_ns, state))

    def _durable(self, turn: int) -> None:
        self.evidence.durable_turn = turn
        self.kernel.durable(turn)

    # --- rough handling --------------------------------------------------------------------

    def _handle(self, handling: Handling, entropy: Entropy, active_ns: int) -> None:
        stream = entropy.stream("handling")
        start_ns = self._start_ns
        self.hearsay = Hearsay(
            handling.hearsay_ms * 1_000_000,
            self._active_end_ns,
            entropy.stream,
            self.scheduler,
            self.kernel,
            self._hear,
            [(client, self.exchanges[client.venue]) for client in self.clients],
        )
        if stream.chance(*handling.closed, "closed"):
            self._ends_early = True
            self.network.refuse(KernelConfig(trader_id=_TRADER).connection_timeout_ns + 1)
        elif stream.chance(*handling.stops_early, "stops early"):
            self._ends_early = True
            at_ns = start_ns + stream.below(active_ns, "stop_ns")
            self.scheduler.post(at_ns, self._stop_now)

    def _stop_now(self) -> None:
        for number in range(2):  # whoever presses a button presses it twice
            self._hear(StopKernel(f"desk+stop{number}", None, self.now_ns, "the desk goes home"))

    def _hear(self, message: Input) -> None:
        self._inbox.append(message)

    # --- construction ----------------------------------------------------------------------

    def _open_venue(self, venue: Venue, entropy: Entropy) -> WitnessedClient:
        scheduler = self.scheduler
        fees = venue.fees
        exchange = Exchange(
            venue.name,
            venue.instruments,
            opening_account(venue),
            self._now,
            scheduler.post,
            None if fees is None else FeeRates.from_text(fees.maker, fees.taker),
            settlement_prices=venue.settlement_prices,
            fees_in_base=venue.fees_in_base,
        )
        gateway = Gateway(
            exchange,
            self.faults,
            entropy.stream(f"gateway.{venue.name}"),
            _LIMITS,
            history=History(exchange) if venue.keeps_history else None,
        )
        scribe = self._scribe
        self.network.serve(
            venue.name, gateway if scribe is None else scribe.door(gateway, exchange)
        )
        self.exchanges[venue.name] = exchange
        self.gateways[venue.name] = gateway
        for symbol in exchange.books:
            stream = entropy.stream(f"market.{venue.name}.{symbol}")
            self._markets.append(self.scenario.market.start(exchange, symbol, stream))
        config = NativeClientConfig(
            client_id=ClientId(venue.name),
            venue=VenueId(venue.name),
            account_id=AccountId(exchange.account_id),
            account_type=venue.account,
            oms_type=venue.oms,
            host=venue.name,
        )
        handling = self.scenario.handling
        if handling is None:
            return WitnessedClient(config, self.network, scheduler, entropy, self._inbox.append)
        adapter = SloppyAdapter(
            entropy.stream(f"adapter.{venue.name}"),
            handling.sloppy,
            scheduler,
            self._is_hurting,
            self._inbox.append,
        )
        client = WitnessedClient(config, self.network, scheduler, entropy, adapter.post)
        client.absence_is_final = adapter.absence_is_final
        client.takes_batches = adapter.takes_batches
        return client

    def _is_hurting(self) -> bool:
        return not self.faults.healed

    def _now(self) -> int:
        return self.scheduler.now_ns

    def _hurts(self) -> bool:
        return bool(self.scenario.faults.rates) and not self.faults.healed

    def _pick_journal(self, entropy: Entropy) -> Stream | None:
        """Half the seeds have a journal that takes its time; the stream says how long."""
        stream = entropy.stream("journal")
        return stream if stream.chance(1, 2, "late") else None

    def _strategies(self, entropy: Entropy) -> list[Strategy]:
        strategies = [make() for make in self.scenario.strategies]
        if self.scenario.workload is not None:
            instrument_ids = tuple(
                instrument.id for venue in self.scenario.venues for instrument in venue.instruments
            )
            make = make_traders if self.scenario.handling is None else make_crew
            strategies += make(
                self.scenario.workload,
                instrument_ids,
                self._active_end_ns,
                entropy.stream,
                self._cut.traders,
            )
        return strategies

    def _wanted(self) -> Mapping[str, list[tuple[str, str]]]:
        return {
            client.venue: [
                (CHANNELS[kind], str(instrument_id))
                for kind, instrument_id in self.kernel.data_engine.wanted(client.client_id)
            ]
            for client in self.clients
        }
