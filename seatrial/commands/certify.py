"""`seatrial certify`: an adapter against the published cases."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from conformance import report
from conformance.certify import CertifyError, certify_named
from seatrial.commands import UsageError
from seatrial.commands.files import check_writable


def certify(
    console: Console,
    adapter: str,
    *,
    level: str,
    seeds: int,
    cases: Sequence[str],
    junit: Path | None,
) -> int:
    check_writable(junit, "--junit")
    try:
        found = certify_named(adapter, level, seeds, cases=cases)
    except CertifyError as error:
        raise UsageError(str(error)) from None
    console.print(report.table(found))
    console.print(found.summary())
    if junit is not None:
        junit.write_bytes(report.junit(found))
    return found.exit_code
