"""The built-in scenarios, by name. `default` is the sea that every change of ours must survive."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from engine.model.currencies import BTC, ETH, USD, USDT
from engine.model.enums import AccountType, OmsType
from engine.model.identifiers import InstrumentId
from engine.model.instruments import (
    AssetClass,
    BinaryOption,
    CryptoFuture,
    CryptoPerpetual,
    CurrencyPair,
    Equity,
    OptionContract,
    OptionKind,
)
from engine.model.values import Price, Quantity
from engine.risk.config import RiskEngineConfig
from invariants.catalogue import CATALOGUE
from simulation.faults import CALM, STORMY
from simulation.handling_config import Handling
from simulation.listening import Listener
from simulation.market.seeded import SeededMarket
from simulation.scenario import MakerTaker, Scenario, Venue
from simulation.workload import Workload

_SECOND_NS: Final = 1_000_000_000
_START_NS: Final = 1_700_000_000 * _SECOND_NS  # when a run on a seeded market begins

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
BTCUSDT_ROUGH: Final = CurrencyPair(
    id=InstrumentId("BTC/USDT.SPOT"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price("0.01"),
    size_increment=Quantity("0.00001"),
    min_quantity=Quantity("0.00001"),
    max_quantity=Quantity("1000.00000"),
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

BTCUSDT_PERP_HEDGED: Final = CryptoPerpetual(
    id=InstrumentId("BTCUSDT-PERP.HEDGE"),
    base_currency=BTC,
    quote_currency=USDT,
    price_increment=Price("0.1"),
    size_increment=Quantity("0.001"),
    min_quantity=Quantity("0.001"),
    max_quantity=Quantity("1000.000"),
    margin_init="0.05",
    margin_maint="0.025",
    maker_fee="0.0002",
    taker_fee="0.0005",
)
ETHUSD_QUANTO: Final = CryptoPerpetual(
    id=InstrumentId("ETHUSD.SIM"),
    base_currency=ETH,
    quote_currency=USD,
    settlement_currency=BTC,
    price_increment=Price("0.05"),
    size_increment=Quantity("1"),
    multiplier=Quantity("0.000001"),  # bitcoin for each point
    margin_init="0.02",
    margin_maint="0.01",
    maker_fee="-0.0001",
    taker_fee="0.00075",
)
XBTUSD_FUTURE: Final = CryptoFuture(
    id=InstrumentId("XBTUSD-1.SIM"),
    underlying=BTC,
    quote_currency=USD,
    is_inverse=True,
    price_increment=Price("0.5"),
    size_increment=Quantity("1"),
    activation_ns=0,
    expiration_ns=_START_NS + 40 * _SECOND_NS,
    margin_init="0.01",
    margin_maint="0.005",
    maker_fee="0.0002",
    taker_fee="0.0005",
)
ETHUSD_CALL: Final = OptionContract(
    id=InstrumentId("ETHUSD-C.SIM"),
    asset_class=AssetClass.CRYPTOCURRENCY,
    underlying="ETHUSD",
    option_kind=OptionKind.CALL,
    strike_price=Price("1980.00"),
    quote_currency=USD,
    price_increment=Price("0.05"),
    multiplier=Quantity("10"),
    activation_ns=_START_NS + 5 * _SECOND_NS,
    expiration_ns=_START_NS + 45 * _SECOND_NS,
    margin_init="0.15",
    margin_maint="0.10",
    maker_fee="0.0003",
    taker_fee="0.0003",
)
RAIN: Final = BinaryOption(
    id=InstrumentId("RAIN.SIM"),
    asset_class=AssetClass.ALTERNATIVE,
    quote_currency=USD,
    price_increment=Price("0.001"),
    size_increment=Quantity("1.00"),
    outcome="rain",
    activation_ns=0,
    expiration_ns=_START_NS + 50 * _SECOND_NS,
    margin_init="1",
    margin_maint="1",
    taker_fee="0.01",
)
ACME: Final = Equity(
    id=InstrumentId("ACME.BOURSE"),
    quote_currency=USD,
    price_increment=Price("0.01"),
    maker_fee="0.0001",
    taker_fee="0.0003",
)


# Wide enough to be met now and then only, so that the gates are tested and do not shape a run.
_PACE_MS: Final = 1_150  # of the market: a seed is some 360 turns, and 22 submits in a minute
_SPOT_RISK: Final = RiskEngineConfig(
    max_order_submit_rate="5/00:00:02",
    max_order_modify_rate="2/00:00:05",
    max_notional_per_order={str(BTCUSDT.id): Decimal(50)},
)
_ROUGH_RISK: Final = RiskEngineConfig(
    max_order_submit_rate="5/00:00:02",
    max_order_modify_rate="2/00:00:05",
    max_notional_per_order={str(BTCUSDT_ROUGH.id): Decimal(50)},
)
# In this sea a trader who does nothing at all is out of the question: of what trading brings about,
# the likeliest is owed after 18 seeds.
_ROUGH_ODDS: Final = {
    "disconnected": (9, 10),
    "unknown-outcome": (9, 10),
    "canceled": (4, 5),
    "denied": (4, 5),
    "fill-before-accept": (4, 5),
}
_PERPETUAL_RISK: Final = RiskEngineConfig(
    max_order_submit_rate="5/00:00:02",
    max_order_modify_rate="2/00:00:05",
    max_notional_per_order={str(BTCUSDT_PERP.id): Decimal(5000)},
)


def default() -> Scenario:
    """Two random traders share a cash account at one spot venue in a storm."""
    return Scenario(
        venues=[Venue("SIM", instruments=[BTCUSDT])],
        market=SeededMarket(interval_ms=_PACE_MS),
        workload=Workload(too_much=1_000),
        risk=_SPOT_RISK,
        faults=STORMY,
        properties=CATALOGUE,
    )


def coins() -> Scenario:
    """The storm of the default scenario at a venue that takes its fees in the coin traded: so high
    that one may be larger than the least that can be traded."""
    fees = MakerTaker("0.002", "0.004")
    return Scenario(
        venues=[Venue("SIM", instruments=[BTCUSDT], fees=fees, fees_in_base=True)],
        market=SeededMarket(interval_ms=_PACE_MS, lot_steps=100),
        workload=Workload(lot_steps=100, too_much=100),
        risk=_SPOT_RISK,
        faults=STORMY,
        properties=CATALOGUE,
    )


def perpetual() -> Scenario:
    """The same storm on a margin account trading a linear perpetual."""
    return Scenario(
        venues=[Venue("SIM", instruments=[BTCUSDT_PERP], account=AccountType.MARGIN)],
        market=SeededMarket(interval_ms=_PACE_MS),
        workload=Workload(lot_steps=10, too_much=1_000),
        risk=_PERPETUAL_RISK,
        faults=STORMY,
        properties=CATALOGUE,
    )


def listening() -> Scenario:
    """The storm of the perpetual, with bars of every kind, images of the book, and a vendor that
    tells of every resting order."""
    venue = Venue("SIM", instruments=[BTCUSDT_PERP], account=AccountType.MARGIN, orders_feed=True)
    return Scenario(
        venues=[venue],
        market=SeededMarket(interval_ms=_PACE_MS),
        strategies=[lambda: Listener((BTCUSDT_PERP.id,))],
        workload=Workload(lot_steps=10),
        faults=STORMY,
        properties=CATALOGUE,
    )


def calm() -> Scenario:
    """The default scenario without faults: what still breaks here breaks anywhere."""
    return Scenario(
        venues=[Venue("SIM", instruments=[BTCUSDT])],
        market=SeededMarket(interval_ms=_PACE_MS),
        workload=Workload(too_much=1_000),
        risk=_SPOT_RISK,
        faults=CALM,
        properties=[entry for entry in CATALOGUE if not entry.odds[0]],
    )


def hedging() -> Scenario:
    """A trader that hedges and one that nets, at a venue that nets and one that hedges."""
    return Scenario(
        venues=[
            Venue("SIM", instruments=[BTCUSDT_PERP], account=AccountType.MARGIN),
            Venue(
                "HEDGE",
                instruments=[BTCUSDT_PERP_HEDGED],
                account=AccountType.MARGIN,
                oms=OmsType.HEDGING,
            ),
        ],
        market=SeededMarket(interval_ms=_PACE_MS),
        workload=Workload(lot_steps=10, step_ms=1400, oms_types=(OmsType.HEDGING, OmsType.NETTING)),
        faults=STORMY,
        properties=CATALOGUE,
    )


def instruments() -> Scenario:
    """The storm over a quanto, an inverse future, a call, a binary option, and shares for cash.

    All but the quanto and the shares are settled while the run goes on.
    """
    return Scenario(
        venues=[
            Venue(
                "SIM",
                instruments=[ETHUSD_QUANTO, XBTUSD_FUTURE, ETHUSD_CALL, RAIN],
                account=AccountType.MARGIN,
            ),
            Venue("BOURSE", instruments=[ACME]),
        ],
        market=SeededMarket(
            interval_ms=1_500,
            lot_steps=20,
            prices={
                "ETHUSD": "2000.00",
                "XBTUSD-1": "36000.0",
                "ETHUSD-C": "25.00",
                "RAIN": "0.500",
            },
        ),
        workload=Workload(lot_steps=20, step_ms=1200),
        faults=STORMY,
        properties=CATALOGUE,
    )


def rough() -> Scenario:
    """A storm in which everything is handled roughly: adapters are sloppy, wrong words and stale
    pictures arrive, strategies are stopped, resumed, degraded and faulted, and the kernel is asked
    to stop. It trades spot for cash, with fees in coins, and a perpetual and a future on margin.
    """
    return Scenario(
        venues=[
            Venue(
                "SPOT",
                instruments=[BTCUSDT_ROUGH],
                fees=MakerTaker("0.002", "0.004"),
                fees_in_base=True,
            ),
            Venue("SIM", instruments=[BTCUSDT_PERP, XBTUSD_FUTURE], account=AccountType.MARGIN),
        ],
        market=SeededMarket(interval_ms=1_500, lot_steps=20, prices={"XBTUSD-1": "36000.0"}),
        workload=Workload(lot_steps=20, step_ms=1_800, too_much=1_000),
        risk=_ROUGH_RISK,
        faults=STORMY,
        properties=[
            msgspec.structs.replace(entry, odds=_ROUGH_ODDS.get(entry.id, entry.odds))
            for entry in CATALOGUE
        ],
        handling=Handling(),
    )


BUILT_IN: Final[Mapping[str, Callable[[], Scenario]]] = {
    "default": default,
    "perpetual": perpetual,
    "calm": calm,
    "listening": listening,
    "hedging": hedging,
    "instruments": instruments,
    "coins": coins,
    "rough": rough,
}
