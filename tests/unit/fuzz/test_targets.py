"""What every fuzz target has: clean inputs to begin with, and an oracle that can fail."""

from importlib.util import find_spec

import pytest

from fuzz.finding import Question
from fuzz.hunt import corpus_of
from fuzz.once import give
from fuzz.oracle import Wrong, accepted, agree, refused
from fuzz.targets import TARGETS, Target, module_of
from zoo.bugs import BUGS

EVERY = pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
# the others' seeds are messages and choices: they change with the protocol and the kernel
OF_TEXT = [TARGETS[name] for name in ("values", "identifiers", "bar_types", "recordings")]


@EVERY
def test_every_input_of_the_corpus_is_clean_and_not_too_long(target: Target) -> None:
    module = module_of(target)
    inputs = sorted(corpus_of(target).iterdir())
    assert len(inputs) >= 10
    for path in inputs:
        data = path.read_bytes()
        assert len(data) <= target.length_max, path.name
        module.check(data)


@pytest.mark.parametrize("target", OF_TEXT, ids=lambda target: target.name)
def test_corpus_on_disk_is_what_the_targets_seeds_are(target: Target) -> None:
    written = {path.name: path.read_bytes() for path in corpus_of(target).iterdir()}
    assert written == module_of(target).seeds(), "run python -m fuzz.corpus"


@EVERY
def test_what_a_target_watches_exists(target: Target) -> None:
    assert all(find_spec(name) is not None for name in target.watched)


@EVERY
@pytest.mark.parametrize("data", [b"", b"\0", b"\xff" * 9, bytes(range(256))[:90]], ids=repr)
def test_any_bytes_will_do(target: Target, data: bytes) -> None:
    module_of(target).check(data)


def test_an_answer_that_differs_from_the_witness_is_wrong() -> None:
    agree("one", 1, 1)
    with pytest.raises(Wrong, match="one: 1, the witness has 2"):
        agree("one", 1, 2)


def test_an_answer_where_the_witness_refuses_is_wrong() -> None:
    refused("zero", lambda: 1 // 0, ZeroDivisionError)
    with pytest.raises(Wrong, match="zero: 1, the witness refuses it"):
        refused("zero", lambda: 1, ZeroDivisionError)


def test_an_error_that_is_not_documented_is_no_refusal() -> None:
    with pytest.raises(ZeroDivisionError):
        refused("zero", lambda: 1 // 0, KeyError)


def test_a_refusal_where_the_witness_reads_is_wrong() -> None:
    assert accepted("number", lambda: int("1"), ValueError) == 1
    with pytest.raises(Wrong, match="refused"):
        accepted("number", lambda: int("x"), ValueError)


def test_a_clean_input_gives_no_finding() -> None:
    assert give(Question("values", b"pC1.50")) is None


def test_what_an_oracle_raises_is_a_finding_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    import fuzz.targets.values as values

    monkeypatch.setattr(values, "text_of", lambda value, decimals: "nonsense")

    finding = give(Question("values", b"pC1.50"))

    assert finding is not None
    assert finding.signature == (
        "Wrong",
        "text of Price of '1.50': '1.50', the witness has 'nonsense'",
    )
    assert "_same_scaled" in finding.traceback
    assert finding.tape is None


def test_at_least_three_bugs_of_parsers_are_planted() -> None:
    targets = [bug.target for bug in BUGS.values() if bug.target]
    assert len(targets) >= 3
    assert set(targets) <= set(TARGETS)
