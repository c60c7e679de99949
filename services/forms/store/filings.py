"""`SqlFilings`: the filings port on PostgreSQL."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, bindparam, delete, func, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database.prepared import Prepared
from chassis.errors import Conflict
from formsets.workflow import APPROVED_ON
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.cell import Origin
from services.forms.domain.deadlines import deadlines_of
from services.forms.domain.errors import FilingUnknown
from services.forms.domain.filing import Body, Document, Filing, Lock, Step, Verdict
from services.forms.domain.review import UNREVIEWED, ReturnRequest, Review, ReviewState
from services.forms.domain.transmitted import ACCENTED, PLAIN, TransmittedFilter, plain
from services.forms.store.rows import (
    SPLIT_ADDRESSES,
    ActivityRow,
    AttachmentRow,
    CampaignRow,
    CellRow,
    CellToReviewRow,
    CellVersionRow,
    ChangedFilingRow,
    CommentRow,
    EditStepRow,
    ExtensionRow,
    FilingRow,
    ImportRow,
    SetAsideRow,
    SnapshotRow,
)
from services.forms.usecases.ports import CellCounts

_IS_REAL = ~FilingRow.is_trial
"""As the partial index says it."""
_ABOUT_A_FILING = (
    CellRow,
    CellVersionRow,
    ImportRow,
    EditStepRow,
    ChangedFilingRow,
    SetAsideRow,
    SnapshotRow,
    CommentRow,
    CellToReviewRow,
    AttachmentRow,
    ActivityRow,
)
"""Rows that belong to one filing."""
_CAMPAIGN = (CampaignRow.document == FilingRow.document) & (CampaignRow.year == FilingRow.year) & _IS_REAL
"""A trial is nobody's campaign: it has no last day."""
_EXTENSION = (
    (ExtensionRow.document == FilingRow.document)
    & (ExtensionRow.year == FilingRow.year)
    & (ExtensionRow.siren == FilingRow.siren)
)

_Dated = Select[FilingRow, date, date, date | None, list[str], date]


def _dated() -> _Dated:
    """Filings with what their campaigns say of them."""
    said = (CampaignRow.opens_on, CampaignRow.closes_on, CampaignRow.corrected_until, CampaignRow.required_attachments)
    return (
        select(FilingRow, *said, ExtensionRow.due_on.label("extended_to"))
        .outerjoin(CampaignRow, _CAMPAIGN)
        .outerjoin(ExtensionRow, _EXTENSION)
    )


_FOR_CHANGE = Prepared(_dated().where(FilingRow.id == bindparam("id")).with_for_update(of=FilingRow))
_SAVE = Prepared(
    update(FilingRow)
    .where(FilingRow.id == bindparam("filing_id"))
    .values(
        {one.name: bindparam(one.name) for one in FilingRow.__table__.columns if one.name not in ("id", "computed")}
    )
)
_COUNTS = Prepared(
    select(
        CellRow.filing_id,
        func.count().filter((CellRow.value != "") & (CellRow.address == func.any(func.array(SPLIT_ADDRESSES)))),
        func.array_agg(CellRow.address).filter(CellRow.conflict.is_not(None) & ~CellRow.is_sealed),
        func.array_agg(CellRow.address).filter(
            (CellRow.origin != str(Origin.LAST_YEAR))
            & (CellRow.filing_id == func.any(bindparam("unsigned", type_=ARRAY(Uuid))))
        ),
        func.max(CellRow.value).filter(CellRow.address == APPROVED_ON),
    )
    .where(CellRow.filing_id == func.any(bindparam("filings", type_=ARRAY(Uuid))))
    .group_by(CellRow.filing_id)
)


