"""Messages that miss a subscriber, or overtake their cause."""

from typing import Final

from zoo.bug import Bug

BUGS: Final = (
    Bug(
        id="last-leaver-takes-route",
        sentence="When the last exact subscriber of a topic leaves, wildcards hear it no more.",
        module="engine.bus",
        changes=(
            (
                "            self._exact.pop(pattern, None)\n"
                "            self._wild.pop(pattern, None)\n"
                "        self._forget_routes(pattern)\n",
                "            self._exact.pop(pattern, None)\n"
                "            self._wild.pop(pattern, None)\n"
                "        self._forget_routes(pattern)\n"
                "        if not group and not is_pattern(pattern):\n"
                "            self._routes[pattern] = ()\n",
            ),
        ),
        property="BUS-1",
    ),
    Bug(
        id="depth-first-publish",
        sentence="What a handler publishes is delivered before the message in hand goes on.",
        module="engine.bus",
        changes=(
            (
                "        self._queue.append((_PUBLISH, topic, message))\n"
                "        if not self.held:\n"
                "            self.drain()\n",
                "        self.dispatch(topic, message)\n",
            ),
        ),
        property="BUS-1",
        observed=(
            "A publish inside a handler is depth-first in NautilusTrader: later subscribers hear "
            "the effect before the cause."
        ),
    ),
    Bug(
        id="last-subscriber-later",
        sentence="The last subscriber of a topic hears a message after what others said to it.",
        module="engine.bus",
        changes=(
            (
                "            if subscription.live:\n                try:\n",
                "            if subscription is route[-1] and len(route) > 1:\n"
                "                later = _PendingRequest(subscription.handler, subscription.owner)\n"
                "                self._queue.append((_RESPOND, later, message))\n"
                "            elif subscription.live:\n"
                "                try:\n",
            ),
        ),
        property="BUS-2",
    ),
)
