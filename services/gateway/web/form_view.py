"""Lays a form out: lines, columns, and for each cell what stands in it, where it comes from and what is wrong with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from markupsafe import Markup

from chassis.errors import Conflict, Failure
from formsets import Form, FormSet, Line
from formsets.package import column_of
from services.gateway.clients.answers import (
    Cell,
    CellComment,
    CellConflict,
    ControlStatus,
    FiledCell,
    FilingIdentity,
    Finding,
    Origin,
    Severity,
)
from services.gateway.web.errors import told
from services.gateway.web.figures import is_numeric, shown, typed
from services.gateway.web.pages import official
from services.gateway.web.wording import Wording

COLUMNS: Mapping[str, str] = {
    "v": "Valeur",
    "n": "Exercice N",
    "n1": "Exercice N-1",
    "n2": "Exercice N-2",
    "brut": "Brut",
    "amort": "Amortissements et dépréciations",
    "net": "Net",
    "nr": "Non récupérables",
    "rec": "Récupérables",
    "tot": "Total",
    "debut": "Début d’exercice",
    "nouv": "Emprunts nouveaux",
    "remb": "Remboursements courants",
    "ra": "Remboursements anticipés",
    "fin": "Fin d’exercice",
    "int": "Intérêts",
    "dot": "Dotations",
    "rep": "Reprises",
}
"""French headings of the columns of the form sets."""

QUARTILES = ("1er quartile", "médiane", "3e quartile")
"""French headings of the three figures of a group."""
_RATIO = re.compile(r"([A-Z]+[0-9]+[A-Z]?) — ")
_SIZE_LINE = "QR.001.n"
_LARGE = Decimal(12_000)
MARKS = {
    Severity.BLOCKING: "Bloquant",
    Severity.TRANSMISSION: "Bloque la transmission",
    Severity.ANOMALY: "Anomalie",
    Severity.REMARK: "Remarque",
}


@dataclass(frozen=True, slots=True)
class CellView:
    """One cell of the table."""

    address: str
    label: str
    """Line and column, for those who hear the table."""
    column: str
    """Heading of the column, for narrow screens."""
    is_input: bool
    is_closed: bool = False
    text: str = ""
    """What stands in the input, or is shown."""
    was: str = ""
    """Version and text shown first, to tell what the person changed."""
    options: tuple[tuple[str, str], ...] = ()
    """Value and name of each choice, for a list."""
    is_numeric: bool = False
    is_required: bool = False
    origin: str = ""
    """Where the value comes from, short."""
    origin_story: str = ""
    """The same with who and when."""
    error: str = ""
    other: str = ""
    """The value of the other server, in conflict with this one."""
    controls: tuple[str, ...] = ()
    """Failed controls that look at the cell."""
    note: str = ""
    """That it is commented, or flagged to follow."""
    last_year: str = ""
    """What was answered last year, to compare with."""

    @property
    def id(self) -> str:
        """Identifier in the page."""
        return f"cell-{self.address}"


@dataclass(frozen=True, slots=True)
class Quartiles:
    """First quartile, median and third quartile of a group."""

    group: str
    figures: tuple[str, str, str]
    headings: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class RowView:
    """One line of the table."""

    code: str
    label: str
    accounts: str
    shared: str
    """ER address under which a shared fact is kept, empty for other lines."""
    cells: tuple[CellView, ...]
    quartiles: tuple[Quartiles, ...] = ()


@dataclass(frozen=True, slots=True)
class FormView:
    """The whole table."""

    code: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[RowView, ...]
    groups: tuple[str, ...]
    """Groups whose quartiles stand beside the ratios."""
    note: str
    """What to know before filling it, empty when there is nothing to say."""

    @property
    def is_of_figures(self) -> bool:
        """Tell whether the columns hold figures, whose headings then stand over their last digits."""
        numeric = sum(1 for row in self.rows if all(cell.is_numeric for cell in row.cells))
        return numeric * 2 > len(self.rows)

    @property
    def has_errors(self) -> bool:
        """Tell whether a cell is refused."""
        return any(cell.error for row in self.rows for cell in row.cells)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a filing holds, and what happens to it at this moment."""

    form_set: FormSet
    identity: FilingIdentity
    cells: Mapping[str, FiledCell]
    findings: Sequence[Finding] = ()
    is_editable: bool = False
    kept_texts: Mapping[str, str] = field(default_factory=dict)
    """What the person typed and is not saved: it stays in view."""
    kept_was: Mapping[str, str] = field(default_factory=dict)
    """Address → the version and the text that the person saw before typing."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Address → why it is not saved."""
    comments: Sequence[CellComment] = ()
    """Newest first."""
    last_year: Mapping[str, str] = field(default_factory=dict)
    """Address → written form of last year's answer, for the cells marked to show it."""


