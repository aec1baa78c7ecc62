"""This process's right to work: a lease per account, one epoch for the boxes, and the commands that come meanwhile.

All of it hangs on one connection of its own. A killed process loses the leases with the connection. One that lost only
its database takes the same leases again when it is back, with the same epoch, and nothing else begins anew; how long
it may speak to Telegram meanwhile is decided in crawler/absence.py. Once somebody else has had a lease, or may have,
it falls silent first, and begins anew once it has the leases again (invariant 14).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from heliograph import clock, errors, log
from heliograph.crawler import absence
from heliograph.domain import identity
from heliograph.store import accounts, commands, database, leases, processes

PATIENCE_SECONDS = 3.0
"""The server needs a moment to notice that a killed process is gone."""
RETRY_SECONDS = (0.1, 0.1, 0.2, 0.5, 1.0)
"""Between attempts to have a lease or to reach the database again; a refused connection costs next to nothing."""
AGAIN_SECONDS = 2.0
"""Between losing the leases and taking them again: whoever was waiting for them comes first."""
PULSE_SECONDS = 2.0
"""How often the connection is tried: a dead network tells nobody that it is dead."""
ANSWER_SECONDS = 5.0
END_SECONDS = 2.0
BOXES = "boxes"

_log = log.get("tenure")

Place = Literal["here", "elsewhere", "forwarded"]
"""Where the server is: on this machine, on another one, or behind a loopback port that leads nobody can see where."""

Handle = Callable[[commands.Command], Awaitable[dict[str, object]]]


class Over(Exception):
    """What this process held, or lacked, has changed: all of it begins anew after ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the tenure is over; again in {seconds:.0f} s")
        self.seconds = seconds


