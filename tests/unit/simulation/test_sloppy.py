"""An adapter with bad habits says what is true, badly; and as it is, when the world has healed."""

from collections.abc import Sequence

import msgspec
import pytest

from engine.model.currencies import USDT
from engine.model.enums import BUY, AccountType, AnswerStatus, LiquiditySide
from engine.model.identifiers import (
    AccountId,
    ClientId,
    ClientOrderId,
    InstrumentId,
    TradeId,
    VenueOrderId,
)
from engine.model.reports import (
    AcceptedReport,
    AccountReport,
    CanceledReport,
    ClientMessage,
    FillReport,
    OrderAnswer,
    UpdatedReport,
)
from engine.model.values import AccountBalance, Money, Price, Quantity
from simulation.entropy import SeededEntropy
from simulation.scheduler import Scheduler
from simulation.sloppy import HABITS, SloppyAdapter

HEAD = (
    AccountId("SIM-001"),
    InstrumentId("BTC/USDT.SIM"),
    ClientOrderId("O-1"),
    VenueOrderId("V-1"),
    7,
    7,
)
ONE = Quantity("1")
FILL = FillReport(
    *HEAD, TradeId("T-1"), BUY, ONE, Price("2"), Money("0", USDT), LiquiditySide.TAKER
)


class Line:
    """An adapter with some habits only, and what the kernel heard of it."""

    def __init__(self, *habits: str, seed: int = 0) -> None:
        self.hurts = True
        self.heard: list[ClientMessage] = []
        self.scheduler = Scheduler(7)
        stream = SeededEntropy(seed).stream("adapter")
        self.adapter = SloppyAdapter(
            stream, (1, 1), self.scheduler, lambda: self.hurts, self.heard.append
        )
        self.adapter.habits = habits

    def say(self, *messages: ClientMessage) -> Sequence[ClientMessage]:
        for message in messages:
            self.adapter.post(message)
        self.scheduler.run_until(60_000_000_000)
        return self.heard


def test_an_adapter_without_habits_says_what_it_is_told() -> None:
    told = (AcceptedReport(*HEAD), FILL)
    assert tuple(Line().say(*told)) == told


def test_a_healed_world_hears_everything_as_it_is() -> None:
    line = Line(*HABITS)
    line.hurts = False
    assert line.say(FILL) == [FILL]


def test_it_has_each_habit_in_some_seeds_and_not_in_others() -> None:
    seen = [
        SloppyAdapter(SeededEntropy(seed).stream("a"), (1, 2), Scheduler(0), bool, [].append).habits
        for seed in range(40)
    ]
    for habit in HABITS:
        assert 5 < sum(habit in habits for habits in seen) < 35


def test_our_name_is_left_out_only_of_what_the_kernel_knows_by_the_venues() -> None:
    line = Line("leaves names out")
    first, _, second = line.say(FILL, AcceptedReport(*HEAD), FILL)
    assert isinstance(first, FillReport)
    assert isinstance(second, FillReport)
    assert (first.client_order_id, second.client_order_id) == ("O-1", None)


def test_what_an_end_was_ordered_for_and_what_an_update_answers_can_be_left_out() -> None:
    line = Line("leaves sizes out", "leaves requests out")
    ended = CanceledReport(*HEAD, ONE, ONE)
    updates = [UpdatedReport(*HEAD, ONE, None, None, f"m-{n}") for n in range(8)]
    told, *rest = line.say(ended, *updates)
    assert isinstance(told, CanceledReport)
    assert told.quantity is None
    names = [update.request_id for update in rest if isinstance(update, UpdatedReport)]
    assert None in names
    assert any(names)


@pytest.mark.parametrize("habit", ["is slow", "repeats itself", "is silent about some orders"])
def test_what_comes_late_is_stamped_when_it_comes(habit: str) -> None:
    late = [
        report
        for seed in range(12)
        for report in Line(habit, seed=seed).say(FILL)
        if isinstance(report, FillReport) and report.ts_init > 7
    ]
    assert late
    assert {msgspec.structs.replace(report, ts_init=7) for report in late} == {FILL}
    assert max(report.ts_init for report in late) < 20_000_000_000


def test_it_speaks_before_it_knows_the_venues_name_and_then_once_more() -> None:
    said = next(
        heard
        for seed in range(20)
        if len(heard := Line("speaks too early", seed=seed).say(AcceptedReport(*HEAD))) == 2
    )
    assert said[0] == msgspec.structs.replace(AcceptedReport(*HEAD), venue_order_id=None)
    assert said[1] == AcceptedReport(*HEAD)


def test_a_replica_lacks_only_orders_that_were_told_and_absence_is_not_final_then() -> None:
    line = Line("asks a replica")
    assert not line.adapter.absence_is_final
    assert Line().adapter.absence_is_final
    unknown = OrderAnswer(ClientId("SIM"), "q", AnswerStatus.OK, HEAD[2], None, (), 7, 7)
    assert line.say(unknown) == [unknown]


def test_batches_are_taken_unless_it_cancels_one_by_one() -> None:
    assert Line().adapter.takes_batches
    assert not Line("takes no batches").adapter.takes_batches


def test_questions_that_fail_say_nothing_about_the_account() -> None:
    balance = AccountBalance(Money("3", USDT), Money("1", USDT), Money("2", USDT))
    asked = AccountReport(
        ClientId("SIM"), "q", AnswerStatus.OK, HEAD[0], AccountType.CASH, (balance,), (), 7, 7
    )
    heard = Line("gets no answers").say(*[asked] * 40)
    failed = [each for each in heard if isinstance(each, AccountReport) and not each.balances]
    assert failed
    assert {each.status for each in failed} == {AnswerStatus.FAILED}


def test_balances_are_the_same_however_they_are_stated() -> None:
    balance = AccountBalance(Money("3", USDT), Money("1", USDT), Money("2", USDT))
    pushed = AccountReport(
        ClientId("SIM"), None, AnswerStatus.OK, HEAD[0], AccountType.CASH, (balance,), (), 7, 7
    )
    line = Line("states balances its own way")
    assert line.say(*[pushed] * 12) == [pushed] * 12
