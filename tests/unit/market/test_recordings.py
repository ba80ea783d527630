"""Recordings: read whole or not at all, then played through the venue's one book."""

import gzip
from pathlib import Path

import pytest

from engine.model.identifiers import InstrumentId
from simulation.market.fields import RecordingError
from simulation.market.readers import pair_in_name, read_recording
from simulation.market.recorded import RecordedMarket
from simulation.market.rows import Kind, QuoteRow, TradeRow
from simulation.scheduler import Scheduler
from simulation.venue.enums import BUY, SELL, AccountType
from simulation.venue.exchange import Exchange
from simulation.venue.ledger import AccountSpec

QUOTES = "ts_event,bid_price,bid_size,ask_price,ask_size"
BARE = "ts_event,bid_price,ask_price"
TRADES = "ts_event,trade_id,price,quantity,buyer_maker"
# real recordings live beside the repository and are no part of it
DATA = next(
    (
        folder
        for parent in Path(__file__).resolve().parents
        if (folder := parent.parent / "shared" / "data").is_dir()
    ),
    None,
)
recorded = pytest.mark.skipif(DATA is None, reason="no recordings at ../shared/data")


@pytest.fixture
def write(tmp_path):
    def write(name: str, *lines: str) -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


class Stage:
    """A venue on which a recording is played."""

    def __init__(self, market: RecordedMarket) -> None:
        instrument = market.instrument("SIM")
        self.symbol = str(instrument.id.symbol)
        self.scheduler = Scheduler(market.start_ns)
        funded = {instrument.base_currency.code: "1000", instrument.quote_currency.code: "1000000"}
        self.exchange = Exchange(
            "SIM",
            [instrument],
            AccountSpec(AccountType.CASH, funded),
            lambda: self.scheduler.now_ns,
            self.scheduler.post,
        )
        self.book = self.exchange.books[self.symbol]
        self.printed: list[tuple[int, int, str]] = []
        self.exchange.listen(self)
        self.replay = market.start(self.exchange, self.symbol)

    def on_order(self, *args) -> None: ...

    def on_fill(self, *args) -> None: ...

    def on_balances(self, *args) -> None: ...

    def on_book(self, *args) -> None: ...

    def on_quote(self, *args) -> None: ...

    def on_trade(self, symbol, trade_id, price, quantity, aggressor, ts) -> None:
        self.printed.append((price, quantity, aggressor))

    def until(self, ts: int) -> None:
        self.scheduler.run_until(ts)

    def limit(self, name: str, side: str, quantity: int, price: int) -> None:
        self.exchange.submit(name, self.symbol, side, "LIMIT", "GTC", quantity, price)

    def filled(self, name: str) -> int:
        return self.exchange.order_record(name).filled


# --- reading -------------------------------------------------------------------------------


def test_quotes_become_integers_at_the_finest_precision_of_the_file(write) -> None:
    path = write("btcusdt.csv", QUOTES, "5,10.5,1,10.75,0.25", "6,10,0.5,11,2")
    recording = read_recording(path)
    assert (recording.price_precision, recording.size_precision) == (2, 2)
    assert recording.rows == (
        QuoteRow(5, 1050, 1075, 100, 25),
        QuoteRow(6, 1000, 1100, 50, 200),
    )


def test_quotes_without_sizes_are_told_by_their_header(write) -> None:
    recording = read_recording(write("eurusd.csv", BARE, "5,1.10,1.11"))
    assert (recording.kind, recording.has_sizes) == (Kind.QUOTES, False)
    assert recording.rows == (QuoteRow(5, 110, 111, 0, 0),)


def test_trades_name_the_aggressor_from_the_makers_side(write) -> None:
    recording = read_recording(write("t.csv", TRADES, "5,a,10.0,1,True", "6,b,10.5,2,false"))
    assert recording.rows == (
        TradeRow(5, 100, 1, SELL, "a"),
        TradeRow(6, 105, 2, BUY, "b"),
    )