class SqlFilings:
    """Filings in the table `filings`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, filing_id: UUID) -> Filing:
        """Return a filing.

        Raises:
            FilingUnknown: there is none.
        """
        return await self._one(_dated().where(FilingRow.id == filing_id))

    async def get_for_change(self, filing_id: UUID) -> Filing:
        """Return a filing and lock its row until the end of the transaction."""
        for row in await _FOR_CHANGE.rows(self._session, id=filing_id):
            return _to_domain(
                row, row.opens_on, row.closes_on, row.corrected_until, row.required_attachments, row.extended_to
            )
        raise FilingUnknown

    async def _one(self, statement: _Dated) -> Filing:
        found = await self._all(statement)
        if not found:
            raise FilingUnknown
        return found[0]

    async def _all(self, statement: _Dated) -> list[Filing]:
        return [_to_domain(*row) for row in await self._session.execute(statement)]

    async def find(self, siren: str, document: Document, year: int) -> Filing | None:
        """Return the filing of a body, document and year."""
        is_wanted = (FilingRow.siren == siren, FilingRow.document == document, FilingRow.year == year, _IS_REAL)
        return next(iter(await self._all(_dated().where(*is_wanted))), None)

    async def find_trial(self, siren: str, document: Document, year: int, form_set: str) -> Filing | None:
        """Return the trial that a body makes of a form set, with the figures of a document and year."""
        is_wanted = (
            FilingRow.siren == siren,
            FilingRow.document == document,
            FilingRow.year == year,
            FilingRow.form_set == form_set,
            FilingRow.is_trial,
        )
        return next(iter(await self._all(_dated().where(*is_wanted))), None)

    async def trials_of(self, form_set: str) -> list[Filing]:
        """Return every trial of a form set, rows locked."""
        are_wanted = _dated().where(FilingRow.form_set == form_set, FilingRow.is_trial)
        return await self._all(are_wanted.with_for_update(of=FilingRow))

    async def throw_away(self, trials: Collection[UUID]) -> None:
        """Delete trials and all rows that are about them."""
        if not trials:
            return
        for rows in _ABOUT_A_FILING:
            await self._session.execute(delete(rows).where(rows.filing_id.in_(trials)))
        await self._session.execute(delete(FilingRow).where(FilingRow.id.in_(trials), FilingRow.is_trial))

    async def hold(self, siren: str, year: int) -> None:
        """Take the advisory lock of a body and year until the end of the transaction."""
        key = func.hashtextextended(f"{siren}/{year}", 0)
        await self._session.execute(select(func.pg_advisory_xact_lock(key)))

    async def of_body_and_year(self, siren: str, year: int) -> list[Filing]:
        """Return the filings of a body and year, rows locked."""
        await self.hold(siren, year)
        return await self._all(
            _dated()
            .where(FilingRow.siren == siren, FilingRow.year == year, _IS_REAL)
            .order_by(FilingRow.document)
            .with_for_update(of=FilingRow)
        )

    async def page_of_campaign(
        self, document: Document, year: int, after: UUID | None, limit: int, *, with_signed: bool
    ) -> list[Filing]:
        """Return a page of the filings of a campaign by id."""
        among = _after(document, year, after, with_signed=with_signed)
        return await self._all(_dated().where(*among).order_by(FilingRow.id).limit(limit))

    async def count_of_campaign(self, document: Document, year: int, after: UUID | None, *, with_signed: bool) -> int:
        """Return how many filings such pages have after this one."""
        among = _after(document, year, after, with_signed=with_signed)
        return await self._session.scalar(select(func.count()).select_from(FilingRow).where(*among)) or 0

    async def of_bodies(self, sirens: frozenset[str]) -> list[Filing]:
        """Return the filings of these bodies, newest year first."""
        return await self._all(
            _dated()
            .where(FilingRow.siren.in_(sirens))
            .order_by(FilingRow.year.desc(), FilingRow.body_name, FilingRow.document, FilingRow.is_trial)
        )

    async def of_campaign(self, document: Document, year: int) -> list[Filing]:
        """Return the filings of a document and year, in order of body."""
        return await self._all(
            _dated().where(FilingRow.document == document, FilingRow.year == year, _IS_REAL).order_by(FilingRow.siren)
        )

    async def transmitted(self, wanted: TransmittedFilter, after: UUID | None, limit: int) -> list[Filing]:
        """Return a page of the filings signed at least once, after one of them."""
        place = (-FilingRow.year, _PLAIN_NAME, FilingRow.siren, FilingRow.document)
        statement = _dated().where(*_transmitted(wanted)).order_by(*place).limit(limit)
        if after is not None:
            statement = statement.where(tuple_(*place) > select(*place).where(FilingRow.id == after).scalar_subquery())
        return await self._all(statement)

    async def open_by_form_set(self, document: Document, year: int) -> Mapping[str, int]:
        """Count the filings of a campaign that a publication would reach, by the form set they have."""
        counted = select(FilingRow.form_set, func.count()).where(*reached(document, year)).group_by(FilingRow.form_set)
        return {row[0]: row[1] for row in await self._session.execute(counted)}

    async def to_change(self, document: Document, year: int, form_set: str, after: str, limit: int) -> list[Filing]:
        """Return a page of the filings that giving a form set would change, in order of SIREN, after that of a body."""
        are_wanted = (*reached(document, year), FilingRow.form_set != form_set, FilingRow.siren > after)
        return await self._all(_dated().where(*are_wanted).order_by(FilingRow.siren).limit(limit))

    async def add(self, filing: Filing) -> None:
        """Add a filing.

        Raises:
            Conflict: the body has one of this document and year.
        """
        self._session.add(_to_row(filing))
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise Conflict("Ce dossier vient d'être ouvert ; rechargez.") from error

    async def save(self, filing: Filing) -> None:
        """Write every field of a filing that this transaction added or got for change."""
        columns = _columns(filing)
        for name in ("review", "return_request"):
            columns[name] = json.dumps(columns[name]) if columns[name] else None
        _SAVE.later(self._session, filing_id=filing.id, **columns)

    async def reschedule(self, document: Document, year: int, due_on: date, siren: str = "") -> None:
        """Give the filings of a document and year, or that of one body, another due date."""
        statement = update(FilingRow).where(FilingRow.document == document, FilingRow.year == year, _IS_REAL)
        if siren:
            statement = statement.where(FilingRow.siren == siren)
        await self._session.execute(statement.values(due_on=due_on).execution_options(synchronize_session=False))

    async def closed_in_campaigns_ended_before(self, day: date, limit: int) -> list[UUID]:
        """Return filings at step 5 whose campaign's last day is before a day, oldest first."""
        last_day = func.coalesce(CampaignRow.corrected_until, CampaignRow.closes_on)
        found = await self._session.scalars(
            select(FilingRow.id)
            .join(CampaignRow, _CAMPAIGN)
            .where(FilingRow.step == int(Step.CLOSED), last_day < day)
            .order_by(FilingRow.changed_at, FilingRow.id)
            .limit(limit)
        )
        return list(found)

    async def counts(
        self, filing_ids: Sequence[UUID], places: Collection[str], unsigned: Collection[UUID]
    ) -> Mapping[UUID, CellCounts]:
        """Return for each filing how many of these cells are filled, which await a choice, and which were saved."""
        rows = await _COUNTS.rows(
            self._session, filings=list(filing_ids), addresses=" ".join(places), unsigned=list(unsigned)
        )
        return {
            filing_id: CellCounts(filled, sorted(conflicts or ()), tuple(saved or ()), approved_on or "")
            for filing_id, filled, conflicts, saved, approved_on in rows
        }


