"""Price and Quantity: exact, immutable, at most 16 decimals. Money and balances beside them.

`raw` counts units of 1e-16 whatever the precision; `precision` is how many decimals the value
shows. Equality, order and hash look at `raw` alone: 1.5 equals 1.50. A price and a quantity are
never equal, never ordered and never added.

How the two stay both quick and immutable: a value is filled in while it is still an instance of
the draft class below, whose slots are plain, and then becomes a `Price` or `Quantity`, whose
`__setattr__` refuses. That costs 40 ns; writing past a refusing `__setattr__` costs 130.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, NoReturn, cast, final, overload

from engine.model.balances import AccountBalance, MarginBalance
from engine.model.fixed import (
    CONTEXT,
    FIXED_PRECISION,
    FIXED_SCALE,
    FLOAT_EXACT_MAX,
    FLOAT_POWERS,
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
    UNITS,
    ValueOutOfRange,
    check_precision,
    correct_raw,
    decimal_of,
    divide_decimal,
    divide_half_even,
    format_mantissa,
    group_thousands,
    mantissa_of,
    own_precision,
    parse_number,
    round_raw_half_even,
    scale_to_precision,
)
from engine.model.money import Money
from engine.model.number import FixedNumber, compare_number, equals_number, number_operand

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


class _Draft(FixedNumber):
    __slots__ = ("precision",)

    precision: int

    @property
    def mantissa(self) -> int:
        """The value in units of its own last decimal: 1.50 is 150."""
        return self.raw // UNITS[self.precision]

    def as_decimal(self) -> Decimal:
        precision = self.precision
        return decimal_of(self.raw // UNITS[precision], -precision)

    def to_formatted_str(self) -> str:
        """Text with the integer part in groups: `1_234_567.50`."""
        return group_thousands(str(self))

    def __str__(self) -> str:
        text = self._text
        if text is None:
            precision = self.precision
            text = format_mantissa(self.raw // UNITS[precision], precision)
            _set_text(self, text)
        return text

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{self}')"


_set_text: Final = FixedNumber.__dict__["_text"].__set__


def _refuse_raw(kind: str, raw: object, precision: object) -> NoReturn:
    """Say which rule of `from_raw` the arguments break."""
    if type(raw) is not int:
        raise TypeError(f"{kind} raw must be int, not {type(raw).__name__}")
    unit = UNITS[check_precision(cast("int", precision))]
    if raw % unit:
        raise ValueError(f"{kind} raw {raw} has digits beyond precision {precision}")
    raise ValueOutOfRange(f"{kind} raw {raw} is out of range")


def _refuse_mantissa(kind: str, mantissa: object, precision: object) -> NoReturn:
    if type(mantissa) is not int:
        raise TypeError(f"{kind} mantissa must be int, not {type(mantissa).__name__}")
    check_precision(cast("int", precision))
    raise ValueOutOfRange(f"{kind} {mantissa}e-{precision} is out of range")


@final
class Price(_Draft):
    """A price, -17_014_118_346_046 to 17_014_118_346_046 inclusive at every precision.

    `Price(value, precision=None)` takes str, int, Decimal or float. With a precision the value
    is rounded half-even to it; without one it keeps its own, and a float is refused.

    Raises (all constructors and arithmetic):
        TypeError: a wrong type; bool and None are never numbers.
        ValueError: not a number, more than 16 decimals, digits beyond the precision.
        ValueOutOfRange: outside the limits, in construction or as a result.
    """

    __slots__ = ()

    def __new__(cls, value: "str | int | Decimal | float", precision: int | None = None) -> "Price":
        if type(value) is float and type(precision) is int and 0 <= precision <= 16:
            # Exact and 4 x quicker than repr: a decimal of up to 15 digits that divides back to
            # the same double is the shortest text of that double.
            scale = FLOAT_POWERS[precision]
            scaled = value * scale
            if -FLOAT_EXACT_MAX < scaled < FLOAT_EXACT_MAX:
                mantissa = round(scaled)
                if mantissa / scale == value:
                    return _price(mantissa, precision)
        mantissa, precision = mantissa_of(value, precision)
        return _price(mantissa, precision)

    def __init_subclass__(cls) -> None:
        raise TypeError("Price cannot be subclassed")

    @staticmethod
    def from_raw(raw: int, precision: int) -> "Price":
        """From units of 1e-16, which must be a multiple of one unit of the last decimal."""
        if (
            type(raw) is int
            and type(precision) is int
            and 0 <= precision <= 16
            and PRICE_RAW_MIN <= raw <= PRICE_RAW_MAX
            and not raw % UNITS[precision]
        ):
            self = _blank_price()
            self.raw = raw
            self.precision = precision
            self._text = None
            self.__class__ = Price
            return self
        _refuse_raw("Price", raw, precision)

    @staticmethod
    def from_mantissa(mantissa: int, precision: int) -> "Price":
        """mantissa x 10^-precision."""
        if type(mantissa) is int and type(precision) is int and 0 <= precision <= 16:
            raw = mantissa * UNITS[precision]
            if PRICE_RAW_MIN <= raw <= PRICE_RAW_MAX:
                self = _blank_price()
                self.raw = raw
                self.precision = precision
                self._text = None
                self.__class__ = Price
                return self
        _refuse_mantissa("Price", mantissa, precision)

    @staticmethod
    def from_str(text: str) -> "Price":
        """The decimals written are the precision: `"1.50"` has 2."""
        if type(text) is str:
            whole, _, decimals = text.partition(".")
            precision = len(decimals)
            if (
                precision <= 16
                and len(whole) <= 14
                and text.isascii()
                and whole.isdigit()
                and decimals.isdigit()
            ):
                raw = int(whole + decimals) * UNITS[precision]
                if raw <= PRICE_RAW_MAX:
                    self = _blank_price()
                    self.raw = raw
                    self.precision = precision
                    self._text = None if whole[0] == "0" and whole != "0" else text
                    self.__class__ = Price
                    return self
        return _price(*own_precision(text, *parse_number(text)))

    @staticmethod
    def from_int(value: int) -> "Price":
        return _price(value, 0)

    @staticmethod
    def from_decimal(value: Decimal) -> "Price":
        """The precision is the Decimal's own: `Decimal("1.2300")` has 4."""
        return _price(*_own_decimal(value))

    @staticmethod
    def from_decimal_dp(value: Decimal, precision: int) -> "Price":
        """Rounded half-even to `precision` decimals."""
        return _price(*_rounded_decimal(value, precision))

    @staticmethod
    def from_mantissa_exponent(mantissa: int, exponent: int, precision: int) -> "Price":
        """mantissa x 10^exponent, rounded half-even where digits must go."""
        return _price(*_rescaled(mantissa, exponent, precision))

    @staticmethod
    def zero(precision: int = 0) -> "Price":
        return _price(0, precision)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Price is immutable: cannot set {name}")

    def __reduce__(self) -> tuple[Callable[[int, int], "Price"], tuple[int, int]]:
        return Price.from_raw, (self.raw, self.precision)

    __hash__ = FixedNumber.__hash__

    def __eq__(self, other: object) -> bool:
        if type(other) is Price:
            return self.raw == other.raw
        return equals_number(self.raw, other)

    def __lt__(self, other: object) -> bool:
        if type(other) is Price:
            return self.raw < other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign < 0

    def __le__(self, other: object) -> bool:
        if type(other) is Price:
            return self.raw <= other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign <= 0

    def __gt__(self, other: object) -> bool:
        if type(other) is Price:
            return self.raw > other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign > 0

    def __ge__(self, other: object) -> bool:
        if type(other) is Price:
            return self.raw >= other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign >= 0

    @overload
    def __add__(self, other: "Price") -> "Price": ...
    @overload
    def __add__(self, other: int | Decimal) -> Decimal: ...
    def __add__(self, other: object) -> "Price | Decimal":
        if type(other) is Price:
            raw = self.raw + other.raw
            if PRICE_RAW_MIN <= raw <= PRICE_RAW_MAX:
                precision = self.precision
                total = _blank_price()
                total.raw = raw
                total.precision = precision if precision >= other.precision else other.precision
                total._text = None
                total.__class__ = Price
                return total
            raise ValueOutOfRange(f"{self} + {other} is out of range")
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.add(self.as_decimal(), operand)

    def __radd__(self, other: int | Decimal) -> Decimal:
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.add(operand, self.as_decimal())

    @overload
    def __sub__(self, other: "Price") -> "Price": ...
    @overload
    def __sub__(self, other: int | Decimal) -> Decimal: ...
    def __sub__(self, other: object) -> "Price | Decimal":
        if type(other) is Price:
            raw = self.raw - other.raw
            if PRICE_RAW_MIN <= raw <= PRICE_RAW_MAX:
                precision = self.precision
                rest = _blank_price()
                rest.raw = raw
                rest.precision = precision if precision >= other.precision else other.precision
                rest._text = None
                rest.__class__ = Price
                return rest
            raise ValueOutOfRange(f"{self} - {other} is out of range")
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.subtract(self.as_decimal(), operand)

    def __rsub__(self, other: int | Decimal) -> Decimal:
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.subtract(operand, self.as_decimal())

    def checked_add(self, other: "Price") -> "Price | None":
        """The sum, or None where `+` would be out of range."""
        try:
            return self + other
        except ValueOutOfRange:
            return None

    def checked_sub(self, other: "Price") -> "Price | None":
        """The difference, or None where `-` would be out of range."""
        try:
            return self - other
        except ValueOutOfRange:
            return None

    def __pos__(self) -> "Price":
        return self

    def __neg__(self) -> "Price":
        return _price(-self.mantissa, self.precision)

    def __abs__(self) -> "Price":
        return self if self.raw >= 0 else -self


