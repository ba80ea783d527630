"""Runs whose choices come from elsewhere than a seed: one scenario, any driver, one way to keep it.

A driver is an `Entropy`: a seed, a tape, an enumeration, bytes, or what a search makes of them.
`Driver.run` records every answer it gives, so what it finds is a tape, and a tape is a bundle that
`seatrial replay` runs again to the same digest.

    driver = Driver("scenarios:two_sided", "enumeration")
    choices = EnumeratingEntropy(choices_max=3)
    while choices.next_run():
        driven = driver.run(SplitEntropy(SeededEntropy(0), choices, ("faults.",)))
        if not driven.outcome.passed:
            print(driven.keep(Path("seatrial-failures")))
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from simulation import bundle as bundles
from simulation.derived_entropy import TapedEntropy
from simulation.entropy import Entropy, Tape
from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.recorder import record_here
from simulation.recording import RecordingFailed, RunRefused, record_run
from simulation.run import named, prepare, simulate
from simulation.scenario import Scenario, ScenarioError


class NotTheSameRun(Exception):
    """A tape did not give the run it was made from: something else than its choices decides."""


class Driven(msgspec.Struct, frozen=True):
    """One run of a `Driver`.

    Attributes:
        tape: every choice that was made in it.
    """

    driver: "Driver"
    outcome: Outcome
    tape: Tape

    def keep(self, directory: Path) -> Path:
        """Write the run's bundle below `directory`; one per driver and property, the last one
        kept. Returns the file.

        Raises:
            NotTheSameRun: its tape gave another run.
            OSError: the file cannot be written.
        """
        return self.driver.keep(self, directory)


class Driver:
    """One scenario, to be driven by sources of choices.

    Args:
        scenario: built-in name, "MODULE:FUNCTION", or the function itself, of a module's top level.
        name: of the driver, in the names of its bundles: letters, digits, `_`.
        faults: profile name instead of the scenario's, or "".
    Raises:
        ScenarioError: no such scenario or profile, or one that cannot be put together.
    """

    __slots__ = ("_code", "name", "options", "scenario")

    def __init__(
        self,
        scenario: str | Callable[[], Scenario],
        name: str,
        *,
        faults: str = "",
    ) -> None:
        if not name.isidentifier():
            raise ValueError(f"driver {name!r}: letters, digits and _ make its name")
        options = RunOptions(scenario_path(scenario), faults)
        named(options)  # refuses what cannot run
        self.options = options
        self.scenario = prepare(options)
        self.name = name
        self._code = ""

    def run(self, entropy: Entropy, seed: int = 0) -> Driven:
        """One run. The seed names it; what is chosen is the affair of `entropy` alone.

        Raises:
            What `simulate` raises.
        """
        taped = TapedEntropy(entropy)
        outcome = simulate(self.scenario, seed, self.options, entropy=taped)
        return Driven(self, outcome, taped.tape)

    def keep(self, driven: Driven, directory: Path) -> Path:
        """`Driven.keep`"""
        seed = driven.outcome.seed
        recording = record_here(self.options, seed, driven.tape)
        if recording.outcome.digest != driven.outcome.digest:
            raise NotTheSameRun(
                f"digest {driven.outcome.digest[:12]}, then {recording.outcome.digest[:12]} "
                "from its own tape"
            )
        options = msgspec.structs.replace(
            recording.options, code=self._code_alone(recording.options.code)
        )
        outcome = msgspec.structs.replace(recording.outcome, token=str(options.token(seed)))
        recording = msgspec.structs.replace(recording, options=options, outcome=outcome)
        bundle = msgspec.structs.replace(bundles.make_bundle(recording), driver=self.name)
        return bundles.save(bundle, directory)

    def _code_alone(self, here: str) -> str:
        """The code hash that `seatrial replay` will see: without what else this process, a test
        runner perhaps, has loaded from the working directory. `here` where the scenario cannot be
        imported from there."""
        if not self._code:
            try:
                self._code = record_run(self.options, 0, tape={}).options.code
            except (RunRefused, RecordingFailed):
                self._code = here
        return self._code


def scenario_path(scenario: str | Callable[[], Scenario]) -> str:
    """The import path under which a scenario is known.

    Raises:
        ScenarioError: a function that no path leads to (a lambda, or one inside another).
    """
    if isinstance(scenario, str):
        return scenario
    module = getattr(scenario, "__module__", None)
    name = getattr(scenario, "__qualname__", None)
    if not module or not name or not name.isidentifier():
        raise ScenarioError(
            f"scenario {scenario!r}: give a function of a module's top level, so that its name "
            "leads to it"
        )
    return f"{module}:{name}"
