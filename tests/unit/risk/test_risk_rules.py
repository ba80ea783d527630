"""The rules one by one, on their boundaries: at the limit passes, one step beyond is denied."""

from decimal import Decimal
from typing import Any

import pytest

from engine.model.currencies import BTC, USDT
from engine.model.data import QuoteTick, TradeTick
from engine.model.enums import BUY, SELL, AggressorSide, DenialCode, OrderSide, TimeInForce
from engine.model.identifiers import InstrumentId, TradeId
from engine.model.instruments import CurrencyPair
from engine.model.values import Money, Price, Quantity
from engine.risk.config import RiskEngineConfig
from engine.risk.rules import (
    check_expiry,
    check_notional,
    check_price,
    check_quantity,
    check_terms,
    check_trigger_price,
    market_price_raw,
    raw_text,
)

ID = InstrumentId("BTC/USDT.SIM")
ONE = 10**16


def pair(**bounds: Any) -> CurrencyPair:
    return CurrencyPair(
        id=ID,
        base_currency=BTC,
        quote_currency=USDT,
        price_increment=bounds.pop("tick", Price("0.05")),
        size_increment=bounds.pop("step", Quantity("0.002")),
        **bounds,
    )


def code_of(finding: tuple[DenialCode, str] | None) -> str | None:
    return None if finding is None else finding[0].value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("100.10", None),
        ("0.05", None),
        ("100.1", None),  # fewer decimals are no more precise
        ("100.100", "PRICE_PRECISION"),  # the value's own precision counts
        ("100.123", "PRICE_PRECISION"),
        ("0", "PRICE_NOT_POSITIVE"),
        ("-1", "PRICE_NOT_POSITIVE"),
        ("-0.001", "PRICE_PRECISION"),  # the first failing check speaks
        ("100.12", "PRICE_OFF_TICK"),
    ],
)
def test_price_against_an_instrument(text: str, code: str | None) -> None:
    assert code_of(check_price(Price(text), pair())) == code
    expected = None if code is None else f"TRIGGER_{code}"
    assert code_of(check_trigger_price(Price(text), pair())) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0.998", "QUANTITY_BELOW_MINIMUM"),
        ("1", None),
        ("1.000", None),
        ("1.002", None),
        ("9.998", None),
        ("10", None),
        ("10.002", "QUANTITY_EXCEEDS_MAXIMUM"),
        ("1.0000", "QUANTITY_PRECISION"),
        ("1.001", "QUANTITY_OFF_INCREMENT"),
        ("10.001", "QUANTITY_OFF_INCREMENT"),
    ],
)
def test_quantity_against_an_instrument(text: str, code: str | None) -> None:
    instrument = pair(min_quantity=Quantity("1"), max_quantity=Quantity("10"))

    assert code_of(check_quantity(Quantity(text), instrument)) == code


def test_quantity_without_bounds_is_free(text: str = "1000000.002") -> None:
    assert check_quantity(Quantity(text), pair()) is None


def test_quantity_of_zero_cannot_be_ordered_below_a_minimum() -> None:
    finding = check_quantity(Quantity("0"), pair(min_quantity=Quantity("1")))

    assert code_of(finding) == "QUANTITY_BELOW_MINIMUM"


NOW = 1_000


@pytest.mark.parametrize(
    ("time_in_force", "expire_ns", "code"),
    [
        (TimeInForce.GTD, NOW - 1, "EXPIRE_TIME_IN_PAST"),
        (TimeInForce.GTD, NOW, "EXPIRE_TIME_IN_PAST"),
        (TimeInForce.GTD, NOW + 1, None),
        (TimeInForce.GTD, 0, "MISSING_EXPIRE_TIME"),
        (TimeInForce.GTC, 0, None),
        (TimeInForce.DAY, 0, None),
    ],
)
def test_expiry_must_be_later_than_now(
    time_in_force: TimeInForce, expire_ns: int, code: str | None
) -> None:
    assert code_of(check_expiry(time_in_force, expire_ns, NOW)) == code


@pytest.mark.parametrize(
    ("notional_raw", "code"),
    [
        (10 * ONE - 1, "NOTIONAL_BELOW_MINIMUM"),
        (10 * ONE, None),
        (50 * ONE, None),
        (50 * ONE + 1, "NOTIONAL_EXCEEDS_MAX_PER_ORDER"),
        (101 * ONE, "NOTIONAL_EXCEEDS_MAX_PER_ORDER"),  # the configured limit speaks first
    ],
)
def test_notional_against_its_limits(notional_raw: int, code: str | None) -> None:
    instrument = pair(min_notional=Money("10", USDT), max_notional=Money("100", USDT))

    assert code_of(check_notional(notional_raw, instrument, 50 * ONE)) == code


