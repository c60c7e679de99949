"""A balance becomes figures over gRPC: previewed account by account, mapped by the body, given back with its errors."""

import csv
import io

import pytest
from harmonia.forms.v1 import forms_pb2 as pb

from chassis.errors import Invalid, NotFound
from services.forms.clients.uploads.balances import FEC_COLUMNS
from tests.support.forms import SIREN
from tests.support.workbooks import a_workbook

BALANCE = "Compte;Libellé;Débit;Crédit\n6022;Fournitures;1 234,50;\n89999;Divers;;1 234,50\n602x;Faux;1.234;\n".encode(
    "cp1252"
)


def place(package: str = "") -> dict[str, str]:
    return {"body": SIREN, "form_set": "2024.1", "package": package}


async def test_a_balance_fills_cells_as_the_body_maps_its_accounts(running):
    filing_id = await running.open()
    rules = [pb.AccountRule(prefix="89999", address="BA.010.brut", side="credit")]
    with running.by("director"):
        saved = await running.stub.SaveAccountMapping(
            pb.SaveAccountMappingRequest(request_id=running.request_id(), rules=rules, **place("Sage"))
        )
        found = await running.stub.GetAccountMapping(pb.GetAccountMappingRequest(**place("Sage")))
        default = await running.stub.GetAccountMapping(pb.GetAccountMappingRequest(**place()))
        without = await running.preview(filing_id, BALANCE, "balance.csv")
        preview = (
            await running.stub.PreviewImport(
                pb.PreviewImportRequest(
                    request_id=running.request_id(),
                    filing_id=filing_id,
                    file_name="b.csv",
                    content=BALANCE,
                    package="Sage",
                )
            )
        ).preview

    assert list(found.rules) == list(saved.rules)
    assert list(found.packages) == ["Sage"]
    assert not any(rule.is_own for rule in default.rules)
    assert [feed.account for feed in without.feeds if not feed.address] == ["89999"]
    assert (without.package, preview.package) == ("", "Sage")
    own = next(feed for feed in preview.feeds if feed.account == "89999")
    assert (own.address, own.is_own, own.amount) == ("BA.010.brut", True, "1234.5")
    assert {change.address: change.value for change in preview.changes}["BA.010.brut"] == "1235"
    assert [(problem.line, problem.code) for problem in preview.problems] == [(4, "602x")]


async def test_the_rules_of_a_body_outlive_the_form_set_but_for_the_cells_that_are_gone(running):
    rules = [
        pb.AccountRule(prefix="89998", address="CP.380.n", side="credit"),
        pb.AccountRule(prefix="89999", address="BA.010.brut", side="debit"),
    ]
    with running.by("director"):
        await running.stub.SaveAccountMapping(
            pb.SaveAccountMappingRequest(request_id=running.request_id(), rules=rules, **place("Sage"))
        )
        newer = await running.stub.GetAccountMapping(
            pb.GetAccountMappingRequest(**place("Sage") | {"form_set": "2025.1"})
        )

    assert [rule.address for rule in newer.rules if rule.is_own] == ["BA.010.brut"]
    assert list(newer.packages) == ["Sage"]


async def test_the_error_file_comes_back_with_the_persons_own_columns(running):
    filing_id = await running.open()
    rows = [
        ["code", "colonne", "valeur", "clé"],
        ["BA.010", "brut", "abc", "K1"],
        ["BA.020", "brut", 12, "K2"],
        ["ZZ.1", "n", 1, "K3"],
    ]
    preview = await running.preview(filing_id, a_workbook({"F": rows}), "mon fichier.xlsx")
    with running.by("director"):
        file = await running.stub.GetImportErrorFile(
            pb.GetImportErrorFileRequest(filing_id=filing_id, import_id=preview.import_id)
        )

    lines = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert file.file_name == "mon fichier-anomalies.csv"
    assert [(line["clé"], line["état"]) for line in lines] == [
        ("K1", "refusée"),
        ("K2", "à remplir"),
        ("K3", "refusée"),
    ]
    assert lines[0]["quoi"]
    assert lines[0]["comment"]


def corrected(content: bytes) -> bytes:
    """The file with its doubtful amount written as it should be."""
    return content.replace(b"1.234;", b"1234;").replace(b"1.234\t", b"1234\t")


BALANCE_OF_2024 = (
    "Balance au 31/12;;;;\n\nCompte;Libellé;Débit;Crédit;Clé\n6022;=Fournitures;;-1 234,50 €;K1\n"
    "89999;Divers;;1 234,50;K2\n60;Sous-total;;-1 234,50;K3\n602x;Faux;1.234;0;K4\nTotal;;1;;K5\n20510000;Logiciels;5;;-7\n"
)
FEC_OF_2024 = "\n".join(
    "\t".join(row)
    for row in (
        FEC_COLUMNS,
        ["A", "", "1", "20241231", "6022", "Achats", *[""] * 5, "10,00", "0,00", *[""] * 5],
        ["A", "", "1", "20241231", "6022", "Achats", *[""] * 5, "1.234", "0,00", *[""] * 5],
        ["A", "", "1", "20241231", "89999", "Divers", *[""] * 5, "0,00", "10,00", *[""] * 5],
    )
)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(
    ("name", "content"),
    [("balance.csv", BALANCE_OF_2024), ("000000018FEC20241231.txt", FEC_OF_2024)],
    ids=["balance", "fec"],
)
async def test_the_error_file_of_accounts_corrected_reads_as_the_original_corrected(running, name, content, language):
    filing_id = await running.open()
    original = content.encode()
    preview = await running.preview(filing_id, original, name)
    with running.by("director"):
        file = await running.stub.GetImportErrorFile(
            pb.GetImportErrorFileRequest(filing_id=filing_id, import_id=preview.import_id, language=language)
        )
    assert len(preview.problems) == 1

    expected = await running.preview(filing_id, corrected(original), name)
    again = await running.preview(filing_id, corrected(file.content), file.file_name)
    unchanged = await running.preview(filing_id, file.content, file.file_name)

    assert list(again.problems) == []
    assert list(again.changes) == list(expected.changes)
    assert list(again.feeds) == list(expected.feeds)
    assert list(again.guesses) == list(expected.guesses)
    assert list(unchanged.changes) == list(preview.changes)
    with running.by("director"):
        twice = await running.stub.GetImportErrorFile(
            pb.GetImportErrorFileRequest(filing_id=filing_id, import_id=unchanged.import_id, language=language)
        )
    assert twice.content == file.content


async def test_a_mapping_to_a_computed_cell_is_refused(running):
    rules = [pb.AccountRule(prefix="601", address="BA.010.net", side="debit")]
    with running.by("director"), pytest.raises(Invalid):
        await running.stub.SaveAccountMapping(
            pb.SaveAccountMappingRequest(request_id=running.request_id(), rules=rules, **place())
        )


async def test_strangers_learn_nothing_of_a_bodys_mapping(running):
    with running.by("stranger"), pytest.raises(NotFound):
        await running.stub.GetAccountMapping(pb.GetAccountMappingRequest(**place()))


async def test_a_total_of_the_file_that_differs_comes_with_its_control_and_three_parts_in_both_languages(running):
    filing_id = await running.open()

    preview = await running.preview(filing_id, b"code;colonne;valeur\nBA.010;brut;10\nBA.010;net;1\n")

    total = next(change for change in preview.changes if change.address == "BA.010.net")
    message = total.message
    assert (total.control, total.current, len(preview.problems)) == ("F-22", "10", 0)
    for part in (message.what, message.where, message.how):
        assert part.fr
        assert part.en
        assert part.fr != part.en
