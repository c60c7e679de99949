"""What is hostile is refused before a reader opens it; what a reader hides is noted (security.md A1 to A5)."""

import io
import random
import struct
import time
import tracemalloc
import zipfile
import zlib

import pytest

from services.forms.clients.uploads.containers import MOST_ENTRIES, entries_of, unpacked
from services.forms.clients.uploads.refusal import FileRefused
from services.forms.clients.uploads.spreadsheet_scan import MOST_ROWS, scan
from tests.support.workbooks import Raw, a_sparse_workbook, a_workbook, parts_of, sheet_xml, zipped

HEADER = ["code", "colonne", "valeur"]
ROWS = [HEADER, ["BA.010", "brut", 12]]


def refusal(content: bytes) -> str:
    with pytest.raises(FileRefused) as caught:
        scan(content)
    problem = caught.value.problem
    assert all((problem.english.what, problem.english.where, problem.english.how))
    return str(problem.french)


def test_an_honest_workbook_passes():
    assert list(scan(a_workbook({"Données": ROWS})).sheets) == ["Données"]


def test_two_cells_that_ask_for_512_gib_are_refused_within_a_second_and_256_mb():
    content = a_sparse_workbook()
    assert len(content) < 4_700
    tracemalloc.start()
    began = time.process_time()

    french = refusal(content)

    assert time.process_time() - began < 1
    assert tracemalloc.get_traced_memory()[1] < 16_000_000
    tracemalloc.stop()
    assert "1048576" in french


@pytest.mark.parametrize("reference", ["A1:XFD1048576", "A1:A5001", "A1:CW5000", "A1:XFD100"])
def test_a_dimension_out_of_bounds_is_refused(reference):
    sheet = sheet_xml(ROWS, f'<dimension ref="{reference}"/>')
    refusal(zipped(parts_of({"F": sheet})))


@pytest.mark.parametrize(
    "reference", ["A5001", "CW5000", "XFD100", "ZZZ1", "B0", "a1", "", "A1048577", "A-1", "12", "AAAA1"]
)
def test_a_cell_far_away_or_without_a_readable_address_is_refused(reference):
    cell = f'<c r="{reference}"><v>1</v></c>'
    refusal(a_workbook({"F": [[Raw(cell)]]}))


def test_too_many_cells_are_refused():
    row = "".join("<c><v>1</v></c>" for _ in range(200))
    data = "".join(f"<row>{row}</row>" for _ in range(2_600))
    sheet = f"<worksheet><sheetData>{data}</sheetData></worksheet>".encode()
    began = time.process_time()

    french = refusal(zipped(parts_of({"F": sheet}), zipfile.ZIP_STORED))

    assert "500000" in french
    assert time.process_time() - began < 2


def test_cells_are_counted_over_all_sheets():
    row = "".join("<c><v>1</v></c>" for _ in range(100))
    sheet = f"<worksheet><sheetData>{f'<row>{row}</row>' * 1_700}</sheetData></worksheet>".encode()
    refusal(zipped(parts_of({"A": sheet, "B": sheet, "C": sheet}), zipfile.ZIP_STORED))


def test_rows_are_counted_though_they_have_no_number():
    rows = "<row/>" * MOST_ROWS + "<row><c><v>1</v></c></row>"
    sheet = f"<worksheet><sheetData>{rows}</sheetData></worksheet>"

    assert "5001" in refusal(zipped(parts_of({"F": sheet.encode()}), zipfile.ZIP_STORED))


def test_the_widest_and_longest_sheet_is_allowed():
    assert scan(a_workbook({"F": [[Raw(f'<c r="CV{MOST_ROWS}"><v>1</v></c>')]]}))
    assert scan(zipped(parts_of({"F": sheet_xml(ROWS, f'<dimension ref="A1:CV{MOST_ROWS}"/>')})))


def test_what_all_sheets_cover_is_counted_together():
    far = [[1], [Raw(f'<c r="CV{MOST_ROWS}"><v>1</v></c>')]]
    assert scan(a_workbook(dict.fromkeys("AB", far)))

    assert "1000000" in refusal(a_workbook(dict.fromkeys("ABC", far)))


