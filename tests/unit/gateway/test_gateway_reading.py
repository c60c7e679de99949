"""Messages of the wire become answers; the two name the same things."""

from datetime import UTC, datetime

import pytest
from harmonia.auth.v1 import auth_pb2 as auth
from harmonia.forms.v1 import forms_pb2 as forms
from harmonia.signature.v1 import signature_pb2 as signature
from harmonia.transmission.v1 import transmission_pb2 as transmission
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as validation

from services.gateway.clients import answers
from services.gateway.clients.reading import read
from services.gateway.clients.services import _identity
from services.gateway.web.wording import JUSTIFICATION_REASONS
from tests.support.gateway import an_identity

PAIRS = [
    (auth.Passport, answers.Passport),
    (forms.ListFilingsResponse, answers.Filings),
    (forms.OpenFilingResponse, answers.OpenedFiling),
    (forms.GetFilingResponse, answers.FilingCells),
    (forms.SaveCellsResponse, answers.SavedCells),
    (forms.ImportPreview, answers.ImportPreview),
    (forms.ConfirmImportResponse, answers.ConfirmedImport),
    (forms.CheckFilingResponse, answers.Report),
    (forms.Activity, answers.Activity),
    (forms.ListActivityResponse, answers.Activities),
    (forms.GetTransmittedFilingResponse, answers.TransmittedFiling),
    (forms.ExportFilingResponse, answers.ExportedFile),
    (forms.EditStep, answers.EditStep),
    (forms.UndoStepResponse, answers.UndoneStep),
    (forms.AccountFeed, answers.AccountFeed),
    (forms.GetAccountMappingResponse, answers.AccountMapping),
    (forms.AccountRule, answers.AccountRule),
    (forms.GetImportErrorFileResponse, answers.ErrorFile),
    (forms.CarryLastYearResponse, answers.CarriedAnswers),
    (forms.GetSignedVersionResponse, answers.SignedVersion),
    (forms.SeriesPoint, answers.SeriesPoint),
    (forms.CellDifference, answers.CellDifference),
    (forms.FormSetStatus, answers.FormSetStatus),
    (forms.CellsToChoose, answers.CellsToChoose),
    (forms.NewlyFailingControl, answers.NewlyFailingControl),
    (forms.PreviewFormSetChangeResponse, answers.FormSetChange),
    (forms.ListAffectedFilingsResponse, answers.AffectedFilings),
    (forms.AffectedFiling, answers.AffectedFiling),
    (forms.CellToChoose, answers.CellToChoose),
    (forms.Publication, answers.Publication),
    (forms.SetAsideCell, answers.SetAsideCell),
    (forms.CellComment, answers.CellComment),
    (forms.Campaign, answers.Campaign),
    (forms.Review, answers.Review),
    (forms.ReturnRequest, answers.ReturnRequest),
    (forms.CellToReview, answers.CellToReview),
    (forms.Attachment, answers.Attachment),
    (forms.GetAttachmentResponse, answers.AttachedFile),
    (validation.Finding, answers.Finding),
    (validation.Justification, answers.Justification),
    (validation.Adjustment, answers.Adjustment),
    (validation.GetFormulaResponse, answers.Formula),
    (validation.GetRuleSetResponse, answers.RuleSet),
    (validation.VerdictChange, answers.VerdictChange),
    (validation.AdjustmentPreview, answers.AdjustmentPreview),
    (validation.GetQueueStatusResponse, answers.QueueStatus),
    (validation.CampaignCheck, answers.CampaignCheck),
    (validation.ControlCount, answers.ControlCount),
    (validation.VerdictCount, answers.VerdictCount),
    (signature.PrepareSignatureResponse, answers.PreparedSignature),
    (signature.Receipt, answers.Receipt),
    (signature.GetContainerResponse, answers.Container),
    (signature.VerifyContainerResponse, answers.Verification),
    (transmission.GetReleaseTableResponse, answers.ReleaseTable),
    (transmission.Delivery, answers.Delivery),
    (transmission.ReadFeedResponse, answers.FeedPage),
    (transmission.FetchDeliveryResponse, answers.FetchedDelivery),
]


@pytest.mark.parametrize(("message", "answer"), PAIRS)
def test_every_answer_reads_its_message(message, answer):
    assert isinstance(read(message(), answer), answer)


def test_values_instants_words_and_nested_answers_are_read():
    cell = forms.FiledCell(
        address="BA.010.brut",
        value="12",
        version=3,
        origin=forms.ORIGIN_LAST_YEAR,
        conflict=forms.CellConflict(value="9"),
    )
    cell.changed_at.FromDatetime(datetime(2025, 6, 2, 9, 0, tzinfo=UTC))
    found = read(cell, answers.FiledCell)
    assert found.origin is answers.Origin.LAST_YEAR
    assert found.changed_at == datetime(2025, 6, 2, 9, 0, tzinfo=UTC)
    assert found.conflict is not None
    assert found.conflict.value == "9"


def test_absent_instants_and_conflicts_are_none():
    found = read(forms.FiledCell(), answers.FiledCell)
    assert (found.changed_at, found.conflict) == (None, None)


def test_a_word_newer_than_the_gateway_is_unspecified():
    assert read(forms.FiledCell(origin=99), answers.FiledCell).origin is answers.Origin.UNSPECIFIED


def test_a_word_that_is_read_as_text_is_named_as_in_the_contract():
    kind = validation.Justification(reason=validation.JUSTIFICATION_REASON_EARLIER_ERROR)
    assert read(kind, answers.Justification).reason == "earlier_error"
    assert read(validation.Justification(reason=99), answers.Justification).reason == "unspecified"


def test_every_kind_of_reason_of_the_contract_has_a_name():
    assert set(JUSTIFICATION_REASONS) == {*answers.JUSTIFICATION_REASONS, "unspecified"}


def test_every_word_of_the_contract_is_known():
    for kind, words in (
        (forms.Step, answers.Step),
        (forms.Origin, answers.Origin),
        (forms.ImportEffect, answers.ImportEffect),
        (forms.ExportFormat, answers.ExportFormat),
        (validation.RunState, answers.RunState),
        (validation.Severity, answers.Severity),
        (types.Family, answers.Family),
        (transmission.DeliveryState, answers.DeliveryState),
        (transmission.Standing, answers.Standing),
        (transmission.EntryKind, answers.EntryKind),
        (transmission.NoticeReason, answers.NoticeReason),
    ):
        ends = {name.lower() for name in list(kind.keys())}
        assert {word for word in words if not any(end.endswith(word.value) for end in ends)} == set()
        assert len(ends) == len(list(words))


def test_an_identity_goes_back_as_it_came():
    identity = an_identity()
    assert read(_identity(identity), answers.FilingIdentity) == identity
