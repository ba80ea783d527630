"""What a sampled run is held against when it is over, or of which every turn is looked at twice."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from engine.cache import Cache
from engine.model.accounts import CashAccount
from engine.model.commands import StartKernel, StopKernel
from engine.model.enums import DenialCode, KernelState
from engine.model.events import (
    Alert,
    ComponentStateChanged,
    OrderDenied,
    OrderPendingUpdate,
    OrderRejected,
    PositionOpened,
    Refused,
)
from engine.model.identifiers import ClientId
from engine.model.order_table import OrderStatus
from engine.model.reports import ClientConnected, ClientDisconnected, RejectedReport
from engine.model.values import Price, Quantity
from engine.record import TurnRecord
from engine.record_reader import RecordReader
from invariants import clock, denials, messages, models, notices, queries, stages
from invariants.catalogue import CATALOGUE
from invariants.check import Check
from invariants.evidence import Evidence
from simulation.model_witness import ModelWitness
from simulation.options import RunOptions
from simulation.run import SAMPLED_OF, prepare, run_world, simulate
from simulation.world import World

replace = msgspec.structs.replace
Found = list[tuple[str, str]]


def sailed(scenario: str = "default", seed: int = 3) -> World:
    options = RunOptions(scenario)
    outcome, world = run_world(prepare(options), seed, options, sampled=True)
    assert outcome.passed, outcome.report()
    return world


@pytest.fixture
def world() -> World:
    return sailed()


def at_end(check: Check, evidence: Evidence) -> Found:
    return [(str(each.subject), each.detail) for each in check.end(evidence) or ()]


def after(check: Check, evidence: Evidence, record: TurnRecord) -> Found:
    evidence.turn_ended(record)
    return [(str(each.subject), each.detail) for each in check.turn(evidence) or ()]


def turn(evidence: Evidence, message: object, *facts: object, commands: Any = ()) -> TurnRecord:
    number, now_ns = evidence.record.turn + 1, evidence.view.now_ns
    return TurnRecord(number, now_ns, message, facts, commands, 1)  # type: ignore[arg-type]


def stop(evidence: Evidence) -> StopKernel:
    return StopKernel("desk", None, evidence.view.now_ns)


# --- which runs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("seed", "sampled"), [(0, True), (1, False), (SAMPLED_OF, True)])
def test_one_seed_in_so_many_is_sampled_and_the_first_is(seed: int, sampled: bool) -> None:
    options = RunOptions("calm")
    assert run_world(prepare(options), seed, options)[1].evidence.sampled is sampled


def test_being_sampled_changes_nothing_that_a_run_does() -> None:
    options = RunOptions("default")
    scenario = prepare(options)
    outcomes = [simulate(scenario, 5, options, sampled=sampled) for sampled in (True, False)]
    assert outcomes[0].digest == outcomes[1].digest


def test_a_run_that_is_not_sampled_is_spared_the_dear_checks() -> None:
    options = RunOptions("calm")
    scenario = prepare(options)
    dear = {entry.id for entry in CATALOGUE if entry.make().samples}
    made = [
        {
            judge.property_id
            for judge in run_world(scenario, 1, options, sampled=sampled)[1].monitor._judges
        }
        for sampled in (True, False)
    ]
    assert {"MDL-1", "CCH-4", "PRT-1", "SER-1", "BUS-3", "ORD-6", "KRN-3", "CLK-4"} == dear
    assert made[0] - made[1] == dear


# --- slow models --------------------------------------------------------------------------------


def traded(world: World) -> Any:
    return next(order for order in world.evidence.view.orders() if order.filled_raw)


def accepted_at_another_time(world: World) -> str:
    traded(world).ts_accepted += 1
    return "ts_accepted"


def owned_by_another(world: World) -> str:
    traded(world).trader_id = "T-1"
    return "trader_id"


def event_of_another_account(world: World) -> str:
    """The kernel's list of events and its records show the same wrong account."""
    records = world.journal.records
    for at, record in enumerate(records):
        for event in record.facts:
            if isinstance(event, OrderPendingUpdate):
                wrong = replace(event, account_id=None)
                order = world.evidence.view.order(event.client_order_id)
                assert order is not None
                order.events[order.events.index(event)] = wrong
                facts = tuple(wrong if fact is event else fact for fact in record.facts)
                records[at] = replace(record, facts=facts)
                return "account of OrderPendingUpdate"
    raise AssertionError("nothing was modified")


def peak_of_another(world: World) -> str:
    position: Any = world.evidence.view.positions()[0]
    position._peak_raw += 1
    return "peak"


