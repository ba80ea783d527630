"""A recorded session judged from a shell: clean, broken, damaged, and written by each way there is."""

import json
import re
from pathlib import Path

import msgspec

from engine.journal.log_file import Log, LogWriter
from engine.record import encode

BUG = "flip-loses-rest"


def test_a_clean_run_is_written_as_a_log_and_judged_clean(shell, tmp_path: Path) -> None:
    written = shell("replay", "default@3", "--log", "session.log")
    assert written.code == 0, written
    assert "records written to session.log" in written.out

    said = shell("check-log", "session.log", "--json", "report.json")

    assert said.code == 0, said
    assert "0 violations" in said.out
    assert "needs the venue's truth" in said.out
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["records"] > report["turns"] > 0
    assert report["violations"] == []
    assert report["properties"]["ORD-1"]["standing"] == "judged"
    assert report["session"].startswith("default@3")


def test_a_session_of_a_kernel_with_a_bug_is_found(shell) -> None:
    token = shell("run", "--bug", BUG, "--seeds", "4", "--jobs", "1").token
    assert shell("replay", token, "--log", "session.log").code == 1
    said = shell("check-log", "session.log")
    assert said.code == 1, said
    assert "VIOLATION(POS-1)" in said.out
    assert said.out.startswith("record ")


def test_the_journal_of_a_backtest_is_judged(shell, quotes: Path) -> None:
    assert shell("backtest", "--quotes", quotes, "--log", "backtest.log").code == 0
    said = shell("check-log", "backtest.log")
    assert said.code == 0, said
    assert "journal of backtest of seatrial.ema_cross:EMACross" in said.out


def test_a_damaged_log_is_named_with_record_and_byte_after_what_came_before(
    shell, tmp_path: Path
) -> None:
    shell("replay", "default@3", "--log", "session.log")
    path = tmp_path / "session.log"
    data = path.read_bytes()
    path.write_bytes(data[:-3])
    said = shell("check-log", "session.log")
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("seatrial: session.log: record ")
    assert " at byte " in said.err
    assert said.err.count("\n") == 1


def test_a_log_whose_records_change_places_is_named_with_the_place(shell, tmp_path: Path) -> None:
    shell("replay", "calm@1", "--log", "session.log")
    path = tmp_path / "session.log"
    header = Log(path).header
    records = [encode(entry.record) for entry in Log(path) if entry.record is not None]
    with LogWriter(path, msgspec.structs.replace(header, kind="journal")) as log:
        for data in (*records[:9], records[10], records[9], *records[11:]):
            log.write(data)
    said = shell("check-log", "session.log")
    assert said.code == 2
    assert re.fullmatch(
        r"seatrial: session\.log: record 11 at byte \d+: turn 10 after 11\n", said.err
    )


def test_what_is_no_log_is_refused(shell, refused, tmp_path: Path) -> None:
    assert "No such file" in refused("check-log", "none.log")
    (tmp_path / "text").write_text("hello")
    assert "the mark is missing" in refused("check-log", "text")
    bundle = shell("run", "--bug", BUG, "--seeds", "4", "--jobs", "1").bundle
    assert "seatrial replay BUNDLE --log FILE" in refused("check-log", bundle)
    assert "--mbo runs no kernel" in refused("backtest", "--mbo", "text", "--log", "x.log")