def lay_out(sheet: Sheet, code: str, _: Wording) -> FormView:
    """Return the table of a form.

    Raises:
        UnknownCell: the form set has no such form.
    """
    form = sheet.form_set.form(code)
    groups = _groups(sheet, _) if code == "QR" else {}
    failed = _failed_by_cell(sheet)
    return FormView(
        code=form.code,
        title=form.title,
        columns=tuple(_(COLUMNS.get(column, column)) for column in form.columns),
        rows=tuple(_row(sheet, form, line, failed, groups, _) for line in form.lines),
        groups=tuple(groups.values()),
        note=form.note.get(_.language, ""),
    )


def label_of(form_set: FormSet, address: str, _: Wording) -> Markup:
    """Return the official label of a cell, in French as it is, with the heading of its column if the form has several.

    A cell that the form set does not know has none.
    """
    if not form_set.has_cell(address):
        return Markup()
    said = official(form_set.line_of(address).label)
    if len(form_set.form_of(address).columns) == 1:
        return said
    column = column_of(address)
    return said + f" — {_(COLUMNS.get(column, column))}"


def kept_at(line: Line, address: str) -> str:
    """Return the address under which the cell is kept: the ER address for an alias of a shared fact."""
    return line.alias_of or address


def shown_at(form_set: FormSet, document: str, address: str) -> str:
    """Return the address under which people of this document know a cell: its alias on the QDIS side."""
    if not form_set.has_cell(address) or form_set.document_of(address) == document:
        return address
    concept = form_set.concept_of(address)
    aliases = concept.aliases if concept else ()
    return next((alias for alias in aliases if form_set.line_of(alias).alias_of == address), address)


def as_filed(cells: Sequence[Cell]) -> dict[str, FiledCell]:
    """Return the cells of a signed version as a sheet reads them."""
    return {cell.address: FiledCell(cell.address, cell.value) for cell in cells}


def violations_by_cell(failure: Failure, sheet: Sheet, _: Wording) -> dict[str, str]:
    """Return address as shown → why it is refused, in the language; other violations are left out.

    The sheet holds the cells as they are now: a value that somebody else saved meanwhile is said from it.
    """
    document = sheet.identity.document.code
    official = {control.id for control in sheet.form_set.controls}
    return {
        shown_at(sheet.form_set, document, v.field): _meanwhile(sheet, v.field, _)
        if isinstance(failure, Conflict)
        else f"{v.description} ({v.reason})"
        if v.reason in official
        else v.description
        for v in told(failure, _)
        if sheet.form_set.has_cell(v.field)
    }


def _meanwhile(sheet: Sheet, address: str, _: Wording) -> str:
    line = sheet.form_set.line_of(address)
    filed = sheet.cells.get(kept_at(line, address)) or sheet.cells.get(address)
    return _(
        "Valeur enregistrée entre-temps : {value}, par {author}, le {at}.",
        value=(shown(filed.value, line.type, _) if filed else "") or _("vide"),
        author=(filed.author if filed else "") or "—",
        at=_.moment(filed.changed_at if filed else None),
    )


