"""What is stated and not yet proven, as lists of names that stay the same while the code does.

Five lists. *Properties* that no planted bug trips. *Pairs*: legal (state, event) pairs of the state
machines that no campaign visited. *Strikes*: faults at places where no campaign saw them fire.
*Branches* that no seed reached. *Layers*: modules that no test of a layer names.

A list that nothing was given for is not empty but unmeasured, and is compared with nothing.
"""

import ast
import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from invariants.catalogue import CATALOGUE
from invariants.property import Kind
from simulation.visits import channel, legal_pairs, strikes
from zoo.bugs import BUGS

HOME: Final = Path(__file__).resolve().parent.parent
# Folders of tests/ whose files import what they test, and which packages owe them a test. The
# other folders work through whole runs.
LAYERS: Final[Mapping[str, tuple[str, ...]]] = {
    "unit": ("engine", "invariants", "simulation", "fuzz", "seatrial"),
    "property": ("engine.model",),
    "conformance": ("conformance",),
    "zoo": ("zoo",),
}
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
    """The five lists, each sorted; None: not measured. `branches` says how many of a function's
    were not reached: "module function xN"."""

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


def measure(campaigns: Sequence[Path] = (), coverage: Sequence[Path] = ()) -> Debt:
    """All that can be measured from the code at hand and from these files.

    Args:
        campaigns: `seatrial run --visits --json` documents; what one of them saw is seen.
        coverage: files of `seatrial run --coverage`; what one of them reached is reached.
    Raises:
        DebtError: a file that is none.
    """
    read = [_campaign(path) for path in campaigns]
    return Debt(
        properties=untripped(),
        pairs=_unvisited(read) if read else None,
        strikes=_unfired(read) if read else None,
        branches=by_function(unreached(coverage)) if coverage else None,
        layers=untested(HOME) if (HOME / "pyproject.toml").is_file() else None,
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
    """Every "LAYER module" where the module owes the layer a test and none imports it."""
    missing = []
    for layer, packages in LAYERS.items():
        modules = [
            ".".join(path.relative_to(home).with_suffix("").parts)
            for package in packages
            for path in sorted((home / package.replace(".", "/")).rglob("*.py"))
            if path.name != "__init__.py"
        ]
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


def unreached(paths: Sequence[Path]) -> list[str]:
    """Branches that no seed took: "module function: LINE -> LINE", by the text of the lines.

    Raises:
        DebtError: a file that is none, or was measured on other sources than these.
    """
    names: list[str] = []
    for file, arcs in sorted(_branches(paths).items()):
        source = Path(file).resolve()
        try:
            module = ".".join(source.relative_to(HOME).with_suffix("").parts)
            text = source.read_text(encoding="utf-8")
        except (ValueError, OSError):
            raise DebtError(f"--coverage: measured {file}, which is not of these sources") from None
        names += _named(module, text, arcs)
    return sorted(names)


def by_function(names: Iterable[str]) -> list[str]:
    """How many of a function's branches were not reached: lines move and change, names stay."""
    counts: dict[str, int] = {}
    for name in names:
        where = name.partition(": ")[0]
        counts[where] = counts.get(where, 0) + 1
    return [f"{where} x{count}" for where, count in sorted(counts.items())]


def _branches(paths: Sequence[Path]) -> dict[str, list[tuple[int, int]]]:
    """By file, the (from, to) lines of branches that were not taken; a negative line is an exit."""
    for path in paths:
        if not path.is_file():
            raise DebtError(f"--coverage {path}: no such file")
    try:
        import coverage
        from coverage.exceptions import CoverageException
    except ImportError:
        raise DebtError("--coverage: reading it needs the package coverage") from None

    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        merged = coverage.Coverage(data_file=str(Path(folder) / "merged"), config_file=False)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a file that is none: said below, in one line
                merged.combine([str(path) for path in paths], strict=True, keep=True)
            merged.json_report(outfile=str(report))
        except CoverageException as error:
            raise DebtError(f"--coverage: {' '.join(str(error).split())}") from None
        files = msgspec.json.decode(report.read_bytes())["files"]
    return {
        file: [(start, end) for start, end in entry.get("missing_branches", ())]
        for file, entry in files.items()
    }


def _named(module: str, text: str, arcs: Iterable[tuple[int, int]]) -> list[str]:
    lines = text.splitlines()
    functions = _functions(ast.parse(text))
    names = []
    for start, end in sorted(arcs):
        where = _shown(lines, end) if end > 0 else "exit"
        names.append(
            f"{module} {functions.get(start, 'module')}: {_shown(lines, start)} -> {where}"
        )
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
        owed, had = _counted(items), _counted(before)
        if added := _beyond(owed, had):
            new[name] = added
        if gone := _beyond(had, owed):
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
            continue
        owed, had = _counted(items), _counted(before)
        merged[name] = [
            _item(each, min(count, owed[each])) for each, count in had.items() if each in owed
        ]
    return Debt(**merged)


def _counted(items: Iterable[str]) -> dict[str, int]:
    """By name, how many of it are owed: 0 where the item is one thing and has no number."""
    counts: dict[str, int] = {}
    for item in items:
        name, mark, number = item.rpartition(" x")
        if mark and number.isdigit():
            counts[name] = int(number)
        else:
            counts[item] = 0
    return counts


def _item(name: str, count: int) -> str:
    return f"{name} x{count}" if count else name


def _beyond(these: Mapping[str, int], those: Mapping[str, int]) -> list[str]:
    """What of these is not among those, or is more than there."""
    return [
        _item(name, count)
        for name, count in sorted(these.items())
        if name not in those or count > those[name]
    ]


def save(debt: Debt, path: Path) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(debt), indent=1) + b"\n")
