"""Malformed files by the hundred, made from a seed: what people, programs and attackers upload by mistake or on purpose.

`malformed_files()` yields the same files for the same seed; none is kept in the repository.
"""

import gzip
import json
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.support.form_sets import SAMPLE
from tests.support.workbooks import Raw, a_sparse_workbook, a_workbook, parts_of, sheet_xml, zipped

SEED = 20251123
_HEADER = "code;colonne;valeur;nature\n"


@dataclass(frozen=True)
class MalformedFile:
    """One file and the name it is uploaded under."""

    kind: str
    name: str
    content: bytes


def malformed_files(seed: int = SEED) -> Iterator[MalformedFile]:
    """Yield more than 600 files, the same ones for the same seed."""
    chance = random.Random(seed)
    for maker in (_named_texts, _named_workbooks, _other_formats):
        yield from maker()
    lines = SAMPLE.read_text(encoding="utf-8").splitlines(keepends=True)[:80]
    flat = "".join(lines).encode()
    book = a_workbook({"Données": [line.strip().split(";") for line in lines], "Notes": [["x", 1.5, True]]})
    balance = "Compte;Libellé;Débit;Crédit\n" + "".join(f"60{i:04};Achats {i};{i},50;0\n" for i in range(40))
    for kind, name, content, times in (
        ("csv", "er.csv", flat, 140),
        ("csv-1252", "er.csv", flat.decode().encode("cp1252"), 40),
        ("balance", "balance.csv", balance.encode("cp1252"), 80),
        ("fec", "000000018FEC20241231.txt", _fec(), 60),
        ("report", "rapport.json", _report(), 80),
        ("workbook", "er.xlsx", book, 140),
    ):
        for _ in range(times):
            spoil = chance.choice(_SPOILS)
            yield MalformedFile(f"{kind}, {spoil.__name__.strip('_')}", name, spoil(content, chance))
    sheet = sheet_xml([line.strip().split(";") for line in lines])
    for _ in range(80):
        spoil = chance.choice(_SPOILS)
        parts = parts_of({"Données": spoil(sheet, chance)})
        yield MalformedFile(f"sheet, {spoil.__name__.strip('_')}", "er.xlsx", zipped(parts))


