"""Verdicts tell kinds of news apart, and a report says how to see it again."""

import msgspec
import pytest

from simulation.outcome import EXIT_CODES, Outcome, Verdict


def outcome(verdict: Verdict = Verdict.PASS, **more: object) -> Outcome:
    return Outcome("default", 3, verdict, "d" * 64, 10, "default@3#0123456789ab", **more)


@pytest.mark.parametrize(
    ("verdict", "code"),
    [("PASS", 0), ("VIOLATION", 1), ("NONDETERMINISM", 3), ("ERROR", 4), ("INCONCLUSIVE", 5)],
)
def test_every_verdict_has_its_exit_code(verdict: str, code: int) -> None:
    assert outcome(Verdict(verdict)).exit_code == code
    assert outcome(Verdict(verdict)).passed is (code == 0)


def test_every_verdict_has_one_place_in_the_order_of_precedence() -> None:
    assert list(EXIT_CODES) == [
        Verdict.ERROR,
        Verdict.NONDETERMINISM,
        Verdict.VIOLATION,
        Verdict.INCONCLUSIVE,
        Verdict.PASS,
    ]


def test_a_report_names_what_broke_and_how_to_see_it_again() -> None:
    text = outcome(Verdict.VIOLATION, property_id="FIL-1", subject="T-1", detail="twice").report()
    assert "VIOLATION(FIL-1) T-1: twice" in text
    assert "seatrial replay 'default@3#0123456789ab'" in text
    assert "\n" not in text


def test_in_json_the_property_goes_by_its_own_name() -> None:
    plain = msgspec.json.decode(msgspec.json.encode(outcome(property_id="FIL-1")))
    assert plain["property"] == "FIL-1"
    assert {"seed", "verdict", "digest", "property", "events", "token"} <= plain.keys()


def test_failures_with_other_numbers_in_them_have_one_signature() -> None:
    one = outcome(Verdict.VIOLATION, property_id="POS-1", detail="holds -0.5 of O-2023-1")
    two = outcome(Verdict.VIOLATION, property_id="POS-1", detail="holds 12 of O-2024-17")
    assert one.signature == two.signature


def test_failures_of_other_properties_have_other_signatures() -> None:
    one = outcome(Verdict.VIOLATION, property_id="POS-1", detail="x")
    two = outcome(Verdict.VIOLATION, property_id="POS-2", detail="x")
    assert one.signature != two.signature


def test_exceptions_raised_at_one_place_have_one_signature_whatever_was_being_handled() -> None:
    shown = 'Traceback:\n  File "a.py", line 1, in f\n    g()\n  File "b.py", line 2, in g\nE: {}\n'
    one = outcome(Verdict.VIOLATION, detail="E while handling A", traceback=shown.format(1))
    two = outcome(Verdict.VIOLATION, detail="E while handling B", traceback=shown.format(2))
    elsewhere = outcome(Verdict.VIOLATION, traceback=shown.replace("line 2", "line 3"))
    assert one.signature == two.signature != elsewhere.signature
