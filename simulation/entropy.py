"""The only source of choice in a run: bounded integer draws on named streams.

Zero is always the dullest answer (no fault, first in line, no extra delay), so "simpler" means
"more zeros". Each stream depends on (seed, name) and on nothing else: drawing from one never
moves another. One interface, several drivers: a seed, a recorded tape, an enumeration, bytes.

A tape is `{stream name: [(label, bound, value), ...]}` in draw order. A draw with only one
possible answer is no choice and is not on it.
"""

import hashlib
import struct
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

from engine.model.native import i64

_NARROW: Final = 1 << 40  # bounds up to here: one word is even enough
_SHORT: Final = 1 << 31  # and up to here half a word times the bound is a machine's integer
_WORD: Final = (1 << 64) - 1
_HALF: Final = (1 << 32) - 1
# The words of one digest. With a sign, so that each is an integer of the machine.
_words_of: Final = struct.Struct("<8q").unpack
_blake2b: Final = hashlib.blake2b

Tape = dict[str, list[tuple[str, int, int]]]

_KEY_BYTES: Final = 2
_RECORD_MAX: Final = 255  # bytes that one record can hold


class Stream(ABC):
    """One named sequence of choices."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def below(self, bound: int, label: str) -> int:
        """Return an integer in [0, bound); 0 is the dullest.

        Args:
            bound: How many answers there are, >= 1.
            label: What is being chosen, so that a tape can be read.
        Raises:
            ValueError: `bound` is below 1.
        """

    @abstractmethod
    def chance(self, numerator: int, denominator: int, label: str) -> bool:
        """Return True with odds numerator / denominator; False is the dullest.

        On a tape this is one choice of two, whatever the odds were.

        Raises:
            ValueError: `numerator` is negative or `denominator` below 1.
        """


class Entropy(Protocol):
    def stream(self, name: str) -> Stream:
        """Return the stream of that name: the same object each time."""
        ...


class SeededEntropy:
    """Choices drawn from a seed.

    Args:
        seed: Any integer.
        keep_tape: Record every choice in `tape`. A campaign leaves it off.
    """

    __slots__ = ("_streams", "seed", "tape")

    def __init__(self, seed: int, keep_tape: bool = False) -> None:
        self.seed = seed
        self.tape: Tape | None = {} if keep_tape else None
        self._streams: dict[str, Stream] = {}

    def stream(self, name: str) -> Stream:
        stream = self._streams.get(name)
        if stream is None:
            record: list[tuple[str, int, int]] | None = None
            if self.tape is not None:
                record = self.tape.setdefault(name, [])
            stream = self._streams[name] = _SeededStream(self.seed, name, record)
        return stream


class _SeededStream(Stream):
    """BLAKE2b of (seed, name) in counter mode: the same words on every Python and machine.

    A run names a hundred streams and draws a handful from most of them. One hash serves such a
    stream whole, where seeding a generator of the standard library fills a table of 624 words.
    A draw scales one 64-bit word to its bound: what a narrow bound misses of evenness is less
    than bound / 2**64. The product is worked out by the halves of the word, so that it is an
    integer of the machine on the way.
    """

    __slots__ = ("_blocks", "_record", "_seed", "_words")

    def __init__(self, seed: int, name: str, record: list[tuple[str, int, int]] | None) -> None:
        self.name = name
        self._seed = seed
        self._blocks = 0
        self._words: list[int] = []  # not yet drawn, the last one first
        self._record = record

    def below(self, bound: int, label: str) -> int:
        if bound <= 1:
            _check_bound(bound)
            return 0
        if bound <= _NARROW:
            value = _share(self._words or self._refill(), bound)
        else:
            value = self._wide(bound)
        if self._record is not None:
            self._record.append((label, bound, value))
        return value

    def chance(self, numerator: int, denominator: int, label: str) -> bool:
        _check_odds(numerator, denominator)
        if numerator == 0:
            return False
        if numerator >= denominator:
            return True
        if denominator <= _NARROW:
            value = _share(self._words or self._refill(), denominator)
        else:
            value = self._wide(denominator)
        fires = value < numerator
        if self._record is not None:
            self._record.append((label, 2, 1 if fires else 0))
        return fires

    def _refill(self) -> list[int]:
        block = _blake2b(f"{self._seed}/{self.name}/{self._blocks}".encode())
        self._blocks += 1
        words = self._words = list(_words_of(block.digest()))
        return words

    def _wide(self, bound: int) -> int:
        """A bound that one word does not serve: as many words as leave 64 bits to spare."""
        count = bound.bit_length() // 64 + 2
        value = 0
        for _ in range(count):
            words = self._words or self._refill()
            value = value << 64 | words.pop() & _WORD
        return value * bound >> 64 * count


def _share(words: list[int], bound: int) -> int:
    """The next word's share of a bound: word * bound >> 64."""
    if bound > _SHORT:
        return (words.pop() & _WORD) * bound >> 64
    scale: i64 = bound
    word: i64 = words.pop()
    high: i64 = word >> 32 & _HALF
    low: i64 = word & _HALF
    return (high * scale + (low * scale >> 32)) >> 32


