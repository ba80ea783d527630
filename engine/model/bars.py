"""Bars: their type as text, and one bar as a message.

    bar_type := instrument_id "-" step "-" aggregation "-" price_type "-" source

Read from the right, so hyphens in a symbol do no harm. Words are case-insensitive on input and
upper case in the text. Time aggregations only, for now; the others are refused by name.
"""

from typing import Final, Self, final

import msgspec

from engine.model.enums import AggregationSource, BarAggregation, PriceType
from engine.model.identifiers import InstrumentId
from engine.model.times import (
    NS_PER_DAY,
    NS_PER_HOUR,
    NS_PER_MILLISECOND,
    NS_PER_MINUTE,
    NS_PER_SECOND,
    NS_PER_WEEK,
)
from engine.model.values import Price, Quantity

# a step must divide its parent unit and be smaller: 60-MINUTE is written 1-HOUR
_STEPS_IN_PARENT: Final = {
    BarAggregation.MILLISECOND: 1000,
    BarAggregation.SECOND: 60,
    BarAggregation.MINUTE: 60,
    BarAggregation.HOUR: 24,
    BarAggregation.MONTH: 12,
}
_UNIT_NS: Final = {
    BarAggregation.MILLISECOND: NS_PER_MILLISECOND,
    BarAggregation.SECOND: NS_PER_SECOND,
    BarAggregation.MINUTE: NS_PER_MINUTE,
    BarAggregation.HOUR: NS_PER_HOUR,
    BarAggregation.DAY: NS_PER_DAY,
    BarAggregation.WEEK: NS_PER_WEEK,
    BarAggregation.MONTH: 30 * NS_PER_DAY,
    BarAggregation.YEAR: 365 * NS_PER_DAY,
}
_LATER_AGGREGATIONS: Final = (
    "TICK",
    "TICK_IMBALANCE",
    "TICK_RUNS",
    "VOLUME",
    "VOLUME_IMBALANCE",
    "VOLUME_RUNS",
    "VALUE",
    "VALUE_IMBALANCE",
    "VALUE_RUNS",
    "RENKO",
)
_LATER_PRICE_TYPES: Final = ("MARK",)
_STEP_DIGITS_MAX: Final = 9


class BarTypeError(ValueError):
    """A bar type text that cannot be read.

    Attributes:
        text: the whole text.
        token: the part that is wrong.
        position: 0 instrument, 1 step, 2 aggregation, 3 price type, 4 source, 5 composite.
    """

    def __init__(self, text: str, token: str, position: int, why: str) -> None:
        super().__init__(f"bar type {text!r}: {why} (token {token!r} at position {position})")
        self.text = text
        self.token = token
        self.position = position


@final
class BarSpecification:
    """How ticks become a bar: every `step` x `aggregation`, of one price.

    Raises:
        TypeError: an argument of another type.
        ValueError: step below 1, or not a divisor smaller than the parent unit.
    """

    __slots__ = ("aggregation", "price_type", "step")

    step: int
    aggregation: BarAggregation
    price_type: PriceType

    def __init__(self, step: int, aggregation: BarAggregation, price_type: PriceType) -> None:
        if type(step) is not int:
            raise TypeError(f"step must be int, not {type(step).__name__}")
        if type(aggregation) is not BarAggregation:
            raise TypeError(f"expected BarAggregation, not {type(aggregation).__name__}")
        if type(price_type) is not PriceType:
            raise TypeError(f"expected PriceType, not {type(price_type).__name__}")
        if step < 1:
            raise ValueError(f"step must be at least 1, was {step}")
        parent = _STEPS_IN_PARENT.get(aggregation)
        if parent is not None and (step >= parent or parent % step):
            raise ValueError(
                f"step {step} of {aggregation.name} must divide {parent} and be smaller"
            )
        store = object.__setattr__
        store(self, "step", step)
        store(self, "aggregation", aggregation)
        store(self, "price_type", price_type)

    @property
    def length_ns(self) -> int:
        """Nominal length, to compare how fine two are: a month counts 30 days, a year 365."""
        return self.step * _UNIT_NS[self.aggregation]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"BarSpecification is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"BarSpecification is immutable: cannot delete {name}")

    def __eq__(self, other: object) -> bool:
        return type(other) is BarSpecification and str(self) == str(other)

    def __hash__(self) -> int:
        return hash((self.step, int(self.aggregation), int(self.price_type)))

    def __str__(self) -> str:
        return f"{self.step}-{self.aggregation.name}-{self.price_type.name}"

    def __repr__(self) -> str:
        return f"BarSpecification({self})"

    def __reduce__(self) -> tuple[type, tuple[int, BarAggregation, PriceType]]:
        return BarSpecification, (self.step, self.aggregation, self.price_type)


