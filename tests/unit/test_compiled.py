"""Compiled modules stand in for their sources only while they are what the sources say."""

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.compiled_modules import MODULES
from seatrial import compiled
from seatrial.commands import UsageError, launcher, worker_launcher
from simulation.recording import PYTHON


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest that fits the sources as they are, with one module in it."""
    manifest = tmp_path / "manifest.json"
    text = {"sources": compiled.source_hashes(), "modules": {"engine.bus": "engine/bus.so"}}
    manifest.write_text(json.dumps(text))
    monkeypatch.setattr(compiled, "BUILT", tmp_path)
    monkeypatch.setattr(compiled, "MANIFEST", manifest)
    monkeypatch.delenv("SEATRIAL_COMPILED", raising=False)
    return manifest


def change(manifest: Path, sources: dict[str, str]) -> None:
    text = json.loads(manifest.read_text())
    text["sources"] = sources
    manifest.write_text(json.dumps(text))


def test_compiled_modules_that_fit_their_sources_are_served(built: Path) -> None:
    assert compiled.available() == {"engine.bus": built.parent / "engine" / "bus.so"}


@pytest.mark.parametrize("kind", ["edited", "new", "gone"])
def test_one_source_that_differs_takes_every_compiled_module_out(built: Path, kind: str) -> None:
    sources = compiled.source_hashes()
    name = "engine/model/data.py"  # not compiled itself: its constants may be in those that are
    if kind == "edited":
        sources[name] = "0" * 64
    elif kind == "new":
        del sources[name]
    else:
        sources["engine/gone.py"] = "0" * 64
    change(built, sources)
    with pytest.raises(compiled.Stale, match="run make compile"):
        compiled.available()


def test_the_switch_in_the_environment_leaves_the_sources(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEATRIAL_COMPILED", "0")
    assert compiled.available() == {}


def test_nothing_built_means_sources_without_a_word(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built.unlink()
    assert worker_launcher("") == PYTHON
    assert capsys.readouterr().err == ""


def test_a_campaign_runs_on_compiled_modules_and_keeps_failures_on_sources(built: Path) -> None:
    assert worker_launcher("") == (*PYTHON, "seatrial.compiled")
    assert launcher("") == PYTHON


def test_a_campaign_with_stale_modules_says_so_and_runs_on_sources(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(built, {})
    assert worker_launcher("") == PYTHON
    said = capsys.readouterr().err
    assert said == ("seatrial: compiled modules are older than their sources: run make compile\n")


def test_a_planted_bug_always_runs_on_sources(built: Path) -> None:
    bug = "locks-full-quantity"
    assert worker_launcher(bug) == launcher(bug)
    with pytest.raises(UsageError):
        worker_launcher("no-such-bug")


def test_modules_imported_from_their_sources_are_not_mixed_with_compiled_ones(built: Path) -> None:
    importlib.import_module("engine.bus")
    with pytest.raises(RuntimeError, match=r"engine\.bus is imported already"):
        compiled.install()


def test_without_a_c_compiler_compiling_says_so_in_one_line_and_exits_with_2(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.compiling"],
        cwd=compiled.HOME,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("seatrial: there is no C compiler")
    assert done.stderr.count("\n") == 1


def test_every_module_to_compile_is_there_and_defines_no_message() -> None:
    for name in MODULES:
        text = (compiled.HOME / (name.replace(".", "/") + ".py")).read_text()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):  # the compiler drops `frozen=True` without a word
                assert not node.keywords, f"{name}.{node.name}"
                assert all("Struct" not in ast.unparse(base) for base in node.bases), node.name
        assert '__name__ == "__main__"' not in text, name  # `python -m` needs a source


def test_a_class_that_sources_extend_tells_the_compiler_so() -> None:
    # "interpreted classes cannot inherit from compiled", but only when the subclass is made
    packages = (*compiled.PACKAGES, "conformance", "zoo", "seatrial", "benchmarks")
    compiled_classes: dict[str, bool] = {}
    extended: dict[str, str] = {}
    for package in packages:
        for path in sorted((compiled.HOME / package).rglob("*.py")):
            module = path.relative_to(compiled.HOME).with_suffix("").as_posix().replace("/", ".")
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.ClassDef):
                    continue
                if module in MODULES:
                    compiled_classes[node.name] = any(
                        "allow_interpreted_subclasses=True" in ast.unparse(decorator)
                        for decorator in node.decorator_list
                    )
                else:
                    for base in node.bases:
                        extended[ast.unparse(base).rpartition(".")[2]] = f"{module}.{node.name}"
    assert "Actor" in extended
    closed = {name: by for name, by in extended.items() if compiled_classes.get(name) is False}
    assert not closed


def compiled_trees() -> list[tuple[str, ast.Module]]:
    return [
        (name, ast.parse((compiled.HOME / (name.replace(".", "/") + ".py")).read_text()))
        for name in MODULES
    ]


def test_no_compiled_function_that_returns_something_is_a_docstring_alone() -> None:
    # the compiler takes it for abstract, and what it returns is whatever stands in a register
    for name, tree in compiled_trees():
        for holder in ast.walk(tree):
            if not isinstance(holder, ast.ClassDef):
                continue
            if {"Protocol", "ABC"} & {ast.unparse(base) for base in holder.bases}:
                continue
            for function in holder.body:
                if not isinstance(function, ast.FunctionDef) or len(function.body) != 1:
                    continue
                only = function.body[0]
                if isinstance(only, ast.Expr) and isinstance(only.value, ast.Constant):
                    returns = function.returns and ast.unparse(function.returns)
                    assert returns == "None", f"{name}.{holder.name}.{function.name}"


def _literals(tree: ast.Module) -> dict[str, ast.expr]:
    """What a module calls by a name and is a tuple or a number."""
    named: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            named[node.target.id] = node.value
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named[node.targets[0].id] = node.value
    return {
        name: value
        for name, value in named.items()
        if isinstance(value, ast.Tuple)
        or (isinstance(value, ast.Constant) and type(value.value) in (int, float))
    }


def test_no_compiled_module_asks_a_tuple_or_a_number_for_its_identity() -> None:
    # compiled code keeps both unboxed, and each time it boxes one anew
    trees = compiled_trees()
    known = {name: _literals(tree) for name, tree in trees}
    for name, tree in trees:
        literals = dict(known[name])
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    value = known.get(node.module or "", {}).get(alias.name)
                    if value is not None:
                        literals[alias.asname or alias.name] = value
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare) and any(
                isinstance(op, ast.Is | ast.IsNot) for op in node.ops
            ):
                for side in (node.left, *node.comparators):
                    assert not (isinstance(side, ast.Name) and side.id in literals), (
                        f"{name}:{node.lineno} {ast.unparse(node)}"
                    )
