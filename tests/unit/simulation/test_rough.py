"""The rough sea: everything in it happens, is survived, and ends as it should."""

from typing import Any

import msgspec
import pytest

from engine.kernel import Kernel
from engine.model.commands import Disconnect
from engine.model.enums import ComponentState, KernelState
from engine.model.events import ComponentStateChanged
from engine.record import TurnRecord
from engine.strategy import StrategyConfig
from simulation.entropy import SeededEntropy
from simulation.handling_config import Handling
from simulation.hearsay import Hearsay, KernelWasMoved
from simulation.rough import RoughTrader, Supervisor, make_crew
from simulation.run import simulate
from simulation.scenario import Scenario, ScenarioError
from simulation.scenarios import BTCUSDT, BUILT_IN, default, rough
from simulation.trace import Trace
from simulation.workload import Workload
from simulation.world import World

NEVER = (0, 1)
ALWAYS = (1, 1)
CAREFUL = Handling(sloppy=NEVER, stops_early=NEVER, closed=NEVER)


class Turns(Trace):
    """A trace that keeps the turns as they are."""

    def __init__(self) -> None:
        super().__init__(False)
        self.turns: list[TurnRecord] = []

    def record(self, kind: str, ts: int, payload: object) -> None:
        super().record(kind, ts, payload)
        if isinstance(payload, TurnRecord):
            self.turns.append(payload)


def sailed(seed: int, handling: Handling = CAREFUL) -> tuple[World, list[TurnRecord]]:
    scenario = msgspec.structs.replace(rough(), handling=handling)
    trace = Turns()
    world = World(scenario, SeededEntropy(seed), keep_trace=False, trace=trace)
    world.run()
    assert world.monitor.violation is None
    return world, trace.turns


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return msgspec.structs.replace(rough(), name="rough")


def test_a_kernel_handled_roughly_breaks_nothing(scenario: Scenario) -> None:
    for seed in range(6):
        assert simulate(scenario, seed).passed


def test_same_seed_gives_the_same_digest(scenario: Scenario) -> None:
    assert simulate(scenario, 3).digest == simulate(scenario, 3).digest


def test_every_sort_of_hearsay_is_said_within_a_few_seeds() -> None:
    said: dict[str, int] = {}
    for seed in range(12):
        world, _ = sailed(seed, Handling(hearsay_ms=300, closed=NEVER, stops_early=NEVER))
        assert world.counts()["hearsay"] > 0
        hearsay = world.hearsay
        assert isinstance(hearsay, Hearsay)
        for word, count in hearsay.said.items():
            said[word] = said.get(word, 0) + count
    assert set(said) == set(hearsay.words)


def test_strategies_come_to_rest_in_every_way_and_back() -> None:
    entered: dict[ComponentState, None] = {}
    for seed in range(8):
        for turn in sailed(seed)[1]:
            for fact in turn.facts:
                if isinstance(fact, ComponentStateChanged):
                    entered[fact.state] = None
    assert {
        ComponentState.STOPPED,
        ComponentState.RESUMING,
        ComponentState.DEGRADED,
        ComponentState.RESETTING,
        ComponentState.FAULTED,
        ComponentState.DISPOSED,
    } <= set(entered)


def test_the_kernel_is_asked_to_stop_when_the_quiet_has_been_judged() -> None:
    world, turns = sailed(1)
    assert world.kernel.view.state is KernelState.STOPPED
    clients = [client.client_id for client in world.clients]
    assert [c.client_id for c in turns[-1].commands if isinstance(c, Disconnect)] == clients
    assert not any(client.session.is_live for client in world.clients)


def test_a_kernel_stopped_in_the_storm_ends_within_its_grace() -> None:
    for seed in range(4):
        early = msgspec.structs.replace(CAREFUL, stops_early=ALWAYS)
        world, turns = sailed(seed, early)
        assert world.kernel.view.state is KernelState.STOPPED
        assert turns[-1].ts - turns[0].ts < 71_000_000_000


def test_a_kernel_that_is_over_and_takes_another_input_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Kernel, "_take_no_more", lambda self: None)
    handling = msgspec.structs.replace(CAREFUL, stops_early=ALWAYS)
    with pytest.raises(KernelWasMoved, match="StopKernel"):
        for seed in range(3):
            sailed(seed, handling)


def test_a_kernel_whose_venues_stay_closed_gives_its_start_up() -> None:
    world, turns = sailed(0, msgspec.structs.replace(CAREFUL, closed=ALWAYS))
    assert world.kernel.view.state is KernelState.FAILED_START
    assert world.kernel.failure == "not connected: SPOT, SIM"
    assert turns[-1].ts - turns[0].ts == 60_000_000_000


def test_a_crew_is_rough_traders_and_behind_them_who_supervises_them() -> None:
    load = Workload(traders=3)
    crew = make_crew(load, (BTCUSDT.id,), 1, SeededEntropy(0).stream, left_out=(2,))
    traders = [each for each in crew if isinstance(each, RoughTrader)]
    names = [each.config.strategy_id for each in crew if isinstance(each.config, StrategyConfig)]
    assert names == ["RandomTrader-001", "RandomTrader-003", "Supervisor-CREW"]
    assert len(traders) == 2
    assert isinstance(crew[-1], Supervisor)


@pytest.mark.parametrize("wrong", [{"hearsay_ms": 0}, {"sloppy": (2, 1)}, {"closed": (0, 0)}])
def test_a_handling_of_impossible_odds_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Handling(**wrong)


def test_what_a_user_wrote_is_handled_roughly_too() -> None:
    listening = msgspec.structs.replace(BUILT_IN["listening"](), name="l", handling=Handling())
    for seed in range(3):
        assert simulate(listening, seed).passed
    alone = msgspec.structs.replace(listening, workload=None)
    assert simulate(alone, 0).passed


def test_a_scenario_is_handled_with_care_unless_it_says_otherwise() -> None:
    assert default().handling is None
    with pytest.raises(ScenarioError, match="handling"):
        msgspec.structs.replace(default(), handling="roughly").checked()
