"""What the properties cost: the same seeds with all of them, without some, and with none.

Every seed is run in each of these ways, one right after the other and in turns, so that all meet
the same machine; of each way the best of the repeats counts. A share is what is saved where
something is left out, over what the seed costs with everything on.
"""

import gc
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from benchmarks.measure import Row, Timing, row
from invariants.property import Kind, Property
from simulation.run import simulate
from simulation.scenario import Scenario, load_scenario
from simulation.scenarios import BUILT_IN

SHARE_MAX: Final = 0.25  # of a seed's CPU time, all properties together
_PROBES: Final = "probes"


def properties(repeat: int, scale: float) -> list[Row]:
    """The share of all properties in the first seeds of the default scenario, and of each family
    by leaving it out; what is left over, `shared`, is worked out once for several of them."""
    n = max(2, int(20 * scale))
    scenario = load_scenario("default", BUILT_IN)
    ways = [scenario, _with(scenario, ())]
    families = dict.fromkeys(map(family, scenario.properties))
    for name in families:
        ways.append(_with(scenario, [each for each in scenario.properties if family(each) != name]))
    for way in ways:
        _run(way, 0)  # what the first run of a process imports and caches is nobody's cost
    gc.collect()
    gc.freeze()  # as a campaign's workers do: collecting between runs is cheap then
    try:
        costs, timing = interleaved([_runner(way) for way in ways], n, repeat)
    finally:
        gc.unfreeze()
    everything, nothing, *without = costs
    share = round(1 - nothing / everything, 4)
    each = {
        name: round(1 - cost / everything, 4) for name, cost in zip(families, without, strict=True)
    }
    return [
        row(
            "properties",
            n,
            "seeds",
            timing,
            "default scenario, all properties against none; trace and journal on",
            share=share,
            limit=SHARE_MAX,
            within=share <= SHARE_MAX,
            families=each,
            shared=round(share - sum(each.values()), 4),
        )
    ]


def family(entry: Property) -> str:
    """The letters of a property's id; probes are one family."""
    return _PROBES if entry.kind is Kind.SOMETIMES else entry.id.partition("-")[0]


def interleaved(
    ways: Sequence[Callable[[int], None]], n: int, repeat: int
) -> tuple[list[float], Timing]:
    """CPU seconds of each way for seeds 0 to n - 1, the best of the repeats of each seed; and the
    timing of the first way."""
    best = [[float("inf")] * n for _ in ways]
    walls, cpus = [0.0] * repeat, [0.0] * repeat
    for seed in range(n):
        for number in range(repeat):
            for turn in range(len(ways)):
                index = (turn + seed + number) % len(ways)
                gc.collect()
                wall, cpu = time.perf_counter(), time.process_time()
                ways[index](seed)
                took = time.process_time() - cpu
                if index == 0:
                    walls[number] += time.perf_counter() - wall
                    cpus[number] += took
                best[index][seed] = min(best[index][seed], took)
    return [sum(seconds) for seconds in best], Timing(walls, cpus, n)


def _with(scenario: Scenario, kept: Sequence[Property]) -> Scenario:
    return msgspec.structs.replace(scenario, properties=list(kept))


def _runner(scenario: Scenario) -> Callable[[int], None]:
    return lambda seed: _run(scenario, seed)


def _run(scenario: Scenario, seed: int) -> None:
    outcome = simulate(scenario, seed)
    if not outcome.passed:  # a run that broke off would make a fine figure
        raise RuntimeError(outcome.report())
