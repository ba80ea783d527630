from collections.abc import Callable
from itertools import pairwise

import pytest
from native_sea import (
    CLIENT,
    PAIR,
    PAIR_ID,
    START_NS,
    SYMBOL,
    K,
    Sea,
    Tamper,
    at,
)

from engine.clients import ExecutionClient
from engine.model.commands import (
    Command,
    Connect,
    Disconnect,
    QueryAccount,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    StartKernel,
)
from engine.model.data import F_LAST, F_SNAPSHOT, OrderBookDeltas, QuoteTick, TradeTick
from engine.model.enums import (
    AggressorSide,
    AnswerStatus,
    BookAction,
    DataKind,
    LiquiditySide,
    OrderStatus,
    RequestKind,
)
from engine.model.identifiers import (
    ClientOrderId,
)
from engine.model.reports import (
    AcceptedReport,
    AccountReport,
    CanceledReport,
    CancelRejectedReport,
    ClientConnected,
    ClientDisconnected,
    FillReport,
    FillsAnswer,
    InstrumentReceived,
    ModifyRejectedReport,
    OpenOrdersAnswer,
    OrderAnswer,
    OutcomeUnknown,
    RejectedReport,
    UpdatedReport,
)
from engine.model.values import Money
from simulation.client_requests import Pace
from simulation.client_session import MOVES, IllegalMove, SessionState, Trigger
from simulation.faults import MILLISECOND, SECOND, FaultKind
from simulation.stream import Connection
from simulation.venue import protocol as wire
from simulation.venue.enums import Side

# --- the session ------------------------------------------------------------------------------


def test_session_table_has_a_row_for_every_state_and_no_other_target() -> None:
    assert set(MOVES) == set(SessionState)
    for row in MOVES.values():
        assert Trigger.DISCONNECT in row
        assert set(row.values()) <= set(SessionState)


def test_session_told_the_impossible_raises_with_both() -> None:
    sea = Sea(connect=False)
    connection = sea.network.connect("SIM", sea.client.session)
    sea.client.session._connection = connection
    with pytest.raises(IllegalMove) as caught:
        sea.client.session.on_open(connection)
    assert (caught.value.state, caught.value.trigger) == (
        SessionState.DISCONNECTED,
        Trigger.OPENED,
    )


def test_client_is_an_execution_client() -> None:
    client = Sea(connect=False).client
    assert isinstance(client, ExecutionClient)
    assert client.absence_is_final
    assert client.request_lifetime_ns == 3 * SECOND


def test_connecting_tells_instruments_before_it_tells_connected() -> None:
    sea = Sea()
    assert sea.names() == ["InstrumentReceived", "ClientConnected"]
    received = sea.posted[0]
    assert isinstance(received, InstrumentReceived)
    instrument = received.instrument
    assert (instrument.id, instrument.price_increment) == (PAIR_ID, PAIR.price_increment)
    assert (instrument.maker_fee, instrument.taker_fee) == (PAIR.maker_fee, PAIR.taker_fee)
    assert (instrument.min_quantity, instrument.max_quantity) == (
        PAIR.min_quantity,
        PAIR.max_quantity,
    )
    assert sea.client.session.is_live
    assert sea.held_by_venue() == {"user": 1}


def test_connecting_twice_and_disconnecting_twice_is_once() -> None:
    sea = Sea()
    for make in (Connect, Disconnect, Disconnect):
        sea.send(lambda i, now, make=make: make(i, CLIENT, now))
        sea.sail(SECOND)
    assert sea.names() == ["InstrumentReceived", "ClientConnected", "ClientDisconnected"]
    assert sea.held_by_venue() == {}
    sea.send(lambda i, now: Connect(i, CLIENT, now))
    sea.sail(SECOND)
    assert sea.names()[3:] == ["ClientConnected"]


def test_quiet_connection_stays_up() -> None:
    sea = Sea()
    sea.sail(60 * SECOND)
    assert sea.client.session.connects == 1


