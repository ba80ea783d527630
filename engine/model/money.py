"""Money: an exact amount of one currency, on the grid of that currency's decimals.

Amounts of two currencies are never equal, and comparing or computing with both raises
ValueError: which of them was meant is not ours to guess. Equality alone never raises.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, NoReturn, cast, final, overload

from engine.model.currencies import CURRENCIES, Currency, currency
from engine.model.fixed import (
    CONTEXT,
    MONEY_RAW_MAX,
    MONEY_RAW_MIN,
    ValueOutOfRange,
    decimal_of,
    format_mantissa,
    group_thousands,
    mantissa_of,
)
from engine.model.number import FixedNumber, compare_number, equals_number, number_operand
from engine.model.texts import money_text


class _Draft(FixedNumber):
    """Money while it is being filled in; see `engine.model.scaled` for why."""

    __slots__ = ("currency",)

    currency: Currency

    @property
    def precision(self) -> int:
        return self.currency.precision

    @property
    def mantissa(self) -> int:
        """The amount in units of the currency's last decimal: cents for USD."""
        return self.raw // self.currency.unit

    def as_decimal(self) -> Decimal:
        currency = self.currency
        return decimal_of(self.raw // currency.unit, -currency.precision)

    def amount_str(self) -> str:
        """The amount without the code: `1234567.50`."""
        return format_mantissa(self.raw // self.currency.unit, self.currency.precision)

    def to_formatted_str(self) -> str:
        """Text with the integer part in groups: `1_234_567.50 USD`."""
        return f"{group_thousands(self.amount_str())} {self.currency.code}"

    def __str__(self) -> str:
        return self._text or money_text(cast("Money", self))


def _refuse_raw(raw: object, currency: object) -> NoReturn:
    if type(raw) is not int:
        raise TypeError(f"Money raw must be int, not {type(raw).__name__}")
    if type(currency) is not Currency:
        raise TypeError(f"Money needs a Currency, not {type(currency).__name__}")
    if raw % currency.unit:
        raise ValueError(f"Money raw {raw} has digits beyond the precision of {currency.code}")
    raise ValueOutOfRange(f"Money raw {raw} {currency.code} is out of range")


@final
class Money(_Draft):
    """An amount of money, -17_014_118_346_046 to 17_014_118_346_046 inclusive.

    `Money(value, currency)` takes str, int, Decimal or float (as its `repr`), rounded half-even
    to the currency's precision.

    Raises (all constructors and arithmetic):
        TypeError: a wrong type; bool and None are never numbers.
        ValueError: not a number, an unknown currency, two currencies in one operation.
        ValueOutOfRange: outside the limits, in construction or as a result.
    """

    __slots__ = ()

    def __new__(cls, value: "str | int | Decimal | float", currency: Currency) -> "Money":
        if type(currency) is not Currency:
            raise TypeError(f"Money needs a Currency, not {type(currency).__name__}")
        mantissa, _ = mantissa_of(value, currency.precision)
        return Money.from_raw(mantissa * currency.unit, currency)

    def __init_subclass__(cls) -> None:
        raise TypeError("Money cannot be subclassed")

    @staticmethod
    def from_raw(raw: int, currency: Currency) -> "Money":
        """From units of 1e-16, which must be a multiple of the currency's smallest unit."""
        if (
            type(raw) is int
            and type(currency) is Currency
            and MONEY_RAW_MIN <= raw <= MONEY_RAW_MAX
            and not raw % currency.unit
        ):
            self = _blank()
            self.raw = raw
            self.currency = currency
            self._text = None
            self._hash = None
            self.__class__ = Money
            return self
        _refuse_raw(raw, currency)

    @staticmethod
    def from_mantissa(mantissa: int, currency: Currency) -> "Money":
        """From units of the currency's last decimal: cents for USD."""
        if type(mantissa) is not int:
            raise TypeError(f"Money mantissa must be int, not {type(mantissa).__name__}")
        if type(currency) is not Currency:
            raise TypeError(f"Money needs a Currency, not {type(currency).__name__}")
        return Money.from_raw(mantissa * currency.unit, currency)

    @staticmethod
    def from_str(text: str, currencies: Mapping[str, Currency] = CURRENCIES) -> "Money":
        """From `"<amount> <CODE>"`: exactly two words, the code known; see `currency`."""
        if not isinstance(text, str):
            raise TypeError(f"expected text like '1.00 USD', not {type(text).__name__}")
        words = text.split()
        if len(words) != 2 or len(text) != len(words[0]) + len(words[1]) + 1:
            raise ValueError(f"expected text like '1.00 USD', got {text!r}")
        return Money(words[0], currency(words[1], currencies))

    @staticmethod
    def from_decimal(value: Decimal, currency: Currency) -> "Money":
        if not isinstance(value, Decimal):
            raise TypeError(f"expected Decimal, not {type(value).__name__}")
        return Money(value, currency)

    @staticmethod
    def zero(currency: Currency) -> "Money":
        return Money.from_raw(0, currency)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Money is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Money is immutable: cannot delete {name}")

    def __repr__(self) -> str:
        return f"Money({self.amount_str()}, {self.currency.code})"

    def __reduce__(self) -> tuple[Callable[[int, Currency], "Money"], tuple[int, Currency]]:
        return Money.from_raw, (self.raw, self.currency)

    def _operand(self, other: object) -> Decimal | None:
        if type(other) is Money:
            self._same_currency(other)
        return super()._operand(other)

    def _same_currency(self, other: "Money") -> None:
        if self.currency is not other.currency and self.currency.code != other.currency.code:
            raise ValueError(f"two currencies in one operation: {self} and {other}")

    # by amount alone: equal moneys hash equal, and so does the number they equal
    __hash__ = FixedNumber.__hash__

    def __eq__(self, other: object) -> bool:
        if type(other) is Money:
            return self.raw == other.raw and (
                self.currency is other.currency or self.currency.code == other.currency.code
            )
        return equals_number(self.raw, other)

    def _compare(self, other: object) -> int | None:
        if type(other) is Money:
            self._same_currency(other)
            return (self.raw > other.raw) - (self.raw < other.raw)
        return compare_number(self.raw, other)

    def __lt__(self, other: "Money | int | Decimal") -> bool:
        sign = self._compare(other)
        return NotImplemented if sign is None else sign < 0

    def __le__(self, other: "Money | int | Decimal") -> bool:
        sign = self._compare(other)
        return NotImplemented if sign is None else sign <= 0

    def __gt__(self, other: "Money | int | Decimal") -> bool:
        sign = self._compare(other)
        return NotImplemented if sign is None else sign > 0

    def __ge__(self, other: "Money | int | Decimal") -> bool:
        sign = self._compare(other)
        return NotImplemented if sign is None else sign >= 0

    @overload
    def __add__(self, other: "Money") -> "Money": ...
    @overload
    def __add__(self, other: int | Decimal) -> Decimal: ...
    def __add__(self, other: object) -> "Money | Decimal":
        if type(other) is Money:
            self._same_currency(other)
            return Money.from_raw(self.raw + other.raw, self.currency)
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.add(self.as_decimal(), operand)

    def __radd__(self, other: int | Decimal) -> Decimal:
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.add(operand, self.as_decimal())

    @overload
    def __sub__(self, other: "Money") -> "Money": ...
    @overload
    def __sub__(self, other: int | Decimal) -> Decimal: ...
    def __sub__(self, other: object) -> "Money | Decimal":
        if type(other) is Money:
            self._same_currency(other)
            return Money.from_raw(self.raw - other.raw, self.currency)
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.subtract(self.as_decimal(), operand)

    def __rsub__(self, other: int | Decimal) -> Decimal:
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.subtract(operand, self.as_decimal())

    def __neg__(self) -> "Money":
        return Money.from_raw(-self.raw, self.currency)

    def __pos__(self) -> "Money":
        return self

    def __abs__(self) -> "Money":
        return self if self.raw >= 0 else -self


# a draft that its maker has promised to finish
_blank: Final = cast("Callable[[], Money]", _Draft)
