"""A venue that keeps positions apart: each order opens one, or is for one that it names."""

import pytest

from simulation.venue.enums import AccountType
from simulation.venue.ledger import AccountSpec
from simulation.venue.orders import VenueRefusal
from simulation.venue.protocol import PositionTrade


@pytest.fixture
def hedge(margin, linear):
    """A hedging account of 100,000 USDT, leverage 10, in a market of 100.0 to 100.2."""
    desk = margin(linear)
    desk.__init__(linear, AccountSpec(AccountType.MARGIN, {"USDT": "100000"}, 10, hedging=True))
    desk.bid(1000, 50_000)
    desk.ask(1002, 50_000)
    return desk


def positions(desk) -> dict[str, int]:
    return {name: held.signed for name, held in desk.exchange.ledger.hedged.items()}


def test_each_order_opens_a_position_and_its_fills_say_which(hedge) -> None:
    hedge.market("BUY", 3_000)
    hedge.market("SELL", 2_000)

    assert positions(hedge) == {"SIM-1-001": 3_000, "SIM-1-002": -2_000}
    trades = hedge.floor.trades
    assert [type(trade) for trade in trades] == [PositionTrade, PositionTrade]
    assert [trade.position_id for trade in trades] == ["SIM-1-001", "SIM-1-002"]
    assert hedge.exchange.ledger.positions["BTCUSDT-PERP"].signed == 1_000


def test_all_fills_of_an_order_are_for_one_position(hedge) -> None:
    hedge.limit("BUY", 3_000, 1001)
    hedge.seller(1_000, 1001)
    hedge.seller(2_000, 1001)

    assert positions(hedge) == {"SIM-1-001": 3_000}


def test_refused_order_uses_no_position_up(hedge) -> None:
    with pytest.raises(VenueRefusal, match="REDUCE_ONLY"):
        hedge.market("SELL", 1_000, reduce_only=True)
    hedge.market("BUY", 1_000)

    assert list(positions(hedge)) == ["SIM-1-001"]


def test_profit_is_that_of_the_position_an_order_names(hedge) -> None:
    hedge.market("BUY", 1_000)  # 1 at 100.2
    before, _ = hedge.balance("USDT")
    hedge.market("SELL", 1_000)  # another, at 100.0: nothing is closed
    opened, _ = hedge.balance("USDT")
    assert before - opened == 5_000_000  # the fee alone: 100.0 x 0.0005

    hedge.market("SELL", 1_000, position_id="SIM-1-001")

    closed, locked = hedge.balance("USDT")
    assert opened - closed == 20_000_000 + 5_000_000  # bought at 100.2, sold at 100.0
    assert positions(hedge) == {"SIM-1-001": 0, "SIM-1-002": -1_000}
    assert locked == 25_000_000  # 100.0 x 0.025 / 10 for the short that is left


def test_both_sides_lock_maintenance_margin(hedge) -> None:
    hedge.market("BUY", 1_000)
    hedge.market("SELL", 1_000)

    _, locked = hedge.balance("USDT")
    assert locked == 25_050_000 + 25_000_000


def test_order_larger_than_its_position_turns_it(hedge) -> None:
    hedge.market("BUY", 1_000)

    hedge.market("SELL", 3_000, position_id="SIM-1-001")

    assert positions(hedge) == {"SIM-1-001": -2_000}


def test_reduce_only_order_is_cut_to_the_position_it_names(hedge) -> None:
    hedge.market("BUY", 1_000)
    hedge.market("BUY", 9_000)

    record = hedge.market("SELL", 3_000, position_id="SIM-1-001", reduce_only=True)

    assert (record.quantity, record.filled) == (1_000, 1_000)
    assert positions(hedge) == {"SIM-1-001": 0, "SIM-1-002": 9_000}


@pytest.mark.parametrize("name", ["SIM-1-009", ""])
def test_unknown_position_is_refused(hedge, name) -> None:
    with pytest.raises(VenueRefusal, match="UNKNOWN_POSITION"):
        hedge.market("SELL", 1_000, position_id=name)

    assert hedge.record("O-1").status == "REJECTED"


def test_netting_account_knows_no_positions_by_name(margin) -> None:
    desk = margin()
    desk.ask(1002, 50_000)
    desk.market("BUY", 1_000)
    with pytest.raises(VenueRefusal, match="UNKNOWN_POSITION"):
        desk.market("BUY", 1_000, position_id="SIM-1-001")


def test_cash_account_cannot_hedge() -> None:
    with pytest.raises(ValueError, match="keeps no positions apart"):
        AccountSpec(AccountType.CASH, {}, hedging=True)
