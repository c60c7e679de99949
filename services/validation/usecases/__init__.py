"""What can be done with rules: one file per verb. No technology, no generated code here."""

from dataclasses import dataclass

from services.validation.usecases.adjust_control import (
    AdjustControl,
    ApplyAdjustment,
    ListAdjustments,
    PreviewAdjustment,
)
from services.validation.usecases.answer_justification import AnswerJustification, ReviewJustifications
from services.validation.usecases.check_campaign import CheckCampaign
from services.validation.usecases.evaluate_filing import EvaluateFiling
from services.validation.usecases.get_formula import GetFormula
from services.validation.usecases.get_rule_set import GetRuleSet
from services.validation.usecases.propose_justifications import ProposeJustifications
from services.validation.usecases.read_cells import ReadCells
from services.validation.usecases.recheck_filing import RecheckFiling
from services.validation.usecases.record_justification import ListJustifications, RecordJustification
from services.validation.usecases.run_queue import GetQueueStatus, ListRuns


@dataclass(frozen=True, slots=True)
class UseCases:
    """Every verb of this service, wired; what the servicer calls."""

    read_cells: ReadCells
    evaluate_filing: EvaluateFiling
    recheck_filing: RecheckFiling
    record_justification: RecordJustification
    list_justifications: ListJustifications
    propose_justifications: ProposeJustifications
    review_justifications: ReviewJustifications
    answer_justification: AnswerJustification
    adjust_control: AdjustControl
    apply_adjustment: ApplyAdjustment
    list_adjustments: ListAdjustments
    get_formula: GetFormula
    get_rule_set: GetRuleSet
    preview_adjustment: PreviewAdjustment
    check_campaign: CheckCampaign
    list_runs: ListRuns
    get_queue_status: GetQueueStatus