def earned_otherwise(world: World) -> str:
    position: Any = world.evidence.view.positions()[0]
    position._realized_raw += 10**10
    return "realized"


def richer(world: World) -> str:
    account: Any = world.evidence.view.accounts()[0]
    code, balance = next(iter(account.balances.items()))
    more = balance.total_raw + balance.currency.unit
    account.balances[code] = type(balance).of_raw(more, balance.locked_raw, balance.currency)
    return f"balance of {code}"


@pytest.mark.parametrize(
    "tamper",
    [
        accepted_at_another_time,
        owned_by_another,
        event_of_another_account,
        peak_of_another,
        earned_otherwise,
        richer,
    ],
    ids=lambda tamper: tamper.__name__,
)
def test_models_tell_every_field_that_the_events_do_not_make(
    tamper: Callable[[World], str],
) -> None:
    world = sailed(seed=_modified_seed())
    assert at_end(models.ModelsAgree(), world.evidence) == []
    what = tamper(world)
    assert what in [
        detail.partition(":")[0] for _, detail in at_end(models.ModelsAgree(), world.evidence)
    ]


def _modified_seed() -> int:
    """One in which an order is modified and a position held."""
    return 6


def test_models_tell_an_event_that_could_not_come_when_it_did(world: World) -> None:
    records = list(world.journal.records)
    init = next(f for r in records for f in r.facts if type(f).__name__ == "OrderSubmitted")
    last = records[-1]
    records[-1] = replace(last, facts=(*last.facts, init))

    found = list(ModelWitness({"SIM": 10}).differences(world.evidence.view, records))

    assert found[0].subject == init.client_order_id  # type: ignore[attr-defined]
    assert "counted, and cannot" in found[0].detail


def test_models_tell_a_cash_account_that_speaks_of_leverage() -> None:
    world = sailed("coins", 0)
    account: Any = world.evidence.view.accounts()[0]
    account.leverage = 2
    assert any("leverage: 2" in said for _, said in at_end(models.ModelsAgree(), world.evidence))


@pytest.mark.parametrize("scenario", ["instruments", "hedging", "coins", "perpetual"])
def test_models_know_every_kind_of_account_and_instrument(scenario: str) -> None:
    assert at_end(models.ModelsAgree(), sailed(scenario, 2).evidence) == []


# --- questions ----------------------------------------------------------------------------------


def test_an_order_that_an_index_lost_is_missed_by_its_query(world: World) -> None:
    cache: Any = world.evidence.view.cache
    order = traded(world)
    del cache._strategy_orders[order.strategy_id][order.client_order_id]
    found = at_end(queries.QueriesAreScans(), world.evidence)
    assert any(order.strategy_id in detail for _, detail in found)


def test_a_position_filed_as_open_and_flat_is_told(world: World) -> None:
    cache: Any = world.evidence.view.cache
    position = world.evidence.view.positions()[0]
    cache._positions_open.pop(position.id, None)
    cache._positions_closed.pop(position.id, None)
    details = [detail for _, detail in at_end(queries.QueriesAreScans(), world.evidence)]
    assert any("is_position_" in detail for detail in details)


@pytest.mark.parametrize(
    ("owner", "question"), [(Cache, "strategy_id_for_position"), (CashAccount, "balance_locked")]
)
def test_an_answer_about_what_is_not_there_is_told(
    owner: type, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = sailed("coins", 0).evidence
    assert at_end(queries.QueriesAreScans(), evidence) == []
    known = getattr(owner, question)
    monkeypatch.setattr(
        owner, question, lambda self, of: "found" if (found := known(self, of)) is None else found
    )
    assert at_end(queries.QueriesAreScans(), evidence)[0][1].startswith(question)


def test_what_the_portfolio_says_is_held_against_its_positions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert at_end(queries.PortfolioAddsUp(), world.evidence) == []
    portfolio = world.evidence.portfolio
    assert portfolio is not None
    monkeypatch.setattr(type(portfolio), "net_raw", lambda self, instrument_id: 1)
    found = at_end(queries.PortfolioAddsUp(), world.evidence)
    assert any("net_position" in detail for _, detail in found)


# --- what is written and told -------------------------------------------------------------------


def edited(world: World, kind: type, **fields: object) -> None:
    records = world.journal.records
    for at, record in enumerate(records):
        for fact in record.facts:
            if type(fact) is kind:
                changed = replace(fact, **fields)
                facts = tuple(changed if each is fact else each for each in record.facts)
                records[at] = replace(record, facts=facts)
                return
    raise AssertionError(f"the run has no {kind.__name__}")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"quantity": None}, "cannot be read again"),
        ({"quantity": Price("1.5")}, "read as something else"),
        ({"event_id": "1-1-1"}, "is called 1-1-1"),
    ],
)
def test_a_record_holds_values_of_the_declared_types(
    fields: dict[str, object], told: str, world: World
) -> None:
    assert at_end(messages.RecordsAreReadBack(), world.evidence) == []
    edited(world, PositionOpened, **fields)
    found = at_end(messages.RecordsAreReadBack(), world.evidence)
    assert any(told in detail for _, detail in found)


