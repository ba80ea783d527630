"""A position as the story of its fills and settlements, told in whole numbers that lose nothing.

A fill that goes through flat is a close of what is held and an open of the rest at the fill's
price; nobody has to cut it first.
"""

from simulation.models.holding import RAW, Holding, Terms, rounded


class Execution:
    """One fill, as it came. Amounts count units of 1e-16.

    Attributes:
        signed: positive bought.
        fee: negative is a rebate.
        fee_decimals: of its currency, to share a fee out between two halves.
        ts_event, ts_init: nanoseconds.
        position: the venue's own, where it hedges; "" where it nets.
    """

    __slots__ = (
        "fee",
        "fee_currency",
        "fee_decimals",
        "order_id",
        "position",
        "price",
        "signed",
        "trade_id",
        "ts_event",
        "ts_init",
    )

    def __init__(
        self,
        trade_id: str,
        order_id: str,
        signed: int,
        price: int,
        fee: int,
        fee_currency: str,
        fee_decimals: int,
        ts_event: int,
        ts_init: int,
        position: str = "",
    ) -> None:
        self.trade_id = trade_id
        self.order_id = order_id
        self.signed = signed
        self.price = price
        self.fee = fee
        self.fee_currency = fee_currency
        self.fee_decimals = fee_decimals
        self.ts_event = ts_event
        self.ts_init = ts_init
        self.position = position

    def part(self, signed: int, fee: int) -> "Execution":
        """So much of it, for so much of its fee."""
        return Execution(
            self.trade_id,
            self.order_id,
            signed,
            self.price,
            fee,
            self.fee_currency,
            self.fee_decimals,
            self.ts_event,
            self.ts_init,
            self.position,
        )


class Cycle:
    """From flat to flat; the last one may still be open.

    Attributes:
        realized: profit booked less fees in the cost currency.
        mean_open: of what was held after the last increase.
        closed_value: of what was closed, in the holding's units of value.
        mean_close: of what was closed; None before any close.
        peak: the most that was held after any fill.
        fees: by currency code.
    """

    def __init__(self, first: Execution) -> None:
        self.is_entered_long = first.signed > 0
        self.opening_order_id = first.order_id
        self.closing_order_id: str | None = None
        self.ts_opened = first.ts_event
        self.ts_closed = 0
        self.ts_last = first.ts_event
        self.opened_at_ns = first.ts_init
        self.duration_ns = 0
        self.realized = 0
        self.mean_open = 0
        self.closed_value = 0
        self.closed_quantity = 0
        self.peak = 0
        self.fees: dict[str, int] = {}
        self.trade_ids: list[str] = []

    def mean_close(self, holding: Holding) -> int | None:
        if not self.closed_quantity:
            return None
        return holding.mean_price(self.closed_value, self.closed_quantity)


