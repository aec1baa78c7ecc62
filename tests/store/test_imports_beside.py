"""Whatever reads the archive or decides by it takes an import for what it is: nothing that Telegram told us."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.crawler import directory
from heliograph.domain import identity, records
from heliograph.store import accounts, audits, chats, imports, owed
from heliograph.store import database as store_database
from heliograph.store.reads import chats as read_chats
from heliograph.store.reads import integrity, search, timeline

OWNER, GROUP = 1001, identity.chat_peer(50)
MAILBOX = identity.mailbox_space(OWNER)


@pytest.fixture
def fill(database: store_database.Database, make: Any) -> Any:
    """Import messages of these ids into a chat."""

    async def fill_(*ids: int, chat: records.Chat | None = None) -> None:
        into = chat or make.chat(is_min=True)
        rows = [
            make.message(
                number, as_of=0, layer=0, raw=b"", space_id=into.space_id, chat_id=into.chat_id, text="harbour"
            )
            for number in ids
        ]
        async with database.transaction() as conn:
            await imports.fill(conn, into, [imports.Filled(message=row) for row in rows])

    return fill_


def hole(make: Any, first: int, last: int) -> records.Coverage:
    return records.Coverage(
        space_id=make.space, chat_id=make.chat_id, first_id=first, last_id=last, as_of=0, source="owed"
    )


async def test_chat_that_only_imports_know_can_be_found_read_and_verified(
    database: store_database.Database, make: Any, fill: Any
) -> None:
    await fill(3, 7)
    async with database.connection() as conn:
        (listed,) = await read_chats.list_all(conn)
        assert (listed.title, listed.status, listed.progress) == ("Chat", "inactive", None)
        page = await timeline.newest(conn, await timeline.scope(conn, make.chat_id), 10)
        assert [message.message_id for message in page.messages] == [3, 7]
        assert (await search.search(conn, search.Query(words="harbour"), limit=5)).total == 2
    async with integrity.moment(database) as conn:
        (found,) = (await integrity.survey(conn, is_audited=True)).chats
    assert (found.ids.stored, found.ids.outside, found.ids.empty, found.ids.unaccounted) == (2, 5, 0, 0)
    assert found.warnings == []


async def test_whoever_only_shows_imports_is_not_told_to_follow_telegram(
    database: store_database.Database, fill: Any
) -> None:
    async def warnings() -> list[str]:
        async with integrity.moment(database) as conn:
            return (await integrity.survey(conn, is_audited=True)).warnings

    await fill(3, 7)
    assert await warnings() == []
    async with database.connection() as conn:
        await accounts.save(conn, label="a", user_id=OWNER, dc_id=2, session_ciphertext=b"x", key_id="k")
    assert [each.split(":")[0] for each in await warnings()] == ["No crawler runs"]


async def test_imported_ids_below_the_depth_are_outside_and_owed_by_nobody(
    database: store_database.Database, make: Any, write: Any, fill: Any
) -> None:
    await write(make.batch(make.chat(), make.message(90), hole(make, 80, 99), moves=(make.move(None, 10),)))
    await fill(5, 6, 85)
    async with integrity.moment(database) as conn:
        (found,) = (await integrity.survey(conn, is_audited=False)).chats
    assert (found.ids.stored, found.ids.outside, found.ids.open, found.ids.unaccounted) == (2, 77, 20, 0)


async def test_ids_between_imported_ones_above_telegrams_newest_are_outside_until_telegram_tells(
    database: store_database.Database, make: Any, write: Any, fill: Any
) -> None:
    async def numbers() -> tuple[int | None, ...]:
        async with integrity.moment(database) as conn:
            (found,) = (await integrity.survey(conn, is_audited=False)).chats
        ids = found.ids
        assert (found.coverage == 1.0) == found.is_complete == (ids.open == 0)
        return ids.stored, ids.empty, ids.outside, ids.open, ids.unaccounted

    covered = records.Coverage(
        space_id=make.space, chat_id=make.chat_id, first_id=1, last_id=4, as_of=0, source="backfill"
    )
    await write(make.batch(make.chat(), make.message(3), covered, moves=(make.move(None, 10),)))
    await write(make.batch(make.message(6)))
    assert await numbers() == (2, 4, 0, 0, 0)
    await fill(9, 12)
    assert await numbers() == (4, 4, 4, 0, 0)
    # A deletion is told as well as a message.
    await write(make.batch(make.tombstone(10)))
    assert await numbers() == (4, 6, 1, 0, 0)
    await write(make.batch(hole(make, 5, 13)))
    assert await numbers() == (1, 3, 0, 9, 0)
    await fill(16)
    assert await numbers() == (2, 3, 2, 9, 0)
    await write(make.batch(make.message(17, as_of=30)))
    assert await numbers() == (3, 5, 0, 9, 0)


async def test_without_history_nobody_asks_for_what_is_older_than_telegrams_first_word(
    database: store_database.Database, make: Any, write: Any, fill: Any
) -> None:
    async def wanted() -> list[tuple[int, int]]:
        async with database.connection() as conn:
            found = await owed.holes(conn, make.space, busy=[], history=False, limit=10)
        return [(each.first_id, each.last_id) for each in found]

    await fill(2, 3)
    await write(make.batch(make.chat(), hole(make, 1, 9)))
    assert await wanted() == []
    await write(make.batch(make.message(8)))
    await fill(4)
    assert await wanted() == [(8, 9)]


async def test_lowest_id_is_the_lowest_that_telegram_told(
    database: store_database.Database, make: Any, write: Any, fill: Any
) -> None:
    async def lowest() -> int:
        async with database.connection() as conn:
            return await owed.lowest(conn, make.space)

    await write(make.batch(make.chat(), make.message(8)))
    assert await lowest() == 8
    await fill(2, 3, 4)
    assert await lowest() == 8
    await write(make.batch(make.message(3)))
    assert await lowest() == 3


async def test_group_that_only_an_import_knows_is_no_loss_when_its_account_has_left_it(
    database: store_database.Database, make: Any, write: Any, fetch: Any, fill: Any
) -> None:
    async with database.connection() as conn:
        account = await accounts.save(conn, label="a", user_id=OWNER, dc_id=2, session_ciphertext=b"x", key_id="k")
    group = make.chat(chat_id=GROUP, space_id=MAILBOX, kind="group")
    await fill(1, chat=group)
    left = records.Access(account_id=account, peer_id=GROUP, access_hash=None, role="left")
    await write(make.batch(make.chat(chat_id=GROUP, space_id=MAILBOX, kind="group", is_left=True), left))
    assert await fetch("SELECT reason FROM known_losses") == []
    assert await fetch("SELECT status FROM chats") == [("inactive",)]


async def test_imported_private_chats_are_mirrored_from_nowhere(
    database: store_database.Database, make: Any, write: Any, fill: Any
) -> None:
    person = make.chat(chat_id=identity.user_peer(5), space_id=MAILBOX, kind="private")
    await fill(1, chat=person)
    async with database.connection() as conn:
        assert await chats.private_mailboxes(conn) == set()
    await write(make.batch(make.message(1, space_id=MAILBOX, chat_id=5)))
    async with database.connection() as conn:
        assert await chats.private_mailboxes(conn) == {MAILBOX}


async def test_chat_that_no_account_reads_is_not_audited(
    database: store_database.Database, make: Any, fetch: Any, fill: Any
) -> None:
    await fill(1, 2)
    await fetch("UPDATE chats SET created_at = now() - interval '3 years' RETURNING 1")
    async with database.connection() as conn:
        assert await audits.next_round(conn, [make.chat_id]) is None
    async with integrity.moment(database) as conn:
        (found,) = (await integrity.survey(conn, is_audited=True)).chats
    assert found.audits == []


async def test_export_of_somebody_else_gives_way_to_the_account_that_mirrors_the_group(
    database: store_database.Database, make: Any, write: Any, fetch: Any, fill: Any
) -> None:
    stranger = make.chat(chat_id=GROUP, space_id=identity.mailbox_space(2002), kind="group", title="Copy")
    await fill(1, 2, chat=stranger)
    known = directory.Directory()
    async with database.connection() as conn:
        for row in await chats.load(conn):
            known.load(row)
    assert known.wants(MAILBOX, GROUP)
    ours = make.chat(chat_id=GROUP, space_id=MAILBOX, kind="group", title="Group")
    await write(make.batch(ours, make.message(1, space_id=MAILBOX, chat_id=GROUP, text="ours")))
    ((copy, space, title, count), mirrored) = await fetch(
        "SELECT chat_id, space_id, title, message_count FROM chats ORDER BY title"
    )
    assert (space, title, count) == (identity.mailbox_space(2002), "Copy", 2)
    assert mirrored == (GROUP, MAILBOX, "Group", 1)
    assert await fetch("SELECT chat_id, text FROM messages ORDER BY text, message_id") == [
        (copy, "harbour"),
        (copy, "harbour"),
        (GROUP, "ours"),
    ]
    assert identity.split_peer(copy)[1] > 5 * 10**11


async def test_import_into_an_accounts_own_mailbox_stays_there(
    database: store_database.Database, make: Any, write: Any, fetch: Any, fill: Any
) -> None:
    async with database.connection() as conn:
        await accounts.save(conn, label="a", user_id=OWNER, dc_id=2, session_ciphertext=b"x", key_id="k")
    await fill(1, chat=make.chat(chat_id=GROUP, space_id=MAILBOX, kind="group"))
    await write(make.batch(make.chat(chat_id=GROUP, space_id=identity.mailbox_space(2002), kind="group")))
    assert await fetch("SELECT chat_id, space_id FROM chats") == [(GROUP, MAILBOX)]
    known = directory.Directory()
    async with database.connection() as conn:
        for row in await chats.load(conn):
            known.load(row)
    assert not known.wants(identity.mailbox_space(2002), GROUP)
