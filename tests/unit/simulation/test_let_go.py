"""What a run leaves to the collector."""

import gc

from simulation.options import RunOptions
from simulation.run import prepare, run_world


def left_by_a_run(seed: int, let_go: bool) -> int:
    """Objects in cycles, when nobody holds the world any more."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        _, world = run_world(prepare(RunOptions("default")), seed)
        gc.collect()
        if let_go:
            world.let_go()
        del world
        return gc.collect()
    finally:
        if collecting:
            gc.enable()


def test_a_world_that_let_go_leaves_a_fifth_less_to_the_collector() -> None:
    left_by_a_run(5, True)  # what the first run of a process imports and caches
    assert left_by_a_run(5, True) * 5 < left_by_a_run(5, False) * 4
