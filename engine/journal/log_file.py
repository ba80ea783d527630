"""A log: the records of a session in one file, to be looked at afterwards.

    SEATRIAL-LOG\\n                the mark
    length, header               what the records are and who wrote them
    length, record               and so on; a length is four bytes, big-endian

A record is the bytes that `engine.record` made of it. In a log of kind "journal" it is a turn or
the audit of a faulted one; of kind "trace" it is [kind, time, payload], and the payload of kind
"turn" is such a turn. Both ways go record by record: a log need not fit into memory.
"""

from collections.abc import Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from struct import Struct, error
from typing import Final, Literal

import msgspec

from engine.journal.port import JournalFailed, StaleEpoch
from engine.model.currencies import CURRENCIES, Currency
from engine.record import FaultRecord, TurnRecord, encode
from engine.record_reader import RecordError, RecordReader
from engine.risk.config import RiskEngineConfig

FORMAT: Final = 1
MARK: Final = b"SEATRIAL-LOG\n"
RECORD_BYTES_MAX: Final = 64 * 1024 * 1024  # above it a length is damage, not a record
_LENGTH: Final = Struct(">I")


class LogError(ValueError):
    """A file that is no log of ours, or one that is damaged: names file, record and byte offset.

    Attributes:
        record: number of the first record that cannot be read, from 1; 0: the head of the file.
        offset: of the byte at which it begins.
    """

    def __init__(self, path: Path, record: int, offset: int, what: str) -> None:
        where = f"record {record}" if record else "header"
        super().__init__(f"{path}: {where} at byte {offset}: {what}")
        self.record = record
        self.offset = offset


class LogHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a log says of itself.

    Attributes:
        kind: what its records are.
        session: what was recorded, for a reader (a token, say).
        versions: of what wrote it.
        risk: the limits that the kernel was configured with; None: not known, and what is
            promised about limits cannot be judged.
    """

    kind: Literal["journal", "trace"]
    session: str
    versions: dict[str, str] = {}
    risk: RiskEngineConfig | None = None
    format: int = FORMAT


class LoggedTurn(msgspec.Struct, frozen=True):
    """One record of a log and where it stands.

    Attributes:
        number: of all records in the file, from 1. offset: of its first byte.
        record: None for a record of a trace that is no turn (a fault of the network, say).
    """

    number: int
    offset: int
    record: TurnRecord | FaultRecord | None


class LogWriter:
    """Writes a log record by record; to be closed, or used in a `with`.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, path: Path, header: LogHeader) -> None:
        self._file = path.open("wb")
        self._file.write(MARK)
        self.count = -1  # the header is no record
        self.write(msgspec.msgpack.encode(header))

    def write(self, data: bytes) -> None:
        """Append one record, as `engine.record.encode` made it."""
        self._file.write(_LENGTH.pack(len(data)))
        self._file.write(data)
        self.count += 1

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "LogWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class LogJournal:
    """A journal that is there to be judged afterwards, not to recover from: nothing is synced, so
    what it calls durable is so only while the machine stays up."""

    __slots__ = ("_epoch", "_log", "is_durable_at_once", "stores")

    def __init__(self, log: LogWriter) -> None:
        self.stores = True
        self.is_durable_at_once = True
        self._epoch = 0
        self._log = log

    def open(self) -> int:
        self._epoch += 1
        return self._epoch

    def append(self, record: TurnRecord) -> None:
        self._write(record)

    def append_fault(self, record: FaultRecord) -> None:
        self._write(record)

    def _write(self, record: TurnRecord | FaultRecord) -> None:
        if record.epoch != self._epoch:
            raise StaleEpoch(record.epoch, self._epoch)
        try:
            self._log.write(encode(record))
        except (OSError, TypeError, OverflowError) as problem:
            raise JournalFailed(f"turn {record.turn} cannot be written: {problem}") from problem


class Log:
    """A log to be read from its beginning to its end.

    Args:
        currencies: where to look for a currency that the built-in table does not have.

    Attributes:
        count: records read so far.
    Raises:
        LogError: no such file, or none of ours; or one of another format.
    """

    def __init__(self, path: Path, currencies: Mapping[str, Currency] = CURRENCIES) -> None:
        self._path = path
        self.count = 0
        self._reader = RecordReader(currencies)
        try:
            with path.open("rb") as file:
                self.header, self._start = self._head(file)
        except OSError as problem:
            raise LogError(path, 0, 0, problem.strerror or str(problem)) from None

    def __iter__(self) -> Iterator[LoggedTurn]:
        """Each record in its order.

        Raises:
            LogError: the record cannot be read; what came before it was given.
        """
        is_trace = self.header.kind == "trace"
        decode = msgspec.msgpack.Decoder(tuple[str, int, msgspec.Raw]).decode
        with self._path.open("rb") as file:
            file.seek(self._start)
            offset = self._start
            number = 1
            while (data := self._frame(file, number, offset)) is not None:
                try:
                    record: TurnRecord | FaultRecord | None = None
                    if is_trace:
                        kind, _, payload = decode(data)
                        if kind == "turn":
                            record = self._reader.turn(payload)
                    else:
                        record = self._reader.turn(data)
                except (RecordError, msgspec.DecodeError, UnicodeDecodeError) as problem:
                    raise LogError(self._path, number, offset, str(problem)) from None
                self.count = number
                yield LoggedTurn(number, offset, record)
                offset += _LENGTH.size + len(data)
                number += 1

    def _head(self, file: BufferedReader) -> tuple[LogHeader, int]:
        if file.read(len(MARK)) != MARK:
            raise LogError(self._path, 0, 0, "not a log of ours: the mark is missing")
        data = self._frame(file, 0, len(MARK))
        try:
            header = msgspec.msgpack.decode(data or b"", type=LogHeader)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as problem:
            raise LogError(self._path, 0, len(MARK), f"not a header: {problem}") from None
        if header.format != FORMAT:
            told = f"log format {header.format}, this version reads {FORMAT}"
            raise LogError(self._path, 0, len(MARK), told)
        return header, file.tell()

    def _frame(self, file: BufferedReader, number: int, offset: int) -> bytes | None:
        """The next length and what it covers; None at the end of the file."""
        head = file.read(_LENGTH.size)
        if not head:
            return None
        try:
            (size,) = _LENGTH.unpack(head)
        except error:
            raise LogError(self._path, number, offset, "the file ends in a length") from None
        if size > RECORD_BYTES_MAX:
            raise LogError(self._path, number, offset, f"a record of {size} bytes is none")
        data = file.read(size)
        if len(data) < size:
            told = f"the file ends after {len(data)} of {size} bytes"
            raise LogError(self._path, number, offset, told)
        return data
