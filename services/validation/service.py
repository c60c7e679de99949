"""Puts the validation service together; the only file that knows all its rooms."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from harmonia.validation.v1 import validation_pb2_grpc as pb_grpc
from opentelemetry import metrics
from pydantic import SecretStr

import formsets
from chassis.database.engine import has_schema, lone_sessions_of, open_engine, sessions_of
from chassis.database.relay import Relay
from chassis.database.unit_of_work import SqlAppliedRequests
from chassis.ending import end
from chassis.peers import Peers
from chassis.service import Opened
from chassis.settings import DatabaseSettings
from chassis.stack import Stack
from services.validation.clients.forms import GrpcCampaignFilings, GrpcTransmittedFilings
from services.validation.clients.metrics import OpenTelemetryGauge, OpenTelemetryWaits
from services.validation.clients.pooled_engine import PooledEngine
from services.validation.clients.sync import GrpcOtherServers
from services.validation.domain.adjustment import Jurisdiction
from services.validation.domain.run import RunKind
from services.validation.rpc.servicer import ValidationServicer
from services.validation.settings import ValidationSettings
from services.validation.store.rows import OutboxEventRow
from services.validation.store.unit_of_work import ValidationUnitOfWork
from services.validation.usecases import UseCases
from services.validation.usecases.adjust_control import (
    AdjustControl,
    ApplyAdjustment,
    Deciding,
    ListAdjustments,
    PreviewAdjustment,
)
from services.validation.usecases.answer_justification import AnswerJustification, ReviewJustifications
from services.validation.usecases.campaign_runs import CountFindings, RejudgeCampaign, TryAdjustment, TryFormSet
from services.validation.usecases.check_campaign import CheckCampaign
from services.validation.usecases.evaluate_filing import EvaluateFiling
from services.validation.usecases.get_formula import GetFormula
from services.validation.usecases.get_rule_set import GetRuleSet
from services.validation.usecases.judging import Judging
from services.validation.usecases.ports import Engine, FormSets, OpensWork, TransmittedFilings
from services.validation.usecases.propose_justifications import ProposeJustifications
from services.validation.usecases.read_cells import ReadCells
from services.validation.usecases.recent_reports import RecentReports
from services.validation.usecases.recheck_filing import RecheckFiling
from services.validation.usecases.record_justification import ListJustifications, RecordJustification
from services.validation.usecases.run_queue import GetQueueStatus, ListRuns, ObserveQueue, TakeRun
from services.validation.workers.publishing import Publishing
from services.validation.workers.queueing import Queueing, Watching

SCHEMA = "validation"


def wire(
    open_work: OpensWork,
    engine: Engine,
    transmitted: TransmittedFilings,
    form_sets: FormSets,
    stack: Stack,
    recent: RecentReports,
    ministry: str = "MIN",
    open_to_read: OpensWork | None = None,
) -> UseCases:
    """Return every use case on these ports; tests pass fakes. What is read for each save needs no transaction."""
    clock, jurisdiction = stack.clock, Jurisdiction(stack.name, ministry)
    deciding = Deciding(form_sets, jurisdiction, clock, stack.identifiers)
    judging = Judging(open_to_read or open_work, form_sets, jurisdiction)
    return UseCases(
        read_cells=ReadCells(engine),
        evaluate_filing=EvaluateFiling(engine, judging, stack.identifiers, recent),
        recheck_filing=RecheckFiling(engine, judging, stack.identifiers, recent),
        record_justification=RecordJustification(open_work, clock),
        list_justifications=ListJustifications(open_work),
        propose_justifications=ProposeJustifications(open_work),
        review_justifications=ReviewJustifications(open_work, transmitted),
        answer_justification=AnswerJustification(open_work, transmitted, clock),
        adjust_control=AdjustControl(open_work, deciding),
        apply_adjustment=ApplyAdjustment(open_work, form_sets, jurisdiction, deciding),
        list_adjustments=ListAdjustments(open_work, jurisdiction),
        get_formula=GetFormula(engine),
        get_rule_set=GetRuleSet(open_work, form_sets, jurisdiction),
        preview_adjustment=PreviewAdjustment(open_work, deciding),
        check_campaign=CheckCampaign(open_work, form_sets, clock, stack.identifiers),
        list_runs=ListRuns(open_work),
        get_queue_status=GetQueueStatus(open_work, clock),
    )


class ValidationService:
    """The validation service of one stack."""

    name = SCHEMA

    def __init__(self, stack: Stack, settings: ValidationSettings) -> None:
        self._stack, self._settings = stack, settings

    @asynccontextmanager
    async def open(self, peers: Peers) -> AsyncIterator[Opened]:
        """Open the database and say what to serve; worker processes start with the first filing."""
        database = open_engine(self._settings.database, SCHEMA)
        sessions, lone, stack = sessions_of(database), lone_sessions_of(database), self._stack
        relay = Relay(sessions, OutboxEventRow, SCHEMA, Publishing(GrpcOtherServers(peers)), stack.clock)
        open_work = partial(ValidationUnitOfWork, sessions, stack.clock, stack.identifiers, relay.hint)
        open_to_read = partial(ValidationUnitOfWork, lone, stack.clock, stack.identifiers)
        jurisdiction = Jurisdiction(stack.name, self._settings.ministry)
        settings = self._settings
        meter = metrics.get_meter("harmonia.validation")
        waits = OpenTelemetryWaits(meter)
        engine = PooledEngine(settings.workers, settings.run_seconds, settings.longest_wait_seconds, waits)
        filings = GrpcCampaignFilings(peers)
        gauge = OpenTelemetryGauge(meter)
        take_run = TakeRun(
            open_work,
            {
                RunKind.REJUDGE: RejudgeCampaign(filings),
                RunKind.PREVIEW: TryAdjustment(open_work, engine, filings, formsets, jurisdiction),
                RunKind.CHECK: CountFindings(open_work, engine, filings, formsets, jurisdiction),
                RunKind.TRIAL: TryFormSet(open_work, engine, filings, formsets, jurisdiction),
            },
            gauge,
            stack.clock,
            timedelta(seconds=self._settings.lease_seconds),
            stack.identifiers.next(),
        )
        recent = RecentReports(self._settings.reports_remembered)
        transmitted, ministry = GrpcTransmittedFilings(peers), self._settings.ministry
        use = wire(open_work, engine, transmitted, formsets, stack, recent, ministry, open_to_read)
        watching = Watching(ObserveQueue(open_work, gauge, stack.clock))
        tasks = [asyncio.create_task(run()) for run in (Queueing(take_run).run, watching.run, relay.run)]
        try:
            yield Opened(
                register=partial(pb_grpc.add_ValidationServiceServicer_to_server, ValidationServicer(use)),
                grpc_services=("harmonia.validation.v1.ValidationService",),
                is_ready=partial(has_schema, database, SCHEMA),
                applied_requests=SqlAppliedRequests(lone),
            )
        finally:
            await end(tasks)
            await asyncio.to_thread(engine.close)
            await database.dispose()


def make_service(stack: Stack, database_url: str) -> ValidationService:
    """Return the service for this stack; the environment may override the database."""
    return ValidationService(stack, ValidationSettings(database=DatabaseSettings(url=SecretStr(database_url))))