class TapeEntropy:
    """Choices read back from a tape, perhaps an edited one.

    Past the end of a stream, or in a stream the tape does not have, the answer is zero: never
    random. Where the run asks for something else than the tape recorded (another label, or
    fewer answers than the recorded value), the answer is zero too and `mismatches` says so.

    Args:
        keep_tape: Record in `tape` what was asked and answered, which is the tape of this run.

    Attributes:
        mismatches: (stream, index, what was asked, what the tape holds), in order.
    """

    __slots__ = ("_streams", "_tape", "mismatches", "tape")

    def __init__(
        self, tape: Mapping[str, Sequence[tuple[str, int, int]]], keep_tape: bool = False
    ) -> None:
        self._tape = tape
        self.tape: Tape | None = {} if keep_tape else None
        self._streams: dict[str, Stream] = {}
        self.mismatches: list[tuple[str, int, str, str]] = []

    def stream(self, name: str) -> Stream:
        stream = self._streams.get(name)
        if stream is None:
            answered: list[tuple[str, int, int]] | None = None
            if self.tape is not None:
                answered = self.tape.setdefault(name, [])
            stream = self._streams[name] = _TapeStream(
                name, self._tape.get(name, ()), self.mismatches, answered
            )
        return stream


class _TapeStream(Stream):
    __slots__ = ("_answered", "_index", "_mismatches", "_record")

    def __init__(
        self,
        name: str,
        record: Sequence[tuple[str, int, int]],
        mismatches: list[tuple[str, int, str, str]],
        answered: list[tuple[str, int, int]] | None,
    ) -> None:
        super().__init__(name)
        self._record = record
        self._index = 0
        self._mismatches = mismatches
        self._answered = answered

    def below(self, bound: int, label: str) -> int:
        if bound <= 1:
            _check_bound(bound)
            return 0
        value = self._read(bound, label)
        if self._answered is not None:
            self._answered.append((label, bound, value))
        return value

    def _read(self, bound: int, label: str) -> int:
        index = self._index
        if index >= len(self._record):
            return 0
        self._index = index + 1
        recorded_label, _, value = self._record[index]
        if recorded_label != label or not 0 <= value < bound:
            asked, held = f"{label} below {bound}", f"{recorded_label} = {value}"
            self._mismatches.append((self.name, index, asked, held))
            return 0
        return value

    def chance(self, numerator: int, denominator: int, label: str) -> bool:
        _check_odds(numerator, denominator)
        if numerator == 0:
            return False
        if numerator >= denominator:
            return True
        return self.below(2, label) == 1


