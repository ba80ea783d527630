"""ORD-2 and REC-2 on turns written by hand: what is said of an order, and what its events made."""

from decimal import Decimal

import pytest

from engine.kernel import Kernel, KernelConfig
from engine.model.enums import BUY, LiquiditySide, OrderType, TimeInForce
from engine.model.events import (
    OrderAccepted,
    OrderEvent,
    OrderFilled,
    OrderInitialized,
    OrderSubmitted,
)
from engine.model.identifiers import (
    AccountId,
    ClientOrderId,
    PositionId,
    StrategyId,
    TradeId,
    TraderId,
    VenueOrderId,
)
from engine.model.orders import Order
from engine.model.values import Money, Price, Quantity
from engine.record import TurnRecord
from invariants.evidence import Evidence
from invariants.order_witness import OrderWitness
from invariants.orders import QuantitiesAddUp
from invariants.recovery import SilenceIsNoEvidence
from simulation.scenarios import BTCUSDT

TRADER, ACCOUNT, VENUE_ID = TraderId("T-1"), AccountId("SIM-001"), VenueOrderId("V-1")
HEAD = (TRADER, StrategyId("S-1"), BTCUSDT.id, ClientOrderId("O-1"), "e", 1, 1)
ONE = (BUY, OrderType.LIMIT, Quantity("1"))
INIT = OrderInitialized(*HEAD, *ONE, TimeInForce.GTC, Price("100.00"))
FILL = OrderFilled(
    *HEAD,
    ACCOUNT,
    VENUE_ID,
    TradeId("t-1"),
    PositionId("P-1"),
    *ONE,
    Price("100.00"),
    Money("0", BTCUSDT.cost_currency),
    LiquiditySide.TAKER,
)
LIFE: tuple[OrderEvent, ...] = (
    OrderSubmitted(*HEAD, ACCOUNT, "r-1"),
    OrderAccepted(*HEAD, ACCOUNT, VENUE_ID),
    FILL,
)


class Showing(Order):
    """An order that shows an average of ours."""

    shown: Decimal | None = None

    @property
    def avg_px(self) -> Decimal | None:
        return self.shown


@pytest.fixture
def evidence() -> Evidence:
    kernel = Kernel(KernelConfig(trader_id=TRADER), [])
    evidence = Evidence(kernel.view, {}, dict, {})
    evidence.turn_ended(TurnRecord(1, 1, None, (INIT, *LIFE), ()))
    return evidence


def lived(order: Order) -> Order:
    for event in LIFE:
        order.apply(event)
    return order


def said_of(average: str | None, evidence: Evidence) -> list[str]:
    order = Showing(INIT)
    order.shown = None if average is None else Decimal(average)
    witness: OrderWitness = evidence.witnesses["O-1"]
    evidence.touched = [(lived(order), witness)]
    return [each.detail for each in QuantitiesAddUp().turn(evidence) or ()]


def test_average_of_the_fills_is_let_pass_again_and_again(evidence: Evidence) -> None:
    for _ in range(2):
        assert said_of("100.0000000000000000", evidence) == []


@pytest.mark.parametrize("average", ["100.00", "100.0000000000000002", "99.0000000000000000"])
def test_average_that_is_not_the_mean_with_all_its_decimals_is_found(
    evidence: Evidence, average: str
) -> None:
    said_of("100.0000000000000000", evidence)  # an equal one was looked at before
    assert [each.split(",")[0] for each in said_of(average, evidence)] == [f"average {average}"]


def test_filled_order_without_an_average_is_found(evidence: Evidence) -> None:
    assert said_of(None, evidence) == ["filled without an average price"]


def test_order_whose_filled_falls_is_found_once(evidence: Evidence) -> None:
    order = lived(Order(INIT))
    check = SilenceIsNoEvidence()
    evidence.orders = [order]
    assert check.turn(evidence) is None
    was, order.filled_raw = order.filled_raw, 0

    found = [each.detail for each in check.turn(evidence) or ()]

    assert found == [f"filled fell from {was} to 0 raw"]
    assert check.turn(evidence) is None
