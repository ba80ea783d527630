"""The process that searches: one target under atheris, until it crashes or its time is up.

A process of its own, because libFuzzer ends the one that it runs in, and because an input may end
it too. What is watched is instrumented as it is imported; so nothing that a target watches may be
imported before. What became of the search is read from the folder `Job.work`:

- `count`: five integers of 64 bits, kept up to date: executions; then nanoseconds, of a clock that
  only goes on when the first and when the last of them began, and of the processor likewise;
- `finding`: the input that crashed, when an exception told of it;
- `crash-*`, `timeout-*`, `oom-*`: the input, when libFuzzer did;
- `grown`: the inputs that reached something new.
"""

import mmap
import os
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import atheris
import msgspec

from fuzz.finding import Job, found
from fuzz.mutate import Mutator
from fuzz.targets import TARGETS, Target, module_of
from zoo.bugs import BUGS
from zoo.patch import install

COUNT: Final = "count"
FINDING: Final = "finding"
GROWN: Final = "grown"
COUNT_BYTES: Final = 40
EXIT_FOUND: Final = 77
_PACKAGES: Final = ("engine", "invariants", "simulation")
_MEMORY_MB: Final = 1024
_SEEDS: Final = (1 << 31) - 1  # libFuzzer takes 0 for "any"


def main() -> None:
    """Read a `Job` from standard input and search."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    target = TARGETS[job.target]
    work = Path(job.work)
    with atheris.instrument_imports(include=_PACKAGES, exclude=list(_unwatched(target))):
        if job.bug:
            install(BUGS[job.bug], lambda code: atheris.patch_code(code, True))
        module = module_of(target)
    check = module.check
    tape_of = getattr(module, "tape_of", None)
    mutate: Mutator | None = getattr(module, "mutate", None)
    count = _shared_count(work / COUNT)
    clock, processor = time.monotonic_ns, time.process_time_ns

    def one_input(data: bytes) -> None:
        now, used = clock(), processor()
        if not count[0]:
            count[1] = now
            count[3] = used
        count[0] += 1
        count[2] = now
        count[4] = used
        try:
            check(data)
        except Exception as error:
            finding = found(target.name, data, error, tape_of)
            (work / FINDING).write_bytes(msgspec.msgpack.encode(finding))
            os._exit(EXIT_FOUND)

    def mutated(data: bytes, length_max: int, seed: int) -> bytes:
        """Half the changes are libFuzzer's own."""
        if mutate is not None and seed & 1:
            return mutate(data, length_max, seed >> 1)
        own: bytes = atheris.Mutate(data, length_max)
        return own

    (work / GROWN).mkdir()
    atheris.Setup(
        [
            "fuzz",
            str(work / GROWN),
            job.corpus,
            f"-artifact_prefix={work}{os.sep}",
            f"-max_len={target.length_max}",
            f"-max_total_time={job.seconds}",
            f"-rss_limit_mb={_MEMORY_MB}",
            f"-seed={1 + job.seed % _SEEDS}",
            f"-timeout={target.seconds_max}",
            "-keep_seed=1",
            "-len_control=0",
            # without it whole numbers that are compared guide nothing, and seeds that reach nothing
            # new are never chosen again
            "-use_value_profile=1",
            "-verbosity=0",
        ],
        one_input,
        **({} if mutate is None else {"custom_mutator": mutated}),
    )
    atheris.Fuzz()


def _shared_count(path: Path) -> memoryview:
    """Integers in a file that outlives the process, however it ends."""
    path.write_bytes(bytes(COUNT_BYTES))
    with path.open("r+b") as file:
        return memoryview(mmap.mmap(file.fileno(), COUNT_BYTES)).cast("Q")


def _unwatched(target: Target) -> Iterator[str]:
    """Every module of ours that the target does not watch."""
    for package in _PACKAGES:
        spec = find_spec(package)
        for root in (spec and spec.submodule_search_locations) or ():
            for path in sorted(Path(root).rglob("*.py")):
                parts = (package, *path.relative_to(root).with_suffix("").parts)
                name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                if not any(f"{name}.".startswith(f"{watched}.") for watched in target.watched):
                    yield name


if __name__ == "__main__":
    main()
