"""Values and identifiers read back from their exact text: the other direction of `engine.text`."""

from collections.abc import Mapping
from typing import Any, Final, cast

from engine.model.balances import AccountBalance, MarginBalance
from engine.model.bars import BarType
from engine.model.currencies import CURRENCIES, Currency, currency
from engine.model.data_type import DataType
from engine.model.identifiers import Identifier, InstrumentId
from engine.model.values import Money, Price, Quantity
from engine.text import as_text

_KNOWN_MAX: Final = 100_000  # texts remembered; then it begins anew
_WHOLE_DIGITS: Final = 13  # of an amount that is in range whatever they are


class TextReader:
    """Reads what a record holds as text; what comes again is read once.

    Args:
        currencies: where to look for a currency that the built-in table does not have.

    Attributes:
        rewords: whether the value of any text so far has another text than that.
    """

    __slots__ = ("_currencies", "_known", "rewords")

    def __init__(self, currencies: Mapping[str, Currency]) -> None:
        self._currencies = currencies
        self._known: dict[str, object] = {}  # what a text was read as last
        self.rewords = False

    def read(self, kind: type, text: object) -> object:
        """The value of this kind.

        Raises:
            ValueError, TypeError: the text is none, or no text of such a value.
        """
        if not isinstance(text, str):
            raise ValueError(f"{kind.__name__} is written as text, not {type(text).__name__}")
        value = self._known.get(text)
        if type(value) is kind:
            return value
        value = self._value(kind, text)
        if as_text(value) != text:
            self.rewords = True
        if len(self._known) >= _KNOWN_MAX:
            self._known.clear()
        self._known[text] = value
        return value

    def _value(self, kind: Any, text: str) -> object:
        if issubclass(kind, Identifier):
            return kind(text)
        if kind is Price:
            return Price.from_str(text)
        if kind is Quantity:
            return Quantity.from_str(text)
        if kind is Money:
            return self._new_money(text)
        if kind is BarType:
            return BarType.from_str(text)
        if kind is DataType:
            return _data_type(text)
        if kind is AccountBalance:
            return self._balance(text)
        if kind is MarginBalance:
            return self._margin(text)
        if kind is Currency:
            return currency(text, self._currencies)
        raise ValueError(f"no record holds a {kind.__name__}")

    def _balance(self, text: str) -> AccountBalance:
        amounts = _named(text, ("total", "locked", "free"))
        total, locked = self._money(amounts[0]), self._money(amounts[1])
        balance = AccountBalance.of_raw(total.raw, locked.raw, total.currency)
        if as_text(balance) != text:
            free = self._money(amounts[2])
            if balance.free_raw != free.raw:
                # no kernel makes such a value; a record that states it is for a judge to see
                object.__setattr__(balance, "free_raw", free.raw)
        return balance

    def _margin(self, text: str) -> MarginBalance:
        initial, maintenance, where = _named(text, ("initial", "maintenance", "instrument_id"))
        return MarginBalance(
            self._money(initial),
            self._money(maintenance),
            None if where == "account" else InstrumentId(where),
        )

    def _money(self, text: str) -> Money:
        """Of the parts of a balance most are as they were in the one before."""
        return cast("Money", self.read(Money, text))

    def _new_money(self, text: str) -> Money:
        amount, _, code = text.partition(" ")
        whole, _, decimals = amount.removeprefix("-").partition(".")
        digits = whole + decimals
        found = CURRENCIES.get(code) or self._currencies.get(code)
        if (
            found is not None
            and len(decimals) == found.precision
            and 0 < len(whole) <= _WHOLE_DIGITS
            and digits.isdigit()
            and digits.isascii()
        ):  # nothing to be rounded, and surely in range
            raw = int(digits) * found.unit
            return Money.from_raw(-raw if amount.startswith("-") else raw, found)
        return Money.from_str(text, self._currencies)


def _named(text: str, names: tuple[str, ...]) -> list[str]:
    parts = text.split(", ", len(names) - 1)
    if len(parts) != len(names):
        raise ValueError(f"expected {', '.join(names)} in {text!r}")
    values: list[str] = []
    for at in range(len(names)):
        name, part = names[at], parts[at]
        head = name + "="
        if not part.startswith(head):
            raise ValueError(f"expected {name} in {text!r}")
        values.append(part[len(head) :])
    return values


def _data_type(text: str) -> DataType:
    name, *pairs = text.split(".")
    metadata: dict[str, str] = {}
    last = ""
    for pair in pairs:  # a value may hold dots, a key may not
        key, equals, value = pair.partition("=")
        if equals:
            metadata[key] = value
            last = key
        elif last:
            metadata[last] += f".{pair}"
    return DataType(name, metadata)
