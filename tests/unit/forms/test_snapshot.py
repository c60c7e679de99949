"""What changed since a snapshot."""

import pytest

from services.forms.domain.filing import Verdict
from services.forms.domain.snapshot import Snapshot, changed_since
from tests.support.forms import FILING_ID, NOON


@pytest.mark.parametrize(
    ("now", "changed"),
    [
        ({"A.1": "1", "B.1": "2"}, []),
        ({"A.1": "1", "B.1": "3"}, ["B.1"]),
        ({"A.1": "1"}, ["B.1"]),
        ({"A.1": "1", "B.1": "2", "C.1": "0"}, ["C.1"]),
        ({"A.1": "1", "B.1": "2", "C.1": ""}, []),
    ],
)
def test_changed_filled_and_emptied_cells_are_named(now, changed):
    snapshot = Snapshot(FILING_ID, 1, 1, {"A.1": "1", "B.1": "2"}, Verdict.CLEAN, "r", "f", (), NOON)

    assert changed_since(snapshot, now) == changed
