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
from typing import Final

import msgspec

from zoo.bug import Bug
from zoo.patch import install

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
        verdict: the run's; IMPORT when the kernel could not even be imported.
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
    # the first once more, when others have run in between: what a mutant leaves behind shows
    for number, (scenario, seed) in enumerate((*job.runs, job.runs[0])):
        _allow(job.seconds)
        ran = _one(simulation.run, scenario, seed)
        if number == len(job.runs) and ran.digest != first:
            ran = msgspec.structs.replace(ran, verdict="NONDETERMINISM", found="DET-1")
        elif number == len(job.runs):
            break
        first = first or ran.digest
        _tell(ran)
        if ran.verdict != "PASS":
            break
        gc.collect()


def _one(run: ModuleType, scenario: str, seed: int) -> Ran:
    options = run.RunOptions(scenario)
    try:
        outcome = run.simulate(run.prepare(options), seed, options, sampled=True)
    except Exception as error:
        outcome = run.broken(options, seed, error)
    return Ran(
        scenario,
        seed,
        str(outcome.verdict),
        outcome.property_id,
        outcome.detail[:200],
        outcome.digest,
    )


def _allow(seconds: float) -> None:
    """So much processor time from now on. The signal's default ends the process, whatever loop
    it is in."""
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)


def _tell(what: Ran | Lines) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
