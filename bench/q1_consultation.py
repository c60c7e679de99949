"""Q1: filings of earlier years opened through the real RPC, 20,000 filings in the real PostgreSQL store.

Goal: the 99th percentile of opening a filing of five years ago at most 150 ms, as it is (`GetFiling`) and as it was signed
(`GetSignedVersion`); of five years of one line of one body (`GetSeries`) at most 50 ms. Twenty calls a second, never
twice about the same filing or body, timed from when each was due. Synthetic filings of twelve bodies over five years
are written by the store itself, then copied inside PostgreSQL to 2,000 bodies, both documents; the history of cells,
which nothing here reads, is left out. PostgreSQL starts again before the calls, so that its own memory is cold. The peer
is one row by its primary key, on the same server in the same minute. Prints the figures, then one line of JSON.
"""

import argparse
import asyncio
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc
from harmonia.types.v1 import types_pb2 as types
from pydantic import SecretStr
from sqlalchemy import make_url

import formsets
from chassis.clock import SystemClock
from chassis.database.engine import open_engine, sessions_of
from chassis.database.migrations import prepare_schema, upgrade
from chassis.identifiers import TimeSortableIdentifiers
from chassis.rpc.identity import carrying
from chassis.settings import DatabaseSettings
from node.embedded import embedded_postgres
from services.forms.domain.cell import Cell, Origin, Source
from services.forms.domain.filing import Body, Document, Filing, Step, Verdict
from services.forms.domain.snapshot import Snapshot
from services.forms.service import make_service
from services.forms.store.snapshots import SignedContents
from services.forms.store.unit_of_work import FormsUnitOfWork
from services.forms.usecases.sign_filing import content_of
from services.validation.domain.evaluation import check_cells, evaluation_of
from services.validation.domain.rule_set import compile_rules
from synthetic.filing import Filing as Synthetic
from synthetic.filing import series
from tests.support.hosting import ACCOUNTANT, FakePassports, a_caller, a_stack, hosting

YEARS = range(2021, 2026)
FAMILIES, SEEDS = ("OPH", "ESH", "COOP", "SEM"), (1, 2, 3)
LINE = ("BA.010.brut", "BA.010.amort", "BA.010.net")
PER_SECOND = 20
GOAL_MS = {"as it is": 150.0, "as signed": 150.0, "series": 50.0}

COPY = """
SET session_replication_role = replica;
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
CREATE TEMP TABLE template_cells AS SELECT * FROM cells;
CREATE INDEX ON template_cells (filing_id);
CREATE TEMP TABLE plan AS
SELECT gen_random_uuid() AS id, template.id AS template, lpad((100000000 + body)::text, 9, '0') AS siren, body
FROM generate_series(1, {bodies}) AS body
JOIN filings AS template ON template.siren = lpad((body % {slots})::text, 9, '0')
ORDER BY template.year, body;
INSERT INTO filings
SELECT (jsonb_populate_record(row_of, jsonb_build_object(
    'id', plan.id, 'siren', plan.siren, 'body_name', 'Organisme ' || plan.body))).*
FROM plan JOIN filings AS row_of ON row_of.id = plan.template;
INSERT INTO snapshots
SELECT (jsonb_populate_record(row_of, jsonb_build_object('filing_id', plan.id))).*
FROM plan JOIN snapshots AS row_of ON row_of.filing_id = plan.template;
ALTER TABLE cells DROP CONSTRAINT cells_pkey;
INSERT INTO cells
SELECT plan.id, {columns}
FROM plan CROSS JOIN LATERAL (SELECT * FROM template_cells WHERE filing_id = plan.template OFFSET 0) AS given;
ALTER TABLE cells ADD CONSTRAINT cells_pkey PRIMARY KEY (filing_id, address);
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is in the store to ask about."""

    sirens: Sequence[str]
    oldest: Sequence[tuple[str, str]]
    """SIREN and filing of five years ago."""
    filings: int
    cells: int


