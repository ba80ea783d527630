"""What every instrument has: its steps, bounds, fees, and what a quantity of it is worth.

Linear instruments are worth quantity x multiplier x price in quote, inverse ones quantity x
multiplier / price in base. A quanto is linear and settles in a third currency: its number of
points times the multiplier *is* the amount of that currency; nothing is converted.

Rates (margins, fees) are ints in units of 1e-16 in the `*_raw` attributes and exact Decimals in
the properties without it. A negative fee is a rebate.
"""

from decimal import Decimal
from enum import IntEnum
from math import gcd
from typing import Final, TypedDict

from engine.model.currencies import USD_EQUIVALENTS, Currency, CurrencyType
from engine.model.fixed import (
    FIXED_PRECISION,
    FIXED_SCALE,
    PRICE_RAW_MAX,
    PRICE_RAW_MIN,
    UNITS,
    Number,
    divide_half_even,
    exact_number,
    exact_raw,
    last_decimal_unit,
    round_to_unit,
    scaled_floor,
    shortest_decimal,
)
from engine.model.identifiers import InstrumentId, Symbol
from engine.model.values import Money, Price, Quantity

Rate = str | int | Decimal

ONE: Final = Quantity.from_int(1)


class AssetClass(IntEnum):
    FX = 1
    EQUITY = 2
    COMMODITY = 3
    DEBT = 4
    INDEX = 5
    CRYPTOCURRENCY = 6
    ALTERNATIVE = 7


class InstrumentClass(IntEnum):
    SPOT = 1
    SWAP = 2
    FUTURE = 3
    OPTION = 8
    BINARY_OPTION = 12


class Terms(TypedDict, total=False):
    """The arguments that every kind takes and that have a default; see `Instrument`."""

    raw_symbol: Symbol | None  # None: the symbol of the id
    multiplier: Quantity  # of one contract; 1
    lot_size: Quantity | None
    min_quantity: Quantity | None
    max_quantity: Quantity | None
    min_notional: Money | None
    max_notional: Money | None
    min_price: Price | None
    max_price: Price | None
    margin_init: Rate
    margin_maint: Rate
    maker_fee: Rate
    taker_fee: Rate
    ts_event: int
    ts_init: int


