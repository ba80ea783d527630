"""`seatrial replay`, `trace` and `diff`: whoever got the red build sees the same again."""

import gzip
import sys
from pathlib import Path

import msgspec
import pytest

from simulation.bundle import Bundle

SCRIPT = Path(sys.executable).with_name("seatrial")
BUG = "fill-named-by-query-time"


@pytest.fixture
def bundle(shell, tmp_path: Path) -> Path:
    said = shell("run", "--bug", BUG, "--seeds", "2", "--jobs", "1")
    assert said.code == 1, said
    return tmp_path / said.bundle


def changed(path: Path, **changes: object) -> Path:
    """The bundle with some fields as another version of the code would have written them."""
    kept = msgspec.msgpack.decode(gzip.decompress(path.read_bytes()), type=Bundle)
    other = msgspec.structs.replace(kept, **changes)
    path.write_bytes(gzip.compress(msgspec.msgpack.encode(other)))
    return path


def test_a_token_is_replayed_the_same_every_time(shell) -> None:
    first, second = shell("replay", "default@3"), shell("replay", "default@3")
    assert (first.code, first.out) == (second.code, second.out)
    assert first.code == 0
    assert "default@3: PASS" in first.out


def test_a_token_without_code_is_taken_as_it_is(shell) -> None:
    assert "the code differs" not in shell("replay", "calm@1").out


def test_a_token_of_other_code_says_so(shell) -> None:
    said = shell("replay", "calm@1#0123456789ab")
    assert said.code == 0
    assert "the code differs: the token was made by 0123456789ab" in said.out


def test_a_bundle_of_other_code_says_so_and_is_not_called_nondeterminism(
    shell, bundle: Path
) -> None:
    kept = msgspec.msgpack.decode(gzip.decompress(bundle.read_bytes()), type=Bundle)
    token = kept.token.partition("#")[0] + "#0123456789ab"
    outcome = msgspec.structs.replace(kept.outcome, digest="0" * 64)
    said = shell("replay", changed(bundle, token=token, outcome=outcome))
    assert said.code == 1
    assert "the code differs" in said.out
    assert "not the bundle's run any more" in said.out


def test_a_bundle_of_this_code_with_another_digest_is_nondeterminism(shell, bundle: Path) -> None:
    kept = msgspec.msgpack.decode(gzip.decompress(bundle.read_bytes()), type=Bundle)
    outcome = msgspec.structs.replace(kept.outcome, digest="0" * 64)
    said = shell("replay", changed(bundle, outcome=outcome))
    assert said.code == 3
    assert "NONDETERMINISM" in said.out


def test_until_shows_the_records_up_to_there(shell) -> None:
    said = shell("replay", "calm@1", "--until", "5")
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["1", "2", "3", "4", "5"]
    assert lines[5].startswith("stopped after 5 of ")


def test_a_trace_is_every_record_a_line_each(shell) -> None:
    replayed = shell("replay", "calm@1")
    said = shell("trace", "calm@1")
    assert said.code == 0
    lines = said.out.splitlines()
    assert f"over {len(lines)} records" in replayed.out
    assert " turn ['TurnRecord'" in lines[0] or " turn " in lines[0]
    assert lines[-1].split()[2] == "verdict"


def test_a_reader_of_a_trace_may_leave_early(shell) -> None:
    said = shell(f"{SCRIPT} trace calm@1 | head -n 1", command=("sh", "-c"))
    assert said.out.count("\n") == 1
    assert said.err == ""


def test_a_bundle_traces_as_its_token_does(shell, bundle: Path) -> None:
    kept = msgspec.msgpack.decode(gzip.decompress(bundle.read_bytes()), type=Bundle)
    assert shell("trace", bundle).out == shell("trace", kept.token).out


def test_a_bundle_of_other_code_traces_as_the_tail_it_kept(shell, bundle: Path) -> None:
    kept = msgspec.msgpack.decode(gzip.decompress(bundle.read_bytes()), type=Bundle)
    token = kept.token.partition("#")[0] + "#0123456789ab"
    said = shell("trace", changed(bundle, token=token))
    head, *lines = said.out.splitlines()
    assert f"its last {len(kept.tail)} records" in head
    assert int(lines[-1].split()[0]) == kept.records


def test_two_equal_runs_do_not_differ(shell) -> None:
    said = shell("diff", "calm@1", "calm@1")
    assert said.code == 0
    assert said.out.startswith("the same ")


def test_two_seeds_differ_and_the_first_record_is_shown_of_both(shell) -> None:
    said = shell("diff", "default@1", "default@2")
    assert said.code == 1
    head, a, b = said.out.splitlines()
    assert head.startswith("the first record that differs is number ")
    assert (a[:2], b[:2]) == ("a ", "b ")


def test_a_bug_shows_in_the_difference_to_the_clean_run(shell) -> None:
    said = shell("diff", "default@0", f"default[bug={BUG}]@0")
    assert said.code == 1
    assert "the first record that differs" in said.out


def test_a_bundle_is_the_same_file_when_the_failure_is_the_same(shell, bundle: Path) -> None:
    before = bundle.read_bytes()
    bundle.unlink()
    assert shell("run", "--bug", BUG, "--seeds", "2").code == 1
    assert bundle.read_bytes() == before


def test_a_timeline_is_one_file_beside_the_same_replay(shell, bundle: Path, tmp_path: Path) -> None:
    alone = shell("replay", bundle)
    said = shell("replay", bundle, "--timeline", "failure.html")
    assert said.code == 1
    assert said.out.splitlines() == ["timeline: failure.html", *alone.out.splitlines()]
    page = (tmp_path / "failure.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "default-src 'none'" in page


def test_a_timeline_in_a_folder_that_is_not_there_is_refused(refused) -> None:
    said = refused("replay", "calm@1", "--timeline", "nowhere/failure.html")
    assert "the folder nowhere does not exist" in said