async def write_templates(url: str) -> None:
    """Write the filings of twelve bodies as the product does: opened, filled, evaluated, frozen and signed."""
    engine = open_engine(DatabaseSettings(url=SecretStr(url)), "forms")
    open_work = partial(
        FormsUnitOfWork,
        sessions_of(engine),
        SystemClock(),
        TimeSortableIdentifiers(SystemClock()),
        lambda: None,
        SignedContents(),
    )
    for slot, (family, seed) in enumerate(itertools.product(FAMILIES, SEEDS)):
        for synthetic in series(family, seed, YEARS):
            async with open_work() as work:
                for document in Document:
                    await _write(work, synthetic, document, f"{slot:09}")
                await work.commit()
    await engine.dispose()


async def _write(work: FormsUnitOfWork, synthetic: Synthetic, document: Document, siren: str) -> None:
    form_set, at = formsets.load(synthetic.form_set), datetime(synthetic.year + 1, 5, 2, 10, tzinfo=UTC)
    typed = synthetic.of_document("ER")
    if document is Document.QDIS:
        typed = {a: v for a, v in typed.items() if form_set.concept_of(a)} | synthetic.of_document("QDIS")
    rules = compile_rules(form_set)
    report = evaluation_of(rules, check_cells(rules, document.value, typed))
    body = Body(siren, synthetic.name, synthetic.family, "21")
    filing_id = TimeSortableIdentifiers(SystemClock()).next()
    filing = Filing(
        id=filing_id,
        body=body,
        document=document,
        year=synthetic.year,
        form_set=form_set.version,
        opened_by="Camille Compte",
        opened_at=at,
        changed_at=at,
        due_on=date(synthetic.year + 1, 6, 30),
        step=Step.ARCHIVED,
        revision=7,
        verdict=Verdict(report.verdict.value),
        rule_set=report.rule_set,
        signed_version=1,
        receipt_number=f"MIN-{synthetic.year}-{siren}",
    )
    source = Source(Origin.IMPORTED, "Camille Compte", at, "comptes.csv", 12)
    cells = {address: Cell(address, value, 1, source) for address, value in typed.items()}
    await work.filings.add(filing)
    await work.cells.save(filing_id, cells.values())
    await work.cells.move_computed(filing_id, report.computed)
    content = content_of(form_set, document, cells, dict(report.computed))
    await work.snapshots.add(
        Snapshot(filing_id, 1, 7, content, Verdict(report.verdict.value), report.rule_set, form_set.digest, (), at)
    )
    await work.snapshots.mark_signed(filing_id, 1, 7)


def copy_to(admin_url: str, bodies: int) -> Loaded:
    """Give every body the filings of one of the twelve, and say what there is."""
    slots = len(FAMILIES) * len(SEEDS)
    with psycopg.connect(plain(admin_url), autocommit=True, options="-c search_path=forms") as connection:
        names = connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'forms' AND table_name = 'cells' "
            "AND column_name <> 'filing_id' ORDER BY ordinal_position"
        ).fetchall()
        columns = ", ".join(f"given.{name}" for (name,) in names)
        for statement in COPY.format(bodies=bodies, slots=slots, columns=columns).split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
        connection.execute("VACUUM (ANALYZE) filings, cells, snapshots")
        connection.execute("CHECKPOINT")
        oldest = connection.execute(
            "SELECT siren, id::text FROM filings WHERE year = %s AND document = 'ER' AND siren > '1'", (YEARS[0],)
        ).fetchall()
        counted = connection.execute("SELECT (SELECT count(*) FROM filings), (SELECT count(*) FROM cells)").fetchone()
    assert counted is not None
    return Loaded([siren for siren, _ in oldest], oldest, *counted)