class Instrument:
    """What every kind has. Immutable; equal when every field is.

    Attributes:
        base_currency: None where what is traded is no currency.
        cost_currency: of notionals, costs and PnL: quote, base when inverse, the settlement
            currency of a quanto.
        is_quanto: settled in a currency that is neither base nor quote nor, as dollars are
            among themselves, worth the same as quote.
        pays_premium: a trade exchanges its whole notional, margin account or not (options).
        allows_negative_price: prices at or below zero are prices.
        expiration_ns: from this instant on it does not trade and is settled; 0: it never ends.
        price_increment, size_increment: the tick and the step, > 0, at the precisions.
        tick_mantissa, step_mantissa: the same as integers at the precisions.
        min_quantity, max_quantity, min_notional, max_notional, min_price, max_price: inclusive
            bounds, or None where the venue has none.

    Raises (construction):
        TypeError: an argument of another type.
        ValueError: an increment or multiplier that is not positive, precisions that disagree,
            bounds that cross or are off the grid, a negative margin or time, an inverse one
            without a base or settled in anything else, a linear one settled in its base.
    """

    __slots__ = (
        "_notional_divisor",
        "_notional_factor",
        "_text",
        "base_currency",
        "cost_currency",
        "id",
        "is_inverse",
        "is_quanto",
        "lot_size",
        "maker_fee_raw",
        "margin_init_raw",
        "margin_maint_raw",
        "max_notional",
        "max_price",
        "max_quantity",
        "min_notional",
        "min_price",
        "min_quantity",
        "multiplier",
        "price_increment",
        "price_precision",
        "quote_currency",
        "raw_symbol",
        "settlement_currency",
        "size_increment",
        "size_precision",
        "step_mantissa",
        "taker_fee_raw",
        "tick_mantissa",
        "ts_event",
        "ts_init",
    )

    instrument_class: InstrumentClass
    pays_premium: bool = False
    allows_negative_price: bool = False
    activation_ns: int = 0
    expiration_ns: int = 0
    _own_fields: tuple[str, ...] = ()  # what a kind has beyond these, for its text

    id: InstrumentId
    raw_symbol: Symbol
    base_currency: Currency | None
    quote_currency: Currency
    settlement_currency: Currency
    cost_currency: Currency
    is_inverse: bool
    is_quanto: bool
    price_precision: int
    size_precision: int
    price_increment: Price
    size_increment: Quantity
    multiplier: Quantity
    lot_size: Quantity | None
    min_quantity: Quantity | None
    max_quantity: Quantity | None
    min_notional: Money | None
    max_notional: Money | None
    min_price: Price | None
    max_price: Price | None
    margin_init_raw: int
    margin_maint_raw: int
    maker_fee_raw: int
    taker_fee_raw: int
    tick_mantissa: int
    step_mantissa: int
    ts_event: int
    ts_init: int
    _notional_factor: int
    _notional_divisor: int
    _text: str

    def __init__(
        self,
        *,
        id: InstrumentId,  # noqa: A002 - the name users of the field expect
        base_currency: Currency | None,
        quote_currency: Currency,
        settlement_currency: Currency,
        is_inverse: bool,
        price_increment: Price,
        size_increment: Quantity,
        raw_symbol: Symbol | None = None,
        multiplier: Quantity = ONE,
        lot_size: Quantity | None = None,
        min_quantity: Quantity | None = None,
        max_quantity: Quantity | None = None,
        min_notional: Money | None = None,
        max_notional: Money | None = None,
        min_price: Price | None = None,
        max_price: Price | None = None,
        margin_init: Rate = 0,
        margin_maint: Rate = 0,
        maker_fee: Rate = 0,
        taker_fee: Rate = 0,
        ts_event: int = 0,
        ts_init: int = 0,
    ) -> None:
        expect(InstrumentId, id=id)
        expect(Currency, quote_currency=quote_currency, settlement_currency=settlement_currency)
        if base_currency is not None:
            expect(Currency, base_currency=base_currency)
        expect(bool, is_inverse=is_inverse)
        expect(int, ts_event=ts_event, ts_init=ts_init)
        _expect_positive(Price, price_increment=price_increment)
        _expect_positive(Quantity, size_increment=size_increment, multiplier=multiplier)
        _expect_positive(Quantity, lot_size=lot_size, max_quantity=max_quantity)
        for kind, low, high in (
            (Quantity, min_quantity, max_quantity),
            (Money, min_notional, max_notional),
            (Price, min_price, max_price),
        ):
            _expect_bounds(kind, low, high)
        price_precision = price_increment.precision
        size_precision = size_increment.precision
        for size in (lot_size, min_quantity, max_quantity):
            if size is not None and size.raw % UNITS[size_precision]:
                raise ValueError(f"{size} has digits beyond the size precision {size_precision}")
        for price in (min_price, max_price):
            if price is not None and price.raw % UNITS[price_precision]:
                raise ValueError(f"{price} has digits beyond the price precision {price_precision}")
        if ts_event < 0 or ts_init < 0:
            raise ValueError(f"a time is negative: ts_event={ts_event}, ts_init={ts_init}")
        is_quanto = False
        cost_currency = quote_currency
        if is_inverse:
            if base_currency is None:
                raise ValueError(f"{id} is inverse and names no base currency to be worth")
            if settlement_currency != base_currency:
                raise ValueError(f"{id} is inverse and settles in {settlement_currency}")
            cost_currency = base_currency
        elif not _is_worth_the_same(settlement_currency, quote_currency):
            if base_currency is None or settlement_currency == base_currency:
                raise ValueError(
                    f"{id} is linear in {quote_currency} and settles in {settlement_currency}"
                )
            is_quanto = True
            cost_currency = settlement_currency
        for notional in (min_notional, max_notional):
            if notional is not None and notional.currency != cost_currency:
                raise ValueError(f"notional bound {notional} is not in {cost_currency}")

        # raw x raw x multiplier over this divisor is the notional in units of the cost
        # currency's last decimal, reduced once so that the per-order work is one division
        if is_inverse:
            factor, divisor = multiplier.raw, cost_currency.unit
        else:
            factor, divisor = multiplier.raw, FIXED_SCALE * FIXED_SCALE * cost_currency.unit
        common = gcd(factor, divisor)

        store = object.__setattr__
        store(self, "id", id)
        store(self, "raw_symbol", id.symbol if raw_symbol is None else Symbol(raw_symbol))
        store(self, "base_currency", base_currency)
        store(self, "quote_currency", quote_currency)
        store(self, "settlement_currency", settlement_currency)
        store(self, "cost_currency", cost_currency)
        store(self, "is_inverse", is_inverse)
        store(self, "is_quanto", is_quanto)
        store(self, "price_precision", price_precision)
        store(self, "size_precision", size_precision)
        store(self, "price_increment", price_increment)
        store(self, "size_increment", size_increment)
        store(self, "multiplier", multiplier)
        store(self, "lot_size", lot_size)
        store(self, "min_quantity", min_quantity)
        store(self, "max_quantity", max_quantity)
        store(self, "min_notional", min_notional)
        store(self, "max_notional", max_notional)
        store(self, "min_price", min_price)
        store(self, "max_price", max_price)
        store(self, "margin_init_raw", _rate_raw("margin_init", margin_init, signed=False))
        store(self, "margin_maint_raw", _rate_raw("margin_maint", margin_maint, signed=False))
        store(self, "maker_fee_raw", _rate_raw("maker_fee", maker_fee, signed=True))
        store(self, "taker_fee_raw", _rate_raw("taker_fee", taker_fee, signed=True))
        store(self, "tick_mantissa", price_increment.mantissa)
        store(self, "step_mantissa", size_increment.mantissa)
        store(self, "ts_event", ts_event)
        store(self, "ts_init", ts_init)
        store(self, "_notional_factor", factor // common)
        store(self, "_notional_divisor", divisor // common)
        fields = ", ".join(f"{name}={getattr(self, name)}" for name in self.text_fields())
        store(self, "_text", f"{type(self).__name__}({fields})")

    @classmethod
    def text_fields(cls) -> tuple[str, ...]:
        """The fields that `str` shows, in its order."""
        return _TEXT_FIELDS + cls._own_fields

    @property
    def asset_class(self) -> AssetClass:
        crypto = CurrencyType.CRYPTO
        base = self.base_currency
        if self.quote_currency.currency_type is crypto or (
            base is not None and base.currency_type is crypto
        ):
            return AssetClass.CRYPTOCURRENCY
        return AssetClass.FX

    @property
    def margin_init(self) -> Decimal:
        return shortest_decimal(self.margin_init_raw, FIXED_PRECISION)

    @property
    def margin_maint(self) -> Decimal:
        return shortest_decimal(self.margin_maint_raw, FIXED_PRECISION)

    @property
    def maker_fee(self) -> Decimal:
        return shortest_decimal(self.maker_fee_raw, FIXED_PRECISION)

    @property
    def taker_fee(self) -> Decimal:
        return shortest_decimal(self.taker_fee_raw, FIXED_PRECISION)

    # -- prices and quantities -------------------------------------------------------------

    def make_price(self, value: Number) -> Price:
        """`value` rounded half-even to the decimals of the tick; it may lie between two ticks."""
        digits, exponent = exact_number(value)
        unit = last_decimal_unit(self.price_increment.raw)
        return Price.from_raw(round_to_unit(digits, exponent, unit), self.price_precision)

    def make_price_on_tick(self, value: Number) -> Price:
        """`value` rounded to the nearest tick, half to the even multiple."""
        digits, exponent = exact_number(value)
        return Price.from_raw(
            round_to_unit(digits, exponent, self.price_increment.raw), self.price_precision
        )

    def make_qty(self, value: Number, round_down: bool = False) -> Quantity:
        """`value` rounded half-even (or down) to the decimals of the step.

        Raises:
            ValueError: a positive value that rounds to zero, or a negative one.
        """
        digits, exponent = exact_number(value)
        unit = last_decimal_unit(self.size_increment.raw)
        raw = round_to_unit(digits, exponent, unit, round_down)
        if not raw and digits > 0:
            raise ValueError(f"{value} rounds to zero in steps of {self.size_increment}")
        return Quantity.from_raw(raw, self.size_precision)

    def try_normalize_price(self, value: "Price | Number") -> Price:
        """`value` at the instrument's precision; ValueError unless it is a whole number of ticks."""
        if type(value) is Price:
            raw = value.raw
        elif isinstance(value, str | int | float | Decimal):
            raw = exact_raw(value)
        else:
            raise TypeError(f"expected Price or a number, not {type(value).__name__}")
        if raw % self.price_increment.raw:
            raise ValueError(f"price {value} is not a multiple of the tick {self.price_increment}")
        return Price.from_raw(raw, self.price_precision)

    def try_normalize_qty(self, value: "Quantity | Number") -> Quantity:
        """`value` at the instrument's precision; ValueError unless it is a whole number of steps."""
        if type(value) is Quantity:
            raw = value.raw
        elif isinstance(value, str | int | float | Decimal):
            raw = exact_raw(value)
        else:
            raise TypeError(f"expected Quantity or a number, not {type(value).__name__}")
        if raw % self.size_increment.raw:
            raise ValueError(
                f"quantity {value} is not a multiple of the step {self.size_increment}"
            )
        return Quantity.from_raw(raw, self.size_precision)

    def next_bid_price(self, value: "Price | Number", ticks: int = 0) -> Price | None:
        """The tick at or below `value`, `ticks` further down; None out of bounds or ticks < 0."""
        raw = value.raw if type(value) is Price else scaled_floor(value, 1)
        tick = self.price_increment.raw
        return self._in_bounds((raw // tick - ticks) * tick) if ticks >= 0 else None

    def next_ask_price(self, value: "Price | Number", ticks: int = 0) -> Price | None:
        """The tick at or above `value`, `ticks` further up; None out of bounds or ticks < 0."""
        raw = value.raw if type(value) is Price else -scaled_floor(value, -1)
        tick = self.price_increment.raw
        return self._in_bounds((-(-raw // tick) + ticks) * tick) if ticks >= 0 else None

    def _in_bounds(self, raw: int) -> Price | None:
        low = PRICE_RAW_MIN if self.min_price is None else self.min_price.raw
        high = PRICE_RAW_MAX if self.max_price is None else self.max_price.raw
        return Price.from_raw(raw, self.price_precision) if low <= raw <= high else None

    # -- worth -----------------------------------------------------------------------------

    def notional_raw(self, quantity_raw: int, price_raw: int) -> int:
        """Worth in units of 1e-16 of the cost currency, on that currency's grid.

        Exact, then rounded half-even once. Not range checked, so that a limit can be compared
        with an absurd order; `notional_value` is.

        Raises:
            ZeroDivisionError: inverse, at price zero.
        """
        unit = self.cost_currency.unit
        if self.is_inverse:
            return (
                divide_half_even(
                    quantity_raw * self._notional_factor, price_raw * self._notional_divisor
                )
                * unit
            )
        return (
            divide_half_even(
                quantity_raw * price_raw * self._notional_factor, self._notional_divisor
            )
            * unit
        )

    def base_quantity_raw(self, quote_raw: int, price_raw: int) -> int:
        """The raw quantity that an amount of quote currency (units of 1e-16) buys at a price,
        rounded down to the size increment. An inverse contract is worth its multiplier in quote,
        whatever the price.

        Raises:
            ZeroDivisionError: not inverse, at price zero.
        """
        per_unit_raw = self.multiplier.raw if self.is_inverse else price_raw * self.multiplier.raw
        scale = FIXED_SCALE if self.is_inverse else FIXED_SCALE * FIXED_SCALE
        step_raw: int = self.size_increment.raw
        return quote_raw * scale // (per_unit_raw * step_raw) * step_raw

    def notional_value(
        self, quantity: Quantity, price: Price, use_quote_for_inverse: bool = False
    ) -> Money:
        """Worth of `quantity` at `price` in the cost currency.

        With `use_quote_for_inverse` an inverse instrument answers in quote, where a contract is
        worth its multiplier whatever the price.

        Raises:
            ValueOutOfRange: more than a Money can hold.
            ZeroDivisionError: inverse, at price zero.
        """
        expect(Quantity, quantity=quantity)
        expect(Price, price=price)
        if use_quote_for_inverse and self.is_inverse:
            unit = self.quote_currency.unit
            contracts = divide_half_even(quantity.raw * self.multiplier.raw, FIXED_SCALE * unit)
            return Money.from_raw(contracts * unit, self.quote_currency)
        return Money.from_raw(self.notional_raw(quantity.raw, price.raw), self.cost_currency)

    # -- a value ---------------------------------------------------------------------------

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: cannot delete {name}")

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Instrument) and self._text == other._text)

    def __hash__(self) -> int:
        return hash(self._text)

    def __str__(self) -> str:
        """Every field, on one line: what records hold."""
        return self._text

    def __repr__(self) -> str:
        return self._text

    def __copy__(self) -> "Instrument":
        return self

    def __deepcopy__(self, memo: object) -> "Instrument":
        return self


_TEXT_FIELDS: Final = (
    "id",
    "raw_symbol",
    "base_currency",
    "quote_currency",
    "settlement_currency",
    "is_inverse",
    "price_increment",
    "size_increment",
    "multiplier",
    "lot_size",
    "min_quantity",
    "max_quantity",
    "min_notional",
    "max_notional",
    "min_price",
    "max_price",
    "margin_init",
    "margin_maint",
    "maker_fee",
    "taker_fee",
    "ts_event",
    "ts_init",
)


def _is_worth_the_same(settlement: Currency, quote: Currency) -> bool:
    return settlement == quote or (
        settlement.code in USD_EQUIVALENTS and quote.code in USD_EQUIVALENTS
    )


def check_life(instrument_id: InstrumentId, activation_ns: int, expiration_ns: int) -> None:
    """Whether a dated instrument begins before it ends. Raises TypeError, ValueError."""
    expect(int, activation_ns=activation_ns, expiration_ns=expiration_ns)
    if not 0 <= activation_ns < expiration_ns:
        raise ValueError(f"{instrument_id} lives from {activation_ns} to {expiration_ns}")


def check_whole_contracts(instrument_id: InstrumentId, size_increment: Quantity) -> None:
    """Whether sizes have no decimals. Raises TypeError, ValueError."""
    expect(Quantity, size_increment=size_increment)
    if size_increment.precision:
        raise ValueError(
            f"{instrument_id} trades in whole contracts, not in steps of {size_increment}"
        )


def expect(kind: type, **arguments: object) -> None:
    for name, value in arguments.items():
        if type(value) is not kind:
            raise TypeError(f"{name} must be {kind.__name__}, not {type(value).__name__}")


def _expect_positive(
    kind: type[Price] | type[Quantity], **arguments: Price | Quantity | None
) -> None:
    for name, value in arguments.items():
        if value is None and name in ("lot_size", "max_quantity"):
            continue
        expect(kind, **{name: value})
        if value is not None and value.raw <= 0:
            raise ValueError(f"{name} must be above zero, was {value}")


def _expect_bounds(
    kind: type, low: Price | Quantity | Money | None, high: Price | Quantity | Money | None
) -> None:
    for bound in (low, high):
        if bound is not None:
            expect(kind, bound=bound)
    if low is not None and high is not None and low.raw > high.raw:
        raise ValueError(f"lower bound {low} is above upper bound {high}")


def _rate_raw(name: str, rate: Rate, signed: bool) -> int:
    if isinstance(rate, float) or not isinstance(rate, str | int | Decimal):
        raise TypeError(f"{name} must be str, int or Decimal, not {type(rate).__name__}")
    raw = exact_raw(rate)
    if raw < 0 and not signed:
        raise ValueError(f"{name} must not be negative, was {rate}")
    return raw
