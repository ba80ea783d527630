"""A client's values: made once while they are spoken of, and never the wrong one."""

from collections.abc import Callable

import pytest

from engine.model.identifiers import PositionId
from engine.model.values import Price, Quantity
from simulation.client_values import Unreadable, Values, value_of
from simulation.venue.protocol import BalanceRecord, TradeRecord


def trade(fee: int, code: str = "USDT") -> TradeRecord:
    return TradeRecord(1, "T-1", "BTC", "O-1", "V-1", "BUY", 10, 500, fee, code, "TAKER", 7)


def test_what_is_said_again_is_the_value_that_was_made_first() -> None:
    values = Values()
    asked: tuple[Callable[[], object], ...] = (
        lambda: values.price(150, 2),
        lambda: values.size(150, 2),
        lambda: values.fee(trade(12)),
        lambda: values.balance(BalanceRecord("USDT", 100, 40)),
        lambda: values.trade_id("T-1"),
    )
    assert all(ask() is ask() for ask in asked)


def test_the_same_digits_at_another_precision_or_in_another_currency_are_another_value() -> None:
    values = Values()
    assert str(values.price(150, 2)) == "1.50"
    assert str(values.price(150, 1)) == "15.0"
    assert values.price(150, 2) == Price("1.50")
    assert str(values.size(150, 2)) == "1.50"
    assert values.size(150, 0) == Quantity("150")
    assert values.fee(trade(12, "USDT")).currency.code == "USDT"
    assert values.fee(trade(12, "BTC")).currency.code == "BTC"


def test_a_balance_that_moved_is_told_as_it_stands() -> None:
    values = Values()
    first = values.balance(BalanceRecord("USD", 1000, 400))
    locked = values.balance(BalanceRecord("USD", 1000, 500))
    assert str(first) == "total=10.00 USD, locked=4.00 USD, free=6.00 USD"
    assert str(locked) == "total=10.00 USD, locked=5.00 USD, free=5.00 USD"
    assert str(values.balance(BalanceRecord("USD", 900, 500))).startswith("total=9.00 USD")


def test_more_than_can_be_kept_is_made_anew_and_right() -> None:
    values = Values()
    first = values.price(0, 2), values.size(0, 2), values.fee(trade(0)), values.trade_id("T-0")
    for number in range(1, 3000):
        assert values.price(number, 2).mantissa == number
        assert values.size(number, 2).mantissa == number
        assert values.fee(trade(number)).raw == number * values.fee(trade(1)).raw
        assert values.trade_id(f"T-{number}") == f"T-{number}"
    again = values.price(0, 2), values.size(0, 2), values.fee(trade(0)), values.trade_id("T-0")
    assert again == first
    assert all(one is not other for one, other in zip(first, again, strict=True))


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda values: values.price(10**40, 2), "price 1000"),
        (lambda values: values.size(-1, 2), "size -1"),
        (lambda values: values.fee(trade(1, "NONE")), "fee of trade 'T-1'"),
        (lambda values: values.balance(BalanceRecord("NONE", 1, 0)), "balance of 'NONE'"),
        (lambda values: values.trade_id(""), "TradeId"),
        (lambda values: value_of(PositionId, " "), "PositionId"),
    ],
)
def test_what_no_value_can_hold_is_unreadable_each_time(
    ask: Callable[[Values], object], told: str
) -> None:
    values = Values()
    for _ in range(2):
        with pytest.raises(Unreadable, match=told):
            ask(values)
