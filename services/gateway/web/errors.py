"""The one switch from failures to answers: a page for people, RFC 9457 problem details for programs.

Nobody else in the gateway chooses the status of a failure.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from opentelemetry import trace
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from chassis.errors import (
    AlreadyExists,
    Conflict,
    Exhausted,
    Failure,
    Forbidden,
    Invalid,
    NotFound,
    RuleBroken,
    ThreeParts,
    Unauthenticated,
    Unavailable,
    Violation,
)
from chassis.rpc.failures import InternalFailure
from chassis.rpc.idempotency import AlreadyApplied
from services.gateway.web.desk import desk_of
from services.gateway.web.fields import REQUEST_ID, fields_sent
from services.gateway.web.kept import kept_of
from services.gateway.web.malformed import malformations
from services.gateway.web.visit import FormStale, Visit, page_behind, wording_of
from services.gateway.web.wording import Wording

_STATUS: Mapping[type[Failure], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    AlreadyExists: 409,
    RuleBroken: 422,
    Conflict: 409,
    Exhausted: 429,
    Unavailable: 503,
    InternalFailure: 500,
}
TITLES: Mapping[int, str] = {
    400: "La demande est à corriger",
    401: "Connexion nécessaire",
    403: "Action non permise",
    404: "Page introuvable",
    405: "Action impossible ici",
    409: "Modifié entre-temps",
    413: "Fichier trop volumineux",
    422: "Action impossible dans l’état actuel du dossier",
    429: "Trop de demandes",
    500: "Erreur interne",
    503: "Service momentanément indisponible",
}
ADVICE: Mapping[int, str] = {
    400: "Corrigez ce qui est signalé, puis recommencez. Rien n’a été enregistré.",
    403: "Demandez ce droit à l’administrateur de votre organisme, ou revenez à l’accueil.",
    404: "Elle n’existe pas, ou vous n’y avez pas accès.",
    409: "Rechargez la page pour voir l’état actuel, puis recommencez si nécessaire.",
    413: "Rien n’a été enregistré.",
    422: "Rien n’a été enregistré.",
    429: "Attendez une minute, puis recommencez.",
    500: "Recommencez. Si l’erreur persiste, communiquez la référence ci-dessous à l’assistance.",
    503: "Recommencez dans quelques instants.",
}
KEPT: Mapping[int, str] = {
    401: "Rien n’a été enregistré, mais tout ce que vous avez tapé ou choisi est resté dans cette page : ne la fermez pas. "
    "Connectez-vous dans un autre onglet, revenez ici, puis réessayez.",
    429: "Rien n’est encore enregistré, mais tout ce que vous avez tapé ou choisi est resté dans cette page. "
    "Attendez un instant, puis envoyez de nouveau.",
    500: "Tout ce que vous avez tapé est resté dans cette page. Réessayez ; si l’erreur persiste, copiez-le "
    "et communiquez la référence ci-dessous à l’assistance.",
    503: "L’enregistrement n’est pas confirmé, mais tout ce que vous avez tapé ou choisi est resté dans cette page. "
    "Attendez un instant, puis envoyez de nouveau : deux envois identiques ne comptent que pour un.",
}
"""What to do when the page holds what was typed; `KEPT_AS_REFUSED` otherwise."""
KEPT_AS_REFUSED = "Rien n’a été enregistré, mais tout ce que vous avez tapé est resté dans cette page : corrigez et réessayez, ou copiez-le."
KEPT_FROM_BEFORE = "Ce que vous avez tapé est resté dans cette page : relisez, puis réessayez."
KEPT_TO_COPY = (
    "Ce qui a été tapé est resté dans cette page : copiez-le, ouvrez la page de nouveau et refaites-y vos choix."
)
OPENED_AGAIN = "Ouvrez la page de nouveau pour voir l’état actuel, puis refaites-y vos choix."
ALREADY_APPLIED = AlreadyApplied.reason
"""A conflict by its meaning, but what was asked is done: the repeat of a form that was sent twice."""
BUSY = (Exhausted, Unavailable)
"""Nothing is wrong with what was asked: ask again later."""
REFUSALS = (Invalid, Conflict, RuleBroken, *BUSY)
"""For which a page draws its form again with what was typed; `answer` keeps it for all others."""
_ADDRESS = re.compile(r"[A-Z]{2}\.[0-9A-Z]+\.[a-z0-9]+")
_PROGRAMS = ("/api/", "/feeds/")
RETRY_SECONDS = "5"
_IDENTIFIER = 36
"""Characters of an identifier."""


class TooLarge(Failure):
    """Ce qui est envoyé dépasse la taille permise."""

    reason = "TOO_LARGE"

    def __init__(self, largest: int = 0) -> None:
        """Say how many bytes this address takes; 0 when nobody knows."""
        self.megabytes = largest // 1_000_000
        super().__init__(metadata={"largest": str(largest)} if largest else {})


def status_of(failure: Failure) -> int:
    """Return the status of a failure."""
    if isinstance(failure, TooLarge):
        return 413
    return next((status for meaning, status in _STATUS.items() if isinstance(failure, meaning)), 500)


def answer(request: Request, failure: Failure) -> Response:
    """Answer a request with the failure it met."""
    status = status_of(failure)
    is_program = request.url.path.startswith(_PROGRAMS)
    response = _problem(request, failure, status) if is_program else _page(request, failure, status)
    _say_when(response, failure)
    if status == 401 and is_program:
        kind = "Basic" if request.url.path.startswith("/feeds/") else "Bearer"
        response.headers["WWW-Authenticate"] = f'{kind} realm="harmonia"'
    return response


async def drawn(visit: Visit, template: str, values: Mapping[str, Any], failure: Failure | None = None) -> Response:
    """Answer with a page, drawn again with what was typed when there is a failure that refused it."""
    if failure is None:
        return await visit.page(template, values)
    if failure.code == ALREADY_APPLIED:
        raise failure  # Nothing to send again: the form would do under a new name what is done.
    sent = await fields_sent(visit.request, visit.desk.place.public_url)
    more: dict[str, Any] = {}
    kept = kept_of(sent, visit.wording)
    if kept and kept.has_own_words and isinstance(failure, BUSY):
        more["still_here"] = visit.wording(KEPT[status_of(failure)])
    if sent.get(REQUEST_ID) and _is_open(failure):
        # Forms of one page end its identifier each in its own way.
        more[REQUEST_ID] = sent[REQUEST_ID][:_IDENTIFIER]
    response = await visit.page(template, {**values, **more}, status_of(failure))
    _say_when(response, failure)
    return response


def _say_when(response: Response, failure: Failure) -> None:
    if response.status_code in {429, 503}:
        response.headers["Retry-After"] = failure.metadata.get("retry_after", RETRY_SECONDS)


def _is_open(failure: Failure) -> bool:
    """Tell whether what was asked may have been done all the same: sent again under its name, it is done once."""
    return isinstance(failure, Unavailable | InternalFailure)


def reference() -> str:
    """Return the trace id to quote, empty outside a trace."""
    context = trace.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else ""


def explained(failure: Failure, wording: Wording) -> str:
    """Return the failure's sentence in the language: by its reason, or as the service said it when that says more."""
    if isinstance(failure, InternalFailure):
        return ""
    if whole := next((one for one in failure.violations if _is_whole(one, failure)), None):
        return _in_language(whole, wording).description
    is_plain = failure.message == next((str(m().args[0]) for m in _STATUS if m.reason == failure.code), failure.message)
    by_reason = wording.reason(failure.code)
    return by_reason if by_reason and (is_plain or wording.language == "en") else failure.message


