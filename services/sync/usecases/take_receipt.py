"""Keeps a peer's signed receipt for what it applied of our stream."""

from services.sync.domain.errors import ReceiptRejected
from services.sync.domain.receipt import Receipt
from services.sync.domain.signing import Verifier
from services.sync.usecases.ports import OpensWork
from services.sync.usecases.sending import Here


class TakeReceipt:
    """The same receipt again changes nothing."""

    def __init__(self, open_work: OpensWork, here: Here, verifier: Verifier) -> None:
        self._open_work, self._here, self._verifier = open_work, here, verifier

    async def __call__(self, peer: str, receipt: Receipt) -> None:
        """Keep the receipt that ``peer``, proven by mutual TLS, hands over.

        Raises:
            ReceiptRejected: it is not signed by the peer, or not about a state that our stream ever had.
        """
        async with self._open_work() as work:
            epoch = await work.streams.epoch()
            root = await work.streams.root_at(peer, receipt.size)
            if not receipt.is_proof(
                identity=peer, origin=self._here.server, epoch=epoch, root=root, verifier=self._verifier
            ):
                raise ReceiptRejected
            await work.receipts.put(peer, receipt, is_ours=False)
            await work.commit()
