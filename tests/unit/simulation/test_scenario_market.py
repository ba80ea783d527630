"""A scenario on recorded data: whose instrument, how long, and how much at a time."""

from pathlib import Path

import msgspec
import pytest

from engine.model.enums import AccountType
from simulation.market.fields import RecordingError
from simulation.market.recorded import RecordedMarket
from simulation.scenario import MakerTaker, Scenario, ScenarioError, Venue, duration_ns
from simulation.scenario_market import read_market, with_recording
from simulation.scenarios import BTCUSDT, BTCUSDT_PERP, default, perpetual

MS = 1_000_000
QUOTES = "ts_event,bid_price,bid_size,ask_price,ask_size\n"
SCENARIO = default()


def market(path: Path, *rows: str, header: str = QUOTES) -> RecordedMarket:
    path.write_text(header + "".join(f"{row}\n" for row in rows))
    return RecordedMarket.read([path])


def quote(at_ms: int, size: str = "0.0400") -> str:
    return f"{at_ms * MS},100.00,{size},100.10,{size}"


def on(scenario: Scenario, recorded: RecordedMarket) -> Scenario:
    return with_recording(scenario, recorded).checked()


def test_the_active_phase_is_as_long_as_the_recording(tmp_path: Path) -> None:
    made = on(SCENARIO, market(tmp_path / "btcusdt.csv", quote(1000), quote(5500)))
    assert duration_ns(made.active) == 4500 * MS


def test_the_pair_in_the_file_name_is_listed_as_fine_as_the_recording(tmp_path: Path) -> None:
    made = on(SCENARIO, market(tmp_path / "ethusdt.csv", quote(1), quote(2000)))
    (instrument,) = made.venues[0].instruments
    assert str(instrument.id) == "ETH/USDT.SIM"
    assert (instrument.price_precision, instrument.size_precision) == (2, 4)


def test_a_file_without_a_pair_in_its_name_is_of_the_scenarios_instrument(tmp_path: Path) -> None:
    made = on(SCENARIO, market(tmp_path / "quotes.csv", quote(1), quote(2000)))
    assert made.venues[0].instruments[0].id == BTCUSDT.id


def test_a_file_without_a_pair_and_a_scenario_without_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="name the instrument"):
        on(perpetual(), market(tmp_path / "quotes.csv", quote(1), quote(2000)))


def test_the_fees_of_the_scenarios_instrument_stay(tmp_path: Path) -> None:
    recorded = market(tmp_path / "btcusdt.csv", quote(1), quote(2000))
    fees = on(SCENARIO, recorded).venues[0].fees
    assert fees is not None
    assert [float(fees.maker), float(fees.taker)] == [0.0002, 0.0004]


def test_the_fees_of_the_venue_come_before_those_of_the_instrument(tmp_path: Path) -> None:
    venue = Venue("SIM", [BTCUSDT], fees=MakerTaker("0.001", "0.002"))
    scenario = msgspec.structs.replace(SCENARIO, venues=[venue])
    recorded = market(tmp_path / "btcusdt.csv", quote(1), quote(2000))
    assert on(scenario, recorded).venues[0].fees == MakerTaker("0.001", "0.002")


def test_a_lot_is_a_quarter_of_the_size_in_the_middle_of_the_recording(tmp_path: Path) -> None:
    rows = [quote(1, "0.0400"), quote(2, "0.0400"), quote(3000, "9.0000")]
    made = on(SCENARIO, market(tmp_path / "btcusdt.csv", *rows))
    assert made.workload is not None
    assert made.workload.lot_steps == 100


def test_a_recording_without_sizes_leaves_the_lots_as_they_are(tmp_path: Path) -> None:
    header = "ts_event,bid_price,ask_price\n"
    rows = [f"{at * MS},1.10000,1.10010" for at in (1, 2000)]
    made = on(SCENARIO, market(tmp_path / "eurusd.csv", *rows, header=header))
    assert made.workload is not None
    assert made.workload.lot_steps == SCENARIO.workload.lot_steps


def test_the_pace_of_the_workload_follows_the_length_of_the_recording(tmp_path: Path) -> None:
    made = on(SCENARIO, market(tmp_path / "btcusdt.csv", quote(0), quote(400_000)))
    assert made.workload is not None
    assert made.workload.step_ms == 10_000


def test_a_recording_of_one_instant_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="one instant"):
        on(SCENARIO, market(tmp_path / "btcusdt.csv", quote(7), quote(7)))


def test_a_scenario_of_two_venues_cannot_say_which_one_is_meant(tmp_path: Path) -> None:
    other = Venue("SIM", [BTCUSDT_PERP])
    scenario = msgspec.structs.replace(SCENARIO, venues=[*SCENARIO.venues, other])
    with pytest.raises(ScenarioError, match="goes behind one venue"):
        with_recording(scenario, market(tmp_path / "btcusdt.csv", quote(1), quote(2000)))


MBO = "ts_recv,ts_event,action,side,price_e9,size,order_id,flags,sequence\n"


def test_a_market_by_order_lists_the_contract_in_its_name_on_margin(tmp_path: Path) -> None:
    path = tmp_path / "esh4.csv"
    rows = [
        "1,1,A,B,4800250000000,5,1,128,1",
        "2,2,A,A,4800500000000,5,2,128,2",
        "3,3,T,B,4800500000000,1,3,0,3",
        "3,3,F,A,4800500000000,1,2,0,3",
        "3,3,C,A,4800500000000,1,2,128,3",
        f"{2_000 * MS},{2_000 * MS},A,B,4800250000000,2,4,128,4",
        f"{4_000 * MS},{4_000 * MS},C,B,4800250000000,2,4,128,5",
    ]
    path.write_text(MBO + "".join(f"{row}\n" for row in rows))
    recorded = read_market([path])
    made = on(SCENARIO, recorded)
    (instrument,) = made.venues[0].instruments
    assert str(instrument.id) == "ESH4.SIM"
    assert made.venues[0].account is AccountType.MARGIN
    assert 1_900 * MS <= duration_ns(made.active) <= 4_001 * MS


def test_a_market_by_order_stands_alone(tmp_path: Path) -> None:
    by_order, quotes = tmp_path / "esh4.csv", tmp_path / "btcusdt.csv"
    by_order.write_text(MBO)
    quotes.write_text(QUOTES)
    with pytest.raises(RecordingError, match="no other beside it"):
        read_market([quotes, by_order])
