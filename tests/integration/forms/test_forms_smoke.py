"""Placeholder while the house is being set up."""

from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc

import pytest

from chassis.errors import NotFound
from chassis.rpc.identity import carrying
from services.forms.service import make_service
from tests.support.hosting import FakePassports, a_caller, a_stack, hosting


async def test_an_unknown_filing_is_not_found(database):
    stack = a_stack()
    service = make_service(stack, database.fresh("forms"))
    async with hosting(stack, [service], FakePassports({"director": a_caller()})) as (peers, hosted):
        stub = pb_grpc.FormsServiceStub(peers.channel("forms"))
        with carrying("director"), pytest.raises(NotFound) as caught:
            await stub.GetFiling(pb.GetFilingRequest(filing_id="019aa000-0000-7000-8000-000000000000"))
        assert caught.value.code == "FILING_UNKNOWN"
        assert await hosted.health.check()
