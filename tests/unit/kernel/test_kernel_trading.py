"""A kernel that trades: what reaches the venue before, while and after it is running."""

from engine.kernel import Kernel, KernelConfig
from engine.model.commands import (
    CancelOrder,
    Command,
    FireTimer,
    QueryAccount,
    QueryFills,
    QueryOpenOrders,
    StartKernel,
    StopKernel,
)
from engine.model.currencies import BTC, USDT
from engine.model.data import QuoteTick
from engine.model.enums import AccountType, AnswerStatus, KernelState, OmsType, OrderSide
from engine.model.events import OrderDenied, OrderEvent
from engine.model.identifiers import (
    AccountId,
    ClientId,
    InstrumentId,
    TraderId,
    Venue,
    VenueOrderId,
)
from engine.model.instruments import CurrencyPair
from engine.model.orders import Order
from engine.model.reports import (
    AcceptedReport,
    AccountReport,
    ClientConnected,
    ClientDisconnected,
    FillsAnswer,
    InstrumentReceived,
    OpenOrdersAnswer,
)
from engine.model.values import AccountBalance, Money, Price, Quantity
from engine.record import TurnRecord
from engine.strategy import Strategy, StrategyConfig

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
SIM = ClientId("SIM")
ACCOUNT = AccountId("SIM-001")
BTCUSDT = CurrencyPair(
    id=InstrumentId("BTC/USDT.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price("0.01"),
    size_increment=Quantity("0.001"),
)


class TradingClient:
    """A client that notes its commands; the test speaks for the venue."""

    client_id = SIM
    venue = Venue("SIM")
    account_id = ACCOUNT
    account_type = AccountType.CASH
    oms_type = OmsType.NETTING
    request_lifetime_ns = 5 * SECOND
    absence_is_final = True

    def __init__(self) -> None:
        self.sent: list[Command] = []

    def send(self, command: Command) -> None:
        self.sent.append(command)

    def kinds(self) -> list[str]:
        return [type(command).__name__ for command in self.sent]


class Buyer(Strategy):
    """Bids once for each quote; at its stop cancels everything and bids a last time."""

    def __init__(self) -> None:
        super().__init__(StrategyConfig(strategy_id="BUYER-001"))
        self.events: list[str] = []
        self.orders: list[Order] = []

    def on_start(self) -> None:
        self.events.append("start")
        self.subscribe_quote_ticks(BTCUSDT.id)

    def on_stop(self) -> None:
        self.cancel_all_orders(BTCUSDT.id)
        self.bid()

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.bid()

    def bid(self) -> None:
        order = self.order_factory.limit(
            BTCUSDT.id, OrderSide.BUY, Quantity("0.010"), Price("100.00")
        )
        self.orders.append(order)
        self.submit_order(order)

    def on_order_event(self, event: OrderEvent) -> None:
        self.events.append(
            event.code.value if isinstance(event, OrderDenied) else type(event).__name__
        )


class Bench:
    """A kernel with one trading client and one buyer, and the venue's lines."""

    def __init__(self) -> None:
        self.client = TradingClient()
        self.buyer = Buyer()
        self.records: list[TurnRecord] = []
        config = KernelConfig(trader_id=TraderId("T-001"), stop_grace_ns=SECOND)
        self.kernel = Kernel(config, [self.client], None, self.records.append)
        self.kernel.add_strategy(self.buyer)
        self.now = T0
        self.kernel.turn(StartKernel("start", None, T0))
        self.kernel.turn(InstrumentReceived(BTCUSDT, T0))

    def connect(self) -> None:
        self.kernel.turn(ClientConnected(SIM, self.now))

    def agree(self) -> None:
        """Answer the reconcile pass: an account with money, no fills, no orders."""
        balances = tuple(
            AccountBalance(Money(1_000, code), Money(0, code), Money(1_000, code))
            for code in (BTC, USDT)
        )
        for command in list(self.client.sent):
            query_id = command.command_id
            ok = AnswerStatus.OK
            if type(command) is QueryAccount:
                self.kernel.turn(
                    AccountReport(
                        SIM,
                        query_id,
                        ok,
                        ACCOUNT,
                        AccountType.CASH,
                        balances,
                        (),
                        self.now,
                        self.now,
                    )
                )
            elif type(command) is QueryFills:
                self.kernel.turn(FillsAnswer(SIM, query_id, ok, (), self.now))
            elif type(command) is QueryOpenOrders:
                self.kernel.turn(OpenOrdersAnswer(SIM, query_id, ok, (), self.now, self.now))
        self.client.sent.clear()

    def quote(self) -> None:
        self.now += 1
        self.kernel.turn(QuoteTick(BTCUSDT.id, 9_900, 10_100, 5, 5, 2, 3, self.now, self.now))

    def running(self) -> "Bench":
        self.connect()
        self.agree()
        return self


def test_start_with_a_trading_client_reconciles_before_strategies_start() -> None:
    bench = Bench()
    bench.connect()
    assert bench.kernel.view.state is KernelState.RECONCILING
    assert bench.client.kinds() == ["Connect", "QueryAccount", "QueryFills", "QueryOpenOrders"]
    assert bench.buyer.events == []

    bench.agree()

    assert bench.kernel.view.state is KernelState.RUNNING
    assert bench.buyer.events == ["start"]
    assert [account.id for account in bench.kernel.view.accounts()] == [ACCOUNT]
    assert bench.kernel.next_timer_ns() is None


def test_start_that_is_not_reconciled_in_time_fails_and_says_who() -> None:
    bench = Bench()
    bench.connect()
    due_ns = T0 + 30 * SECOND
    assert bench.kernel.next_timer_ns() == due_ns
    bench.kernel.turn(FireTimer(due_ns))
    assert bench.kernel.view.state is KernelState.FAILED_START
    assert "not reconciled: SIM" in [
        getattr(fact, "detail", "") for fact in bench.records[-1].facts
    ]
    assert bench.client.kinds()[-1] == "Disconnect"


def test_client_lost_while_reconciling_is_reconciled_anew() -> None:
    bench = Bench()
    bench.connect()
    bench.client.sent.clear()
    bench.kernel.turn(ClientDisconnected(SIM, "reset", T0))
    bench.connect()
    assert bench.client.kinds() == ["QueryAccount", "QueryFills", "QueryOpenOrders"]
    bench.agree()
    assert bench.kernel.view.state is KernelState.RUNNING


def test_order_of_a_handler_leaves_in_the_outbox_of_that_turn() -> None:
    bench = Bench().running()
    bench.client.sent.clear()
    bench.quote()

    assert bench.client.kinds() == ["SubmitOrder"]
    assert bench.buyer.events[1:] == ["OrderInitialized", "OrderSubmitted"]
    record = bench.records[-1]
    assert [type(fact).__name__ for fact in record.facts] == ["OrderInitialized", "OrderSubmitted"]
    assert record.commands == tuple(bench.client.sent)
    touched = bench.kernel.view.orders_touched()
    assert [order.client_order_id for order in touched] == [bench.buyer.orders[0].client_order_id]


def test_order_for_a_client_that_is_away_is_denied_until_it_is_reconciled_again() -> None:
    bench = Bench().running()
    bench.kernel.turn(ClientDisconnected(SIM, "reset", bench.now))
    bench.quote()
    assert bench.kernel.view.state is KernelState.RUNNING
    bench.connect()
    bench.quote()
    assert bench.buyer.events[1:] == ["OrderInitialized", "CLIENT_DISCONNECTED"] * 2

    bench.agree()
    bench.quote()
    assert bench.buyer.events[-1] == "OrderSubmitted"


def test_what_on_stop_asks_for_leaves_before_the_clients_are_disconnected() -> None:
    bench = Bench().running()
    bench.quote()
    order = bench.buyer.orders[0]
    bench.kernel.turn(
        AcceptedReport(
            ACCOUNT,
            BTCUSDT.id,
            order.client_order_id,
            VenueOrderId("V-1"),
            bench.now,
            bench.now,
        )
    )
    bench.client.sent.clear()
    bench.kernel.turn(StopKernel("stop", None, bench.now + 1))

    assert sorted(bench.client.kinds()) == ["CancelOrder", "SubmitOrder", "Unsubscribe"]
    cancels = [command for command in bench.client.sent if isinstance(command, CancelOrder)]
    assert [command.client_order_id for command in cancels] == [order.client_order_id]

    bench.kernel.turn(FireTimer(bench.now + 1 + SECOND))
    assert bench.kernel.view.state is KernelState.STOPPED
    assert bench.client.kinds()[-1] == "Disconnect"
    assert bench.buyer.events[-1] == "OrderAccepted"  # a stopped strategy hears nothing more
