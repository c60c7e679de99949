"""Write `docs/controls.md`: each official control, what runs it, and the test that proves it.

Usage: python tools/control_index.py. A test checks that the page is up to date and that what it names exists.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import formsets
from formsets import Control

PAGE = Path(__file__).resolve().parent.parent / "docs" / "controls.md"
VERSION = "2025.1"

_ENGINE = "services/validation/domain/rule_set.py::check"
_EXAMPLES = "tests/unit/validation/test_controls.py::test_a_control_passes_and_fails_on_its_examples"
_READ = "formsets/formats.py::read"
_FILE = "formsets/flat_file.py::read_flat_file"
_SIGNING = "tests/unit/signature/test_signature_signing.py"
_FORMS_SIGNING = "tests/unit/forms/test_usecases_signing.py"
_EXCHANGE = "tests/integration/sync/test_sync_exchange.py"
_TOTALS = "tests/unit/forms_imports/test_totals_and_refused_lines.py"
_RESTATING = "tests/unit/forms/test_restating.py"
_PUBLISHING = "tests/unit/forms/test_usecases_publishing.py"
_WORKFLOW = "tests/unit/formsets/test_workflow.py"
_LACKING = "services/forms/domain/shortcomings.py::shortcomings"
_LACKING_TESTS = "tests/unit/forms/test_shortcomings.py"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is told of a control beside its expression, or instead of one."""

    places: tuple[str, ...]
    """`file::function` of what runs it; none for one with an expression."""
    tests: tuple[str, ...] = ()
    """Tests beside the one over its examples."""
    note: str = ""


READINGS = {
    **{f"F-{n:02d}": Entry((_READ,)) for n in (1, 2, 3, 4, 5, 6, 15, 16, 17, 18, 19, 20)},
    "F-10": Entry(
        (),
        (
            "tests/unit/formsets/test_reference_lists.py::test_a_code_that_no_commune_has_is_refused_and_the_postal_code_named",
            "tests/unit/formsets/test_reference_lists.py::test_a_commune_that_merged_before_is_refused_with_the_one_that_it_is_part_of",
        ),
        "The list of communes is in the package (docs/form-packages.md, *Reference lists*).",
    ),
    "F-21": Entry(
        (_READ, "services/forms/domain/restating.py::unexplained"),
        (
            f"{_RESTATING}::test_a_signed_figure_is_not_changed_without_a_word",
            f"{_RESTATING}::test_a_file_changes_no_signed_figure_and_says_so_line_by_line",
        ),
    ),
    "F-22": Entry(
        (
            "formsets/comparison.py::disagreement",
            "cli/check.py::_disagreements",
            "services/forms/domain/importing.py::compare_totals",
        ),
        (
            "tests/unit/cli_check/test_check.py::test_a_total_of_the_file_is_compared_and_never_used",
            f"{_TOTALS}::test_the_server_says_of_a_file_what_the_command_line_says_of_it",
        ),
    ),
    **{f"F-{n}": Entry((_FILE,)) for n in (23, 24, 25, 27, 29)},
    "F-28": Entry(
        (_FILE, "services/forms/domain/form_set_life.py::require_applicable"),
        (f"{_PUBLISHING}::test_a_form_set_of_other_exercices_is_published_only_when_that_is_asked_for",),
    ),
    "F-26": Entry(("formsets/flat_file.py::check_subject",)),
    "F-31": Entry(
        ("formsets/package.py::is_required", "services/validation/domain/evaluation.py::_required"),
        ("tests/unit/cli_check/test_check.py::test_an_empty_required_cell_makes_the_file_not_evaluable",),
    ),
    "F-30": Entry(
        (
            "formsets/attachments.py::refused_attachment",
            "services/forms/domain/attachment.py::require_pdf",
            "services/forms/domain/attachment.py::require_flawless",
            "services/forms/domain/attachment.py::require_clean",
        ),
        (
            "tests/unit/forms/test_attachment.py::test_anything_else_is_refused",
            "tests/unit/forms/test_attachment.py::test_each_flaw_is_said_in_both_languages",
            "tests/integration/forms/test_clamav_real.py::test_what_the_scanner_finds_is_refused_and_what_is_clean_says_when_it_was_scanned",
        ),
        "Looked at for viruses where a scanner is set (docs/operating.md, *Virus scanner*); where none is, the attachment says so.",
    ),
    "Q-01": Entry(
        ("formsets/workflow.py::differing_facts", "services/forms/domain/sharing.py::differing"),
        (
            f"{_FORMS_SIGNING}::test_a_conflict_stands_in_the_way_unless_the_er_is_signed",
            f"{_EXCHANGE}::test_concurrent_different_values_are_a_conflict_on_both_sides_until_someone_chooses",
        ),
        "Asked before signing, of the facts that the other server sent; one it never sent cannot be compared.",
    ),
    "W-01": Entry(
        (_LACKING, "formsets/workflow.py::forms_never_saved"),
        (
            f"{_WORKFLOW}::test_w_01_names_the_forms_that_were_never_saved",
            f"{_LACKING_TESTS}::test_w_01_names_each_form_that_nobody_saved_and_leads_to_it",
            f"{_FORMS_SIGNING}::test_what_the_workflow_finds_lacking_refuses_the_signature_in_both_languages",
        ),
        "Cells carried from the year before do not count as saved.",
    ),
    "W-02": Entry(
        ("services/forms/domain/filing.py::obstacles", "services/validation/domain/verdict.py::verdict_of"),
        (
            "tests/unit/forms/test_filing.py::test_an_open_anomaly_stands_in_the_way_of_signing",
            f"{_FORMS_SIGNING}::test_a_justification_has_from_twenty_to_two_thousand_characters",
        ),
    ),
    "W-03": Entry(
        (_LACKING, "formsets/workflow.py::missing_attachments"),
        (
            f"{_WORKFLOW}::test_w_03_names_what_the_campaign_demands_and_is_not_there",
            f"{_LACKING_TESTS}::test_w_03_names_the_documents_that_the_campaign_wants",
        ),
        "Demanded only when the campaign says so.",
    ),
    "W-04": Entry(
        (_LACKING, "formsets/workflow.py::is_approved"),
        (
            f"{_WORKFLOW}::test_w_04_wants_an_approval_that_is_not_in_the_future",
            f"{_LACKING_TESTS}::test_w_04_wants_an_approval_until_today",
            f"{_FORMS_SIGNING}::test_what_the_workflow_finds_lacking_refuses_the_signature_in_both_languages",
        ),
    ),
    "W-07": Entry(
        ("formsets/workflow.py::differing_facts", "services/forms/domain/filing.py::obstacles"),
        (f"{_FORMS_SIGNING}::test_a_conflict_stands_in_the_way_unless_the_er_is_signed",),
        "Each shared fact that differs (Q-01) is a conflict, and one is enough.",
    ),
    "W-08": Entry(
        (_LACKING, "formsets/workflow.py::is_late"),
        (
            f"{_WORKFLOW}::test_w_08_flags_an_er_after_the_fifteenth_of_july",
            f"{_FORMS_SIGNING}::test_a_late_signature_is_flagged_and_never_refused",
        ),
    ),
    "W-05": Entry(
        ("formsets/signing.py::may_sign", "services/signature/usecases/prepare_signature.py::require_signatory"),
        (
            f"{_SIGNING}::test_somebody_of_the_body_without_the_right_is_refused",
            f"{_SIGNING}::test_who_administers_accounts_does_not_sign",
        ),
    ),
    "W-06": Entry(
        (
            "formsets/signing.py::is_as_shown",
            "services/signature/domain/intent.py::commit",
            "services/signature/usecases/sign_filing.py::_check_still_true",
        ),
        (
            "tests/unit/signature/test_signature_intent.py::test_another_digest_than_the_one_shown_is_refused",
            f"{_SIGNING}::test_a_cell_edited_between_view_and_signature_refuses_the_signature",
        ),
    ),
    "W-09": Entry(
        ("formsets/signing.py::recipients_confirmed", "services/signature/usecases/sign_filing.py::__call__"),
        (f"{_SIGNING}::test_without_the_right_person_proof_or_digest_nothing_is_signed",),
        "Recipients decided otherwise since they were shown refuse the signature as W-06.",
    ),
}
"""Controls that stand in a table: those without an expression, and those with one and more to say."""


