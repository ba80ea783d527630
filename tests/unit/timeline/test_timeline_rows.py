"""Rows of a timeline: one sequence, readable, with what led to what."""

import base64
import gzip
import re
from typing import Any

import msgspec
import pytest

from engine.record import encode
from seatrial.timeline import page
from seatrial.timeline.reading import Reader, readable, seconds
from seatrial.timeline.rows import BROKEN, FAULT, LOST, Row, Rows
from seatrial.timeline.words import brief
from simulation.options import RunOptions
from simulation.outcome import Verdict
from simulation.recorder import record_here
from simulation.recording import Recording
from simulation.trace import read_record


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record_here(RunOptions("default"), 6, keeps_logbook=True)


@pytest.fixture(scope="module")
def rows(recording: Recording) -> list[Row]:
    assert recording.log is not None
    return Rows(recording.records, recording.log, recording.outcome).rows


def data_in(text: str) -> dict[str, Any]:
    found = re.search(r'type="application/octet-stream">([^<]*)</script>', text)
    assert found is not None
    data: dict[str, Any] = msgspec.json.decode(gzip.decompress(base64.b64decode(found[1])))
    return data


def test_every_record_and_every_entry_is_one_row(recording: Recording, rows: list[Row]) -> None:
    assert recording.log is not None
    assert len(rows) == len(recording.records) + len(recording.log.entries)
    numbers = [row.number for row in rows if row.number]
    assert numbers == list(range(1, len(recording.records) + 1))


def test_rows_stand_in_the_order_of_their_time(rows: list[Row]) -> None:
    assert [row.at for row in rows] == sorted(row.at for row in rows)


def test_a_command_leads_to_its_request_and_that_to_the_report(rows: list[Row]) -> None:
    """Turn, request, what the venue did for it, the frame that tells, the turn that hears."""
    heard = [row for row in rows if row.kind == "FillReport"]
    assert heard
    chains = []
    for row in heard:
        chain = [row]
        while chain[-1].causes:
            chain.append(rows[chain[-1].causes[-1]])
        chains.append([link.lane for link in chain])
    assert ["Kernel", "SIM account", "SIM venue", "SIM requests", "Kernel"] in chains


def test_causes_are_never_later_than_what_they_led_to(rows: list[Row]) -> None:
    for row in rows:
        for cause in row.causes:
            # a fault may strike a message that is under way, and its answer
            assert rows[cause].at <= row.at or rows[cause].weight == FAULT


def test_a_request_that_never_arrived_is_marked_and_names_what_struck_it(rows: list[Row]) -> None:
    lost = [row for row in rows if row.text.startswith("not arrived") and "requests" in row.lane]
    assert lost
    for row in lost:
        assert row.weight == LOST
        assert "REQUEST_LOST" in [rows[cause].kind for cause in row.causes]


def test_a_violation_is_the_last_row_and_points_at_its_turn(recording: Recording) -> None:
    assert recording.log is not None
    broken = msgspec.structs.replace(
        recording.outcome,
        verdict=Verdict.VIOLATION,
        property_id="ORD-1",
        subject="O-1",
        detail="is wrong",
        turn=9,
    )
    rows = Rows(recording.records, recording.log, broken).rows
    verdict = rows[-1]
    assert (verdict.lane, verdict.weight, verdict.text) == ("Verdict", BROKEN, "O-1: is wrong")
    (cause,) = verdict.causes
    assert rows[cause].body["turn"] == 9


def test_enums_mantissas_and_times_are_read_as_what_they_mean() -> None:
    reader = Reader(1_700_000_000_000_000_000, {"SIM BTC/USDT": (2, 5)})
    tick = ["QuoteTick", "BTC/USDT.SIM", 9994, 10002, 400, 400, 2, 5, 17 * 10**17 + 5, 17 * 10**17]
    fields = reader.named(reader.message(tick))
    assert (fields["bid"], fields["ask"], fields["bid_size"]) == ("99.94", "100.02", "0.00400")
    assert fields["ts_event"] == "0.000000005 s"
    unknown = ["OutcomeUnknown", "SIM", "O-1", 1, "1-2-3", "TIMEOUT", 17 * 10**17, 0]
    assert reader.named(reader.message(unknown))["kind"] == "SUBMIT"
    frame = ["QuoteFrame", 1, "BTC/USDT", 9994, 10002, 400, 400, 17 * 10**17]
    assert reader.named(reader.message(frame, "SIM"))["ask"] == "100.02"


def test_messages_of_one_name_on_both_sides_are_kept_apart() -> None:
    reader = Reader(0, {})
    wire = reader.message(["OpenOrdersAnswer", "1-2-3", []], "SIM")
    ours = reader.message(["OpenOrdersAnswer", "SIM", "1-2-3", 1, [], 0, 0])
    assert reader.named(wire)["request_id"] == reader.named(ours)["correlation_id"] == "1-2-3"


