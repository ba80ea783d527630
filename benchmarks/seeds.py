"""Whole seeds of the default scenario: what a campaign is made of."""

import gc

from benchmarks.measure import Row, measure, row
from simulation.run import SAMPLED_OF, simulate
from simulation.scenario import load_scenario
from simulation.scenarios import BUILT_IN


def seeds(repeat: int, scale: float) -> list[Row]:
    """Single runs of the first seeds, faults and every property on."""
    n = max(2, int(2 * SAMPLED_OF * scale))  # with two that slow models judge
    scenario = load_scenario("default", BUILT_IN)

    def body(_: None) -> int:
        for seed in range(n):
            outcome = simulate(scenario, seed)
            if not outcome.passed:  # a run that broke off would make a fine figure
                raise RuntimeError(outcome.report())
        return n

    body(None)  # what the first run of a process imports and caches is nobody's cost
    gc.collect()
    gc.freeze()  # as a campaign's workers do
    try:
        timing = measure(repeat, lambda: None, body)
    finally:
        gc.unfreeze()
    what = "default scenario, all properties; trace and journal on"
    return [row("seeds", n, "seeds", timing, what)]
