"""The risk engine: what passes, what is denied and why, and that it is decided once, in order."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from engine import topics
from engine.model.commands import CancelOrder
from engine.model.currencies import USDT
from engine.model.enums import (
    BUY,
    DenialCode,
    OrderStatus,
    TradingState,
)
from engine.model.events import OrderDenied
from engine.model.identifiers import (
    InstrumentId,
)
from engine.model.instruments import CurrencyPair
from engine.model.values import Money, Quantity

if TYPE_CHECKING:
    from conftest import Floor

SPOT = InstrumentId("BTC/USDT.SIM")
PERP = InstrumentId("BTCUSDT-PERP.SIM")
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
