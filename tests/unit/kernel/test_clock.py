"""Time only goes forward; timers fire at their instants, in one order for all components."""

from datetime import UTC, datetime

import pytest

from engine.clock import ComponentClock, KernelClock, TimeWentBack
from engine.model.events import TimeEvent
from engine.model.identifiers import ComponentId

NOW = 1_000


@pytest.fixture
def kernel_clock() -> KernelClock:
    return KernelClock(NOW)


@pytest.fixture
def fired() -> list[TimeEvent]:
    return []


@pytest.fixture
def clock(kernel_clock: KernelClock, fired: list[TimeEvent]) -> ComponentClock:
    clock = ComponentClock(kernel_clock, ComponentId("ALICE-001"))
    clock.register_default_handler(fired.append)
    return clock


def run_until(kernel_clock: KernelClock, until_ns: int) -> None:
    """What a driver and a kernel do between them: one turn for each due timer."""
    while kernel_clock.due_ns <= until_ns:
        kernel_clock.advance(kernel_clock.due_ns)
        event, callback = kernel_clock.pop_due()
        callback(event)
    kernel_clock.advance(until_ns)


def instants(fired: list[TimeEvent]) -> list[int]:
    return [event.ts_event for event in fired]


# -- time -------------------------------------------------------------------------------------------


def test_clock_advanced_backwards_refuses_and_stays(kernel_clock: KernelClock) -> None:
    with pytest.raises(TimeWentBack) as caught:
        kernel_clock.advance(NOW - 1)
    assert (caught.value.now_ns, caught.value.to_ns) == (NOW, NOW - 1)
    assert kernel_clock.now_ns == NOW


def test_clock_advanced_to_now_is_no_step_back(kernel_clock: KernelClock) -> None:
    kernel_clock.advance(NOW)
    assert kernel_clock.now_ns == NOW


def test_component_reads_the_kernel_time_in_every_form(
    kernel_clock: KernelClock, clock: ComponentClock
) -> None:
    kernel_clock.advance(1_700_000_000_123_456_789)
    assert clock.now_ns == clock.timestamp_ns() == 1_700_000_000_123_456_789
    assert clock.utc_now() == datetime(2023, 11, 14, 22, 13, 20, 123_456, tzinfo=UTC)


# -- alerts -----------------------------------------------------------------------------------------


def test_alert_fires_once_at_its_instant_and_frees_its_name(
    kernel_clock: KernelClock, clock: ComponentClock, fired: list[TimeEvent]
) -> None:
    clock.set_time_alert_ns("a", NOW + 5)
    assert kernel_clock.next_timer_ns() == NOW + 5
    run_until(kernel_clock, NOW + 100)

    assert fired == [TimeEvent("a", NOW + 5, NOW + 5)]
    assert clock.timer_count == 0
    assert kernel_clock.next_timer_ns() is None


def test_alert_may_be_set_again_by_its_own_callback(
    kernel_clock: KernelClock, clock: ComponentClock
) -> None:
    seen: list[int] = []

    def again(event: TimeEvent) -> None:
        seen.append(event.ts_event)
        clock.set_time_alert_ns("a", event.ts_event + 10, again)

    clock.set_time_alert_ns("a", NOW + 10, again)
    run_until(kernel_clock, NOW + 35)

    assert seen == [NOW + 10, NOW + 20, NOW + 30]


def test_alert_in_the_past_becomes_now_and_fires_at_an_advance_to_the_same_time(
    kernel_clock: KernelClock, clock: ComponentClock, fired: list[TimeEvent]
) -> None:
    clock.set_time_alert_ns("a", NOW - 500)
    run_until(kernel_clock, NOW)
    assert fired == [TimeEvent("a", NOW, NOW)]


def test_alert_in_the_past_is_refused_when_the_past_is_not_allowed(clock: ComponentClock) -> None:
    with pytest.raises(ValueError, match="before now"):
        clock.set_time_alert_ns("a", NOW - 1, allow_past=False)
    clock.set_time_alert_ns("a", NOW, allow_past=False)  # now is not the past
    assert clock.timer_names == ["a"]


