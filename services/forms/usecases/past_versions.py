"""Filings as they were: under which form set a version was signed, and what a version holds."""

from formsets import FormSet
from services.forms.domain.carrying import LastYear
from services.forms.domain.filing import Filing
from services.forms.domain.snapshot import Snapshot
from services.forms.usecases.ports import FormSets, UnitOfWork
from services.forms.usecases.sign_filing import content_of


def form_set_of(form_sets: FormSets, filing: Filing, snapshot: Snapshot) -> FormSet:
    """Return the form set a version was signed under: the filing may have moved to another one since (F9)."""
    present = form_sets.load(filing.form_set)
    if present.digest == snapshot.form_set_digest:
        return present
    shipped = (form_sets.load(version) for version in form_sets.available())
    return next((one for one in shipped if one.digest == snapshot.form_set_digest), present)


async def version_of(
    work: UnitOfWork, form_sets: FormSets, filing: Filing, version: int
) -> tuple[FormSet, dict[str, str]]:
    """Return the form set and the content of a signed version; of the filing as it is for 0.

    Raises:
        FilingUnknown: it has no such signed version.
    """
    if version:
        snapshot = await work.snapshots.get_signed(filing.id, version)
        return form_set_of(form_sets, filing, snapshot), dict(snapshot.cells)
    form_set = form_sets.load(filing.form_set)
    cells, computed = await work.cells.of(filing.id), await work.cells.computed(filing.id)
    return form_set, content_of(form_set, filing.document, cells, computed)


async def last_year_of(work: UnitOfWork, form_sets: FormSets, filing: Filing) -> LastYear | None:
    """Return the filing of the same body and document of the year before, as signed last, else as it is."""
    before = await work.filings.find(filing.body.siren, filing.document, filing.year - 1)
    if before is None:
        return None
    return LastYear(*await version_of(work, form_sets, before, before.signed_version))
