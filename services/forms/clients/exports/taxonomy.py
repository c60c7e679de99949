"""The XBRL taxonomy of a form set, as a taxonomy package (ZIP): what a processor needs to read our two XBRL formats.

Generated from the form package: `core.xsd` holds the concepts, and each document has an entry point with French labels,
the presentation of its forms and the dimensions of their columns. Same form set, same bytes.
"""

import functools
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence

from formsets import Form, FormSet, Line
from services.forms.clients.exports import xbrl
from services.forms.clients.exports.archive import archive_of
from services.forms.domain.export import ExportContent

MEDIA_TYPE = "application/zip"
EXTENSION = "taxonomy.zip"

CORE = "core.xsd"
_DOCUMENTS = {"ER": "États réglementaires", "QDIS": "Questionnaire DIS"}
_INSTANCE = "http://www.xbrl.org/2003/xbrl-instance-2003-12-31.xsd"
_LINKBASE = "http://www.xbrl.org/2003/xbrl-linkbase-2003-12-31.xsd"
_DIMENSIONS = "http://www.xbrl.org/2005/xbrldt-2005.xsd"
_LABEL = "http://www.xbrl.org/2003/role/label"
_DOCUMENTATION = "http://www.xbrl.org/2003/role/documentation"
_PARENT_CHILD = "http://www.xbrl.org/2003/arcrole/parent-child"
_DIM = "http://xbrl.org/int/dim/arcrole"
_XML_NAMES = {
    "xmlns:xs": "http://www.w3.org/2001/XMLSchema",
    "xmlns:xbrli": "http://www.xbrl.org/2003/instance",
    "xmlns:link": "http://www.xbrl.org/2003/linkbase",
    "xmlns:xlink": "http://www.w3.org/1999/xlink",
    "xmlns:xbrldt": "http://xbrl.org/2005/xbrldt",
}
_TYPES = {
    "M": "xbrli:monetaryItemType",
    "MS": "xbrli:monetaryItemType",
    "N": "xbrli:integerItemType",
    "NS": "xbrli:integerItemType",
    "N2": "xbrli:integerItemType",
    "P": "xbrli:decimalItemType",
    "D0": "xbrli:decimalItemType",
    "D1": "xbrli:decimalItemType",
    "D2": "xbrli:decimalItemType",
    "DATE": "xbrli:dateItemType",
    "BOOL": "xbrli:booleanItemType",
}


def write(content: ExportContent) -> bytes:
    """Return the package of the form set that the content follows."""
    return package_of(content.form_set)


@functools.lru_cache(maxsize=16)
def package_of(form_set: FormSet) -> bytes:
    """Return the package of a form set."""
    top = f"harmonia-{form_set.version}"
    files = {
        f"{top}/META-INF/taxonomyPackage.xml": _package(form_set),
        f"{top}/META-INF/catalog.xml": _catalog(form_set),
        f"{top}/taxonomy/{CORE}": _core(form_set),
    }
    for document in _DOCUMENTS:
        name = document.lower()
        forms = [form for form in form_set.forms if form.document == document]
        files |= {
            f"{top}/taxonomy/{name}.xsd": _entry_schema(form_set, document),
            f"{top}/taxonomy/{name}-lab-fr.xml": _labels(forms),
            f"{top}/taxonomy/{name}-pre.xml": _presentation(form_set, forms),
            f"{top}/taxonomy/{name}-def.xml": _definition(form_set, forms),
        }
    return archive_of(files)


def role_of(form_set: FormSet, form: Form) -> str:
    """Role under which the links of a form stand."""
    return xbrl.address_of(form_set, f"role/{form.code}")


# --- META-INF -----------------------------------------------------------------


def _package(form_set: FormSet) -> bytes:
    root = ET.Element("tp:taxonomyPackage", {"xmlns:tp": "http://xbrl.org/2016/taxonomy-package", "xml:lang": "fr"})
    _child(root, "tp:identifier", text=xbrl.address_of(form_set, "package"))
    _child(root, "tp:name", text=f"Harmonia, référentiel {form_set.version}")
    _child(root, "tp:description", text=f"Engendrée depuis le référentiel d'empreinte {form_set.digest}.")
    _child(root, "tp:version", text=form_set.version)
    points = _child(root, "tp:entryPoints")
    for document, title in _DOCUMENTS.items():
        point = _child(points, "tp:entryPoint")
        _child(point, "tp:name", text=title)
        _child(point, "tp:entryPointDocument", {"href": xbrl.entry_point(form_set, document)})
    return _xml(root)


def _catalog(form_set: FormSet) -> bytes:
    root = ET.Element("catalog", {"xmlns": "urn:oasis:names:tc:entity:xmlns:xml:catalog"})
    rewrite = {"uriStartString": xbrl.address_of(form_set, ""), "rewritePrefix": "../taxonomy/"}
    _child(root, "rewriteURI", rewrite)
    return _xml(root)


# --- concepts -----------------------------------------------------------------


