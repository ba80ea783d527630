"""Whatever cannot be right is told in one line that names the place, and leaves no trace."""

import gzip
from pathlib import Path

import pytest

QUOTES = "ts_event,bid_price,bid_size,ask_price,ask_size\n"
GOOD = "1610064001076000000,100.00,1.0,100.10,1.0\n"
LATER = "1610064002076000000,100.00,1.0,100.10,1.0\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("run --seeds 0", "--seeds 0"),
        ("run --seeds many", "--seeds"),
        ("run --seeds 1.5", "--seeds"),
        ("run --seeds", "--seeds"),
        ("run --seeds -1", "--seeds -1"),
        ("run --first-seed -1", "--first-seed -1"),
        ("run --first-seed 9223372036854775807 --seeds 2", "--first-seed"),
        ("run --jobs 0", "--jobs 0"),
        ("run --jobs some", "--jobs some"),
        ("run --faults wild", "'wild': use one of calm, flaky, stormy"),
        ("run --bug absent", "bug 'absent' is not in the zoo"),
        ("run --json .", "--json .: is a folder"),
        ("run --json absent/out.json", "--json absent/out.json: the folder absent does not exist"),
        ("run --out file", "--out file: is not a folder"),
        ("run --out file/below", "--out file/below: nothing can be written there"),
        ("run --market absent.csv", "absent.csv: No such file"),
        ("run --absent", "--absent"),
        ("run default default", "default"),
        ("absent", "absent"),
        ("replay", "Missing argument"),
        ("replay default", "'default': neither a bundle file nor a token"),
        ("replay default@", "not a token"),
        ("replay default@1#12", "not a token"),
        ("replay default@-1", "not a token"),
        ("replay default@9223372036854775808", "seeds are below 2**63"),
        ("replay default[]x@1", "not a token"),
        ("replay default[colour=red]@1", "'colour=red'"),
        ("replay default[faults=calm,faults=calm]@1", "once each"),
        ("replay default[faults=wild]@1", "'wild'"),
        ("replay default[bug=absent]@1", "'absent'"),
        ("replay default[market=123]@1", "'123'"),
        ("replay default[market=0123456789ab]@1", "give it with --market"),
        ("replay default@1 --market file", "made without a recording"),
        ("replay default@1 --until -1", "--until -1"),
        ("replay default@1 --until x", "--until"),
        ("replay file", "file: not a bundle"),
        ("replay junk.bundle", "junk.bundle: not a bundle"),
        ("replay cut.bundle", "cut.bundle: not a bundle"),
        ("replay old.bundle", "old.bundle: bundle format 0"),
        ("replay .", "'.': neither a bundle file nor a token"),
        ("trace absent.bundle", "absent.bundle"),
        ("diff default@1", "Missing argument"),
        ("diff default@1 absent", "absent"),
        ("backtest", "give --quotes FILE"),
        ("backtest --quotes absent.csv", "absent.csv"),
        ("backtest --quotes quotes.csv", "give --instrument BASE/QUOTE.VENUE"),
        ("backtest --trades btcusdt.csv", "--trades btcusdt.csv: holds quotes"),
        ("backtest --quotes quotes.csv --instrument BTCUSDT", "write BASE/QUOTE.VENUE"),
        ("backtest --quotes quotes.csv --instrument BTC/USDT", "write BASE/QUOTE.VENUE"),
        ("backtest --quotes quotes.csv --instrument ONE/TWO.X", "known currencies"),
        ("backtest --quotes btcusdt.csv --instrument absent:X", "no module 'absent'"),
        ("backtest --quotes btcusdt.csv --instrument pathlib:Path", "is no instrument"),
        ("backtest --quotes btcusdt.csv --strategy absent", "--strategy 'absent'"),
        ("backtest --quotes btcusdt.csv --strategy absent:X", "no module 'absent'"),
        ("backtest --quotes btcusdt.csv --strategy pathlib:Path", "is no Strategy"),
        ("backtest --quotes btcusdt.csv --json absent/x", "--json absent/x"),
    ],
)
def test_wrong_usage_is_one_line_on_standard_error_and_exit_two(
    refused, tmp_path: Path, arguments: str, told: str
) -> None:
    (tmp_path / "file").write_text("words")
    (tmp_path / "quotes.csv").write_text(QUOTES + GOOD + LATER)
    (tmp_path / "btcusdt.csv").write_text(QUOTES + GOOD + LATER)
    (tmp_path / "junk.bundle").write_bytes(gzip.compress(b"junk"))
    (tmp_path / "cut.bundle").write_bytes(gzip.compress(b"junk" * 99)[:20])
    (tmp_path / "old.bundle").write_bytes(gzip.compress(b"\x81\xa6format\x00"))
    assert told in refused(*arguments.split())


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1610064002076000000,100.0x,1.0,100.10,1.0", "row 3, bid_price '100.0x'"),
        ("1610064002076000000,100.00,1.0,,1.0", "row 3, ask_price ''"),
        ("1610064002076000000,nan,1.0,100.10,1.0", "row 3, bid_price 'nan'"),
        ("1610064002076000000,1e2,1.0,100.10,1.0", "row 3, bid_price '1e2'"),
        ("1610064002076000000,-1.00,1.0,100.10,1.0", "row 3, bid_price '-1.00'"),
        ("1610064002076000000,100.00,-1,100.10,1.0", "row 3, bid_size '-1'"),
        ("yesterday,100.00,1.0,100.10,1.0", "row 3, ts_event 'yesterday'"),
        ("1610064002076000000,100.20,1.0,100.10,1.0", "row 3, ask_price '100.10'"),
        ("1610064002076000000,100.00,1.0", "row 3: 3 fields where the header has 5"),
    ],
)
def test_a_bad_row_is_named_by_file_row_column_and_value(
    refused, tmp_path: Path, row: str, told: str
) -> None:
    path = tmp_path / "btcusdt_quotes.csv"
    path.write_text(f"{QUOTES}{GOOD}{row}\n{LATER}")
    for command in (("run", "--seeds", "2", "--market"), ("backtest", "--quotes")):
        line = refused(*command, path.name, "--json", "out.json")
        assert f"btcusdt_quotes.csv {told}" in line


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "neither quotes, trades, depth nor bars"),
        (b"time,value\n1,2\n", "neither quotes, trades, depth nor bars"),
        (QUOTES.encode(), "has no rows"),
        (b"\xff\xfe\x00\x81", "is not text"),
    ],
)
def test_a_file_that_is_no_recording_is_named(
    refused, tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "btcusdt_quotes.csv"
    path.write_bytes(content)
    for command in (("run", "--market"), ("backtest", "--quotes")):
        line = refused(*command, path.name)
        assert "btcusdt_quotes.csv" in line
        assert told in line


def test_a_recording_of_one_instant_tests_nothing_and_is_refused(refused, tmp_path: Path) -> None:
    path = tmp_path / "btcusdt_quotes.csv"
    path.write_text(QUOTES + GOOD)
    assert "one instant" in refused("run", "--market", path.name)


def test_no_command_at_all_shows_the_help(shell) -> None:
    said = shell()
    assert said.code == 2
    assert "Usage" in said.out + said.err


@pytest.mark.parametrize("command", ["run", "replay", "trace", "diff", "backtest"])
def test_every_command_explains_itself(shell, command: str) -> None:
    said = shell(command, "--help")
    assert said.code == 0
    assert "Usage: seatrial" in said.out
