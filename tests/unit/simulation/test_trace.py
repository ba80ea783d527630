import hashlib

import pytest

from engine.model.identifiers import ClientId
from engine.model.reports import ClientConnected
from engine.record import encode
from simulation.trace import Trace, TraceRecord, read_record


def _written(keep: bool) -> Trace:
    trace = Trace(keep)
    trace.record("fault", 5, ("RESET", "stream"))
    trace.record("input", 6, ClientConnected(ClientId("SIM"), 6))
    return trace


def test_digest_is_the_same_whether_records_are_kept_or_not() -> None:
    assert _written(True).digest == _written(False).digest
    assert _written(False).records() == []
    assert _written(False).count == 2


def test_digest_covers_the_kept_bytes_and_nothing_else() -> None:
    trace = _written(True)
    assert trace.digest == hashlib.sha256(b"".join(trace.kept)).hexdigest()


@pytest.mark.parametrize("change", [("other", 5, "x"), ("fault", 4, "x"), ("fault", 5, "y")])
def test_digest_changes_with_kind_time_and_payload(change: tuple[str, int, str]) -> None:
    one, other = Trace(False), Trace(False)
    one.record("fault", 5, "x")
    other.record(*change)
    assert one.digest != other.digest


def test_records_read_as_plain_values() -> None:
    assert _written(True).records() == [
        TraceRecord("fault", 5, ["RESET", "stream"]),
        TraceRecord("input", 6, ["ClientConnected", "SIM", 6]),
    ]


def test_bytes_already_encoded_make_the_same_record() -> None:
    message = ClientConnected(ClientId("SIM"), 6)
    encoded, whole = Trace(True), Trace(True)
    encoded.write_bytes("input", 6, encode(message))
    whole.record("input", 6, message)
    assert encoded.kept == whole.kept
    assert encoded.digest == whole.digest


@pytest.mark.parametrize("data", [b"", b"\x93\x01", encode((1, 2)), encode(("k", "t", 3))])
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="record"):
        read_record(data)
