import pytest

from simulation.venue.bucket import TokenBucket
from simulation.venue.limits import SECOND_NS


def test_a_burst_is_taken_at_once_and_the_next_waits_for_its_token() -> None:
    bucket = TokenBucket(per_second=10, burst=3)
    assert [bucket.take(SECOND_NS) for _ in range(3)] == [0, 0, 0]
    assert bucket.take(SECOND_NS) == SECOND_NS // 10
    assert bucket.take(SECOND_NS + SECOND_NS // 10) == 0


def test_a_bucket_that_never_fills_is_refused() -> None:
    with pytest.raises(ValueError, match="takes nothing"):
        TokenBucket(0, 1)
    with pytest.raises(ValueError, match="takes nothing"):
        TokenBucket(1, 0)
