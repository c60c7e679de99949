"""What strangers, malformed requests and malformed files get: a typed failure, never an internal one, and nothing stored."""

import pytest
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.types.v1 import types_pb2 as types

from chassis.errors import Failure, Forbidden, Invalid, NotFound, RuleBroken, ThreeParts
from chassis.rpc.access import access_of_service
from chassis.rpc.failures import InternalFailure
from tests.support.forms import AMOUNT, SIREN
from tests.support.pdfs import a_pdf

SERVICE = "harmonia.forms.v1.FormsService"
NOWHERE = "019aa000-0000-7000-8000-000000000000"
HEADER = "code;colonne;valeur\n"


def about(filing_id, import_id=NOWHERE):
    """A well-formed request to every method that is about one filing."""
    return {
        "GetFiling": pb.GetFilingRequest(filing_id=filing_id),
        "SaveCells": pb.SaveCellsRequest(filing_id=filing_id, edits=[pb.CellEdit(address=AMOUNT, text="1")]),
        "PreviewImport": pb.PreviewImportRequest(filing_id=filing_id, file_name="f", content=HEADER.encode()),
        "GetImport": pb.GetImportRequest(filing_id=filing_id, import_id=import_id),
        "ConfirmImport": pb.ConfirmImportRequest(filing_id=filing_id, import_id=import_id),
        "CheckFiling": pb.CheckFilingRequest(filing_id=filing_id),
        "JustifyFinding": pb.JustifyFindingRequest(filing_id=filing_id, control="A-03", text="x" * 30),
        "MoveFiling": pb.MoveFilingRequest(filing_id=filing_id, step=pb.STEP_ACCOUNTING),
        "GetCellHistory": pb.GetCellHistoryRequest(filing_id=filing_id, address=AMOUNT),
        "ResolveConflict": pb.ResolveConflictRequest(filing_id=filing_id, address=AMOUNT, value="1"),
        "ListActivity": pb.ListActivityRequest(filing_id=filing_id),
        "ListSteps": pb.ListStepsRequest(filing_id=filing_id),
        "UndoStep": pb.UndoStepRequest(filing_id=filing_id, step_id=NOWHERE),
        "GetImportErrorFile": pb.GetImportErrorFileRequest(filing_id=filing_id, import_id=import_id),
        "ListSetAside": pb.ListSetAsideRequest(filing_id=filing_id),
        "ChooseSetAside": pb.ChooseSetAsideRequest(filing_id=filing_id, address=AMOUNT),
        "CommentCell": pb.CommentCellRequest(filing_id=filing_id, address=AMOUNT, text="?"),
        "ListComments": pb.ListCommentsRequest(filing_id=filing_id),
        "AttachFile": pb.AttachFileRequest(filing_id=filing_id, kind="NOTES", file_name="n.pdf", content=a_pdf()),
        "ListAttachments": pb.ListAttachmentsRequest(filing_id=filing_id),
        "GetAttachment": pb.GetAttachmentRequest(filing_id=filing_id, attachment_id=NOWHERE),
        "CarryLastYear": pb.CarryLastYearRequest(filing_id=filing_id),
        "GetLastYear": pb.GetLastYearRequest(filing_id=filing_id),
        "GetSignedVersion": pb.GetSignedVersionRequest(filing_id=filing_id),
        "CompareFilings": pb.CompareFilingsRequest(filing_id=filing_id),
        "ReopenFiling": pb.ReopenFilingRequest(filing_id=filing_id, reason="Erreur de saisie"),
        "ReviewFiling": pb.ReviewFilingRequest(filing_id=filing_id, state=pb.REVIEW_STATE_IN_PROGRESS),
        "AnswerReview": pb.AnswerReviewRequest(filing_id=filing_id, text="Deux acquisitions"),
        "CloseFiling": pb.CloseFilingRequest(filing_id=filing_id),
        "RequestReturn": pb.RequestReturnRequest(filing_id=filing_id, reason="Erreur de saisie"),
        "DecideReturn": pb.DecideReturnRequest(filing_id=filing_id, is_accepted=True),
        "ArchiveFiling": pb.ArchiveFilingRequest(filing_id=filing_id),
        "FreezeFiling": pb.FreezeFilingRequest(filing_id=filing_id),
        "DiscardTrial": pb.DiscardTrialRequest(filing_id=filing_id),
        "GetTransmittedFiling": pb.GetTransmittedFilingRequest(filing_id=filing_id),
    }


