"""What goes around the figures: comments, flags, deadlines, attachments."""

from dataclasses import replace
from datetime import date
from hashlib import sha256
from uuid import UUID

import pytest

from chassis.errors import Forbidden, NotFound
from services.forms.domain.activity import Activity
from services.forms.domain.attachment import MOST_FILES, Scan, ScanAnswer
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.errors import (
    AttachmentRefused,
    AttachmentUnknown,
    CampaignMalformed,
    CellsRefused,
    CommentRefused,
    FilingNotEditable,
    FilingNotReady,
    FilingUnknown,
    NoCampaign,
)
from services.forms.domain.filing import Document, Lock, Step, Verdict
from services.forms.domain.snapshot import Snapshot
from tests.support.forms import (
    ALIAS,
    AMOUNT,
    FILING_ID,
    NOON,
    SHARED,
    SIREN,
    TOTALLED,
    CannedControls,
    CannedScanner,
    a_campaign,
    a_cell,
    a_filing,
    a_forms,
    begun,
)
from tests.support.hosting import a_caller
from tests.support.pdfs import a_pdf

READER = a_caller("Lou Lecteur", on={SIREN: ["filing.read"]})
STRANGER = a_caller("Sacha Ailleurs", on={"111111111": ["filing.read", "filing.edit"]})
OFFICER = a_caller("Alex Agent", on={"*": ["staff.read", "campaign.manage"]})
LATER, REASON = date(2025, 8, 31), "Commissaire aux comptes indisponible"
PDF = a_pdf()


async def with_campaign(forms, campaign=None):
    async with forms.store() as work:
        await work.campaigns.save(campaign or a_campaign())
        await work.commit()
    return forms


# Comments


async def comment(forms, text="À vérifier", *, address=AMOUNT, is_flagged=True, caller=None):
    return await forms.use.comment_cell(caller or forms.caller, FILING_ID, address, text, is_flagged=is_flagged)


async def test_comments_are_listed_newest_first_by_cell_and_for_all():
    forms = a_forms()
    await forms.keep(a_filing(step=Step.REVIEW, signed_version=1))
    first = await comment(forms, " À vérifier ")
    second = await comment(forms, "", is_flagged=False)
    third = await comment(forms, "Total faux ?", address=TOTALLED)

    assert await forms.use.list_comments(READER, FILING_ID) == [third, second, first]
    assert await forms.use.list_comments(READER, FILING_ID, AMOUNT) == [second, first]
    assert (first.text, first.author, second.is_flagged) == ("À vérifier", forms.caller.name, False)


async def test_an_alias_is_commented_where_it_is_kept():
    forms = a_forms()
    await forms.keep(a_filing(document=Document.QDIS))

    assert (await comment(forms, address=ALIAS)).address == SHARED
    assert len(await forms.use.list_comments(READER, FILING_ID, ALIAS)) == 1


@pytest.mark.parametrize(("text", "is_flagged"), [("", False), ("  ", False), ("x" * 2001, True)])
async def test_a_comment_says_something_or_changes_the_flag(text, is_flagged):
    forms = a_forms()
    await forms.keep(a_filing())

    with pytest.raises(CommentRefused):
        await comment(forms, text, is_flagged=is_flagged)
    assert forms.store.kept.comments == []


async def test_who_may_comment_and_on_what():
    forms = a_forms()
    await forms.keep(a_filing())

    with pytest.raises(Forbidden):
        await comment(forms, caller=READER)
    with pytest.raises(FilingUnknown):
        await comment(forms, caller=STRANGER)
    with pytest.raises(FilingUnknown):
        await forms.use.list_comments(STRANGER, FILING_ID)
    for address in ("ZZ.1.n", ALIAS):
        with pytest.raises(CellsRefused):
            await comment(forms, address=address)


# Deadlines


async def extend(forms, due_on=LATER, reason=REASON, caller=OFFICER, siren=SIREN):
    return await forms.use.extend_deadline(caller, Document.ER, 2024, siren, due_on, reason)


