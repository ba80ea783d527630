"""What a source tells the compiler about itself. Says nothing to Python, which needs no compiler."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from mypy_extensions import i64 as i64
    from mypy_extensions import mypyc_attr as mypyc_attr
else:
    i64 = int  # to the compiler an integer of the machine, which may not outgrow 64 bits
    _T = TypeVar("_T")

    def mypyc_attr(**_: object) -> Callable[[_T], _T]:
        return lambda cls: cls
