"""Controls of the workflow (W-*): what a filing lacks before it may be signed, and what is said of one that is late.

They are about the filing and the day, not about its figures: the verdict does not count them, the signature does.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from chassis.errors import Violation
from formsets import FormSet, values
from formsets.instructions import control_instruction, line_instructions
from formsets.workflow import APPROVED_ON, forms_never_saved, is_approved, is_late
from services.forms.domain.addressing import place_of
from services.forms.domain.attachment import Attachment, missing
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.evaluation import Finding
from services.forms.domain.filing import Document, Filing
from services.forms.domain.importing import Sentences
from services.forms.domain.refusing import told


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a filing is, beside its figures."""

    saved: Collection[str]
    """Where cells are kept that somebody saved at least once, emptied ones included, carried ones left out."""
    approved_on: str
    """Day on which the accounts were approved, ISO 8601; empty when nobody said."""
    demanded: Collection[AttachmentKind] = ()
    """Kinds of PDF that the campaign wants."""
    attached: Collection[Attachment] = ()


def shortcomings(form_set: FormSet, filing: Filing, progress: Progress, today: date) -> tuple[Finding, ...]:
    """Return the controls of the workflow that do not hold, in official order.

    Of a signed filing only that it was late; nothing of a trial, which leads to no signature.
    """
    found: list[Finding | None] = []
    if filing.is_trial:
        return ()
    if not filing.is_closed_by_signature:
        found += [_never_saved(form_set, filing, progress), _missing(form_set, progress)]
        if filing.document is Document.ER:
            found.append(_approval(form_set, progress, today))
    if filing.document is Document.ER:
        found.append(_late(form_set, filing, today))
    return tuple(one for one in found if one is not None)


def obstacles_in(found: Iterable[Finding]) -> list[Violation]:
    """Return what stands in the way of signing, a sentence each in both languages; remarks do not."""
    return [
        told(one.cells[0] if one.cells else "filing", one.control, one.fr, one.en)
        for one in found
        if one.severity == "T"
    ]


def _never_saved(form_set: FormSet, filing: Filing, progress: Progress) -> Finding | None:
    asked = forms_never_saved(form_set, filing.document, (), filing.body.family)
    places = _places(form_set, filing.document)
    missed = [code for code in asked if places[code] and not places[code].intersection(progress.saved)]
    if not missed:
        return None
    titles = ", ".join(f"{code} ({form_set.form(code).title})" for code in missed)
    cells = tuple(_first_cell(form_set, filing.document, code) for code in missed)
    return _finding(form_set, "W-01", f"Formulaires : {titles}.", f"Forms: {titles}.", cells)


def _missing(form_set: FormSet, progress: Progress) -> Finding | None:
    lacking = missing(progress.demanded, progress.attached)
    if not lacking:
        return None
    french, english = " ".join(str(v.fr) for v in lacking), " ".join(str(v.en) for v in lacking)
    return _finding(form_set, "W-03", french, english, ())


def _approval(form_set: FormSet, progress: Progress, today: date) -> Finding | None:
    day = values.parse(progress.approved_on, "DATE") if progress.approved_on else None
    if not form_set.has_cell(APPROVED_ON) or is_approved({APPROVED_ON: day} if day else {}, today):
        return None
    said = f"{day:%d/%m/%Y}" if isinstance(day, date) else ""
    french = f"Case {APPROVED_ON} : {f'{said}, date à venir' if said else 'vide'}."
    english = f"Cell {APPROVED_ON}: {f'{said}, still to come' if said else 'empty'}."
    return _finding(form_set, "W-04", french, english, (APPROVED_ON,))


def _late(form_set: FormSet, filing: Filing, today: date) -> Finding | None:
    if not (filing.was_late if filing.is_closed_by_signature else is_late(filing.year, today)):
        return None
    french, english = f"Date limite : 15/07/{filing.year + 1}.", f"Deadline: 15 July {filing.year + 1}."
    return _finding(form_set, "W-08", french, english, ())


def _finding(form_set: FormSet, control_id: str, fr: str, en: str, cells: tuple[str, ...]) -> Finding | None:
    control = next((one for one in form_set.controls if one.id == control_id), None)
    if control is None:
        return None
    french, english = control.text("fr"), control.text("en")
    return Finding(
        control.id,
        control.severity,
        "failed",
        (french.what, english.what),
        Sentences(french.what, fr, french.how),
        Sentences(english.what, en, english.how),
        cells,
        (),
        {},
        instruction=control_instruction(form_set, control.id),
        line_instructions=line_instructions(form_set, cells),
    )


def _first_cell(form_set: FormSet, document: Document, form: str) -> str:
    return next(
        address
        for address in form_set.cells(document)
        if address[:2] == form and place_of(form_set, document, address).refusal is None
    )


@lru_cache(maxsize=32)
def _places(form_set: FormSet, document: Document) -> Mapping[str, frozenset[str]]:
    """Form → where the cells are kept that a person fills in it."""
    found: dict[str, set[str]] = {form.code: set() for form in form_set.forms}
    for address in form_set.cells(document):
        place = place_of(form_set, document, address)
        if place.refusal is None:
            found[address[:2]].add(place.address)
    return {form: frozenset(places) for form, places in found.items()}
