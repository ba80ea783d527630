"""A bundle holds a failed run whole, and a file that is none is refused by name."""

import gzip
from pathlib import Path

import msgspec
import pytest

from simulation.bundle import FORMAT, TAIL, Bundle, BundleError, load, make_bundle, save
from simulation.cut import Cut
from simulation.options import RunOptions
from simulation.outcome import Outcome, Verdict
from simulation.recorder import record_here
from simulation.recording import Recording, first_difference

TOKEN = "my.module:storm[bug=some-bug]@12#0123456789ab"


def recording(records: int = 3) -> Recording:
    options = RunOptions("my.module:storm", bug="some-bug", code="0123456789ab")
    outcome = Outcome("my.module:storm", 12, Verdict.VIOLATION, "d" * 64, records, TOKEN, "FIL-1")
    kept = [b"record %d" % number for number in range(records)]
    return Recording(options, outcome, kept, {"a stream": [("label", 5, 3)]}, ["7 RESET"])


def test_a_bundle_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    bundle = make_bundle(recording())
    assert load(save(bundle, tmp_path)) == bundle
    assert bundle.token == TOKEN
    assert bundle.options.bug == "some-bug"
    assert bundle.plan == ["7 RESET"]
    assert bundle.tape == {"a stream": [("label", 5, 3)]}
    assert bundle.outcome.property_id == "FIL-1"
    assert {"python", "msgspec"} <= bundle.versions.keys()


def test_a_bundle_is_named_by_scenario_seed_and_code(tmp_path: Path) -> None:
    path = save(make_bundle(recording()), tmp_path / "made" / "on the way")
    assert path.name == "my.module.storm-12-01234567.bundle"
    assert path.exists()


def test_the_same_failure_is_the_same_file(tmp_path: Path) -> None:
    one = save(make_bundle(recording()), tmp_path / "one").read_bytes()
    assert save(make_bundle(recording()), tmp_path / "two").read_bytes() == one


def test_only_the_end_of_a_long_trace_is_kept() -> None:
    bundle = make_bundle(recording(TAIL + 50))
    assert bundle.records == TAIL + 50
    assert bundle.tail[0] == b"record 50"
    assert len(bundle.tail) == TAIL


@pytest.mark.parametrize("seed", range(3))
def test_a_bundle_of_a_whole_default_run_is_under_64_kb_and_names_its_code(
    tmp_path: Path, seed: int
) -> None:
    bundle = make_bundle(record_here(RunOptions(), seed))
    assert save(bundle, tmp_path).stat().st_size < 64 * 1024
    assert {"engine/kernel.py", "simulation/bundle.py", "msgspec"} <= bundle.parts.keys()


def test_a_shrunk_bundle_has_a_name_of_its_own_and_is_driven_by_its_tape(tmp_path: Path) -> None:
    whole = make_bundle(recording())
    shrunk = msgspec.structs.replace(whole, cut=Cut(stop_ns=5, traders=(1,)))
    path = save(shrunk, tmp_path)
    assert path.name == "my.module.storm-12-01234567-shrunk.bundle"
    assert load(path) == shrunk
    assert shrunk.by_tape
    assert not whole.by_tape


def written(path: Path, content: object) -> Path:
    path.write_bytes(gzip.compress(msgspec.msgpack.encode(content)))
    return path


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"gone\.bundle: no such bundle"):
        load(tmp_path / "gone.bundle")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="not a bundle"):
        load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"words", b"\x1f\x8b\x08\x00junk"])
def test_a_file_that_was_never_packed_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.bundle"
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"x\.bundle: not a bundle"):
        load(path)


def test_a_bundle_damaged_anywhere_is_refused_or_still_whole(tmp_path: Path) -> None:
    whole = save(make_bundle(recording()), tmp_path).read_bytes()
    path = tmp_path / "x.bundle"
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        try:
            bundle = load(path)
        except BundleError as error:
            assert "x.bundle" in str(error)
        else:  # only the packing's own header has bytes that mean nothing
            assert bundle == make_bundle(recording())


def test_a_bundle_of_another_format_is_refused_by_its_number(tmp_path: Path) -> None:
    path = written(tmp_path / "x.bundle", {"format": FORMAT + 1, "anything": "else"})
    with pytest.raises(BundleError, match=f"bundle format {FORMAT + 1}, this version reads"):
        load(path)


@pytest.mark.parametrize("content", [[], {}, {"format": FORMAT}, {"format": "one"}])
def test_a_file_that_lacks_what_a_bundle_holds_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(BundleError, match="not a bundle"):
        load(written(tmp_path / "x.bundle", content))


def test_a_bundle_whose_token_is_none_is_refused(tmp_path: Path) -> None:
    bundle: Bundle = msgspec.structs.replace(make_bundle(recording()), token="nothing")
    with pytest.raises(BundleError, match="not a token"):
        load(written(tmp_path / "x.bundle", bundle))


@pytest.mark.parametrize(
    ("a", "b", "index"),
    [
        ([], [], None),
        ([b"1", b"2"], [b"1", b"2"], None),
        ([b"1", b"2"], [b"1", b"3"], 1),
        ([b"1"], [b"1", b"2"], 1),
        ([b"1", b"2"], [b"1"], 1),
        ([], [b"1"], 0),
    ],
)
def test_two_runs_differ_first_where_a_record_differs_or_is_missing(
    a: list[bytes], b: list[bytes], index: int | None
) -> None:
    assert first_difference(a, b) == index
