"""What strategies compute from market data: integers in, integers held, no float anywhere."""

from engine.indicators.averages import ExponentialMovingAverage
from engine.indicators.indicator import Indicator

__all__ = ["ExponentialMovingAverage", "Indicator"]
