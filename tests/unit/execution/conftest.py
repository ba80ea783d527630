"""An execution engine among its real neighbours, one client that writes down what it is sent,
and a venue made of whatever reports a test hands in."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
import pytest

from engine.bus import MessageBus
from engine.cache import Cache
from engine.clock import KernelClock
from engine.context import Context
from engine.execution.config import ExecutionEngineConfig
from engine.execution.engine import ExecutionEngine
from engine.log import Log
from engine.model.commands import (
    CancelOrder,
    Command,
    ModifyOrder,
    QueryAccount,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    SubmitOrder,
)
from engine.model.currencies import BTC, USDT, Currency
from engine.model.enums import (
    BUY,
    AccountType,
    AnswerStatus,
    KernelState,
    LiquiditySide,
    OmsType,
    OrderSide,
    OrderStatus,
    OrderType,
    RequestKind,
    TimeInForce,
    TriggerType,
)
from engine.model.events import Alert, OrderInitialized, Refused
from engine.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    InstrumentId,
    StrategyId,
    TradeId,
    TraderId,
    Venue,
    VenueOrderId,
)
from engine.model.instruments import CurrencyPair
from engine.model.orders import Order
from engine.model.reports import (
    AcceptedReport,
    AccountReport,
    CanceledReport,
    CancelRejectedReport,
    ExpiredReport,
    FillReport,
    FillsAnswer,
    ModifyRejectedReport,
    OpenOrdersAnswer,
    OrderAnswer,
    OrderStatusReport,
    OutcomeUnknown,
    RejectedReport,
    TriggeredReport,
    UpdatedReport,
)
from engine.model.values import AccountBalance, Money, Price, Quantity
from engine.portfolio import Portfolio
from engine.risk.config import RiskEngineConfig
from engine.risk.engine import RiskEngine

SECOND = 1_000_000_000
MS = 1_000_000
NOON = 1_700_000_000 * SECOND
LIFETIME = 4 * SECOND

C = TypeVar("C", bound=Command)
M = TypeVar("M")


class RecordingClient:
    """An execution client whose venue is the test itself."""

    def __init__(self, client_id: str, venue: str) -> None:
        self.client_id = ClientId(client_id)
        self.venue = Venue(venue)
        self.account_id = AccountId(f"{venue}-001")
        self.account_type = AccountType.CASH
        self.oms_type = OmsType.NETTING
        self.request_lifetime_ns = LIFETIME
        self.absence_is_final = False
        self.sent: list[Command] = []

    def send(self, command: Command) -> None:
        self.sent.append(command)


class Rig:
    """One execution engine, driven turn by turn as a kernel would drive it."""

    def __init__(self, config: ExecutionEngineConfig | None = None) -> None:
        self.clock = KernelClock(NOON)
        self.bus = MessageBus()
        self.cache = Cache()
        self.logged: list[object] = []
        self.ctx = Context(
            TraderId("TRADER-001"),
            1,
            self.clock,
            self.bus,
            self.cache,
            Log(self.clock, self.logged.append),
        )
        self.ctx.kernel_state = KernelState.RUNNING
        self.client = RecordingClient("SIM", "SIM")
        self.portfolio = Portfolio(self.ctx)
        self.engine = ExecutionEngine(
            self.ctx,
            self.portfolio,
            [self.client],
            ExecutionEngineConfig() if config is None else config,
        )
        self.risk = RiskEngine(
            self.ctx, RiskEngineConfig(), self.engine.tradable, self.engine.position_ids
        )
        self.reconciled: list[ClientId] = []
        self.engine.on_reconciled = self.reconciled.append
        self.instrument_id = InstrumentId("BTC/USDT.SIM")
        self.strategy_id = StrategyId("MM-001")
        self.account_id = self.client.account_id
        self.instrument = CurrencyPair(
            id=self.instrument_id,
            base_currency=BTC,
            quote_currency=USDT,
            price_increment=Price.from_str("0.01"),
            size_increment=Quantity.from_str("0.001"),
        )
        self.cache.add_instrument(self.instrument)
        self.heard: list[tuple[str, object]] = []
        self.bus.observer = lambda topic, message: self.heard.append((topic, message))
        self.facts: list[msgspec.Struct] = []
        self._orders = 0

    # --- turns ----------------------------------------------------------------------------

    def turn(self, act: Callable[[], None]) -> None:
        """One turn: what `act` does and all it causes; then the outbox leaves."""
        self.ctx.begin_turn()
        self.bus.held = True
        act()
        self.bus.drain()
        self.facts.extend(self.ctx.facts)
        for client, command in self.ctx.outbox:
            client.send(command)

    def report(self, message: object) -> None:
        self.turn(lambda: self.engine.process(message))

    def execute(self, command: Command) -> None:
        self.turn(lambda: self.engine.execute(command))

    def advance(self, by_ns: int) -> None:
        """Let time pass, each timer that falls due in a turn of its own."""
        until_ns = self.clock.now_ns + by_ns
        while (due_ns := self.clock.next_timer_ns()) is not None and due_ns <= until_ns:
            self.clock.advance(due_ns)

            def fire() -> None:
                event, callback = self.clock.pop_due()
                callback(event)

            self.turn(fire)
        self.clock.advance(until_ns)

    @property
    def now(self) -> int:
        return self.clock.now_ns

    # --- what was heard and sent ----------------------------------------------------------

    def names(self) -> list[str]:
        """Type names of everything published since the last call, in order."""
        names = [type(message).__name__ for _, message in self.heard]
        self.heard.clear()
        return names

    def of_type(self, kind: type[M]) -> list[M]:
        return [message for _, message in self.heard if isinstance(message, kind)]

    def alerts(self) -> list[str]:
        return [alert.code for alert in self.of_type(Alert)]

    def refusals(self) -> list[str]:
        return [refused.reason for refused in self.of_type(Refused)]

    def sent(self, kind: type[C]) -> list[C]:
        return [command for command in self.client.sent if isinstance(command, kind)]

    def last_sent(self, kind: type[C]) -> C:
        return self.sent(kind)[-1]

    # --- clients --------------------------------------------------------------------------

    def connect(self) -> None:
        """Connect and answer a whole pass that finds nothing; the account opens funded."""
        self.begin_pass()
        self.answer_account()
        self.answer_fills()
        self.answer_open_orders()

    def begin_pass(self) -> None:
        def start() -> None:
            self.engine.client_connected(self.client.client_id)
            self.engine.start_reconcile(self.client)

        self.turn(start)

    def disconnect(self) -> None:
        self.turn(lambda: self.engine.client_disconnected(self.client.client_id))

    def account_report(
        self,
        *balances: AccountBalance,
        correlation_id: str | None = None,
        status: AnswerStatus = AnswerStatus.OK,
    ) -> AccountReport:
        return AccountReport(
            self.client.client_id,
            correlation_id,
            status,
            self.account_id,
            AccountType.CASH,
            balances or (balance("100000", USDT), balance("10", BTC)),
            (),
            self.now,
            self.now,
        )

    def answer_account(
        self, *balances: AccountBalance, status: AnswerStatus = AnswerStatus.OK
    ) -> None:
        query = self.last_sent(QueryAccount)
        report = self.account_report(*balances, correlation_id=query.command_id, status=status)
        self.report(report)

    def answer_fills(self, *fills: FillReport, status: AnswerStatus = AnswerStatus.OK) -> None:
        query = self.last_sent(QueryFills)
        self.report(FillsAnswer(self.client.client_id, query.command_id, status, fills, self.now))

    def answer_open_orders(
        self,
        *orders: OrderStatusReport,
        status: AnswerStatus = AnswerStatus.OK,
        sent_ns: int | None = None,
    ) -> None:
        query = self.last_sent(QueryOpenOrders)
        sent_ns = query.ts_init if sent_ns is None else sent_ns
        self.report(
            OpenOrdersAnswer(
                self.client.client_id, query.command_id, status, orders, sent_ns, self.now
            )
        )

    def answer_order(
        self,
        picture: OrderStatusReport | None,
        *fills: FillReport,
        status: AnswerStatus = AnswerStatus.OK,
        query: QueryOrder | None = None,
    ) -> None:
        """Answer the last QueryOrder, or `query`; the picture is as old as the query."""
        query = self.last_sent(QueryOrder) if query is None else query
        self.report(
            OrderAnswer(
                self.client.client_id,
                query.command_id,
                status,
                query.client_order_id,
                picture,
                fills,
                query.ts_init,
                self.now,
            )
        )

    # --- orders ---------------------------------------------------------------------------

    def order(
        self,
        side: OrderSide = BUY,
        quantity: str = "1.000",
        price: str | None = "100.00",
        trigger_price: str | None = None,
        strategy_id: StrategyId | None = None,
        instrument_id: InstrumentId | None = None,
    ) -> Order:
        """A registered order that has not been submitted. MARKET when `price` is None."""
        self._orders += 1
        kind = {
            (False, False): OrderType.MARKET,
            (True, False): OrderType.LIMIT,
            (False, True): OrderType.STOP_MARKET,
            (True, True): OrderType.STOP_LIMIT,
        }[(price is not None, trigger_price is not None)]
        order = Order(
            OrderInitialized(
                self.ctx.trader_id,
                strategy_id or self.strategy_id,
                instrument_id or self.instrument_id,
                ClientOrderId(f"O-{self._orders}"),
                f"init-{self._orders}",
                self.now,
                self.now,
                side,
                kind,
                Quantity.from_str(quantity),
                TimeInForce.GTC,
                None if price is None else Price.from_str(price),
                None if trigger_price is None else Price.from_str(trigger_price),
                TriggerType.NO_TRIGGER if trigger_price is None else TriggerType.LAST_PRICE,
            )
        )
        self.cache.add_order(order)
        return order

    def submit_command(self, order: Order, client_id: ClientId | None = None) -> SubmitOrder:
        return SubmitOrder(
            f"submit-{order.client_order_id}",
            client_id,
            self.now,
            order.strategy_id,
            order.instrument_id,
            order.init,
        )

    def submitted(self, **kwargs: object) -> Order:
        order = self.order(**kwargs)  # type: ignore[arg-type]
        self.execute(self.submit_command(order))
        return order

    def accepted(self, **kwargs: object) -> Order:
        order = self.submitted(**kwargs)
        self.report(self.accept(order))
        return order

    def cancel_command(self, order: Order, command_id: str = "cancel-1") -> CancelOrder:
        return CancelOrder(
            command_id,
            None,
            self.now,
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            order.venue_order_id,
        )

    def modify_command(
        self,
        order: Order,
        command_id: str = "modify-1",
        quantity: str | None = None,
        price: str | None = None,
    ) -> ModifyOrder:
        return ModifyOrder(
            command_id,
            None,
            self.now,
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            order.venue_order_id,
            None if quantity is None else Quantity.from_str(quantity),
            None if price is None else Price.from_str(price),
            None,
        )

    # --- reports --------------------------------------------------------------------------

    def _head(
        self, order: Order, venue_order_id: str | None = None, ts_event: int | None = None
    ) -> tuple[AccountId, InstrumentId, ClientOrderId, VenueOrderId, int, int]:
        return (
            self.account_id,
            order.instrument_id,
            order.client_order_id,
            VenueOrderId(venue_order_id or f"V-{order.client_order_id}"),
            self.now if ts_event is None else ts_event,
            self.now,
        )

    def accept(self, order: Order, venue_order_id: str | None = None) -> AcceptedReport:
        return AcceptedReport(*self._head(order, venue_order_id))

    def reject(self, order: Order, reason: str = "no") -> RejectedReport:
        return RejectedReport(*self._head(order), reason)

    def trigger(self, order: Order) -> TriggeredReport:
        return TriggeredReport(*self._head(order))

    def cancel(
        self, order: Order, filled: str = "0.000", quantity: str | None = None
    ) -> CanceledReport:
        size = None if quantity is None else Quantity.from_str(quantity)
        return CanceledReport(*self._head(order), Quantity.from_str(filled), size)

    def expire(
        self, order: Order, filled: str = "0.000", quantity: str | None = None
    ) -> ExpiredReport:
        size = None if quantity is None else Quantity.from_str(quantity)
        return ExpiredReport(*self._head(order), Quantity.from_str(filled), size)

    def update(
        self,
        order: Order,
        quantity: str = "1.000",
        price: str | None = "100.00",
        request_id: str | None = None,
        venue_order_id: str | None = None,
        ts_event: int | None = None,
    ) -> UpdatedReport:
        return UpdatedReport(
            *self._head(order, venue_order_id, ts_event),
            Quantity.from_str(quantity),
            None if price is None else Price.from_str(price),
            None,
            request_id,
        )

    def modify_rejected(self, order: Order, request_id: str) -> ModifyRejectedReport:
        return ModifyRejectedReport(*self._head(order), request_id, "no")

    def cancel_rejected(self, order: Order, request_id: str) -> CancelRejectedReport:
        return CancelRejectedReport(*self._head(order), request_id, "no")

    def fill(
        self,
        order: Order,
        quantity: str = "1.000",
        price: str = "100.00",
        trade_id: str = "T-1",
        commission: str = "0",
        currency: Currency = USDT,
        ts_event: int | None = None,
    ) -> FillReport:
        return FillReport(
            *self._head(order, None, ts_event),
            TradeId(trade_id),
            order.side,
            Quantity.from_str(quantity),
            Price.from_str(price),
            Money(commission, currency),
            LiquiditySide.TAKER,
        )

    def picture(
        self,
        order: Order,
        status: OrderStatus = OrderStatus.ACCEPTED,
        quantity: str | None = None,
        filled: str = "0.000",
        price: str | None = "100.00",
        ts_event: int | None = None,
    ) -> OrderStatusReport:
        return OrderStatusReport(
            *self._head(order, None, ts_event),
            order.side,
            order.order_type,
            order.time_in_force,
            status,
            order.quantity if quantity is None else Quantity.from_str(quantity),
            Quantity.from_str(filled),
            None if price is None else Price.from_str(price),
            order.trigger_price,
        )

    def unknown(
        self,
        order: Order,
        kind: RequestKind = RequestKind.SUBMIT,
        request_id: str | None = None,
        sent_ns: int = 0,
    ) -> OutcomeUnknown:
        return OutcomeUnknown(
            self.client.client_id,
            order.client_order_id,
            kind,
            request_id or f"submit-{order.client_order_id}",
            "timeout",
            self.now,
            sent_ns,
        )


def balance(total: str, currency: Currency, locked: str = "0") -> AccountBalance:
    return AccountBalance.from_total_and_locked(Money(total, currency), Money(locked, currency))


@pytest.fixture
def rig() -> Rig:
    """Connected, reconciled, funded with 100,000 USDT and 10 BTC; nothing heard yet."""
    rig = Rig()
    rig.connect()
    rig.heard.clear()
    rig.facts.clear()
    rig.client.sent.clear()
    return rig


@pytest.fixture
def make_rig() -> type[Rig]:
    return Rig
