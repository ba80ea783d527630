"""Instruments as the venue publishes them: decimals as text, empty where there is no bound."""

from typing import Any, Final

import msgspec

from engine.model.instruments import (
    BinaryOption,
    CryptoFuture,
    CryptoPerpetual,
    CurrencyPair,
    Equity,
    FuturesContract,
    OptionContract,
)
from simulation.venue.fees import FeeRates
from simulation.venue.listing import Listing
from simulation.venue.money import RAW_DIGITS, TEN, decimal_text, rate_text
from simulation.venue.protocol import (
    BinaryRecord,
    CryptoFutureRecord,
    EquityRecord,
    FutureRecord,
    InstrumentRecord,
    OptionRecord,
)

_KINDS: Final = {
    CurrencyPair: "SPOT",
    Equity: "EQUITY",
    CryptoPerpetual: "PERPETUAL",
    FuturesContract: "FUTURE",
    CryptoFuture: "CRYPTO_FUTURE",
    OptionContract: "OPTION",
    BinaryOption: "BINARY_OPTION",
}


def instrument_record(
    listing: Listing, rates: FeeRates, settled: int | None = None
) -> InstrumentRecord:
    """An instrument's record, of the message that its kind has.

    Args:
        settled: its settlement price, a mantissa; None while it is not settled.
    """
    instrument = listing.instrument
    base = instrument.base_currency
    common = InstrumentRecord(
        listing.symbol,
        _KINDS[type(instrument)],
        "" if base is None else base.code,
        instrument.quote_currency.code,
        instrument.settlement_currency.code,
        listing.inverse,
        listing.price_precision,
        listing.size_precision,
        decimal_text(listing.tick, listing.price_precision),
        decimal_text(listing.step, listing.size_precision),
        rate_text(listing.multiplier),
        _bound(listing.min_quantity, listing.size_precision),
        _bound(listing.max_quantity, listing.size_precision),
        rate_text(instrument.margin_init_raw),
        rate_text(instrument.margin_maint_raw),
        rate_text(rates.maker),
        rate_text(rates.taker),
    )
    shared: dict[str, Any] = msgspec.structs.asdict(common)
    if isinstance(instrument, Equity):
        return EquityRecord(**shared, isin=instrument.isin or "")
    dates: dict[str, Any] = {
        "activation_ns": instrument.activation_ns,
        "expiration_ns": instrument.expiration_ns,
        "settled": settled,
    }
    if isinstance(instrument, CryptoFuture):
        return CryptoFutureRecord(**shared, **dates)
    if isinstance(instrument, FuturesContract):
        return FutureRecord(
            **shared,
            **dates,
            asset_class=instrument.asset_class.name,
            underlying=instrument.underlying,
            exchange=instrument.exchange or "",
        )
    if isinstance(instrument, OptionContract):
        strike = instrument.strike_price
        mantissa = strike.raw // TEN[RAW_DIGITS - strike.precision]
        return OptionRecord(
            **shared,
            **dates,
            asset_class=instrument.asset_class.name,
            underlying=instrument.underlying,
            exchange=instrument.exchange or "",
            option_kind=instrument.option_kind.name,
            strike=decimal_text(mantissa, strike.precision),
        )
    if isinstance(instrument, BinaryOption):
        return BinaryRecord(
            **shared,
            **dates,
            asset_class=instrument.asset_class.name,
            outcome=instrument.outcome or "",
            description=instrument.description or "",
        )
    return common


def _bound(mantissa: int | None, precision: int) -> str:
    return "" if mantissa is None else decimal_text(mantissa, precision)
