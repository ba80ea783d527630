"""A campaign as JUnit XML: a test case per run, one per canary, and one for what was owed."""

import re
import xml.etree.ElementTree as ET
from typing import Final

from simulation.campaign import Campaign
from simulation.outcome import Outcome, Verdict

_UNPRINTABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]")  # what XML cannot hold


def junit(campaign: Campaign) -> bytes:
    """UTF-8. A violation and NONDETERMINISM are failures; what the harness did is an error."""
    runs = [*campaign.results, *campaign.neighbours]
    canaries = campaign.canaries
    blind = sum(not heard.found for heard in canaries)
    errors = sum(outcome.verdict is Verdict.ERROR for outcome in runs)
    failures = sum(not outcome.passed for outcome in runs) - errors
    short = campaign.owed
    suites = ET.Element("testsuites")
    suite = ET.SubElement(
        suites,
        "testsuite",
        name=f"seatrial run {campaign.scenario}",
        tests=str(len(runs) + len(canaries) + 1),
        failures=str(failures + blind + bool(short)),
        errors=str(errors),
        time=f"{campaign.seconds:.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    for name in ("scenario", "code", "seeds", "cpu_seconds"):
        ET.SubElement(properties, "property", name=name, value=str(getattr(campaign, name)))
    for outcome in runs:
        _add_run(suite, campaign.scenario, outcome)
    for heard in canaries:
        name = f"canary of {heard.property_id}"
        case = ET.SubElement(suite, "testcase", classname=campaign.scenario, name=name)
        if not heard.found:
            message = _printable(heard.report())
            ET.SubElement(case, "failure", type=Verdict.INCONCLUSIVE, message=message)
    owed = ET.SubElement(suite, "testcase", classname=campaign.scenario, name="what was owed")
    if short:
        text = "; ".join(short)
        ET.SubElement(owed, "failure", type=Verdict.INCONCLUSIVE, message=_printable(text))
    ET.indent(suites, " ")
    data: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _add_run(suite: ET.Element, scenario: str, outcome: Outcome) -> None:
    name = outcome.token.partition("#")[0]
    case = ET.SubElement(suite, "testcase", classname=scenario, name=name)
    if outcome.passed:
        return
    broken = ET.SubElement(
        case,
        "error" if outcome.verdict is Verdict.ERROR else "failure",
        type=f"{outcome.verdict} {outcome.property_id}".rstrip(),
        message=_printable(f"{outcome.subject}: {outcome.detail}"),
    )
    broken.text = _printable("\n".join(filter(None, (outcome.report(), outcome.traceback))))


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("?", text)
