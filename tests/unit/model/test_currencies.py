import copy
import pickle

import pytest

from engine.model.currencies import (
    BTC,
    CURRENCIES,
    JPY,
    USD,
    USD_EQUIVALENTS,
    Currency,
    CurrencyType,
    currency,
    with_currencies,
)

FIAT_2 = [
    "AUD",
    "BRL",
    "CAD",
    "CHF",
    "CNY",
    "CNH",
    "CZK",
    "DKK",
    "EUR",
    "GBP",
    "HKD",
    "HUF",
    "ILS",
    "INR",
    "MXN",
    "NOK",
    "NZD",
    "PLN",
    "RUB",
    "SAR",
    "SEK",
    "SGD",
    "THB",
    "TRY",
    "TWD",
    "USD",
    "ZAR",
]


def test_the_built_in_table_has_the_precisions_of_the_field() -> None:
    assert len(CURRENCIES) == 91
    assert {CURRENCIES[code].precision for code in FIAT_2} == {2}
    assert {CURRENCIES[code].precision for code in ("JPY", "KRW")} == {0}
    for code in ("XAG", "XAU", "XPT"):
        assert CURRENCIES[code].precision == 2
        assert CURRENCIES[code].currency_type is CurrencyType.COMMODITY_BACKED
    assert {CURRENCIES[code].precision for code in ("ADA", "XRP", "XTZ", "USDC.e", "pUSD")} == {6}
    assert {CURRENCIES[code].precision for code in ("BTC", "ETH", "USDT", "USDC", "BNB")} == {8}


def test_the_table_is_keyed_by_code_and_cannot_be_changed() -> None:
    assert all(code == item.code for code, item in CURRENCIES.items())
    with pytest.raises(TypeError):
        CURRENCIES["XXX"] = USD  # type: ignore[index]


def test_every_dollar_equivalent_is_in_the_table() -> None:
    assert all(code in CURRENCIES for code in USD_EQUIVALENTS)


def test_a_currency_equals_by_code_alone() -> None:
    other = Currency("USD", 4, 0, "Another dollar", CurrencyType.CRYPTO)
    assert other == USD
    assert hash(other) == hash(USD)
    assert USD != JPY
    assert USD != "USD"


def test_unit_is_the_raw_of_one_last_decimal() -> None:
    assert (USD.unit, JPY.unit, BTC.unit) == (10**14, 10**16, 10**8)


@pytest.mark.parametrize("code", ["usd", "NOPE", "", "USD "])
def test_an_unknown_code_is_an_error_and_never_made_up(code: str) -> None:
    with pytest.raises(ValueError, match="unknown currency"):
        currency(code)
    assert code not in CURRENCIES


def test_a_code_that_is_not_text_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        currency(None)  # type: ignore[arg-type]


def test_further_currencies_are_passed_not_registered() -> None:
    gold = Currency("GLD", 3, 0, "Game gold", CurrencyType.CRYPTO)
    table = with_currencies(gold)
    assert currency("GLD", table) is gold
    assert currency("USD", table) is USD
    with pytest.raises(ValueError):
        currency("GLD")


def test_a_taken_code_with_another_meaning_is_refused() -> None:
    with pytest.raises(ValueError, match="already taken"):
        with_currencies(Currency("USD", 4, 0, "Another dollar", CurrencyType.CRYPTO))
    assert with_currencies(USD) == CURRENCIES


@pytest.mark.parametrize(
    ("code", "precision", "iso4217", "name"),
    [
        ("", 2, 0, "x"),
        (" ", 2, 0, "x"),
        ("A B", 2, 0, "x"),
        ("A", 2, 0, " "),
        ("A", -1, 0, "x"),
        ("A", 17, 0, "x"),
        ("A", 2, -1, "x"),
        ("A", 2, 1000, "x"),
    ],
)
def test_a_malformed_currency_is_refused(
    code: str, precision: int, iso4217: int, name: str
) -> None:
    with pytest.raises(ValueError):
        Currency(code, precision, iso4217, name, CurrencyType.CRYPTO)


def test_a_currency_of_wrong_types_is_refused() -> None:
    with pytest.raises(TypeError):
        Currency(1, 2, 0, "x", CurrencyType.CRYPTO)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Currency("A", "2", 0, "x", CurrencyType.CRYPTO)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Currency("A", 2, None, "x", CurrencyType.CRYPTO)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        Currency("A", 2, 0, "x", 9)  # type: ignore[arg-type]


def test_a_currency_cannot_be_changed_and_survives_copies() -> None:
    with pytest.raises(AttributeError):
        USD.precision = 3
    with pytest.raises(AttributeError):
        del USD.code
    assert copy.deepcopy(USD) == USD
    assert pickle.loads(pickle.dumps(USD)).precision == 2
    assert (str(USD), "iso4217=840" in repr(USD)) == ("USD", True)
