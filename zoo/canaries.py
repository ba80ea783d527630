"""A canary for each property: a run in which it must break, or it can no longer see.

A campaign in which a check has been lost is as green as one without a bug. So a campaign also makes
some of these runs, on the code and with the checks that it was made with. The catalogue's have a
planted bug each (`zoo.canary_table`); a user's property names a run of its own (`canary=`). A
property that its canary does not break is blind, and the campaign inconclusive.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from invariants.property import Kind, Property
from simulation.campaign import DETERMINISM, HASH_SEEDS, compared
from simulation.canary import Heard
from simulation.entropy import SeededEntropy
from simulation.executors import Executor
from simulation.options import RunOptions
from simulation.outcome import Verdict
from simulation.run import prepare
from simulation.scenario import Scenario, ScenarioError
from simulation.token import Token, TokenError
from simulation.worker import Chunk, Line, Task
from zoo.bugs import BUGS
from zoo.canary_table import CANARIES
from zoo.perch import PROGRAM

RENEWED_BY: Final = "python -m zoo.canary_search"
RUNS_EACH: Final = 25  # of a campaign, per canary: so they cost a twentieth of it
FURTHER: Final = 40  # seeds to try where the first does not trip: a change may have moved it
_AT_ONCE: Final = 8  # of those
_CHUNK: Final = 13  # canaries for one process: its start costs as much as these


class Canary(msgspec.Struct, frozen=True):
    """One that can be made.

    Attributes:
        token: scenario, seed to begin with, and the bug where there is one.
        check: what judges the property, by its dotted name.
        mend: where another one is to be had.
    """

    property_id: str
    token: Token
    check: str
    mend: str


def canaries_of(scenario: Scenario, twice: bool) -> list[Canary]:
    """Of the properties that the scenario is judged by; without `twice`, not that of DET-1.

    Raises:
        ScenarioError: a property names a canary that is none.
    """
    found = []
    for entry in scenario.properties:
        text = entry.canary or CANARIES.get(entry.id)
        if entry.kind is Kind.SOMETIMES or not text:
            continue
        if entry.id == DETERMINISM and not twice:
            continue  # nobody judges it
        token = _checked(entry) if entry.canary else Token.parse(text)
        mend = "canary=" if entry.canary else RENEWED_BY
        found.append(Canary(entry.id, token, f"{entry.owner}.{entry.check}", mend))
    return found


def _checked(entry: Property) -> Token:
    try:
        token = Token.parse(entry.canary)
        if token.market or token.near:
            raise TokenError("a canary needs a seed, and neither a recording nor a neighbour")
        if token.bug and token.bug not in BUGS:
            raise TokenError(f"bug {token.bug!r} is not in the zoo")
        prepare(RunOptions.of_token(token))
    except (TokenError, ScenarioError) as error:
        raise ScenarioError(f"property {entry.id}: canary {entry.canary!r}: {error}") from None
    return token


def share(runs: int) -> int:
    """How many canaries a campaign of so many runs can bear."""
    return max(1, runs // RUNS_EACH)


def drawn(canaries: Sequence[Canary], count: int, first_seed: int) -> list[Canary]:
    """So many of them, in their order; which ones, the first seed of the campaign decides, so that
    each window and each shard has others."""
    left = list(range(len(canaries)))
    choice = SeededEntropy(first_seed, keep_tape=False).stream("canaries")
    chosen = [left.pop(choice.below(len(left), "canary")) for _ in range(min(count, len(left)))]
    return [canaries[index] for index in sorted(chosen)]


def hear(
    executor: Executor, options: RunOptions, canaries: Sequence[Canary], further: int = FURTHER
) -> list[Heard]:
    """Make these canaries, as runs of a campaign of `options` are made.

    Args:
        executor: on sources; a bug cannot be planted in what is compiled.
        further: how many seeds to try after the one of the token.
    Raises:
        CampaignError: as the executor.
    """
    task = Task(options, program=PROGRAM)
    first = _made(executor, task, [(each.token.seed, each.property_id) for each in canaries])
    lines = {each.property_id: [first[each.token.seed, each.property_id]] for each in canaries}
    for tried in range(1, further + 1, _AT_ONCE):
        missed = [each for each in canaries if _found(each, lines[each.property_id]) is None]
        steps = range(tried, min(tried + _AT_ONCE, further + 1))
        wanted = [(each.token.seed + step, each.property_id) for each in missed for step in steps]
        made = _made(executor, task, wanted)
        for run in wanted:
            lines[run[1]].append(made[run])
    return [_heard(each, lines[each.property_id]) for each in canaries]


def _found(canary: Canary, lines: Sequence[Line]) -> int | None:
    """Which of these runs, that of its seed first, broke its property; None: none did."""
    return next((index for index, line in enumerate(lines) if _is_found(canary, line)), None)


def _is_found(canary: Canary, line: Line) -> bool:
    outcome = line.outcome
    if canary.property_id == DETERMINISM:
        return outcome.verdict is Verdict.NONDETERMINISM
    return outcome.verdict is Verdict.VIOLATION and outcome.property_id == canary.property_id


def _heard(canary: Canary, lines: Sequence[Line]) -> Heard:
    index = _found(canary, lines)
    shown = lines[index or 0].outcome
    return Heard(
        canary.property_id,
        shown.token,
        index is not None,
        len(lines) if index is None else index + 1,
        shown.verdict,
        shown.property_id,
        shown.detail,
        canary.check,
        canary.mend,
    )


def _made(
    executor: Executor, task: Task, runs: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], Line]:
    """The lines of these runs; of those for DET-1, what two hash seeds make of them."""
    lines = _pass(executor, task, HASH_SEEDS[0], runs)
    twice = [run for run in runs if run[1] == DETERMINISM]
    again = _pass(executor, task, HASH_SEEDS[1], twice)
    for run in twice:
        (lines[run],) = compared([lines[run]], [again[run]])
    return lines


def _pass(
    executor: Executor, task: Task, hash_seed: str, runs: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], Line]:
    lines: dict[tuple[int, str], Line] = {}

    def hear_line(line: Line) -> None:
        lines[line.outcome.seed, line.near] = line

    if runs:
        chunks = (Chunk(list(runs[at : at + _CHUNK])) for at in range(0, len(runs), _CHUNK))
        executor.run(task, hash_seed, chunks, hear_line)
    return lines