def test_columns_are_found_by_name_in_any_order_among_others(write) -> None:
    path = write("q.csv", "note,ask_price,bid_price,ts_event", "x,1.2,1.1,5")
    assert read_recording(path).rows == (QuoteRow(5, 11, 12, 0, 0),)


def test_rows_out_of_order_are_sorted_stably_and_counted(write) -> None:
    path = write("t.csv", TRADES, "7,a,1,1,0", "5,b,1,1,0", "7,c,1,1,0", "6,d,1,1,0")
    recording = read_recording(path)
    assert [row.trade_id for row in recording.rows] == ["b", "d", "a", "c"]
    assert recording.out_of_order == 2


@pytest.mark.parametrize(
    ("header", "row", "column", "value"),
    [
        (QUOTES, "5,abc,1,10,1", "bid_price", "abc"),
        (QUOTES, "5,9,1,-10,1", "ask_price", "-10"),
        (QUOTES, "5,9,1,1e1,1", "ask_price", "1e1"),
        (QUOTES, "5,9,,10,1", "bid_size", ""),
        (QUOTES, "5,0,1,10,1", "bid_price", "0"),
        (QUOTES, "5,10,1,9,1", "ask_price", "9"),
        (QUOTES, "5,9,nan,10,1", "bid_size", "nan"),
        (QUOTES, "x,9,1,10,1", "ts_event", "x"),
        (QUOTES, "-5,9,1,10,1", "ts_event", "-5"),
        (QUOTES, "99999999999999999999,9,1,10,1", "ts_event", "99999999999999999999"),
        (QUOTES, "5,9.12345678901234567,1,10,1", "bid_price", "9.12345678901234567"),
        (TRADES, "5,a,1,0,1", "quantity", "0"),
        (TRADES, "5,a,1,1,maybe", "buyer_maker", "maybe"),
        (TRADES, "5,,1,1,1", "trade_id", ""),
        (TRADES, "5,a,1,1", "", ""),
    ],
)
def test_bad_row_names_file_row_column_and_value(write, header, row, column, value) -> None:
    good = "4,9,1,10,1" if header is QUOTES else "4,a,1,1,1"
    path = write("bad.csv", header, good, row, good)
    with pytest.raises(RecordingError) as error:
        read_recording(path)
    found = error.value
    assert (found.file, found.row, found.column, found.value) == (str(path), 3, column, value)
    assert "row 3" in str(found)


def test_a_number_of_five_thousand_digits_is_refused_in_one_line(write) -> None:
    with pytest.raises(RecordingError, match="row 2, ts_event"):
        read_recording(write("x.csv", QUOTES, f"{'9' * 5000},9,1,10,1"))
    with pytest.raises(RecordingError, match="row 2, bid_price"):
        read_recording(write("x.csv", QUOTES, f"5,{'9' * 5000},1,10,1"))


def test_a_gzipped_recording_is_read_like_a_plain_one(write, tmp_path) -> None:
    plain = write("btcusdt.csv", QUOTES, "5,99,3,101,4")
    packed = tmp_path / "btcusdt.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_recording(packed).rows == read_recording(plain).rows


@pytest.mark.parametrize("lines", [(), ("a,b,c",), (QUOTES,)])
def test_file_of_no_known_kind_or_without_rows_is_refused(write, lines) -> None:
    with pytest.raises(RecordingError):
        read_recording(write("x.csv", *lines))


def test_absent_file_is_a_recording_error_too(tmp_path) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        RecordedMarket.read([tmp_path / "none.csv"])
    with pytest.raises(RecordingError):
        RecordedMarket.hash([tmp_path / "none.csv"])


def test_instrument_comes_from_the_first_pair_of_currencies_in_the_file_name(write) -> None:
    market = RecordedMarket.read([write("fx_eurusd_2020.csv", BARE, "5,1.10,1.115")])
    instrument = market.instrument("SIM")
    assert instrument.id == "EUR/USD.SIM"
    assert (instrument.price_precision, instrument.size_precision) == (3, 0)
    assert pair_in_name("binance_btcusdt_quotes.csv") == ("BTC", "USDT")
    named = market.instrument_named(InstrumentId("BTC/JPY.SIM"))
    assert named.quote_currency.code == "JPY"


