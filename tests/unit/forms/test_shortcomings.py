"""Controls of the workflow: W-01, W-03, W-04 and W-08 as findings of one filing on one day."""

from datetime import date, datetime, timedelta

import pytest

from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.filing import Document, Step
from services.forms.domain.shortcomings import Progress, obstacles_in, shortcomings
from tests.support.forms import ALIAS, NOON, SHARED, a_body, a_filing, a_form_set, begun

TODAY = date(2025, 6, 2)


def found(filing=None, *, saved=None, approved_on="2025-06-01", today=TODAY, **progress):
    """Controls that do not hold, by id; everything was saved unless said."""
    filing = filing or a_filing()
    saved = [cell.address for cell in begun(filing.document)] if saved is None else saved
    findings = shortcomings(a_form_set(), filing, Progress(saved, approved_on, **progress), today)
    return {finding.control: finding for finding in findings}


def test_a_filing_that_is_ready_lacks_nothing():
    assert found() == {}
    assert found(a_filing(document=Document.QDIS), approved_on="") == {}


def test_w_01_names_each_form_that_nobody_saved_and_leads_to_it():
    saved = [cell.address for cell in begun() if cell.address[:2] not in ("PR", "TF")]

    missed = found(saved=saved)["W-01"]

    assert [cell[:2] for cell in missed.cells] == ["PR", "TF"]
    assert missed.fr.where.startswith("Formulaires : PR (")
    assert missed.en.where.startswith("Forms: PR (")
    assert (missed.severity, missed.is_failed) == ("T", True)


def test_w_01_asks_a_sem_for_less():
    saved = [cell.address for cell in begun() if cell.address[:2] not in ("AF", "SF", "TF")]

    assert "W-01" in found(saved=saved)
    assert found(a_filing(body=a_body(family="SEM")), saved=saved) == {}


def test_w_01_finds_an_alias_where_it_is_kept():
    filing = a_filing(document=Document.QDIS)
    other = [cell.address for cell in begun(Document.QDIS)]
    kept_for_qe = next(address for address in other if address[:2] == "BP")
    assert ALIAS[:2] == "QE"

    without = [address for address in other if address != kept_for_qe]

    assert [cell[:2] for cell in found(filing, saved=without)["W-01"].cells] == ["QE"]
    assert found(filing, saved=[*without, SHARED]) == {}


def test_w_03_names_the_documents_that_the_campaign_wants():
    lacking = found(demanded={AttachmentKind.DELIBERATION, AttachmentKind.AUDITOR_REPORT})["W-03"]

    assert "Le rapport du commissaire aux comptes manque." in lacking.fr.where
    assert "The resolution or the minutes of the approval are missing." in lacking.en.where


@pytest.mark.parametrize(
    ("approved_on", "where"),
    [("", "Case ID.200.v : vide."), ("2025-06-03", "Case ID.200.v : 03/06/2025, date à venir.")],
    ids=["empty", "tomorrow"],
)
def test_w_04_wants_an_approval_until_today(approved_on, where):
    lacking = found(approved_on=approved_on)["W-04"]

    assert (lacking.fr.where, lacking.cells, lacking.severity) == (where, ("ID.200.v",), "T")
    assert found(approved_on="2025-06-02") == {}


def test_w_08_is_a_remark_from_the_sixteenth_of_july_on():
    assert found(today=date(2025, 7, 15)) == {}
    late = found(today=date(2025, 7, 16))
    assert (late["W-08"].severity, late["W-08"].en.where) == ("R", "Deadline: 15 July 2025.")
    assert obstacles_in(late.values()) == []
    assert found(a_filing(document=Document.QDIS), today=date(2025, 7, 16)) == {}


@pytest.mark.parametrize(("signed_at", "is_late"), [(NOON, False), (NOON + timedelta(days=60), True)])
def test_a_signed_filing_lacks_nothing_any_more_and_keeps_its_delay(signed_at: datetime, is_late):
    filing = a_filing(step=Step.REVIEW, signed_version=1, signed_at=signed_at)

    lacking = found(filing, saved=(), approved_on="", today=date(2026, 1, 1))

    assert list(lacking) == (["W-08"] if is_late else [])
    assert filing.was_late is is_late


def test_obstacles_say_everything_in_both_languages():
    (obstacle,) = obstacles_in(found(approved_on="").values())

    assert (obstacle.field, obstacle.reason) == ("ID.200.v", "W-04")
    assert obstacle.description.startswith("Comptes non approuvés. Case ID.200.v : vide. Renseignez")
    assert str(obstacle.en).startswith("The accounts are not approved. Cell ID.200.v: empty. Fill")
