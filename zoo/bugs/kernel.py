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
)
