"""How complete the archive is, chat by chat and as a whole, all of one moment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from heliograph.store import database as store_database
from heliograph.store.database import Connection
from heliograph.store.reads import digest, followed, ledger, ledger_views, losses

Progress = Callable[[int, int], None]
"""Takes how many chats are done, and how many there are."""

# The planner's compiler would cost more than these statements do.
_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL jit = off"


@asynccontextmanager
async def moment(database: store_database.Database) -> AsyncIterator[Connection]:
    """Give a connection on which all reads see the archive as it is at the first of them."""
    async with database.transaction() as conn:
        await conn.execute(_SNAPSHOT)
        yield conn


async def survey(
    conn: Connection, wanted: Sequence[int] | None = None, *, is_audited: bool, holes: int | None = None
) -> ledger_views.Integrity:
    """Return how complete chats are, None for all, without digests. Raises NotFound for a chat that is not here.

    ``is_audited`` is the setting ``crawler.audit``: only where it is on, a round that never began is late.
    """
    return await _assemble(conn, wanted, await ledger.survey(conn, wanted, holes=holes, is_audited=is_audited))


async def verify(
    conn: Connection,
    wanted: Sequence[int] | None = None,
    *,
    is_audited: bool,
    progress: Progress | None = None,
    holes: int | None = None,
) -> ledger_views.Integrity:
    """Return the same with digests, which reads all content: some seconds per million messages."""
    chat_ids = await ledger.mirrored(conn) if wanted is None else wanted
    found: list[ledger_views.ChatLedger] = []
    for chat_id in chat_ids:
        found += await ledger.survey(conn, [chat_id], holes=holes, is_audited=is_audited, is_digested=True)
        if progress is not None:
            progress(len(found), len(chat_ids))
    digests = [(chat.chat_id, chat.digest) for chat in found if chat.digest is not None]
    return await _assemble(conn, wanted, found, digested=digest.archive(digests))


async def _assemble(
    conn: Connection,
    wanted: Sequence[int] | None,
    chats: list[ledger_views.ChatLedger],
    *,
    digested: str | None = None,
) -> ledger_views.Integrity:
    (now,) = await (await conn.execute("SELECT now()")).fetchone() or (None,)
    heard = await followed.followed(conn)
    return ledger_views.Integrity(
        checked_at=now,
        followed_until=heard.until,
        is_complete=all(chat.is_complete for chat in chats),
        digest=digested,
        totals=_totals(chats),
        chats=chats,
        losses=await losses.of(conn, wanted),
        warnings=heard.warnings,
    )


def _totals(chats: Sequence[ledger_views.ChatLedger]) -> ledger_views.Totals:
    own = [chat for chat in chats if not chat.is_shared]
    ids = ledger_views.Ids(
        stored=sum(chat.ids.stored for chat in chats),
        deleted=sum(chat.ids.deleted for chat in chats),
        dead_letter=sum(chat.ids.dead_letter for chat in chats),
        empty=_sum(chat.ids.empty for chat in own),
        unreachable=sum(chat.ids.unreachable for chat in own),
        outside=_sum(chat.ids.outside for chat in own),
        open=sum(chat.ids.open for chat in own),
        unaccounted=_sum(chat.ids.unaccounted for chat in own),
    )
    asked = sum(chat.top_id for chat in own) - ids.unreachable - (ids.outside or 0)
    return ledger_views.Totals(
        chats=len(chats),
        ids=ids,
        rechecked=sum(chat.rechecked for chat in chats),
        suspects=sum(chat.suspects for chat in own),
        coverage=ledger.share(asked - ids.open - (ids.unaccounted or 0), asked),
        hole_count=sum(chat.hole_count for chat in chats),
        late_audits=sum(audit.is_late for chat in chats for audit in chat.audits),
    )


def _sum(counts: Iterable[int | None]) -> int:
    return sum(count or 0 for count in counts)
