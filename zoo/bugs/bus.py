"""Messages that miss a subscriber, or overtake their cause."""

from typing import Final

from zoo.bug import RAN, Bug

BUGS: Final = (
    Bug(
        id="last-leaver-takes-route",
        sentence="When the last exact subscriber of a topic leaves, wildcards hear it no more.",
        module="engine.bus",
        changes=(
            (
                "            del self._subscribed[pattern]\n        self._forget_routes(pattern)\n",
                "            del self._subscribed[pattern]\n"
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
        release=RAN,
    ),
    Bug(
        id="newcomer-doubles-route",
        sentence="Who subscribes to a topic in use is put behind the others, who stand there twice.",
        module="engine.bus",
        changes=(
            (
                "        ordered.insert(place, subscription)\n"
                "        self._forget_routes(pattern)\n",
                "        ordered.insert(place, subscription)\n"
                "        before = self._routes.get(pattern, ())\n"
                "        self._forget_routes(pattern)\n"
                "        if before:\n"
                "            self._routes[pattern] = before + self._resolve(pattern)\n",
            ),
        ),
        property="BUS-1",
    ),
    Bug(
        id="everything-heard-last",
        sentence="Who listens to everything hears each message behind what the turn still says.",
        module="engine.bus",
        changes=(
            (
                "            if subscription.live:\n                try:\n",
                '            if subscription.pattern == "*":\n'
                "                late = _PendingRequest(subscription.handler, subscription.owner)\n"
                "                self.queue.append((_RESPOND, late, message))\n"
                "            elif subscription.live:\n                try:\n",
            ),
        ),
        property="BUS-2",
    ),
)
