"""A message that is laid out beforehand has the bytes that the encoder alone would give it."""

from enum import IntEnum, StrEnum

import msgspec
import pytest

from engine.encoding import encode
from engine.model.balances import AccountBalance, MarginBalance
from engine.model.currencies import USD
from engine.model.data import QuoteTick
from engine.model.enums import OrderSide
from engine.model.identifiers import ClientOrderId, InstrumentId, StrategyId, TraderId
from engine.model.values import Money, Price, Quantity
from engine.record import TurnRecord
from engine.text import as_text
from simulation.run import run_world
from simulation.scenarios import default

ALONE = msgspec.msgpack.Encoder(enc_hook=as_text)
BTCUSDT = InstrumentId("BTC/USDT.SIM")
QUOTE = QuoteTick(BTCUSDT, 100, 101, 5, 6, 2, 3, 10, 11)
BALANCE = AccountBalance(Money("10.50", USD), Money("0.07", USD), Money("10.43", USD))
MARGIN = MarginBalance(Money("1.00", USD), Money("0.50", USD), BTCUSDT)


class Own(TraderId):
    __slots__ = ()


class Level(IntEnum):
    LOW = 3


class Word(StrEnum):
    YES = "yes"


class Plain(str):
    __slots__ = ()


class ByName(msgspec.Struct, frozen=True, tag=True):
    who: StrategyId
    price: Price


class Untagged(msgspec.Struct, frozen=True, array_like=True):
    who: StrategyId
    size: object = None


class Tagged(msgspec.Struct, frozen=True, array_like=True, tag=7):
    inner: object


def nested(depth: int) -> object:
    value: object = Quantity("1.50")
    for _ in range(depth):
        value = [value, Tagged(value)] if depth < 12 else (value,)
    return value


@pytest.mark.parametrize(
    "message",
    [
        QUOTE,
        TurnRecord(3, 7, QUOTE, (ByName(StrategyId("A-1"), Price("1.5")),), (), 1),
        ("fault", 5, ("RESET", "stream")),
        [Price("-0.005"), Price("0"), Quantity("12.30"), Quantity("1e3"), Money("-3.1", USD)],
        [BALANCE, MARGIN, USD],
        [Own("T-1"), ClientOrderId("O-1"), Plain("x"), "x", "", "ü"],
        [OrderSide.BUY, Level.LOW, Word.YES, True, False, None, 0, -1, 1 << 63, 1.5, b"x"],
        {"a": Price("1.5"), "b": {"c": (BTCUSDT, QUOTE)}},
        [Untagged(StrategyId("A-1"), QUOTE), Tagged(Tagged(BALANCE)), msgspec.Raw(b"\x93\x01\x02\x03")],
        [msgspec.UNSET],
        nested(8),
        nested(40),
        StrategyId("A-1"),
        Quantity("1.5"),
        (),
    ],
    ids=lambda message: type(message).__name__,
)  # fmt: skip
def test_bytes_are_those_of_the_encoder_alone(message: object) -> None:
    assert encode(message) == ALONE.encode(message)
    assert encode(message) == ALONE.encode(message)  # what is kept of a type or value is no other


def test_every_record_of_a_run_has_the_bytes_of_the_encoder_alone() -> None:
    _, world = run_world(default(), 5)
    kinds = set()
    for record in world.journal.records:
        assert encode(record) == ALONE.encode(record)
        kinds.update(type(fact).__name__ for fact in record.facts)
    assert {"OrderFilled", "AccountState", "PositionOpened"} <= kinds


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ([object()], TypeError),
        (Tagged(object()), TypeError),
        ([1 << 64], OverflowError),
    ],
)
def test_what_the_encoder_refuses_is_refused(message: object, error: type[Exception]) -> None:
    with pytest.raises(error) as alone:
        ALONE.encode(message)
    with pytest.raises(error) as ours:
        encode(message)
    assert str(ours.value) == str(alone.value)


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(RecursionError):
        encode(endless)
