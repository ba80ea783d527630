"""Turns that break off, or let go too early."""

from typing import Final

from zoo.bug import Bug

BUGS: Final = (
    Bug(
        id="missing-timer-raises",
        sentence="Taking back a query that no timer will ask raises.",
        module="engine.execution.unresolved",
        changes=(
            (
                "        if doubt.armed:\n"
                "            doubt.armed = False\n"
                "            self._clock.cancel_timer(doubt.timer_name)\n",
                "        doubt.armed = False\n        self._clock.cancel_timer(doubt.timer_name)\n",
            ),
        ),
        property="KRN-1",
    ),
    Bug(
        id="outbox-before-journal",
        sentence="The journal's word for one turn lets every waiting outbox go.",
        module="engine.kernel",
        changes=(
            (
                "            while self._waiting and self._waiting[0][0] <= turn:\n",
                "            while self._waiting:\n",
            ),
        ),
        property="KRN-2",
    ),
    Bug(
        id="cancels-do-not-wait",
        sentence="A cancel leaves before the journal has promised to keep its turn.",
        module="engine.kernel",
        changes=(
            (
                "            self._waiting.append((turn, outbox))\n",
                "            for client, command in outbox:\n"
                "                if type(command) is commands.CancelOrder:\n"
                "                    client.send(command)\n"
                "            rest = [each for each in outbox if type(each[1]) is not commands.CancelOrder]\n"
                "            self._waiting.append((turn, rest))\n",
            ),
        ),
        property="KRN-2",
    ),
)
