"""A floor: a risk engine with a real cache, bus and clock; what it says is kept in lists."""

from collections.abc import Callable
from typing import Any

import pytest

from engine import topics
from engine.bus import MessageBus
from engine.cache import Cache
from engine.clock import KernelClock
from engine.context import Context
from engine.execution.denial import Denial
from engine.execution.desk import Desk
from engine.execution.position_ids import PositionIds
from engine.log import Log, LogRecord
from engine.model.accounts import Account, CashAccount, MarginAccount
from engine.model.commands import ModifyOrder, SubmitOrder
from engine.model.currencies import BTC, USDT, currency
from engine.model.data import QuoteTick, TradeTick
from engine.model.enums import (
    BUY,
    AggressorSide,
    DenialCode,
    LiquiditySide,
    OrderSide,
    OrderStatus,
    OrderType,
    TimeInForce,
    TriggerType,
)
from engine.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderFilled,
    OrderInitialized,
    OrderModifyRejected,
    OrderPendingUpdate,
    OrderSubmitted,
    OrderUpdated,
    Refused,
    TradingStateChanged,
)
from engine.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    Venue,
    VenueOrderId,
)
from engine.model.instruments import CryptoPerpetual, CurrencyPair
from engine.model.orders import Order
from engine.model.positions import Position
from engine.model.values import Money, Price, Quantity
from engine.risk.config import RiskEngineConfig
from engine.risk.engine import RiskEngine

NOON_NS = 1_700_000_000_000_000_000
TRADER = TraderId("TRADER-001")
ACCOUNT = AccountId("SIM-001")
SPOT = InstrumentId("BTC/USDT.SIM")
PERP = InstrumentId("BTCUSDT-PERP.SIM")
INVERSE = InstrumentId("BTCUSD-PERP.SIM")