def test_a_value_that_stands_in_its_record_by_another_text_than_its_own_is_told(
    world: World,
) -> None:
    told = Quantity("1.5")
    object.__setattr__(told, "_text", "01.5")
    edited(world, PositionOpened, quantity=told)
    at = next(
        record.turn
        for record in world.journal.records
        if any(getattr(fact, "quantity", None) is told for fact in record.facts)
    )
    found = at_end(messages.RecordsAreReadBack(), world.evidence)
    assert found == [(f"turn {at}", "is written otherwise once it has been read")]


def test_a_record_that_is_read_as_of_another_time_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = RecordReader.turn
    monkeypatch.setattr(RecordReader, "turn", lambda self, data: replace(read(self, data), ts=1))
    found = at_end(messages.RecordsAreReadBack(), world.evidence)
    assert found[0][1] == "is written otherwise once it has been read"


def test_a_command_is_stamped_with_the_time_of_its_turn(world: World) -> None:
    records = world.journal.records
    at = next(n for n, record in enumerate(records) if record.commands)
    first, *rest = records[at].commands
    records[at] = replace(records[at], commands=(replace(first, ts_init=1), *rest))
    assert (first.command_id, f"left stamped 1 in a turn at {records[at].ts}") in at_end(
        messages.RecordsAreReadBack(), world.evidence
    )


def test_facts_are_told_once_on_their_topics_and_nothing_else_is(world: World) -> None:
    evidence = world.evidence
    refused = Refused("UNKNOWN_ORDER", "FillReport O-9", evidence.view.now_ns)
    record = turn(evidence, stop(evidence), refused)
    check = messages.FactsAreTold()

    untold = after(check, evidence, record)
    evidence.tap.told("events.refused", refused)
    told = after(check, evidence, record)
    evidence.tap.told("events.refused", refused)
    twice = after(check, evidence, record)
    evidence.tap.turn_over()
    evidence.tap.told("events.refused", None)
    instead = after(check, evidence, record)

    assert untold == [("events.refused", "Refused is a fact of the turn and was not told")]
    assert told == []
    assert twice == [("events.refused", "Refused was told twice")]
    assert instead[0] == ("events.refused", "NoneType was told and is no fact of the turn")


def test_a_fact_that_stands_twice_in_its_turn_is_told_twice(world: World) -> None:
    evidence = world.evidence
    refused = Refused("UNKNOWN_ORDER", "FillReport O-9", evidence.view.now_ns)
    record = turn(evidence, stop(evidence), refused, refused)
    evidence.tap.told("events.refused", refused)
    evidence.tap.told("events.refused", refused)
    found = after(messages.FactsAreTold(), evidence, record)
    assert found == [("events.refused", "Refused was told twice")]


def test_an_event_says_what_its_report_said(world: World) -> None:
    evidence = world.evidence
    record = next(
        record
        for record in world.journal.records
        if type(record.input) is RejectedReport
        and any(type(fact) is OrderRejected for fact in record.facts)
    )
    check = messages.EventsSayWhatWasReported()
    assert after(check, evidence, record) == []
    changed = replace(record, input=replace(record.input, reason="another", ts_event=1))
    found = [detail for _, detail in after(check, evidence, changed)]
    assert [detail.split()[2] for detail in found] == ["ts_event", "reason"]


# --- denials ------------------------------------------------------------------------------------


def denied(world: World, code: DenialCode, detail: str = "", **wanted: object) -> Found:
    """What is said of an order's denial that was never warranted."""
    evidence = world.evidence
    order = next(
        order
        for order in evidence.view.orders()
        if all(getattr(order, name) == value for name, value in wanted.items())
    )
    head = [getattr(order.init, name) for name in order.init.__struct_fields__[:7]]
    record = turn(evidence, stop(evidence), OrderDenied(*head, code, detail))
    return after(denials.DenialsAreWarranted(), evidence, record)


