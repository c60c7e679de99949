"""A filing: where it stands, its forms, its cells."""

from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter
from starlette.responses import Response

import formsets
from chassis.errors import Conflict, Failure, Invalid, NotFound
from formsets import FormSet, UnknownCell
from services.gateway.clients.answers import CellEdit, FiledCell, Filing, FilingCells, Finding, ReviewState, Step
from services.gateway.web.computed_view import computation_of
from services.gateway.web.consultation_pages import cells_of
from services.gateway.web.errors import BUSY, REFUSALS, drawn, explained, told, told_first
from services.gateway.web.export_pages import FORMATS
from services.gateway.web.fields import CELL, WAS
from services.gateway.web.figures import shown
from services.gateway.web.finding_view import finding_view
from services.gateway.web.form_view import (
    Sheet,
    findings_of_form,
    flag_word,
    kept_at,
    label_of,
    lay_out,
    neighbours,
    origin_text,
    shown_at,
    violations_by_cell,
)
from services.gateway.web.frame import framed, is_editable, moves
from services.gateway.web.visit import Visit, Visitor

router = APIRouter(include_in_schema=False)
REOPENING, ANSWERING, REQUESTING = "reopening", "answering", "requesting"
"""What may be refused beside a move to another step."""


@router.get("/filings/{filing_id}")
async def overview(visit: Visitor, filing_id: str) -> Response:
    """Show where the filing stands and where it may go."""
    return await _overview(visit, filing_id)


@router.post("/filings/{filing_id}/discard")
async def discard(visit: Visitor, filing_id: str) -> Response:
    """Throw a trial away."""
    fields = await visit.fields()
    await visit.services.forms.discard_trial(filing_id, visit.request_id(fields))
    return await visit.go("/", visit.wording("Essai jeté."))


@router.post("/filings/{filing_id}/step")
async def move(visit: Visitor, filing_id: str) -> Response:
    """Move the filing to another step; a refused move is explained beside its button."""
    fields = await visit.fields("step", "reason", "cells")
    step = next((one for one in Step if one.value == fields.get("step")), Step.UNSPECIFIED)
    reason, cells = fields.get("reason", ""), cells_of(fields.get("cells", ""))
    try:
        filing = await visit.services.forms.move(filing_id, step, reason, visit.request_id(fields), cells)
    except REFUSALS as failure:
        return await _overview(visit, filing_id, step.value, fields, failure)
    note = visit.wording("Le dossier est à l’étape « {step} ».", step=visit.wording.label(filing.step))
    return await visit.go(f"/filings/{filing_id}", note)


@router.post("/filings/{filing_id}/last-year")
async def carry(visit: Visitor, filing_id: str) -> Response:
    """Carry last year's answers into empty cells."""
    fields = await visit.fields()
    done = await visit.services.forms.carry(filing_id, visit.request_id(fields))
    notes = [visit.wording("{n} case(s) reprise(s) de l’exercice précédent.", n=done.carried)]
    if done.beside:
        said = visit.wording(
            "{n} autre(s) réponse(s) à donner de nouveau : celles de l’an dernier sont dans « Exercices et versions ».",
            n=len(done.beside),
        )
        notes.append(said)
    return await visit.go(f"/filings/{filing_id}", " ".join(notes))


@router.post("/filings/{filing_id}/reopen")
async def reopen(visit: Visitor, filing_id: str) -> Response:
    """Reopen a signed filing for a rectifying version; what is refused stays in view."""
    fields = await visit.fields("reason", "cells")
    cells = cells_of(fields.get("cells", ""))
    try:
        await visit.services.forms.reopen(filing_id, fields.get("reason", ""), cells, visit.request_id(fields))
    except REFUSALS as failure:
        return await _overview(visit, filing_id, REOPENING, fields, failure)
    note = visit.wording("Dossier rouvert : la prochaine signature fera une version rectificative.")
    return await visit.go(f"/filings/{filing_id}", note)


