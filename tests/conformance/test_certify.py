"""The certificate of the genuine client, and what the judge says when something breaks."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from conformance import checks
from conformance.capabilities import Capabilities
from conformance.certify import CertifyError, certify, certify_named
from conformance.evidence import Exhibit
from conformance.native import factory as native
from conformance.native import native_config
from conformance.report import Report, Verdict, table
from conformance.world import Adapter, Target
from engine.model.commands import ModifyOrder
from engine.model.identifiers import ClientId
from engine.model.reports import AccountReport, ExecutionReport
from simulation.client import NativeClient

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def report() -> Report:
    return certify(None, "faults", 2)


def test_the_native_client_passes_every_case_that_applies(report: Report) -> None:
    wrong = [f"{r.id}: {r.detail}" for r in report.results if r.verdict not in ("PASS", "SKIP")]
    assert not wrong, "\n".join(wrong)
    assert report.count(Verdict.PASS) == 44
    assert report.passed
    assert report.exit_code == 0


def test_execution_cases_run_with_risk_bypassed_and_on_and_each_seed_calm_too(
    report: Report,
) -> None:
    assert report.result("TC-E10").runs == 2 * 2 * 2
    assert report.result("TC-D20").runs == 2 * 2
    assert report.result("TC-E24").runs == 0


def test_the_same_call_gives_the_same_report(report: Report) -> None:
    cases = ["TC-D14", "TC-E13", "TC-E32"]
    again = certify(None, "faults", 2, cases=cases)
    assert again.results == tuple(report.result(case) for case in cases)
    assert all(len(result.digest) == 64 for result in again.results)


def test_other_seeds_are_other_runs() -> None:
    one = certify(None, "baseline", 1, cases=["TC-E01"])
    two = certify(None, "baseline", 1, first_seed=2, cases=["TC-E01"])
    assert one.results[0].digest != two.results[0].digest


def test_an_adapter_that_cannot_modify_runs_e36_and_skips_what_needs_it() -> None:
    def cannot_modify(target: Target) -> Adapter:
        client = _CannotModify.of(target)
        return Adapter(client, client, Capabilities.of("market"))

    found = certify(cannot_modify, "baseline", 2, cases=["TC-E30", "TC-E36"])
    assert found.result("TC-E30").skipped == "not declared: modify"
    assert found.result("TC-E36").verdict is Verdict.PASS, found.result("TC-E36").detail


def test_an_adapter_of_two_clients_is_certified_as_one() -> None:
    def two_clients(target: Target) -> Adapter:
        execution = native(target).execution
        data_target = msgspec.structs.replace(target, client_id=ClientId("SIM-DATA"))
        return Adapter(_DataOnly(data_target), execution, Capabilities.of("market", "book"))

    found = certify(two_clients, "baseline", 1, cases=["TC-D14", "TC-E10"])
    assert [str(r.verdict) for r in found.results] == ["PASS", "PASS"], [
        r.detail for r in found.results
    ]


def test_a_checker_that_crashes_is_an_error_and_never_a_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crashes(exhibit: Exhibit) -> None:
        raise LookupError("checker is broken")

    monkeypatch.setitem(checks.CHECKS, "trades", crashes)
    found = certify(None, "baseline", 1, cases=["TC-D30", "TC-D20"])
    assert found.result("TC-D30").verdict is Verdict.ERROR
    assert "checker is broken" in found.result("TC-D30").detail
    assert found.result("TC-D20").verdict is Verdict.PASS
    assert found.exit_code == 4


def test_a_report_of_skips_alone_is_no_pass() -> None:
    found = certify(None, "baseline", 1, cases=["TC-E24"])
    assert not found.passed
    assert found.exit_code == 5


def test_a_factory_that_raises_later_fails_the_case() -> None:
    made: list[Adapter] = []

    def runs_dry(target: Target) -> Adapter:
        if made:
            raise OSError("no more sockets")
        made.append(native(target))
        return made[0]

    result = certify(runs_dry, "baseline", 1, cases=["TC-D20"]).results[0]
    assert result.verdict is Verdict.FAIL
    assert "no more sockets" in result.detail


@pytest.mark.parametrize(
    ("level", "seeds", "cases", "says"),
    [
        ("harsh", 1, (), "no level"),
        ("baseline", 0, (), "at least 1"),
        ("baseline", 1, ("TC-E99",), "TC-E99"),
    ],
)
def test_what_cannot_be_certified_is_refused(
    level: str, seeds: int, cases: tuple[str, ...], says: str
) -> None:
    with pytest.raises(CertifyError, match=says):
        certify(None, level, seeds, cases=cases)


@pytest.mark.parametrize(
    ("adapter", "says"),
    [
        ("nosuchmodule:factory", "nosuchmodule"),
        ("conformance.native:nosuch", "nosuch"),
        ("conformance.native", "MODULE:NAME"),
        ("conformance.native:native_config", "no Adapter"),
    ],
)
def test_a_factory_that_is_none_is_refused_in_one_line(adapter: str, says: str) -> None:
    with pytest.raises(CertifyError, match=says) as refused:
        certify_named(adapter, "baseline", 1)
    assert "\n" not in str(refused.value)


def test_the_table_has_a_row_per_case(report: Report) -> None:
    shown = table(report)
    assert shown.row_count == len(report.results) == 49


def test_the_command_prints_the_matrix_and_writes_junit(tmp_path: Path) -> None:
    arguments = ["--seeds", "1", "--case", "TC-E18", "--case", "TC-E36", "--junit", "c.xml"]
    done = subprocess.run(
        [sys.executable, "-m", "seatrial.main", "certify", *arguments],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "TC-E18  PASS" in done.stdout
    assert "1 PASS, 0 FAIL, 1 SKIP, 0 ERROR" in done.stdout
    assert b"TC-E18" in (tmp_path / "c.xml").read_bytes()


class _CannotModify(NativeClient):
    @classmethod
    def of(cls, target: Target) -> "_CannotModify":
        return cls(native_config(target), target.channel, target.clock, target.entropy, target.post)

    def _release(self, command: object) -> None:
        if isinstance(command, ModifyOrder):
            self._turn_back(command, "NOT_SUPPORTED: cannot modify")
        else:
            super()._release(command)  # type: ignore[arg-type]


class _DataOnly:
    """The native client without its trading side."""

    def __init__(self, target: Target) -> None:
        self._client = NativeClient(
            native_config(target),
            target.channel,
            target.clock,
            target.entropy,
            lambda message: _pass_on(target, message),
        )
        self.client_id = self._client.client_id
        self.venue = self._client.venue

    def send(self, command: object) -> None:
        self._client.send(command)  # type: ignore[arg-type]


def _pass_on(target: Target, message: object) -> None:
    if not isinstance(message, AccountReport | ExecutionReport):
        target.post(message)  # type: ignore[arg-type]
