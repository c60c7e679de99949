"""Reads raw text cell by cell."""

from collections.abc import Sequence

from services.validation.domain.reading import RawCell, TextReading
from services.validation.usecases.ports import Engine


class ReadCells:
    """Stores nothing; a refused text is a result, never a failure."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def __call__(self, form_set: str, year: int, cells: Sequence[RawCell]) -> list[TextReading]:
        """Return one reading per text, in order.

        Raises:
            FormSetUnknown: this server ships no such version.
        """
        return await self._engine.read(form_set, year, cells)