@pytest.mark.parametrize(
    "code",
    [
        DenialCode.NOT_RUNNING,
        DenialCode.NO_EXECUTION_CLIENT,
        DenialCode.ACCOUNT_NOT_FOUND,
        DenialCode.INSTRUMENT_NOT_FOUND,
        DenialCode.REDUCE_ONLY_WOULD_INCREASE_POSITION,
        DenialCode.SHORT_SELLING_NOT_PERMITTED,
        DenialCode.PRICE_PRECISION,
        DenialCode.PRICE_OFF_TICK,
        DenialCode.PRICE_NOT_POSITIVE,
        DenialCode.TRIGGER_PRICE_PRECISION,
        DenialCode.QUANTITY_PRECISION,
        DenialCode.QUANTITY_OFF_INCREMENT,
        DenialCode.QUANTITY_EXCEEDS_MAXIMUM,
        DenialCode.QUANTITY_BELOW_MINIMUM,
        DenialCode.MISSING_EXPIRE_TIME,
        DenialCode.TRADING_HALTED,
        DenialCode.TRADING_STATE_REDUCING,
        DenialCode.NOTIONAL_EXCEEDS_MAX_PER_ORDER,
    ],
)
def test_a_denial_of_a_sound_order_is_seen_to_be_wrong(code: DenialCode, world: World) -> None:
    found = denied(world, code, status=OrderStatus.FILLED, reduce_only=False, side=1)
    if code is DenialCode.NOTIONAL_EXCEEDS_MAX_PER_ORDER and not found:
        return  # a market order: what it was worth is not known any more
    assert found and found[0][1].startswith(f"denied {code}")


@pytest.mark.parametrize(
    ("state", "is_wrong"), [(KernelState.STOPPING, True), (KernelState.STOPPED, False)]
)
def test_what_a_stop_asks_for_yet_is_not_denied_for_being_late(
    state: KernelState, is_wrong: bool, world: World
) -> None:
    world.kernel._ctx.kernel_state = state
    assert bool(denied(world, DenialCode.NOT_RUNNING)) is is_wrong


def test_a_denial_for_a_position_that_is_open_is_seen_to_be_wrong(world: World) -> None:
    position = next(each for each in world.evidence.view.positions() if each.is_open)
    wanted = {"strategy_id": position.strategy_id}
    code, named = DenialCode.POSITION_NOT_FOUND, f"position_id={position.id}"
    assert denied(world, code, "", **wanted)
    assert denied(world, code, named, **wanted)
    assert denied(world, code, "position_id=P-9", **wanted) == []


@pytest.mark.parametrize(
    ("reason", "is_wrong"),
    [
        ("ORDER_CLOSED", False),
        ("ORDER_NOT_FOUND", True),
        ("INSTRUMENT_NOT_FOUND", True),
    ],
)
def test_a_refused_cancel_is_held_against_its_order(
    reason: str, is_wrong: bool, world: World
) -> None:
    evidence = world.evidence
    order = traded(world)
    assert order.is_closed
    refused = Refused(reason, f"CancelOrder {order.client_order_id} in FILLED", 0)
    record = turn(evidence, stop(evidence), refused)
    assert bool(after(denials.DenialsAreWarranted(), evidence, record)) is is_wrong


# --- notices ------------------------------------------------------------------------------------


def noticed(world: World, notice: object) -> Found:
    evidence = world.evidence
    return after(notices.NoticesAreSo(), evidence, turn(evidence, stop(evidence), notice))


def asked(world: World) -> str:
    """A question that left, by its id."""
    return next(iter(world.evidence.released))


@pytest.mark.parametrize(
    ("reason", "of"),
    [
        ("NO_IDEA", "CancelOrder O-1"),
        ("UNKNOWN_ORDER", "NoneType O-1"),
        ("UNKNOWN_ORDER", "None"),
        ("UNKNOWN_ORDER", "FillReport {order}"),
        ("UNKNOWN_CORRELATION", "OrderAnswer {asked}"),
    ],
)
def test_a_refusal_without_reason_is_told(reason: str, of: str, world: World) -> None:
    of = of.format(order=traded(world).client_order_id, asked=asked(world))
    assert noticed(world, Refused(reason, of, 0))


