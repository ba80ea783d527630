"""Depth by price and bars: read whole or not at all, then shown level by level at a venue."""

import json
from pathlib import Path

import pytest

from engine.model.book import OrderBook
from engine.model.data import OrderBookDeltas, QuoteTick
from engine.model.enums import BookType
from engine.model.identifiers import InstrumentId
from simulation.market.fields import RecordingError
from simulation.market.readers import read_recording
from simulation.market.recorded import RecordedMarket, trades_of
from simulation.market.rows import BarRow, DepthRow, Kind, TradeRow
from simulation.market.shown import ShownDepth
from simulation.market.ticks import recorded_data
from simulation.scheduler import Scheduler
from simulation.venue.enums import BUY, SELL, AccountType
from simulation.venue.exchange import Exchange
from simulation.venue.ledger import AccountSpec

MS = 1_000_000
BINANCE = "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty,pu"
BARS = "timestamp,open,high,low,close,volume"
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


def bybit(kind: str, ts: int, update: int, bids: list, asks: list) -> str:
    return json.dumps(
        {
            "topic": "x",
            "type": kind,
            "ts": ts,
            "data": {"s": "X", "b": bids, "a": asks, "u": update},
        }
    )


def listed(market: RecordedMarket) -> tuple[Exchange, str]:
    instrument = market.instrument("SIM")
    scheduler = Scheduler(market.start_ns)
    exchange = Exchange(
        "SIM",
        [instrument],
        AccountSpec(AccountType.CASH, {"BTC": "1000", "USDT": "100000000"}),
        lambda: scheduler.now_ns,
        scheduler.post,
    )
    return exchange, str(instrument.id.symbol)


# --- reading depth -------------------------------------------------------------------------


def test_binance_rows_of_one_event_become_one_row_of_depth(write) -> None:
    recording = read_recording(
        write(
            "btcusdt.csv",
            BINANCE,
            "BTCUSDT,5,9,9,b,snap,99.50,1.5,-1",
            "BTCUSDT,5,9,9,a,snap,101,2,-1",
            "BTCUSDT,6,10,12,b,set,99.50,0,9",
        )
    )
    assert (recording.kind, recording.gaps) == (Kind.DEPTH, 0)
    assert recording.rows == (
        DepthRow(5 * MS, True, 9, ((9950, 15),), ((10100, 20),)),
        DepthRow(6 * MS, False, 12, ((9950, 0),), ()),
    )


def test_bybit_snapshot_and_deltas_are_read_line_by_line(write) -> None:
    recording = read_recording(
        write(
            "xrpusdt.jsonl",
            bybit("snapshot", 5, 7, [["1.95", "10"]], [["1.96", "20"]]),
            bybit("delta", 6, 8, [["1.95", "0"]], []),
        )
    )
    assert (recording.kind, recording.gaps) == (Kind.DEPTH, 0)
    assert recording.rows == (
        DepthRow(5 * MS, True, 7, ((195, 10),), ((196, 20),)),
        DepthRow(6 * MS, False, 8, ((195, 0),), ()),
    )


def test_an_update_that_does_not_follow_the_event_before_it_is_counted_as_a_gap(write) -> None:
    one = bybit("snapshot", 5, 7, [["1", "1"]], [])
    lost = bybit("delta", 6, 9, [["1", "2"]], [])
    next_one = bybit("delta", 7, 10, [["1", "3"]], [])
    assert read_recording(write("xrpusdt.jsonl", one, lost, next_one)).gaps == 1
    image = "BTCUSDT,5,9,9,b,snap,99,1,-1"
    update = "BTCUSDT,6,11,12,b,set,99,2,10"
    assert read_recording(write("btcusdt.csv", BINANCE, image, update)).gaps == 1


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("BTCUSDT,x,9,9,b,snap,99,1,-1", "timestamp"),
        ("BTCUSDT,99999999999999999,9,9,b,snap,99,1,-1", "timestamp"),
        ("BTCUSDT,5,9,8,b,snap,99,1,-1", "last_update_id"),
        ("BTCUSDT,5,-9,9,b,snap,99,1,-1", "first_update_id"),
        ("BTCUSDT,5,9,9,c,snap,99,1,-1", "side"),
        ("BTCUSDT,5,9,9,b,add,99,1,-1", "update_type"),
        ("BTCUSDT,5,9,9,b,snap,0,1,-1", "price"),
        ("BTCUSDT,5,9,9,b,snap,99,-1,-1", "qty"),
        ("BTCUSDT,5,9,9,b,set,99,1,-2", "pu"),
    ],
)
def test_bad_row_of_depth_names_its_place(write, row, column) -> None:
    good = "BTCUSDT,5,9,9,b,snap,99,1,-1"
    with pytest.raises(RecordingError) as error:
        read_recording(write("bad.csv", BINANCE, good, row))
    assert (error.value.row, error.value.column) == (3, column)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"type": "delta"}',
        bybit("other", 5, 7, [["1", "1"]], []),
        bybit("delta", -5, 7, [["1", "1"]], []),
        bybit("delta", 5, -7, [["1", "1"]], []),
        bybit("delta", 5, 7, [["0", "1"]], []),
        bybit("delta", 5, 7, [["1", "x"]], []),
        bybit("delta", 5, 7, [["1"]], []),
    ],
)
def test_bad_message_of_depth_names_its_line(write, line) -> None:
    good = bybit("snapshot", 5, 7, [["1", "1"]], [])
    with pytest.raises(RecordingError) as error:
        read_recording(write("bad.jsonl", good, line))
    assert error.value.row == 2


