from chassis.database.migrations import run
from services.forms.store.rows import Rows

run(Rows.metadata)
