"""What stands in a record for a value that MessagePack does not know."""


def as_text(value: object) -> str:
    """Its exact text.

    Raises:
        TypeError: it has none of its own: the default text is an address.
    """
    if isinstance(value, str):  # an identifier
        return str(value)
    kind = type(value)
    if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        raise TypeError(f"{kind.__name__} has no text of its own, so it cannot be recorded")
    return str(value)
