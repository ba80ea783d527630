"""Every property there is, in the order of the catalogue page."""

from typing import Final

from invariants import (
    accounts,
    bars,
    books,
    bus,
    cache,
    clock,
    exposure,
    fills,
    isolation,
    kernel,
    lifecycle,
    limits,
    locks,
    matching,
    money,
    network,
    orders,
    positions,
    probes,
    recovery,
    values,
    venue_rules,
)
from invariants.property import Property, always, eventually

CATALOGUE: Final[tuple[Property, ...]] = (
    always(
        "FIL-1",
        "Each venue execution takes effect, and is announced, exactly once, whatever channel "
        "brings it and however often.",
    )(fills.FillsCountOnce),
    eventually(
        "FIL-2",
        "No venue execution is lost: after quiescence the kernel's fills equal the venue's, "
        "number for number.",
    )(fills.NoFillIsLost),
    always(
        "POS-1",
        "A position's signed quantity is the signed sum of the fills assigned to it, its side is "
        "the sign of that and, at quiescence, it equals the venue's.",
    )(positions.PositionIsTheSumOfItsFills),
    always(
        "POS-2",
        "A fill through flat is a close of the open quantity followed by an open of the rest "
        "at the fill price.",
    )(positions.FlipClosesThenOpens),
    always(
        "ACC-1",
        "total = free + locked exactly, per currency, in every account state.",
    )(accounts.PartsAddUp),
    eventually(
        "ACC-3",
        "After quiescence every balance the kernel computed from its own fills and orders "
        "equals the venue's, total and locked.",
    )(accounts.BalancesEqualTheVenues),
    always(
        "ORD-1",
        "An order's state equals the fold of its accepted events; a refused event changes "
        "nothing, is not stored and is not published.",
    )(orders.StateIsTheFoldOfEvents),
    always(
        "ORD-2",
        "leaves = max(quantity - filled, 0) and overfill = max(filled - quantity, 0); filled "
        "never falls; the average price is the quantity-weighted mean of the fills. (A "
        "quantity in quote is leaves as it stands until the venue has said what it is in "
        "base.)",
    )(orders.QuantitiesAddUp),
    always(
        "ORD-3",
        "Terminal is final: at most one terminal event per order, nothing but a fill after "
        "it, and never a terminal that the venue contradicts.",
    )(orders.TerminalIsFinal),
    eventually(
        "ORD-4",
        "No order stays pending, unacknowledged or unresolved once faults have stopped and "
        "the quiet period has passed.",
    )(orders.NothingHangs),
    always(
        "CCH-1",
        "Every index agrees with the objects: each id resolves, each object is in exactly one "
        "state set, forward and reverse maps are inverses.",
    )(cache.IndexesAgree),
    always(
        "CCH-2",
        "Nothing that lives is evicted: every order that began and every position stays "
        "cached, and a series of ticks holds all it was told, up to its capacity and never "
        "beyond.",
    )(cache.NothingLiveIsEvicted),
    always(
        "CCH-3",
        "Read-your-event: when a handler runs, cache and account already contain the event it "
        "handles, and no later one.",
    )(cache.HandlersReadTheirEvent),
    always(
        "BUS-2",
        "Re-entrancy is causal: an event reaches every subscriber before anything its "
        "handlers caused, so that all subscribers see one order.",
    )(bus.CauseBeforeEffect),
    always(
        "BUS-1",
        "Each publication reaches each matching live subscription exactly once, in "
        "publication order, independent of when or how often others subscribed.",
    )(bus.DeliveredOnceInOrder),
    always(
        "CLK-1",
        "Time never goes back; inside a handler now equals the input's ts_init; stamps are "
        "non-decreasing.",
    )(clock.TimeGoesOneWay),
    eventually(
        "CLK-2",
        "Each timer fires exactly at its scheduled instants inside [start, stop], once, in "
        "global time order with a stable tie-break; cancelled or failed arming leaves other "
        "timers untouched.",
    )(clock.TimersFireOnSchedule),
    always(
        "BK-1",
        "A book equals its image plus every update after it: an update that comes late, twice "
        "or broken changes nothing and is refused aloud; at the end it is the venue's book.",
    )(books.BookIsTheFoldOfItsUpdates),
    always(
        "BK-2",
        "At each end of batch a book is sorted, uncrossed, free of empty or negative levels, "
        "and its totals equal the sum of its orders; consumers never see a half batch.",
    )(books.BookIsSoundAtEndOfBatch),
    always(
        "BK-3",
        "Queue priority is preserved: in a book by order everybody stands where the updates "
        "put them and ends where the venue has them; and the own orders that count as working "
        "are those that are.",
    )(books.PriorityIsKept),
    always(
        "BAR-1",
        "A bar is the fold of exactly the inputs in its window: low <= open, close <= high; "
        "volumes sum; no input in two bars or none.",
    )(bars.BarIsTheFoldOfItsInputs),
    always(
        "BAR-2",
        "Bars lie on a closed-form grid: aligned, contiguous, unique, none before the first "
        "full or after the last input unless declared.",
    )(bars.BarsLieOnTheirGrid),
    always(
        "CLK-3",
        "A duration is measured on the kernel's own axis: from its local stamp of the opening "
        "to that of the close, whatever the venue's stamps say.",
    )(clock.DurationsAreLocal),
    eventually(
        "NET-1",
        "After any reconnect the active subscriptions equal the wanted ones, once each.",
    )(network.SubscribedAsWanted),
    eventually(
        "NET-2",
        "At most one venue order per intention, however many retries, timeouts or reconnects.",
    )(network.OneOrderPerIntention),
    eventually(
        "REC-1",
        "After faults stop, the kernel's orders equal the venue's: status and filled, and of "
        "an order that still works quantity and price too.",
    )(recovery.OrdersEqualTheVenues),
    always(
        "REC-2",
        "Absence, error, timeout or an older report is not evidence: no local terminal "
        "without fresh positive proof; state never regresses to an older view.",
    )(recovery.SilenceIsNoEvidence),
    always(
        "LIF-1",
        "A component that is not running gets no callback, sends nothing and holds no timer.",
    )(lifecycle.NothingDisturbsRest),
    always(
        "LIF-3",
        "Nothing stays in a transitional state: a component not beyond its turn, a kernel not "
        "beyond the bound configured for that stage; one that was asked to stop leaves nothing "
        "behind, and none gives up its start before that bound.",
    )(lifecycle.NobodyStaysBetween),
    always(
        "VAL-1",
        "Every price and quantity that leaves for a venue lies on its instrument's "
        "increments, and the parts a fill is split into sum to the fill.",
    )(values.ValuesLieOnTheGrid),
    always(
        "VAL-2",
        "Arithmetic is exact: raw values are whole numbers within the limits of their type, "
        "and a position's average opening price is the exact mean of what it holds.",
    )(values.ArithmeticIsExact),
    always(
        "KRN-1",
        "No handler raises: neither the kernel's own nor, charged to its author, a user's "
        "strategy or actor.",
    )(kernel.NothingRaises),
    always(
        "KRN-2",
        "Every turn ends: a bounded number of dispatches, an outbox released at most once and "
        "only after its facts are durable.",
    )(kernel.OutboxWaitsForTheJournal),
    always(
        "DET-1",
        "The same seed and configuration give the same trace in any process, under any hash seed.",
    )(kernel.SameSeedSameTrace),
    always(
        "MAT-1",
        "Every execution at the venue meets the best price that rests against it, and there "
        "whoever came first, within both limits and for no more than is left; what could "
        "trade does not rest.",
    )(matching.FirstInLineTrades),
    always(
        "MAT-2",
        "Time in force is honoured: IOC and FOK trade on arrival or never, FOK wholly or not "
        "at all, nothing trades or stays open past its expiry, nothing without a price stays "
        "open once it has traded, and "
        "post-only never takes.",
    )(matching.TermsAreHonoured),
    always(
        "POS-3",
        "Money is conserved: what a position has realised, with what closing it at the price "
        "of its last fill would add, is what its fills and its settlement brought in less its "
        "fees; and the balances of a cash account, and of a margin account where premiums "
        "alone move them, are the opening ones with every fill, fee and settlement counted "
        "once.",
    )(money.MoneyIsConserved),
    always(
        "POS-4",
        "Isolation: orders, fills and positions move what belongs to their own strategy, "
        "instrument and account and nothing else, their events go to that strategy, and a "
        "strategy's commands name only orders and positions of its own.",
    )(isolation.NobodyTouchesAnothers),
    always(
        "POS-5",
        "A reduce-only order never opens, grows or flips the account's position at the venue, "
        "and never asks for more than its own strategy holds; of positions kept apart, than "
        "the one that it is for holds.",
    )(exposure.ReduceOnlyReduces),
    always(
        "POS-6",
        "A strategy that nets has one position per instrument and account, whose id names the "
        "three; one that keeps positions apart has no fill in it. A strategy that asks for "
        "neither does as the venue does, and a fill of no strategy is nobody's.",
    )(positions.NettingHoldsOnePosition),
    always(
        "ACC-2",
        "What is locked equals the sum of what each working order and each net position calls "
        "for, held to the total; with none of them it is zero.",
    )(locks.LocksAreReservations),
    always(
        "RSK-1",
        "No submit and no modify leaves that breaks a limit: the grids and bounds of its "
        "instrument, an expiry still to come, the notional bounds of the instrument and of "
        "the configuration.",
    )(limits.LimitsAreKept),
    always(
        "RSK-2",
        "While HALTED nothing but cancels leaves, while REDUCING nothing that could grow the "
        "net position, working orders included; what only reduces is never turned back by the "
        "trading state in REDUCING, and nothing is in ACTIVE.",
    )(exposure.TradingStateIsKept),
    always(
        "RSK-3",
        "The rate gates never let more through than their quota in any window, turn nothing "
        "back while the window has room, and lose nothing: what is submitted is sent or "
        "denied.",
    )(limits.RatesAreKept),
    always(
        "NET-3",
        "A stream that fell silent is given up within three heartbeats (6 s), and one on "
        "which an account event is missing within 12 s, so that what was missed is asked for.",
    )(network.DeadStreamsAreGivenUp),
    always(
        "NET-4",
        "Every request ends within 20 s, by its own answer or by word that there is none: a "
        "question exactly once and in its own matter, a trading request at most once without "
        "an outcome.",
    )(network.RequestsAreAnswered),
    always(
        "ORD-5",
        "What is submitted is decided on within its turn: no order is INITIALIZED after it.",
    )(orders.SubmittedIsDecided),
    always(
        "MAT-3",
        "A stop is triggered if and only if the other side's best price has reached its trigger: "
        "none trades before, and none waits in a market that has come to it.",
    )(venue_rules.StopsWaitForTheirPrice),
    always(
        "MAT-5",
        "A market that is not open takes nothing: no order of ours is accepted or trades before "
        "its instrument is active or after it has expired.",
    )(venue_rules.ClosedMarketsTakeNothing),
    always(
        "NET-5",
        "Orders and modifies leave only for a client that is connected and has said, since it "
        "connected, which orders are open and what was filled; none is turned away as "
        "disconnected from one that never was.",
    )(network.OrdersLeaveForTheReconciledOnly),
    *probes.PROBES,
)
