"""Every property there is, in the order of the catalogue page."""

from typing import Final

from invariants import accounts, bus, cache, clock, fills, kernel, network, orders, positions, probes
from invariants import recovery
from invariants.property import Property

CATALOGUE: Final[tuple[Property, ...]] = (
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
    bus.DeliveredOnceInOrder,
    bus.CauseBeforeEffect,
    clock.TimeGoesOneWay,
    clock.TimersFireOnSchedule,
    network.SubscribedAsWanted,
    network.OneOrderPerIntention,
    recovery.OrdersEqualTheVenues,
    recovery.SilenceIsNoEvidence,
    kernel.NothingRaises,
    kernel.OutboxWaitsForTheJournal,
    kernel.SameSeedSameTrace,
    *probes.PROBES,
)