NOT_ABOUT_ONE_FILING = {"OpenFiling", "ListFilings", "ListTransmittedFilings", "PlanCampaign", "GetSeries"}
NOT_ABOUT_ONE_FILING |= {"ListCampaigns"}
NOT_ABOUT_ONE_FILING |= {"ExtendDeadline", "GetAccountMapping", "SaveAccountMapping"}
NOT_ABOUT_ONE_FILING |= {
    "PreviewFormSetChange",
    "ListAffectedFilings",
    "PublishFormSet",
    "UndoFormSetChange",
    "GetPublication",
    "ListPublications",
    "ListFormSets",
    "SetFormSetState",
    "OpenTrial",
}
INTERNAL = {
    "ProvisionCampaign",
    "GetFrozenFiling",
    "LockFiling",
    "SealFiling",
    "ApplyFacts",
    "RejudgeFilings",
    "ListInputs",
}


async def refusal(running, by, method, request):
    with running.by(by), pytest.raises(Failure) as caught:
        await getattr(running.stub, method)(request)
    return caught.value


def test_every_method_is_tried():
    methods = {path.rpartition("/")[2] for path in access_of_service(SERVICE)}

    others = methods - set(about(NOWHERE)) - NOT_ABOUT_ONE_FILING - INTERNAL
    assert {name for name in others if not name.startswith("Export")} == set()


OF_OFFICERS = {"GetTransmittedFiling", "ReviewFiling", "CloseFiling", "DecideReturn", "ArchiveFiling"}


@pytest.mark.parametrize("method", sorted(OF_OFFICERS))
async def test_who_is_no_officer_does_not_come_in(running, method):
    filing_id = await running.open()

    assert isinstance(await refusal(running, "director", method, about(filing_id)[method]), Forbidden)


@pytest.mark.parametrize("method", sorted(set(about(NOWHERE)) - OF_OFFICERS))
async def test_a_stranger_cannot_tell_a_filing_from_nothing(running, method):
    filing_id = await running.open()
    preview = await running.preview(filing_id, f"{HEADER}BA.010;brut;1\n".encode())

    there = await refusal(running, "stranger", method, about(filing_id, preview.import_id)[method])
    nowhere = await refusal(running, "stranger", method, about(NOWHERE, preview.import_id)[method])

    assert isinstance(there, NotFound)
    assert (there.code, str(there)) == (nowhere.code, str(nowhere)) == ("FILING_UNKNOWN", "Ce dossier n'existe pas.")
    assert (await running.read(filing_id))[0].revision == 1


@pytest.mark.parametrize("method", sorted(about(NOWHERE)))
async def test_staff_cannot_tell_an_unsent_filing_from_nothing(running, method):
    filing_id = await running.open()

    there = await refusal(running, "officer", method, about(filing_id)[method])
    nowhere = await refusal(running, "officer", method, about(NOWHERE)[method])

    assert isinstance(there, NotFound | Forbidden)
    assert (type(there), there.code, str(there)) == (type(nowhere), nowhere.code, str(nowhere))


async def test_staff_list_nothing_before_it_is_sent(running):
    await running.open()

    with running.by("officer"):
        sent = await running.stub.ListTransmittedFilings(pb.ListTransmittedFilingsRequest())
    refused = await refusal(running, "officer", "ListFilings", pb.ListFilingsRequest())

    assert not sent.filings
    assert isinstance(refused, Forbidden)


