"""Time that is not the turn's, and timers off their schedule."""

from typing import Final

from zoo.bug import READ, Bug

BUGS: Final = (
    Bug(
        id="event-stamped-by-report",
        sentence="An event from a report that was held back is stamped with the report's time.",
        module="engine.execution.headers",
        changes=(
            (
                "        report.ts_event,\n        ctx.clock.now_ns,\n",
                "        report.ts_event,\n        report.ts_init,\n",
            ),
        ),
        property="CLK-1",
    ),
    Bug(
        id="fill-stamped-by-venue",
        sentence="A fill is stamped with the venue's time where ours belongs.",
        module="engine.execution.incoming",
        changes=(
            (
                "            report.ts_event,\n            ctx.clock.now_ns,\n",
                "            report.ts_event,\n            report.ts_event,\n",
            ),
        ),
        property="CLK-1",
    ),
    Bug(
        id="timer-stop-exclusive",
        sentence="A repeating timer does not fire at its stop.",
        module="engine.clock",
        changes=(("following_ns <= timer.stop_ns", "following_ns < timer.stop_ns"),),
        property="CLK-2",
        observed=(
            "A repeating timer of NautilusTrader fires at its stop under the test clock and not "
            "under the live clock."
        ),
        release=READ,
    ),
    Bug(
        id="timer-ties-by-name",
        sentence="Timers of one instant fire in the order of their names.",
        module="engine.clock",
        changes=(
            (
                "        heapq.heappush(self._heap, (fires_ns, self._sequence, timer))\n",
                "        heapq.heappush(self._heap, (fires_ns, (timer.name, self._sequence), timer))\n",
            ),
        ),
        property="CLK-2",
        observed=(
            "NautilusTrader sorts events of one instant by timer name, and those of one name by "
            "a random id."
        ),
        release=READ,
    ),
    Bug(
        id="duration-by-venue-stamps",
        sentence="How long a position was open is the difference of two of the venue's stamps.",
        module="engine.model.positions",
        changes=(
            (
                "            self.duration_ns = fill.ts_init - self._ts_init_opened\n",
                "            self.duration_ns = fill.ts_event - self.ts_opened\n",
            ),
        ),
        property="CLK-3",
        observed=(
            "A position of NautilusTrader takes its duration from the event stamps of its fills, "
            "which the venue makes."
        ),
        release=READ,
    ),
    Bug(
        id="late-close-timed-by-venue",
        sentence="A position whose closing fill comes a second late was open until the venue's stamp.",
        module="engine.model.positions",
        changes=(
            (
                "            self.duration_ns = fill.ts_init - self._ts_init_opened\n",
                "            late = fill.ts_init - fill.ts_event > 1_000_000_000\n"
                "            closed_ns = fill.ts_event if late else fill.ts_init\n"
                "            self.duration_ns = closed_ns - self._ts_init_opened\n",
            ),
        ),
        property="CLK-3",
    ),
)