# --- reading bars --------------------------------------------------------------------------


def test_bars_close_one_interval_after_they_opened(write) -> None:
    recording = read_recording(
        write(
            "btcusdt.csv",
            BARS,
            "1970-01-01 00:01:00.000000,10,12.5,9,11,4",
            "1970-01-01 00:02:00,11,11,11,11,0",
            "1970-01-01 00:04:00,11,11,11,11,1.5",
        )
    )
    assert (recording.kind, recording.interval_ns) == (Kind.BARS, 60_000 * MS)
    assert recording.rows[0] == BarRow(120_000 * MS, 100, 125, 90, 110, 40)
    assert [row.ts for row in recording.rows] == [at * 60_000 * MS for at in (2, 3, 5)]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("yesterday,10,12,9,11,4", "timestamp"),
        ("1960-01-01 00:00:00,10,12,9,11,4", "timestamp"),
        ("1970-01-01 00:01:00,10,12,9,11,4", "timestamp"),
        ("1970-01-01 00:03:00,10,9,9,11,4", "high"),
        ("1970-01-01 00:03:00,10,12,11,11,4", "low"),
        ("1970-01-01 00:03:00,0,12,9,11,4", "open"),
        ("1970-01-01 00:03:00,10,12,9,11,-4", "volume"),
    ],
)
def test_bad_bar_names_its_place(write, row, column) -> None:
    good = [f"1970-01-01 00:0{at}:00,10,12,9,11,4" for at in (1, 2)]
    with pytest.raises(RecordingError) as error:
        read_recording(write("bad.csv", BARS, *good, row))
    assert (error.value.row, error.value.column) == (4, column)


def test_volumes_of_more_decimals_than_fit_are_rounded_half_even(write) -> None:
    recording = read_recording(
        write(
            "btcusdt.csv",
            BARS,
            "1970-01-01 00:01:00,1,1,1,1,100000000.5",
            "1970-01-01 00:02:00,1,1,1,1,0.12345678905",
            "1970-01-01 00:03:00,1,1,1,1,0.12345678915",
        )
    )
    assert recording.size_precision == 10
    assert [row.volume for row in recording.rows] == [1000000005 * 10**9, 1234567890, 1234567892]


def test_a_bar_off_the_grid_of_the_others_and_a_lone_bar_are_refused(write) -> None:
    rows = [f"1970-01-01 00:0{at},10,12,9,11,4" for at in ("1:00", "2:00", "3:30")]
    with pytest.raises(RecordingError, match="off the grid"):
        read_recording(write("bad.csv", BARS, *rows))
    with pytest.raises(RecordingError, match="one bar"):
        read_recording(write("bad.csv", BARS, rows[0]))


def test_a_bar_is_four_trades_that_visit_its_nearer_extreme_first() -> None:
    trades = trades_of(BarRow(400, 100, 110, 98, 105, 10), 0)
    assert [(trade.ts, trade.price, trade.size, trade.aggressor) for trade in trades] == [
        (0, 100, 2, BUY),
        (100, 98, 2, SELL),
        (200, 110, 2, BUY),
        (300, 105, 4, SELL),
    ]
    assert sum(trade.size for trade in trades) == 10


def test_a_bar_without_volume_trades_nothing() -> None:
    assert trades_of(BarRow(400, 100, 100, 100, 100, 0), 0) == []


# --- showing -------------------------------------------------------------------------------


@pytest.fixture
def stage(write):
    market = RecordedMarket.read([write("btcusdt.csv", BINANCE, "B,5,9,9,b,snap,99,1,-1")])
    exchange, symbol = listed(market)
    return exchange, exchange.books[symbol], ShownDepth(exchange.floor, exchange.books[symbol])


def test_an_image_takes_away_every_level_that_it_does_not_name(stage) -> None:
    _, book, shown = stage
    shown.change([(BUY, 98, 1), (BUY, 99, 2), (SELL, 101, 3)])
    shown.show([(BUY, 99, 5), (SELL, 102, 1)])
    assert book.depth()[1:] == (((99, 5),), ((102, 1),))


def test_a_level_that_keeps_its_price_keeps_its_place_before_ours(stage) -> None:
    exchange, book, shown = stage
    shown.change([(BUY, 99, 2), (SELL, 101, 3)])
    exchange.submit("OURS", book.symbol, "BUY", "LIMIT", "GTC", 2, 99)
    shown.set(BUY, 99, 7)
    exchange.floor.hit(book, SELL, 7, 99)
    assert exchange.order_record("OURS").filled == 0
    exchange.floor.hit(book, SELL, 2, 99)
    assert exchange.order_record("OURS").filled == 2


