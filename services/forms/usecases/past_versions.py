"""Filings as they were: under which form set a version was signed, and what a version holds."""

from typing import NamedTuple

from formsets import FormSet
from services.forms.domain.carrying import LastYear
from services.forms.domain.filing import Filing
from services.forms.domain.snapshot import Snapshot
from services.forms.usecases.ports import FormSets, UnitOfWork
from services.forms.usecases.sign_filing import content_of


class Labelled(NamedTuple):
    """A form set to show a version with."""

    form_set: FormSet
    has_other_labels: bool
    """The form set it was signed under is shipped no more: this one is that of the filing today."""


class Past(NamedTuple):
    """What a version holds."""

    form_set: FormSet
    cells: dict[str, str]
    has_other_labels: bool = False


def form_set_of(form_sets: FormSets, filing: Filing, snapshot: Snapshot) -> Labelled:
    """Return the form set a version was signed under: the filing may have moved to another one since (F9)."""
    shipped = map(form_sets.load, (filing.form_set, *form_sets.available()))
    own = next((one for one in shipped if one.digest == snapshot.form_set_digest), None)
    return Labelled(own or form_sets.load(filing.form_set), own is None)


async def version_of(work: UnitOfWork, form_sets: FormSets, filing: Filing, version: int) -> Past:
    """Return what a signed version holds; the filing as it is for 0.

    Raises:
        FilingUnknown: it has no such signed version.
    """
    if version:
        snapshot = await work.snapshots.get_signed(filing.id, version)
        labelled = form_set_of(form_sets, filing, snapshot)
        return Past(labelled.form_set, dict(snapshot.cells), labelled.has_other_labels)
    form_set = form_sets.load(filing.form_set)
    cells, computed = await work.cells.of(filing.id), await work.cells.computed(filing.id)
    return Past(form_set, content_of(form_set, filing.document, cells, computed))


async def last_year_of(work: UnitOfWork, form_sets: FormSets, filing: Filing) -> LastYear | None:
    """Return the filing of the same body and document of the year before, as signed last, else as it is."""
    before = await work.filings.find(filing.body.siren, filing.document, filing.year - 1)
    if before is None:
        return None
    past = await version_of(work, form_sets, before, before.signed_version)
    return LastYear(past.form_set, past.cells)
