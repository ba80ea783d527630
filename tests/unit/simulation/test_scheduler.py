import pytest

from simulation.entropy import EnumeratingEntropy, SeededEntropy, Stream
from simulation.scheduler import Scheduler
from simulation.schedules import ExploringScheduler, RandomTies


def test_actions_run_by_time_then_in_the_order_asked_for() -> None:
    scheduler = Scheduler(100)
    ran: list[tuple[str, int]] = []
    for name, at_ns in (("late", 300), ("first", 200), ("second", 200), ("now", 100)):
        scheduler.post(at_ns, lambda name=name: ran.append((name, scheduler.now_ns)))
    while scheduler.step():
        pass
    assert ran == [("now", 100), ("first", 200), ("second", 200), ("late", 300)]
    assert scheduler.steps == 4


def test_cancelled_action_never_runs_and_is_not_next() -> None:
    scheduler = Scheduler(0)
    ran: list[str] = []
    handle = scheduler.after(10, lambda: ran.append("cancelled"))
    scheduler.at(20, lambda: ran.append("kept"))
    handle.cancel()
    handle.cancel()
    assert not handle.is_pending
    assert scheduler.next_ns() == 20
    assert scheduler.step()
    assert not scheduler.step()
    assert ran == ["kept"]


def test_action_that_ran_is_no_longer_pending() -> None:
    scheduler = Scheduler(0)
    handle = scheduler.after(10, lambda: None)
    assert handle.is_pending
    scheduler.step()
    assert not handle.is_pending


def test_past_is_refused() -> None:
    scheduler = Scheduler(100)
    with pytest.raises(ValueError, match="has passed"):
        scheduler.post(99, lambda: None)
    with pytest.raises(ValueError, match="has passed"):
        scheduler.run_until(99)
    with pytest.raises(ValueError, match="negative"):
        Scheduler(-1)


def test_run_until_runs_what_is_due_and_ends_at_its_time() -> None:
    scheduler = Scheduler(0)
    ran: list[int] = []
    for at_ns in (10, 20, 21):
        scheduler.post(at_ns, lambda at_ns=at_ns: ran.append(at_ns))
    scheduler.run_until(20)
    assert ran == [10, 20]
    assert scheduler.now_ns == 20
    assert scheduler.next_ns() == 21


def test_empty_scheduler_has_nothing_next() -> None:
    scheduler = Scheduler(5)
    assert scheduler.next_ns() is None
    assert not scheduler.step()


def exploring(stream: Stream) -> Scheduler:
    return ExploringScheduler(0, RandomTies(stream), grain_ns=1)


def _order(scheduler: Scheduler) -> str:
    ran: list[str] = []
    for name in "abc":
        scheduler.post(10, lambda name=name: ran.append(name))
    scheduler.post(11, lambda: ran.append("-"))
    while scheduler.step():
        pass
    return "".join(ran)


def test_ties_are_a_choice_when_explored_and_every_order_is_reachable() -> None:
    entropy = EnumeratingEntropy(choices_max=8)
    orders = []
    while entropy.next_run():
        orders.append(_order(exploring(entropy.stream("ties"))))
    assert orders[0] == "abc-"  # the dullest is first come, first served
    assert sorted(orders) == ["abc-", "acb-", "bac-", "bca-", "cab-", "cba-"]


def test_cancelled_actions_are_no_choice() -> None:
    entropy = SeededEntropy(1, keep_tape=True)
    scheduler = exploring(entropy.stream("ties"))
    scheduler.at(10, lambda: None).cancel()
    scheduler.at(10, lambda: None)
    assert scheduler.step()
    assert not scheduler.step()
    assert entropy.tape == {"ties": []}