@final
class BarType(str):
    """What a series of bars is of. It IS its canonical text: a dict key and a topic as it stands."""

    __slots__ = ("aggregation_source", "instrument_id", "spec")

    instrument_id: InstrumentId
    spec: BarSpecification
    aggregation_source: AggregationSource

    def __new__(
        cls,
        instrument_id: InstrumentId,
        spec: BarSpecification,
        aggregation_source: AggregationSource,
    ) -> Self:
        if type(instrument_id) is not InstrumentId:
            raise TypeError(f"expected InstrumentId, not {type(instrument_id).__name__}")
        if type(spec) is not BarSpecification:
            raise TypeError(f"expected BarSpecification, not {type(spec).__name__}")
        if type(aggregation_source) is not AggregationSource:
            raise TypeError(f"expected AggregationSource, not {type(aggregation_source).__name__}")
        self = str.__new__(cls, f"{instrument_id}-{spec}-{aggregation_source.name}")
        _set_instrument_id(self, instrument_id)
        _set_spec(self, spec)
        _set_source(self, aggregation_source)
        return self

    @classmethod
    def from_str(cls, text: str) -> Self:
        """Read `BTC-PERP.SIM-5-MINUTE-BID-INTERNAL`.

        Raises:
            TypeError: not a str.
            BarTypeError: which token at which position is wrong, and why.
        """
        if not isinstance(text, str):
            raise TypeError(f"a bar type is read from str, not {type(text).__name__}")
        _, at, source_bar = text.rpartition("@")
        # a symbol may hold an "@"; what follows the one of a composite is three words
        if at and source_bar.count("-") <= 2:
            raise BarTypeError(text, source_bar, 5, "bars of bars are not supported yet")
        tokens = text.rsplit("-", 4)
        if len(tokens) != 5:
            raise BarTypeError(text, text, 0, "expected INSTRUMENT-STEP-AGGREGATION-PRICE-SOURCE")
        name, step_text, aggregation_text, price_text, source_text = tokens
        try:
            instrument_id = InstrumentId(name)
        except ValueError as error:
            raise BarTypeError(text, name, 0, str(error)) from None
        if not (step_text.isascii() and step_text.isdigit() and len(step_text) <= _STEP_DIGITS_MAX):
            raise BarTypeError(text, step_text, 1, "the step must be a whole number")
        aggregation_name = aggregation_text.upper()
        if aggregation_name in _LATER_AGGREGATIONS:
            raise BarTypeError(
                text, aggregation_text, 2, f"{aggregation_name} bars are not supported yet"
            )
        aggregation = BarAggregation.__members__.get(aggregation_name)
        if aggregation is None:
            raise BarTypeError(text, aggregation_text, 2, "no such aggregation")
        price_name = price_text.upper()
        if price_name in _LATER_PRICE_TYPES:
            raise BarTypeError(text, price_text, 3, f"{price_name} prices are not supported yet")
        price_type = PriceType.__members__.get(price_name)
        if price_type is None:
            raise BarTypeError(text, price_text, 3, "no such price type")
        source = AggregationSource.__members__.get(source_text.upper())
        if source is None:
            raise BarTypeError(text, source_text, 4, "the source is EXTERNAL or INTERNAL")
        try:
            spec = BarSpecification(int(step_text), aggregation, price_type)
        except ValueError as error:
            raise BarTypeError(text, step_text, 1, str(error)) from None
        return cls(instrument_id, spec, source)

    @property
    def is_internal(self) -> bool:
        return self.aggregation_source is AggregationSource.INTERNAL

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"BarType is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"BarType is immutable: cannot delete {name}")

    def __repr__(self) -> str:
        return f"BarType({str.__repr__(self)})"

    def __reduce__(self) -> tuple[type, tuple[InstrumentId, BarSpecification, AggregationSource]]:
        return BarType, (self.instrument_id, self.spec, self.aggregation_source)


# the slots' own setters: the one way past __setattr__, used once, at construction
_set_instrument_id = BarType.__dict__["instrument_id"].__set__
_set_spec = BarType.__dict__["spec"].__set__
_set_source = BarType.__dict__["aggregation_source"].__set__


class Bar(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """One bar: prices as mantissas at `price_precision`, volume at `size_precision` (may be 0).

    Raises:
        ValueError: high is not the highest, low not the lowest, or the volume is negative.
    """

    bar_type: BarType
    open_mantissa: int
    high_mantissa: int
    low_mantissa: int
    close_mantissa: int
    volume_mantissa: int
    price_precision: int
    size_precision: int
    ts_event: int
    ts_init: int

    def __post_init__(self) -> None:
        high = self.high_mantissa
        low = self.low_mantissa
        if not (low <= self.open_mantissa <= high and low <= self.close_mantissa <= high):
            raise ValueError(f"open or close outside low..high: {self}")
        if self.volume_mantissa < 0:
            raise ValueError(f"volume is negative: {self}")

    @property
    def open(self) -> Price:
        return Price.from_mantissa(self.open_mantissa, self.price_precision)

    @property
    def high(self) -> Price:
        return Price.from_mantissa(self.high_mantissa, self.price_precision)

    @property
    def low(self) -> Price:
        return Price.from_mantissa(self.low_mantissa, self.price_precision)

    @property
    def close(self) -> Price:
        return Price.from_mantissa(self.close_mantissa, self.price_precision)

    @property
    def volume(self) -> Quantity:
        return Quantity.from_mantissa(self.volume_mantissa, self.size_precision)
