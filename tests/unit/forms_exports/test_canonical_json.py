import json
import unicodedata

import rfc8785
from hypothesis import given, settings

from services.forms.clients.exports import canonical_json
from tests.support.exports import an_export, filled_cells
from tests.support.forms import AMOUNT, a_form_set


@settings(max_examples=50, deadline=None)
@given(filled_cells())
def test_the_file_holds_the_filled_cells_as_canonical_bytes(values):
    content = canonical_json.write(an_export(values))
    read = json.loads(content)
    assert read["cells"] == values
    assert rfc8785.dumps(read) == content


def test_the_file_says_what_it_is_about():
    read = json.loads(canonical_json.write(an_export({AMOUNT: "12"}, version=2)))
    assert (read["kind"], read["body"], read["document"], read["year"]) == (
        "harmonia.export/1",
        "000000018",
        "ER",
        2024,
    )
    assert read["form_set"] == {"version": "2024.1", "digest": a_form_set().digest}
    assert read["version"] == 2
    assert read["cells"] == {AMOUNT: "12"}


def test_texts_are_in_nfc():
    decomposed = unicodedata.normalize("NFD", "Évreux Habitat")
    read = json.loads(canonical_json.write(an_export({"ID.010.v": decomposed})))
    assert read["cells"]["ID.010.v"] == "Évreux Habitat"
