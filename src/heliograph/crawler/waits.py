"""Flood waits on their way to the store, also of those that Telegram imposed while the database was away.

What is not stored yet is kept for as long as the process lives, whatever begins anew in it meanwhile (invariant 15).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from heliograph import errors, log
from heliograph.domain import identity
from heliograph.store import accounts, database

AGAIN_SECONDS: Final = 1.0

_log = log.get("waits")


class Waits:
    """The flood waits of all accounts that are not stored. :meth:`run` stores what :meth:`freeze` could not."""

    def __init__(self, opened: database.Database, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._database = opened
        self._sleep = sleep
        self._unsaved: dict[tuple[identity.AccountId, str], datetime] = {}
        self._owed = asyncio.Event()
        self._is_saving = False

    def of(self, account_id: identity.AccountId) -> dict[str, datetime]:
        """Return until when which families of an account are frozen that the store does not know of."""
        return {family: until for (owner, family), until in self._unsaved.items() if owner == account_id}

    async def freeze(self, account_id: identity.AccountId, family: str, until: datetime) -> None:
        """Store a flood wait, now or as soon as the database takes it."""
        self._unsaved[account_id, family] = until
        self._owed.set()
        await self._save()

    async def run(self) -> None:
        """Store what is owed once the database is back, for ever."""
        while True:
            await self._owed.wait()
            await self._sleep(AGAIN_SECONDS)
            await self._save()

    async def _save(self) -> None:
        if self._is_saving:  # whoever is at it takes what has come meanwhile as well
            return
        self._is_saving = True
        try:
            async with self._database.connection(database.SHORT_SECONDS) as conn:
                while self._unsaved:
                    (account_id, family), until = next(iter(self._unsaved.items()))
                    await accounts.freeze(conn, account_id, family, until)
                    if self._unsaved[account_id, family] == until:
                        del self._unsaved[account_id, family]
            self._owed.clear()
        except errors.HeliographError as error:
            _log.warning("flood_waits_not_stored", families=len(self._unsaved), reason=str(error))
        finally:
            self._is_saving = False
