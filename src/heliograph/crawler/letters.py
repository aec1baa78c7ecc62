"""Replaying dead letters: what was kept as bytes becomes rows with today's code, as if it arrived now.

Each letter is replayed under what held when it arrived: its own ``as_of``, the account that saw it, the moment it came.
So invariant 9 orders it among what is stored already: the text of a message that was edited since becomes a revision.
The rows and the end of the letter commit together, and no cursor moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

import msgspec

from heliograph import errors, log
from heliograph.crawler import directory, normalize
from heliograph.crawler.transport import reader
from heliograph.domain import identity, letters, records
from heliograph.store import accounts, chats, commands, commit, database, dead_letters, poison

COMMAND: Final = "replay_letters"
"""Kind of the command; its request is ``{"letter_ids": [...]}``, or ``{"letter_ids": null}`` for all that are open."""
ALL: Final = 500
"""Letters that one such command replays at most, so that it ends before it expires."""
AGAIN_SECONDS = 2.0
PULSE_SECONDS = 5.0

_UNREADABLE = (*reader.UNREADABLE, ValueError, TypeError, OverflowError)
_log = log.get("letters")


class Unreplayable(Exception):
    """This version makes no row of a letter; the message is a sentence for people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """How the replay of one letter ended."""

    letter_id: int
    outcome: Literal["replayed", "open", "gone"]
    """``open``: it failed again and waits on. ``gone``: it is not open, or there is none."""
    reason: str | None = None


async def replay(
    opened: database.Database,
    letter_ids: Sequence[int] | None,
    *,
    private_chats: bool = False,
    limit: int | None = None,
    on_done: Callable[[Replay], None] = lambda each: None,
) -> list[Replay]:
    """Replay letters, or all open ones up to ``limit``, in the order in which their versions came to be.

    Every letter has a transaction of its own, so that one that fails costs no other. Raises DatabaseUnreachable or
    DiskFull; what was replayed until then stays so.
    """
    async with opened.connection() as conn:
        known = _Known(await accounts.load_all(conn), await chats.load(conn), private_chats=private_chats)
        if letter_ids is None:
            wanted = await dead_letters.waiting(conn, limit or 2**31)
        else:
            found = await dead_letters.in_order(conn, letter_ids)
            wanted = [*found, *sorted(set(letter_ids) - set(found))]
    ended = []
    for letter_id in wanted:
        ended.append(await _replay(opened, letter_id, known))
        on_done(ended[-1])
    _log.info("letters_replayed", letters=len(ended), replayed=sum(each.outcome == "replayed" for each in ended))
    return ended


async def serve(opened: database.Database, *, private_chats: bool) -> None:
    """Replay what the web role asks for, for ever; cancel it to stop."""
    while True:
        try:
            await _attend(opened, private_chats=private_chats)
        except (errors.DatabaseUnreachable, errors.DiskFull) as error:
            _log.debug("letters_wait", reason=str(error))
        await asyncio.sleep(AGAIN_SECONDS)


def read(raw: bytes, layer: int) -> Any:
    """Return the TL object that a letter holds. Raises Unreplayable."""
    if not raw:
        raise Unreplayable("Its bytes could not be kept, so there is nothing to replay.")
    try:
        source = reader.Reader(raw)
        tl = source.tgread_object()
    except _UNREADABLE as error:
        raise Unreplayable(_unreadable(layer)) from error
    if source.position != len(raw):
        raise Unreplayable(_unreadable(layer))
    return tl


def text(letter: dead_letters.Letter, raw: bytes) -> str:
    """Return what a letter holds, for the eyes of the person whose it is. Raises Unreplayable."""
    if letter.kind == "record":
        return msgspec.json.format(raw, indent=2).decode()
    return str(read(raw, letter.layer).stringify())


class _Known:
    """What normalising needs to know besides the letters."""

    def __init__(
        self, found: Sequence[accounts.Account], rows: Sequence[chats.ChatRow], *, private_chats: bool
    ) -> None:
        self._users = {each.account_id: each.user_id for each in found}
        self._directory = directory.Directory(private_chats=private_chats)
        for row in rows:
            self._directory.load(row)

    def context(self, letter: dead_letters.Letter) -> normalize.Context:
        """Return the context of a letter's account; a mailbox says by itself whose it is."""
        user_id = self._users.get(identity.AccountId(letter.account_id or 0))
        if user_id is None:
            user_id = max(0, -(letter.space_id or 0))
        return normalize.Context(
            self_user_id=user_id,
            account_id=None if letter.account_id is None else identity.AccountId(letter.account_id),
            at=letter.received_at or letter.created_at,
            wants=self._directory.wants,
            is_forum=self._directory.is_forum,
        )


