"""Sources of choices that are made of other sources: taped, split, with deviations."""

from collections.abc import Iterable, Mapping
from typing import Final

from simulation.entropy import Entropy, SeededEntropy, Stream, Tape, TapeEntropy

MARKET: Final = ("market.",)  # streams of the market: thousands of draws, none of them a fault

Deviation = tuple[str, int, int]  # (stream, index of its choice, answer)


class TapedEntropy:
    """Another source of choices, with every answer written down.

    Attributes:
        tape: what was chosen, so that `TapeEntropy` gives the same run.
    """

    __slots__ = ("_source", "_streams", "tape")

    def __init__(self, source: Entropy) -> None:
        self._source = source
        self._streams: dict[str, Stream] = {}
        self.tape: Tape = {}

    def stream(self, name: str) -> Stream:
        stream = self._streams.get(name)
        if stream is None:
            record = self.tape.setdefault(name, [])
            stream = self._streams[name] = _TapedStream(self._source.stream(name), record)
        return stream


class _TapedStream(Stream):
    __slots__ = ("_record", "_source")

    def __init__(self, source: Stream, record: list[tuple[str, int, int]]) -> None:
        super().__init__(source.name)
        self._source = source
        self._record = record

    def below(self, bound: int, label: str) -> int:
        value = self._source.below(bound, label)
        if bound > 1:
            self._record.append((label, bound, value))
        return value

    def chance(self, numerator: int, denominator: int, label: str) -> bool:
        fires = self._source.chance(numerator, denominator, label)
        if 0 < numerator < denominator:
            self._record.append((label, 2, 1 if fires else 0))
        return fires


class SplitEntropy:
    """Some streams from one source, all others from another.

    Args:
        rest: answers for the streams that `chosen` does not.
        chosen: answers for every stream whose name begins with one of `names`.
    """

    __slots__ = ("_chosen", "_names", "_rest")

    def __init__(self, rest: Entropy, chosen: Entropy, names: tuple[str, ...]) -> None:
        self._rest = rest
        self._chosen = chosen
        self._names = names

    def stream(self, name: str) -> Stream:
        source = self._chosen if name.startswith(self._names) else self._rest
        return source.stream(name)


class DeviatingEntropy:
    """Another source of choices, but for the few that are said.

    Args:
        base: answers for all the rest.
        deviations: (stream, index, answer): the choice of that index in the stream, counted from
            0 as on a tape, is answered so, modulo its bound. Of two for one choice the last holds.
    """

    __slots__ = ("_base", "_deviations", "_streams")

    def __init__(self, base: Entropy, deviations: Iterable[Deviation]) -> None:
        self._base = base
        self._deviations: dict[str, dict[int, int]] = {}
        self._streams: dict[str, Stream] = {}
        for name, index, value in deviations:
            self._deviations.setdefault(name, {})[index] = value

    def stream(self, name: str) -> Stream:
        stream = self._streams.get(name)
        if stream is None:
            stream = self._base.stream(name)
            said = self._deviations.get(name)
            if said is not None:
                stream = _DeviatingStream(stream, said)
            self._streams[name] = stream
        return stream


class _DeviatingStream(Stream):
    __slots__ = ("_base", "_index", "_said")

    def __init__(self, base: Stream, said: Mapping[int, int]) -> None:
        super().__init__(base.name)
        self._base = base
        self._said = said
        self._index = 0

    def below(self, bound: int, label: str) -> int:
        value = self._base.below(bound, label)  # asked in any case: its later answers stay in place
        return self._deviated(bound, value) if bound > 1 else value

    def chance(self, numerator: int, denominator: int, label: str) -> bool:
        fires = self._base.chance(numerator, denominator, label)
        if not 0 < numerator < denominator:
            return fires
        return self._deviated(2, 1 if fires else 0) == 1

    def _deviated(self, bound: int, value: int) -> int:
        index = self._index
        self._index = index + 1
        said = self._said.get(index)
        return value if said is None else said % bound


def dullest(seed: int) -> Entropy:
    """The market of a seed, and zero for everything else: no fault, no delay, nothing odd."""
    return SplitEntropy(TapeEntropy({}), SeededEntropy(seed), MARKET)
