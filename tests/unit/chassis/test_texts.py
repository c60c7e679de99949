"""U+0000 is found wherever a request holds it."""

import pytest
from harmonia.forms.v1 import forms_pb2 as pb

from chassis.rpc.texts import field_with_nul


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.ListFilingsRequest(body="0000\x00"), "body"),
        (pb.SaveCellsRequest(edits=[pb.CellEdit(text="1"), pb.CellEdit(text="\x00")]), "edits[1].text"),
        (pb.SaveCellsRequest(edits=[pb.CellEdit(address="BA.010.brut", text="\x00")]), "BA.010.brut"),
        (pb.SaveCellsRequest(edits=[pb.CellEdit(address="BA\x00", text="1")]), "edits[0].address"),
        (pb.ReopenFilingRequest(cells=["BA.010.brut", "\x00"]), "cells"),
        (pb.PlanCampaignRequest(campaign=pb.Campaign(form_set="\x00")), "campaign.form_set"),
        (pb.ImportProblem(extra={"note": "\x00"}), "extra"),
        (pb.ImportProblem(extra={"\x00": "x"}), "extra"),
        (pb.PreviewImportRequest(file_name="a.xlsx", content=b"PK\x00\x00"), ""),
        (pb.CellEdit(address="BA.010.brut", base_version=0), ""),
    ],
)
def test_the_field_is_named_and_bytes_may_hold_anything(request_, field):
    assert field_with_nul(request_) == field
