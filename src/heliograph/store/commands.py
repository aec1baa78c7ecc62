"""What one role wants of another: a row with a state, a result and an expiry, and a NOTIFY that wakes the other.

It works across machines and survives restarts; whoever takes a command first has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from psycopg.types.json import Jsonb

from heliograph.store.database import Connection

CHANNEL: Final = "heliograph_commands"
"""NOTIFY channel; the payload is the command's kind when it is submitted, its id when it has ended."""

State = Literal["queued", "running", "done", "failed", "expired"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A request to another role."""

    command_id: int
    kind: str
    request: dict[str, Any]
    state: State
    result: dict[str, Any] | None


_SUBMIT = """
WITH made AS (
    INSERT INTO commands (kind, request, expires_at) VALUES (%s, %s, now() + make_interval(secs => %s))
    RETURNING command_id, kind
)
SELECT command_id, pg_notify('heliograph_commands', kind) FROM made
"""
_EXPIRE = """
UPDATE commands SET state = 'expired', finished_at = now() WHERE state IN ('queued', 'running') AND expires_at <= now()
"""
_TAKE = """
UPDATE commands SET state = 'running', taken_at = now()
WHERE command_id = (
    SELECT command_id FROM commands WHERE state = 'queued' AND kind = ANY(%s) AND expires_at > now()
    ORDER BY command_id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING command_id, kind, request, state, result
"""
_FINISH = """
WITH ended AS (
    UPDATE commands SET state = %s, result = %s, finished_at = now() WHERE command_id = %s AND state = 'running'
    RETURNING command_id
)
SELECT pg_notify('heliograph_commands', command_id::text) FROM ended
"""
_GET = """
SELECT command_id, kind, request,
       CASE WHEN state IN ('queued', 'running') AND expires_at <= now() THEN 'expired' ELSE state END, result
FROM commands WHERE command_id = %s
"""


async def submit(conn: Connection, kind: str, request: dict[str, Any], ttl_seconds: float) -> int:
    """Ask whoever handles ``kind`` for something, and return the command's id."""
    row = await (await conn.execute(_SUBMIT, [kind, Jsonb(request), ttl_seconds])).fetchone()
    assert row is not None
    return int(row[0])


async def take(conn: Connection, kinds: list[str]) -> Command | None:
    """Return the oldest waiting command of these kinds, now ours, or None. Expired ones are put aside."""
    await conn.execute(_EXPIRE)
    row = await (await conn.execute(_TAKE, [kinds])).fetchone()
    return _command(row) if row else None


async def finish(
    conn: Connection, command_id: int, state: Literal["done", "failed"], result: dict[str, Any] | None = None
) -> None:
    """Say how a taken command ended. One that has expired stays so."""
    await conn.execute(_FINISH, [state, None if result is None else Jsonb(result), command_id])


async def get(conn: Connection, command_id: int) -> Command | None:
    """Return a command as it stands, None when there is none; one that has expired says so before anybody looks."""
    row = await (await conn.execute(_GET, [command_id])).fetchone()
    return _command(row) if row else None


def _command(row: tuple[Any, ...]) -> Command:
    command_id, kind, request, state, result = row
    return Command(command_id=command_id, kind=kind, request=request, state=state, result=result)