def test_an_id_that_was_told_is_not_told_again() -> None:
    reader = Reader(0, {})
    head = ["TRIAL", "S-1", "BTC/USDT.SIM", "O-1", "1-1-1", 0, 0]
    rejected = reader.message(["OrderRejected", *head, "SIM-001", "NO", False])
    assert brief(rejected, reader.named) == "O-1 NO"
    assert brief(rejected, reader.named, "O-1") == "NO"


@pytest.mark.parametrize(
    ("ns", "text"), [(0, "0.000000000 s"), (-5, "-0.000000005 s"), (12 * 10**8, "1.200000000 s")]
)
def test_seconds_are_exact(ns: int, text: str) -> None:
    assert seconds(ns) == text


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ("locks 13030400000000000 raw of 1", "locks 1.30304 of 1"),
        ("holds -40000000000000", "holds -0.004"),
        ("due at 1700000000000000005, not seen", "due at 0.000000005 s, not seen"),
        ("order O-20231114221329-1 of digest 12345678901234567890ab", None),
        ("filled 3 of 12", None),
    ],
)
def test_a_headline_says_decimals_where_a_property_says_raw(detail: str, told: str | None) -> None:
    assert readable(detail, 1_700_000_000_000_000_000) == (told or detail)


def test_a_turn_that_broke_off_is_blamed_on_what_it_had_heard(recording: Recording) -> None:
    """It left no record: the verdict stands at the instant at which its input arrived."""
    assert recording.log is not None
    records = recording.records
    at = next(
        number
        for number, record in enumerate(records)
        if b"\xaaFillReport" in record and "FillReport" in str(read_record(record).payload)[:80]
    )
    ts = read_record(records[at]).ts
    cut = [*records[:at], encode(("verdict", ts, ("VIOLATION", "KRN-1", "kernel", "KeyError")))]
    entries = [entry for entry in recording.log.entries if entry.after <= at]
    log = msgspec.structs.replace(recording.log, entries=entries, changes=[])
    outcome = msgspec.structs.replace(
        recording.outcome, verdict=Verdict.VIOLATION, subject="kernel", turn=10**6
    )
    rows = Rows(cut, log, outcome).rows
    (cause,) = rows[-1].causes
    assert rows[cause].kind == "FillFrame"


@pytest.mark.parametrize(
    ("subject", "named"),
    [
        ("SIM-001 USDT", ("balance", "SIM-001 USDT")),
        ("BTC/USDT.SIM-SIM-001-RandomTrader-001", ("position", "BTC/USDT.SIM")),
    ],
)
def test_a_verdict_is_linked_to_what_moved_its_subject(
    recording: Recording, subject: str, named: tuple[str, str]
) -> None:
    assert recording.log is not None
    outcome = msgspec.structs.replace(
        recording.outcome, verdict=Verdict.VIOLATION, subject=subject, turn=9
    )
    rows = Rows(recording.records, recording.log, outcome).rows
    assert rows[-1].ids == [named]
    lanes = {row.lane for row in rows if named in row.ids}
    assert lanes == {"Kernel", "SIM venue", "Verdict"}


def test_no_text_of_a_run_can_break_out_of_the_page(recording: Recording) -> None:
    evil = "</script><script>alert(1)</script><!-- {{data}} {{script}}"
    outcome = msgspec.structs.replace(
        recording.outcome, verdict=Verdict.VIOLATION, subject=evil, detail=evil, scenario=evil
    )
    text = page(msgspec.structs.replace(recording, outcome=outcome))
    assert evil not in text
    assert text.count("</script>") == 2
    assert data_in(text)["run"]["detail"] == evil


def test_the_page_names_no_other_place(recording: Recording) -> None:
    text = page(recording)
    assert not re.search(r"\b(src|href)=|@import|url\(|https?://", text)
    assert "default-src 'none'" in text


def test_the_same_run_is_the_same_page(recording: Recording) -> None:
    again = record_here(RunOptions("default"), 6, keeps_logbook=True)
    assert page(again) == page(recording)


def test_a_harness_that_broke_before_the_first_record_still_has_a_page(
    recording: Recording,
) -> None:
    outcome = msgspec.structs.replace(
        recording.outcome, verdict=Verdict.ERROR, digest="", events=0, traceback="Traceback: here"
    )
    broken = msgspec.structs.replace(recording, outcome=outcome, records=[], log=None)
    assert data_in(page(broken))["run"]["traceback"] == "Traceback: here"


def test_a_run_without_a_logbook_is_refused(recording: Recording) -> None:
    with pytest.raises(ValueError, match="without a logbook"):
        page(msgspec.structs.replace(recording, log=None))
