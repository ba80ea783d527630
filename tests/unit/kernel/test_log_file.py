"""A log is written and read record by record, and damage is named with its place."""

from pathlib import Path

import pytest

from engine.journal.log_file import MARK, Log, LogError, LogHeader, LogJournal, LogWriter
from engine.journal.port import JournalFailed, StaleEpoch
from engine.model.commands import StartKernel
from engine.record import TurnRecord, encode


def turn(number: int, epoch: int = 1) -> TurnRecord:
    return TurnRecord(number, number, StartKernel("start", None, number), (), (), epoch)


def log_of(path: Path, *records: bytes, kind: str = "journal") -> Path:
    header = LogHeader(kind="trace" if kind == "trace" else "journal", session="test")
    with LogWriter(path, header) as log:
        for record in records:
            log.write(record)
    return path


def test_records_come_back_in_order_with_their_number_and_offset(tmp_path: Path) -> None:
    path = log_of(tmp_path / "a.log", encode(turn(1)), encode(turn(2)))
    log = Log(path)
    read = list(log)
    assert [entry.record for entry in read] == [turn(1), turn(2)]
    assert [entry.number for entry in read] == [1, 2]
    assert read[1].offset - read[0].offset == 4 + len(encode(turn(1)))
    assert log.count == 2
    assert path.read_bytes()[read[1].offset + 4 :] == encode(turn(2))


def test_a_trace_gives_its_turns_and_counts_what_is_none(tmp_path: Path) -> None:
    path = log_of(
        tmp_path / "a.log",
        encode(("fault", 1, ("DELAY", "SIM"))),
        encode(("turn", 1, turn(1))),
        kind="trace",
    )
    assert [(entry.number, entry.record) for entry in Log(path)] == [(1, None), (2, turn(1))]


def test_an_empty_log_has_no_records(tmp_path: Path) -> None:
    assert list(Log(log_of(tmp_path / "a.log"))) == []


def test_a_file_that_is_not_there_or_none_of_ours_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="No such file"):
        Log(tmp_path / "none.log")
    other = tmp_path / "other.log"
    other.write_bytes(b"hello")
    with pytest.raises(LogError, match=r"other\.log: header at byte 0: .*mark is missing"):
        Log(other)
    other.write_bytes(MARK + b"\x00\x00\x00\x01\xc0")
    with pytest.raises(LogError, match="not a header"):
        Log(other)


def test_a_log_of_another_format_is_refused_with_both_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    LogWriter(path, LogHeader(kind="journal", session="x", format=9)).close()
    with pytest.raises(LogError, match="log format 9, this version reads 1"):
        Log(path)


@pytest.mark.parametrize("cut", [1, 3, 4, 10])
def test_a_log_that_was_cut_gives_what_came_before_and_names_the_place(
    cut: int, tmp_path: Path
) -> None:
    path = log_of(tmp_path / "a.log", encode(turn(1)), encode(turn(2)))
    last = list(Log(path))[1]
    path.write_bytes(path.read_bytes()[: last.offset + cut])
    read = []
    with pytest.raises(LogError, match=f"record 2 at byte {last.offset}: the file ends") as damage:
        for entry in Log(path):
            read.append(entry.record)
    assert read == [turn(1)]
    assert (damage.value.record, damage.value.offset) == (2, last.offset)


def test_a_record_that_is_none_is_named_with_its_place(tmp_path: Path) -> None:
    path = log_of(tmp_path / "a.log", encode(turn(1)), b"\xc1", encode(turn(2)))
    with pytest.raises(LogError, match=r"a\.log: record 2 at byte \d+: "):
        list(Log(path))
    absurd = log_of(tmp_path / "b.log")
    absurd.write_bytes(absurd.read_bytes() + b"\xff\xff\xff\xff")
    with pytest.raises(LogError, match="a record of 4294967295 bytes is none"):
        list(Log(absurd))


def test_a_log_as_journal_keeps_epochs_apart_and_refuses_a_stale_one(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with LogWriter(path, LogHeader(kind="journal", session="x")) as writer:
        journal = LogJournal(writer)
        assert journal.open() == 1
        journal.append(turn(1))
        assert journal.open() == 2
        with pytest.raises(StaleEpoch):
            journal.append(turn(2))
        journal.append(turn(1, epoch=2))
    assert [entry.record for entry in Log(path)] == [turn(1), turn(1, epoch=2)]


def test_a_record_that_cannot_be_written_fails_the_journal(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path / "a.log", LogHeader(kind="journal", session="x"))
    journal = LogJournal(writer)
    journal.open()
    with pytest.raises(JournalFailed, match="turn 1"):
        journal.append(TurnRecord(1, 1 << 70, None, (), (), 1))
    writer.close()
