"""One campaign process: reads seed ranges from standard input, writes one line per seed.

A worker is a plain subprocess and not a pool's child: it starts from an empty interpreter, so a
patch can be laid over a module before anything imports it, and its hash seed can be chosen.
"""

import gc
import time

import msgspec

from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.pipes import Pipes
from simulation.run import broken, prepare, simulate


class Chunk(msgspec.Struct, frozen=True):
    """Seeds `first` .. `first + count - 1`."""

    first: int
    count: int


class Line(msgspec.Struct, frozen=True):
    """One seed's outcome and what it cost."""

    outcome: Outcome
    cpu_ns: int


def main() -> None:
    """Serve until standard input ends. The first line is the run options."""
    pipes = Pipes.take()
    options = msgspec.json.decode(pipes.read.readline(), type=RunOptions)
    scenario = prepare(options)
    gc.collect()
    gc.freeze()  # what is loaded by now lives as long as the process
    encode = msgspec.json.Encoder().encode
    for text in pipes.read:
        chunk = msgspec.json.decode(text, type=Chunk)
        for seed in range(chunk.first, chunk.first + chunk.count):
            started = time.process_time_ns()
            try:
                outcome = simulate(scenario, seed, options)
            except Exception as error:
                outcome = broken(options, seed, error)
            pipes.write.write(encode(Line(outcome, time.process_time_ns() - started)) + b"\n")
            pipes.write.flush()
        gc.collect()


if __name__ == "__main__":
    main()