def test_name_without_a_pair_and_instrument_without_known_codes_are_refused(write) -> None:
    market = RecordedMarket.read([write("prices.csv", BARE, "5,1.1,1.2")])
    with pytest.raises(RecordingError, match="name the instrument"):
        market.instrument("SIM")
    with pytest.raises(ValueError, match="BASE/QUOTE"):
        market.instrument_named(InstrumentId("NOPE.SIM"))


def test_hash_is_of_the_contents_alone(write) -> None:
    one, two = write("a.csv", BARE, "5,1.1,1.2"), write("b.csv", BARE, "5,1.1,1.2")
    other = write("c.csv", BARE, "5,1.1,1.3")
    assert RecordedMarket.hash([one]) == RecordedMarket.hash([two])
    assert RecordedMarket.hash([one]) != RecordedMarket.hash([other])
    assert len(RecordedMarket.hash([one])) == 12


# --- playing -------------------------------------------------------------------------------


def test_quote_replaces_the_touch_and_an_empty_side_stays_empty(write) -> None:
    market = RecordedMarket.read(
        [write("btcusdt.csv", QUOTES, "5,99,3,101,4", "6,98,2,99,5", "7,98,0,99,5")]
    )
    stage = Stage(market)
    stage.until(5)
    assert stage.book.depth()[1:] == (((99, 3),), ((101, 4),))
    stage.until(6)
    assert stage.book.depth()[1:] == (((98, 2),), ((99, 5),))
    stage.until(7)
    assert stage.book.depth()[1:] == ((), ((99, 5),))
    assert stage.printed == []


def test_absent_sizes_show_the_default(write) -> None:
    stage = Stage(RecordedMarket.read([write("eurusd.csv", BARE, "5,99,101")]))
    stage.until(5)
    assert stage.book.depth()[1:] == (((99, 1_000_000),), ((101, 1_000_000),))


def test_recorded_quote_through_our_price_fills_us_up_to_its_size_at_our_price(write) -> None:
    market = RecordedMarket.read([write("btcusdt.csv", QUOTES, "5,99,3,103,4", "6,99,3,100,4")])
    stage = Stage(market)
    stage.until(5)
    stage.limit("OURS", "BUY", 6, 101)
    stage.until(6)
    assert stage.filled("OURS") == 4
    assert stage.printed == [(101, 4, "SELL")]


def test_recorded_size_at_an_unchanged_price_keeps_its_place_before_us(write) -> None:
    market = RecordedMarket.read([write("btcusdt.csv", QUOTES, "5,99,3,101,4", "6,99,8,101,4")])
    stage = Stage(market)
    stage.until(5)
    stage.limit("OURS", "BUY", 2, 99)
    stage.until(6)
    stage.exchange.floor.hit(stage.book, SELL, 8, 99)
    assert stage.filled("OURS") == 0


def test_recorded_trade_meets_the_better_price_first_then_prints_in_full(write) -> None:
    market = RecordedMarket.read(
        [
            write("btcusdt_q.csv", QUOTES, "5,99,3,105,4"),
            write("btcusdt_t.csv", TRADES, "6,a,99,10,True"),
        ]
    )
    stage = Stage(market)
    stage.until(5)
    stage.limit("OURS", "BUY", 2, 100)
    stage.until(6)
    assert stage.filled("OURS") == 2
    assert stage.printed == [(100, 2, "SELL"), (99, 3, "SELL"), (99, 5, "SELL")]


def test_shown_size_we_took_is_gone_until_the_recording_shows_more(write) -> None:
    market = RecordedMarket.read([write("btcusdt.csv", QUOTES, "5,99,3,101,4", "9,99,3,101,4")])
    stage = Stage(market)
    stage.until(5)
    stage.limit("A", "BUY", 4, 101)
    stage.limit("B", "BUY", 4, 101)
    assert (stage.filled("A"), stage.filled("B")) == (4, 0)
    stage.until(9)
    assert stage.filled("B") == 4