def _core(form_set: FormSet) -> bytes:
    root = _schema(form_set, xbrl.namespace(form_set))
    notes = _child(_child(root, "xs:annotation"), "xs:appinfo")
    for form in form_set.forms:
        role = _child(notes, "link:roleType", {"roleURI": role_of(form_set, form), "id": f"role_{form.code}"})
        _child(role, "link:definition", text=form.title)
        _child(role, "link:usedOn", text="link:presentationLink")
        _child(role, "link:usedOn", text="link:definitionLink")
    _imports(root, {"http://www.xbrl.org/2003/instance": _INSTANCE, "http://xbrl.org/2005/xbrldt": _DIMENSIONS})
    lines = [line for form in form_set.forms for line in form.lines]
    for name, base, facets in sorted(_restrictions(lines)):
        _restriction(root, name, base, facets)
    for form in form_set.forms:
        _element(root, form.code, "xbrli:stringItemType", is_abstract=True)
        if xbrl.has_dimension(form):
            _element(root, _table_of(form), "xbrli:stringItemType", "xbrldt:hypercubeItem", is_abstract=True)
        for line in form.lines:
            _element(root, line.code, _type_of(line))
    _element(root, xbrl.DIMENSION, "xbrli:stringItemType", "xbrldt:dimensionItem", is_abstract=True)
    _element(root, xbrl.DOMAIN, "xbrli:stringItemType", is_abstract=True)
    for column in _columns(form_set.forms):
        _element(root, xbrl.member_of(column), "xbrli:stringItemType", is_abstract=True)
    return _xml(root)


def _element(
    parent: ET.Element, name: str, type_name: str, substitutes: str = "xbrli:item", *, is_abstract: bool = False
) -> None:
    attributes = {
        "id": _id(name),
        "name": name,
        "type": type_name,
        "substitutionGroup": substitutes,
        "nillable": "true",
        "xbrli:periodType": "duration",
    }
    _child(parent, "xs:element", attributes | ({"abstract": "true"} if is_abstract else {}))


def _type_of(line: Line) -> str:
    if line.type in _TYPES:
        return _TYPES[line.type]
    if line.type == "ENUM":
        return f"{xbrl.PREFIX}:{line.code}.type"
    return f"{xbrl.PREFIX}:{line.type}" if _length(line.type) else "xbrli:stringItemType"


