"""What may be asked of the authorization endpoint, and how it is refused (RFC 6749, RFC 7636, OpenID Connect Core)."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl

SCOPES = ("openid", "profile", "email")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_LONGEST_VALUE = 2048
_MOST_FIELDS = 40


class OAuthRefusal(Exception):
    """A refusal in the words of RFC 6749: what the application, never the person, is told."""

    def __init__(self, error: str, description: str = "", status: int = 400) -> None:
        super().__init__(error, description)
        self.error = error
        self.description = description
        self.status = status


def parse_form(text: str) -> dict[str, str]:
    """Read ``application/x-www-form-urlencoded`` text.

    Raises:
        OAuthRefusal: malformed, too long, or a parameter given twice (RFC 6749 §3.1 forbids it).
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=_MOST_FIELDS)
    except ValueError as wrong:
        raise OAuthRefusal("invalid_request", "malformed parameters") from wrong
    fields = dict(pairs)
    if len(fields) != len(pairs) or any(len(value) > _LONGEST_VALUE for value in fields.values()):
        raise OAuthRefusal("invalid_request", "a parameter is repeated or too long")
    return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request for a code, already known to come from a registered client with a registered address."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str
    nonce: str
    code_challenge: str
    prompts: tuple[str, ...]
    max_age: int | None
    """Greatest age in seconds of the proof of identity; None when the application does not mind."""
    login_hint: str

    @classmethod
    def parse(cls, fields: Mapping[str, str]) -> "AuthorizationRequest":
        """Read the parameters; the client and the address were checked before.

        Raises:
            OAuthRefusal: not the code flow, no PKCE with S256, no nonce, or something that we do not do.
        """
        _refuse_other_flows(fields)
        if fields.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(fields.get("code_challenge", "")):
            raise OAuthRefusal("invalid_request", "PKCE with S256 is required")
        if "nonce" not in fields:
            raise OAuthRefusal("invalid_request", "a nonce is required")
        asked = fields.get("scope", "").split()
        if "openid" not in asked:
            raise OAuthRefusal("invalid_scope", "the scope openid is required")
        return cls(
            client_id=fields["client_id"],
            redirect_uri=fields["redirect_uri"],
            scope=" ".join(scope for scope in SCOPES if scope in asked),
            state=fields.get("state", ""),
            nonce=fields["nonce"],
            code_challenge=fields["code_challenge"],
            prompts=_prompts(fields.get("prompt", "")),
            max_age=_age(fields.get("max_age")),
            login_hint=fields.get("login_hint", "")[:64],
        )

    def claims(self) -> dict[str, Any]:
        """Return the request as JSON values, to be carried signed through the login page."""
        return asdict(self) | {"prompts": list(self.prompts)}

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> "AuthorizationRequest":
        """Read back what ``claims`` wrote."""
        return cls(**{**claims, "prompts": tuple(claims["prompts"])})


def _refuse_other_flows(fields: Mapping[str, str]) -> None:
    if "request" in fields:
        raise OAuthRefusal("request_not_supported")
    if "request_uri" in fields:
        raise OAuthRefusal("request_uri_not_supported")
    if fields.get("response_type") != "code":
        raise OAuthRefusal("unsupported_response_type", "only code is supported")
    if fields.get("response_mode", "query") != "query":
        raise OAuthRefusal("invalid_request", "only the response mode query is supported")


def _prompts(text: str) -> tuple[str, ...]:
    prompts = tuple(text.split())
    if not set(prompts) <= {"none", "login", "consent", "select_account"} or ("none" in prompts and len(prompts) > 1):
        raise OAuthRefusal("invalid_request", "unknown prompt")
    return prompts


def _age(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise OAuthRefusal("invalid_request", "max_age is a number of seconds")
    return int(text)