def _row(
    sheet: Sheet,
    form: Form,
    line: Line,
    failed: Mapping[str, tuple[str, ...]],
    groups: Mapping[str, str],
    _: Wording,
) -> RowView:
    cells = tuple(_cell(sheet, form, line, column, failed, _) for column in form.columns)
    return RowView(line.code, line.label, line.accounts, line.alias_of or "", cells, _quartiles(sheet, line, groups, _))


def _cell(
    sheet: Sheet, form: Form, line: Line, column: str, failed: Mapping[str, tuple[str, ...]], _: Wording
) -> CellView:
    form_set, address = sheet.form_set, f"{line.code}.{column}"
    filed = sheet.cells.get(kept_at(line, address)) or sheet.cells.get(address)
    value = filed.value if filed else ""
    label = f"{line.code} {line.label}" + (f", {_(COLUMNS.get(column, column))}" if len(form.columns) > 1 else "")
    is_closed, is_sealed = form_set.is_closed(address), filed is not None and filed.is_sealed
    is_input = sheet.is_editable and form_set.accepts_input(address) and not is_sealed
    is_computed = filed is not None and filed.origin is Origin.COMPUTED
    in_input = typed(value, line.type)
    return CellView(
        address=address,
        label=label,
        column=_(COLUMNS.get(column, column)),
        is_input=is_input,
        is_closed=is_closed,
        text=sheet.kept_texts.get(address, in_input)
        if is_input
        else shown(value, line.type, _, is_computed=is_computed or form_set.is_computed(address)),
        was=sheet.kept_was.get(address, f"{filed.version if filed else 0}:{in_input}"),
        options=_options(line, _) if is_input else (),
        is_numeric=is_numeric(line.type),
        is_required=form_set.is_required(address),
        origin=_origin_in_short(filed, _) if value else "",
        origin_story=origin_text(filed, _) if value else "",
        error=sheet.errors.get(address, ""),
        other=_other(filed.conflict, line.type, _) if filed and filed.conflict else "",
        controls=failed.get(address, ()),
        last_year=shown(sheet.last_year.get(address, ""), line.type, _),
        note=_note(
            [one for one in sheet.comments if one.address in (address, kept_at(line, address))],
            flag_word(form_set, address, _),
            _,
        ),
    )


def flag_word(form_set: FormSet, address: str, _: Wording) -> str:
    """Return what the flag of a cell means: one that comes from an earlier year was restated on purpose (H-01)."""
    return _("retraitée") if form_set.is_prefilled(address) else _("à suivre")


def _note(comments: Sequence[CellComment], flag: str, _: Wording) -> str:
    """Return the mark of a commented cell; the newest comment says whether it is flagged."""
    if not comments:
        return ""
    said = _("{n} commentaire(s)", n=len(comments))
    return f"⚑ {flag}, {said}" if comments[0].is_flagged else said


def _options(line: Line, _: Wording) -> tuple[tuple[str, str], ...]:
    if line.type == "BOOL":
        return (("", ""), ("true", _("oui")), ("false", _("non")))
    if line.type == "ENUM":
        return (("", ""), *((value, value) for value in line.enum_values))
    return ()


def _other(conflict: CellConflict, cell_type: str, _: Wording) -> str:
    return _(
        "Autre valeur : {value}, saisie par {author} sur {server} le {at}.",
        value=shown(conflict.value, cell_type, _) or _("vide"),
        author=conflict.author or "—",
        server=conflict.server,
        at=_.moment(conflict.changed_at),
    )


def origin_text(cell: FiledCell | None, _: Wording) -> str:
    """Return where a value comes from, in words."""
    parts = _origin_parts(cell, _)
    if cell is None or not parts:
        return ""
    who = [cell.author, _.moment(cell.changed_at) if cell.changed_at else ""]
    if cell.put_back_by:
        who.append(_("remise le {at} par {author}", at=_.moment(cell.put_back_at), author=cell.put_back_by))
    return ", ".join(part for part in (*parts, *who) if part)


