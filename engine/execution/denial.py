"""What risk tells the ExecutionEngine about a command it turned back."""

import msgspec

from engine.model.commands import ModifyOrder, SubmitOrder
from engine.model.enums import DenialCode
from engine.model.identifiers import ClientOrderId


class Denial(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    """`request` does not leave. The ExecutionEngine makes it an OrderDenied or an
    OrderModifyRejected, so that events are minted in one place.

    `detail` is "key=value, key=value", a function of the decision's inputs alone.
    """

    client_order_id: ClientOrderId
    code: DenialCode
    detail: str
    request: SubmitOrder | ModifyOrder