@pytest.mark.parametrize(
    ("kind", "variant", "noticed_within_s"),
    [(K.RESET, 0, 1), (K.HALF_OPEN, 0, 7), (K.HALF_OPEN, 1, 1), (K.STALL, 1, 7), (K.STALL, 2, 8)],
)
def test_lost_connection_is_noticed_in_bounded_time_and_comes_back(
    kind: FaultKind, variant: int, noticed_within_s: int
) -> None:
    sea = Sea(at(5, kind, 20 * SECOND, variant))
    sea.subscribe(DataKind.QUOTES)
    sea.sail_to(5 + noticed_within_s)
    if (kind, variant) == (K.STALL, 2):  # we hear heartbeats: nothing is lost for us
        assert sea.of(ClientDisconnected) == []
        return
    assert len(sea.of(ClientDisconnected)) == 1
    sea.sail_to(30)
    assert len(sea.of(ClientConnected)) == 2
    sea.faults.heal()
    sea.sail(SECOND)
    assert sea.held_by_venue() == {"quotes": 1, "user": 1}
    assert len(sea.of(InstrumentReceived)) == 1


def test_refused_connects_are_tried_ever_more_slowly_up_to_the_maximum() -> None:
    sea = Sea(at(1, K.REFUSED, 10 * SECOND))
    sea.sail_to(1)
    dialled = []
    while sea.client.session.state is not SessionState.LIVE or not dialled:
        before = sea.client.session.connects
        sea.scheduler.step()
        if sea.client.session.connects > before:
            dialled.append(sea.scheduler.now_ns)
    pauses = [b - a for a, b in pairwise(dialled)]
    assert dialled[0] - (START_NS + SECOND) <= 250 * MILLISECOND
    for index, pause_ns in enumerate(pauses):
        full_ns = min(500 * MILLISECOND << index, 8 * SECOND)
        assert full_ns * 3 // 4 <= pause_ns <= full_ns + 10 * MILLISECOND
    assert len(pauses) == 5


def test_frames_of_a_superseded_connection_are_ignored() -> None:
    sea = Sea()
    session = sea.client.session
    old = session._connection
    assert isinstance(old, Connection)
    session.drop("test")
    sea.sail(SECOND)
    before = list(sea.posted)
    session.on_frame(old, b"\xc1")
    session.on_close(old, "reset")
    assert session.is_live
    assert sea.posted == before


@pytest.mark.parametrize("kind", [K.MALFORMED_FRAME, K.CUT_FRAME])
def test_unreadable_frame_drops_the_connection(kind: FaultKind) -> None:
    sea = Sea(at(5, kind))
    sea.sail_to(8)
    assert sea.names()[2:] == ["ClientDisconnected", "ClientConnected"]


def test_unknown_word_in_a_frame_drops_the_connection() -> None:
    sea = Sea()
    record = wire.OrderRecord(
        SYMBOL, "O-9", "V-9", "BUY", "LIMIT", "GTC", "ACCEPTED", 1, 0, 1, None, "", 1, 1
    )
    sea.front.peers[0].send(wire.encode(wire.OrderFrame(1, "VANISHED", record, None, False, 1)))
    sea.sail(SECOND)
    assert sea.names()[2:] == ["ClientDisconnected", "ClientConnected"]


def test_frame_of_an_unknown_symbol_is_skipped_and_counted() -> None:
    sea = Sea()
    record = wire.OrderRecord(
        "NO/SUCH", "O-9", "V-9", "BUY", "LIMIT", "GTC", "ACCEPTED", 1, 0, 1, None, "", 1, 1
    )
    sea.front.peers[0].send(wire.encode(wire.OrderFrame(1, "ACCEPTED", record, None, False, 1)))
    sea.sail(SECOND)
    assert sea.names() == ["InstrumentReceived", "ClientConnected"]
    assert sea.client.mapper.unknown_symbols == 1


def test_instruments_that_cannot_be_had_are_asked_for_again_on_a_new_connection() -> None:
    sea = Sea(at(0, K.REQUEST_LOST))
    assert sea.names() == []
    sea.sail(5 * SECOND)
    assert sea.names() == ["InstrumentReceived", "ClientConnected"]
    assert sea.client.session.connects == 2


def test_abandoned_client_says_nothing_more() -> None:
    sea = Sea()
    sea.submit()
    sea.cancel()
    before = list(sea.posted)
    sea.client.abandon()
    sea.sail(20 * SECOND)
    assert sea.posted == before
    assert sea.held_by_venue() == {}
    assert sea.client.requests_pending == 0


