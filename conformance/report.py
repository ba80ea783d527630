"""A certificate: verdict per case, as a value, as a table and as JUnit XML."""

import xml.etree.ElementTree as ET
from enum import StrEnum
from typing import Final

import msgspec
from rich.table import Table
from rich.text import Text

from conformance.capabilities import Capabilities

EXIT_PASSED: Final = 0
EXIT_FAILED: Final = 1
EXIT_HARNESS: Final = 4
EXIT_INCONCLUSIVE: Final = 5  # nothing was judged


class Verdict(StrEnum):
    """`ERROR`: the harness broke, so nothing is known; never counted as a pass."""

    PASS = "PASS"
    FAIL = "FAIL"
    SKIP = "SKIP"
    ERROR = "ERROR"


class Failure(msgspec.Struct, frozen=True):
    """One run that did not pass: `findings` are (rule, what was seen)."""

    seed: int
    faults: bool
    with_risk: bool
    findings: tuple[tuple[str, str], ...]

    @property
    def world(self) -> str:
        """Which run it was."""
        weather = "with faults" if self.faults else "calm"
        return f"seed {self.seed}, {weather}, risk {'on' if self.with_risk else 'bypassed'}"

    def __str__(self) -> str:
        rule, detail = self.findings[0]
        more = f" (and {len(self.findings) - 1} more)" if len(self.findings) > 1 else ""
        return f"{self.world}: {rule}: {detail}{more}"


class CaseResult(msgspec.Struct, frozen=True):
    """
    Attributes:
        skipped: why, when the verdict is SKIP.
        runs, failed: worlds it was run in, and those in which it did not pass.
        failures: the first few of them.
        digest: SHA-256 over the turns of the first run.
    """

    id: str
    title: str
    side: str
    verdict: Verdict
    skipped: str = ""
    runs: int = 0
    failed: int = 0
    failures: tuple[Failure, ...] = ()
    digest: str = ""

    @property
    def detail(self) -> str:
        """One line that says why it is not a pass; empty when it is."""
        if self.skipped:
            return self.skipped
        return f"{self.failed} of {self.runs} runs; {self.failures[0]}" if self.failures else ""


class Report(msgspec.Struct, frozen=True):
    """What `certify` found, in the order of the matrix."""

    level: str
    seeds: int
    first_seed: int
    capabilities: Capabilities
    results: tuple[CaseResult, ...]

    def count(self, verdict: Verdict) -> int:
        return sum(1 for result in self.results if result.verdict is verdict)

    @property
    def passed(self) -> bool:
        """Something passed and nothing else happened: a report of skips alone is no pass."""
        return self.exit_code == EXIT_PASSED

    @property
    def exit_code(self) -> int:
        if self.count(Verdict.ERROR):
            return EXIT_HARNESS
        if self.count(Verdict.FAIL):
            return EXIT_FAILED
        return EXIT_PASSED if self.count(Verdict.PASS) else EXIT_INCONCLUSIVE

    def result(self, case_id: str) -> CaseResult:
        """Raises KeyError when that case is not in the report."""
        for result in self.results:
            if result.id == case_id:
                return result
        raise KeyError(case_id)

    def summary(self) -> str:
        counts = ", ".join(f"{self.count(verdict)} {verdict}" for verdict in Verdict)
        return f"level {self.level}, {self.seeds} seeds from {self.first_seed}: {counts}"


_STYLES: Final = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.SKIP: "yellow",
    Verdict.ERROR: "magenta",
}


def table(report: Report) -> Table:
    """The matrix, a row per case."""
    shown = Table("case", "verdict", "runs", "title", "why", box=None, pad_edge=False)
    for result in report.results:
        verdict = Text(result.verdict.value, _STYLES[result.verdict])
        shown.add_row(result.id, verdict, str(result.runs), result.title, Text(result.detail))
    return shown


def junit(report: Report) -> bytes:
    """The report as JUnit XML (UTF-8): a test case per case of the matrix."""
    suites = ET.Element("testsuites")
    suite = ET.SubElement(
        suites,
        "testsuite",
        name=f"seatrial certify {report.level}",
        tests=str(len(report.results)),
        failures=str(report.count(Verdict.FAIL)),
        errors=str(report.count(Verdict.ERROR)),
        skipped=str(report.count(Verdict.SKIP)),
    )
    properties = ET.SubElement(suite, "properties")
    said = {
        "level": report.level,
        "seeds": str(report.seeds),
        "first_seed": str(report.first_seed),
        "capabilities": ", ".join(report.capabilities.declared),
    }
    for name, value in said.items():
        ET.SubElement(properties, "property", name=name, value=value)
    for result in report.results:
        element = ET.SubElement(
            suite,
            "testcase",
            classname=f"conformance.{result.side}",
            name=f"{result.id} {result.title}",
        )
        if result.verdict is Verdict.SKIP:
            ET.SubElement(element, "skipped", message=result.skipped)
        elif result.verdict is not Verdict.PASS:
            kind = "error" if result.verdict is Verdict.ERROR else "failure"
            rule = result.failures[0].findings[0][0]
            broken = ET.SubElement(element, kind, type=rule, message=_printable(result.detail))
            broken.text = _printable(
                "\n".join(
                    f"{failure.world}: {rule}: {detail}"
                    for failure in result.failures
                    for rule, detail in failure.findings
                )
            )
    ET.indent(suites)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, "unicode").encode()


def _printable(text: str) -> str:
    """The text without what XML cannot hold, whatever an adapter's message carried."""
    return "".join(
        letter if letter in "\n\t" or (letter.isprintable() and letter != "\ufffe") else "?"
        for letter in text
    )
