"""`python tests/determinism/digests.py PLAN [--freeze DATE] [--shuffled]`: digests as JSON.

PLAN is JSON, {"default": 50}: how many seeds of which scenario. Run as a plain script, so that
an interpreter that has nothing but msgspec and this repository on its path can do it.
"""

import argparse
import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[2])  # not this folder

from simulation.options import RunOptions  # noqa: E402
from simulation.run import prepare, simulate  # noqa: E402

Plan = dict[str, int]
Digests = dict[str, str]


def digests(plan: Plan, shuffled: bool = False) -> Digests:
    """{"SCENARIO@SEED": digest}. Shuffled: backwards, with a run of another world in between."""
    runs = [(name, seed) for name, count in plan.items() for seed in range(count)]
    made = {name: prepare(RunOptions(name)) for name in plan}
    other = prepare(RunOptions("calm"))
    found: Digests = {}
    for number, (name, seed) in enumerate(reversed(runs) if shuffled else runs):
        if shuffled and number % 10 == 5:
            simulate(other, 1_000_000 + number)
        found[f"{name}@{seed}"] = simulate(made[name], seed).digest
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("plan", type=json.loads)
    parser.add_argument("--freeze", default="")
    parser.add_argument("--shuffled", action="store_true")
    given = parser.parse_args()
    frozen: Any = nullcontext()
    if given.freeze:
        import freezegun

        frozen = freezegun.freeze_time(given.freeze)
    with frozen:
        found = digests(given.plan, given.shuffled)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
