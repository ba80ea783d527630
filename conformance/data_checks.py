"""What data cases look for: instruments, quotes, trades and books, against what the venue said.

Each check is a sentence (its docstring) and says what it found.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final

from conformance.evidence import Exhibit, TrueQuote
from conformance.testers import MILLISECOND, Levels
from engine.cache import Instrument
from engine.model.data import (
    DEPTH10_LEVELS,
    F_LAST,
    F_SNAPSHOT,
    OrderBookDeltas,
    OrderBookDepth10,
    QuoteTick,
    TradeTick,
)
from engine.model.enums import BUY, AggressorSide, BookAction
from engine.model.identifiers import InstrumentId
from engine.model.reports import InstrumentReceived

LEAST: Final = 5  # market data messages without which a case has shown nothing
LAG_NS: Final = 20 * MILLISECOND  # the kernel's picture of a calm market is no older

_FIELDS: Final = (
    "price_precision",
    "size_precision",
    "price_increment",
    "size_increment",
    "multiplier",
    "min_quantity",
    "max_quantity",
    "margin_init_raw",
    "margin_maint_raw",
    "maker_fee_raw",
    "taker_fee_raw",
    "base_currency",
    "quote_currency",
    "settlement_currency",
    "is_inverse",
)


# --- instruments ---------------------------------------------------------------------------


def instruments(exhibit: Exhibit) -> Iterator[str]:
    """The cache holds what the venue lists, each told once, equal in every field."""
    known = [str(instrument.id) for instrument in exhibit.view.cache.instruments()]
    listed = sorted(str(instrument.id) for instrument in exhibit.listing)
    if sorted(known) != listed:
        yield f"the venue lists {listed}, the kernel knows {known}"
    told: dict[str, int] = {}
    for record in exhibit.records:
        if isinstance(record.input, InstrumentReceived):
            name = str(record.input.instrument.id)
            told[name] = told.get(name, 0) + 1
    for name, count in told.items():
        if count != 1 and exhibit.calm:
            yield f"{name} was told {count} times"
    for instrument in exhibit.listing:
        yield from _same_instrument(exhibit, instrument.id)


def one_instrument(exhibit: Exhibit) -> Iterator[str]:
    """The instrument is there by its id; of an id that is not listed there is nothing."""
    yield from _same_instrument(exhibit, exhibit.instrument.id)
    unknown = exhibit.data.unknown_id
    if exhibit.view.cache.instrument(unknown) is not None:
        yield f"{unknown} is listed nowhere and known to the kernel"
    if exhibit.view.cache.quote_tick(unknown) is not None or exhibit.data.stray:
        yield f"there are quotes of {unknown}"


def _same_instrument(exhibit: Exhibit, instrument_id: InstrumentId) -> Iterator[str]:
    known = exhibit.view.cache.instrument(instrument_id)
    true = next((i for i in exhibit.listing if i.id == instrument_id), None)
    if known is None or true is None:
        yield f"{instrument_id} is not known"
        return
    yield from _differences(known, true)


def _differences(known: Instrument, true: Instrument) -> Iterator[str]:
    if type(known) is not type(true):
        yield f"{true.id} is a {type(true).__name__}, not a {type(known).__name__}"
    for field in _FIELDS:
        if getattr(known, field) != getattr(true, field):
            said, held = getattr(true, field), getattr(known, field)
            yield f"{true.id}: {field} is {said}, the kernel holds {held}"


def instrument_updates(exhibit: Exhibit) -> Iterator[str]:
    """Each definition that the venue publishes arrives, once and in order, and is cached before
    anybody hears of it; whether the one in force at the subscription is told again is free."""
    tester = exhibit.data
    heard = tester.instruments
    told = [
        message.instrument
        for message in exhibit.told(InstrumentReceived)
        if message.instrument.id == exhibit.instrument.id and message.ts_init > tester.started_ns
    ]
    yield from _all_heard(told, [instrument for instrument, _ in heard])
    published = exhibit.log.definitions
    if len(published) < 2 or not heard:
        yield f"{len(published)} definitions, {len(heard)} were heard"
        return
    places: list[int] = []
    for instrument, cached in heard:
        if cached != instrument:
            yield f"the cache showed another definition than the one of {instrument.ts_init}"
        found = [
            p for p, (_, true) in enumerate(published) if not any(_differences(instrument, true))
        ]
        if not found:
            yield f"a definition of {instrument.id} that the venue never gave: {instrument}"
        places += found
    if places != sorted(places):
        yield f"the definitions came in the order {places}"
    elif not places or places[-1] != len(published) - 1:
        yield "the last definition never came"
    elif exhibit.calm and places not in (
        list(range(len(published))),
        list(range(1, len(published))),
    ):
        yield f"of {len(published)} definitions there came {places}"


# --- quotes and trades ---------------------------------------------------------------------


def quotes(exhibit: Exhibit) -> Iterator[str]:
    """Quotes are the venue's touch: none lost, none twice, in order; the cache shows the last."""
    heard = exhibit.data.quotes
    yield from _all_heard(exhibit.told(QuoteTick), heard)
    published = exhibit.log.quotes
    if len(heard) < LEAST:
        yield f"only {len(heard)} quotes"
        return
    for tick, latest in zip(heard, exhibit.data.latest, strict=True):
        if latest != tick:
            yield f"the cache showed another quote than the one at {tick.ts_event}"
        both = tick.bid_size_mantissa and tick.ask_size_mantissa
        if both and tick.bid_mantissa >= tick.ask_mantissa:
            yield f"crossed at {tick.ts_event}"
    seen = [
        TrueQuote(
            tick.ts_event,
            tick.bid_mantissa,
            tick.ask_mantissa,
            tick.bid_size_mantissa,
            tick.ask_size_mantissa,
        )
        for tick in heard
    ]
    times = [quote.ts for quote in published]
    last_ns = 0
    told: dict[TrueQuote, None] = {}
    for quote in seen:
        at = bisect_right(times, quote.ts) - 1
        if at < 0 or not _same_touch(published[at], quote):
            yield f"the touch at {quote.ts} was never {quote}"
        if quote.ts < last_ns or quote in told:
            yield f"the quote of {quote.ts} came out of order or twice"
        told[quote] = None
        last_ns = quote.ts
    if not _same_touch(published[-1], seen[-1]):
        yield f"the last quote is {published[-1]}, the kernel holds {seen[-1]}"
    if exhibit.calm:
        # the first restates the touch at the subscription; then every change, once
        missed = [q for q in published[bisect_right(times, seen[0].ts) :] if q not in told]
        if missed:
            yield f"{len(missed)} quotes never came, the first {missed[0]}"