async def _attend(opened: database.Database, *, private_chats: bool) -> None:
    conn = await opened.listen_connection()
    try:
        with database.translating():
            await conn.execute(f"LISTEN {commands.CHANNEL}")
            while True:
                while command := await commands.take(conn, [COMMAND]):
                    await _obey(opened, conn, command, private_chats=private_chats)
                async for _ in conn.notifies(timeout=PULSE_SECONDS, stop_after=1):
                    pass
    finally:
        await conn.close()


async def _obey(
    opened: database.Database, conn: database.Connection, command: commands.Command, *, private_chats: bool
) -> None:
    try:
        ended = await replay(opened, command.request.get("letter_ids"), private_chats=private_chats, limit=ALL)
    except errors.HeliographError as error:
        await commands.finish(conn, command.command_id, "failed", {"error": str(error)})
    else:
        await commands.finish(conn, command.command_id, "done", {"letters": [asdict(each) for each in ended]})


async def _replay(opened: database.Database, letter_id: int, known: _Known) -> Replay:
    async with opened.transaction() as conn:
        taken = await dead_letters.take(conn, letter_id)
        if taken is None:
            return Replay(letter_id=letter_id, outcome="gone", reason="It is not open, or there is none.")
        letter, raw = taken
        reason = await _write(conn, letter, raw, known)
        if reason is not None:
            await dead_letters.mark_failed(conn, letter_id, reason)
            return Replay(letter_id=letter_id, outcome="open", reason=reason)
        await dead_letters.mark_replayed(conn, letter_id)
    return Replay(letter_id=letter_id, outcome="replayed")


async def _write(conn: database.Connection, letter: dead_letters.Letter, raw: bytes, known: _Known) -> str | None:
    """Write a letter's rows; return why that is not possible, None when it is done."""
    try:
        batch = _record(raw) if letter.kind == "record" else _payload(letter, raw, known.context(letter))
    except Unreplayable as reason:
        return str(reason)
    return await poison.attempt(conn, await _fresh(conn, batch, letter), commit.commit)


def _record(raw: bytes) -> records.Batch:
    try:
        row = letters.decode(raw)
    except letters.Unreadable:
        raise Unreplayable("It holds a row that this version cannot read back.") from None
    rows: dict[str, Any] = {letters.FIELDS[type(row)]: [row]}
    return records.Batch(origin="difference", **rows)


def _payload(letter: dead_letters.Letter, raw: bytes, context: normalize.Context) -> records.Batch:
    tl = read(raw, letter.layer)
    rows = normalize.Rows()
    # What an earlier version kept without its pts counts as the oldest knowledge of all: it overwrites nothing.
    rows.add(tl, space_id=identity.SpaceId(letter.space_id or 0), as_of=letter.as_of or 0, context=context)
    if rows.dead_letters:
        raise Unreplayable(rows.dead_letters[0].error)
    if rows == normalize.Rows():
        raise Unreplayable(f"Its chat is not mirrored, or this version makes no row of a {type(tl).__name__}.")
    return records.Batch(
        origin="difference",
        account_id=context.account_id,
        messages=rows.messages,
        tombstones=rows.tombstones,
        pins=rows.pins,
        observations=rows.observations,
        topics=rows.topics,
    )


async def _fresh(conn: database.Connection, batch: records.Batch, letter: dead_letters.Letter) -> records.Batch:
    """Return a batch without what carries no pts to compare and has been learned anew since: names, titles, roles."""
    kept: dict[str, Any] = {}
    for name in ("users", "chats", "accesses", "topics"):
        rows: list[letters.Record] = getattr(batch, name)
        kept[name] = [row for row in rows if not await dead_letters.is_stale(conn, row, letter.received_at)]
    return replace(batch, **kept)


def _unreadable(layer: int) -> str:
    return (
        f"Its bytes are of layer {layer} and cannot be read by this version, which speaks layer {reader.LAYER}; "
        "replay it again after an upgrade."
    )
