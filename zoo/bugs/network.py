"""Subscriptions forgotten on the way, and intentions sent twice."""

from typing import Final

from zoo.bug import Bug

BUGS: Final = (
    Bug(
        id="unconfirmed-forgotten",
        sentence="A subscription that was unconfirmed when its connection broke is not renewed.",
        module="simulation.client_session",
        changes=(
            (
                "        self._unconfirmed = {}\n",
                "        for topic in self._unconfirmed:\n"
                "            self._wanted.pop(topic, None)\n"
                "        self._unconfirmed = {}\n",
            ),
        ),
        property="NET-1",
    ),
    Bug(
        id="submit-repeated",
        sentence="A submit without an answer is sent a second time.",
        module="simulation.client",
        changes=(
            (
                "        self._own_requests = 0\n",
                "        self._own_requests = 0\n        self._repeated: dict[str, None] = {}\n",
            ),
            (
                "        self._post_unknown(command, why)\n"
                "        self._settle(command)\n"
                "\n"
                "    def _post_unknown(",
                "        if isinstance(command, SubmitOrder):\n"
                "            if command.command_id not in self._repeated:\n"
                "                self._repeated[command.command_id] = None\n"
                "                self._release(command)\n"
                "                return\n"
                "        self._post_unknown(command, why)\n"
                "        self._settle(command)\n"
                "\n"
                "    def _post_unknown(",
            ),
        ),
        property="NET-2",
        observed=(
            "Bots took a timeout for a failure and sent the order again: two orders at the venue "
            "(hummingbot issue 493)."
        ),
    ),
    Bug(
        id="silence-endured",
        sentence="A stream that has fallen silent is asked for a sign of life for ever.",
        module="simulation.client_session",
        changes=(
            (
                "        if now_ns - self._last_frame_ns >= self._config.dead_after_ns:\n"
                '            self._lose("silent")\n'
                "            return\n",
                "",
            ),
            (
                "        due_ns = min(now_ns + config.ping_interval_ns, dead_ns)\n",
                "        due_ns = now_ns + config.ping_interval_ns\n",
            ),
        ),
        property="NET-3",
    ),
    Bug(
        id="account-gap-endured",
        sentence="A number missing on the account channel is passed over.",
        module="simulation.client_session",
        changes=(
            (
                "            if topic == USER:\n"
                "                # nothing tells what was missed: a reconnect makes the kernel reconcile\n"
                '                self._lose("gap on the user channel")\n'
                "                return\n",
                "",
            ),
        ),
        property="NET-3",
    ),
    Bug(
        id="refused-request-forgotten",
        sentence="A request that the host refused is forgotten, and nobody is told.",
        module="simulation.client_requests",
        changes=(
            (
                "            self._end_in_silence(pending, REFUSED_CONNECTION)\n",
                "            self._pending.pop(pending.request_id, None)\n"
                "            pending.cancel_timeout()\n",
            ),
        ),
        property="NET-4",
    ),
    Bug(
        id="late-answer-told-too",
        sentence="An answer that comes after its timeout was told is told as well.",
        module="simulation.client_queries",
        changes=(
            (
                "        if late:\n"
                "            return  # it was told as a timeout, and a picture that old is no news\n",
                "",
            ),
        ),
        property="NET-4",
    ),
    Bug(
        id="trading-before-reconciled",
        sentence="Orders leave for a venue that is back and has not been asked what happened.",
        module="engine.execution.engine",
        changes=(
            (
                "        if not self._reconciliation.is_ready(client.client_id):\n",
                "        if not self._desk.is_connected(client.client_id):\n",
            ),
        ),
        property="NET-5",
    ),
)
