"""`python -m zoo.canary_search`: renew the table of canaries where a seed no longer trips.

For each property that a run can break, a bug that can be planted in a running process, and a seed.
Of its bugs the one that most seeds trip over, and of those the one that is found soonest: it costs
least, and a change of the code is least likely to move it. Rows that still trip stay as they are.
"""

import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from invariants.catalogue import CATALOGUE
from invariants.property import Kind
from simulation.options import RunOptions
from simulation.outcome import Outcome
from simulation.run import prepare, simulate
from simulation.token import Token
from zoo import canary_table
from zoo.bug import Bug
from zoo.bugs import BUGS
from zoo.hunt import ACROSS_RUNS, hunt_across_runs
from zoo.patch import PatchRefused
from zoo.planted import planted

JUDGED: Final = tuple(entry.id for entry in CATALOGUE if entry.kind is not Kind.SOMETIMES)
_SEEDS: Final = 12  # over which bugs are compared
_SEEDS_MAX: Final = 300  # how far to look for the first
_HEAD: Final = '''\
"""The canary of each property of the catalogue: a planted bug, and a seed that trips over it.

Written by `python -m zoo.canary_search`.
"""

from collections.abc import Mapping
from typing import Final

CANARIES: Final[Mapping[str, str]] = {
'''


def trips(property_id: str, token: Token) -> Outcome | None:
    """What the run of a canary came to, if the property broke in it.

    Raises:
        PatchRefused: its bug cannot be planted in a running process.
    """
    if property_id == ACROSS_RUNS:
        failed = hunt_across_runs(BUGS[token.bug], token.seed + 1)
        return next((outcome for outcome in failed if outcome.seed == token.seed), None)
    options = RunOptions.of_token(token)
    with planted(BUGS[token.bug]):
        outcome = simulate(prepare(options), token.seed, options)
    return outcome if outcome.property_id == property_id else None


def search(property_id: str) -> Token | None:
    """The best canary of a property; None: no bug of it can be planted and is found."""
    bugs = [bug for bug in BUGS.values() if bug.property == property_id]
    for seeds in (_SEEDS, _SEEDS_MAX):
        found = [each for bug in bugs if (each := _found(bug, seeds)) is not None]
        if found:
            return min(found, key=lambda each: each[:2])[2]
    return None


def _found(bug: Bug, seeds: int) -> tuple[int, int, Token] | None:
    """(minus how many seeds trip over the bug, records of the shortest of them, its token)"""
    token = Token(bug.scenario, 0, bug=bug.id)
    if bug.property == ACROSS_RUNS:
        failed = hunt_across_runs(bug, seeds)
        if not failed:
            return None
        return -len(failed), failed[0].events, _at(token, failed[0].seed)
    options = RunOptions.of_token(token)
    scenario = prepare(options)
    tripped: list[Outcome] = []
    with suppress(PatchRefused), planted(bug):
        for seed in range(seeds):
            if seed >= _SEEDS and tripped:
                break
            outcome = simulate(scenario, seed, options)
            if outcome.property_id == bug.property:
                tripped.append(outcome)
    if not tripped:
        return None
    least = min(tripped, key=lambda outcome: (outcome.events, outcome.seed))
    return -len(tripped), least.events, _at(token, least.seed)


def _at(token: Token, seed: int) -> Token:
    return msgspec.structs.replace(token, seed=seed)


def renewed(table: Mapping[str, str]) -> dict[str, str]:
    """The table as it should be: a property that has no canary has no row."""
    rows = {}
    for property_id in JUDGED:
        text = table.get(property_id)
        if text is None or not _still_trips(property_id, Token.parse(text)):
            found = search(property_id)
            text = str(found) if found is not None else None
        if text is not None:
            rows[property_id] = text
    return rows


def _still_trips(property_id: str, token: Token) -> bool:
    if token.bug not in BUGS or BUGS[token.bug].property != property_id:
        return False
    with suppress(PatchRefused):
        return trips(property_id, token) is not None
    return False


def main() -> None:
    old = canary_table.CANARIES
    new = renewed(old)
    for property_id in JUDGED:
        before, after = old.get(property_id), new.get(property_id)
        if before != after:
            print(f"{property_id}: {before or 'none'} -> {after or 'none'}")  # noqa: T201
    body = "".join(f'    "{property_id}": "{text}",\n' for property_id, text in new.items())
    Path(canary_table.__file__).write_text(f"{_HEAD}{body}}}\n", encoding="utf-8")
    without = [property_id for property_id in JUDGED if property_id not in new]
    if without:
        print(f"no bug within functions is found: {', '.join(without)}", file=sys.stderr)  # noqa: T201
    sys.exit(1 if without else 0)


if __name__ == "__main__":
    main()
