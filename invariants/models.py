"""A second opinion on a whole run, from models that are slow and plain to see.

They are dear, so they are asked about sampled runs only, and once, when all is over.
"""

from collections.abc import Iterator
from typing import ClassVar

from invariants.check import Check
from invariants.evidence import Evidence
from invariants.violation import Violation


class ModelsAgree(Check):
    samples: ClassVar[bool] = True

    def end(self, evidence: Evidence) -> Iterator[Violation] | None:
        models = evidence.models
        if models is None:
            return None
        return models.differences(evidence.view, evidence.records)
