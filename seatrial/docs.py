"""`python -m seatrial.docs`: writes into the pages what the code knows better than prose.

A page holds a pair of marks, `<!-- table NAME -->` and `<!-- end NAME -->`; what stands between
them is made here. A test compares, so a table and the code it shows cannot part.

`python -m seatrial.docs --transcript` also takes the README's transcript anew. No test compares
that: it is what was seen once, on the code that its token names. `--incumbent` and `--zoo` hunt
planted bugs, for minutes, and write how soon they were found: see `seatrial.measured`. The first
also makes the timeline of the defect that the README opens with.
"""

import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from conformance.capabilities import NOT_IN_MODEL
from conformance.cases import CASES
from engine.model.enums import OrderStatus
from engine.model.order_table import TRANSITIONS
from invariants.catalogue import CATALOGUE
from invariants.log_table import on_log
from invariants.property import Kind
from seatrial.measured import MEASURED, retaken
from simulation.faults import DESCRIPTIONS, PROFILES, FaultKind, FaultProfile, OneIn
from zoo.bug import Bug
from zoo.bugs import BUGS

ROOT: Final = Path(__file__).resolve().parent.parent
DOCS: Final = ROOT / "docs"
TRANSCRIPT: Final = re.compile(
    r"(?<=<!-- transcript -->\n).*(?=<!-- end transcript -->)", re.DOTALL
)
SHOWN_BUG: Final = "silence-is-rejection"
OPENING: Final = "coins[bug=flip-loses-fee-in-kind]@0"  # what the README begins with
OPENING_TIMELINE: Final = DOCS / "flip-loses-fee-in-kind.html"


def properties() -> str:
    """Every property that is judged: what it says, where, and which planted bugs trip it."""
    rows = []
    for entry in CATALOGUE:
        if entry.kind is not Kind.SOMETIMES:
            bugs = ", ".join(bug.id for bug in BUGS.values() if bug.property == entry.id)
            rows.append(
                (
                    entry.id,
                    entry.kind,
                    entry.scope,
                    entry.sentence,
                    f"`{entry.owner}`",
                    f"`{entry.check}`",
                    bugs or "none yet",
                )
            )
    return _table(("Id", "Kind", "Scope", "Sentence", "Owner", "Check", "Planted bugs"), rows)


def probes() -> str:
    """Every situation that a campaign must have seen."""
    return _table(
        ("Probe", "Situation", "Declared odds per seed"),
        [
            (entry.id, entry.sentence, f"{entry.odds[0]} in {entry.odds[1]}")
            for entry in CATALOGUE
            if entry.kind is Kind.SOMETIMES
        ],
    )


def on_logs() -> str:
    """What a log can be asked of each property."""
    rows = []
    for entry in CATALOGUE:
        if entry.kind is not Kind.SOMETIMES:
            here = on_log(entry.id, limits_known=True)
            rows.append((entry.id, here.standing, here.note))
    return _table(("Property", "From a log", "What of it"), rows)


def bugs() -> str:
    """Every planted bug."""
    return _table(
        (
            "Bug",
            "What the patched code does",
            "Module",
            "Found by",
            "Scenario",
            "Seen in released systems",
        ),
        [
            (
                bug.id,
                bug.sentence,
                f"`{bug.module}`",
                _finder(bug),
                bug.scenario if bug.property else "-",
                bug.observed or "-",
            )
            for bug in BUGS.values()
        ],
    )


def _finder(bug: Bug) -> str:
    return bug.property or f"fuzz {bug.target}"


def faults() -> str:
    """Every fault, with how often each profile lets it strike."""
    shown = [profile for profile in PROFILES.values() if profile.rates]
    return _table(
        ("Fault", "What happens", *(profile.name for profile in shown)),
        [
            (kind.name, DESCRIPTIONS[kind].means, *(_rate(profile, kind) for profile in shown))
            for kind in FaultKind
        ],
    )


def order_table() -> str:
    """The order state machine: for each state, what each event makes of the order.

    Three columns, because most cells say one of two things: the event brings the state that has
    its name, or it is taken and the state stays.
    """
    rows = []
    for status in OrderStatus:
        named, stays, others = [], [], []
        for trigger, cell in sorted(TRANSITIONS[status].items()):
            if cell is status:
                stays.append(trigger.name)
            elif cell.name == trigger.name:
                named.append(trigger.name)
            else:
                others.append(f"{trigger.name} to {cell.name}")
        rows.append((status.name, *(", ".join(cells) or "-" for cells in (named, stays, others))))
    return _table(("State", "Goes to the state of that name on", "Stays on", "Else"), rows)


