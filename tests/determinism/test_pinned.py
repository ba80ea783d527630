"""Twenty digests, written down: a change in what a trace shows cannot happen unseen."""

import json
from collections import Counter
from pathlib import Path

PINNED: dict[str, str] = json.loads(Path(__file__).with_name("pinned.json").read_text())


def test_the_pinned_digests_are_what_this_code_makes(child) -> None:
    made = child(plan=dict(Counter(name.partition("@")[0] for name in PINNED)))
    assert sorted(made) == sorted(PINNED)
    differing = sorted(name for name, digest in PINNED.items() if made[name] != digest)
    assert not differing, (
        f"other digests than pinned: {', '.join(differing)}; when the change is meant, "
        "renew them with: python -m tests.determinism.pin"
    )


def test_twenty_digests_are_pinned() -> None:
    assert len(PINNED) == 20
    assert len(set(PINNED.values())) == 20
    assert all(len(digest) == 64 for digest in PINNED.values())
