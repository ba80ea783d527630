"""`python -m zoo.perch`: a worker that makes canaries instead of a campaign's runs.

It is asked for (seed, property), and runs the property's canary on that seed, its bug planted for
so long. The catalogue's canaries are runs of our scenarios; what judges there are the campaign's own
properties, wherever it has one of that id: a check that somebody has replaced is the one to be
tried.
"""

import time
from contextlib import nullcontext
from typing import Final

import msgspec

from invariants.property import Property
from simulation import worker
from simulation.options import RunOptions
from simulation.run import broken, prepare, simulate
from simulation.scenario import Scenario
from simulation.token import Token
from simulation.worker import Line, Task
from zoo.bugs import BUGS
from zoo.canary_table import CANARIES
from zoo.planted import planted

PROGRAM: Final = "zoo.perch"


class Runner(worker.Runner):
    """Makes canaries, in this process."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self._judges = {entry.id: entry for entry in self.scenario.properties}
        self._scenarios: dict[tuple[RunOptions, str], Scenario] = {}

    def line(self, seed: int, near: str) -> Line:
        started = time.process_time_ns()
        judge = self._judges[near]
        options = RunOptions.of_token(Token.parse(judge.canary or CANARIES[near]))
        options = msgspec.structs.replace(options, code=self.task.options.code)
        try:
            scenario = self._judged(options, judge)
            with planted(BUGS[options.bug]) if options.bug else nullcontext():
                outcome = simulate(scenario, seed, options)
        except Exception as error:
            outcome = broken(options, seed, error)
        return Line(outcome, time.process_time_ns() - started, near)

    def _judged(self, options: RunOptions, judge: Property) -> Scenario:
        """The canary's scenario, under the campaign's judges where it has them."""
        of_ours = "" if judge.id in CANARIES else judge.id  # all of those are judged alike
        key = msgspec.structs.replace(options, bug=""), of_ours
        scenario = self._scenarios.get(key)
        if scenario is None:
            scenario = prepare(options)
            judges = {entry.id: self._judges.get(entry.id, entry) for entry in scenario.properties}
            judges.setdefault(judge.id, judge)
            scenario = msgspec.structs.replace(scenario, properties=[*judges.values()])
            self._scenarios[key] = scenario
        return scenario


if __name__ == "__main__":
    worker.serve(Runner)
