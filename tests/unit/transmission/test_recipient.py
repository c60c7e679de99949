"""A code says what sort of recipient it names."""

import pytest

from services.transmission.domain.recipient import Recipient, RecipientKind, controller_of


@pytest.mark.parametrize(
    ("code", "kind", "departement"),
    [
        ("MIN", RecipientKind.MINISTRY, None),
        ("FED-OPH", RecipientKind.FEDERATION, None),
        ("CDC", RecipientKind.PARTNER, None),
        ("PREFET-21", RecipientKind.PREFET, "21"),
        ("PREFET-2A", RecipientKind.PREFET, "2A"),
        ("PREFET-971", RecipientKind.PREFET, "971"),
        ("PREFET-", RecipientKind.PARTNER, None),
        ("PREFET-21 ", RecipientKind.PARTNER, None),
    ],
)
def test_a_code_names_a_kind(code: str, kind: RecipientKind, departement: str | None) -> None:
    assert (Recipient(code).kind, Recipient(code).departement) == (kind, departement)


@pytest.mark.parametrize(
    ("controller", "family", "server"),
    [("MIN", "OPH", "MIN"), ("FED", "SEM", "FED-EPL"), ("FED", "???", ""), (None, "OPH", "")],
)
def test_a_controller_is_the_ministry_or_the_own_federation(controller: str | None, family: str, server: str) -> None:
    assert controller_of(controller, family) == server