@final
class Quantity(_Draft):
    """An unsigned amount, 0 to 34_028_236_692_093 inclusive at every precision.

    Constructed like `Price`. A negative input or result raises `ValueOutOfRange`, which is a
    ValueError; `saturating_sub` is the only operation that stops at zero.
    """

    __slots__ = ()

    def __new__(
        cls, value: "str | int | Decimal | float", precision: int | None = None
    ) -> "Quantity":
        if type(value) is float and type(precision) is int and 0 <= precision <= 16:
            # Exact and 4 x quicker than repr: a decimal of up to 15 digits that divides back to
            # the same double is the shortest text of that double.
            scale = FLOAT_POWERS[precision]
            scaled = value * scale
            if -FLOAT_EXACT_MAX < scaled < FLOAT_EXACT_MAX:
                mantissa = round(scaled)
                if mantissa / scale == value:
                    return _quantity(mantissa, precision)
        mantissa, precision = mantissa_of(value, precision)
        return _quantity(mantissa, precision)

    def __init_subclass__(cls) -> None:
        raise TypeError("Quantity cannot be subclassed")

    @staticmethod
    def from_raw(raw: int, precision: int) -> "Quantity":
        """From units of 1e-16, which must be a multiple of one unit of the last decimal."""
        if (
            type(raw) is int
            and type(precision) is int
            and 0 <= precision <= 16
            and 0 <= raw <= QUANTITY_RAW_MAX
            and not raw % UNITS[precision]
        ):
            self = _blank_quantity()
            self.raw = raw
            self.precision = precision
            self._text = None
            self.__class__ = Quantity
            return self
        _refuse_raw("Quantity", raw, precision)

    @staticmethod
    def from_mantissa(mantissa: int, precision: int) -> "Quantity":
        """mantissa x 10^-precision."""
        if type(mantissa) is int and type(precision) is int and 0 <= precision <= 16:
            raw = mantissa * UNITS[precision]
            if 0 <= raw <= QUANTITY_RAW_MAX:
                self = _blank_quantity()
                self.raw = raw
                self.precision = precision
                self._text = None
                self.__class__ = Quantity
                return self
        _refuse_mantissa("Quantity", mantissa, precision)

    @staticmethod
    def from_str(text: str) -> "Quantity":
        """The decimals written are the precision: `"1.50"` has 2."""
        if type(text) is str:
            whole, _, decimals = text.partition(".")
            precision = len(decimals)
            if (
                precision <= 16
                and len(whole) <= 14
                and text.isascii()
                and whole.isdigit()
                and decimals.isdigit()
            ):
                raw = int(whole + decimals) * UNITS[precision]
                if raw <= QUANTITY_RAW_MAX:
                    self = _blank_quantity()
                    self.raw = raw
                    self.precision = precision
                    self._text = None if whole[0] == "0" and whole != "0" else text
                    self.__class__ = Quantity
                    return self
        return _quantity(*own_precision(text, *parse_number(text)))

    @staticmethod
    def from_int(value: int) -> "Quantity":
        return _quantity(value, 0)

    @staticmethod
    def from_decimal(value: Decimal) -> "Quantity":
        """The precision is the Decimal's own: `Decimal("1.2300")` has 4."""
        return _quantity(*_own_decimal(value))

    @staticmethod
    def from_decimal_dp(value: Decimal, precision: int) -> "Quantity":
        """Rounded half-even to `precision` decimals."""
        return _quantity(*_rounded_decimal(value, precision))

    @staticmethod
    def from_mantissa_exponent(mantissa: int, exponent: int, precision: int) -> "Quantity":
        """mantissa x 10^exponent, rounded half-even where digits must go."""
        return _quantity(*_rescaled(mantissa, exponent, precision))

    @staticmethod
    def zero(precision: int = 0) -> "Quantity":
        return _quantity(0, precision)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Quantity is immutable: cannot set {name}")

    def __reduce__(self) -> tuple[Callable[[int, int], "Quantity"], tuple[int, int]]:
        return Quantity.from_raw, (self.raw, self.precision)

    __hash__ = FixedNumber.__hash__

    def __eq__(self, other: object) -> bool:
        if type(other) is Quantity:
            return self.raw == other.raw
        return equals_number(self.raw, other)

    def __lt__(self, other: object) -> bool:
        if type(other) is Quantity:
            return self.raw < other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign < 0

    def __le__(self, other: object) -> bool:
        if type(other) is Quantity:
            return self.raw <= other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign <= 0

    def __gt__(self, other: object) -> bool:
        if type(other) is Quantity:
            return self.raw > other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign > 0

    def __ge__(self, other: object) -> bool:
        if type(other) is Quantity:
            return self.raw >= other.raw
        sign = compare_number(self.raw, other)
        return NotImplemented if sign is None else sign >= 0

    @overload
    def __add__(self, other: "Quantity") -> "Quantity": ...
    @overload
    def __add__(self, other: int | Decimal) -> Decimal: ...
    def __add__(self, other: object) -> "Quantity | Decimal":
        if type(other) is Quantity:
            raw = self.raw + other.raw
            if raw <= QUANTITY_RAW_MAX:
                precision = self.precision
                total = _blank_quantity()
                total.raw = raw
                total.precision = precision if precision >= other.precision else other.precision
                total._text = None
                total.__class__ = Quantity
                return total
            raise ValueOutOfRange(f"{self} + {other} is out of range")
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.add(self.as_decimal(), operand)

    def __radd__(self, other: int | Decimal) -> Decimal:
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.add(operand, self.as_decimal())

    @overload
    def __sub__(self, other: "Quantity") -> "Quantity": ...
    @overload
    def __sub__(self, other: int | Decimal) -> Decimal: ...
    def __sub__(self, other: object) -> "Quantity | Decimal":
        if type(other) is Quantity:
            raw = self.raw - other.raw
            if raw >= 0:
                precision = self.precision
                rest = _blank_quantity()
                rest.raw = raw
                rest.precision = precision if precision >= other.precision else other.precision
                rest._text = None
                rest.__class__ = Quantity
                return rest
            raise ValueOutOfRange(f"{self} - {other} would be negative")
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.subtract(self.as_decimal(), operand)

    def __rsub__(self, other: int | Decimal) -> Decimal:
        operand = number_operand(other)
        return NotImplemented if operand is None else CONTEXT.subtract(operand, self.as_decimal())

    def checked_add(self, other: "Quantity") -> "Quantity | None":
        """The sum, or None where `+` would be out of range."""
        try:
            return self + other
        except ValueOutOfRange:
            return None

    def checked_sub(self, other: "Quantity") -> "Quantity | None":
        """The difference, or None where `-` would be out of range."""
        try:
            return self - other
        except ValueOutOfRange:
            return None

    def __pos__(self) -> "Quantity":
        return self

    def __neg__(self) -> Decimal:
        """A Decimal: quantities have no sign."""
        return CONTEXT.minus(self.as_decimal())

    def __abs__(self) -> "Quantity":
        return self

    def saturating_sub(self, other: "Quantity") -> "Quantity":
        """self - other, or zero (at the finer precision) where that would be negative."""
        if type(other) is not Quantity:
            raise TypeError(f"expected Quantity, not {type(other).__name__}")
        if self.raw >= other.raw:
            return self - other
        return _quantity(0, max(self.precision, other.precision))

    @staticmethod
    def non_zero(value: "str | int | Decimal | float", precision: int | None = None) -> "Quantity":
        """Like `Quantity(value, precision)`, but refuses what rounds to zero (ValueError)."""
        quantity = Quantity(value, precision)
        if not quantity.raw:
            raise ValueError(f"{value!r} is zero at precision {quantity.precision}")
        return quantity


