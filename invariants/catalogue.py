"""Every property there is, in the order of the catalogue page."""

from typing import Final

from invariants import (
    accounts,
    bus,
    cache,
    clock,
    exposure,
    fills,
    isolation,
    kernel,
    limits,
    matching,
    money,
    network,
    orders,
    positions,
    probes,
    recovery,
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
        cache.HandlersReadTheirEvent,
        bus.CauseBeforeEffect,
        bus.DeliveredOnceInOrder,
        clock.TimeGoesOneWay,
        clock.TimersFireOnSchedule,
        network.SubscribedAsWanted,
        network.OneOrderPerIntention,
        recovery.OrdersEqualTheVenues,
        recovery.SilenceIsNoEvidence,
        kernel.NothingRaises,
        kernel.OutboxWaitsForTheJournal,
        kernel.SameSeedSameTrace,
        matching.FirstInLineTrades,
        matching.TermsAreHonoured,
        money.MoneyIsConserved,
        isolation.NobodyTouchesAnothers,
        exposure.ReduceOnlyReduces,
        money.LocksAreReservations,
        limits.LimitsAreKept,
        exposure.TradingStateIsKept,
        limits.RatesAreKept,
        network.DeadStreamsAreGivenUp,
        network.RequestsAreAnswered,
        *probes.PROBES,
    )
)