def told_beside(failure: Failure, wording: Wording) -> list[Violation]:
    """Return the violations but for the one that is the failure itself, which `explained` tells."""
    return [one for one in told(failure, wording) if not _is_whole(one, failure)]


def told(failure: Failure, wording: Wording) -> list[Violation]:
    """Return the violations with their description in the language; a field that is no cell is not named to people."""
    return [
        replace(_in_language(one, wording), field=one.field if _ADDRESS.fullmatch(one.field) else "")
        for one in failure.violations
    ]


def _is_whole(one: Violation, failure: Failure) -> bool:
    return one.reason == failure.code and one.fr is not None


def told_first(failure: Failure, wording: Wording) -> str:
    """Return the sentence to show beside a form of one question: the first violation, else why the whole failed."""
    return next((one.description for one in told(failure, wording)), explained(failure, wording))


def _in_language(one: Violation, wording: Wording) -> Violation:
    """Return it told in the language: by its service, else in our words for its reason, else as it came."""
    parts = one.en if wording.language == "en" else one.fr
    said = str(parts) if parts and parts.what else wording.violation(one.field, one.reason)
    return replace(one, description=said) if said else one


def _problem(request: Request, failure: Failure, status: int) -> Response:
    wording = wording_of(request, desk_of(request))
    problem: dict[str, Any] = {
        "type": f"urn:harmonia:problem:{failure.code.lower().replace('_', '-')}",
        "title": wording(TITLES.get(status, TITLES[500])),
        "status": status,
        "reason": failure.code if status != 500 else "INTERNAL",
        "instance": request.url.path,
        "trace_id": reference(),
    }
    if status != 500:
        problem["detail"] = explained(failure, wording)
        problem["metadata"] = failure.metadata
        problem["violations"] = [_violation(_in_language(one, wording), wording) for one in failure.violations]
    return JSONResponse(problem, status, media_type="application/problem+json")


