"""Gives a plain record its names back: fields, members of enums, decimals, times of the run.

A trace holds messages as arrays that begin with the name of their type. What comes out here has the
same shape, with every value as a person would write it; `Reader.types` says what the fields of each
type are called.
"""

import importlib
import pkgutil
import re
import types
import typing
from collections.abc import Iterator, Mapping
from enum import IntEnum
from functools import cache
from typing import Final

import msgspec

import engine.model
from simulation.logbook import plain
from simulation.venue import protocol

Plain = None | bool | int | str | list["Plain"]
Named = dict[str, Plain]

EXACT: Final = 2**53  # a browser's numbers are exact below
_SECOND: Final = 1_000_000_000
_CENTURY: Final = 100 * 365 * 86_400 * _SECOND

_PRICES: Final = ("bid", "ask", "price", "trigger_price")
_SIZES: Final = ("quantity", "filled", "bid_size", "ask_size", "signed_quantity")
_LEVELS: Final = ("bids", "asks")
_RAW: Final = re.compile(r"(?<![\w.-])(-?\d{11,})(?![\w.-])(?: raw)?")
_MANTISSA: Final = "_mantissa"
_NONE: Final[tuple[int, ...]] = ()


class Shape(typing.NamedTuple):
    """What a message type looks like."""

    fields: tuple[str, ...]
    enums: Mapping[str, type[IntEnum]]  # of the fields that hold one


@cache
def _shapes(of_wire: bool) -> Mapping[str, Shape]:
    if of_wire:
        return dict(_found([protocol]))
    names = [module.name for module in pkgutil.iter_modules(engine.model.__path__)]
    modules = [importlib.import_module(f"engine.model.{name}") for name in names]
    return dict(_found([*modules, importlib.import_module("engine.record")]))


def _found(modules: list[types.ModuleType]) -> Iterator[tuple[str, Shape]]:
    for module in modules:
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                config = kind.__struct_config__
                if config.array_like and isinstance(config.tag, str):
                    yield config.tag, _shape(kind)


def _shape(kind: type[msgspec.Struct]) -> Shape:
    enums: dict[str, type[IntEnum]] = {}
    for field, hint in typing.get_type_hints(kind).items():
        for part in (hint, *typing.get_args(hint)):
            if isinstance(part, type) and issubclass(part, IntEnum):
                enums[field] = part
    return Shape(kind.__struct_fields__, enums)


class Reader:
    """Reads the records of one run.

    Args:
        start_ns: the run's first instant; times are told from there.
        precisions: see `simulation.logbook.Log`.

    Attributes:
        types: field names of every type that was met.
    """

    def __init__(self, start_ns: int, precisions: Mapping[str, tuple[int, ...]]) -> None:
        self._start_ns = start_ns
        self._precisions = precisions
        self.types: dict[str, tuple[str, ...]] = {}

    def message(self, plain: Plain, venue: str = "") -> Plain:
        """A message of the kernel's or, where a venue is named, of its protocol."""
        return self._value(plain, venue, "", _NONE)

    def named(self, message: Plain) -> Named:
        """Fields by name; empty for what is no message."""
        if not isinstance(message, list) or not message:
            return {}
        fields = self.types.get(str(message[0]), ())
        return dict(zip(fields, message[1:], strict=False))

    def _value(self, value: Plain, venue: str, field: str, decimals: tuple[int, ...]) -> Plain:
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return self._number(value, venue, field, decimals)
        if isinstance(value, list):
            head = value[0] if value else None
            shape = _shapes(bool(venue)).get(head) if isinstance(head, str) else None
            if shape is not None and len(value) <= len(shape.fields) + 1:
                return self._message(value, shape, venue, decimals)
            if field in _LEVELS and venue:  # (price, size) pairs
                return [self._pair(level, decimals) for level in value]
            return [self._value(item, venue, field, decimals) for item in value]
        return value

    def _message(
        self, value: list[Plain], shape: Shape, venue: str, decimals: tuple[int, ...]
    ) -> Plain:
        fields = dict(zip(shape.fields, value[1:], strict=False))
        if venue:
            about = fields.get("symbol") or fields.get("currency")
            decimals = self._precisions.get(f"{venue} {about}", decimals)
        elif "price_precision" in fields and "size_precision" in fields:
            decimals = tuple(
                place
                for place in (fields["price_precision"], fields["size_precision"])
                if isinstance(place, int)
            )
        name = str(value[0])
        if venue and name in _shapes(False):
            name += " on the wire"  # the kernel has another message of that name
        if name not in self.types:
            self.types[name] = tuple(field.removesuffix(_MANTISSA) for field in shape.fields)
        read: list[Plain] = [name]
        for field, item in fields.items():
            enum = shape.enums.get(field)
            if enum is not None and isinstance(item, int) and item in list(enum):
                read.append(enum(item).name)
            else:
                read.append(self._value(item, venue, field, decimals))
        return read

    def _pair(self, level: Plain, decimals: tuple[int, ...]) -> Plain:
        if isinstance(level, list) and len(level) == 2 and len(decimals) == 2:
            price, size = level
            if isinstance(price, int) and isinstance(size, int):
                return [_decimal(price, decimals[0]), _decimal(size, decimals[1])]
        return level

    def _number(self, value: int, venue: str, field: str, decimals: tuple[int, ...]) -> Plain:
        if abs(value) >= EXACT:
            if abs(value - self._start_ns) < _CENTURY:
                return seconds(value - self._start_ns)
            return str(value)
        if len(decimals) == 2 and (venue or field.endswith(_MANTISSA)):
            if field in _PRICES or (field.endswith(_MANTISSA) and not _is_size(field)):
                return _decimal(value, decimals[0])
            if field in _SIZES or field.endswith(_MANTISSA):
                return _decimal(value, decimals[1])
        elif len(decimals) == 1 and field in ("total", "locked"):
            return _decimal(value, decimals[0])
        return value


def _is_size(field: str) -> bool:
    return "size" in field or "volume" in field


def _decimal(mantissa: int, places: int) -> str:
    sign, digits = ("-" if mantissa < 0 else ""), str(abs(mantissa)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def seconds(ns: int) -> str:
    """Nanoseconds as seconds, exactly."""
    return f"{_decimal(ns, 9)} s"


def readable(detail: str, start_ns: int) -> str:
    """A property speaks in raw integers and nanoseconds; a headline does not."""

    def told(found: re.Match[str]) -> str:
        number = int(found[1])
        return seconds(number - start_ns) if 0 <= number - start_ns < _CENTURY else plain(number)

    return _RAW.sub(told, detail)
