"""The wire: what is wanted is subscribed once, and no intention becomes two orders."""

from collections.abc import Iterator

from invariants.evidence import Evidence
from invariants.property import Check, Violation, eventually


@eventually(
    "NET-1",
    "After any reconnect the active subscriptions equal the wanted ones, once each.",
)
class SubscribedAsWanted(Check):
    def end(self, evidence: Evidence) -> Iterator[Violation]:
        truths = {truth.venue: truth for truth in evidence.truths()}
        for venue, wanted in evidence.wanted().items():
            truth = truths[venue]
            held = {(sub.channel, sub.instrument_id): sub.count for sub in truth.subscriptions}
            for key in sorted({*wanted, ("user", "")}):
                count = held.pop(key, 0)
                if count != 1:
                    yield Violation(" ".join(key), f"wanted once, the venue holds it {count} times")
            for key in sorted(held):
                yield Violation(" ".join(key), "held by the venue and wanted by nobody")


@eventually(
    "NET-2",
    "At most one venue order per intention, however many retries, timeouts or reconnects.",
)
class OneOrderPerIntention(Check):
    def end(self, evidence: Evidence) -> Iterator[Violation]:
        for truth in evidence.truths():
            orders: dict[str, int] = {}
            for order in truth.orders:
                orders[order.client_order_id] = orders.get(order.client_order_id, 0) + 1
            asked: dict[str, int] = {}
            for request in truth.requests:
                if request.kind == "SUBMIT":
                    asked[request.client_order_id] = asked.get(request.client_order_id, 0) + 1
            for name, count in orders.items():
                if count > 1:
                    yield Violation(name, f"{count} orders at the venue")
            for name, count in asked.items():
                if count > 1:
                    yield Violation(name, f"asked of the venue {count} times")
