"""A CSV file after its header: rows by line number, fields by column name."""

from collections.abc import Iterator, Sequence

from simulation.market.fields import Fields, RecordingError


class Table:
    """The rows of one file.

    Args:
        header: its column names.
        lines: what follows the header, as split by the `csv` module.
    """

    def __init__(
        self, file: str, header: Sequence[str], lines: Iterator[list[str]], columns: Sequence[str]
    ) -> None:
        self.file = file
        self._width = len(header)
        self._lines = lines
        self._at = [header.index(column) for column in columns]

    def rows(self) -> Iterator[tuple[Fields, list[str]]]:
        """Each row that is not blank, its fields in the order of `columns`.

        Raises:
            RecordingError: a row of another width, or there is none.
        """
        count = 0
        for number, texts in enumerate(self._lines, 2):
            if not texts:
                continue
            fields = Fields(self.file, number)
            if len(texts) != self._width:
                reason = f"{len(texts)} fields where the header has {self._width}"
                fields.bad("", "", reason)
            count += 1
            yield fields, [texts[at] for at in self._at]
        if not count:
            raise RecordingError(self.file, 0, "", "", "has no rows")
