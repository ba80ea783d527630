"""The process that lives with one mutant: runs the list of seeds until one of them is no pass.

The mutated text is laid over its module as a planted bug is, before anything imports it. So
nothing of ours but the zoo's patch may be imported above `main`.
"""

import gc
import resource
import signal
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

import msgspec

from zoo.bug import Bug
from zoo.patch import install

if TYPE_CHECKING:
    from simulation.outcome import Outcome

ROOT: Final = Path(__file__).resolve().parent.parent
_MEMORY: Final = 1 << 30  # of address space: a list that grows for ever ends as an exception


class Job(msgspec.Struct, frozen=True):
    """What to run.

    Attributes:
        module, source, mutated: no patch when `module` is "".
        runs: (scenario, seed), in this order.
        seconds: of processor time that one run may take; then the process is killed.
        watch: modules whose executed lines are to be told at the end.
    """

    module: str
    source: str
    mutated: str
    runs: tuple[tuple[str, int], ...]
    seconds: float
    watch: tuple[str, ...] = ()


class Ran(msgspec.Struct, frozen=True, tag=True):
    """One run of the list, or what came instead of it.

    Attributes:
        verdict: the run's; IMPORT when the kernel could not even be imported; OWED when every run
            passed and the runs of a scenario lack what a campaign of so many seeds owes.
        found: id of the property; the exception's name after IMPORT.
        detail: in words.
    """

    scenario: str
    seed: int
    verdict: str
    found: str
    detail: str
    digest: str


class Lines(msgspec.Struct, frozen=True, tag=True):
    """Executed lines by module: the last line of a process that was asked to watch."""

    lines: dict[str, list[int]]


def main() -> None:
    """Read a `Job` from standard input, write one `Ran` a line."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    _allow(job.seconds)
    if not job.watch:
        _run(job)
        return
    import coverage  # dear, and one process of a campaign needs it

    paths = {module: str(path_of(module)) for module in job.watch}
    watcher = coverage.Coverage(data_file=None, include=list(paths.values()))
    with watcher.collect():
        _run(job)
    data = watcher.get_data()
    _tell(Lines({module: sorted(data.lines(path) or ()) for module, path in paths.items()}))


def path_of(module: str) -> Path:
    return ROOT / Path(*module.split(".")).with_suffix(".py")


def _run(job: Job) -> None:
    try:
        if job.module:
            changes = ((job.source, job.mutated),)
            install(Bug(id="mutant", sentence="", module=job.module, changes=changes))
        import simulation.run
    except Exception as error:
        _tell(Ran("", 0, "IMPORT", type(error).__name__, str(error), ""))
        return
    gc.disable()  # between runs only
    first = ""
    shown: dict[str, list[Outcome]] = {}
    # the first once more, when others have run in between: what a mutant leaves behind shows
    for number, (scenario, seed) in enumerate((*job.runs, job.runs[0])):
        _allow(job.seconds)
        outcome = _one(simulation.run, scenario, seed)
        ran = Ran(
            scenario,
            seed,
            str(outcome.verdict),
            outcome.property_id,
            outcome.detail[:200],
            outcome.digest,
        )
        if number == len(job.runs) and ran.digest != first:
            ran = msgspec.structs.replace(ran, verdict="NONDETERMINISM", found="DET-1")
        elif number == len(job.runs):
            _tell_what_is_owed(simulation.run, shown)
            break
        first = first or ran.digest
        _tell(ran)
        if ran.verdict != "PASS":
            break
        shown.setdefault(scenario, []).append(outcome)
        gc.collect()


def _tell_what_is_owed(run: ModuleType, shown: "dict[str, list[Outcome]]") -> None:
    """A probe or fault that so many seeds of a scenario owe and did not show turns a campaign of
    them red: by the campaign's own rule, as it stands there."""
    from simulation.campaign import owed_and_missing

    for scenario, outcomes in shown.items():
        options = run.RunOptions(scenario)
        faults = _sum([outcome.faults for outcome in outcomes])
        probes = _sum([outcome.probes for outcome in outcomes])
        missing = owed_and_missing(run.prepare(options), options, len(outcomes), faults, probes)
        if missing:
            _tell(Ran(scenario, 0, "OWED", "", ", ".join(missing)[:200], ""))
            return


def _sum(rows: "list[dict[str, int]]") -> dict[str, int]:
    total: dict[str, int] = {}
    for row in rows:
        for name, count in row.items():
            total[name] = total.get(name, 0) + count
    return total


def _one(run: ModuleType, scenario: str, seed: int) -> "Outcome":
    options = run.RunOptions(scenario)
    outcome: Outcome
    try:
        outcome = run.simulate(run.prepare(options), seed, options)
    except Exception as error:
        outcome = run.broken(options, seed, error)
    return outcome


def _allow(seconds: float) -> None:
    """So much processor time from now on. The signal's default ends the process, whatever loop
    it is in."""
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)


def _tell(what: Ran | Lines) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
