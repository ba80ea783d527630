"""A campaign's runs on a Dask cluster: `--dask ADDRESS`. Imported only there.

A task is a chunk of runs. It is given to a worker process of ours beside the Dask worker, started
by it and kept for the next chunk: runs fence time, threads and sockets of their process, which a
Dask worker needs. The cluster has to have Seatrial installed and the scenario's module in the
folder it works in; code that differs from ours is refused before the first seed.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import msgspec
from distributed import Client, as_completed, get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from simulation.executors import CampaignError, ClusterMissing, WorkerProcess
from simulation.recording import PYTHON
from simulation.worker import Chunk, Line, Task

_CHUNK: Final = 16  # runs per task: the way there and back costs as much as one of them
_PLUGIN: Final = "seatrial"


class Crew(WorkerPlugin):  # type: ignore[misc]  # it has no types
    """The processes of ours that stand beside one Dask worker."""

    def __init__(self, launcher: Sequence[str], task: Task, hash_seed: str) -> None:
        self._launcher = tuple(launcher)
        self._task = task
        self._hash_seed = hash_seed
        self._free: list[WorkerProcess] = []

    def teardown(self, worker: object) -> None:
        """End them all; the cluster calls it."""
        while self._free:
            self._free.pop().end(at_once=False)

    def answer(self, chunk: Chunk) -> list[Line]:
        """Make the runs of a chunk, in a process that is free or a new one.

        Raises:
            CampaignError: as an executor.
        """
        # the interpreter of this machine, whatever it is called on the other
        launcher = (sys.executable, *self._launcher[1:])
        process = (
            self._free.pop() if self._free else WorkerProcess(launcher, self._task, self._hash_seed)
        )
        try:
            lines = process.answer(chunk)
        except BaseException:
            process.end(at_once=True)
            raise
        self._free.append(process)
        return lines


def _answer(chunk: Chunk) -> list[Line]:
    crew: Crew = get_worker().plugins[_PLUGIN]
    return crew.answer(chunk)


class DaskCluster:
    """The workers of a Dask scheduler; one campaign at a time.

    Args:
        address: of the scheduler, "tcp://host:8786".
        launcher: as of `simulation.executors.Workers`.
    """

    chunk: Final = _CHUNK

    def __init__(self, address: str, launcher: Sequence[str] = PYTHON) -> None:
        self._address = address
        self._launcher = launcher

    def run(
        self, task: Task, hash_seed: str, chunks: Iterator[Chunk], hear: Callable[[Line], None]
    ) -> None:
        """As an executor.

        Raises:
            ClusterMissing: nobody there.
            CampaignError: a process failed, runs other code, or did not catch its canary.
        """
        task = msgspec.structs.replace(task, is_elsewhere=True)
        try:
            client = Client(self._address, set_as_default=False, timeout="10s")
        except (OSError, ValueError) as error:
            raise ClusterMissing(f"--dask {self._address}: {error}") from None
        try:
            hands = sum(client.nthreads().values())
            if not hands:
                raise ClusterMissing(f"--dask {self._address}: the cluster has no workers")
            client.register_plugin(Crew(self._launcher, task, hash_seed), name=_PLUGIN)
            try:
                self._hand_out(client, hands, chunks, hear)
            finally:
                client.unregister_worker_plugin(_PLUGIN)
        finally:
            client.close()

    def _hand_out(
        self, client: Any, hands: int, chunks: Iterator[Chunk], hear: Callable[[Line], None]
    ) -> None:
        # pure: False, or the second pass would be given the first one's answers
        running = as_completed(
            [client.submit(_answer, chunk, pure=False) for chunk in islice(chunks, hands)],
            loop=client.loop,
        )
        for future in running:
            try:
                lines = future.result()
            except CampaignError:
                raise
            except Exception as error:
                raise CampaignError(f"a Dask worker failed: {error}") from error
            for line in lines:
                hear(line)
            following = next(chunks, None)
            if following is not None:
                running.add(client.submit(_answer, following, pure=False))
