"""The message bus: who hears what, and in which order.

There are two ways out, and the difference is what keeps cause before effect.

`publish` and `send` are for handlers: strategies, actors, engines acting as subscribers. What
they say joins one FIFO of units and is delivered after the message in hand has reached everybody.

`dispatch` is for the engine that is processing the current unit: its state is applied, its cache
is written, and now all subscribers hear of it, before the next unit begins. Handlers can only
queue, so a dispatch never nests in another subscriber's view.

So a unit is "apply, then tell everybody", and no handler ever meets the effects of a later unit.

Handlers are looked up when a dispatch begins, highest priority first, then in the order of
subscription. One that is unsubscribed meanwhile is skipped.
"""

import re
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from engine.bus_faults import DISPATCHES_MAX as DISPATCHES_MAX
from engine.bus_faults import HandlerFailed as HandlerFailed
from engine.bus_faults import TurnNotQuiet as TurnNotQuiet
from engine.bus_faults import UnknownEndpoint as UnknownEndpoint
from engine.model.identifiers import ComponentId

Handler = Callable[[Any], None]  # each subscriber knows the type its topic carries

_TAIL: Final = 64  # how many of the last dispatches an unquiet turn is described by

_PUBLISH: Final = 0
_SEND: Final = 1
_RESPOND: Final = 2


class Subscription:
    """One handler's interest in one pattern. `live` is False once it is unsubscribed."""

    __slots__ = (
        "_expression",
        "_is_wild",
        "_prefix",
        "handler",
        "live",
        "owner",
        "pattern",
        "priority",
        "sequence",
    )

    def __init__(
        self,
        pattern: str,
        handler: Handler,
        priority: int,
        sequence: int,
        owner: ComponentId | None,
    ) -> None:
        self.pattern = pattern
        self.handler = handler
        self.priority = priority
        self.sequence = sequence
        self.owner = owner
        self.live = True
        self._is_wild = is_pattern(pattern)
        self._prefix = ""
        self._expression: re.Pattern[str] | None = None
        if self._is_wild:
            # most patterns end in their only wildcard and mean what begins as they do
            self._prefix = pattern[:-1]
            if pattern[-1] != "*" or is_pattern(self._prefix):
                self._expression = _compile(pattern)

    def means(self, topic: str) -> bool:
        """Whether its pattern matches `topic`."""
        if self._expression is not None:
            return self._expression.fullmatch(topic) is not None
        return topic.startswith(self._prefix) if self._is_wild else topic == self.pattern


class _PendingRequest:
    __slots__ = ("callback", "live", "owner")

    def __init__(self, callback: Handler, owner: ComponentId | None) -> None:
        self.callback = callback
        self.owner = owner
        self.live = True


def is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def matches(pattern: str, topic: str) -> bool:
    """Whether `topic` is one that `pattern` means.

    `*` stands for zero or more characters, dots too; `?` for exactly one; all else for itself.
    """
    return _compile(pattern).fullmatch(topic) is not None


@lru_cache(maxsize=256)  # kernels of one process are built with the same few
def _compile(pattern: str) -> re.Pattern[str]:
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL)


