"""Runs one seed and writes it down whole: the process behind `simulation.recording`."""

import msgspec

from simulation.cut import Cut
from simulation.entropy import SeededEntropy, Tape, TapeEntropy
from simulation.market.fields import RecordingError
from simulation.neighbours import Neighbourhood
from simulation.options import RunOptions
from simulation.pipes import Pipes
from simulation.recording import Job, Recording, Refusal
from simulation.run import broken, named, prepare, run_world
from simulation.scenario import ScenarioError
from simulation.scribe import Scribe
from simulation.token import code_parts


def record_here(
    options: RunOptions,
    seed: int,
    tape: Tape | None = None,
    cut: Cut | None = None,
    keeps_logbook: bool = False,
) -> Recording:
    """`record_run` in this process.

    Raises:
        ScenarioError, RecordingError: the options make no run.
    """
    options = named(options)
    if options.near and tape is None:
        tape = Neighbourhood(prepare(options), options).tape(seed, options.near)
    parts = code_parts()
    entropy = choices(seed, tape)
    scribe = Scribe() if keeps_logbook else None
    try:
        outcome, world = run_world(
            prepare(options, cut),
            seed,
            options,
            entropy=entropy,
            keep_trace=True,
            cut=cut,
            scribe=scribe,
        )
    except Exception as error:  # the harness broke: an outcome of its own, with its traceback
        outcome = broken(options, seed, error)
        return Recording(options, outcome, [], entropy.tape or {}, [], parts)
    plan = [f"{at_ns} {fault}" for at_ns, fault in world.faults.plan]
    mismatches = len(entropy.mismatches) if isinstance(entropy, TapeEntropy) else 0
    log = None if scribe is None else scribe.log(world, outcome.property_id)
    return Recording(
        options,
        outcome,
        list(world.trace.kept),
        entropy.tape or {},
        plan,
        parts,
        mismatches,
        log,
    )


def choices(seed: int, tape: Tape | None) -> SeededEntropy | TapeEntropy:
    """What the run draws from: the tape where there is one. Keeps a tape itself."""
    if tape is not None:
        return TapeEntropy(tape, keep_tape=True)
    return SeededEntropy(seed, keep_tape=True)


def main() -> None:
    """Read a `Job` from standard input, write a `Recording` or a `Refusal` to standard output."""
    pipes = Pipes.take()
    job = msgspec.json.decode(pipes.read.read(), type=Job)
    answer: Recording | Refusal
    try:
        answer = record_here(job.options, job.seed, job.tape, job.cut, job.keeps_logbook)
    except (ScenarioError, RecordingError) as error:
        answer = Refusal(str(error))
    pipes.write.write(msgspec.msgpack.encode(answer))
    pipes.write.flush()


if __name__ == "__main__":
    main()
