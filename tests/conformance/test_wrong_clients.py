"""The negative control: each wrong copy of the native client fails where it must."""

import pytest
from wrong_clients import WRONG

from conformance.certify import certify
from conformance.report import Verdict


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_client_fails_in_the_case_meant_for_it(mistake: str) -> None:
    wrong = WRONG[mistake]
    report = certify(wrong.factory, wrong.level, 3, cases=[wrong.case])
    result = report.result(wrong.case)
    assert result.verdict is Verdict.FAIL
    rules = {rule for failure in result.failures for rule, _ in failure.findings}
    assert wrong.rule in rules, result.detail
    assert report.exit_code == 1


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_client_fails_in_that_case_when_no_level_is_asked_for(mistake: str) -> None:
    wrong = WRONG[mistake]
    result = certify(wrong.factory, seeds=3, cases=[wrong.case]).result(wrong.case)
    assert result.verdict is Verdict.FAIL
    rules = {rule for failure in result.failures for rule, _ in failure.findings}
    assert wrong.rule in rules, result.detail


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_client_is_wrong_in_nothing_else_of_the_case(mistake: str) -> None:
    """The genuine client passes the very same worlds."""
    wrong = WRONG[mistake]
    assert certify(None, wrong.level, 3, cases=[wrong.case]).passed


def test_there_are_six_mistakes_and_the_higher_level_finds_each() -> None:
    assert len(WRONG) == 6
    cases = list(dict.fromkeys(wrong.case for wrong in WRONG.values()))
    for mistake, wrong in WRONG.items():
        report = certify(wrong.factory, "faults", 2, cases=cases)
        assert report.exit_code == 1, mistake