@router.post("/filings/{filing_id}/review/answer")
async def answer_review(visit: Visitor, filing_id: str) -> Response:
    """Answer the question of the authority."""
    fields = await visit.fields("text")
    try:
        await visit.services.forms.answer_review(filing_id, fields.get("text", ""), visit.request_id(fields))
    except REFUSALS as failure:
        return await _overview(visit, filing_id, ANSWERING, fields, failure)
    return await visit.go(f"/filings/{filing_id}", visit.wording("Réponse envoyée à l’autorité."))


@router.post("/filings/{filing_id}/return-request")
async def request_return(visit: Visitor, filing_id: str) -> Response:
    """Ask the authority for a closed filing back at step 4."""
    fields = await visit.fields("reason")
    try:
        await visit.services.forms.request_return(filing_id, fields.get("reason", ""), visit.request_id(fields))
    except REFUSALS as failure:
        return await _overview(visit, filing_id, REQUESTING, fields, failure)
    return await visit.go(f"/filings/{filing_id}", visit.wording("Demande envoyée à l’autorité."))


@router.get("/filings/{filing_id}/forms")
async def forms(visit: Visitor, filing_id: str) -> Response:
    """List the forms of the document, with how much of each is filled."""
    filing_cells = await visit.services.forms.get(filing_id)
    form_set = form_set_of(filing_cells)
    document = filing_cells.filing.identity.document.code
    filled = {shown_at(form_set, document, cell.address) for cell in filing_cells.cells if cell.value}
    rows = []
    for form in form_set.forms:
        if form.document == document:
            addresses = [a for a in form_set.cells(document) if a.startswith(f"{form.code}.")]
            inputs = [a for a in addresses if form_set.accepts_input(a)]
            rows.append((form, len([a for a in inputs if a in filled]), len(inputs)))
    return await visit.page("forms.html", {**await framed(visit, filing_cells.filing, "forms"), "rows": rows})


@router.get("/filings/{filing_id}/forms/{form}")
async def show_form(visit: Visitor, filing_id: str, form: str) -> Response:
    """Show one form."""
    filing_cells = await visit.services.forms.get(filing_id)
    return await _form_page(visit, filing_cells, form)


@router.post("/filings/{filing_id}/forms/{form}")
async def save_form(visit: Visitor, filing_id: str, form: str) -> Response:
    """Save the cells the person changed, all or none; what is refused stays in view with the reason beside it."""
    fields = await visit.fields("go", prefixes=(CELL, WAS))
    edits = changed_cells(fields)
    if not edits:
        return await visit.go(f"/filings/{filing_id}/forms/{form}", visit.wording("Aucune modification."))
    try:
        saved = await visit.services.forms.save(filing_id, edits, visit.request_id(fields))
    except REFUSALS as failure:
        return await _form_page(visit, await visit.services.forms.get(filing_id), form, fields, failure)
    notes = [visit.wording("{n} case(s) enregistrée(s).", n=len(edits))]
    if saved.findings:
        ids = ", ".join(finding.control for finding in saved.findings)
        notes.append(visit.wording("Contrôles non respectés par ces cases : {ids}.", ids=ids))
    target = fields.get("go", "")
    form_set = formsets.load(saved.filing.identity.form_set)
    where = target if any(one.code == target for one in form_set.forms) else form
    return await visit.go(f"/filings/{filing_id}/forms/{where}", " ".join(notes))


@router.get("/filings/{filing_id}/cells/{address}")
async def show_cell(visit: Visitor, filing_id: str, address: str) -> Response:
    """Show every version of a cell, and the choice between two values when there is one to make."""
    return await _cell_page(visit, filing_id, address)


