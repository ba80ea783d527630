"""A scenario that makes no sense says what to mend before anything runs."""

import msgspec
import pytest

from engine.model.enums import AccountType
from engine.strategy import Strategy
from invariants.catalogue import CATALOGUE
from invariants.property import always
from simulation.faults import STORMY
from simulation.market.seeded import SeededMarket
from simulation.scenario import (
    NS,
    Scenario,
    ScenarioError,
    Venue,
    duration_ns,
    load_name,
    load_scenario,
    opening_account,
)
from simulation.scenarios import BTCUSDT, BTCUSDT_PERP, BUILT_IN, default
from simulation.workload import Workload
from simulation.world import START_NS

SOUND = default()


def changed(**changes: object) -> Scenario:
    return msgspec.structs.replace(SOUND, **changes)


@pytest.mark.parametrize(
    ("text", "ns"),
    [("250ms", NS // 4), ("1s", NS), ("90s", 90 * NS), ("2m", 120 * NS), ("1h", 3600 * NS)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, ns: int) -> None:
    assert duration_ns(text) == ns


@pytest.mark.parametrize(
    "text",
    ["", "0s", "00s", "-1s", "1", "s", "1.5s", "1 s", "1s ", "1d", "1S", "\u0661s", 60, None],
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ScenarioError, match="duration"):
        duration_ns(text)


@pytest.mark.parametrize("name", list(BUILT_IN))
def test_every_built_in_scenario_is_sound(name: str) -> None:
    assert load_scenario(name, BUILT_IN).name == name


@always("X-1", "Holds.")
def holds(view):
    return iter(())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"venues": []}, "at least one venue"),
        ({"venues": ["SIM"]}, "venues: 'SIM' is no Venue"),
        ({"venues": [Venue("SIM", [])]}, "venue SIM lists no instrument"),
        ({"venues": [Venue("SIM", ["BTC"])]}, "is no Instrument"),
        ({"venues": [Venue("X", [BTCUSDT])]}, "cannot be listed at venue X"),
        ({"venues": [Venue("SIM", [BTCUSDT, BTCUSDT])]}, "lists an instrument twice"),
        ({"venues": [Venue("SIM", [BTCUSDT])] * 2}, "venue names repeat: SIM, SIM"),
        ({"market": "quotes.csv"}, "is no SeededMarket or RecordedMarket"),
        ({"faults": "stormy"}, "'stormy' is no FaultProfile"),
        ({"properties": [holds, "X-2"]}, "'X-2' is no Property"),
        ({"properties": [holds, holds]}, "X-1 stated more than once"),
        ({"workload": None}, "needs a strategy or a workload"),
        ({"workload": 3}, "workload: 3 is no Workload"),
        ({"workload": Workload(traders=0)}, "workload: traders is at least 1"),
        ({"workload": Workload(reach_ticks=-1)}, "workload: reach_ticks is at least 1"),
        ({"strategies": [Strategy()]}, "is not callable"),
        ({"active": "soon"}, "duration 'soon'"),
        ({"quiet": "29s"}, "quiet '29s': at least 30s"),
    ],
)
def test_a_scenario_that_makes_no_sense_says_what_to_mend(
    changes: dict[str, object], told: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        changed(**changes).checked()
    assert told in str(caught.value)


def test_a_cash_account_is_funded_in_both_currencies() -> None:
    assert sorted(opening_account(Venue("SIM", [BTCUSDT])).balances) == ["BTC", "USDT"]


def test_a_margin_account_is_funded_in_what_it_owes() -> None:
    venue = Venue("SIM", [BTCUSDT_PERP], account=AccountType.MARGIN)
    assert list(opening_account(venue).balances) == ["USDT"]


def test_an_account_holds_what_the_scenario_says() -> None:
    venue = Venue("SIM", [BTCUSDT], balances={"BTC": "1"})
    assert opening_account(venue).balances == {"BTC": "1"}


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match="use one of default, perpetual, calm"):
        load_scenario("absent", BUILT_IN)


@pytest.mark.parametrize("path", ["", "a", ":", "a:", ":b", "a:b:c", "a b:c", "../a:b", "a..b:c"])
def test_a_path_that_is_no_module_and_name_is_refused(path: str) -> None:
    with pytest.raises(ScenarioError, match="write MODULE:NAME"):
        load_name(path, "scenario")


def test_a_module_that_is_missing_is_told_from_one_that_misses_another(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needy_module.py").write_text("import absent_module\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ScenarioError, match="no module 'absent_module' here"):
        load_name("absent_module:f", "scenario")
    with pytest.raises(ScenarioError, match="needy_module imports 'absent_module'"):
        load_name("needy_module:f", "scenario")


def test_a_scenario_is_named_by_the_path_that_found_it() -> None:
    assert load_scenario("simulation.scenarios:calm", BUILT_IN).name == "simulation.scenarios:calm"


def test_a_scenario_of_ones_own_may_take_the_whole_catalogue() -> None:
    made = Scenario(
        venues=[Venue("SIM", [BTCUSDT])],
        market=SeededMarket(),
        faults=STORMY,
        strategies=[Strategy],
        properties=[*CATALOGUE, holds],
    )
    assert made.checked() is made


def test_what_expires_in_the_built_in_scenario_does_so_while_orders_are_made() -> None:
    scenario = BUILT_IN["instruments"]()
    (margin, _) = scenario.venues
    ends = [each.expiration_ns - START_NS for each in margin.instruments if each.expiration_ns]

    assert len(ends) == 3
    assert all(0 < end < duration_ns(scenario.active) for end in ends)
