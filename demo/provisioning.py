"""Loads a server of the demonstration: bodies, people, partners, campaign, release matrix, membership. Idempotent."""

import json
from pathlib import Path

from harmonia.auth.v1 import auth_pb2, auth_pb2_grpc
from harmonia.forms.v1 import forms_pb2, forms_pb2_grpc
from harmonia.sync.v1 import sync_pb2, sync_pb2_grpc
from harmonia.transmission.v1 import transmission_pb2, transmission_pb2_grpc
from harmonia.types.v1 import types_pb2 as types

from chassis.clock import SystemClock
from chassis.peers import Peers
from chassis.tls import DevelopmentAuthority, load_identity
from demo.accounts import Accounts
from demo.federation import FEDERATION_OF, YEAR, Federation, SampleBody, Server

MATRIX = Path(__file__).with_name("matrix.json")
FORM_SET = "2024.1"
NAMES = ("auth", "forms", "transmission", "sync")


def make_trust(federation: Federation) -> None:
    """Make the development authority of each server, and the folder of authorities that all trust."""
    federation.trust.mkdir(mode=0o700, parents=True, exist_ok=True)
    for server in federation:
        authority = DevelopmentAuthority(server.folder / "tls", server.name, SystemClock())
        (federation.trust / f"{server.name}.pem").write_bytes(authority.certificate_path.read_bytes())


async def provision(federation: Federation, server: Server, bodies: tuple[SampleBody, ...], accounts: Accounts) -> None:
    """Load one running server, as a process of its own stack over mutual TLS.

    Raises:
        Failure: the server refused something or does not answer.
    """
    authority = DevelopmentAuthority(server.folder / "tls", server.name, SystemClock())
    certificate, key = authority.issue("provisioning", server.folder / "tls" / "processes")
    identity = load_identity(certificate, key, federation.trust)
    async with Peers("provisioning", "", dict.fromkeys(NAMES, server.grpc_address), identity) as peers:
        await provision_over(peers, server, bodies, accounts)


async def provision_over(peers: Peers, server: Server, bodies: tuple[SampleBody, ...], accounts: Accounts) -> None:
    """Load one running server through channels that prove a service of its stack."""
    here = [body for body in bodies if server.name in body.servers]
    await _load_people(peers, server, here, accounts)
    await _load_campaign(peers, server)
    await _load_matrix(peers)
    memberships = [sync_pb2.Membership(body=body.siren, federation=FEDERATION_OF[body.family]) for body in here]
    sync = sync_pb2_grpc.SyncServiceStub(peers.channel("sync"))
    await sync.ProvisionMembership(sync_pb2.ProvisionMembershipRequest(memberships=memberships))


async def _load_people(peers: Peers, server: Server, bodies: list[SampleBody], accounts: Accounts) -> None:
    request = auth_pb2.ProvisionRequest(
        bodies=[auth_pb2.Body(siren=b.siren, name=b.name, family=b.family, departement=b.departement) for b in bodies],
        accounts=[
            auth_pb2.ProvisionedAccount(
                member=auth_pb2.Member(
                    username=p.username,
                    name=p.name,
                    email=f"{p.username}@example.org",
                    body=p.body,
                    roles=[p.role],
                    is_active=True,
                ),
                password=p.password,
            )
            for p in accounts.people
            if p.server == server.name
        ],
        clients=[
            auth_pb2.ProvisionedClient(client_id=p.client_id, client_secret=p.secret, partner=p.partner, name=p.partner)
            for p in accounts.partners
            if p.server == server.name
        ],
    )
    await auth_pb2_grpc.AuthServiceStub(peers.channel("auth")).Provision(request)


async def _load_campaign(peers: Peers, server: Server) -> None:
    families = [types.Family.Value(f"FAMILY_{f}") for f, s in FEDERATION_OF.items() if server.name in ("MIN", s)]
    is_ministry = server.name == "MIN"
    campaign = forms_pb2.Campaign(
        document=types.DOCUMENT_ER if is_ministry else types.DOCUMENT_QDIS,
        year=YEAR,
        form_set=FORM_SET,
        opens_on=f"{YEAR + 1}-04-01",
        due_on=f"{YEAR + 1}-07-15" if is_ministry else f"{YEAR + 1}-07-31",
        # A demonstration is looked at long after the real campaign; late filings are flagged, never refused (W-08).
        closes_on=f"{YEAR + 10}-12-31",
        families=families,
    )
    stub = forms_pb2_grpc.FormsServiceStub(peers.channel("forms"))
    await stub.ProvisionCampaign(forms_pb2.ProvisionCampaignRequest(campaign=campaign))


async def _load_matrix(peers: Peers) -> None:
    matrix = json.dumps(json.loads(MATRIX.read_text(encoding="utf-8")), ensure_ascii=False)
    stub = transmission_pb2_grpc.TransmissionServiceStub(peers.channel("transmission"))
    await stub.ProvisionMatrix(transmission_pb2.ProvisionMatrixRequest(matrix=matrix))
