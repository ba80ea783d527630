"""Runs one seed and writes it down whole: the process behind `simulation.recording`."""

import msgspec

from simulation.entropy import Entropy, SeededEntropy, Tape, TapeEntropy
from simulation.market.fields import RecordingError
from simulation.neighbours import Neighbourhood
from simulation.options import RunOptions
from simulation.pipes import Pipes
from simulation.recording import Job, Recording, Refusal
from simulation.run import broken, named, prepare, run_world
from simulation.scenario import ScenarioError


def record_here(options: RunOptions, seed: int, tape: Tape | None = None) -> Recording:
    """`record_run` in this process.

    Raises:
        ScenarioError, RecordingError: the options make no run.
    """
    options = named(options)
    if options.near and tape is None:
        tape = Neighbourhood(prepare(options), options).tape(seed, options.near)
    entropy, tape = _choices(seed, tape)
    try:
        outcome, world = run_world(
            prepare(options), seed, options, entropy=entropy, keep_trace=True
        )
    except Exception as error:  # the harness broke: an outcome of its own, with its traceback
        return Recording(options, broken(options, seed, error), [], tape, [])
    plan = [f"{at_ns} {fault}" for at_ns, fault in world.faults.plan]
    return Recording(options, outcome, list(world.trace.kept), tape, plan)


def _choices(seed: int, tape: Tape | None) -> tuple[Entropy, Tape]:
    """What the run draws from, and the tape that will hold its choices."""
    if tape is not None:
        return TapeEntropy(tape), tape
    entropy = SeededEntropy(seed, keep_tape=True)
    return entropy, {} if entropy.tape is None else entropy.tape


def main() -> None:
    """Read a `Job` from standard input, write a `Recording` or a `Refusal` to standard output."""
    pipes = Pipes.take()
    job = msgspec.json.decode(pipes.read.read(), type=Job)
    answer: Recording | Refusal
    try:
        answer = record_here(job.options, job.seed, job.tape)
    except (ScenarioError, RecordingError) as error:
        answer = Refusal(str(error))
    pipes.write.write(msgspec.msgpack.encode(answer))
    pipes.write.flush()


if __name__ == "__main__":
    main()
