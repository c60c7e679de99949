"""Why a cell takes nothing: what the format controls say, as violations in three parts and two languages."""

from chassis.errors import ThreeParts, Violation, violation
from formsets import FormSet
from formsets.formats import Problem, closed_cell, computed_cell, unknown_cell
from services.forms.domain.addressing import Place
from services.forms.domain.filing import Document
from services.forms.domain.importing import Sentences


def told(address: str, control: str, fr: Sentences, en: Sentences) -> Violation:
    """Return what a format control says of a cell, told under the address that the person used."""
    return violation(address, control, ThreeParts(fr.what, fr.where, fr.how), ThreeParts(en.what, en.where, en.how))


def about_cell(
    address: str,
    reason: str,
    what: tuple[str, str],
    how: tuple[str, str],
    *,
    label: str = "",
    said: tuple[str, str] = ("", ""),
) -> Violation:
    """Return a violation about one cell, each part in French and in English; `said` follows the address."""
    named = f"{address} ({label})" if label else address
    where_fr = f"Case {named} : {said[0]}." if said[0] else f"Case {named}."
    where_en = f"Cell {named}: {said[1]}." if said[1] else f"Cell {named}."
    return violation(address, reason, ThreeParts(what[0], where_fr, how[0]), ThreeParts(what[1], where_en, how[1]))


def not_writable(form_set: FormSet, document: Document, place: Place, address: str, text: str) -> Violation:
    """Return why nobody writes in this cell of a filing of this document: unknown, elsewhere, closed, computed, read only."""
    if place.refusal == "unknown":
        return _of(unknown_cell(form_set, address))
    if place.refusal == "closed":
        return _of(closed_cell(form_set, address, text))
    if place.refusal == "computed":
        return _of(computed_cell(form_set, address, text))
    if place.refusal == "read_only":
        return about_cell(
            address,
            "F-20",
            ("Cette donnée vient de l'ER.", "This fact comes from the ER."),
            (
                "Elle se modifie dans l'ER, sur le serveur du ministère.",
                "Change it in the ER, on the ministry's server.",
            ),
            label=form_set.label(address),
        )
    return elsewhere(form_set, document, address)


def elsewhere(form_set: FormSet, document: Document, address: str) -> Violation:
    """Return that a cell is not of this document: unknown, or of the other one."""
    if not form_set.has_cell(address):
        return _of(unknown_cell(form_set, address))
    other = form_set.document_of(address)
    return about_cell(
        address,
        "F-24",
        (f"Cette case n'est pas du {document}.", f"This cell is not of the {document}."),
        (f"Elle se remplit dans le dossier {other}.", f"It is filled in the {other} filing."),
        label=form_set.label(address),
    )


def _of(problem: Problem) -> Violation:
    fr, en = problem.french, problem.english
    return violation(
        problem.address, problem.control, ThreeParts(fr.what, fr.where, fr.how), ThreeParts(en.what, en.where, en.how)
    )
