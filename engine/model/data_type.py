"""The name of a kind of custom data: a type name and metadata, as one text.

    data_type := type_name [ "." key "=" value ]...

Keys are sorted, so the same name and metadata are the same text, the same topic and the same key
of a dict, in whatever order they were given. Values may hold dots (an instrument id does).
"""

from collections.abc import Mapping
from typing import Self, final

_RESERVED = "*?="  # wildcards of topics, and our own separator


@final
class DataType(str):
    """Which custom data is meant. It IS its canonical text.

    Attributes:
        type_name: the class of the data.
        metadata: its pairs, sorted by key.

    Raises (construction):
        TypeError: a part that is no str.
        ValueError: an empty part, one with `*`, `?` or `=`, or a type name or key with a dot.
    """

    __slots__ = ("metadata", "type_name")

    type_name: str
    metadata: tuple[tuple[str, str], ...]

    def __new__(cls, type_name: str, metadata: Mapping[str, str] | None = None) -> Self:
        pairs = tuple(sorted((metadata or {}).items()))
        _check(type_name, "type name", dots=False)
        for key, value in pairs:
            _check(key, "key", dots=False)
            _check(value, "value", dots=True)
        self = str.__new__(cls, ".".join((type_name, *(f"{key}={value}" for key, value in pairs))))
        _set_type_name(self, type_name)
        _set_metadata(self, pairs)
        return self

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"DataType is immutable: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"DataType is immutable: cannot delete {name}")

    def __repr__(self) -> str:
        return f"DataType({str.__repr__(self)})"

    def __reduce__(self) -> tuple[type, tuple[str, dict[str, str]]]:
        return DataType, (self.type_name, dict(self.metadata))


# the slots' own setters: the one way past __setattr__, used once, at construction
_set_type_name = DataType.__dict__["type_name"].__set__
_set_metadata = DataType.__dict__["metadata"].__set__


def _check(text: object, what: str, *, dots: bool) -> None:
    if not isinstance(text, str):
        raise TypeError(f"a {what} of a data type is str, not {type(text).__name__}")
    if not text or text.isspace():
        raise ValueError(f"a {what} of a data type must not be blank: {text!r}")
    if any(mark in text for mark in _RESERVED) or ("." in text and not dots):
        raise ValueError(f"a {what} of a data type must not contain {text!r}'s marks")
