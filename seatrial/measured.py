"""What has to be run to be known: how soon each planted bug is found, and how small its first
failure becomes. Slow, so only on request.

A page holds a pair of marks, `<!-- measured NAME -->` and `<!-- end NAME -->`; what stands
between them was made here once, on the code that it names. `python -m seatrial.docs --incumbent`
and `--zoo` make it anew.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from statistics import median
from typing import Final

import msgspec

from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.run import named
from simulation.token import Token
from zoo.bug import Bug
from zoo.bugs import BUGS
from zoo.hunt import ACROSS_RUNS, found
from zoo.shrinking import line, measure_at

SEEDS: Final = 300  # how far a bug is hunted
_JOBS: Final = 2  # bugs that are shrunk at a time
Table = Callable[[tuple[str, ...], Sequence[tuple[str, ...]]], str]


class Sighting(msgspec.Struct, frozen=True):
    """How a bug was found. `seeds`: how many were run for it, the one that found it included."""

    bug: Bug
    seeds: int
    token: str


@cache
def sight(bug: Bug) -> Sighting | None:
    """Hunt one bug from seed 0 on; None: it survived."""
    outcome: Outcome | None = found(bug, SEEDS)
    if outcome is None:
        return None
    token = Token.parse(outcome.token)
    # the code is named once for all of them: the next change of it would age every row
    shown = Token(token.scenario, token.seed, "", token.faults, token.market, token.bug)
    return Sighting(bug, outcome.seed + 1, str(shown))


def shown_bugs() -> list[Bug]:
    """Those that `docs/incumbent.md` shows: run ones first, each half in the order of the zoo."""
    shown = [bug for bug in BUGS.values() if bug.release]
    return sorted(shown, key=lambda bug: bug.release)


def incumbent(table: Table) -> str:
    """Every shown defect, with what finds it here, after how many seeds, and how small it gets.

    Raises:
        RuntimeError: one was not found, or became another failure when it was made smaller.
    """
    sightings = [_seen(bug) for bug in shown_bugs()]
    left = deviations_left(sightings)
    rows = [
        (
            sighting.bug.observed,
            sighting.bug.release,
            sighting.bug.sentence,
            sighting.bug.property,
            sighting.bug.scenario,
            str(sighting.seeds),
            str(left.get(sighting.bug.id, "-")),
            f"`{sighting.token}`",
            f"`seatrial replay '{sighting.token}' --timeline {sighting.bug.id}.html`",
        )
        for sighting in sightings
    ]
    header = (
        "Defect",
        "Seen in",
        "Planted as",
        "Found by",
        "Scenario",
        "Seeds",
        "Shrunk to",
        "Token",
        "Timeline",
    )
    middle = f"Median of the deviations: {median(left.values()):g}."
    return f"{_code()} {middle}\n\n{table(header, rows)}"


def _seen(bug: Bug) -> Sighting:
    sighting = sight(bug)
    if sighting is None:
        raise RuntimeError(f"{bug.id} survived {SEEDS} seeds")
    return sighting


def deviations_left(sightings: Sequence[Sighting]) -> dict[str, int]:
    """Of each failure that one run shows: how many choices of it need not be the dullest.

    Raises:
        RuntimeError: what is left of one does not repeat, or fails without the bug too.
    """
    alone = [each for each in sightings if each.bug.property != ACROSS_RUNS]
    names, seeds = [each.bug.id for each in alone], [each.seeds - 1 for each in alone]
    left, lost = {}, []
    with ProcessPoolExecutor(_JOBS, mp_context=get_context("spawn")) as pool:
        for measured in pool.map(measure_at, names, seeds):
            print(line(measured), file=sys.stderr, flush=True)
            left[measured.bug] = measured.shrunk.deviations
            if not measured.is_sound:
                lost.append(measured.bug)
    if lost:
        raise RuntimeError(f"what is left is another failure: {', '.join(lost)}")
    return left


def zoo(table: Table) -> str:
    """How many of all bugs that a property is to find were found, and how soon."""
    hunted = [bug for bug in BUGS.values() if bug.property]
    sightings = [sighting for bug in hunted if (sighting := sight(bug)) is not None]
    seeds = sorted(sighting.seeds for sighting in sightings)
    named_ids = {sighting.bug.id for sighting in sightings}
    survived = ", ".join(bug.id for bug in hunted if bug.id not in named_ids)
    rows = [
        ("bugs that a property is to find", str(len(hunted))),
        (
            f"found within {SEEDS} seeds",
            f"{len(seeds)} ({100 * len(seeds) // len(hunted)} %)",
        ),
        ("survived", survived or "none"),
        ("seeds until found: median", str(median(seeds))),
        ("found by the first seed", str(seeds.count(1))),
        ("95 of 100 found within", f"{seeds[(95 * len(seeds) - 1) // 100]} seeds"),
        ("the last found after", f"{seeds[-1]} seeds"),
    ]
    return f"{_code()}\n\n{table(('Figure', 'Value'), rows)}"


MEASURED: Final[Mapping[str, Callable[[Table], str]]] = {"incumbent": incumbent, "zoo": zoo}


def retaken(page: str, name: str, table: Table) -> str:
    """The page's text with the measurement `name`, if it has it, made anew."""
    marks = re.compile(rf"(?<=<!-- measured {name} -->\n).*(?=<!-- end {name} -->)", re.DOTALL)
    if not marks.search(page):
        return page
    fresh = f"\n{MEASURED[name](table)}\n\n"
    return marks.sub(lambda _: fresh, page)


def _code() -> str:
    return f"Measured on code `{named(RunOptions()).code}`."
