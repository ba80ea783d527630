"""Market by order: read whole or not at all, rebuilt, retraced, and played as real queues."""

import gzip
from pathlib import Path

import pytest
from rich.console import Console

from engine.model.enums import BUY, SELL
from engine.model.enums import AccountType as KernelAccountType
from engine.model.instruments import AssetClass, FuturesContract
from engine.model.values import Price, Quantity
from invariants.catalogue import CATALOGUE
from seatrial.commands.mbo import backtest_mbo
from simulation.faults import CALM
from simulation.market.fields import RecordingError
from simulation.market.mbo import FifoReport, analyse, rebuild, survey
from simulation.market.mbo_reader import (
    ADD,
    ASK,
    BID,
    CANCEL,
    LAST,
    NO_SIDE,
    TRADE,
    MboRecording,
    MboRow,
    read_mbo,
)
from simulation.market.mbo_rebuild import Rebuild
from simulation.market.mbo_replay import MboMarket, contract_in_name
from simulation.outcome import Verdict
from simulation.run import simulate
from simulation.scenario import Scenario, Venue
from simulation.scheduler import Scheduler
from simulation.venue.enums import AccountType
from simulation.venue.exchange import Exchange
from simulation.venue.ledger import AccountSpec
from simulation.workload import Workload

HEADER = "ts_recv,ts_event,action,side,price_e9,size,order_id,flags,sequence"
# real recordings live beside the repository and are no part of it
ROOT = Path(__file__).resolve().parents[3]
CME = ROOT.parent / "shared" / "data" / "cme_esh4_mbo_20231225_part1.csv.gz"
recorded = pytest.mark.skipif(not CME.exists(), reason="no recordings at ../shared/data")


@pytest.fixture
def write(tmp_path):
    def write(*lines: str, name: str = "esh4.csv", header: str = HEADER) -> Path:
        path = tmp_path / name
        path.write_text("\n".join((header, *lines)) + "\n")
        return path

    return write


def line(
    action: str, side: str, price: str, size: int, order_id: int, ts: int = 5, last: bool = True
) -> str:
    """One row; `price` in points."""
    units = int(float(price) * 4) * 250_000_000
    return f"{ts},{ts},{action},{side},{units},{size},{order_id},{LAST if last else 0},1"


def more(*fields, **named) -> str:
    return line(*fields, **named, last=False)


# Bids 99.75: orders 1 (2), 2 (3); 99.5: 3 (4). Asks 100.0: 4 (2), 5 (1); 100.25: 6 (5).
STANDING = (
    line("A", "B", "99.75", 2, 1),
    line("A", "B", "99.75", 3, 2),
    line("A", "B", "99.5", 4, 3),
    line("A", "A", "100", 2, 4),
    line("A", "A", "100", 1, 5),
    line("A", "A", "100.25", 5, 6),
)


# --- reading -------------------------------------------------------------------------------


def test_rows_are_integers_at_the_fewest_decimals_that_hold_the_prices(write) -> None:
    path = write("7,5,A,B,99750000000,2,11,130,3", "8,6,T,N,100000000000,4,0,0,4")
    recording = read_mbo(path)
    assert recording.price_precision == 2
    assert recording.rows == (
        MboRow(5, ADD, BID, 9975, 2, 11, 130, 3),
        MboRow(6, TRADE, NO_SIDE, 10000, 4, 0, 0, 4),
    )


def test_gzip_and_plain_text_read_the_same(write, tmp_path) -> None:
    plain = write(*STANDING)
    packed = tmp_path / "esh4.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_mbo(packed).rows == read_mbo(plain).rows


def test_columns_are_found_by_name_among_others(write) -> None:
    header = "note,sequence,flags,order_id,size,price_e9,side,action,ts_event,ts_recv"
    path = write("x,9,128,11,2,-1500000000,A,C,5,6", header=header)
    assert read_mbo(path).rows == (MboRow(5, CANCEL, ASK, -15, 2, 11, 128, 9),)


