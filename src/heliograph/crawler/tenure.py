"""This process's right to work: a lease per account, one epoch for the boxes, and the commands that come meanwhile.

All of it hangs on one connection of its own. A killed process loses the leases with the connection; one that lost it
must fall silent at once, since somebody else may speak for its accounts by now (invariant 14), and begins anew once it
has the leases again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

from heliograph import errors, log
from heliograph.domain import identity
from heliograph.store import accounts, commands, database, leases

PATIENCE_SECONDS = 3.0
"""The server needs a moment to notice that a killed process is gone."""
RETRY_SECONDS = 0.1
AGAIN_SECONDS = 2.0
"""Between losing the leases and taking them again: whoever was waiting for them comes first."""
PULSE_SECONDS = 2.0
"""How often the connection is tried: a dead network tells nobody that it is dead."""
ANSWER_SECONDS = 10.0
BOXES = "boxes"

_log = log.get("tenure")

Handle = Callable[[commands.Command], Awaitable[dict[str, object]]]


class Over(Exception):
    """What this process held, or lacked, has changed: all of it begins anew after ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the tenure is over; again in {seconds:.0f} s")
        self.seconds = seconds


class Tenure:
    """The leases of some accounts. Begin with :meth:`take`, then run :meth:`keep`, end with :meth:`end`."""

    def __init__(self, opened: database.Database, holder: str) -> None:
        self._database = opened
        self._holder = holder
        self._conn: database.Connection | None = None
        self._held: set[identity.AccountId] = set()
        self._is_short = False

    async def take(self, wanted: Sequence[accounts.Account]) -> tuple[list[accounts.Account], int]:
        """Take what nobody holds; return those accounts and the epoch for their boxes. Raises LeaseHeld for none."""
        self._conn = conn = await self._database.listen_connection()
        with database.translating():
            taken = [each for each in wanted if await self._is_taken(conn, each.account_id)]
            if not taken:
                raise errors.LeaseHeld
            epoch = await self._epoch(conn)
        self._held = {each.account_id for each in taken}
        self._is_short = len(taken) < len(wanted)
        _log.info("leases_taken", accounts=len(taken), epoch=epoch)
        return taken, epoch

    async def keep(self, kinds: list[str], handle: Handle, *, lacks: Callable[[], bool] = lambda: False) -> None:
        """Handle commands until the leases are lost, or until there are more to have.

        ``lacks`` says whether boxes were left to another crawler. Raises Over.
        """
        try:
            await self._attend(kinds, handle, lacks)
        except Over:
            raise
        except Exception as error:  # whatever ended this connection, the leases went with it
            _log.warning("leases_lost", reason=type(error).__name__)
        raise Over(AGAIN_SECONDS)

    async def end(self) -> None:
        """Give everything back."""
        conn, self._conn = self._conn, None
        if conn is not None:
            await conn.close()

    async def _attend(self, kinds: list[str], handle: Handle, lacks: Callable[[], bool]) -> None:
        conn = self._conn
        assert conn is not None
        await conn.execute(f"LISTEN {commands.CHANNEL}")
        while True:
            async with asyncio.timeout(ANSWER_SECONDS):
                while command := await commands.take(conn, kinds):
                    await self._obey(conn, command, handle)
                if self._is_short or lacks():
                    await self._look_round(conn)
            async for _ in conn.notifies(timeout=PULSE_SECONDS, stop_after=1):
                pass

    async def _obey(self, conn: database.Connection, command: commands.Command, handle: Handle) -> None:
        try:
            await commands.finish(conn, command.command_id, "done", dict(await handle(command)))
        except errors.HeliographError as error:
            await commands.finish(conn, command.command_id, "failed", {"error": str(error)})

    async def _look_round(self, conn: database.Connection) -> None:
        """Begin anew when another crawler's accounts are free, and when there is no other crawler any more."""
        others = [each for each in await accounts.load_all(conn) if each.state == "active" and each.key_id]
        held_elsewhere = False
        for account_id in {each.account_id for each in others} - self._held:
            try:
                await leases.acquire(conn, _resource(account_id), self._holder)
            except errors.LeaseHeld:
                held_elsewhere = True
                continue
            raise Over(0)
        if not held_elsewhere:
            raise Over(0)

    async def _is_taken(self, conn: database.Connection, account_id: identity.AccountId) -> bool:
        try:
            await self._acquire(conn, _resource(account_id))
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


def _resource(account_id: identity.AccountId) -> str:
    return f"account:{account_id}"
