"""The life of a form set on one server: drafted, tried, published, closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from formsets import FormSet
from services.forms.domain.errors import (
    FormSetNotApplicable,
    FormSetNotOnTrial,
    FormSetNotPublished,
    FormSetStateRefused,
)


class FormSetState(StrEnum):
    """Where a form set is in its life; one that nobody declared is published, since it came with the server."""

    DRAFT = "draft"
    TRIAL = "trial"
    PUBLISHED = "published"
    CLOSED = "closed"


_MOVES: Mapping[FormSetState, frozenset[FormSetState]] = {
    FormSetState.DRAFT: frozenset({FormSetState.TRIAL}),
    FormSetState.TRIAL: frozenset({FormSetState.DRAFT, FormSetState.PUBLISHED}),
    FormSetState.PUBLISHED: frozenset({FormSetState.DRAFT, FormSetState.TRIAL, FormSetState.CLOSED}),
    FormSetState.CLOSED: frozenset({FormSetState.PUBLISHED}),
}
_WITHDRAWN = (FormSetState.DRAFT, FormSetState.TRIAL)
_IN_WORDS: Mapping[FormSetState, str] = {
    FormSetState.DRAFT: "projet",
    FormSetState.TRIAL: "à l’essai",
    FormSetState.PUBLISHED: "publié",
    FormSetState.CLOSED: "clos",
}


@dataclass(frozen=True, slots=True)
class DeclaredState:
    """The state that somebody gave to a form set."""

    state: FormSetState
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class FormSetStatus:
    """A form set of this server: what was declared of it, None for nothing, and whether a campaign uses it."""

    version: str
    declared: DeclaredState | None
    is_used: bool

    @property
    def state(self) -> FormSetState:
        """Where it is in its life."""
        return self.declared.state if self.declared else FormSetState.PUBLISHED

    @property
    def moves(self) -> tuple[FormSetState, ...]:
        """Where it may go now, in the order of a life."""
        barred = _WITHDRAWN if self.is_used else ()
        return tuple(to for to in FormSetState if to in _MOVES[self.state] and to not in barred)


def require_move(now: FormSetState, to: FormSetState, *, is_used: bool) -> None:
    """Let a form set change state.

    Args:
        now: where it is.
        to: where it is wanted; staying there is always allowed.
        is_used: whether a campaign uses it: it is then closed, never withdrawn.

    Raises:
        FormSetStateRefused: there is no such move, or a campaign stands in its way.
    """
    if now is to:
        return
    if to not in _MOVES[now]:
        raise FormSetStateRefused(
            f"Un référentiel ne passe pas de l'état « {_IN_WORDS[now]} » à l'état « {_IN_WORDS[to]} »."
        )
    if is_used and to in _WITHDRAWN:
        raise FormSetStateRefused("Une campagne utilise ce référentiel : il peut être clos, non retiré.")


def require_published(version: str, state: FormSetState) -> None:
    """Let a campaign take a form set.

    Raises:
        FormSetNotPublished: it is a draft, on trial, or closed.
    """
    if state is not FormSetState.PUBLISHED:
        raise FormSetNotPublished(
            f"Le référentiel {version} n'est pas publié sur ce serveur (état « {_IN_WORDS[state]} »)."
        )


def require_on_trial(version: str, state: FormSetState) -> None:
    """Let a form set be tried.

    Raises:
        FormSetNotOnTrial: it is a draft, published, or closed.
    """
    if state is not FormSetState.TRIAL:
        raise FormSetNotOnTrial(
            f"Le référentiel {version} n'est pas à l'essai sur ce serveur (état « {_IN_WORDS[state]} »)."
        )


def newest(version: str, other: str, shipped: Sequence[str]) -> str:
    """Return the newer of two form sets; one that is no longer shipped is older than any.

    Args:
        version: one.
        other: another, which is shipped.
        shipped: the versions that this server has, oldest first.
    """
    return version if version in shipped[shipped.index(other) :] else other


def is_applicable(form_set: FormSet, year: int) -> bool:
    """Tell whether exercices of a year are filed with a form set (F-28); the year opens on its first day."""
    return form_set.applies_to(date(year, 1, 1))


def require_applicable(form_set: FormSet, year: int) -> None:
    """Let a campaign take a form set.

    Raises:
        FormSetNotApplicable: its exercices are filed with another one (F-28).
    """
    if not is_applicable(form_set, year):
        raise FormSetNotApplicable(form_set.version, year)
