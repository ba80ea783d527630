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
                "        self.queue.append((_PUBLISH, topic, message))\n"
                "        if not self.held:\n"
                "            self.drain()\n",
                "        self.dispatch(topic, message)\n",
            ),
        ),
        property="BUS-2",
        observed=(
            "A publish inside a handler is depth-first in NautilusTrader: later subscribers hear "
            "the effect before the cause."
        ),
    ),
    Bug(
        id="newcomer-doubles-route",
        sentence="Who subscribes to a topic in use is put behind the others, who stand there twice.",
        module="engine.bus",
        changes=(
            (
                "        group[handler] = Subscription(pattern, handler, priority, self._sequence, owner)\n"
                "        self._forget_routes(pattern)\n",
                "        group[handler] = Subscription(pattern, handler, priority, self._sequence, owner)\n"
                "        before = self._routes.get(pattern, ())\n"
                "        self._forget_routes(pattern)\n"
                "        if before:\n"
                "            self._routes[pattern] = before + self._resolve(pattern)\n",
            ),
        ),
        property="BUS-1",
    ),
    Bug(
        id="command-before-its-cause",
        sentence="A command that a handler sends is carried out before the message in hand goes on.",
        module="engine.bus",
        changes=(
            (
                "        self.queue.append((_SEND, endpoint, message))\n"
                "        if not self.held:\n"
                "            self.drain()\n",
                "        self.sent_count += 1\n        self._endpoints[endpoint](message)\n",
            ),
        ),
        property="BUS-2",
        observed=(
            "A send inside a handler runs at once in NautilusTrader, with all that it causes, "
            "before later subscribers hear what it answers."
        ),
    ),
)
