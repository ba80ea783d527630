"""The built-in scenarios, by name. `default` is the sea that every change of ours must survive."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from engine.model.currencies import BTC, USDT
from engine.model.enums import AccountType
from engine.model.identifiers import InstrumentId
from engine.model.instruments import CryptoPerpetual, CurrencyPair
from engine.model.values import Price, Quantity
from engine.risk.config import RiskEngineConfig
from invariants.catalogue import CATALOGUE
from simulation.faults import CALM, STORMY
from simulation.market.seeded import SeededMarket
from simulation.scenario import Scenario, Venue
from simulation.workload import Workload

BTCUSDT: Final = CurrencyPair(
    id=InstrumentId("BTC/USDT.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price("0.01"),
    size_increment=Quantity("0.00001"),
    min_quantity=Quantity("0.00001"),
    max_quantity=Quantity("1000.00000"),
    maker_fee="0.0002",
    taker_fee="0.0004",
)
BTCUSDT_PERP: Final = CryptoPerpetual(
    id=InstrumentId("BTCUSDT-PERP.SIM"),
    base_currency=BTC,
    quote_currency=USDT,
    settlement_currency=USDT,
    is_inverse=False,
    price_increment=Price("0.1"),
    size_increment=Quantity("0.001"),
    min_quantity=Quantity("0.001"),
    max_quantity=Quantity("1000.000"),
    margin_init="0.05",
    margin_maint="0.025",
    maker_fee="0.0002",
    taker_fee="0.0005",
)


# Wide enough to be met now and then only, so that the gates are tested and do not shape a run.
_SPOT_RISK: Final = RiskEngineConfig(
    max_order_submit_rate="5/00:00:02",
    max_order_modify_rate="2/00:00:05",
    max_notional_per_order={str(BTCUSDT.id): Decimal(50)},
)
_PERPETUAL_RISK: Final = RiskEngineConfig(
    max_order_submit_rate="5/00:00:02",
    max_order_modify_rate="2/00:00:05",
    max_notional_per_order={str(BTCUSDT_PERP.id): Decimal(5000)},
)


def default() -> Scenario:
    """Two random traders share a cash account at one spot venue in a storm."""
    return Scenario(
        venues=[Venue("SIM", instruments=[BTCUSDT])],
        market=SeededMarket(interval_ms=1_000),
        workload=Workload(too_much=1_000),
        risk=_SPOT_RISK,
        faults=STORMY,
        properties=CATALOGUE,
    )


def perpetual() -> Scenario:
    """The same storm on a margin account trading a linear perpetual."""
    return Scenario(
        venues=[Venue("SIM", instruments=[BTCUSDT_PERP], account=AccountType.MARGIN)],
        market=SeededMarket(interval_ms=1_000),
        workload=Workload(lot_steps=10, too_much=1_000),
        risk=_PERPETUAL_RISK,
        faults=STORMY,
        properties=CATALOGUE,
    )


def calm() -> Scenario:
    """The default scenario without faults: what still breaks here breaks anywhere."""
    return Scenario(
        venues=[Venue("SIM", instruments=[BTCUSDT])],
        market=SeededMarket(interval_ms=1_000),
        workload=Workload(too_much=1_000),
        risk=_SPOT_RISK,
        faults=CALM,
        properties=[entry for entry in CATALOGUE if not entry.odds[0]],
    )


BUILT_IN: Final[Mapping[str, Callable[[], Scenario]]] = {
    "default": default,
    "perpetual": perpetual,
    "calm": calm,
}
