"""The native client as an adapter: what `seatrial certify` judges when nothing else is named."""

from typing import Final

from conformance.capabilities import Capabilities
from conformance.world import Adapter, Target
from simulation.client import NativeClient, NativeClientConfig

CAPABILITIES: Final = Capabilities.of(
    "market",
    "short",
    "ioc",
    "fok",
    "gtd",
    "day",
    "quote_qty",
    "stop_market",
    "stop_limit",
    "modify",
    "modify_stop",
    "batch_cancel",
    "post_only",
    "reduce_only",
    "instrument_sub",
    "book",
    "book_depth",
    "book_snapshot",
    "book_hist",
    "quote_hist",
    "trade_hist",
    "unsub",
)


def native_config(target: Target) -> NativeClientConfig:
    """The native client's settings for a target."""
    return NativeClientConfig(
        client_id=target.client_id,
        venue=target.venue,
        account_id=target.account_id,
        account_type=target.account_type,
        oms_type=target.oms_type,
        host=target.host,
        key=target.key,
    )


def factory(target: Target) -> Adapter:
    client = NativeClient(
        native_config(target), target.channel, target.clock, target.entropy, target.post
    )
    return Adapter(client, client, CAPABILITIES)