def test_command_that_is_no_clients_is_refused() -> None:
    with pytest.raises(TypeError, match="StartKernel"):
        Sea().send(lambda i, now: StartKernel(i, None, now))


# --- subscriptions and market data ------------------------------------------------------------


def test_subscriptions_are_made_once_each_and_again_after_a_reconnect() -> None:
    sea = Sea(at(5, K.RESET))
    for kind in (DataKind.QUOTES, DataKind.TRADES, DataKind.BOOK_DELTAS):
        sea.subscribe(kind)
        sea.subscribe(kind)
    sea.sail(SECOND)
    expected = {"book": 1, "quotes": 1, "trades": 1, "user": 1}
    assert sea.held_by_venue() == expected
    sea.sail_to(8)
    assert len(sea.of(ClientConnected)) == 2
    assert sea.held_by_venue() == expected


def test_what_is_wanted_before_connecting_is_subscribed_with_it() -> None:
    sea = Sea(connect=False)
    sea.subscribe(DataKind.QUOTES)
    sea.subscribe(DataKind.TRADES)
    sea.unsubscribe(DataKind.TRADES)
    sea.send(lambda i, now: Connect(i, CLIENT, now))
    sea.sail(SECOND)
    assert sea.held_by_venue() == {"quotes": 1, "user": 1}
    assert sea.client.subscriptions == (("quotes", SYMBOL),)


def test_unsubscribed_channel_is_silent_and_can_come_back() -> None:
    sea = Sea()
    sea.subscribe(DataKind.QUOTES)
    sea.sail(SECOND)
    sea.unsubscribe(DataKind.QUOTES)
    sea.unsubscribe(DataKind.QUOTES)
    count = len(sea.of(QuoteTick))
    sea.rest(Side.BUY, 999_950, 10)  # on its way while the venue hears of the end
    sea.sail(SECOND)
    sea.rest(Side.BUY, 999_960, 10)
    sea.sail(SECOND)
    assert len(sea.of(QuoteTick)) == count
    assert sea.held_by_venue() == {"user": 1}
    sea.subscribe(DataKind.QUOTES)
    sea.sail(SECOND)
    assert sea.held_by_venue() == {"quotes": 1, "user": 1}
    sea.rest(Side.BUY, 999_970, 10)
    sea.sail(SECOND)
    last = sea.of(QuoteTick)[-1]
    assert isinstance(last, QuoteTick)
    assert last.bid_mantissa == 999_970
    assert sea.client.session.missed == 0
    assert sea.client.session.connects == 1


def test_quotes_and_trades_are_mapped_with_the_instruments_precisions() -> None:
    sea = Sea()
    sea.subscribe(DataKind.QUOTES)
    sea.subscribe(DataKind.TRADES)
    sea.sail(SECOND)
    sea.rest(Side.BUY, 1_000_100, 7)  # takes from the seller
    sea.sail(SECOND)
    quote, trade = sea.of(QuoteTick)[-1], sea.of(TradeTick)[-1]
    assert isinstance(quote, QuoteTick)
    assert isinstance(trade, TradeTick)
    assert (str(quote.bid_price), str(quote.ask_price)) == ("9999.00", "10001.00")
    assert str(quote.ask_size) == "4.993"
    assert (str(trade.price), str(trade.size)) == ("10001.00", "0.007")
    assert trade.aggressor_side is AggressorSide.BUYER
    assert trade.ts_event < trade.ts_init


def test_gap_on_quotes_is_counted_and_goes_on() -> None:
    sea = Sea(at(5, K.GAP))
    sea.subscribe(DataKind.QUOTES)
    sea.sail_to(5)
    for price in range(999_910, 999_915):
        sea.rest(Side.BUY, price, 10)
    sea.sail(2 * SECOND)
    assert sea.client.session.missed == 1
    assert sea.client.session.connects == 1
    last = sea.of(QuoteTick)[-1]
    assert isinstance(last, QuoteTick)
    assert last.bid_mantissa == 999_914


