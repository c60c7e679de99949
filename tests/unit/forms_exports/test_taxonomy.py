import io
import xml.etree.ElementTree as ET
import zipfile

import pytest

import formsets
from services.forms.clients.exports import taxonomy, xbrl
from tests.support.exports import an_export

XS = "{http://www.w3.org/2001/XMLSchema}"
LINK = "{http://www.xbrl.org/2003/linkbase}"
XLINK = "{http://www.w3.org/1999/xlink}"


@pytest.fixture(scope="module", params=["2024.1", "2025.1"])
def form_set(request):
    return formsets.load(request.param)


@pytest.fixture(scope="module")
def files(form_set):
    with zipfile.ZipFile(io.BytesIO(taxonomy.package_of(form_set))) as package:
        return {name.partition("/")[2]: ET.fromstring(package.read(name)) for name in package.namelist()}


def test_every_line_is_a_concept(form_set, files):
    elements = {element.get("name"): element for element in files["taxonomy/core.xsd"].iter(f"{XS}element")}
    lines = {line.code for form in form_set.forms for line in form.lines}
    assert lines <= elements.keys()
    assert elements["BA.010"].get("type") == "xbrli:monetaryItemType"
    assert elements["PL.010"].get("type") == "xbrli:integerItemType"
    assert elements["ID.160"].get("type") == "xbrli:dateItemType"


def test_a_list_of_allowed_values_is_a_type_of_its_own(files):
    allowed = {
        one.get("name"): [value.get("value") for value in one.iter(f"{XS}enumeration")]
        for one in files["taxonomy/core.xsd"].iter(f"{XS}complexType")
    }
    assert allowed["ID.050.type"] == ["OPH", "ESH", "COOP", "SEM"]


def test_every_line_has_its_french_label(form_set, files):
    for document in ("ER", "QDIS"):
        link = files[f"taxonomy/{document.lower()}-lab-fr.xml"]
        labels = {one.get(f"{XLINK}label"): one for one in link.iter(f"{LINK}label")}
        for form in form_set.forms:
            for line in form.lines if form.document == document else ():
                label = labels[f"label_{line.code}"]
                assert label.text == line.label
                assert label.get("{http://www.w3.org/XML/1998/namespace}lang") == "fr"


def test_the_presentation_shows_lines_in_the_order_of_the_form(form_set, files):
    for document in ("ER", "QDIS"):
        shown = {
            link.get(f"{XLINK}role"): [arc.get(f"{XLINK}to") for arc in link.iter(f"{LINK}presentationArc")]
            for link in files[f"taxonomy/{document.lower()}-pre.xml"].iter(f"{LINK}presentationLink")
        }
        forms = [form for form in form_set.forms if form.document == document]
        assert shown == {taxonomy.role_of(form_set, form): [line.code for line in form.lines] for form in forms}


def test_the_columns_of_a_form_are_the_members_of_its_dimension(form_set, files):
    for link in files["taxonomy/er-def.xml"].iter(f"{LINK}definitionLink"):
        form = form_set.form(link.get(f"{XLINK}role").rpartition("/")[2])
        arcs = [arc for arc in link.iter(f"{LINK}definitionArc") if arc.get(f"{XLINK}from") == xbrl.DOMAIN]
        assert [arc.get(f"{XLINK}to") for arc in arcs] == [xbrl.member_of(column) for column in form.columns]


def test_the_package_maps_its_addresses_to_its_own_files(form_set, files):
    rewrite = files["META-INF/catalog.xml"][0]
    assert xbrl.entry_point(form_set, "ER").startswith(rewrite.get("uriStartString"))
    assert rewrite.get("rewritePrefix") == "../taxonomy/"
    points = files["META-INF/taxonomyPackage.xml"].iter("{http://xbrl.org/2016/taxonomy-package}entryPointDocument")
    assert [point.get("href") for point in points] == [xbrl.entry_point(form_set, d) for d in ("ER", "QDIS")]


def test_every_export_of_a_form_set_gives_the_same_package():
    assert taxonomy.write(an_export({})) == taxonomy.write(an_export()) == taxonomy.package_of(formsets.load("2024.1"))
