"""The same digests on every CPython we support, where it and msgspec can be had."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("3.11", "3.12", "3.13")


@pytest.mark.parametrize("version", VERSIONS)
def test_on_another_python_the_digests_are_the_same(
    child, expected: dict[str, str], version: str, tmp_path: Path
) -> None:
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        pytest.skip(f"this is Python {version}; the other tests run on it")
    python = venv_with_msgspec(interpreter(version), tmp_path / "venv")
    assert child(python=[str(python)]) == expected


def interpreter(version: str) -> str:
    """A runnable pythonX.Y, or the test is skipped. A pyenv shim needs a version to be named."""
    found = shutil.which(f"python{version}")
    roots = sorted(
        Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(
            f"versions/{version}*/bin/python"
        )
    )
    for candidate in [*map(str, roots), *([found] if found else [])]:
        asked = subprocess.run(
            [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode == 0 and asked.stdout.strip() == version:
            return candidate
    pytest.skip(f"no Python {version} on this machine")


def venv_with_msgspec(python: str, place: Path) -> Path:
    """An environment that holds msgspec by the locked file's hashes, and nothing of ours."""
    subprocess.run([python, "-m", "venv", place], check=True)
    locked = place / "msgspec.txt"
    locked.write_text(locked_lines("msgspec"))
    inside = place / "bin" / "python"
    done = subprocess.run(
        [inside, "-m", "pip", "install", "-q", "--require-hashes", "--no-deps", "-r", locked],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"msgspec cannot be installed for {python}: {done.stderr.strip()[-200:]}")
    return inside


def locked_lines(package: str) -> str:
    """The package's entry in the locked requirements, hashes and all."""
    lines = (ROOT / "requirements" / "dev.txt").read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{package}=="))
    end = next(i for i in range(start + 1, len(lines)) if not lines[i].startswith((" ", "\t")))
    entry = [line for line in lines[start:end] if not line.lstrip().startswith("#")]
    return "\n".join(entry).rstrip("\\ ") + "\n"