def _restrictions(lines: Iterable[Line]) -> set[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """Types of our own: lengths of texts, and lists of allowed values."""
    found = set()
    for line in lines:
        if line.type == "ENUM":
            allowed = tuple(("xs:enumeration", value) for value in line.enum_values)
            found.add((f"{line.code}.type", "xbrli:stringItemType", allowed))
        elif length := _length(line.type):
            found.add((line.type, "xbrli:stringItemType", (("xs:maxLength", length),)))
    return found


def _restriction(parent: ET.Element, name: str, base: str, facets: Sequence[tuple[str, str]]) -> None:
    content = _child(_child(parent, "xs:complexType", {"name": name}), "xs:simpleContent")
    restriction = _child(content, "xs:restriction", {"base": base})
    for facet, value in facets:
        _child(restriction, facet, {"value": value})


def _length(cell_type: str) -> str:
    return cell_type[1:] if cell_type[0] == "T" and cell_type[1:].isdigit() else ""


def _entry_schema(form_set: FormSet, document: str) -> bytes:
    name = document.lower()
    root = _schema(form_set, f"{xbrl.namespace(form_set)}/{name}")
    notes = _child(_child(root, "xs:annotation"), "xs:appinfo")
    for suffix, role in (("lab-fr", "label"), ("pre", "presentation"), ("def", "definition")):
        attributes = {
            "xlink:type": "simple",
            "xlink:href": f"{name}-{suffix}.xml",
            "xlink:role": f"http://www.xbrl.org/2003/role/{role}LinkbaseRef",
            "xlink:arcrole": "http://www.w3.org/1999/xlink/properties/linkbase",
        }
        _child(notes, "link:linkbaseRef", attributes)
    _imports(root, {xbrl.namespace(form_set): CORE})
    return _xml(root)


# --- links --------------------------------------------------------------------


def _labels(forms: Sequence[Form]) -> bytes:
    root = _linkbase()
    link = _extended(root, "link:labelLink", "http://www.xbrl.org/2003/role/link")
    for form in forms:
        _label(link, form.code, form.title)
        if xbrl.has_dimension(form):
            _label(link, _table_of(form), f"{form.title} — tableau")
        for line in form.lines:
            _label(link, line.code, line.label)
            if line.accounts:
                _label(link, line.code, f"Comptes : {line.accounts}", _DOCUMENTATION, is_first=False)
    if any(xbrl.has_dimension(form) for form in forms):
        _label(link, xbrl.DIMENSION, "Colonne")
        _label(link, xbrl.DOMAIN, "Colonnes du tableau")
        for column in _columns(forms):
            _label(link, xbrl.member_of(column), column)
    return _xml(root)


def _label(link: ET.Element, name: str, text: str, role: str = _LABEL, *, is_first: bool = True) -> None:
    if is_first:
        _locator(link, name)
    label = f"label_{name}" if is_first else f"note_{name}"
    attributes = {"xlink:type": "resource", "xlink:label": label, "xlink:role": role, "xml:lang": "fr"}
    _child(link, "link:label", attributes, text)
    _arc(link, "link:labelArc", "http://www.xbrl.org/2003/arcrole/concept-label", name, label)


def _presentation(form_set: FormSet, forms: Sequence[Form]) -> bytes:
    root = _linkbase()
    for form in forms:
        _role_ref(root, form_set, form)
    for form in forms:
        link = _extended(root, "link:presentationLink", role_of(form_set, form))
        _locator(link, form.code)
        for order, line in enumerate(form.lines, start=1):
            _locator(link, line.code)
            _arc(link, "link:presentationArc", _PARENT_CHILD, form.code, line.code, {"order": str(order)})
    return _xml(root)


def _definition(form_set: FormSet, forms: Sequence[Form]) -> bytes:
    """One hypercube a form that has several columns; its lines take exactly one of them."""
    tabular = [form for form in forms if xbrl.has_dimension(form)]
    root = _linkbase()
    for form in tabular:
        _role_ref(root, form_set, form)
    for arcrole in ("all", "hypercube-dimension", "dimension-domain", "domain-member"):
        reference = {
            "xlink:type": "simple",
            "xlink:href": f"{_DIMENSIONS}#{arcrole}",
            "arcroleURI": f"{_DIM}/{arcrole}",
        }
        _child(root, "link:arcroleRef", reference)
    for form in tabular:
        _hypercube(_extended(root, "link:definitionLink", role_of(form_set, form)), form)
    return _xml(root)


def _hypercube(link: ET.Element, form: Form) -> None:
    members = [xbrl.member_of(column) for column in form.columns]
    lines = [line.code for line in form.lines]
    for name in (form.code, _table_of(form), xbrl.DIMENSION, xbrl.DOMAIN, *members, *lines):
        _locator(link, name)
    closed = {"xbrldt:closed": "true", "xbrldt:contextElement": "scenario", "order": "1"}
    _arc(link, "link:definitionArc", f"{_DIM}/all", form.code, _table_of(form), closed)
    first = {"order": "1"}
    _arc(link, "link:definitionArc", f"{_DIM}/hypercube-dimension", _table_of(form), xbrl.DIMENSION, first)
    unusable = {"order": "1", "xbrldt:usable": "false"}
    _arc(link, "link:definitionArc", f"{_DIM}/dimension-domain", xbrl.DIMENSION, xbrl.DOMAIN, unusable)
    for order, member in enumerate(members, start=1):
        _arc(link, "link:definitionArc", f"{_DIM}/domain-member", xbrl.DOMAIN, member, {"order": str(order)})
    for order, line in enumerate(lines, start=2):
        _arc(link, "link:definitionArc", f"{_DIM}/domain-member", form.code, line, {"order": str(order)})


def _table_of(form: Form) -> str:
    return f"{form.code}.tableau"


def _columns(forms: Iterable[Form]) -> list[str]:
    return list(dict.fromkeys(column for form in forms if xbrl.has_dimension(form) for column in form.columns))


def _id(name: str) -> str:
    return f"{xbrl.PREFIX}_{name}"


def _schema(form_set: FormSet, target: str) -> ET.Element:
    names = _XML_NAMES | {f"xmlns:{xbrl.PREFIX}": xbrl.namespace(form_set)}
    return ET.Element("xs:schema", names | {"targetNamespace": target, "elementFormDefault": "qualified"})


def _imports(root: ET.Element, locations: Mapping[str, str]) -> None:
    for namespace, location in locations.items():
        _child(root, "xs:import", {"namespace": namespace, "schemaLocation": location})


def _linkbase() -> ET.Element:
    location = f"http://www.xbrl.org/2003/linkbase {_LINKBASE}"
    schema = {"xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance", "xsi:schemaLocation": location}
    return ET.Element("link:linkbase", _XML_NAMES | schema)


def _role_ref(root: ET.Element, form_set: FormSet, form: Form) -> None:
    reference = {
        "xlink:type": "simple",
        "xlink:href": f"{CORE}#role_{form.code}",
        "roleURI": role_of(form_set, form),
    }
    _child(root, "link:roleRef", reference)


def _extended(root: ET.Element, tag: str, role: str) -> ET.Element:
    return _child(root, tag, {"xlink:type": "extended", "xlink:role": role})


def _locator(link: ET.Element, name: str) -> None:
    attributes = {"xlink:type": "locator", "xlink:href": f"{CORE}#{_id(name)}", "xlink:label": name}
    _child(link, "link:loc", attributes)


def _arc(link: ET.Element, tag: str, arcrole: str, start: str, end: str, more: Mapping[str, str] | None = None) -> None:
    attributes = {"xlink:type": "arc", "xlink:arcrole": arcrole, "xlink:from": start, "xlink:to": end}
    _child(link, tag, attributes | dict(more or {}))


def _child(parent: ET.Element, tag: str, attributes: Mapping[str, str] | None = None, text: str = "") -> ET.Element:
    child = ET.SubElement(parent, tag, dict(attributes or {}))
    child.text = text or None
    return child


def _xml(root: ET.Element) -> bytes:
    ET.indent(root, " ")
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()