@pytest.mark.parametrize(
    ("code", "subject"),
    [
        ("SHRUG", "{order}"),
        ("UNRESOLVED", "O-unknown"),
        ("LATE_FILL", "{order}"),
        ("OVERFILL", "{order}"),
        ("BALANCE_DIFFERENCE", "SIM-001"),
        ("BALANCE_DIFFERENCE", "SIM-009"),
        ("BOOK_CROSSED", "ETH/USDT.SIM"),
    ],
)
def test_an_alert_of_what_is_not_so_is_told(code: str, subject: str, world: World) -> None:
    subject = subject.format(order=traded(world).client_order_id)
    assert noticed(world, Alert(code, subject, "BTC: kernel 1 (locked 0), venue 2 (locked 0)", 0))


def test_a_refusal_and_an_alert_that_are_so_are_not_told(world: World) -> None:
    order = traded(world).client_order_id
    assert noticed(world, Refused("UNKNOWN_ORDER", "FillReport O-unknown", 0)) == []
    assert (
        noticed(world, Refused("TRIGGERED in FILLED", f"OrderTriggered {order} in FILLED", 0)) == []
    )
    assert noticed(world, Alert("UNRESOLVED", order, "status=SUBMITTED", 0)) == []


# --- the start, the last word, the timers -------------------------------------------------------


def test_a_kernel_that_runs_before_its_venue_has_spoken_is_seen(world: World) -> None:
    evidence = world.evidence
    assert evidence.view.state is KernelState.RUNNING
    check = stages.StagesFollow()
    started = StartKernel("start", None, 0)
    ready = ComponentStateChanged(ClientId("S-1"), 3, 0)  # type: ignore[arg-type]
    connect = world.journal.records[0].commands
    found = after(check, evidence, turn(evidence, started, ready, commands=connect))
    assert [subject for subject, _ in found] == ["SIM", "SIM"]


def test_a_second_start_does_not_hide_a_client_that_is_not_connected(world: World) -> None:
    evidence, check = world.evidence, stages.StagesFollow()
    kernel: Any = world.kernel
    kernel._ctx.kernel_state = KernelState.CONNECTING
    start, again = StartKernel("start", None, 0), StartKernel("again", None, 0)
    after(check, evidence, turn(evidence, start, commands=world.journal.records[0].commands))
    after(check, evidence, turn(evidence, again))
    kernel._ctx.kernel_state = KernelState.RECONCILING

    found = after(check, evidence, turn(evidence, ClientDisconnected(ClientId("SIM"), "reset", 0)))

    assert found == [("SIM", "is not connected, and the kernel RECONCILING")]


def test_a_trade_that_was_not_heard_is_told_unless_its_stream_came_later(world: World) -> None:
    evidence = world.evidence
    cache: Any = evidence.view.cache
    check = stages.LastWordIsHeard()
    for record in world.journal.records:
        if isinstance(record.input, ClientConnected | ClientDisconnected):
            after(check, evidence, record)
    assert at_end(check, evidence) == []
    cache._trades.clear()
    (found,) = at_end(check, evidence)
    assert found[1].endswith("heard was None")
    after(check, evidence, turn(evidence, ClientConnected(ClientId("SIM"), evidence.view.now_ns)))
    assert at_end(check, evidence) == []


class Armed:
    """A view that shows these timers."""

    def __init__(self, *timers: tuple[str | None, str, int]) -> None:
        self.now_ns = 100
        self._timers = timers

    def timers(self) -> list[tuple[str | None, str, int]]:
        return list(self._timers)


@pytest.mark.parametrize(
    ("timers", "wrong"),
    [
        ([("S-1", "a", 100), ("S-1", "b", 200)], 0),
        ([(None, "a", 200)], 1),
        ([("S-1", "a", 200), ("S-1", "a", 300)], 1),
        ([("S-1", "a", 99)], 1),
        ([("S-1", "a", 300), ("S-1", "b", 200)], 1),
    ],
)
def test_timers_are_somebodys_once_and_in_order(
    timers: list[tuple[str | None, str, int]], wrong: int, world: World
) -> None:
    evidence: Any = world.evidence
    evidence.view = Armed(*timers)
    assert len(list(clock.TimersHaveOwners().turn(evidence) or ())) == wrong


def test_timers_that_stay_as_they_were_are_told_once_they_are_overdue(world: World) -> None:
    evidence: Any = world.evidence
    evidence.view = Armed(("S-1", "a", 150), ("S-1", "b", 200))
    check = clock.TimersHaveOwners()
    assert check.turn(evidence) is None
    assert check.turn(evidence) is None
    evidence.view.now_ns = 151
    assert [(each.subject, each.detail) for each in check.turn(evidence) or ()] == [
        ("a", "is due at 150, behind 151")
    ]
