"""Amounts of quote currency, batches, depth images and requests for the past, all in a storm."""

from typing import Any

import pytest

from engine.model.data import OrderBookDepth10, QuoteTick
from engine.model.enums import BUY, SELL, AccountType, AnswerStatus, TimeInForce
from engine.model.instruments import AnyInstrument
from engine.model.reports import DataResponse
from engine.model.values import Quantity
from engine.strategy import Strategy
from seatrial import CALM, CATALOGUE, STORMY, Scenario, SeededMarket, Venue, simulate
from simulation.scenarios import BTCUSDT, BTCUSDT_PERP


class Amounts(Strategy):
    """Buys and sells for amounts, takes everything back in batches, and asks what was."""

    instrument: AnyInstrument
    seen: list[Any]

    def on_start(self) -> None:
        self.count = 0
        self.seen.clear()
        self.subscribe_quote_ticks(self.instrument.id)
        self.subscribe_order_book_depth(self.instrument.id)
        self.subscribe_mark_prices(self.instrument.id)  # this venue has none: refused, no more

    def on_order_book_depth(self, depth: OrderBookDepth10) -> None:
        self.seen.append(depth)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.count += 1
        if not tick.bid_size_mantissa or not tick.ask_size_mantissa:
            return
        side = BUY if self.count % 2 else SELL
        ours, theirs = tick.bid_price, tick.ask_price
        if side is SELL:
            ours, theirs = theirs, ours
        amount = Quantity(f"{30 + 170 * (self.count % 5)}.50")
        make = self.order_factory
        turn = self.count % 7
        if turn == 0:
            order = make.market(self.instrument.id, side, amount, quote_quantity=True)
        elif turn == 3:
            order = make.limit(
                self.instrument.id, side, amount, theirs, TimeInForce.IOC, quote_quantity=True
            )
        else:
            order = make.limit(self.instrument.id, side, amount, ours, quote_quantity=True)
        working = self.cache.orders_open(strategy_id=self.id)
        if turn == 4:
            self.cancel_orders(working)
        elif turn == 6:
            for open_order in working[:1]:
                self.modify_order(open_order, price=ours)
        else:
            self.submit_order(order)
        if turn == 5:
            self.cancel_orders([order])
            self.request_trade_ticks(self.instrument.id, callback=self.seen.append)


def scenario(instrument: AnyInstrument, faults: Any, seen: list[Any]) -> Scenario:
    kind = type("Amounts", (Amounts,), {"instrument": instrument, "seen": seen})
    account = AccountType.CASH if instrument is BTCUSDT else AccountType.MARGIN
    return Scenario(
        venues=[Venue("SIM", instruments=[instrument], account=account, keeps_history=True)],
        market=SeededMarket(volatility_bps=20),
        strategies=[kind],
        faults=faults,
        properties=CATALOGUE,
        active="15s",
    )


@pytest.mark.parametrize("instrument", [BTCUSDT, BTCUSDT_PERP], ids=["spot", "perpetual"])
def test_every_property_holds_in_a_storm(instrument: AnyInstrument) -> None:
    for seed in range(6):
        outcome = simulate(scenario(instrument, STORMY, []), seed)
        assert outcome.verdict.name == "PASS", (seed, outcome)


def test_in_calm_each_request_is_answered_with_what_there_was() -> None:
    seen: list[Any] = []
    assert simulate(scenario(BTCUSDT, CALM, seen), 1).verdict.name == "PASS"
    answers = [entry for entry in seen if isinstance(entry, DataResponse)]
    assert len(answers) > 2
    assert all(answer.status is AnswerStatus.OK for answer in answers)
    sizes = [len(answer.data) for answer in answers]
    assert sizes == sorted(sizes) and sizes[-1] > 0
    assert any(isinstance(entry, OrderBookDepth10) for entry in seen)
