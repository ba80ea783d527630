"""How long an order lives: IOC, FOK, GTD, DAY, and who wins at the last instant."""

import pytest

DAY_NS = 86_400_000_000_000
SECOND_NS = 1_000_000_000


def test_ioc_limit_takes_what_is_there_and_loses_the_rest(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    order = desk.limit("BUY", 8, 10_000, tif="IOC")
    assert (order.status, order.filled) == ("CANCELED", 4)
    assert desk.events() == ["ACCEPTED", "FILLED(TAKER)", "CANCELED"]
    assert desk.bids() == ()


def test_ioc_limit_that_meets_nobody_is_accepted_then_cancelled(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    desk.limit("BUY", 4, 9_995, tif="IOC")
    assert desk.events() == ["ACCEPTED", "CANCELED"]
    assert desk.balance("USDT")[1] == 0


def test_fok_limit_short_of_size_trades_nothing(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    order = desk.limit("BUY", 8, 10_000, tif="FOK")
    assert (order.status, order.filled, order.reason) == ("CANCELED", 0, "FOK_NOT_FILLABLE")
    assert desk.events() == ["ACCEPTED", "CANCELED"]
    assert desk.asks() == ((10_000, 4),)


def test_fok_market_short_of_size_is_cancelled_without_acceptance(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    desk.market("BUY", 8, tif="FOK")
    assert desk.events() == ["CANCELED"]


def test_fok_fills_across_levels_when_all_of_it_is_there(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    desk.ask(10_010, 4)
    assert desk.limit("BUY", 8, 10_010, tif="FOK").status == "FILLED"


def test_fok_does_not_count_our_own_order_as_liquidity(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    desk.limit("SELL", 4, 10_000)
    order = desk.limit("BUY", 8, 10_000, tif="FOK")
    assert (order.status, order.filled) == ("CANCELED", 0)


def test_gtd_expires_at_its_instant_and_releases_what_it_locked(cash) -> None:
    desk = cash()
    until = desk.scheduler.now_ns + 5 * SECOND_NS
    desk.limit("BUY", 4, 9_900, tif="GTD", expire_time_ns=until, id="A")
    desk.scheduler.run_until(until - 1)
    assert desk.record("A").status == "ACCEPTED"
    desk.scheduler.run_until(until)
    record = desk.record("A")
    assert (record.status, record.ts_last) == ("EXPIRED", until)
    assert (desk.bids(), desk.balance("USDT")[1]) == ((), 0)


def test_fill_of_the_same_instant_wins_over_expiry(cash) -> None:
    desk = cash()
    until = desk.scheduler.now_ns + SECOND_NS
    desk.limit("BUY", 8, 9_900, tif="GTD", expire_time_ns=until, id="A")
    desk.scheduler.at(until, lambda: desk.seller(4))
    desk.scheduler.run_until(until)
    assert desk.events() == ["ACCEPTED", "FILLED(MAKER)", "EXPIRED"]
    assert desk.record("A").filled == 4


def test_order_closed_before_its_time_does_not_expire(cash) -> None:
    desk = cash()
    until = desk.scheduler.now_ns + SECOND_NS
    desk.limit("BUY", 4, 9_900, tif="GTD", expire_time_ns=until, id="A")
    desk.exchange.cancel(desk.symbol, "A")
    desk.scheduler.run_until(until + SECOND_NS)
    assert desk.record("A").status == "CANCELED"


def test_day_order_ends_at_the_next_midnight_utc(cash) -> None:
    desk = cash()
    midnight = (desk.scheduler.now_ns // DAY_NS + 1) * DAY_NS
    desk.limit("BUY", 4, 9_900, tif="DAY", id="A")
    desk.scheduler.run_until(midnight - 1)
    assert desk.record("A").status == "ACCEPTED"
    desk.scheduler.run_until(midnight)
    assert desk.record("A").status == "EXPIRED"


@pytest.mark.parametrize("type_", ["STOP_MARKET", "STOP_LIMIT"])
def test_dormant_stop_expires_too_and_never_triggers_later(cash, type_) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    until = desk.scheduler.now_ns + SECOND_NS
    price = 10_200 if type_ == "STOP_LIMIT" else None
    desk.order(
        "BUY", type_, 4, price, trigger_price=10_100, tif="GTD", expire_time_ns=until, id="S"
    )
    desk.scheduler.run_until(until)
    desk.buyer(4)
    desk.ask(10_150, 4)
    assert desk.events("S") == ["ACCEPTED", "EXPIRED"]


def test_expiry_works_while_the_market_is_halted(cash) -> None:
    desk = cash()
    until = desk.scheduler.now_ns + SECOND_NS
    desk.limit("BUY", 4, 9_900, tif="GTD", expire_time_ns=until, id="A")
    desk.exchange.halt(desk.symbol)
    desk.scheduler.run_until(until)
    assert desk.record("A").status == "EXPIRED"
