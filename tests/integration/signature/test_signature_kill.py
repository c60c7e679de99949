"""A process killed with SIGKILL at the very moment it would use the key (P3, T1)."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

ROOT = Path(__file__).parents[3]

SIGN = """
import asyncio, os, secrets, signal, sys
from pathlib import Path
from pydantic import SecretStr
from chassis.database.engine import open_engine, sessions_of
from chassis.identifiers import TimeSortableIdentifiers
from chassis.settings import DatabaseSettings
from services.signature.clients.software_key.authority import open_or_make
from services.signature.clients.software_key.keys import SoftwareKeys, SoftwareNoteKeys
from services.signature.domain.policy import SERVER_SEAL_1 as POLICY
from services.signature.store.unit_of_work import SqlSignatures
from services.signature.usecases.complete_signature import CompleteSignature
from tests.support.clocks import FrozenClock
from tests.support.signature import DIRECTOR, NOW, a_manifest, an_intent, containers_trusting
from tests.support.signature_fakes import CountingSeals, NoLabels

url, folder, when = sys.argv[1:]
clock = FrozenClock(NOW)
sessions = sessions_of(open_engine(DatabaseSettings(url=SecretStr(url)), "signature"))
units = lambda: SqlSignatures(sessions, clock, TimeSortableIdentifiers(clock))
material = open_or_make(Path(folder), "MIN", NOW)
keys = SoftwareKeys(material)

class DeadlySeals(CountingSeals):
    async def seal(self, files, signing_time):
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        sealed = await super().seal(files, signing_time)
        if when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return sealed

async def main():
    async with units() as unit:
        intent = an_intent()
        if await unit.intents.find(intent.id) is None:
            await unit.intents.add(intent, a_manifest().content)
            committed = intent.commit(
                by=DIRECTOR, digest=intent.digest, authenticated_at=NOW, policy=POLICY, now=NOW
            )
            await unit.intents.save(committed)
            await unit.commit()
    seals = DeadlySeals(containers_trusting(keys), keys)
    complete = CompleteSignature(
        units, seals, SoftwareNoteKeys(material), NoLabels(), clock, POLICY, "MIN", secrets.token_bytes
    )
    print((await complete(intent.id)).receipt.number)

asyncio.run(main())
"""


def sign(url, folder, when):
    command = [sys.executable, "-c", SIGN, url, str(folder), when]
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}", "PATH": ""}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment, cwd=ROOT)


@pytest.mark.slow
async def test_killed_before_or_after_the_key_use_a_restart_signs_exactly_once(database_url, engine, tmp_path):
    folder = tmp_path / "keys"

    before = sign(database_url, folder, "before")
    after = sign(database_url, folder, "after")
    alive = sign(database_url, folder, "never")
    again = sign(database_url, folder, "never")

    assert (before.returncode, after.returncode) == (-signal.SIGKILL, -signal.SIGKILL)
    assert alive.stdout.startswith("ER-2024-MIN-000001-"), alive.stderr
    assert again.stdout == alive.stdout
    async with engine.connect() as connection:
        counts = await connection.execute(
            text("SELECT (SELECT count(*) FROM receipts), (SELECT count(*) FROM log_entries)")
        )
        assert tuple(counts.one()) == (1, 1)