def test_gap_on_the_user_channel_drops_the_connection() -> None:
    sea = Sea(at(5, K.GAP))
    sea.sail_to(5)
    sea.submit()
    sea.sail(3 * SECOND)
    told = [name for name in sea.names()[2:] if name != "AccountReport"]
    *raced, last = told  # the answer and the frame that shows the gap race
    assert sorted(raced) == ["AcceptedReport", "ClientDisconnected"]
    assert last == "ClientConnected"
    lost = sea.of(ClientDisconnected)[0]
    assert isinstance(lost, ClientDisconnected)
    assert lost.reason == "gap on the user channel"


# --- books ------------------------------------------------------------------------------------


def test_book_begins_with_a_picture_and_goes_on_with_changes() -> None:
    sea = Sea()
    sea.subscribe(DataKind.BOOK_DELTAS)
    sea.rest(Side.BUY, 999_800, 10)
    sea.sail(SECOND)
    sea.rest(Side.SELL, 1_000_200, 20)
    sea.rest(Side.BUY, 1_000_100, 5000)
    sea.sail(SECOND)
    groups = sea.of(OrderBookDeltas)
    first = groups[0]
    assert isinstance(first, OrderBookDeltas)
    assert first.deltas[0].action is BookAction.CLEAR
    assert all(delta.flags & F_SNAPSHOT for delta in first.deltas)
    for group in groups:
        assert isinstance(group, OrderBookDeltas)
        assert [bool(d.flags & F_LAST) for d in group.deltas] == [False] * (
            len(group.deltas) - 1
        ) + [True]
    sea.assert_book_is_true()


def test_gap_in_a_book_asks_for_a_new_picture() -> None:
    sea = Sea(at(5, K.GAP))
    sea.subscribe(DataKind.BOOK_DELTAS)
    sea.sail_to(5)
    for price in range(999_910, 999_920):
        sea.rest(Side.BUY, price, 10)
        sea.sail(3 * MILLISECOND)
    sea.sail(2 * SECOND)
    assert sea.front.names().count("DepthQuery") == 2
    assert sea.client.session.connects == 1
    sea.assert_book_is_true()


def test_stale_picture_is_asked_for_again_and_never_applied() -> None:
    sea = Sea((*at(5, K.GAP), *at(5, K.STALE_SNAPSHOT)), seed=2)
    sea.subscribe(DataKind.BOOK_DELTAS)
    for price in range(999_900, 999_910):
        sea.rest(Side.BUY, price, 10)
    sea.sail_to(5)
    for price in range(999_910, 999_914):
        sea.rest(Side.BUY, price, 10)
        sea.sail(MILLISECOND)
    sea.sail(2 * SECOND)
    assert sea.faults.fired_by_kind()["STALE_SNAPSHOT"] == 1
    assert sea.front.names().count("DepthQuery") == 3
    sequences = [
        group.deltas[0].sequence
        for group in sea.of(OrderBookDeltas)
        if isinstance(group, OrderBookDeltas)
    ]
    assert sequences == sorted(sequences)
    sea.assert_book_is_true()


def test_picture_older_than_the_book_before_a_reconnect_is_stale() -> None:
    sea = Sea((*at(5, K.RESET), *at(5, K.STALE_SNAPSHOT)))
    sea.subscribe(DataKind.BOOK_DELTAS)
    sea.sail(SECOND)
    for price in range(999_900, 999_910):
        sea.rest(Side.BUY, price, 10)
    sea.sail_to(8)
    assert sea.faults.fired_by_kind()["STALE_SNAPSHOT"] == 1
    sea.assert_book_is_true()


def test_picture_that_is_lost_is_asked_for_until_it_comes() -> None:
    sea = Sea((*at(5, K.ANSWER_LOST),))
    sea.sail_to(5)
    sea.subscribe(DataKind.BOOK_DELTAS)
    sea.sail(SECOND)
    sea.rest(Side.BUY, 999_900, 10)
    sea.sail(3 * SECOND)
    assert sea.front.names().count("DepthQuery") == 2
    sea.assert_book_is_true()


# --- trading ----------------------------------------------------------------------------------


def test_submit_is_told_by_the_answer_and_by_the_stream() -> None:
    sea = Sea()
    sea.submit()
    sea.sail(SECOND)
    accepted = sea.of(AcceptedReport)
    assert len(accepted) == 2
    for report in accepted:
        assert isinstance(report, AcceptedReport)
        assert (report.client_order_id, report.account_id) == ("O-1", "SIM-001")
        assert report.venue_order_id is not None
    assert sea.client.requests_pending == 0
    request = sea.front.requests[-1]
    assert isinstance(request, wire.SubmitRequest)
    assert (request.quantity, request.price) == (500, 999_000)
    assert START_NS + 3 * SECOND < request.deadline_ns < START_NS + 4 * SECOND


