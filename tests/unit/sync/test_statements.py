"""The written forms of what is signed come back, and only those are read."""

from datetime import UTC, datetime

import pytest

from services.sync.domain.batch import Checkpoint, Withheld, item_from_bytes
from services.sync.domain.envelope import Epoch
from services.sync.domain.errors import EnvelopeMalformed
from services.sync.domain.merkle import Frontier
from services.sync.domain.receipt import Receipt
from services.sync.domain.signing import signed_text
from services.sync.domain.stream import EpochNotice

EPOCH = Epoch(2, "ab")
AT = datetime(2025, 6, 2, 9, 0, 0, 123_000, tzinfo=UTC)
CHECKPOINT = Checkpoint("MIN", EPOCH, "FED-OPH", 3, bytes(32), AT, bytes(32))
RECEIPT = Receipt("FED-OPH", "MIN", EPOCH, 3, bytes(32), AT, b"s")
NOTICE = EpochNotice("MIN", EPOCH, Epoch(1, "aa"), b"s")


def test_statements_come_back() -> None:
    assert Checkpoint.from_bytes(CHECKPOINT.signed_bytes()) == CHECKPOINT
    assert Receipt.from_bytes(RECEIPT.signed_bytes(), b"s") == RECEIPT
    assert EpochNotice.from_bytes(NOTICE.signed_bytes(), b"s") == NOTICE
    assert item_from_bytes(Withheld(3, bytes(32)).to_bytes()) == Withheld(3, bytes(32))


def test_two_kinds_of_statement_never_share_their_bytes() -> None:
    with pytest.raises(EnvelopeMalformed):
        Receipt.from_bytes(CHECKPOINT.signed_bytes(), b"")
    with pytest.raises(EnvelopeMalformed):
        Checkpoint.from_bytes(RECEIPT.signed_bytes())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        CHECKPOINT.signed_bytes()[:-1],
        CHECKPOINT.signed_bytes() + b"\n",
        CHECKPOINT.signed_bytes().replace(b"\n3\n", b"\n03\n"),
        CHECKPOINT.signed_bytes().replace(b"\n3\n", b"\n-3\n"),
        CHECKPOINT.signed_bytes().replace(b"+00:00", b""),
        CHECKPOINT.signed_bytes().replace(b"2.ab", b"0.ab"),
    ],
)
def test_only_the_one_written_form_is_read(content: bytes) -> None:
    with pytest.raises(EnvelopeMalformed):
        Checkpoint.from_bytes(content)


def test_a_field_cannot_smuggle_in_a_line() -> None:
    with pytest.raises(ValueError, match="line break"):
        signed_text("receipt", ["MIN\nFED-OPH"])


def test_a_frontier_comes_back_from_its_peaks_only() -> None:
    frontier = Frontier().appended(bytes(32)).appended(bytes(32)).appended(bytes(32))

    assert Frontier.from_bytes(3, frontier.to_bytes()) == frontier
    with pytest.raises(ValueError, match="not the peaks"):
        Frontier.from_bytes(4, frontier.to_bytes())
