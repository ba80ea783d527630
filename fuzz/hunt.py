"""Search for an input that crashes a target, and ask again whether it does."""

import os
import signal
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from fuzz.finding import DIED, SLOW, Finding, Job, Question
from fuzz.targets import Target
from simulation.recording import PYTHON

CORPUS: Final = Path(__file__).resolve().parent / "corpus"
_GRACE_S: Final = 60  # to import, to instrument, to read the corpus, to end
_ASK_GRACE_S: Final = 15  # to import
_LOG_LINES: Final = 12
_ARTIFACTS: Final = (("crash-*", DIED), ("timeout-*", SLOW), ("oom-*", DIED))


class FuzzerMissing(RuntimeError):
    """atheris is not installed."""


class FuzzerFailed(RuntimeError):
    """The search ended without a verdict; says what its process said last."""


class Hunt(msgspec.Struct, frozen=True):
    """What a search did.

    Attributes:
        elapsed_ns: from the first execution to the last.
        cpu_ns: of the processor, between the same two.
        corpus: inputs that it began with.
        grown: inputs that it added, because they reached something new.
        finding: the input that crashed, or None: clean.
        is_sure: the finding came out the same in a process of its own.
    """

    target: str
    executions: int
    elapsed_ns: int
    cpu_ns: int
    corpus: int
    grown: int
    finding: Finding | None
    is_sure: bool = True

    @property
    def per_second(self) -> int:
        return self.executions * 1_000_000_000 // max(self.elapsed_ns, 1)

    @property
    def per_cpu_second(self) -> int:
        return self.executions * 1_000_000_000 // max(self.cpu_ns, 1)


def corpus_of(target: Target) -> Path:
    """The folder of the inputs that a search begins with."""
    return CORPUS / target.name


def hunt(target: Target, seconds: int, seed: int = 0, bug: str = "") -> Hunt:
    """Search for `seconds`, or until something crashes.

    Args:
        seed: of the fuzzer's choices. How far it comes in a second is the machine's affair, so
            two searches are alike only as far as both come.
        bug: zoo id to plant first, or "".
    Raises:
        FuzzerMissing: atheris is not installed.
        FuzzerFailed: the search broke.
    """
    if find_spec("atheris") is None:
        raise FuzzerMissing("atheris is not installed: pip install 'seatrial[fuzz]'")
    corpus = corpus_of(target)
    with tempfile.TemporaryDirectory(prefix="seatrial-fuzz-") as folder:
        work = Path(folder)
        job = Job(target.name, seconds, seed, bug, str(corpus), folder)
        log = work / "log"
        code = _run_child(job, log)
        finding = _finding_in(work, target)
        if finding is None and code != 0:
            raise FuzzerFailed(_last_words(log, code))
        executions, *times = struct.unpack("=5Q", (work / "count").read_bytes())
        first_ns, last_ns, first_cpu_ns, last_cpu_ns = times
        grown = len(list((work / "grown").iterdir()))
    began_with = len(list(corpus.iterdir()))
    again = None if finding is None else ask(target, finding.data, bug)
    is_sure = finding is None or (again is not None and again.signature == finding.signature)
    return Hunt(
        target.name,
        executions,
        last_ns - first_ns,
        last_cpu_ns - first_cpu_ns,
        began_with,
        grown,
        finding,
        is_sure,
    )


def ask(target: Target, data: bytes, bug: str = "") -> Finding | None:
    """Give one input to the target in a fresh process. Needs no atheris.

    Returns:
        What crashed, or None.
    """
    try:
        done = subprocess.run(
            (*_launcher(bug), "fuzz.once"),
            input=msgspec.msgpack.encode(Question(target.name, data)),
            stdout=subprocess.PIPE,
            timeout=target.seconds_max + _ASK_GRACE_S,
            check=False,
            env=_environment(),
        )
    except subprocess.TimeoutExpired:
        return Finding(target.name, data, SLOW, "")
    if done.returncode < 0:
        return Finding(target.name, data, DIED, "")
    if done.returncode != 0:
        raise FuzzerFailed(f"the target ended with exit code {done.returncode}")
    return msgspec.msgpack.decode(done.stdout, type=Finding | None)


def _run_child(job: Job, log: Path) -> int:
    with log.open("wb") as words:
        child = subprocess.Popen(
            (*PYTHON, "fuzz.child"),
            stdin=subprocess.PIPE,
            stdout=words,
            stderr=subprocess.STDOUT,
            env=_environment(),
        )
        try:
            child.communicate(msgspec.json.encode(job), timeout=job.seconds + _GRACE_S)
        except subprocess.TimeoutExpired:
            raise FuzzerFailed(f"the search did not end {_GRACE_S} s after its time") from None
        finally:
            child.kill()
            child.wait()
    return child.returncode


def _launcher(bug: str) -> Sequence[str]:
    return (*PYTHON, "zoo.patched", bug) if bug else PYTHON


def _environment() -> dict[str, str]:
    return dict(os.environ, PYTHONHASHSEED="0")


def _finding_in(work: Path, target: Target) -> Finding | None:
    told = work / "finding"
    if told.exists():
        return msgspec.msgpack.decode(told.read_bytes(), type=Finding)
    for pattern, kind in _ARTIFACTS:
        for path in sorted(work.glob(pattern)):
            return Finding(target.name, path.read_bytes(), kind, "")
    return None


def _last_words(log: Path, code: int) -> str:
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    lines = log.read_text(errors="replace").splitlines()
    words = [line for line in lines if line.strip() and not line.startswith("INFO:")]
    return "\n".join([f"the search ended with {how}", *words[-_LOG_LINES:]])
