"""What can be done: one file a verb, one transaction each. No technology and no generated code is put here."""

from dataclasses import dataclass

from services.transmission.usecases.acknowledge_delivery import AcknowledgeDelivery
from services.transmission.usecases.dispatch_filing import DispatchFiling
from services.transmission.usecases.fetch_delivery import FetchDelivery
from services.transmission.usecases.get_release_table import GetReleaseTable
from services.transmission.usecases.list_deliveries import ListDeliveries
from services.transmission.usecases.provision_matrix import ProvisionMatrix
from services.transmission.usecases.read_feed import ReadFeed
from services.transmission.usecases.suspend_filing import SuspendFiling
from services.transmission.usecases.tick_box import TickBox


@dataclass(frozen=True, slots=True)
class UseCases:
    """Every verb of this service, wired; what the servicer calls."""

    get_release_table: GetReleaseTable
    tick_box: TickBox
    dispatch_filing: DispatchFiling
    suspend_filing: SuspendFiling
    read_feed: ReadFeed
    fetch_delivery: FetchDelivery
    acknowledge_delivery: AcknowledgeDelivery
    list_deliveries: ListDeliveries
    provision_matrix: ProvisionMatrix
