"""Ambient sources are banned where the same seed must give the same bytes.

The runtime fences catch what runs; these read what is written. An exception needs its reason
in ALLOWED.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCED = ("engine", "invariants", "simulation", "conformance")

AMBIENT_MODULES = {
    "time",
    "random",
    "uuid",
    "secrets",
    "socket",
    "threading",
    "subprocess",
    "multiprocessing",
}
AMBIENT_CALLS = {
    ("os", "urandom"),
    ("os", "getpid"),
    ("os", "getrandom"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
}
IDENTITY_CALLS = {"hash", "id"}

# module -> {what: why}
ALLOWED: dict[str, dict[str, str]] = {
    "simulation/fences.py": dict.fromkeys(
        ("time", "random", "uuid", "socket", "threading", "subprocess"),
        "stands in for the ambient source while a run is fenced",
    ),
    "simulation/campaign.py": {"time": "keeps a campaign's budget and reports how long it took"},
    "simulation/executors.py": {"subprocess": "starts the worker processes"},
    "simulation/debugging.py": {"subprocess": "starts the process that the debugger opens in"},
    "simulation/trials.py": {
        "subprocess": "starts the process that makes the tries",
        "time": "keeps the budget of a search, and ends a try that never ends",
    },
    "simulation/recording.py": {"subprocess": "starts one fresh process for the run to be kept"},
    "simulation/trial_worker.py": {"time": "reports what a try cost; outside the run"},
    "simulation/worker.py": {"time": "reports what a seed cost; outside the run"},
}


def parsed() -> list[tuple[str, ast.Module]]:
    return [
        (path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(), str(path)))
        for package in FENCED
        for path in sorted((ROOT / package).rglob("*.py"))
    ]


def test_no_ambient_module_is_imported() -> None:
    wrong = []
    for name, tree in parsed():
        for node in ast.walk(tree):
            modules: list[str] = []
            if isinstance(node, ast.Import):
                modules = [alias.name.split(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module.split(".")[0]]
            wrong.extend(
                f"{name}:{node.lineno} imports {module}"
                for module in modules
                if module in AMBIENT_MODULES and module not in ALLOWED.get(name, {})
            )
    assert not wrong, "\n".join(wrong)


def test_no_ambient_call_is_made() -> None:
    wrong = []
    for name, tree in parsed():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and (node.func.value.id, node.func.attr) in AMBIENT_CALLS
                and name != "simulation/fences.py"
            ):
                wrong.append(f"{name}:{node.lineno} calls {node.func.value.id}.{node.func.attr}")
    assert not wrong, "\n".join(wrong)


def test_nothing_orders_by_identity_or_hash() -> None:
    wrong = [
        f"{name}:{node.lineno} calls {node.func.id}()"
        for name, tree in parsed()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in IDENTITY_CALLS
        and not inside_hash_method(tree, node)
    ]
    assert not wrong, "\n".join(wrong)


def inside_hash_method(tree: ast.Module, call: ast.Call) -> bool:
    """`__hash__` may call hash(): it answers a dict, it orders nothing."""
    return any(
        isinstance(node, ast.FunctionDef)
        and node.name == "__hash__"
        and any(child is call for child in ast.walk(node))
        for node in ast.walk(tree)
    )


def is_set(node: ast.expr) -> bool:
    return isinstance(node, ast.Set | ast.SetComp) or (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("set", "frozenset")
    )


def test_no_loop_runs_over_a_set() -> None:
    """A set's order is the hash seed's. `sorted({...})` is fine, `for x in {...}` is not."""
    wrong = []
    for name, tree in parsed():
        for node in ast.walk(tree):
            loops: list[ast.expr] = []
            if isinstance(node, ast.For):
                loops = [node.iter]
            elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp):
                loops = [comprehension.iter for comprehension in node.generators]
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("list", "tuple", "enumerate", "iter", "next")
            ):
                loops = list(node.args)
            wrong.extend(
                f"{name}:{loop.lineno} iterates over a set" for loop in loops if is_set(loop)
            )
    assert not wrong, "\n".join(wrong)


def test_no_state_is_a_set() -> None:
    """An attribute that holds a set will be iterated one day; an insertion-ordered dict costs
    the same."""
    wrong = []
    for name, tree in parsed():
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if is_set(node.value) and any(isinstance(t, ast.Attribute) for t in targets):
                    wrong.append(f"{name}:{node.lineno} keeps a set")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_every_exception_to_the_fence_is_still_used(name: str) -> None:
    path = ROOT / name
    assert path.exists(), f"{name} is gone: remove its exception"
    text = path.read_text()
    for what in ALLOWED[name]:
        assert f"import {what}" in text or f"from {what}" in text, f"{name} no longer uses {what}"
