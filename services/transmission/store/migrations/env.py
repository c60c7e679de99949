"""Runs this service's migrations."""

from chassis.database.migrations import run
from services.transmission.store.rows import Row

run(Row.metadata)
