"""What the venue publishes of an instrument is enough to know it again."""

import pytest

from engine.model.currencies import BTC, ETH, USD
from engine.model.identifiers import InstrumentId, Venue
from engine.model.instruments import (
    AssetClass,
    BinaryOption,
    CryptoFuture,
    CryptoPerpetual,
    Equity,
    FuturesContract,
    OptionContract,
    OptionKind,
)
from engine.model.values import Price, Quantity
from simulation.client_instruments import instrument_of
from simulation.scenarios import BTCUSDT, BTCUSDT_PERP
from simulation.venue import protocol as wire
from simulation.venue.definitions import instrument_record
from simulation.venue.fees import FeeRates
from simulation.venue.listing import Listing

LIFE = {"activation_ns": 5, "expiration_ns": 1_900_000_000_000_000_000}
KINDS = (
    BTCUSDT,
    BTCUSDT_PERP,
    CryptoPerpetual(
        id=InstrumentId("ETHUSD.SIM"),
        base_currency=ETH,
        quote_currency=USD,
        settlement_currency=BTC,
        price_increment=Price("0.05"),
        size_increment=Quantity("1"),
        multiplier=Quantity("0.000001"),
        maker_fee="-0.0001",
    ),
    Equity(
        id=InstrumentId("AAPL.SIM"),
        quote_currency=USD,
        price_increment=Price("0.01"),
        isin="US0378331005",
    ),
    FuturesContract(
        id=InstrumentId("ESH4.SIM"),
        asset_class=AssetClass.INDEX,
        underlying="S&P 500",
        exchange="XCME",
        quote_currency=USD,
        price_increment=Price("0.25"),
        multiplier=Quantity("50"),
        **LIFE,
    ),
    CryptoFuture(
        id=InstrumentId("XBT-1.SIM"),
        underlying=BTC,
        quote_currency=USD,
        is_inverse=True,
        price_increment=Price("0.5"),
        size_increment=Quantity("1"),
        **LIFE,
    ),
    OptionContract(
        id=InstrumentId("ES-P.SIM"),
        asset_class=AssetClass.INDEX,
        underlying="ESH4",
        option_kind=OptionKind.PUT,
        strike_price=Price("4000.50"),
        quote_currency=USD,
        price_increment=Price("0.05"),
        multiplier=Quantity("50"),
        **LIFE,
    ),
    BinaryOption(
        id=InstrumentId("YES.SIM"),
        asset_class=AssetClass.ALTERNATIVE,
        quote_currency=USD,
        price_increment=Price("0.001"),
        size_increment=Quantity("0.01"),
        description="Will it rain?",
        **LIFE,
    ),
)


@pytest.mark.parametrize("instrument", KINDS, ids=lambda each: str(each.id.symbol))
def test_instrument_survives_the_wire(instrument) -> None:
    rates = FeeRates(instrument.maker_fee_raw, instrument.taker_fee_raw)
    answer = wire.InstrumentsAnswer("1", (instrument_record(Listing(instrument), rates),))

    decoded = wire.decode_answer(wire.encode(answer))

    assert isinstance(decoded, wire.InstrumentsAnswer)
    (record,) = decoded.instruments
    assert instrument_of(record, Venue("SIM"), 0) == instrument


def test_record_says_when_it_is_settled_and_at_what() -> None:
    future = KINDS[4]
    record = instrument_record(Listing(future), FeeRates(0, 0), settled=400_025)

    assert isinstance(record, wire.DatedRecord)
    assert record.settled == 400_025


def test_kind_that_does_not_fit_its_message_is_refused() -> None:
    record = instrument_record(Listing(BTCUSDT), FeeRates(0, 0))
    fields = {name: getattr(record, name) for name in record.__struct_fields__}

    with pytest.raises(ValueError, match="kind 'OPTION' of a InstrumentRecord"):
        instrument_of(wire.InstrumentRecord(**fields | {"kind": "OPTION"}), Venue("SIM"), 0)
