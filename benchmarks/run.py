"""The benchmarks, one JSON line per figure.

    python -m benchmarks.run                                  # all of them
    python -m benchmarks.run backtest_orders --repeat 5
    python -m benchmarks.run --peer-python PATH               # and the peer, with ratios

With `--peer-python` the peer's script runs each benchmark that it shares right after ours, so
that both meet the same machine, and a line `ratio_NAME` follows: our units per CPU second over
the peer's. Two interpreters of different versions are compared too, and the line says so.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.backtests import (
    backtest_orders,
    backtest_quotes_noop,
    backtest_small_runs,
    matching_l2,
)
from benchmarks.logs import check_log
from benchmarks.measure import PYTHON, Row, tell
from benchmarks.parts import msgbus_publish, price_ops
from benchmarks.properties import properties
from benchmarks.seeds import seeds

Benchmark = Callable[[int, float], list[Row]]

BENCHMARKS: dict[str, Benchmark] = {
    "backtest_quotes_noop": backtest_quotes_noop,
    "backtest_orders": backtest_orders,
    "backtest_small_runs": backtest_small_runs,
    "matching_l2": matching_l2,
    "msgbus_publish": msgbus_publish,
    "price_ops": price_ops,
    "seeds": seeds,
    "properties": properties,
    "check_log": check_log,
}
OURS_ALONE = ("seeds", "properties", "check_log")  # the peer has nothing like it
PEER_SCRIPT = Path(__file__).parents[2] / "shared" / "bench" / "peer_nautilus.py"


class Peer:
    """The other side: an interpreter that has it, and the script that measures it."""

    def __init__(self, python: str, script: Path, repeat: int, scale: float) -> None:
        self._command = [python, str(script)]
        self._options = ["--repeat", str(repeat), "--scale", str(scale)]

    def run(self, name: str) -> list[Row]:
        """The peer's figures for one benchmark.

        Raises:
            OSError: the interpreter cannot be started.
            subprocess.CalledProcessError: the script failed.
        """
        done = subprocess.run(
            [*self._command, name, *self._options], check=True, stdout=subprocess.PIPE, text=True
        )
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def ratios(ours: Sequence[Row], theirs: Sequence[Row]) -> list[Row]:
    """A line for each figure that both sides have."""
    by_name = {figure["name"]: figure for figure in theirs}
    lines: list[Row] = []
    for figure in ours:
        other = by_name.get(figure["name"])
        if other is None:
            continue
        own_rate, peer_rate = figure["cpu_per_sec"], other["cpu_per_sec"]
        line: Row = {"name": f"ratio_{figure['name']}", "ratio": None}
        if isinstance(own_rate, float) and isinstance(peer_rate, float) and peer_rate:
            line["ratio"] = round(own_rate / peer_rate, 2)
        line["cpu_per_sec"] = own_rate
        line["peer_cpu_per_sec"] = peer_rate
        line["unit"] = figure["unit"]
        line["peer"] = other["peer"]
        if other["python"] != figure["python"]:
            line["note"] = f"ours on Python {figure['python']}, the peer on {other['python']}"
        lines.append(line)
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for. Returns 0; 1 when a figure is beyond its limit, which its line says;
    4 when the peer's script failed."""
    options = _parse(arguments)
    peer = None
    if options.peer_python is not None:
        script = options.peer_script
        if script.is_file():
            peer = Peer(options.peer_python, script, options.repeat, options.scale)
        else:
            tell({"name": "peer", "skipped": f"no peer script at {script}; see --peer-script"})
    failed = beyond = False
    for name in options.names or BENCHMARKS:
        ours = BENCHMARKS[name](options.repeat, options.scale)
        for figure in ours:
            tell(figure)
            beyond = beyond or figure.get("within") is False
        if peer is None or name in OURS_ALONE:
            continue
        try:
            theirs = peer.run(name)
        except (OSError, subprocess.CalledProcessError) as error:
            tell({"name": "peer", "benchmark": name, "failed": str(error)})
            failed = True
            continue
        for figure in [*theirs, *ratios(ours, theirs)]:
            tell(figure)
    return 4 if failed else 1 if beyond else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run",
        description=f"Measure, one JSON line per figure (Python {PYTHON}).",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--repeat", type=int, default=3, help="best of N after a warm-up")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies every count")
    parser.add_argument("--peer-python", help="an interpreter that has the peer installed")
    parser.add_argument("--peer-script", type=Path, default=PEER_SCRIPT, help="how to measure it")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    if options.repeat < 1:
        parser.error("--repeat is at least 1")
    if options.scale <= 0:
        parser.error("--scale is above 0")
    return options


if __name__ == "__main__":
    sys.exit(main())
