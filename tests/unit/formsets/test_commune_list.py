import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tools.commune_list import build, read


def a_commune(code: str, kind: str = "commune-actuelle", **more: Any) -> dict[str, Any]:
    return {"code": code, "nom": f"Commune {code}", "type": kind, **more}


def test_a_list_is_built_from_the_communes_of_each_year() -> None:
    content = build(
        {
            2024: [a_commune("01001"), a_commune("01002"), a_commune("75101", "arrondissement-municipal")],
            2025: [
                a_commune("01001", anciensCodes=["01009", "01002"]),
                a_commune("01003", anciensCodes=["01008"]),
                a_commune("01008", "commune-deleguee", chefLieu="01001"),
                a_commune("01001", "commune-deleguee", chefLieu="01001"),
                a_commune("75101", "arrondissement-municipal"),
                a_commune("97801"),
            ],
        }
    )

    assert content["codes"] == {"01": "001 002 003", "75": "101"}
    assert (content["since"], content["until"]) == ({"01003": 2025}, {"01002": 2024})
    assert content["labels"] == {"01001": "Commune 01001"}
    assert content["ended"] == {"01001": "01002 01008 01009"}
    assert (content["first_year"], content["last_year"]) == (2024, 2025)


def test_a_code_that_went_and_came_back_is_refused() -> None:
    with pytest.raises(ValueError, match="01002"):
        build({2023: [a_commune("01002")], 2024: [a_commune("01001")], 2025: [a_commune("01002")]})


def test_a_tarball_is_read_as_npm_packs_it(tmp_path: Path) -> None:
    content = json.dumps([a_commune("01001")]).encode()
    with tarfile.open(tmp_path / "package.tgz", "w:gz") as archive:
        member = tarfile.TarInfo("package/data/communes.json")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))

    assert read(tmp_path / "package.tgz") == [a_commune("01001")]
