"""Tests run on the sources, in the processes that they start too; `tests/determinism` compares what
was compiled with them."""

import os

os.environ["SEATRIAL_COMPILED"] = "0"
