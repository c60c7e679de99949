"""A matrix document that is unreadable or contradicts itself is refused whole."""

import json
from typing import Any

import pytest

from services.transmission.domain.errors import MatrixUnreadable
from services.transmission.domain.matrix_document import read_matrix, read_settings
from tests.support.transmission import matrix_bytes, matrix_content

RULE: dict[str, Any] = {
    "id": "T-90",
    "document": "ER",
    "families": ["OPH"],
    "recipient": "CDC",
    "controller": "MIN",
    "modes": [{"from": "2020-01-01", "to": None, "mode": "box"}],
}


def a_document(*rules: dict[str, Any]) -> bytes:
    return json.dumps({"rules": rules}).encode()


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\x00\xff",
        b"[]",
        b"{}",
        b'{"rules": [{}]}',
        a_document({**RULE, "modes": [{"from": "2020-13-01", "to": None, "mode": "box"}]}),
        a_document({**RULE, "modes": [{"from": "2020-01-01", "to": None, "mode": "perhaps"}]}),
        a_document({**RULE, "modes": [*RULE["modes"], {"from": "2021-01-01", "to": None, "mode": "auto"}]}),
        a_document(RULE, {**RULE, "id": "T-91"}),
        a_document({**RULE, "recipient": "FED-ESH"}),
        a_document({**RULE, "recipient": "PREFET-21"}),
    ],
)
def test_an_unusable_document_is_refused(document: bytes) -> None:
    with pytest.raises(MatrixUnreadable):
        read_matrix(document)


def test_a_document_with_another_digest_is_refused() -> None:
    with pytest.raises(MatrixUnreadable):
        read_matrix(matrix_bytes() + b" ", read_matrix(matrix_bytes()).digest)


def test_a_document_without_settings_is_refused() -> None:
    with pytest.raises(MatrixUnreadable):
        read_settings(a_document(RULE), "OPH")


def test_settings_may_stand_under_their_own_name() -> None:
    content = matrix_content()
    content["settings"] = content.pop("demo")

    assert read_settings(json.dumps(content).encode(), "SEM") == read_settings(matrix_bytes(), "SEM")


def test_the_boxes_are_those_of_the_family_alone() -> None:
    assert read_settings(matrix_bytes(), "SEM").boxes == {("QDIS", "CDC")}
    assert read_settings(matrix_bytes(), "ESH").boxes == frozenset()