def test_fill_carries_its_fee_and_liquidity() -> None:
    sea = Sea()
    sea.submit(price=None)
    sea.sail(SECOND)
    (fill,) = sea.of(FillReport)
    assert isinstance(fill, FillReport)
    assert (str(fill.last_qty), str(fill.last_px)) == ("0.500", "10001.00")
    assert fill.liquidity_side is LiquiditySide.TAKER
    assert fill.commission == Money.from_str("2.0002 USDT")
    pushed = sea.of(AccountReport)[-1]
    assert isinstance(pushed, AccountReport)
    assert pushed.correlation_id is None


def test_refused_submit_is_rejected_with_the_venues_reason() -> None:
    sea = Sea()
    sea.submit(price="10005.00", post_only=True)
    sea.sail(SECOND)
    rejected = sea.of(RejectedReport)
    assert rejected
    for report in rejected:
        assert isinstance(report, RejectedReport)
        assert "POST_ONLY_WOULD_TAKE" in report.reason
        assert report.due_post_only
    assert sea.of(OutcomeUnknown) == []


def test_id_that_was_used_before_proves_nothing() -> None:
    sea = Sea()
    sea.submit()
    sea.sail(SECOND)
    again = sea.submit()
    sea.sail(SECOND)
    (unknown,) = sea.of(OutcomeUnknown)
    assert isinstance(unknown, OutcomeUnknown)
    assert unknown.request_id == again
    assert sea.of(RejectedReport) == []


def test_modify_and_cancel_are_told_with_their_request() -> None:
    sea = Sea()
    sea.submit()
    sea.sail(SECOND)
    modify = sea.modify()
    sea.sail(SECOND)
    updated = sea.of(UpdatedReport)
    assert len(updated) == 2
    for update in updated:
        assert isinstance(update, UpdatedReport)
        assert (update.request_id, str(update.price)) == (modify, "9980.00")
    sea.cancel()
    sea.sail(SECOND)
    canceled = sea.of(CanceledReport)
    assert len(canceled) == 2
    for cancel in canceled:
        assert isinstance(cancel, CanceledReport)
        assert str(cancel.filled_qty) == "0.000"


def test_modify_and_cancel_of_an_unknown_order_are_rejected() -> None:
    sea = Sea()
    modify, cancel = sea.modify("O-none"), sea.cancel("O-none")
    sea.sail(SECOND)
    (modify_rejected,) = sea.of(ModifyRejectedReport)
    (cancel_rejected,) = sea.of(CancelRejectedReport)
    assert isinstance(modify_rejected, ModifyRejectedReport)
    assert isinstance(cancel_rejected, CancelRejectedReport)
    assert (modify_rejected.request_id, cancel_rejected.request_id) == (modify, cancel)


@pytest.mark.parametrize("kind", [K.REQUEST_LOST, K.ANSWER_LOST, K.MALFORMED_FRAME])
def test_request_without_a_readable_answer_is_unknown_once(kind: FaultKind) -> None:
    sea = Sea()
    sea.faults.strike_next(kind)
    request_id = sea.submit()
    sea.sail(10 * SECOND)
    if kind is K.MALFORMED_FRAME and not sea.of(OutcomeUnknown):
        # a frame came before the answer and was spoilt instead
        assert len(sea.of(ClientDisconnected)) == 1
        return
    (unknown,) = sea.of(OutcomeUnknown)
    assert isinstance(unknown, OutcomeUnknown)
    assert (unknown.kind, unknown.request_id) == (RequestKind.SUBMIT, request_id)
    assert unknown.client_order_id == "O-1"
    assert len(sea.of(AcceptedReport)) == (0 if kind is K.REQUEST_LOST else 1)


def _answer_with(status: int, code: str, retry_after_ns: int = 0) -> Tamper:
    def tamper(request: wire.Request, _status: int, _body: bytes) -> tuple[int, bytes]:
        refusal = wire.Refusal(request.request_id, code, "said so", retry_after_ns)
        return status, wire.encode(refusal)

    return tamper