def _origin_in_short(cell: FiledCell | None, _: Wording) -> str:
    """Return the origin as the table shows it: with who and when only if it comes from another server."""
    if cell is not None and cell.origin is Origin.SYNCHRONISED:
        state = _("scellée") if cell.is_sealed else _("provisoire") if cell.is_provisional else ""
        when = _.stamp(cell.changed_at) if cell.changed_at else ""
        return "⇄ " + ", ".join(part for part in (cell.server, cell.author, when, state) if part)
    if cell is not None and cell.origin is Origin.IMPORTED and cell.file:
        return _("{file}, l. {line}", file=cell.file, line=cell.line)
    return ", ".join(_origin_parts(cell, _))


def _origin_parts(cell: FiledCell | None, _: Wording) -> list[str]:
    if cell is None or cell.origin is Origin.UNSPECIFIED:
        return []
    parts = [_.label(cell.origin)]
    if cell.origin is Origin.IMPORTED:
        parts.append(_("{file}, ligne {line}", file=cell.file, line=cell.line))
    if cell.origin is Origin.SYNCHRONISED:
        parts.append(_("depuis {server}", server=cell.server))
    if cell.is_provisional:
        parts.append(_("provisoire : l’ER n’est pas signé"))
    if cell.is_sealed:
        parts.append(_("scellée par l’ER signé"))
    return parts


def _failed_by_cell(sheet: Sheet) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for finding in sheet.findings:
        if finding.status is ControlStatus.FAILED:
            for cell in finding.cells:
                address = shown_at(sheet.form_set, sheet.identity.document.code, cell)
                found[address] = (*found.get(address, ()), finding.control)
    return found


def findings_of_form(sheet: Sheet, code: str) -> list[Finding]:
    """Return the failed controls that look at a cell of the form."""
    document = sheet.identity.document.code
    return [
        finding
        for finding in sheet.findings
        if finding.status is ControlStatus.FAILED
        and any(shown_at(sheet.form_set, document, cell).startswith(f"{code}.") for cell in finding.cells)
    ]


def _groups(sheet: Sheet, _: Wording) -> dict[str, str]:
    """Return the groups to compare with: the family, and the size when it is known."""
    family = sheet.identity.family.name
    groups = {family: _("Famille {name}", name=family)}
    filed = sheet.cells.get(_SIZE_LINE)
    try:
        size = Decimal(filed.value) if filed and filed.value else None
    except InvalidOperation:
        size = None
    if size is not None:
        is_large = size > _LARGE
        groups["GT12000" if is_large else "LT12000"] = (
            _("Plus de 12 000 logements") if is_large else _("Moins de 12 000 logements")
        )
    return groups


def _quartiles(sheet: Sheet, line: Line, groups: Mapping[str, str], _: Wording) -> tuple[Quartiles, ...]:
    ratio = _RATIO.match(line.label)
    known = next((q for q in sheet.form_set.quartiles if ratio and q["code"] == ratio[1]), None)
    return tuple(
        Quartiles(
            name,
            _three([shown(figure, line.type, _) for figure in known[group]])
            if known and group in known
            else ("—", "—", "—"),
            _three([f"{name}{_.colon} {_(heading)}" for heading in QUARTILES]),
        )
        for group, name in groups.items()
    )


def _three(figures: list[str]) -> tuple[str, str, str]:
    first, median, third = figures
    return first, median, third


def neighbours(form_set: FormSet, document: str, code: str) -> tuple[Form | None, Form | None]:
    """Return the forms before and after in the document."""
    forms = [form for form in form_set.forms if form.document == document]
    at = next((i for i, form in enumerate(forms) if form.code == code), None)
    if at is None:
        return None, None
    return (forms[at - 1] if at else None), (forms[at + 1] if at + 1 < len(forms) else None)


def severity_mark(severity: Severity, _: Wording) -> str:
    """Return the short word of a severity."""
    return _(MARKS.get(severity, "Remarque"))