def _flipped(content: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(content)
    for _ in range(chance.randint(1, 12)):
        spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
    return bytes(spoilt)


def _truncated(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def _repeated(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content))
    piece = content[start : start + chance.randint(1, 2_000)]
    return content[:start] + piece * chance.randint(2, 60) + content[start:]


def _shuffled(content: bytes, chance: random.Random) -> bytes:
    size = max(1, len(content) // 8)
    pieces = [content[i : i + size] for i in range(0, len(content), size)]
    chance.shuffle(pieces)
    return b"".join(pieces)


def _sprinkled(content: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(content)
    for _ in range(chance.randint(1, 30)):
        at = chance.randrange(len(spoilt) + 1)
        spoilt[at:at] = chance.choice(
            [b'"', b";", b"\x00", b"\r", b"\n", b"<", b"&", b"\xff", b"{", b"]", b"\xe2\x80\xae", b"1e999"]
        )
    return bytes(spoilt)


def _holed(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content))
    return content[:start] + content[start + chance.randint(1, 600) :]


def _doubled(content: bytes, chance: random.Random) -> bytes:
    return content + content[chance.randrange(len(content)) :]


_SPOILS: list[Callable[[bytes, random.Random], bytes]] = [
    _flipped, _truncated, _repeated, _shuffled, _sprinkled, _holed, _doubled,
]  # fmt: skip


def _named_texts() -> Iterator[MalformedFile]:
    texts = {
        "empty": "",
        "blank": " \n\t\n",
        "header only": _HEADER,
        "no header": "BA.010;brut;12\n",
        "million separators": ";" * 1_000_000,
        "million lines": "\n" * 1_000_000,
        "million quotes": _HEADER + '"' * 1_000_000,
        "open quotes": _HEADER + '"BA.010;brut;12\n' * 5_000,
        "one long line": "a" * 3_000_000,
        "one long value": _HEADER + "ID.010;v;" + "é" * 1_000_000,
        "many columns": ";".join(["code", "colonne", "valeur", *(f"c{i}" for i in range(20_000))])
        + "\nBA.010;brut;1\n",
        "same column twice": "code;code;colonne;valeur\nBA.010;BA.020;brut;1\n",
        "many unknown lines": _HEADER + "".join(f"ZZ.{i};n;1;x\n" for i in range(20_000)),
        "duplicates": _HEADER + "".join(f"BA.010;brut;{i};x\n" for i in range(20_000)),
        "thousands": "unite;k€\n" + _HEADER + "BA.010;brut;1;x\n",
        "other body": _HEADER + "ID.030;v;552081317;x\n",
        "other year": _HEADER + "ID.170;v;2019-12-31;x\n",
        "ambiguous numbers": _HEADER + "BA.010;brut;1.234,56;x\nBA.020;brut;1,234.56;x\nBA.030;brut;1.234;x\n",
        "errors of a spreadsheet": _HEADER + "BA.010;brut;#DIV/0!;x\nBA.020;brut;#REF!;x\n",
        "formulas": _HEADER + "ID.010;v;=cmd|'/c calc'!A0;x\nID.020;v;@SUM(A1);x\n",
        "bidi": _HEADER + "ID.010;v;\u202eabc;x\n",
        "digits of other scripts": _HEADER + "BA.010;brut;١٢٣;x\nBA.020;brut;１２;x\n",
        "huge numbers": _HEADER
        + f"BA.010;brut;{'9' * 5_000};x\nBA.020;brut;1e999999;x\nBA.030;brut;-0;x\nBA.040;brut;NaN;x\n",
        "brackets": "code;colonne;valeur\n" + "(" * 100_000,
        "balance of subtotals": "compte;debit;credit\n" + "".join(f"{'6' * n};1;0\n" for n in range(1, 20)),
        "balance of nothing": "compte;debit;credit\nTotal;1;1\n",
        "balance of many accounts": "compte;debit;credit\n" + "".join(f"6{i:07};1;0\n" for i in range(25_000)),
        "balance of doubtful amounts": "compte;debit;credit\n" + "".join(f"6{i:05};1.234;x\n" for i in range(3_000)),
        "html": "<html><table><tr><td>code</td></tr></table></html>",
        "xml": '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
        "deep json": "[" * 200_000,
        "deep object": '{"a":' * 200_000,
        "json numbers": '{"facts": {"a": ' + "9" * 100_000 + "}}",
        "json of another": '{"documentInfo": {"documentType": "https://xbrl.org/2021/xbrl-json"}, "facts": {"f": {"value": 1}}}',
        "json lists": '{"documentInfo": [], "facts": []}',
    }
    for kind, text in texts.items():
        yield MalformedFile(kind, "fichier.csv", text.encode())
    sample = (_HEADER + "ID.010;v;Métropole;x\n").encode
    for encoding in (
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "utf-32",
        "cp500",
        "utf-7",
        "shift-jis",
        "cp1251",
        "mac-roman",
    ):
        content = (_HEADER + "ID.010;v;Office;x\n").encode(encoding) if encoding == "cp1251" else _encoded(encoding)
        yield MalformedFile(encoding, "fichier.csv", content)
    yield MalformedFile("mixed encodings", "fichier.csv", sample() + "ID.020;v;Métropole;x\n".encode("cp1252"))


def _encoded(encoding: str) -> bytes:
    return (_HEADER + "ID.010;v;Métropole;x\n").encode(encoding, "replace")


def _named_workbooks() -> Iterator[MalformedFile]:
    rows = [["code", "colonne", "valeur"], ["BA.010", "brut", 1]]
    whole = parts_of({"F": sheet_xml(rows)})
    error, formula = Raw('<c r="{r}" t="e"><v>#N/A</v></c>'), Raw('<c r="{r}"><f>1+1</f></c>')
    doctype = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
    wide = "".join("<c><v>1</v></c>" for _ in range(16_384))
    books = {
        "sparse": a_sparse_workbook(),
        "errors": a_workbook({"F": [rows[0], ["BA.010", "brut", error], ["BA.020", "brut", formula]]}),
        "no table": a_workbook({"F": [["bonjour"]]}),
        "no sheet": zipped(parts_of({})),
        "no cell": a_workbook({"F": []}),
        "odd values": a_workbook({"F": [rows[0], ["BA.010", "brut", "1e400"], [True, 1.5, False], [1, 2, 3]]}),
        "bad number": a_workbook({"F": [rows[0], ["BA.010", "brut", Raw('<c r="{r}"><v>abc</v></c>')]]}),
        "huge number": a_workbook({"F": [rows[0], ["BA.010", "brut", Raw('<c r="{r}"><v>1e308</v></c>')]]}),
        "not a number": a_workbook({"F": [rows[0], ["BA.010", "brut", Raw('<c r="{r}"><v>NaN</v></c>')]]}),
        "bad shared string": a_workbook({"F": [rows[0], ["BA.010", "brut", Raw('<c r="{r}" t="s"><v>99999</v></c>')]]}),
        "bad date": a_workbook({"F": [rows[0], ["ID.170", "v", Raw('<c r="{r}" s="1"><v>99999999</v></c>')]]}),
        "wide row": zipped(parts_of({"F": f"<worksheet><sheetData>{f'<row>{wide}</row>' * 40}</sheetData></worksheet>".encode()}), zipfile.ZIP_STORED),
        "doctype": zipped(whole | {"xl/styles.xml": doctype}),
        "bomb": zipped(whole | {"xl/media/a.bin": b"\0" * 30_000_000}),
        "bomb of strings": zipped(whole | {"xl/sharedStrings.xml": b"<sst>" + b"<si><t>a</t></si>" * 900_000 + b"</sst>"}),
        "nested": zipped(whole | {"xl/embeddings/b.xlsx": zipped(whole)}),
        "many parts": zipped(whole | {f"xl/p{i}.xml": b"<a/>" for i in range(5_000)}),
        "slip": zipped(whole | {"../../etc/cron.d/x": b"<a/>"}),
        "case": zipped(whole | {"XL/WORKBOOK.XML": b"<a/>"}),
        "no relations": zipped({k: v for k, v in whole.items() if not k.endswith("workbook.xml.rels")}),
        "no workbook": zipped({k: v for k, v in whole.items() if k != "xl/workbook.xml"}),
        "sheet elsewhere": zipped(whole | {"xl/_rels/workbook.xml.rels": whole["xl/_rels/workbook.xml.rels"].replace(b"worksheets/sheet1.xml", b"../../etc/passwd")}),
        "empty parts": zipped(dict.fromkeys(whole, b"")),
        "deep": zipped(whole | {"xl/worksheets/sheet1.xml": b"<worksheet>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</worksheet>"}),
        "document": zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}),
        "plain archive": zipped({"lisez-moi.txt": b"bonjour"}),
        "empty archive": zipped({}),
        "report package of nothing": zipped({"r/META-INF/reportPackage.json": b"{}", "r/reports/a.json": b"{}"}),
        "false count": _false_count(zipped(whole)),
    }  # fmt: skip
    for kind, content in books.items():
        yield MalformedFile(kind, "classeur.xlsx", content)


