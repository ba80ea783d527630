"""The turn: one input and all it causes. This file is the kernel; the rest are its parts.

Everything reaches a kernel as one input through `Kernel.turn`: a quote, a report, a timer, start,
stop. Everything that leaves is a command in a turn's outbox. Between the two nothing waits, sleeps
or reads a clock, so a turn is a function of the state before it and its input.

    input -> turn
      1  the clock is set to the input's time; it never goes back
      2  state machines and guards decide; a refused input changes nothing
      3  state is applied, the cache written, then it is published
      4  what handlers publish and command joins one FIFO; each is dispatched (2 and 3 again)
         until the turn is quiet
      5  the turn's facts are appended to the journal
      6  its outbox leaves when the journal says the turn is durable

Crash-only: nothing is sent that is not remembered. An exception anywhere in a turn ends the
kernel: nothing of that turn leaves, its audit is kept, and no turn follows. Recovery is a new
kernel on the same journal.

Time: before an input at t every timer due before t has fired, each in a turn of its own
(`FireTimer` at `next_timer_ns()`); at the same instant inputs come first. Seeing to that is the
driver's work, and `turn` refuses a driver that does not.
"""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from engine import topics
from engine.actor import Actor, RandomSource
from engine.bus import HandlerFailed, MessageBus
from engine.cache import Cache
from engine.clients import Client, is_execution_client
from engine.clock import NEVER, KernelClock, TimeWentBack
from engine.context import Context
from engine.data.engine import DataEngine
from engine.execution.engine import ExecutionEngine
from engine.journal.null import NullJournal
from engine.journal.port import Journal, JournalFailed
from engine.kernel_config import KernelConfig as KernelConfig
from engine.kernel_faults import KernelClosed as KernelClosed
from engine.kernel_faults import KernelFault as KernelFault
from engine.kernel_faults import TimerOverdue as TimerOverdue
from engine.kernel_faults import TurnNested as TurnNested
from engine.lifecycle import KernelTrigger, next_kernel_state
from engine.log import Log, LogSink
from engine.model import commands, reports
from engine.model.commands import Command, FireTimer, SetTradingState, StartKernel, StopKernel
from engine.model.enums import KernelState
from engine.model.events import Refused
from engine.model.identifiers import ComponentId, StrategyId
from engine.model.reports import ClientMessage
from engine.portfolio import Portfolio
from engine.record import FaultRecord, TurnRecord
from engine.risk.engine import RiskEngine
from engine.session import Session
from engine.strategy import Strategy, StrategyConfig, name_strategy
from engine.view import KernelView

Input = ClientMessage | FireTimer | StartKernel | StopKernel | SetTradingState
Observer = Callable[[TurnRecord], None]

_OVER: Final = (KernelState.STOPPED, KernelState.FAULTED, KernelState.FAILED_START)


class _NoRandom:
    """The source of choices of a kernel that was given none: asking it is a mistake."""

    __slots__ = ()

    def below(self, bound: int, label: str) -> int:
        raise RuntimeError(f"choice {label!r}: this kernel was given no `random_for`")


NO_RANDOM: Final = _NoRandom()


