"""Shares, futures on coins, options and binary options: what each demands and what it is worth."""

from typing import Any

import pytest

from engine.model.accounts import held_currency
from engine.model.currencies import BTC, ETH, USD, USDT
from engine.model.identifiers import InstrumentId
from engine.model.instruments import (
    AssetClass,
    BinaryOption,
    CryptoFuture,
    Equity,
    InstrumentClass,
    OptionContract,
    OptionKind,
)
from engine.model.values import Money, Price, Quantity

EQUITY: dict[str, Any] = {
    "id": InstrumentId("AAPL.XNAS"),
    "quote_currency": USD,
    "price_increment": Price("0.01"),
    "isin": "US0378331005",
}
FUTURE: dict[str, Any] = {
    "id": InstrumentId("BTCUSDT-240329.SIM"),
    "underlying": BTC,
    "quote_currency": USDT,
    "price_increment": Price("0.1"),
    "size_increment": Quantity("0.001"),
    "activation_ns": 1,
    "expiration_ns": 2,
}
OPTION: dict[str, Any] = {
    "id": InstrumentId("ES-C4000.XCME"),
    "asset_class": AssetClass.INDEX,
    "underlying": "ESH4",
    "option_kind": OptionKind.CALL,
    "strike_price": Price("4000.00"),
    "quote_currency": USD,
    "price_increment": Price("0.05"),
    "multiplier": Quantity("50"),
    "activation_ns": 1,
    "expiration_ns": 2,
}
BINARY: dict[str, Any] = {
    "id": InstrumentId("RAIN-YES.SIM"),
    "asset_class": AssetClass.ALTERNATIVE,
    "quote_currency": USDT,
    "price_increment": Price("0.001"),
    "size_increment": Quantity("0.01"),
    "activation_ns": 1,
    "expiration_ns": 2,
    "outcome": "Yes",
}
KINDS = (
    (Equity, EQUITY),
    (CryptoFuture, FUTURE),
    (OptionContract, OPTION),
    (BinaryOption, BINARY),
)


@pytest.mark.parametrize(("kind", "good"), KINDS)
def test_equal_definitions_are_equal_and_every_own_field_shows(kind: Any, good: Any) -> None:
    instrument = kind(**good)
    assert instrument == kind(**good)
    for name in kind._own_fields:
        assert f"{name}={getattr(instrument, name)}" in str(instrument)
    with pytest.raises(AttributeError):
        instrument.price_increment = Price("1")


def test_share_is_whole_worth_its_price_and_no_balance() -> None:
    share = Equity(**EQUITY)
    assert (share.instrument_class, share.asset_class) == (
        InstrumentClass.SPOT,
        AssetClass.EQUITY,
    )
    assert (share.size_precision, share.step_mantissa, share.base_currency) == (0, 1, None)
    assert share.notional_value(Quantity("3"), Price("101.25")) == Money("303.75", USD)
    assert held_currency(share) is None


def test_linear_future_on_a_coin_costs_quote_and_an_inverse_one_the_coin() -> None:
    linear = CryptoFuture(**FUTURE)
    assert (linear.underlying, linear.base_currency, linear.cost_currency) == (BTC, BTC, USDT)
    assert linear.instrument_class is InstrumentClass.FUTURE
    inverse = CryptoFuture(
        **FUTURE | {"is_inverse": True, "size_increment": Quantity("1"), "quote_currency": USD}
    )
    assert (inverse.cost_currency, inverse.settlement_currency) == (BTC, BTC)
    worth = inverse.notional_value(Quantity("10000"), Price("40000.0"))
    assert worth == Money("0.25", BTC)


def test_future_on_a_coin_settled_in_a_third_is_a_quanto() -> None:
    quanto = CryptoFuture(**FUTURE | {"settlement_currency": ETH})
    assert (quanto.is_quanto, quanto.cost_currency) == (True, ETH)


def test_option_pays_a_premium_of_multiplier_times_price_which_may_be_negative() -> None:
    call = OptionContract(**OPTION)
    assert call.instrument_class is InstrumentClass.OPTION
    assert (call.pays_premium, call.allows_negative_price) == (True, True)
    assert call.notional_value(Quantity("2"), Price("12.35")) == Money("1235.00", USD)


def test_binary_option_costs_at_most_one_and_has_a_fraction_as_size() -> None:
    yes = BinaryOption(**BINARY)
    assert yes.instrument_class is InstrumentClass.BINARY_OPTION
    assert (yes.pays_premium, yes.allows_negative_price) == (True, False)
    assert yes.max_price == Price("1.000")
    assert yes.notional_value(Quantity("12.50"), Price("0.640")) == Money("8", USDT)


LIFE = [
    ({"activation_ns": 2}, ValueError),
    ({"activation_ns": -1}, ValueError),
    ({"expiration_ns": 2.0}, TypeError),
    ({"activation_ns": True}, TypeError),
]


@pytest.mark.parametrize(
    ("kind", "good", "change", "error"),
    [
        *[(kind, good, *wrong) for kind, good in KINDS[1:] for wrong in LIFE],
        (Equity, EQUITY, {"isin": "US037"}, ValueError),
        (Equity, EQUITY, {"isin": 5}, TypeError),
        (Equity, EQUITY, {"size_increment": Quantity("0.1")}, ValueError),
        (Equity, EQUITY, {"size_increment": Quantity("10")}, ValueError),
        (Equity, EQUITY, {"multiplier": Quantity("2")}, ValueError),
        (CryptoFuture, FUTURE, {"underlying": "BTC"}, TypeError),
        (CryptoFuture, FUTURE, {"is_inverse": True, "settlement_currency": USDT}, ValueError),
        (CryptoFuture, FUTURE, {"settlement_currency": BTC}, ValueError),
        (OptionContract, OPTION, {"underlying": ""}, ValueError),
        (OptionContract, OPTION, {"option_kind": 1}, TypeError),
        (OptionContract, OPTION, {"strike_price": Price("0.00")}, ValueError),
        (OptionContract, OPTION, {"strike_price": 4000}, TypeError),
        (OptionContract, OPTION, {"size_increment": Quantity("0.5")}, ValueError),
        (OptionContract, OPTION, {"exchange": 7}, TypeError),
        (OptionContract, OPTION, {"asset_class": 5}, TypeError),
        (BinaryOption, BINARY, {"multiplier": Quantity("2")}, ValueError),
        (BinaryOption, BINARY, {"max_price": Price("1.500")}, ValueError),
        (BinaryOption, BINARY, {"min_price": Price("-0.100")}, ValueError),
        (BinaryOption, BINARY, {"outcome": 1}, TypeError),
        (BinaryOption, BINARY, {"description": b"x"}, TypeError),
    ],
)
def test_malformed_definition_of_a_kind_is_refused(
    kind: Any, good: Any, change: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        kind(**good | change)
