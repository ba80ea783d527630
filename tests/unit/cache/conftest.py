"""A shelf: a cache, and a maker of the orders, fills and positions that go into it."""

import pytest

from engine.cache import Cache, CacheConfig
from engine.model.currencies import BTC, USDT, Currency
from engine.model.data import QuoteTick, TradeTick
from engine.model.enums import (
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
    OrderDenied,
    OrderEmulated,
    OrderExpired,
    OrderFilled,
    OrderInitialized,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
    OrderReleased,
    OrderSubmitted,
    OrderTriggered,
    OrderUpdated,
)
from engine.model.identifiers import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from engine.model.instruments import CurrencyPair
from engine.model.orders import Order
from engine.model.positions import Position
from engine.model.values import Money, Price, Quantity

TRADER = TraderId("TRADER-001")
ACCOUNT = AccountId("SIM-001")


def currency_pair(instrument_id: InstrumentId, base: Currency = BTC) -> CurrencyPair:
    return CurrencyPair(
        id=instrument_id,
        base_currency=base,
        quote_currency=USDT,
        price_increment=Price("0.01"),
        size_increment=Quantity("0.000001"),
    )


class Shelf:
    def __init__(self) -> None:
        self.cache = Cache(CacheConfig(tick_capacity=3, bar_capacity=2))
        self.instrument_id = InstrumentId("BTC/USDT.SIM")
        self.other_id = InstrumentId("ETH/USDT.ALT")
        self.strategy_id = StrategyId("MAKER-001")
        self.other_strategy_id = StrategyId("TAKER-002")
        self.instrument = currency_pair(self.instrument_id)
        self.cache.add_instrument(self.instrument)
        self._event = 0

    # --- market data ---

    def quote(self, bid: int, ask: int, instrument_id: InstrumentId | None = None) -> QuoteTick:
        return QuoteTick(instrument_id or self.instrument_id, bid, ask, 1, 1, 2, 6, 0, 0)

    def trade(self, price: int, number: int = 1) -> TradeTick:
        return TradeTick(
            self.instrument_id,
            price,
            1,
            2,
            6,
            AggressorSide.BUYER,
            TradeId(f"T-{number}"),
            0,
            0,
        )

    # --- orders ---

    def order(
        self,
        name: str = "O-1",
        side: OrderSide = OrderSide.BUY,
        order_type: OrderType = OrderType.LIMIT,
        instrument_id: InstrumentId | None = None,
        strategy_id: StrategyId | None = None,
        quantity: str = "5",
    ) -> Order:
        is_limit = order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
        is_stop = order_type in (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)
        return Order(
            OrderInitialized(
                TRADER,
                strategy_id or self.strategy_id,
                instrument_id or self.instrument_id,
                ClientOrderId(name),
                self._event_id(),
                0,
                0,
                side,
                order_type,
                Quantity(quantity),
                TimeInForce.GTC,
                price=Price("100.00") if is_limit else None,
                trigger_price=Price("101.00") if is_stop else None,
                trigger_type=TriggerType.DEFAULT if is_stop else TriggerType.NO_TRIGGER,
            )
        )

    def _event_id(self) -> str:
        self._event += 1
        return f"1-1-{self._event}"

    def head(self, order: Order) -> tuple[object, ...]:
        return (
            TRADER,
            order.strategy_id,
            order.instrument_id,
            order.client_order_id,
            self._event_id(),
            self._event,
            self._event,
        )

    def denied(self, order: Order) -> OrderDenied:
        return OrderDenied(*self.head(order), DenialCode.TRADING_HALTED, "state=HALTED")

    def submitted(self, order: Order) -> OrderSubmitted:
        return OrderSubmitted(*self.head(order), ACCOUNT, "r-submit")

    def accepted(self, order: Order, venue_order_id: str = "V-1") -> OrderAccepted:
        return OrderAccepted(*self.head(order), ACCOUNT, VenueOrderId(venue_order_id))

    def updated(self, order: Order, venue_order_id: str) -> OrderUpdated:
        return OrderUpdated(
            *self.head(order), order.quantity, venue_order_id=VenueOrderId(venue_order_id)
        )

    def filled(
        self,
        order: Order,
        quantity: str,
        trade: str = "T-1",
        price: str = "100.00",
        commission: str = "0 USDT",
    ) -> OrderFilled:
        return OrderFilled(
            *self.head(order),
            ACCOUNT,
            order.venue_order_id or VenueOrderId("V-1"),
            TradeId(trade),
            PositionId(f"{order.instrument_id}-{ACCOUNT}-{order.strategy_id}"),
            order.side,
            order.order_type,
            Quantity(quantity),
            Price(price),
            Money.from_str(commission),
            LiquiditySide.TAKER,
        )

    def bring_to(self, order: Order, status: OrderStatus) -> None:
        """Apply to the order alone, as the engine would, what leads to `status`."""
        head = self.head
        steps = {
            OrderStatus.INITIALIZED: [],
            OrderStatus.DENIED: [lambda: self.denied(order)],
            OrderStatus.EMULATED: [lambda: OrderEmulated(*head(order))],
            OrderStatus.RELEASED: [
                lambda: OrderEmulated(*head(order)),
                lambda: OrderReleased(*head(order), Price("100.00")),
            ],
            OrderStatus.SUBMITTED: [lambda: self.submitted(order)],
            OrderStatus.ACCEPTED: [lambda: self.submitted(order), lambda: self.accepted(order)],
            OrderStatus.REJECTED: [
                lambda: self.submitted(order),
                lambda: OrderRejected(*head(order), ACCOUNT, "no"),
            ],
            OrderStatus.CANCELED: [
                lambda: self.submitted(order),
                lambda: self.accepted(order),
                lambda: OrderCanceled(*head(order)),
            ],
            OrderStatus.EXPIRED: [
                lambda: self.submitted(order),
                lambda: self.accepted(order),
                lambda: OrderExpired(*head(order)),
            ],
            OrderStatus.TRIGGERED: [
                lambda: self.submitted(order),
                lambda: self.accepted(order),
                lambda: OrderTriggered(*head(order)),
            ],
            OrderStatus.PENDING_UPDATE: [
                lambda: self.submitted(order),
                lambda: self.accepted(order),
                lambda: OrderPendingUpdate(*head(order), ACCOUNT, "r-modify"),
            ],
            OrderStatus.PENDING_CANCEL: [
                lambda: self.submitted(order),
                lambda: self.accepted(order),
                lambda: OrderPendingCancel(*head(order), ACCOUNT, "r-cancel"),
            ],
            OrderStatus.PARTIALLY_FILLED: [
                lambda: self.submitted(order),
                lambda: self.accepted(order),
                lambda: self.filled(order, "1"),
            ],
            OrderStatus.FILLED: [
                lambda: self.submitted(order),
                lambda: self.accepted(order),
                lambda: self.filled(order, str(order.quantity)),
            ],
        }
        for step in steps[status]:
            order.apply(step())

    def submit(self, order: Order) -> None:
        """The order in the cache, submitted."""
        self.cache.add_order(order)
        order.apply(self.submitted(order))
        self.cache.update_order(order)

    def accept(self, order: Order, venue_order_id: str = "V-1") -> None:
        """The order in the cache, accepted at the venue under that id."""
        self.submit(order)
        order.apply(self.accepted(order, venue_order_id))
        self.cache.add_venue_order_id(order.client_order_id, VenueOrderId(venue_order_id))
        self.cache.update_order(order)

    def fill(
        self, order: Order, quantity: str, trade: str = "T-1", commission: str = "0 USDT"
    ) -> Position:
        """A fill of an accepted order, applied to it and to its position, cached."""
        event = self.filled(order, quantity, trade, commission=commission)
        order.apply(event)
        self.cache.update_order(order)
        position = self.cache.position(event.position_id)
        if position is None:
            position = Position(self.instrument, event)
            self.cache.add_position(position)
        else:
            position.apply(event)
            self.cache.update_position(position)
        return position


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()
