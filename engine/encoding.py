"""The one codec for everything that is written down: a message as MessagePack.

Values and identifiers are written as their exact text, enums as their integers, a message as an
array that begins with its type's name. The encoder would ask `as_text` about each value and each
identifier, after it has asked itself whether it is one of twenty other things; a record holds
seven. So a message is laid out first as what the encoder knows at once: lists, text, integers.
What this module does not know it leaves to the encoder. The bytes are the same either way.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from engine.model.balances import AccountBalance
from engine.model.identifiers import Identifier
from engine.model.money import Money
from engine.model.price import Price
from engine.model.quantity import Quantity
from engine.model.texts import balance_text, money_text, scaled_text
from engine.text import as_text

_encode: Final = msgspec.msgpack.Encoder(enc_hook=as_text).encode
_fields_of: Final = msgspec.structs.astuple

# how a value of some type is laid out
_AS_IT_IS: Final = 0
_IDENTIFIER: Final = 1
_SCALED: Final = 2
_MONEY: Final = 3
_BALANCE: Final = 4
_SEQUENCE: Final = 5
_MESSAGE: Final = 6

# messages in messages: a record is four deep. Beyond it the encoder says what it says of a list
# that holds itself
_DEPTH_MAX: Final = 16


class _Layout:
    """How values of one type are laid out."""

    __slots__ = ("how", "tag")

    def __init__(self, how: int, tag: object = None) -> None:
        self.how = how
        self.tag = tag


# by type, and nothing but what the type says
_LAYOUTS: Final[dict[type, _Layout]] = {}


def encode(message: object) -> bytes:
    """The bytes of a message or record: a function of the message alone.

    Raises:
        TypeError: something in it has no text of its own (its default text is an address).
        OverflowError: an integer that does not fit 64 bits.
    """
    laid: list[object] = []
    _lay((message,), laid, 0)
    return _encode(laid[0])


def _lay(values: Sequence[Any], laid: list[object], depth: int) -> None:
    for value in values:
        kind = type(value)
        if kind is str or kind is int or value is None:
            laid.append(value)
            continue
        layout = _LAYOUTS.get(kind)
        if layout is None:
            layout = _LAYOUTS[kind] = _layout_of(kind)
        how = layout.how
        if how == _IDENTIFIER:
            laid.append(str(value))
        elif how == _MESSAGE and depth < _DEPTH_MAX:
            inner: list[object] = [] if layout.tag is None else [layout.tag]
            _lay(_fields_of(value), inner, depth + 1)
            laid.append(inner)
        elif how == _SEQUENCE and depth < _DEPTH_MAX:
            inner = []
            _lay(value, inner, depth + 1)
            laid.append(inner)
        elif how == _SCALED:
            laid.append(scaled_text(value))
        elif how == _BALANCE:
            laid.append(balance_text(value))
        elif how == _MONEY:
            laid.append(money_text(value))
        else:
            laid.append(value)


def _layout_of(kind: type) -> _Layout:
    if issubclass(kind, Identifier):
        return _Layout(_IDENTIFIER)
    if kind is Price or kind is Quantity:
        return _Layout(_SCALED)
    if kind is Money:
        return _Layout(_MONEY)
    if kind is AccountBalance:
        return _Layout(_BALANCE)
    if kind is list or kind is tuple:
        return _Layout(_SEQUENCE)
    if issubclass(kind, msgspec.Struct) and kind.__struct_config__.array_like:
        return _Layout(_MESSAGE, kind.__struct_config__.tag)
    return _Layout(_AS_IT_IS)