def _violation(one: Violation, wording: Wording) -> dict[str, str]:
    parts = (one.en if wording.language == "en" else one.fr) or ThreeParts(one.description, one.field)
    said = {"what": parts.what, "where": parts.where, "how": parts.how}
    return {"field": one.field, "description": one.description, "reason": one.reason, **said}


def _page(request: Request, failure: Failure, status: int) -> Response:
    visit = getattr(request.state, "visit", None)
    if not isinstance(visit, Visit):
        desk = desk_of(request)
        visit = Visit(request, desk, wording_of(request, desk), None)
    kept = kept_of(getattr(request.state, "sent", {}), visit.wording)
    is_own = visit.session is None or kept is None or visit.session.shows(kept.csrf)
    if kept and not kept.typed and not (is_own and isinstance(failure, (Unauthenticated, *BUSY))):
        kept = None  # Nothing to copy, and nothing to gain by asking the same again.
    # Somebody else's page: who presses the button answers for it, so nothing goes along that they cannot read.
    is_sent_again = is_own or (kept is not None and kept.shows_all)
    again = {REQUEST_ID: kept.request_id} if kept and kept.request_id and _is_open(failure) else {}
    return visit.bare_page(
        "error.html",
        {
            "status": status,
            "title": visit.wording(TITLES.get(status, TITLES[500])),
            "sentence": explained(failure, visit.wording),
            "advice": _kept_advice(failure, status, visit.wording, is_sent_again=is_sent_again)
            if kept
            else _advice(failure, status, visit.wording),
            "kept": kept,
            "is_sent_again": is_sent_again,
            "is_page_behind": bool(kept) or status in (409, 503) or isinstance(failure, FormStale),
            "violations": told_beside(failure, visit.wording),
            "reference": reference(),
            "here": page_behind(request),
            "signs_again": failure.code == "REAUTHENTICATION_TOO_OLD",
            **again,
        },
        status,
    )


def _advice(failure: Failure, status: int, wording: Wording) -> str:
    if isinstance(failure, TooLarge) and failure.megabytes:
        return wording("{n} Mo au plus sont pris ici. Rien n’a été enregistré.", n=failure.megabytes)
    if isinstance(failure, FormStale):
        return wording(OPENED_AGAIN)
    return wording(ADVICE[status]) if status in ADVICE else ""


def _kept_advice(failure: Failure, status: int, wording: Wording, *, is_sent_again: bool) -> str:
    if not is_sent_again:
        return wording(KEPT_TO_COPY)
    return wording(KEPT_FROM_BEFORE if isinstance(failure, FormStale) else KEPT.get(status, KEPT_AS_REFUSED))


async def _on_failure(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, Failure)
    visit = getattr(request.state, "visit", None)
    if failure.code == ALREADY_APPLIED and isinstance(visit, Visit):
        note = visit.wording("Déjà enregistré : le second envoi de la même demande n’a rien changé.")
        return await visit.go(_done_at(request), note)
    if not request.url.path.startswith(_PROGRAMS):
        request.state.sent = await fields_sent(request, desk_of(request).place.public_url)
    return answer(request, failure)


def _done_at(request: Request) -> str:
    """Return the page that shows what a form of this address did."""
    at, _, act = request.url.path.rpartition("/")
    # A trial thrown away has no page left, and a filing sent to be signed may have nothing to sign.
    return {"discard": "/", "sign": at}.get(act) or page_behind(request)


async def _on_http(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, HTTPException)
    meaning = {404: NotFound, 400: Invalid, 401: Unauthenticated, 403: Forbidden, 413: TooLarge}.get(
        failure.status_code
    )
    if meaning is not None:
        return answer(request, meaning())
    response = answer(request, Invalid("Cette adresse n'accepte pas cette méthode.", reason="METHOD_NOT_ALLOWED"))
    response.status_code = failure.status_code
    return response


async def _on_malformed(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, RequestValidationError)
    violations = malformations(failure.errors())
    return answer(request, Invalid("La demande est mal formée.", violations=violations, reason="REQUEST_MALFORMED"))


def translate_failures(app: FastAPI) -> None:
    """Put the switch in place."""
    app.add_exception_handler(Failure, _on_failure)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_malformed)
