"""The JSON interface of the command line and of bodies' own programs: `Authorization: Bearer` with an OIDC access token.

Errors are RFC 9457 problem details; the fields of answers are those of the contracts in `proto/`.
"""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Header, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from chassis.errors import Forbidden, NotFound
from services.gateway.clients.answers import Document, Explanation, Filing, ReviewState, Step, TransmittedFilter
from services.gateway.clients.ports import Services
from services.gateway.web import adjustment_file
from services.gateway.web.api_models import (
    LARGEST_VERSION,
    AccountsRequest,
    AnswerRequest,
    CommentRequest,
    ConfirmRequest,
    DatesRequest,
    DecideRequest,
    JustifyRequest,
    MoveRequest,
    OpenRequest,
    ReopenRequest,
    Repeatable,
    ReturnRequest,
    ReviewRequest,
    SaveRequest,
    SignRequest,
    TickRequest,
    TrialRequest,
    plain,
)
from services.gateway.web.campaign_pages import WHYS, change_of
from services.gateway.web.consultation_pages import cells_of
from services.gateway.web.desk import desk_of
from services.gateway.web.export_pages import format_of
from services.gateway.web.fields import campaign_in, read_upload
from services.gateway.web.sign_pages import attachment
from services.gateway.web.visit import wording_of
from services.gateway.web.wording import LANGUAGES, Wording

router = APIRouter(prefix="/api/v1")


async def _services(request: Request, authorization: Annotated[str, Header()] = "") -> Services:
    desk = desk_of(request)
    passport = await desk.credentials.of_bearer(authorization)
    return desk.acting_for(passport.token)


Acting = Annotated[Services, Depends(_services)]
"""Parameter of a method: the services, acting for the bearer of the token."""
Version = Annotated[int, Query(ge=0, le=LARGEST_VERSION, description="A signed version; 0 for the present one.")]
Year = Annotated[int, Query(ge=0, le=9999, description="Accounting year; 0 for all.")]


async def _filing(services: Services, filing_id: str) -> Filing:
    return (await services.forms.get(filing_id)).filing


def _id(request: Request, given: str) -> str:
    return given or request.headers.get("idempotency-key", "")[:64] or str(desk_of(request).identifiers.next())


def _json(answer: Any, status: int = 200) -> JSONResponse:
    return JSONResponse(plain(answer), status)


def _items(name: str, answers: Any) -> JSONResponse:
    return JSONResponse({name: [plain(answer) for answer in answers]})


@router.get("/server", summary="Which server this is, and where people sign in")
async def server(request: Request) -> Response:
    """Return the server's name and the issuer of its identity provider; anybody may ask."""
    place = desk_of(request).place
    return JSONResponse({"server": place.server, "issuer": place.issuer, "largest_upload": place.largest_upload})


@router.get("/session", summary="Who the token proves, and what they may")
async def session(request: Request, authorization: Annotated[str, Header()] = "") -> Response:
    """Return the person and their rights, never the passport itself."""
    passport = await desk_of(request).credentials.of_bearer(authorization)
    return JSONResponse({key: value for key, value in plain(passport).items() if key != "token"})


@router.get("/filings", summary="Filings, and what could be opened")
async def list_filings(services: Acting, body: str = "") -> Response:
    """List what the person may read."""
    return _json(await services.forms.list(body))


@router.post("/filings", summary="Open a document")
async def open_filing(services: Acting, asked: OpenRequest) -> Response:
    """Open the filing of a body: 201 when it is new, 200 when it was open."""
    opened = await services.forms.open(asked.body, asked.asked, asked.year)
    return _json(opened, 201 if opened.is_new else 200)


@router.post("/trials", summary="Open a trial of a form set")
async def open_trial(services: Acting, asked: TrialRequest) -> Response:
    """Open a trial with the body's own figures: 201 when it is new, 200 when it was open."""
    opened = await services.forms.open_trial(asked.body, asked.asked, asked.year, asked.form_set)
    return _json(opened, 201 if opened.is_new else 200)


@router.delete("/trials/{filing_id}", summary="Throw a trial away", status_code=204)
async def discard_trial(request: Request, services: Acting, filing_id: str) -> Response:
    """Throw a trial away; a real filing is refused."""
    await services.forms.discard_trial(filing_id, _id(request, ""))
    return Response(status_code=204)


@router.get("/filings/{filing_id}", summary="A filing with its cells")
async def get_filing(services: Acting, filing_id: str) -> Response:
    """Return a filing with its cells, computed ones included."""
    return _json(await services.forms.get(filing_id))