@pytest.mark.parametrize(
    ("status", "code"), [(408, "LATE"), (418, "BANNED"), (429, "RATE_LIMITED"), (503, "DOWN")]
)
def test_refusal_that_says_nothing_was_done_is_definitive(status: int, code: str) -> None:
    sea = Sea()
    sea.front.tamper = _answer_with(status, code)
    sea.submit("O-new")
    modify, cancel = sea.modify("O-old"), sea.cancel("O-old")
    sea.sail(SECOND)
    reasons = {
        type(message): message.reason
        for message in sea.posted
        if isinstance(message, RejectedReport | ModifyRejectedReport | CancelRejectedReport)
    }
    expected = f"{code}: said so"
    assert reasons == dict.fromkeys(
        (RejectedReport, ModifyRejectedReport, CancelRejectedReport), expected
    )
    assert modify != cancel
    assert sea.of(OutcomeUnknown) == []


@pytest.mark.parametrize("status", [500, 502, 599])
def test_error_that_proves_nothing_is_unknown(status: int) -> None:
    sea = Sea()
    sea.front.tamper = _answer_with(status, "INTERNAL")
    sea.submit("O-new")
    sea.modify("O-old")
    sea.cancel("O-old")
    sea.sail(SECOND)
    kinds = [m.kind for m in sea.posted if isinstance(m, OutcomeUnknown)]
    assert sorted(kinds) == [RequestKind.SUBMIT, RequestKind.MODIFY, RequestKind.CANCEL]
    assert sea.client.requests_pending == 0


def test_answer_to_another_request_is_unreadable() -> None:
    sea = Sea()
    sea.front.tamper = lambda _r, status, _b: (status, wire.encode(wire.Refusal("x", "C", "")))
    sea.submit()
    sea.sail(SECOND)
    (unknown,) = sea.of(OutcomeUnknown)
    assert isinstance(unknown, OutcomeUnknown)
    assert unknown.reason == "UNREADABLE"


def test_late_answer_is_news_after_one_unknown() -> None:
    sea = Sea()
    found = False
    for seed_number in range(40):  # slow means 0.3 to 6 s: find one slower than the timeout
        sea.faults.strike_next(K.SLOW_ANSWER)
        before = len(sea.of(OutcomeUnknown))
        sea.submit(f"O-{seed_number}")
        sea.sail(8 * SECOND)
        if len(sea.of(OutcomeUnknown)) > before:
            found = True
            reports = [
                m
                for m in sea.posted
                if isinstance(m, AcceptedReport) and m.client_order_id == f"O-{seed_number}"
            ]
            assert len(reports) == 2
            assert len(sea.of(OutcomeUnknown)) == before + 1
            break
    assert found


def test_refused_connection_while_sending_is_unknown() -> None:
    sea = Sea(at(5, K.REFUSED, 4 * SECOND))
    sea.submit()
    sea.sail_to(6)
    request_id = sea.cancel()
    sea.sail(SECOND)
    (unknown,) = sea.of(OutcomeUnknown)
    assert isinstance(unknown, OutcomeUnknown)
    assert (unknown.request_id, unknown.kind) == (request_id, RequestKind.CANCEL)


def test_submit_and_modify_without_a_stream_never_leave_but_a_cancel_does() -> None:
    sea = Sea()
    sea.submit()
    sea.sail(SECOND)
    sea.client.session.drop("test")
    sea.submit("O-2")
    modify = sea.modify()
    sea.cancel()
    assert sea.of(RejectedReport) == []  # never from within send
    sea.sail(50 * MILLISECOND)
    (rejected,) = sea.of(RejectedReport)
    (modify_rejected,) = sea.of(ModifyRejectedReport)
    assert isinstance(rejected, RejectedReport)
    assert isinstance(modify_rejected, ModifyRejectedReport)
    assert rejected.reason == "NOT_CONNECTED: never sent"
    assert modify_rejected.request_id == modify
    assert sea.front.names()[-1] == "CancelRequest"
    assert len(sea.of(CanceledReport)) == 1


