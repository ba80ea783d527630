"""The values that everything is counted in: exact, immutable, at most 16 decimals.

`raw` counts units of 1e-16 whatever the precision; `precision` is how many decimals the value
shows. Equality, order and hash look at `raw` alone: 1.5 equals 1.50. A price and a quantity are
never equal, never ordered and never added. A value with an int or a Decimal computes as Decimal;
with a float it raises TypeError.
"""

from engine.model.balances import AccountBalance, MarginBalance
from engine.model.fixed import (
    FIXED_PRECISION,
    FIXED_SCALE,
    MONEY_MAX,
    MONEY_MIN,
    MONEY_RAW_MAX,
    MONEY_RAW_MIN,
    PRICE_MAX,
    PRICE_MIN,
    PRICE_RAW_MAX,
    PRICE_RAW_MIN,
    QUANTITY_MAX,
    QUANTITY_MIN,
    QUANTITY_RAW_MAX,
    ValueOutOfRange,
    correct_raw,
    divide_decimal,
    divide_half_even,
    round_raw_half_even,
)
from engine.model.money import Money
from engine.model.price import Price
from engine.model.quantity import Quantity

__all__ = [
    "FIXED_PRECISION",
    "FIXED_SCALE",
    "MONEY_MAX",
    "MONEY_MIN",
    "MONEY_RAW_MAX",
    "MONEY_RAW_MIN",
    "PRICE_MAX",
    "PRICE_MIN",
    "PRICE_RAW_MAX",
    "PRICE_RAW_MIN",
    "QUANTITY_MAX",
    "QUANTITY_MIN",
    "QUANTITY_RAW_MAX",
    "AccountBalance",
    "MarginBalance",
    "Money",
    "Price",
    "Quantity",
    "ValueOutOfRange",
    "check_positive",
    "correct_raw",
    "divide_decimal",
    "divide_half_even",
    "round_raw_half_even",
]


def check_positive(value: Price | Quantity | Money, name: str) -> None:
    """Raise ValueError unless `value` is above zero."""
    if value.raw <= 0:
        raise ValueError(f"{name} not positive: {value}")
