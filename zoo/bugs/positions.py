"""Positions that lose a fill, or go through flat in the wrong steps."""

from typing import Final

from zoo.bug import RAN, READ, Bug

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
    Bug(
        id="profit-rounded-each-time",
        sentence="Profit is rounded at each close by itself, so that the roundings add up.",
        module="engine.model.cost",
        changes=(
            (
                "        booked_raw = valuation.to_raw(self.earned) - self.booked_raw\n"
                "        self.booked_raw += booked_raw\n"
                "        return booked_raw\n"
                "\n"
                "    def adjust(",
                "        booked_raw = valuation.to_raw(gain if signed_raw > 0 else -gain)\n"
                "        self.booked_raw += booked_raw\n"
                "        return booked_raw\n"
                "\n"
                "    def adjust(",
            ),
        ),
        property="POS-3",
        observed=(
            "NautilusTrader rounds the realised profit of a position to the settlement currency "
            "on every fill."
        ),
        release=READ,
    ),
    Bug(
        id="cancel-all-of-everybody",
        sentence="Cancel-all cancels the orders of every strategy in the instrument.",
        module="engine.execution.outgoing",
        changes=(
            (
                "        where = (None, command.instrument_id, command.strategy_id, command.side)\n",
                "        where = (None, command.instrument_id, None, command.side)\n",
            ),
            (
                "                    order.strategy_id,\n"
                "                    order.instrument_id,\n"
                "                    order.client_order_id,\n"
                "                    order.venue_order_id,\n",
                "                    command.strategy_id,\n"
                "                    order.instrument_id,\n"
                "                    order.client_order_id,\n"
                "                    order.venue_order_id,\n",
            ),
        ),
        property="POS-4",
        observed=(
            "CancelAllOrders of NautilusTrader cancels the open orders of the instrument over all "
            "strategies."
        ),
        release=READ,
    ),
    Bug(
        id="reduce-only-against-anybody",
        sentence="A reduce-only order may reduce the position of any strategy.",
        module="engine.risk.engine",
        changes=(
            (
                "            if signed_raw and position.strategy_id == order.strategy_id:\n",
                "            if signed_raw:\n",
            ),
        ),
        property="POS-5",
        observed=(
            "Under NETTING, NautilusTrader holds a reduce-only order against the first open "
            "position of the instrument, whichever strategy has it."
        ),
        release=READ,
    ),
    Bug(
        id="reduce-only-by-side",
        sentence="A reduce-only order has to face its position, and may be larger than that.",
        module="engine.risk.engine",
        changes=(
            (
                "                if leaves_raw <= (-signed_raw if order.side is BUY else signed_raw):\n",
                "                if 0 < (-signed_raw if order.side is BUY else signed_raw):\n",
            ),
        ),
        property="POS-5",
    ),
    Bug(
        id="flip-loses-fee-in-kind",
        sentence="What a fee in the coin itself leaves of a position that a fill goes through is lost.",
        module="engine.execution.application",
        changes=(
            (
                "            if rest is None or position.is_open:\n                continue\n",
                "            if rest is None:\n"
                "                continue\n"
                "            if position.is_open:\n"
                "                position = Position(instrument, rest)\n"
                "                cache._positions[position.id] = position\n"
                "                steps.append(self._position_event(position, rest, True))\n"
                "                break\n",
            ),
        ),
        property="POS-1",
        scenario="coins",
        observed=(
            "With fees in the base currency the first half of a flip leaves a rest of the "
            "position in NautilusTrader, and the second half opens a new object in its place: "
            "the rest is lost."
        ),
        release=RAN,
    ),
)