class Kernel:
    """A trading kernel. The world knows it by `turn`, `next_timer_ns`, `durable` and `view`.

    Args:
        clients: what it trades through; each one's `send` is called at step 6 only.
        journal: where turns are remembered; None remembers nothing.
        observer: shown every finished turn, after its outbox left or was queued.
        random_for: gives each strategy and actor its own source of choices.
    """

    __slots__ = (
        "_clock",
        "_ctx",
        "_inputs",
        "_is_durable_at_once",
        "_journal",
        "_observer",
        "_random_for",
        "_records",
        "_session",
        "_waiting",
        "bus",
        "cache",
        "config",
        "data_engine",
        "execution_engine",
        "fault",
        "portfolio",
        "risk_engine",
        "view",
    )

    def __init__(
        self,
        config: KernelConfig,
        clients: Sequence[Client],
        journal: Journal | None = None,
        observer: Observer | None = None,
        log_sink: LogSink | None = None,
        random_for: Callable[[ComponentId], RandomSource] | None = None,
    ) -> None:
        self.config = config
        self._journal: Journal = NullJournal() if journal is None else journal
        self._observer = observer
        self._random_for = random_for
        self._records = observer is not None or self._journal.stores
        self._is_durable_at_once = self._journal.is_durable_at_once
        self._waiting: deque[tuple[int, list[tuple[Client, Command]]]] = deque()
        self.fault: KernelFault | None = None

        self._clock = KernelClock()
        self.bus = MessageBus()
        self.cache = Cache(config.cache)
        log = Log(self._clock, log_sink)
        ctx = Context(
            config.trader_id, self._journal.open(), self._clock, self.bus, self.cache, log
        )
        self._ctx = ctx
        traders = [client for client in clients if is_execution_client(client)]
        self._session = Session(
            ctx,
            clients,
            config.connection_timeout_ns,
            config.reconciliation_timeout_ns,
            config.stop_grace_ns,
        )
        self.portfolio = Portfolio(ctx, config.leverages)
        self.data_engine = DataEngine(ctx, clients, config.data)
        self.execution_engine = ExecutionEngine(ctx, self.portfolio, traders, config.execution)
        self.risk_engine = RiskEngine(
            ctx, config.risk, self.execution_engine.tradable, self.execution_engine.position_ids
        )
        self.execution_engine.on_reconciled = self._session.client_reconciled
        self._session.attach(self.data_engine, self.execution_engine)
        self._session.on_over = self._take_no_more
        self.view = KernelView(ctx, self.data_engine, [client.client_id for client in clients])
        self._inputs = self._who_decides()

    # -- the turn -------------------------------------------------------------------------------

    def turn(self, message: Input) -> None:
        """Take one input and run until all it causes inside the kernel has happened.

        Raises:
            KernelFault: something raised; the kernel is over and nothing of this turn left.
            KernelClosed: the kernel is over already.
            TimerOverdue, TimeWentBack, TypeError, TurnNested: the caller is wrong; nothing
                happened, and the right input may still be given.
        """
        ts_init = message.ts_init
        clock = self._clock
        decide = self._inputs.get(type(message))
        bus = self.bus
        if decide is None or bus.held or not clock.now_ns <= ts_init <= clock.due_ns:
            raise self._misuse(message)
        ctx = self._ctx
        record = None
        if ctx.facts or ctx.outbox:
            ctx.begin_turn()
        else:
            ctx.turn += 1  # most turns leave nothing behind
        bus.held = True  # what handlers say waits for step 4, and no turn begins inside this one
        try:
            clock.now_ns = ts_init  # 1; never back, or we would not be here
            decide(message)  # 2, 3
            if bus.queue:
                bus.drain()  # 4
            if self._records:
                record = self._remember(message)  # 5
            if ctx.outbox:
                self._release(ctx.turn, ctx.outbox)  # 6
        except Exception as error:
            raise self._break_off(message, error) from error
        bus.held = False
        if record is not None and self._observer is not None:
            self._observer(record)

    def next_timer_ns(self) -> int | None:
        """When the driver owes the next `FireTimer`, in nanoseconds; None: there is no timer."""
        due_ns = self._clock.due_ns
        return None if due_ns == NEVER else due_ns

    def durable(self, turn: int) -> None:
        """The journal's word that every turn up to and including `turn` is safe.

        Their outboxes leave now, in turn order, each once. After a fault there is nothing left
        to leave. This is no turn: no time passes and no fact is made.

        Raises:
            ValueError: that turn has not been run.
            KernelFault: a client raised.
        """
        if turn > self._ctx.turn:
            raise ValueError(f"turn {turn} has not been run; the last was {self._ctx.turn}")
        try:
            while self._waiting and self._waiting[0][0] <= turn:
                _, outbox = self._waiting.popleft()
                for client, command in outbox:
                    client.send(command)
        except Exception as error:
            raise self._break_off(None, error) from error

    @property
    def failure(self) -> str:
        """What kept a kernel in FAILED_START from starting; empty otherwise."""
        return self._session.failure

    # -- what is added before the start -----------------------------------------------------------

    def add_strategy(self, strategy: Strategy) -> StrategyId:
        """Give a strategy its id and its parts; it starts when the kernel is RUNNING.

        Raises:
            ValueError: its id or tag is taken, or the kernel has started.
        """
        taken = [c.id for c in self._session.components() if isinstance(c, Strategy)]
        strategy_id = name_strategy(strategy, taken)
        self._add(strategy, strategy_id)
        if isinstance(strategy.config, StrategyConfig):
            self.execution_engine.position_ids.set_oms(strategy_id, strategy.config.oms_type)
        return strategy_id

    def add_actor(self, actor: Actor) -> None:
        """Raises ValueError when its id is taken or the kernel has started."""
        self._add(actor, actor.component_id)

    def _add(self, component: Actor, component_id: ComponentId) -> None:
        self._session.check_addable(component_id)
        random = NO_RANDOM if self._random_for is None else self._random_for(component_id)
        component.register(component_id, self._ctx, self.portfolio, random)
        self._session.add(component)

    # -- step 2: who decides about which input ----------------------------------------------------

    def _who_decides(self) -> dict[type, Callable[[Any], None]]:
        engine = self.data_engine
        reported = self.execution_engine.messages
        return {
            **engine.processors(),
            reports.AcceptedReport: reported[reports.AcceptedReport],
            reports.RejectedReport: reported[reports.RejectedReport],
            reports.CanceledReport: reported[reports.CanceledReport],
            reports.ExpiredReport: reported[reports.ExpiredReport],
            reports.TriggeredReport: reported[reports.TriggeredReport],
            reports.UpdatedReport: reported[reports.UpdatedReport],
            reports.ModifyRejectedReport: reported[reports.ModifyRejectedReport],
            reports.CancelRejectedReport: reported[reports.CancelRejectedReport],
            reports.FillReport: reported[reports.FillReport],
            reports.OrderStatusReport: reported[reports.OrderStatusReport],
            reports.OutcomeUnknown: reported[reports.OutcomeUnknown],
            reports.OrderAnswer: reported[reports.OrderAnswer],
            reports.OpenOrdersAnswer: reported[reports.OpenOrdersAnswer],
            reports.FillsAnswer: reported[reports.FillsAnswer],
            reports.AccountReport: reported[reports.AccountReport],
            reports.SettlementReport: reported[reports.SettlementReport],
            reports.ClientConnected: self._session.client_connected,
            reports.ClientDisconnected: self._session.client_disconnected,
            commands.FireTimer: self._fire_timer,
            commands.StartKernel: self._session.start,
            commands.StopKernel: self._session.stop,
            commands.SetTradingState: self._set_trading_state,
        }

    def _take_no_more(self) -> None:
        """The kernel is over: there is no input that it would look at."""
        self._inputs = {}

    def _fire_timer(self, message: FireTimer) -> None:
        if self._clock.due_ns != message.ts_init:
            refused = Refused("NO_TIMER_DUE", "FireTimer", message.ts_init)
            self._ctx.facts.append(refused)
            self.bus.dispatch(topics.REFUSED, refused)
            return
        owner = self._clock.next_owner()
        event, callback = self._clock.pop_due()
        try:
            callback(event)
        except Exception as error:
            if owner is None or not self._session.owns(owner):
                raise
            raise HandlerFailed(owner, error) from error

    def _set_trading_state(self, command: SetTradingState) -> None:
        self.risk_engine.set_trading_state(command.state)

    # -- steps 5 and 6 ----------------------------------------------------------------------------

    def _remember(self, message: Input) -> TurnRecord:
        ctx = self._ctx
        facts, outbox = ctx.facts, ctx.outbox
        record = TurnRecord(
            ctx.turn,
            ctx.clock.now_ns,
            message,
            tuple(facts) if facts else (),  # of most turns neither
            tuple([command for _, command in outbox]) if outbox else (),
            ctx.epoch,
        )
        if self._journal.stores:
            self._journal.append(record)
        self.view.turn_record = record
        return record

    def _release(self, turn: int, outbox: list[tuple[Client, Command]]) -> None:
        if self._is_durable_at_once:
            for client, command in outbox:
                client.send(command)
        else:
            self._waiting.append((turn, outbox))

    # -- what goes wrong --------------------------------------------------------------------------

    def _misuse(self, message: Input) -> Exception:
        state = self._ctx.kernel_state
        clock = self._clock
        if state in _OVER:
            return KernelClosed(state)
        if self.bus.held:
            return TurnNested(f"{type(message).__name__} inside a turn")
        if type(message) not in self._inputs:
            return TypeError(f"{type(message).__name__} is not an input of a kernel")
        if message.ts_init < clock.now_ns:
            return TimeWentBack(clock.now_ns, message.ts_init)
        return TimerOverdue(clock.due_ns, message.ts_init)

    def _break_off(self, message: Input | None, error: Exception) -> KernelFault:
        """End the kernel. Nothing that waits leaves any more, this turn's or an earlier one's."""
        ctx = self._ctx
        cause: BaseException = error
        component_id = None
        if isinstance(error, HandlerFailed) and error.__cause__ is not None:
            cause = error.__cause__
            component_id = error.component_id
        self._take_no_more()
        self.bus.clear()
        ctx.outbox = []
        self._waiting.clear()
        self._clock.cancel_all()
        ctx.kernel_state = next_kernel_state(ctx.kernel_state, KernelTrigger.FAULT)
        audit = FaultRecord(
            ctx.turn,
            ctx.clock.now_ns,
            message,
            tuple(ctx.facts),
            type(cause).__name__,
            component_id,
            ctx.epoch,
        )
        with suppress(JournalFailed):  # a journal that failed is often why we are here
            self._journal.append_fault(audit)
        self.fault = KernelFault(cause, audit)
        return self.fault