async def test_a_stranger_lists_and_opens_nothing_of_others(running):
    await running.open()

    with running.by("stranger"):
        listed = await running.stub.ListFilings(pb.ListFilingsRequest())
    request = pb.OpenFilingRequest(body=SIREN, document=types.DOCUMENT_ER, year=2024)
    opened = await refusal(running, "stranger", "OpenFiling", request)
    narrowed = await refusal(running, "stranger", "ListFilings", pb.ListFilingsRequest(body=SIREN))

    assert not listed.filings
    assert {one.body for one in listed.openable} == {"552081317"}
    assert isinstance(opened, NotFound)
    assert isinstance(narrowed, NotFound)


WRITES = (
    "SaveCells",
    "PreviewImport",
    "GetImport",
    "ConfirmImport",
    "JustifyFinding",
    "MoveFiling",
    "ResolveConflict",
    "FreezeFiling",
    "DiscardTrial",
)


@pytest.mark.parametrize("method", WRITES)
async def test_a_reader_changes_nothing(running, method):
    filing_id = await running.open()

    assert isinstance(await refusal(running, "reader", method, about(filing_id)[method]), Forbidden)


async def test_an_accountant_does_not_freeze(running):
    filing_id = await running.open()

    refused = await refusal(running, "accountant", "FreezeFiling", about(filing_id)["FreezeFiling"])

    assert isinstance(refused, Forbidden)


async def test_a_refusal_arrives_as_the_preview_tells_it_in_three_parts_and_two_languages(running):
    filing_id = await running.open()
    texts = {AMOUNT: "1.234", "ID.160.v": "29/02/2023", "ID.050.v": "OPHLM", "CC.010.rec": "5", "ZZ.010.n": "1"}
    edits = [pb.CellEdit(address=address, text=text) for address, text in texts.items()]
    lines = "".join(f"{';'.join(address.rsplit('.', 1))};{text}\n" for address, text in texts.items())

    refused = await refusal(running, "director", "SaveCells", pb.SaveCellsRequest(filing_id=filing_id, edits=edits))
    preview = await running.preview(filing_id, (HEADER + lines).encode())

    def parts(message, language):
        return ThreeParts(*(getattr(part, language) for part in (message.what, message.where, message.how)))

    typed = {one.reason: (one.fr, one.en) for one in refused.violations}
    shown = {one.control: (parts(one.message, "fr"), parts(one.message, "en")) for one in preview.problems}
    assert typed == shown
    assert len(typed) == len(texts)


async def test_who_changed_a_cell_meanwhile_arrives_in_both_languages(running):
    filing_id = await running.open()
    await running.save(filing_id, (AMOUNT, "5001", 0))

    edits = [pb.CellEdit(address=AMOUNT, text="7", base_version=0)]
    lost = await refusal(running, "accountant", "SaveCells", pb.SaveCellsRequest(filing_id=filing_id, edits=edits))

    (told,) = lost.violations
    assert "Dominique Directeur a saisi « 5001 »" in told.fr.where
    assert "Dominique Directeur entered “5001”" in told.en.where


async def test_more_refused_cells_than_are_told_are_refused_all_the_same(running):
    filing_id = await running.open()
    edits = [pb.CellEdit(address=f"ZZ.{n:04d}.n", text="x") for n in range(2_500)]

    refused = await refusal(running, "director", "SaveCells", pb.SaveCellsRequest(filing_id=filing_id, edits=edits))

    assert (refused.code, len(refused.violations)) == ("CELLS_REFUSED", 2_000)
    assert "2500 cases sont refusées" in refused.message


HUGE = "x" * 200_000
CAMPAIGN = pb.Campaign(
    document=types.DOCUMENT_ER,
    year=2024,
    form_set="2024.1",
    opens_on="2025-04-01",
    due_on="2025-07-15",
    closes_on="2025-12-31",
    families=[types.FAMILY_OPH],
)


