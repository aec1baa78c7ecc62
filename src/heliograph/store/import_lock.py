"""Imports run side by side, and never beside what takes them back: a file that one finds stored, the other may delete.

A session lock on a connection of its own, so that it ends with the process whatever happens to it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from heliograph import errors
from heliograph.store import database

LOCK_CLASS: Final = 0x48454C55
_SHARED: Final = f"SELECT pg_try_advisory_lock_shared({LOCK_CLASS}, 0)"
_ALONE: Final = f"SELECT pg_try_advisory_lock({LOCK_CLASS}, 0)"


@asynccontextmanager
async def importing(opened: database.Database) -> AsyncIterator[None]:
    """Import while the body runs. Raises BadInput while an import is being taken back."""
    sentence = "Imports are being taken back with `heliograph unimport`; import again once that has ended."
    async with _held(opened, _SHARED, sentence):
        yield


@asynccontextmanager
async def alone(opened: database.Database) -> AsyncIterator[None]:
    """Keep imports away while the body runs. Raises BadInput while one runs."""
    sentence = "An import is running; stop it with Ctrl-C or wait for its end, then take it back."
    async with _held(opened, _ALONE, sentence):
        yield


@asynccontextmanager
async def _held(opened: database.Database, statement: str, sentence: str) -> AsyncIterator[None]:
    conn = await opened.listen_connection()
    try:
        row = await (await conn.execute(statement)).fetchone()
        if row != (True,):
            raise errors.BadInput(sentence)
        yield
    finally:
        await conn.close()
