"""`@seatrial.test`: many seeds of a scenario as one test. The plugin runs it; nothing here imports
pytest, and nothing of ours before there is such a test: every pytest of whoever installed us loads
this module."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from simulation.faults import FaultProfile
    from simulation.options import RunOptions
    from simulation.scenario import Scenario

ARGUMENT: Final = "outcome"
MARK: Final = "seatrial_trial"  # the attribute of a test function that holds its `Trial`

_Function = TypeVar("_Function", bound=Callable[..., object])


class Trial:
    """What a test asks for.

    Attributes:
        scenario: import path.
        faults: profile name that overrides the scenario's, or "".
        seeds, first_seed: the window.
    """

    __slots__ = ("faults", "first_seed", "scenario", "seeds")

    def __init__(self, scenario: str, seeds: int, first_seed: int, faults: str) -> None:
        if seeds < 1:
            raise ValueError(f"seeds {seeds}: at least 1")
        from simulation.token import SEED_LIMIT

        if not 0 <= first_seed <= SEED_LIMIT - seeds:
            raise ValueError(f"first_seed {first_seed}: seeds lie in 0..2**63 - 1")
        self.scenario = scenario
        self.seeds = seeds
        self.first_seed = first_seed
        self.faults = faults

    def options(self) -> "RunOptions":
        """Names its runs, but for the code: what a test process has loaded is more than what
        `seatrial replay` will load."""
        from simulation.options import RunOptions

        return RunOptions(self.scenario, self.faults)


def test(
    scenario: "str | Callable[[], Scenario]",
    *,
    seeds: int = 200,
    first_seed: int = 0,
    faults: "str | FaultProfile" = "",
) -> Callable[[_Function], _Function]:
    """Make a test of many seeds out of a function that judges one outcome; pytest runs it.

        @seatrial.test(two_sided, seeds=200)
        def test_market_maker_survives_the_storm(outcome: Outcome) -> None:
            assert outcome.passed, outcome.report()

    Other arguments of the function are fixtures. They are made once for each item, that is for up
    to 25 seeds.

    Args:
        scenario: function of a module's top level that makes the scenario, or its import path
            "MODULE:FUNCTION", or a built-in name.
        seeds: how many (>= 1); `--seatrial-seeds` overrides it.
        first_seed: where they begin.
        faults: a built-in profile, or its name, instead of the scenario's.
    Raises:
        ScenarioError: no import path leads to the scenario.
        ValueError: seeds out of range, or no such profile.
        TypeError: the function has no argument `outcome`, or is asynchronous.
    """
    from simulation.driven import scenario_path

    trial = Trial(scenario_path(scenario), seeds, first_seed, _profile(faults))

    def mark(function: _Function) -> _Function:
        name = getattr(function, "__qualname__", repr(function))
        if inspect.iscoroutinefunction(function):
            raise TypeError(f"{name}: a function that judges an outcome awaits nothing")
        if ARGUMENT not in inspect.signature(function).parameters:
            raise TypeError(f"{name}: takes no argument named {ARGUMENT!r}")
        setattr(function, MARK, trial)
        return function

    return mark


def trial_of(function: object) -> Trial | None:
    """What `test` asked for, or None: another function."""
    found = getattr(function, MARK, None)
    return found if isinstance(found, Trial) else None


def _profile(faults: "str | FaultProfile") -> str:
    from simulation.faults import PROFILES

    name = faults if isinstance(faults, str) else faults.name
    known = PROFILES.get(name)
    if name and (known is None or (not isinstance(faults, str) and faults != known)):
        raise ValueError(
            f"faults {name!r}: one of {', '.join(PROFILES)}; a profile of one's own goes into the "
            "scenario"
        )
    return name