def a_campaign(**changes):
    campaign = pb.Campaign()
    campaign.CopyFrom(CAMPAIGN)
    for name, value in changes.items():
        campaign.ClearField(name)
        getattr(campaign, name).extend(value) if isinstance(value, list) else setattr(campaign, name, value)
    return pb.PlanCampaignRequest(campaign=campaign)


def bad_requests(filing_id):
    """Requests that no client of ours makes."""
    edit = pb.CellEdit
    yield from (("GetFiling", pb.GetFilingRequest(filing_id=text)) for text in ("", "x", HUGE, "\x00", "é" * 40))
    yield from (("GetImport", pb.GetImportRequest(filing_id=filing_id, import_id=t)) for t in ("", "x", "\x00"))
    yield "OpenFiling", pb.OpenFilingRequest(body=SIREN, document=types.DOCUMENT_ER, year=-(2**31))
    yield "OpenFiling", pb.OpenFilingRequest(body=SIREN, document=77, year=2024)
    yield "OpenFiling", pb.OpenFilingRequest(body=SIREN, year=2024)
    yield "OpenFiling", pb.OpenFilingRequest(body="\x00", document=types.DOCUMENT_ER, year=2024)
    yield "OpenFiling", pb.OpenFilingRequest(body=HUGE, document=types.DOCUMENT_ER, year=2024)
    yield "ListFilings", pb.ListFilingsRequest(body=HUGE)
    for changes in ({"year": 0}, {"form_set": "../x"}, {"form_set": HUGE}, {"document": 77}, {"body": "\x00"}):
        trial = {"body": SIREN, "document": types.DOCUMENT_ER, "year": 2024, "form_set": "2025.1"}
        yield "OpenTrial", pb.OpenTrialRequest(**(trial | changes))
    for address, text in ((HUGE, "1"), ("\x00", "1"), ("", "1"), (AMOUNT, HUGE), (AMOUNT, "1\x00"), (AMOUNT, "=1+1")):
        yield "SaveCells", pb.SaveCellsRequest(filing_id=filing_id, edits=[edit(address=address, text=text)])
    yield "SaveCells", pb.SaveCellsRequest(filing_id=filing_id, edits=[edit(address="ID.010.v", text="a\x00b")])
    both = [edit(address=AMOUNT, text="1"), edit(address=AMOUNT, text="2")]
    yield "SaveCells", pb.SaveCellsRequest(filing_id=filing_id, edits=both)
    yield "SaveCells", pb.SaveCellsRequest(filing_id=filing_id, request_id="r" * 101)
    yield "SaveCells", pb.SaveCellsRequest(filing_id=filing_id, request_id="\x00", edits=both[:1])
    for name in ("\x00", HUGE):
        content = f"{HEADER}BA.010;brut;1\n".encode()
        yield "PreviewImport", pb.PreviewImportRequest(filing_id=filing_id, file_name=name, content=content)
    for step in (0, 9, -1):
        yield "MoveFiling", pb.MoveFilingRequest(filing_id=filing_id, step=step)
    yield "MoveFiling", pb.MoveFilingRequest(filing_id=filing_id, step=pb.STEP_ACCOUNTING, reason="\x00")
    yield "MoveFiling", pb.MoveFilingRequest(filing_id=filing_id, step=pb.STEP_ACCOUNTING, reason=HUGE)
    yield "JustifyFinding", pb.JustifyFindingRequest(filing_id=filing_id, control=HUGE, text="x" * 30)
    yield "JustifyFinding", pb.JustifyFindingRequest(filing_id=filing_id, control="A-03", text="\x00" * 30)
    yield "JustifyFinding", pb.JustifyFindingRequest(filing_id=filing_id, control="A-03", text=HUGE)
    yield "GetCellHistory", pb.GetCellHistoryRequest(filing_id=filing_id, address="\x00")
    yield "GetCellHistory", pb.GetCellHistoryRequest(filing_id=filing_id, address=HUGE)
    yield "ResolveConflict", pb.ResolveConflictRequest(filing_id=filing_id, address="\x00", value="1")
    yield "ResolveConflict", pb.ResolveConflictRequest(filing_id=filing_id, address=AMOUNT, value=HUGE)
    yield "AnswerReview", pb.AnswerReviewRequest(filing_id=filing_id, text="\x00")
    yield "AnswerReview", pb.AnswerReviewRequest(filing_id=filing_id, text=HUGE)
    yield "RequestReturn", pb.RequestReturnRequest(filing_id=filing_id, reason=HUGE)
    yield "ReopenFiling", pb.ReopenFilingRequest(filing_id=filing_id, reason="Erreur", cells=["\x00", HUGE])
    yield "GetFrozenFiling", pb.GetFrozenFilingRequest(filing_id=filing_id, version=-1, revision=-(2**63))
    yield "LockFiling", pb.LockFilingRequest(filing_id=filing_id, version=1, revision=1)
    yield "LockFiling", pb.LockFilingRequest(filing_id=filing_id, version=1, revision=1, intent_id="\x00")
    yield "SealFiling", pb.SealFilingRequest(filing_id=filing_id, version=1, revision=1)
    yield "SealFiling", pb.SealFilingRequest(event_id="e", filing_id=filing_id, version=1, receipt_number="R")
    late = pb.SealFilingRequest(event_id="e", filing_id=filing_id, version=1, receipt_number="R")
    late.signed_at.seconds = 2**60
    yield "SealFiling", late
    yield "ApplyFacts", pb.ApplyFactsRequest(body=SIREN, year=2024)
    yield "ApplyFacts", pb.ApplyFactsRequest(event_id="\x00", body=SIREN, year=2024)


