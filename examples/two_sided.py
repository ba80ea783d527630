"""A market maker of one's own, put to sea: a strategy, a scenario, and a property of its own.

From this folder:   seatrial run two_sided:two_sided --seeds 200
"""

from collections.abc import Iterator
from decimal import Decimal

from engine.model.currencies import BTC, USDT
from engine.model.data import QuoteTick
from engine.model.enums import BUY, SELL
from engine.model.orders import Order
from seatrial import (
    CATALOGUE,
    STORMY,
    CurrencyPair,
    InstrumentId,
    KernelView,
    MakerTaker,
    Price,
    Quantity,
    Scenario,
    SeededMarket,
    Strategy,
    StrategyConfig,
    Venue,
    Violation,
    always,
)

BTCUSDT = CurrencyPair(
    id=InstrumentId("BTC/USDT.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price("0.01"),
    size_increment=Quantity("0.00001"),
)
CAP = Decimal("0.05")


class TwoSidedConfig(StrategyConfig, frozen=True, kw_only=True):
    instrument_id: InstrumentId
    size: str


class TwoSided(Strategy):
    """Quotes one order a side at the touch, and stops bidding when it holds enough."""

    def __init__(self, config: TwoSidedConfig) -> None:
        super().__init__(config)
        self.instrument_id = config.instrument_id
        self.size = Quantity(config.size)
        self.bid: Order | None = None
        self.ask: Order | None = None

    def on_start(self) -> None:
        self.subscribe_quote_ticks(self.instrument_id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        held = self.portfolio.net_position(self.instrument_id)
        size = self.size.as_decimal()
        if tick.bid_size_mantissa and _is_over(self.bid) and held + size <= CAP:
            self.bid = self.order_factory.limit(
                self.instrument_id, BUY, self.size, tick.bid_price, post_only=True
            )
            self.submit_order(self.bid)
        if tick.ask_size_mantissa and _is_over(self.ask) and held >= size:
            self.ask = self.order_factory.limit(
                self.instrument_id, SELL, self.size, tick.ask_price, post_only=True
            )
            self.submit_order(self.ask)


def _is_over(order: Order | None) -> bool:
    return order is None or order.is_closed


@always("MM-1", "Inventory never exceeds its cap.")
def inventory_is_capped(view: KernelView) -> Iterator[Violation]:
    for position in view.positions_touched():
        if position.signed_qty > CAP:
            yield Violation(position.id, f"holds {position.signed_qty}, the cap is {CAP}")


def two_sided() -> Scenario:
    """One market maker alone in a storm."""
    return Scenario(
        venues=[Venue("SIM", instruments=[BTCUSDT], fees=MakerTaker("0.0002", "0.0004"))],
        market=SeededMarket(volatility_bps=20),
        strategies=[lambda: TwoSided(TwoSidedConfig(instrument_id=BTCUSDT.id, size="0.01"))],
        faults=STORMY,
        active="60s",
        quiet="30s",
        properties=[*CATALOGUE, inventory_is_capped],
    )
