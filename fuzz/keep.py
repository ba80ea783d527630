"""What a crash ships as: the same bundle file as a failed run's, with the target and its input."""

import hashlib
from typing import Final

import msgspec

from fuzz.finding import Finding
from simulation.bundle import Bundle, make_bundle
from simulation.options import RunOptions
from simulation.outcome import Outcome, Verdict
from simulation.recording import PYTHON, Recording, record_run
from simulation.token import code_hash

RUN: Final = "fuzz.scenario:harbour"


def bundle_of(finding: Finding, bug: str = "") -> Bundle:
    """The bundle of a finding.

    Of a run that the input drove it holds the run, recorded anew from its tape; of any other
    target the input and what it crashed with.

    Raises:
        RecordingFailed: the run died.
    """
    if finding.tape is None:
        recording = _of_input(finding, bug)
    else:
        launcher = (*PYTHON, "zoo.patched", bug) if bug else PYTHON
        recording = record_run(RunOptions(RUN, bug=bug), 0, launcher=launcher, tape=finding.tape)
    bundle = make_bundle(recording)
    return msgspec.structs.replace(bundle, target=finding.target, data=finding.data)


def _of_input(finding: Finding, bug: str) -> Recording:
    options = RunOptions(f"fuzz.{finding.target}", bug=bug, code=code_hash())
    outcome = Outcome(
        options.scenario,
        0,
        Verdict.VIOLATION,
        digest_of(finding),
        0,
        str(options.token(0)),
        subject=finding.target,
        detail=str(finding),
        traceback=finding.traceback,
    )
    return Recording(options, outcome, [], {}, [])


def digest_of(finding: Finding) -> str:
    """What two findings of one cause have in common, as 64 hexadecimal digits."""
    return hashlib.sha256("\0".join(finding.signature).encode("utf-8", "replace")).hexdigest()
