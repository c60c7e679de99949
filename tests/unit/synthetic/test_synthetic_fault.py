import pytest

import formsets
from formsets.formats import read
from services.validation.domain.rule_set import compile_rules
from synthetic import FAMILIES, FAULTS, Filing, NoSuchFault, synthesise, with_fault

YEARS = {"F-19": 2026}
FAMILY = {"X-30": "ESH"}
ALONE = ("A-01", "A-06", "A-14", "X-01", "X-03", "X-07", "X-15", "X-19", "X-20", "Q-02", "H-03", "P-25", "P-26")


def failed(filing: Filing) -> set[str]:
    """Controls that fail, by the engine or by the format of a cell."""
    values, refused = {}, set()
    form_set = formsets.load(filing.form_set)
    for address, text in filing.cells.items():
        reading = read(form_set, address, text, filing.year, origin="file")
        if reading.problem:
            refused.add(reading.problem.control)
        elif reading.value is not None:
            values[address] = reading.value
    report = compile_rules(form_set).check(values, "whole")
    return refused | {result.id for result in report.with_status("failed")}


def sound(control: str, seed: int = 7) -> Filing:
    return synthesise(FAMILY.get(control, "OPH"), seed, YEARS.get(control, 2024))


@pytest.mark.parametrize("control", FAULTS)
def test_the_chosen_control_fails(control: str) -> None:
    for seed in (1, 7):
        filing = sound(control, seed)
        faulty, fault = with_fault(filing, control, seed)
        assert control in failed(faulty)
        assert fault.control == control
        assert fault.description
        assert {c.address for c in fault.changes} == {
            a for a in {*filing.cells, *faulty.cells} if filing.cells.get(a) != faulty.cells.get(a)
        }


@pytest.mark.parametrize("family", FAMILIES)
def test_a_drawn_fault_fails_in_every_family(family: str) -> None:
    drawn = set()
    for seed in range(12):
        faulty, fault = with_fault(synthesise(family, seed, 2024), None, seed)
        assert fault.control in failed(faulty)
        drawn.add(fault.control)
    assert len(drawn) > 5


@pytest.mark.parametrize("control", ALONE)
def test_an_offset_mistake_brings_no_other_remark(control: str) -> None:
    faulty, _ = with_fault(sound(control), control)
    assert failed(faulty) - {control} <= {"X-18"}


def test_the_same_seed_makes_the_same_fault() -> None:
    filing = sound("A-01")
    assert with_fault(filing, "A-01", 3) == with_fault(filing, "A-01", 3)
    assert with_fault(filing, "A-01", 3) != with_fault(filing, "A-01", 4)


def test_the_sound_filing_is_left_alone() -> None:
    filing = sound("A-01")
    with_fault(filing, "A-01")
    assert filing == sound("A-01")


@pytest.mark.parametrize("control", ["X-09", "X-32", "X-35", "H-01", "Z-99"])
def test_a_control_that_cannot_fail_is_refused_with_the_list(control: str) -> None:
    with pytest.raises(NoSuchFault, match=r"A-01.*X-37"):
        with_fault(sound(control), control)


@pytest.mark.parametrize(
    ("control", "family", "year"),
    [
        ("X-29", "SEM", 2024),
        ("X-30", "OPH", 2024),
        ("X-31", "SEM", 2024),
        ("A-19", "COOP", 2024),
        ("F-19", "OPH", 2024),
        ("X-33", "OPH", 2020),
    ],
)
def test_a_fault_that_does_not_apply_is_refused(control: str, family: str, year: int) -> None:
    with pytest.raises(NoSuchFault, match=control):
        with_fault(synthesise(family, 1, year), control)
