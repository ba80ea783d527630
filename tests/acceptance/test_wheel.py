"""What is shipped is what works: a wheel, installed beside nothing of the checkout."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("engine", "invariants", "simulation", "conformance", "zoo", "fuzz", "seatrial")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`bin` of an environment that holds the wheel; its dependencies are this environment's."""
    work = tmp_path_factory.mktemp("wheel")
    source = work / "source"
    source.mkdir()
    for name in SHIPPED:  # a copy: a build leaves folders behind
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=skipped)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    build = ["wheel", "--no-build-isolation", "--no-deps", "-w", str(work), str(source)]
    subprocess.run([*pip, *build], check=True)
    (wheel,) = work.glob("*.whl")
    place = work / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = place / "bin" / "python"
    subprocess.run([*pip, "--python", python, "install", "--no-deps", wheel], check=True)
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    # a path line: what this environment has installed, but not the checkout it edits
    Path(site, "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return place / "bin"


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


def test_the_example_strategy_is_in_the_wheel(shell, installed: Path, quotes: Path) -> None:
    said = shell("backtest", "--quotes", quotes.name, command=(installed / "seatrial",))
    assert said.code == 0, said
    assert "EMACross" in said.out


def test_the_example_scenario_runs_from_the_wheel(shell, installed: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples" / "two_sided.py", tmp_path)
    said = shell("run", "two_sided:two_sided", "--seeds", "6", command=(installed / "seatrial",))
    assert said.code == 0, said


def test_a_timeline_is_drawn_from_the_wheel(shell, installed: Path, tmp_path: Path) -> None:
    command = (installed / "seatrial",)
    said = shell("replay", "calm@1", "--timeline", "calm.html", command=command)
    assert said.code == 0, said
    assert (tmp_path / "calm.html").stat().st_size > 20_000


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
