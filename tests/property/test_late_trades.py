"""An account's profit is the venue's, whatever order its fills arrive in."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.cost import AccountNet, CostBasis, Valuation
from engine.model.currencies import BTC, USDT
from engine.model.identifiers import InstrumentId
from engine.model.instruments import CryptoPerpetual
from engine.model.values import Price, Quantity


def perpetual(is_inverse: bool) -> CryptoPerpetual:
    return CryptoPerpetual(
        id=InstrumentId("BTCUSDT-PERP.SIM"),
        base_currency=BTC,
        quote_currency=USDT,
        settlement_currency=BTC if is_inverse else USDT,
        is_inverse=is_inverse,
        price_increment=Price("0.1"),
        size_increment=Quantity("1") if is_inverse else Quantity("0.001"),
    )


TRADES = st.lists(
    st.tuples(
        st.integers(1, 40),
        st.sampled_from((-1, 1)),
        st.integers(900, 1100),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(TRADES, st.booleans(), st.randoms(use_true_random=False))
def test_profit_in_any_order_of_arrival_equals_profit_in_the_venues_order(
    trades: list[tuple[int, int, int]], is_inverse: bool, shuffler: object
) -> None:
    valuation = Valuation(perpetual(is_inverse))
    stamped = [
        (at, sign * size * 10**16, price * 10**15) for at, (size, sign, price) in enumerate(trades)
    ]
    in_order = CostBasis(valuation)
    booked_in_order = sum(in_order.trade(change, price) for _, change, price in stamped)
    arriving = list(stamped)
    shuffler.shuffle(arriving)  # type: ignore[attr-defined]
    net = AccountNet(valuation)
    booked = sum(net.trade_at(at, change, price) for at, change, price in arriving)
    assert (net.signed_raw, net.cost, net.earned) == (
        in_order.signed_raw,
        in_order.cost,
        in_order.earned,
    )
    assert booked == booked_in_order == net.booked_raw


@settings(max_examples=100, deadline=None)
@given(TRADES, st.randoms(use_true_random=False))
def test_trades_of_one_instant_go_by_their_numbers_whatever_order_they_arrive_in(
    trades: list[tuple[int, int, int]], shuffler: object
) -> None:
    valuation = Valuation(perpetual(False))
    stamped = [
        (7, sign * size * 10**16, price * 10**15, f"SIM-T{number}")
        for number, (size, sign, price) in enumerate(trades)
    ]
    in_order = CostBasis(valuation)
    for _, change, price, _ in stamped:
        in_order.trade(change, price)
    arriving = list(stamped)
    shuffler.shuffle(arriving)  # type: ignore[attr-defined]
    net = AccountNet(valuation)
    for trade in arriving:
        net.trade_at(*trade)
    assert (net.cost, net.earned) == (in_order.cost, in_order.earned)


def test_trades_of_one_instant_whose_ids_have_no_order_keep_that_of_arrival() -> None:
    net = AccountNet(Valuation(perpetual(False)))
    net.trade_at(7, 10**16, 10**18, "b-9")
    net.trade_at(7, -2 * 10**16, 2 * 10**18, "a-1")
    assert net.earned == 10**34
    assert net.cost == 2 * 10**34


def test_a_late_trade_older_than_all_that_is_remembered_still_counts_once() -> None:
    net = AccountNet(Valuation(perpetual(False)))
    for at in range(1, 700):
        net.trade_at(at, 10**13 if at % 2 else -(10**13), 10**18 + at)
    held = net.signed_raw
    net.trade_at(0, 10**13, 10**18)
    assert net.signed_raw == held + 10**13
