"""Runs this service's migrations."""

from chassis.database.migrations import run
from services.sync.store.rows import Row

run(Row.metadata)
