"""A user's module with a planted violation: a property that does not survive one rare choice, the
loss of the right request. Copied into a folder of its own by the tests that put it to sea."""

from collections.abc import Iterator

from engine.model.enums import OrderStatus
from seatrial import (
    CALM,
    FaultProfile,
    KernelView,
    OrderSide,
    Quantity,
    QuoteTick,
    Scenario,
    SeededMarket,
    Strategy,
    Venue,
    Violation,
    always,
)
from simulation.faults import FaultKind, OneIn
from simulation.scenarios import BTCUSDT

LOSSY = FaultProfile("lossy", (0, 1), {FaultKind.REQUEST_LOST: OneIn(50)})
PATIENCE_NS = 3_000_000_000


class Buyer(Strategy):
    """Bids a little at every tenth quote."""

    def on_start(self) -> None:
        self.subscribe_quote_ticks(BTCUSDT.id)
        self.seen = 0

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.seen += 1
        if self.seen % 10 == 1:
            size = Quantity("0.01000")
            bid = self.order_factory.limit(BTCUSDT.id, OrderSide.BUY, size, tick.bid_price)
            self.submit_order(bid)


@always("ASK-1", "Whoever submits an order is answered within three seconds.")
def orders_are_answered(view: KernelView) -> Iterator[Violation]:
    for order in view.orders():
        waiting = order.status is OrderStatus.SUBMITTED
        if waiting and view.now_ns - order.ts_init > PATIENCE_NS:
            yield Violation(order.client_order_id, "no answer in three seconds")


def lossy(faults: FaultProfile = LOSSY) -> Scenario:
    return Scenario(
        venues=[Venue("SIM", instruments=[BTCUSDT])],
        market=SeededMarket(interval_ms=1_000, levels=3),
        strategies=[Buyer],
        faults=faults,
        active="10s",
        properties=[orders_are_answered],
    )


def calm() -> Scenario:
    return lossy(CALM)
