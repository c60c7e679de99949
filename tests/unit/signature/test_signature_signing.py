import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from chassis.errors import Failure, RuleBroken, ThreeParts, violation
from chassis.identifiers import TimeSortableIdentifiers
from chassis.identity import Caller
from services.signature.clients.software_key.authority import open_or_make
from services.signature.clients.software_key.keys import SoftwareKeys, SoftwareNoteKeys, verify_ed25519
from services.signature.domain.errors import (
    AlreadySigned,
    DigestChanged,
    FilingUnknown,
    IntentExpired,
    IntentUnknown,
    NotSignatory,
    PreviousUnknown,
    ReauthenticationTooOld,
    ReceiptUnknown,
    RecipientsNotAccepted,
    SignatureUnderWay,
)
from services.signature.domain.evidence import HeldFile, evidence
from services.signature.domain.intent import IntentState, SigningIntent
from services.signature.domain.log import open_note, salted
from services.signature.domain.manifest import FIRST_KIND, FilingManifest, SignedAttachment
from services.signature.domain.policy import SERVER_SEAL_1
from services.signature.domain.receipt import is_receipt_number
from services.signature.domain.view import readable_view
from services.signature.usecases.complete_signature import CompleteSignature
from services.signature.usecases.finish_interrupted import FinishInterrupted
from services.signature.usecases.ports import Indication, Lock, Release
from services.signature.usecases.prepare_signature import PrepareSignature
from services.signature.usecases.read_checkpoint import ReadCheckpoint
from services.signature.usecases.read_receipts import FetchContainer, GetContainer, GetReceipt
from services.signature.usecases.sign_filing import SignFiling
from services.signature.usecases.verify_container import VerifyContainer
from tests.support.clocks import FrozenClock
from tests.support.signature import DIRECTOR, NOW, a_manifest, a_term, an_attachment, an_intent, containers_trusting
from tests.support.signature_fakes import (
    CountingSeals,
    InMemorySignatures,
    NoLabels,
    PlayedFilings,
    PlayedReleases,
    a_frozen_filing,
)

FILING, BODY = a_manifest().filing_id, a_manifest().body


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    return open_or_make(tmp_path_factory.mktemp("signature") / "keys", "MIN", NOW)


@dataclass
class Desk:
    """Everything a signatory meets."""

    store: InMemorySignatures
    filings: PlayedFilings
    releases: PlayedReleases
    seals: CountingSeals
    note_keys: SoftwareNoteKeys
    clock: FrozenClock
    prepare: PrepareSignature
    sign: SignFiling
    complete: CompleteSignature

    def director(self, **changes: Any) -> Caller:
        facts = {
            "subject": "user-7",
            "name": "Anne Dupré",
            "grants": {BODY: frozenset({"filing.sign", "receipt.read"})},
            "authenticated_at": self.clock.now() - timedelta(minutes=1),
        }
        return Caller(**facts | changes)

    async def signed(self, version: int = 1) -> Any:
        self.filings.frozen = a_frozen_filing(version=version)
        intent = (await self.prepare(self.director(), FILING)).intent
        return await self.sign(self.director(), intent.id, intent.digest, accepts_recipients=True)


@pytest.fixture
def desk(material):
    store, filings, releases, clock = InMemorySignatures(), PlayedFilings(), PlayedReleases(), FrozenClock(NOW)
    keys, note_keys = SoftwareKeys(material), SoftwareNoteKeys(material)
    seals = CountingSeals(containers_trusting(keys), keys)
    policy, identifiers = SERVER_SEAL_1, TimeSortableIdentifiers(clock)
    complete = CompleteSignature(store, seals, note_keys, NoLabels(), clock, policy, "MIN", secrets.token_bytes)
    prepare = PrepareSignature(store, filings, releases, seals, clock, identifiers, policy, "MIN")
    sign = SignFiling(store, filings, releases, complete, clock, policy)
    return Desk(store, filings, releases, seals, note_keys, clock, prepare, sign, complete)


