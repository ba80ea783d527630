"""What a failure ships as: one gzipped MessagePack file that a colleague can open and replay."""

import gzip
import platform
import re
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from simulation.cut import Cut
from simulation.entropy import Tape
from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.recording import Recording
from simulation.token import Token, TokenError

FORMAT: Final = 1
TAIL: Final = 200  # records kept: enough to see what led to the violation


class BundleError(ValueError):
    """A file that is no bundle of ours; says what is wrong with it."""


class _Versioned(msgspec.Struct):
    """What bundles of every format have."""

    format: int


class Bundle(msgspec.Struct, frozen=True):
    """One failed run.

    Attributes:
        token: names the run.
        versions: of Python and of what the run depends on.
        options: expanded.
        plan: planned faults, as text.
        tape: every choice, per stream; enough to rerun when the code has changed.
        tail: the last records of the trace, as written.
        records: how many there were.
        target: the fuzz target that failed, or "". A run whose choices were its bytes is run again
            by the tape: its seed alone would give another one.
        data: what the target was given.
        driver: what made the choices instead of the seed (`simulation.driven`), or "".
        parts: what the code in the token is a hash of (`simulation.token.code_parts`).
        cut: what a shrunk run leaves out of its scenario; None: never shrunk.
    """

    format: int
    token: str
    versions: dict[str, str]
    options: RunOptions
    outcome: Outcome
    plan: list[str]
    tape: Tape
    tail: list[bytes]
    records: int
    target: str = ""
    data: bytes = b""
    driver: str = ""
    parts: dict[str, str] = {}
    cut: Cut | None = None

    @property
    def by_tape(self) -> bool:
        """Whether the run is its tape's: its seed alone would give another one."""
        return bool(self.driver or (self.target and self.tape) or self.cut is not None)

    def file_name(self) -> str:
        """SCENARIO-SEED-CODE8.bundle, of a neighbour SCENARIO-SEED-near-N.N-CODE8, -shrunk before the
        dot when it is; of a fuzz target fuzz-TARGET-DATA8-CODE8.bundle; of a driver
        SCENARIO-DRIVER-PROPERTY-CODE8.bundle"""
        token = Token.parse(self.token)
        if self.target:
            return f"fuzz-{self.target}-{sha256(self.data).hexdigest()[:8]}-{token.code[:8]}.bundle"
        scenario = token.scenario.replace(":", ".")
        near = f"-near-{token.near}" if token.near else ""
        shrunk = "" if self.cut is None else "-shrunk"
        if self.driver:
            found = self.outcome.property_id or str(self.outcome.verdict)
            cause = re.sub(r"[^\w.-]", "_", found)
            return f"{scenario}-{self.driver}-{cause}-{token.code[:8]}{shrunk}.bundle"
        return f"{scenario}-{token.seed}{near}-{token.code[:8]}{shrunk}.bundle"


def versions() -> dict[str, str]:
    """Of what runs here, by name."""
    from importlib.metadata import version  # dear, and a bundle is more often read

    return {
        "python": platform.python_version(),
        "msgspec": version("msgspec"),
        "system": f"{platform.system()} {platform.machine()}",
    }


def make_bundle(recording: Recording) -> Bundle:
    """What is kept of a run."""
    return Bundle(
        FORMAT,
        recording.outcome.token,
        versions(),
        recording.options,
        recording.outcome,
        recording.plan,
        recording.tape,
        recording.records[-TAIL:],
        len(recording.records),
        parts=recording.parts,
    )


def save(bundle: Bundle, directory: Path) -> Path:
    """Write it below `directory`, which is made when missing. Returns the file."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / bundle.file_name()
    # mtime 0: the same failure is the same file
    path.write_bytes(gzip.compress(msgspec.msgpack.encode(bundle), mtime=0))
    return path


def load(path: Path) -> Bundle:
    """Read a bundle.

    Raises:
        BundleError: no such file, not a bundle, or one of another format.
    """
    try:
        data = gzip.decompress(path.read_bytes())
        made_as = msgspec.msgpack.decode(data, type=_Versioned).format
        if made_as != FORMAT:
            raise BundleError(f"{path}: bundle format {made_as}, this version reads {FORMAT}")
        bundle = msgspec.msgpack.decode(data, type=Bundle)
    except BundleError:
        raise
    except FileNotFoundError:
        raise BundleError(f"{path}: no such bundle") from None
    except OSError as error:
        raise BundleError(f"{path}: not a bundle ({error.strerror or error})") from None
    except (EOFError, ValueError, zlib.error) as error:
        raise BundleError(f"{path}: not a bundle ({error})") from None
    try:
        Token.parse(bundle.token)
    except TokenError as error:
        raise BundleError(f"{path}: {error}") from None
    return bundle
