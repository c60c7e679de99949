"""`SqlCampaigns` and `SqlActivities`: two small tables."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database.prepared import Prepared
from services.forms.domain.activity import Activity
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.campaign import Campaign, Extension
from services.forms.domain.filing import Document
from services.forms.store.rows import IS_NOTICE, ActivityRow, CampaignRow, ExtensionRow

LATEST = 200
_CAMPAIGN = Prepared(
    select(CampaignRow).where(CampaignRow.document == bindparam("document"), CampaignRow.year == bindparam("year"))
)
_ADD = Prepared(
    insert(ActivityRow).values({name: bindparam(name) for name in ("filing_id", "at", "author", "kind", "fr", "en")})
)

_NOTICES = Prepared(
    select(ActivityRow)
    .where(
        ActivityRow.filing_id == func.any(bindparam("filings", type_=ARRAY(Uuid))),
        IS_NOTICE,
        ActivityRow.at >= bindparam("since"),
    )
    .order_by(ActivityRow.id.desc())
)


class SqlCampaigns:
    """Campaigns in the table `campaigns`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, document: Document, year: int) -> Campaign | None:
        """Return the campaign of a document and year."""
        found = await _CAMPAIGN.rows(self._session, document=str(document), year=year)
        return _to_campaign(found[0]) if found else None

    async def hold(self, document: Document, year: int) -> Campaign | None:
        """Return a campaign, its row locked in share mode: who opens a filing does not wait for who opens another."""
        return await self._locked(document, year, is_shared=True)

    async def get_for_change(self, document: Document, year: int) -> Campaign | None:
        """Return a campaign, its row locked."""
        return await self._locked(document, year, is_shared=False)

    async def _locked(self, document: Document, year: int, *, is_shared: bool) -> Campaign | None:
        row = await self._session.scalar(
            select(CampaignRow)
            .where(CampaignRow.document == document, CampaignRow.year == year)
            .with_for_update(read=is_shared)
        )
        return _to_campaign(row) if row else None

    async def open_on(self, on: date) -> list[Campaign]:
        """Return the campaigns under way on a day, for all bodies or for those with more time, newest year first."""
        is_extended = (
            select(ExtensionRow.siren)
            .where(
                ExtensionRow.document == CampaignRow.document,
                ExtensionRow.year == CampaignRow.year,
                ExtensionRow.due_on >= on,
            )
            .exists()
        )
        rows = await self._session.scalars(
            select(CampaignRow)
            .where(CampaignRow.opens_on <= on, (CampaignRow.closes_on >= on) | is_extended)
            .order_by(CampaignRow.year.desc(), CampaignRow.document)
        )
        return [_to_campaign(row) for row in rows]

    async def all(self) -> list[Campaign]:
        """Return every campaign, newest year first."""
        rows = await self._session.scalars(select(CampaignRow).order_by(CampaignRow.year.desc(), CampaignRow.document))
        return [_to_campaign(row) for row in rows]

    async def uses(self, form_set: str) -> bool:
        """Tell whether a campaign uses a form set."""
        found = await self._session.scalar(select(CampaignRow.year).where(CampaignRow.form_set == form_set).limit(1))
        return found is not None

    async def save(self, campaign: Campaign) -> None:
        """Add or replace a campaign."""
        await self._session.merge(
            CampaignRow(
                document=str(campaign.document),
                year=campaign.year,
                form_set=campaign.form_set,
                opens_on=campaign.opens_on,
                due_on=campaign.due_on,
                closes_on=campaign.closes_on,
                families=sorted(campaign.families),
                required_attachments=sorted(campaign.required_attachments),
                corrected_until=campaign.corrected_until,
            )
        )

    async def extend(self, extension: Extension) -> None:
        """Give one body more time; replaces what it was given before."""
        await self._session.merge(
            ExtensionRow(
                document=str(extension.document),
                year=extension.year,
                siren=extension.siren,
                due_on=extension.due_on,
                reason=extension.reason,
                author=extension.author,
                at=extension.at,
            )
        )
        await self._session.flush()

    async def extension_of(self, document: Document, year: int, siren: str) -> Extension | None:
        """Return the extension of one body."""
        row = await self._session.get(ExtensionRow, (str(document), year, siren))
        return _to_extension(row) if row else None

    async def extensions_of(self, sirens: Collection[str]) -> list[Extension]:
        """Return every extension of some bodies, whatever the campaign."""
        rows = await self._session.scalars(select(ExtensionRow).where(ExtensionRow.siren.in_(sirens)))
        return [_to_extension(row) for row in rows]

    async def extensions(self, document: Document, year: int) -> list[Extension]:
        """Return every extension of a campaign."""
        rows = await self._session.scalars(
            select(ExtensionRow)
            .where(ExtensionRow.document == document, ExtensionRow.year == year)
            .order_by(ExtensionRow.siren)
        )
        return [_to_extension(row) for row in rows]


def _to_campaign(row: CampaignRow) -> Campaign:
    return Campaign(
        document=Document(row.document),
        year=row.year,
        form_set=row.form_set,
        opens_on=row.opens_on,
        due_on=row.due_on,
        closes_on=row.closes_on,
        families=frozenset(row.families),
        required_attachments=frozenset(AttachmentKind(kind) for kind in row.required_attachments),
        corrected_until=row.corrected_until,
    )


def _to_extension(row: ExtensionRow) -> Extension:
    return Extension(Document(row.document), row.year, row.siren, row.due_on, row.reason, row.author, row.at)


class SqlActivities:
    """Activities in the table `activities`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, activity: Activity) -> None:
        """Add one."""
        _ADD.later(
            self._session,
            filing_id=activity.filing_id,
            at=activity.at,
            author=activity.author,
            kind=activity.kind,
            fr=activity.fr,
            en=activity.en,
        )

    async def of(self, filing_id: UUID, kinds: Collection[str] = ()) -> list[Activity]:
        """Return the last two hundred, newest first; of these kinds only, when some are given."""
        statement = select(ActivityRow).where(ActivityRow.filing_id == filing_id)
        if kinds:
            statement = statement.where(ActivityRow.kind.in_(kinds))
        return await self._newest(statement, LATEST)

    async def notices(self, filing_ids: Collection[UUID], since: datetime) -> list[Activity]:
        """Return the notices of some filings since a moment, newest first."""
        rows = await _NOTICES.rows(self._session, filings=list(filing_ids), since=since)
        return [Activity(row.filing_id, row.at, row.author, row.kind, row.fr, row.en, row.id) for row in rows]

    async def page(self, filing_id: UUID, before: int, limit: int) -> list[Activity]:
        """Return a page, newest first: the last ones, or when a number is given those that were kept before it."""
        statement = select(ActivityRow).where(ActivityRow.filing_id == filing_id)
        return await self._newest(statement.where(ActivityRow.id < before) if before else statement, limit)

    async def _newest(self, statement: Select[ActivityRow], limit: int) -> list[Activity]:
        rows = await self._session.scalars(statement.order_by(ActivityRow.id.desc()).limit(limit))
        return [Activity(row.filing_id, row.at, row.author, row.kind, row.fr, row.en, row.id) for row in rows]
