"""Documents ready to be exported: the worked example, or cells chosen by the test."""

import csv
import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

from hypothesis import strategies as st

import formsets
from formsets.formats import luhn, read
from formsets.values import written
from services.forms.domain.cell import Cell
from services.forms.domain.export import ExportContent, export_content
from services.forms.domain.filing import Document, Filing
from tests.support.form_sets import SAMPLE
from tests.support.forms import FORM_SET, NOON, a_filing, a_form_set


def sample_values(document: Document = Document.ER) -> dict[str, str]:
    """Written forms of the worked example's cells of a document."""
    form_set, found = a_form_set(), {}
    with SAMPLE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            address = f"{row['code']}.{row['colonne']}"
            value = read(form_set, address, row["valeur"], 2024, origin="file").value
            if value is not None and form_set.document_of(address) == document:
                found[address] = written(value, form_set.cell_type(address))
    return found


def an_export(
    values: Mapping[str, str] | None = None,
    document: Document = Document.ER,
    *,
    filing: Filing | None = None,
    cells: Iterable[Cell] = (),
    version: int = 0,
    form_set: str = FORM_SET,
) -> ExportContent:
    """The worked example, or these values."""
    return export_content(
        filing or a_filing(document=document, form_set=form_set),
        formsets.load(form_set),
        sample_values(document) if values is None else values,
        {cell.address: cell for cell in cells},
        version,
        NOON,
    )


def luhn_complete(digits: str) -> str:
    """Digits followed by their Luhn key."""
    return next(f"{digits}{key}" for key in "0123456789" if luhn(f"{digits}{key}"))


def _numbers(lowest: int, highest: int, places: int) -> st.SearchStrategy[str]:
    scale = 10**places
    return st.integers(lowest * scale, highest * scale).map(lambda n: written(Decimal(n) / scale))


_BIG = 99_999_999_999
_TYPED: dict[str, st.SearchStrategy[str]] = {
    "M": _numbers(0, _BIG, 0),
    "MS": _numbers(-_BIG, _BIG, 0),
    "N": _numbers(0, 9_999_999, 0),
    "NS": _numbers(-9_999_999, 9_999_999, 0),
    "N2": _numbers(0, 99, 0),
    "P": _numbers(-_BIG, _BIG, 2),
    "D1": _numbers(-_BIG, _BIG, 1),
    "D2": _numbers(-_BIG, _BIG, 2),
    "DATE": st.dates(dt.date(1900, 1, 1), dt.date(2026, 12, 31)).map(dt.date.isoformat),
    "BOOL": st.sampled_from(["true", "false"]),
    "SIREN": st.from_regex("[0-9]{8}", fullmatch=True).map(luhn_complete),
    "SIRET": st.from_regex("[0-9]{4}", fullmatch=True).map(lambda four: luhn_complete(f"000000018{four}")),
    "CP5": st.from_regex("[0-9]{5}", fullmatch=True),
    "INSEE5": st.sampled_from(["01004", "2A004", "97105", "21231"]),
    "TEL": st.sampled_from(["0102030405", "+33102030405"]),
    "EMAIL": st.sampled_from(["contact@example.org", "-a@example.org", "+b@example.org", "=c@example.org"]),
}
_HOSTILE = st.sampled_from(
    [
        "-abc",
        "+abc",
        "@abc",
        "'abc",
        "'-abc",
        "''+abc",
        "＝abc",
        "－abc",
        "＋abc",
        "＠abc",
        "\u00a0-abc",
        ";a",
        '"a',
        "a;b",
        "#nil",
    ]
)


def written_values(cell_type: str, enum_values: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Every written form that the format controls give for a type, hostile texts among them."""
    if cell_type == "ENUM":
        return st.sampled_from(enum_values)
    if cell_type in _TYPED:
        return _TYPED[cell_type]
    longest = int(cell_type[1:])
    return st.one_of(_HOSTILE, st.builds(str.__add__, _HOSTILE, st.text(max_size=60)), st.text(max_size=longest))


@st.composite
def filled_cells(draw: st.DrawFn) -> dict[str, str]:
    """A few input cells of the ER with values that the format controls accept."""
    form_set = a_form_set()
    addresses = [a for a in form_set.cells("ER") if form_set.accepts_input(a)]
    by_type: dict[str, list[str]] = {}
    for address in addresses:
        by_type.setdefault(form_set.cell_type(address), []).append(address)
    found: dict[str, str] = {}
    for cell_type in draw(st.lists(st.sampled_from(sorted(by_type)), max_size=12)):
        address = draw(st.sampled_from(by_type[cell_type]))
        text = draw(written_values(cell_type, form_set.line_of(address).enum_values))
        reading = read(form_set, address, text, 2024, origin="file")
        if reading.problem is None and reading.value is not None and text.count("\n") < 40:
            found[address] = written(reading.value)
    return found
