"""Whole seeds of the default scenario: what a campaign is made of."""

from benchmarks.measure import Row, measure, row
from simulation.run import simulate
from simulation.scenario import load_scenario
from simulation.scenarios import BUILT_IN


def seeds(repeat: int, scale: float) -> list[Row]:
    """Single runs of the first seeds, faults and every property on."""
    n = max(2, int(40 * scale))
    scenario = load_scenario("default", BUILT_IN)

    def body(_: None) -> int:
        for seed in range(n):
            outcome = simulate(scenario, seed)
            if not outcome.passed:  # a run that broke off would make a fine figure
                raise RuntimeError(outcome.report())
        return n

    timing = measure(repeat, lambda: None, body)
    what = "default scenario, all properties; trace and journal on"
    return [row("seeds", n, "seeds", timing, what)]