async def test_an_extension_reaches_the_filing_and_outlives_a_new_plan():
    forms = await with_campaign(a_forms())
    await forms.keep(a_filing())

    assert await extend(forms) == LATER
    assert (forms.filing.due_on, forms.kinds()) == (LATER, ["DEADLINE_EXTENDED"])
    await forms.use.plan_campaign.provision(a_campaign(due_on=date(2025, 7, 20)))
    assert forms.filing.due_on == LATER
    await forms.use.plan_campaign.provision(a_campaign(due_on=date(2025, 9, 30)))
    assert forms.filing.due_on == date(2025, 9, 30)


async def test_a_filing_opened_later_has_the_extension():
    forms = await with_campaign(a_forms())
    await extend(forms)

    card, _ = await forms.use.open_filing(forms.caller, SIREN, Document.ER, 2024)

    assert card.filing.due_on == LATER


@pytest.mark.parametrize(("due_on", "reason"), [(date(2025, 7, 1), REASON), (date(2027, 1, 2), REASON), (LATER, " - ")])
async def test_an_extension_is_not_before_the_due_date_nor_years_later_and_has_a_reason(due_on, reason):
    forms = await with_campaign(a_forms())

    with pytest.raises(CampaignMalformed):
        await extend(forms, due_on, reason)
    assert forms.store.kept.extensions == {}


async def test_only_staff_extend_and_only_for_a_body_of_the_campaign():
    forms = await with_campaign(a_forms(), a_campaign(families=frozenset({"ESH"})))

    with pytest.raises(NotFound):
        await extend(forms, caller=forms.caller)
    with pytest.raises(NotFound):
        await extend(forms, siren="111111111")
    with pytest.raises(NoCampaign):
        await extend(forms)


# Attachments


def clean_forms():
    return a_forms(lambda clock: CannedControls(Verdict.CLEAN))


async def attach(forms, kind=AttachmentKind.DELIBERATION, content=PDF, caller=None):
    return await forms.use.attach_file(caller or forms.caller, FILING_ID, kind, "pv.pdf", content)


async def test_a_pdf_that_holds_more_than_pages_is_not_attached():
    forms = clean_forms()
    await forms.keep(a_filing())

    with pytest.raises(AttachmentRefused) as caught:
        await attach(forms, content=a_pdf(b"<</S/JavaScript/JS(app.alert\\(1\\))>>"))

    assert [violation.reason for violation in caught.value.violations] == ["F-30"]
    assert await forms.use.list_attachments(READER, FILING_ID) == []


async def test_the_name_of_an_attached_file_is_cleaned():
    forms = clean_forms()
    await forms.keep(a_filing())

    odd = "../é\u202e\r\n.pdf"
    attachment = await forms.use.attach_file(forms.caller, FILING_ID, AttachmentKind.NOTES, odd, PDF)

    assert attachment.file_name == "é.pdf"
    assert "« é.pdf »" in (await forms.use.list_activity(READER, FILING_ID)).activities[0].fr


async def test_what_happened_is_read_to_its_beginning_page_by_page():
    forms = clean_forms()
    await forms.keep(a_filing())
    async with forms.store() as work:
        for number in range(5):
            await work.activities.add(Activity(FILING_ID, NOON, "Alix", f"K{number}", "fr", "en"))
        await work.commit()

    first = await forms.use.list_activity(READER, FILING_ID, limit=2)
    async with forms.store() as work:
        await work.activities.add(Activity(FILING_ID, NOON, "Alix", "MEANWHILE", "fr", "en"))
        await work.commit()
    second = await forms.use.list_activity(READER, FILING_ID, first.next, 2)
    last = await forms.use.list_activity(READER, FILING_ID, second.next, 2)
    whole = await forms.use.list_activity(READER, FILING_ID, limit=0)

    assert [one.kind for page in (first, second, last) for one in page.activities] == ["K4", "K3", "K2", "K1", "K0"]
    assert (last.next, whole.next, len(whole.activities)) == (0, 0, 6)


