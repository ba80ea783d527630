"""From the venue's record of an instrument to the instrument."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.model.currencies import currency
from engine.model.identifiers import InstrumentId, Symbol, Venue
from engine.model.instruments import (
    AnyInstrument,
    AssetClass,
    BinaryOption,
    CryptoFuture,
    CryptoPerpetual,
    CurrencyPair,
    Equity,
    FuturesContract,
    OptionContract,
    OptionKind,
    Terms,
)
from engine.model.values import Price, Quantity
from simulation.venue import protocol as wire


def instrument_of(record: wire.AnyInstrumentRecord, venue: Venue, now_ns: int) -> AnyInstrument:
    """The instrument that a record describes.

    Raises:
        TypeError, ValueError, ArithmeticError: it describes none as we know them.
    """
    tick, step = Price.from_str(record.tick), Quantity.from_str(record.step)
    if tick.precision != record.price_precision or step.precision != record.size_precision:
        raise ValueError(f"tick {tick} and step {step} disagree with the stated precisions")
    terms = Terms(
        raw_symbol=Symbol(record.symbol),
        multiplier=Quantity.from_str(record.multiplier),
        min_quantity=_bound(record.min_quantity),
        max_quantity=_bound(record.max_quantity),
        margin_init=record.margin_init,
        margin_maint=record.margin_maint,
        maker_fee=record.maker_fee,
        taker_fee=record.taker_fee,
        ts_event=now_ns,
        ts_init=now_ns,
    )
    make = _MAKERS.get((type(record), record.kind))
    if make is None:
        raise ValueError(f"kind {record.kind!r} of a {type(record).__name__}")
    return make(
        record,
        {
            "id": InstrumentId.of(record.symbol, venue),
            "quote_currency": currency(record.quote),
            "price_increment": tick,
            "size_increment": step,
            **terms,
        },
    )


def _pair(record: wire.InstrumentRecord, common: dict[str, Any]) -> AnyInstrument:
    return CurrencyPair(base_currency=currency(record.base), **common)


def _perpetual(record: wire.InstrumentRecord, common: dict[str, Any]) -> AnyInstrument:
    return CryptoPerpetual(
        base_currency=currency(record.base),
        settlement_currency=currency(record.settlement),
        is_inverse=record.inverse,
        **common,
    )


def _equity(record: wire.EquityRecord, common: dict[str, Any]) -> AnyInstrument:
    return Equity(isin=record.isin or None, **common)


def _crypto_future(record: wire.CryptoFutureRecord, common: dict[str, Any]) -> AnyInstrument:
    return CryptoFuture(
        underlying=currency(record.base),
        settlement_currency=currency(record.settlement),
        is_inverse=record.inverse,
        activation_ns=record.activation_ns,
        expiration_ns=record.expiration_ns,
        **common,
    )


def _future(record: wire.FutureRecord, common: dict[str, Any]) -> AnyInstrument:
    return FuturesContract(
        asset_class=AssetClass[record.asset_class],
        underlying=record.underlying,
        exchange=record.exchange or None,
        activation_ns=record.activation_ns,
        expiration_ns=record.expiration_ns,
        **common,
    )


def _option(record: wire.OptionRecord, common: dict[str, Any]) -> AnyInstrument:
    return OptionContract(
        asset_class=AssetClass[record.asset_class],
        underlying=record.underlying,
        option_kind=OptionKind[record.option_kind],
        strike_price=Price.from_str(record.strike),
        exchange=record.exchange or None,
        activation_ns=record.activation_ns,
        expiration_ns=record.expiration_ns,
        **common,
    )


def _binary(record: wire.BinaryRecord, common: dict[str, Any]) -> AnyInstrument:
    return BinaryOption(
        asset_class=AssetClass[record.asset_class],
        outcome=record.outcome or None,
        description=record.description or None,
        activation_ns=record.activation_ns,
        expiration_ns=record.expiration_ns,
        **common,
    )


_MAKERS: Final[Mapping[tuple[type, str], Callable[[Any, dict[str, Any]], AnyInstrument]]] = {
    (wire.InstrumentRecord, "SPOT"): _pair,
    (wire.InstrumentRecord, "PERPETUAL"): _perpetual,
    (wire.EquityRecord, "EQUITY"): _equity,
    (wire.FutureRecord, "FUTURE"): _future,
    (wire.CryptoFutureRecord, "CRYPTO_FUTURE"): _crypto_future,
    (wire.OptionRecord, "OPTION"): _option,
    (wire.BinaryRecord, "BINARY_OPTION"): _binary,
}


def _bound(text: str) -> Quantity | None:
    """A bound of an instrument: the venue writes "" or zero where it has none."""
    bound = Quantity.from_str(text) if text else None
    return bound if bound is not None and bound.raw > 0 else None
