"""`python -m seatrial.visiting FOLDER WHAT MODULE`: run a module and leave behind where it went.

WHAT is `visits` (cells of the state machines), `coverage` (branches of our packages), or both with
a comma. Each process writes files of its own into FOLDER: `visits-PID.json` and `coverage.PID`.
"""

import os
import runpy
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

_HOME: Final = Path(__file__).resolve().parent.parent
_COVERED: Final = ("engine", "invariants", "simulation")


def main() -> None:
    folder, what = Path(sys.argv[1]), sys.argv[2].split(",")
    module = sys.argv[3]
    sys.argv = sys.argv[3:]
    with ExitStack() as stack:
        if "coverage" in what:  # first, so that it sees the modules being imported
            import coverage

            measured = coverage.Coverage(
                data_file=str(folder / f"coverage.{os.getpid()}"),
                branch=True,
                source=[str(_HOME / package) for package in _COVERED],
                config_file=False,
            )
            measured.start()
            stack.callback(measured.save)
            stack.callback(measured.stop)
        if "visits" in what:
            from simulation.visits import counted_visits

            counts = stack.enter_context(counted_visits())
            path = folder / f"visits-{os.getpid()}.json"
            stack.callback(lambda: path.write_bytes(msgspec.json.encode(counts())))
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def visits_in(folder: Path) -> dict[str, int]:
    """What all processes counted, summed."""
    total: dict[str, int] = {}
    for path in sorted(folder.glob("visits-*.json")):
        for name, count in msgspec.json.decode(path.read_bytes(), type=dict[str, int]).items():
            total[name] = total.get(name, 0) + count
    return dict(sorted(total.items()))


def combine_coverage(folder: Path, into: Path) -> None:
    """One coverage file of what all processes measured; one that stands there is replaced.

    Raises:
        CampaignError: no process left a measurement behind.
    """
    import coverage

    from simulation.campaign import CampaignError

    files = [str(path) for path in sorted(folder.glob("coverage.*"))]
    if not files:  # asked to combine nothing, it would take what lies in the working directory
        raise CampaignError("no worker left a measurement of its coverage behind")
    into.unlink(missing_ok=True)
    merged = coverage.Coverage(data_file=str(into), config_file=False)
    merged.combine(files, keep=True)
    merged.save()


if __name__ == "__main__":
    main()
