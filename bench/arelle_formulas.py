"""Run as a program by V1: its rules as XBRL value assertions, run by Arelle on an instance of the 5,000 amounts.

Reads `{"rules": [[total, term, …], …], "cells": {cell: text}}` as a line of JSON and writes as one which rules hold; then for
each empty line it loads and validates the instance once more, and writes the milliseconds of the formula phase alone
(`ValidateFormula.validate`: compiling and evaluating), since loading is no part of a control run.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from arelle.api.Session import Session
from arelle.formula import ValidateFormula
from arelle.ModelFormulaObject import ModelValueAssertion
from arelle.RuntimeOptions import RuntimeOptions

_NAMESPACES = (
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xbrli="http://www.xbrl.org/2003/instance" '
    'xmlns:link="http://www.xbrl.org/2003/linkbase" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:iso4217="http://www.xbrl.org/2003/iso4217" '
    'xmlns:t="http://bench.example/t" xmlns:generic="http://xbrl.org/2008/generic" '
    'xmlns:variable="http://xbrl.org/2008/variable" xmlns:va="http://xbrl.org/2008/assertion/value" '
    'xmlns:cf="http://xbrl.org/2008/filter/concept"'
)
_SCHEMAS = (
    "http://www.xbrl.org/2003/instance http://www.xbrl.org/2003/xbrl-instance-2003-12-31.xsd "
    "http://xbrl.org/2008/generic http://www.xbrl.org/2008/generic-link.xsd "
    "http://xbrl.org/2008/variable http://www.xbrl.org/2008/variable.xsd "
    "http://xbrl.org/2008/assertion/value http://www.xbrl.org/2008/value-assertion.xsd "
    "http://xbrl.org/2008/filter/concept http://www.xbrl.org/2008/concept-filter.xsd"
)
_ARC = "http://xbrl.org/arcrole/2008"
_NAMES = "abcdefghij"


def concept(cell: str) -> str:
    """`AA.001.n` as `AA_001`."""
    return cell.removesuffix(".n").replace(".", "_")


def schema(cells: Sequence[str]) -> str:
    """One monetary concept a cell, and where the assertions are."""
    elements = "".join(
        f'<xsd:element name="{concept(cell)}" id="t_{concept(cell)}" type="xbrli:monetaryItemType" '
        'substitutionGroup="xbrli:item" xbrli:periodType="instant" nillable="true"/>'
        for cell in cells
    )
    return (
        f'<xsd:schema {_NAMESPACES} targetNamespace="http://bench.example/t" elementFormDefault="qualified">'
        '<xsd:annotation><xsd:appinfo><link:linkbaseRef xlink:type="simple" xlink:href="formulas.xml" '
        'xlink:arcrole="http://www.w3.org/1999/xlink/properties/linkbase"/></xsd:appinfo></xsd:annotation>'
        '<xsd:import namespace="http://www.xbrl.org/2003/instance" '
        'schemaLocation="http://www.xbrl.org/2003/xbrl-instance-2003-12-31.xsd"/>'
        f"{elements}</xsd:schema>"
    )


def linkbase(rules: Sequence[Sequence[str]]) -> str:
    """One value assertion a rule; a variable a cell, whatever the number of rules that read it."""
    return (
        f'<link:linkbase {_NAMESPACES} xsi:schemaLocation="{_SCHEMAS}">'
        + "".join(
            f'<link:arcroleRef arcroleURI="{_ARC}/{role}" '
            f'xlink:href="http://www.xbrl.org/2008/variable.xsd#{role}" xlink:type="simple"/>'
            for role in ("variable-set", "variable-filter")
        )
        + '<generic:link xlink:type="extended" xlink:role="http://www.xbrl.org/2003/role/link">'
        + "".join(_parts(rules))
        + "</generic:link></link:linkbase>"
    )


def _parts(rules: Sequence[Sequence[str]]) -> Iterator[str]:
    for cell in sorted({concept(cell) for rule in rules for cell in rule}):
        yield (
            f'<variable:factVariable xlink:type="resource" xlink:label="v_{cell}" bindAsSequence="false"/>'
            f'<cf:conceptName xlink:type="resource" xlink:label="f_{cell}">'
            f"<cf:concept><cf:qname>t:{cell}</cf:qname></cf:concept></cf:conceptName>"
            f'<variable:variableFilterArc xlink:type="arc" xlink:arcrole="{_ARC}/variable-filter" '
            f'xlink:from="v_{cell}" xlink:to="f_{cell}" complement="false" cover="true"/>'
        )
    for number, (total, *terms) in enumerate(rules):
        added = " + ".join(f"${name}" for name, _ in zip(_NAMES, terms, strict=False))
        yield (
            f'<va:valueAssertion xlink:type="resource" xlink:label="r{number}" id="r{number}" '
            f'aspectModel="dimensional" implicitFiltering="true" test="abs($t - ({added})) le 1"/>'
        )
        for name, cell in (("t", total), *zip(_NAMES, terms, strict=False)):
            yield (
                f'<variable:variableArc xlink:type="arc" xlink:arcrole="{_ARC}/variable-set" '
                f'xlink:from="r{number}" xlink:to="v_{concept(cell)}" name="{name}"/>'
            )


def instance(cells: dict[str, str]) -> str:
    """The amounts of one body on one day."""
    facts = "".join(
        f'<t:{concept(cell)} contextRef="c" unitRef="u" decimals="0">{text}</t:{concept(cell)}>'
        for cell, text in cells.items()
    )
    return (
        f'<xbrli:xbrl {_NAMESPACES}><link:schemaRef xlink:type="simple" xlink:href="t.xsd"/>'
        '<xbrli:context id="c"><xbrli:entity><xbrli:identifier scheme="http://bench.example">000000018</xbrli:identifier>'
        "</xbrli:entity><xbrli:period><xbrli:instant>2024-12-31</xbrli:instant></xbrli:period></xbrli:context>"
        '<xbrli:unit id="u"><xbrli:measure>iso4217:EUR</xbrli:measure></xbrli:unit>'
        f"{facts}</xbrli:xbrl>"
    )


def run(file: Path) -> tuple[float, dict[str, bool]]:
    """Load and validate once; return the milliseconds of the formula phase, and assertion → whether it holds."""
    spent: list[float] = []
    validate = ValidateFormula.validate

    def timed(*arguments: Any, **named: Any) -> None:
        began = time.perf_counter()
        validate(*arguments, **named)
        spent.append((time.perf_counter() - began) * 1_000)

    ValidateFormula.validate = timed
    options = RuntimeOptions(
        entrypointFile=str(file),
        internetConnectivity="offline",
        validate=True,
        formulaAction="run",
        keepOpen=True,
        disablePersistentConfig=True,
        logFile="logToBuffer",
    )
    try:
        with Session() as session:
            session.run(options)
            [model] = session.get_models()
            assertions = [one for one in model.modelVariableSets if isinstance(one, ModelValueAssertion)]
            holds = {one.id: one.countSatisfied == 1 and not one.countNotSatisfied for one in assertions}
            asked = sum(one.countSatisfied + one.countNotSatisfied for one in assertions)
    finally:
        ValidateFormula.validate = validate
    if not spent or asked != len(assertions):
        raise RuntimeError(
            f"Arelle evaluated {asked} of {len(assertions)} assertions: {session.get_logs('text')[:2000]}"
        )
    return sum(spent), holds


def main() -> None:
    """Prepare, then answer."""
    work = json.loads(sys.stdin.readline())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "t.xsd").write_text(schema(list(work["cells"])), encoding="utf-8")
        (folder / "formulas.xml").write_text(linkbase(work["rules"]), encoding="utf-8")
        (folder / "instance.xbrl").write_text(instance(work["cells"]), encoding="utf-8")
        _, holds = run(folder / "instance.xbrl")
        print(json.dumps([holds[f"r{number}"] for number in range(len(work["rules"]))]), flush=True)
        for _ in sys.stdin:
            print(run(folder / "instance.xbrl")[0], flush=True)


if __name__ == "__main__":
    main()
