"""The witness of a venue's queues: who must be met next, and what it says when others are."""

import msgspec

from invariants.matching import QueueWitness

SYMBOL = "BTC/USDT"


class Order(msgspec.Struct):
    client_order_id: str
    side: str
    quantity: int
    price: int | None
    symbol: str = SYMBOL
    time_in_force: str = "GTC"
    trigger_price: int | None = None
    ts_accepted: int = 0


class Trade(msgspec.Struct):
    trade_id: str
    client_order_id: str
    side: str
    quantity: int
    price: int
    liquidity: str
    symbol: str = SYMBOL
    ts: int = 0


def _told(witness: QueueWitness) -> list[str]:
    witness.over()
    return [violation.detail for violation in witness.wrong]


def _with_asks(*asks: tuple[int, int, int]) -> QueueWitness:
    """Asks as (number, price, size), in order of arrival."""
    witness = QueueWitness()
    for number, price, size in asks:
        witness.rested(SYMBOL, number, False, price, size)
    return witness


def _accept(witness: QueueWitness, order: Order, event: str = "ACCEPTED") -> None:
    witness.on_order(event, order, None, False, 0)


def _fill(
    witness: QueueWitness, order: Order, trade_id: str, size: int, price: int, of: str
) -> None:
    trade = Trade(trade_id, order.client_order_id, order.side, size, price, of)
    witness.on_fill(trade, order)


def test_trade_with_the_best_and_oldest_is_right() -> None:
    witness = _with_asks((1, 101, 5), (2, 100, 5), (3, 100, 5))
    witness.traded(SYMBOL, "T1", True, 100, 5, 0)
    witness.traded(SYMBOL, "T2", True, 100, 5, 0)
    witness.traded(SYMBOL, "T3", True, 101, 4, 0)
    assert _told(witness) == []
    assert witness.levels(SYMBOL, False) == {101: 1}


def test_trade_past_a_better_price_is_told() -> None:
    witness = _with_asks((1, 101, 5), (2, 100, 5))
    witness.traded(SYMBOL, "T1", True, 101, 5, 0)
    assert _told(witness) == ["traded at 101 while 2 stood first at 100"]


def test_trade_of_more_than_is_left_is_told() -> None:
    witness = _with_asks((1, 100, 5))
    witness.resized(1, 3)
    witness.traded(SYMBOL, "T1", True, 100, 4, 0)
    assert _told(witness) == ["4 traded with 1, of which 3 was left"]


def test_trade_where_everybody_has_left_is_told() -> None:
    witness = _with_asks((1, 100, 5))
    witness.resized(1, 0)
    witness.traded(SYMBOL, "T1", True, 100, 1, 0)
    assert _told(witness) == ["1 at 100 traded where nobody stood"]


def test_trade_that_a_recording_directs_needs_no_turn() -> None:
    witness = _with_asks((1, 100, 5), (2, 100, 5))
    witness.traded(SYMBOL, "T1", True, 100, 2, 2)
    assert _told(witness) == []
    assert witness.levels(SYMBOL, False) == {100: 8}


def test_our_order_behind_another_is_not_yet_due() -> None:
    witness = _with_asks((1, 100, 5))
    ours = Order("O-1", "SELL", 3, 100)
    _accept(witness, ours)
    witness.traded(SYMBOL, "T1", True, 100, 3, 0)
    _fill(witness, ours, "T1", 3, 100, "MAKER")
    assert _told(witness) == ["filled in T1, where another stood first"]


def test_our_order_that_was_met_and_not_told_of_it_is_told() -> None:
    witness = QueueWitness()
    _accept(witness, Order("O-1", "SELL", 3, 100))
    witness.traded(SYMBOL, "T1", True, 100, 3, 0)
    assert _told(witness) == ["met O-1, which was not told of it"]


def test_smaller_size_keeps_the_place_and_larger_loses_it() -> None:
    for quantity, due in ((4, True), (6, False)):
        witness = QueueWitness()
        ours = Order("O-1", "SELL", 5, 100)
        _accept(witness, ours)
        witness.rested(SYMBOL, 2, False, 100, 5)
        ours.quantity = quantity
        _accept(witness, ours, "UPDATED")
        witness.traded(SYMBOL, "T1", True, 100, 1, 0)
        _fill(witness, ours, "T1", 1, 100, "MAKER")
        assert (_told(witness) == []) is due


def test_fill_outside_the_limit_is_told() -> None:
    witness = _with_asks((1, 101, 5))
    ours = Order("O-1", "BUY", 3, 100)
    witness.traded(SYMBOL, "T1", True, 101, 3, 0)
    _fill(witness, ours, "T1", 3, 101, "TAKER")
    assert _told(witness) == ["filled at 101, its limit is 100"]


def test_fill_without_a_trade_is_told() -> None:
    witness = QueueWitness()
    _fill(witness, Order("O-1", "BUY", 3, None), "T9", 3, 100, "TAKER")
    assert _told(witness) == ["3 at 100 in T9, which nobody else took part in"]


def test_order_that_rests_where_it_would_trade_is_told() -> None:
    witness = _with_asks((1, 100, 5))
    _accept(witness, Order("O-1", "BUY", 3, 100))
    assert _told(witness) == ["rests at 100, where it would trade"]


def test_stop_limit_has_no_place_before_it_is_triggered() -> None:
    witness = QueueWitness()
    stop = Order("O-1", "SELL", 3, 100, trigger_price=101)
    _accept(witness, stop)
    assert witness.levels(SYMBOL, False) == {}
    _accept(witness, stop, "TRIGGERED")
    assert witness.levels(SYMBOL, False) == {100: 3}
    _accept(witness, stop, "CANCELED")
    assert witness.levels(SYMBOL, False) == {}


def test_first_in_line_is_known_after_many_came_and_went() -> None:
    witness = _with_asks((1, 105, 5), (2, 104, 5))
    for number in range(3, 1_000):
        witness.rested(SYMBOL, number, False, 200 - number % 90, 1)
        witness.resized(number, 0)
    witness.traded(SYMBOL, "T1", True, 104, 5, 0)
    witness.traded(SYMBOL, "T2", True, 105, 2, 0)
    assert _told(witness) == []
    assert witness.levels(SYMBOL, False) == {105: 3}


def test_order_that_moved_is_met_at_its_new_place_only() -> None:
    witness = _with_asks((1, 101, 5))
    order = Order("O-1", "SELL", 4, 100)
    _accept(witness, order)
    _accept(witness, Order("O-1", "SELL", 4, 102), "UPDATED")
    witness.traded(SYMBOL, "T1", True, 100, 1, 0)
    assert _told(witness) == ["traded at 100 while 1 stood first at 101"]