async def _cell_page(
    visit: Visit, filing_id: str, address: str, fields: Mapping[str, str] | None = None, failure: Failure | None = None
) -> Response:
    filing_cells = await visit.services.forms.get(filing_id)
    form_set, filing = form_set_of(filing_cells), filing_cells.filing
    if not form_set.has_cell(address):
        raise NotFound
    line = form_set.line_of(address)
    kept = kept_at(line, address)
    may_comment = filing.step is not Step.ARCHIVED and visit.may("filing.edit", filing)
    if failure and not may_comment:
        raise failure  # No form is left here for the text: the page of the failure holds it.
    versions = await visit.services.forms.history(filing_id, kept)
    present = next((cell for cell in filing_cells.cells if cell.address == kept), None)
    comments = await visit.services.forms.comments(filing_id, kept)
    known_as = shown_at(form_set, filing.identity.document.code, kept)

    def told(cell: FiledCell) -> tuple[str, str]:
        return shown(cell.value, line.type, visit.wording), origin_text(cell, visit.wording)

    values = {
        **await framed(visit, filing, "history"),
        "address": known_as,
        "kept": kept,
        "label": label_of(form_set, known_as, visit.wording),
        "form": form_set.form_of(known_as),
        "comments": comments,
        "is_flagged": bool(comments) and comments[0].is_flagged,
        "is_prefilled": form_set.is_prefilled(kept),
        "flag": flag_word(form_set, kept, visit.wording),
        "typed_comment": (fields or {}).get("text", ""),
        "wants_flag": fields.get("is_flagged") == "yes" if fields else bool(comments) and comments[0].is_flagged,
        "failure": told_first(failure, visit.wording) if failure else "",
        "wants_shared": (fields or {}).get("is_shared") == "yes",
        "may_comment": may_comment,
        "versions": [(version, *told(version)) for version in versions],
        "computed": await computation_of(visit, filing_cells, known_as, kept),
        "present": present,
        "present_text": told(present)[0] if present else "",
        "other_text": shown(present.conflict.value, line.type, visit.wording) if present and present.conflict else "",
    }
    return await drawn(visit, "cell.html", values, failure)


@router.post("/filings/{filing_id}/cells/{address}")
async def resolve(visit: Visitor, filing_id: str, address: str) -> Response:
    """Choose between the two values of a cell in conflict."""
    fields = await visit.fields("value")
    await visit.services.forms.resolve(filing_id, address, fields.get("value", ""), visit.request_id(fields))
    return await visit.go(
        f"/filings/{filing_id}/cells/{address}", visit.wording("Valeur choisie. Ce choix s’annule dans l’historique.")
    )


@router.post("/filings/{filing_id}/cells/{address}/comments")
async def comment(visit: Visitor, filing_id: str, address: str) -> Response:
    """Comment a cell, or raise or lower its flag; a refused comment stays in view."""
    fields = await visit.fields("text", "is_flagged", "is_shared")
    try:
        await visit.services.forms.comment(
            filing_id,
            address,
            fields.get("text", "").strip(),
            is_flagged=fields.get("is_flagged") == "yes",
            is_shared=fields.get("is_shared") == "yes",
            request_id=visit.request_id(fields),
        )
    except REFUSALS as failure:
        return await _cell_page(visit, filing_id, address, fields, failure)
    return await visit.go(f"/filings/{filing_id}/cells/{address}#comments", visit.wording("Commentaire enregistré."))