def _all_heard(told: Sequence[object], heard: Sequence[object]) -> Iterator[str]:
    """Whether the kernel passed on all that the adapter told, or had to refuse some of it."""
    if list(told) != list(heard):
        yield f"the adapter told {len(told)} messages, the kernel passed {len(heard)} of them on"


def _same_touch(a: TrueQuote, b: TrueQuote) -> bool:
    return (a.bid, a.ask, a.bid_size, a.ask_size) == (b.bid, b.ask, b.bid_size, b.ask_size)


def trades(exhibit: Exhibit) -> Iterator[str]:
    """Trades are the venue's, one to one by trade id, with price, size and aggressor."""
    heard = exhibit.data.trades
    yield from _all_heard(exhibit.told(TradeTick), heard)
    if len(heard) < LEAST:
        yield f"only {len(heard)} trades"
        return
    published = exhibit.log.trades
    places = {trade.trade_id: place for place, trade in enumerate(published)}
    last = -1
    for tick in heard:
        place = places.get(tick.trade_id)
        if place is None:
            yield f"{tick.trade_id} never happened"
            continue
        if place <= last:
            yield f"{tick.trade_id} came out of order or twice"
        true = published[place]
        aggressor = AggressorSide.BUYER if true.aggressor == "BUY" else AggressorSide.SELLER
        said = (true.price, true.size, aggressor, true.ts)
        held = (tick.price_mantissa, tick.size_mantissa, tick.aggressor_side, tick.ts_event)
        if said != held:
            yield f"{tick.trade_id} is {said}, the kernel heard {held}"
        if exhibit.calm and last >= 0 and place != last + 1:
            yield f"{place - last - 1} trades before {tick.trade_id} never came"
        last = place
    if exhibit.calm:
        first = places.get(heard[0].trade_id, 0)
        if first and published[first - 1].ts > exhibit.data.started_ns + LAG_NS:
            yield f"{published[first - 1].trade_id} came after the subscription, and was not heard"
        if last != len(published) - 1:
            yield "the last trades never came"


