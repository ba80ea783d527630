"""The bus: who hears what, in which order, and what a handler's own words wait for."""

import pytest

from engine.bus import (
    DISPATCHES_MAX,
    HandlerFailed,
    MessageBus,
    TurnNotQuiet,
    UnknownEndpoint,
    matches,
)
from engine.model.identifiers import ComponentId

ALICE = ComponentId("ALICE-001")


@pytest.fixture
def bus() -> MessageBus:
    return MessageBus()


# -- wildcards --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        ("data.*", "data.", True),
        ("a*b", "ab", True),
        ("a?c", "ac", False),
        ("a?c", "abc", True),
        ("a.*.c", "a.b.c", True),
        ("a.*.c", "a..c", True),
        ("a.*.c", "a.x.y.c", True),
        ("events.order.*", "events.order.S-1", True),
        ("events.order.*", "events.order", False),
        ("*", "", True),
        ("*", "anything.at.all", True),
        ("a", "A", False),
        ("a[b]c", "abc", False),
        ("a.c", "abc", False),
    ],
)
def test_pattern_against_a_topic_means_what_the_spec_says(
    pattern: str, topic: str, expected: bool
) -> None:
    assert matches(pattern, topic) is expected


# -- topics -----------------------------------------------------------------------------------------


def test_publish_without_subscribers_is_counted_and_otherwise_nothing(bus: MessageBus) -> None:
    bus.publish("data.x", 1)

    assert bus.pub_count == 1


@pytest.mark.parametrize("topic", ["", "data.*", "data.?"])
def test_publish_to_a_pattern_or_nothing_is_refused(bus: MessageBus, topic: str) -> None:
    with pytest.raises(ValueError, match="not a topic"):
        bus.publish(topic, 1)
    assert bus.pub_count == 0


def test_subscribing_twice_keeps_the_first_subscription_and_its_priority(bus: MessageBus) -> None:
    heard: list[str] = []

    def late(message: object) -> None:
        heard.append("late")

    def other(message: object) -> None:
        heard.append("other")

    assert bus.subscribe("t", late, 0) is True
    bus.subscribe("t", other, 5)
    assert bus.subscribe("t", late, 10) is False
    bus.publish("t", 1)

    assert heard == ["other", "late"]


def test_handlers_hear_by_priority_then_by_order_of_subscription(bus: MessageBus) -> None:
    heard: list[str] = []
    for name, priority in [("a", 0), ("b", 10), ("c", 0), ("d", 10), ("e", 5)]:
        pattern = "t" if name in "ac" else "t*"  # the kind of pattern plays no part
        bus.subscribe(pattern, lambda _, name=name: heard.append(name), priority)

    bus.publish("t", 1)

    assert heard == ["b", "d", "e", "a", "c"]


def test_handler_of_two_matching_patterns_hears_once_for_each(bus: MessageBus) -> None:
    heard: list[int] = []
    bus.subscribe("t", heard.append)
    bus.subscribe("t*", heard.append)

    bus.publish("t", 1)

    assert heard == [1, 1]


def test_wildcard_subscribed_after_a_topic_was_resolved_still_hears_it(bus: MessageBus) -> None:
    heard: list[int] = []
    bus.publish("data.x", 1)
    bus.subscribe("data.*", heard.append)
    bus.publish("data.x", 2)
    bus.unsubscribe("data.*", heard.append)
    bus.publish("data.x", 3)

    assert heard == [2]


def test_handler_unsubscribed_during_a_dispatch_is_skipped(bus: MessageBus) -> None:
    heard: list[str] = []

    def second(message: object) -> None:
        heard.append("second")

    def first(message: object) -> None:
        heard.append("first")
        bus.unsubscribe("t", second)

    bus.subscribe("t", first)
    bus.subscribe("t", second)
    bus.publish("t", 1)

    assert heard == ["first"]


def test_handler_subscribed_during_a_dispatch_hears_the_next_message_first(
    bus: MessageBus,
) -> None:
    heard: list[int] = []

    def first(message: object) -> None:
        bus.subscribe("t", heard.append)

    bus.subscribe("t", first)
    bus.publish("t", 1)
    bus.publish("t", 2)

    assert heard == [2]


def test_handler_subscribed_before_a_queued_message_is_dispatched_hears_it(
    bus: MessageBus,
) -> None:
    heard: list[int] = []

    def first(message: object) -> None:
        bus.publish("later", 7)
        bus.subscribe("later", heard.append)

    bus.subscribe("t", first)
    bus.publish("t", 1)

    assert heard == [7]


