"""What a red campaign leaves behind: per cause one bundle, or the place where two runs part.

Each failing seed is run again from nothing. That keeps its trace, and it is a check of its own:
a seed that comes out otherwise this time is NONDETERMINISM, whatever it was before.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from simulation import bundle as bundles
from simulation.campaign import HASH_SEEDS, Campaign, by_signature, nondeterminism
from simulation.options import RunOptions
from simulation.outcome import Outcome, Verdict
from simulation.recording import PYTHON, Recording, first_difference, record_run
from simulation.token import Token

CAUSES_KEPT: Final = 10  # the others are counted and listed


class Divergence(msgspec.Struct, frozen=True):
    """The first record in which two runs of one seed differ, numbered from 1; a side is empty
    where that run has ended."""

    record: int
    a: bytes
    b: bytes


class Failure(msgspec.Struct, frozen=True):
    """All runs that fail with one signature.

    Attributes:
        outcome: of the first of them.
        outcomes: of all of them: seeds ascending, then neighbours.
        bundle: where the first is kept, or None: nothing to keep.
        divergence: of NONDETERMINISM; None when two fresh runs agree, so that the difference
            lies in what ran before in the same process.
    """

    outcome: Outcome
    outcomes: list[Outcome]
    bundle: Path | None = None
    divergence: Divergence | None = None


def keep_failures(
    campaign: Campaign,
    options: RunOptions,
    directory: Path,
    launcher: Sequence[str] = PYTHON,
) -> tuple[Campaign, list[Failure]]:
    """Run the first seed of each cause again and keep it below `directory`.

    Returns:
        The campaign, with NONDETERMINISM where the rerun took another course; and the failures,
        by first seed.
    Raises:
        RecordingFailed: a rerun died.
        OSError: the bundle cannot be written.
    """
    failures: list[Failure] = []
    for number, group in enumerate(by_signature(campaign.outcomes).values()):
        first = group[0]
        failure = Failure(first, group)
        if number < CAUSES_KEPT and first.verdict is not Verdict.ERROR:
            failure = _kept(failure, options, directory, launcher)
            if failure.outcome is not first:
                campaign = campaign.with_outcome(failure.outcome)
        failures.append(failure)
    return campaign, failures


def _kept(
    failure: Failure, options: RunOptions, directory: Path, launcher: Sequence[str]
) -> Failure:
    outcome = failure.outcome
    near = Token.parse(outcome.token).near
    options = msgspec.structs.replace(options, near=near)
    one = record_run(options, outcome.seed, launcher=launcher, hash_seed=HASH_SEEDS[0])
    path = bundles.save(bundles.make_bundle(one), directory)
    if outcome.verdict is not Verdict.NONDETERMINISM and one.outcome.digest == outcome.digest:
        return msgspec.structs.replace(failure, bundle=path)
    if outcome.verdict is not Verdict.NONDETERMINISM:
        was = f"{outcome.verdict}({outcome.property_id})"
        detail = f"{was} with digest {outcome.digest[:12]}, then {one.outcome.digest[:12]} alone"
        outcome = nondeterminism(outcome, detail)
    two = record_run(options, outcome.seed, launcher=launcher, hash_seed=HASH_SEEDS[1])
    return Failure(outcome, failure.outcomes, path, divergence_of(one, two))


def divergence_of(one: Recording, two: Recording) -> Divergence | None:
    """Where two runs part, or None."""
    index = first_difference(one.records, two.records)
    if index is None:
        return None
    left = one.records[index] if index < len(one.records) else b""
    right = two.records[index] if index < len(two.records) else b""
    return Divergence(index + 1, left, right)