@router.patch("/filings/{filing_id}/cells", summary="Save cells, all or none")
async def save_cells(request: Request, services: Acting, filing_id: str, asked: SaveRequest) -> Response:
    """Save typed cells."""
    edits = [cell.edit() for cell in asked.cells]
    return _json(await services.forms.save(filing_id, edits, _id(request, asked.request_id)))


@router.get("/filings/{filing_id}/cells/{address}/history", summary="Every version of a cell")
async def cell_history(services: Acting, filing_id: str, address: str) -> Response:
    """Return the versions of a cell, newest first."""
    return _items("versions", await services.forms.history(filing_id, address))


@router.post(
    "/filings/{filing_id}/imports",
    summary="Preview an import",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
                "multipart/form-data": {
                    "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
                },
            },
        }
    },
)
async def preview_import(
    request: Request, services: Acting, filing_id: str, file_name: str = "", package: str = ""
) -> Response:
    """Read a file sent as the raw body (`?file_name=`) or as the part `file` of a multipart form.

    A balance or FEC is read with the mapping saved for the accounting package `?package=`.
    """
    name, content = file_name[:120], b""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        upload = await read_upload(request, (), "file")
        name, content = upload.file_name or name, upload.content
    else:
        content = await request.body()
    made = await services.forms.preview(filing_id, name or "import.csv", content, _id(request, ""), package)
    return _json(made, 201)


@router.get("/filings/{filing_id}/imports/{import_id}/errors", summary="The file with what is wrong beside each line")
async def import_errors(request: Request, services: Acting, filing_id: str, import_id: str) -> Response:
    """Return the CSV: the person's lines and columns, with what, where and how in the language of `Accept-Language`."""
    language = wording_of(request, desk_of(request)).language
    file = await services.forms.error_file(filing_id, import_id, language)
    return attachment(file.content, file.file_name, "text/csv; charset=utf-8")


@router.get("/filings/{filing_id}/accounts", summary="How accounts fill cells")
async def accounts(services: Acting, filing_id: str, package: str = "") -> Response:
    """Return the rules in force for the body of the filing: its own, and those of the form set."""
    identity = (await _filing(services, filing_id)).identity
    return _json(await services.forms.accounts(identity.body, identity.form_set, package))


@router.put("/filings/{filing_id}/accounts", summary="Save the body's own rules")
async def save_accounts(
    request: Request, services: Acting, filing_id: str, asked: AccountsRequest, package: str = ""
) -> Response:
    """Replace the body's own rules for one accounting package."""
    identity = (await _filing(services, filing_id)).identity
    rules = [rule.rule() for rule in asked.rules]
    saved = await services.forms.save_accounts(
        identity.body, identity.form_set, package, rules, _id(request, asked.request_id)
    )
    return _json(saved)


@router.get("/filings/{filing_id}/imports/{import_id}", summary="A preview made earlier")
async def get_import(services: Acting, filing_id: str, import_id: str) -> Response:
    """Return a preview."""
    return _json(await services.forms.get_import(filing_id, import_id))


@router.post("/filings/{filing_id}/imports/{import_id}/confirm", summary="Write a previewed import")
async def confirm_import(
    request: Request,
    services: Acting,
    filing_id: str,
    import_id: str,
    asked: Annotated[ConfirmRequest, Body()] = ConfirmRequest(),  # noqa: B008 - frozen
) -> Response:
    """Write an import, or what is chosen of it, once."""
    done = await services.forms.confirm(
        filing_id,
        import_id,
        asked.choice.asked,
        accept_partial=asked.accept_partial,
        overwrite_typed=asked.overwrite_typed,
        request_id=_id(request, asked.request_id),
    )
    return _json(done)


@router.get("/filings/{filing_id}/check", summary="Run every control")
async def check(services: Acting, filing_id: str) -> Response:
    """Return the verdict and every finding."""
    return _json(await services.forms.check(filing_id))


@router.get("/filings/{filing_id}/adjustments", summary="What was adjusted of the controls that judge a filing")
async def adjustments(services: Acting, filing_id: str) -> Response:
    """Return the file for `harmonia check --adjustments`: decisions, and the digest of the rules in force."""
    identity = (await _filing(services, filing_id)).identity
    rules = await services.validations.rules(identity.form_set, identity.document, identity.year)
    return adjustment_file.of_filing(identity, rules)


