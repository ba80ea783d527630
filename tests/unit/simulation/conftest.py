"""Lets the tests here import what stands beside them: tests are no packages."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
