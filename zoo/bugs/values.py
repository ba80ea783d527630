"""Values that leave off their grid, or are worked out in the wrong arithmetic."""

from typing import Final

from zoo.bug import READ, Bug

BUGS: Final = (
    Bug(
        id="position-float-average",
        sentence="The average opening price of a position is computed in binary floating point.",
        module="engine.model.cost",
        changes=(
            (
                "        return divide_half_even(value, quantity_raw)\n",
                "        return round(value / quantity_raw)\n",
            ),
        ),
        property="VAL-2",
        observed=(
            "All arithmetic of a position of NautilusTrader is in floats, its average prices "
            "included: they drift from the mean of its fills."
        ),
        release=READ,
    ),
    Bug(
        id="finer-price-sent",
        sentence="A price with more decimals than the venue has leaves for the venue.",
        module="engine.risk.rules",
        changes=(
            (
                '        return _D.PRICE_PRECISION, _beyond("price", price, '
                "instrument.price_precision)\n",
                "        return None\n",
            ),
        ),
        property="VAL-1",
    ),
    Bug(
        id="late-halves-told-whole",
        sentence="Each half of a fill through flat heard a second late is told with the whole quantity.",
        module="engine.execution.application",
        changes=(
            (
                "            steps.append(self._position_event(position, part, open_raw == 0))\n",
                "            late = fill.ts_init - fill.ts_event > 1_000_000_000\n"
                "            told = fill if late else part\n"
                "            steps.append(self._position_event(position, told, open_raw == 0))\n",
            ),
        ),
        property="VAL-1",
    ),
    Bug(
        id="late-mean-cut",
        sentence="The mean price told with a fill that is heard a second late is cut to three decimals.",
        module="engine.execution.application",
        changes=(
            (
                "            fill.last_px,\n"
                "            format_mantissa(position.avg_px_open_raw, FIXED_PRECISION),\n",
                "            fill.last_px,\n"
                "            format_mantissa(\n"
                "                position.avg_px_open_raw // 10**13 * 10**13\n"
                "                if fill.ts_init - fill.ts_event > 1_000_000_000\n"
                "                else position.avg_px_open_raw,\n"
                "                FIXED_PRECISION,\n"
                "            ),\n",
            ),
        ),
        property="VAL-2",
    ),
)