@router.post("/filings/{filing_id}/justifications", summary="Justify a failed control")
async def justify(request: Request, services: Acting, filing_id: str, asked: JustifyRequest) -> Response:
    """Keep a justification and return the verdict that follows."""
    explanation = Explanation(asked.control, asked.text, asked.cell, asked.reason)
    verdict = await services.forms.justify(filing_id, explanation, _id(request, asked.request_id))
    return JSONResponse({"verdict": verdict.value})


@router.post("/filings/{filing_id}/step", summary="Move to another step")
async def move(request: Request, services: Acting, filing_id: str, asked: MoveRequest) -> Response:
    """Move the filing; going back may name cells to look at again."""
    request_id = _id(request, asked.request_id)
    return _json(await services.forms.move(filing_id, asked.asked, asked.reason, request_id, asked.cells))


@router.get("/filings/{filing_id}/release", summary="Who will receive what, and why")
async def release(services: Acting, filing_id: str, simulate: str = "") -> Response:
    """Return the release table; `simulate` pretends that recipient's box were the other way round."""
    return _json(await services.releases.table((await _filing(services, filing_id)).identity, simulate))


@router.put("/filings/{filing_id}/release/{recipient}", summary="Tick or untick a box")
async def tick(request: Request, services: Acting, filing_id: str, recipient: str, asked: TickRequest) -> Response:
    """Tick or untick the body's box for one recipient."""
    identity = (await _filing(services, filing_id)).identity
    decision = await services.releases.tick(
        identity, recipient, is_ticked=asked.is_ticked, request_id=_id(request, asked.request_id)
    )
    return _json(decision)


@router.post("/filings/{filing_id}/signature", summary="Prepare a signature")
async def prepare(services: Acting, filing_id: str) -> Response:
    """Return the exact content to sign, its digest and the recipients, or the obstacles."""
    return _json(await services.signatures.prepare(filing_id))


@router.post("/filings/{filing_id}/signature/{intent_id}", summary="Sign what was prepared")
async def sign(request: Request, services: Acting, filing_id: str, intent_id: str, asked: SignRequest) -> Response:
    """Sign; the proof of identity behind the token must be less than five minutes old. Repeats give the same receipt."""
    receipt = await services.signatures.sign(
        intent_id,
        asked.digest,
        accepts_recipients=asked.accepts_recipients,
        request_id=_id(request, asked.request_id),
    )
    return _json(receipt)


@router.get("/filings/{filing_id}/receipt", summary="The receipt")
async def receipt(services: Acting, filing_id: str, version: Version = 0) -> Response:
    """Return the receipt of a signed version, the latest by default."""
    return _json(await services.signatures.receipt(filing_id, version))


@router.get("/filings/{filing_id}/container", summary="The signed container")
async def container(services: Acting, filing_id: str, version: Version = 0) -> Response:
    """Return the ASiC-E container of a signed version, the latest by default."""
    found = await services.signatures.container(filing_id, version)
    return attachment(found.container, found.file_name, "application/vnd.etsi.asic-e+zip")


@router.get("/filings/{filing_id}/deliveries", summary="Who received what")
async def deliveries(services: Acting, filing_id: str) -> Response:
    """List deliveries, newest first."""
    filing = await _filing(services, filing_id)
    return _items("deliveries", await services.releases.deliveries(filing.identity))


@router.get("/filings/{filing_id}/activity", summary="What happened")
async def activity(
    services: Acting,
    filing_id: str,
    page_token: Annotated[str, Query(max_length=64, description="What the page before gave.")] = "",
    page_size: Annotated[int, Query(ge=0, le=200, description="Activities of a page; 200 when 0.")] = 0,
) -> Response:
    """List activities, newest first; `next_page_token` asks for those before, and is empty on the last page."""
    return _json(await services.forms.activity(filing_id, page_token, page_size))


@router.get("/filings/{filing_id}/export/{chosen}", summary="The filing as a file")
async def export(services: Acting, filing_id: str, chosen: str, version: Version = 0) -> Response:
    """Return the file: csv, xlsx, json, xbrl-json, xbrl-csv or taxonomy; version 0 is the filing as it is now."""
    file = await services.forms.export(filing_id, format_of(chosen), version)
    return attachment(file.content, file.file_name, file.media_type)


@router.get("/filings/{filing_id}/steps", summary="Changes that can be undone")
async def steps(
    services: Acting,
    filing_id: str,
    page_token: Annotated[str, Query(max_length=64, description="What the page before gave.")] = "",
    page_size: Annotated[int, Query(ge=0, le=200, description="Steps of a page; 200 when 0.")] = 0,
) -> Response:
    """List changes of content, newest first; `next_page_token` asks for those before, and is empty on the last page."""
    return _json(await services.forms.steps(filing_id, page_token, page_size))


