"""C1: another form set given to a campaign of 900 open filings during entry, through the real RPCs (F9).

Goal: its preview in 15 s, itself and its taking back in three minutes, each filing whole, while a body saves: p99 of a save
of one cell at most 1 s. Synthetic filings of twelve bodies, 670 typed cells each and the year before signed, are copied
inside PostgreSQL to 900 bodies (`q1_consultation`). The forms service and the validation service with its worker process
run as in a node, people's saves before the campaign. Memory is the peak of this process, which hosts both services, above
what it had before. Prints the figures, then one line of JSON.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as validation

from bench import q1_consultation as q1
from chassis.clock import SystemClock
from chassis.database.migrations import prepare_schema, upgrade
from chassis.rpc.identity import carrying
from chassis.service import Service
from node.embedded import embedded_postgres
from services.forms.service import make_service
from services.validation.service import make_service as make_validation
from tests.support.forms_neighbours import (
    FactsServicer,
    RecipientsServicer,
    a_sync_service,
    a_transmission_service,
    an_auth_service,
)
from tests.support.hosting import DIRECTOR, OFFICER, FakePassports, a_caller, a_stack, hosting

YEAR, BEFORE, AFTER = 2024, "2024.1", "2025.1"
GOAL_SECONDS = {"preview": 15.0, "publication": 180.0, "taking back": 180.0}
GOAL_SAVE_MS = 1_000.0
OPEN = f"""
SET session_replication_role = replica;
DELETE FROM filings WHERE siren < '1';
DELETE FROM cells WHERE filing_id NOT IN (SELECT id FROM filings);
DELETE FROM snapshots USING filings WHERE id = filing_id AND year = {YEAR};
UPDATE filings SET step = 1, signed_version = 0, signed_at = NULL, receipt_number = '', revision = 1, opened_at = '2025-05-02'
WHERE year = {YEAR};
VACUUM (ANALYZE) filings, cells, snapshots
"""
"""The copied filings of the last year are open; those of the year before stay signed."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How long something took, and what memory it needed."""

    seconds: float
    megabytes: float


def peak() -> float:
    """Return the most memory this process had since it was last forgotten, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1_000


def forget_peak() -> None:
    """Start over."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


async def load(url: str, admin_url: str, filings: int) -> str:
    """Fill the store and return the filing of one body."""
    q1.YEARS = range(YEAR - 1, YEAR + 1)
    await q1.write_templates(url)
    await asyncio.to_thread(q1.copy_to, admin_url, filings)
    with psycopg.connect(q1.plain(admin_url), autocommit=True, options="-c search_path=forms") as connection:
        for statement in OPEN.split(";\n"):
            connection.execute(statement.encode())
        found = connection.execute(
            f"SELECT id::text FROM filings WHERE year = {YEAR} AND document = 'ER' ORDER BY id DESC LIMIT 1"
        ).fetchone()
    assert found is not None
    return str(found[0])


class Officer:
    """Who publishes and looks how far it is."""

    def __init__(self, stub: "pb_grpc.FormsServiceAsyncStub") -> None:
        self._stub = stub

    async def plan(self) -> None:
        """Plan the campaign as a node does."""
        campaign = pb.Campaign(
            document=types.DOCUMENT_ER,
            year=YEAR,
            form_set=BEFORE,
            opens_on="2025-04-01",
            due_on="2025-07-15",
            closes_on="2099-12-31",
            families=[types.FAMILY_OPH],
        )
        await self._stub.ProvisionCampaign(pb.ProvisionCampaignRequest(campaign=campaign))

    async def preview(self, filings: int) -> None:
        """Ask what it would do, and to whom first, as its page does."""
        asked = pb.PreviewFormSetChangeRequest(document=types.DOCUMENT_ER, year=YEAR, form_set=AFTER)
        with carrying("officer"):
            found = await self._stub.PreviewFormSetChange(asked, timeout=90.0)
            page = pb.ListAffectedFilingsRequest(document=types.DOCUMENT_ER, year=YEAR, form_set=AFTER)
            affected = await self._stub.ListAffectedFilings(page, timeout=90.0)
        assert (found.concerned, found.untouched) == (filings, 0)
        assert found.judged
        assert all(one.carried for one in affected.filings)
        assert len(affected.filings) == min(filings, 25)

    async def publish(self, filings: int) -> str:
        """Publish, and wait until every filing is done."""
        asked = pb.PublishFormSetRequest(document=types.DOCUMENT_ER, year=YEAR, form_set=AFTER, is_forced=True)
        with carrying("officer"):
            publication = (await self._stub.PublishFormSet(asked)).publication_id
        await self._see_done(publication, filings)
        return publication

    async def take_back(self, publication: str, filings: int) -> None:
        """Take it back, and wait until every filing is as before."""
        with carrying("officer"):
            await self._stub.UndoFormSetChange(pb.UndoFormSetChangeRequest(publication_id=publication))
        await self._see_done(publication, filings)

    async def _see_done(self, publication: str, filings: int) -> None:
        while True:
            with carrying("officer"):
                asked = pb.GetPublicationRequest(publication_id=publication)
                found = (await self._stub.GetPublication(asked)).publication
            if found.state == validation.RUN_STATE_DONE:
                assert (found.done, found.left) == (filings, 0)
                return
            assert found.state != validation.RUN_STATE_FAILED, found.failure
            await asyncio.sleep(0.5)


