"""Years and versions side by side: one cell over the years, and what differs between two contents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from formsets import FormSet
from formsets.package import line_code_of

MOST_CELLS, MOST_YEARS = 50, 5


@dataclass(frozen=True, slots=True)
class YearContent:
    """What a body filed for one year, with the form set of that year."""

    year: int
    form_set: FormSet
    values: Mapping[str, str]
    is_signed: bool
    has_other_labels: bool = False
    """The form set of that year is shipped no more: this one is another."""


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One value of a series, as it was labelled then."""

    year: int
    address: str
    value: str
    label: str
    form_set: str
    is_break: bool
    """The definition changed from the year before: the two values are not comparable."""
    is_signed: bool
    has_other_labels: bool = False
    """The label is of another form set than that of the year."""


@dataclass(frozen=True, slots=True)
class CellDifference:
    """A cell whose value is not the same in two contents."""

    address: str
    label: str
    value: str
    other_value: str
    is_break: bool = False
    """The definition changed between the two form sets: the two values are not comparable."""
    has_other_labels: bool = False
    """The form set of one of the two contents is shipped no more: labels are of another one."""


def series(contents: Sequence[YearContent], addresses: Sequence[str]) -> list[SeriesPoint]:
    """Return one point a year and address, oldest year first, in the order of the addresses.

    Args:
        contents: the years, oldest first.
        addresses: the cells; one that a year's form set does not have gives an empty value without a label.
    """
    points = []
    before: YearContent | None = None
    for content in contents:
        points += [_point(before, content, address) for address in addresses]
        before = content
    return points


def _point(before: YearContent | None, content: YearContent, address: str) -> SeriesPoint:
    form_set = content.form_set
    is_known = form_set.has_cell(address)
    return SeriesPoint(
        year=content.year,
        address=address,
        value=content.values.get(address, "") if is_known else "",
        label=form_set.label(address) if is_known else "",
        form_set=form_set.version,
        is_break=before is not None and is_known and _is_redefined(before.form_set, form_set, address),
        is_signed=content.is_signed,
        has_other_labels=content.has_other_labels,
    )


def _is_redefined(before: FormSet, after: FormSet, address: str) -> bool:
    if before == after:
        return False
    if not before.has_cell(address) or line_code_of(address) in after.breaks:
        return True
    then, now = before.line_of(address), after.line_of(address)
    return (then.type, then.formula) != (now.type, now.formula)


def differences(
    form_set: FormSet, values: Mapping[str, str], other_form_set: FormSet, others: Mapping[str, str], document: str
) -> list[CellDifference]:
    """Return the cells that differ, in form order; labels are those of the first form set that has the cell."""
    ordered = dict.fromkeys(_addresses(form_set, document, values) + _addresses(other_form_set, document, others))
    before, after = sorted((form_set, other_form_set), key=lambda one: one.opened_from or date.min)
    return [
        CellDifference(
            address,
            _label(form_set, other_form_set, address),
            value,
            other,
            is_break=before.has_cell(address) and after.has_cell(address) and _is_redefined(before, after, address),
        )
        for address in ordered
        if (value := values.get(address, "")) != (other := others.get(address, ""))
    ]


def _addresses(form_set: FormSet, document: str, values: Mapping[str, str]) -> list[str]:
    cells = form_set.cells(document)
    return [*cells, *sorted(values.keys() - set(cells))]


def _label(form_set: FormSet, other: FormSet, address: str) -> str:
    known: Iterable[FormSet] = (one for one in (form_set, other) if one.has_cell(address))
    return next((one.label(address) for one in known), address)
