"""TL in, rows out: pure functions, and none of them raises for valid TL.

``classify`` says what an update or answer means for the boxes; ``rows`` makes rows of what was applied; ``message``,
``observation`` and ``peers`` do so for scans. The bytes of each message and their layer travel along, so that whatever
is not understood today can be read tomorrow.
"""

from heliograph.crawler.normalize.classify import channel_difference, container, difference
from heliograph.crawler.normalize.messages import LAYER, is_empty, message, observation
from heliograph.crawler.normalize.peer import PeerMemory, Peers, peer_id, peers
from heliograph.crawler.normalize.rows import Context, Rows
from heliograph.crawler.normalize.text import links

__all__ = [
    "LAYER",
    "Context",
    "PeerMemory",
    "Peers",
    "Rows",
    "channel_difference",
    "container",
    "difference",
    "is_empty",
    "links",
    "message",
    "observation",
    "peer_id",
    "peers",
]
