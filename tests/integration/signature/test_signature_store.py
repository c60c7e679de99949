"""The tables of the signature service on a real PostgreSQL: transactions, uniqueness, and evidence that cannot be rewritten."""

import asyncio
import secrets
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.database.engine import sessions_of
from chassis.identifiers import TimeSortableIdentifiers
from services.signature.clients.software_key.authority import open_or_make
from services.signature.clients.software_key.keys import SoftwareKeys, SoftwareNoteKeys, verify_ed25519
from services.signature.domain.errors import SignatureUnderWay
from services.signature.domain.intent import IntentState
from services.signature.domain.log import consistency_spans, extends, fold, open_note, root_nodes, spans_nodes
from services.signature.domain.policy import SERVER_SEAL_1
from services.signature.store.unit_of_work import SqlSignatures
from services.signature.usecases.complete_signature import CompleteSignature
from services.signature.usecases.finish_interrupted import FinishInterrupted
from tests.support.clocks import FrozenClock
from tests.support.signature import DIRECTOR, NOW, a_manifest, an_intent, containers_trusting
from tests.support.signature_fakes import CountingSeals, NoLabels

CLOCK = FrozenClock(NOW)
NEW_ID = TimeSortableIdentifiers(CLOCK).next


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    return open_or_make(tmp_path_factory.mktemp("signature") / "keys", "MIN", NOW)


@pytest.fixture
def units(engine):
    sessions = sessions_of(engine)
    return lambda: SqlSignatures(sessions, CLOCK, TimeSortableIdentifiers(CLOCK))


@pytest.fixture
def seals(material):
    keys = SoftwareKeys(material)
    return CountingSeals(containers_trusting(keys), keys)


@pytest.fixture
def complete(units, seals, material):
    note_keys = SoftwareNoteKeys(material)
    return CompleteSignature(units, seals, note_keys, NoLabels(), CLOCK, SERVER_SEAL_1, "MIN", secrets.token_bytes)


async def committed(units, version=1, **changes):
    manifest = a_manifest(filing_version=version)
    intent = an_intent(id=NEW_ID(), filing_version=version, digest=manifest.digest, **changes)
    async with units() as unit:
        await unit.intents.add(intent, manifest.content)
        await unit.intents.save(
            intent.commit(by=DIRECTOR, digest=intent.digest, authenticated_at=NOW, policy=SERVER_SEAL_1, now=NOW)
        )
        await unit.commit()
    return intent.id


async def run(engine, statement):
    async with engine.begin() as connection:
        return await connection.execute(text(statement))


async def test_an_intent_and_its_bytes_come_back_as_they_were(units):
    intent = an_intent()
    async with units() as unit:
        await unit.intents.add(intent, b"bytes")
        await unit.commit()

    async with units() as unit:
        assert await unit.intents.find(intent.id) == intent
        assert await unit.intents.content(intent.id) == b"bytes"
        assert await unit.intents.reusable(intent, NOW - timedelta(minutes=5)) == intent
        assert await unit.intents.reusable(intent, NOW) is None
        assert await unit.intents.find(NEW_ID()) is None
        assert await unit.intents.locked(NEW_ID()) is None


async def test_a_receipt_comes_back_as_it_was(units, complete):
    intent_id = await committed(units)

    signed = await complete(intent_id)

    async with units() as unit:
        assert await unit.receipts.of_intent(intent_id) == signed.receipt
        assert await unit.receipts.of_filing(signed.receipt.filing_id, 0) == signed.receipt
        assert await unit.receipts.of_filing(signed.receipt.filing_id, 2) is None


async def test_only_one_intent_of_a_version_can_be_committed(units):
    await committed(units)

    with pytest.raises(SignatureUnderWay):
        await committed(units)


async def test_two_at_once_sign_once(units, complete, seals):
    intent_id = await committed(units)

    both = await asyncio.gather(*(complete(intent_id) for _ in range(8)))

    assert {signed.receipt.number for signed in both} == {both[0].receipt.number}
    assert seals.uses == 1


async def test_numbers_and_log_are_dense_however_many_sign_at_once(units, complete, engine, material):
    intents = [await committed(units, version) for version in range(1, 13)]

    signed = await asyncio.gather(*(complete(intent_id) for intent_id in intents))

    receipts = sorted((one.receipt for one in signed), key=lambda receipt: receipt.proof.index)
    assert [receipt.proof.index for receipt in receipts] == list(range(12))
    assert sorted(receipt.number[:18] for receipt in receipts) == [f"ER-2024-MIN-{n:06d}" for n in range(1, 13)]
    sequences = (await run(engine, "SELECT sequence FROM outbox_events ORDER BY sequence")).scalars().all()
    assert sequences == list(range(1, 25))
    key = SoftwareNoteKeys(material).public_key
    roots = [
        open_note(receipt.proof.checkpoint, "harmonia/MIN", key, lambda note, s: verify_ed25519(key, note, s)).root
        for receipt in receipts
    ]
    assert all(receipt.proof.proves(receipt.entry, root) for receipt, root in zip(receipts, roots, strict=True))
    async with units() as unit:
        nodes = await unit.log.nodes(spans_nodes(consistency_spans(5, 12)))
        proof = fold(consistency_spans(5, 12), nodes)
        assert await unit.log.checkpoint() == receipts[-1].proof.checkpoint
        assert len(await unit.log.nodes(root_nodes(12))) == 2
    assert extends(5, roots[4], 12, roots[11], proof)


