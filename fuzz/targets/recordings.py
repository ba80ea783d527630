"""Small files to the readers of recordings. An input is a file, whatever it is of.

What names orders, and what is gzipped, goes to the reader of market-by-order files, the rest to
the reader of all others. What is read must be what the text says, column by column, as decimals;
what is refused must be refused as a `RecordingError`. A recording by order is also rebuilt.
"""

import csv
import io
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec

from fuzz.mutate import change_a_number
from fuzz.oracle import Wrong, agree
from simulation.market.fields import RecordingError
from simulation.market.mbo import survey
from simulation.market.mbo_reader import MODIFY, read_mbo
from simulation.market.readers import read_recording

_TS_MAX: Final = (1 << 63) - 1
_PRICES: Final = {"bid": "bid_price", "ask": "ask_price", "price": "price"}
_SIZES: Final = {"bid_size": "bid_size", "ask_size": "ask_size", "size": "quantity"}
_IN_MEMORY: Final = Path("/dev/shm")  # where there is one: cutting a file on a disk takes longest
_FOLDER: Final = tempfile.TemporaryDirectory(
    prefix="seatrial-fuzz-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None
)
_FILE: Final = Path(_FOLDER.name) / "recording.csv"
_HANDLE: Final = _FILE.open("wb", buffering=0)  # opening a file costs more than reading it
_GZIP: Final = b"\x1f\x8b"


def check(data: bytes) -> None:
    _HANDLE.seek(0)
    _HANDLE.truncate()
    _HANDLE.write(data)
    if b"order_id" in data or data.startswith(_GZIP):
        _check_mbo(data)
    else:
        _check_ticks(data)


def _check_ticks(data: bytes) -> None:
    try:
        recording = read_recording(_FILE)
    except RecordingError:
        return
    rows = [msgspec.structs.asdict(row) for row in recording.rows]
    times = [row["ts"] for row in rows]
    agree("times in order", times, sorted(times))
    texts = _table(data)
    if not ("bid" in rows[0] or "trade_id" in rows[0]):
        return  # of a kind that the witness does not read
    agree("number of rows", len(rows), len(texts))
    texts.sort(key=lambda text: int(text["ts_event"]))
    seen = [int(text["ts_event"]) for text in _table(data)]
    late = sum(ts < before for before, ts in pairwise(seen))
    agree("rows out of order", recording.out_of_order, late)
    for row, text in zip(rows, texts, strict=True):
        agree("time", row["ts"], int(text["ts_event"]))
        _same(row, text, _PRICES, recording.price_precision)
        if recording.has_sizes:
            _same(row, text, _SIZES, recording.size_precision)
        if "trade_id" in row:
            agree("trade id", row["trade_id"], text["trade_id"].strip())
            rested = text["buyer_maker"].strip().lower() in ("true", "1")
            agree("aggressor", str(row["aggressor"]), "SELL" if rested else "BUY")


def _same(
    row: Mapping[str, int], text: Mapping[str, str], columns: Mapping[str, str], precision: int
) -> None:
    for field, column in columns.items():
        mantissa = row.get(field)
        if mantissa is None:
            continue
        agree(column, Decimal(mantissa).scaleb(-precision), Decimal(text[column].strip()))
        if not 0 <= mantissa <= _TS_MAX:
            raise Wrong(f"{column} {text[column]!r} is the mantissa {mantissa}: beyond 63 bits")


def _table(data: bytes) -> list[dict[str, str]]:
    """The rows by column name; of two columns of one name the first counts."""
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    names = [name.strip() for name in header]
    return [
        {name: row[names.index(name)] for name in names}
        for row in rows
        if row  # an empty line is no row
    ]


def _check_mbo(data: bytes) -> None:
    try:
        recording = read_mbo(_FILE)
    except RecordingError:
        return
    if not data.startswith(_GZIP):
        texts = _table(data)
        agree("number of messages", len(recording.rows), len(texts))
        for row, text in zip(recording.rows, texts, strict=True):
            price = Decimal(row.price).scaleb(-recording.price_precision)
            agree("price", price, Decimal(text["price_e9"]).scaleb(-9))
            agree("letters", "?ACMTF"[row.action] + "NBA"[row.side], text["action"] + text["side"])
            for field, column in (
                ("ts", "ts_event"),
                ("size", "size"),
                ("order_id", "order_id"),
                ("flags", "flags"),
                ("sequence", "sequence"),
            ):
                agree(column, getattr(row, field), int(text[column]))
    report = survey(recording)
    agree("messages in events", sum(map(len, recording.events())), report.messages)
    agree("looks that found the book broken", report.broken, 0)
    fifo = report.fifo
    sum_of_kinds = fifo.exact + fifo.own + fifo.cancelled_same_event + fifo.unexplained
    agree("fills by kind", sum_of_kinds, fifo.fills)
    if report.resting > sum(row.action <= MODIFY for row in recording.rows):
        raise Wrong(f"{report.resting} orders rest, more than ever came")


mutate: Final = change_a_number


def seeds() -> Mapping[str, bytes]:
    quotes = "ts_event,bid_price,ask_price\n"
    sized = "ts_event,bid_price,ask_price,bid_size,ask_size\n"
    trades = "ts_event,trade_id,price,quantity,buyer_maker\n"
    mbo = "ts_recv,ts_event,action,side,price_e9,size,order_id,flags,sequence\n"
    texts = {
        "quotes": quotes + "1,1.10,1.12\n2,1.1,1.2\n",
        "quotes-sized": sized + "10,100.5,100.6,1.25,0\n9,100,101,3,4\n",
        "quotes-columns-moved": "ask_price,x,ts_event,bid_price\n2.5,?,7,2.25\n",
        "quotes-crossed": quotes + "1,1.13,1.12\n",
        "quotes-short-row": quotes + "1,1.10\n",
        "quotes-empty": quotes,
        "trades": trades + "5,t1,20000.5,0.001,true\n6,t2,20001,2,0\n",
        "trades-quoted": trades + '5,"t,1",20000.5,1,False\n',
        "trades-negative": trades + "5,t1,-1,1,true\n",
        "trades-no-id": trades + "5, ,1,1,true\n",
        "unknown": "a,b\n1,2\n",
        "not-text": "\udcff",
        "mbo": mbo
        + "1,1,A,B,4800250000000,3,11,0,1\n1,1,A,A,4800500000000,2,12,128,2\n"
        + "2,2,T,B,4800500000000,1,0,0,3\n2,2,F,A,4800500000000,1,12,0,3\n"
        + "2,2,M,A,4800500000000,1,12,128,3\n3,3,C,B,4800250000000,3,11,128,4\n",
        "mbo-auction": mbo + "1,1,T,N,-250000000,1,0,0,1\n1,1,F,N,-250000000,1,7,128,1\n",
        "mbo-snapshot": mbo + "1,1,A,B,1000000000,1,1,32,0\n1,1,A,B,1000000000,2,2,160,0\n",
        "mbo-bad-action": mbo + "1,1,X,B,1,1,1,128,1\n",
        "mbo-no-side": mbo + "1,1,A,N,1,1,1,128,1\n",
        "mbo-price-text": mbo + "1,1,A,B,1.5,1,1,128,1\n",
    }
    return {name: text.encode("utf-8", "surrogateescape") for name, text in texts.items()}