def test_publication_of_a_handler_waits_until_everybody_heard_its_cause(bus: MessageBus) -> None:
    heard: list[tuple[str, object]] = []

    def first(message: object) -> None:
        heard.append(("first", message))
        if message == "cause":
            bus.publish("t", "effect")

    def second(message: object) -> None:
        heard.append(("second", message))

    bus.subscribe("t", first)
    bus.subscribe("t", second)
    bus.publish("t", "cause")

    assert heard == [
        ("first", "cause"),
        ("second", "cause"),
        ("first", "effect"),
        ("second", "effect"),
    ]


def test_dispatch_reaches_everybody_before_what_the_handlers_sent(bus: MessageBus) -> None:
    heard: list[str] = []

    def engine(command: object) -> None:
        heard.append(f"begin {command}")
        bus.dispatch("t", command)
        heard.append(f"end {command}")

    def strategy(message: object) -> None:
        heard.append(f"strategy {message}")
        if message == "one":
            bus.send("engine", "two")

    bus.register("engine", engine)
    bus.subscribe("t", strategy)
    bus.send("engine", "one")

    assert heard == [
        "begin one",
        "strategy one",
        "end one",
        "begin two",
        "strategy two",
        "end two",
    ]


def test_held_bus_queues_until_it_is_drained(bus: MessageBus) -> None:
    heard: list[int] = []
    bus.subscribe("t", heard.append)
    bus.held = True
    bus.publish("t", 1)
    assert heard == []

    bus.drain()

    assert heard == [1]
    assert bus.held is True  # until whoever holds it lets go


def test_observer_sees_each_dispatch_before_its_handlers(bus: MessageBus) -> None:
    seen: list[object] = []
    bus.observer = lambda topic, message: seen.append(("observer", topic, message))
    bus.subscribe("t", lambda message: seen.append(("handler", message)))

    bus.publish("t", 1)

    assert seen == [("observer", "t", 1), ("handler", 1)]


def test_subscription_with_a_negative_priority_or_no_pattern_is_refused(bus: MessageBus) -> None:
    with pytest.raises(ValueError, match="negative"):
        bus.subscribe("t", print, -1)
    with pytest.raises(ValueError, match="empty"):
        bus.subscribe("", print)
    assert bus.topics() == []


def test_unsubscribing_what_is_not_subscribed_says_so(bus: MessageBus) -> None:
    assert bus.unsubscribe("t", print) is False
    bus.subscribe("t", print)
    assert bus.unsubscribe("t*", print) is False
    assert bus.unsubscribe("t", print) is True
    assert bus.topics() == []


# -- endpoints --------------------------------------------------------------------------------------


def test_second_handler_at_an_endpoint_is_refused(bus: MessageBus) -> None:
    bus.register("e", print)
    with pytest.raises(KeyError, match="taken"):
        bus.register("e", repr)


def test_deregistering_another_handler_is_refused(bus: MessageBus) -> None:
    bus.register("e", print)
    with pytest.raises(KeyError):
        bus.deregister("e", repr)
    bus.deregister("e", print)
    assert bus.endpoints() == []


def test_send_to_an_unknown_endpoint_raises_and_sends_nothing(bus: MessageBus) -> None:
    with pytest.raises(UnknownEndpoint) as caught:
        bus.send("nowhere", 1)
    assert caught.value.endpoint == "nowhere"
    assert bus.sent_count == 0


def test_endpoint_gone_when_its_message_comes_up_raises(bus: MessageBus) -> None:
    bus.register("e", print)
    bus.held = True
    bus.send("e", 1)
    bus.deregister("e", print)
    with pytest.raises(UnknownEndpoint):
        bus.drain()


# -- requests ---------------------------------------------------------------------------------------


def test_request_is_completed_once_and_only_once(bus: MessageBus) -> None:
    answers: list[str] = []
    bus.register("e", lambda message: None)
    bus.request("e", "R-1", "question", answers.append)
    assert bus.is_pending_request("R-1")

    assert bus.respond("R-1", "answer") is True
    assert bus.respond("R-1", "again") is False

    assert answers == ["answer"]
    assert not bus.is_pending_request("R-1")
    assert (bus.req_count, bus.res_count) == (1, 1)


def test_request_to_an_unknown_endpoint_leaves_no_callback_behind(bus: MessageBus) -> None:
    with pytest.raises(UnknownEndpoint):
        bus.request("nowhere", "R-1", "question", print)
    assert not bus.is_pending_request("R-1")
    assert bus.req_count == 0


