"""Whole chats as Arrow record batches, for exports that have types: the same messages as ``reads.export``.

Everything of a chat is read from one snapshot: its tables one after another by a connection that answers in batches,
who people are by another.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from heliograph.domain import records
from heliograph.store import arrow
from heliograph.store.database import Connection, Database
from heliograph.store.reads import export, exported, people

MESSAGES, REVISIONS, OBSERVATIONS = "messages", "revisions", "observations"
"""Names of the tables."""

_MESSAGES: Final = f"""
SELECT m.message_id, m.date, m.sender_id, {export.GIVEN_NAME} AS given_name, m.author_signature, m.text,
       m.entities::text AS entities,
       m.reply_to_message_id, m.reply_to_chat_id, m.reply_quote, m.topic_id, m.album_id, m.forward::text AS forward,
       m.media ->> 'kind' AS media_kind, m.media::text AS media,
       m.service ->> 'type' AS service_type, m.service::text AS service,
       {export.EDITED_AT} AS edited_at, m.deleted_at, m.is_pinned, m.is_outgoing, m.via_bot_id, m.ttl_seconds,
       o.views, o.forwards, o.replies, o.reactions::text AS reactions, o.poll::text AS poll, o.observed_at,
       f.state AS file_state, {export.FILE_NAME} AS file_name, {export.FILE_SIZE} AS file_size,
       {export.FILE_MIME_TYPE} AS file_mime_type, encode(f.sha256, 'hex') AS file_sha256, m.stored_at,
       m.as_of <= {records.IMPORTED_AS_OF} AS is_imported
{export.FROM} WHERE {{where}} ORDER BY m.message_id
"""
_REVISIONS: Final = f"""
SELECT r.message_id, r.edit_date, r.until_date, r.stored_at, r.as_of <= {records.IMPORTED_AS_OF} AS is_imported,
       r.text, r.entities::text AS entities, r.media::text AS media, m.date AS sent_at
FROM revisions r JOIN messages m ON m.space_id = %(space)s AND m.message_id = r.message_id
WHERE r.space_id = %(space)s AND {{where}}
ORDER BY r.message_id, r.edit_date NULLS FIRST, r.as_of, r.stored_at, r.fingerprint
"""
_SAMPLE: Final = "message_id, observed_at, views, forwards, replies, reactions, poll"
_OBSERVATIONS: Final = f"""
SELECT o.message_id, o.observed_at, o.views, o.forwards, o.replies, o.reactions::text AS reactions,
       o.poll::text AS poll, m.date AS sent_at
FROM (SELECT {_SAMPLE} FROM observation_history WHERE space_id = %(space)s
      UNION ALL SELECT {_SAMPLE} FROM observations WHERE space_id = %(space)s) o
JOIN messages m ON m.space_id = %(space)s AND m.message_id = o.message_id
WHERE {{where}} ORDER BY o.message_id, o.observed_at
"""
_STATEMENTS: Final = {MESSAGES: _MESSAGES, REVISIONS: _REVISIONS, OBSERVATIONS: _OBSERVATIONS}


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some rows of one table of a chat, in the order of message ids; lists and objects are JSON text.

    Rows of ``revisions`` and ``observations`` (all samples, the newest among them) also tell when their message was
    sent, as ``sent_at``.
    """

    table: str
    batch: pa.RecordBatch
    people: Mapping[int, exported.Person]
    """Who sent these messages, by marked id."""

    def counts(self) -> dict[str, int]:
        """Return how many rows of which table these are."""
        return {self.table: len(self.batch)}


class Source:
    """Reads chats. Made by :func:`source`."""

    def __init__(self, database: Database, line: arrow.Line) -> None:
        self._database = database
        self._line = line
        self._people = people.People()

    async def parts(
        self,
        chat: exported.ExportedChat,
        wanted: export.Filter,
        *,
        with_revisions: bool = False,
        with_observations: bool = False,
    ) -> AsyncGenerator[Part, None]:
        """Yield the chat's tables. Whoever leaves early closes it, and reads no other chat from this source."""
        asked = {MESSAGES: True, REVISIONS: with_revisions, OBSERVATIONS: with_observations}
        async with export.snapshot(self._database) as conn:
            await self._share(conn, is_everything=wanted.is_everything)
            for table, is_asked in asked.items():
                if is_asked:
                    statement = _STATEMENTS[table].format(where=export.where(chat, wanted))
                    found = self._line.batches(_complete(conn, statement, export.values(chat, wanted)))
                    async with aclosing(found):
                        async for batch in found:
                            yield Part(table=table, batch=batch, people=await self._senders(conn, table, batch))
            await self._line.execute("COMMIT")

    async def _share(self, conn: Connection, *, is_everything: bool) -> None:
        """Let the other connection see what this one sees."""
        # This connection says nothing while the other one reads.
        await conn.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        (name,) = await (await conn.execute("SELECT pg_export_snapshot()")).fetchone() or ("",)
        await self._line.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        await self._line.execute(_complete(conn, "SET TRANSACTION SNAPSHOT %(name)s", {"name": name}))
        if is_everything:
            # The key has this order. Sorting a whole chat would need its size on the server's disk, and be late.
            await self._line.execute("SET LOCAL enable_sort = off")

    async def _senders(self, conn: Connection, table: str, batch: pa.RecordBatch) -> Mapping[int, exported.Person]:
        if table != MESSAGES:
            return {}
        return await self._people.of(conn, set(pc.unique(batch["sender_id"]).drop_null().to_pylist()))


@asynccontextmanager
async def source(database: Database) -> AsyncIterator[Source]:
    """Give what reads chats, with a connection of its own. Raises DatabaseUnreachable."""
    async with arrow.connected(database) as line:
        yield Source(database, line)


def _complete(conn: Connection, statement: str, values: Mapping[str, object]) -> str:
    """Return the statement with its values as literals, quoted by the driver: COPY takes no parameters."""
    return psycopg.AsyncClientCursor(conn).mogrify(statement, values)