class MessageBus:
    """Endpoints, requests and topics of one kernel.

    Attributes:
        held: True while a turn or `drain` runs: publications and sends wait. The kernel sets it
            before it hands an input to an engine and lowers it when the turn is over.
        queue: units that wait, oldest first; empty between turns.
        observer: told of every dispatch to a topic, before its handlers; for oracles.
        sent_count, req_count, res_count, pub_count: messages delivered to endpoints, requests
            made, requests answered, dispatches to topics (heard or not).
    """

    __slots__ = (
        "_endpoints",
        "_ordered",
        "_requests",
        "_routes",
        "_sequence",
        "_subscribed",
        "held",
        "observer",
        "pub_count",
        "queue",
        "req_count",
        "res_count",
        "sent_count",
    )

    def __init__(self) -> None:
        self.held = False
        self.observer: Callable[[str, object], None] | None = None
        self.sent_count = 0
        self.req_count = 0
        self.res_count = 0
        self.pub_count = 0
        self.queue: deque[tuple[int, Any, object]] = deque()
        self._endpoints: dict[str, Handler] = {}
        self._requests: dict[str, _PendingRequest] = {}
        self._subscribed: dict[str, dict[Handler, Subscription]] = {}  # by pattern
        self._ordered: list[Subscription] = []  # all of them, in dispatch order
        self._routes: dict[str, tuple[Subscription, ...]] = {}
        self._sequence = 0

    # -- topics ---------------------------------------------------------------------------------

    def subscribe(
        self,
        pattern: str,
        handler: Handler,
        priority: int = 0,
        owner: ComponentId | None = None,
    ) -> bool:
        """Deliver every message on a topic that `pattern` matches to `handler`.

        Args:
            priority: >= 0; higher hears first, equals in the order of subscription.
            owner: the component whose code `handler` is; its exceptions are charged to it.
        Returns:
            False when this handler already has this pattern: the first subscription stays as it
            is, priority included.
        Raises:
            ValueError: an empty pattern or a negative priority.
        """
        if not pattern:
            raise ValueError("a pattern must not be empty")
        if priority < 0:
            raise ValueError(f"priority {priority} is negative")
        group = self._subscribed.get(pattern)
        if group is None:
            group = self._subscribed[pattern] = {}
        if handler in group:
            return False
        self._sequence += 1
        subscription = Subscription(pattern, handler, priority, self._sequence, owner)
        group[handler] = subscription
        ordered = self._ordered
        place = len(ordered)
        while place > 0 and ordered[place - 1].priority < priority:
            place -= 1
        ordered.insert(place, subscription)
        self._forget_routes(pattern)
        return True

    def unsubscribe(self, pattern: str, handler: Handler) -> bool:
        """Stop delivering, a dispatch under way included. False when there was nothing to stop."""
        group = self._subscribed.get(pattern)
        if group is None or handler not in group:
            return False
        subscription = group.pop(handler)
        subscription.live = False
        self._ordered.remove(subscription)
        if not group:
            del self._subscribed[pattern]
        self._forget_routes(pattern)
        return True

    def release(self, owner: ComponentId) -> None:
        """Drop every subscription and pending request of a component, as when it stops."""
        for subscription in list(self._ordered):
            if subscription.owner == owner:
                self.unsubscribe(subscription.pattern, subscription.handler)
        for request_id, pending in list(self._requests.items()):
            if pending.owner == owner:
                pending.live = False
                del self._requests[request_id]
        for kind, waiting, _ in self.queue:
            if kind == _RESPOND and waiting.owner == owner:
                waiting.live = False

    def publish(self, topic: str, message: object) -> None:
        """Queue `message` for `topic`; outside a turn it is delivered before this returns.

        Raises:
            ValueError: `topic` is a pattern or empty.
        """
        if topic not in self._routes:
            self._resolve(topic)
        self.queue.append((_PUBLISH, topic, message))
        if not self.held:
            self.drain()

    def dispatch(self, topic: str, message: object) -> None:
        """Deliver `message` now to every live subscriber of `topic`.

        For the engine that is processing the current unit and has applied what it announces.

        Raises:
            HandlerFailed: a handler with an owner raised; an ownerless handler's error is raised
                as it is. The remaining handlers are not called.
            ValueError: `topic` is a pattern or empty.
        """
        self.pub_count += 1
        if self.observer is not None:
            self.observer(topic, message)
        route = self._routes.get(topic)
        if route is None:
            route = self._resolve(topic)
        for subscription in route:
            if subscription.live:
                try:
                    subscription.handler(message)
                except HandlerFailed:
                    raise
                except Exception as error:
                    if subscription.owner is None:
                        raise
                    raise HandlerFailed(subscription.owner, error) from error

    # -- endpoints ------------------------------------------------------------------------------

    def register(self, endpoint: str, handler: Handler) -> None:
        """Raises KeyError when somebody is registered there already."""
        if not endpoint or is_pattern(endpoint):
            raise ValueError(f"not an endpoint: {endpoint!r}")
        if endpoint in self._endpoints:
            raise KeyError(f"endpoint {endpoint!r} is taken")
        self._endpoints[endpoint] = handler

    def deregister(self, endpoint: str, handler: Handler) -> None:
        """Raises KeyError unless it is `handler` that is registered there."""
        if self._endpoints.get(endpoint) != handler:
            raise KeyError(f"that handler is not registered at {endpoint!r}")
        del self._endpoints[endpoint]

    def send(self, endpoint: str, message: object) -> None:
        """Queue `message` for the one handler at `endpoint`; outside a turn deliver it now.

        Raises:
            UnknownEndpoint: nobody is registered there; nothing was queued.
        """
        if endpoint not in self._endpoints:
            raise UnknownEndpoint(endpoint)
        self.queue.append((_SEND, endpoint, message))
        if not self.held:
            self.drain()

    # -- requests -------------------------------------------------------------------------------

    def request(
        self,
        endpoint: str,
        request_id: str,
        message: object,
        callback: Handler,
        owner: ComponentId | None = None,
    ) -> None:
        """Send `message` and hand its one response to `callback`.

        Raises:
            UnknownEndpoint: nobody is registered there; the callback is not kept.
            KeyError: `request_id` is pending already; nothing was sent.
        """
        if endpoint not in self._endpoints:
            raise UnknownEndpoint(endpoint)
        if request_id in self._requests:
            raise KeyError(f"request {request_id!r} is pending already")
        self._requests[request_id] = _PendingRequest(callback, owner)
        self.req_count += 1
        self.send(endpoint, message)

    def respond(self, correlation_id: str, message: object) -> bool:
        """Queue `message` as the answer to a request. False when none is pending by that id."""
        pending = self._requests.pop(correlation_id, None)
        if pending is None:
            return False
        self.res_count += 1
        self.queue.append((_RESPOND, pending, message))
        if not self.held:
            self.drain()
        return True

    # -- the queue ------------------------------------------------------------------------------

    def drain(self) -> None:
        """Run queued units, and those they queue, until the turn is quiet.

        Raises:
            TurnNotQuiet: more than `DISPATCHES_MAX` dispatches.
            HandlerFailed, or what an ownerless handler raised. The queue is left as it is then;
            `clear` drops it.
        """
        held = self.held
        self.held = True
        try:
            self._run(self.queue)
        finally:
            self.held = held

    def clear(self) -> None:
        """Drop what is queued: the turn that said it has faulted."""
        self.queue.clear()
        self.held = False

    def disconnect(self) -> None:
        """Forget who listens, where and for what: the kernel is done with. Handlers hold their
        components and those hold the bus, a knot that nobody need untie."""
        self._endpoints.clear()
        self._requests.clear()
        self._subscribed.clear()
        self._ordered.clear()
        self._routes.clear()
        self.observer = None

    def _run(self, queue: deque[tuple[int, Any, object]]) -> None:
        # Dispatches to topics are counted where they are made; what else is delivered, here.
        others = 0
        loop_at = self.pub_count + DISPATCHES_MAX
        watch_at = loop_at - _TAIL
        tail: list[str] = []
        while queue:
            kind, target, message = queue.popleft()
            if kind == _PUBLISH:
                self.dispatch(target, message)
            elif kind == _SEND:
                handler = self._endpoints.get(target)
                if handler is None:
                    raise UnknownEndpoint(target)
                others += 1
                self.sent_count += 1
                handler(message)
            else:
                others += 1
                self._complete(target, message)
            made = self.pub_count + others
            if made > watch_at:
                tail.append("a response" if kind == _RESPOND else target)
                if made > loop_at:
                    raise TurnNotQuiet(tuple(sorted(dict.fromkeys(tail))))

    def _complete(self, pending: _PendingRequest, message: object) -> None:
        if not pending.live:
            return
        try:
            pending.callback(message)
        except HandlerFailed:
            raise
        except Exception as error:
            if pending.owner is None:
                raise
            raise HandlerFailed(pending.owner, error) from error

    # -- introspection --------------------------------------------------------------------------

    def endpoints(self) -> list[str]:
        return sorted(self._endpoints)

    def topics(self) -> list[str]:
        """Every pattern somebody subscribes to, sorted."""
        return sorted(self._subscribed)

    def subscriptions(self, pattern: str = "*") -> list[Subscription]:
        """The subscriptions whose own pattern `pattern` matches, in dispatch order."""
        text = _compile(pattern)
        return [each for each in self._ordered if text.fullmatch(each.pattern)]

    def has_subscribers(self, topic: str) -> bool:
        """Whether a message published on `topic` would reach anybody."""
        route = self._routes.get(topic)
        return bool(self._resolve(topic) if route is None else route)

    def is_subscribed(self, pattern: str, handler: Handler) -> bool:
        group = self._subscribed.get(pattern)
        return group is not None and handler in group

    def is_pending_request(self, request_id: str) -> bool:
        return request_id in self._requests

    # -- routes ---------------------------------------------------------------------------------

    def _forget_routes(self, pattern: str) -> None:
        if not self._routes:
            return
        if is_pattern(pattern):
            self._routes.clear()
        else:
            self._routes.pop(pattern, None)

    def _resolve(self, topic: str) -> tuple[Subscription, ...]:
        if not topic or is_pattern(topic):
            raise ValueError(f"not a topic: {topic!r}")
        found: list[Subscription] = []
        for subscription in self._ordered:
            if subscription.means(topic):
                found.append(subscription)
        route = tuple(found)
        self._routes[topic] = route
        return route
