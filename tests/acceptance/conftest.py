"""A user at a shell: an empty folder, the installed command, and what it prints."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(sys.executable).with_name("seatrial")


@dataclass
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def token(self) -> str:
        """The first token that it says how to replay."""
        found = re.search(r"seatrial replay '([^']+)'", self.out)
        assert found is not None, self.out
        return found[1]

    @property
    def bundle(self) -> str:
        found = re.search(r"bundle: (\S+)", self.out)
        assert found is not None, self.out
        return found[1]

    @property
    def digest(self) -> str:
        found = re.search(r"digest ([0-9a-f]{64})", self.out)
        assert found is not None, self.out
        return found[1]


Shell = Callable[..., Said]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Run `seatrial ARGUMENTS` in an empty folder (`tmp_path`) and wait for it."""

    def run(
        *arguments: str | Path,
        command: Sequence[str | Path] = (SCRIPT,),
        cwd: Path = tmp_path,
        **environment: str,
    ) -> Said:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        done = subprocess.run(
            [*map(str, command), *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env={**inherited, "COLUMNS": "200", **environment},
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def refused(shell: Shell, tmp_path: Path) -> Callable[..., str]:
    """Run what must be refused: exit 2, one line, nothing else said, nothing written."""

    def files() -> list[Path]:  # but what the interpreter writes when it imports
        found = sorted(tmp_path.rglob("*"))
        return [path for path in found if "__pycache__" not in path.parts]

    def run(*arguments: str | Path, **how: str) -> str:
        before = files()
        said = shell(*arguments, **how)
        assert said.code == 2, said
        assert said.out == ""
        assert said.err.startswith("seatrial: ")
        assert said.err.count("\n") == 1, said.err
        assert files() == before
        return said.err

    return run


@pytest.fixture
def quotes(tmp_path: Path) -> Path:
    """Ten seconds of quotes around 100, as a file named after its pair."""
    rows = ["ts_event,bid_price,bid_size,ask_price,ask_size"]
    for number in range(200):
        price = 10_000 + 30 * ((number // 25) % 2) + number % 7
        rows.append(
            f"{1_610_064_000_000_000_000 + number * 50_000_000},"
            f"{price / 100:.2f},{1 + number % 3}.5000,{(price + 4) / 100:.2f},2.0000"
        )
    path = tmp_path / "btcusdt_quotes.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def trades(tmp_path: Path) -> Path:
    """Trades of the same seconds."""
    rows = ["ts_event,trade_id,price,quantity,buyer_maker"]
    for number in range(100):
        price = 10_002 + 30 * ((number * 2 // 25) % 2)
        rows.append(
            f"{1_610_064_000_010_000_000 + number * 100_000_000},{number},"
            f"{price / 100:.2f},0.{1 + number % 9}000,{number % 2 == 0}"
        )
    path = tmp_path / "btcusdt_trades.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def recorded() -> Path:
    """The folder of real recordings, where they are at hand."""
    folder = ROOT.parent / "shared" / "data"
    if not (folder / "binance_btcusdt_quotes_20210108.csv").exists():
        pytest.skip("the real recordings are not on this machine")
    return folder
