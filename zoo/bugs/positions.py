"""Positions that lose a fill, or go through flat in the wrong steps."""

from typing import Final

from zoo.bug import Bug

BUGS: Final = (
    Bug(
        id="flip-loses-rest",
        sentence="A fill through flat closes the position and forgets to open the rest.",
        module="engine.execution.application",
        changes=(
            (
                "                part, rest = split_fill(rest, abs(open_raw))\n",
                "                part, rest = split_fill(rest, abs(open_raw))[0], None\n",
            ),
        ),
        property="POS-1",
    ),
    Bug(
        id="flip-reported-as-change",
        sentence="A fill through flat is told as one change of the position, with no close.",
        module="engine.execution.application",
        changes=(
            (
                "            steps.append(self._position_event(position, part, open_raw == 0))\n",
                "            was_flat = open_raw == 0 and not steps\n"
                "            steps = [self._position_event(position, part, was_flat)]\n",
            ),
        ),
        property="POS-2",
    ),
)
