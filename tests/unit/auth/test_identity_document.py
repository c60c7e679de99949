"""The table of `docs/identity.md` says what the matrix says."""

from pathlib import Path

from services.auth.domain.matrix import RolesMatrix
from services.auth.domain.role import Role

DOCUMENT = Path(__file__).parents[3] / "docs" / "identity.md"


def test_the_documented_matrix_is_the_one_in_force():
    text = DOCUMENT.read_text(encoding="utf-8").partition("<!-- matrix -->")[2].partition("<!-- /matrix -->")[0]
    written = [[cell.strip() for cell in line.strip("| ").split(" |")] for line in text.strip().splitlines()[2:]]
    expected = [
        [f"`{row.permission.value}`", row.meaning, *("×" if role in row.holders else "" for role in Role)]
        for row in RolesMatrix().table()
    ]
    padded = [(line + [""] * len(Role))[: 2 + len(Role)] for line in written]
    assert padded == expected
