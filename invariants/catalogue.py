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
)
from invariants.property import Property


def _property(entry: object) -> Property:
    # a type checker takes a decorated class for a class still, so the decorator's result is
    # looked at here
    if not isinstance(entry, Property):
        raise TypeError(f"{entry!r} is in the catalogue and states no property")
    return entry


CATALOGUE: Final[tuple[Property, ...]] = tuple(
    _property(entry)
    for entry in (
        fills.FillsCountOnce,
        fills.NoFillIsLost,
        positions.PositionIsTheSumOfItsFills,
        positions.FlipClosesThenOpens,
        accounts.PartsAddUp,
        accounts.BalancesEqualTheVenues,
        orders.StateIsTheFoldOfEvents,
        orders.QuantitiesAddUp,
        orders.TerminalIsFinal,
        orders.NothingHangs,
        cache.IndexesAgree,
        cache.NothingLiveIsEvicted,
        cache.HandlersReadTheirEvent,
        bus.CauseBeforeEffect,
        bus.DeliveredOnceInOrder,
        clock.TimeGoesOneWay,
        clock.TimersFireOnSchedule,
        books.BookIsTheFoldOfItsUpdates,
        books.BookIsSoundAtEndOfBatch,
        books.PriorityIsKept,
        bars.BarIsTheFoldOfItsInputs,
        bars.BarsLieOnTheirGrid,
        clock.DurationsAreLocal,
        network.SubscribedAsWanted,
        network.OneOrderPerIntention,
        recovery.OrdersEqualTheVenues,
        recovery.SilenceIsNoEvidence,
        lifecycle.NothingDisturbsRest,
        lifecycle.NobodyStaysBetween,
        values.ValuesLieOnTheGrid,
        values.ArithmeticIsExact,
        kernel.NothingRaises,
        kernel.OutboxWaitsForTheJournal,
        kernel.SameSeedSameTrace,
        matching.FirstInLineTrades,
        matching.TermsAreHonoured,
        money.MoneyIsConserved,
        isolation.NobodyTouchesAnothers,
        exposure.ReduceOnlyReduces,
        locks.LocksAreReservations,
        limits.LimitsAreKept,
        exposure.TradingStateIsKept,
        limits.RatesAreKept,
        network.DeadStreamsAreGivenUp,
        network.RequestsAreAnswered,
        *probes.PROBES,
    )
)