async def _overview(
    visit: Visit,
    filing_id: str,
    refused: str = "",
    fields: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    """Show the overview.

    Args:
        visit: the visit.
        filing_id: the filing.
        refused: the step that was refused, or `REOPENING`, `ANSWERING`, `REQUESTING`.
        fields: what the person had typed.
        failure: why it was refused.
    """
    filing = (await visit.services.forms.get(filing_id)).filing
    ways = moves(filing, visit.passport)
    offered = {
        REOPENING: filing.step is Step.REVIEW and visit.may("filing.return", filing),
        ANSWERING: may_answer(visit, filing),
        REQUESTING: may_request(visit, filing),
        **{one.step.value: True for one in ways},
    }
    if failure and not offered.get(refused):
        raise failure  # No form is left here for the text: the page of the failure holds it.
    values = {
        **await framed(visit, filing, ""),
        "moves": ways,
        "steps": list(Step)[1:],
        "formats": () if filing.is_trial else FORMATS,
        "may_discard": filing.is_trial and visit.may("filing.open", filing),
        "may_reopen": offered[REOPENING],
        "may_answer": offered[ANSWERING],
        "may_request": offered[REQUESTING],
        "refused": refused,
        "reopening": REOPENING,
        "answering": ANSWERING,
        "requesting": REQUESTING,
        "typed": {name: (fields or {}).get(name, "") for name in ("reason", "cells", "text")},
        "failure": explained(failure, visit.wording) if failure else "",
        "violations": told(failure, visit.wording) if failure else (),
    }
    return await drawn(visit, "overview.html", values, failure)


def may_answer(visit: Visit, filing: Filing) -> bool:
    """Tell whether to offer an answer to the authority."""
    is_asked = filing.step is Step.REVIEW and filing.review is not None and filing.review.state is ReviewState.ASKED
    return is_asked and visit.may("filing.justify", filing)


def may_request(visit: Visit, filing: Filing) -> bool:
    """Tell whether to offer asking for the filing back."""
    is_pending = filing.return_request is not None and filing.return_request.is_pending
    return filing.step is Step.CLOSED and not is_pending and visit.may("filing.return", filing)


def changed_cells(fields: Mapping[str, str]) -> list[CellEdit]:
    """Return the cells whose text is not the one first shown, with the version the person saw.

    Raises:
        Invalid: an input came without what it showed at first.
    """
    edits = []
    for name, text in fields.items():
        if not name.startswith(CELL):
            continue
        address = name.removeprefix(CELL)
        version, _, before = fields.get(WAS + address, "").partition(":")
        if not (version.isascii() and version.isdigit() and len(version) < 19):
            raise Invalid
        if text.strip() != before.strip():
            edits.append(CellEdit(address, text, int(version)))
    return edits


def form_set_of(filing_cells: FilingCells) -> FormSet:
    """Return the form set the filing is pinned to."""
    return formsets.load(filing_cells.filing.identity.form_set)


async def _form_page(
    visit: Visit,
    filing_cells: FilingCells,
    code: str,
    fields: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    """Show a form; one that is refused keeps what was typed, each text in its input, or in the box on top where none is left."""
    filing, form_set, _ = filing_cells.filing, form_set_of(filing_cells), visit.wording
    texts = {edit.address: edit.text for edit in changed_cells(fields or {})}
    findings, are_controls_known = await _findings(visit, filing.identity.filing_id)
    sheet = Sheet(
        form_set=form_set,
        identity=filing.identity,
        cells={cell.address: cell for cell in filing_cells.cells},
        findings=findings,
        is_editable=is_editable(visit, filing),
        kept_texts=texts,
        # The version that the person saw goes along, so that what somebody saves meanwhile is never overwritten unseen; a
        # conflict has just shown it to them.
        kept_was={} if isinstance(failure, Conflict) else {one: (fields or {})[WAS + one] for one in texts},
        comments=await visit.services.forms.comments(filing.identity.filing_id),
        last_year={
            cell.address: cell.value for cell in await visit.services.forms.last_year(filing.identity.filing_id)
        },
    )
    if failure is not None:
        sheet = replace(sheet, errors=violations_by_cell(failure, sheet, _))
    document = filing.identity.document.code
    try:
        view = lay_out(sheet, code, _)
    except UnknownCell:
        raise NotFound from None
    inputs = {cell.address for row in view.rows for cell in row.cells if cell.is_input}
    before, after = neighbours(form_set, document, code)
    if form_set.form(code).document != document:
        raise NotFound
    values = {
        **await framed(visit, filing, "forms"),
        "form": view,
        "remarks": [finding_view(f, form_set, filing.identity, _) for f in findings_of_form(sheet, code)],
        "are_controls_known": are_controls_known,
        "before": before,
        "after": after,
        "year_before": filing.identity.year - 1,
        "refusal": explained(failure, _) if failure else "",
        "unsaved": [(one, label_of(form_set, one, _), text) for one, text in texts.items() if one not in inputs],
        "is_conflict": isinstance(failure, Conflict),
        "cell_prefix": CELL,
        "was_prefix": WAS,
    }
    return await drawn(visit, "form.html", values, failure)


async def _findings(visit: Visit, filing_id: str) -> tuple[tuple[Finding, ...], bool]:
    """Return the findings; a form can be typed while controls cannot run."""
    try:
        return (await visit.services.forms.check(filing_id)).findings, True
    except BUSY:
        return (), False
