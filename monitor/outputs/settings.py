"""Where events go besides the screen: what is kept, and who is told."""

from __future__ import annotations

from monitor.config import Settings
from monitor.store.settings import StoreSettings


class DeliverySettings(Settings):
    """Outputs that keep or announce; each is off unless its table is there.

    Parameters
    ----------
    store : StoreSettings, optional
        The event store. All else comes after it: stored before announced.
    """

    store: StoreSettings | None = None
