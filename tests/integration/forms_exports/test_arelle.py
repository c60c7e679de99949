"""Arelle, the reference processor of XBRL, reads what we export: offline, without an error."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import formsets
from services.forms.clients.exports import taxonomy, xbrl, xbrl_csv, xbrl_json
from services.forms.domain.filing import Document
from tests.support.exports import an_export

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("arelle") is None,
        reason="Arelle is not installed: pip install arelle-release (requirements/dev.in) judges the XBRL exports.",
    ),
]

ENTRY_POINTS = [xbrl.entry_point(formsets.load("2025.1"), document) for document in ("ER", "QDIS")]
NAMES = [f"{form_set}-{document}" for form_set in formsets.available() for document in Document]
HOSTILE = "#nil -1+1 <&> « é »"


def read_with_arelle(folder, *files):
    """What Arelle says of each file, by file name."""
    packages = []
    for version in formsets.available():
        packages.append(folder / f"taxonomy-{version}.zip")
        packages[-1].write_bytes(taxonomy.package_of(formsets.load(version)))
    program = Path(__file__).parents[2] / "support" / "arelle_reading.py"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
    run = subprocess.run(
        [sys.executable, str(program), *map(str, packages), "--", *map(str, files)],
        capture_output=True,
        env=environment,
        timeout=300,
        check=False,
    )
    assert run.stdout, run.stderr.decode()
    answers = json.loads(run.stdout.decode().splitlines()[-1])
    return {Path(file).name: answer for file, answer in answers.items()}


def export_named(name):
    """The worked example as a filing of that form set and document."""
    form_set, document = name.split("-")
    return an_export(document=Document(document), form_set=form_set)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Every kind of file, and three that are wrong on purpose, read by one process."""
    folder = tmp_path_factory.mktemp("arelle")
    files = {}
    for name in NAMES:
        content = export_named(name)
        files[f"{name}.json"] = xbrl_json.write(content)
        files[f"{name}.zip"] = xbrl_csv.write(content)
    hostile = an_export({"ID.010.v": HOSTILE, "ID.240.v": "true", "BP.110.n": "-5"})
    files |= {"hostile.json": xbrl_json.write(hostile), "hostile.zip": xbrl_csv.write(hostile)}
    sound = files["2024.1-ER.json"].decode()
    files["unknown-line.json"] = sound.replace('"hlm:BA.010"', '"hlm:BA.999"').encode()
    files["unknown-column.json"] = sound.replace('"hlm:Colonne.brut"', '"hlm:Colonne.debut"').encode()
    files["not-in-list.json"] = xbrl_json.write(an_export({"ID.050.v": "AUTRE"}))
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return read_with_arelle(folder, *(folder / name for name in files), *ENTRY_POINTS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["json", "zip"])
def test_arelle_loads_each_report_of_each_form_set_without_an_error(answers, name, kind):
    answer = answers[f"{name}.{kind}"]
    assert answer["errors"] == []
    assert answer["namespaces"] == [xbrl.namespace(formsets.load(name.split("-")[0]))]
    assert len(answer["facts"]) == len(export_named(name).filled)


@pytest.mark.parametrize("name", NAMES)
def test_both_formats_give_arelle_the_same_facts(answers, name):
    found = [sorted(map(json.dumps, answers[f"{name}.{kind}"]["facts"])) for kind in ("json", "zip")]
    assert found[0] == found[1]


def test_arelle_finds_amounts_in_euros_exact_or_rounded_for_the_body(answers):
    facts = {(name, *members): rest for name, members, *rest in answers["2024.1-ER.json"]["facts"]}
    values = an_export().filled
    siren = ["https://harmonia.example/xbrl/entity/siren", "000000018"]
    assert facts["BA.110", "hlm:Colonne.brut"] == [values["BA.110.brut"], "iso4217:EUR", "INF", siren]
    assert facts["BA.110", "hlm:Colonne.net"] == [values["BA.110.net"], "iso4217:EUR", "0", siren]


@pytest.mark.parametrize("kind", ["json", "zip"])
def test_arelle_finds_texts_as_they_were_typed(answers, kind):
    answer = answers[f"hostile.{kind}"]
    assert answer["errors"] == []
    assert sorted(fact[2] for fact in answer["facts"]) == sorted([HOSTILE, "true", "-5"])


@pytest.mark.parametrize("name", ["er.xsd", "qdis.xsd"])
def test_arelle_loads_the_taxonomy_of_the_next_form_set(answers, name):
    assert answers[name]["errors"] == []


@pytest.mark.parametrize("name", ["unknown-line.json", "unknown-column.json", "not-in-list.json"])
def test_arelle_refuses_what_the_taxonomy_does_not_know(answers, name):
    assert answers[name]["errors"]