def plain(url: str) -> str:
    """The URL as libpq takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def paced(calls: Iterator[Callable[[], Awaitable[Any]]], count: int) -> list[float]:
    """Call at a fixed pace whatever the answers take, and return milliseconds from when each was due."""
    started = time.perf_counter()

    async def one(number: int, call: Callable[[], Awaitable[Any]]) -> float:
        due = started + number / PER_SECOND
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        await call()
        return (time.perf_counter() - due) * 1_000

    return await asyncio.gather(*(one(number, call) for number, call in enumerate(itertools.islice(calls, count))))


async def measured(url: str, admin_url: str, loaded: Loaded, count: int) -> dict[str, list[float]]:
    """Milliseconds of each kind of call, and of the peer."""
    callers = {siren: a_caller("Camille Compte", on={siren: ACCOUNTANT}) for siren in loaded.sirens}
    stack = a_stack()
    shuffled = random.Random(1).sample(list(loaded.oldest), len(loaded.oldest))
    first, second, third = shuffled[:count], shuffled[count : 2 * count], shuffled[2 * count : 3 * count]
    async with hosting(stack, [make_service(stack, url)], FakePassports(callers)) as (peers, _):
        stub: pb_grpc.FormsServiceAsyncStub = pb_grpc.FormsServiceStub(peers.channel("forms"))

        async def as_it_is(siren: str, filing: str) -> None:
            with carrying(siren):
                answer = await stub.GetFiling(pb.GetFilingRequest(filing_id=filing))
            assert len(answer.cells) > 600

        async def as_signed(siren: str, filing: str) -> None:
            with carrying(siren):
                answer = await stub.GetSignedVersion(pb.GetSignedVersionRequest(filing_id=filing))
            assert len(answer.cells) > 600

        async def of_years(siren: str, _: str) -> None:
            asked = pb.GetSeriesRequest(body=siren, document=types.DOCUMENT_ER, addresses=LINE)
            with carrying(siren):
                answer = await stub.GetSeries(asked)
            assert len(answer.points) == len(YEARS) * len(LINE)
            assert all(point.value for point in answer.points)

        for call, (siren, filing) in zip((as_it_is, as_signed, of_years), shuffled[-3:], strict=True):
            await call(siren, filing)
        async with await psycopg.AsyncConnection.connect(
            plain(admin_url), autocommit=True, options="-c search_path=forms"
        ) as peer:

            async def lookup(filing: str) -> None:
                await (await peer.execute("SELECT siren, step FROM filings WHERE id = %s", (filing,))).fetchone()

            return {
                "lookup": await paced((partial(lookup, filing) for _, filing in first), count),
                "as it is": await paced((partial(as_it_is, *one) for one in first), count),
                "as signed": await paced((partial(as_signed, *one) for one in second), count),
                "series": await paced((partial(of_years, *one) for one in third), count),
            }


async def run(bodies: int, count: int) -> tuple[Loaded, float, dict[str, list[float]]]:
    """Load, start PostgreSQL again, call."""
    with tempfile.TemporaryDirectory(prefix="q1-", ignore_cleanup_errors=True) as folder:
        began = time.perf_counter()
        async with embedded_postgres(Path(folder)) as admin_url:
            url = await asyncio.to_thread(prepare_schema, admin_url, "forms")
            await asyncio.to_thread(upgrade, url, "forms")
            await write_templates(url)
            loaded = await asyncio.to_thread(copy_to, admin_url, bodies)
        seconds = time.perf_counter() - began
        async with embedded_postgres(Path(folder)) as admin_url:
            return loaded, seconds, await measured(url, admin_url, loaded, count)


def main() -> int:
    """Run, print, return 0 when every goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bodies", type=int, default=2_000)
    parser.add_argument("--calls", type=int, default=300, help="of each kind")
    arguments = parser.parse_args()
    loaded, seconds, times = asyncio.run(run(arguments.bodies, arguments.calls))
    found = {
        name: {"p50": statistics.median(taken), "p99": statistics.quantiles(taken, n=100)[98]}
        for name, taken in times.items()
    }
    print(f"Q1  {loaded.filings:,} filings, {loaded.cells:,} cells, loaded in {seconds:.0f} s; {PER_SECOND} calls/s")
    for name, quantiles in found.items():
        goal = f" (goal ≤ {GOAL_MS[name]:.0f})" if name in GOAL_MS else ""
        of_lookup = quantiles["p50"] / found["lookup"]["p50"]
        print(
            f"    {name:9} p50 {quantiles['p50']:6.1f} ms, p99 {quantiles['p99']:6.1f} ms{goal}; {of_lookup:.0f} × a lookup"
        )
    is_met = all(found[name]["p99"] <= goal for name, goal in GOAL_MS.items())
    print(json.dumps({"figure": "Q1", "filings": loaded.filings, "cells": loaded.cells, "ms": found, "is_met": is_met}))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
