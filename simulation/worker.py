"""A process that runs seeds on request: what it is to run, then chunks in, a line per run out.

Started as a program and not as a forked child: it starts from an empty interpreter, so a
patch can be laid over a module before anything imports it, and its hash seed can be chosen. The
first line it answers is the canary's.
"""

import gc
import time
from collections.abc import Iterator
from typing import Final

import msgspec

from simulation.canary import sing
from simulation.neighbours import Neighbourhood, features
from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.pipes import Pipes
from simulation.run import broken, prepare, run_world, simulate
from simulation.scenario import Scenario
from simulation.token import code_hash

PROGRAM: Final = "simulation.worker"


class Task(msgspec.Struct, frozen=True):
    """What to run.

    Attributes:
        with_features: tell what each run met (see `simulation.neighbours`).
        is_elsewhere: on another machine perhaps: the canary's token tells which code it is.
        program: the module that makes the runs; it has a `Runner`, and serves when run.
    """

    options: RunOptions
    with_features: bool = False
    is_elsewhere: bool = False
    program: str = PROGRAM


class Chunk(msgspec.Struct, frozen=True):
    """Runs to make, in order: (seed, which neighbour of it or ""), or whatever else the task's
    program tells runs of one seed apart by."""

    runs: list[tuple[int, str]]


class Line(msgspec.Struct, frozen=True):
    """One run's outcome and what it cost.

    Attributes:
        near: which run of the seed, as it was asked for.
        features: what it met, when that was asked for.
        half: it is to be made twice, and was made once.
    """

    outcome: Outcome
    cpu_ns: int
    near: str = ""
    features: list[int] = []
    half: bool = False


class Runner:
    """Makes the runs of one task, in this process.

    Attributes:
        scenario: that of the task, options applied.
    """

    def __init__(self, task: Task) -> None:
        """
        Raises:
            ScenarioError, RecordingError: the options make no run.
        """
        self.task = task
        self.scenario: Scenario = prepare(task.options)
        self._near = Neighbourhood(self.scenario, task.options)

    def canary(self) -> Line:
        """The canary's line."""
        started = time.process_time_ns()
        code = code_hash() if self.task.is_elsewhere else ""
        return Line(sing(code), time.process_time_ns() - started)

    def lines(self, chunk: Chunk) -> Iterator[Line]:
        """A line per run, as it ends. A harness that breaks is a line too."""
        for seed, near in chunk.runs:
            yield self.line(seed, near)

    def line(self, seed: int, near: str) -> Line:
        """That of one run."""
        started = time.process_time_ns()
        options = self.task.options
        met: list[int] = []
        if near:
            options = msgspec.structs.replace(options, near=near)
        try:
            entropy = self._near.entropy(seed, near) if near else None
            if self.task.with_features:
                outcome, world = run_world(self.scenario, seed, options, entropy=entropy)
                met = features(outcome, world.kernel.view.orders())
            else:
                outcome = simulate(self.scenario, seed, options, entropy=entropy)
        except Exception as error:
            outcome = broken(options, seed, error)
        return Line(outcome, time.process_time_ns() - started, near, met)


def serve(kind: type[Runner]) -> None:
    """Make runs until standard input ends. The first line is the task."""
    pipes = Pipes.take()
    runner = kind(msgspec.json.decode(pipes.read.readline(), type=Task))
    encode = msgspec.json.Encoder().encode
    pipes.write.write(encode(runner.canary()) + b"\n")
    pipes.write.flush()
    gc.collect()
    gc.freeze()  # what is loaded by now lives as long as the process
    gc.disable()  # between chunks only, below
    for text in pipes.read:
        chunk = msgspec.json.decode(text, type=Chunk)
        for line in runner.lines(chunk):
            pipes.write.write(encode(line) + b"\n")
            pipes.write.flush()
        gc.collect()


if __name__ == "__main__":
    serve(Runner)
