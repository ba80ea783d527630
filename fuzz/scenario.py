"""The run that is driven by bytes: short, so that many of them fit into a second."""

from invariants.catalogue import CATALOGUE
from simulation.faults import STORMY
from simulation.market.seeded import SeededMarket
from simulation.scenario import Scenario, Venue
from simulation.scenarios import BTCUSDT
from simulation.workload import Workload


def harbour() -> Scenario:
    """One busy random trader for four seconds of the default storm, in a slow and thin market."""
    return Scenario(
        venues=[Venue("SIM", instruments=[BTCUSDT])],
        market=SeededMarket(interval_ms=2_000, levels=3),
        workload=Workload(traders=1, step_ms=300),
        faults=STORMY,
        active="4s",
        properties=CATALOGUE,
    )
