"""The tables of the schema ``auth``, as rows."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, Identity, Index, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.database.rows import AppliedRequestColumns, OutboxEventColumns, OutboxHeadColumns

INSTANT = DateTime(timezone=True)


class Rows(DeclarativeBase):
    """Base of this service's rows; the schema comes from the connection's search path."""


class OutboxEventRow(OutboxEventColumns, Rows):
    """Events for other services; this service has none yet."""


class OutboxHeadRow(OutboxHeadColumns, Rows):
    """The outbox's counter."""


class AppliedRequestRow(AppliedRequestColumns, Rows):
    """Requests and events that were applied."""


class BodyRow(Rows):
    """A body known to this server."""

    __tablename__ = "bodies"

    siren: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    family: Mapped[str] = mapped_column(Text)
    departement: Mapped[str] = mapped_column(Text)


class MemberRow(Rows):
    """One person's roles on one scope."""

    __tablename__ = "members"

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    scope: Mapped[str] = mapped_column(Text, primary_key=True)
    username: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    registered_at: Mapped[datetime] = mapped_column(INSTANT)
    disabled_at: Mapped[datetime | None] = mapped_column(INSTANT)
    version: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        Index("members_of_scope", "scope"),
        Index("one_person_a_username_and_scope", "username", "scope", unique=True),
    )


class PartnerRow(Rows):
    """A partner and the subject of its credential."""

    __tablename__ = "partners"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    client_id: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text, unique=True)
    registered_at: Mapped[datetime] = mapped_column(INSTANT)
    is_active: Mapped[bool] = mapped_column(Boolean)


class JournalRow(Rows):
    """Who gave or took a right; a trigger refuses every change and removal."""

    __tablename__ = "journal"

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    happened_at: Mapped[datetime] = mapped_column(INSTANT)
    by: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)


class AccountRow(Rows):
    """A person of the embedded provider."""

    __tablename__ = "accounts"

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    username: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    realm_roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    is_active: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime] = mapped_column(INSTANT)


class ClientRow(Rows):
    """An application or program of the embedded provider."""

    __tablename__ = "clients"

    client_id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    secret_hash: Mapped[str | None] = mapped_column(Text)
    grant_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(Text))
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(Text))
    subject: Mapped[str] = mapped_column(Text)
    realm_roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    is_active: Mapped[bool] = mapped_column(Boolean)


class LoginRow(Rows):
    """A browser logged in at the embedded provider."""

    __tablename__ = "logins"

    sid: Mapped[str] = mapped_column(Text, primary_key=True)
    token_hash: Mapped[str] = mapped_column(Text, unique=True)
    subject: Mapped[str] = mapped_column(Text, index=True)
    authenticated_at: Mapped[datetime] = mapped_column(INSTANT)
    expires_at: Mapped[datetime] = mapped_column(INSTANT)
    acr: Mapped[str] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(INSTANT)


class CodeRow(Rows):
    """A one-time code of the embedded provider."""

    __tablename__ = "codes"

    code_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    family: Mapped[str] = mapped_column(Text)
    client_id: Mapped[str] = mapped_column(Text)
    redirect_uri: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    nonce: Mapped[str] = mapped_column(Text)
    code_challenge: Mapped[str] = mapped_column(Text)
    sid: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    authenticated_at: Mapped[datetime] = mapped_column(INSTANT)
    acr: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(INSTANT)
    spent_at: Mapped[datetime | None] = mapped_column(INSTANT)


class RefreshTokenRow(Rows):
    """A link of a rotating chain of the embedded provider."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    family: Mapped[str] = mapped_column(Text, index=True)
    client_id: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    sid: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(INSTANT)
    spent_at: Mapped[datetime | None] = mapped_column(INSTANT)
