"""The layout is the architecture: who may import whom, read from the imports themselves."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Each may import only what stands left of it.
ORDER = ("engine", "invariants", "simulation", "conformance", "zoo", "fuzz", "seatrial", "tests")
PACKAGES = [name for name in ORDER if (ROOT / name / "__init__.py").exists()]

# The venue is an independent witness: of the engine it may use these and nothing else.
# No rounding of the engine's (`fixed`, `money`): a mistake that both sides share is seen by nobody.
VENUE_MAY_USE = {
    "engine.model.values",
    "engine.model.identifiers",
    "engine.model.currencies",
    "engine.model.instruments",
    "engine.model.native",  # a word to the compiler; no logic
}


# A slow model may share the engine's messages and names, and none of its rules.
MODELS_MAY_USE = {"engine.model.enums", "engine.model.events"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> list[tuple[int, str]]:
    """(line, dotted name) of every import; `from a import b` counts as `a` (and `a.b` when that
    is a module)."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            found.extend((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.append((node.lineno, node.module))
            for alias in node.names:
                target = ROOT / Path(*node.module.split(".")) / f"{alias.name}.py"
                if target.exists():
                    found.append((node.lineno, f"{node.module}.{alias.name}"))
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.append((node.lineno, "relative import"))
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_stands_left_of_it(package: str) -> None:
    allowed = set(ORDER[: ORDER.index(package) + 1])
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules(package)
        for line, name in imports(path)
        if name == "relative import"
        or (name.split(".")[0] in ORDER and name.split(".")[0] not in allowed)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_model_imports_nothing_else_of_ours() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules("engine/model")
        for line, name in imports(path)
        if name.split(".")[0] in ORDER and not name.startswith("engine.model")
    ]
    assert not wrong, "\n".join(wrong)


def test_the_simulated_venue_shares_no_order_logic_with_the_engine() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules("simulation/venue")
        for line, name in imports(path)
        if name.startswith("engine")
        and name not in VENUE_MAY_USE | {"engine.model"}
        and not any(name.startswith(f"{module}.") for module in VENUE_MAY_USE)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_slow_models_share_no_rule_with_engine_or_venue() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules("simulation/models")
        for line, name in imports(path)
        if name.split(".")[0] in ORDER
        and name not in MODELS_MAY_USE
        and not name.startswith("simulation.models")
    ]
    assert not wrong, "\n".join(wrong)


def test_no_package_stands_outside_the_law() -> None:
    under_no_law = {"benchmarks", "examples", "mutants"}  # nothing of ours imports them
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")} - under_no_law
    assert found <= set(ORDER), f"give {sorted(found - set(ORDER))} a place in ORDER"
    assert found >= {"engine", "invariants", "simulation", "conformance", "zoo", "fuzz", "seatrial"}