# --- books ---------------------------------------------------------------------------------


def deltas(exhibit: Exhibit) -> Iterator[str]:
    """A picture first, then changes; folded they are the venue's book, never an older one."""
    batches = exhibit.told(OrderBookDeltas)
    yield from _all_heard(batches, exhibit.data.deltas)
    if len(batches) < LEAST:
        yield f"only {len(batches)} batches"
        return
    first = batches[0].deltas[0]
    if first.action is not BookAction.CLEAR or not first.flags & F_SNAPSHOT:
        yield "the first batch is no picture"
    for batch in batches:
        ends = [delta for delta in batch.deltas if delta.flags & F_LAST]
        if len(ends) != 1 or not batch.deltas[-1].flags & F_LAST:
            yield f"the batch at {batch.ts_init} does not end with its last change"
    states = fold(batches)
    yield from _in_step(exhibit, states)


def _in_step(exhibit: Exhibit, states: list[tuple[int, Levels, Levels]]) -> Iterator[str]:
    """Whether the states are the venue's books in the venue's order, up to its last."""
    books = exhibit.log.books
    place = bisect_right([ts for ts, _, _ in books], states[0][0]) - 1
    while place >= 0 and books[place][1:] != states[0][1:]:
        place -= 1
    if place < 0:
        yield "the venue's book never was what the first picture shows"
        return
    for number, (ts, bids, asks) in enumerate(states[1:], 1):
        ahead = place
        while ahead < len(books) and books[ahead][1:] != (bids, asks):
            ahead += 1
        if ahead == len(books):
            yield f"the book after batch {number} (at {ts}) is none that the venue had by then"
            return
        if exhibit.calm and ahead - place > 1:
            yield f"{ahead - place - 1} changes before batch {number} never came"
        place = ahead
    if books[place][1:] != books[-1][1:]:
        yield f"the book stands {len(books) - 1 - place} changes behind the venue's"


def managed_book(exhibit: Exhibit) -> Iterator[str]:
    """After each batch the kernel's own book is the fold of all batches, and never crossed."""
    tester = exhibit.data
    states = fold(tester.deltas)
    if len(tester.managed) != len(states):
        yield f"{len(states)} batches, {len(tester.managed)} looks at the book"
        return
    for (ts, bids, asks), (_, true_bids, true_asks) in zip(tester.managed, states, strict=True):
        if (bids, asks) != (true_bids, true_asks):
            yield f"the kernel's book at {ts} is not the fold of what it was told"
            return
        if bids and asks and bids[0][0] >= asks[0][0]:
            yield f"the kernel's book is crossed at {ts}"


