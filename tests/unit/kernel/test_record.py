"""The one codec: bytes are a function of the message, and nothing without a text gets in."""

import pytest

from engine.model.commands import FireTimer, StartKernel
from engine.model.data import QuoteTick
from engine.model.enums import AggressorSide
from engine.model.events import OrderUpdated, Refused
from engine.model.identifiers import ClientOrderId, InstrumentId, StrategyId, TraderId
from engine.model.values import Price, Quantity
from engine.record import TurnRecord, decode, encode

BTCUSDT = InstrumentId("BTC/USDT.SIM")
QUOTE = QuoteTick(BTCUSDT, 100, 101, 5, 6, 2, 3, 10, 11)


def test_market_data_is_written_as_mantissas_behind_its_type() -> None:
    assert decode(encode(QUOTE)) == [
        *["QuoteTick", "BTC/USDT.SIM", 100, 101, 5, 6, 2, 3, 10, 11],
    ]


def test_values_are_written_as_exact_text_at_their_precision() -> None:
    event = OrderUpdated(
        TraderId("T-001"),
        StrategyId("S-001"),
        BTCUSDT,
        ClientOrderId("O-1"),
        "1-2-3",
        10,
        11,
        Quantity("1.500"),
        Price("100.10"),
    )
    assert decode(encode(event)) == [
        *["OrderUpdated", "T-001", "S-001", "BTC/USDT.SIM", "O-1", "1-2-3", 10, 11],
        *["1.500", "100.10", None, None, None],
    ]


def test_turn_record_holds_input_facts_and_commands() -> None:
    command = StartKernel("c-1", None, 7)
    record = TurnRecord(3, 7, FireTimer(7), (Refused("WHY", "that", 7),), (command,), 1)
    assert decode(encode(record)) == [
        "TurnRecord",
        3,
        7,
        ["FireTimer", 7],
        [["Refused", "WHY", "that", 7]],
        [["StartKernel", "c-1", None, 7]],
        1,
    ]


def test_equal_messages_have_equal_bytes() -> None:
    again = QuoteTick(InstrumentId("BTC/USDT.SIM"), 100, 101, 5, 6, 2, 3, 10, 11)
    assert encode(again) == encode(QUOTE)


def test_enum_is_written_as_its_integer() -> None:
    assert decode(encode([AggressorSide.SELLER])) == [2]


def test_object_whose_text_is_its_address_is_refused() -> None:
    with pytest.raises(TypeError, match="no text of its own"):
        encode([object()])


def test_integer_beyond_64_bits_is_refused() -> None:
    with pytest.raises(OverflowError):
        encode([1 << 64])


@pytest.mark.parametrize("data", [b"", b"\x93\x01", encode(QUOTE)[:-1]])
def test_cut_record_is_refused_when_read(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a record"):
        decode(data)