def test_trades_alone_print_as_recorded_and_leave_a_touch_one_tick_wide(write) -> None:
    rows = ["5,a,100,3,False", "6,b,102,4,True", "7,c,99,2,False"]
    stage = Stage(RecordedMarket.read([write("btcusdt.csv", TRADES, *rows)]))
    stage.until(5)
    assert stage.book.depth()[1:] == (((99, 3),), ((100, 3),))
    stage.until(6)
    assert stage.book.depth()[1:] == (((102, 4),), ((103, 4),))
    stage.until(7)
    assert stage.printed == [(100, 3, "BUY"), (102, 4, "SELL"), (99, 2, "BUY")]


def test_at_one_instant_trades_come_before_quotes(write) -> None:
    market = RecordedMarket.read(
        [
            write("btcusdt_q.csv", QUOTES, "5,99,3,101,4"),
            write("btcusdt_t.csv", TRADES, "5,a,99,1,True"),
        ]
    )
    assert [type(row) for row in market.rows] == [TradeRow, QuoteRow]


def test_locked_quote_shows_its_bid_only_and_trades_with_nobody(write) -> None:
    market = RecordedMarket.read([write("btcusdt.csv", QUOTES, "5,99,3,101,4", "6,101,3,101,4")])
    stage = Stage(market)
    stage.until(6)
    assert stage.book.depth()[1:] == (((101, 3),), ())
    assert stage.printed == []


def test_files_of_different_precision_are_brought_to_the_finest(write) -> None:
    market = RecordedMarket.read(
        [
            write("btcusdt_q.csv", QUOTES, "5,99,3,101,4"),
            write("btcusdt_t.csv", TRADES, "6,a,99.5,0.25,True"),
        ]
    )
    assert market.rows == (
        QuoteRow(5, 990, 1010, 300, 400),
        TradeRow(6, 995, 25, SELL, "a"),
    )


def test_instrument_coarser_than_the_recording_is_refused(write) -> None:
    coarse = RecordedMarket.read([write("btcusdt.csv", QUOTES, "5,99,3,101,4")])
    fine = RecordedMarket.read([write("btcusdt_f.csv", QUOTES, "5,99.5,3,101,4")])
    stage = Stage(coarse)
    with pytest.raises(RecordingError, match="price"):
        fine.start(stage.exchange, stage.symbol)


def test_stopped_replay_plays_no_more(write) -> None:
    market = RecordedMarket.read([write("btcusdt.csv", QUOTES, "5,99,3,101,4", "9,98,3,101,4")])
    stage = Stage(market)
    stage.until(5)
    stage.replay.stop()
    stage.until(20)
    assert stage.replay.played == 1


# --- real recordings -----------------------------------------------------------------------


@recorded
@pytest.mark.parametrize(
    ("name", "rows", "precisions"),
    [
        ("binance_btcusdt_quotes_20210108.csv", 451, (2, 6)),
        ("binance_btcusdt_trades_20210108.csv", 2_001, (2, 6)),
        ("fx_eurusd_quotes_20200101.csv", 9_500, (5, 0)),
    ],
)
def test_real_recording_is_read_to_its_end_in_time_order(name, rows, precisions) -> None:
    recording = read_recording(DATA / name)
    assert len(recording.rows) == rows
    assert (recording.price_precision, recording.size_precision) == precisions
    times = [row.ts for row in recording.rows]
    assert times == sorted(times)


@recorded
def test_real_quotes_and_trades_play_through_one_book_and_never_cross_it() -> None:
    names = ("binance_btcusdt_quotes_20210108.csv", "binance_btcusdt_trades_20210108.csv")
    market = RecordedMarket.read([DATA / name for name in names])
    stage = Stage(market)
    traded = sum(row.size for row in market.rows if type(row) is TradeRow)
    for row in market.rows:
        stage.replay.play(row)
        bid, ask = stage.book.best_bid(), stage.book.best_ask()
        assert bid is None or ask is None or bid < ask
    printed = sum(size for _, size, _ in stage.printed)
    assert traded * 9 // 10 <= printed <= traded
