import copy
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from engine.model.currencies import AUD, BTC, ETH, EUR, JPY, USD, USDC, USDT
from engine.model.identifiers import InstrumentId, Symbol
from engine.model.instruments import (
    AssetClass,
    CryptoPerpetual,
    CurrencyPair,
    Instrument,
    InstrumentClass,
)
from engine.model.reports import InstrumentReceived
from engine.model.values import Money, Price, Quantity, ValueOutOfRange


def pair(**changes: Any) -> CurrencyPair:
    terms: dict[str, Any] = {
        "id": InstrumentId("BTC/USDT.SIM"),
        "base_currency": BTC,
        "quote_currency": USDT,
        "price_increment": Price("0.01"),
        "size_increment": Quantity("0.00001"),
    }
    return CurrencyPair(**(terms | changes))


def perpetual(**changes: Any) -> CryptoPerpetual:
    terms: dict[str, Any] = {
        "id": InstrumentId("XBTUSD.SIM"),
        "base_currency": BTC,
        "quote_currency": USD,
        "price_increment": Price("0.5"),
        "size_increment": Quantity("1"),
        "is_inverse": True,
    }
    return CryptoPerpetual(**(terms | changes))


# -- definition ------------------------------------------------------------------------------


def test_a_spot_pair_settles_and_costs_in_quote() -> None:
    spot = pair()
    assert spot.instrument_class is InstrumentClass.SPOT
    assert (spot.settlement_currency, spot.cost_currency, spot.is_inverse) == (USDT, USDT, False)
    assert (spot.price_precision, spot.size_precision) == (2, 5)
    assert (spot.tick_mantissa, spot.step_mantissa) == (1, 1)
    assert spot.raw_symbol == Symbol("BTC/USDT")
    assert (spot.multiplier, spot.lot_size, spot.max_price) == (Quantity(1), None, None)


def test_an_inverse_perpetual_settles_and_costs_in_base() -> None:
    swap = perpetual()
    assert swap.instrument_class is InstrumentClass.SWAP
    assert (swap.settlement_currency, swap.cost_currency, swap.is_inverse) == (BTC, BTC, True)
    assert swap.tick_mantissa == 5


def test_a_linear_perpetual_settles_in_quote_or_an_equivalent_dollar() -> None:
    assert perpetual(is_inverse=False).settlement_currency is USD
    assert perpetual(is_inverse=False, settlement_currency=USDC).cost_currency is USD


@pytest.mark.parametrize("settlement", [ETH, JPY])
def test_a_quanto_costs_and_settles_in_the_third_currency_unconverted(settlement: Any) -> None:
    quanto = perpetual(
        settlement_currency=settlement, is_inverse=False, multiplier=Quantity("0.001")
    )
    assert (quanto.is_quanto, quanto.cost_currency) == (True, settlement)
    worth = quanto.notional_value(Quantity("10"), Price("4000.0"))
    assert worth == Money("40", settlement)


@pytest.mark.parametrize(("settlement", "is_inverse"), [(ETH, True), (USD, True), (BTC, False)])
def test_settlement_that_fits_neither_kind_is_refused(settlement: Any, is_inverse: bool) -> None:
    with pytest.raises(ValueError, match=f"settles in {settlement}"):
        perpetual(settlement_currency=settlement, is_inverse=is_inverse)


def test_asset_class_follows_the_currencies() -> None:
    assert pair().asset_class is AssetClass.CRYPTOCURRENCY
    fx = pair(base_currency=AUD, quote_currency=USD)
    assert fx.asset_class is AssetClass.FX


def test_rates_are_exact_and_fees_may_be_rebates() -> None:
    spot = pair(
        margin_init="0.03", margin_maint=1, maker_fee="-0.00025", taker_fee=Decimal("0.001")
    )
    assert spot.margin_init_raw == 3 * 10**14
    assert spot.maker_fee_raw == -(25 * 10**11)
    assert (spot.margin_init, spot.margin_maint) == (Decimal("0.03"), Decimal(1))
    assert (spot.maker_fee, spot.taker_fee) == (Decimal("-0.00025"), Decimal("0.001"))


