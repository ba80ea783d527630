"""A dated future: whole contracts, worth size x multiplier x price, with no base currency."""

import pytest

from engine.model.accounts import held_currency
from engine.model.currencies import USD
from engine.model.identifiers import InstrumentId
from engine.model.instruments import AssetClass, FuturesContract, InstrumentClass
from engine.model.values import Money, Price, Quantity

GOOD = {
    "id": InstrumentId("ESH4.XCME"),
    "asset_class": AssetClass.INDEX,
    "underlying": "S&P 500",
    "quote_currency": USD,
    "price_increment": Price("0.25"),
    "multiplier": Quantity("50"),
    "activation_ns": 1,
    "expiration_ns": 2,
}


def test_future_is_linear_in_whole_contracts() -> None:
    es = FuturesContract(**GOOD)
    assert es.instrument_class is InstrumentClass.FUTURE
    assert (es.base_currency, es.cost_currency, es.settlement_currency) == (None, USD, USD)
    assert (es.size_precision, es.tick_mantissa, es.step_mantissa) == (0, 25, 1)
    assert es.is_inverse is False


def test_notional_is_size_times_multiplier_times_price() -> None:
    es = FuturesContract(**GOOD)
    assert es.notional_value(Quantity("2"), Price("4000.25")) == Money("400025.00", USD)


def test_asset_class_is_as_stated() -> None:
    assert FuturesContract(**GOOD).asset_class is AssetClass.INDEX
    oil = FuturesContract(**GOOD | {"asset_class": AssetClass.COMMODITY})
    assert oil.asset_class is AssetClass.COMMODITY


def test_own_fields_are_part_of_the_text_and_of_equality() -> None:
    es = FuturesContract(**GOOD)
    assert "underlying=S&P 500" in str(es)
    assert es == FuturesContract(**GOOD)
    assert es != FuturesContract(**GOOD | {"expiration_ns": 3})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"underlying": ""}, ValueError),
        ({"underlying": None}, TypeError),
        ({"exchange": 5}, TypeError),
        ({"asset_class": 5}, TypeError),
        ({"activation_ns": 2}, ValueError),
        ({"activation_ns": -1}, ValueError),
        ({"expiration_ns": 2.0}, TypeError),
        ({"size_increment": Quantity("0.1")}, ValueError),
        ({"size_increment": Quantity("0")}, ValueError),
        ({"price_increment": Price("0.00")}, ValueError),
        ({"multiplier": Quantity("0")}, ValueError),
    ],
)
def test_malformed_definition_is_refused(change, error) -> None:
    with pytest.raises(error):
        FuturesContract(**GOOD | change)


def test_future_is_immutable() -> None:
    with pytest.raises(AttributeError):
        FuturesContract(**GOOD).underlying = "other"


def test_no_cash_account_can_hold_a_future() -> None:
    with pytest.raises(ValueError, match="no base currency"):
        held_currency(FuturesContract(**GOOD))
