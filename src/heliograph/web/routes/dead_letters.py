"""``/api/dead-letters``: what arrived and could not become a row.

Reading and closing letters is the store's work and done here. Replaying takes code that only the crawler has, so that
it is asked for by a command, whose end the client asks for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response

from heliograph import errors
from heliograph.store import commands, dead_letters
from heliograph.store.database import Connection
from heliograph.store.reads import status
from heliograph.web import letter_schemas as schemas
from heliograph.web import problems, security
from heliograph.web.context import Limit, Parts, answer

router = APIRouter(prefix="/api/dead-letters", tags=["dead letters"])

COMMAND: Final = "replay_letters"
"""As crawler/letters.py handles it."""
REPLAY_SECONDS: Final = 300
"""How long the crawler may take before the request counts as lost."""

LetterId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_BIGINT: Final = 2**63 - 1
_Change = Callable[[Connection, list[int]], Awaitable[list[int]]]


@router.get("", response_model=schemas.DeadLetterPage)
async def list_dead_letters(
    parts: Parts,
    asker: security.Asker,
    all: Annotated[bool, Query(description="Also those that were replayed or discarded.")] = False,
    chat: Annotated[int | None, Query(ge=-_BIGINT, le=_BIGINT, description="Only this chat.")] = None,
    before: Annotated[int | None, Query(ge=1, le=_BIGINT, description="The page of numbers below this one.")] = None,
    limit: Limit = 50,
) -> Response:
    """Return dead letters, newest first; without ``all`` those that are open."""
    async with parts.database.connection() as conn:
        return answer(await dead_letters.list_page(conn, is_all=all, chat_id=chat, before=before, limit=limit))


@router.get("/{letter_id}", response_model=schemas.DeadLetter)
async def get_dead_letter(letter_id: LetterId, parts: Parts, asker: security.Asker) -> Response:
    """Return one dead letter, without its bytes."""
    async with parts.database.connection() as conn:
        letter, _ = await dead_letters.get(conn, letter_id)
        return answer(letter)


@router.post(
    "/replay",
    status_code=202,
    response_model=schemas.Replay,
    responses={409: {**problems.RESPONSES[404], "description": "Conflict"}},
)
async def replay_dead_letters(wanted: schemas.ReplayRequest, parts: Parts, asker: security.Asker) -> Response:
    """Ask the crawler to make rows of letters; 409 when none is running. Its end is at ``replays/{replay_id}``."""
    async with parts.database.connection() as conn:
        if not await status.is_crawling(conn):
            raise errors.NotCrawling(
                "Replaying takes a running crawler; start it with `heliograph run`, or use "
                "`heliograph dead-letters replay`."
            )
        replay_id = await commands.submit(conn, COMMAND, wanted.model_dump(), REPLAY_SECONDS)
        found = await _replay(conn, replay_id)
    found.status_code = 202
    found.headers["Location"] = f"/api/dead-letters/replays/{replay_id}"
    return found


@router.get("/replays/{replay_id}", response_model=schemas.Replay)
async def get_replay(replay_id: LetterId, parts: Parts, asker: security.Asker) -> Response:
    """Return how a replay stands, and once it is done, what became of each letter."""
    async with parts.database.connection() as conn:
        return await _replay(conn, replay_id)


@router.post("/discard", response_model=schemas.LetterChange)
async def discard_dead_letters(wanted: schemas.LetterSelection, parts: Parts, asker: security.Asker) -> Response:
    """Close open letters without a row; their bytes stay."""
    return await _change(parts, dead_letters.discard, wanted.letter_ids)


@router.post("/reopen", response_model=schemas.LetterChange)
async def reopen_dead_letters(wanted: schemas.LetterSelection, parts: Parts, asker: security.Asker) -> Response:
    """Open letters again that were discarded."""
    return await _change(parts, dead_letters.reopen, wanted.letter_ids)


async def _change(parts: Parts, change: _Change, letter_ids: list[int]) -> Response:
    async with parts.database.transaction() as conn:
        changed = await change(conn, letter_ids)
    return answer({"changed": changed, "left": sorted(set(letter_ids) - set(changed))})


async def _replay(conn: Connection, replay_id: int) -> Response:
    command = await commands.get(conn, replay_id)
    if command is None or command.kind != COMMAND:
        raise errors.NotFound("There is no such replay.")
    result: dict[str, Any] = command.result or {}
    return answer(
        {
            "replay_id": command.command_id,
            "state": command.state,
            "letters": result.get("letters", []),
            "error": result.get("error"),
        }
    )
