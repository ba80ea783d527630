"""Records read back as what they were: the other direction of `engine.record`.

What was written is enough: identifiers, values and instruments come back from their exact text.
Only what nobody can name from the text alone stays plain: the value of a user's custom data, and
the data of an answer to a request for the past.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, Final

import msgspec

from engine.model import commands, data, events, reports
from engine.model.bars import Bar
from engine.model.currencies import CURRENCIES, Currency
from engine.model.identifiers import ComponentId
from engine.model.instruments.text import instrument_of
from engine.model.reports import InstrumentReceived
from engine.record import FaultRecord, TurnRecord
from engine.text_reader import TextReader


class RecordError(ValueError):
    """The bytes are no record of a turn; says what is wrong with them."""


class OpaqueCustomData(msgspec.Struct, frozen=True, array_like=True, tag="CustomData"):
    """Custom data whose type is the writer's: the value is kept as it was encoded."""

    data_type: str
    value: Any
    ts_event: int
    ts_init: int


class OpaqueResponse(msgspec.Struct, frozen=True, array_like=True, tag="DataResponse"):
    """An answer to a request for the past; its data are kept as they were encoded."""

    client_id: str
    correlation_id: str
    status: int
    data: Any
    ts_init: int


class _InstrumentText(msgspec.Struct, frozen=True, array_like=True, tag="InstrumentReceived"):
    instrument: str
    ts_init: int


def _leaves(kind: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """The kinds of message that are made: those that nothing extends."""
    below = kind.__subclasses__()
    return [leaf for each in below for leaf in _leaves(each)] if below else [kind]


def _either(kinds: Sequence[Any]) -> Any:
    return reduce(or_, kinds)


_COMMANDS: Final = _leaves(commands.Command)
_INPUTS: Final = [
    *(kind for kind in _COMMANDS),
    *_leaves(reports.ExecutionReport),
    commands.FireTimer,
    data.QuoteTick,
    data.TradeTick,
    data.OrderBookDeltas,
    data.MboDeltas,
    data.OrderBookDepth10,
    data.MarkPriceUpdate,
    data.IndexPriceUpdate,
    data.FundingRateUpdate,
    data.InstrumentStatus,
    data.InstrumentClose,
    Bar,
    OpaqueCustomData,
    OpaqueResponse,
    _InstrumentText,
    reports.OutcomeUnknown,
    reports.OrderAnswer,
    reports.OpenOrdersAnswer,
    reports.FillsAnswer,
    reports.AccountReport,
    reports.SettlementReport,
    reports.ClientConnected,
    reports.ClientDisconnected,
]
_FACTS: Final = [
    *_leaves(events.OrderEvent),
    *_leaves(events.PositionEvent),
    events.InstrumentSettled,
    events.AccountState,
    events.Refused,
    events.Alert,
    events.TradingStateChanged,
    events.ComponentStateChanged,
    events.TimeEvent,
]


def _record_types() -> Any:
    """A turn and an audit with every message spelled out, under the tags of their own."""
    head: list[tuple[str, Any]] = [("turn", int), ("ts", int), ("input", _either(_INPUTS) | None)]
    facts = ("facts", tuple[_either(_FACTS), ...])  # type: ignore[misc]
    sent = ("commands", tuple[_either(_COMMANDS), ...])  # type: ignore[misc]
    last: tuple[str, Any, Any] = ("epoch", int, 0)
    turn = msgspec.defstruct(
        "Turn", [*head, facts, sent, last], array_like=True, tag=TurnRecord.__name__, gc=False
    )
    audit = msgspec.defstruct(
        "Audit",
        [*head, facts, ("error", str), ("component_id", ComponentId | None), last],
        array_like=True,
        tag=FaultRecord.__name__,
    )
    return turn | audit


_RECORD: Final = _record_types()


class RecordReader:
    """Reads records one by one; texts that come again are read once.

    Args:
        currencies: where to look for a currency that the built-in table does not have.
    """

    def __init__(self, currencies: Mapping[str, Currency] = CURRENCIES) -> None:
        self._currencies = currencies
        self._texts = TextReader(currencies)
        self._decode: Callable[[bytes | msgspec.Raw], Any] = msgspec.msgpack.Decoder(
            _RECORD, dec_hook=self._texts.read
        ).decode

    @property
    def rewords(self) -> bool:
        """Whether anything read so far has another text than the one that it was read from."""
        return self._texts.rewords

    def turn(self, data: bytes | msgspec.Raw) -> TurnRecord | FaultRecord:
        """The record that these bytes are.

        Raises:
            RecordError: they are none of this version, or hold a value that cannot be.
        """
        try:
            read = self._decode(data)
            message: object = read.input
            if type(message) is _InstrumentText:
                instrument: Any = instrument_of(message.instrument, self._currencies)
                message = InstrumentReceived(instrument, message.ts_init)
        except (msgspec.DecodeError, ValueError, TypeError, RecursionError) as error:
            raise RecordError(" ".join(str(error).split())) from None
        if hasattr(read, "commands"):
            return TurnRecord(read.turn, read.ts, message, read.facts, read.commands, read.epoch)
        return FaultRecord(
            read.turn, read.ts, message, read.facts, read.error, read.component_id, read.epoch
        )
