"""What decisions of the authority change of the form set a filing is judged under."""

from collections.abc import Sequence

from formsets import FormSet
from services.validation.domain.adjustment import Adjustment, Softening, softened
from services.validation.domain.errors import FormSetUnknown
from services.validation.usecases.ports import FormSets


def form_set_of(form_sets: FormSets, version: str) -> FormSet:
    """Return a form set.

    Raises:
        FormSetUnknown: this server ships no such version.
    """
    try:
        return form_sets.load(version)
    except LookupError:
        raise FormSetUnknown(f"Le référentiel {version[:20]} n'est pas livré avec ce serveur.") from None


def softened_in(form_sets: FormSets, version: str, adjustments: Sequence[Adjustment]) -> tuple[Softening, ...]:
    """Return what these decisions change of a form set, by control id.

    Raises:
        FormSetUnknown: this server ships no such version.
    """
    return softened(form_set_of(form_sets, version), adjustments) if adjustments else ()
