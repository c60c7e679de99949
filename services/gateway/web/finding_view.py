"""Lays findings out: official id, what, where, how, operands, and links to the cells."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from formsets import FormSet
from formsets.instructions import line_instruction
from services.gateway.clients.answers import (
    ControlStatus,
    FilingIdentity,
    Finding,
    FindingPlace,
    Justification,
    Severity,
)
from services.gateway.web.figures import shown
from services.gateway.web.form_view import label_of, severity_mark, shown_at
from services.gateway.web.wording import Wording

ORDER = (Severity.BLOCKING, Severity.TRANSMISSION, Severity.ANOMALY, Severity.REMARK)

_PREVIOUS = "PREV("
"""How validation names an operand that stands in the filing of the year before."""


@dataclass(frozen=True, slots=True)
class CellLink:
    """A cell of the filing: where it is, its name and what it holds."""

    address: str
    label: str
    path: str
    text: str = ""
    instruction: str = ""
    """Where what its line wants is told."""


@dataclass(frozen=True, slots=True)
class PlaceView:
    """Where a control fails, and what was said of it."""

    cells: tuple[CellLink, ...]
    justification: str = ""
    reason: str = ""
    """The kind of reason, in words."""
    justified_by: str = ""
    answer: str = ""
    """What the authority answered to the justification in force."""
    refused: str = ""
    """A justification of these figures that the authority refused."""
    refused_why: str = ""


@dataclass(frozen=True, slots=True)
class FindingView:
    """One control and what came of it, in words."""

    control: str
    mark: str
    message: str
    what: str
    where: str
    how: str
    cells: tuple[CellLink, ...]
    missing: tuple[CellLink, ...]
    places: tuple[PlaceView, ...]
    can_be_justified: bool
    choices: tuple[tuple[str, str], ...] = ()
    """Cells that a justification may be about, each with how it is shown."""
    instruction: str = ""
    """Where the control is explained."""

    @property
    def open_places(self) -> int:
        """How many places are left to correct or to justify."""
        return sum(1 for place in self.places if not place.justification)


@dataclass(frozen=True, slots=True)
class Group:
    """The failed controls of one severity."""

    severity: Severity
    name: str
    findings: tuple[FindingView, ...]


def failed_groups(findings: Sequence[Finding], form_set: FormSet, identity: FilingIdentity, _: Wording) -> list[Group]:
    """Return the failed controls by severity, heaviest first; severities without any are left out."""
    groups = []
    for severity in ORDER:
        failed = [f for f in findings if f.status is ControlStatus.FAILED and f.severity is severity]
        if failed:
            views = tuple(finding_view(finding, form_set, identity, _) for finding in failed)
            groups.append(Group(severity, _.label(severity), views))
    return groups


def finding_view(finding: Finding, form_set: FormSet, identity: FilingIdentity, _: Wording) -> FindingView:
    """Return a finding in words."""
    what, where, how = _.parts(finding.detail)
    values = {cell.address: cell.value for cell in finding.operands}
    return FindingView(
        control=finding.control,
        mark=severity_mark(finding.severity, _),
        message=_.sentence(finding.message),
        what=what,
        where=where,
        how=how,
        cells=tuple(_links([*finding.cells, *filter(_is_previous, values)], values, form_set, identity, _)),
        missing=tuple(_links(finding.missing, {}, form_set, identity, _)),
        places=tuple(_place(place, form_set, identity, _) for place in finding.places),
        can_be_justified=can_be_justified(finding),
        choices=tuple(_choices(finding, form_set, identity, _)),
        instruction=finding.instruction,
    )


def can_be_justified(finding: Finding) -> bool:
    """Tell whether words may stand for a correction."""
    is_soft = finding.severity in (Severity.ANOMALY, Severity.REMARK)
    return finding.status is ControlStatus.FAILED and is_soft


def _place(place: FindingPlace, form_set: FormSet, identity: FilingIdentity, _: Wording) -> PlaceView:
    written, refused = place.justification, place.refused
    return PlaceView(
        cells=tuple(_links(place.cells, {}, form_set, identity, _)),
        justification=written.text if written else "",
        reason=_.kind_of_reason(written.reason) if written else "",
        justified_by=f"{written.author}, {_.moment(written.written_at)}" if written else "",
        answer=_answer(written, _),
        refused=refused.text if refused else "",
        refused_why=_answer(refused, _),
    )


def _choices(finding: Finding, form_set: FormSet, identity: FilingIdentity, _: Wording) -> Iterable[tuple[str, str]]:
    """Cells of the filing where it fails, those that wait for a justification first."""
    for place in sorted(finding.places, key=lambda place: place.justification is not None):
        for kept in place.cells:
            address = shown_at(form_set, identity.document.code, kept)
            label = label_of(form_set, address, _) if form_set.has_cell(address) else ""
            yield kept, f"{address} {label}".strip()


def _answer(justification: Justification | None, _: Wording) -> str:
    if justification is None or not justification.answered_by:
        return ""
    word = _("Acceptée") if justification.is_accepted else _("Refusée")
    parts = [f"{word}{_.colon} {justification.answer}" if justification.answer else word]
    return ", ".join([*parts, justification.answered_by, _.moment(justification.answered_at)])


def _links(
    addresses: Iterable[str], values: dict[str, str], form_set: FormSet, identity: FilingIdentity, _: Wording
) -> Iterable[CellLink]:
    document = identity.document.code
    for kept in addresses:
        if _is_previous(kept):
            yield _previous_link(kept, values.get(kept, ""), form_set, identity, _)
            continue
        address = shown_at(form_set, document, kept)
        if not form_set.has_cell(address):
            yield CellLink(kept, "", "", values.get(kept, ""))
            continue
        form = form_set.form_of(address)
        path = f"/filings/{identity.filing_id}/forms/{form.code}#cell-{address}" if form.document == document else ""
        text = shown(values[kept], form_set.cell_type(address), _, is_computed=True) if values.get(kept) else ""
        yield CellLink(address, label_of(form_set, address, _), path, text, line_instruction(form_set, address))


def _is_previous(operand: str) -> bool:
    return operand.startswith(_PREVIOUS)


def _previous_link(operand: str, value: str, form_set: FormSet, identity: FilingIdentity, _: Wording) -> CellLink:
    """Return a cell of the filing of the year before, under the label it has today; it is not on any page of this one."""
    address = operand.removeprefix(_PREVIOUS).removesuffix(")")
    label = f"{form_set.label(address)} ({_('exercice {year}', year=identity.year - 1)})"
    text = shown(value, form_set.cell_type(address), _) if value else ""
    return CellLink(address, label, "", text, line_instruction(form_set, address))