_PLAIN_NAME = func.translate(func.lower(FilingRow.body_name), ACCENTED, PLAIN).collate("C")
"""As `plain` says it, in an order that is the same on every server."""


def reached(document: Document, year: int) -> list[ColumnElement[bool]]:
    """Tell the filings of a campaign that a publication reaches from all others, as `is_open` does."""
    are_of = [FilingRow.document == document, FilingRow.year == year, _IS_REAL]
    return [*are_of, FilingRow.signed_version == 0, FilingRow.step <= int(Step.SIGNATURE)]


def _after(document: Document, year: int, after: UUID | None, *, with_signed: bool) -> list[ColumnElement[bool]]:
    among: list[ColumnElement[bool]] = [FilingRow.document == document, FilingRow.year == year, _IS_REAL]
    among += [FilingRow.id > after] if after is not None else []
    return among if with_signed else [*among, FilingRow.step <= int(Step.SIGNATURE)]


def _transmitted(wanted: TransmittedFilter) -> list[ColumnElement[bool]]:
    """Tell the filings looked for from all others, as `TransmittedFilter.takes` does."""
    among: list[ColumnElement[bool]] = [FilingRow.signed_version > 0]
    if wanted.body:
        is_named = _PLAIN_NAME.contains(plain(wanted.body), autoescape=True)
        among.append(is_named | FilingRow.siren.startswith(wanted.body, autoescape=True))
    among += [FilingRow.document == wanted.document] if wanted.document else []
    among += [FilingRow.year == wanted.year] if wanted.year else []
    among += [FilingRow.step == int(wanted.step)] if wanted.step else []
    if wanted.review:
        state = func.coalesce(FilingRow.review["state"].astext, str(UNREVIEWED.state))
        among += [FilingRow.step == int(Step.REVIEW), state == str(wanted.review)]
    return among


