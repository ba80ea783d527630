"""Seatrial takes trading kernels to sea before real money does. What users import is here."""

from engine.actor import Actor, ActorConfig
from engine.kernel import Kernel, KernelConfig
from engine.model.currencies import Currency, currency
from engine.model.data import QuoteTick, TradeTick
from engine.model.enums import OrderSide, TimeInForce
from engine.model.identifiers import InstrumentId
from engine.model.instruments import CryptoPerpetual, CurrencyPair
from engine.model.values import Money, Price, Quantity
from engine.strategy import Strategy, StrategyConfig
from engine.view import KernelView
from invariants.catalogue import CATALOGUE
from invariants.property import Property, Violation, always, eventually, sometimes
from simulation.backtest import Backtest
from simulation.faults import CALM, FLAKY, STORMY, FaultProfile
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
    "CryptoPerpetual",
    "Currency",
    "CurrencyPair",
    "FaultProfile",
    "InstrumentId",
    "Kernel",
    "KernelConfig",
    "KernelView",
    "MakerTaker",
    "Money",
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
]