def cases() -> str:
    """Every conformance case, with what it needs and what the kernel has no words for yet."""
    rows = []
    for case in CASES.values():
        missing = [NOT_IN_MODEL[need] for need in case.needs if need in NOT_IN_MODEL]
        needs = ", ".join(case.needs) or "-"
        if case.unless:
            needs = f"not {', '.join(case.unless)}"
        rows.append((case.id, case.title, needs, "; ".join(missing) or "-"))
    return _table(("Case", "Title", "Needs", "Skipped for now: in the kernel"), rows)


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "properties": properties,
    "probes": probes,
    "on_logs": on_logs,
    "bugs": bugs,
    "faults": faults,
    "order_table": order_table,
    "cases": cases,
}


def rendered(page: str) -> str:
    """The page's text with every table made anew.

    Raises:
        ValueError: a mark without its end, or the name of no table.
    """
    head, mark, rest = page.partition("<!-- table ")
    if not mark:
        return page
    name, close, rest = rest.partition(" -->\n")
    end = f"<!-- end {name} -->"
    if not close or name not in TABLES or end not in rest:
        raise ValueError(f"table mark {name[:40]!r} names no table or has no end")
    return f"{head}{mark}{name} -->\n\n{TABLES[name]()}\n\n{end}{rendered(rest.partition(end)[2])}"


def transcript() -> str:
    """What a terminal shows when a planted bug is found, and its token and bundle are replayed."""
    with tempfile.TemporaryDirectory() as folder:
        campaign = _typed(folder, "run", "--bug", SHOWN_BUG, "--seeds", "20")
        token = re.search(r"seatrial replay '([^']+)'", campaign)
        bundle = re.search(r"bundle: (\S+)", campaign)
        if token is None or bundle is None:
            raise RuntimeError(f"no failure to show:\n{campaign}")
        shown = [campaign, _typed(folder, "replay", token[1]), _typed(folder, "replay", bundle[1])]
    return "\n```\n" + "\n".join(shown) + "```\n\n"


def opening_timeline() -> str:
    """The page of the README's first failure, shrunk."""
    with tempfile.TemporaryDirectory() as folder:
        said = _typed(folder, "shrink", OPENING)
        bundle = re.search(r"bundle: (\S+)", said)
        if bundle is None:
            raise RuntimeError(f"no failure to show:\n{said}")
        said = _typed(folder, "replay", bundle[1], "--timeline", OPENING_TIMELINE.name)
        page = Path(folder, OPENING_TIMELINE.name)
        if not page.exists():
            raise RuntimeError(f"no timeline:\n{said}")
        return page.read_text(encoding="utf-8")


def main() -> None:
    for page in sorted(DOCS.glob("*.md")):
        _write(page, rendered(page.read_text(encoding="utf-8")))
    if "--transcript" in sys.argv[1:]:
        page = ROOT / "README.md"
        fresh = transcript()
        _write(page, TRANSCRIPT.sub(lambda _: fresh, page.read_text(encoding="utf-8")))
    for name in MEASURED:
        if f"--{name}" in sys.argv[1:]:
            for page in sorted(DOCS.glob("*.md")):
                _write(page, retaken(page.read_text(encoding="utf-8"), name, _table))
    if "--incumbent" in sys.argv[1:]:
        _write(OPENING_TIMELINE, opening_timeline())


def _write(page: Path, text: str) -> None:
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")
        print(f"wrote {page.relative_to(ROOT).as_posix()}")


def _typed(folder: str, *arguments: str) -> str:
    """A command as it was typed, what it printed, and its exit code."""
    done = subprocess.run(
        (sys.executable, "-P", "-m", "seatrial.main", *arguments),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return f"$ seatrial {shlex.join(arguments)}\n{done.stdout}$ echo $?\n{done.returncode}\n"


def _rate(profile: FaultProfile, kind: FaultKind) -> str:
    rate = profile.rates.get(kind)
    if rate is None:
        return "-"
    return f"1 in {rate.n}" if isinstance(rate, OneIn) else f"{rate.n} a minute"


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    main()
