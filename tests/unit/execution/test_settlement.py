"""The venue settles what expired: positions, account and whatever is heard of later."""

import pytest

from engine.model.currencies import USD
from engine.model.enums import BUY, SELL, AccountType
from engine.model.events import (
    AccountState,
    InstrumentSettled,
    PositionOpened,
    PositionSettled,
)
from engine.model.identifiers import InstrumentId, StrategyId
from engine.model.instruments import AssetClass, FuturesContract
from engine.model.reports import AccountReport, SettlementReport
from engine.model.values import Money, Price, Quantity
from engine.portfolio import Portfolio
from tests.unit.execution.conftest import Rig, balance

ESH4 = FuturesContract(
    id=InstrumentId("ESH4.SIM"),
    asset_class=AssetClass.INDEX,
    underlying="S&P 500",
    quote_currency=USD,
    price_increment=Price("0.25"),
    multiplier=Quantity("50"),
    margin_init="0.1",
    margin_maint="0.05",
    activation_ns=1,
    expiration_ns=2_000_000_000_000_000_000,
)


class FuturesRig(Rig):
    """A margin account of 1,000,000 USD in one future."""

    def __init__(self) -> None:
        super().__init__()
        self.instrument_id = ESH4.id
        self.client.account_type = AccountType.MARGIN
        self.cache.add_instrument(ESH4)

    def account_report(self, *args: object, **kwargs: object) -> AccountReport:  # type: ignore[override]
        report = super().account_report(balance("1000000", USD), **kwargs)  # type: ignore[arg-type]
        fields = {name: getattr(report, name) for name in report.__struct_fields__}
        return AccountReport(**fields | {"account_type": AccountType.MARGIN})

    def traded(self, trade: str, side: object, price: str, quantity: str = "2") -> None:
        order = self.accepted(side=side, quantity=quantity, price=None, instrument_id=ESH4.id)
        self.report(self.fill(order, quantity=quantity, price=price, trade_id=trade, currency=USD))

    def settlement(self, price: str = "4010.00") -> SettlementReport:
        return SettlementReport(self.account_id, ESH4.id, Price(price), self.now, self.now)

    @property
    def total(self) -> Money:
        account = self.cache.account(self.account_id)
        assert account is not None
        held = account.balance_total(USD)
        assert held is not None
        return held


@pytest.fixture
def futures() -> FuturesRig:
    rig = FuturesRig()
    rig.connect()
    rig.heard.clear()
    return rig


def test_settlement_closes_the_position_at_its_price_and_pays_the_difference(
    futures: FuturesRig,
) -> None:
    futures.traded("T-1", BUY, "4000.00")
    futures.heard.clear()

    futures.report(futures.settlement())

    (position,) = futures.cache.positions()
    assert position.is_closed
    assert futures.cache.is_position_closed(position.id)
    assert position.realized_pnl == Money("1000.00", USD)  # 2 x 50 x 10
    assert position.closing_order_id is None
    assert futures.total == Money("1001000.00", USD)
    assert futures.cache.check_integrity() == []
    account = futures.cache.account(futures.account_id)
    assert account is not None
    assert account.margins == {}
    assert futures.names() == ["AccountState", "PositionSettled"]


def test_event_carries_what_was_held_the_price_and_the_values_after_it(
    futures: FuturesRig,
) -> None:
    futures.traded("T-1", SELL, "4000.00")
    futures.heard.clear()

    futures.report(futures.settlement())

    (event,) = futures.of_type(PositionSettled)
    assert (event.last_qty, event.last_px) == (Quantity("2"), Price("4010.00"))
    assert (event.quantity, event.signed_qty) == (Quantity("0"), "0")
    assert event.realized_pnl == Money("-1000.00", USD)
    facts = [type(fact) for fact in futures.facts[-3:]]
    assert facts == [InstrumentSettled, AccountState, PositionSettled]


def test_every_strategys_position_is_settled_though_the_venue_nets_them_to_nothing(
    futures: FuturesRig,
) -> None:
    futures.traded("T-1", BUY, "4000.00")
    futures.strategy_id = StrategyId("OTHER-002")
    futures.traded("T-2", SELL, "4004.00")
    assert futures.total == Money("1000400.00", USD)  # the account's net is closed already

    futures.report(futures.settlement())

    earned = sorted(position.realized_pnl.as_decimal() for position in futures.cache.positions())
    assert earned == [-600, 1000]
    assert futures.total == Money("1000400.00", USD)


def test_fill_heard_of_after_the_settlement_is_settled_as_it_comes(futures: FuturesRig) -> None:
    late = futures.accepted(side=BUY, quantity="2", price=None, instrument_id=ESH4.id)
    report = futures.fill(late, quantity="2", price="4000.00", currency=USD)
    futures.report(futures.settlement())
    futures.heard.clear()

    futures.report(report)

    (position,) = futures.cache.positions()
    assert position.is_closed
    assert futures.total == Money("1001000.00", USD)
    kinds = [type(event) for event in futures.of_type(PositionOpened)]
    assert kinds == [PositionOpened]
    assert len(futures.of_type(PositionSettled)) == 1
    assert futures.cache.check_integrity() == []


def test_settlement_told_again_is_absorbed_and_a_different_price_is_an_alert(
    futures: FuturesRig,
) -> None:
    futures.traded("T-1", BUY, "4000.00")
    futures.report(futures.settlement())
    before, absorbed = futures.total, futures.engine.absorbed_count
    futures.heard.clear()

    futures.report(futures.settlement())
    assert futures.names() == []
    futures.report(futures.settlement("4011.00"))

    assert futures.alerts() == ["CONFLICTING_SETTLEMENT"]
    assert futures.engine.absorbed_count == absorbed + 2
    assert futures.total == before


def test_settlement_of_an_unknown_instrument_is_refused_and_told(rig: Rig) -> None:
    rig.report(
        SettlementReport(rig.account_id, InstrumentId("X.SIM"), Price("1"), rig.now, rig.now)
    )

    assert rig.refusals() == ["INSTRUMENT_NOT_FOUND"]
    assert rig.alerts() == ["SETTLEMENT_REFUSED"]


def test_account_opened_after_the_settlement_holds_nothing_of_it() -> None:
    rig = FuturesRig()
    rig.begin_pass()
    rig.report(rig.settlement())
    order = rig.submitted(side=BUY, quantity="2", price=None, instrument_id=ESH4.id)
    rig.report(rig.accept(order))
    rig.report(rig.fill(order, quantity="2", price="4000.00", currency=USD))
    assert isinstance(rig.portfolio, Portfolio)

    rig.answer_account()

    assert rig.total == Money("1000000.00", USD)
    assert rig.portfolio.account_net_raw(rig.account_id, ESH4.id) == 0
