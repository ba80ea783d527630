"""Timing and the one line that a figure is told in.

The best of several repeats after one warm-up. Wall seconds are what a user waits; CPU seconds of
the same repeats are what ratios are made of, since they hold still on a busy machine.
"""

import gc
import json
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from seatrial.compiled import is_installed

Row = dict[str, object]
T = TypeVar("T")

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


class Timing:
    """Seconds of each repeat, and what the last one returned."""

    __slots__ = ("cpu", "result", "wall")

    def __init__(self, wall: list[float], cpu: list[float], result: int) -> None:
        self.wall = wall
        self.cpu = cpu
        self.result = result


def measure(repeat: int, setup: Callable[[], T], body: Callable[[T], int]) -> Timing:
    """Time `body` on a fresh `setup()`, which is not timed, `repeat` times after a warm-up.

    The cyclic collector stays as a user has it, and starts each repeat with nothing to do.
    """
    walls: list[float] = []
    cpus: list[float] = []
    result = 0
    for number in range(repeat + 1):
        prepared = setup()
        gc.collect()
        cpu = time.process_time()
        wall = time.perf_counter()
        result = body(prepared)
        if number:
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
        del prepared  # so that the next setup does not find its predecessor alive
    return Timing(walls, cpus, result)


def row(name: str, n: int, unit: str, timing: Timing, what: str, **extra: object) -> Row:
    """One figure: `n` units in the best wall time and in the best CPU time."""
    wall, cpu = min(timing.wall), min(timing.cpu)
    return {
        "name": name,
        "n": n,
        "unit": unit,
        "seconds": round(wall, 6),
        "per_sec": round(n / wall, 1) if wall else None,
        "cpu_seconds": round(cpu, 6),
        "cpu_per_sec": round(n / cpu, 1) if cpu else None,
        "spread": round(max(timing.wall) / wall, 3) if wall else None,
        "python": PYTHON,
        "compiled": is_installed(),
        "what": what,
        **extra,
    }


def tell(line: Row) -> None:
    print(json.dumps(line), flush=True)
