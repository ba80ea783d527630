"""The text of a value is the same whoever asks for it, however often."""

import pytest

from engine.model.currencies import CURRENCIES
from engine.model.texts import balance_text, money_text, scaled_text
from engine.model.values import AccountBalance, Money, Price, Quantity
from engine.text import as_text

USD = CURRENCIES["USD"]
BTC = CURRENCIES["BTC"]
JPY = CURRENCIES["JPY"]


@pytest.mark.parametrize(
    ("raw", "precision", "text"),
    [
        (0, 0, "0"),
        (0, 2, "0.00"),
        (10**16, 0, "1"),
        (15 * 10**15, 2, "1.50"),
        (-5 * 10**13, 3, "-0.005"),
        (1, 16, "0.0000000000000001"),
        (-1, 16, "-0.0000000000000001"),
        (123_456_789 * 10**14, 2, "1234567.89"),
    ],
)
def test_a_price_shows_the_decimals_of_its_precision(raw: int, precision: int, text: str) -> None:
    price = Price.from_raw(raw, precision)
    assert [scaled_text(price), str(price), as_text(price), scaled_text(price)] == [text] * 4
    if raw >= 0:
        quantity = Quantity.from_raw(raw, precision)
        assert [as_text(quantity), str(quantity)] == [text] * 2


@pytest.mark.parametrize("text", ["0.00 USD", "-0.05 USD", "1234567.50 USD"])
def test_money_shows_its_amount_and_currency(text: str) -> None:
    money = Money.from_str(text)
    assert [money_text(money), str(money), as_text(money)] == [text] * 3


@pytest.mark.parametrize(
    ("total", "locked", "free", "currency"),
    [
        ("10.50", "0.07", "10.43", USD),
        ("10.50", "0.00", "10.50", USD),
        ("0.00000000", "0.00000000", "0.00000000", BTC),
        ("1.00000000", "1.00000000", "0.00000000", BTC),
        ("-5", "7", "-12", JPY),
    ],
)
def test_a_balance_shows_all_three_of_its_amounts(total, locked, free, currency) -> None:
    balance = AccountBalance(*(Money(text, currency) for text in (total, locked, free)))
    code = currency.code
    text = f"total={total} {code}, locked={locked} {code}, free={free} {code}"
    assert [balance_text(balance), str(balance), as_text(balance)] == [text] * 3
