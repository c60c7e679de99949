"""What a migration does to the rows of the release before."""

import json

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from chassis.database.migrations import prepare_schema, upgrade

FILING = "0190a000-0000-7000-8000-000000000001"
BEFORE = f"""
INSERT INTO filings (id, siren, body_name, family, departement, document, year, form_set, opened_by, opened_at,
    changed_at, due_on, step, revision, rule_set, signed_version, receipt_number, computed)
SELECT CAST(id AS uuid), siren, '', 'OPH', '21', 'ER', 2024, '2024.1', '', now(), now(), now(), step, 1, '', 1, 'N', '{{}}'
FROM (VALUES ('{FILING}', '000000018', 1), ('{FILING[:-1]}2', '000000026', 4)) AS filed(id, siren, step);
INSERT INTO activities (filing_id, at, author, kind, fr, en)
SELECT id, '2025-09-01T08:00:00Z', '', 'FILING_REOPENED', '', '' FROM filings;
INSERT INTO outbox_events (sequence, id, kind, lane, payload, traceparent, recorded_at, delivered_at, attempts, failure)
SELECT n, gen_random_uuid(), kind, '000000018', '{json.dumps({"version": 1})}', '', now(), now(), 0, ''
FROM (VALUES (1, 'SharedFactsChanged'), (2, 'FilingReopened')) AS recorded(n, kind)
"""


@pytest.fixture
def sql(database):
    """Run SQL in a database of its own, with a schema of the release before."""
    url = prepare_schema(database.apart("before").admin_url, "forms")
    engine = create_engine(url, poolclass=NullPool, connect_args={"options": "-csearch_path=forms"})

    def run(*statements):
        with engine.begin() as connection:
            return [list(result) for s in statements if (result := connection.execute(text(s))).returns_rows]

    run.url = url
    return run


def test_reopenings_that_nobody_was_told_of_are_due_once_the_release_before_is_gone(sql):
    upgrade(sql.url, "forms", "0007")
    sql(*BEFORE.split(";"))

    upgrade(sql.url, "forms")

    events, filings = sql(
        "SELECT kind, lane, delivered_at IS NULL, next_attempt_at > now() FROM outbox_events ORDER BY sequence",
        "SELECT step, reopened_at IS NOT NULL FROM filings ORDER BY step",
    )
    assert events == [
        ("SharedFactsChanged", "000000018", False, None),
        ("FilingReopened", "transmission/000000018", True, True),
    ]
    assert filings == [(1, True), (4, False)]


PUBLISHED = """
INSERT INTO publications (id, document, year, before, after, author, at, is_undone)
VALUES (gen_random_uuid(), 'ER', 2024, '2024.1', '2025.1', 'Alex', now(), false)
"""


def test_what_the_release_before_publishes_is_nobodys_work_in_the_background(sql):
    upgrade(sql.url, "forms", "0014")
    sql(PUBLISHED)

    upgrade(sql.url, "forms")
    sql(PUBLISHED)

    (states,) = sql("SELECT state, token, attempts, failure, undone_by, due_at FROM publications")
    assert states == [("done", 0, 0, "", "", None)] * 2