@pytest.mark.parametrize(
    "part",
    ["xl__worksheets__sheet1_dot_xml", "xl__workbook_dot_xml", "xl__styles_dot_xml", "xl__sharedStrings_dot_xml"],
)
@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        '<!DOCTYPE a SYSTEM "http://192.0.2.1/evil.dtd"><a/>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><a/>',
        '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>',
        "<!DOCTYPE a><a/>",
    ],
)
def test_a_doctype_is_refused_wherever_it_is(part, declared):
    assert "DOCTYPE" in refusal(a_workbook({"F": ROWS}, **{part: declared.encode()}))


def test_a_doctype_is_found_in_a_part_that_hides_its_kind():
    assert "DOCTYPE" in refusal(a_workbook({"F": ROWS}, xl__hidden_dot_bin=b"\xef\xbb\xbf <!DOCTYPE a><a/>"))


def test_other_encodings_of_xml_do_not_hide_anything():
    hidden = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode("utf-16")
    refusal(a_workbook({"F": ROWS}, xl__worksheets__sheet1_dot_xml=hidden))


def test_the_error_cells_that_the_reader_returns_empty_are_found():
    error = Raw('<c r="{r}" t="e"><f>1/0</f><v>#DIV/0!</v></c>')
    noted = scan(a_workbook({"F": [HEADER, ["BA.010", "brut", error], ["BA.020", "brut", 3]]})).sheets["F"]

    assert noted.errors == {(2, 3): "#DIV/0!"}


def test_formulas_without_a_result_are_found_also_the_last_one():
    formula = Raw('<c r="{r}"><f>A1+1</f></c>')
    stored = Raw('<c r="{r}"><f>A1+1</f><v>2</v></c>')
    noted = scan(a_workbook({"F": [HEADER, ["BA.010", "brut", formula], [stored, formula]]})).sheets["F"]

    assert noted.unresolved == {(2, 3), (3, 2)}


def test_percentages_are_found():
    noted = scan(a_workbook({"F": [[Raw('<c r="{r}" s="2"><v>0.12</v></c>'), 1]]})).sheets["F"]

    assert noted.percentages == {(1, 1)}


def bomb(**sizes: int) -> bytes:
    return a_workbook({"F": ROWS}, xl__big_dot_xml=b"<a>" + b" " * 3_000_000 + b"</a>", **sizes)


def test_a_ratio_above_one_hundred_is_refused_before_unpacking():
    began = time.process_time()
    assert "démesuré" in refusal(bomb())
    assert time.process_time() - began < 0.2


def test_more_than_100_mb_unpacked_is_refused_before_unpacking():
    parts = parts_of({"F": sheet_xml(ROWS)})
    content = bytearray(zipped(parts | {"xl/a.bin": b"x" * 2_000_000}, zipfile.ZIP_STORED))
    assert scan(bytes(content))
    at = content.rfind(b"xl/a.bin") - 46
    content[at + 24 : at + 28] = struct.pack("<L", 200_000_000)
    refusal(bytes(content))


def test_false_sizes_are_refused():
    content = bytearray(a_workbook({"F": ROWS}, xl__a_dot_xml=b"<a>" + b"x" * 50_000 + b"</a>"))
    name_at = content.rfind(b"xl/a.xml")
    local = content.find(b"PK\x03\x04", content.find(b"xl/a.xml") - 40)
    for at in (name_at - 46 + 24, local + 22):
        content[at : at + 4] = struct.pack("<L", 10_000)
    assert "fausses" in refusal(bytes(content))


@pytest.mark.parametrize("inner", [zipped({"a.txt": b"a"}), b"\x1f\x8b\x08\x00rest", b"7z\xbc\xaf\x27\x1c", b"Rar!"])
def test_nested_archives_are_refused(inner):
    assert "archive" in refusal(a_workbook({"F": ROWS}, xl__embeddings__a_dot_bin=inner))


def with_parts(number):
    parts = parts_of({"F": sheet_xml(ROWS)})
    return zipped(parts | {f"xl/p{i}.xml": b"<a/>" for i in range(number - len(parts))})


