"""What the properties cost: the same seeds with all of them and with none.

Every seed is run in both ways, one right after the other and in turns, so that both meet the same
machine; of each the best of the repeats counts. The share is what is saved where they are left
out, over what the seed costs with them. Which of them costs what is told by a clock around each
call: of the same seeds, in runs of their own.
"""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from benchmarks.measure import Row, Timing, row
from invariants.check import Check
from invariants.property import Property
from simulation.run import SAMPLED_OF, simulate
from simulation.scenario import Scenario, load_scenario
from simulation.scenarios import BUILT_IN

SHARE_MAX: Final = 0.25  # of a seed's CPU time, all properties together
_TIMED: Final = (
    "turn",
    "every_turn",
    "tapped",
    "logged",
    "dispatched",
    "delivered",
    "end",
    "stopped",
)
_PASSED_ON: Final = ("actor", "log", "watcher")
_CLOCK: Final = (time.perf_counter_ns,)  # a run answers who asks by the name with its own time


def properties(repeat: int, scale: float) -> list[Row]:
    """The share of all properties in the first seeds of the default scenario, and what of a seed
    passes inside the calls of each; what is heard at the venue is in the share alone."""
    n = max(2, int(SAMPLED_OF * scale))  # with one that slow models judge
    scenario = load_scenario("default", BUILT_IN)
    ways = [_runner(scenario), _runner(_with(scenario, ()))]
    for run in ways:
        run(0)  # what the first run of a process imports and caches is nobody's cost
    gc.collect()
    gc.freeze()  # as a campaign's workers do: collecting between runs is cheap then
    try:
        (everything, nothing), timing = interleaved(ways, n, repeat)
        spent_ns = inside(scenario, n, repeat)
    finally:
        gc.unfreeze()
    share = round(1 - nothing / everything, 4)
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
            inside={
                name: round(spent / 1e9 / everything, 4)
                for name, spent in sorted(spent_ns.items(), key=lambda item: -item[1])
            },
        )
    ]


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


def inside(scenario: Scenario, n: int, repeat: int) -> dict[str, int]:
    """Nanoseconds inside the calls of each property, by id: the best of the repeats of each seed."""
    spent: dict[str, int] = {}
    run = _runner(_with(scenario, [_timed(entry, spent) for entry in scenario.properties]))
    total: dict[str, int] = {entry.id: 0 for entry in scenario.properties}
    for seed in range(n):
        best: Mapping[str, int] = {}
        for _ in range(repeat):
            spent.clear()
            gc.collect()
            run(seed)
            best = {name: min(ns, best.get(name, ns)) for name, ns in spent.items()}
        for name, ns in best.items():
            total[name] += ns
    return total


def _timed(entry: Property, spent: dict[str, int]) -> Property:
    """The property with a clock around every call of its check that the monitor makes."""
    ask = _CLOCK[0]

    def clocked(call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any) -> Any:
            begun_ns = ask()
            found = call(*given)
            if found is not None:
                found = list(found)  # a generator finds while it is read
            spent[entry.id] = spent.get(entry.id, 0) + ask() - begun_ns
            return found

        return timed

    def make() -> Check:
        check = entry.make()
        kind = check.wants()
        members: dict[str, Any] = {
            name: getattr(kind, name)
            for name in ("patterns", "facts", "inputs", "sends", "taps", "samples")
        }
        for name in (*_TIMED, *_PASSED_ON):
            if getattr(kind, name) is not getattr(Check, name):
                call = getattr(check, name)
                members[name] = staticmethod(clocked(call) if name in _TIMED else call)

        def listener(*given: Any) -> Callable[..., Any] | None:
            heard = check.listener(*given)
            return None if heard is None else clocked(heard)

        members["listener"] = staticmethod(listener)
        shown: type[Check] = type(kind.__name__, (Check,), members)
        return shown()

    return msgspec.structs.replace(entry, make=make)


def _with(scenario: Scenario, kept: Sequence[Property]) -> Scenario:
    return msgspec.structs.replace(scenario, properties=list(kept))


def _runner(scenario: Scenario) -> Callable[[int], None]:
    def run(seed: int) -> None:
        outcome = simulate(scenario, seed)
        if not outcome.passed:  # a run that broke off would make a fine figure
            raise RuntimeError(outcome.report())

    return run
