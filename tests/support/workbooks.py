"""Workbooks written by hand, part by part, so that a test can make them as honest or as hostile as it needs."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


class Raw(str):
    """A whole `<c>` element, `{r}` standing for its reference."""

    __slots__ = ()


def a_workbook(sheets: Mapping[str, Sequence[Sequence[object]]], **changes: bytes) -> bytes:
    """A workbook of these sheets; `changes` replaces or adds parts, slashes and dots written `__` and `_dot_`."""
    parts = parts_of({name: sheet_xml(rows) for name, rows in sheets.items()})
    for name, content in changes.items():
        parts[name.replace("__", "/").replace("_dot_", ".")] = content
    return zipped(parts)


def parts_of(sheets: Mapping[str, bytes]) -> dict[str, bytes]:
    """Every part of a workbook whose sheets are given as XML."""
    numbered = list(enumerate(sheets.items(), start=1))
    named = "".join(f'<sheet name={quoteattr(name)} sheetId="{i}" r:id="rId{i}"/>' for i, (name, _) in numbered)
    relations = "".join(
        f'<Relationship Id="rId{i}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i, _ in numbered
    )
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{_CONTENT}.worksheet+xml"/>'
        for i, _ in numbered
    )
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    return {
        "[Content_Types].xml": f'{head}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_CONTENT}.sheet.main+xml"/>'
        f"{types}</Types>".encode(),
        "_rels/.rels": f'{head}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'.encode(),
        "xl/workbook.xml": f'{head}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{named}</sheets>'
        "</workbook>".encode(),
        "xl/_rels/workbook.xml.rels": f'{head}<Relationships xmlns="{_PACKAGE}/relationships">{relations}<Relationship '
        f'Id="rIdS" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>'.encode(),
        "xl/styles.xml": f'{head}<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="170" formatCode="0.0 %"/>'
        '</numFmts><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/></cellXfs>'
        "</styleSheet>".encode(),
        **{f"xl/worksheets/sheet{i}.xml": xml for i, (_, xml) in numbered},
    }


def sheet_xml(rows: Sequence[Sequence[object]], before: str = "") -> bytes:
    """A sheet; `before` stands before its data, such as a dimension."""
    written = "".join(
        f'<row r="{number}">{"".join(_cell(value, f"{letters(at)}{number}") for at, value in enumerate(row))}</row>'
        for number, row in enumerate(rows, start=1)
    )
    return f'<worksheet xmlns="{_MAIN}">{before}<sheetData>{written}</sheetData></worksheet>'.encode()


def a_sparse_workbook() -> bytes:
    """Two cells at the corners of the sheet, 4.7 kB: a reader that keeps a rectangle asks for 512 GiB."""
    data = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{data}</sheetData></worksheet>'.encode()
    return zipped(parts_of({"Feuil1": sheet}))


def zipped(parts: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), content, method)
    return file.getvalue()


def letters(at: int) -> str:
    """Letters of a column, from its index."""
    found, number = "", at + 1
    while number:
        number, rest = divmod(number - 1, 26)
        found = chr(65 + rest) + found
    return found


def _cell(value: object, reference: str) -> str:
    if isinstance(value, Raw):
        return value.replace("{r}", reference)
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return f'<c r="{reference}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float | Decimal):
        return f'<c r="{reference}"><v>{value}</v></c>'
    text = escape(str(value))
    return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