@pytest.mark.parametrize(("notional", "code"), [(100, None), (101, "NOTIONAL_EXCEEDS_MAXIMUM")])
def test_notional_against_the_instruments_own_maximum(notional: int, code: str | None) -> None:
    instrument = pair(max_notional=Money("100", USDT))

    assert code_of(check_notional(notional * ONE, instrument, None)) == code


def test_terms_are_judged_price_then_trigger_then_quantity() -> None:
    bad_price, bad_quantity = Price("100.123"), Quantity("1.0000")
    instrument = pair()

    assert code_of(check_terms(bad_quantity, bad_price, bad_price, instrument)) == "PRICE_PRECISION"
    assert (
        code_of(check_terms(bad_quantity, Price("1.00"), bad_price, instrument))
        == "TRIGGER_PRICE_PRECISION"
    )
    assert code_of(check_terms(bad_quantity, None, None, instrument)) == "QUANTITY_PRECISION"
    assert check_terms(None, None, None, instrument) is None


@pytest.mark.parametrize(
    ("finding", "detail"),
    [
        (
            check_price(Price("100.123"), pair()),
            "price=100.123, precision=3, precision_max=2",
        ),
        (check_price(Price("-1"), pair()), "price=-1"),
        (check_price(Price("100.12"), pair()), "price=100.12, tick=0.05"),
        (
            check_quantity(Quantity("11"), pair(max_quantity=Quantity("10"))),
            "quantity=11, max=10",
        ),
        (
            check_expiry(TimeInForce.GTD, 999, 1_000),
            "expire_time_ns=999, now_ns=1000",
        ),
        (
            check_notional(51 * ONE + ONE // 2, pair(), 50 * ONE),
            "notional=51.5, max=50, currency=USDT",
        ),
    ],
)
def test_detail_is_key_value_text(finding: tuple[DenialCode, str], detail: str) -> None:
    assert finding[1] == detail


# --- what a MARKET order is valued at --------------------------------------------------------------


def quote(bid: int, ask: int, bid_size: int = 1, ask_size: int = 1) -> QuoteTick:
    return QuoteTick(ID, bid, ask, bid_size, ask_size, 2, 3, 0, 0)


TRADE = TradeTick(ID, 9_500, 1, 2, 3, AggressorSide.SELLER, TradeId("T-1"), 0, 0)
FREE = TradeTick(ID, 0, 1, 2, 3, AggressorSide.SELLER, TradeId("T-2"), 0, 0)


@pytest.mark.parametrize(
    ("side", "tick", "trade", "expected"),
    [
        (BUY, quote(9_900, 10_100), TRADE, 101 * ONE),
        (SELL, quote(9_900, 10_100), TRADE, 99 * ONE),
        (BUY, quote(9_900, 10_100, ask_size=0), TRADE, 95 * ONE),
        (SELL, quote(9_900, 10_100, bid_size=0), TRADE, 95 * ONE),
        (BUY, quote(9_900, 10_100, ask_size=0), None, None),
        (BUY, None, TRADE, 95 * ONE),
        (BUY, None, None, None),
        (BUY, quote(0, 0), FREE, None),  # nothing is for nothing
    ],
)
def test_market_price_is_the_opposite_quote_else_the_last_trade(
    side: OrderSide, tick: QuoteTick | None, trade: TradeTick | None, expected: int | None
) -> None:
    assert market_price_raw(side, tick, trade) == expected


@pytest.mark.parametrize(
    ("raw", "text"),
    [(0, "0"), (ONE, "1"), (100 * ONE, "100"), (ONE // 4, "0.25"), (-ONE, "-1"), (1, f"0.{1:016}")],
)
def test_raw_text_is_exact_without_trailing_zeros(raw: int, text: str) -> None:
    assert raw_text(raw) == text


# --- configuration ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "config",
    [
        {"max_order_submit_rate": "fast"},
        {"max_order_modify_rate": "0/00:00:01"},
        {"max_notional_per_order": {"BTCUSDT": Decimal(1)}},
        {"max_notional_per_order": {"BTC/USDT.SIM": Decimal(0)}},
        {"max_notional_per_order": {"BTC/USDT.SIM": Decimal(-1)}},
        {"max_notional_per_order": {"BTC/USDT.SIM": Decimal("NaN")}},
    ],
)
def test_configuration_that_means_nothing_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"rate|max_notional|InstrumentId"):
        RiskEngineConfig(**config)
