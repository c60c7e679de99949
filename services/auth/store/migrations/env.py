"""Runs this service's migrations."""

from chassis.database.migrations import run
from services.auth.store.rows import Rows

run(Rows.metadata)
