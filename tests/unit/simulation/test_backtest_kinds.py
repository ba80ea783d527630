"""A backtest of what is no currency pair: shares for cash, options to their end, hedged positions."""

from engine.model.currencies import USD
from engine.model.data import QuoteTick
from engine.model.enums import BUY, SELL, AccountType, OmsType
from engine.model.events import PositionSettled
from engine.model.identifiers import InstrumentId
from engine.model.instruments import AssetClass, BinaryOption, Equity
from engine.model.values import Money, Price, Quantity
from engine.strategy import Strategy, StrategyConfig
from simulation.backtest import Backtest
from simulation.scenario import Venue
from simulation.scenarios import BTCUSDT_PERP_HEDGED

SECOND = 1_000_000_000
ACME = Equity(id=InstrumentId("ACME.XNAS"), quote_currency=USD, price_increment=Price("0.01"))
YES = BinaryOption(
    id=InstrumentId("YES.SIM"),
    asset_class=AssetClass.ALTERNATIVE,
    quote_currency=USD,
    price_increment=Price("0.01"),
    size_increment=Quantity("1"),
    margin_init="1",
    activation_ns=0,
    expiration_ns=5 * SECOND,
)


class Script(Strategy):
    """Does at each quote what stands next in its list."""

    def __init__(self, instrument, steps, oms_type=OmsType.UNSPECIFIED) -> None:
        super().__init__(StrategyConfig(strategy_id="S-001", oms_type=oms_type))
        self.instrument = instrument
        self.steps = list(steps)
        self.settled: list[PositionSettled] = []

    def on_start(self) -> None:
        self.subscribe_quote_ticks(self.instrument.id)

    def on_position_settled(self, event: PositionSettled) -> None:
        self.settled.append(event)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        step = self.steps.pop(0) if self.steps else None
        if step is not None:
            step(self)

    def trade(self, side, size: str, **more) -> None:
        self.submit_order(
            self.order_factory.market(self.instrument.id, side, Quantity(size)), **more
        )


def quotes(instrument, prices) -> list[QuoteTick]:
    return [
        QuoteTick(
            instrument.id,
            bid,
            bid + 2,
            10**6,
            10**6,
            instrument.price_precision,
            instrument.size_precision,
            second * SECOND,
            second * SECOND,
        )
        for second, bid in enumerate(prices, start=1)
    ]


def test_shares_are_bought_for_cash_and_no_more_is_sold_than_is_held() -> None:
    script = Script(
        ACME,
        [
            lambda s: s.trade(BUY, "10"),
            lambda s: s.trade(SELL, "11"),
            lambda s: s.trade(SELL, "10"),
        ],
    )
    runner = Backtest(Venue("XNAS", [ACME], balances={"USD": "5000"}), [script])

    result = runner.run(quotes(ACME, [10_000, 10_100, 10_200, 10_200]))

    assert [order.status.name for order in result.orders] == ["FILLED", "DENIED", "FILLED"]
    (account,) = result.kernel.cache.accounts()
    assert account.balance_total(USD) == Money("5019.80", USD)  # bought at 100.02, sold at 102.00
    (position,) = result.positions
    assert position.realized_pnl == Money("19.80", USD)


def test_binary_option_is_held_to_its_end_and_pays() -> None:
    script = Script(YES, [lambda s: s.trade(BUY, "100")])
    venue = Venue("SIM", [YES], account=AccountType.MARGIN, balances={"USD": "1000"})

    result = Backtest(venue, [script]).run(quotes(YES, [60, 70, 80, 85, 90, 90, 90, 90]))

    (account,) = result.kernel.cache.accounts()
    assert account.balance_total(USD) == Money("1038.00", USD)  # 62 paid, 100 received
    (event,) = script.settled
    assert (event.last_px, event.last_qty) == (Price("1.00"), Quantity("100"))
    assert result.kernel.portfolio.equity(venue_of(result)) == {"USD": Money("1038.00", USD)}


def venue_of(result):
    (account,) = result.kernel.cache.accounts()
    return account.id.issuer


def test_positions_are_kept_apart_at_a_venue_that_hedges() -> None:
    script = Script(
        BTCUSDT_PERP_HEDGED,
        [
            lambda s: s.trade(BUY, "1.000"),
            lambda s: s.trade(SELL, "2.000"),
            lambda s: s.close_position(s.cache.positions_open()[0]),
        ],
    )
    venue = Venue("HEDGE", [BTCUSDT_PERP_HEDGED], account=AccountType.MARGIN, oms=OmsType.HEDGING)

    result = Backtest(venue, [script]).run(quotes(BTCUSDT_PERP_HEDGED, [10_000] * 5))

    held = {str(position.id): position.signed_qty for position in result.positions}
    assert held == {"HEDGE-1-001": 0, "HEDGE-1-002": -2}
    assert result.kernel.cache.check_integrity() == []
