"""The risk engine: what passes, what is denied and why, and that it is decided once, in order."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from engine import topics
from engine.model.commands import CancelOrder, SetTradingState
from engine.model.currencies import USDT
from engine.model.enums import (
    BUY,
    SELL,
    DenialCode,
    LiquiditySide,
    OrderSide,
    OrderStatus,
    TradingState,
)
from engine.model.events import OrderDenied, OrderFilled, OrderPendingCancel, TradingStateChanged
from engine.model.identifiers import (
    AccountId,
    InstrumentId,
    PositionId,
    TradeId,
    VenueOrderId,
)
from engine.model.instruments import CurrencyPair
from engine.model.orders import Order
from engine.model.values import Money, Quantity

if TYPE_CHECKING:
    from conftest import Floor

SPOT = InstrumentId("BTC/USDT.SIM")
PERP = InstrumentId("BTCUSDT-PERP.SIM")
INVERSE = InstrumentId("BTCUSD-PERP.SIM")
D = DenialCode


# --- passing on, turning back ----------------------------------------------------------------------


def test_sound_submit_goes_on_to_the_execution_engine(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    order = floor.order()

    assert floor.submit(order) is None
    assert [command.order for command in floor.passed] == [order.init]
    assert (floor.risk.passed_count, floor.risk.denied_count) == (1, 0)


def test_denied_submit_reaches_only_the_execution_engines_process(floor: "Floor") -> None:
    order = floor.order()

    assert floor.submit(order) is D.ACCOUNT_NOT_FOUND
    assert floor.denials[0].client_order_id == order.client_order_id
    assert floor.detail == "venue=SIM"
    assert floor.passed == []
    assert order.status is OrderStatus.INITIALIZED  # the event is the execution engine's to mint
    assert (floor.risk.passed_count, floor.risk.denied_count) == (0, 1)


def test_same_inputs_give_the_same_decision_and_the_same_words(floor: "Floor") -> None:
    floor.cash(USDT="50")
    first, second = floor.order(), floor.order()
    floor.submit(first)
    first.apply(OrderDenied(*floor.head(first), floor.denials[0].code, floor.detail))
    floor.cache.update_order(first)
    floor.submit(second)

    assert floor.denials[0].code is floor.denials[1].code
    assert floor.denials[0].detail == floor.denials[1].detail
    assert floor.detail == "required=100, available=50, currency=USDT"


def test_command_that_risk_does_not_judge_is_a_type_error(floor: "Floor") -> None:
    order = floor.order()
    cancel = CancelOrder(
        "c", None, 0, order.strategy_id, order.instrument_id, order.client_order_id, None
    )

    with pytest.raises(TypeError, match="CancelOrder"):
        floor.risk.execute(cancel)  # type: ignore[arg-type]


# --- identity --------------------------------------------------------------------------------------


def test_submit_of_an_order_already_sent_is_refused_and_denies_nothing(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    order = floor.working(BUY, "1")

    floor.bus.send(topics.RISK_EXECUTE, floor.submit_command(order))

    assert [r.reason for r in floor.refused] == ["DUPLICATE_CLIENT_ORDER_ID"]
    assert floor.refused[0].of == f"SubmitOrder {order.client_order_id}"
    assert floor.ctx.facts == floor.refused
    assert floor.denials == [] and floor.passed == []
    assert order.status is OrderStatus.ACCEPTED


def test_second_submit_of_one_order_in_one_handler_is_refused(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    order = floor.order()
    floor.cache.add_order(order)

    floor.in_one_turn(lambda: floor.submit_command(order), lambda: floor.submit_command(order))

    assert len(floor.passed) == 1 and floor.denials == []
    assert [r.reason for r in floor.refused] == ["DUPLICATE_CLIENT_ORDER_ID"]
    assert order.status is OrderStatus.SUBMITTED


def test_submit_of_another_order_under_a_cached_id_is_refused(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    genuine = floor.order(name="O-X")
    floor.cache.add_order(genuine)

    floor.bus.send(topics.RISK_EXECUTE, floor.submit_command(floor.order(quantity="9", name="O-X")))

    assert [r.reason for r in floor.refused] == ["DUPLICATE_CLIENT_ORDER_ID"]
    assert floor.denials == []


def test_commands_for_an_unknown_order_are_refused(floor: "Floor") -> None:
    order = floor.order()

    floor.bus.send(topics.RISK_EXECUTE, floor.submit_command(order))
    floor.bus.send(topics.RISK_EXECUTE, floor.modify_command(order, "2"))

    assert [r.reason for r in floor.refused] == ["ORDER_NOT_FOUND", "ORDER_NOT_FOUND"]
    assert floor.denials == [] and floor.passed == []


# --- the gate --------------------------------------------------------------------------------------


@pytest.mark.parametrize("bypass", [False, True])
@pytest.mark.parametrize("code", [D.NOT_RUNNING, D.CLIENT_DISCONNECTED, D.NO_EXECUTION_CLIENT])
def test_nothing_leaves_for_a_venue_that_cannot_trade_now(
    floor: "Floor", code: DenialCode, bypass: bool
) -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "1")
    floor.engine(bypass=bypass)
    floor.barred = code

    assert floor.submit(floor.order()) is code
    assert floor.detail == "venue=SIM"
    assert floor.modify(standing, "2") is code


def test_bypass_lets_everything_else_through_unjudged(floor: "Floor") -> None:
    floor.engine(bypass=True, max_order_submit_rate="1/00:00:01")
    floor.risk.set_trading_state(TradingState.HALTED)

    assert floor.submit(floor.order(price="-1.234")) is None
    assert floor.submit(floor.order()) is None


# --- validity --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"price": "100.12"}, None),
        ({"price": "100.123"}, D.PRICE_PRECISION),
        ({"price": "100.120"}, D.PRICE_PRECISION),
        ({"price": "0"}, D.PRICE_NOT_POSITIVE),
        ({"price": "-1"}, D.PRICE_NOT_POSITIVE),
        ({"price": None, "trigger_price": "101.00"}, None),
        ({"price": None, "trigger_price": "101.001"}, D.TRIGGER_PRICE_PRECISION),
        ({"price": None, "trigger_price": "0"}, D.TRIGGER_PRICE_NOT_POSITIVE),
        ({"price": "100.123", "trigger_price": "0"}, D.PRICE_PRECISION),
        ({"quantity": "0.000001"}, None),
        ({"quantity": "0.0000001"}, D.QUANTITY_PRECISION),
        ({"instrument_id": InstrumentId("NO/SUCH.SIM")}, D.INSTRUMENT_NOT_FOUND),
    ],
)
def test_terms_of_an_order_are_judged(
    floor: "Floor", order: dict[str, Any], code: DenialCode | None
) -> None:
    floor.cash(USDT="1000")

    assert floor.submit(floor.order(**order)) is code


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        ("0.099999", D.QUANTITY_BELOW_MINIMUM),
        ("0.1", None),
        ("2", None),
        ("2.000001", D.QUANTITY_EXCEEDS_MAXIMUM),
    ],
)
def test_quantity_bounds_are_inclusive(
    floor: "Floor", quantity: str, code: DenialCode | None
) -> None:
    floor.cash(USDT="1000")
    floor.cache.add_instrument(floor.spot(min_quantity=Quantity("0.1"), max_quantity=Quantity("2")))

    assert floor.submit(floor.order(quantity=quantity)) is code


@pytest.mark.parametrize(("after_ns", "code"), [(0, D.EXPIRE_TIME_IN_PAST), (1, None)])
def test_gtd_must_expire_after_now(floor: "Floor", after_ns: int, code: DenialCode | None) -> None:
    floor.cash(USDT="1000")
    order = floor.order(expire_time_ns=floor.clock.now_ns + after_ns)

    assert floor.submit(order) is code


# --- notional --------------------------------------------------------------------------------------


def accounts(floor: "Floor", kind: str) -> None:
    if kind == "cash":
        floor.cash(USDT="1000000")
    else:
        floor.margin(USDT="1000000")


@pytest.mark.parametrize("kind", ["cash", "margin"])
@pytest.mark.parametrize(
    ("quantity", "code"), [("5", None), ("5.000001", D.NOTIONAL_EXCEEDS_MAX_PER_ORDER)]
)
def test_configured_notional_per_order_is_inclusive_for_every_account(
    floor: "Floor", kind: str, quantity: str, code: DenialCode | None
) -> None:
    accounts(floor, kind)
    floor.engine(max_notional_per_order={"BTC/USDT.SIM": Decimal(500)})

    assert floor.submit(floor.order(quantity=quantity)) is code


@pytest.mark.parametrize("kind", ["cash", "margin"])
@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        ("0.099999", D.NOTIONAL_BELOW_MINIMUM),
        ("0.1", None),
        ("20", None),
        ("20.000001", D.NOTIONAL_EXCEEDS_MAXIMUM),
    ],
)
def test_notional_bounds_of_the_instrument_are_inclusive_for_every_account(
    floor: "Floor", kind: str, quantity: str, code: DenialCode | None
) -> None:
    accounts(floor, kind)
    floor.cache.add_instrument(
        floor.spot(min_notional=Money("10", USDT), max_notional=Money("2000", USDT))
    )

    assert floor.submit(floor.order(quantity=quantity)) is code


@pytest.mark.parametrize(
    ("price", "trigger_price", "notional"),
    [
        ("90.00", None, "90"),
        (None, "110.00", "110"),
        ("90.00", "110.00", "90"),
        (None, None, "102"),
    ],
)
def test_order_is_valued_at_limit_else_trigger_else_market(
    floor: "Floor", price: str | None, trigger_price: str | None, notional: str
) -> None:
    floor.cash(USDT="1000")
    floor.quote("98.00", "102.00")
    floor.engine(max_notional_per_order={"BTC/USDT.SIM": Decimal(1)})

    floor.submit(floor.order(price=price, trigger_price=trigger_price))

    assert floor.detail == f"notional={notional}, max=1, currency=USDT"


def test_market_order_without_quote_is_valued_at_the_last_trade(floor: "Floor") -> None:
    floor.cash(USDT="100")
    floor.trade("101.00")

    assert floor.submit(floor.order(price=None)) is D.NOTIONAL_EXCEEDS_FREE_BALANCE


def test_market_order_that_nothing_values_passes_with_a_warning(floor: "Floor") -> None:
    floor.cash(USDT="1")

    assert floor.submit(floor.order(price=None)) is None
    assert [record.level.name for record in floor.logged] == ["WARNING"]


# --- balance: cash ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "code"), [("10", None), ("10.000001", D.NOTIONAL_EXCEEDS_FREE_BALANCE)]
)
def test_cash_buy_may_use_exactly_what_is_free(
    floor: "Floor", quantity: str, code: DenialCode | None
) -> None:
    floor.cash(USDT="1000")

    assert floor.submit(floor.order(quantity=quantity)) is code


def test_cash_buy_without_any_balance_of_the_currency_is_denied(floor: "Floor") -> None:
    floor.cash(BTC="5")

    assert floor.submit(floor.order()) is D.NOTIONAL_EXCEEDS_FREE_BALANCE
    assert floor.detail == "required=100, available=0, currency=USDT"


@pytest.mark.parametrize(
    ("quantity", "code"), [("5", None), ("5.000001", D.NOTIONAL_EXCEEDS_FREE_BALANCE)]
)
def test_cash_sell_may_use_exactly_what_is_free_of_the_base(
    floor: "Floor", quantity: str, code: DenialCode | None
) -> None:
    floor.cash(BTC="5")

    assert floor.submit(floor.order(SELL, quantity)) is code


def test_two_buys_of_one_handler_share_one_balance(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    first, second = floor.order(quantity="6"), floor.order(quantity="6")
    for order in (first, second):
        floor.cache.add_order(order)

    floor.in_one_turn(lambda: floor.submit_command(first), lambda: floor.submit_command(second))

    assert [command.order for command in floor.passed] == [first.init]
    assert floor.denials[0].code is D.NOTIONAL_EXCEEDS_FREE_BALANCE
    assert floor.detail == "required=600, available=400, currency=USDT"


def test_order_on_the_wire_counts_before_its_account_locks_for_it(floor: "Floor") -> None:
    account = floor.cash(USDT="1000")
    first = floor.order(quantity="6")
    floor.submit(first)
    assert account.free_raw("USDT") == 1000 * 10**16  # submitted: nothing is locked yet

    assert floor.submit(floor.order(quantity="6")) is D.NOTIONAL_EXCEEDS_FREE_BALANCE
    assert floor.submit(floor.order(quantity="4")) is None


def test_accepted_order_is_counted_once_not_twice(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    first = floor.order(quantity="6")
    floor.submit(first)
    floor.accept(first)

    assert floor.submit(floor.order(quantity="4")) is None


def test_working_market_order_counts_though_no_account_locks_for_it(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    floor.quote("100.00", "100.00")
    first = floor.order(price=None, quantity="6")
    floor.submit(first)
    floor.accept(first)

    assert floor.submit(floor.order(quantity="6")) is D.NOTIONAL_EXCEEDS_FREE_BALANCE


def test_balance_of_a_canceled_order_is_free_again(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    first = floor.order(quantity="6")
    floor.submit(first)
    floor.accept(first)
    floor.cancel(first)

    assert floor.submit(floor.order(quantity="10")) is None


@pytest.mark.parametrize(
    ("quantity", "code"), [("2", None), ("3", D.NOTIONAL_EXCEEDS_FREE_BALANCE)]
)
def test_sell_beside_a_working_sell_may_use_the_rest_of_the_position(
    floor: "Floor", quantity: str, code: DenialCode | None
) -> None:
    floor.cash(USDT="1000")
    floor.hold(BUY, "5")
    floor.working(SELL, "3")

    assert floor.submit(floor.order(SELL, quantity)) is code


def test_sell_beyond_the_position_is_checked_against_what_is_free(floor: "Floor") -> None:
    floor.cash(USDT="1000", BTC="1")
    floor.hold(BUY, "5")
    floor.working(SELL, "3")

    assert floor.submit(floor.order(SELL, "3")) is None


def test_sell_that_reduces_is_exempt_even_when_the_coins_are_gone(floor: "Floor") -> None:
    account = floor.cash(USDT="1000")
    floor.hold(BUY, "5")
    account.set_total(floor.spot().base_currency, 0)  # withdrawn at the venue
    account.settle()

    assert floor.submit(floor.order(SELL, "5")) is None
    assert floor.submit(floor.order(SELL, "1")) is D.NOTIONAL_EXCEEDS_FREE_BALANCE


# --- balance: margin -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "code"), [("100", None), ("100.001", D.MARGIN_EXCEEDS_FREE_BALANCE)]
)
@pytest.mark.parametrize("side", [BUY, SELL])
def test_margin_order_may_use_exactly_what_is_free(
    floor: "Floor", side: OrderSide, quantity: str, code: DenialCode | None
) -> None:
    floor.margin(leverage=10, USDT="100")  # 100 x 100.00 at 10 % and leverage 10

    assert floor.submit(floor.order(side, quantity, instrument_id=PERP)) is code


def test_margin_of_an_inverse_contract_is_asked_in_base(floor: "Floor") -> None:
    floor.margin(leverage=1, BTC="1")
    order = {"price": "100.0", "instrument_id": INVERSE}

    assert floor.submit(floor.order(quantity="1000", **order)) is None
    assert floor.submit(floor.order(quantity="1", **order)) is D.MARGIN_EXCEEDS_FREE_BALANCE
    assert floor.detail == "required=0.001, available=0, currency=BTC"


@pytest.mark.parametrize(
    ("quantity", "code"), [("50", None), ("50.001", D.MARGIN_EXCEEDS_FREE_BALANCE)]
)
def test_margin_order_that_only_reduces_needs_nothing(
    floor: "Floor", quantity: str, code: DenialCode | None
) -> None:
    floor.margin(leverage=1, USDT="250")
    floor.hold(BUY, "50", instrument_id=PERP)  # maintenance takes 250: nothing is free

    assert floor.submit(floor.order(SELL, quantity, instrument_id=PERP)) is code


def test_margin_order_that_flips_needs_margin_for_the_excess_only(floor: "Floor") -> None:
    floor.margin(leverage=1, USDT="260")
    floor.hold(BUY, "50", instrument_id=PERP)  # 10 free

    assert floor.submit(floor.order(SELL, "51.001", instrument_id=PERP)) is not None
    assert floor.submit(floor.order(SELL, "51", instrument_id=PERP)) is None


# --- reduce-only -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "quantity", "code"),
    [
        (SELL, "5", None),
        (SELL, "6", D.REDUCE_ONLY_WOULD_INCREASE_POSITION),
        (BUY, "1", D.REDUCE_ONLY_WOULD_INCREASE_POSITION),
    ],
)
def test_reduce_only_must_fit_into_the_position_it_faces(
    floor: "Floor", side: OrderSide, quantity: str, code: DenialCode | None
) -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    order = floor.order(side, quantity, instrument_id=PERP, reduce_only=True)

    assert floor.submit(order) is code


@pytest.mark.parametrize("holder", [None, "OTHER-009"])
def test_reduce_only_without_a_position_of_its_strategy_is_denied(
    floor: "Floor", holder: str | None
) -> None:
    floor.margin(USDT="1000")
    if holder is not None:
        floor.hold(BUY, "5", instrument_id=PERP, strategy=holder)
    order = floor.order(SELL, "1", instrument_id=PERP, reduce_only=True)

    assert floor.submit(order) is D.POSITION_NOT_FOUND
    assert floor.detail == "instrument_id=BTCUSDT-PERP.SIM, strategy_id=MAKER-001"


def test_reduce_only_on_a_closed_position_is_denied(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    floor.hold(SELL, "5", instrument_id=PERP)
    order = floor.order(SELL, "1", instrument_id=PERP, reduce_only=True)

    assert floor.submit(order) is D.POSITION_NOT_FOUND


# --- trading state ---------------------------------------------------------------------------------


def test_trading_state_change_is_a_fact_and_published(floor: "Floor") -> None:
    floor.bus.send(topics.RISK_EXECUTE, SetTradingState("c", None, 0, TradingState.HALTED))

    expected = TradingStateChanged(TradingState.HALTED, floor.clock.now_ns)
    assert floor.states == [expected] and floor.ctx.facts == [expected]
    assert floor.risk.trading_state is TradingState.HALTED


def test_trading_state_set_to_what_it_is_only_warns(floor: "Floor") -> None:
    floor.risk.set_trading_state(TradingState.ACTIVE)

    assert floor.states == [] and floor.ctx.facts == []
    assert [record.level.name for record in floor.logged] == ["WARNING"]


def test_halted_lets_neither_submit_nor_modify_through(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    standing = floor.working(SELL, "2", instrument_id=PERP)
    floor.risk.set_trading_state(TradingState.HALTED)

    assert floor.submit(floor.order(instrument_id=PERP)) is D.TRADING_HALTED
    reducing = floor.order(SELL, "1", instrument_id=PERP, reduce_only=True)
    assert floor.submit(reducing) is D.TRADING_HALTED
    for change in ({"quantity": "1"}, {"quantity": "3"}, {"price": "99.00"}):
        assert floor.modify(standing, **change) is D.TRADING_HALTED


# the state that lets reducing through, by either road, and the code of its denials
LIMITED = [
    (TradingState.REDUCING, {}, D.TRADING_STATE_REDUCING),
    (TradingState.HALTED, {"halted_allows_reduce_only": True}, D.TRADING_HALTED),
]


@pytest.mark.parametrize(("state", "config", "code"), LIMITED)
@pytest.mark.parametrize(
    ("held", "works", "side", "quantity", "passes"),
    [
        (None, None, BUY, "1", False),  # from flat nothing opens
        (None, None, SELL, "1", False),
        ((BUY, "5"), None, BUY, "1", False),
        ((BUY, "5"), None, SELL, "5", True),
        ((BUY, "5"), None, SELL, "5.001", False),  # would flip
        ((SELL, "5"), None, SELL, "1", False),
        ((SELL, "5"), None, BUY, "5", True),
        ((SELL, "5"), None, BUY, "5.001", False),
        ((BUY, "5"), (SELL, "3"), SELL, "2", True),
        ((BUY, "5"), (SELL, "3"), SELL, "2.001", False),  # beside what already works
        ((BUY, "5"), (BUY, "3"), SELL, "5", True),
        ((BUY, "5"), (BUY, "3"), SELL, "5.001", False),  # a working BUY may never fill
        (None, (BUY, "3"), SELL, "1", False),
    ],
)
def test_reducing_lets_through_only_what_cannot_grow_exposure(
    floor: "Floor",
    state: TradingState,
    config: dict[str, Any],
    code: DenialCode,
    held: tuple[OrderSide, str] | None,
    works: tuple[OrderSide, str] | None,
    side: OrderSide,
    quantity: str,
    passes: bool,
) -> None:
    floor.engine(**config)
    floor.margin(USDT="1000")
    if held is not None:
        floor.hold(*held, instrument_id=PERP)
    if works is not None:
        floor.working(*works, instrument_id=PERP)
    floor.risk.set_trading_state(state)

    outcome = floor.submit(floor.order(side, quantity, instrument_id=PERP))

    assert outcome is (None if passes else code)


def test_reducing_denial_says_what_it_compared(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    floor.working(SELL, "3", instrument_id=PERP)
    floor.risk.set_trading_state(TradingState.REDUCING)
    floor.submit(floor.order(SELL, "2.5", instrument_id=PERP))

    assert floor.detail == "state=REDUCING, side=SELL, leaves=2.5, net=5, working=3"


def test_reducing_nets_the_account_over_its_strategies(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    floor.hold(SELL, "4", instrument_id=PERP, strategy="OTHER-009")
    floor.risk.set_trading_state(TradingState.REDUCING)

    assert floor.submit(floor.order(SELL, "2", instrument_id=PERP)) is D.TRADING_STATE_REDUCING
    assert floor.submit(floor.order(SELL, "1", instrument_id=PERP)) is None


def test_two_reducing_orders_of_one_handler_share_one_position(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    floor.risk.set_trading_state(TradingState.REDUCING)
    first = floor.order(SELL, "3", instrument_id=PERP)
    second = floor.order(SELL, "3", instrument_id=PERP)
    for order in (first, second):
        floor.cache.add_order(order)

    floor.in_one_turn(lambda: floor.submit_command(first), lambda: floor.submit_command(second))

    assert [command.order for command in floor.passed] == [first.init]
    assert floor.denials[0].code is D.TRADING_STATE_REDUCING


def test_reduce_only_exit_is_possible_while_another_exit_still_stands(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    floor.working(SELL, "5", instrument_id=PERP, reduce_only=True)
    floor.risk.set_trading_state(TradingState.REDUCING)
    floor.quote("99.00", "101.00", instrument_id=PERP)

    exit_now = floor.order(SELL, "5", None, instrument_id=PERP, reduce_only=True)
    assert floor.submit(exit_now) is None
    assert floor.submit(floor.order(SELL, "5", instrument_id=PERP)) is D.TRADING_STATE_REDUCING


@pytest.mark.parametrize(("state", "config", "code"), LIMITED)
@pytest.mark.parametrize(
    ("side", "change", "passes"),
    [
        (BUY, {"quantity": "1"}, True),
        (BUY, {"quantity": "3"}, False),
        (BUY, {"price": "99.00"}, True),
        (SELL, {"quantity": "1"}, True),
        (SELL, {"quantity": "5"}, True),
        (SELL, {"quantity": "5.001"}, False),
    ],
)
def test_reducing_lets_modifies_shrink_and_grow_only_within_the_position(
    floor: "Floor",
    state: TradingState,
    config: dict[str, Any],
    code: DenialCode,
    side: OrderSide,
    change: dict[str, str],
    passes: bool,
) -> None:
    floor.engine(**config)
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    standing = floor.working(side, "2", instrument_id=PERP)
    floor.risk.set_trading_state(state)

    assert floor.modify(standing, **change) is (None if passes else code)


def test_modify_on_the_wire_counts_at_its_new_size(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    standing = floor.working(SELL, "1", instrument_id=PERP)
    floor.risk.set_trading_state(TradingState.REDUCING)
    assert floor.modify(standing, "4") is None

    assert floor.submit(floor.order(SELL, "2", instrument_id=PERP)) is D.TRADING_STATE_REDUCING

    floor.reject_modify(standing, floor.passed[-1].command_id)
    assert floor.submit(floor.order(SELL, "4", instrument_id=PERP)) is None


# --- rate ------------------------------------------------------------------------------------------


def test_submits_beyond_the_rate_are_denied_until_the_window_slides(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    floor.engine(max_order_submit_rate="3/00:00:01")
    outcomes = [floor.submit(floor.order()) for _ in range(4)]
    assert outcomes == [None, None, None, D.RATE_LIMIT_EXCEEDED]
    assert floor.detail == "rate=3/00:00:01"

    floor.next_turn(999_999_999)
    assert floor.submit(floor.order()) is D.RATE_LIMIT_EXCEEDED
    floor.next_turn(1)
    assert floor.submit(floor.order()) is None


def test_default_rate_is_a_hundred_in_a_second(floor: "Floor") -> None:
    floor.cash(USDT="1000000")
    outcomes = [floor.submit(floor.order()) for _ in range(101)]

    assert outcomes == [None] * 100 + [D.RATE_LIMIT_EXCEEDED]


def test_denied_submits_do_not_use_up_the_rate(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    floor.engine(max_order_submit_rate="1/00:00:01")
    for _ in range(5):
        assert floor.submit(floor.order(price="0")) is D.PRICE_NOT_POSITIVE

    assert floor.submit(floor.order()) is None


def test_modifies_have_a_rate_of_their_own(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    floor.engine(max_order_submit_rate="1/00:00:01", max_order_modify_rate="2/00:00:01")
    standing = floor.working(BUY, "1")
    floor.submit(floor.order())

    assert [floor.modify(standing, str(n)) for n in (2, 3, 4)] == [
        None,
        None,
        D.RATE_LIMIT_EXCEEDED,
    ]


# --- modify ----------------------------------------------------------------------------------------


def test_sound_modify_goes_on_to_the_execution_engine(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "1")

    assert floor.modify(standing, "2", "101.00") is None
    assert floor.passed[0].client_order_id == standing.client_order_id


def test_modify_of_a_closed_order_is_denied(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "1")
    floor.cancel(standing)

    assert floor.modify(standing, "2") is D.ORDER_CLOSED
    assert floor.detail == "status=CANCELED"


def test_modify_of_an_order_being_canceled_is_denied(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "1")
    pending = OrderPendingCancel(*floor.head(standing), AccountId("SIM-001"), "r-1")
    floor.apply(standing, pending)

    assert floor.modify(standing, "2") is D.ORDER_PENDING_CANCEL


def test_modify_of_an_order_that_was_denied_in_the_same_handler_is_denied(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    order = floor.order(price="0")
    floor.cache.add_order(order)

    floor.in_one_turn(lambda: floor.submit_command(order), lambda: floor.modify_command(order, "2"))

    assert [d.code for d in floor.denials] == [D.PRICE_NOT_POSITIVE, D.INVALID_MODIFICATION]
    assert floor.detail == "status=INITIALIZED"


def test_submit_then_modify_in_one_handler_both_pass(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    order = floor.order()
    floor.cache.add_order(order)

    floor.in_one_turn(lambda: floor.submit_command(order), lambda: floor.modify_command(order, "2"))

    assert len(floor.passed) == 2 and floor.denials == []
    assert order.status is OrderStatus.PENDING_UPDATE


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, D.NOTHING_TO_MODIFY),
        ({"quantity": "2", "price": "100.00"}, D.NOTHING_TO_MODIFY),
        ({"quantity": "0"}, D.INVALID_MODIFICATION),
        ({"trigger_price": "99.00"}, D.INVALID_MODIFICATION),
        ({"price": "100.123"}, D.PRICE_PRECISION),
        ({"price": "0"}, D.PRICE_NOT_POSITIVE),
        ({"quantity": "2.0000001"}, D.QUANTITY_PRECISION),
        ({"price": "100.01"}, None),
        ({"quantity": "2.5"}, None),
    ],
)
def test_terms_of_a_modify_are_judged(
    floor: "Floor", change: dict[str, str], code: DenialCode | None
) -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "2")

    assert floor.modify(standing, **change) is code


@pytest.mark.parametrize(
    ("kind", "change", "code"),
    [
        ({"price": None, "trigger_price": "101.00"}, {"price": "1.00"}, D.INVALID_MODIFICATION),
        ({"price": None, "trigger_price": "101.00"}, {"trigger_price": "102.00"}, None),
        ({"trigger_price": "101.00"}, {"trigger_price": "0"}, D.TRIGGER_PRICE_NOT_POSITIVE),
        ({"trigger_price": "101.00"}, {"trigger_price": "9.001"}, D.TRIGGER_PRICE_PRECISION),
    ],
)
def test_stop_orders_are_modified_in_the_fields_they_have(
    floor: "Floor", kind: dict[str, Any], change: dict[str, str], code: DenialCode | None
) -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "1", **kind)

    assert floor.modify(standing, **change) is code


def test_modify_below_what_is_filled_is_denied(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "4")
    _fill_part(floor, standing, "3")

    assert floor.modify(standing, "2.999999") is D.INVALID_MODIFICATION
    assert floor.detail == "quantity=2.999999, filled=3"
    assert floor.modify(standing, "3.5") is None


def _fill_part(floor: "Floor", order: Order, quantity: str) -> None:
    fill = OrderFilled(
        *floor.head(order),
        AccountId("SIM-001"),
        VenueOrderId(f"V-{order.client_order_id}"),
        TradeId("T-part"),
        PositionId("P-1"),
        order.side,
        order.order_type,
        Quantity(quantity),
        order.price,
        Money.zero(USDT),
        LiquiditySide.MAKER,
    )
    floor.apply(order, fill)


def test_asking_for_the_present_values_takes_back_a_modify_on_the_wire(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "2")
    floor.modify(standing, "3")

    assert floor.modify(standing, "2") is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quantity": "10"}, None),  # its own lock counts as free for it
        ({"quantity": "10.000001"}, D.NOTIONAL_EXCEEDS_FREE_BALANCE),
        ({"quantity": "1000000"}, D.NOTIONAL_EXCEEDS_FREE_BALANCE),
        ({"price": "166.66"}, None),
        ({"price": "166.67"}, D.NOTIONAL_EXCEEDS_FREE_BALANCE),
    ],
)
def test_modify_needs_the_balance_for_what_it_grows_to(
    floor: "Floor", change: dict[str, str], code: DenialCode | None
) -> None:
    floor.cash(USDT="1000")
    standing = floor.working(BUY, "6")

    assert floor.modify(standing, **change) is code


def test_modify_on_the_wire_counts_against_the_balance_of_others(floor: "Floor") -> None:
    floor.cash(USDT="1000")
    first = floor.working(BUY, "2")
    assert floor.modify(first, "6") is None

    assert floor.submit(floor.order(quantity="5")) is D.NOTIONAL_EXCEEDS_FREE_BALANCE
    assert floor.detail == "required=500, available=400, currency=USDT"

    floor.update(first, "6", floor.passed[-1].command_id)
    assert floor.submit(floor.order(quantity="4")) is None


def test_modify_is_held_to_the_notional_limits(floor: "Floor") -> None:
    floor.cash(USDT="100000")
    floor.engine(max_notional_per_order={"BTC/USDT.SIM": Decimal(500)})
    standing = floor.working(BUY, "1")

    assert floor.modify(standing, "5.000001") is D.NOTIONAL_EXCEEDS_MAX_PER_ORDER
    assert floor.modify(standing, price="500.01") is D.NOTIONAL_EXCEEDS_MAX_PER_ORDER
    assert floor.modify(standing, "5") is None


def test_reduce_only_modify_must_still_fit_into_the_position(floor: "Floor") -> None:
    floor.margin(USDT="1000")
    floor.hold(BUY, "5", instrument_id=PERP)
    standing = floor.working(SELL, "2", instrument_id=PERP, reduce_only=True)

    assert floor.modify(standing, "6") is D.REDUCE_ONLY_WOULD_INCREASE_POSITION
    assert floor.modify(standing, "5") is None


# --- the order of the checks -----------------------------------------------------------------------

# One fault per check, in the order in which they are judged. Each pair of neighbours, and every
# other pair, must be denied for the earlier one.
FAULTS: list[tuple[DenialCode, dict[str, Any]]] = [
    (D.NOT_RUNNING, {"barred": True}),
    (D.POSITION_NOT_FOUND, {"reduce_only": True}),
    (D.INSTRUMENT_NOT_FOUND, {"instrument": None}),
    (D.PRICE_NOT_POSITIVE, {"price": "0"}),
    (D.TRIGGER_PRICE_NOT_POSITIVE, {"trigger_price": "0"}),
    (D.QUANTITY_EXCEEDS_MAXIMUM, {"quantity": "50"}),
    (D.EXPIRE_TIME_IN_PAST, {"expire": True}),
    (D.ACCOUNT_NOT_FOUND, {"account": None}),
    (D.NOTIONAL_EXCEEDS_MAX_PER_ORDER, {"max_notional": Decimal("0.01")}),
    (D.NOTIONAL_BELOW_MINIMUM, {"min_notional": "1000000"}),
    (D.NOTIONAL_EXCEEDS_FREE_BALANCE, {"account": "poor"}),
    (D.TRADING_HALTED, {"halted": True}),
    (D.RATE_LIMIT_EXCEEDED, {"used_up": True}),
]


@pytest.mark.parametrize("second", range(len(FAULTS)))
@pytest.mark.parametrize("first", range(len(FAULTS)))
def test_order_with_two_faults_is_denied_for_the_earlier_check(
    floor: "Floor", first: int, second: int
) -> None:
    if first > second:
        first, second = second, first
    faults = {**FAULTS[second][1], **FAULTS[first][1]}
    account = faults.get("account", "rich")
    if account is not None:
        floor.cash(USDT="1000000")
    limits = {"BTC/USDT.SIM": faults["max_notional"]} if "max_notional" in faults else {}
    floor.engine(max_order_submit_rate="1/00:00:01", max_notional_per_order=limits)
    if "used_up" in faults:  # without an account it cannot be, and need not
        other = floor.order(instrument_id=PERP)
        if floor.submit(other) is None:
            floor.cancel(other)
    if account == "poor":
        cached = floor.cache.accounts()[0]
        cached.set_total(USDT, 10**16)
        cached.settle()
    instrument: CurrencyPair = floor.spot(
        max_quantity=Quantity("10"),
        min_notional=Money(faults["min_notional"], USDT) if "min_notional" in faults else None,
    )
    floor.cache.add_instrument(instrument)
    if "halted" in faults:
        floor.risk.set_trading_state(TradingState.HALTED)
    if "barred" in faults:
        floor.barred = D.NOT_RUNNING
    order = floor.order(
        quantity=faults.get("quantity", "1"),
        price=faults.get("price", "100.00"),
        trigger_price=faults.get("trigger_price", "101.00"),
        expire_time_ns=1 if "expire" in faults else 0,
        reduce_only="reduce_only" in faults,
        instrument_id=InstrumentId("NO/SUCH.SIM") if "instrument" in faults else SPOT,
    )

    assert floor.submit(order) is FAULTS[first][0]