def _columns(filing: Filing) -> dict[str, object]:
    return {
        "siren": filing.body.siren,
        "body_name": filing.body.name,
        "family": filing.body.family,
        "departement": filing.body.departement,
        "document": str(filing.document),
        "year": filing.year,
        "form_set": filing.form_set,
        "opened_by": filing.opened_by,
        "opened_at": filing.opened_at,
        "changed_at": filing.changed_at,
        "due_on": filing.due_on,
        "step": int(filing.step),
        "revision": filing.revision,
        "verdict": str(filing.verdict) if filing.verdict else None,
        "rule_set": filing.rule_set,
        "report": filing.report,
        "signed_version": filing.signed_version,
        "signed_at": filing.signed_at,
        "receipt_number": filing.receipt_number,
        "reopened_at": filing.reopened_at,
        "locked_by": filing.lock.intent_id if filing.lock else None,
        "locked_at": filing.lock.since if filing.lock else None,
        "is_trial": filing.is_trial,
        "review": _review_json(filing.review),
        "return_request": _request_json(filing.return_request) if filing.return_request else None,
    }


def _review_json(review: Review) -> dict[str, Any] | None:
    if review == UNREVIEWED:
        return None
    return {
        "state": str(review.state),
        "author": review.author,
        "at": _iso(review.at),
        "question": review.question,
        "answer": review.answer,
    }


def _to_review(kept: dict[str, Any] | None) -> Review:
    if kept is None:
        return UNREVIEWED
    return Review(ReviewState(kept["state"]), kept["author"], _instant(kept["at"]), kept["question"], kept["answer"])


def _request_json(request: ReturnRequest) -> dict[str, Any]:
    return {
        "reason": request.reason,
        "author": request.author,
        "at": request.at.isoformat(),
        "refusal": request.refusal,
        "refused_by": request.refused_by,
        "refused_at": _iso(request.refused_at),
    }


def _to_request(kept: dict[str, Any]) -> ReturnRequest:
    return ReturnRequest(
        kept["reason"],
        kept["author"],
        datetime.fromisoformat(kept["at"]),
        kept["refusal"],
        kept["refused_by"],
        _instant(kept["refused_at"]),
    )


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _to_row(filing: Filing) -> FilingRow:
    return FilingRow(id=filing.id, computed={}, **_columns(filing))


def _to_domain(
    row: FilingRow,
    opens_on: date | None,
    closes_on: date | None,
    corrected_until: date | None,
    required_attachments: list[str] | None,
    extended_to: date | None,
) -> Filing:
    return Filing(
        id=row.id,
        body=Body(row.siren, row.body_name, row.family, row.departement),
        document=Document(row.document),
        year=row.year,
        form_set=row.form_set,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        due_on=row.due_on,
        step=Step(row.step),
        revision=row.revision,
        verdict=Verdict(row.verdict) if row.verdict else None,
        rule_set=row.rule_set,
        report=row.report,
        signed_version=row.signed_version,
        signed_at=row.signed_at,
        receipt_number=row.receipt_number,
        reopened_at=row.reopened_at,
        lock=Lock(row.locked_by, row.locked_at) if row.locked_by and row.locked_at else None,
        is_trial=row.is_trial,
        review=_to_review(row.review),
        return_request=_to_request(row.return_request) if row.return_request else None,
        deadlines=deadlines_of(opens_on, closes_on, corrected_until, extended_to) if opens_on and closes_on else None,
        demanded=frozenset(map(AttachmentKind, required_attachments or ())),
    )