def test_as_many_parts_as_security_allows_pass_and_one_more_is_refused_within_a_second():
    assert list(scan(with_parts(MOST_ENTRIES)).sheets) == ["F"]
    content = with_parts(MOST_ENTRIES + 1)
    began = time.process_time()

    assert "2001 éléments" in refusal(content)

    assert time.process_time() - began < 0.2


def test_a_bomb_in_many_parts_is_refused_within_a_second():
    content = zipped({"[Content_Types].xml": b"<a/>"} | {f"xl/p{i}.xml": b" " * 60_000 for i in range(1_900)})
    began = time.process_time()

    assert "démesuré" in refusal(content)

    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "name",
    [
        "../evil.xml",
        "/etc/passwd",
        "xl/../../a.xml",
        "C:\\a.xml",
        "xl\\a.xml",
        "a\x00b.xml",
        "xl//a.xml",
        "xl/\x1b[.xml",
    ],
)
def test_names_that_leave_the_archive_are_refused(name):
    refusal(zipped(parts_of({"F": sheet_xml(ROWS)}) | {name.replace("\x00", "\x01"): b"<a/>"}))


def test_symbolic_links_are_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts_of({"F": sheet_xml(ROWS)}).items():
            archive.writestr(name, content)
        link = zipfile.ZipInfo("xl/link.xml")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    refusal(file.getvalue())


@pytest.mark.parametrize("twin", ["xl/worksheets/sheet1.xml", "XL/Worksheets/SHEET1.XML", "xl/worksheets/sheet1.xml."])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_are_refused_also_in_another_case(twin):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts_of({"F": sheet_xml(ROWS)}).items():
            archive.writestr(name, content)
        archive.writestr(twin, sheet_xml([["x"]]))
    assert "même nom" in refusal(file.getvalue())


def test_overlapping_entries_are_refused():
    """Two descriptions of the same bytes, as in the bombs that grow without nesting."""
    content = zipped({"a.xml": b"<a/>"}, zipfile.ZIP_STORED)
    at = content.find(b"PK\x01\x02")
    directory = content[at : content.find(b"PK\x05\x06")]
    end = bytearray(content[content.find(b"PK\x05\x06") :])
    end[8:12] = struct.pack("<2H", 2, 2)
    end[12:16] = struct.pack("<L", 2 * len(directory))
    with pytest.raises(FileRefused):
        entries_of(content[:at] + directory * 2 + bytes(end))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda c: c[:-1],
        lambda c: c + b"x",
        lambda c: b"x" + c,
        lambda c: c[: len(c) // 2],
        lambda c: b"PK\x03\x04",
        lambda c: c.replace(b"PK\x01\x02", b"PK\x01\x03", 1),
        lambda c: c.replace(b"PK\x03\x04", b"PK\x03\x05", 1),
    ],
)
def test_a_damaged_container_is_refused(spoil):
    refusal(spoil(a_workbook({"F": ROWS})))


def test_encryption_and_macros_are_refused():
    content = bytearray(a_workbook({"F": ROWS}))
    content[content.find(b"PK\x01\x02") + 8] |= 1
    assert "mot de passe" in refusal(bytes(content))
    assert "macros" in refusal(a_workbook({"F": ROWS}, xl__vbaProject_dot_bin=b"\xd0\xcf\x11\xe0"))


def test_an_archive_that_is_no_workbook_is_refused():
    assert "archive" in refusal(zipped({"a.txt": b"hello"}))


def test_a_sheet_named_twice_is_refused():
    book = b'<workbook><sheets><sheet name="F" r:id="rId1" xmlns:r="r"/><sheet name="F" r:id="rId2" xmlns:r="r"/></sheets></workbook>'
    assert "deux fois" in refusal(a_workbook({"F": ROWS}, xl__workbook_dot_xml=book))


def test_an_entry_gives_back_its_bytes_stored_or_deflated():
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        content = zipped({"a.bin": random.Random(4).randbytes(200_000)}, method)
        [entry] = entries_of(content)
        assert zlib.crc32(b"".join(unpacked(content, entry))) == entry.checksum