def test_rows_keep_the_order_of_the_file_and_late_ones_are_counted(write) -> None:
    recording = read_mbo(write(line("A", "B", "1", 1, 1, ts=9), line("A", "B", "1", 1, 2, ts=4)))
    assert [row.ts for row in recording.rows] == [9, 4]
    assert recording.out_of_order == 1


def test_events_end_with_the_flag_and_a_cut_one_with_the_file(write) -> None:
    rows = (line("A", "B", "1", 1, 1), more("A", "B", "1", 1, 2), line("A", "B", "1", 1, 3))
    recording = read_mbo(write(*rows, more("A", "B", "1", 1, 4)))
    assert [[row.order_id for row in event] for event in recording.events()] == [[1], [2, 3], [4]]


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        ("7,5,R,B,1,2,11,0,3", "action", "R"),
        ("7,5,A,X,1,2,11,0,3", "side", "X"),
        ("7,5,A,N,1,2,11,0,3", "side", "N"),
        ("7,5,A,B,1.5,2,11,0,3", "price_e9", "1.5"),
        ("7,5,A,B,,2,11,0,3", "price_e9", ""),
        ("7,5,A,B,--1,2,11,0,3", "price_e9", "-1"),
        ("7,5,A,B,99999999999999999999,2,11,0,3", "price_e9", "99999999999999999999"),
        ("7,5,A,B,1,0,11,0,3", "size", "0"),
        ("7,5,A,B,1,-2,11,0,3", "size", "-2"),
        ("7,5,A,B,1,2,0,0,3", "order_id", "0"),
        ("7,5,F,B,1,2,0,0,3", "order_id", "0"),
        ("7,5,A,B,1,2,11,256,3", "flags", "256"),
        ("7,5,A,B,1,2,11,0,x", "sequence", "x"),
        ("x,5,A,B,1,2,11,0,3", "ts_recv", "x"),
        ("7,5e3,A,B,1,2,11,0,3", "ts_event", "5e3"),
        ("7,5,A,B,1,2,11,0", "", ""),
        ("", "", ""),
    ],
)
def test_bad_row_names_file_row_column_and_value(write, row, column, value) -> None:
    path = write(STANDING[0], row, STANDING[1])
    with pytest.raises(RecordingError) as caught:
        read_mbo(path)
    error = caught.value
    assert (error.file, error.row, error.column, error.value) == (str(path), 3, column, value)


def test_file_of_another_kind_says_which_columns_it_lacks(write) -> None:
    path = write("5,1,2", header="ts_event,bid_price,ask_price")
    with pytest.raises(RecordingError, match="lacks ts_recv, action") as caught:
        read_mbo(path)
    assert (caught.value.row, caught.value.column) == (1, "header")


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", gzip.compress(HEADER.encode(), mtime=0)[:-9], b"\x1f\x8bnonsense"],
    ids=["empty", "no text", "cut off", "no gzip"],
)
def test_damaged_file_is_a_recording_error(tmp_path, content) -> None:
    path = tmp_path / "esh4.csv.gz"
    path.write_bytes(content)
    with pytest.raises(RecordingError):
        read_mbo(path)


def test_missing_and_empty_files_are_recording_errors(write, tmp_path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, write()):
        with pytest.raises(RecordingError):
            analyse(path)


# --- rebuilding ----------------------------------------------------------------------------


def test_rebuilt_book_keeps_the_queues(write) -> None:
    rows = (
        line("M", "B", "99.75", 1, 1),
        line("M", "A", "100", 3, 4),
        line("C", "B", "99.5", 1, 3),
        line("C", "A", "100.25", 5, 6),
    )
    book = rebuild(read_mbo(write(*STANDING, *rows)))
    assert book.queue_at(BUY, 9975) == [(1, 1), (2, 3)]
    assert book.queue_at(SELL, 10000) == [(5, 1), (4, 3)]
    assert (book.queue_at(BUY, 9950), book.asks()) == ([(3, 3)], [(10000, 4)])


