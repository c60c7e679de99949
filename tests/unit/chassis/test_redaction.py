"""Logs show what was asked, never a secret: the contracts say which fields are."""

from harmonia.auth.v1 import auth_pb2 as auth
from harmonia.forms.v1 import forms_pb2 as forms

from chassis.rpc.access import REDACTED, portrait


def test_a_sensitive_field_is_redacted():
    assert portrait(auth.OpenSessionRequest(access_token="eyJhbGciOi")) == {"access_token": REDACTED}


def test_a_sensitive_field_inside_a_message_is_redacted():
    request = auth.RegisterMemberRequest(request_id="r1")
    member = request.member
    member.email = "anne@example.org"

    seen = portrait(request)

    assert seen["request_id"] == "r1"
    assert "anne@example.org" not in str(seen)


def test_lists_and_bytes_are_counted_not_shown():
    request = forms.PreviewImportRequest(content=b"BA.010;brut;1\n" * 10)
    edits = forms.SaveCellsRequest(edits=[forms.CellEdit(address="BA.010.brut", text="1234")])

    assert portrait(request)["content"] == "<140 bytes>"
    assert portrait(edits) == {"edits": "[1]"}


def test_long_text_is_cut():
    assert portrait(forms.GetFilingRequest(filing_id="x" * 500)) == {"filing_id": "x" * 100}