@pytest.mark.parametrize(
    "changes",
    [
        {"price_increment": Price("0.00")},
        {"price_increment": Price("-0.01")},
        {"size_increment": Quantity("0.0")},
        {"multiplier": Quantity(0)},
        {"lot_size": Quantity(0)},
        {"lot_size": Quantity("0.000001")},
        {"max_quantity": Quantity(0)},
        {"min_quantity": Quantity("0.000001")},
        {"min_quantity": Quantity(2), "max_quantity": Quantity(1)},
        {"min_price": Price("0.001")},
        {"min_price": Price("2"), "max_price": Price("1")},
        {"min_notional": Money(2, USDT), "max_notional": Money(1, USDT)},
        {"min_notional": Money(1, BTC)},
        {"margin_init": "-0.1"},
        {"margin_maint": -1},
        {"taker_fee": "nan"},
        {"ts_event": -1},
        {"ts_init": -1},
    ],
)
def test_terms_that_make_no_sense_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        pair(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "BTC/USDT.SIM"},
        {"base_currency": "BTC"},
        {"price_increment": Quantity("0.01")},
        {"price_increment": "0.01"},
        {"size_increment": Price("1")},
        {"multiplier": 1},
        {"multiplier": None},
        {"max_quantity": 5},
        {"min_quantity": Price("1")},
        {"min_notional": Quantity(1)},
        {"max_price": "5"},
        {"maker_fee": 0.001},
        {"margin_init": None},
        {"ts_event": 1.0},
        {"raw_symbol": 7},
    ],
)
def test_terms_of_another_type_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        pair(**changes)


def test_an_instrument_is_a_value_that_cannot_be_changed() -> None:
    spot = pair()
    assert spot == pair()
    assert hash(spot) == hash(pair())
    assert spot != pair(taker_fee="0.001")
    assert spot != perpetual()
    assert copy.deepcopy(spot) is spot
    assert copy.copy(spot) is spot
    with pytest.raises(AttributeError):
        spot.id = InstrumentId("X.Y")
    with pytest.raises(AttributeError):
        del spot.id


def test_the_text_of_an_instrument_is_one_complete_line_that_records_hold() -> None:
    spot = pair(taker_fee="0.001", max_quantity=Quantity(9))
    assert str(spot) == repr(spot)
    assert "\n" not in str(spot)
    for part in ("CurrencyPair(", "id=BTC/USDT.SIM", "taker_fee=0.001", "max_quantity=9"):
        assert part in str(spot)
    encoded = msgspec.json.encode(InstrumentReceived(spot, 5), enc_hook=str)
    assert msgspec.json.decode(encoded) == ["InstrumentReceived", str(spot), 5]


# -- prices and quantities -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("4000.125", "4000.12"),
        (4000.135, "4000.14"),
        (Decimal("-0.005"), "0.00"),
        (7, "7.00"),
        ("1e3", "1000.00"),
        ("1e-300", "0.00"),
    ],
)
def test_make_price_rounds_half_even_to_the_decimals_of_the_tick(value: Any, text: str) -> None:
    assert str(pair().make_price(value)) == text


def test_make_price_rounds_to_decimals_and_only_on_tick_when_asked() -> None:
    future = pair(price_increment=Price("0.25"))
    assert str(future.make_price("4000.13")) == "4000.13"
    assert str(future.make_price_on_tick("4000.13")) == "4000.25"
    assert str(future.make_price_on_tick("4000.125")) == "4000.00"
    assert str(future.make_price_on_tick("4000.375")) == "4000.50"


def test_make_price_uses_the_significant_decimals_of_the_tick() -> None:
    assert str(pair(price_increment=Price("0.50")).make_price("1.26")) == "1.30"


def test_make_qty_rounds_half_even_or_down() -> None:
    spot = pair()
    assert str(spot.make_qty("0.123456")) == "0.12346"
    assert str(spot.make_qty("0.123459", True)) == "0.12345"
    assert str(spot.make_qty(0)) == "0.00000"


def test_make_qty_refuses_a_positive_value_that_rounds_to_zero() -> None:
    for value, down in (("0.000004", False), ("0.000009", True)):
        with pytest.raises(ValueError, match="rounds to zero"):
            pair().make_qty(value, down)
    with pytest.raises(ValueError):
        pair().make_qty("-1")


@pytest.mark.parametrize("value", ["1e400", "nan", float("inf"), "9" * 60])
def test_making_values_refuses_what_no_value_holds(value: Any) -> None:
    for make in (pair().make_price, pair().make_price_on_tick, pair().make_qty):
        with pytest.raises(ValueError):
            make(value)


