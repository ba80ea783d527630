"""Seatrial takes trading kernels to sea before real money does. What users import is here.

Names are looked up when first asked for: `seatrial replay` must not wait for what only a
strategy's author needs.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from engine.actor import Actor, ActorConfig
    from engine.kernel import Kernel, KernelConfig
    from engine.model.currencies import Currency, currency
    from engine.model.data import QuoteTick, TradeTick
    from engine.model.enums import OmsType, OrderSide, TimeInForce
    from engine.model.identifiers import InstrumentId
    from engine.model.instruments import (
        BinaryOption,
        CryptoFuture,
        CryptoPerpetual,
        CurrencyPair,
        Equity,
        FuturesContract,
        OptionContract,
    )
    from engine.model.values import Money, Price, Quantity
    from engine.strategy import Strategy, StrategyConfig
    from engine.view import KernelView
    from invariants.catalogue import CATALOGUE
    from invariants.property import Property, Violation, always, eventually, sometimes
    from seatrial.testing import test
    from simulation.backtest import Backtest
    from simulation.faults import CALM, FLAKY, STORMY, FaultProfile
    from simulation.handling_config import Handling
    from simulation.market.mbo_replay import MboMarket
    from simulation.market.recorded import RecordedMarket
    from simulation.market.seeded import SeededMarket
    from simulation.outcome import Outcome, Verdict
    from simulation.run import simulate
    from simulation.scenario import MakerTaker, Scenario, Venue
    from simulation.workload import Workload

__all__ = [
    "CALM",
    "CATALOGUE",
    "FLAKY",
    "STORMY",
    "Actor",
    "ActorConfig",
    "Backtest",
    "BinaryOption",
    "CryptoFuture",
    "CryptoPerpetual",
    "Currency",
    "CurrencyPair",
    "Equity",
    "FaultProfile",
    "FuturesContract",
    "Handling",
    "InstrumentId",
    "Kernel",
    "KernelConfig",
    "KernelView",
    "MakerTaker",
    "MboMarket",
    "Money",
    "OmsType",
    "OptionContract",
    "OrderSide",
    "Outcome",
    "Price",
    "Property",
    "Quantity",
    "QuoteTick",
    "RecordedMarket",
    "Scenario",
    "SeededMarket",
    "Strategy",
    "StrategyConfig",
    "TimeInForce",
    "TradeTick",
    "Venue",
    "Verdict",
    "Violation",
    "Workload",
    "always",
    "currency",
    "eventually",
    "simulate",
    "sometimes",
    "test",
]

_HOME: typing.Final = {
    "engine.actor": ("Actor", "ActorConfig"),
    "engine.kernel": ("Kernel", "KernelConfig"),
    "engine.model.currencies": ("Currency", "currency"),
    "engine.model.data": ("QuoteTick", "TradeTick"),
    "engine.model.enums": ("OmsType", "OrderSide", "TimeInForce"),
    "engine.model.identifiers": ("InstrumentId",),
    "engine.model.instruments": (
        "BinaryOption",
        "CryptoFuture",
        "CryptoPerpetual",
        "CurrencyPair",
        "Equity",
        "FuturesContract",
        "OptionContract",
    ),
    "engine.model.values": ("Money", "Price", "Quantity"),
    "engine.strategy": ("Strategy", "StrategyConfig"),
    "engine.view": ("KernelView",),
    "invariants.catalogue": ("CATALOGUE",),
    "invariants.property": ("Property", "Violation", "always", "eventually", "sometimes"),
    "seatrial.testing": ("test",),
    "simulation.backtest": ("Backtest",),
    "simulation.faults": ("CALM", "FLAKY", "STORMY", "FaultProfile"),
    "simulation.handling_config": ("Handling",),
    "simulation.market.mbo_replay": ("MboMarket",),
    "simulation.market.recorded": ("RecordedMarket",),
    "simulation.market.seeded": ("SeededMarket",),
    "simulation.outcome": ("Outcome", "Verdict"),
    "simulation.run": ("simulate",),
    "simulation.scenario": ("MakerTaker", "Scenario", "Venue"),
    "simulation.workload": ("Workload",),
}


if not typing.TYPE_CHECKING:  # a checker reads the imports above, and knows what is not there

    def __getattr__(name: str) -> object:
        for module, names in _HOME.items():
            if name in names:
                value = getattr(importlib.import_module(module), name)
                globals()[name] = value
                return value
        raise AttributeError(f"module 'seatrial' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return [*__all__, "__all__", "__doc__", "__name__"]
