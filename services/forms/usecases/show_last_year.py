"""Last year's answers, shown beside those of this year."""

from collections.abc import Mapping
from uuid import UUID

from chassis.identity import Caller
from services.forms.domain.carrying import beside
from services.forms.usecases.past_versions import last_year_of
from services.forms.usecases.permitting import READ, require_on
from services.forms.usecases.ports import FormSets, OpensWork


class ShowLastYear:
    """Shows what was answered, as signed last or else as it is; writes nothing."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(self, caller: Caller, filing_id: UUID) -> Mapping[str, str]:
        """Return last year's values by address of this year, in form order; none without a filing of that year here.

        Raises:
            FilingUnknown: no such filing for this caller.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on(caller, READ, filing)
            last_year = await last_year_of(work, self._form_sets, filing)
        return beside(self._form_sets.load(filing.form_set), filing.document, last_year) if last_year else {}
