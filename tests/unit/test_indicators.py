import pytest

from engine.indicators import ExponentialMovingAverage
from engine.model.data import QuoteTick, TradeTick
from engine.model.enums import AggressorSide, PriceType
from engine.model.identifiers import InstrumentId, TradeId

BTCUSDT = InstrumentId("BTC/USDT.SIM")
UNIT = 10**16


def quote(bid: int, ask: int, precision: int = 2) -> QuoteTick:
    return QuoteTick(BTCUSDT, bid, ask, 1, 1, precision, 3, 0, 0)


def test_first_input_is_the_first_value() -> None:
    ema = ExponentialMovingAverage(10)
    ema.update_raw(3 * UNIT)
    assert ema.value_raw == 3 * UNIT


def test_each_input_moves_the_value_by_two_over_period_plus_one() -> None:
    ema = ExponentialMovingAverage(3)
    for price in (1, 2, 3):
        ema.update_raw(price * UNIT)
    assert ema.value_raw == 9 * UNIT // 4  # 1 -> 1.5 -> 2.25
    assert str(ema.value) == "2.2500000000000000"


def test_a_constant_series_averages_to_itself_exactly() -> None:
    ema = ExponentialMovingAverage(7)
    for _ in range(100):
        ema.update_raw(123_456_789)
    assert ema.value_raw == 123_456_789


def test_initialized_once_the_period_is_full() -> None:
    ema = ExponentialMovingAverage(3)
    ready = []
    for price in range(4):
        ema.update_raw(price)
        ready.append(ema.initialized)
    assert ready == [False, False, True, True]


def test_a_tie_rounds_to_the_even_step() -> None:
    ema = ExponentialMovingAverage(3)  # each step is half the distance
    ema.update_raw(0)
    ema.update_raw(1)
    assert ema.value_raw == 0
    ema.reset()
    ema.update_raw(0)
    ema.update_raw(3)
    assert ema.value_raw == 2


@pytest.mark.parametrize(
    ("price_type", "raw"),
    [
        (PriceType.BID, 100 * UNIT // 100),
        (PriceType.ASK, 103 * UNIT // 100),
        (PriceType.MID, 203 * UNIT // 200),
    ],
)
def test_a_quote_contributes_its_side(price_type: PriceType, raw: int) -> None:
    ema = ExponentialMovingAverage(1, price_type)
    ema.handle_quote_tick(quote(100, 103))
    assert ema.value_raw == raw


@pytest.mark.parametrize(("bid", "ask", "mid"), [(1, 2, 2), (0, 1, 0), (2, 4, 3)])
def test_a_middle_finer_than_the_scale_rounds_half_even(bid: int, ask: int, mid: int) -> None:
    ema = ExponentialMovingAverage(1)
    ema.handle_quote_tick(quote(bid, ask, 16))
    assert ema.value_raw == mid


def test_precisions_meet_on_one_scale() -> None:
    ema = ExponentialMovingAverage(3)
    ema.handle_trade_tick(TradeTick(BTCUSDT, 1, 1, 0, 0, AggressorSide.BUYER, TradeId("1"), 0, 0))
    ema.handle_trade_tick(TradeTick(BTCUSDT, 100, 1, 2, 0, AggressorSide.BUYER, TradeId("2"), 0, 0))
    assert ema.value_raw == UNIT


def test_reset_starts_over() -> None:
    ema = ExponentialMovingAverage(2)
    ema.update_raw(5)
    ema.reset()
    assert (ema.count, ema.value_raw) == (0, 0)
    ema.update_raw(9)
    assert ema.value_raw == 9


@pytest.mark.parametrize("period", [0, -1])
def test_a_period_below_one_is_refused(period: int) -> None:
    with pytest.raises(ValueError):
        ExponentialMovingAverage(period)


@pytest.mark.parametrize("period", [1.5, "2", True, None])
def test_a_period_of_another_type_is_refused(period: object) -> None:
    with pytest.raises(TypeError):
        ExponentialMovingAverage(period)  # type: ignore[arg-type]


def test_quotes_have_no_last_price() -> None:
    with pytest.raises(ValueError):
        ExponentialMovingAverage(2, PriceType.LAST)
