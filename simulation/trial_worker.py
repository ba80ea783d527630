"""The process behind `simulation.trials`: one try after the other, each from a new world."""

import gc
from typing import BinaryIO, Final

import msgspec

from simulation.cut import Cut
from simulation.entropy import TapeEntropy
from simulation.market.fields import RecordingError
from simulation.pipes import Pipes
from simulation.recording import Refusal
from simulation.run import broken, prepare, run_world, without
from simulation.scenario import Scenario, ScenarioError
from simulation.trials import LENGTH_BYTES, Series, Tried, Try

_COLLECT_EVERY: Final = 64  # tries; between two of them only


def main() -> None:
    """Serve until standard input ends."""
    pipes = Pipes.take()
    series = msgspec.msgpack.decode(_read(pipes.read), type=Series)
    whole: Scenario | None = None
    scenarios: dict[Cut, Scenario] = {}  # of the latest cut
    gc.collect()
    gc.freeze()
    gc.disable()
    number = 0
    while data := _read(pipes.read):
        wanted = msgspec.msgpack.decode(data, type=Try)
        answer: Tried | Refusal
        try:
            if whole is None:
                whole = prepare(series.options)
            if wanted.cut not in scenarios:
                scenarios = {wanted.cut: without(whole, wanted.cut)}
            answer = _tried(scenarios[wanted.cut], series, wanted)
        except (ScenarioError, RecordingError) as error:
            answer = Refusal(str(error))
        data = msgspec.msgpack.encode(answer)
        pipes.write.write(len(data).to_bytes(LENGTH_BYTES, "big") + data)
        pipes.write.flush()
        number += 1
        if number % _COLLECT_EVERY == 0:
            gc.collect()


def _tried(scenario: Scenario, series: Series, wanted: Try) -> Tried:
    entropy = TapeEntropy(wanted.tape, keep_tape=True)
    try:
        outcome, world = run_world(
            scenario, series.seed, series.options, entropy=entropy, cut=wanted.cut
        )
    except Exception as error:
        return Tried(broken(series.options, series.seed, error), entropy.tape or {}, 0)
    return Tried(outcome, entropy.tape or {}, world.elapsed_ns)


def _read(pipe: BinaryIO) -> bytes:
    """The next message, or nothing when there is none any more."""
    head = pipe.read(LENGTH_BYTES)
    return pipe.read(int.from_bytes(head, "big")) if len(head) == LENGTH_BYTES else b""


if __name__ == "__main__":
    main()
