"""Basic groups whose mailbox falls silent: each absence is one known loss, from its beginning to its end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from heliograph.domain import identity, records
from heliograph.store import accounts, mailboxes, migrations

OWNER, OTHER = 1001, 1002
MAILBOX = identity.mailbox_space(OWNER)
FIRST, SECOND = identity.chat_peer(50), identity.chat_peer(51)
GROUPS = (FIRST, SECOND)
LOSSES = "SELECT reason, from_pts, to_pts, since FROM known_losses ORDER BY loss_id"
CHATS = "SELECT status, last_error FROM chats WHERE chat_id = ANY(%s) ORDER BY chat_id DESC"
WAITING = """
SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE NOT l.granted AND a.datname = current_database()
"""
CURSOR_AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
async def members(database):
    """The account whose mailbox mirrors the groups, and another one."""
    async with database.connection() as conn:
        return [
            await accounts.save(conn, label=str(user_id), user_id=user_id, dc_id=2, session_ciphertext=b"x", key_id="k")
            for user_id in (OWNER, OTHER)
        ]


@pytest.fixture
def described(make):
    """A batch that says which role an account has in groups."""

    def describe(account_id, role, *groups):
        is_left = role in ("left", "banned")
        chats = [make.chat(chat_id=each, space_id=MAILBOX, kind="group", is_left=is_left) for each in groups]
        roles = [records.Access(account_id=account_id, peer_id=each, access_hash=None, role=role) for each in groups]
        return make.batch(*chats, *roles)

    return describe


@pytest.fixture
def stand(write, fetch):
    """Put the mailbox's cursor somewhere."""

    async def put(pts):
        rows = await fetch("SELECT pts, date FROM box_cursors WHERE box = %s", MAILBOX)
        before = records.BoxState(pts=rows[0][0], date=rows[0][1]) if rows else None
        after = records.BoxState(pts=pts, date=int(CURSOR_AT.timestamp()))
        await write(
            records.Batch(
                origin="live", moves=(records.CursorMove(box=MAILBOX, from_state=before, to_state=after, epoch=1),)
            )
        )

    return put


@pytest.fixture
async def mirrored(make, write, described, stand, members):
    """Both groups with a message each and all of their history; the cursor is at 10."""
    await write(described(members[0], "member", *GROUPS))
    messages = [make.message(index, space_id=MAILBOX, chat_id=each) for index, each in enumerate(GROUPS, 1)]
    await write(make.batch(*messages))
    for each in GROUPS:
        progress = records.BackfillProgress(
            chat_id=each, space_id=MAILBOX, next_id=9, done=1, total=1, is_complete=True, since=None
        )
        await write(records.Batch(origin="backfill", progress=progress))
    await stand(10)
    return members


async def test_role_that_ends_commits_with_the_loss_that_it_means(mirrored, write, fetch, described):
    await write(described(mirrored[0], "left", FIRST), described(mirrored[0], "banned", SECOND))
    assert await fetch(LOSSES) == [(f"left:{each}", 10, mailboxes.OPEN, CURSOR_AT) for each in sorted(GROUPS)]
    assert await fetch(CHATS, list(GROUPS)) == [("inactive", mailboxes.LEFT)] * 2


async def test_absence_is_counted_once_however_often_it_is_told(mirrored, write, fetch, stand, described):
    for pts in (11, 12, 13):
        await write(described(mirrored[0], "left", FIRST))
        await stand(pts)
    assert len(await fetch(LOSSES)) == 1


async def test_return_ends_the_loss_and_the_next_absence_is_another_one(mirrored, write, fetch, stand, described):
    await write(described(mirrored[0], "left", FIRST))
    await stand(20)
    await write(described(mirrored[0], "member", FIRST))
    assert await fetch(CHATS, [FIRST]) == [("active", None)]
    await stand(30)
    await write(described(mirrored[0], "left", FIRST))
    assert [row[1:3] for row in await fetch(LOSSES)] == [(10, 20), (30, mailboxes.OPEN)]


async def test_absences_at_one_cursor_are_one_loss(mirrored, write, fetch, described):
    for role in ("left", "member", "left", "member"):
        await write(described(mirrored[0], role, FIRST))
    assert [row[1:3] for row in await fetch(LOSSES)] == [(10, 10)]


async def test_group_that_was_never_mirrored_is_no_loss(members, write, fetch, stand, described):
    await stand(10)
    await write(described(members[0], "left", FIRST))
    assert await fetch(LOSSES) == []


async def test_group_that_became_a_supergroup_is_no_loss(mirrored, make, write, fetch):
    moved = make.chat(
        chat_id=FIRST, space_id=MAILBOX, kind="group", is_left=True, migrated_to_chat_id=identity.channel_peer(9)
    )
    role = records.Access(account_id=mirrored[0], peer_id=FIRST, access_hash=None, role="left")
    await write(make.batch(moved, role))
    assert await fetch(LOSSES) == []


