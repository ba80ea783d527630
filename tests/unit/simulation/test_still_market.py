"""A market in which nothing happens hides nothing that a client could be blamed for."""

from simulation.entropy import Tape, TapeEntropy
from simulation.faults import STORMY, FaultKind
from simulation.options import RunOptions
from simulation.run import prepare, simulate


def only(kind: FaultKind, strikes: int) -> Tape:
    """The dullest run of the default scenario but for one strike of one kind."""
    swarm = [(each.name, 2, int(each is kind)) for each in FaultKind if each in STORMY.rates]
    return {"faults.swarm": swarm, f"faults.{kind.name.lower()}": [("strikes", 3, strikes)]}


def test_an_older_book_is_seen_through_though_the_market_stands_still() -> None:
    entropy = TapeEntropy(only(FaultKind.STALE_SNAPSHOT, 2))  # the first picture of all
    outcome = simulate(prepare(RunOptions()), 9, entropy=entropy)
    assert outcome.passed, outcome
    assert outcome.faults == {"STALE_SNAPSHOT": 1}
