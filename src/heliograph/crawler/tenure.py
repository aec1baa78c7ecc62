"""This process's right to work: a lease per account, one epoch for the boxes, and the commands that come meanwhile.

All of it hangs on one connection of its own. A killed process loses the leases with the connection; a process that
lost it takes them again, while the epoch on its boxes keeps out whatever it says after somebody else took over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable

from heliograph import errors, log
from heliograph.domain import identity
from heliograph.store import commands, database, leases

PATIENCE_SECONDS = 3.0
"""The server needs a moment to notice that a killed process is gone."""
RETRY_SECONDS = 0.1
AGAIN_SECONDS = 2.0
BOXES = "boxes"

_log = log.get("tenure")

Handle = Callable[[commands.Command], Awaitable[dict[str, object]]]


class Tenure:
    """The leases of some accounts. Begin with :meth:`take`, then run :meth:`keep`, end with :meth:`end`."""

    def __init__(self, opened: database.Database, accounts: Iterable[identity.AccountId], holder: str) -> None:
        self._database = opened
        self._resources = {account_id: f"account:{account_id}" for account_id in accounts}
        self._holder = holder
        self._conn: database.Connection | None = None

    async def take(self) -> tuple[list[identity.AccountId], int]:
        """Take what nobody holds; return those accounts and the epoch for their boxes. Raises LeaseHeld for none."""
        self._conn = conn = await self._database.listen_connection()
        taken = [account_id for account_id in self._resources if await self._is_taken(conn, account_id)]
        if not taken:
            await self.end()
            raise errors.LeaseHeld
        epoch = await self._epoch(conn)
        _log.info("leases_taken", accounts=len(taken), epoch=epoch)
        return taken, epoch

    async def keep(self, kinds: list[str], handle: Handle) -> None:
        """Handle commands for ever, and take the leases again whenever the connection was lost."""
        while True:
            try:
                await self._attend(kinds, handle)
            except Exception as error:  # whatever ended this connection, the next one is made from nothing
                _log.warning("lease_connection_lost", reason=type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)
            with contextlib.suppress(errors.HeliographError):
                await self.take()

    async def end(self) -> None:
        """Give everything back."""
        conn, self._conn = self._conn, None
        if conn is not None:
            await conn.close()

    async def _attend(self, kinds: list[str], handle: Handle) -> None:
        conn = self._conn
        if conn is None:
            return
        await conn.execute(f"LISTEN {commands.CHANNEL}")
        while True:
            while command := await commands.take(conn, kinds):
                try:
                    await commands.finish(conn, command.command_id, "done", dict(await handle(command)))
                except errors.HeliographError as error:
                    await commands.finish(conn, command.command_id, "failed", {"error": str(error)})
            async for _ in conn.notifies(stop_after=1):
                pass

    async def _is_taken(self, conn: database.Connection, account_id: identity.AccountId) -> bool:
        try:
            await self._acquire(conn, self._resources[account_id])
        except errors.LeaseHeld:
            _log.warning("lease_held_elsewhere", account_id=account_id)
            return False
        return True

    async def _epoch(self, conn: database.Connection) -> int:
        """Draw a number above every earlier holder's; the lease on it is held for that moment only."""
        epoch = await self._acquire(conn, BOXES)
        await leases.release(conn, BOXES)
        return epoch

    async def _acquire(self, conn: database.Connection, resource: str) -> int:
        for _ in range(round(PATIENCE_SECONDS / RETRY_SECONDS)):
            with contextlib.suppress(errors.LeaseHeld):
                return await leases.acquire(conn, resource, self._holder)
            await asyncio.sleep(RETRY_SECONDS)
        return await leases.acquire(conn, resource, self._holder)
