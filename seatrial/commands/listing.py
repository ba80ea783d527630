"""`seatrial scenarios` and `seatrial invariants`: what there is, and what it proves."""

from rich.console import Console
from rich.table import Column, Table

from invariants.catalogue import CATALOGUE
from invariants.property import Kind
from simulation.scenarios import BUILT_IN
from zoo.bugs import BUGS


def scenarios(console: Console) -> int:
    """Print every built-in scenario."""
    for name, make in BUILT_IN.items():
        scenario = make()
        venues = ", ".join(
            f"{venue.name} ({', '.join(str(i.id) for i in venue.instruments)})"
            for venue in scenario.venues
        )
        probes = sum(1 for entry in scenario.properties if entry.kind is Kind.SOMETIMES)
        console.print(f"{name}  {(make.__doc__ or '').splitlines()[0]}", markup=False)
        console.print(
            f"    venues {venues}; faults {scenario.faults.name}; active {scenario.active}, "
            f"quiet {scenario.quiet}; {len(scenario.properties) - probes} properties, "
            f"{probes} probes",
            markup=False,
        )
    return 0


def invariants(console: Console) -> int:
    """Print every property with its check and the planted bugs that trip it, then every probe."""
    table = Table(
        "id",
        "kind",
        "scope",
        "sentence",
        Column("check", overflow="fold"),
        Column("tripped by", overflow="fold"),
        box=None,
        pad_edge=False,
    )
    for entry in CATALOGUE:
        if entry.kind is not Kind.SOMETIMES:
            tripped = ", ".join(bug.id for bug in BUGS.values() if bug.property == entry.id)
            table.add_row(
                entry.id,
                entry.kind,
                entry.scope,
                entry.sentence,
                f"{entry.owner}.{entry.check}",
                tripped or "nothing yet",
            )
    console.print(table)
    probes = Table("probe", "situation that a campaign must have seen", box=None, pad_edge=False)
    for entry in CATALOGUE:
        if entry.kind is Kind.SOMETIMES:
            probes.add_row(entry.id, entry.sentence)
    console.print(probes)
    return 0
