"""Many tries of one failing run in one process that stays alive: what shrinking asks.

This is the asking side; `simulation.trial_worker` is what the process runs. A try that takes the
process down, or that never ends, answers None, and the next one gets a new process.
"""

import os
import select
import subprocess
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from simulation.cut import Cut
from simulation.entropy import Tape
from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.recording import PYTHON, Refusal, RunRefused

LENGTH_BYTES: Final = 4  # before each message, big-endian
_START_SECONDS: Final = 20.0  # what a process may take to import everything
_TRY_SECONDS: Final = 10.0  # what a run may take: a thousand times what one takes


class Series(msgspec.Struct, frozen=True):
    """The first message: what all tries have in common."""

    options: RunOptions
    seed: int


class Try(msgspec.Struct, frozen=True):
    cut: Cut
    tape: Tape


class Tried(msgspec.Struct, frozen=True, tag=True):
    """How a try ended.

    Attributes:
        tape: what it asked for and was answered.
        elapsed_ns: virtual time from start to end.
        heard: of the kinds that the tape given has strike, by their stream: the channel and the
            time of every message that could be struck, in order.
        cpu_ns: what it took.
    """

    outcome: Outcome
    tape: Tape
    elapsed_ns: int
    heard: dict[str, list[tuple[str, int]]] = {}
    cpu_ns: int = 0


class Trials:
    """Runs tries of one series, until it is closed.

    Attributes:
        runs: how many tries were made.
        cpu_ns: what they took; of one that was not answered, what was waited for it.
    """

    def __init__(self, options: RunOptions, seed: int, launcher: Sequence[str] = PYTHON) -> None:
        self._series = Series(options, seed)
        self._launcher = tuple(launcher)
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = time.monotonic()
        self.runs = 0
        self.cpu_ns = 0

    def seconds(self) -> float:
        """Since this object was made."""
        return time.monotonic() - self._begun

    def run(self, cut: Cut, tape: Tape) -> Tried | None:
        """Make one try; None when it ended neither well nor badly, but with the process.

        Raises:
            RunRefused: the options make no run.
        """
        self.runs += 1
        patience = _TRY_SECONDS
        if self._process is None:
            patience += _START_SECONDS
            self._process = subprocess.Popen(
                (*self._launcher, "simulation.trial_worker"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                env=dict(os.environ, PYTHONHASHSEED="0"),
            )
            self._send(self._process, msgspec.msgpack.encode(self._series))
        self._send(self._process, msgspec.msgpack.encode(Try(cut, tape)))
        asked = time.monotonic()
        data = self._answer(self._process, asked + patience)
        if data is None:
            self.close()
            self.cpu_ns += int((time.monotonic() - asked) * 1_000_000_000)
            return None
        answer = msgspec.msgpack.decode(data, type=Tried | Refusal)
        if isinstance(answer, Refusal):
            raise RunRefused(answer.text)
        self.cpu_ns += answer.cpu_ns
        return answer

    @staticmethod
    def _send(process: "subprocess.Popen[bytes]", data: bytes) -> None:
        if process.stdin is None:
            return
        try:
            left = memoryview(len(data).to_bytes(LENGTH_BYTES, "big") + data)
            while left:
                left = left[process.stdin.write(left) or 0 :]
        except BrokenPipeError:
            return  # it has died: its answer will be missing

    def _answer(self, process: "subprocess.Popen[bytes]", until: float) -> bytes | None:
        head = self._read(process, LENGTH_BYTES, until)
        return None if head is None else self._read(process, int.from_bytes(head, "big"), until)

    @staticmethod
    def _read(process: "subprocess.Popen[bytes]", size: int, until: float) -> bytes | None:
        if process.stdout is None:
            return None
        data = b""
        while len(data) < size:
            patience = until - time.monotonic()
            if patience <= 0 or not select.select([process.stdout], [], [], patience)[0]:
                return None
            part = process.stdout.read(size - len(data))
            if not part:
                return None
            data += part
        return data

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()  # it holds nothing: each answer is whole
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
