"""An order for an amount of quote currency: what its fills mean before anybody converted it."""

from typing import Any

import pytest

from engine.model.currencies import USDT
from engine.model.enums import BUY, LiquiditySide, OrderStatus, OrderType, TimeInForce, TriggerType
from engine.model.events import (
    OrderAccepted,
    OrderFilled,
    OrderInitialized,
    OrderSubmitted,
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
from engine.model.orders import Order
from engine.model.values import Money, Price, Quantity
from invariants.order_witness import OrderWitness

HEAD = (
    TraderId("TRADER-1"),
    StrategyId("S-1"),
    InstrumentId("BTC/USDT.SIM"),
    ClientOrderId("O-1"),
    "1-1-1",
    1,
    1,
)
ACCOUNT, VENUE_ID = AccountId("SIM-001"), VenueOrderId("V-1")


def initialized(order_type: OrderType = OrderType.MARKET, **fields: Any) -> OrderInitialized:
    return OrderInitialized(
        *HEAD, BUY, order_type, Quantity("100"), TimeInForce.GTC, quote_quantity=True, **fields
    )


def filled(quantity: str, trade_id: str) -> OrderFilled:
    return OrderFilled(
        *HEAD,
        ACCOUNT,
        VENUE_ID,
        TradeId(trade_id),
        PositionId("P-1"),
        BUY,
        OrderType.MARKET,
        Quantity(quantity),
        Price("0.50"),
        Money.zero(USDT),
        LiquiditySide.TAKER,
    )


def told(*events: Any) -> tuple[Order, OrderWitness]:
    order = Order(initialized())
    witness = OrderWitness(order.quantity_raw, in_quote=True)
    for event in (OrderSubmitted(*HEAD, ACCOUNT, "r1"), *events):
        order.apply(event)
        witness.add(event)
    assert order.status is witness.status
    return order, witness


def test_an_update_makes_the_amount_a_size() -> None:
    order, witness = told(
        OrderUpdated(*HEAD, Quantity("200")), OrderAccepted(*HEAD, ACCOUNT, VENUE_ID)
    )
    assert not order.is_quote_quantity and not witness.in_quote
    assert order.leaves_qty == order.quantity == Quantity("200")


@pytest.mark.parametrize("size", ["50", "100", "150"])
def test_no_fill_completes_or_overfills_an_amount(size: str) -> None:
    order, _ = told(filled(size, "T-1"))
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert order.leaves_qty == Quantity("100")
    assert order.overfill_raw == 0
    assert order.filled_qty == Quantity(size)


def test_an_update_that_says_what_was_filled_completes_it() -> None:
    order, _ = told(filled("150", "T-1"), filled("50", "T-2"), OrderUpdated(*HEAD, Quantity("200")))
    assert order.status is OrderStatus.FILLED
    assert (order.leaves_raw, order.overfill_raw) == (0, 0)


def test_fills_after_the_update_are_fills_of_a_size() -> None:
    order, _ = told(filled("150", "T-1"), OrderUpdated(*HEAD, Quantity("200")), filled("60", "T-2"))
    assert order.status is OrderStatus.FILLED
    assert order.overfill_qty == Quantity("10")


def test_a_stop_without_a_price_takes_no_amount() -> None:
    with pytest.raises(ValueError, match="STOP_MARKET takes no quantity in quote"):
        Order(
            initialized(
                OrderType.STOP_MARKET,
                trigger_price=Price("1.00"),
                trigger_type=TriggerType.DEFAULT,
            )
        )
