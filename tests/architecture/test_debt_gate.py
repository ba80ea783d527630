"""What the code alone says of its debts never grows. Campaigns are measured by `make debt`."""

from pathlib import Path

from seatrial import debt
from simulation.visits import legal_pairs, strikes

BASELINE = Path(__file__).resolve().parents[2] / "debt.json"


def test_nothing_is_newly_in_debt() -> None:
    new = debt.compare(debt.measure(), debt.load(BASELINE)).new
    told = [f"{item}: {debt.MEND[name]}" for name, items in new.items() for item in items]
    assert not told, "\n".join(told)


def test_the_baseline_names_only_what_there_is() -> None:
    known = debt.load(BASELINE)
    assert None not in known.lists().values()
    assert set(known.pairs or ()) <= set(legal_pairs())
    assert set(known.strikes or ()) <= set(strikes())