def test_normalizing_takes_exact_multiples_only() -> None:
    future = pair(price_increment=Price("0.25"), size_increment=Quantity("0.5"))
    assert str(future.try_normalize_price(Price("4000.5"))) == "4000.50"
    assert str(future.try_normalize_price(4000.75)) == "4000.75"
    assert str(future.try_normalize_qty("2.50")) == "2.5"
    assert str(future.try_normalize_qty(Quantity("1"))) == "1.0"
    with pytest.raises(ValueError, match=r"tick 0\.25"):
        future.try_normalize_price("4000.13")
    with pytest.raises(ValueError, match=r"step 0\.5"):
        future.try_normalize_qty("0.7")
    with pytest.raises(TypeError):
        future.try_normalize_price(Quantity(1))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        future.try_normalize_qty(Price("1"))  # type: ignore[arg-type]


def test_next_prices_step_away_from_the_value() -> None:
    future = pair(price_increment=Price("0.25"))
    assert future.next_bid_price("4000.13") == Price("4000.00")
    assert future.next_bid_price("4000.13", 2) == Price("3999.50")
    assert future.next_ask_price("4000.13") == Price("4000.25")
    assert future.next_ask_price(4000.13, 2) == Price("4000.75")
    assert future.next_bid_price(Price("4000.25")) == Price("4000.25")
    assert future.next_ask_price("4000.0000000000000000001") == Price("4000.25")
    assert future.next_bid_price("-0.1") == Price("-0.25")


def test_next_prices_end_at_the_bounds() -> None:
    bounded = pair(min_price=Price("1"), max_price=Price("2"))
    assert bounded.next_bid_price("1.005") == Price("1.00")
    assert bounded.next_bid_price("1.005", 1) is None
    assert bounded.next_ask_price("1.995", 1) is None
    assert bounded.next_ask_price("1.5", -1) is None
    assert bounded.next_bid_price("1.5", -1) is None
    assert pair().next_ask_price("17014118346046.01") is None
    for absurd in ("1e400", "nan", float("-inf")):
        with pytest.raises(ValueError):
            pair().next_bid_price(absurd)


# -- worth -----------------------------------------------------------------------------------


def notional(instrument: Instrument, quantity: str, price: str) -> str:
    return str(instrument.notional_value(Quantity(quantity), Price(price)))


def test_linear_notional_is_quantity_times_multiplier_times_price() -> None:
    assert notional(pair(), "2", "0.01") == "0.02000000 USDT"
    future = pair(quote_currency=USD, multiplier=Quantity(50), price_increment=Price("0.25"))
    assert notional(future, "2", "4000.25") == "400025.00 USD"


def test_linear_notional_is_rounded_half_even_once() -> None:
    fx = pair(base_currency=AUD, quote_currency=USD, price_increment=Price("0.00001"))
    assert notional(fx, "0.5", "0.01") == "0.00 USD"
    assert notional(fx, "1.5", "0.01") == "0.02 USD"
    assert notional(fx, "1.5", "-0.01") == "-0.02 USD"
    assert notional(pair(quote_currency=JPY), "2.5", "1") == "2 JPY"


def test_inverse_notional_is_quantity_times_multiplier_over_price() -> None:
    assert notional(perpetual(), "10000", "11000.0") == "0.90909091 BTC"
    assert notional(perpetual(multiplier=Quantity(10)), "1000", "11000.0") == "0.90909091 BTC"


def test_inverse_notional_in_quote_counts_the_multiplier() -> None:
    swap = perpetual(multiplier=Quantity(10))
    worth = swap.notional_value(Quantity(1000), Price("11000.0"), use_quote_for_inverse=True)
    assert str(worth) == "10000.00 USD"
    linear = perpetual(is_inverse=False)
    assert linear.notional_value(Quantity(2), Price("3"), True) == Money(6, USD)


def test_inverse_notional_at_price_zero_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        perpetual().notional_value(Quantity(1), Price("0"))


def test_notional_raw_is_on_the_grid_of_the_cost_currency_and_unbounded() -> None:
    spot = pair(base_currency=EUR, quote_currency=USD)
    assert spot.notional_raw(Quantity("1.005").raw, Price("1").raw) == Money("1.00", USD).raw
    absurd = Quantity.from_int(34_028_236_692_093), Price.from_int(17_014_118_346_046)
    assert spot.notional_raw(absurd[0].raw, absurd[1].raw) > 10**40
    with pytest.raises(ValueOutOfRange):
        spot.notional_value(*absurd)


def test_notional_of_other_types_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        pair().notional_value(Price("1"), Quantity(1))  # type: ignore[arg-type]