class SignedByTheOtherClick(PlayedFilings):
    """Refuses the lock, as `forms` does once the other half of a double click has signed."""

    def __init__(self, sign_first: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self._sign_first = sign_first

    async def lock(self, intent: SigningIntent) -> Lock:
        await self._sign_first()
        raise RuleBroken("Cette version est déjà signée.")


async def test_a_double_click_whose_other_half_signed_first_gets_the_same_receipt(desk):
    intent = (await desk.prepare(desk.director(), FILING)).intent

    async def sign_first() -> object:
        return await desk.sign(desk.director(), intent.id, intent.digest, accepts_recipients=True)

    filings = SignedByTheOtherClick(sign_first)
    late = SignFiling(desk.store, filings, desk.releases, desk.complete, desk.clock, SERVER_SEAL_1)
    signed = await late(desk.director(), intent.id, intent.digest, accepts_recipients=True)

    assert signed == await sign_first()
    assert desk.seals.uses == 1


# --- preparing


async def test_the_bytes_to_sign_say_the_content_the_verdict_and_the_recipients(desk):
    prepared = await desk.prepare(desk.director(), FILING)

    shown = FilingManifest.from_bytes(prepared.manifest.content)
    assert shown.cells == a_manifest().cells
    assert shown.release_terms == tuple(sorted(a_manifest().release_terms, key=lambda term: term.recipient))
    assert prepared.intent.digest == prepared.manifest.digest
    assert not prepared.obstacles


async def test_reloading_the_page_offers_the_same_intent(desk):
    first = await desk.prepare(desk.director(), FILING)
    second = await desk.prepare(desk.director(), FILING)

    assert first.intent.id == second.intent.id


async def test_an_intent_past_half_its_life_is_replaced(desk):
    first = await desk.prepare(desk.director(), FILING)
    desk.clock.advance(minutes=16)
    second = await desk.prepare(desk.director(), FILING)

    assert first.intent.id != second.intent.id


@pytest.mark.parametrize("outcome", ["blocked", "to_justify", "not_evaluable", "unspecified"])
async def test_a_verdict_that_stands_in_the_way_gives_an_obstacle_and_no_intent(desk, outcome):
    desk.filings.frozen = a_frozen_filing(outcome=outcome)

    prepared = await desk.prepare(desk.director(), FILING)

    assert prepared.obstacles
    assert prepared.intent is None


async def test_what_forms_finds_wrong_is_shown_as_obstacles(desk):
    step = violation(
        "step", "STEP", ThreeParts("Le dépôt n'est pas à l'étape 3."), ThreeParts("The filing is not at step 3.")
    )
    desk.filings.refusal = RuleBroken("Pas prêt", violations=[step])

    prepared = await desk.prepare(desk.director(), FILING)

    assert [(one.fr, one.en) for one in prepared.obstacles] == [(step.description, str(step.en))]
    assert prepared.manifest is None


async def test_a_refusal_of_forms_without_obstacle_passes_on(desk):
    desk.filings.refusal = RuleBroken("non")

    with pytest.raises(RuleBroken):
        await desk.prepare(desk.director(), FILING)


async def test_a_stranger_does_not_learn_that_the_filing_exists(desk):
    with pytest.raises(FilingUnknown):
        await desk.prepare(desk.director(grants={"999999999": frozenset({"filing.sign"})}), FILING)


async def test_somebody_of_the_body_without_the_right_is_refused(desk):
    with pytest.raises(NotSignatory) as refused:
        await desk.prepare(desk.director(grants={BODY: frozenset({"filing.read"})}), FILING)
    assert [told.reason for told in refused.value.violations] == ["W-05"]


@pytest.mark.parametrize("scope", [BODY, "*"])
async def test_who_administers_accounts_does_not_sign(desk, scope):
    grants = {BODY: frozenset({"filing.read", "filing.sign"})}
    intent = (await desk.prepare(desk.director(grants=grants), FILING)).intent
    both = {**grants, scope: grants.get(scope, frozenset()) | {"member.manage"}}

    with pytest.raises(NotSignatory):
        await desk.prepare(desk.director(grants=both), FILING)
    with pytest.raises(NotSignatory):
        await desk.sign(desk.director(grants=both), intent.id, intent.digest, accepts_recipients=True)

    assert desk.seals.uses == 0


async def test_a_signed_version_cannot_be_prepared_again(desk):
    await desk.signed()

    with pytest.raises(AlreadySigned):
        await desk.prepare(desk.director(), FILING)


async def test_old_intents_that_nobody_signed_are_forgotten(desk):
    await desk.prepare(desk.director(), FILING)
    desk.clock.advance(days=2)
    await desk.prepare(desk.director(), FILING)

    assert len(desk.store.kept.intents) == 1


# --- signing


async def test_signing_gives_a_receipt_whose_container_verifies(desk):
    signed = await desk.signed()

    verdict = await desk.seals.verify(desk.store.kept.containers[signed.receipt.intent_id], NOW)
    assert verdict.indication is Indication.PASSED
    assert verdict.verified_bytes["filing.json"] == signed.manifest.content
    assert is_receipt_number(signed.receipt.number)
    assert (signed.receipt.level, signed.receipt.signed_at) == ("B-B", NOW)


async def test_the_receipt_is_proven_by_the_log(desk):
    receipt = (await desk.signed()).receipt

    public_key = desk.note_keys.public_key
    checkpoint = open_note(
        receipt.proof.checkpoint, "harmonia/MIN", public_key, lambda text, s: verify_ed25519(public_key, text, s)
    )
    assert receipt.proof.proves(receipt.entry, checkpoint.root)
    assert receipt.entry.salted_digest == salted(receipt.digest, receipt.salt)


async def test_the_proof_is_written_as_a_tlog_proof(desk):
    receipt = (await desk.signed()).receipt

    header, extra, index, *_ = receipt.log_proof.split("\n")
    assert (header, index) == ("c2sp.org/tlog-proof@v1", "index 0")
    assert extra.startswith("extra ")
    assert receipt.log_proof.endswith("\n\n" + receipt.proof.checkpoint)


async def test_signing_again_returns_the_same_receipt_and_does_not_touch_the_key(desk):
    first = await desk.signed()
    intent = desk.store.kept.intents[first.receipt.intent_id]

    again = await desk.sign(desk.director(), intent.id, intent.digest, accepts_recipients=True)

    assert again.receipt == first.receipt
    assert desk.seals.uses == 1
    assert len(desk.store.kept.events) == 1


async def test_two_at_once_sign_once(desk):
    intent = (await desk.prepare(desk.director(), FILING)).intent

    both = await asyncio.gather(
        *(desk.sign(desk.director(), intent.id, intent.digest, accepts_recipients=True) for _ in range(20))
    )

    assert len({signed.receipt.number for signed in both}) == 1
    assert desk.seals.uses == 1


async def test_the_filing_is_locked_by_the_intent_before_the_key_is_used(desk):
    signed = await desk.signed()

    assert desk.filings.locked_by == str(signed.receipt.intent_id)


async def test_the_event_carries_the_signed_recipients_only(desk):
    desk.releases.release = Release(a_manifest().matrix_digest, (a_term("CDC"), a_term("CGLLS", decision="deny")))

    await desk.signed()

    (event,) = desk.store.kept.events
    assert (event.recipients, event.revision) == (("CDC",), 12)


REFUSALS = [
    ("a stale proof of identity", {"authenticated_at": NOW - timedelta(minutes=6)}, {}, ReauthenticationTooOld),
    ("no proof of identity", {"authenticated_at": None}, {}, ReauthenticationTooOld),
    ("somebody else", {"subject": "user-8"}, {}, NotSignatory),
    ("a stranger", {"grants": {}}, {}, IntentUnknown),
    ("no right to sign", {"grants": {BODY: frozenset({"filing.read"})}}, {}, NotSignatory),
    ("another digest", {}, {"digest": "cd" * 32}, DigestChanged),
    ("recipients not accepted", {}, {"accepts_recipients": False}, RecipientsNotAccepted),
]


@pytest.mark.parametrize(
    ("person", "request_", "failure"), [case[1:] for case in REFUSALS], ids=[c[0] for c in REFUSALS]
)
async def test_without_the_right_person_proof_or_digest_nothing_is_signed(desk, person, request_, failure):
    intent = (await desk.prepare(desk.director(), FILING)).intent
    request = {"digest": intent.digest, "accepts_recipients": True} | request_

    with pytest.raises(failure):
        await desk.sign(
            desk.director(**person), intent.id, request["digest"], accepts_recipients=request["accepts_recipients"]
        )

    assert desk.seals.uses == 0
    assert desk.store.kept.intents[intent.id].state is IntentState.PREPARED


@pytest.mark.parametrize(
    ("person", "request_", "control"),
    [
        ({"subject": "user-8"}, {}, "W-05"),
        ({"grants": {BODY: frozenset({"filing.read"})}}, {}, "W-05"),
        ({}, {"digest": "cd" * 32}, "W-06"),
        ({}, {"accepts_recipients": False}, "W-09"),
    ],
    ids=["somebody else", "no right to sign", "another digest", "recipients not accepted"],
)
async def test_a_refusal_names_its_control_in_three_parts_and_two_languages(desk, person, request_, control):
    intent = (await desk.prepare(desk.director(), FILING)).intent
    request = {"digest": intent.digest, "accepts_recipients": True} | request_

    with pytest.raises(Failure) as refused:
        await desk.sign(
            desk.director(**person), intent.id, request["digest"], accepts_recipients=request["accepts_recipients"]
        )

    (told,) = refused.value.violations
    assert told.reason == control
    assert all((told.fr.what, told.fr.where, told.fr.how, told.en.what, told.en.where, told.en.how))


async def test_an_unknown_intent_is_refused(desk):
    with pytest.raises(IntentUnknown):
        await desk.sign(
            desk.director(),
            desk.filings.frozen and TimeSortableIdentifiers(desk.clock).next(),
            "",
            accepts_recipients=True,
        )


async def test_an_intent_that_waited_too_long_is_refused(desk):
    intent = (await desk.prepare(desk.director(), FILING)).intent
    desk.clock.advance(minutes=31)

    with pytest.raises(IntentExpired):
        await desk.sign(desk.director(), intent.id, intent.digest, accepts_recipients=True)


async def test_a_cell_edited_between_view_and_signature_refuses_the_signature(desk):
    intent = (await desk.prepare(desk.director(), FILING)).intent
    desk.filings.changed = ("BA.010.brut",)

    with pytest.raises(DigestChanged) as refused:
        await desk.sign(desk.director(), intent.id, intent.digest, accepts_recipients=True)

    assert refused.value.metadata == {"cells": "BA.010.brut"}
    assert desk.seals.uses == 0


@pytest.mark.parametrize(
    ("release", "named"),
    [
        (
            Release(
                a_manifest().matrix_digest, (a_term("CDC", decision="deny"), a_term("ANCOLS", rule="T-15", level=0))
            ),
            "CDC",
        ),
        (Release("cd" * 32, a_manifest().release_terms), ""),
    ],
)
async def test_recipients_that_changed_between_view_and_signature_refuse_the_signature(desk, release, named):
    intent = (await desk.prepare(desk.director(), FILING)).intent
    desk.releases.release = release

    with pytest.raises(DigestChanged) as refused:
        await desk.sign(desk.director(), intent.id, intent.digest, accepts_recipients=True)

    assert refused.value.metadata["recipients"] == named
    assert desk.filings.locked_by == ""


async def test_a_second_intent_cannot_sign_a_signed_version(desk):
    first = (await desk.prepare(desk.director(), FILING)).intent
    colleague = desk.director(subject="user-8", name="Benoît Roy")
    second = (await desk.prepare(colleague, FILING)).intent
    await desk.sign(desk.director(), first.id, first.digest, accepts_recipients=True)

    with pytest.raises(AlreadySigned):
        await desk.sign(colleague, second.id, second.digest, accepts_recipients=True)

    assert desk.seals.uses == 1


# --- crashes


async def test_killed_between_intent_and_key_use_a_repeat_completes(desk):
    intent = (await desk.prepare(desk.director(), FILING)).intent
    desk.seals.dies_before_use = True
    with pytest.raises(ConnectionAbortedError):
        await desk.sign(desk.director(), intent.id, intent.digest, accepts_recipients=True)
    committed = desk.store.kept.intents[intent.id].state
    desk.seals.dies_before_use = False
    desk.clock.advance(hours=3)

    signed = await desk.sign(desk.director(), intent.id, intent.digest, accepts_recipients=True)

    assert committed is IntentState.COMMITTED
    assert signed.receipt.signed_at == NOW
    assert desk.seals.uses == 1


async def test_killed_after_key_use_a_repeat_makes_the_same_signature(desk):
    intent = (await desk.prepare(desk.director(), FILING)).intent
    desk.seals.dies_after_use = True
    with pytest.raises(ConnectionAbortedError):
        await desk.sign(desk.director(), intent.id, intent.digest, accepts_recipients=True)
    desk.seals.dies_after_use = False

    signed = await desk.sign(desk.director(), intent.id, intent.digest, accepts_recipients=True)

    assert len(desk.store.kept.receipts) == 1
    assert len(desk.store.kept.entries) == 1
    assert signed.receipt.proof.index == 0


@pytest.mark.parametrize("step", ["log", "number", "signed", "receipt", "commit"])
async def test_a_failure_after_key_use_leaves_nothing_and_a_repeat_converges(desk, step):
    intent = (await desk.prepare(desk.director(), FILING)).intent
    await desk.sign(desk.director(), intent.id, intent.digest, accepts_recipients=True)
    desk.filings.frozen = replace(desk.filings.frozen, version=2)
    second = (await desk.prepare(desk.director(), FILING)).intent
    committed = second.commit(
        by=second.signatory, digest=second.digest, authenticated_at=NOW, policy=SERVER_SEAL_1, now=NOW
    )
    desk.store.kept.intents[second.id] = committed
    desk.store.fail_at = step

    with pytest.raises(ConnectionError):
        await desk.complete(second.id)
    before = (len(desk.store.kept.receipts), len(desk.store.kept.entries), len(desk.store.kept.events))
    signed = await desk.complete(second.id)

    assert before == (1, 1, 1)
    assert (signed.receipt.proof.index, len(desk.store.kept.events)) == (1, 2)
    assert signed.receipt.number.startswith("ER-2024-MIN-000002-")


async def test_the_worker_finishes_what_a_crash_interrupted(desk):
    intent = (await desk.prepare(desk.director(), FILING)).intent
    desk.seals.dies_before_use = True
    with pytest.raises(ConnectionAbortedError):
        await desk.sign(desk.director(), intent.id, intent.digest, accepts_recipients=True)
    desk.seals.dies_before_use = False
    finish = FinishInterrupted(desk.store, desk.complete, desk.clock, timedelta(seconds=10))

    too_early = await finish()
    desk.clock.advance(seconds=11)

    assert (too_early, await finish(), await finish()) == (0, 1, 0)
    assert len(desk.store.kept.receipts) == 1


async def test_while_a_signature_is_under_way_no_other_is_prepared(desk):
    intent = (await desk.prepare(desk.director(), FILING)).intent
    desk.seals.dies_before_use = True
    with pytest.raises(ConnectionAbortedError):
        await desk.sign(desk.director(), intent.id, intent.digest, accepts_recipients=True)

    with pytest.raises(SignatureUnderWay):
        await desk.prepare(desk.director(), FILING)


async def test_a_prepared_intent_is_never_completed_without_its_signatory(desk):
    intent = (await desk.prepare(desk.director(), FILING)).intent

    with pytest.raises(IntentUnknown):
        await desk.complete(intent.id)


# --- reading


@pytest.mark.parametrize("version", [0, 1])
async def test_the_receipt_and_the_container_are_given_to_the_body(desk, version):
    signed = await desk.signed()

    assert await GetReceipt(desk.store)(desk.director(), FILING, version) == signed
    read, container = await GetContainer(desk.store)(desk.director(), FILING, version)
    assert read == signed
    assert (await FetchContainer(desk.store)(FILING, version))[1] == container


async def test_an_unsigned_filing_and_a_foreign_one_get_the_same_answer(desk):
    with pytest.raises(ReceiptUnknown) as unsigned:
        await GetReceipt(desk.store)(desk.director(), FILING, 0)
    await desk.signed()

    with pytest.raises(ReceiptUnknown) as foreign:
        await GetReceipt(desk.store)(desk.director(grants={"999999999": frozenset({"receipt.read"})}), FILING, 0)

    assert (unsigned.value.code, unsigned.value.message) == (foreign.value.code, foreign.value.message)


async def test_verification_gives_back_the_content_and_the_signatory(desk):
    signed = await desk.signed()

    found = await VerifyContainer(desk.store, desk.seals, desk.clock, "MIN")(
        desk.store.kept.containers[signed.receipt.intent_id]
    )

    assert (found.content, found.signatory) == (signed.manifest.content, "Anne Dupré")


async def test_a_good_seal_over_contradictory_files_fails(desk):
    signed = await desk.signed()
    files = (await desk.seals.verify(desk.store.kept.containers[signed.receipt.intent_id], NOW)).verified_bytes
    forged = await desk.seals.seal({**files, "filing.json": a_manifest(year=2025).content}, NOW)

    found = await VerifyContainer(desk.store, desk.seals, desk.clock, "MIN")(forged.container)

    assert found.verdict.indication is Indication.FAILED
    assert found.content == b""


def verifier(desk, server="MIN"):
    return VerifyContainer(desk.store, desk.seals, desk.clock, server)


def container_of(desk, signed):
    return desk.store.kept.containers[signed.receipt.intent_id]


async def test_a_rectifying_version_names_the_one_that_was_signed_before_it(desk):
    first = await desk.signed()
    second = await desk.signed(version=2)
    third = await desk.signed(version=3)

    before = third.manifest.previous
    assert first.manifest.previous is None
    assert second.manifest.previous.digest == first.receipt.digest
    assert (before.version, before.digest) == (2, second.receipt.digest)
    assert (before.receipt_number, before.log_index) == (second.receipt.number, second.receipt.proof.index)
    assert (await verifier(desk)(container_of(desk, third))).manifest.previous == before


async def test_what_is_attached_when_the_filing_is_frozen_is_signed(desk):
    signed = await desk.signed()

    assert signed.manifest.attachments == desk.filings.frozen.attachments == (an_attachment(),)
    assert b"pv.pdf" in signed.manifest.content


async def test_a_version_whose_predecessor_was_not_signed_here_is_not_prepared(desk):
    desk.filings.frozen = a_frozen_filing(version=2)

    with pytest.raises(PreviousUnknown):
        await desk.prepare(desk.director(), FILING)


async def sealed(desk, manifest):
    """Put a true seal over a manifest, with a consent to it."""
    intent = an_intent(filing_version=manifest.filing_version, digest=manifest.digest).commit(
        by=DIRECTOR, digest=manifest.digest, authenticated_at=NOW, policy=SERVER_SEAL_1, now=NOW
    )
    files = evidence(manifest.content, readable_view(manifest.content), intent.consent())
    return (await desk.seals.seal(files, NOW)).container


async def test_a_good_seal_over_another_predecessor_than_was_signed_here_fails_and_names_the_part(desk):
    await desk.signed()
    second = await desk.signed(version=2)
    true = second.manifest.previous
    for wrong in (
        replace(true, digest="00" * 32),
        replace(true, log_index=7),
        replace(true, receipt_number="ER-2024-MIN-000009-X"),
    ):
        found = await verifier(desk)(await sealed(desk, replace(second.manifest, previous=wrong)))

        assert found.verdict.indication is Indication.FAILED
        assert "« previous »" in found.verdict.reasons[0]
        assert found.content == b""


async def test_another_server_takes_the_predecessor_at_the_word_of_the_signed_bytes(desk):
    await desk.signed()
    second = await desk.signed(version=2)

    found = await verifier(desk, "FED-OPH")(container_of(desk, second))

    assert found.verdict.indication is Indication.PASSED


async def test_a_filing_signed_before_versions_were_chained_verifies_and_is_followed(desk):
    early = a_manifest(kind=FIRST_KIND, attachments=(SignedAttachment("", "rapport.pdf", 0, "cd" * 32),))
    first = await desk.signed()
    desk.store.kept.contents[first.receipt.intent_id] = early.content
    desk.store.kept.receipts[first.receipt.intent_id] = replace(first.receipt, digest=early.digest)

    found = await verifier(desk)(await sealed(desk, early))
    second = await desk.signed(version=2)

    assert (found.verdict.indication, found.content) == (Indication.PASSED, early.content)
    assert second.manifest.previous.digest == early.digest
    assert (await GetReceipt(desk.store)(desk.director(), FILING, 1)).manifest == FilingManifest.from_bytes(
        early.content
    )


async def test_a_held_file_that_is_not_the_attached_one_fails_and_is_named(desk):
    container = container_of(desk, await desk.signed())
    attached = an_attachment()

    same = await verifier(desk)(container, [HeldFile("pv.pdf", attached.size, attached.digest)])
    altered = await verifier(desk)(container, [HeldFile("pv.pdf", attached.size, "00" * 32)])

    assert same.verdict.indication is Indication.PASSED
    assert altered.verdict.indication is Indication.FAILED
    assert "pv.pdf" in altered.verdict.reasons[0]


async def test_noise_fails_to_verify(desk):
    found = await VerifyContainer(desk.store, desk.seals, desk.clock, "MIN")(b"noise")

    assert found.verdict.indication is Indication.FAILED


@pytest.mark.parametrize("signatures", [0, 1])
async def test_the_checkpoint_is_signed_whatever_the_size_of_the_log(desk, signatures):
    for _ in range(signatures):
        await desk.signed()

    note, verifier = await ReadCheckpoint(desk.store, desk.note_keys, "MIN")()

    public_key = desk.note_keys.public_key
    opened = open_note(note, "harmonia/MIN", public_key, lambda text, s: verify_ed25519(public_key, text, s))
    assert opened.size == signatures
    assert verifier.startswith("harmonia/MIN+")