@router.post("/filings/{filing_id}/steps/{step_id}/undo", summary="Undo one change")
async def undo(request: Request, services: Acting, filing_id: str, step_id: str) -> Response:
    """Undo a change; `kept` names the cells changed since, left as they are."""
    return _json(await services.forms.undo(filing_id, step_id, _id(request, "")))


@router.post("/filings/{filing_id}/last-year", summary="Carry last year's answers into empty cells")
async def carry(request: Request, services: Acting, filing_id: str) -> Response:
    """Carry answers, as each line is marked; `beside` has values to answer again."""
    return _json(await services.forms.carry(filing_id, _id(request, "")))


@router.post("/filings/{filing_id}/reopen", summary="Reopen a signed filing")
async def reopen(request: Request, services: Acting, filing_id: str, asked: ReopenRequest) -> Response:
    """Reopen for a rectifying version, or return to the body; recipients are told that the signed one is suspended."""
    return _json(await services.forms.reopen(filing_id, asked.reason, asked.cells, _id(request, asked.request_id)))


@router.post("/filings/{filing_id}/review", summary="Take a transmitted filing through its review")
async def review(request: Request, services: Acting, filing_id: str, asked: ReviewRequest) -> Response:
    """Bring the review to another state, for officers."""
    request_id = _id(request, asked.request_id)
    return _json(await services.forms.review(filing_id, asked.asked, asked.text, asked.cells, request_id))


@router.post("/filings/{filing_id}/review/answer", summary="Answer the question of the authority")
async def answer_review(request: Request, services: Acting, filing_id: str, asked: AnswerRequest) -> Response:
    """Answer, for the body."""
    return _json(await services.forms.answer_review(filing_id, asked.text, _id(request, asked.request_id)))


@router.post("/filings/{filing_id}/close", summary="Close a filing found reliable")
async def close(
    request: Request,
    services: Acting,
    filing_id: str,
    asked: Annotated[Repeatable, Body()] = Repeatable(),  # noqa: B008 - frozen
) -> Response:
    """Close a filing (step 5), for officers."""
    return _json(await services.forms.close(filing_id, _id(request, asked.request_id)))


@router.post("/filings/{filing_id}/return-request", summary="Ask for a closed filing back")
async def request_return(request: Request, services: Acting, filing_id: str, asked: ReturnRequest) -> Response:
    """Ask for the filing back at step 4, for the body."""
    return _json(await services.forms.request_return(filing_id, asked.reason, _id(request, asked.request_id)))


@router.post("/filings/{filing_id}/return-request/decision", summary="Accept or refuse such a request")
async def decide_return(request: Request, services: Acting, filing_id: str, asked: DecideRequest) -> Response:
    """Decide, for officers."""
    decided = await services.forms.decide_return(
        filing_id, asked.reason, is_accepted=asked.is_accepted, request_id=_id(request, asked.request_id)
    )
    return _json(decided)


@router.post("/filings/{filing_id}/archive", summary="Archive a closed filing")
async def archive(
    request: Request,
    services: Acting,
    filing_id: str,
    asked: Annotated[Repeatable, Body()] = Repeatable(),  # noqa: B008 - frozen
) -> Response:
    """Archive a filing (step 6), for officers."""
    return _json(await services.forms.archive(filing_id, _id(request, asked.request_id)))


@router.get("/filings/{filing_id}/attachments", summary="The PDFs attached")
async def attachments(services: Acting, filing_id: str) -> Response:
    """List them by kind, with when a virus scanner found nothing in each (`scanned_at`, null: not scanned); to an officer those signed."""
    return _items("attachments", await services.forms.attachments(filing_id))


@router.get("/filings/{filing_id}/comments", summary="Comments on cells")
async def comments(services: Acting, filing_id: str, cell: str = "") -> Response:
    """List comments, newest first; officers read their own and those shared with them."""
    return _items("comments", await services.forms.comments(filing_id, cell))


@router.post("/filings/{filing_id}/comments", summary="Comment a cell")
async def comment(request: Request, services: Acting, filing_id: str, asked: CommentRequest) -> Response:
    """Comment a cell, or raise or lower its flag; officers comment transmitted filings."""
    kept = await services.forms.comment(
        filing_id,
        asked.address,
        asked.text.strip(),
        is_flagged=asked.is_flagged,
        is_shared=asked.is_shared,
        request_id=_id(request, asked.request_id),
    )
    return _json(kept, 201)