def page() -> str:
    """The page, from the package and the tables of this file."""
    controls = formsets.load(VERSION).controls
    rows = "\n".join(_row(control) for control in controls)
    return f"""# The official controls

Generated by `tools/control_index.py` from form set {VERSION}; the codes and severities are those of every version. Severities: B
refused at save, T blocks transmission, A to correct or justify, R remark. *Expression* means that the control is data
(`formsets/<version>/controls.json`, `docs/rule-language.md`) run by `{_ENGINE}`; H-01, H-08, H-09, H-12, H-14 and H-15 read the
filing that the body signed the year before (docs/validation.md) and are not applicable without it.

W-01, W-03 and W-04 refuse the signature, W-08 is a remark: they are `lacking` on the filing, what is left to do on each of
its pages, and a part of its page of controls. The verdict, which anyone may compute again from the figures, leaves them out.

Each control has a passing and a failing example in the package, which the linter runs and which
`{_EXAMPLES}[<control>-<version>]`
runs too. None is told in words, which the linter refuses. W-05, W-06 and W-09 are about the act of signing: the signature service
decides them with the functions of `formsets/signing.py` that the linter runs, a module that imports nothing, so that its audit stays whole.

| Control | Severity | Document | Runs in | Other tests |
|---|---|---|---|---|
{rows}
"""


def _row(control: Control) -> str:
    entry = READINGS.get(control.id)
    if control.expression is not None:
        places = "expression"
    else:
        assert entry is not None, f"{control.id} has neither expression nor entry"
        places = "<br>".join(f"`{place}`" for place in entry.places)
    tests = "<br>".join(f"`{test}`" for test in entry.tests) if entry else ""
    note = f" {entry.note}" if entry and entry.note else ""
    return f"| {control.id} | {control.severity} | {control.document or '—'} | {(places + note).strip()} | {tests} |"


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.name}: {len(formsets.load(VERSION).controls)} controls")
    return 0


if __name__ == "__main__":
    sys.exit(main())
