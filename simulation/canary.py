"""The canary: a run that must come out red, made by every process before it may say green.

It shows that monitor and pipeline live. What shows that a property does is a canary of its own
(`zoo.canaries`); what came of one is `Heard`. The strategy of the canary here does what a kernel with a bug would: it moves an order to a state that no event led
to. A campaign that does not hear of it (a monitor that notes nothing, a process that loses what it
found) proves nothing, and ends with exit code 4 whatever its seeds say.
"""

from typing import Final

import msgspec

from engine.model.enums import OrderSide, OrderStatus
from engine.model.events import OrderAccepted
from engine.model.values import Price, Quantity
from engine.strategy import Strategy
from invariants.catalogue import CATALOGUE
from simulation.faults import CALM
from simulation.market.seeded import SeededMarket
from simulation.options import RunOptions
from simulation.outcome import Outcome, Verdict
from simulation.run import broken, simulate
from simulation.scenario import Scenario, Venue
from simulation.scenarios import BTCUSDT

PROPERTY: Final = "ORD-1"  # the one that says so
_SEED: Final = 0
_NAME: Final = "canary"


class Heard(msgspec.Struct, frozen=True):
    """What came of the canary of one property: runs in which it must break.

    Attributes:
        property_id: that it is the canary of; "property" in JSON.
        token: of the run that broke it, or else of the first that did not.
        runs: how many were made, from its seed on.
        verdict, found_by, detail: how that run ended; `found_by`: the property that broke, or "".
        check: what judges the property, by its dotted name.
        mend: where another canary is to be had, should the check be right.
    """

    property_id: str = msgspec.field(name="property")
    token: str
    found: bool
    runs: int
    verdict: Verdict
    found_by: str
    detail: str
    check: str
    mend: str

    def report(self) -> str:
        """One line of what is wrong with a property that its canary does not break."""
        how = " ".join(filter(None, (self.verdict, self.found_by)))
        if self.verdict is Verdict.ERROR:
            how += f" ({self.detail})"
        after = f", and so did {self.runs - 1} seeds after it" if self.runs > 1 else ""
        return (
            f"{self.property_id} is blind: its canary {self.token} came out as {how}{after}; "
            f"mend its check, {self.check}, or give it another canary ({self.mend})"
        )


class _Meddler(Strategy):
    """Closes its order behind the kernel's back."""

    def on_start(self) -> None:
        price, size = Price("1.00"), Quantity("0.01000")
        self.submit_order(self.order_factory.limit(BTCUSDT.id, OrderSide.BUY, size, price))

    def on_order_accepted(self, event: OrderAccepted) -> None:
        order = self.cache.order(event.client_order_id)
        if order is not None:
            order.status = OrderStatus.FILLED


def canary() -> Scenario:
    """The scenario of the canary."""
    return Scenario(
        venues=[Venue("SIM", instruments=[BTCUSDT])],
        market=SeededMarket(interval_ms=1_000),
        strategies=[_Meddler],
        faults=CALM,
        active="5s",
        properties=[entry for entry in CATALOGUE if not entry.odds[0]],
    )


def sing(code: str = "") -> Outcome:
    """Run the canary, with `code` in its token. Whoever gets the outcome asks `is_alive` of it, at the far end of whatever
    outcomes go through."""
    options = RunOptions(_NAME, code=code)
    try:
        return simulate(canary(), _SEED, options)
    except Exception as error:
        return broken(options, _SEED, error)


def is_alive(outcome: Outcome, bug: str = "") -> bool:
    """Whether the canary was caught. Under a planted bug another property may have been first."""
    if outcome.scenario != _NAME or outcome.verdict is not Verdict.VIOLATION:
        return False
    return bool(bug) or outcome.property_id == PROPERTY
