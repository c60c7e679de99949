"""Cells that come from the filing signed the year before are changed as a restatement only, with a comment (F-21).

H-01 judges what stands in them; this decides what may be written there. Putting back what stood there before is no change
of that kind: an undo restores, and H-01 has the last word.
"""

from collections.abc import Collection, Iterable

from chassis.errors import Violation
from formsets import FormSet
from services.forms.domain.carrying import LastYear, answer_of
from services.forms.domain.refusing import about_cell

CONTROL = "F-21"


def unexplained(
    form_set: FormSet,
    signed: LastYear,
    restated: Collection[str],
    changes: Iterable[tuple[str, str]],
) -> list[Violation]:
    """Return why values cannot be written in cells of earlier years; those that equal what was signed always can.

    Args:
        form_set: the form set of this year.
        signed: what the body signed for the year before.
        restated: cells whose restatement is explained by a comment.
        changes: address and value, where they would be kept.
    """
    refused = []
    for address, value in changes:
        is_carried = form_set.last_year_mark(address) == "carry" and form_set.is_prefilled(address)
        then = answer_of(form_set, signed, address) if is_carried and address not in restated else ""
        if then and value != then:
            refused.append(_refusal(form_set, address, value, then))
    return refused


def _refusal(form_set: FormSet, address: str, value: str, then: str) -> Violation:
    return about_cell(
        address,
        CONTROL,
        ("Valeur N-1 non modifiable.", "The value of the previous year cannot be changed."),
        (
            "Gardez la valeur signée ; ou, pour un retraitement, commentez d'abord la case et signalez-la « retraitement voulu ».",
            "Keep the signed value; or, to restate it, first comment the cell and flag it as restated.",
        ),
        label=form_set.label(address),
        said=(
            f"« {value or 'vide'} » au lieu de « {then} », signé pour l'exercice précédent",
            f"“{value or 'empty'}” instead of “{then}”, signed for the year before",
        ),
    )
