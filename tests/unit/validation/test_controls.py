"""Every official control, on its passing and on its failing example, in each version; and the page that lists them."""

from pathlib import Path

import pytest

import formsets
from services.validation.domain.examples import outcome
from services.validation.domain.rule_set import compile_rules
from tools import control_index

ROOT = Path(formsets.__file__).parent.parent
RUN = [
    pytest.param(version, control.id, id=f"{control.id}-{version}")
    for version in formsets.available()
    for control in formsets.load(version).controls
]


@pytest.mark.parametrize(("version", "control"), RUN)
def test_a_control_passes_and_fails_on_its_examples(version: str, control: str) -> None:
    form_set = formsets.load(version)
    rules = compile_rules(form_set)
    examples = form_set.examples[control]

    assert outcome(rules, control, examples["passing"]) == "passed"
    assert outcome(rules, control, examples["failing"]) == "failed"


def test_all_158_controls_are_run_here() -> None:
    for version in formsets.available():
        ids = {control.id for control in formsets.load(version).controls}
        assert len(ids) == 158
        assert {control for v, control in (p.values for p in RUN) if v == version} == ids


def test_the_page_of_controls_is_up_to_date() -> None:
    assert (ROOT / "docs" / "controls.md").read_text(encoding="utf-8") == control_index.page(), (
        "run python tools/control_index.py"
    )


@pytest.mark.parametrize("control", [*control_index.READINGS])
def test_what_runs_a_control_and_what_tests_it_exist(control: str) -> None:
    entry = control_index.READINGS[control]

    for place in (*entry.places, *entry.tests):
        file, _, name = place.partition("::")
        assert (ROOT / file).is_file(), place
        assert f"def {name}" in (ROOT / file).read_text(encoding="utf-8"), place