def test_cancel_in_part_of_an_order_of_the_same_event_leaves_the_rest(write) -> None:
    rows = (more("A", "B", "99", 9, 7), more("C", "B", "99", 4, 7), line("C", "B", "99", 2, 7))
    report = survey(read_mbo(write(*STANDING, *rows)))
    assert rebuild(read_mbo(write(*STANDING, *rows))).size_of(7) == 3
    assert report.unknown == 0


def test_messages_about_unknown_orders_are_counted(write) -> None:
    rows = (line("C", "B", "99", 1, 70), line("M", "B", "99", 1, 71))
    report = survey(read_mbo(write(*STANDING, *rows)))
    assert (report.unknown, report.resting, report.messages, report.events) == (2, 7, 8, 8)


def test_crossed_book_is_counted_from_the_first_trade_on(write) -> None:
    crossing = line("A", "B", "101", 1, 7)
    auction = (more("T", "N", "100", 1, 0), line("C", "B", "101", 1, 7))
    assert survey(read_mbo(write(*STANDING, crossing, *auction))).crossed == 0
    again = (line("A", "B", "100", 1, 8), line("C", "B", "100", 1, 8))
    assert survey(read_mbo(write(*STANDING, crossing, *auction, *again))).crossed == 1
    assert survey(read_mbo(write(*STANDING, crossing))).crossed == 0
    trade = line("T", "B", "100", 1, 9)
    assert survey(read_mbo(write(*STANDING, trade, crossing))).crossed == 1


# --- first in, first out -------------------------------------------------------------------


def fifo(write, *rows: str) -> tuple[int, ...]:
    report = survey(read_mbo(write(*STANDING, *rows))).fifo
    return (
        report.fills,
        report.exact,
        report.own,
        report.cancelled_same_event,
        report.unexplained,
    )


def test_fills_in_queue_order_are_exact(write) -> None:
    rows = (
        more("T", "A", "99.75", 4, 9),
        more("F", "B", "99.75", 2, 1),
        more("F", "B", "99.75", 2, 2),
        more("C", "B", "99.75", 2, 1),
        line("M", "B", "99.75", 1, 2),
    )
    assert fifo(write, *rows) == (2, 2, 0, 0, 0)


def test_two_trades_of_one_event_use_up_the_same_queue(write) -> None:
    rows = (
        more("T", "A", "99.75", 2, 9),
        more("F", "B", "99.75", 2, 1),
        more("T", "A", "99.75", 3, 10),
        more("F", "B", "99.75", 3, 2),
        more("C", "B", "99.75", 2, 1),
        line("C", "B", "99.75", 3, 2),
    )
    assert fifo(write, *rows) == (2, 2, 0, 0, 0)


def test_fill_of_the_aggressors_own_order_is_its_own(write) -> None:
    rows = (
        more("T", "B", "100", 1, 3),
        more("F", "B", "100", 1, 3),
        more("F", "A", "100", 1, 4),
        more("M", "A", "100", 1, 4),
        line("M", "B", "99.5", 3, 3),
    )
    assert fifo(write, *rows) == (2, 1, 1, 0, 0)


def test_fill_past_an_order_that_the_event_takes_out_is_explained(write) -> None:
    rows = (
        more("T", "A", "99.75", 3, 9),
        more("F", "B", "99.75", 3, 2),
        more("C", "B", "99.75", 2, 1),
        line("C", "B", "99.75", 3, 2),
    )
    assert fifo(write, *rows) == (1, 0, 0, 1, 0)


@pytest.mark.parametrize(
    "fill",
    [
        ("B", "99.75", 3, 2),  # order 1 stood before it and stays
        ("B", "99.75", 1, 99),  # nobody of that id
        ("B", "99.5", 1, 2),  # rests at another price
    ],
)
def test_fill_that_nothing_explains_is_unexplained(write, fill) -> None:
    rows = (more("T", "A", "99.5", 3, 9), more("F", *fill), line("C", "A", "100.25", 5, 6))
    assert fifo(write, *rows) == (1, 0, 0, 0, 1)


