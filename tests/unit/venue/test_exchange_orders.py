"""Orders at the venue: what is told, in which order, and what is refused with which code."""

import pytest

from simulation.venue.enums import BUY, SELL
from simulation.venue.orders import VenueRefusal


def refused(desk, *args, **kw) -> str:
    with pytest.raises(VenueRefusal) as refusal:
        desk.order(*args, **kw)
    assert refusal.value.status == 400
    return refusal.value.code


# --- sequences -----------------------------------------------------------------------------


def test_market_order_with_enough_size_is_just_filled(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    desk.market("BUY", 4)
    assert desk.events() == ["FILLED(TAKER)"]


def test_market_order_with_acks_on_is_accepted_first(cash) -> None:
    desk = cash(market_order_acks=True)
    desk.ask(10_000, 4)
    desk.market("BUY", 4)
    assert desk.events() == ["ACCEPTED", "FILLED(TAKER)"]


def test_market_order_against_an_empty_side_is_rejected(cash) -> None:
    desk = cash()
    assert refused(desk, "BUY", "MARKET", 4) == "NO_MARKET"
    assert desk.events() == ["REJECTED"]


def test_marketable_limit_takes_what_is_there_and_rests(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    desk.limit("BUY", 8, 10_000)
    desk.seller(4)
    assert desk.events() == ["ACCEPTED", "FILLED(TAKER)", "FILLED(MAKER)"]


def test_resting_stop_that_is_touched_fills_without_a_triggered_event(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    desk.order("BUY", "STOP_MARKET", 4, trigger_price=10_100)
    desk.buyer(4)
    desk.ask(10_100, 10)  # inclusive
    assert desk.events() == ["ACCEPTED", "FILLED(TAKER)"]


def test_stop_limit_touched_and_marketable_is_triggered_and_takes(cash) -> None:
    desk = cash()
    desk.bid(10_000, 4)
    order = desk.order("SELL", "STOP_LIMIT", 8, 9_800, trigger_price=9_900)
    desk.seller(4)
    desk.bid(9_900, 4)
    assert desk.events() == ["ACCEPTED", "TRIGGERED", "FILLED(TAKER)"]
    assert desk.asks() == ((9_800, 4),)
    assert desk.record(order.client_order_id).status == "PARTIALLY_FILLED"


def test_stop_limit_touched_but_not_marketable_rests_at_its_price(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    order = desk.order("BUY", "STOP_LIMIT", 4, 10_000, trigger_price=10_100)
    desk.buyer(4)
    desk.ask(10_200, 4)
    assert desk.record(order.client_order_id).status == "TRIGGERED"
    assert desk.bids() == ((10_000, 4),)


def test_post_only_stop_limit_that_would_take_when_touched_is_rejected(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    desk.order("BUY", "STOP_LIMIT", 4, 10_200, trigger_price=10_100, post_only=True)
    desk.buyer(4)
    desk.ask(10_150, 4)
    assert desk.events() == ["ACCEPTED", "TRIGGERED", "REJECTED"]
    assert [entry[3] for entry in desk.said if entry[0] == "REJECTED"] == [True]


def test_nearest_stop_fires_first_and_its_trades_may_fire_the_next(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    desk.order("BUY", "STOP_MARKET", 4, trigger_price=10_200, id="FAR")
    desk.order("BUY", "STOP_MARKET", 4, trigger_price=10_100, id="NEAR")
    desk.floor.join(desk.book, SELL, 10_100, 4)
    desk.floor.join(desk.book, SELL, 10_200, 4)
    desk.buyer(4)
    filled = [entry[1].client_order_id for entry in desk.said if entry[0] == "FILLED"]
    assert filled == ["NEAR", "FAR"]


def test_empty_side_triggers_nothing(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    order = desk.order("BUY", "STOP_MARKET", 4, trigger_price=10_100)
    desk.buyer(4)
    assert desk.record(order.client_order_id).status == "ACCEPTED"


# --- refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"price": 9_901}, "PRICE_OFF_TICK"),
        ({"price": 0}, "PRICE_OUT_OF_RANGE"),
        ({"price": None}, "PRICE_MISSING"),
        ({"quantity": 5}, "QUANTITY_OFF_STEP"),
        ({"quantity": 2}, "QUANTITY_BELOW_MINIMUM"),
        ({"quantity": 100_002}, "QUANTITY_ABOVE_MAXIMUM"),
        ({"quantity": 0}, "QUANTITY_NOT_POSITIVE"),
        ({"quantity": -4}, "QUANTITY_NOT_POSITIVE"),
        ({"trigger_price": 9_900}, "TRIGGER_UNEXPECTED"),
        ({"type_": "MARKET"}, "PRICE_UNEXPECTED"),
        ({"type_": "STOP_LIMIT"}, "TRIGGER_MISSING"),
        ({"type_": "STOP_LIMIT", "trigger_price": 9_903}, "TRIGGER_OFF_TICK"),
        ({"type_": "STOP_LIMIT", "trigger_price": -5}, "TRIGGER_OUT_OF_RANGE"),
        (
            {"type_": "STOP_LIMIT", "trigger_price": 10_100, "tif": "IOC"},
            "UNSUPPORTED_TIME_IN_FORCE",
        ),
        ({"tif": "FOK", "post_only": True}, "UNSUPPORTED_POST_ONLY"),
        ({"price": 10_000, "post_only": True}, "POST_ONLY_WOULD_TAKE"),
        ({"reduce_only": True}, "REDUCE_ONLY_WOULD_INCREASE"),
        ({"type_": "STOP_LIMIT", "trigger_price": 10_000}, "STOP_IN_MARKET"),
        ({"tif": "GTD"}, "EXPIRE_TIME_MISSING"),
        ({"tif": "GTD", "expire_time_ns": 1}, "EXPIRE_TIME_IN_PAST"),
    ],
)
def test_bad_order_is_rejected_with_a_stable_code_and_changes_nothing(cash, change, code) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    before = desk.book.depth(), desk.exchange.account()
    desk.said.clear()
    values = {"side": "BUY", "type_": "LIMIT", "quantity": 4, "price": 9_900, **change}
    assert refused(desk, **values, id="BAD") == code
    assert (desk.book.depth(), desk.exchange.account()) == before
    assert desk.events() == ["REJECTED"]
    assert desk.record("BAD").status == "REJECTED"
    assert desk.record("BAD").reason.startswith(code)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("X", "NO/SUCH", "BUY", "LIMIT", "GTC", 4, 9_900), "UNKNOWN_SYMBOL"),
        (("X", "BTC/USDT", "HOLD", "LIMIT", "GTC", 4, 9_900), "INVALID_SIDE"),
        (("X", "BTC/USDT", "BUY", "ICEBERG", "GTC", 4, 9_900), "INVALID_TYPE"),
        (("X", "BTC/USDT", "BUY", "LIMIT", "AT_THE_OPEN", 4, 9_900), "INVALID_TIME_IN_FORCE"),
        (("", "BTC/USDT", "BUY", "LIMIT", "GTC", 4, 9_900), "MALFORMED"),
    ],
)
def test_request_that_names_nothing_known_makes_no_order_at_all(cash, args, code) -> None:
    desk = cash()
    with pytest.raises(VenueRefusal) as refusal:
        desk.exchange.submit(*args)
    assert refusal.value.code == code
    assert (desk.said, desk.exchange.orders) == ([], {})


def test_duplicate_client_order_id_leaves_the_first_order_alone_and_tells_nobody(cash) -> None:
    desk = cash()
    desk.limit("BUY", 4, 9_900, id="A")
    desk.said.clear()
    assert refused(desk, "SELL", "LIMIT", 8, 10_000, id="A") == "DUPLICATE_CLIENT_ORDER_ID"
    assert desk.said == []
    assert desk.record("A").side == "BUY"


def test_post_only_that_rests_is_taken_and_the_rejection_says_why(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    assert desk.limit("BUY", 4, 9_995, post_only=True).status == "ACCEPTED"
    refused(desk, "BUY", "LIMIT", 4, 10_000, post_only=True)
    event, _, _, due_post_only, _ = desk.said[-1]
    assert (event, due_post_only) == ("REJECTED", True)


def test_halted_market_takes_cancels_only_and_matches_nothing(cash) -> None:
    desk = cash()
    desk.limit("BUY", 4, 9_900, id="A")
    desk.limit("BUY", 4, 9_900, id="B")
    desk.exchange.halt(desk.symbol)
    assert refused(desk, "BUY", "LIMIT", 4, 9_900) == "MARKET_HALTED"
    with pytest.raises(VenueRefusal, match="MARKET_HALTED"):
        desk.exchange.modify(desk.symbol, "A", None, 9_800, None)
    assert desk.seller(4) == 4
    assert desk.exchange.cancel(desk.symbol, "A").status == "CANCELED"
    desk.exchange.resume(desk.symbol)
    desk.seller(4)
    assert desk.record("B").status == "FILLED"


# --- cancel and modify ---------------------------------------------------------------------


def test_cancel_takes_the_order_out_and_carries_the_request(cash) -> None:
    desk = cash()
    desk.limit("BUY", 4, 9_900, id="A")
    desk.exchange.cancel(desk.symbol, "A", "r-1")
    assert desk.bids() == ()
    assert [entry[2] for entry in desk.said if entry[0] == "CANCELED"] == ["r-1"]


def test_cancel_of_unknown_and_of_closed_orders_is_refused_apart(cash) -> None:
    desk = cash()
    with pytest.raises(VenueRefusal) as unknown:
        desk.exchange.cancel(desk.symbol, "GHOST")
    desk.limit("BUY", 4, 9_900, id="A")
    desk.exchange.cancel(desk.symbol, "A")
    with pytest.raises(VenueRefusal) as closed:
        desk.exchange.cancel(desk.symbol, "A")
    assert (unknown.value.status, unknown.value.code) == (404, "UNKNOWN_ORDER")
    assert (closed.value.status, closed.value.code) == (400, "ORDER_CLOSED")


def test_cancel_all_takes_one_side_oldest_first(cash) -> None:
    desk = cash()
    desk.limit("BUY", 4, 9_900, id="A")
    desk.limit("SELL", 4, 10_100, id="B")
    desk.order("BUY", "STOP_MARKET", 4, trigger_price=10_200, id="C")
    assert desk.exchange.cancel_all(desk.symbol, "BUY") == 2
    assert [e[1].client_order_id for e in desk.said if e[0] == "CANCELED"] == ["A", "C"]
    assert desk.exchange.cancel_all(desk.symbol, None) == 1


def test_modify_into_the_market_is_updated_then_filled_as_taker(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    desk.limit("BUY", 4, 9_900, id="A")
    assert desk.exchange.modify(desk.symbol, "A", None, 10_000, None, "r-2").status == "FILLED"
    assert desk.events() == ["ACCEPTED", "UPDATED", "FILLED(TAKER)"]


def test_modify_to_the_filled_quantity_is_updated_then_cancelled(cash) -> None:
    desk = cash()
    desk.limit("BUY", 8, 9_900, id="A")
    desk.seller(4)
    record = desk.exchange.modify(desk.symbol, "A", 4, None, None)
    assert (record.status, record.filled, record.quantity) == ("CANCELED", 4, 4)
    assert desk.events() == ["ACCEPTED", "FILLED(MAKER)", "UPDATED", "CANCELED"]
    assert desk.bids() == ()


@pytest.mark.parametrize(
    ("quantity", "price", "trigger", "code"),
    [
        (None, None, None, "NOTHING_TO_MODIFY"),
        (4, None, None, "QUANTITY_BELOW_FILLED"),
        (11, None, None, "QUANTITY_OFF_STEP"),
        (None, 9_901, None, "PRICE_OFF_TICK"),
        (None, None, 9_900, "TRIGGER_UNEXPECTED"),
        (None, 10_000, None, "POST_ONLY_WOULD_TAKE"),
        (100_000, 1_000_000, None, "POST_ONLY_WOULD_TAKE"),
        (100_000, 9_995, None, None),
    ],
)
def test_refused_modification_leaves_the_order_as_it_was(
    cash, quantity, price, trigger, code
) -> None:
    desk = cash()
    desk.limit("BUY", 12, 9_900, id="A", post_only=True)
    desk.seller(8)
    desk.ask(10_000, 4)
    before = desk.record("A"), desk.book.depth(), desk.balance("USDT")
    if code is None:
        assert desk.exchange.modify(desk.symbol, "A", quantity, price, trigger).price == price
        return
    with pytest.raises(VenueRefusal) as refusal:
        desk.exchange.modify(desk.symbol, "A", quantity, price, trigger)
    assert refusal.value.code == code
    assert (desk.record("A"), desk.book.depth(), desk.balance("USDT")) == before


def test_modify_that_the_balance_cannot_carry_is_refused(cash) -> None:
    desk = cash({"USDT": "11"})
    desk.limit("BUY", 100, 10_000, id="A")
    with pytest.raises(VenueRefusal, match="INSUFFICIENT_BALANCE"):
        desk.exchange.modify(desk.symbol, "A", 200, None, None)


def test_trigger_of_a_dormant_stop_can_be_moved_but_not_into_the_market(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    desk.order("BUY", "STOP_MARKET", 4, trigger_price=10_100, id="S")
    with pytest.raises(VenueRefusal, match="STOP_IN_MARKET"):
        desk.exchange.modify(desk.symbol, "S", None, None, 10_000)
    desk.exchange.modify(desk.symbol, "S", None, None, 10_300)
    desk.buyer(4)
    desk.ask(10_200, 4)
    assert desk.record("S").status == "ACCEPTED"


# --- reduce-only ---------------------------------------------------------------------------


def test_oversized_reduce_only_market_order_is_shrunk_then_filled(margin) -> None:
    desk = margin()
    desk.ask(100_000, 100)
    desk.market("BUY", 100)
    desk.bid(99_900, 500)
    order = desk.market("SELL", 150, reduce_only=True, id="R")
    assert (order.status, order.quantity) == ("FILLED", 100)
    assert desk.events("R") == ["UPDATED", "FILLED(TAKER)"]


def test_resting_reduce_only_order_follows_the_position_down_and_out(margin) -> None:
    desk = margin()
    desk.ask(100_000, 100)
    desk.market("BUY", 100)
    desk.limit("SELL", 100, 110_000, reduce_only=True, id="R")
    desk.bid(99_900, 500)
    desk.market("SELL", 40)
    assert (desk.record("R").quantity, desk.asks()) == (60, ((110_000, 60),))
    desk.market("SELL", 60)
    assert (desk.record("R").status, desk.record("R").reason) == ("CANCELED", "POSITION_CLOSED")
    assert desk.events("R") == ["ACCEPTED", "UPDATED", "CANCELED"]
    assert desk.asks() == ()


def test_two_reduce_only_orders_hit_by_one_trade_never_reverse_the_position(margin) -> None:
    desk = margin()
    desk.ask(100_000, 100)
    desk.market("BUY", 100)
    desk.limit("SELL", 80, 110_000, reduce_only=True, id="A")
    desk.limit("SELL", 80, 110_100, reduce_only=True, id="B")
    desk.buyer(160)
    assert desk.exchange.ledger.positions[desk.symbol].signed == 0
    assert (desk.record("A").filled, desk.record("B").filled) == (80, 20)


def test_reduce_only_order_locks_nothing(margin) -> None:
    desk = margin()
    desk.ask(100_000, 100)
    desk.market("BUY", 100)
    before = desk.balance("USDT")
    desk.limit("SELL", 100, 110_000, reduce_only=True)
    assert desk.balance("USDT") == before


# --- truth ---------------------------------------------------------------------------------


def test_truth_states_orders_and_money_in_raw_units_and_books_at_their_precisions(cash) -> None:
    desk = cash()
    desk.bid(9_900, 4)
    desk.ask(10_000, 10)
    desk.limit("BUY", 8, 10_000, id="A")
    desk.limit("BUY", 4, 9_800, id="B")
    truth = desk.exchange.truth()
    assert (truth.venue, truth.account, truth.ts) == ("SIM", "SIM-001", desk.exchange.now())
    assert [(o.client_order_id, o.status) for o in truth.orders] == [
        ("A", "FILLED"),
        ("B", "ACCEPTED"),
    ]
    assert truth.orders[1].price_raw == 98 * 10**16
    fill = truth.fills[0]
    # fee 0.008 x 100 x 0.0004
    assert (fill.quantity_raw, fill.price_raw) == (8 * 10**13, 100 * 10**16)
    assert fill.fee_raw == 32 * 10**11
    assert truth.positions == (("BTC/USDT.SIM", 8 * 10**13),)
    book = truth.books[0]
    assert (book.price_precision, book.size_precision) == (2, 3)
    assert (book.bids, book.asks) == (((9_900, 4), (9_800, 4)), ((10_000, 2),))
    assert [balance.currency for balance in truth.balances] == ["BTC", "USDT"]
    assert desk.exchange.true_order("A") == truth.orders[0]
    assert desk.exchange.true_order("GHOST") is None
    assert desk.exchange.has_trade(fill.trade_id)
    assert not desk.exchange.has_trade("SIM-T99")


def test_true_queues_show_who_stands_at_each_level_first_come_first(cash) -> None:
    desk = cash()
    desk.bid(9_900, 4)
    order = desk.limit("BUY", 6, 9_900, id="A")
    desk.bid(9_800, 5)
    desk.ask(10_000, 10)
    bids, asks = desk.exchange.true_queues("BTC/USDT.SIM")
    assert [[size for _, size in queue] for queue in bids] == [[4, 6], [5]]
    assert order.resting is not None
    assert bids[0][1] == (order.resting.number, 6)
    assert [[size for _, size in queue] for queue in asks] == [[10]]
    assert desk.exchange.true_queues("ETH/USDT.SIM") == ((), ())


def test_trades_are_paged_by_number_and_filtered_by_time(cash) -> None:
    desk = cash()
    desk.limit("BUY", 12, 9_900)
    times = []
    for _ in range(3):
        desk.scheduler.now_ns += 1_000
        desk.floor.hit(desk.book, SELL, 4, None)
        times.append(desk.scheduler.now_ns)
    page, more = desk.exchange.trades_since(0, 0, 2)
    assert ([trade.trade_no for trade in page], more) == ([1, 2], True)
    page, more = desk.exchange.trades_since(0, 2, 2)
    assert ([trade.trade_no for trade in page], more) == ([3], False)
    page, more = desk.exchange.trades_since(times[1], 0, 9)
    assert [trade.trade_no for trade in page] == [2, 3]


def test_participant_that_crosses_trades_first_and_joins_with_the_rest(cash) -> None:
    desk = cash()
    desk.ask(10_000, 4)
    resting = desk.floor.join(desk.book, BUY, 10_000, 10)
    assert resting is not None
    assert (resting.leaves, desk.bids(), desk.asks()) == (6, ((10_000, 6),), ())
