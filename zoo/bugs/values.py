"""Values that leave off their grid, or are worked out in the wrong arithmetic."""

from typing import Final

from zoo.bug import Bug

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
        id="halves-told-whole",
        sentence="Each half of a fill through flat is told with the quantity of the whole fill.",
        module="engine.execution.application",
        changes=(
            (
                "            steps.append(self._position_event(position, part, open_raw == 0))\n",
                "            steps.append(self._position_event(position, fill, open_raw == 0))\n",
            ),
        ),
        property="VAL-1",
    ),
    Bug(
        id="mean-cut-to-tick",
        sentence="The average opening price of a position is cut to three decimals.",
        module="engine.model.positions",
        changes=(
            (
                "        return self._basis.valuation.mean_price_raw(self._entry_value, self._entry_quantity_raw)\n",
                "        mean_raw = self._basis.valuation.mean_price_raw(\n"
                "            self._entry_value, self._entry_quantity_raw\n"
                "        )\n"
                "        return mean_raw // 10**13 * 10**13\n",
            ),
        ),
        property="VAL-2",
    ),
)