async def test_an_attached_file_comes_back_and_makes_a_snapshot_stale():
    forms = clean_forms()
    await forms.keep(a_filing())

    attachment = await attach(forms)

    assert (attachment.digest, attachment.size) == (sha256(PDF).hexdigest(), len(PDF))
    assert await forms.use.list_attachments(READER, FILING_ID) == [attachment]
    assert await forms.use.get_attachment(READER, FILING_ID, attachment.id) == (attachment, PDF)
    assert (forms.filing.revision, forms.kinds()) == (2, ["FILE_ATTACHED"])
    assert await attach(forms) == attachment
    assert forms.filing.revision == 2


async def test_officers_read_the_files_of_the_signed_version_and_no_other():
    forms = clean_forms()
    await forms.keep(a_filing())
    signed = await attach(forms, AttachmentKind.NOTES)
    with pytest.raises(FilingUnknown):
        await forms.use.list_attachments(OFFICER, FILING_ID)
    async with forms.store() as work:
        await work.snapshots.add(Snapshot(FILING_ID, 1, 2, {}, Verdict.CLEAN, "r", "d", (), NOON, (signed,)))
        await work.snapshots.mark_signed(FILING_ID, 1, 2)
        await work.filings.save(replace(forms.filing, signed_version=1))
        await work.commit()

    newer = await attach(forms, AttachmentKind.NOTES, PDF + b"\n")

    assert await forms.use.list_attachments(OFFICER, FILING_ID) == [signed]
    assert await forms.use.get_attachment(OFFICER, FILING_ID, signed.id) == (signed, PDF)
    with pytest.raises(AttachmentUnknown):
        await forms.use.get_attachment(OFFICER, FILING_ID, newer.id)
    assert await forms.use.list_attachments(READER, FILING_ID) == [newer]


async def test_without_a_scanner_a_file_is_attached_and_said_not_to_be_scanned():
    forms = clean_forms()
    await forms.keep(a_filing())

    assert (await attach(forms)).scanned_at is None
    assert [one.scanned_at for one in await forms.use.list_attachments(READER, FILING_ID)] == [None]


async def test_a_file_in_which_the_scanner_finds_nothing_says_when():
    scanner = CannedScanner()
    forms = a_forms(lambda clock: CannedControls(Verdict.CLEAN), scanner=scanner)
    await forms.keep(a_filing())

    attachment = await attach(forms)

    assert attachment.scanned_at == forms.clock.now()
    assert scanner.asked == [PDF]
    assert await forms.use.list_attachments(READER, FILING_ID) == [attachment]


@pytest.mark.parametrize(
    ("scan", "what", "how"),
    [
        (
            Scan(ScanAnswer.INFECTED, "Eicar\x1b[31m"),
            "L'antivirus a trouvé « Eicar\ufffd[31m » dans le fichier.",
            "Examinez le poste d'où il vient, puis joignez un PDF sain ; rien n'a été enregistré.",
        ),
        (
            Scan(ScanAnswer.SILENT),
            "L'antivirus ne répond pas : le fichier n'a pas été examiné.",
            "Réessayez dans quelques minutes ; rien n'a été enregistré.",
        ),
    ],
)
async def test_a_file_that_is_infected_or_that_nobody_could_scan_is_refused_and_nothing_kept(scan, what, how):
    forms = a_forms(lambda clock: CannedControls(Verdict.CLEAN), scanner=CannedScanner(scan))
    await forms.keep(a_filing())

    with pytest.raises(AttachmentRefused) as caught:
        await attach(forms)

    [violation] = caught.value.violations
    assert (violation.reason, violation.fr.what, violation.fr.how) == ("F-30", what, how)
    assert violation.en.what != violation.fr.what
    assert forms.store.kept.contents == {}
    assert (forms.filing.revision, forms.kinds()) == (1, [])
    assert (await attach(forms)).scanned_at is not None, "the next answer is clean"


async def test_what_is_no_sound_pdf_is_refused_before_the_scanner_is_asked():
    scanner = CannedScanner()
    forms = a_forms(lambda clock: CannedControls(Verdict.CLEAN), scanner=scanner)
    await forms.keep(a_filing())

    with pytest.raises(AttachmentRefused):
        await attach(forms, content=b"PK")

    assert scanner.asked == []


