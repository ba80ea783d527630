"""The refusal of a number beyond the limits of its type."""


class ValueOutOfRange(OverflowError, ValueError):
    """A result or an input outside the limits of its type. Nothing wraps or clamps."""
