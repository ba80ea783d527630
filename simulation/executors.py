"""Who makes a campaign's runs: this process, or workers beside it (`simulation.dask_cluster`:
on other machines).

An executor takes chunks while there are any and tells each line as it comes, in no set order.
Whatever it runs on has sung the canary first, and what it sang has come the way of all lines.
"""

import gc
import importlib
import os
import selectors
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, Protocol

import msgspec

from simulation.canary import PROPERTY, is_alive
from simulation.recording import PYTHON
from simulation.token import Token
from simulation.worker import Chunk, Line, Runner, Task

CHUNK: Final = 4  # runs per hand-out: small enough that the last worker ends with the first

Hear = Callable[[Line], None]


class CampaignError(RuntimeError):
    """A worker died, answered nonsense or saw nothing: the harness failed, not the kernel."""


class ClusterMissing(ValueError):
    """No cluster answers at the address that was given, or it has no workers."""


def check_canary(line: Line, task: Task, where: str) -> None:
    """
    Raises:
        CampaignError: what `where` sang is not the canary, caught; or it runs other code.
    """
    code = Token.parse(line.outcome.token).code
    if task.is_elsewhere and code != task.options.code:
        raise CampaignError(f"{where} has the code {code}, this is {task.options.code}")
    if not is_alive(line.outcome, task.options.bug):
        raise CampaignError(
            f"the canary was not caught in {where}: a planted violation of {PROPERTY} came out as "
            f"{line.outcome.verdict} {line.outcome.property_id} {line.outcome.detail}".rstrip()
        )


class Executor(Protocol):
    """Makes runs."""

    @property
    def chunk(self) -> int:
        """How many runs to put into a chunk."""
        ...

    def run(self, task: Task, hash_seed: str, chunks: Iterator[Chunk], hear: Hear) -> None:
        """Make the runs of `chunks`, asking for the next when there is a hand free.

        Raises:
            CampaignError: a process of ours failed, or its canary was not caught.
        """
        ...


class Here:
    """This process: for a debugger or a coverage report. It has the hash seed that it has."""

    chunk: Final = 1

    def run(self, task: Task, hash_seed: str, chunks: Iterator[Chunk], hear: Hear) -> None:
        kind: type[Runner] = importlib.import_module(task.program).Runner
        runner = kind(task)
        check_canary(runner.canary(), task, "this process")
        for chunk in chunks:
            for line in runner.lines(chunk):
                hear(line)
            gc.collect()


class Workers:
    """Processes on this machine.

    Args:
        jobs: how many, >= 1.
        launcher: what starts a module in a fresh process; another one may patch modules first.
    """

    chunk: Final = CHUNK

    def __init__(self, jobs: int, launcher: Sequence[str] = PYTHON) -> None:
        self._jobs = jobs
        self._launcher = launcher

    def run(self, task: Task, hash_seed: str, chunks: Iterator[Chunk], hear: Hear) -> None:
        workers: list[WorkerProcess] = []
        finished = False
        try:
            with selectors.DefaultSelector() as selector:
                for chunk in chunks:
                    worker = WorkerProcess(self._launcher, task, hash_seed)
                    workers.append(worker)
                    selector.register(worker.stdout, selectors.EVENT_READ, worker)
                    worker.give(chunk)
                    if len(workers) == self._jobs:
                        break
                busy = len(workers)
                while busy:
                    for key, _ in selector.select():
                        worker = key.data
                        for line in worker.hear():
                            hear(line)
                        if not worker.is_busy:
                            following = next(chunks, None)
                            if following is None:
                                selector.unregister(worker.stdout)
                                busy -= 1
                            else:
                                worker.give(following)
            finished = True
        finally:
            for worker in workers:
                worker.end(at_once=not finished)


class WorkerProcess:
    """One process, and the seeds it has been given and not answered yet."""

    def __init__(self, launcher: Sequence[str], task: Task, hash_seed: str) -> None:
        self._process = subprocess.Popen(
            (*launcher, task.program),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(os.environ, PYTHONHASHSEED=hash_seed),
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise CampaignError("a worker came up without pipes")
        self._stdin = self._process.stdin
        self.stdout = self._process.stdout
        self._waiting: list[tuple[int, str]] = []
        self._partial = b""
        self._sang = False
        self._task = task
        self._decode = msgspec.json.Decoder(Line).decode
        self._tell(msgspec.json.encode(task))

    @property
    def is_busy(self) -> bool:
        return bool(self._waiting)

    def give(self, chunk: Chunk) -> None:
        """Ask for these runs; only when it is not busy.

        Raises:
            CampaignError: it is gone.
        """
        self._waiting = list(chunk.runs)
        self._tell(msgspec.json.encode(chunk))

    def hear(self) -> list[Line]:
        """The lines that have come. Blocks until there is something.

        Raises:
            CampaignError: it is gone, or its canary was not caught.
        """
        data = os.read(self.stdout.fileno(), 1 << 16)
        if not data:
            raise self._died()
        *whole, self._partial = (self._partial + data).split(b"\n")
        lines: list[Line] = []
        for text in whole:
            line = self._decode(text)
            if not self._sang:
                check_canary(line, self._task, "a worker")
                self._sang = True
                continue
            self._waiting.remove((line.outcome.seed, line.near))
            lines.append(line)
        return lines

    def answer(self, chunk: Chunk) -> list[Line]:
        """`give`, and wait for all of it."""
        self.give(chunk)
        lines: list[Line] = []
        while self._waiting:
            lines.extend(self.hear())
        return lines

    def end(self, at_once: bool) -> None:
        """Wait for its end; `at_once` kills it."""
        if at_once:
            self._process.kill()
        with suppress(BrokenPipeError):  # it is gone already
            self._stdin.close()
        self._process.wait()
        self.stdout.close()

    def _tell(self, text: bytes) -> None:
        try:
            self._stdin.write(text + b"\n")
            self._stdin.flush()
        except BrokenPipeError:
            raise self._died() from None

    def _died(self) -> CampaignError:

        at = f" at seed {self._waiting[0][0]}" if self._waiting else " before its first seed"
        return CampaignError(f"a worker ended early{at} (exit code {self._process.wait()})")
