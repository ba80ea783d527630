"""Instruments: what is traded, by kind. Import any of them from here."""

from engine.model.instruments.futures import CryptoFuture, FuturesContract
from engine.model.instruments.instrument import (
    ONE,
    AssetClass,
    Instrument,
    InstrumentClass,
    Rate,
    Terms,
)
from engine.model.instruments.options import BinaryOption, OptionContract, OptionKind
from engine.model.instruments.perpetual import CryptoPerpetual
from engine.model.instruments.spot import CurrencyPair, Equity

__all__ = (
    "ONE",
    "AnyInstrument",
    "AssetClass",
    "BinaryOption",
    "CryptoFuture",
    "CryptoPerpetual",
    "CurrencyPair",
    "Equity",
    "FuturesContract",
    "Instrument",
    "InstrumentClass",
    "OptionContract",
    "OptionKind",
    "Rate",
    "Terms",
)

AnyInstrument = (
    CurrencyPair
    | Equity
    | CryptoPerpetual
    | FuturesContract
    | CryptoFuture
    | OptionContract
    | BinaryOption
)
