"""What a crawler asks the simulated Telegram, seen from there."""

from __future__ import annotations

from collections import Counter

from heliograph.simulator import rpc
from heliograph.simulator.faults.rpc import Asked as Request
from heliograph.simulator.server import Simulator


class Asked:
    """A fault that refuses nothing and counts every request by its method."""

    is_spent = False

    def __init__(self, telegram: Simulator) -> None:
        self.count: Counter[str] = Counter()
        telegram.faults.add(self)

    def refuse(self, asked: Request) -> rpc.RpcError | None:
        self.count[asked.method] += 1
        return None

    @property
    def differences(self) -> int:
        """How many differences were asked for."""
        return self.count["updates.getDifference"] + self.count["updates.getChannelDifference"]
