"""Recorded sessions are judged as they are, and an edited one is found by what the edit breaks."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.journal.log_file import Log, LogHeader, LogWriter
from engine.model.commands import CancelOrder, SetTradingState, StopKernel, SubmitOrder
from engine.model.data import OrderBookDeltas
from engine.model.enums import ComponentState, TradingState
from engine.model.events import (
    AccountState,
    ComponentStateChanged,
    OrderAccepted,
    OrderCanceled,
    OrderEvent,
    OrderFilled,
    OrderInitialized,
    OrderRejected,
    OrderSubmitted,
    PositionChanged,
    PositionClosed,
    PositionEvent,
    PositionOpened,
    TradingStateChanged,
)
from engine.model.identifiers import ClientOrderId, StrategyId
from engine.model.reports import FillReport, RejectedReport
from engine.model.values import Quantity
from engine.record import FaultRecord, TurnRecord, encode
from engine.risk.config import RiskEngineConfig
from invariants.catalogue import CATALOGUE
from invariants.log_judge import LogFinding, LogJudge, LogOutOfOrder
from invariants.log_table import ON_LOG, Standing, on_log
from invariants.property import Kind
from simulation.options import RunOptions
from simulation.run import prepare, run_world
from simulation.scenarios import BUILT_IN

Records = list[Any]
replace = msgspec.structs.replace


@cache
def session(scenario: str = "default", seed: int = 3) -> tuple[tuple[Any, ...], RiskEngineConfig]:
    """The journal of one simulated life, clean."""
    made = prepare(RunOptions(scenario))
    outcome, world = run_world(made, seed, RunOptions(scenario))
    assert outcome.passed, outcome.report()
    return tuple(world.journal.records), made.risk


def written(path: Path, records: Sequence[Any], risk: RiskEngineConfig | None) -> Path:
    with LogWriter(path, LogHeader(kind="journal", session="test", risk=risk)) as log:
        for record in records:
            log.write(encode(record))
    return path


def judged(path: Path, records: Sequence[Any], risk: RiskEngineConfig | None) -> list[LogFinding]:
    log = Log(written(path / "session.log", records, risk))
    return list(LogJudge(CATALOGUE, log.header.risk).judge(log))


# --- editing ------------------------------------------------------------------------------


def turn_with(records: Records, kind: type, wanted: Callable[[Any], bool] = bool) -> int:
    """Index of the first turn with such a fact or command."""
    for index, record in enumerate(records):
        if any(type(each) is kind and wanted(each) for each in (*record.facts, *record.commands)):
            return index
    raise AssertionError(f"the session has no {kind.__name__}")


def any_of(_: object) -> bool:
    return True


def edit_fact(
    records: Records, kind: type, wanted: Callable[[Any], bool] = any_of, **fields: object
) -> int:
    index = turn_with(records, kind, wanted)
    facts = list(records[index].facts)
    at = next(n for n, fact in enumerate(facts) if type(fact) is kind and wanted(fact))
    facts[at] = replace(facts[at], **fields)
    records[index] = replace(records[index], facts=tuple(facts))
    return index


def edit_command(records: Records, kind: type, make: Callable[[Any], Any]) -> int:
    index = turn_with(records, kind, any_of)
    commands = [make(each) if type(each) is kind else each for each in records[index].commands]
    records[index] = replace(records[index], commands=tuple(commands))
    return index


def add_facts(records: Records, index: int, *facts: object) -> int:
    records[index] = replace(records[index], facts=(*records[index].facts, *facts))
    return index


def fact_of(records: Records, index: int, kind: type) -> Any:
    return next(fact for fact in records[index].facts if type(fact) is kind)


def fill_counted_twice(records: Records) -> int:
    """The same execution takes effect again in a later turn, with all that it moved."""
    first = turn_with(records, OrderFilled, any_of)
    fill = fact_of(records, first, OrderFilled)
    later = turn_with(records[first + 1 :], OrderFilled, any_of) + first + 1
    again = replace(fill, ts_init=records[later].ts)
    facts = records[later].facts
    records[later] = replace(records[later], facts=(again, *facts))
    return later


def fill_nobody_told(records: Records) -> int:
    """The report that told of a fill was about another trade."""
    index = next(n for n, record in enumerate(records) if type(record.input) is FillReport)
    records[index] = replace(records[index], input=replace(records[index].input, trade_id="T-0"))
    return index


def terminal_revived(records: Records) -> int:
    index = turn_with(records, OrderCanceled, any_of)
    ended = fact_of(records, index, OrderCanceled)
    head = [getattr(ended, name) for name in OrderEvent.__struct_fields__]
    late = index + 1
    head[-1] = records[late].ts
    return add_facts(records, late, OrderAccepted(*head, "SIM-001", "SIM-20"))


def canceled_without_a_word(records: Records) -> int:
    """An order is over in our eyes while every report calls it accepted."""
    live = {
        fact.client_order_id
        for record in records
        for fact in record.facts
        if type(fact) is OrderCanceled
    }
    index = turn_with(records, OrderAccepted, lambda fact: fact.client_order_id not in live)
    accepted = fact_of(records, index, OrderAccepted)
    head = [getattr(accepted, name) for name in OrderEvent.__struct_fields__]
    return add_facts(records, index, OrderCanceled(*head, accepted.venue_order_id))


def rejected_on_silence(records: Records) -> int:
    index = turn_with(records, OrderAccepted, any_of)
    accepted = fact_of(records, index, OrderAccepted)
    head = [getattr(accepted, name) for name in OrderEvent.__struct_fields__]
    return add_facts(records, index, OrderRejected(*head, "SIM-001", "INFLIGHT_TIMEOUT"))


def time_goes_back(records: Records) -> int:
    index = next(n for n, record in enumerate(records) if n > 50 and not record.facts)
    before = records[index - 1].ts - 1
    record = records[index]
    records[index] = replace(record, ts=before, input=replace(record.input, ts_init=before))
    return index


def fact_stamped_otherwise(records: Records) -> int:
    return edit_fact(records, OrderSubmitted, ts_init=1)


def position_off_by_one(records: Records) -> int:
    index = turn_with(records, PositionChanged, any_of)
    step = fact_of(records, index, PositionChanged)
    sign = "-" if step.signed_qty.startswith("-") else ""
    more = Quantity.from_raw(step.quantity.raw + 10**11, 5)
    return edit_fact(records, PositionChanged, quantity=more, signed_qty=f"{sign}{more}")


def order_that_never_began(records: Records) -> int:
    index = turn_with(records, OrderInitialized, any_of)
    record = records[index]
    rest = tuple(fact for fact in record.facts if type(fact) is not OrderInitialized)
    records[index] = replace(record, facts=rest)
    return index


def balance_that_does_not_add_up(records: Records) -> int:
    index = turn_with(records, AccountState, any_of)
    state = fact_of(records, index, AccountState)
    balance = state.balances[0]
    broken = str(balance).replace(f"total={balance.total}", "total=1.00000000 BTC")

    class Stated:
        def __str__(self) -> str:
            return broken

    return edit_fact(records, AccountState, balances=(Stated(), *state.balances[1:]))


def total_off(records: Records) -> int:
    """An account counts one more unit in total and as free than its fills make."""

    def moved(state: AccountState) -> bool:
        return not state.reported

    index = turn_with(records, AccountState, moved)
    state = next(f for f in records[index].facts if type(f) is AccountState and moved(f))
    first = state.balances[0]
    unit = first.currency.unit
    more = type(first).of_raw(first.total_raw + unit, first.locked_raw, first.currency)
    return edit_fact(records, AccountState, moved, balances=(more, *state.balances[1:]))


def lock_forgotten(records: Records) -> int:
    def locks(state: AccountState) -> bool:
        return any(balance.locked_raw for balance in state.balances)

    index = turn_with(records, AccountState, locks)
    state = next(f for f in records[index].facts if type(f) is AccountState and locks(f))
    free = tuple(type(b).of_raw(b.total_raw, 0, b.currency) for b in state.balances)
    return edit_fact(records, AccountState, locks, balances=free)


def duration_by_another_clock(records: Records) -> int:
    return edit_fact(records, PositionClosed, duration_ns=1)


def flip_opens_too_little(records: Records) -> int:
    def flips(record: TurnRecord) -> bool:
        kinds = [type(fact) for fact in record.facts]
        return PositionClosed in kinds and PositionOpened in kinds

    index = next(n for n, record in enumerate(records) if flips(record))
    one = Quantity("0.00001")
    facts = tuple(
        replace(fact, quantity=one) if type(fact) is PositionOpened else fact
        for fact in records[index].facts
    )
    records[index] = replace(records[index], facts=facts)
    return index


def profit_invented(records: Records) -> int:
    index = turn_with(records, PositionClosed, any_of)
    step = fact_of(records, index, PositionClosed)
    return edit_fact(records, PositionClosed, realized_pnl=step.realized_pnl + step.realized_pnl)


def mean_invented(records: Records) -> int:
    return edit_fact(records, PositionChanged, avg_px_open="1.0000000000000000")


def fill_lost(records: Records) -> int:
    """A report told of an execution, and no fact of that turn knows of it."""
    index = max(n for n, record in enumerate(records) if type(record.input) is FillReport)
    records[index] = replace(records[index], facts=())
    return len(records) - 1


def sent_twice(records: Records) -> int:
    index = turn_with(records, SubmitOrder, any_of)
    record = records[index]
    again = [replace(c, command_id="again") for c in record.commands if type(c) is SubmitOrder]
    records[index] = replace(record, commands=(*record.commands, *again))
    return len(records) - 1


def off_the_grid(records: Records) -> int:
    def shrink(command: SubmitOrder) -> SubmitOrder:
        return replace(command, order=replace(command.order, quantity=Quantity("0.001234567")))

    return edit_command(records, SubmitOrder, shrink)


def above_the_largest_size(records: Records) -> int:
    def grow(command: SubmitOrder) -> SubmitOrder:
        return replace(command, order=replace(command.order, quantity=Quantity("1000000.00000")))

    return edit_command(records, SubmitOrder, grow)


def sent_while_halted(records: Records) -> int:
    """Trading is halted from the first turn on, and orders leave all the same."""
    first = turn_with(records, ComponentStateChanged, any_of)
    halted = TradingStateChanged(TradingState.HALTED, records[first].ts)
    add_facts(records, first, halted)
    return turn_with(records, SubmitOrder, any_of)


def made_and_undecided(records: Records) -> int:
    index = turn_with(records, OrderInitialized, any_of)
    init = fact_of(records, index, OrderInitialized)
    return add_facts(records, index, replace(init, client_order_id=ClientOrderId("O-lost")))


def made_and_forgotten(records: Records) -> int:
    made_and_undecided(records)
    return len(records) - 1


def component_left_between(records: Records) -> int:
    index = turn_with(records, ComponentStateChanged, any_of)
    change = fact_of(records, index, ComponentStateChanged)
    return add_facts(records, index, replace(change, state=ComponentState.DEGRADING))


def sender_at_rest(records: Records) -> int:
    index = turn_with(records, SubmitOrder, any_of)
    sender = next(c for c in records[index].commands if type(c) is SubmitOrder).strategy_id
    stopped = ComponentStateChanged(sender, ComponentState.STOPPED, records[index - 1].ts)
    add_facts(records, index - 1, stopped)
    return index


def cancel_of_anothers_order(records: Records) -> int:
    return edit_command(
        records, CancelOrder, lambda cancel: replace(cancel, strategy_id=StrategyId("Thief-009"))
    )


def batch_taken_that_goes_back(records: Records) -> int:
    index = max(n for n, record in enumerate(records) if type(record.input) is OrderBookDeltas)
    batch = records[index].input
    old = replace(batch, deltas=tuple(replace(delta, sequence=1) for delta in batch.deltas))
    records[index] = replace(records[index], input=old)
    return index


def book_crossed(records: Records) -> int:
    index = next(n for n, record in enumerate(records) if type(record.input) is OrderBookDeltas)
    batch = records[index].input
    high = [replace(d, price_mantissa=99_999) if d.side == 1 else d for d in batch.deltas]
    records[index] = replace(records[index], input=replace(batch, deltas=tuple(high)))
    return index


def faulted_turn(records: Records) -> int:
    last = records[-1]
    stop = StopKernel("stop", None, last.ts)
    audit = FaultRecord(last.turn + 1, last.ts, stop, (), "ValueError", None, last.epoch)
    records.append(audit)
    return len(records) - 1


def rejected_for_another_reason(records: Records) -> int:
    def told(record: TurnRecord) -> bool:
        return type(record.input) is RejectedReport and any(
            type(fact) is OrderRejected for fact in record.facts
        )

    index = next(n for n, record in enumerate(records) if told(record))
    reason = f"not {records[index].input.reason}"
    facts = tuple(
        replace(fact, reason=reason) if type(fact) is OrderRejected else fact
        for fact in records[index].facts
    )
    records[index] = replace(records[index], facts=facts)
    return index


DEFECTS: dict[str, list[Callable[[Records], int]]] = {
    "FIL-1": [fill_counted_twice, fill_nobody_told],
    "FIL-2": [fill_lost],
    "POS-1": [position_off_by_one],
    "POS-2": [flip_opens_too_little],
    "POS-3": [profit_invented, total_off],
    "POS-4": [cancel_of_anothers_order],
    "ACC-1": [balance_that_does_not_add_up],
    "ACC-2": [lock_forgotten],
    "ORD-1": [order_that_never_began, terminal_revived],
    "ORD-2": [fill_counted_twice],
    "ORD-3": [terminal_revived, canceled_without_a_word],
    "CLK-1": [time_goes_back, fact_stamped_otherwise],
    "CLK-3": [duration_by_another_clock],
    "REC-2": [rejected_on_silence],
    "BK-1": [batch_taken_that_goes_back],
    "BK-2": [book_crossed],
    "NET-2": [sent_twice],
    "LIF-1": [sender_at_rest],
    "LIF-3": [component_left_between],
    "VAL-1": [off_the_grid],
    "VAL-2": [mean_invented],
    "RSK-1": [above_the_largest_size],
    "RSK-2": [sent_while_halted],
    "RSK-3": [made_and_forgotten],
    "ORD-5": [made_and_undecided],
    "ORD-6": [rejected_for_another_reason],
    "KRN-1": [faulted_turn],
}


@pytest.mark.parametrize("scenario", BUILT_IN)
def test_a_clean_session_of_every_scenario_breaks_nothing(scenario: str, tmp_path: Path) -> None:
    for seed in (0, 7):
        records, risk = session(scenario, seed)
        assert judged(tmp_path, records, risk) == []


@pytest.mark.parametrize(
    ("property_id", "defect"),
    [(property_id, defect) for property_id, defects in DEFECTS.items() for defect in defects],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_planted_defect_is_found_by_the_property_that_it_breaks(
    property_id: str, defect: Callable[[Records], int], tmp_path: Path
) -> None:
    clean, risk = session()
    records = list(clean)
    index = defect(records)

    found = [each for each in judged(tmp_path, records, risk) if each.property_id == property_id]

    assert found, f"{property_id} saw nothing"
    assert (found[0].record, found[0].turn) == (index + 1, records[index].turn)


def test_every_property_that_a_log_can_judge_has_a_planted_defect() -> None:
    judgeable = {key for key, entry in ON_LOG.items() if entry.hooks or key == "KRN-1"}
    # an answer that never came is found by the clock of the whole log, below
    assert judgeable - {"NET-4"} == set(DEFECTS)


def test_a_request_whose_answer_was_struck_out_is_found(tmp_path: Path) -> None:
    clean, risk = session()
    records = [
        replace(record, input=StopKernel("stop", None, record.ts))
        if type(record.input).__name__ == "AccountReport"
        else record
        for record in clean
    ]
    assert "NET-4" in {each.property_id for each in judged(tmp_path, records, risk)}


def test_every_property_of_the_catalogue_has_a_row() -> None:
    ids = {entry.id for entry in CATALOGUE if entry.kind is not Kind.SOMETIMES}
    assert set(ON_LOG) == ids


def test_without_the_limits_what_is_promised_about_them_is_not_judged(tmp_path: Path) -> None:
    clean, risk = session()
    records = list(clean)
    above_the_largest_size(records)

    with_limits = {each.property_id for each in judged(tmp_path, records, risk)}
    without = {each.property_id for each in judged(tmp_path, records, None)}

    assert with_limits - without == {"RSK-1"}
    assert on_log("RSK-1", limits_known=False).standing is Standing.NEEDS_LIMITS


def test_a_property_that_the_table_does_not_know_is_named_and_not_judged() -> None:
    assert on_log("MM-1", limits_known=True).standing is Standing.UNSAID


def test_each_subject_of_a_broken_property_is_told_once(tmp_path: Path) -> None:
    clean, risk = session()
    records = list(clean)
    fill_counted_twice(records)
    found = judged(tmp_path, records, risk)
    told = [(each.property_id, each.subject) for each in found]
    assert len(told) == len(set(told))


def test_an_epoch_is_judged_from_its_own_beginning(tmp_path: Path) -> None:
    clean, risk = session()
    gap = clean[-1].ts - clean[0].ts
    second = [
        msgspec.structs.replace(record, epoch=2) for record in _later(clean, gap + 1_000_000_000)
    ]
    assert judged(tmp_path, [*clean, *second], risk) == []
    early = [msgspec.structs.replace(record, epoch=2) for record in clean]
    (found,) = judged(tmp_path, [*clean, *early], risk)
    assert (found.property_id, found.record, found.epoch) == ("CLK-1", len(clean) + 1, 2)


def _later(records: Sequence[Any], by_ns: int) -> list[Any]:
    """The start of a session, which holds no order yet, moved to a later time."""
    moved = []
    for record in records:
        if record.facts or record.commands:
            break
        stamp = record.ts + by_ns
        moved.append(replace(record, ts=stamp, input=replace(record.input, ts_init=stamp)))
    start = records[0]
    return moved or [
        replace(
            start,
            ts=start.ts + by_ns,
            commands=(),
            input=replace(start.input, ts_init=start.ts + by_ns),
        )
    ]


@pytest.mark.parametrize("what", ["turn", "epoch"])
def test_records_out_of_order_end_the_judgement_with_their_place(what: str, tmp_path: Path) -> None:
    clean, risk = session()
    records = list(clean[:20])
    value = 3 if what == "turn" else 0
    records[10] = replace(records[10], **{what: value})
    with pytest.raises(LogOutOfOrder, match=r"record 11 at byte \d+: .*after"):
        judged(tmp_path, records, risk)


def test_turns_that_a_log_lacks_are_counted(tmp_path: Path) -> None:
    clean, risk = session()
    quiet = next(n for n, record in enumerate(clean) if not record.facts and not record.commands)
    log = Log(written(tmp_path / "gap.log", [*clean[:quiet], *clean[quiet + 1 :]], risk))
    judge = LogJudge(CATALOGUE, risk)
    list(judge.judge(log))
    assert (judge.missing, judge.turns) == (1, len(clean) - 1)


def test_an_operators_halt_in_a_log_is_no_finding(tmp_path: Path) -> None:
    clean, risk = session()
    assert any(type(record.input) is SetTradingState for record in clean)
    assert not [each for each in judged(tmp_path, clean, risk) if each.property_id == "RSK-2"]


def test_steps_of_positions_are_compared_with_their_fills_in_hedging_too(tmp_path: Path) -> None:
    clean, risk = session("hedging", 0)
    records = list(clean)
    index = turn_with(records, PositionOpened, any_of)
    step: PositionEvent = fact_of(records, index, PositionOpened)
    edit_fact(records, PositionOpened, signed_qty=f"{step.signed_qty}1")
    found = judged(tmp_path, records, risk)
    assert [each.property_id for each in found][:1] == ["POS-1"]
