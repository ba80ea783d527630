"""Recorded sessions judged: how many records a second the properties of a log take."""

import tempfile
from pathlib import Path

from benchmarks.backtests import scaled
from benchmarks.market import OrderMaker, make_backtest, make_quotes
from benchmarks.measure import Row, measure, row
from engine.journal.log_file import Log, LogHeader, LogJournal, LogWriter
from engine.risk.config import RiskEngineConfig
from invariants.catalogue import CATALOGUE
from invariants.log_judge import LogJudge


def check_log(repeat: int, scale: float) -> list[Row]:
    """The journal of a backtest with orders, read from its file and judged."""
    n = scaled(100_000, scale)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "backtest.log"
        risk = RiskEngineConfig()
        with LogWriter(path, LogHeader(kind="journal", session="bench", risk=risk)) as writer:
            make_backtest(OrderMaker(), LogJournal(writer)).run(make_quotes(n))

        def setup() -> LogJudge:
            return LogJudge(CATALOGUE, risk)

        def body(judge: LogJudge) -> int:
            for finding in judge.judge(Log(path)):
                raise RuntimeError(f"a clean session is called broken: {finding}")
            return judge.turns

        timing = measure(repeat, setup, body)
        what = "a backtest's journal with orders and fills, file to verdict"
        return [row("check_log", timing.result, "records", timing, what, quotes=n)]
