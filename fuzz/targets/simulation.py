"""A whole run whose choices are the bytes: faults, delays, and what the trader does.

The market is drawn from a seed that never changes. Every property of the catalogue judges the run;
an input is a crash when one does not hold, or when the run breaks.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from fuzz.mutate import change_records
from fuzz.oracle import Wrong
from simulation.entropy import (
    BytesEntropy,
    SeededEntropy,
    Tape,
    bytes_of,
    records_of,
    stream_key,
    written,
)
from simulation.faults import PLANNED, FaultKind
from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.run import prepare, simulate

OPTIONS: Final = RunOptions("fuzz.scenario:harbour")
SEED: Final = 0  # the market's
_SCENARIO: Final = prepare(OPTIONS)
_SEEDS: Final = 16
_STEPS: Final = 16  # a trader of the harbour takes no more, nor has it more fills to react to
_KEYS: Final = [
    stream_key(name)
    for name in (
        "faults.swarm",
        "gateway.SIM",
        "journal",
        *(f"faults.{kind.name.lower()}" for kind in FaultKind),
        *(f"faults.plan.{kind.name.lower()}.0" for kind in PLANNED),
        "workload.RandomTrader-001.start",
        *(f"workload.RandomTrader-001.step.{step}" for step in range(_STEPS)),
        *(f"workload.RandomTrader-001.fill.{fill}" for fill in range(1, _STEPS)),
    )
]


def check(data: bytes) -> None:
    outcome = simulate(_SCENARIO, SEED, OPTIONS, entropy=BytesEntropy(data, SEED))
    if not outcome.passed:
        raise Wrong(_news(outcome))


def tape_of(data: bytes) -> Tape:
    """Every choice of the run that `data` makes, so that a bundle can replay it. Of a run that
    breaks, as far as it came."""
    entropy = BytesEntropy(data, SEED, keep_tape=True)
    with suppress(Exception):  # seen before; the choices up to it are what is wanted
        simulate(_SCENARIO, SEED, OPTIONS, entropy=entropy)
    return entropy.tape or {}


def mutate(data: bytes, length_max: int, seed: int) -> bytes:
    """Some streams choose otherwise, all others as before."""
    changed = data
    while len(changed := written(change_records(records_of(data), _KEYS, seed))) > length_max:
        data = data[: len(data) - 1 - len(data) // 8]
    return changed


def seeds() -> Mapping[str, bytes]:
    """The choices of seeded runs, written as bytes; and no choice at all."""
    found = {"dullest": b""}
    for seed in range(_SEEDS):
        entropy = SeededEntropy(seed, keep_tape=True)
        if not simulate(_SCENARIO, seed, OPTIONS, entropy=entropy).passed:
            continue
        tape = {
            name: choices
            for name, choices in (entropy.tape or {}).items()
            if not name.startswith("market.")
        }
        try:
            found[f"seed-{seed}"] = bytes_of(tape)
        except ValueError:  # two of its streams share a key
            continue
    return found


def _news(outcome: Outcome) -> str:
    return f"{outcome.verdict}({outcome.property_id}) {outcome.subject}: {outcome.detail}"