def test_unexplained_fill_past_an_iceberg_is_counted(write) -> None:
    rows = (
        more("T", "A", "99.75", 2, 9),
        more("F", "B", "99.75", 2, 1),
        line("M", "B", "99.75", 2, 1),  # filled whole and still there: an iceberg
        more("T", "A", "99.75", 3, 10),
        more("F", "B", "99.75", 3, 2),
        line("C", "B", "99.75", 3, 2),
    )
    report = survey(read_mbo(write(*STANDING, *rows)))
    assert (report.fifo.exact, report.fifo.unexplained, report.iceberg_passed) == (1, 1, 1)


def test_auction_fills_are_no_fills_of_the_continuous_session(write) -> None:
    rows = (
        more("T", "N", "99.75", 2, 0),
        more("F", "N", "99.75", 2, 1),
        line("C", "B", "99.75", 2, 1),
    )
    assert fifo(write, *rows) == (0, 0, 0, 0, 0)


def test_fills_of_a_cut_last_event_are_counted(write) -> None:
    rows = (more("T", "A", "99.75", 2, 9), more("F", "B", "99.75", 2, 1))
    assert fifo(write, *rows) == (1, 1, 0, 0, 0)


# --- the real recording --------------------------------------------------------------------


@pytest.fixture(scope="module")
def cme() -> MboRecording:
    return read_mbo(CME)


@recorded
def test_exchange_fills_are_first_in_first_out(cme) -> None:
    report = survey(cme)
    assert report.fifo == FifoReport(2926, 2664, 73, 163, 26)
    assert (report.crossed, report.empty_levels, report.broken, report.unknown) == (0, 0, 0, 0)
    assert (report.messages, report.events, report.iceberg_passed) == (38_759, 23_960, 25)


@recorded
def test_replayed_alone_the_venue_holds_the_exchanges_book_at_every_event(cme) -> None:
    market = MboMarket.of(cme)
    stage = Stage(market, market.instrument("XCME"))
    mirror = Rebuild(cme.price_precision)
    events = cme.events()
    for event in events:
        mirror.apply(event)
        if mirror.is_continuous:
            break
    assert (stage.bids(), stage.asks()) == (mirror.book.bids(), mirror.book.asks())
    steps = iter(market.steps)
    traded = 0
    for number, event in enumerate(events):
        step = next(steps)
        stage.replay.play(step)
        mirror.apply(event)
        traded += sum(hit.size for hit in step.hits)
        if number < 2_000 or number % 50 == 0:
            assert (stage.bids(5), stage.asks(5)) == (mirror.book.bids(5), mirror.book.asks(5))
    assert next(steps, None) is None
    assert (stage.bids(), stage.asks()) == (mirror.book.bids(), mirror.book.asks())
    assert sum(quantity for _, quantity, _ in stage.printed) == traded


@recorded
def test_command_writes_the_figures(tmp_path) -> None:
    out = tmp_path / "out.json"
    console = Console(file=(tmp_path / "text").open("w"), width=200)
    assert backtest_mbo(console, CME, out) == 0
    console.file.close()
    assert '"exact": 2664' in out.read_text()
    assert "messages/s" in (tmp_path / "text").read_text()


@recorded
def test_scenario_sails_on_the_recording() -> None:
    market = MboMarket.read([CME])
    scenario = Scenario(
        [Venue("XCME", [market.instrument("XCME")], account=KernelAccountType.MARGIN)],
        market,
        CALM,
        CATALOGUE,
        workload=Workload(lot_steps=1),
        active="30s",
        quiet="30s",
    ).checked()
    one, two = simulate(scenario, 7), simulate(scenario, 7)
    assert one.verdict is Verdict.PASS, one.report()
    assert one.digest == two.digest
    assert one.counts["fills"] > 0


# --- as a market ---------------------------------------------------------------------------