def test_alert_with_a_taken_name_is_refused_unless_it_overrides(
    kernel_clock: KernelClock, clock: ComponentClock, fired: list[TimeEvent]
) -> None:
    clock.set_time_alert_ns("a", NOW + 5)
    with pytest.raises(KeyError, match="already set"):
        clock.set_time_alert_ns("a", NOW + 9)
    assert clock.next_time_ns("a") == NOW + 5

    clock.set_time_alert_ns("a", NOW + 9, override=True)
    run_until(kernel_clock, NOW + 50)
    assert instants(fired) == [NOW + 9]


# -- repeating timers -------------------------------------------------------------------------------


def test_timer_ticks_first_one_interval_after_its_start(
    kernel_clock: KernelClock, clock: ComponentClock, fired: list[TimeEvent]
) -> None:
    clock.set_timer_ns("t", 10, NOW + 3)
    run_until(kernel_clock, NOW + 40)
    assert instants(fired) == [NOW + 13, NOW + 23, NOW + 33]


def test_timer_that_fires_immediately_ticks_at_its_start_too(
    kernel_clock: KernelClock, clock: ComponentClock, fired: list[TimeEvent]
) -> None:
    clock.set_timer_ns("t", 10, fire_immediately=True)
    run_until(kernel_clock, NOW + 20)
    assert instants(fired) == [NOW, NOW + 10, NOW + 20]


def test_timer_fires_at_its_stop_and_then_is_gone(
    kernel_clock: KernelClock, clock: ComponentClock, fired: list[TimeEvent]
) -> None:
    clock.set_timer_ns("t", 10, NOW, NOW + 20)
    run_until(kernel_clock, NOW + 100)
    assert instants(fired) == [NOW + 10, NOW + 20]
    assert clock.timer_count == 0


def test_timer_whose_stop_comes_before_its_first_tick_arms_nothing(
    kernel_clock: KernelClock, clock: ComponentClock
) -> None:
    clock.set_timer_ns("t", 10, NOW, NOW + 9)
    assert clock.timer_count == 0
    assert kernel_clock.next_timer_ns() is None


def test_timer_started_in_the_past_fires_each_missed_tick_now(
    kernel_clock: KernelClock, clock: ComponentClock, fired: list[TimeEvent]
) -> None:
    clock.set_timer_ns("t", 10, NOW - 25)
    assert kernel_clock.next_timer_ns() == NOW
    run_until(kernel_clock, NOW + 10)
    assert [(event.ts_event, event.ts_init) for event in fired] == [
        (NOW - 15, NOW),
        (NOW - 5, NOW),
        (NOW + 5, NOW + 5),
    ]


def test_timer_cancelled_by_its_own_callback_ticks_no_more(
    kernel_clock: KernelClock, clock: ComponentClock
) -> None:
    seen: list[int] = []

    def once(event: TimeEvent) -> None:
        seen.append(event.ts_event)
        clock.cancel_timer("t")

    clock.set_timer_ns("t", 10, callback=once)
    run_until(kernel_clock, NOW + 100)
    assert seen == [NOW + 10]
    assert kernel_clock.next_timer_ns() is None


def test_timer_in_one_advance_or_in_many_fires_the_same() -> None:
    def play(steps: int) -> list[tuple[str, int]]:
        kernel_clock = KernelClock(NOW)
        clock = ComponentClock(kernel_clock, ComponentId("ALICE-001"))
        seen: list[tuple[str, int]] = []
        clock.register_default_handler(lambda event: seen.append((event.name, event.ts_event)))
        clock.set_timer_ns("b", 6)
        clock.set_timer_ns("a", 4)
        clock.set_time_alert_ns("c", NOW + 12)
        for step in range(1, steps + 1):
            run_until(kernel_clock, NOW + 60 * step // steps)
        return seen

    assert play(1) == play(60)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "", "interval_ns": 10}, "needs a name"),
        ({"name": "t", "interval_ns": 0}, "at least 1 ns"),
        ({"name": "t", "interval_ns": -1}, "negative"),
        ({"name": "t", "interval_ns": 10, "start_ns": NOW + 5, "stop_ns": NOW + 5}, "not after"),
        ({"name": "t", "interval_ns": 10, "start_ns": NOW - 1, "allow_past": False}, "before now"),
        ({"name": "t", "interval_ns": 1 << 63}, "beyond the last instant"),
    ],
)
def test_timer_with_wrong_arguments_is_refused_and_others_stay(
    kernel_clock: KernelClock, clock: ComponentClock, arguments: dict[str, object], message: str
) -> None:
    clock.set_time_alert_ns("other", NOW + 50)
    with pytest.raises(ValueError, match=message):
        clock.set_timer_ns(**arguments)  # type: ignore[arg-type]
    assert kernel_clock.timers() == [(clock.component_id, "other", NOW + 50)]


