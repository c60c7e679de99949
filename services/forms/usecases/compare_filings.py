"""Reads filings over time: a version as it was signed, a series over years, two versions side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.errors import Invalid, Violation
from chassis.identity import Caller
from services.forms.domain.comparing import (
    MOST_CELLS,
    MOST_YEARS,
    CellDifference,
    SeriesPoint,
    YearContent,
    differences,
    series,
)
from services.forms.domain.errors import FilingUnknown
from services.forms.domain.filing import Document, Filing
from services.forms.usecases.past_versions import version_of
from services.forms.usecases.permitting import (
    READ,
    STAFF,
    is_officer,
    require_on_body,
    require_on_either,
    require_version,
)
from services.forms.usecases.ports import FormSets, OpensWork, UnitOfWork


@dataclass(frozen=True, slots=True)
class SignedVersion:
    """A version as it was signed."""

    filing: Filing
    version: int
    form_set: str
    cells: dict[str, str]
    has_other_labels: bool
    """The form set it was signed under is shipped no more: `form_set` is that of the filing today."""


class GetSignedVersion:
    """Returns a version as it was signed, whatever became of the filing since."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(self, caller: Caller, filing_id: UUID, version: int) -> SignedVersion:
        """Return the version; the latest for 0.

        Raises:
            FilingUnknown: no such filing for this caller, or no such signed version.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on_either(caller, READ, STAFF, filing)
            wanted = version or filing.signed_version
            if not 1 <= wanted <= filing.signed_version:
                raise FilingUnknown("Cette version signée n'existe pas.")
            past = await version_of(work, self._form_sets, filing, wanted)
        return SignedVersion(filing, wanted, past.form_set.version, past.cells, past.has_other_labels)


class GetSeries:
    """Returns cells over the years a body filed on this server, each year with the labels of its own version.

    Officers read the years that were transmitted, as signed; a body that transmitted nothing is to them a body that is
    not there.
    """

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(
        self, caller: Caller, siren: str, document: Document, addresses: Sequence[str], years: int
    ) -> list[SeriesPoint]:
        """Return the points of the newest years, as signed last, else as they are; 0 years for the most there may be.

        Raises:
            BodyUnknown: the caller may not know this body.
            Invalid: too many cells or years, or none.
        """
        reads_signed_only = is_officer(caller, siren)
        if not reads_signed_only:
            require_on_body(caller, READ, siren)
        if not 1 <= len(addresses) <= MOST_CELLS:
            raise Invalid(violations=[Violation("addresses", f"De 1 à {MOST_CELLS} cases.", "TOO_MANY_CELLS")])
        if not 0 <= years <= MOST_YEARS:
            raise Invalid(violations=[Violation("years", f"De 1 à {MOST_YEARS} exercices.", "TOO_MANY_YEARS")])
        async with self._open_work() as work:
            filings = [
                filing
                for filing in await work.filings.of_bodies(frozenset({siren}))
                if filing.document is document
                and not filing.is_trial
                and (filing.signed_version or not reads_signed_only)
            ]
            newest = sorted(filings, key=lambda filing: filing.year)[-(years or MOST_YEARS) :]
            contents = [await self._content(work, filing) for filing in newest]
        return series(contents, list(dict.fromkeys(addresses)))

    async def _content(self, work: UnitOfWork, filing: Filing) -> YearContent:
        past = await version_of(work, self._form_sets, filing, filing.signed_version)
        return YearContent(filing.year, past.form_set, past.cells, bool(filing.signed_version), past.has_other_labels)


class CompareFilings:
    """Compares two years, or two versions of one year, cell by cell."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(
        self, caller: Caller, filing_id: UUID, version: int, other_id: UUID, other_version: int
    ) -> list[CellDifference]:
        """Return the cells that differ, in form order; version 0 is the filing as it is, which officers never read.

        Raises:
            FilingUnknown: no such filing for this caller, or no such signed version.
            Invalid: the two are not of the same body and document.
        """
        async with self._open_work() as work:
            filing, other = await work.filings.get(filing_id), await work.filings.get(other_id)
            require_version(caller, filing, version)
            require_version(caller, other, other_version)
            if (filing.body.siren, filing.document) != (other.body.siren, other.document):
                sentence = "Les deux dossiers ne sont pas du même organisme et du même document."
                raise Invalid(violations=[Violation("other_filing_id", sentence, "NOT_COMPARABLE")])
            first = await version_of(work, self._form_sets, filing, version)
            second = await version_of(work, self._form_sets, other, other_version)
        found = differences(first.form_set, first.cells, second.form_set, second.cells, str(filing.document))
        has_other_labels = first.has_other_labels or second.has_other_labels
        return [replace(one, has_other_labels=has_other_labels) for one in found] if has_other_labels else found
