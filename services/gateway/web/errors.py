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
    Unauthenticated,
    Unavailable,
    Violation,
)
from chassis.rpc.failures import InternalFailure
from services.gateway.web.desk import desk_of
from services.gateway.web.visit import Visit, page_behind, wording_of
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
    413: "Un fichier déposé compte 20 Mo au plus. Rien n’a été enregistré.",
    422: "Rien n’a été enregistré.",
    429: "Attendez une minute, puis recommencez.",
    500: "Recommencez. Si l’erreur persiste, communiquez la référence ci-dessous à l’assistance.",
    503: "Recommencez dans quelques instants. Rien n’a été perdu.",
}
_ADDRESS = re.compile(r"[A-Z]{2}\.[0-9A-Z]+\.[a-z0-9]+")
_PROGRAMS = ("/api/", "/feeds/")
RETRY_SECONDS = "5"


class TooLarge(Failure):
    """Le fichier dépasse la taille permise."""

    reason = "TOO_LARGE"


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
    if status in {429, 503}:
        response.headers["Retry-After"] = failure.metadata.get("retry_after", RETRY_SECONDS)
    if status == 401 and is_program:
        kind = "Basic" if request.url.path.startswith("/feeds/") else "Bearer"
        response.headers["WWW-Authenticate"] = f'{kind} realm="harmonia"'
    return response


def reference() -> str:
    """Return the trace id to quote, empty outside a trace."""
    context = trace.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else ""


def explained(failure: Failure, wording: Wording) -> str:
    """Return the failure's sentence in the language: by its reason, or as the service said it when that says more."""
    if isinstance(failure, InternalFailure):
        return ""
    if wording.language == "en" and "en" in failure.metadata:
        return failure.metadata["en"]
    is_plain = failure.message == next((str(m().args[0]) for m in _STATUS if m.reason == failure.code), failure.message)
    by_reason = wording.reason(failure.code)
    return by_reason if by_reason and (is_plain or wording.language == "en") else failure.message


def violations_in(failure: Failure, wording: Wording) -> tuple[Violation, ...]:
    """Return what is wrong, field by field, in the language; a field that is no cell is not named to people."""
    return tuple(
        replace(v, description=_said(v, wording), field=v.field if _ADDRESS.fullmatch(v.field) else "")
        for v in failure.violations
    )


def what_is_wrong(failure: Failure, wording: Wording) -> str:
    """Return the first thing that is wrong, else the failure's own sentence: for a form of one or two fields."""
    return _said(failure.violations[0], wording) if failure.violations else explained(failure, wording)


def _said(violation: Violation, wording: Wording) -> str:
    return wording.violation(violation.field, violation.reason) or violation.description


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
        problem["violations"] = [
            {"field": v.field, "description": _said(v, wording), "reason": v.reason} for v in failure.violations
        ]
    return JSONResponse(problem, status, media_type="application/problem+json")


def _page(request: Request, failure: Failure, status: int) -> Response:
    visit = getattr(request.state, "visit", None)
    if not isinstance(visit, Visit):
        desk = desk_of(request)
        visit = Visit(request, desk, wording_of(request, desk), None)
    return visit.bare_page(
        "error.html",
        {
            "status": status,
            "title": visit.wording(TITLES.get(status, TITLES[500])),
            "sentence": explained(failure, visit.wording),
            "advice": visit.wording(ADVICE[status]) if status in ADVICE else "",
            "violations": violations_in(failure, visit.wording),
            "reference": reference(),
            "here": page_behind(request),
            "signs_again": failure.code == "REAUTHENTICATION_TOO_OLD",
        },
        status,
    )


async def _on_failure(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, Failure)
    return answer(request, failure)


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
    violations = [
        Violation(".".join(str(part) for part in error["loc"][1:]), str(error["msg"]), str(error["type"]).upper())
        for error in failure.errors()
    ]
    return answer(request, Invalid("La demande est mal formée.", violations=violations, reason="REQUEST_MALFORMED"))


def translate_failures(app: FastAPI) -> None:
    """Put the switch in place."""
    app.add_exception_handler(Failure, _on_failure)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_malformed)
