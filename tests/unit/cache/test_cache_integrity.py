"""Integrity: what is sound is called sound, and every single broken link is found from one side
or the other. Each case breaks one thing by hand, past the writers, and names what must be said."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

import pytest

from engine.cache import Cache
from engine.cache_soundness import are_all_sound, are_sound
from engine.model.accounts import CashAccount
from engine.model.enums import OrderSide, OrderStatus, OrderType
from engine.model.events import OrderCanceled
from engine.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    PositionId,
    Venue,
    VenueOrderId,
)
from engine.state_sets import ACTIVE_LOCAL, CLOSED, INFLIGHT, OPEN

if TYPE_CHECKING:
    from conftest import Shelf

O1 = ClientOrderId("O-1")
O2 = ClientOrderId("O-2")
GHOST = ClientOrderId("O-GHOST")
V1 = VenueOrderId("V-1")


@pytest.fixture
def laden(shelf: "Shelf") -> "Shelf":
    """O-1 open and partly filled, O-2 a submitted MARKET order, an open position, an account."""
    order = shelf.order("O-1")
    shelf.accept(order, "V-1")
    shelf.fill(order, "2", "T-1")
    shelf.submit(shelf.order("O-2", order_type=OrderType.MARKET))
    shelf.cache.add_account(CashAccount(AccountId("SIM-001")))
    return shelf


def test_laden_cache_is_sound(laden: "Shelf") -> None:
    assert laden.cache.check_integrity() == []
    assert laden.cache.check_orders([O1, O2]) == []


def test_empty_cache_is_sound() -> None:
    assert Cache().check_integrity() == []


def test_check_of_an_order_never_added_says_so(laden: "Shelf") -> None:
    assert laden.cache.check_orders([GHOST]) == ["order O-GHOST is not cached"]


Break = Callable[["Shelf"], object]

# what one touched order shows, forward and back: both checks must find it
OF_AN_ORDER: dict[str, tuple[Break, str]] = {
    "missing from its state set": (
        lambda s: s.cache._state_sets[OPEN].pop(O1),
        "is missing from orders_open",
    ),
    "in a state set too many": (
        lambda s: s.cache._state_sets[CLOSED].update({O1: s.cache.order(O1)}),
        "is in orders_closed",
    ),
    "a copy in its state set": (
        lambda s: s.cache._state_sets[OPEN].update({O1: s.order("O-1")}),
        "is in orders_open",
    ),
    "inflight missing": (
        lambda s: s.cache._state_sets[INFLIGHT].pop(O2),
        "is missing from orders_inflight",
    ),
    "active local too many": (
        lambda s: s.cache._state_sets[ACTIVE_LOCAL].update({O2: s.cache.order(O2)}),
        "is in orders_active_local",
    ),
    "status changed without an update": (
        lambda s: s.cache.order(O1).apply(OrderCanceled(*s.head(s.cache.order(O1)))),
        "is CANCELED but filed under another status",
    ),
    "filed status wrong": (
        lambda s: s.cache._filed_status.update({O1: OrderStatus.ACCEPTED}),
        "filed under another status",
    ),
    "missing from working": (
        lambda s: s.cache._working[s.instrument_id].pop(O1),
        "wrongly filed as working",
    ),
    "missing from working MARKET": (
        lambda s: s.cache._working_market.pop(O2),
        "wrongly filed as working MARKET",
    ),
    "a LIMIT order in working MARKET": (
        lambda s: s.cache._working_market.update({O1: s.cache.order(O1)}),
        "wrongly filed as working MARKET",
    ),
    "missing from its strategy": (
        lambda s: s.cache._strategy_orders[s.strategy_id].pop(O1),
        "missing from the orders of MAKER-001",
    ),
    "missing from its instrument": (
        lambda s: s.cache._instrument_orders[s.instrument_id].pop(O1),
        "missing from the orders of BTC/USDT.SIM",
    ),
    "present venue id not filed": (
        lambda s: s.cache._venue_id_of_order.pop(O1),
        "has venue order id V-1, which is not filed",
    ),
    "venue id leads nowhere": (
        lambda s: s.cache._venue_ids.pop(V1),
        "had venue order id V-1, which does not lead to it",
    ),
    "superseded venue id lost": (
        lambda s: s.cache.order(O1).venue_order_ids.append(VenueOrderId("V-0")),
        "had venue order id V-0",
    ),
    "cached under another id": (
        lambda s: s.cache._orders.update({O1: s.order("O-7")}),
        "cached under another id",
    ),
    "position not cached": (
        lambda s: s.cache._positions.clear(),
        "which is not cached",
    ),
}


@pytest.mark.parametrize("case", list(OF_AN_ORDER))
def test_broken_link_of_an_order_is_found_by_both_checks(laden: "Shelf", case: str) -> None:
    tamper, said = OF_AN_ORDER[case]
    tamper(laden)

    assert any(said in line for line in laden.cache.check_integrity())
    assert any(said in line for line in laden.cache.check_orders([O1, O2]))


# what only a walk over the indexes can show
OF_AN_INDEX: dict[str, tuple[Break, str]] = {
    "ghost in a state set": (
        lambda s: s.cache._state_sets[OPEN].update({GHOST: s.order("O-GHOST")}),
        "orders_open holds O-GHOST",
    ),
    "ghost of a strategy": (
        lambda s: s.cache._strategy_orders[s.strategy_id].update({GHOST: s.order("O-GHOST")}),
        "orders of MAKER-001 holds O-GHOST",
    ),
    "ghost of an instrument": (
        lambda s: s.cache._instrument_orders[s.instrument_id].update({GHOST: s.order("O-GHOST")}),
        "orders of BTC/USDT.SIM holds O-GHOST",
    ),
    "ghost working": (
        lambda s: s.cache._working[s.instrument_id].update({GHOST: s.order("O-GHOST")}),
        "orders working in BTC/USDT.SIM holds O-GHOST",
    ),
    "ghost working MARKET": (
        lambda s: s.cache._working_market.update({GHOST: s.order("O-GHOST")}),
        "orders working MARKET holds O-GHOST",
    ),
    "order of one strategy under another too": (
        lambda s: s.cache._strategy_orders.update({s.other_strategy_id: {O1: s.cache.order(O1)}}),
        "orders of TAKER-002 holds O-1 of MAKER-001",
    ),
    "order of one instrument under another too": (
        lambda s: s.cache._instrument_orders.update({s.other_id: {O1: s.cache.order(O1)}}),
        "orders of ETH/USDT.ALT holds O-1 of BTC/USDT.SIM",
    ),
    "status of a ghost": (
        lambda s: s.cache._filed_status.update({GHOST: OrderStatus.ACCEPTED}),
        "a status is filed for O-GHOST",
    ),
    "unresolved ghost": (
        lambda s: s.cache._unresolved.update({GHOST: None}),
        "orders_unresolved holds O-GHOST",
    ),
    "client of a ghost": (
        lambda s: s.cache._client_of_order.update({GHOST: ClientId("SIM")}),
        "a client is filed for O-GHOST",
    ),
    "venue id of a ghost": (
        lambda s: s.cache._venue_ids.update({VenueOrderId("V-9"): GHOST}),
        "venue order id V-9 leads to O-GHOST",
    ),
    "venue id the order never had": (
        lambda s: s.cache._venue_ids.update({VenueOrderId("V-9"): O1}),
        "venue order id V-9 leads to O-1, which never had it",
    ),
    "ghost with a venue id": (
        lambda s: s.cache._venue_id_of_order.update({GHOST: V1}),
        "a venue order id is filed for O-GHOST",
    ),
    "present venue id is a superseded one": (
        lambda s: s.cache._venue_id_of_order.update({O1: VenueOrderId("V-0")}),
        "order O-1 is filed under V-0, which is not its present one",
    ),
    "venue ids that do not lead back": (
        lambda s: s.cache._venue_ids.update({V1: O2}),
        "order O-1 leads to V-1, which does not lead back",
    ),
    "position missing from open": (
        lambda s: s.cache._positions_open.clear(),
        "wrongly filed as open",
    ),
    "position in closed too": (
        lambda s: s.cache._positions_closed.update(s.cache._positions),
        "wrongly filed as closed",
    ),
    "position missing from its strategy": (
        lambda s: s.cache._strategy_positions.clear(),
        "missing from the positions of MAKER-001",
    ),
    "position missing from its instrument": (
        lambda s: s.cache._instrument_positions.clear(),
        "missing from the positions of BTC/USDT.SIM",
    ),
    "position without any order of its strategy": (
        lambda s: s.cache._strategy_orders.clear(),
        "belongs to MAKER-001, which has no order",
    ),
    "position without any order of its instrument": (
        lambda s: s.cache._instrument_orders.clear(),
        "is in BTC/USDT.SIM, which has no order",
    ),
    "ghost position": (
        lambda s: s.cache._positions_open.update(
            {PositionId("P-9"): next(iter(s.cache._positions.values()))}
        ),
        "positions_open holds P-9",
    ),
    "position that holds other than its fills": (
        lambda s: s.cache.order(O1).apply(s.filled(s.cache.order(O1), "1", "T-LOST")),
        "but its fills sum to",
    ),
    "account not of its venue": (
        lambda s: s.cache._account_of_venue.clear(),
        "account SIM-001 is not the account of its venue",
    ),
    "venue of a ghost account": (
        lambda s: s.cache._account_of_venue.update({Venue("ALT"): AccountId("ALT-001")}),
        "venue ALT leads to account ALT-001",
    ),
    "account under another id": (
        lambda s: s.cache._accounts.update({AccountId("SIM-001"): CashAccount(AccountId("A-1"))}),
        "account SIM-001 is cached under another id",
    ),
}


@pytest.mark.parametrize("case", list(OF_AN_INDEX))
def test_broken_index_is_found_by_the_full_check(laden: "Shelf", case: str) -> None:
    tamper, said = OF_AN_INDEX[case]
    tamper(laden)

    assert any(said in line for line in laden.cache.check_integrity())


def test_base_currency_commission_is_part_of_what_a_position_holds(shelf: "Shelf") -> None:
    order = shelf.order()
    shelf.accept(order)
    position = shelf.fill(order, "2", commission="0.002 BTC")

    assert str(position.signed_qty.normalize()) == "1.998"
    assert shelf.cache.check_integrity() == []


def test_order_that_ended_before_the_venue_named_it_may_be_named_late(shelf: "Shelf") -> None:
    order = shelf.order()
    shelf.submit(order)
    order.apply(OrderCanceled(*shelf.head(order)))
    shelf.cache.update_order(order)
    shelf.cache.add_venue_order_id(O1, V1)

    assert shelf.cache.check_integrity() == []


@pytest.mark.parametrize("seed", range(5))
def test_random_life_of_many_orders_stays_sound_after_every_step(shelf: "Shelf", seed: int) -> None:
    choose = Random(seed)
    cache = shelf.cache
    for step in range(60):
        working = cache.orders_open()
        if not working or choose.random() < 0.4:
            side = choose.choice(list(OrderSide))
            order = shelf.order(f"O-{step}", side)
            shelf.accept(order, f"V-{step}")
        elif choose.random() < 0.3:
            order = choose.choice(working)
            order.apply(OrderCanceled(*shelf.head(order)))
            cache.update_order(order)
        else:
            order = choose.choice(working)
            position_id = PositionId(f"{order.instrument_id}-SIM-001-{order.strategy_id}")
            position = cache.position(position_id)
            signed_raw = 0 if position is None else position.signed_raw
            is_against = signed_raw < 0 if order.side is OrderSide.BUY else signed_raw > 0
            if not is_against or abs(signed_raw) >= 10**16:  # the engine splits what goes through
                shelf.fill(order, "1", f"T-{step}")
        assert cache.check_orders([order.client_order_id]) == []
        assert cache.check_integrity() == []
    assert cache.positions_total_count() == 1


# --- the short answer: never yes where the checks find something, and seldom a doubt ----------

# of these the orders and their indexes are as they should be
OF_OTHERS = ("position", "ghost position", "account", "venue of a ghost account")
OF_ORDERS = [case for case in OF_AN_INDEX if not case.startswith(OF_OTHERS)]


def test_laden_cache_is_sound_without_a_doubt(laden: "Shelf") -> None:
    assert are_sound(laden.cache, laden.cache.orders())
    assert are_all_sound(laden.cache)


@pytest.mark.parametrize("case", list(OF_AN_ORDER))
def test_order_with_a_broken_link_is_not_called_sound(laden: "Shelf", case: str) -> None:
    OF_AN_ORDER[case][0](laden)
    orders = [laden.cache._orders[O1], laden.cache._orders[O2]]

    assert not are_sound(laden.cache, orders)
    assert not are_all_sound(laden.cache)


@pytest.mark.parametrize("case", OF_ORDERS)
def test_index_that_holds_too_much_is_not_called_sound(laden: "Shelf", case: str) -> None:
    OF_AN_INDEX[case][0](laden)

    assert not are_all_sound(laden.cache)


def test_order_that_is_not_the_cached_one_is_not_called_sound(laden: "Shelf") -> None:
    assert not are_sound(laden.cache, [laden.order("O-7")])
    assert not are_sound(laden.cache, [laden.order("O-1")])


def test_venue_id_that_an_order_had_twice_hides_no_other(laden: "Shelf") -> None:
    laden.cache._orders[O1].venue_order_ids.append(V1)
    laden.cache._venue_ids[VenueOrderId("V-9")] = O1

    assert not are_all_sound(laden.cache)


def test_order_named_after_its_end_is_sound_on_a_second_look(shelf: "Shelf") -> None:
    order = shelf.order()
    shelf.submit(order)
    order.apply(OrderCanceled(*shelf.head(order)))
    shelf.cache.update_order(order)
    shelf.cache.add_venue_order_id(O1, V1)

    assert not are_all_sound(shelf.cache)
    assert shelf.cache.check_integrity() == []


def test_life_of_an_order_is_sound_at_every_step(shelf: "Shelf") -> None:
    order = shelf.order()
    shelf.accept(order, "V-1")
    seen = []
    seen.append(are_sound(shelf.cache, [order]) and are_all_sound(shelf.cache))
    shelf.fill(order, "2", "T-1")
    seen.append(are_sound(shelf.cache, [order]) and are_all_sound(shelf.cache))
    order.apply(OrderCanceled(*shelf.head(order)))
    assert not are_sound(shelf.cache, [order])  # and is filed as it was
    shelf.cache.update_order(order)
    seen.append(are_sound(shelf.cache, [order]) and are_all_sound(shelf.cache))
    assert seen == [True] * 3
