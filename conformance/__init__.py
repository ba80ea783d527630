"""The certificate: published cases as data, and the judge that runs them against any adapter."""

from conformance.capabilities import Capabilities, Capability
from conformance.cases import CASES, Case
from conformance.certify import CertifyError, Level, certify
from conformance.report import CaseResult, Report, Verdict
from conformance.world import Adapter, Factory, Target

__all__ = [
    "CASES",
    "Adapter",
    "Capabilities",
    "Capability",
    "Case",
    "CaseResult",
    "CertifyError",
    "Factory",
    "Level",
    "Report",
    "Target",
    "Verdict",
    "certify",
]
