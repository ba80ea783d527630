"""Positions that are kept apart, and one that forgets it."""

from typing import Final

from zoo.bug import Bug

BUGS: Final = (
    Bug(
        id="taker-fill-names-no-position",
        sentence="The client passes on the venue's position with maker fills only.",
        module="simulation.client_mapping",
        scenario="hedging",
        changes=(
            (
                "            if isinstance(trade, wire.PositionTrade)\n",
                "            if isinstance(trade, wire.PositionTrade)"
                ' and trade.liquidity == "MAKER"\n',
            ),
        ),
        property="FIL-2",
        observed=(
            "NautilusTrader's Rust matching engine uses up a position id for a market order and "
            "passes none with its fills."
        ),
    ),
    Bug(
        id="hedged-account-netted",
        sentence="The account nets the positions of an instrument that the venue keeps apart.",
        module="engine.model.accounts",
        scenario="hedging",
        changes=(
            (
                '    return fill.instrument_id, fill.venue_position_id or ""\n',
                '    return fill.instrument_id, ""\n',
            ),
        ),
        property="ACC-2",
        observed=(
            "NautilusTrader computes maintenance margin on the net of all positions of an "
            "instrument, hedging or not."
        ),
    ),
    Bug(
        id="virtual-position-turned",
        sentence="A fill larger than a virtual position turns it instead of opening another.",
        module="engine.execution.position_ids",
        scenario="hedging",
        changes=(
            (
                "        if not position_id.is_virtual:\n            return position_id\n",
                "        if position_id:\n            return position_id\n",
            ),
        ),
        property="POS-1",
    ),
    Bug(
        id="netting-unheard",
        sentence="A strategy that asks for netting gets the venue's positions where it hedges.",
        module="engine.execution.position_ids",
        scenario="hedging",
        changes=(
            (
                "        return oms_type is _HEDGING\n",
                "        return oms_type is _HEDGING or self.venue_hedges(venue)\n",
            ),
        ),
        property="POS-6",
    ),
)
