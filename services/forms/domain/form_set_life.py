"""The life of a form set on one server: drafted, tried, published, closed."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from formsets import FormSet
from services.forms.domain.errors import FormSetNotApplicable, FormSetNotPublished, FormSetStateRefused


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
        raise FormSetStateRefused(f"Un référentiel ne passe pas de l'état « {now} » à l'état « {to} ».")
    if is_used and to in _WITHDRAWN:
        raise FormSetStateRefused("Une campagne utilise ce référentiel : il peut être clos, non retiré.")


def require_published(version: str, state: FormSetState) -> None:
    """Let a campaign take a form set.

    Raises:
        FormSetNotPublished: it is a draft, on trial, or closed.
    """
    if state is not FormSetState.PUBLISHED:
        raise FormSetNotPublished(f"Le référentiel {version} n'est pas publié sur ce serveur (état « {state} »).")


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
