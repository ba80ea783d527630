"""`python -m zoo.patched BUG MODULE [ARGS]`: run a module in a process that has the bug."""

import runpy
import sys

from zoo.bugs import BUGS
from zoo.patch import PatchRefused, install


def main() -> None:
    bug_id, module = sys.argv[1], sys.argv[2]
    bug = BUGS.get(bug_id)
    if bug is None:
        print(f"no bug {bug_id!r} in the zoo", file=sys.stderr)  # noqa: T201
        raise SystemExit(2)
    try:
        install(bug)
    except PatchRefused as error:
        print(error, file=sys.stderr)  # noqa: T201
        raise SystemExit(4) from None
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
