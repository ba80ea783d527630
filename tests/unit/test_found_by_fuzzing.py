"""What the fuzz targets have found in our own readers, as the smallest inputs that show it."""

from pathlib import Path

import pytest

from engine.model.bars import BarType
from engine.model.times import parse_ns
from engine.record import decode
from fuzz.targets.gateway import _Door
from simulation.market.fields import RecordingError
from simulation.market.readers import read_recording
from simulation.venue.protocol import (
    NOT_A_MESSAGE,
    Login,
    decode_answer,
    decode_venue_frame,
    encode,
)

NO_UTF8 = encode(Login("key")).replace(b"key", b"\xff\xfe\xfd")


def recording(folder: Path, text: str) -> Path:
    file = folder / "recording.csv"
    file.write_text(text, newline="")
    return file


def test_a_request_whose_text_is_no_utf8_is_refused_as_malformed() -> None:
    _Door().request(NO_UTF8)


def test_a_frame_whose_text_is_no_utf8_ends_its_connection() -> None:
    door = _Door()
    door.frame(NO_UTF8)
    assert not door.peer.is_open


def test_a_message_to_the_client_whose_text_is_no_utf8_is_no_message() -> None:
    with pytest.raises(NOT_A_MESSAGE):
        decode_answer(b"\x92\xa7Refusal\xa1\xff")
    with pytest.raises(NOT_A_MESSAGE):
        decode_venue_frame(b"\x92\xa8LoggedIn\xa1\xff")


def test_a_symbol_with_an_at_sign_reads_back_from_its_bar_type() -> None:
    bar_type = BarType.from_str("A@B.X-3-DAY-LAST-EXTERNAL")
    assert str(bar_type.instrument_id) == "A@B.X"
    assert BarType.from_str(str(bar_type)) == bar_type


def test_a_zero_with_a_huge_exponent_is_an_instant_at_once() -> None:
    assert parse_ns("0e500000000") == 0
    assert parse_ns("0e-500000000") == 0


def test_a_record_nested_too_deeply_is_no_record() -> None:
    with pytest.raises(ValueError, match="not a record"):
        decode(b"\x91" * 100_000 + b"\xc0")


@pytest.mark.parametrize(
    "text",
    [
        "ts_event,bid_price,ask_price\n1,1\r0,12\n",
        "ts_event,bid_price,ask_p\rrice\n",
        f"ts_event,bid_price,ask_price\n{'1' * 5000},1,2\n",
        # each fits 63 bits, and the first does not at the decimals of the second
        "ts_event,bid_price,ask_price\n1,999999999999999999,999999999999999999\n"
        "2,0.0000000000000001,1\n",
    ],
    ids=["broken row", "broken header", "too many digits", "too many digits together"],
)
def test_a_recording_that_cannot_be_used_is_refused_as_such(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecordingError):
        read_recording(recording(tmp_path, text))


def test_zeros_in_front_of_a_number_are_no_digits(tmp_path: Path) -> None:
    zeros = "0" * 5000
    text = f"ts_event,bid_price,ask_price\n{zeros}1,{zeros}2,{zeros}3\n"
    (row,) = read_recording(recording(tmp_path, text)).rows
    assert row.ts == 1
