"""The first failures of planted bugs become small ones of the same bug."""

from pathlib import Path

import pytest

from simulation import bundle as bundles
from simulation.recording import PYTHON, record_run
from simulation.tapes import deviations
from zoo.bugs import BUGS
from zoo.shrinking import Measured, line, measure, percentile, summary

DEVIATIONS_MAX = 12
MINUTE_NS = 60_000_000_000
# found by a fault, by a fill, by an exception, on a calm day
SHORT = (
    "silence-is-rejection",
    "fill-named-by-query-time",
    "locks-full-quantity",
    "flip-loses-rest",
    "book-gap-ignored",  # an older picture of a book that stands still
    "settlement-heard-live-only",  # a run cut short at the instant of an expiry
)


@pytest.fixture(scope="module")
def found() -> dict[str, Measured]:
    measured = {name: measure(BUGS[name], 40, 5 * MINUTE_NS) for name in SHORT}
    return {name: each for name, each in measured.items() if each is not None}


@pytest.mark.parametrize("name", SHORT)
def test_the_first_failure_of_a_bug_shrinks_to_a_dozen_choices_of_the_same_bug(
    found: dict[str, Measured], name: str
) -> None:
    shrunk = found[name].shrunk
    assert shrunk.is_minimal
    assert shrunk.recording.outcome.property_id == BUGS[name].property
    assert shrunk.deviations <= DEVIATIONS_MAX
    assert shrunk.deviations < deviations(shrunk.first.tape) // 4
    assert shrunk.is_repeatable
    assert found[name].without_bug.passed, found[name].without_bug


def test_a_shrunk_bundle_says_all_that_its_run_needs(
    found: dict[str, Measured], tmp_path: Path
) -> None:
    shrunk = found[SHORT[0]].shrunk
    path = bundles.save(shrunk.bundle(), tmp_path)
    assert path.stat().st_size < 16 * 1024
    kept = bundles.load(path)
    again = record_run(
        kept.options,
        found[SHORT[0]].seed,
        launcher=(*PYTHON, "zoo.patched", SHORT[0]),
        hash_seed="1",
        tape=kept.tape,
        cut=kept.cut,
    )
    assert again.outcome.digest == kept.outcome.digest
    assert again.records[-len(kept.tail) :] == kept.tail


def test_the_measure_names_each_bug_and_sums_up(found: dict[str, Measured]) -> None:
    for name, each in found.items():
        assert line(each).startswith(name)
        assert f"{each.shrunk.deviations} deviations" in line(each)
    assert summary(list(found.values())).startswith(f"{len(SHORT)} bugs: deviations median ")


def test_a_percentile_is_the_value_that_so_many_do_not_exceed() -> None:
    values = list(range(1, 21))
    assert percentile(values, 50) == 10
    assert percentile(values, 95) == 19
    assert percentile([7], 95) == 7
