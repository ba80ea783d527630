"""`seatrial shrink`: the colleague gets the smallest run that still shows it."""

import gzip
import os
import re
import sys
from pathlib import Path

import msgspec
import pytest

from simulation.bundle import Bundle

BUG = "fill-named-by-query-time"
TOKEN = f"default[bug={BUG}]@0"


def kept_in(path: Path) -> Bundle:
    return msgspec.msgpack.decode(gzip.decompress(path.read_bytes()), type=Bundle)


def written(bundle: Bundle, path: Path, **changes: object) -> Path:
    other = msgspec.structs.replace(bundle, **changes)
    path.write_bytes(gzip.compress(msgspec.msgpack.encode(other)))
    return path


@pytest.fixture
def whole(shell, tmp_path: Path) -> Path:
    said = shell("run", "--bug", BUG, "--seeds", "1", "--jobs", "1")
    assert said.code == 1, said
    return tmp_path / said.bundle


def test_a_bundle_shrinks_to_a_bundle_that_replays_byte_for_byte(
    shell, whole: Path, tmp_path: Path
) -> None:
    said = shell("shrink", whole, "--out", "small", "--budget", "5m")
    assert said.code == 0, said
    left = re.search(
        r"^(\d+) deviations from quiet are left:\n((?:  .* of \d+\n)*)", said.out, re.M
    )
    assert left is not None, said.out
    assert int(left[1]) == left[2].count("\n") <= 12
    assert re.search(r"choices that are not the dullest: \d+ -> \d+", said.out)

    small = tmp_path / said.bundle
    assert small.parent.name == "small"
    assert kept_in(small).outcome.property_id == kept_in(whole).outcome.property_id
    again = shell("replay", small)
    assert again.code == 1
    assert "the same run as the bundle's, byte for byte" in again.out
    assert f"seatrial replay '{small}'" in again.out  # its token would name another run
    assert len(shell("trace", small).out.splitlines()) == kept_in(small).records


def test_a_token_shrinks_as_its_bundle_does_and_twice_to_the_same_file(
    shell, whole: Path, tmp_path: Path
) -> None:
    by_bundle = shell("shrink", whole, "--out", "one", "--budget", "5m")
    by_token = shell("shrink", TOKEN, "--out", "two", "--budget", "5m")
    one, two = tmp_path / by_bundle.bundle, tmp_path / by_token.bundle
    assert one.read_bytes() == two.read_bytes()
    again = shell("shrink", one, "--out", "three", "--budget", "5m")
    assert again.code == 0
    assert "another subject" not in again.out


def test_a_run_that_passes_is_refused(refused) -> None:
    assert "leaves nothing to shrink" in refused("shrink", "calm@1")


def test_a_budget_that_is_no_duration_is_refused(refused) -> None:
    assert "duration '1'" in refused("shrink", "calm@1", "--budget", "1")


def test_a_bundle_of_other_code_says_what_changed_and_falls_back_to_its_tape(
    shell, tmp_path: Path
) -> None:
    said = shell("run", "--bug", "silence-is-rejection", "--first-seed", "6", "--seeds", "1")
    kept = kept_in(tmp_path / said.bundle)
    # as if the code had changed what seeds mean: under the name of one that passes
    other = written(
        kept,
        tmp_path / "other.bundle",
        token=kept.token.partition("@")[0] + "@7#0123456789ab",
        parts={**kept.parts, "engine/cache.py": "00000000", "msgspec": "0.0.1"},
        versions={**kept.versions, "python": "3.0.1"},
    )
    said = shell("replay", other)
    assert said.code == 1, said
    assert "the code differs: the token was made by 0123456789ab" in said.out
    assert "changed: engine: cache.py\n" in said.out
    assert "changed: msgspec 0.0.1 -> " in said.out
    assert "changed: python 3.0.1 -> " in said.out
    assert "its seed alone gives PASS now; this is its tape" in said.out
    assert "did not fit in 0 places" in said.out
    assert "the same run as the bundle's, byte for byte" in said.out
    assert f"seatrial replay '{other}'" in said.out


def test_the_debugger_opens_where_it_fails_and_knows_the_world(shell, whole: Path) -> None:
    script = f"printf 'p self.turns\\nw\\nq\\n' | seatrial replay {whole} --pdb"
    said = shell(script, command=("bash", "-c"), PATH=_path())
    assert said.code == 1, said
    opened = re.search(r"the debugger opens at record (\d+) of (\d+)", said.out)
    assert opened is not None
    assert int(opened[1]) in (int(opened[2]) - 1, int(opened[2]))
    assert "_turn_done()" in said.out
    assert "(Pdb) " in said.out


def test_the_debugger_opens_at_any_record_of_a_run_that_passes(shell) -> None:
    script = "printf 'p self.trace.count\\nc\\n' | seatrial replay calm@1 --until 7 --pdb"
    said = shell(script, command=("bash", "-c"), PATH=_path())
    assert said.code == 0, said
    assert "the debugger opens at record 7 of " in said.out
    assert "(Pdb) 7\n" in said.out


def test_the_debugger_of_an_exception_opens_where_it_was_raised(shell, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(RAISING)
    script = "printf 'p depth\\nq\\n' | seatrial replay mine:scenario@1 --pdb"
    said = shell(script, command=("bash", "-c"), PATH=_path())
    assert said.code == 1, said
    assert "(Pdb) 41\n" in said.out


def test_a_run_that_passes_has_no_place_where_it_fails(refused) -> None:
    assert "say where to stop with --until" in refused("replay", "calm@1", "--pdb")


RAISING = """
from seatrial import CALM, CATALOGUE, Scenario, SeededMarket, Strategy, Venue
from simulation.scenarios import BTCUSDT


class Raises(Strategy):
    def on_start(self) -> None:
        self.subscribe_quote_ticks(BTCUSDT.id)

    def on_quote_tick(self, tick) -> None:
        depth = 41
        raise ValueError(depth)


def scenario():
    venues = [Venue("SIM", instruments=[BTCUSDT])]
    return Scenario(
        venues=venues, market=SeededMarket(), strategies=[Raises], faults=CALM, properties=CATALOGUE
    )
"""


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
