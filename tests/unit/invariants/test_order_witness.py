"""The order witness: the fold of an order's events, by rules that are not the kernel's."""

from collections.abc import Sequence

import pytest

from engine.model.currencies import USDT
from engine.model.enums import BUY, LiquiditySide, OrderStatus, OrderType
from engine.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderRejected,
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
from engine.model.values import Money, Price, Quantity
from invariants.order_witness import OrderWitness

S = OrderStatus
ACCOUNT = AccountId("SIM-001")
VENUE_ID = VenueOrderId("V-1")
TEN = Quantity("10").raw
HEAD = (
    TraderId("T-001"),
    StrategyId("S-001"),
    InstrumentId("BTC/USDT.SIM"),
    ClientOrderId("O-1"),
    "1-1-1",
    0,
    0,
)

SUBMITTED = OrderSubmitted(*HEAD, ACCOUNT, "r0")
ACCEPTED = OrderAccepted(*HEAD, ACCOUNT, VENUE_ID)
TRIGGERED = OrderTriggered(*HEAD)
REJECTED = OrderRejected(*HEAD, ACCOUNT, "no")
CANCELED = OrderCanceled(*HEAD)
EXPIRED = OrderExpired(*HEAD)


def filled(quantity: str, price: str = "100", trade_id: str = "T") -> OrderFilled:
    return OrderFilled(
        *HEAD,
        ACCOUNT,
        VENUE_ID,
        TradeId(trade_id),
        PositionId("P"),
        BUY,
        OrderType.LIMIT,
        Quantity(quantity),
        Price(price),
        Money("0", USDT),
        LiquiditySide.TAKER,
    )


def pending_update(request_id: str) -> OrderPendingUpdate:
    return OrderPendingUpdate(*HEAD, ACCOUNT, request_id)


def pending_cancel(request_id: str) -> OrderPendingCancel:
    return OrderPendingCancel(*HEAD, ACCOUNT, request_id)


def updated(quantity: str, request_id: str | None = None) -> OrderUpdated:
    return OrderUpdated(*HEAD, Quantity(quantity), None, None, None, request_id)


def after(*events: OrderEvent) -> OrderWitness:
    witness = OrderWitness(TEN)
    for event in events:
        witness.add(event)
    return witness


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((), S.INITIALIZED),
        ((SUBMITTED,), S.SUBMITTED),
        ((SUBMITTED, REJECTED), S.REJECTED),
        ((SUBMITTED, ACCEPTED), S.ACCEPTED),
        ((SUBMITTED, ACCEPTED, TRIGGERED), S.TRIGGERED),
        ((SUBMITTED, filled("4")), S.PARTIALLY_FILLED),
        ((SUBMITTED, filled("4"), ACCEPTED), S.PARTIALLY_FILLED),  # told late: no step back
        ((SUBMITTED, filled("4"), filled("6")), S.FILLED),
        ((SUBMITTED, ACCEPTED, EXPIRED), S.EXPIRED),
        ((SUBMITTED, ACCEPTED, CANCELED, filled("4")), S.CANCELED),  # money, and still closed
        ((SUBMITTED, ACCEPTED, CANCELED, filled("10")), S.FILLED),
        ((SUBMITTED, ACCEPTED, filled("4"), updated("4")), S.FILLED),  # nothing rests
        ((SUBMITTED, ACCEPTED, filled("4"), updated("5")), S.PARTIALLY_FILLED),
    ],
)
def test_status_follows_the_events(events: Sequence[OrderEvent], status: OrderStatus) -> None:
    assert after(*events).status is status


@pytest.mark.parametrize(
    ("requests", "status"),
    [
        ((pending_cancel("c"),), S.PENDING_CANCEL),
        ((pending_update("u"), pending_cancel("c")), S.PENDING_CANCEL),
        ((pending_update("u"), pending_cancel("c"), filled("4")), S.PENDING_CANCEL),
        (
            (pending_update("u"), pending_cancel("c"), OrderCancelRejected(*HEAD, "c", "no")),
            S.PENDING_UPDATE,
        ),
        ((pending_update("u"), OrderModifyRejected(*HEAD, "u", "no")), S.ACCEPTED),
        ((pending_update("u"), filled("4"), updated("9", "u")), S.PARTIALLY_FILLED),
        ((pending_update("u"), updated("9", "the venue's own")), S.PENDING_UPDATE),
        ((pending_update("u"), updated("9")), S.ACCEPTED),  # it does not say what it answers
        ((pending_update("u"), OrderModifyRejected(*HEAD, None, "no")), S.ACCEPTED),
        (
            (
                pending_update("u"),
                pending_update("v"),
                OrderModifyRejected(*HEAD, None, "which of the two?"),
            ),
            S.PENDING_UPDATE,
        ),
        ((pending_cancel("c"), CANCELED), S.CANCELED),
    ],
)
def test_pending_lasts_until_the_last_request_is_answered(
    requests: Sequence[OrderEvent], status: OrderStatus
) -> None:
    assert after(SUBMITTED, ACCEPTED, *requests).status is status


def test_fills_sum_and_cost_is_exact() -> None:
    witness = after(SUBMITTED, filled("4", "100.5"), filled("3", "99"))
    assert witness.filled == Quantity("7").raw
    assert witness.cost == Quantity("4").raw * Price("100.5").raw + TEN * 3 // 10 * Price("99").raw
    assert witness.events == 4  # OrderInitialized is the first


def test_second_end_is_counted() -> None:
    assert after(SUBMITTED, ACCEPTED, CANCELED).terminals == 1
    assert after(SUBMITTED, ACCEPTED, CANCELED, EXPIRED).terminals == 2


def test_anything_but_a_fill_after_the_end_is_noted() -> None:
    assert after(SUBMITTED, ACCEPTED, CANCELED, filled("4")).after_end == ""
    assert after(SUBMITTED, ACCEPTED, CANCELED, ACCEPTED).after_end == "OrderAccepted"
    assert after(SUBMITTED, filled("10"), pending_cancel("c")).after_end == "OrderPendingCancel"