def _false_count(content: bytes) -> bytes:
    spoilt = bytearray(content)
    at = content.rfind(b"PK\x05\x06")
    spoilt[at + 8 : at + 12] = struct.pack("<2H", 60_000, 60_000)
    return bytes(spoilt)


def _other_formats() -> Iterator[MalformedFile]:
    chance = random.Random(SEED)
    sheets = b"application/vnd.oasis.opendocument.spreadsheet"
    for kind, content in {
        "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        "old spreadsheet": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_096),
        "program": b"\x7fELF\x02\x01\x01" + bytes(100),
        "image": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "gzip": gzip.compress(SAMPLE.read_bytes(), mtime=0),
        "gzip bomb": gzip.compress(b"\0" * 20_000_000, mtime=0),
        "open document": zipped({"mimetype": sheets, "content.xml": b"<office/>"}),
        "rich text": b"{\\rtf1\\ansi code;colonne;valeur}",
        "noise": chance.randbytes(50_000),
        "zeros": bytes(1_000_000),
        "marks only": b"PK\x03\x04",
        "byte order mark": b"\xef\xbb\xbf",
    }.items():
        yield MalformedFile(kind, "fichier.xlsx", content)


def _fec() -> bytes:
    titles = (
        "JournalCode|JournalLib|EcritureNum|EcritureDate|CompteNum|CompteLib|CompAuxNum|CompAuxLib|PieceRef|PieceDate"
    )
    titles += "|EcritureLib|Debit|Credit|EcritureLet|DateLet|ValidDate|Montantdevise|Idevise\n"
    rows = (
        f"AC|Achats|{i}|20241231|60{i:04}|Achats|||P{i}|20241231|Libellé|{i},00|0,00|||20241231||\n" for i in range(40)
    )
    return (titles + "".join(rows)).encode()


def _report() -> bytes:
    dimensions = {"entity": "siren:000000018", "period": "2024-01-01T00:00:00/2025-01-01T00:00:00"}
    facts = {
        f"BA.0{i}0.brut": {
            "value": str(i),
            "dimensions": dimensions | {"concept": f"hlm:BA.0{i}0", "hlm:Colonne": "hlm:Colonne.brut"},
        }
        for i in range(1, 9)
    }
    kind = "https://xbrl.org/2021/xbrl-json"
    return json.dumps({"documentInfo": {"documentType": kind, "taxonomy": []}, "facts": facts}).encode()
