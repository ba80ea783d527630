import pytest

from engine.bus import MessageBus
from engine.cache import Cache
from engine.clock import ComponentClock, KernelClock
from engine.context import Context
from engine.log import Log
from engine.model.enums import BUY, SELL, OrderStatus, OrderType, TimeInForce, TriggerType
from engine.model.identifiers import InstrumentId, StrategyId, TraderId
from engine.model.values import Price, Quantity
from engine.order_factory import OrderFactory

SECOND_NS = 1_000_000_000
NOW_NS = 1_700_000_000 * SECOND_NS  # 2023-11-14 22:13:20 UTC
BTCUSDT = InstrumentId("BTC/USDT.SIM")
ONE = Quantity.from_str("1.000")
PRICE = Price.from_str("100.00")
STRATEGY_ID = StrategyId("Cross-042")


class Bench:
    def __init__(self, epoch: int = 3) -> None:
        self.clock = KernelClock(NOW_NS)
        trader_id = TraderId("TRADER-007")
        self.ctx = Context(trader_id, epoch, self.clock, MessageBus(), Cache(), Log(self.clock))
        self.factory = OrderFactory(
            trader_id, STRATEGY_ID, ComponentClock(self.clock, STRATEGY_ID), epoch, self.ctx.new_id
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_client_order_id_names_time_tags_epoch_and_number(bench: Bench) -> None:
    order = bench.factory.market(BTCUSDT, BUY, ONE)
    assert order.client_order_id == "O-20231114-221320-007-042-3-1"


def test_numbers_go_on_across_seconds(bench: Bench) -> None:
    bench.factory.market(BTCUSDT, BUY, ONE)
    bench.clock.advance(NOW_NS + SECOND_NS - 1)
    same_second = bench.factory.market(BTCUSDT, BUY, ONE)
    bench.clock.advance(NOW_NS + SECOND_NS)
    next_second = bench.factory.market(BTCUSDT, BUY, ONE)
    assert same_second.client_order_id == "O-20231114-221320-007-042-3-2"
    assert next_second.client_order_id == "O-20231114-221321-007-042-3-3"


def test_a_new_epoch_in_the_same_second_repeats_no_id(bench: Bench) -> None:
    before = bench.factory.market(BTCUSDT, BUY, ONE)
    after = Bench(epoch=4).factory.market(BTCUSDT, BUY, ONE)
    assert before.client_order_id != after.client_order_id


def test_times_before_the_first_second_are_padded() -> None:
    clock = KernelClock(0)
    trader_id = TraderId("T-1")
    ctx = Context(trader_id, 1, clock, MessageBus(), Cache(), Log(clock))
    factory = OrderFactory(
        trader_id, STRATEGY_ID, ComponentClock(clock, STRATEGY_ID), 1, ctx.new_id
    )
    assert factory.market(BTCUSDT, BUY, ONE).client_order_id == "O-19700101-000000-1-042-1-1"


def test_an_order_is_initialized_now_in_the_strategys_name(bench: Bench) -> None:
    order = bench.factory.limit(
        BTCUSDT, SELL, ONE, PRICE, TimeInForce.GTD, NOW_NS + 1, True, True, ("exit",)
    )
    init = order.init
    assert order.status is OrderStatus.INITIALIZED
    assert (order.trader_id, order.strategy_id) == ("TRADER-007", STRATEGY_ID)
    assert (init.ts_event, init.ts_init) == (NOW_NS, NOW_NS)
    assert (init.side, init.order_type, init.price) == (SELL, OrderType.LIMIT, PRICE)
    assert (init.expire_time_ns, init.post_only, init.reduce_only) == (NOW_NS + 1, True, True)
    assert init.tags == ("exit",)


def test_every_order_type_has_its_prices(bench: Bench) -> None:
    stop = Price.from_str("99.00")
    market = bench.factory.market(BTCUSDT, BUY, ONE)
    stop_market = bench.factory.stop_market(BTCUSDT, BUY, ONE, stop)
    stop_limit = bench.factory.stop_limit(BTCUSDT, BUY, ONE, PRICE, stop, TriggerType.BID_ASK)
    assert (market.order_type, market.price, market.trigger_price) == (OrderType.MARKET, None, None)
    assert (stop_market.order_type, stop_market.trigger_price) == (OrderType.STOP_MARKET, stop)
    assert stop_market.trigger_type is TriggerType.DEFAULT
    assert (stop_limit.order_type, stop_limit.price) == (OrderType.STOP_LIMIT, PRICE)
    assert (stop_limit.trigger_price, stop_limit.trigger_type) == (stop, TriggerType.BID_ASK)


def test_event_ids_differ_between_orders(bench: Bench) -> None:
    first = bench.factory.market(BTCUSDT, BUY, ONE)
    second = bench.factory.market(BTCUSDT, BUY, ONE)
    assert first.init.event_id != second.init.event_id


@pytest.mark.parametrize(
    "refused",
    [
        lambda f: f.market(BTCUSDT, BUY, Quantity.zero(3)),
        lambda f: f.market(BTCUSDT, BUY, ONE, TimeInForce.GTD),
        lambda f: f.limit(BTCUSDT, BUY, ONE, PRICE, TimeInForce.GTD),
        lambda f: f.limit(BTCUSDT, BUY, ONE, PRICE, TimeInForce.GTC, NOW_NS + 1),
        lambda f: f.stop_market(BTCUSDT, BUY, ONE, PRICE, TriggerType.NO_TRIGGER),
    ],
)
def test_contradicting_fields_are_refused_and_use_no_number_up(bench: Bench, refused) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError):
        refused(bench.factory)
    assert bench.factory.market(BTCUSDT, BUY, ONE).client_order_id.endswith("-1")


@pytest.mark.parametrize(
    "refused",
    [
        lambda f: f.market("BTC/USDT.SIM", BUY, ONE),
        lambda f: f.market(BTCUSDT, BUY, 1),
        lambda f: f.market(BTCUSDT, "BUY", ONE),
        lambda f: f.limit(BTCUSDT, BUY, ONE, 100),
        lambda f: f.stop_market(BTCUSDT, BUY, ONE, 100),
    ],
)
def test_a_wrong_type_is_a_type_error(bench: Bench, refused) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TypeError):
        refused(bench.factory)