def test_a_level_through_our_price_fills_us_and_rests_with_what_is_left(stage) -> None:
    exchange, book, shown = stage
    shown.change([(BUY, 97, 2), (SELL, 101, 3)])
    exchange.submit("OURS", book.symbol, "BUY", "LIMIT", "GTC", 2, 99)
    shown.set(SELL, 98, 5)
    assert exchange.order_record("OURS").filled == 2
    assert book.depth()[2] == ((98, 3), (101, 3))


def test_a_level_through_the_other_side_trades_with_nobody_recorded(stage) -> None:
    exchange, book, shown = stage
    printed = []
    exchange.listen(Printer(printed))
    shown.change([(BUY, 99, 2), (SELL, 101, 3), (SELL, 102, 4)])
    shown.set(BUY, 101, 6)
    assert printed == []
    assert book.depth()[1:] == (((101, 6), (99, 2)), ((102, 4),))


def test_what_we_took_from_a_level_comes_back_with_the_next_word_about_it(stage) -> None:
    exchange, book, shown = stage
    shown.change([(BUY, 99, 2), (SELL, 101, 3)])
    exchange.submit("OURS", book.symbol, "BUY", "LIMIT", "GTC", 3, 101)
    assert book.depth()[2] == ()
    shown.set(SELL, 101, 3)
    assert book.depth()[2] == ((101, 3),)


class Printer:
    def __init__(self, printed: list) -> None:
        self.printed = printed

    def on_trade(self, *args) -> None:
        self.printed.append(args)

    def on_order(self, *args) -> None: ...

    def on_fill(self, *args) -> None: ...

    def on_balances(self, *args) -> None: ...

    def on_book(self, *args) -> None: ...

    def on_quote(self, *args) -> None: ...


# --- as the kernel's data ------------------------------------------------------------------


def test_depth_without_quotes_brings_the_quotes_of_its_best_levels(write) -> None:
    path = write(
        "btcusdt.csv",
        BINANCE,
        "B,5,9,9,b,snap,99,1,-1",
        "B,5,9,9,a,snap,101,2,-1",
        "B,6,10,10,b,set,98,4,9",
        "B,7,11,11,b,set,99,3,10",
    )
    data = recorded_data(RecordedMarket.read([path]), InstrumentId("BTC/USDT.SIM"))
    assert [type(datum) for datum in data] == [
        OrderBookDeltas,
        QuoteTick,
        OrderBookDeltas,  # below the touch: no quote
        OrderBookDeltas,
        QuoteTick,
    ]
    assert (data[-1].bid_mantissa, data[-1].bid_size_mantissa) == (99, 3)


def test_bars_are_played_as_their_trades(write) -> None:
    rows = [f"1970-01-01 00:0{at}:00,10,12,9,11,4" for at in (1, 2)]
    market = RecordedMarket.read([write("btcusdt.csv", BARS, *rows)])
    assert [type(row) for row in market.rows] == [TradeRow] * 8
    assert sum(row.size for row in market.rows) == 8


# --- real recordings -----------------------------------------------------------------------


@recorded
def test_real_depth_at_the_venue_is_the_recorded_book_after_every_message() -> None:
    market = RecordedMarket.read([DATA / "bybit_xrpusdt_ob500_20241201.jsonl"])
    instrument = market.instrument("SIM")
    scheduler = Scheduler(market.start_ns)
    exchange = Exchange(
        "SIM",
        [instrument],
        AccountSpec(AccountType.CASH, {"XRP": "1000", "USDT": "1000"}),
        lambda: scheduler.now_ns,
        scheduler.post,
    )
    replay = market.start(exchange, str(instrument.id.symbol))
    replay.stop()
    book = OrderBook(instrument.id, BookType.L2_MBP, 4, 0)
    deltas = [d for d in recorded_data(market, instrument.id) if type(d) is OrderBookDeltas]
    assert len(deltas) == len(market.rows) == 50
    for row, batch in zip(market.rows, deltas, strict=True):
        replay.play(row)
        book.apply(batch)
        shown = exchange.books[str(instrument.id.symbol)].depth()
        assert shown[1:] == (tuple(book.bids()), tuple(book.asks()))
    assert len(book.bids()) >= 500


@recorded
def test_real_binance_depth_and_bars_are_read_to_their_end() -> None:
    image = read_recording(DATA / "binance_futures_btcusdt_depth_snapshot.csv")
    update = read_recording(DATA / "binance_futures_btcusdt_depth_updates.csv")
    assert [len(row.bids) + len(row.asks) for row in (*image.rows, *update.rows)] == [100, 100]
    assert (image.gaps, update.gaps) == (0, 1)  # ten minutes lie between them
    bars = read_recording(DATA / "btc_perp_1m_bars_202201.csv")
    assert (len(bars.rows), bars.interval_ns) == (45_031, 60_000 * MS)
