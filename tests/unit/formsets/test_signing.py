import pytest

from formsets.signing import ADMINISTRATION, RIGHT, is_as_shown, may_sign, recipients_confirmed
from services.auth.domain.matrix import TICKS
from services.auth.domain.permissions import Permission
from services.auth.domain.role import Role


def test_the_rights_are_those_of_the_roles_matrix() -> None:
    assert RIGHT == Permission.FILING_SIGN
    assert ADMINISTRATION == Permission.MEMBER_MANAGE
    assert [role for role, held in TICKS.items() if ADMINISTRATION in held] == [Role.TECHNICAL_ADMINISTRATOR]


def test_w_05_of_the_roles_of_a_body_only_the_direction_signs() -> None:
    assert [role for role, held in TICKS.items() if may_sign(held)] == [Role.DIRECTOR]
    assert not may_sign(TICKS[Role.DIRECTOR] | TICKS[Role.TECHNICAL_ADMINISTRATOR])
    assert not may_sign(())


def test_w_06_only_the_digest_that_was_shown_is_signed() -> None:
    assert is_as_shown("ab" * 32, "ab" * 32)
    assert not is_as_shown("ab" * 32, "cd" * 32)
    assert not is_as_shown("", "")


@pytest.mark.parametrize(
    ("accepted", "decided", "expected"),
    [
        (True, {"CDC": "sent"}, True),
        (False, {"CDC": "sent"}, False),
        (True, {"CDC": "not sent"}, False),
        (True, {}, False),
        (True, {"CDC": "sent", "CGLLS": "sent"}, False),
    ],
)
def test_w_09_recipients_are_confirmed_as_they_were_shown(
    accepted: bool, decided: dict[str, str], expected: bool
) -> None:
    assert recipients_confirmed(accepted, {"CDC": "sent"}, decided) is expected
