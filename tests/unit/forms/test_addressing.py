"""Where the cells of form set 2024.1 are kept."""

import pytest

from services.forms.domain.addressing import fillable, place_of
from services.forms.domain.filing import Document
from tests.support.forms import ALIAS, AMOUNT, CLOSED, GIVEN, ONE_WAY, QDIS_ONLY, SHARED, TOTALLED, a_form_set

FORM_SET = a_form_set()


@pytest.mark.parametrize(
    ("document", "address", "kept_at", "refusal"),
    [
        (Document.ER, AMOUNT, AMOUNT, None),
        (Document.ER, SHARED, SHARED, None),
        (Document.ER, TOTALLED, TOTALLED, "computed"),
        (Document.ER, CLOSED, CLOSED, "closed"),
        (Document.ER, ALIAS, ALIAS, "elsewhere"),
        (Document.ER, "ZZ.999.z", "ZZ.999.z", "unknown"),
        (Document.ER, "", "", "unknown"),
        (Document.ER, "BA.010", "BA.010", "unknown"),
        (Document.QDIS, QDIS_ONLY, QDIS_ONLY, None),
        (Document.QDIS, ALIAS, SHARED, None),
        (Document.QDIS, SHARED, SHARED, None),
        (Document.QDIS, AMOUNT, AMOUNT, "elsewhere"),
        (Document.QDIS, ONE_WAY, ONE_WAY, "elsewhere"),
        (Document.QDIS, GIVEN, GIVEN, "elsewhere"),
    ],
)
def test_a_cell_is_kept_where_it_belongs(document, address, kept_at, refusal):
    place = place_of(FORM_SET, document, address)

    assert (place.address, place.refusal) == (kept_at, refusal)


def test_an_alias_that_only_shows_the_er_is_read_only():
    alias = next(a for a in FORM_SET.cells("QDIS") if FORM_SET.line_of(a).direction == "er_to_qdis")

    place = place_of(FORM_SET, Document.QDIS, alias)

    assert (place.address, place.refusal) == (FORM_SET.line_of(alias).alias_of, "read_only")


def test_a_cell_computed_at_the_federation_takes_no_text():
    computed = next(
        a for a in FORM_SET.cells("QDIS") if FORM_SET.is_computed(a) and FORM_SET.line_of(a).alias_of is None
    )

    assert place_of(FORM_SET, Document.QDIS, computed).refusal == "computed"


@pytest.mark.parametrize("document", Document)
def test_every_cell_that_accepts_input_has_its_own_place(document):
    accepting = [a for a in FORM_SET.cells(document) if FORM_SET.accepts_input(a)]

    assert len(fillable(FORM_SET, document)) == len(accepting)
    assert {place_of(FORM_SET, document, a).address for a in accepting} == fillable(FORM_SET, document)


def test_every_two_way_alias_leads_to_its_concept():
    for concept in FORM_SET.concepts:
        if concept.direction == "both":
            assert [place_of(FORM_SET, Document.QDIS, a).address for a in concept.aliases] == [concept.cell]
