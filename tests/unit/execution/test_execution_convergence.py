"""Whatever order and however often the reports of one order arrive, belief ends as the truth."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model.commands import QueryOrder
from engine.model.enums import AnswerStatus, OrderStatus
from engine.model.identifiers import PositionId

SECOND = 1_000_000_000


@st.composite
def deliveries(draw):
    """(fill sizes in thousandths, whether the order is canceled, indexes of reports in the order
    they arrive: each at least once, some again)."""
    sizes = draw(st.lists(st.integers(1, 400), min_size=0, max_size=4))
    total = sum(sizes)
    if total > 1000:
        sizes, total = [1000], 1000
    canceled = total < 1000 and draw(st.booleans())
    count = 1 + len(sizes) + canceled
    again = draw(st.lists(st.integers(0, count - 1), max_size=4))
    arrivals = draw(st.permutations([*range(count), *again]))
    return sizes, canceled, arrivals


def true_status(sizes, canceled):
    if sum(sizes) == 1000:
        return OrderStatus.FILLED
    if canceled:
        return OrderStatus.CANCELED
    return OrderStatus.PARTIALLY_FILLED if sizes else OrderStatus.ACCEPTED


@pytest.fixture
def fresh(make_rig):
    def make():
        rig = make_rig()
        rig.connect()
        return rig

    return make


def history(rig, order, sizes, canceled):
    """The venue's reports in the order they happened, its final picture and all its fills."""
    fills = [
        rig.fill(order, f"{Decimal(size) / 1000:.3f}", trade_id=f"T-{n}", ts_event=rig.now + n)
        for n, size in enumerate(sizes)
    ]
    filled = f"{Decimal(sum(sizes)) / 1000:.3f}"
    reports = [rig.accept(order), *fills]
    if canceled:
        reports.append(rig.cancel(order, filled))
    picture = rig.picture(
        order, true_status(sizes, canceled), filled=filled, ts_event=rig.now + len(sizes)
    )
    return reports, picture, fills


def assert_true(rig, order, sizes, canceled):
    filled = Decimal(sum(sizes)) / 1000
    assert order.status is true_status(sizes, canceled)
    assert order.filled_qty.as_decimal() == filled
    assert len(order.trade_ids) == len(sizes)
    position = rig.cache.position(PositionId("BTC/USDT.SIM-SIM-001-MM-001"))
    assert (position.signed_qty if position else 0) == filled
    balances = rig.cache.account(rig.account_id).balances
    assert balances["BTC"].total.as_decimal() == 10 + filled
    assert balances["USDT"].total.as_decimal() == 100_000 - 100 * filled
    leaves = 0 if order.is_closed else 1 - filled
    assert balances["USDT"].locked.as_decimal() == 100 * leaves
    assert rig.cache.orders_unresolved() == []
    assert rig.cache.check_integrity() == []
    assert "OVERFILL" not in rig.alerts()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(deliveries())
def test_any_arrival_of_live_reports_converges_to_the_truth(fresh, case):
    sizes, canceled, arrivals = case
    rig = fresh()
    order = rig.submitted()
    reports, picture, fills = history(rig, order, sizes, canceled)
    for index in arrivals:
        rig.report(reports[index])
    rig.advance(10 * SECOND)
    for query in rig.sent(QueryOrder):
        rig.answer_order(picture, *fills, query=query)
    assert_true(rig, order, sizes, canceled)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(deliveries(), st.integers(0, 8), st.integers(0, 3))
def test_reports_lost_with_the_connection_are_made_good_by_the_pass(fresh, case, heard, failures):
    sizes, canceled, arrivals = case
    rig = fresh()
    order = rig.submitted()
    reports, picture, fills = history(rig, order, sizes, canceled)
    for index in arrivals[:heard]:
        rig.report(reports[index])
    rig.disconnect()
    rig.advance(SECOND)
    rig.client.sent.clear()
    rig.begin_pass()
    for _ in range(failures):
        rig.answer_fills(status=AnswerStatus.FAILED)
        rig.advance(10 * SECOND)
    rig.answer_fills(*fills)
    rig.answer_open_orders(*([picture] if not (canceled or sum(sizes) == 1000) else []))
    rig.answer_account()
    for query in rig.sent(QueryOrder):
        rig.answer_order(picture, *fills, query=query)
    assert len(rig.reconciled) == 2
    assert_true(rig, order, sizes, canceled)
