"""What `make compile` has built gives the digests of its sources."""

import subprocess
import sys
from pathlib import Path

import pytest

from seatrial import compiled

ROOT = Path(__file__).resolve().parents[2]
SERVED = (sys.executable, "-m", "seatrial.compiled")


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(compiled.OFF)
    try:
        if not compiled.available():
            pytest.skip("nothing is compiled for this interpreter: make compile")
    except compiled.Stale as stale:
        pytest.skip(str(stale))


def test_a_served_process_imports_what_was_compiled(tmp_path: Path) -> None:
    script = tmp_path / "where.py"
    script.write_text(
        "import engine.kernel, engine.record\n"
        "from seatrial.compiled import is_installed\n"
        "print(engine.kernel.__file__, engine.record.__file__, is_installed())\n"
    )
    done = subprocess.run(
        [*SERVED, str(script)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    kernel, record, told = done.stdout.split()
    assert told == "True"
    assert Path(kernel).suffix == ".so"
    assert Path(record) == ROOT / "engine" / "record.py"  # messages stay with the interpreter


def test_compiled_modules_give_the_digests_of_the_sources(child, expected: dict[str, str]) -> None:
    assert child(python=SERVED) == expected