async def test_no_malformed_request_is_an_internal_failure_or_stores_anything(running):
    filing_id = await running.open()

    for method, request in bad_requests(filing_id):
        failure = await refusal(running, "director", method, request)
        assert not isinstance(failure, InternalFailure), (method, str(request)[:80])
        assert len(str(failure)) < 3_000, method

    filing, cells = await running.read(filing_id)
    assert (filing.revision, filing.step, cells) == (1, pb.STEP_ENTRY, {})


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (["\x00"], "INVALID"),
        ([HUGE], "CELLS_REFUSED"),
        ([AMOUNT] * 10_000, "CELLS_REFUSED"),
        (["é" * 40] * 400, "CELLS_REFUSED"),
    ],
    ids=["nul", "huge", "many", "odd"],
)
async def test_cells_that_cannot_be_named_are_refused(running, cells, code):
    filing_id = await running.open()
    with running.by("director"):
        await running.stub.MoveFiling(pb.MoveFilingRequest(filing_id=filing_id, step=pb.STEP_ACCOUNTING))

    request = pb.MoveFilingRequest(filing_id=filing_id, step=pb.STEP_ENTRY, reason="À revoir", cells=cells)
    refused = await refusal(running, "director", "MoveFiling", request)

    assert (type(refused), refused.code) == (Invalid, code)
    assert (await running.read(filing_id))[0].step == pb.STEP_ACCOUNTING


@pytest.mark.parametrize(
    "changes",
    [
        {"form_set": "1999.9"},
        {"form_set": "../../etc"},
        {"year": 0},
        {"document": 0},
        {"document": 9},
        {"opens_on": "2025-13-01"},
        {"opens_on": ""},
        {"due_on": "2020-01-01"},
        {"families": []},
        {"families": [0]},
        {"families": [99]},
        {"required_attachments": ["NOTES"]},
    ],
    ids=str,
)
async def test_a_campaign_that_cannot_be_is_refused(running, changes):
    assert isinstance(await refusal(running, "officer", "PlanCampaign", a_campaign(**changes)), Invalid)


# Files


