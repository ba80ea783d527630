"""`python -m tests.determinism.pin`: writes the pinned digests anew.

A pinned digest changes when anything that a trace shows changes. That is often intended; the
point is that it cannot happen unseen.
"""

import json
from pathlib import Path

from tests.determinism.digests import Plan, digests

PINNED = Path(__file__).with_name("pinned.json")
PLAN: Plan = {"default": 12, "perpetual": 6, "calm": 2}


def main() -> None:
    PINNED.write_text(json.dumps(digests(PLAN), indent=1) + "\n")
    print(f"pinned {sum(PLAN.values())} digests in {PINNED.name}")


if __name__ == "__main__":
    main()