class EnumeratingEntropy:
    """Every combination of the first `choices_max` choices, one combination per run.

    The later choices of each run are zero. All streams share one order, the order in which the
    run draws.

        entropy = EnumeratingEntropy(choices_max=8)
        while entropy.next_run():
            run(entropy)
    """

    __slots__ = ("_choices_max", "_drawn", "_path", "_started", "_streams", "runs")

    def __init__(self, choices_max: int) -> None:
        if choices_max < 0:
            raise ValueError(f"choices_max {choices_max} is negative")
        self._choices_max = choices_max
        self._path: list[tuple[int, int]] = []  # (bound, value) of the run being made
        self._drawn = 0
        self._started = False
        self._streams: dict[str, Stream] = {}
        self.runs = 0

    def next_run(self) -> bool:
        """Prepare the next combination; False when all have been made."""
        path = self._path
        if self._started:
            del path[self._drawn :]  # the last run asked for less than the one before
            while path and path[-1][1] + 1 >= path[-1][0]:
                path.pop()
            if not path:
                return False
            bound, value = path[-1]
            path[-1] = (bound, value + 1)
        self._started = True
        self._drawn = 0
        self._streams = {}
        self.runs += 1
        return True

    def stream(self, name: str) -> Stream:
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = _EnumeratedStream(name, self)
        return stream

    def choose(self, bound: int) -> int:
        """Return this run's value for its next choice among `bound` answers."""
        index = self._drawn
        if index >= self._choices_max:
            return 0
        self._drawn = index + 1
        path = self._path
        if index == len(path):
            path.append((bound, 0))
        elif path[index][0] != bound:
            raise EnumerationDiverged(index, path[index][0], bound)
        return path[index][1]


class _EnumeratedStream(Stream):
    __slots__ = ("_owner",)

    def __init__(self, name: str, owner: EnumeratingEntropy) -> None:
        super().__init__(name)
        self._owner = owner

    def below(self, bound: int, label: str) -> int:
        if bound <= 1:
            _check_bound(bound)
            return 0
        return self._owner.choose(bound)

    def chance(self, numerator: int, denominator: int, label: str) -> bool:
        _check_odds(numerator, denominator)
        if numerator == 0:
            return False
        if numerator >= denominator:
            return True
        return self._owner.choose(2) == 1


class BytesEntropy:
    """Choices read from bytes, such as a fuzzer makes. Any bytes will do.

    The bytes are records of the form

        whose (2 bytes)   how many follow (1 byte)   the bytes of its choices

    *Whose* is a key of the stream's name (`stream_key`); the records of one key are laid end to
    end, and only a stream of that key reads them. So streams stay apart: another byte in the
    choices of one moves no other. (Two streams of one key, 1 pair in 65,536, read the same bytes,
    each from their beginning.) A choice among `bound` answers takes as many bytes as bound - 1
    needs, big-endian, modulo `bound`. A choice for which the bytes do not reach is zero: no bytes
    at all are the dullest run.

    Args:
        data: at most what a run asks for is read.
        seed: what the seeded streams are drawn from.
        seeded: a stream whose name begins so is drawn from the seed. The market's are: its
            thousands of draws would use up every byte.
        keep_tape: record every choice in `tape`, seeded ones included, so that `TapeEntropy`
            gives the same run.
    """

    __slots__ = ("_choices", "_seeded", "_streams", "seed", "tape")

    def __init__(
        self,
        data: bytes,
        seed: int = 0,
        seeded: tuple[str, ...] = ("market.",),
        keep_tape: bool = False,
    ) -> None:
        self.seed = seed
        self.tape: Tape | None = {} if keep_tape else None
        self._seeded = seeded
        self._streams: dict[str, Stream] = {}
        self._choices: dict[bytes, bytes] = {}
        choices = self._choices
        for key, part in records_of(data):
            choices[key] = choices.get(key, b"") + part

    def stream(self, name: str) -> Stream:
        stream = self._streams.get(name)
        if stream is None:
            record: list[tuple[str, int, int]] | None = None
            if self.tape is not None:
                record = self.tape.setdefault(name, [])
            if name.startswith(self._seeded):
                stream = _SeededStream(self.seed, name, record)
            else:
                stream = _BytesStream(name, self._choices.get(stream_key(name), b""), record)
            self._streams[name] = stream
        return stream