async def test_a_file_attached_before_there_was_a_scanner_is_scanned_when_it_is_sent_again():
    forms = clean_forms()
    await forms.keep(a_filing())
    unscanned = await attach(forms)
    later = replace(forms, scanner=CannedScanner())

    scanned = await attach(later)

    assert scanned.id == unscanned.id
    assert scanned.scanned_at == forms.clock.now()
    assert await forms.use.list_attachments(READER, FILING_ID) == [scanned]
    assert forms.filing.revision == 2


async def test_officers_read_of_a_signed_file_what_is_known_of_its_scan_today():
    forms = clean_forms()
    await forms.keep(a_filing())
    signed = await attach(forms, AttachmentKind.NOTES)
    async with forms.store() as work:
        await work.snapshots.add(Snapshot(FILING_ID, 1, 2, {}, Verdict.CLEAN, "r", "d", (), NOON, (signed,)))
        await work.snapshots.mark_signed(FILING_ID, 1, 2)
        await work.filings.save(replace(forms.filing, signed_version=1))
        await work.commit()
    assert [one.scanned_at for one in await forms.use.list_attachments(OFFICER, FILING_ID)] == [None]

    async with forms.store() as work:
        await work.attachments.note_scan(signed.digest, NOON)
        await work.commit()

    assert [one.scanned_at for one in await forms.use.list_attachments(OFFICER, FILING_ID)] == [NOON]
    _, frozen = await forms.use.get_frozen_filing(FILING_ID, 1, 2)
    assert [one.scanned_at for one in frozen.attachments] == [NOON]


async def test_a_newer_file_replaces_that_of_its_kind_but_others_are_kept():
    forms = clean_forms()
    await forms.keep(a_filing())
    for kind in (AttachmentKind.NOTES, AttachmentKind.OTHER):
        for content in (PDF, PDF + b"\n"):
            await attach(forms, kind, content)

    kinds = [one.kind for one in await forms.use.list_attachments(READER, FILING_ID)]

    assert kinds == [AttachmentKind.NOTES, AttachmentKind.OTHER, AttachmentKind.OTHER]


async def test_nothing_is_signed_without_what_the_campaign_demands_and_the_snapshot_lists_it():
    forms = await with_campaign(
        clean_forms(), a_campaign(required_attachments=frozenset({AttachmentKind.DELIBERATION}))
    )
    await forms.keep(a_filing(step=Step.SIGNATURE), *begun(), a_cell())

    with pytest.raises(FilingNotReady) as caught:
        await forms.use.freeze_filing(forms.caller, FILING_ID)
    assert [violation.reason for violation in caught.value.violations] == ["W-03"]

    attachment = await attach(forms)
    _, snapshot = await forms.use.freeze_filing(forms.caller, FILING_ID)
    assert snapshot.attachments == (attachment,)


@pytest.mark.parametrize("changes", [{"step": Step.REVIEW}, {"step": Step.SIGNATURE, "lock": Lock("i", NOON)}])
async def test_nothing_is_attached_to_what_is_signed(changes):
    forms = clean_forms()
    await forms.keep(a_filing(**changes))

    with pytest.raises(FilingNotEditable):
        await attach(forms)


async def test_what_is_not_to_be_attached_is_refused():
    forms = clean_forms()
    await forms.keep(a_filing())

    with pytest.raises(AttachmentRefused):
        await attach(forms, content=b"PK")
    with pytest.raises(Forbidden):
        await attach(forms, caller=READER)
    with pytest.raises(FilingUnknown):
        await attach(forms, caller=STRANGER)
    with pytest.raises(AttachmentUnknown):
        await forms.use.get_attachment(READER, FILING_ID, UUID(int=9))
    for number in range(MOST_FILES):
        await attach(forms, AttachmentKind.OTHER, PDF + b"\n" * number)
    with pytest.raises(AttachmentRefused):
        await attach(forms, AttachmentKind.OTHER, PDF + b"\n" * 99)


async def test_a_campaign_demands_only_what_w_03_knows():
    with pytest.raises(CampaignMalformed):
        replace(a_campaign(), required_attachments=frozenset({AttachmentKind.NOTES})).require_sound()
