"""A scenario driven by Hypothesis: its search, its shrinker, its database of failures.

    from hypothesis import given
    from seatrial.hypothesis import Choices, choices

    @given(choices(two_sided))
    def test_two_sided_keeps_its_properties(chosen: Choices) -> None:
        outcome = chosen.simulate()
        assert outcome.passed, outcome.report(chosen.keep())

A draw through Hypothesis costs as much as a hundred of ours, and a run makes a thousand. So
Hypothesis gives a seed, from which the market is drawn, and the *deviations*: the few choices that
are not the dullest. What it shrinks is the number of those, then their answers: the example that is
left says how little it takes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from hypothesis import strategies as st

from simulation.derived_entropy import MARKET, DeviatingEntropy, Deviation, dullest
from simulation.driven import Driven, Driver
from simulation.entropy import Entropy, SeededEntropy
from simulation.outcome import Outcome
from simulation.scenario import Scenario

DEVIATIONS_MAX: Final = 200
SEEDS: Final = 1 << 16
_LOOKED_AT: Final = 8  # seeded runs that show which choices there are


class Choices:
    """What Hypothesis chose: one run of a scenario.

    Attributes:
        seed: of the market.
        deviations: (stream, index in the stream, answer) of each choice that is not the dullest.
    """

    __slots__ = ("_driven", "_driver", "deviations", "seed")

    def __init__(self, driver: Driver, seed: int, deviations: list[Deviation]) -> None:
        self.seed = seed
        self.deviations = deviations
        self._driver = driver
        self._driven: Driven | None = None

    def simulate(self) -> Outcome:
        """Run it. Raises what `seatrial.simulate` raises."""
        return self._run().outcome

    def keep(self, directory: str | Path = "seatrial-failures") -> str:
        """Write the run's bundle and return its path, for `seatrial replay`. The bundles of one
        property replace each other: the last one written is that of the smallest example, which
        Hypothesis ends by running once more."""
        return str(self._run().keep(Path(directory)))

    def _run(self) -> Driven:
        if self._driven is None:
            entropy: Entropy = DeviatingEntropy(dullest(self.seed), self.deviations)
            self._driven = self._driver.run(entropy, self.seed)
        return self._driven

    def __repr__(self) -> str:
        scenario = self._driver.options.scenario
        return f"Choices({scenario!r}, seed={self.seed}, deviations={self.deviations})"


def choices(
    scenario: str | Callable[[], Scenario], *, faults: str = ""
) -> st.SearchStrategy[Choices]:
    """The runs of a scenario.

    Args:
        scenario: built-in name, "MODULE:FUNCTION", or the function itself, of a module's top level.
        faults: profile name instead of the scenario's, or "".
    Raises:
        ScenarioError: when first drawn from: no such scenario, or one that cannot run.
    """
    return st.deferred(lambda: _strategy(Driver(scenario, "hypothesis", faults=faults)))


def _strategy(driver: Driver) -> st.SearchStrategy[Choices]:
    places = _places(driver)

    @st.composite
    def deviation(draw: st.DrawFn) -> Deviation:
        stream, index, bound = draw(st.sampled_from(places))
        return stream, index, draw(st.integers(1, bound - 1))

    deviations = st.lists(
        deviation() if places else st.nothing(),
        max_size=DEVIATIONS_MAX,
        unique_by=lambda entry: (entry[0], entry[1]),
    )

    @st.composite
    def drawn(draw: st.DrawFn) -> Choices:
        return Choices(driver, draw(st.integers(0, SEEDS - 1)), draw(deviations))

    return drawn()


def _places(driver: Driver) -> list[tuple[str, int, int]]:
    """(stream, index, bound) of the choices that some seeded runs and the dullest one make, the
    market's aside."""
    bounds: dict[tuple[str, int], int] = {}
    sources = [dullest(0), *(SeededEntropy(seed) for seed in range(_LOOKED_AT))]
    for source in sources:
        for stream, choices_made in driver.run(source).tape.items():
            if stream.startswith(MARKET):
                continue
            for index, (_, bound, _) in enumerate(choices_made):
                bounds[stream, index] = max(bound, bounds.get((stream, index), 2))
    return [(stream, index, bound) for (stream, index), bound in sorted(bounds.items())]