def test_request_with_a_pending_id_is_refused_and_not_sent(bus: MessageBus) -> None:
    sent: list[str] = []
    bus.register("e", sent.append)
    bus.request("e", "R-1", "one", print)
    with pytest.raises(KeyError, match="pending"):
        bus.request("e", "R-1", "two", print)
    assert sent == ["one"]


# -- owners -----------------------------------------------------------------------------------------


def test_exception_of_an_owned_handler_is_charged_to_its_owner(bus: MessageBus) -> None:
    def broken(message: object) -> None:
        raise ZeroDivisionError

    bus.subscribe("t", broken, 0, ALICE)
    with pytest.raises(HandlerFailed) as caught:
        bus.publish("t", 1)
    assert caught.value.component_id == ALICE
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_exception_of_an_ownerless_handler_is_raised_as_it_is(bus: MessageBus) -> None:
    def broken(message: object) -> None:
        raise ZeroDivisionError

    bus.subscribe("t", broken)
    with pytest.raises(ZeroDivisionError):
        bus.publish("t", 1)


def test_exception_of_an_owned_callback_is_charged_to_its_owner(bus: MessageBus) -> None:
    def broken(message: object) -> None:
        raise ZeroDivisionError

    bus.register("e", lambda message: None)
    bus.request("e", "R-1", "question", broken, ALICE)
    with pytest.raises(HandlerFailed) as caught:
        bus.respond("R-1", "answer")
    assert caught.value.component_id == ALICE


def test_owner_charged_through_another_subscriber_stays_the_one_that_raised(
    bus: MessageBus,
) -> None:
    def broken(message: object) -> None:
        raise ZeroDivisionError

    bus.subscribe("inner", broken, 0, ALICE)
    bus.subscribe("outer", lambda message: bus.dispatch("inner", 1), 0, ComponentId("BOB-001"))
    with pytest.raises(HandlerFailed) as caught:
        bus.publish("outer", 1)
    assert caught.value.component_id == ALICE


def test_released_owner_hears_nothing_more_not_even_what_is_queued(bus: MessageBus) -> None:
    heard: list[object] = []
    bus.register("e", lambda message: None)
    bus.subscribe("t", heard.append, 0, ALICE)
    bus.subscribe("*", heard.append, 0, ALICE)
    bus.subscribe("t", lambda message: None)
    bus.held = True
    bus.request("e", "R-1", "question", heard.append, ALICE)
    bus.request("e", "R-2", "question", heard.append, ALICE)
    bus.respond("R-1", "answer")
    bus.publish("t", 1)

    bus.release(ALICE)
    bus.drain()

    assert heard == []
    assert not bus.is_pending_request("R-2")
    assert [subscription.owner for subscription in bus.subscriptions()] == [None]


# -- bounds and faults ------------------------------------------------------------------------------


def test_endless_turn_is_stopped_and_its_topics_named(bus: MessageBus) -> None:
    bus.subscribe("ping", lambda message: bus.publish("pong", message))
    bus.subscribe("pong", lambda message: bus.publish("ping", message))
    with pytest.raises(TurnNotQuiet) as caught:
        bus.publish("ping", 1)
    assert caught.value.topics == ("ping", "pong")


def test_turn_of_exactly_the_allowed_dispatches_goes_quiet(bus: MessageBus) -> None:
    left = [DISPATCHES_MAX - 1]

    def again(message: object) -> None:
        if left[0]:
            left[0] -= 1
            bus.publish("t", message)

    bus.subscribe("t", again)
    bus.publish("t", 1)
    assert bus.pub_count == DISPATCHES_MAX

    left[0] = DISPATCHES_MAX
    with pytest.raises(TurnNotQuiet):
        bus.publish("t", 1)


def test_cleared_bus_drops_what_was_queued(bus: MessageBus) -> None:
    heard: list[int] = []
    bus.subscribe("t", heard.append)
    bus.held = True
    bus.publish("t", 1)

    bus.clear()
    bus.drain()

    assert heard == []


# -- introspection ----------------------------------------------------------------------------------


def test_introspection_shows_what_is_there(bus: MessageBus) -> None:
    bus.register("e2", print)
    bus.register("e1", print)
    bus.subscribe("data.*", print, 1)
    bus.subscribe("data.x", repr)

    assert bus.endpoints() == ["e1", "e2"]
    assert bus.topics() == ["data.*", "data.x"]
    assert bus.has_subscribers("data.y")
    assert not bus.has_subscribers("events.y")
    assert bus.is_subscribed("data.x", repr)
    assert not bus.is_subscribed("data.x", print)
    assert [s.pattern for s in bus.subscriptions()] == ["data.*", "data.x"]
    assert [s.pattern for s in bus.subscriptions("data.x")] == ["data.x"]