class Tenure:
    """The leases of some accounts. Begin with :meth:`take`, then run :meth:`keep`, end with :meth:`end`.

    ``place`` says where the server is that a connection leads to.
    """

    def __init__(
        self,
        opened: database.Database,
        holder: str,
        *,
        time: clock.Clock | None = None,
        place: Callable[[database.Connection], Place] | None = None,
    ) -> None:
        self._database = opened
        self._holder = holder
        self._time = time or clock.SystemClock()
        self._place_of = place or place_of
        self._conn: database.Connection | None = None
        self._backend: leases.Backend | None = None
        self._held: dict[str, int] = {}
        """The epoch of each lease, by resource."""
        self._is_short = False
        self._place: Place = "forwarded"
        self._is_alone = False
        self._seen_at = 0.0
        """When the database was last asked something that it answered."""

    async def take(self, wanted: Sequence[accounts.Account]) -> tuple[list[accounts.Account], int]:
        """Take what nobody holds; return those accounts and the epoch for their boxes. Raises LeaseHeld for none."""
        self._conn = conn = await self._database.listen_connection()
        self._held = {}
        with database.translating():
            taken = [each for each in wanted if await self._is_taken(conn, each.account_id)]
            if not taken:
                raise errors.LeaseHeld
            epoch = await self._epoch(conn)
            await self._know(conn)
        self._is_short = len(taken) < len(wanted)
        _log.info("leases_taken", accounts=len(taken), epoch=epoch)
        return taken, epoch

    async def keep(
        self,
        kinds: list[str],
        handle: Handle,
        *,
        lacks: Callable[[], bool] = lambda: False,
        on_return: Callable[[], None] = lambda: None,
    ) -> None:
        """Handle commands until the leases are lost, or until there are more to have.

        ``lacks`` says whether boxes were left to another crawler; ``on_return`` is called when the database has been
        away and is back. Raises Over.
        """
        while True:
            try:
                await self._attend(kinds, handle, lacks)
            except Over:
                raise
            except Exception as error:  # whatever ended this connection, the locks went with it
                _log.warning("leases_interrupted", reason=type(error).__name__)
            await self._return()
            on_return()

    async def end(self) -> None:
        """Give everything back."""
        conn, self._conn = self._conn, None
        held, self._held = self._held, {}
        if conn is None:
            return
        with contextlib.suppress(Exception), database.deadline(conn, END_SECONDS):
            await leases.end(conn, held, self._holder)
        await conn.close()

    # -- while the database is there --------------------------------------------------------------------------

    async def _attend(self, kinds: list[str], handle: Handle, lacks: Callable[[], bool]) -> None:
        conn = self._conn
        assert conn is not None
        await conn.execute(f"LISTEN {commands.CHANNEL}")
        while True:
            asked_at = self._time.monotonic()
            with database.deadline(conn, ANSWER_SECONDS):
                await self._renew(conn)
                while command := await commands.take(conn, kinds):
                    await self._obey(conn, command, handle)
                if self._is_short or lacks():
                    await self._look_round(conn)
            self._seen_at = asked_at
            async for _ in conn.notifies(timeout=PULSE_SECONDS, stop_after=1):
                pass

    async def _renew(self, conn: database.Connection) -> None:
        """Give a sign of life. A full disk takes none, but the locks say who is there as well."""
        with contextlib.suppress(errors.DiskFull), database.translating():
            is_ours, self._is_alone = await leases.renew(conn, self._held, self._holder)
            if not is_ours:
                _log.warning("leases_lost", reason="somebody else has had them")
                raise Over(AGAIN_SECONDS)

    async def _obey(self, conn: database.Connection, command: commands.Command, handle: Handle) -> None:
        try:
            await commands.finish(conn, command.command_id, "done", dict(await handle(command)))
        except errors.HeliographError as error:
            await commands.finish(conn, command.command_id, "failed", {"error": str(error)})

    async def _look_round(self, conn: database.Connection) -> None:
        """Begin anew when another crawler's accounts are free, and when there is no other crawler any more."""
        others = [each for each in await accounts.load_all(conn) if each.state == "active" and each.key_id]
        held_elsewhere = False
        for resource in {_resource(each.account_id) for each in others} - self._held.keys():
            try:
                self._held[resource] = await leases.acquire(conn, resource, self._holder)
            except errors.LeaseHeld:
                held_elsewhere = True
                continue
            raise Over(0)
        if not held_elsewhere:
            raise Over(0)

    # -- while it is away -------------------------------------------------------------------------------------

    async def _return(self) -> None:
        """Take the same leases again. Raises Over when they are somebody else's by now, or may be."""
        gone = absence.Absence(self._seen_at, is_local=self._place == "here", is_alone=self._is_alone)
        attempts = 0
        while True:
            try:
                async with asyncio.timeout(gone.patience(self._time.monotonic())):
                    is_ours = await self._resume()
            except Exception as error:
                is_refused = database.is_refusal(error)
                _log.debug("leases_not_resumed", reason=type(error).__name__, is_refused=is_refused)
                # A tunnel or a proxy that is down refuses us, while the server may be there for others.
                if not is_refused or self._place == "forwarded":
                    gone.unanswered()
            else:
                if is_ours:
                    _log.info("leases_resumed", accounts=len(self._held), attempts=attempts)
                    return
                _log.warning("leases_lost", reason="somebody else has had them")
                raise Over(AGAIN_SECONDS)
            if not gone.may_stay(self._time.monotonic()):
                _log.warning("leases_lost", reason="somebody else may have them")
                raise Over(AGAIN_SECONDS)
            await asyncio.sleep(_pause(attempts))
            attempts += 1

    async def _resume(self) -> bool:
        conn = await self._database.listen_connection()
        try:
            with database.deadline(conn, ANSWER_SECONDS), database.translating():
                if self._backend is not None:
                    await leases.terminate(conn, self._backend)
                is_ours = await leases.resume(conn, self._held, self._holder)
                await self._know(conn)
        except BaseException:
            await conn.close()
            raise
        lost, self._conn = self._conn, conn
        if lost is not None:
            await lost.close()
        return is_ours

    async def _know(self, conn: database.Connection) -> None:
        self._backend = await leases.backend(conn)
        self._place = self._place_of(conn)
        self._seen_at = self._time.monotonic()

    # -- taking -----------------------------------------------------------------------------------------------

    async def _is_taken(self, conn: database.Connection, account_id: identity.AccountId) -> bool:
        resource = _resource(account_id)
        try:
            self._held[resource] = await self._acquire(conn, resource)
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
        """Take a lease, after a moment or as soon as it is no longer reserved for its last holder."""
        until, attempts = self._time.monotonic() + PATIENCE_SECONDS, 0
        while True:
            try:
                return await leases.acquire(conn, resource, self._holder)
            except errors.LeaseReserved as reserved:
                _log.info("lease_reserved", resource=resource, seconds=round(reserved.seconds, 1))
                until = max(until, self._time.monotonic() + reserved.seconds)
                await asyncio.sleep(max(reserved.seconds, _pause(attempts)))
            except errors.LeaseHeld:
                if self._time.monotonic() > until:
                    raise
                await asyncio.sleep(_pause(attempts))
            attempts += 1


def place_of(conn: database.Connection) -> Place:
    """Say where the server is that a connection leads to.

    A loopback port may be the end of a tunnel, or lead into a container: the server is here when its process is.
    """
    if conn.info.host.startswith("/"):
        return "here"
    try:
        is_loopback = ipaddress.ip_address(conn.info.hostaddr).is_loopback
    except ValueError:
        return "elsewhere"
    if not is_loopback:
        return "elsewhere"
    return "here" if processes.is_postgres(conn.info.backend_pid) else "forwarded"


def _pause(attempts: int) -> float:
    return RETRY_SECONDS[min(attempts, len(RETRY_SECONDS) - 1)]


def _resource(account_id: identity.AccountId) -> str:
    return f"account:{account_id}"