def interval_books(exhibit: Exhibit) -> Iterator[str]:
    """At each instant of the interval, exactly, the kernel shows the venue's ten best levels."""
    tester = exhibit.data
    pictures = tester.pictures
    interval_ns = tester.config.book_interval_ms * MILLISECOND
    if len(pictures) < LEAST - 1:
        yield f"only {len(pictures)} looks at the book"
        return
    books = [(ts, *best_levels(bids, asks)) for ts, bids, asks in exhibit.log.books]
    times = [ts for ts, _, _ in books]
    least = 0
    # the first instant has a picture when the book had come by then
    due_ns = pictures[0].ts_init
    if due_ns % interval_ns or (exhibit.calm and due_ns > tester.started_ns + 2 * interval_ns):
        yield f"the first look was at {due_ns}, started was at {tester.started_ns}"
    for number, picture in enumerate(pictures, 1):
        ts = picture.ts_init
        if ts != due_ns:
            yield f"look {number} was at {ts}, not at {due_ns}"
        due_ns = ts + interval_ns
        newest = bisect_right(times, ts) - 1
        oldest = max(bisect_right(times, ts - LAG_NS) - 1, 0) if exhibit.calm else least
        shown = levels_of(picture)
        place = next((p for p in range(newest, oldest - 1, -1) if books[p][1:] == shown), -1)
        if place >= 0:
            least = place
        else:
            yield f"at {ts} the kernel showed a book that the venue did not have"


def best_levels(bids: Levels, asks: Levels) -> tuple[Levels, Levels]:
    return bids[:DEPTH10_LEVELS], asks[:DEPTH10_LEVELS]


def book_at(exhibit: Exhibit, update: int) -> tuple[Levels, Levels]:
    """The venue's book after an update, by its number; empty before the first."""
    place = bisect_right([known.update for known in exhibit.log.updates], update) - 1
    return exhibit.log.books[place][1:] if place >= 0 else ((), ())


def depth_images(exhibit: Exhibit) -> Iterator[str]:
    """Each image is the ten best levels a side of the venue's book after the update that it names;
    they come in order, and none that differs from the one before is missing."""
    heard = exhibit.data.depths
    yield from _all_heard(exhibit.told(OrderBookDepth10), heard)
    if len(heard) < LEAST:
        yield f"only {len(heard)} images"
        return
    last = 0
    for image in heard:
        bids, asks = book_at(exhibit, image.sequence)
        if levels_of(image) != best_levels(bids, asks):
            yield f"the venue's book after update {image.sequence} is not what the image shows"
        if image.sequence < last:
            yield f"the image of update {image.sequence} came after that of {last}"
        last = image.sequence
    first = heard[0].sequence
    meant: list[tuple[Levels, Levels]] = [levels_of(heard[0])]
    is_cut = False
    for known, (_, bids, asks) in zip(exhibit.log.updates, exhibit.log.books, strict=True):
        is_cut = is_cut or min(len(bids), len(asks)) > DEPTH10_LEVELS
        best = best_levels(bids, asks)
        if known.update > first and best != meant[-1]:
            meant.append(best)
    if not is_cut:
        yield "the venue's book was never deeper than an image"
    if levels_of(heard[-1]) != meant[-1]:
        yield "the last image never came"
    if exhibit.calm and [levels_of(image) for image in heard] != meant:
        yield f"the venue's ten best levels changed {len(meant) - 1} times, heard were {len(heard)}"


def levels_of(image: OrderBookDepth10) -> tuple[Levels, Levels]:
    """What an image shows, without its padding."""
    bids, asks = (
        tuple((level.price_mantissa, level.size_mantissa) for level in side if level.size_mantissa)
        for side in (image.bids, image.asks)
    )
    return bids, asks


def fold(batches: list[OrderBookDeltas]) -> list[tuple[int, Levels, Levels]]:
    """The book after each batch, from the batches alone: when it was heard, bids, asks."""
    bids: dict[int, int] = {}
    asks: dict[int, int] = {}
    states = []
    for batch in batches:
        for delta in batch.deltas:
            if delta.action is BookAction.CLEAR:
                bids.clear()
                asks.clear()
                continue
            side = bids if delta.side is BUY else asks
            if delta.action is BookAction.DELETE or not delta.size_mantissa:
                side.pop(delta.price_mantissa, None)
            else:
                side[delta.price_mantissa] = delta.size_mantissa
        shown_bids = tuple(sorted(bids.items(), reverse=True))
        states.append((batch.ts_init, shown_bids, tuple(sorted(asks.items()))))
    return states
