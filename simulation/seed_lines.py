"""A campaign as it goes, on disk: one line of JSON per run, written as the run ends.

What was written is enough to go on from: `read` gives the runs that are done, and a campaign that
is given them makes only the others. A last line that broke off with its process does not count.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from simulation.canary import Heard
from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.worker import Line

Done = Mapping[tuple[int, str], Line]  # (seed, near)


class ResumeError(ValueError):
    """A file that this campaign cannot go on from; says why."""


class SeedLine(Outcome, frozen=True):
    """An outcome, and what else a campaign knows of it.

    Attributes:
        near: which neighbour of the seed, or "".
        cpu_ns: of all its runs.
        twice: it is run under two hash seeds.
        half: so far under one of them. A line of both comes when it has been.
        features: see `simulation.neighbours`; empty where nobody asked.
    """

    near: str = ""
    cpu_ns: int = 0
    twice: bool = False
    half: bool = False
    features: list[int] = []


class CanaryLine(msgspec.Struct, frozen=True):
    """What came of a canary. Nobody goes on from one: it is made anew each time."""

    canary: Heard


_FIELDS = Outcome.__struct_fields__
_CANARY = b'{"canary":'


class SeedLines:
    """The file that lines go to.

    Args:
        keep: what is in it stays; else it starts empty.
    """

    def __init__(self, path: Path, twice: bool, keep: bool) -> None:
        """
        Raises:
            OSError: it cannot be written.
        """
        self._encode = msgspec.json.Encoder().encode
        self._twice = twice
        self._file: BinaryIO
        if keep and path.exists():
            whole = path.read_bytes().rpartition(b"\n")[0]
            self._file = path.open("r+b")
            self._file.truncate(len(whole) + 1 if whole else 0)
            self._file.seek(0, 2)
        else:
            self._file = path.open("wb")

    def close(self) -> None:
        self._file.close()

    def write(self, line: Line) -> None:
        """Append one, for good: whoever is killed after it finds it there."""
        told = {name: getattr(line.outcome, name) for name in _FIELDS}
        text = self._encode(
            SeedLine(
                **told,
                near=line.near,
                cpu_ns=line.cpu_ns,
                twice=self._twice,
                half=line.half,
                features=line.features,
            )
        )
        self._file.write(text + b"\n")
        self._file.flush()

    def write_canary(self, heard: Heard) -> None:
        self._file.write(self._encode(CanaryLine(heard)) + b"\n")
        self._file.flush()


def read(path: Path, options: RunOptions, twice: bool) -> Done:
    """The runs that a file holds, those that were made once of two times too; none when there is no such file.

    Raises:
        ResumeError: a line is not ours, or is of another scenario, code or option.
    """
    if not path.exists():
        return {}
    decode = msgspec.json.Decoder(SeedLine).decode
    done: dict[tuple[int, str], Line] = {}
    for number, text in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
        if text.startswith(_CANARY):
            continue
        try:
            held = decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ResumeError(f"{path}: line {number} is no run of a campaign ({error})") from None
        named = str(msgspec.structs.replace(options, near=held.near).token(held.seed))
        if held.token != named:
            raise ResumeError(
                f"{path}: line {number} is of the run {held.token}, this campaign is of {named}: "
                "begin another file"
            )
        if held.twice is not twice:
            how = "with" if held.twice else "without"
            raise ResumeError(f"{path}: line {number} was made {how} --twice: begin another file")
        outcome = Outcome(**{name: getattr(held, name) for name in _FIELDS})
        line = Line(outcome, held.cpu_ns, held.near, held.features, held.half)
        if not (held.half and (held.seed, held.near) in done):
            done[held.seed, held.near] = line
    return done
