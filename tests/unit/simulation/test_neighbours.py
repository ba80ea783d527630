"""Staying near a seed that met something new: named by a token, decided by what was found."""

from pathlib import Path

import pytest

from simulation.bundle import load, make_bundle, save
from simulation.campaign import Campaign, Spec, run_campaign
from simulation.entropy import SeededEntropy
from simulation.executors import Here
from simulation.neighbours import Neighbourhood, features
from simulation.options import RunOptions
from simulation.recording import record_run
from simulation.run import prepare, run_world, simulate
from simulation.token import Token, TokenError
from simulation.worker import Chunk, Runner, Task

OPTIONS = RunOptions("calm")


def test_the_seed_itself_is_its_own_neighbour_without_a_name() -> None:
    scenario = prepare(RunOptions())
    around = Neighbourhood(scenario, RunOptions())
    seeded = SeededEntropy(5, keep_tape=True)
    assert simulate(scenario, 5, entropy=around.entropy(5, "")) == simulate(
        scenario, 5, entropy=seeded
    )
    assert around.tape(5, "") == seeded.tape


@pytest.mark.parametrize("near", ["1", "2", "3.1", "3.2.1"])
def test_a_neighbour_differs_from_its_parent_in_one_to_four_choices_outside_the_market(
    near: str,
) -> None:
    around = Neighbourhood(prepare(OPTIONS), OPTIONS)
    parent = near.rpartition(".")[0]
    before = around.deviations(5, parent)
    after = around.deviations(5, near)
    assert after[: len(before)] == before
    changed = after[len(before) :]
    assert 1 <= len(changed) <= 4
    assert not any(name.startswith("market.") for name, _, _ in changed)


def test_a_neighbour_does_not_depend_on_which_was_asked_for_before() -> None:
    def digest(order: list[str]) -> dict[str, str]:
        runner = Runner(Task(OPTIONS))
        lines = runner.lines(Chunk([(5, near) for near in order]))
        return {line.near: line.outcome.digest for line in lines}

    assert digest(["1", "2", "1.1", ""]) == digest(["", "1.1", "2", "1"])


def test_the_token_of_a_neighbour_gives_the_same_run_in_a_process_of_its_own(
    tmp_path: Path,
) -> None:
    (line,) = Runner(Task(OPTIONS)).lines(Chunk([(5, "2.1")]))
    token = Token.parse(line.outcome.token)
    assert (token.seed, token.near) == (5, "2.1")
    recording = record_run(RunOptions.of_token(token), 5)
    assert recording.outcome.digest == line.outcome.digest
    path = save(make_bundle(recording), tmp_path)
    assert path.name.startswith("calm-5-near-2.1-")
    assert load(path).token == recording.outcome.token


@pytest.mark.parametrize("near", ["0", "1.", ".1", "1..2", "a", "1.1.1.1.1.1.1.1.1"])
def test_a_name_that_no_neighbour_has_is_refused(near: str) -> None:
    with pytest.raises(TokenError, match="cannot be right"):
        Token.parse(f"calm[near={near}]@1")


def test_features_tell_states_faults_and_probes_apart_and_repeat() -> None:
    scenario = prepare(RunOptions())
    met = []
    for seed in (1, 1, 2):
        outcome, world = run_world(scenario, seed)
        met.append(features(outcome, world.kernel.view.orders()))
        assert met[-1] == sorted(dict.fromkeys(met[-1]))
    assert met[0] == met[1] != met[2]
    assert len(met[0]) > len(outcome.fired_at)


def guided(jobs: int) -> Campaign:
    spec = Spec(RunOptions(), 10, jobs=jobs, guided=True)
    return run_campaign(spec, lambda outcome: None, executor=None if jobs else Here())


def test_what_a_guided_campaign_explores_is_a_function_of_its_window() -> None:
    one, three, here = guided(1), guided(3), guided(0)
    assert one.results == three.results == here.results
    assert one.neighbours == three.neighbours == here.neighbours
    assert 0 < len(one.neighbours) <= 10
    tokens = [outcome.token for outcome in one.neighbours]
    assert len(dict.fromkeys(tokens)) == len(tokens)
    digests = {outcome.digest for outcome in one.results}
    assert sum(outcome.digest not in digests for outcome in one.neighbours) >= 8


def test_a_guided_campaign_makes_its_seeds_as_any_other() -> None:
    plain = run_campaign(Spec(RunOptions(), 10, jobs=2), lambda outcome: None)
    assert guided(2).results == plain.results
