"""The process behind `simulation.trials`: one try after the other, each from a new world."""

import gc
import time
from typing import BinaryIO, Final

import msgspec

from simulation.cut import Cut
from simulation.entropy import TapeEntropy
from simulation.faults import FaultKind
from simulation.injection import Heard, stream_name
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
    heard: Heard = []
    begun_ns = time.process_time_ns()
    try:
        outcome, world = run_world(
            scenario, series.seed, series.options, entropy=entropy, cut=wanted.cut, heard=heard
        )
        elapsed_ns = world.elapsed_ns
    except Exception as error:
        outcome, elapsed_ns = broken(series.options, series.seed, error), 0
    # of kinds that this tape has strike: the others are many messages and nobody's question
    kept = {kind: stream_name(kind) for kind in FaultKind if stream_name(kind) in wanted.tape}
    messages: dict[str, list[tuple[str, int]]] = {name: [] for name in kept.values()}
    for kind, where, at_ns in heard:
        if kind in kept:
            messages[kept[kind]].append((where, at_ns))
    cpu_ns = time.process_time_ns() - begun_ns
    return Tried(outcome, entropy.tape or {}, elapsed_ns, messages, cpu_ns)


def _read(pipe: BinaryIO) -> bytes:
    """The next message, or nothing when there is none any more."""
    head = pipe.read(LENGTH_BYTES)
    return pipe.read(int.from_bytes(head, "big")) if len(head) == LENGTH_BYTES else b""


if __name__ == "__main__":
    main()
