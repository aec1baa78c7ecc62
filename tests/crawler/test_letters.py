"""A dead letter becomes the row that it should have been, where it belongs among what has come since."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from telethon.tl import types

from heliograph.crawler import letters, normalize
from heliograph.crawler.transport import reader
from heliograph.domain import identity, records
from heliograph.store import commands, commit, dead_letters
from heliograph.store import database as store_database

CHANNEL = 4711
SPACE = identity.channel_space(CHANNEL)
CHAT = identity.channel_peer(CHANNEL)
SENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTEXT = normalize.Context(self_user_id=7, at=SENT + timedelta(hours=1))

Fetch = Callable[..., Awaitable[list[tuple[Any, ...]]]]


class Bugged:
    """A field that this version's code does not understand, though its bytes are good."""

    def __bool__(self) -> bool:
        raise TypeError("a bug")


@pytest.fixture
def fetch(database: store_database.Database) -> Fetch:
    async def fetch_(query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        async with database.connection() as conn:
            return await (await conn.execute(query, arguments)).fetchall()

    return fetch_


@pytest.fixture(autouse=True)
async def chat(database: store_database.Database) -> None:
    await write(
        database,
        chats=[records.Chat(chat_id=CHAT, space_id=SPACE, kind="supergroup", title="Harbour")],
        origin="peers",
    )


async def write(database: store_database.Database, *, origin: records.Origin = "live", **rows: Any) -> None:
    async with database.transaction() as conn:
        await commit.commit_with_bisection(conn, [records.Batch(origin=origin, **rows)])


def message(text: str, *, message_id: int = 5, edited: int | None = None, peer: Any = None, **fields: Any) -> Any:
    """A TL message as it comes from the wire, with its bytes; ``edited`` so many minutes after it was sent."""
    edit_date = None if edited is None else SENT + timedelta(minutes=edited)
    peer = peer or types.PeerChannel(CHANNEL)
    tl = types.Message(id=message_id, peer_id=peer, date=SENT, message=text, edit_date=edit_date, **fields)
    return reader.Reader(bytes(tl)).tgread_object()


async def receive(
    database: store_database.Database, tl: Any, as_of: int, *, is_bugged: bool = False, space_id: int = SPACE
) -> None:
    """Let a payload come in; a normaliser with a bug makes a letter of it."""
    if is_bugged:
        tl.fwd_from = Bugged()
    rows = normalize.Rows()
    rows.add(tl, space_id=identity.SpaceId(space_id), as_of=as_of, context=CONTEXT)
    assert len(rows.dead_letters) == is_bugged
    await write(
        database,
        messages=rows.messages,
        tombstones=rows.tombstones,
        observations=rows.observations,
        dead_letters=rows.dead_letters,
    )


async def test_letter_of_a_bug_becomes_its_row_after_the_fix(database: Any, fetch: Fetch) -> None:
    await receive(database, message("hello", post_author="Aino", views=12, forwards=1), 10, is_bugged=True)
    assert await fetch("SELECT count(*) FROM messages") == [(0,)]
    (ended,) = await letters.replay(database, None)
    assert (ended.outcome, ended.reason) == ("replayed", None)
    assert await fetch("SELECT text, as_of, author_signature FROM messages") == [("hello", 10, "Aino")]
    assert await fetch("SELECT views, observed_at FROM observations") == [(12, CONTEXT.at)]
    assert await fetch("SELECT resolution, attempts FROM dead_letters") == [("replayed", 2)]
    # Whoever looks at the chat is told, as of any message.
    assert await fetch("SELECT change FROM outbox WHERE kind = 'message'") == [("new",)]


async def test_letters_of_one_message_replay_in_the_order_of_their_pts(database: Any, fetch: Fetch) -> None:
    """Whatever order they were kept and asked for in: the newest text stands, the others are its revisions."""
    for text, edited, as_of in (("third", 2, 30), ("first", None, 10), ("second", 1, 20)):
        await receive(database, message(text, edited=edited), as_of, is_bugged=True)
    ids = [row[0] for row in await fetch("SELECT letter_id FROM dead_letters ORDER BY letter_id")]
    ended = await letters.replay(database, ids)
    assert [each.letter_id for each in ended] == [ids[1], ids[2], ids[0]]
    assert await fetch("SELECT text, as_of FROM messages") == [("third", 30)]
    assert await fetch("SELECT text FROM revisions ORDER BY edit_date NULLS FIRST") == [("first",), ("second",)]


async def test_edit_that_came_since_stays_newer_than_the_replayed_text(database: Any, fetch: Fetch) -> None:
    await receive(database, message("before"), 10, is_bugged=True)
    await receive(database, message("after", edited=1), 20)
    await letters.replay(database, None)
    assert await fetch("SELECT text, as_of FROM messages") == [("after", 20)]
    assert await fetch("SELECT text, edit_date FROM revisions") == [("before", None)]


async def test_edit_that_became_a_letter_replaces_the_text_that_is_stored(database: Any, fetch: Fetch) -> None:
    await receive(database, message("before"), 10)
    await receive(database, message("after", edited=1), 20, is_bugged=True)
    await letters.replay(database, None)
    assert await fetch("SELECT text, as_of FROM messages") == [("after", 20)]
    assert await fetch("SELECT text FROM revisions") == [("before",)]


async def test_message_that_was_deleted_since_comes_back_deleted(database: Any, fetch: Fetch) -> None:
    await receive(database, message("hello"), 10, is_bugged=True)
    await receive(database, types.UpdateDeleteChannelMessages(CHANNEL, [5], 20, 1), 20)
    await letters.replay(database, None)
    assert await fetch("SELECT text, deleted_at IS NOT NULL FROM messages") == [("hello", True)]


async def test_update_that_is_no_message_replays_as_of_when_it_came(database: Any, fetch: Fetch) -> None:
    await receive(database, message("hello"), 10)
    deletion = types.UpdateDeleteChannelMessages(CHANNEL, [5], 20, 1)
    broken = types.UpdateDeleteChannelMessages(CHANNEL, [5], 20, 1)
    rows = normalize.Rows()
    broken.messages = Bugged()
    rows.add(broken, space_id=SPACE, as_of=20, context=CONTEXT)
    (letter,) = rows.dead_letters
    assert (letter.kind, letter.message_id, letter.chat_id, letter.as_of) == ("update", None, CHAT, 20)
    kept = records.DeadLetter(
        **{name: getattr(letter, name) for name in letter.__slots__ if name != "raw"}, raw=bytes(deletion)
    )
    await write(database, dead_letters=[kept])
    await letters.replay(database, None)
    assert await fetch("SELECT deleted_at, deleted_as_of FROM messages") == [(CONTEXT.at, 20)]


async def test_replay_moves_no_cursor(database: Any, fetch: Fetch) -> None:
    move = records.CursorMove(
        box=SPACE, from_state=None, to_state=records.BoxState(pts=50), epoch=await _epoch(database)
    )
    await write(database, moves=(move,))
    before = await fetch("SELECT * FROM box_cursors")
    await receive(database, message("hello"), 10, is_bugged=True)
    await letters.replay(database, None)
    assert await fetch("SELECT count(*) FROM messages") == [(1,)]
    assert await fetch("SELECT * FROM box_cursors") == before


async def _epoch(database: store_database.Database) -> int:
    async with database.connection() as conn:
        cursor = await conn.execute("SELECT coalesce(max(epoch), 1) FROM leases")
        (epoch,) = await cursor.fetchone() or (1,)
    return int(epoch)


async def test_letter_that_fails_again_stays_open_with_what_is_wrong_now(database: Any, fetch: Fetch) -> None:
    async with database.connection() as conn:
        await conn.execute("ALTER TABLE messages ADD CONSTRAINT poison CHECK (text <> 'poison')")
    await receive(database, message("poison"), 10)
    await receive(database, message("fine", message_id=6), 11, is_bugged=True)
    ended = await letters.replay(database, None)
    assert [each.outcome for each in ended] == ["open", "replayed"]
    (failed,) = await fetch("SELECT attempts, error, resolved_at FROM dead_letters WHERE message_id = 5")
    assert failed == (2, ended[0].reason, None)
    assert failed[1].startswith("23514")
    async with database.connection() as conn:
        await conn.execute("ALTER TABLE messages DROP CONSTRAINT poison")
    assert [each.outcome for each in await letters.replay(database, None)] == ["replayed"]
    assert await fetch("SELECT text FROM messages ORDER BY message_id") == [("poison",), ("fine",)]


async def test_record_is_committed_as_it_was(database: Any, fetch: Fetch) -> None:
    async with database.connection() as conn:
        await conn.execute("ALTER TABLE users ADD CONSTRAINT poison CHECK (first_name <> 'Poison')")
    await write(database, users=[records.User(user_id=9, first_name="Poison", last_name="Ivy")])
    async with database.connection() as conn:
        await conn.execute("ALTER TABLE users DROP CONSTRAINT poison")
    assert [each.outcome for each in await letters.replay(database, None)] == ["replayed"]
    assert await fetch("SELECT first_name, last_name FROM users") == [("Poison", "Ivy")]


async def test_record_of_a_person_never_replaces_what_was_learned_since(database: Any, fetch: Fetch) -> None:
    async with database.connection() as conn:
        await conn.execute("ALTER TABLE users ADD CONSTRAINT poison CHECK (first_name <> 'Poison')")
    await write(database, users=[records.User(user_id=9, first_name="Poison")])
    await write(database, users=[records.User(user_id=9, first_name="Ivy")])
    async with database.connection() as conn:
        await conn.execute("ALTER TABLE users DROP CONSTRAINT poison")
    assert [each.outcome for each in await letters.replay(database, None)] == ["replayed"]
    assert await fetch("SELECT first_name FROM users") == [("Ivy",)]


@pytest.mark.parametrize(
    ("raw", "layer", "kind", "reason"),
    [
        (b"\xef\xbe\xad\xde" * 4, 231, "message", "layer 231 and cannot be read by this version, which speaks layer"),
        (bytes(types.PeerChannel(5)) + b"more", 229, "update", "cannot be read by this version"),
        (b"", 229, "update", "could not be kept"),
        (b'{"Novelty":{}}', 0, "record", "cannot read back"),
        (bytes(types.UpdateConfig()), 229, "update", "makes no row of a UpdateConfig"),
    ],
    ids=["unknown constructor", "too many bytes", "no bytes", "unknown record", "nothing to store"],
)
async def test_letter_that_this_version_cannot_read_stays_open_and_says_why(
    database: Any, fetch: Fetch, raw: bytes, layer: int, kind: Any, reason: str
) -> None:
    letter = records.DeadLetter(space_id=SPACE, message_id=5, raw=raw, layer=layer, error="?", kind=kind, as_of=10)
    await write(database, dead_letters=[letter])
    (ended,) = await letters.replay(database, None)
    assert ended.outcome == "open"
    assert reason in (ended.reason or "")
    assert await fetch("SELECT error, raw, resolved_at FROM dead_letters") == [(ended.reason, raw, None)]


async def test_letter_of_a_chat_that_is_not_mirrored_any_more_stays_open(database: Any, fetch: Fetch) -> None:
    await receive(database, message("hello"), 10, is_bugged=True)
    async with database.connection() as conn:
        await conn.execute("UPDATE chats SET policy = 'ignore'")
    (ended,) = await letters.replay(database, None)
    assert "not mirrored" in (ended.reason or "")
    assert await fetch("SELECT count(*) FROM messages") == [(0,)]


async def test_private_message_is_seen_with_the_eyes_of_the_account_that_received_it(
    database: Any, fetch: Fetch
) -> None:
    mailbox = identity.mailbox_space(7)
    tl = message("mine", peer=types.PeerUser(8), out=True)
    await receive(database, tl, 10, is_bugged=True, space_id=mailbox)
    assert [each.outcome for each in await letters.replay(database, None, private_chats=True)] == ["replayed"]
    assert await fetch("SELECT chat_id, sender_id, is_outgoing FROM messages") == [(8, 7, True)]


async def test_letter_kept_by_an_earlier_version_overwrites_nothing(database: Any, fetch: Fetch) -> None:
    await receive(database, message("now", edited=3), 10)
    old = records.DeadLetter(space_id=SPACE, message_id=5, raw=bytes(message("once")), layer=229, error="?")
    await write(database, dead_letters=[old])
    await letters.replay(database, None)
    assert await fetch("SELECT text FROM messages") == [("now",)]
    assert await fetch("SELECT text FROM revisions") == [("once",)]


async def test_letters_that_are_closed_or_unknown_are_gone(database: Any, fetch: Fetch) -> None:
    await receive(database, message("hello"), 10, is_bugged=True)
    ((letter_id,),) = await fetch("SELECT letter_id FROM dead_letters")
    async with database.transaction() as conn:
        await dead_letters.discard(conn, [letter_id])
    ended = await letters.replay(database, [letter_id, 999])
    assert [each.outcome for each in ended] == ["gone", "gone"]
    assert await fetch("SELECT count(*) FROM messages") == [(0,)]


async def test_two_replays_at_once_give_one_row(database: Any, fetch: Fetch) -> None:
    await receive(database, message("hello"), 10, is_bugged=True)
    ended = await asyncio.gather(letters.replay(database, None), letters.replay(database, None))
    assert sorted(each.outcome for one in ended for each in one) == ["gone", "replayed"]
    assert await fetch("SELECT count(*) FROM outbox WHERE kind = 'message'") == [(1,)]


async def test_crawler_replays_what_the_web_role_asks_for(database: Any, fetch: Fetch) -> None:
    await receive(database, message("hello"), 10, is_bugged=True)
    serving = asyncio.create_task(letters.serve(database, private_chats=False))
    try:
        async with database.connection() as conn:
            command_id = await commands.submit(conn, letters.COMMAND, {"letter_ids": None}, 60)
            async with asyncio.timeout(30):
                while (ended := await commands.get(conn, command_id)).state != "done":  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    assert [each["outcome"] for each in ended.result["letters"]] == ["replayed"]
    assert await fetch("SELECT text FROM messages") == [("hello",)]


async def test_content_is_shown_as_it_was_received(database: Any, fetch: Fetch) -> None:
    await receive(database, message("hello", media=types.MessageMediaDice(3, "🎲")), 10, is_bugged=True)
    await write(database, users=[records.User(user_id=-1, first_name="Impossible")])
    async with database.connection() as conn:
        page = await dead_letters.list_page(conn)
        shown = [letters.text(*await dead_letters.get(conn, each.letter_id)) for each in page.letters]
    assert '"first_name": "Impossible"' in shown[0]
    assert "message='hello'" in shown[1]
    assert "MessageMediaDice" in shown[1]
