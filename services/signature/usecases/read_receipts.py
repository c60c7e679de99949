"""Give back receipts and containers, to those who may read them."""

from chassis.errors import NotFound
from chassis.identity import Caller
from services.signature.domain.errors import ReceiptUnknown
from services.signature.domain.manifest import FilingManifest
from services.signature.usecases.complete_signature import Signed
from services.signature.usecases.ports import UnitsOfWork

PERMISSION = "receipt.read"


class GetReceipt:
    """Returns the receipt of a version of a filing."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units

    async def __call__(self, caller: Caller, filing_id: str, version: int) -> Signed:
        """Return the receipt of a version, of the latest one for version 0.

        Raises:
            ReceiptUnknown: the version is not signed, or the caller may not know of it: one answer for both.
            Forbidden: the caller may read the body's filings and not its receipts.
        """
        signed = await _read(self._units, filing_id, version)
        try:
            caller.require(PERMISSION, signed.receipt.body)
        except NotFound:
            raise ReceiptUnknown from None
        return signed


class GetContainer:
    """Returns the signed container to those who may read the receipt."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units, self._get_receipt = units, GetReceipt(units)

    async def __call__(self, caller: Caller, filing_id: str, version: int) -> tuple[Signed, bytes]:
        """Return the receipt and the container; raises what `GetReceipt` raises."""
        signed = await self._get_receipt(caller, filing_id, version)
        return signed, await _container(self._units, signed)


class FetchContainer:
    """Returns the signed container to another service of the stack, which asks for itself."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units

    async def __call__(self, filing_id: str, version: int) -> tuple[Signed, bytes]:
        """Return the receipt and the container.

        Raises:
            ReceiptUnknown: the version is not signed.
        """
        signed = await _read(self._units, filing_id, version)
        return signed, await _container(self._units, signed)


async def _read(units: UnitsOfWork, filing_id: str, version: int) -> Signed:
    async with units() as unit:
        receipt = await unit.receipts.of_filing(filing_id, version)
        if receipt is None:
            raise ReceiptUnknown
        return Signed(receipt, FilingManifest.from_bytes(await unit.intents.content(receipt.intent_id)))


async def _container(units: UnitsOfWork, signed: Signed) -> bytes:
    async with units() as unit:
        return await unit.receipts.container(signed.receipt.intent_id)
