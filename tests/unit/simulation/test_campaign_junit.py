"""What a build server reads of a campaign."""

import xml.etree.ElementTree as ET

from simulation.campaign import Campaign
from simulation.junit import junit
from simulation.outcome import Outcome, Verdict


def outcome(seed: int, verdict: str, detail: str = "") -> Outcome:
    found = "FIL-1" if verdict == "VIOLATION" else ""
    token = f"calm@{seed}#0123456789ab"
    return Outcome("calm", seed, Verdict(verdict), "d", 1, token, found, "O-1", detail)


def suite(results: list[Outcome], never_fired: list[str], near: list[Outcome]) -> ET.Element:
    campaign = Campaign(
        "calm", "c", len(results), 0, 0, 1.5, 1.0, 0, results, {}, {}, {}, {}, never_fired,
        neighbours=near,
    )  # fmt: skip
    found = ET.fromstring(junit(campaign)).find("testsuite")
    assert found is not None
    return found


def test_every_run_is_a_case_and_what_broke_is_told_with_its_token() -> None:
    runs = [outcome(0, "PASS"), outcome(1, "VIOLATION", "filled 2 of 1"), outcome(2, "ERROR", "x")]
    found = suite(runs, [], [outcome(3, "NONDETERMINISM", "digest")])
    assert (found.get("tests"), found.get("failures"), found.get("errors")) == ("5", "2", "1")
    cases = {case.get("name"): case for case in found.iter("testcase")}
    assert list(cases) == ["calm@0", "calm@1", "calm@2", "calm@3", "what was owed"]
    assert len(cases["calm@0"]) == len(cases["what was owed"]) == 0
    (failure,) = cases["calm@1"]
    assert (failure.tag, failure.get("type")) == ("failure", "VIOLATION FIL-1")
    assert failure.get("message") == "O-1: filled 2 of 1"
    assert "seatrial replay 'calm@1#0123456789ab'" in (failure.text or "")
    assert cases["calm@2"][0].tag == "error"


def test_what_was_owed_and_never_seen_is_a_failed_case() -> None:
    found = suite([outcome(0, "PASS")], ["probe flip"], [])
    assert found.get("failures") == "1"
    case = list(found.iter("testcase"))[-1]
    assert case[0].get("message") == "owed and never seen: probe flip"


def test_text_that_xml_cannot_hold_is_replaced() -> None:
    found = suite([outcome(0, "VIOLATION", "a\x00b\ud800c")], [], [])
    (failure,) = found.iter("failure")
    assert failure.get("message") == "O-1: a?b?c"
