"""The cases as data: each of the published slice once, with words that mean something."""

import re
from pathlib import Path

import pytest

from conformance.capabilities import NOT_IN_MODEL, Capabilities, Capability
from conformance.cases import CASES, DATA_CASES, EXECUTION_CASES, Case, Side, matches
from conformance.certify import skips
from conformance.checks import CHECKS, STEADY
from conformance.native import CAPABILITIES
from conformance.oracles import ORACLES, SAME_AGAIN
from conformance.world import make_tester
from simulation.scenarios import BTCUSDT

SYMBOLS = {"I", "D", "S", "A", "R", "T", "PU", "PX", "U", "MR", "CR", "X", "E", "F", "PF"}
PUBLISHED_DATA = "01 02 03 10 11 12 13 14 15 20 21 30 31"
PUBLISHED_EXECUTION = (
    "01 02 03 04 05 06 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 "
    "30 31 32 33 34 35 36 40 41 42 43 44"
)


def test_every_published_case_of_the_slice_is_there_once_and_in_order() -> None:
    assert [case.id for case in DATA_CASES] == [f"TC-D{n}" for n in PUBLISHED_DATA.split()]
    assert [case.id for case in EXECUTION_CASES] == [
        f"TC-E{n}" for n in PUBLISHED_EXECUTION.split()
    ]
    assert list(CASES) == [case.id for case in (*DATA_CASES, *EXECUTION_CASES)]


def test_ids_tell_the_side() -> None:
    for case in CASES.values():
        assert case.id.startswith("TC-D") is (case.side is Side.DATA)


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.id)
def test_a_case_says_what_it_is_and_names_known_checks(case: Case) -> None:
    assert case.title
    assert set(case.needs) | set(case.unless) <= set(Capability)
    assert set(case.checks) <= set(CHECKS)
    assert set(case.strikes) <= {"RESET", "ANSWER_LOST", "STALE_SNAPSHOT"}
    for pattern in case.sequences:
        assert set(re.findall("[A-Z]+", pattern)) <= SYMBOLS


@pytest.mark.parametrize(
    "case", [case for case in CASES.values() if not skips(case, CAPABILITIES)], ids=lambda c: c.id
)
def test_a_case_that_runs_sets_a_tester_and_looks_for_something(case: Case) -> None:
    make_tester(case, BTCUSDT)  # a parameter that it does not have is a TypeError
    assert case.checks
    assert case.sequences or case.side is Side.DATA


def test_every_check_is_used_and_says_a_sentence() -> None:
    used = {name for case in CASES.values() for name in case.checks}
    assert used == set(CHECKS)
    assert set(STEADY) <= set(CHECKS)
    for check in CHECKS.values():
        assert (check.__doc__ or "").strip().endswith(".")


def test_the_ten_global_oracles_are_there() -> None:
    ids = [oracle.id for oracle in ORACLES] + [SAME_AGAIN]
    assert ids == [f"G{number}" for number in range(1, 11)]


def test_only_what_the_kernel_cannot_say_or_the_client_declares_is_skipped() -> None:
    skipped = {case.id: skips(case, CAPABILITIES) for case in CASES.values()}
    skipped = {name: why for name, why in skipped.items() if why}
    assert set(skipped) == {
        *("TC-E24", "TC-E25", "TC-E26", "TC-E27", "TC-E36"),
    }
    assert skipped["TC-E36"] == "declared: modify"
    for name in set(skipped) - {"TC-E36"}:
        assert any(
            need in NOT_IN_MODEL and NOT_IN_MODEL[need] in skipped[name]
            for need in CASES[name].needs
        )


def test_an_undeclared_capability_skips_and_is_named() -> None:
    assert skips(CASES["TC-E18"], Capabilities()) == "not declared: gtd"
    assert skips(CASES["TC-E36"], Capabilities()) == ""


def test_what_the_kernel_cannot_say_is_skipped_whatever_is_declared() -> None:
    assert "MARKET_IF_TOUCHED" in skips(CASES["TC-E24"], Capabilities.of("mit"))


@pytest.mark.parametrize("names", [("markets",), ("ioc", "ioc")])
def test_a_wrong_declaration_is_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=names[0]):
        Capabilities.of(*names)


@pytest.mark.parametrize(
    ("pattern", "life", "fits"),
    [
        ("I S A? PF* F", "I S F", True),
        ("I S A? PF* F", "I S A PF PF F", True),
        ("I S A? PF* F", "I S A PF", False),
        ("I S A", "I S A PX X", False),
        ("I S A", "I S", False),
        ("I S A (PU MR)+", "I S A PU MR PU MR", True),
        ("I S A? PF* (F|PF X)", "I S PF X", True),
        ("I S A? PF* (F|PF X)", "I S X", False),
        ("I S A (E|X)", "I S A E", True),
    ],
)
def test_patterns_mean_what_they_say(pattern: str, life: str, fits: bool) -> None:
    assert matches(pattern, tuple(life.split())) is fits


def test_testers_and_cases_run_live_so_they_import_engine_and_invariants_only() -> None:
    root = Path(__file__).resolve().parents[2]
    for name in ("capabilities", "cases", "testers"):
        text = (root / "conformance" / f"{name}.py").read_text()
        for package in re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE):
            assert package not in {"simulation", "zoo", "fuzz", "seatrial", "tests"}
        imported = re.findall(r"^from conformance\.(\w+)", text, re.MULTILINE)
        assert set(imported) <= {"capabilities", "cases", "testers"}