async def saving(stub: "pb_grpc.FormsServiceAsyncStub", filing_id: str, taken: list[float]) -> None:
    """Save one cell of one filing twice a second, for ever, and keep the milliseconds."""
    with carrying("director"):
        cells = (await stub.GetFiling(pb.GetFilingRequest(filing_id=filing_id))).cells
        (version,) = [cell.version for cell in cells if cell.address == "BA.010.brut"]
        number = 0
        while True:
            number += 1
            edit = pb.CellEdit(address="BA.010.brut", text=str(1_000 + number), base_version=version)
            asked = pb.SaveCellsRequest(request_id=f"{filing_id}-{number}", filing_id=filing_id, edits=[edit])
            began = time.perf_counter()
            (saved,) = [cell for cell in (await stub.SaveCells(asked)).cells if cell.address == "BA.010.brut"]
            taken.append((time.perf_counter() - began) * 1_000)
            version = saved.version
            await asyncio.sleep(0.5)


@asynccontextmanager
async def measuring(found: dict[str, Measured], name: str) -> AsyncIterator[None]:
    """Time what happens inside, and see what memory it takes."""
    forget_peak()
    before, began = peak(), time.perf_counter()
    yield
    found[name] = Measured(time.perf_counter() - began, peak() - before)


async def measured(
    url: str, validation_url: str, filing_id: str, filings: int
) -> tuple[dict[str, Measured], list[float]]:
    """Preview, publish and take back while one body saves."""
    people = {"officer": a_caller("Alex Agent", on={"*": OFFICER}), "director": a_caller("Camille", on={"*": DIRECTOR})}
    stack = a_stack(clock=SystemClock())  # type: ignore[arg-type]
    services: list[Service] = [
        make_service(stack, url),
        make_validation(stack, validation_url),
        an_auth_service(),
        a_sync_service(FactsServicer()),  # type: ignore[abstract]
        a_transmission_service(RecipientsServicer()),  # type: ignore[abstract]
    ]
    found: dict[str, Measured] = {}
    saves: list[float] = []
    async with hosting(stack, services, FakePassports(people)) as (peers, _):
        stub: pb_grpc.FormsServiceAsyncStub = pb_grpc.FormsServiceStub(peers.channel("forms"))
        officer = Officer(stub)
        await officer.plan()
        await officer.preview(filings)  # the worker process of validation starts
        async with measuring(found, "preview"):
            await officer.preview(filings)
        save = asyncio.create_task(saving(stub, filing_id, saves))
        async with measuring(found, "publication"):
            publication = await officer.publish(filings)
        async with measuring(found, "taking back"):
            await officer.take_back(publication, filings)
        save.cancel()
        await asyncio.gather(save, return_exceptions=True)
    return found, saves


async def run(filings: int) -> tuple[dict[str, Measured], list[float]]:
    """Load, then measure."""
    with tempfile.TemporaryDirectory(prefix="c1-", ignore_cleanup_errors=True) as folder:
        async with embedded_postgres(Path(folder)) as admin_url:
            urls = {}
            for service in ("forms", "validation"):
                urls[service] = await asyncio.to_thread(prepare_schema, admin_url, service)
                await asyncio.to_thread(upgrade, urls[service], service)
            filing_id = await load(urls["forms"], admin_url, filings)
            return await measured(urls["forms"], urls["validation"], filing_id, filings)


def main() -> int:
    """Run, print, return 0 when every goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--filings", type=int, default=900)
    filings = parser.parse_args().filings
    found, saves = asyncio.run(run(filings))
    p50, p99 = statistics.median(saves), statistics.quantiles(saves, n=100)[98]
    print(f"C1  {filings} open filings of one campaign, from {BEFORE} to {AFTER}")
    for name, one in found.items():
        print(
            f"    {name:11} {one.seconds:6.1f} s (goal ≤ {GOAL_SECONDS[name]:.0f}), {one.megabytes:.0f} MB more at its peak"
        )
    print(f"    {len(saves)} saves meanwhile: p50 {p50:.0f} ms, p99 {p99:.0f} ms (goal ≤ {GOAL_SAVE_MS:.0f})")
    is_met = p99 <= GOAL_SAVE_MS and all(one.seconds <= GOAL_SECONDS[name] for name, one in found.items())
    seconds = {name: round(one.seconds, 1) for name, one in found.items()}
    megabytes = {name: round(one.megabytes) for name, one in found.items()}
    summary = {"figure": "C1", "filings": filings, "seconds": seconds, "megabytes": megabytes, "save_p99_ms": p99}
    print(json.dumps({**summary, "is_met": is_met}))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