class Floor:
    """Builds what a case needs. A command that passes is applied as the engine would: an order
    is SUBMITTED, a modify PENDING_UPDATE, before the next turn."""

    def __init__(self) -> None:
        self.clock = KernelClock(NOON_NS)
        self.bus = MessageBus()
        self.cache = Cache()
        self.logged: list[LogRecord] = []
        log = Log(self.clock, self.logged.append)
        self.ctx = Context(TRADER, 1, self.clock, self.bus, self.cache, log)
        self.barred: DenialCode | None = None
        self.passed: list[SubmitOrder | ModifyOrder] = []
        self.denials: list[Denial] = []
        self.refused: list[Refused] = []
        self.states: list[TradingStateChanged] = []
        self.risk = self.engine()
        self.bus.register(topics.EXEC_EXECUTE, self._execute)
        self.bus.register(topics.EXEC_PROCESS, self.denials.append)
        self.bus.subscribe(topics.REFUSED, self.refused.append)
        self.bus.subscribe(topics.RISK, self.states.append)
        self._numbers = 0
        for instrument in (
            self.spot(),
            CryptoPerpetual(
                id=PERP,
                base_currency=BTC,
                quote_currency=USDT,
                price_increment=Price("0.01"),
                size_increment=Quantity("0.001"),
                margin_init="0.1",
                margin_maint="0.05",
            ),
            CryptoPerpetual(
                id=INVERSE,
                base_currency=BTC,
                quote_currency=currency("USD"),
                price_increment=Price("0.5"),
                size_increment=Quantity("1"),
                is_inverse=True,
                margin_init="0.1",
            ),
        ):
            self.cache.add_instrument(instrument)
        self.ctx.begin_turn()

    # --- parts ---

    def engine(self, **config: Any) -> RiskEngine:
        """A new risk engine in place of the present one."""
        if topics.RISK_EXECUTE in self.bus.endpoints():
            self.bus.deregister(topics.RISK_EXECUTE, self.risk.execute)
        self.risk = RiskEngine(
            self.ctx,
            RiskEngineConfig(**config),
            self._tradable,
            PositionIds(self.ctx, Desk(self.ctx, [])),
        )
        return self.risk

    def _tradable(self, venue: Venue, client_id: ClientId | None) -> DenialCode | None:
        return self.barred

    def spot(self, **bounds: Any) -> CurrencyPair:
        return CurrencyPair(
            id=SPOT,
            base_currency=BTC,
            quote_currency=USDT,
            price_increment=Price("0.01"),
            size_increment=Quantity("0.000001"),
            **bounds,
        )

    def cash(self, **totals: str) -> CashAccount:
        account = CashAccount(ACCOUNT)
        self._fund(account, totals)
        return account

    def margin(self, leverage: int = 10, **totals: str) -> MarginAccount:
        account = MarginAccount(ACCOUNT, leverage)
        self._fund(account, totals)
        return account

    def _fund(self, account: Account, totals: dict[str, str]) -> None:
        for code, total in totals.items():
            account.set_total(currency(code), Money(total, currency(code)).raw)
        account.settle()
        self.cache.add_account(account)

    def next_turn(self, after_ns: int = 0) -> None:
        self.clock.advance(self.clock.now_ns + after_ns)
        self.ctx.begin_turn()

    # --- market ---

    def quote(
        self,
        bid: str,
        ask: str,
        bid_size: int = 1,
        ask_size: int = 1,
        instrument_id: InstrumentId = SPOT,
    ) -> None:
        bid_mantissa, ask_mantissa = Price(bid, 2).mantissa, Price(ask, 2).mantissa
        self.cache.add_quote(
            QuoteTick(instrument_id, bid_mantissa, ask_mantissa, bid_size, ask_size, 2, 6, 0, 0)
        )

    def trade(self, price: str) -> None:
        mantissa = Price(price, 2).mantissa
        self.cache.add_trade(
            TradeTick(SPOT, mantissa, 1, 2, 6, AggressorSide.BUYER, TradeId("T"), 0, 0)
        )

    # --- commands ---

    def order(
        self,
        side: OrderSide = BUY,
        quantity: str = "1",
        price: str | None = "100.00",
        *,
        trigger_price: str | None = None,
        instrument_id: InstrumentId = SPOT,
        strategy: str = "MAKER-001",
        name: str | None = None,
        expire_time_ns: int = 0,
        reduce_only: bool = False,
    ) -> Order:
        """LIMIT with a price, STOP_* with a trigger price, MARKET with neither; not cached."""
        if trigger_price is None:
            order_type = OrderType.MARKET if price is None else OrderType.LIMIT
        else:
            order_type = OrderType.STOP_MARKET if price is None else OrderType.STOP_LIMIT
        self._numbers += 1
        return Order(
            OrderInitialized(
                TRADER,
                StrategyId(strategy),
                instrument_id,
                ClientOrderId(name or f"O-{self._numbers}"),
                self.ctx.new_id(),
                0,
                0,
                side,
                order_type,
                Quantity(quantity),
                TimeInForce.GTD if expire_time_ns else TimeInForce.GTC,
                price=None if price is None else Price(price),
                trigger_price=None if trigger_price is None else Price(trigger_price),
                trigger_type=(
                    TriggerType.NO_TRIGGER if trigger_price is None else TriggerType.DEFAULT
                ),
                expire_time_ns=expire_time_ns,
                reduce_only=reduce_only,
            )
        )

    def submit_command(self, order: Order) -> SubmitOrder:
        return SubmitOrder(
            self.ctx.new_id(),
            None,
            self.clock.now_ns,
            order.strategy_id,
            order.instrument_id,
            order.init,
        )

    def submit(self, order: Order) -> DenialCode | None:
        """The order cached and handed to risk, in a turn of its own. The code, None: passed."""
        self.next_turn()
        self.cache.add_order(order)
        return self._outcome(self.submit_command(order))

    def modify(
        self,
        order: Order,
        quantity: str | None = None,
        price: str | None = None,
        trigger_price: str | None = None,
    ) -> DenialCode | None:
        self.next_turn()
        return self._outcome(self.modify_command(order, quantity, price, trigger_price))

    def modify_command(
        self,
        order: Order,
        quantity: str | None = None,
        price: str | None = None,
        trigger_price: str | None = None,
    ) -> ModifyOrder:
        return ModifyOrder(
            self.ctx.new_id(),
            None,
            self.clock.now_ns,
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            order.venue_order_id,
            None if quantity is None else Quantity(quantity),
            None if price is None else Price(price),
            None if trigger_price is None else Price(trigger_price),
        )

    def _outcome(self, command: SubmitOrder | ModifyOrder) -> DenialCode | None:
        passed, denied = len(self.passed), len(self.denials)
        self.bus.send(topics.RISK_EXECUTE, command)
        if len(self.passed) > passed:
            return None
        assert len(self.denials) == denied + 1
        assert self.denials[-1].request is command
        return self.denials[-1].code

    def in_one_turn(self, *commands: Callable[[], SubmitOrder | ModifyOrder]) -> None:
        """Commands of one handler: all are queued before the first is judged."""
        self.next_turn()
        self.bus.held = True
        for command in commands:
            self.bus.send(topics.RISK_EXECUTE, command())
        self.bus.drain()
        self.bus.held = False

    @property
    def detail(self) -> str:
        return self.denials[-1].detail

    # --- what the execution engine does ---

    def _execute(self, command: SubmitOrder | ModifyOrder) -> None:
        self.passed.append(command)
        if type(command) is SubmitOrder:
            order = self.cache.order(command.order.client_order_id)
            assert order is not None
            self.apply(order, OrderSubmitted(*self.head(order), ACCOUNT, command.command_id))
        else:
            order = self.cache.order(command.client_order_id)
            assert order is not None
            self.apply(order, OrderPendingUpdate(*self.head(order), ACCOUNT, command.command_id))

    def head(self, order: Order) -> tuple[Any, ...]:
        return (
            TRADER,
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            self.ctx.new_id(),
            self.clock.now_ns,
            self.clock.now_ns,
        )

    def apply(self, order: Order, event: Any) -> None:
        order.apply(event)
        self.cache.update_order(order)
        account = self.cache.account(ACCOUNT)
        instrument = self.cache.instrument(order.instrument_id)
        if account is not None and instrument is not None:
            if type(event) is OrderFilled:
                account.apply_fill(event, instrument)
            account.apply_order(order, instrument)
            account.settle()

    def accept(self, order: Order) -> None:
        voi = VenueOrderId(f"V-{order.client_order_id}")
        self.apply(order, OrderAccepted(*self.head(order), ACCOUNT, voi))
        self.cache.add_venue_order_id(order.client_order_id, voi)

    def cancel(self, order: Order) -> None:
        self.apply(order, OrderCanceled(*self.head(order)))

    def update(self, order: Order, quantity: str, request_id: str) -> None:
        event = OrderUpdated(*self.head(order), Quantity(quantity), request_id=request_id)
        self.apply(order, event)

    def reject_modify(self, order: Order, request_id: str) -> None:
        self.apply(order, OrderModifyRejected(*self.head(order), request_id, "no"))

    def working(self, side: OrderSide, quantity: str, price: str = "100.00", **kind: Any) -> Order:
        """An order that stands at the venue; risk was not asked."""
        order = self.order(side, quantity, price, **kind)
        self.cache.add_order(order)
        self.apply(order, OrderSubmitted(*self.head(order), ACCOUNT, self.ctx.new_id()))
        self.accept(order)
        return order

    def hold(self, side: OrderSide, quantity: str, price: str = "100.00", **kind: Any) -> Position:
        """A position, made by one order filled."""
        order = self.working(side, quantity, price, **kind)
        instrument = self.cache.instrument(order.instrument_id)
        assert instrument is not None
        fill = OrderFilled(
            *self.head(order),
            ACCOUNT,
            VenueOrderId(f"V-{order.client_order_id}"),
            TradeId(f"T-{order.client_order_id}"),
            PositionId(f"{order.instrument_id}-{ACCOUNT}-{order.strategy_id}"),
            side,
            order.order_type,
            Quantity(quantity),
            Price(price),
            Money.zero(instrument.cost_currency),
            LiquiditySide.TAKER,
        )
        self.apply(order, fill)
        position = self.cache.position(fill.position_id)
        if position is None:
            position = Position(instrument, fill)
            self.cache.add_position(position)
        else:
            position.apply(fill)
            self.cache.update_position(position)
        assert order.status is OrderStatus.FILLED
        return position


@pytest.fixture
def floor() -> Floor:
    return Floor()
