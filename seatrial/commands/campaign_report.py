"""What a campaign was, in words."""

from typing import Final

from rich.console import Console

from seatrial.commands.records import side_by_side
from simulation.campaign import Campaign
from simulation.failures import Failure
from simulation.outcome import Outcome
from simulation.token import Token

_SEEDS_LISTED: Final = 12
_CANARIES_LISTED: Final = 20
_SCHEDULE: Final = "schedule_"


def print_failure(console: Console, failure: Failure) -> None:
    console.print(failure.outcome.report(), markup=False, style="red")
    if failure.outcome.traceback:
        console.print(_indented(failure.outcome.traceback), markup=False)
    found = failure.divergence
    if found is not None:
        console.print(f"  the first record that differs is number {found.record}:")
        console.print(_indented(side_by_side(found.a, found.b)), markup=False)
    elif failure.outcome.exit_code == 3:
        console.print("  two fresh runs agree: it depends on what ran before in the process")
    if failure.bundle is not None:
        console.print(f"  bundle: {failure.bundle}", markup=False)
    others = failure.outcomes[1:]
    if others:
        shown = ", ".join(_name(outcome) for outcome in others[:_SEEDS_LISTED])
        more = len(others) - _SEEDS_LISTED
        smallest = min(failure.outcomes, key=lambda outcome: outcome.events)
        console.print(
            f"  so do seeds {shown}{f' and {more} more' if more > 0 else ''}; "
            f"the shortest is {_name(smallest)}, {smallest.events} records"
        )


def _name(outcome: Outcome) -> str:
    near = Token.parse(outcome.token).near
    return f"{outcome.seed} near {near}" if near else str(outcome.seed)


def print_summary(console: Console, campaign: Campaign) -> None:
    seeds = max(campaign.seeds, 1)
    mean = {name: count / seeds for name, count in campaign.counts.items()}
    fired = sum(1 for count in campaign.faults.values() if count)
    rate = campaign.seeds / campaign.cpu_seconds if campaign.cpu_seconds else 0.0
    lines = (
        f"{campaign.scenario}: {campaign.passed} passed, {campaign.failed} failed of "
        f"{campaign.seeds} seeds in {campaign.seconds:.1f} s "
        f"({rate:.0f} seeds per CPU-second, code {campaign.code})",
        f"  a seed means {mean.get('turns', 0):.0f} turns, {mean.get('submits', 0):.1f} submits, "
        f"{mean.get('fills', 0):.1f} fills, {mean.get('fault_kinds', 0):.1f} kinds of fault; "
        f"{campaign.seeds_with.get('reconnects', 0)} seeds reconnected",
        f"  faults fired ({fired} kinds): {_listed(campaign.faults)}",
        f"  probes seen ({len(campaign.probes)}): {_listed(campaign.probes)}",
    )
    for line in (*lines, *_of_search(campaign), *_of_canaries(campaign)):
        console.print(line, markup=False)
    notes = dict.fromkeys(note for outcome in campaign.results for note in outcome.notes)
    for note in notes:
        console.print(f"  note: {note}", markup=False)
    for short in campaign.shortcomings:
        console.print(f"  inconclusive: {short}", markup=False, style="yellow")


def _of_search(campaign: Campaign) -> list[str]:
    """How it looked for more than chance shows; nothing where it did not."""
    lines = []
    hits = {
        name.removeprefix(_SCHEDULE): count
        for name, count in campaign.counts.items()
        if name.startswith(_SCHEDULE)
    }
    if hits:
        lines.append(f"  schedules: {_listed(hits)}; {campaign.counts.get('ties', 0)} ties")
    if campaign.neighbours:
        near = len({outcome.seed: None for outcome in campaign.neighbours})
        failed = sum(not outcome.passed for outcome in campaign.neighbours)
        lines.append(f"  neighbours: {len(campaign.neighbours)} of {near} seeds, {failed} failed")
    return lines


def _of_canaries(campaign: Campaign) -> list[str]:
    """Which properties were seen to break where they must."""
    found = [heard.property_id for heard in campaign.canaries if heard.found]
    if not campaign.canaries:
        return []
    of_all = f"{len(found)} of {len(campaign.canaries)}"
    shown, more = ", ".join(found[:_CANARIES_LISTED]), len(found) - _CANARIES_LISTED
    return [
        f"  canaries found ({of_all}): {shown or 'none'}"
        + (f" and {more} more" if more > 0 else "")
    ]


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.rstrip("\n").split("\n"))
