"""What is shipped is what works: a wheel in an environment of its own, beside nothing of the
checkout, with the locked versions of what it needs. The three jobs are done from there."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("engine", "invariants", "simulation", "conformance", "zoo", "fuzz", "seatrial")
NEEDED = ("msgspec", "typer", "rich")  # what pyproject.toml says
BESIDE = ("pytest", "pytest-xdist")  # what a user of the plugin has
ENTRY = re.compile(r"^(?P<name>[\w.-]+)==.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
LOSSY = Path(__file__).with_name("lossy_scenario.py")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the packages: a build leaves folders behind."""
    work = tmp_path_factory.mktemp("wheel")
    source = work / "source"
    source.mkdir()
    for name in (*SHIPPED, "tests"):
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=skipped)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = ["wheel", "--no-build-isolation", "--no-deps", "-w", str(work), str(source)]
    subprocess.run([*pip(), *build], check=True)
    (found,) = work.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """`bin` of an environment that holds the wheel, what it needs and pytest, by their hashes."""
    place = wheel.parent / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    into = [*pip(), "--python", str(place / "bin" / "python"), "install", "--no-deps"]
    locked = wheel.parent / "locked.txt"
    locked.write_text(locked_lines(*NEEDED, *BESIDE))
    subprocess.run([*into, "--no-compile", "--require-hashes", "-r", str(locked)], check=True)
    subprocess.run([*into, str(wheel)], check=True)
    return place / "bin"


def pip() -> list[str]:
    return [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]


def locked_lines(*packages: str) -> str:
    """The entries of the locked requirements for these and all that they need, hashes and all."""
    text = (ROOT / "requirements" / "dev.txt").read_text()
    entries = {entry["name"]: entry[0] for entry in ENTRY.finditer(text)}
    wanted = dict.fromkeys(packages)
    while True:
        more = [
            name
            for name, entry in entries.items()
            if name not in wanted and any(needs(by, entry) for by in wanted)
        ]
        if not more:
            break
        wanted.update(dict.fromkeys(more))
    kept = []
    for name in wanted:
        lines = entries[name].splitlines()
        kept.append("\n".join(line for line in lines if not line.lstrip().startswith("#")))
    return "\n".join(entry.rstrip("\\ \n") for entry in kept) + "\n"


def needs(package: str, entry: str) -> bool:
    """Whether the locked entry is there for `package`, as its comments say."""
    return re.search(rf"^\s+#\s+(via\s+)?{re.escape(package)}$", entry, re.MULTILINE) is not None


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    ours = {
        path.relative_to(ROOT).as_posix()
        for name in SHIPPED
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == ours
    assert {path for path in ours if not path.endswith(".py")}, "data files are among them"


def test_the_environment_is_apart_from_the_checkout(shell, installed: Path) -> None:
    code = "import sys, typer; print(*sys.path, typer.__file__)"
    said = shell("-c", code, command=(installed / "python",))
    assert str(ROOT) not in said.out
    assert str(installed.parent) in said.out.split()[-1]


def test_the_wheel_runs_from_its_own_files(shell, installed: Path, tmp_path: Path) -> None:
    code = "import seatrial, engine, zoo; print(seatrial.__file__, engine.__file__, zoo.__file__)"
    said = shell("-c", code, command=(installed / "python",))
    assert said.code == 0, said
    assert str(ROOT) not in said.out


def test_a_campaign_runs_from_the_wheel(shell, installed: Path) -> None:
    said = shell("run", "--seeds", "6", command=(installed / "seatrial",))
    assert said.code == 0, said
    assert "6 passed" in said.out


def test_the_wheel_and_the_checkout_make_the_same_run(shell, installed: Path) -> None:
    ours = shell("replay", "default@5")
    theirs = shell("replay", "default@5", command=(installed / "seatrial",))
    assert ours.out == theirs.out


def test_a_planted_bug_is_found_and_replayed_from_the_wheel(shell, installed: Path) -> None:
    command = (installed / "seatrial",)
    bug = "fill-named-by-query-time"
    found = shell("run", "--bug", bug, "--seeds", "4", command=command)
    assert found.code == 1, found
    assert shell("replay", found.token, command=command).code == 1


def test_a_users_module_is_gated_and_its_crash_replayed_from_the_wheel(
    shell, installed: Path, tmp_path: Path
) -> None:
    shutil.copy(LOSSY, tmp_path)
    command = (installed / "seatrial",)
    assert shell("run", "lossy_scenario:calm", "--seeds", "4", command=command).code == 0
    found = shell("run", "lossy_scenario:lossy", "--seeds", "10", command=command)
    assert found.code == 1, found
    assert "VIOLATION(ASK-1)" in found.out
    replayed = shell("replay", found.bundle, command=command)
    assert replayed.code == 1, replayed
    assert "the same run as the bundle's, byte for byte" in replayed.out


def test_an_adapter_is_certified_from_the_wheel(shell, installed: Path, tmp_path: Path) -> None:
    only = ("--case", "TC-D01", "--case", "TC-E01", "--seeds", "2", "--junit", "matrix.xml")
    said = shell("certify", *only, command=(installed / "seatrial",))
    assert said.code == 0, said
    assert "TC-D01" in said.out
    assert "TC-E01" in (tmp_path / "matrix.xml").read_text()


def test_pytest_finds_the_plugin_by_itself_in_the_wheel(
    shell, installed: Path, tmp_path: Path
) -> None:
    shutil.copy(LOSSY, tmp_path)
    (tmp_path / "test_sea.py").write_text(
        "import seatrial\nfrom lossy_scenario import lossy\n\n"
        "@seatrial.test(lossy, seeds=30)\ndef test_lossy(outcome):\n    assert outcome.passed\n"
    )
    said = shell("-n", "2", command=(installed / "python", "-m", "pytest"))
    assert said.code == 1, said
    assert re.search(r"^token:  lossy_scenario:lossy@6#\w{12}$", said.out, re.MULTILINE)
    assert "30 seeds of lossy_scenario:lossy: 29 passed, 1 failed" in said.out
    assert shell("replay", said.token, command=(installed / "seatrial",)).code == 1


def test_the_example_strategy_is_in_the_wheel(shell, installed: Path, quotes: Path) -> None:
    said = shell("backtest", "--quotes", quotes.name, command=(installed / "seatrial",))
    assert said.code == 0, said
    assert "EMACross" in said.out


def test_the_example_scenario_runs_from_the_wheel(shell, installed: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples" / "two_sided.py", tmp_path)
    said = shell("run", "two_sided:two_sided", "--seeds", "6", command=(installed / "seatrial",))
    assert said.code == 0, said


def test_a_users_engine_folder_does_not_hide_the_installed_one(
    shell, installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__init__.py").write_text("raise RuntimeError('not ours')")
    said = shell("run", "calm", "--seeds", "2", command=(installed / "seatrial",))
    assert said.code == 0, said


def test_the_corpora_of_the_fuzz_targets_are_in_the_wheel(shell, installed: Path) -> None:
    said = shell("fuzz", command=(installed / "seatrial",))
    assert said.code == 0, said
    assert "(0 inputs" not in said.out