def check_positive(value: Price | Quantity | Money, name: str) -> None:
    """Raise ValueError unless `value` is above zero."""
    if value.raw <= 0:
        raise ValueError(f"{name} not positive: {value}")


# A draft that its maker has promised to finish: fill the three slots, then set the class.
_blank_price: Final = cast("Callable[[], Price]", _Draft)
_blank_quantity: Final = cast("Callable[[], Quantity]", _Draft)
_price: Final = Price.from_mantissa
_quantity: Final = Quantity.from_mantissa


def _own_decimal(value: Decimal) -> tuple[int, int]:
    if not isinstance(value, Decimal):
        raise TypeError(f"expected Decimal, not {type(value).__name__}")
    return mantissa_of(value, None)


def _rounded_decimal(value: Decimal, precision: int) -> tuple[int, int]:
    if not isinstance(value, Decimal):
        raise TypeError(f"expected Decimal, not {type(value).__name__}")
    return mantissa_of(value, check_precision(precision))


def _rescaled(mantissa: int, exponent: int, precision: int) -> tuple[int, int]:
    for name, number in (("mantissa", mantissa), ("exponent", exponent)):
        if type(number) is not int:
            raise TypeError(f"{name} must be int, not {type(number).__name__}")
    return scale_to_precision(mantissa, exponent, check_precision(precision)), precision
