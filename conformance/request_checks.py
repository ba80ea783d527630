"""What the cases of requests look for: one answer each, and in it what the venue has.

Each check is a sentence (its docstring) and says what it found. A tester asks three times: for a
range, for the newest few of it, and for an instrument that is not listed. Both ends of a range are
inclusive.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator

from conformance.data_checks import LEAST, book_at, fold
from conformance.evidence import Exhibit
from conformance.testers import Asked
from engine.model.data import F_LAST, F_SNAPSHOT, OrderBookDeltas, QuoteTick, TradeTick
from engine.model.enums import BUY, AggressorSide, AnswerStatus, BookAction
from engine.model.reports import DataResponse, HistoricalDatum

Row = tuple[object, ...]


def answered_once(exhibit: Exhibit) -> Iterator[str]:
    """Each request is answered once, the answer to an impossible one is no data, and what OK
    answers hold goes to the one who asked, once, in order."""
    tester = exhibit.data
    if not tester.asked:
        yield "nothing was asked"
    for asked in tester.asked:
        answers = [a for a in tester.answers if a.correlation_id == asked.request_id]
        told = [a for a in exhibit.told(DataResponse) if a.correlation_id == asked.request_id]
        if len(answers) != 1 or len(told) > 1 or (exhibit.calm and not told):
            yield (
                f"{asked.request_id} was answered {len(answers)} times, "
                f"the adapter told {len(told)} answers"
            )
        is_listed = asked.instrument_id == exhibit.instrument.id
        for answer in answers:
            is_ok = answer.status is AnswerStatus.OK
            if is_ok and not is_listed and answer.data:
                yield f"there is data of {asked.instrument_id}"
            elif exhibit.calm and is_ok is not is_listed:
                yield f"{asked.request_id} of {asked.instrument_id} ended {answer.status.name}"
    data = [datum for answer in tester.answers for datum in answer.data]
    if data != tester.past:
        yield f"the answers hold {len(data)} data, {len(tester.past)} were passed on"


def past_quotes(exhibit: Exhibit) -> Iterator[str]:
    """The quotes of a range are the venue's, ascending, none missing and none twice."""
    rows: list[Row] = [(q.ts, q.bid, q.ask, q.bid_size, q.ask_size) for q in exhibit.log.quotes]
    yield from _same_slices(exhibit, rows, _quote_row)


def past_trades(exhibit: Exhibit) -> Iterator[str]:
    """The trades of a range are the venue's, ascending, none missing and none twice."""
    rows: list[Row] = [(t.ts, t.trade_id, t.price, t.size, t.aggressor) for t in exhibit.log.trades]
    yield from _same_slices(exhibit, rows, _trade_row)


def past_book_changes(exhibit: Exhibit) -> Iterator[str]:
    """The book changes of a range are the venue's, ascending, with their numbers, none missing
    and none twice; each is whole."""
    rows: list[Row] = [(u.ts, u.update, u.bids, u.asks) for u in exhibit.log.updates]
    yield from _same_slices(exhibit, rows, _deltas_row)
    for _, answer in _answered(exhibit):
        for datum in answer.data:
            if isinstance(datum, OrderBookDeltas) and not _is_whole(datum):
                yield f"the change at {datum.ts_event} does not end with its last level"


def snapshots(exhibit: Exhibit) -> Iterator[str]:
    """A snapshot is one whole picture: the venue's book after the update that it names, as deep as
    was asked for, and in calm no older than the question."""
    for asked, answer in _answered(exhibit):
        for datum in answer.data:
            if not isinstance(datum, OrderBookDeltas):
                yield f"{type(datum).__name__} is no picture of a book"
                continue
            flags = [delta.flags & F_SNAPSHOT for delta in datum.deltas]
            if datum.deltas[0].action is not BookAction.CLEAR or not all(flags):
                yield f"the picture at {datum.ts_init} does not begin the book anew"
            if not _is_whole(datum):
                yield f"the picture at {datum.ts_init} does not end with its last level"
            update = datum.deltas[-1].sequence
            bids, asks = book_at(exhibit, update)
            best = asked.limit or None
            if fold([datum])[0][1:] != (bids[:best], asks[:best]) or not bids:
                yield f"the venue's book after update {update} is not what the picture shows"
            if exhibit.calm and update < _update_at(exhibit, asked.asked_ns):
                yield f"the picture shows update {update}, which was over when it was asked for"
        if len(answer.data) != 1:
            yield f"{len(answer.data)} pictures in one answer"


def _answered(exhibit: Exhibit) -> Iterator[tuple[Asked, DataResponse]]:
    """Requests for the case's instrument with their OK answers."""
    tester = exhibit.data
    for asked in tester.asked:
        for answer in tester.answers:
            if (
                answer.correlation_id == asked.request_id
                and answer.status is AnswerStatus.OK
                and asked.instrument_id == exhibit.instrument.id
            ):
                yield asked, answer


def _same_slices(
    exhibit: Exhibit, rows: list[Row], row_of: Callable[[HistoricalDatum], Row]
) -> Iterator[str]:
    """Whether each OK answer is the slice of the venue's log (rows that begin with their time)."""
    for asked, answer in _answered(exhibit):
        meant = [row for row in rows if asked.start_ns <= row[0] <= asked.end_ns]  # type: ignore[operator]
        if asked.limit:
            meant = meant[-asked.limit :]
        elif len(meant) < LEAST:
            yield f"only {len(meant)} in the range"
        held = [row_of(datum) for datum in answer.data]
        if held == meant:
            continue
        first = next((m for m, h in zip(meant, held, strict=False) if m != h), "the end")
        yield f"{asked.request_id} brought {len(held)} of {len(meant)}; first difference at {first}"


def _quote_row(datum: HistoricalDatum) -> Row:
    if not isinstance(datum, QuoteTick):
        return (type(datum).__name__,)
    return (
        datum.ts_event,
        datum.bid_mantissa,
        datum.ask_mantissa,
        datum.bid_size_mantissa,
        datum.ask_size_mantissa,
    )


def _trade_row(datum: HistoricalDatum) -> Row:
    if not isinstance(datum, TradeTick):
        return (type(datum).__name__,)
    aggressor = "BUY" if datum.aggressor_side is AggressorSide.BUYER else "SELL"
    return (
        datum.ts_event,
        datum.trade_id,
        datum.price_mantissa,
        datum.size_mantissa,
        aggressor,
    )


def _deltas_row(datum: HistoricalDatum) -> Row:
    if not isinstance(datum, OrderBookDeltas):
        return (type(datum).__name__,)
    sides: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    for delta in datum.deltas:
        sides[0 if delta.side is BUY else 1].append((delta.price_mantissa, delta.size_mantissa))
    return datum.ts_event, datum.deltas[-1].sequence, tuple(sides[0]), tuple(sides[1])


def _is_whole(batch: OrderBookDeltas) -> bool:
    """Whether its last change, and no other, ends it."""
    return [bool(delta.flags & F_LAST) for delta in batch.deltas] == (
        [False] * (len(batch.deltas) - 1) + [True]
    )


def _update_at(exhibit: Exhibit, ts: int) -> int:
    """The number of the venue's last update at an instant; 0 before the first."""
    updates = exhibit.log.updates
    place = bisect_right([update.ts for update in updates], ts - 1)
    return updates[place - 1].update if place else 0
