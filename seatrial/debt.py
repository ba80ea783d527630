"""What is stated and not yet proven, as lists of names that stay the same while the code does.

Five lists. *Properties* that no planted bug trips. *Pairs*: legal (state, event) pairs of the state
machines that no campaign visited. *Strikes*: faults at places where no campaign saw them fire.
*Branches* that no seed reached. *Layers*: modules that no test of a layer names.

A list that nothing was given for is not empty but unmeasured, and is compared with nothing.
"""

import ast
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from invariants.catalogue import CATALOGUE
from invariants.property import Kind
from simulation.visits import channel, legal_pairs, strikes
from zoo.bugs import BUGS

HOME: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = ("engine", "invariants", "simulation", "conformance", "zoo", "fuzz", "seatrial")
# Folders of tests/ whose files import what they test. The others work through a whole run.
LAYERS: Final = ("unit", "property")
MEND: Final[Mapping[str, str]] = {
    "properties": "plant a bug in zoo/bugs that trips it",
    "pairs": "let a scenario or workload bring it about, or make the pair illegal",
    "strikes": "let a profile and a scenario bring the message there that it strikes",
    "branches": "let a seed reach it, or take it out",
    "layers": "write a test there that imports the module",
}


class DebtError(ValueError):
    """A file that debt cannot be read from; says which, and what is wrong."""


class Debt(msgspec.Struct, frozen=True):
    """The five lists, each sorted; None: not measured."""

    properties: list[str] | None = None
    pairs: list[str] | None = None
    strikes: list[str] | None = None
    branches: list[str] | None = None
    layers: list[str] | None = None

    def lists(self) -> dict[str, list[str] | None]:
        return {name: getattr(self, name) for name in self.__struct_fields__}


class Comparison(msgspec.Struct, frozen=True):
    """Debt against a baseline: what is new, and what has been paid. By list."""

    new: dict[str, list[str]]
    paid: dict[str, list[str]]


class _Result(msgspec.Struct):
    fired_at: dict[str, int] = {}


class _Campaign(msgspec.Struct):
    """What debt needs of a campaign's `--json`."""

    scenario: str
    results: list[_Result]
    visits: dict[str, int] | None = None


def measure(campaigns: Sequence[Path] = (), coverage: Path | None = None) -> Debt:
    """All that can be measured from the code at hand and from these files.

    Args:
        campaigns: `seatrial run --visits --json` documents; what one of them saw is seen.
        coverage: of `seatrial run --coverage`.
    Raises:
        DebtError: a file that is none.
    """
    read = [_campaign(path) for path in campaigns]
    return Debt(
        properties=untripped(),
        pairs=_unvisited(read) if read else None,
        strikes=_unfired(read) if read else None,
        branches=None if coverage is None else unreached(coverage),
        layers=untested(HOME) if (HOME / "tests").is_dir() else None,
    )


# --- what is in the code ------------------------------------------------------------------


def untripped() -> list[str]:
    """Properties that no bug of the zoo trips."""
    tripped = {bug.property for bug in BUGS.values()}
    return sorted(
        entry.id
        for entry in CATALOGUE
        if entry.kind is not Kind.SOMETIMES and entry.id not in tripped
    )


def untested(home: Path) -> list[str]:
    """Every "LAYER module" where no test of the layer imports the module."""
    modules = [
        ".".join(path.relative_to(home).with_suffix("").parts)
        for package in PACKAGES
        for path in sorted((home / package).rglob("*.py"))
        if path.name != "__init__.py"
    ]
    missing = []
    for layer in LAYERS:
        named: dict[str, None] = {}
        for path in sorted((home / "tests" / layer).rglob("*.py")):
            named.update(dict.fromkeys(_imported(path)))
        missing += [f"{layer} {module}" for module in modules if module not in named]
    return sorted(missing)


