"""What a proven caller may do, scope by scope; and who is let in by which way."""

import pytest

from chassis.errors import Forbidden, NotFound, Unauthenticated
from chassis.identity import Caller
from chassis.rpc.access import Access
from chassis.rpc.permission import admit

ANNE = Caller(subject="anne", grants={"111111111": frozenset({"filing.read", "filing.edit"})})
NOBODY = Caller(subject="")
SERVICE = Caller(subject="forms", is_service=True)
PEER = Caller(subject="FED-OPH/sync", peer="FED-OPH")
READ = Access(permission="filing.read")
READ_BY_STAFF_TOO = Access(permission="filing.read", other_permissions=("staff.read",))
ALEX = Caller(subject="alex", grants={"*": frozenset({"staff.read"})})
INTERNAL = Access(is_internal=True)
FROM_PEER = Access(is_peer=True)
PUBLIC = Access(is_public=True)


def test_a_right_holds_on_its_scope_only():
    assert ANNE.may("filing.read", "111111111")
    assert not ANNE.may("filing.read", "222222222")


def test_a_right_on_every_scope_holds_everywhere():
    assert Caller(subject="m", grants={"*": frozenset({"staff.read"})}).may("staff.read", "222222222")


def test_what_the_caller_may_not_know_of_is_not_there():
    with pytest.raises(NotFound):
        ANNE.require("filing.read", "222222222")


def test_what_the_caller_knows_and_may_not_do_is_forbidden():
    with pytest.raises(Forbidden, match=r"filing\.sign") as caught:
        ANNE.require("filing.sign", "111111111")

    assert caught.value.metadata == {"permission": "filing.sign"}


def test_the_scopes_of_a_permission_are_told():
    assert ANNE.scopes("filing.edit") == frozenset({"111111111"})
    assert ANNE.scopes("filing.sign") == frozenset()


@pytest.mark.parametrize(
    ("access", "who"),
    [
        (READ, ANNE),
        (READ_BY_STAFF_TOO, ANNE),
        (READ_BY_STAFF_TOO, ALEX),
        (INTERNAL, SERVICE),
        (FROM_PEER, PEER),
        (PUBLIC, NOBODY),
        (PUBLIC, PEER),
    ],
)
def test_the_named_way_is_open(access, who):
    admit(access, who)


@pytest.mark.parametrize(
    ("access", "who", "failure"),
    [
        (READ, NOBODY, Unauthenticated),
        (READ, SERVICE, Unauthenticated),
        (READ, PEER, Forbidden),
        (READ, ALEX, Forbidden),
        (READ_BY_STAFF_TOO, NOBODY, Unauthenticated),
        (READ_BY_STAFF_TOO, Caller(subject="b", grants={"1": frozenset({"x"})}), Forbidden),
        (READ, Caller(subject="b", grants={"1": frozenset({"x"})}), Forbidden),
        (INTERNAL, ANNE, Forbidden),
        (INTERNAL, PEER, Forbidden),
        (FROM_PEER, SERVICE, Forbidden),
        (FROM_PEER, ANNE, Forbidden),
        (None, SERVICE, Forbidden),
    ],
)
def test_every_other_way_is_closed(access, who, failure):
    with pytest.raises(failure):
        admit(access, who)
