"""The JUnit file: what a CI server makes of a certificate."""

import xml.etree.ElementTree as ET

import pytest

from conformance.capabilities import Capabilities
from conformance.report import CaseResult, Failure, Report, Verdict, junit

FAILURE = Failure(7, True, False, (("G2", "T-1 was <never> heard of & more\x00"), ("G7", "USDT")))


@pytest.fixture
def suite() -> ET.Element:
    report = Report(
        "faults",
        20,
        0,
        Capabilities.of("market", "ioc"),
        (
            CaseResult("TC-D20", "Quotes", "data", Verdict.PASS, "", 20),
            CaseResult("TC-D21", "Past quotes", "data", Verdict.SKIP, "no requests"),
            CaseResult("TC-E01", "Buy", "execution", Verdict.FAIL, "", 40, 2, (FAILURE,)),
            CaseResult("TC-E02", "Sell", "execution", Verdict.ERROR, "", 40, 1, (FAILURE,)),
        ),
    )
    found = ET.fromstring(junit(report)).find("testsuite")
    assert found is not None
    return found


def test_the_suite_counts_each_verdict(suite: ET.Element) -> None:
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}


def test_each_case_says_its_verdict_once(suite: ET.Element) -> None:
    said = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert said == {
        "TC-D20 Quotes": [],
        "TC-D21 Past quotes": ["skipped"],
        "TC-E01 Buy": ["failure"],
        "TC-E02 Sell": ["error"],
    }


def test_a_failure_names_rule_world_and_every_finding(suite: ET.Element) -> None:
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("type") == "G2"
    assert failure.get("message", "").startswith("2 of 40 runs; seed 7, with faults, risk bypassed")
    assert (failure.text or "").splitlines() == [
        "seed 7, with faults, risk bypassed: G2: T-1 was <never> heard of & more?",
        "seed 7, with faults, risk bypassed: G7: USDT",
    ]


def test_a_skip_says_why(suite: ET.Element) -> None:
    skipped = suite.find("testcase/skipped")
    assert skipped is not None
    assert skipped.get("message") == "no requests"


def test_what_was_certified_is_written_down(suite: ET.Element) -> None:
    said = {p.get("name"): p.get("value") for p in suite.iter("property")}
    assert said == {
        "level": "faults",
        "seeds": "20",
        "first_seed": "0",
        "capabilities": "market, ioc",
    }