def future() -> FuturesContract:
    """The contract of `esh4`, trading since 1970, when these recordings begin."""
    named = contract_in_name("esh4.csv", "XCME", 1_703_545_200_000_000_000)
    return FuturesContract(
        id=named.id,
        asset_class=named.asset_class,
        underlying=named.underlying,
        quote_currency=named.quote_currency,
        price_increment=named.price_increment,
        multiplier=named.multiplier,
        margin_init=named.margin_init,
        margin_maint=named.margin_maint,
        activation_ns=0,
        expiration_ns=named.expiration_ns,
    )


class Stage:
    """A venue on which a recording is played."""

    def __init__(self, market: MboMarket, instrument: FuturesContract) -> None:
        self.symbol = str(instrument.id.symbol)
        self.scheduler = Scheduler(market.start_ns)
        self.exchange = Exchange(
            "XCME",
            [instrument],
            AccountSpec(AccountType.MARGIN, {"USD": "1000000"}),
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
        self.printed.append((price, quantity, str(aggressor)))

    def until(self, ts: int) -> None:
        self.scheduler.run_until(ts)

    def limit(self, name: str, side: str, quantity: int, price: int, tif: str = "GTC") -> None:
        self.exchange.submit(name, self.symbol, side, "LIMIT", tif, quantity, price)

    def filled(self, name: str) -> int:
        return self.exchange.order_record(name).filled

    def bids(self, depth: int | None = None) -> list[tuple[int, int]]:
        prices = self.book.bids.prices[::-1][:depth]
        return [(price, self.book.bids.size(price)) for price in prices]

    def asks(self, depth: int | None = None) -> list[tuple[int, int]]:
        return [(price, self.book.asks.size(price)) for price in self.book.asks.prices[:depth]]

    def queue(self, price: int) -> list[int]:
        """Sizes at a bid price, first in line first; ours are negative."""
        return [
            resting.leaves if resting.order is None else -resting.leaves
            for resting in self.book.bids.levels[price].queue.values()
        ]


AUCTION = (more("T", "N", "100", 1, 0), line("C", "B", "99.75", 0, 999))


def stage(write, *rows: str, name: str = "esh4.csv") -> Stage:
    """The standing book, then `rows` from ts 10 on."""
    return Stage(MboMarket.read([write(*STANDING, *AUCTION, *rows, name=name)]), future())


QUIET = line("A", "B", "90", 1, 500, ts=20)
SALE = (  # 2 of order 1 and 1 of order 2 are sold into
    more("T", "A", "99.75", 3, 9, ts=10),
    more("F", "B", "99.75", 2, 1, ts=10),
    more("F", "B", "99.75", 1, 2, ts=10),
    more("C", "B", "99.75", 2, 1, ts=10),
    line("M", "B", "99.75", 2, 2, ts=10),
)


def test_opening_book_is_what_rests_when_trading_begins(write) -> None:
    venue = stage(write, QUIET)
    assert venue.bids() == [(9975, 5), (9950, 4)]
    assert venue.asks() == [(10000, 3), (10025, 5)]
    assert venue.queue(9975) == [2, 3]


def test_recording_without_an_auction_begins_after_its_first_event(write) -> None:
    image = (*(row.replace(",128,", ",32,") for row in STANDING[:-1]), STANDING[-1])
    market = MboMarket.read([write(*image, *SALE)])
    assert (len(market.opening), len(market.steps)) == (6, 1)
    venue = Stage(market, future())
    venue.until(10)
    assert venue.queue(9975) == [2]


def test_times_span_the_continuous_session(write) -> None:
    market = MboMarket.read([write(*STANDING, *AUCTION, line("A", "B", "90", 1, 500, ts=20))])
    assert (market.start_ns, market.end_ns, len(market.steps)) == (5, 20, 1)


def test_orders_act_at_their_time(write) -> None:
    venue = stage(
        write, line("A", "B", "99.75", 6, 50, ts=10), line("C", "B", "99.75", 2, 1, ts=12)
    )
    venue.until(9)
    assert venue.queue(9975) == [2, 3]
    venue.until(10)
    assert venue.queue(9975) == [2, 3, 6]
    venue.until(12)
    assert venue.queue(9975) == [3, 6]


def test_modify_keeps_or_loses_the_place_as_at_the_exchange(write) -> None:
    venue = stage(write, line("M", "B", "99.75", 1, 1, ts=10), line("M", "B", "99.75", 4, 1, ts=11))
    venue.until(10)
    assert venue.queue(9975) == [1, 3]
    venue.until(11)
    assert venue.queue(9975) == [3, 4]


def test_trade_fills_whom_the_exchange_filled(write) -> None:
    venue = stage(write, *SALE)
    venue.until(10)
    assert venue.queue(9975) == [2]
    assert venue.printed == [(9975, 2, "SELL"), (9975, 1, "SELL")]


def test_order_of_ours_at_the_back_is_not_reached(write) -> None:
    venue = stage(write, *SALE)
    venue.limit("mine", "BUY", 1, 9975)
    venue.until(10)
    assert (venue.filled("mine"), venue.queue(9975)) == (0, [2, -1])


def test_order_of_ours_ahead_in_the_queue_is_filled_first(write) -> None:
    venue = stage(write, line("A", "B", "99.75", 2, 50, ts=8), line("C", "B", "99.75", 3, 2, ts=9), *(
        more("T", "A", "99.75", 3, 9, ts=10),
        more("F", "B", "99.75", 2, 1, ts=10),
        more("F", "B", "99.75", 1, 50, ts=10),
        more("C", "B", "99.75", 2, 1, ts=10),
        line("M", "B", "99.75", 1, 50, ts=10),
    ))  # fmt: skip
    venue.until(7)
    venue.limit("mine", "BUY", 1, 9975)
    venue.until(9)
    assert venue.queue(9975) == [2, -1, 2]
    venue.until(10)
    assert venue.filled("mine") == 1
    assert venue.printed == [(9975, 2, "SELL"), (9975, 1, "SELL")]
    assert venue.queue(9975) == [1]  # order 50 lost what the recording says


def test_order_of_ours_at_a_better_price_is_filled_before_the_recorded_ones(write) -> None:
    rows = (
        more("T", "A", "99.5", 3, 9, ts=10),
        more("F", "B", "99.5", 3, 3, ts=10),
        line("M", "B", "99.5", 1, 3, ts=10),
    )
    venue = stage(write, *rows)
    venue.limit("mine", "BUY", 2, 9975)
    venue.until(10)
    assert venue.filled("mine") == 2
    assert venue.printed == [(9975, 2, "SELL"), (9950, 1, "SELL")]
    assert (venue.queue(9975), venue.queue(9950)) == ([2, 3], [1])


def test_what_we_took_stays_taken_when_the_order_is_modified(write) -> None:
    venue = stage(write, line("M", "B", "99.75", 6, 1, ts=10), line("M", "B", "99.75", 5, 1, ts=11))
    venue.limit("mine", "SELL", 1, 9975, tif="IOC")
    assert venue.queue(9975) == [1, 3]
    venue.until(10)
    assert venue.queue(9975) == [3, 5]
    venue.until(11)
    assert venue.queue(9975) == [3, 4]


def test_order_that_we_took_whole_does_not_come_back_until_it_grows(write) -> None:
    venue = stage(write, line("M", "B", "99.75", 1, 1, ts=10), line("M", "B", "99.75", 4, 1, ts=11))
    venue.limit("mine", "SELL", 2, 9975, tif="IOC")
    venue.until(10)
    assert venue.queue(9975) == [3]
    venue.until(11)
    assert venue.queue(9975) == [3, 3]


def test_trade_meets_the_next_in_line_when_we_took_whom_it_met(write) -> None:
    venue = stage(write, *SALE)
    venue.limit("taker", "SELL", 2, 9975, tif="IOC")
    venue.printed.clear()
    venue.until(10)
    assert venue.printed == [(9975, 2, "SELL"), (9975, 1, "SELL")]
    assert venue.bids() == [(9950, 4)]  # shown once, consumed once


def test_hidden_size_is_printed_and_shows_no_more(write) -> None:
    rows = (
        more("T", "A", "99.75", 12, 9, ts=10),
        more("F", "B", "99.75", 12, 1, ts=10),
        line("M", "B", "99.75", 2, 1, ts=10),
    )
    venue = stage(write, *rows)
    venue.until(10)
    assert sum(size for _, size, _ in venue.printed) == 12
    assert (venue.queue(9975), venue.replay.hidden) == ([3, 2], 10)


def test_trade_without_fills_prints_its_size(write) -> None:
    venue = stage(write, line("T", "B", "100", 2, 9, ts=10))
    venue.until(10)
    assert venue.printed == [(10000, 2, "BUY")]
    assert venue.asks()[0] == (10000, 3)


def test_aggressor_that_rests_with_its_remainder_meets_nobody_again(write) -> None:
    rows = (
        more("T", "B", "100", 3, 9, ts=10),
        more("F", "A", "100", 2, 4, ts=10),
        more("F", "A", "100", 1, 5, ts=10),
        more("A", "B", "100", 7, 9, ts=10),
        more("C", "A", "100", 2, 4, ts=10),
        line("C", "A", "100", 1, 5, ts=10),
    )
    venue = stage(write, *rows)
    venue.limit("mine", "BUY", 1, 9975)
    venue.until(10)
    assert (venue.bids()[0], venue.asks()[0]) == ((10000, 7), (10025, 5))
    assert sum(size for _, size, _ in venue.printed) == 3


def test_recorded_order_that_crosses_ours_trades_with_it(write) -> None:
    venue = stage(write, line("A", "A", "99.75", 7, 50, ts=10))
    venue.limit("mine", "BUY", 1, 9975)
    venue.until(10)
    assert venue.filled("mine") == 1


def test_stop_freezes_the_market(write) -> None:
    venue = stage(write, line("C", "B", "99.75", 2, 1, ts=10))
    venue.replay.stop()
    venue.until(50)
    assert (venue.queue(9975), venue.replay.played) == ([2, 3], 0)


def test_halted_market_neither_trades_nor_breaks(write) -> None:
    venue = stage(write, *SALE, line("A", "B", "99.25", 1, 60, ts=11))
    venue.exchange.halt(venue.symbol)
    venue.until(11)
    assert venue.printed == []


def test_recording_finer_than_the_instrument_is_refused(write) -> None:
    coarse = FuturesContract(
        id=future().id,
        asset_class=AssetClass.INDEX,
        underlying="S&P 500",
        quote_currency=future().quote_currency,
        price_increment=Price("0.50"),
        multiplier=Quantity("50"),
        activation_ns=0,
        expiration_ns=1,
    )
    market = MboMarket.read([write(*STANDING, *AUCTION, QUIET)])
    with pytest.raises(RecordingError, match="no tick"):
        Stage(market, coarse)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ((*STANDING, line("A", "B", "101", 1, 7), *AUCTION, QUIET), "crossed"),
        ((*STANDING, *AUCTION), "ends before"),
        ((line("A", "B", "0", 1, 1),), "zero or below"),
    ],
)
def test_recording_without_a_session_to_play_is_refused(write, rows, reason) -> None:
    with pytest.raises(RecordingError, match=reason):
        MboMarket.read([write(*rows)])


def test_exactly_one_file_is_a_market(write) -> None:
    path = write(*STANDING)
    for paths in ([], [path, path]):
        with pytest.raises(ValueError):
            MboMarket.read(paths)


def test_contract_is_read_from_the_name(write) -> None:
    es = future()
    assert (str(es.id), es.tick_mantissa, str(es.multiplier)) == ("ESH4.XCME", 25, "50")
    assert es.expiration_ns == 1_710_513_000_000_000_000  # 15 March 2024, 14:30 UTC
    with pytest.raises(RecordingError, match="no contract"):
        contract_in_name("btcusdt_2021.csv", "XCME", 0)
