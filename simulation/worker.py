"""One campaign process: reads seed ranges from standard input, writes one line per seed.

A worker is a plain subprocess and not a pool's child: it starts from an empty interpreter, so a
patch can be laid over a module before anything imports it, and its hash seed can be chosen.
"""

import gc
import sys
import time
import traceback
from pathlib import Path

import msgspec

from simulation.outcome import Outcome, Verdict
from simulation.run import RunOptions, prepare, simulate
from simulation.token import Token

MINIMUM_CHUNK = 1


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
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # last: a user's folder must never hide one of ours
    options = msgspec.json.decode(sys.stdin.readline(), type=RunOptions)
    scenario = prepare(options)
    gc.collect()
    gc.freeze()  # what is loaded by now lives as long as the process
    encode = msgspec.json.Encoder().encode
    write = sys.stdout.buffer.write
    for text in sys.stdin:
        chunk = msgspec.json.decode(text, type=Chunk)
        for seed in range(chunk.first, chunk.first + chunk.count):
            started = time.process_time_ns()
            try:
                outcome = simulate(scenario, seed, options)
            except Exception as error:  # the harness broke: never a pass, never silence
                outcome = _broke(options, seed, error)
            write(encode(Line(outcome, time.process_time_ns() - started)) + b"\n")
            sys.stdout.buffer.flush()
        gc.collect()


def _broke(options: RunOptions, seed: int, error: Exception) -> Outcome:
    token = Token(options.scenario, seed, options.code, options.faults, options.market, options.bug)
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(where.filename).name}:{where.lineno} in {where.name}"
    return Outcome(
        options.scenario,
        seed,
        Verdict.ERROR,
        digest="",
        events=0,
        token=str(token),
        subject=place,
        detail=f"{type(error).__name__}: {error}",
    )


if __name__ == "__main__":
    main()
