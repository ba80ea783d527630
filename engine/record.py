"""What is written down: the record of a turn, and the one codec for everything that is.

Trace, journal and digest share these bytes. A message is MessagePack; values and identifiers are
written as their exact text, enums as their integers. Bytes are a function of the message alone.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from engine.model.commands import Command
from engine.model.identifiers import ComponentId
from engine.text import as_text


class TurnRecord(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """One turn: what came in, what became true, what is to be sent.

    Attributes:
        turn: its number in this epoch, from 1.
        ts: its time, nanoseconds.
        input: the message it began with.
        facts: the events applied, in order.
        commands: its outbox, in order.
        epoch: the life of the kernel that ran it.
    """

    turn: int
    ts: int
    input: object
    facts: tuple[msgspec.Struct, ...]
    commands: tuple[Command, ...]
    epoch: int = 0


class FaultRecord(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The audit of a turn that ended in an exception: nothing of it left.

    Attributes:
        error: name of the exception's type; its text may be the interpreter's and is left out.
        component_id: whose handler raised; None when it was the kernel's own code.
        facts: what the turn had applied in memory when it broke off.
    """

    turn: int
    ts: int
    input: object
    facts: tuple[msgspec.Struct, ...]
    error: str
    component_id: ComponentId | None
    epoch: int = 0


_ENCODER: Final = msgspec.msgpack.Encoder(enc_hook=as_text)


# The bytes of a message or record. Raises TypeError for what has no text of its own (its default
# text is an address), OverflowError for an integer that does not fit 64 bits.
encode: Final[Callable[[object], bytes]] = _ENCODER.encode


def decode(data: bytes) -> object:
    """The record as plain lists, text and integers; a message begins with its type's name.

    Raises:
        ValueError: `data` is not one whole record.
    """
    try:
        plain: object = msgspec.msgpack.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not a record: {error}") from error
    return plain
