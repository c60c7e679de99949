"""Computes every formula and runs every control of a document."""

from collections.abc import Mapping
from uuid import UUID

from services.validation.domain.evaluation import Evaluation
from services.validation.domain.verdict import CheckedDocument
from services.validation.usecases.ports import Engine, OpensWork, ToEvaluate


class EvaluateFiling:
    """Stores nothing; findings are a result, never a failure."""

    def __init__(self, open_work: OpensWork, engine: Engine) -> None:
        self._open_work, self._engine = open_work, engine

    async def __call__(
        self, form_set: str, document: CheckedDocument, cells: Mapping[str, str], filing_id: UUID | None
    ) -> Evaluation:
        """Judge the cells; the justifications of the filing count where their figures still hold.

        Raises:
            FormSetUnknown: this server ships no such version.
            CellsMalformed: a cell is not in the form set or not in written form.
        """
        if filing_id is None:
            return await self._engine.evaluate(ToEvaluate(form_set, document, cells))
        async with self._open_work() as work:
            justifications = await work.justifications.in_force(filing_id)
        return await self._engine.evaluate(ToEvaluate(form_set, document, cells, justifications))