class _BytesStream(Stream):
    __slots__ = ("_at", "_data", "_record")

    def __init__(self, name: str, data: bytes, record: list[tuple[str, int, int]] | None) -> None:
        super().__init__(name)
        self._data = data
        self._at = 0
        self._record = record

    def below(self, bound: int, label: str) -> int:
        if bound <= 1:
            _check_bound(bound)
            return 0
        begin = self._at
        self._at = end = begin + _width(bound)
        value = 0
        if end <= len(self._data):
            value = int.from_bytes(self._data[begin:end], "big") % bound
        if self._record is not None:
            self._record.append((label, bound, value))
        return value

    def chance(self, numerator: int, denominator: int, label: str) -> bool:
        _check_odds(numerator, denominator)
        if numerator == 0:
            return False
        if numerator >= denominator:
            return True
        return self.below(2, label) == 1


def stream_key(name: str) -> bytes:
    """The two bytes by which `BytesEntropy` knows a stream: the lower half of its name's CRC-32."""
    return zlib.crc32(name.encode()).to_bytes(4, "big")[-_KEY_BYTES:]


def bytes_of(tape: Mapping[str, Sequence[tuple[str, int, int]]]) -> bytes:
    """The bytes from which `BytesEntropy` makes the choices of a tape again (without the streams
    that are to be seeded).

    Raises:
        ValueError: two streams of the tape that chose something have the same key.
    """
    names: dict[bytes, str] = {}
    records: list[tuple[bytes, bytes]] = []
    for name, choices in tape.items():
        drawn = list(choices)
        while drawn and drawn[-1][2] == 0:
            drawn.pop()
        if not drawn:
            continue
        key = stream_key(name)
        if key in names:
            raise ValueError(f"streams {names[key]!r} and {name!r} share the key {key.hex()}")
        names[key] = name
        data = b"".join(value.to_bytes(_width(bound), "big") for _, bound, value in drawn)
        records.append((key, data))
    return written(records)


def records_of(data: bytes) -> list[tuple[bytes, bytes]]:
    """The records that `BytesEntropy` reads from bytes: (key, choices). What breaks off at the end
    belongs to the last one."""
    records: list[tuple[bytes, bytes]] = []
    at = 0
    while at + _KEY_BYTES < len(data):
        begin = at + _KEY_BYTES + 1
        end = begin + data[begin - 1]
        records.append((data[at : at + _KEY_BYTES], data[begin:end]))
        at = end
    return records


def written(records: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The bytes of records; choices that are too long for one record become several."""
    parts: list[bytes] = []
    for key, data in records:
        for begin in range(0, len(data), _RECORD_MAX):
            part = data[begin : begin + _RECORD_MAX]
            parts.append(key + bytes((len(part),)) + part)
    return b"".join(parts)


def _width(bound: int) -> int:
    """Bytes that a choice among `bound` answers takes."""
    return ((bound - 1).bit_length() + 7) // 8


class EnumerationDiverged(Exception):
    """The same choices led to another question than last time: the run is not deterministic."""

    def __init__(self, index: int, bound_before: int, bound_now: int) -> None:
        super().__init__(f"choice {index} had {bound_before} answers and now has {bound_now}")
        self.index = index
        self.bound_before = bound_before
        self.bound_now = bound_now


def _check_bound(bound: int) -> None:
    if bound < 1:
        raise ValueError(f"a choice needs at least one answer, bound is {bound}")


def _check_odds(numerator: int, denominator: int) -> None:
    if numerator < 0 or denominator < 1:
        raise ValueError(f"odds {numerator}/{denominator} are no odds")
