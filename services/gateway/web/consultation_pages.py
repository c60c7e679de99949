"""Earlier years and versions: one as it was signed, lines over the years, two side by side."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from fastapi import APIRouter
from markupsafe import Markup, escape
from starlette.responses import Response

import formsets
from chassis.errors import Invalid, NotFound
from formsets import Form, FormSet, UnknownCell
from services.gateway.clients.answers import CellDifference, Filing, FilingIdentity, SeriesPoint
from services.gateway.web.errors import drawn, explained, told_beside
from services.gateway.web.export_pages import FORMATS, asked_version
from services.gateway.web.figures import is_numeric, percent, shown, with_sign
from services.gateway.web.form_view import Sheet, as_filed, label_of, lay_out
from services.gateway.web.frame import framed
from services.gateway.web.visit import Visit, Visitor
from services.gateway.web.wording import Wording

router = APIRouter(include_in_schema=False)

_SEPARATORS = re.compile(r"[\s,;]+")
_YEARS = (2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Choice:
    """A filing as it is now, or one of its signed versions, to compare with."""

    value: str
    """`<filing>:<version>`; version 0 is now."""
    filing_id: str
    year: int
    version: int


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """A cell that differs, both values and how far apart they are."""

    address: str
    label: Markup
    text: str
    other_text: str
    gap: str
    """First less second, signed; empty when one of them is no number."""
    share: str
    """The gap in percent of the second, signed, to a tenth; empty when there is none."""
    is_break: bool
    """The definition changed in between: no gap is told."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two filings, form by form."""

    count: int
    groups: Sequence[tuple[Form, Sequence[DifferenceRow]]]
    unknown: Sequence[DifferenceRow]
    """Cells that the form set of the first does not know."""
    has_other_labels: bool
    """A form set of the time is shipped no more: labels are those of another one."""


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One cell over the years."""

    address: str
    label: Markup
    official: str
    """The label alone, to tell a year in which it was another one."""
    points: tuple[tuple[SeriesPoint | None, str], ...]
    """For each year: the point and its value as people read it; None for a year without one."""


@router.get("/filings/{filing_id}/years")
async def years(visit: Visitor, filing_id: str) -> Response:
    """List the years of the body, their versions, and offer series and comparisons."""
    filing = (await visit.services.forms.get(filing_id)).filing
    same = await _same_document(visit, filing)
    values = {
        **await framed(visit, filing, "years"),
        "filings": same,
        "choices": _choices(same),
        "usual": _usual(filing, _choices(same)),
        "formats": FORMATS,
        "year_counts": _YEARS,
        "versions": range(filing.signed_version, -1, -1),
    }
    return await visit.page("years.html", values)


@router.get("/filings/{filing_id}/signed/{version}")
async def signed(visit: Visitor, filing_id: str, version: str) -> Response:
    """Lead to the first form of a signed version."""
    number = _number(version)
    filing = (await visit.services.forms.get(filing_id)).filing
    found = await visit.services.forms.signed_version(filing_id, number)
    forms = _forms(formsets.load(found.form_set), filing)
    return await visit.go(f"/filings/{filing_id}/signed/{found.version}/forms/{forms[0].code}")


@router.get("/filings/{filing_id}/signed/{version}/forms/{form}")
async def signed_form(visit: Visitor, filing_id: str, version: str, form: str) -> Response:
    """Show one form of a version as it was signed, with the labels of its form set."""
    found = await visit.services.forms.signed_version(filing_id, _number(version))
    form_set = formsets.load(found.form_set)
    forms = _forms(form_set, found.filing)
    if form not in {one.code for one in forms}:
        raise NotFound
    identity = replace(found.filing.identity, form_set=found.form_set)
    try:
        view = lay_out(Sheet(form_set, identity, as_filed(found.cells)), form, visit.wording)
    except UnknownCell:
        raise NotFound from None
    values = {
        **await framed(visit, found.filing, "years"),
        "found": found,
        "forms": forms,
        "form": view,
        "formats": FORMATS,
    }
    return await visit.page("signed.html", values)


@router.get("/filings/{filing_id}/series")
async def series(visit: Visitor, filing_id: str) -> Response:
    """Show lines over the years; a change of definition is marked where it stands."""
    filing, query = (await visit.services.forms.get(filing_id)).filing, visit.request.query_params
    count = next((n for n in _YEARS if str(n) == query.get("years")), 0)
    shown_series, refused = await over_the_years(visit, filing.identity, query.get("cells", ""), count)
    values = {**await framed(visit, filing, "years"), **shown_series}
    return await drawn(visit, "series.html", values, refused)


@router.get("/filings/{filing_id}/compare")
async def compare(visit: Visitor, filing_id: str) -> Response:
    """Show what differs between two years or two versions."""
    filing = (await visit.services.forms.get(filing_id)).filing
    version = asked_version(visit.request)
    choices = _choices(await _same_document(visit, filing))
    other = next((one for one in choices if one.value == visit.request.query_params.get("other", "")), None)
    if other is None:
        raise NotFound
    differences = await visit.services.forms.compare(filing_id, version, other.filing_id, other.version)
    values = {
        **await framed(visit, filing, "years"),
        "version": version,
        "other": other,
        "comparison": compared(differences, formsets.load(filing.identity.form_set), visit.wording),
    }
    return await visit.page("compare.html", values)


def compared(differences: Sequence[CellDifference], form_set: FormSet, _: Wording) -> Comparison:
    """Return what differs as the pages show it."""
    rows: dict[str, list[DifferenceRow]] = {}
    for one in differences:
        code = form_set.form_of(one.address).code if form_set.has_cell(one.address) else ""
        rows.setdefault(code, []).append(_difference(one, form_set, _))
    groups = [(form, rows[form.code]) for form in form_set.forms if form.code in rows]
    has_other_labels = any(one.has_other_labels for one in differences)
    return Comparison(len(differences), groups, rows.get("", []), has_other_labels)


async def over_the_years(
    visit: Visit, identity: FilingIdentity, text: str | None, count: int = 0
) -> tuple[dict[str, object], Invalid | None]:
    """Return the series of the cells that a text names, as the pages show it, and why there is none when it is refused.

    Args:
        visit: the visit.
        identity: whose document it is.
        text: addresses, as `cells_of` reads them; None when nothing was asked.
        count: how many years, newest last; 0 for as many as there are to see.
    """
    addresses = cells_of(text or "")
    refused: Invalid | None = None
    points: tuple[SeriesPoint, ...] = ()
    try:
        if text is not None:
            points = await visit.services.forms.series(identity.body, identity.document, addresses, count)
    except Invalid as failure:
        refused = failure
    known = {point.address for point in points if formsets.load(point.form_set).has_cell(point.address)}
    unknown = [one for one in addresses if one not in known] if points else []
    points = tuple(point for point in points if point.address in known)
    years = sorted({point.year for point in points})
    return {
        "cells": " ".join(addresses),
        "unknown": unknown,
        "years": years,
        "rows": series_rows(points, years, visit.wording),
        "has_break": any(point.is_break for point in points),
        "has_other_labels": any(point.has_other_labels for point in points),
        "failure": explained(refused, visit.wording) if refused else "",
        "violations": told_beside(refused, visit.wording) if refused else (),
    }, refused


def cells_of(text: str) -> list[str]:
    """Return the addresses in a text, once each, parted by spaces, commas, semicolons or lines."""
    return list(dict.fromkeys(part for part in _SEPARATORS.split(text[:4000]) if part))


def series_rows(points: tuple[SeriesPoint, ...], years: list[int], _: Wording) -> list[SeriesRow]:
    """Return one row a cell, under its newest label."""
    rows = []
    for address in dict.fromkeys(point.address for point in points):
        by_year = {point.year: point for point in points if point.address == address}
        newest = by_year[max(by_year)]
        label = label_of(formsets.load(newest.form_set), address, _) or escape(newest.label)
        cells = tuple((by_year.get(year), _value(by_year.get(year), _)) for year in years)
        rows.append(SeriesRow(address, label, newest.label, cells))
    return rows


def _value(point: SeriesPoint | None, _: Wording) -> str:
    return _shown(formsets.load(point.form_set), point.address, point.value, _) if point and point.value else ""


def _difference(one: CellDifference, form_set: FormSet, _: Wording) -> DifferenceRow:
    text, other_text = (_shown(form_set, one.address, value, _) for value in (one.value, one.other_value))
    label = label_of(form_set, one.address, _) or escape(one.label)
    apart = ("", "") if one.is_break else _apart(one, form_set, _)
    return DifferenceRow(one.address, label, text, other_text, *apart, one.is_break)


def _apart(one: CellDifference, form_set: FormSet, _: Wording) -> tuple[str, str]:
    """Return the gap and its share of the second value; an empty cell is no zero, and nothing is a share of zero."""
    if not (form_set.has_cell(one.address) and is_numeric(form_set.cell_type(one.address)) and one.value):
        return "", ""
    try:
        first, second = Decimal(one.value), Decimal(one.other_value)
    except InvalidOperation:
        return "", ""
    gap = first - second
    share = percent(gap / abs(second), _) if second else ""
    return with_sign(gap, form_set.cell_type(one.address), _), share


def _usual(filing: Filing, choices: list[Choice]) -> str:
    """Return what people compare with first: the year before as signed, else another version, else this filing."""
    others = [one for one in choices if (one.filing_id, one.version) != (filing.identity.filing_id, 0)]
    earlier = [one for one in others if one.year < filing.identity.year]
    return next((one.value for one in (*earlier, *others)), choices[0].value if choices else "")


def _shown(form_set: FormSet, address: str, value: str, _: Wording) -> str:
    if not form_set.has_cell(address):
        return value
    return shown(value, form_set.cell_type(address), _, is_computed=form_set.is_computed(address))


async def _same_document(visit: Visit, filing: Filing) -> list[Filing]:
    found = (await visit.services.forms.list(filing.identity.body)).filings
    same = [one for one in found if one.identity.document is filing.identity.document and not one.is_trial]
    return sorted(same, key=lambda one: -one.identity.year)


def _choices(filings: list[Filing]) -> list[Choice]:
    return [
        Choice(f"{one.identity.filing_id}:{version}", one.identity.filing_id, one.identity.year, version)
        for one in filings
        for version in range(one.signed_version, -1, -1)
    ]


def _forms(form_set: FormSet, filing: Filing) -> list[Form]:
    return [form for form in form_set.forms if form.document == filing.identity.document.code]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise NotFound
    return int(text)
