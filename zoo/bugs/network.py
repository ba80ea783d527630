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
    ),
)