async def test_a_crash_between_intent_and_key_use_is_finished_by_the_worker(units, complete, seals):
    intent_id = await committed(units)
    seals.dies_before_use = True
    with pytest.raises(ConnectionAbortedError):
        await complete(intent_id)
    seals.dies_before_use = False
    later = FrozenClock(NOW + timedelta(minutes=1))

    finished = await FinishInterrupted(units, complete, later, timedelta(seconds=10))()

    assert (finished, seals.uses) == (1, 1)
    async with units() as unit:
        assert (await unit.intents.find(intent_id)).state is IntentState.SIGNED


STATEMENTS = [
    ("log_entries", "INSERT"),
    ("log_nodes", "INSERT"),
    ("log_checkpoints", "INSERT"),
    ("receipt_counters", "INSERT"),
    ("receipts", "INSERT"),
    ("containers", "INSERT"),
    ("signing_intents", "UPDATE"),
    ("outbox_head", "UPDATE"),
    ("outbox_events", "INSERT"),
]


@pytest.mark.parametrize(("table", "verb"), STATEMENTS)
async def test_when_a_statement_fails_after_key_use_nothing_remains_and_a_repeat_converges(
    units, complete, seals, engine, table, verb
):
    """T11: a trigger fails each statement in turn, as Boulder's integration tests do."""
    intent_id = await committed(units)
    await run(
        engine,
        "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'injected'; END $$",
    )
    await run(engine, f"CREATE TRIGGER fail BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION fail()")

    with pytest.raises(DBAPIError, match="injected"):
        await complete(intent_id)
    counts = "SELECT (SELECT count(*) FROM receipts), (SELECT count(*) FROM log_entries), (SELECT count(*) FROM outbox_events)"
    after_failure = (await run(engine, counts)).one()
    states = (await run(engine, "SELECT state FROM signing_intents")).scalars().all()
    await run(engine, f"DROP TRIGGER fail ON {table}")
    signed = await complete(intent_id)

    assert (tuple(after_failure), states) == ((0, 0, 0), ["committed"])
    assert tuple((await run(engine, counts)).one()) == (1, 1, 2)
    assert signed.receipt.number.startswith("ER-2024-MIN-000001-")
    assert seals.uses == 2


async def test_every_key_use_has_an_older_committed_intent(units, complete, engine):
    intent_id = await committed(units)
    await complete(intent_id)

    orphans = (
        "SELECT count(*) FROM receipts r LEFT JOIN signing_intents i ON i.id = r.intent_id WHERE i.committed_at IS NULL"
    )

    assert (await run(engine, orphans)).scalar() == 0


REWRITES = [
    "UPDATE receipts SET digest = ''",
    "DELETE FROM receipts",
    "UPDATE containers SET content = ''",
    "DELETE FROM containers",
    "UPDATE log_entries SET digest = ''",
    "DELETE FROM log_entries",
    "UPDATE log_nodes SET hash = ''",
    "DELETE FROM log_nodes",
    "UPDATE log_checkpoints SET note = ''",
    "DELETE FROM log_checkpoints",
    "TRUNCATE log_entries",
    "TRUNCATE signing_intents CASCADE",
    "DELETE FROM signing_intents",
    "UPDATE signing_intents SET state = 'prepared', committed_at = NULL, signed_at = NULL",
    "UPDATE signing_intents SET digest = ''",
    "UPDATE signing_intents SET signatory_name = 'x'",
]


@pytest.mark.parametrize("statement", REWRITES)
async def test_the_service_has_no_right_to_rewrite_evidence(units, complete, engine, statement):
    await complete(await committed(units))

    with pytest.raises(DBAPIError, match=r"permission denied|append-only|only moves forward|evidence"):
        await run(engine, statement)


async def test_who_takes_the_right_back_still_meets_the_trigger(units, complete, engine):
    await complete(await committed(units))

    with pytest.raises(DBAPIError, match="append-only"):
        await run(engine, "GRANT UPDATE ON log_entries TO CURRENT_USER; UPDATE log_entries SET digest = ''")


async def test_a_prepared_intent_may_be_forgotten_and_a_committed_one_may_not(units):
    kept = await committed(units)
    async with units() as unit:
        await unit.intents.add(an_intent(filing_version=2), b"")
        assert await unit.intents.forget(NOW + timedelta(days=1)) == 1
        await unit.commit()

    async with units() as unit:
        assert await unit.intents.find(kept)


async def test_an_intent_cannot_skip_the_commit(units, engine):
    async with units() as unit:
        await unit.intents.add(an_intent(), b"")
        await unit.commit()

    with pytest.raises(DBAPIError, match="only moves forward"):
        await run(engine, "UPDATE signing_intents SET state = 'signed', committed_at = now(), signed_at = now()")