@pytest.mark.parametrize("interval", [1.5, True, None])
def test_timer_with_an_interval_that_is_no_integer_is_a_type_error(
    clock: ComponentClock, interval: object
) -> None:
    with pytest.raises(TypeError, match="interval_ns"):
        clock.set_timer_ns("t", interval)  # type: ignore[arg-type]


def test_timer_without_any_callback_is_refused(kernel_clock: KernelClock) -> None:
    bare = ComponentClock(kernel_clock, ComponentId("BARE-001"))
    with pytest.raises(ValueError, match="no callback"):
        bare.set_time_alert_ns("a", NOW + 1)


# -- one order for all ------------------------------------------------------------------------------


def test_timers_due_together_fire_in_the_order_they_were_armed(kernel_clock: KernelClock) -> None:
    seen: list[str] = []
    zoe = ComponentClock(kernel_clock, ComponentId("ZOE-001"))
    bob = ComponentClock(kernel_clock, ComponentId("BOB-001"))
    zoe.set_time_alert_ns("same", NOW + 5, lambda event: seen.append("zoe"))
    bob.set_time_alert_ns("same", NOW + 5, lambda event: seen.append("bob"))
    zoe.set_time_alert_ns("early", NOW + 4, lambda event: seen.append("early"))

    assert kernel_clock.next_owner() == "ZOE-001"
    run_until(kernel_clock, NOW + 5)

    assert seen == ["early", "zoe", "bob"]


def test_pop_before_a_timer_is_due_is_refused(
    kernel_clock: KernelClock, clock: ComponentClock
) -> None:
    with pytest.raises(LookupError):
        kernel_clock.pop_due()
    clock.set_time_alert_ns("a", NOW + 1)
    with pytest.raises(LookupError):
        kernel_clock.pop_due()
    assert clock.timer_names == ["a"]


def test_cancelling_the_next_timer_shows_the_one_behind_it(
    kernel_clock: KernelClock, clock: ComponentClock
) -> None:
    clock.set_time_alert_ns("a", NOW + 1)
    clock.set_time_alert_ns("b", NOW + 2)
    clock.cancel_timer("a")
    assert kernel_clock.next_timer_ns() == NOW + 2
    with pytest.raises(KeyError):
        clock.cancel_timer("a")


def test_cancelling_all_of_one_component_leaves_the_others(
    kernel_clock: KernelClock, clock: ComponentClock
) -> None:
    other = ComponentClock(kernel_clock, ComponentId("BOB-001"))
    other.set_time_alert_ns("keep", NOW + 7, print)
    clock.set_time_alert_ns("a", NOW + 1)
    clock.set_timer_ns("b", 5)
    clock.cancel_timers()
    assert kernel_clock.timers() == [(other.component_id, "keep", NOW + 7)]

    kernel_clock.cancel_all()
    assert other.timer_count == 0
    assert kernel_clock.next_timer_ns() is None


def test_many_cancelled_timers_do_not_pile_up(
    kernel_clock: KernelClock, clock: ComponentClock, fired: list[TimeEvent]
) -> None:
    clock.set_time_alert_ns("soon", NOW + 1)
    for n in range(10_000):
        clock.set_time_alert_ns("far", NOW + 1_000_000 + n, override=True)
    assert len(kernel_clock._heap) < 300
    run_until(kernel_clock, NOW + 2_000_000)
    assert instants(fired) == [NOW + 1, NOW + 1_009_999]
