"""The exact text of values: what people read, and what records hold.

Here and not with the values, because these functions are compiled and the values are not.
"""

from typing import TYPE_CHECKING, Final

from engine.model.fixed import UNITS, format_mantissa
from engine.model.number import keep_text

if TYPE_CHECKING:  # the values ask for their texts here
    from engine.model.balances import AccountBalance
    from engine.model.money import Money
    from engine.model.scaled import ScaledNumber

_keep: Final = object.__setattr__  # past the one that refuses


def scaled_text(number: "ScaledNumber") -> str:
    """Decimal text with the decimals of the value's precision; kept by the value."""
    text = number._text
    if text is None:
        precision = number.precision
        text = format_mantissa(number.raw // UNITS[precision], precision)
        keep_text(number, text)
    return text


def money_text(money: "Money") -> str:
    """`1234567.50 USD`; kept by the value."""
    text = money._text
    if text is None:
        currency = money.currency
        amount = format_mantissa(money.raw // currency.unit, currency.precision)
        text = f"{amount} {currency.code}"
        keep_text(money, text)
    return text


def balance_text(balance: "AccountBalance") -> str:
    """`total=2.00 USD, locked=0.50 USD, free=1.50 USD`; kept by the value. Of one currency, looked
    up once, since every record of an account holds it."""
    kept = balance._text
    if kept is not None:
        return kept
    currency = balance.currency
    unit, digits, code = currency.unit, currency.precision, currency.code
    whole = balance.total_raw // unit
    held = balance.locked_raw // unit
    total = format_mantissa(whole, digits)
    locked = format_mantissa(held, digits)
    free = format_mantissa(whole - held, digits) if held else total
    text = f"total={total} {code}, locked={locked} {code}, free={free} {code}"
    _keep(balance, "_text", text)
    return text