class Story:
    """What the fills so far amount to.

    Attributes:
        dust: what was too small to trade and set aside, signed.
        settled: what the venue closed at expiry, signed.
        cycles: oldest first; the last one is the present one.
    """

    def __init__(self, terms: Terms) -> None:
        self.holding = Holding(terms)
        self.dust = 0
        self.settled = 0
        self.cycles: list[Cycle] = []

    @property
    def present(self) -> Cycle:
        return self.cycles[-1]

    def hear(self, fill: Execution) -> None:
        """One whole fill. What goes through flat comes as close and open; a fee taken in the
        instrument moves flat itself, so each rest is looked at anew; but where closing has not
        even halved what is held, because the fee brought it back, the rest is one step."""
        rest = fill
        held_before: int | None = None
        while rest.signed:
            held = self.holding.signed
            helps = held_before is None or 2 * abs(held) <= held_before
            if _is_against(rest.signed, held) and abs(rest.signed) > abs(held) and helps:
                held_before = abs(held)
                share = rounded(rest.fee * abs(held), abs(rest.signed) * RAW, rest.fee_decimals)
                self._hear_part(rest.part(-held, share))
                rest = rest.part(rest.signed + held, rest.fee - share)
            else:
                self._hear_part(rest)
                return

    def settle(self, price: int, ts_event: int, ts_init: int) -> None:
        """The venue closes all of it at a price: no order, no fee, and nothing is left."""
        holding, cycle = self.holding, self.present
        held, booked = holding.signed, holding.booked
        holding.trade(-held, price)
        cycle.realized += holding.booked - booked
        cycle.closed_value += holding.value(abs(held), price)
        cycle.closed_quantity += abs(held)
        cycle.ts_last = cycle.ts_closed = ts_event
        cycle.duration_ns = ts_init - cycle.opened_at_ns
        self.settled += held

    def _hear_part(self, part: Execution) -> None:
        holding, terms = self.holding, self.holding.terms
        held = holding.signed
        if not held and (not self.cycles or self.present.ts_closed):
            self.cycles.append(Cycle(part))
        cycle = self.present
        booked = holding.booked
        holding.trade(part.signed, part.price)
        cycle.realized += holding.booked - booked
        reduces = _is_against(part.signed, held)
        if reduces:
            closed = min(abs(part.signed), abs(held))
            cycle.closed_value += holding.value(closed, part.price)
            cycle.closed_quantity += closed
        else:
            self._note_mean()

        cycle.fees[part.fee_currency] = cycle.fees.get(part.fee_currency, 0) + part.fee
        if part.fee_currency == terms.currency:
            cycle.realized -= part.fee
        elif part.fee and terms.fee_moves_quantity and part.fee_currency == terms.base:
            holding.adjust(-part.fee, part.price)
        left = holding.signed
        if reduces and 0 < abs(left) < terms.step:  # nobody can trade that away
            self.dust += left
            holding.adjust(-left, part.price)
            left = 0
        if left and reduces and (_is_against(left, held) or abs(part.signed) >= abs(held)):
            self._note_mean()  # all there was is closed, and the fee opened this
        if not left:
            cycle.ts_closed = part.ts_event
            cycle.closing_order_id = part.order_id
            cycle.duration_ns = part.ts_init - cycle.opened_at_ns
        cycle.peak = max(cycle.peak, abs(left))
        cycle.ts_last = part.ts_event
        if part.trade_id not in cycle.trade_ids:
            cycle.trade_ids.append(part.trade_id)

    def _note_mean(self) -> None:
        holding = self.holding
        self.present.mean_open = holding.mean_price(holding.cost, abs(holding.signed))


class PositionModel:
    """The witness for positions.

    Attributes:
        fills: every fill, as it came.
        story: what they and the settlements amount to.
    """

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.fills: list[Execution] = []
        self.settlements: list[tuple[int, int]] = []  # signed quantity, price
        self.story = Story(terms)

    def add(self, fill: Execution) -> None:
        self.fills.append(fill)
        self.story.hear(fill)

    def settle(self, price: int, ts_event: int, ts_init: int) -> None:
        self.settlements.append((self.story.holding.signed, price))
        self.story.settle(price, ts_event, ts_init)

    def sum_of_fills(self) -> int:
        """Signed, less the fees that were taken in the instrument itself: what is held, what was
        set aside and what was settled come to exactly this."""
        total = 0
        for fill in self.fills:
            total += fill.signed
            if self.terms.fee_moves_quantity and fill.fee_currency == self.terms.base:
                total -= fill.fee
        return total

    def cash_flow(self) -> int:
        """Received less paid for the quantities alone, linear and without multiplier, in units of
        value: with the cost of what is still held it comes to what closing has earned."""
        traded = sum([-fill.signed * fill.price for fill in self.fills])
        return traded + sum([held * price for held, price in self.settlements])


def _is_against(change: int, held: int) -> bool:
    return (change > 0 > held) or (change < 0 < held)
