"""Lays findings out: official id, what, where, how, operands, and links to the cells."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from formsets import FormSet
from services.gateway.clients.answers import ControlStatus, FilingIdentity, Finding, Justification, Severity
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
    justification: str
    justified_by: str
    can_be_justified: bool
    answer: str = ""
    """What the authority answered to the justification in force."""
    refused: str = ""
    """A justification of these figures that the authority refused."""
    refused_why: str = ""


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
    justification = finding.justification
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
        justification=justification.text if justification else "",
        justified_by=f"{justification.author}, {_.moment(justification.written_at)}" if justification else "",
        can_be_justified=finding.status is ControlStatus.FAILED
        and finding.severity in (Severity.ANOMALY, Severity.REMARK),
        answer=_answer(justification, _),
        refused=finding.refused.text if finding.refused else "",
        refused_why=_answer(finding.refused, _),
    )


def _answer(justification: Justification | None, _: Wording) -> str:
    if justification is None or not justification.answered_by:
        return ""
    word = _("Acceptée") if justification.is_accepted else _("Refusée")
    parts = [f"{word} : {justification.answer}" if justification.answer else word]
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
        text = shown(values[kept], form_set.cell_type(address), _, is_computed=True) if kept in values else ""
        yield CellLink(address, label_of(form_set, address, _), path, text)


def _is_previous(operand: str) -> bool:
    return operand.startswith(_PREVIOUS)


def _previous_link(operand: str, value: str, form_set: FormSet, identity: FilingIdentity, _: Wording) -> CellLink:
    """Return a cell of the filing of the year before, under the label it has today; it is not on any page of this one."""
    address = operand.removeprefix(_PREVIOUS).removesuffix(")")
    label = f"{form_set.label(address)} ({_('exercice {year}', year=identity.year - 1)})"
    return CellLink(address, label, "", shown(value, form_set.cell_type(address), _) if value else "")
