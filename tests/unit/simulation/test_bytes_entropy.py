"""Choices from bytes: dull without any, apart by stream, and again from their tape."""

import pytest

from fuzz.scenario import harbour
from simulation.entropy import (
    BytesEntropy,
    SeededEntropy,
    TapeEntropy,
    bytes_of,
    records_of,
    stream_key,
    written,
)
from simulation.run import simulate


def record(name: str, *values: int) -> bytes:
    return stream_key(name) + bytes((len(values), *values))


def test_no_bytes_are_the_dullest_choices() -> None:
    stream = BytesEntropy(b"").stream("s")
    assert [stream.below(bound, "x") for bound in (2, 300, 1 << 40)] == [0, 0, 0]
    assert not stream.chance(1, 2, "odds")


def test_a_choice_takes_as_many_bytes_as_its_bound_needs_and_wraps_at_it() -> None:
    stream = BytesEntropy(record("s", 7, 1, 2, 9)).stream("s")
    assert stream.below(10, "x") == 7
    assert stream.below(300, "x") == 0x0102
    assert stream.below(4, "x") == 9 % 4
    assert stream.below(4, "x") == 0


def test_a_choice_for_which_the_bytes_do_not_reach_is_zero() -> None:
    assert BytesEntropy(record("s", 255)).stream("s").below(300, "x") == 0


def test_certain_odds_take_no_byte() -> None:
    stream = BytesEntropy(record("s", 1)).stream("s")
    assert stream.below(1, "x") == 0
    assert not stream.chance(0, 5, "never")
    assert stream.chance(5, 5, "always")
    assert stream.chance(1, 5, "odds")


def test_a_stream_reads_its_own_records_and_no_other() -> None:
    data = record("a", 1) + record("b", 2) + record("a", 3)
    entropy = BytesEntropy(data)
    assert entropy.stream("b").below(9, "x") == 2
    assert [entropy.stream("a").below(9, "x") for _ in range(2)] == [1, 3]
    other = BytesEntropy(record("a", 1) + record("b", 8) + record("a", 3))
    assert [other.stream("a").below(9, "x") for _ in range(2)] == [1, 3]


@pytest.mark.parametrize("data", [b"\0", b"\0\0", b"\0\0\xff", b"\1\2\3\4", bytes(50)], ids=repr)
def test_bytes_that_break_off_are_as_good_as_any(data: bytes) -> None:
    assert BytesEntropy(data).stream("s").below(9, "x") in range(9)


def test_the_market_is_drawn_from_the_seed() -> None:
    drawn = [SeededEntropy(3).stream("market.SIM.X").below(1000, "x") for _ in range(1)]
    assert [BytesEntropy(b"", 3).stream("market.SIM.X").below(1000, "x")] == drawn


def test_a_bound_below_one_is_refused() -> None:
    stream = BytesEntropy(b"").stream("s")
    with pytest.raises(ValueError, match="at least one answer"):
        stream.below(0, "x")
    with pytest.raises(ValueError, match="no odds"):
        stream.chance(-1, 2, "x")


def test_records_and_bytes_are_the_same_thing() -> None:
    records = [(b"ab", b"x" * 300), (b"cd", b"y")]
    data = written(records)
    assert records_of(data) == [(b"ab", b"x" * 255), (b"ab", b"x" * 45), (b"cd", b"y")]
    assert written(records_of(data)) == data


def test_streams_of_one_key_cannot_be_written_into_one() -> None:
    one, two = "stream 241162079949", "stream 156403134900000"
    assert stream_key(one) == stream_key(two)
    with pytest.raises(ValueError, match="share the key"):
        bytes_of({one: [("x", 2, 1)], two: [("x", 2, 1)]})


def test_the_tape_of_a_seed_written_as_bytes_makes_the_same_run() -> None:
    scenario = harbour()
    seeded = SeededEntropy(4, keep_tape=True)
    outcome = simulate(scenario, 4, entropy=seeded)
    tape = {name: drawn for name, drawn in (seeded.tape or {}).items() if "market." not in name}

    again = simulate(scenario, 1, entropy=BytesEntropy(bytes_of(tape), 4))

    assert outcome.counts["submits"] > 0
    assert again.digest == outcome.digest


def test_a_run_from_bytes_comes_again_from_its_tape() -> None:
    scenario = harbour()
    data = b"".join(
        record(f"workload.RandomTrader-001.step.{step}", 0, 200, 0, 30 + step, 1, 5, 3)
        for step in range(12)
    )
    entropy = BytesEntropy(data, keep_tape=True)
    outcome = simulate(scenario, 0, entropy=entropy)
    tape = TapeEntropy(entropy.tape or {})

    again = simulate(scenario, 0, entropy=tape)

    assert again.digest == outcome.digest
    assert not tape.mismatches
    assert simulate(scenario, 0, entropy=BytesEntropy(b"")).digest != outcome.digest
