"""What stands in a record for a value that MessagePack does not know."""

from typing import cast

from engine.model.balances import AccountBalance
from engine.model.money import Money
from engine.model.price import Price
from engine.model.quantity import Quantity
from engine.model.texts import balance_text, money_text, scaled_text


def as_text(value: object) -> str:
    """Its exact text.

    Raises:
        TypeError: it has none of its own: the default text is an address.
    """
    if isinstance(value, str):  # an identifier
        return str(value)
    # the values whose texts fill the records, without a detour through the interpreter
    kind = type(value)
    if kind is Quantity or kind is Price:
        return scaled_text(cast("Price | Quantity", value))
    if kind is AccountBalance:
        return balance_text(cast("AccountBalance", value))
    if kind is Money:
        return money_text(cast("Money", value))
    if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        raise TypeError(f"{kind.__name__} has no text of its own, so it cannot be recorded")
    return str(value)