@router.get("/filings/{filing_id}/signed/{version}", summary="A version as it was signed")
async def signed_version(
    services: Acting, filing_id: str, version: Annotated[int, Path(ge=0, le=LARGEST_VERSION)]
) -> Response:
    """Return a signed version with its cells; version 0 is the latest."""
    return _json(await services.forms.signed_version(filing_id, version))


@router.get("/filings/{filing_id}/series", summary="Cells over the years")
async def series(
    services: Acting, filing_id: str, cells: str, years: Annotated[int, Query(ge=0, le=5)] = 0
) -> Response:
    """Return cells, parted by spaces or commas, over the years the body of the filing has filed; officers the signed ones."""
    try:
        identity = (await _filing(services, filing_id)).identity
    except Forbidden:
        identity = (await services.forms.get_transmitted(filing_id)).filing.identity
    return _items("points", await services.forms.series(identity.body, identity.document, cells_of(cells), years))


@router.get("/filings/{filing_id}/compare", summary="What differs between two years or versions")
async def compare(
    services: Acting, filing_id: str, version: Version = 0, other: str = "", other_version: Version = 0
) -> Response:
    """Return the cells that differ; version 0 is now, which officers never read, no `other` is the same filing."""
    return _items("differences", await services.forms.compare(filing_id, version, other, other_version))


@router.get("/campaigns", summary="Campaigns and their dates")
async def campaigns(services: Acting) -> Response:
    """List the campaigns of this server, for officers."""
    return _json(await services.forms.campaigns())


@router.patch("/campaigns/{document}/{year}", summary="Change the dates of a campaign")
async def plan(services: Acting, document: str, year: int, asked: DatesRequest) -> Response:
    """Change the dates that are given, for officers; the rest of the campaign stays."""
    known = (await services.forms.campaigns()).campaigns
    campaign = next((one for one in known if (one.document.code, one.year) == (document, year)), None)
    if campaign is None:
        raise NotFound
    return _json(await services.forms.plan(replace(campaign, **asked.model_dump(exclude_none=True, mode="json"))))


@router.get("/campaigns/{document}/{year}/form-sets/{form_set}/change", summary="What publishing a form set would do")
async def form_set_change(
    services: Acting,
    document: str,
    year: int,
    form_set: str,
    page_token: Annotated[str, Query(max_length=9, description="What the page before gave.")] = "",
    page_size: Annotated[int, Query(ge=0, le=100, description="Filings of a page; 25 when 0.")] = 0,
) -> Response:
    """Return the sums and a page of the filings that would change, with the reason of each cell in both languages.

    Officers only; no value, no verdict of a filing. The first page judges some filings; the others count.
    """
    place = campaign_in({"document": document, "year": str(year)})
    found = await change_of(services, *place, form_set, page_token, page_size)
    answer = plain(found.change) | plain(found.affected)
    for cell in (*answer["to_choose"], *(cell for one in answer["filings"] for cell in one["to_choose"])):
        cell["reason"] = {language: Wording(language)(WHYS.get(cell["why"], cell["why"])) for language in LANGUAGES}
    return JSONResponse(answer)


@router.get("/transmitted", summary="Filings transmitted to this authority")
async def transmitted(
    services: Acting,
    year: Year = 0,
    body: Annotated[str, Query(max_length=100, description="Some of its name, or how its SIREN begins.")] = "",
    document: Annotated[Literal["", "ER", "QDIS"], Query(description="Document; both when empty.")] = "",
    step: Annotated[Step, Query(description="Step it is at now.")] = Step.UNSPECIFIED,
    review: Annotated[ReviewState, Query(description="State of a review under way.")] = ReviewState.UNSPECIFIED,
    page_token: Annotated[str, Query(max_length=64, description="What the page before gave.")] = "",
    page_size: Annotated[int, Query(ge=0, le=200, description="Filings of a page; 50 when 0.")] = 0,
) -> Response:
    """List transmitted filings, newest year first, for officers; `next_page_token` is empty on the last page."""
    wanted = TransmittedFilter(body, Document(document.lower() or "unspecified"), year, step, review)
    return _json(await services.forms.transmitted(wanted, page_token, page_size))


@router.get("/transmitted/{filing_id}", summary="A transmitted filing as signed")
async def get_transmitted(services: Acting, filing_id: str) -> Response:
    """Return a transmitted filing, for officers."""
    return _json(await services.forms.get_transmitted(filing_id))
