"""The logbook: what it holds, and that keeping it changes nothing."""

import msgspec
import pytest

from simulation.logbook import BALANCE, ORDER, POSITION, Log, plain
from simulation.options import RunOptions
from simulation.recorder import record_here
from simulation.recording import Recording
from simulation.run import prepare, run_world
from simulation.scribe import Scribe


def recorded(scenario: str, seed: int) -> Recording:
    return record_here(RunOptions(scenario), seed, keeps_logbook=True)


@pytest.fixture(scope="module")
def log() -> Log:
    log = recorded("default", 6).log
    assert log is not None
    return log


@pytest.mark.parametrize(
    ("scenario", "seed"), [("default", 3), ("default", 5), ("hedging", 3), ("listening", 1)]
)
def test_a_run_that_is_watched_is_the_run_that_is_not(scenario: str, seed: int) -> None:
    watched, alone = recorded(scenario, seed), record_here(RunOptions(scenario), seed)
    assert watched.outcome == alone.outcome
    assert watched.records == alone.records
    assert watched.tape == alone.tape


def test_what_is_known_before_the_first_turn_is_the_opening_balance() -> None:
    scribe = Scribe()
    _, world = run_world(prepare(RunOptions("calm")), 1, scribe=scribe)
    first = scribe.log(world, "").changes[0]
    assert (first.is_truth, first.sort, first.subject) == (True, BALANCE, "SIM-001 BTC")
    assert first.standing == ("100", "0")


def test_a_logbook_says_what_the_broken_property_says() -> None:
    scribe = Scribe()
    _, world = run_world(prepare(RunOptions("calm")), 1, scribe=scribe)
    assert scribe.log(world, "KRN-1").sentence.startswith("No handler raises")


def test_a_logbook_survives_the_pipe_it_is_sent_through() -> None:
    recording = recorded("default", 3)
    sent = msgspec.msgpack.encode(recording)
    assert msgspec.msgpack.decode(sent, type=Recording) == recording


def test_every_request_that_arrived_was_answered_and_no_other(log: Log) -> None:
    requests = [entry for entry in log.entries if entry.sort == "request"]
    assert requests
    for entry in requests:
        assert bool(entry.arrived_ns) == bool(entry.status)
        assert not entry.arrived_ns or entry.arrived_ns > entry.ts
        assert entry.note or not entry.ended_ns or entry.ended_ns > entry.arrived_ns


def test_a_request_that_a_fault_lost_names_the_fault(log: Log) -> None:
    lost = [entry for entry in log.entries if entry.sort == "request" and not entry.arrived_ns]
    assert lost
    assert all(entry.faults or entry.note == "refused" for entry in lost)


def test_frames_of_a_connection_arrive_in_the_order_sent(log: Log) -> None:
    last: dict[int, int] = {}
    for entry in log.entries:
        if entry.sort == "stream" and entry.to_us and entry.arrived_ns:
            assert last.get(entry.connection, 0) < entry.arrived_ns
            last[entry.connection] = entry.arrived_ns
    assert len(last) > 1


def test_entries_stand_in_the_order_of_their_time(log: Log) -> None:
    assert [entry.ts for entry in log.entries] == sorted(entry.ts for entry in log.entries)


def test_belief_and_truth_end_alike_where_the_run_passed(log: Log) -> None:
    held: dict[tuple[bool, str, str], tuple[str, ...]] = {}
    for change in log.changes:
        held[(change.is_truth, change.sort, change.subject)] = change.standing
    for (is_truth, sort, subject), standing in held.items():
        if sort != ORDER:
            assert standing == held[(not is_truth, sort, subject)], subject
        elif is_truth:
            assert held[(False, sort, subject)][1:4] == standing[1:4], subject
    assert {sort for _, sort, _ in held} == {ORDER, POSITION, BALANCE}


def test_what_is_held_is_noted_only_when_it_changes(log: Log) -> None:
    held: dict[tuple[bool, str, str], tuple[str, ...]] = {}
    for change in log.changes:
        key = (change.is_truth, change.sort, change.subject)
        assert held.get(key) != change.standing
        held[key] = change.standing


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (0, "0"),
        (10**16, "1"),
        (-4 * 10**13, "-0.004"),
        (10**23 + 1, "10000000.0000000000000001"),
        (None, ""),
    ],
)
def test_raw_numbers_are_written_exactly(raw: int | None, text: str) -> None:
    assert plain(raw) == text
