"""Give back receipts and containers, to those who may read them."""

from chassis.errors import NotFound
from chassis.identity import Caller
from services.signature.domain.errors import ReceiptUnknown
from services.signature.domain.manifest import FilingManifest
from services.signature.usecases.complete_signature import Signed
from services.signature.usecases.ports import UnitsOfWork

PERMISSION = "receipt.read"


class ReadReceipt:
    """What is not there and what the caller may not know of get the same answer."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units

    async def run(self, caller: Caller, filing_id: str, version: int) -> Signed:
        """Return the receipt of a version, of the latest one for version 0.

        Raises:
            ReceiptUnknown: the version is not signed, or the caller may not know of it.
            Forbidden: the caller may read the body's filings and not its receipts.
        """
        signed, _ = await self._read(filing_id, version)
        _require(caller, signed)
        return signed

    async def container(self, caller: Caller, filing_id: str, version: int) -> tuple[Signed, bytes]:
        """Return the receipt and the container; same answers as :meth:`run`."""
        signed, container = await self._read(filing_id, version)
        _require(caller, signed)
        return signed, container

    async def for_service(self, filing_id: str, version: int) -> tuple[Signed, bytes]:
        """Return the receipt and the container to another service of the stack, which asks for itself.

        Raises:
            ReceiptUnknown: the version is not signed.
        """
        return await self._read(filing_id, version)

    async def _read(self, filing_id: str, version: int) -> tuple[Signed, bytes]:
        async with self._units() as unit:
            receipt = await unit.receipts.of_filing(filing_id, version)
            if receipt is None:
                raise ReceiptUnknown
            manifest = FilingManifest.from_bytes(await unit.intents.content(receipt.intent_id))
            return Signed(receipt, manifest), await unit.receipts.container(receipt.intent_id)


def _require(caller: Caller, signed: Signed) -> None:
    try:
        caller.require(PERMISSION, signed.receipt.body)
    except NotFound:
        raise ReceiptUnknown from None