def test_cancel_waits_for_the_answer_of_its_submit() -> None:
    sea = Sea()
    sea.submit()
    sea.modify()
    sea.cancel()
    sea.cancel("O-other")
    assert sea.client.requests_pending == 4
    sea.sail(SECOND)
    assert sea.front.names()[-4:].index("SubmitRequest") < 2
    first = [type(m) for m in sea.posted if not isinstance(m, CancelRejectedReport)][2:]
    assert first[0] is AcceptedReport
    assert sea.exchange.truth().orders[0].status == "CANCELED"


def test_cancel_held_for_a_lost_submit_goes_out_after_the_timeout() -> None:
    sea = Sea()
    sea.faults.strike_next(K.REQUEST_LOST)
    sea.submit()
    cancel = sea.cancel()
    sea.sail(SECOND)
    assert sea.client.requests_pending == 2
    sea.sail(2 * SECOND)
    (rejected,) = sea.of(CancelRejectedReport)
    assert isinstance(rejected, CancelRejectedReport)
    assert rejected.request_id == cancel
    assert sea.client.requests_pending == 0


def test_ban_turns_trading_back_unsent_and_lets_queries_wait() -> None:
    sea = Sea()
    sea.front.tamper = _answer_with(418, "BANNED", 2 * SECOND)
    sea.submit()
    sea.sail(SECOND)
    sea.front.tamper = None
    sent = len(sea.front.requests)
    sea.submit("O-2")
    query = sea.send(lambda i, now: QueryOpenOrders(i, CLIENT, now))
    sea.sail(500 * MILLISECOND)
    assert len(sea.front.requests) == sent
    reports = [m for m in sea.of(RejectedReport) if isinstance(m, RejectedReport)]
    assert reports[-1].reason == "RATE_LIMITED: never sent"
    sea.sail(SECOND)
    (answer,) = sea.of(OpenOrdersAnswer)
    assert isinstance(answer, OpenOrdersAnswer)
    assert (answer.status, answer.correlation_id) == (AnswerStatus.OK, query)
    assert answer.sent_ns > START_NS + 2 * SECOND


def test_pace_lets_a_burst_through_and_then_so_many_per_second() -> None:
    pace = Pace(per_second=10, burst=3)
    assert [pace.take(SECOND) for _ in range(4)] == [True, True, True, False]
    assert pace.ready_ns(SECOND) == SECOND + 100 * MILLISECOND
    assert not pace.take(SECOND + 100 * MILLISECOND - 1)
    assert pace.take(SECOND + 100 * MILLISECOND)
    taken = sum(pace.take(2 * SECOND + n * MILLISECOND) for n in range(1000))
    assert taken == 3 + 9
    with pytest.raises(ValueError, match="lets nothing through"):
        Pace(0, 1)


def test_queries_beyond_the_pace_are_late_not_lost() -> None:
    sea = Sea()
    sea.sail(3 * SECOND)
    for _ in range(100):
        sea.send(lambda i, now: QueryOpenOrders(i, CLIENT, now))
    sea.sail(3 * SECOND)
    answers = [m for m in sea.of(OpenOrdersAnswer) if isinstance(m, OpenOrdersAnswer)]
    assert len(answers) == 100
    assert all(answer.status is AnswerStatus.OK for answer in answers)


# --- queries ----------------------------------------------------------------------------------


def test_order_query_brings_status_and_fills_as_one_picture() -> None:
    sea = Sea()
    sea.submit(price="10001.00", quantity="6.000")
    sea.sail(SECOND)
    query = sea.send(lambda i, now: QueryOrder(i, CLIENT, now, ClientOrderId("O-1"), PAIR_ID))
    sent_ns = sea.scheduler.now_ns
    sea.sail(SECOND)
    (answer,) = sea.of(OrderAnswer)
    assert isinstance(answer, OrderAnswer)
    assert (answer.status, answer.correlation_id) == (AnswerStatus.OK, query)
    assert answer.sent_ns == sent_ns
    assert answer.order is not None
    assert answer.order.status is OrderStatus.PARTIALLY_FILLED
    assert str(answer.order.filled_qty) == "5.000"
    assert [str(fill.last_qty) for fill in answer.fills] == ["5.000"]


