"""The base of every strategy's settings."""

import msgspec

from engine.model.enums import OmsType


class StrategyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every strategy's configuration.

    Attributes:
        strategy_id: `NAME-TAG`, kept as it is; None: the class name and a tag.
        oms_type: NETTING or HEDGING at every venue; UNSPECIFIED: as each venue does.
        order_id_tag: the tag in client order ids; None: that of `strategy_id`, else the first
            free of 000, 001, ...
    """

    strategy_id: str | None = None
    order_id_tag: str | None = None
    oms_type: OmsType = OmsType.UNSPECIFIED
