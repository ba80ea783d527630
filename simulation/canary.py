"""The canary: a run that must come out red, made by every process before it may say green.

Its strategy does what a kernel with a bug would: it moves an order to a state that no event led
to. A campaign that does not hear of it (a monitor that notes nothing, a process that loses what it
found) proves nothing, and ends with exit code 4 whatever its seeds say.
"""

from typing import Final

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
