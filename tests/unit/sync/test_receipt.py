from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.sync.domain.envelope import Epoch
from services.sync.domain.receipt import Receipt
from tests.unit.sync.simulator import Keys

EPOCH = Epoch(1, "ab")
ROOT = bytes(32)
RECEIPT = Receipt("FED-OPH", "MIN", EPOCH, 3, ROOT, datetime(2025, 7, 1, tzinfo=UTC)).signed(Keys("FED-OPH"))


def is_proof(receipt: Receipt, identity: str = "FED-OPH", root: bytes | None = ROOT) -> bool:
    return receipt.is_proof(identity=identity, origin="MIN", epoch=EPOCH, root=root, verifier=Keys("MIN"))


def test_a_receipt_proves_what_its_receiver_signed() -> None:
    assert is_proof(RECEIPT)


@pytest.mark.parametrize(
    "forged",
    [
        replace(RECEIPT, size=4),
        replace(RECEIPT, receiver="FED-ESH"),
        replace(RECEIPT, epoch=Epoch(2, "ab")),
        replace(RECEIPT, origin="FED-ESH"),
        replace(RECEIPT, applied_at=datetime(2024, 7, 1, tzinfo=UTC)),
        RECEIPT.signed(Keys("FED-ESH")),
        replace(RECEIPT, receiver="FED\nOPH"),
    ],
)
def test_an_altered_receipt_proves_nothing(forged: Receipt) -> None:
    assert not is_proof(forged)


def test_a_receipt_for_a_history_that_is_not_ours_proves_nothing() -> None:
    assert not is_proof(RECEIPT, root=None)
    assert not is_proof(RECEIPT, root=b"1" * 32)
    assert not is_proof(RECEIPT, identity="FED-ESH")
