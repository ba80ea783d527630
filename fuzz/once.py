"""The process that gives one input to one target, without a fuzzer: a `Question` on standard
input, the `Finding` or nothing on standard output."""

import msgspec

from fuzz.finding import Finding, Question, found
from fuzz.targets import TARGETS, module_of
from simulation.pipes import Pipes


def give(question: Question) -> Finding | None:
    """`ask` in this process."""
    module = module_of(TARGETS[question.target])
    try:
        module.check(question.data)
    except Exception as error:
        return found(question.target, question.data, error, getattr(module, "tape_of", None))
    return None


def main() -> None:
    pipes = Pipes.take()
    question = msgspec.msgpack.decode(pipes.read.read(), type=Question)
    pipes.write.write(msgspec.msgpack.encode(give(question)))
    pipes.write.flush()


if __name__ == "__main__":
    main()
