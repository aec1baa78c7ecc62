"""Faults of downloads: references that expire in the middle of a file, files that live elsewhere.

Slow parts are ``slow("upload.getFile", …)``, throttling is ``flood("upload.getFile", …, name="FLOOD_PREMIUM_WAIT")``.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from heliograph.simulator import rpc
from heliograph.simulator.faults.rpc import Asked, RpcFaults
from heliograph.simulator.faults.stage import Staged

GET_FILE = "upload.getFile"


@dataclasses.dataclass(kw_only=True, slots=True)
class Migration:
    """Files that live in another data centre: only a key that has imported its sign-in there gets them."""

    dc_id: int

    def refuse(self, asked: Asked) -> rpc.RpcError | None:
        """Send the client to the other data centre."""
        is_elsewhere = asked.method == GET_FILE and not asked.is_imported
        return rpc.RpcError(303, f"FILE_MIGRATE_{self.dc_id}") if is_elsewhere else None

    @property
    def is_spent(self) -> bool:
        """It lasts until faults are cleared."""
        return False


@dataclasses.dataclass(kw_only=True, slots=True)
class Expiry:
    """References that expire after ``left`` more parts were asked for, ``times`` times."""

    parts: int
    times: int | None
    file_id: int | None
    left: int

    def takes(self, file_id: int) -> bool:
        """Say whether the file's reference expires before this part."""
        if self.times == 0 or self.file_id not in (None, file_id):
            return False
        if self.left > 0:
            self.left -= 1
            return False
        self.left = self.parts
        if self.times is not None:
            self.times -= 1
        return True


class FileFaults(RpcFaults, Staged):
    """The part of ``Faults`` that downloads ask."""

    def __init__(self) -> None:
        super().__init__()
        self._expiries: list[Expiry] = []

    def migrate_files(self, dc_id: int) -> Migration:
        """Answer FILE_MIGRATE to keys that are not signed in by an exported authorisation."""
        fault = Migration(dc_id=dc_id)
        self._rpc.append(fault)
        return fault

    def expire_references(self, parts: int = 1, times: int | None = 1, *, file_id: int | None = None) -> None:
        """Let a file's reference expire once ``parts`` parts were served; a new one is in its message."""
        self._expiries.append(Expiry(parts=parts, times=times, file_id=file_id, left=parts))

    def before_part(self, world: Any, file_id: int) -> None:
        """Let the file's reference expire if it is time."""
        due = [fault for fault in self._expiries if fault.takes(file_id)]
        if due:
            world.renew_reference(file_id)
        self._expiries = [fault for fault in self._expiries if fault.times != 0]

    def _clear_files(self) -> None:
        self._expiries.clear()