async def test_account_that_does_not_mirror_a_group_neither_loses_nor_reopens_it(mirrored, write, fetch, described):
    await write(described(mirrored[1], "member", FIRST))
    await write(described(mirrored[1], "left", FIRST))
    assert await fetch(LOSSES) == []
    await write(described(mirrored[0], "left", FIRST))
    await write(described(mirrored[1], "member", FIRST))
    assert await fetch(CHATS, [FIRST]) == [("inactive", mailboxes.LEFT)]
    assert [row[2] for row in await fetch(LOSSES)] == [mailboxes.OPEN]


async def test_page_is_told_of_a_group_that_is_lost(mirrored, write, fetch, described):
    await write(described(mirrored[1], "member", FIRST))
    before = (await fetch("SELECT n FROM outbox_counter"))[0][0]
    await write(described(mirrored[0], "left", FIRST))
    assert await fetch("SELECT kind, chat_id FROM outbox WHERE n > %s", before) == [("chat", FIRST)]


async def test_start_records_what_an_earlier_version_left_unrecorded(mirrored, database, write, fetch, described):
    await write(described(mirrored[0], "left", *GROUPS))
    async with database.connection() as conn:
        await conn.execute("DELETE FROM known_losses")
        await conn.execute("UPDATE chats SET last_error = NULL")
    for _ in range(2):
        async with database.transaction() as conn:
            await mailboxes.reopen(conn, MAILBOX)
    # The cursor has moved on since; what is certain is the group's last message.
    dates = await fetch("SELECT last_message_at FROM chats ORDER BY chat_id")
    assert await fetch(LOSSES) == [
        (f"left:{each}", 10, mailboxes.OPEN, date) for each, (date,) in zip(sorted(GROUPS), dates, strict=True)
    ]
    assert await fetch(CHATS, list(GROUPS)) == [("inactive", mailboxes.LEFT)] * 2


async def test_losses_of_an_earlier_version_that_go_on_are_told_from_those_that_are_over(
    mirrored, database, write, fetch, described
):
    await write(described(mirrored[0], "left", FIRST))
    async with database.connection() as conn:
        await conn.execute("DELETE FROM known_losses")
        await conn.execute("DROP INDEX known_losses_open")
        for pts, group in ((3, FIRST), (5, FIRST), (4, SECOND)):
            await conn.execute(
                "INSERT INTO known_losses (space_id, from_pts, to_pts, reason, noticed_at)"
                " VALUES (%s, %s, %s, %s, now())",
                [MAILBOX, pts, pts, f"left:{group}"],
            )
        await conn.execute((Path(migrations.__file__).parent / "versions" / "0003_open_losses.sql").read_text())
        async with conn.transaction():
            await mailboxes.reopen(conn, MAILBOX)
    assert [row[1:3] for row in await fetch(LOSSES)] == [(3, 3), (5, mailboxes.OPEN), (4, 4)]


async def test_loss_of_an_ended_session_begins_at_the_cursors_date(mirrored, database, fetch):
    async with database.transaction() as conn:
        await mailboxes.close(conn, MAILBOX, error="signed out")
    assert await fetch(LOSSES) == [(f"session_ended:{each}", 10, mailboxes.OPEN, CURSOR_AT) for each in GROUPS]
    assert await fetch(CHATS, list(GROUPS)) == [("inactive", "signed out")] * 2


async def test_groups_of_an_ended_session_are_mirrored_again_when_it_is_back(
    mirrored, database, write, fetch, described
):
    async with database.transaction() as conn:
        await mailboxes.close(conn, MAILBOX, error="signed out")
    await write(described(mirrored[1], "member", FIRST))
    assert await fetch(CHATS, list(GROUPS)) == [("inactive", "signed out")] * 2
    async with database.transaction() as conn:
        await mailboxes.reopen(conn, MAILBOX)
    assert await fetch(LOSSES) == []
    assert await fetch(CHATS, list(GROUPS)) == [("active", None)] * 2


async def test_closing_a_mailbox_and_a_commit_take_turns(mirrored, make, database, write, fetch):
    """Regression: one held the outbox counter and wanted a chat's row, the other the reverse."""

    async def close():
        async with database.transaction() as conn:
            await mailboxes.close(conn, MAILBOX, error="signed out")

    async def until_waiting(count):
        async with asyncio.timeout(20):
            while True:
                if (await fetch(WAITING))[0][0] >= count:
                    return

    async with database.connection() as conn:
        async with conn.transaction():
            await conn.execute("SELECT FROM outbox_counter FOR UPDATE")
            closing = asyncio.create_task(close())
            await until_waiting(1)
            last = make.message(9, space_id=MAILBOX, chat_id=max(GROUPS))
            writing = asyncio.create_task(write(make.batch(last)))
            await until_waiting(2)
        await asyncio.gather(closing, writing)
    assert await fetch(CHATS, list(GROUPS)) == [("inactive", "signed out")] * 2