WHOLE = {
    "empty": b"",
    "blank": b"  \n\n",
    "binary": bytes(range(256)) * 8,
    "xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500,
    "zip": b"PK\x03\x04" + b"\0" * 500,
    "pdf": b"%PDF-1.7\n1 0 obj\n",
    "utf-16": f"{HEADER}BA.010;brut;1\n".encode("utf-16"),
    "wrong separator": b"code|colonne|valeur\nBA.010|brut|1\n",
    "no header": b"BA.010;brut;1\n",
    "another body": f"{HEADER}ID.030;v;552081317\nBA.010;brut;1\n".encode(),
    "another year": f"{HEADER}ID.170;v;2023-12-31\nBA.010;brut;1\n".encode(),
    "25 MB": HEADER.encode() + b"BA.010;brut;1\n" * 1_800_000,
}


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE.keys())
async def test_a_file_that_cannot_be_this_filing_is_refused_whole(running, content):
    filing_id = await running.open()

    with pytest.raises(Invalid) as caught:
        await running.preview(filing_id, content)

    assert caught.value.code == "IMPORT_REFUSED"
    assert "« er.csv »" in str(caught.value)
    assert (await running.read(filing_id))[1] == {}


LINES = {
    "unknown line": ("ZZ.999;n;1", "F-24"),
    "unknown column": ("BA.010;zz;1", "F-24"),
    "twice, differently": ("BA.010;brut;1\nBA.010;brut;2", "F-25"),
    "ambiguous thousands": ("BA.010;brut;1.234,56", "F-01"),
    "a sign where none is": ("BA.010;brut;\N{MINUS SIGN}12", "F-17"),
    "a sign in brackets": ("BA.010;brut;(12)", "F-17"),
    "decimals in euros": ("BA.010;brut;12,5", "F-01"),
    "a formula": ("BA.010;brut;=1+1", "F-01"),
    "a command": ("BA.010;brut;=cmd|' /C calc'!A0", "F-01"),
    "a word": ("BA.010;brut;douze", "F-01"),
    "30 February": ("ID.200;v;30/02/2025", "F-05"),
    "month 13": ("ID.200;v;2025-13-01", "F-05"),
    "a closed cell": ("CC.010;rec;5", "F-19"),
    "not a choice": ("ID.050;v;SARL", "F-14"),
}


@pytest.mark.parametrize(("line", "control"), LINES.values(), ids=LINES.keys())
async def test_a_refused_line_says_what_where_and_how_and_keeps_the_rest(running, line, control):
    filing_id = await running.open()

    preview = await running.preview(filing_id, f"{HEADER}BA.020;brut;7\n{line}\n".encode())

    assert preview.problems[0].control == control
    problem = preview.problems[0]
    assert problem.line >= 3
    for sentence in (problem.message.what, problem.message.where):
        assert sentence.fr
        assert sentence.en
    assert [change.address for change in preview.changes] == ["BA.020.brut"]
    with running.by("director"), pytest.raises(RuleBroken) as caught:
        await running.stub.ConfirmImport(pb.ConfirmImportRequest(filing_id=filing_id, import_id=preview.import_id))
    assert caught.value.code == "IMPORT_HAS_PROBLEMS"
    assert (await running.read(filing_id))[1] == {}


async def test_officers_are_told_which_attachments_a_campaign_may_demand(running):
    with running.by("officer"):
        told = await running.stub.ListCampaigns(pb.ListCampaignsRequest())
        for kind in told.demandable_attachments:
            await running.stub.PlanCampaign(a_campaign(required_attachments=[kind]))
        kept = await running.stub.ListCampaigns(pb.ListCampaignsRequest())
    assert list(told.demandable_attachments) == ["MANAGEMENT_REPORT", "DELIBERATION", "AUDITOR_REPORT"]
    assert ["AUDITOR_REPORT"] in [list(one.required_attachments) for one in kept.campaigns]