def _imported(path: Path) -> Iterable[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


# --- what campaigns saw -------------------------------------------------------------------


def _campaign(path: Path) -> _Campaign:
    try:
        read = msgspec.json.decode(path.read_bytes(), type=_Campaign)
    except OSError as error:
        raise DebtError(f"--campaign {path}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DebtError(f"--campaign {path}: not what run --json writes ({error})") from None
    if read.visits is None:
        raise DebtError(f"--campaign {path}: made without --visits")
    return read


def _unvisited(campaigns: Sequence[_Campaign]) -> list[str]:
    seen = {name for each in campaigns for name in each.visits or {}}
    return sorted(pair for pair in legal_pairs() if pair not in seen)


def _unfired(campaigns: Sequence[_Campaign]) -> list[str]:
    fired: set[str] = set()
    for each in campaigns:
        for result in each.results:
            for where in result.fired_at:
                try:
                    fired.add(channel(where))
                except KeyError:
                    raise DebtError(f"{each.scenario}: no fault is called {where!r}") from None
    return sorted(name for name in strikes() if name not in fired)


# --- what seeds reached -------------------------------------------------------------------


def unreached(path: Path) -> list[str]:
    """Branches that no seed took: "module function: LINE -> LINE", by their text.

    Line numbers move with every edit above them, so a branch is named by what stands on its lines;
    one that has a twin in its function is numbered.
    """
    files = _branches(path)
    names: list[str] = []
    for file, arcs in sorted(files.items()):
        source = Path(file) if Path(file).is_absolute() else Path.cwd() / file
        try:
            module = ".".join(source.resolve().relative_to(HOME).with_suffix("").parts)
            text = source.read_text(encoding="utf-8")
        except (ValueError, OSError):
            raise DebtError(f"--coverage {path}: measured {file}, which is not here") from None
        names += _named(module, text, arcs)
    return sorted(names)


def _branches(path: Path) -> dict[str, list[tuple[int, int]]]:
    """By file, the (from, to) lines of branches that were not taken; a negative line is an exit."""
    if not path.is_file():
        raise DebtError(f"--coverage {path}: no such file")
    import coverage
    from coverage.exceptions import CoverageException

    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        try:
            measured = coverage.Coverage(data_file=str(path), config_file=False)
            measured.load()
            measured.json_report(outfile=str(report))
        except CoverageException as error:
            raise DebtError(f"--coverage {path}: {' '.join(str(error).split())}") from None
        files = msgspec.json.decode(report.read_bytes())["files"]
    return {
        file: [(start, end) for start, end in entry.get("missing_branches", ())]
        for file, entry in files.items()
    }


def _named(module: str, text: str, arcs: Iterable[tuple[int, int]]) -> list[str]:
    lines = text.splitlines()
    functions = _functions(ast.parse(text))
    seen: dict[str, int] = {}
    names = []
    for start, end in sorted(arcs):
        where = _shown(lines, end) if end > 0 else "exit"
        name = f"{module} {functions.get(start, 'module')}: {_shown(lines, start)} -> {where}"
        count = seen[name] = seen.get(name, 0) + 1
        names.append(name if count == 1 else f"{name} #{count}")
    return names


def _shown(lines: Sequence[str], number: int) -> str:
    return " ".join(lines[number - 1].split()) if number <= len(lines) else "?"


def _functions(tree: ast.AST, prefix: str = "") -> dict[int, str]:
    """By line, the qualified name of the innermost function or class around it."""
    found: dict[int, str] = {}
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}{node.name}"
            found.update(dict.fromkeys(range(node.lineno, (node.end_lineno or 0) + 1), name))
            found.update(_functions(node, f"{name}."))
        else:
            found.update(_functions(node, prefix))
    return found


# --- the baseline -------------------------------------------------------------------------


def load(path: Path) -> Debt:
    """A baseline. Raises DebtError when it is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Debt)
    except OSError as error:
        raise DebtError(f"--baseline {path}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DebtError(f"--baseline {path}: not a list of debts ({error})") from None


def compare(debt: Debt, baseline: Debt) -> Comparison:
    """What was measured against what was known. A list that either lacks is not compared."""
    new: dict[str, list[str]] = {}
    paid: dict[str, list[str]] = {}
    known = baseline.lists()
    for name, items in debt.lists().items():
        before = known[name]
        if items is None or before is None:
            continue
        if added := sorted({*items} - {*before}):
            new[name] = added
        if gone := sorted({*before} - {*items}):
            paid[name] = gone
    return Comparison(new, paid)


def shrunk(debt: Debt, baseline: Debt) -> Debt:
    """The baseline without what has been paid, and with the lists that it did not have yet. What
    is new in a list that it has stays out: a debt is taken on by hand, or not at all."""
    merged: dict[str, list[str] | None] = {}
    known = baseline.lists()
    for name, items in debt.lists().items():
        before = known[name]
        if items is None or before is None:
            merged[name] = before if items is None else items
        else:
            merged[name] = sorted({*before} & {*items})
    return Debt(**merged)


def save(debt: Debt, path: Path) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(debt), indent=1) + b"\n")
