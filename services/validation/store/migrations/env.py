from chassis.database.migrations import run
from services.validation.store.rows import Rows

run(Rows.metadata)