def test_order_the_venue_never_had_is_an_answer() -> None:
    sea = Sea()
    sea.send(lambda i, now: QueryOrder(i, CLIENT, now, ClientOrderId("O-none"), PAIR_ID))
    sea.sail(SECOND)
    (answer,) = sea.of(OrderAnswer)
    assert isinstance(answer, OrderAnswer)
    assert (answer.status, answer.order, answer.fills) == (AnswerStatus.OK, None, ())


def test_fills_are_asked_for_page_by_page_until_complete() -> None:
    sea = Sea(page=2)
    for number in range(5):
        sea.submit(f"O-{number}", price=None, quantity="0.010")
    sea.sail(SECOND)
    query = sea.send(lambda i, now: QueryFills(i, CLIENT, now, START_NS))
    sea.sail(SECOND)
    (answer,) = sea.of(FillsAnswer)
    assert isinstance(answer, FillsAnswer)
    assert (answer.status, answer.correlation_id) == (AnswerStatus.OK, query)
    assert len({fill.trade_id for fill in answer.fills}) == 5
    assert sea.front.names().count("TradesQuery") == 3


def test_fills_with_a_page_missing_are_no_answer() -> None:
    sea = Sea(page=2)
    for number in range(5):
        sea.submit(f"O-{number}", price=None, quantity="0.010")
    sea.sail(SECOND)

    def fail_second_page(request: wire.Request, status: int, body: bytes) -> tuple[int, bytes]:
        if isinstance(request, wire.TradesQuery) and request.after_trade_no:
            return 503, wire.encode(wire.Refusal(request.request_id, "DOWN", ""))
        return status, body

    sea.front.tamper = fail_second_page
    sea.send(lambda i, now: QueryFills(i, CLIENT, now, START_NS))
    sea.sail(SECOND)
    (answer,) = sea.of(FillsAnswer)
    assert isinstance(answer, FillsAnswer)
    assert (answer.status, answer.fills) == (AnswerStatus.FAILED, ())


def test_account_query_states_balances() -> None:
    sea = Sea()
    sea.submit()
    sea.sail(SECOND)
    query = sea.send(lambda i, now: QueryAccount(i, CLIENT, now))
    sea.sail(SECOND)
    answer = sea.of(AccountReport)[-1]
    assert isinstance(answer, AccountReport)
    assert (answer.status, answer.correlation_id) == (AnswerStatus.OK, query)
    held = {balance.currency.code: balance for balance in answer.balances}
    assert str(held["USDT"].total) == str(Money.from_str("1000000 USDT"))
    assert held["USDT"].locked == Money.from_str("4995 USDT")


QUERIES: list[Callable[[str, int], Command]] = [
    lambda i, now: QueryOrder(i, CLIENT, now, ClientOrderId("O-1"), PAIR_ID),
    lambda i, now: QueryOpenOrders(i, CLIENT, now),
    lambda i, now: QueryFills(i, CLIENT, now, 0),
    lambda i, now: QueryAccount(i, CLIENT, now),
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (K.REQUEST_LOST, AnswerStatus.TIMEOUT),
        (K.ANSWER_LOST, AnswerStatus.TIMEOUT),
        (K.RATE_LIMIT_BAN, AnswerStatus.FAILED),
    ],
)
def test_query_without_an_answer_ends_once_and_says_how(
    query: Callable[[str, int], Command], kind: FaultKind, status: AnswerStatus
) -> None:
    sea = Sea()
    sea.faults.strike_next(kind)
    query_id = sea.send(query)
    sea.sail(10 * SECOND)
    (answer,) = sea.posted[2:]
    assert isinstance(answer, OrderAnswer | OpenOrdersAnswer | FillsAnswer | AccountReport)
    assert (answer.status, answer.correlation_id) == (status, query_id)


def test_answer_to_another_question_fails_the_query() -> None:
    sea = Sea()

    def mix_up(request: wire.Request, _status: int, _body: bytes) -> tuple[int, bytes]:
        return 200, wire.encode(wire.CancelAllAnswer(request.request_id, 0))

    sea.front.tamper = mix_up
    for query in QUERIES:
        sea.send(query)
    sea.sail(SECOND)
    statuses = [
        m.status
        for m in sea.posted
        if isinstance(m, OrderAnswer | OpenOrdersAnswer | FillsAnswer | AccountReport)
    ]
    assert statuses == [AnswerStatus.FAILED] * 4
