"""Controls that are asked of the act of signing: W-05, W-06 and W-09. The signature service decides with these very functions.

This module imports nothing, so that whoever audits the signature reads it as a part of what they read there
(`tests/unit/signature/test_signature_audit.py`); the package linter runs the examples of the three controls through it.
"""

from collections.abc import Collection, Mapping

RIGHT = "filing.sign"
"""The right to sign for a body, as the roles matrix names it (services/auth/domain/permissions.py)."""
ADMINISTRATION = "member.manage"
"""What the technical administrator holds and nobody else: giving rights to others."""


def may_sign(held: Collection[str]) -> bool:
    """W-05: the person holds the right to sign for the body, and does not administer accounts there.

    Args:
        held: what the person may do on this body of this server, what they may on every body included.
    """
    return RIGHT in held and ADMINISTRATION not in held


def is_as_shown(shown: str, present: str) -> bool:
    """W-06: what is about to be signed is what the person was shown.

    Args:
        shown: the digest that the person saw; empty when they saw none.
        present: the digest of the bytes to sign.
    """
    return bool(shown) and shown == present


def recipients_confirmed(accepted: bool, shown: Mapping[str, object], decided: Mapping[str, object]) -> bool:
    """W-09: the person accepted the recipients, and these are the ones that they were shown.

    Args:
        accepted: whether the box under the list is ticked.
        shown: recipient → what the list said of it.
        decided: recipient → what is decided now; `shown` itself as long as nobody has asked again.
    """
    return accepted and shown == decided
