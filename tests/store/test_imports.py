"""What exports may and may not do to the archive, on real rows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from heliograph import errors
from heliograph.domain import identity, records
from heliograph.exchange import model
from heliograph.store import commit, import_places, import_progress, import_rows, imports, media
from heliograph.store import database as store_database

WAITING = """
SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE NOT l.granted AND l.locktype = 'advisory' AND a.datname = current_database()
"""
TEXTS = "SELECT text, edit_date FROM revisions ORDER BY edit_date NULLS FIRST, text"


@pytest.fixture
def old(make: Any) -> Any:
    """A message as an export has it."""

    def old_(message_id: int = 1, **given: Any) -> records.Message:
        base = {"as_of": records.IMPORTED_AS_OF, "layer": 0, "raw": b""}
        return make.message(message_id, **(base | given))

    return old_


@pytest.fixture
def fill(database: store_database.Database, make: Any) -> Any:
    """Import messages of one chat in one transaction."""

    async def fill_(*items: Any, chat: records.Chat | None = None) -> imports.Filling:
        filled = [imports.Filled(message=item) if isinstance(item, records.Message) else item for item in items]
        async with database.transaction() as conn:
            return await imports.fill(conn, chat or make.chat(is_min=True), filled)

    return fill_


async def test_unknown_messages_are_stored_below_everything_that_telegram_says(old: Any, fill: Any, fetch: Any) -> None:
    filling = await fill(old(1), old(2, text="two"))
    assert (filling.imported, filling.known) == (2, 0)
    assert await fetch("SELECT message_id, text, as_of, layer, raw FROM messages ORDER BY 1") == [
        (1, "text 1", 0, 0, b""),
        (2, "two", 0, 0, b""),
    ]


async def test_second_import_changes_nothing_and_tells_nobody(old: Any, fill: Any, fetch: Any) -> None:
    rows = [old(n, entities=[["bold", 0, 4]], edit_date=None) for n in range(1, 4)]
    await fill(*rows)
    before = await fetch("SELECT *, ctid FROM messages"), await fetch("SELECT * FROM outbox")
    filling = await fill(*rows)
    assert (filling.imported, filling.known, filling.revisions_added, filling.enriched) == (0, 3, 0, 0)
    assert (await fetch("SELECT *, ctid FROM messages"), await fetch("SELECT * FROM outbox")) == before


async def test_what_telegram_told_stands_and_another_text_is_an_earlier_one(
    make: Any, write: Any, old: Any, fill: Any, fetch: Any
) -> None:
    await write(make.batch(make.chat(), make.message(text="now", edit_date=make.at(60))))
    told = await fetch("SELECT *, ctid FROM messages")
    filling = await fill(old(text="then", edit_date=make.at(30), sender_id=5))
    assert (filling.known, filling.revisions_added) == (0, 1)
    assert await fetch("SELECT *, ctid FROM messages") == told
    assert await fetch(TEXTS) == [("then", make.at(30))]
    again = await fill(old(text="then", edit_date=make.at(40)))
    assert (again.known, again.revisions_added, len(await fetch(TEXTS))) == (1, 0, 1)


async def test_only_the_text_tells_an_imported_version_from_telegrams(
    make: Any, write: Any, old: Any, fill: Any, fetch: Any
) -> None:
    photo = {"kind": "photo", "id": 9}
    await write(make.batch(make.message(text="same", entities=[["bold", 0, 4]], media=photo)))
    assert (await fill(old(text="same", media={"kind": "photo"}))).known == 1
    assert await fetch(TEXTS) == []


async def test_crawl_after_an_import_gives_telegrams_form_and_keeps_another_text(
    make: Any, write: Any, old: Any, fill: Any, fetch: Any
) -> None:
    await fill(old(1, text="same"), old(2, text="then"))
    await write(
        make.batch(
            make.message(1, text="same", entities=[["bold", 0, 4]], sender_id=7),
            make.message(2, text="now"),
            make.chat(),
        )
    )
    assert await fetch("SELECT message_id, text, as_of, sender_id FROM messages ORDER BY 1") == [
        (1, "same", 10, 7),
        (2, "now", 10, None),
    ]
    assert await fetch("SELECT message_id, text FROM revisions") == [(2, "then")]
    assert await fetch("SELECT message_count, status, is_min FROM chats") == [(2, "initializing", False)]


async def test_edit_that_an_import_knew_first_is_no_second_version_when_telegram_tells_it(
    make: Any, write: Any, old: Any, fill: Any, fetch: Any
) -> None:
    await write(make.batch(make.message(text="first", media={"kind": "photo", "id": 9})))
    await fill(old(text="second", edit_date=make.at(60), media={"kind": "photo"}))
    edited = make.message(text="second", as_of=11, edit_date=make.at(60), media={"kind": "photo", "id": 9})
    await write(make.batch(edited))
    assert await fetch("SELECT text FROM messages") == [("second",)]
    assert await fetch("SELECT text FROM revisions") == [("first",)]


async def test_earlier_import_is_replaced_by_a_later_edit_and_kept_as_a_version(
    make: Any, old: Any, fill: Any, fetch: Any
) -> None:
    await fill(old(text="first"))
    filling = await fill(old(text="second", edit_date=make.at(60)))
    assert filling.revisions_added == 1
    assert await fetch("SELECT text, edit_date, text_date FROM messages") == [("second", make.at(60), make.at(60))]
    assert await fetch(TEXTS) == [("first", None)]
    assert (await fill(old(text="first"))).known == 1
    assert len(await fetch(TEXTS)) == 1


async def test_earlier_import_is_completed_without_a_version(make: Any, old: Any, fill: Any, fetch: Any) -> None:
    await fill(old())
    filling = await fill(old(sender_id=5, reply_to_message_id=3, media={"kind": "photo"}, author_signature="A"))
    assert (filling.enriched, filling.revisions_added) == (1, 0)
    assert await fetch("SELECT sender_id, reply_to_message_id, media, author_signature FROM messages") == [
        (5, 3, {"kind": "photo"}, "A")
    ]
    assert await fetch(TEXTS) == []
    assert (await fill(old(sender_id=6))).known == 1
    assert await fetch("SELECT sender_id FROM messages") == [(5,)]


async def test_message_that_the_ledger_knows_to_be_gone_is_stored_as_deleted(
    make: Any, write: Any, old: Any, fill: Any, fetch: Any
) -> None:
    await write(
        make.batch(
            make.chat(),
            make.message(10),
            records.Coverage(
                space_id=make.space, chat_id=make.chat_id, first_id=1, last_id=10, as_of=10, source="backfill"
            ),
            make.tombstone(12, as_of=20),
        )
    )
    ledger = await fetch("SELECT * FROM coverage")
    await fill(old(5), old(10), old(11), old(12))
    assert await fetch("SELECT message_id, deleted_at IS NOT NULL, deleted_as_of FROM messages ORDER BY 1") == [
        (5, True, 0),
        (10, False, None),
        (11, False, None),
        (12, True, 20),
    ]
    assert await fetch("SELECT deleted_count, message_count FROM chats") == [(2, 4)]
    assert await fetch("SELECT * FROM orphan_tombstones") == []
    assert await fetch("SELECT * FROM coverage") == ledger


async def test_dead_letter_is_no_proof_of_emptiness(make: Any, write: Any, old: Any, fill: Any, fetch: Any) -> None:
    letter = records.DeadLetter(space_id=make.space, message_id=5, raw=b"x", layer=1, error="e", chat_id=make.chat_id)
    covered = records.Coverage(
        space_id=make.space, chat_id=make.chat_id, first_id=1, last_id=10, as_of=10, source="backfill"
    )
    await write(make.batch(make.chat(), covered, dead_letters=[letter]))
    await fill(old(5), old(6))
    assert await fetch("SELECT message_id, deleted_at IS NOT NULL FROM messages ORDER BY 1") == [(5, False), (6, True)]


async def test_deletion_of_an_import_is_believed_until_telegram_shows_the_message(
    make: Any, write: Any, old: Any, fill: Any, fetch: Any
) -> None:
    await write(make.batch(make.chat(), make.message(1)))
    gone = [imports.Filled(message=old(n), deleted_at=make.at(99)) for n in (1, 2)]
    await fill(*gone)
    assert await fetch("SELECT message_id, deleted_at FROM messages ORDER BY 1") == [(1, None), (2, make.at(99))]
    await write(make.batch(make.message(2)))
    assert await fetch("SELECT message_id, deleted_at FROM messages ORDER BY 1") == [(1, None), (2, None)]
    assert await fetch("SELECT deleted_count FROM chats") == [(0,)]


async def test_chat_that_only_imports_know_is_inactive_and_counted(make: Any, old: Any, fill: Any, fetch: Any) -> None:
    await fill(old(3), old(9, date=make.at(900)))
    await fill(old(5))
    row = "SELECT status, is_min, title, message_count, deleted_count, last_message_id, last_message_at FROM chats"
    assert await fetch(row) == [("inactive", True, "Chat", 3, 0, 9, make.at(900))]
    events = await fetch("SELECT kind, first_id, last_id, count FROM outbox ORDER BY n")
    assert events == [("chat", None, None, None), ("range", 3, 9, 2), ("range", 5, 5, 1)]


async def test_two_messages_of_one_id_are_one_with_the_later_edit(make: Any, old: Any, fill: Any, fetch: Any) -> None:
    filling = await fill(old(text="a"), old(text="a"), old(text="b", edit_date=make.at(5)))
    assert (filling.imported, filling.known, filling.revisions_added) == (1, 1, 1)
    assert await fetch("SELECT text FROM messages") == [("b",)]
    assert await fetch(TEXTS) == [("a", None)]


async def test_what_cannot_be_stored_is_named_and_costs_nothing_else(old: Any, fill: Any, fetch: Any) -> None:
    filling = await fill(
        old(1), old(2**31), old(2, text="x" * 300_000), old(0), old(3, album_id=2**63), old(4, text="nul \x00")
    )
    assert sorted(filling.refused) == [
        (1, "out_of_range"),
        (2, "text_too_long"),
        (3, "out_of_range"),
        (4, "out_of_range"),
    ]
    assert await fetch("SELECT message_id FROM messages ORDER BY 1") == [(1,), (4,)]


async def test_what_else_search_looks_through_may_not_be_longer_than_a_text(old: Any, fill: Any, fetch: Any) -> None:
    long, half = "x" * 300_000, "x" * 150_000
    filling = await fill(
        old(1, text="", service={"type": "chat_edit_title", "title": long}),
        old(2, text="", media={"kind": "poll", "question": "Who", "options": [half, half]}),
        old(3, text="", media={"kind": "todo", "title": long, "items": []}),
        old(4, text=half, media={"kind": "poll", "question": half, "options": []}),
        old(5, text=half, service={"type": "gift", "text": "For you"}),
        old(6, text="", media={"kind": "photo", "title": long}),
        old(7, text="", service={"type": "gift", "stars": 2**70}),
    )
    assert sorted(filling.refused) == [*((number, "text_too_long") for number in range(4)), (6, "out_of_range")]
    assert await fetch("SELECT message_id FROM messages ORDER BY 1") == [(5,), (6,)]


async def test_longest_text_can_be_searched(old: Any, fill: Any, fetch: Any) -> None:
    words = " ".join(f"{number:x}" for number in range(60_000))
    assert (await fill(old(text=words[: import_rows.MOST_TEXT_BYTES]))).imported == 1
    assert len(await fetch("SELECT 1 FROM messages WHERE to_tsvector('heliograph', text) @@ 'ea'::tsquery")) == 1


async def test_ids_of_another_chat_of_the_mailbox_are_left_alone(make: Any, old: Any, fill: Any, fetch: Any) -> None:
    mailbox = identity.mailbox_space(77)
    one, other = (records.Chat(chat_id=-n, space_id=mailbox, kind="group", title="G") for n in (5, 6))  # type: ignore[arg-type]
    await fill(old(1, space_id=mailbox, chat_id=-5, text="five"), chat=one)
    filling = await fill(old(1, space_id=mailbox, chat_id=-6, text="six", sender_id=3), chat=other)
    assert (filling.imported, filling.elsewhere, filling.known) == (0, 1, 0)
    assert await fetch("SELECT chat_id, text, sender_id FROM messages") == [(-5, "five", None)]
    assert await fetch(TEXTS) == []


async def test_chat_of_another_mailbox_is_refused(make: Any, write: Any, old: Any, fill: Any) -> None:
    mailbox = identity.mailbox_space(77)
    await write(make.batch(make.chat(chat_id=-5, space_id=mailbox, kind="group")))
    other = make.chat(chat_id=-5, space_id=identity.mailbox_space(78), kind="group")
    with pytest.raises(errors.BadInput, match="another account"):
        await fill(old(1, space_id=identity.mailbox_space(78), chat_id=-5), chat=other)


async def test_mailbox_of_its_own_is_the_same_for_the_same_export(database: store_database.Database) -> None:
    async with database.transaction() as conn:
        first = await import_places.own_mailbox(conn, "a")
        other = await import_places.own_mailbox(conn, "b")
        assert await import_places.own_mailbox(conn, "a") == first
        assert first != other
        await conn.execute("UPDATE import_mailboxes SET key = 'c' WHERE key = 'a'")
        # Two keys that would have one place get neighbours.
        assert await import_places.own_mailbox(conn, "a") == (first[0] - 1, first[1] - 1)
    assert identity.split_peer(first[1])[0] == "chat"
    assert first[0] < -(2**62)


# -- what hangs on messages ----------------------------------------------------------------------------------------

FILES = "SELECT message_id, state, sha256, file_id, file_name, size FROM message_media ORDER BY message_id"
DIGEST = b"\x07" * 32


@pytest.fixture
def carrying(database: store_database.Database, old: Any) -> Any:
    """A message with a photo, stored or as the export speaks of it; what is stored is in media storage."""

    async def carrying_(message_id: int = 1, state: Any = "stored", **given: Any) -> imports.Filled:
        is_stored = state == "stored"
        async with database.transaction() as conn:
            await media.save_stored(conn, [media.StoredFile(sha256=DIGEST, size=5, mime_type="image/png")])
        file = imports.FileState(state=state, sha256=DIGEST if is_stored else None, name="a.png", size=5)
        base: dict[str, Any] = {"media": {"kind": "photo"}}
        return imports.Filled(message=old(message_id, **(base | given)), file=file)

    return carrying_


async def test_file_of_an_import_says_where_it_is(carrying: Any, fill: Any, fetch: Any) -> None:
    states = ("stored", "missing", "not_included", "too_large", "unavailable")
    await fill(*[await carrying(number, state) for number, state in enumerate(states, 1)])
    assert await fetch(FILES) == [
        (number, state, DIGEST if state == "stored" else None, None, "a.png", 5)
        for number, state in enumerate(states, 1)
    ]


async def test_file_that_a_later_export_has_is_added(carrying: Any, fill: Any, fetch: Any) -> None:
    await fill(await carrying(state="not_included"))
    await fill(await carrying())
    await fill(await carrying(state="missing"))
    assert await fetch(FILES) == [(1, "stored", DIGEST, None, "a.png", 5)]


@pytest.mark.parametrize(
    ("told", "is_same"),
    [
        ({"kind": "photo", "id": 9}, True),
        ({"kind": "document", "id": 9, "size": 5}, False),
        ({"kind": "photo", "id": 9, "size": 6}, False),
    ],
)
@pytest.mark.parametrize("is_import_first", [True, False])
async def test_imported_file_is_the_messages_where_kind_and_size_agree(
    make: Any, write: Any, carrying: Any, fill: Any, fetch: Any, told: Any, is_same: bool, is_import_first: bool
) -> None:
    told_row = make.batch(make.chat(), make.message(1, media=told))
    if is_import_first:
        await fill(await carrying())
        await write(told_row)
    else:
        await write(told_row)
        await fill(await carrying())
    ((_, state, sha256, file_id, *_),) = await fetch(FILES)
    assert (state, sha256, file_id) == (("stored", DIGEST, 9) if is_same else ("remote", None, 9))


async def test_earlier_texts_of_an_export_are_kept_once(make: Any, old: Any, fill: Any, fetch: Any) -> None:
    earlier = [
        model.Revision(text="one"),
        model.Revision(text="two", edit_date=make.at(5), until_date=make.at(7), entities=[["bold", 0, 3]]),
    ]
    item = imports.Filled(message=old(text="three", edit_date=make.at(9)), revisions=earlier)
    assert (await fill(item)).imported == 1
    again = await fill(item)
    assert (again.known, again.revisions_added) == (1, 0)
    assert await fetch(
        "SELECT text, edit_date, until_date, entities FROM revisions ORDER BY edit_date NULLS FIRST"
    ) == [
        ("one", None, None, None),
        ("two", make.at(5), make.at(7), [["bold", 0, 3]]),
    ]


async def test_earlier_texts_are_added_to_what_telegram_told(
    make: Any, write: Any, old: Any, fill: Any, fetch: Any
) -> None:
    await write(make.batch(make.chat(), make.message(text="now", edit_date=make.at(9))))
    item = imports.Filled(
        message=old(text="now", edit_date=make.at(9)),
        revisions=[model.Revision(text="then"), model.Revision(text="now", edit_date=make.at(9))],
    )
    assert (await fill(item)).revisions_added == 1
    assert await fetch(TEXTS) == [("then", None)]


async def test_counters_are_kept_where_none_are_known(make: Any, write: Any, old: Any, fill: Any, fetch: Any) -> None:
    def sample(number: int, views: int) -> records.Observation:
        return records.Observation(space_id=make.space, message_id=number, observed_at=make.at(500), views=views)

    await write(make.batch(make.chat(), make.message(1), sample(1, 10)))
    await fill(*[imports.Filled(message=old(number), observation=sample(number, 3)) for number in (1, 2)])
    assert await fetch("SELECT message_id, views FROM observations ORDER BY 1") == [(1, 10), (2, 3)]


async def test_names_are_given_to_those_without_one(
    database: store_database.Database, make: Any, write: Any, fetch: Any
) -> None:
    await write(make.batch(records.User(user_id=1, first_name="Aino", last_name="K")))
    names = {identity.user_peer(1): "Somebody", identity.user_peer(2): "Otso", identity.channel_peer(7): "News"}
    for _ in range(2):
        async with database.transaction() as conn:
            await imports.save_names(conn, names)
    assert await fetch("SELECT user_id, first_name, is_min FROM users ORDER BY 1") == [
        (1, "Aino", False),
        (2, "Otso", True),
    ]
    assert await fetch("SELECT chat_id, title, is_min FROM chats") == [(-1_000_000_000_007, "News", True)]


# -- several at once -----------------------------------------------------------------------------------------------


async def test_two_groups_are_written_side_by_side_and_end_in_order(
    database: store_database.Database, make: Any, old: Any, fetch: Any
) -> None:
    chat = make.chat(is_min=True)
    async with database.transaction() as later:
        async with database.transaction() as sooner:
            first = await imports.begin(sooner, chat, [imports.Filled(message=old(1))])
            # Neither waits for the other until they end.
            second = await imports.begin(later, chat, [imports.Filled(message=old(2))])
            await imports.finish(sooner, first)
        await imports.finish(later, second)
    assert await fetch("SELECT message_count, last_message_id FROM chats") == [(2, 2)]
    assert await fetch("SELECT kind, first_id FROM outbox ORDER BY n") == [("chat", None), ("range", 1), ("range", 2)]


async def test_import_waits_for_a_commit_of_the_crawler_in_its_space(
    database: store_database.Database, make: Any, old: Any, fill: Any, fetch: Any
) -> None:
    async with database.transaction() as conn:
        await commit.commit(conn, [make.batch(make.chat(), make.message(1, text="told"))])
        waiting = asyncio.create_task(fill(old(1, text="exported")))
        while (await fetch(WAITING)) == [(0,)]:
            pass
    filling = await waiting
    assert (filling.imported, filling.revisions_added) == (0, 1)
    assert await fetch("SELECT text FROM messages") == [("told",)]


async def test_progress_commits_with_the_rows(
    database: store_database.Database, make: Any, old: Any, fetch: Any
) -> None:
    reached = import_progress.Progress(name="a.zip", position={"byte": 5}, counts={"imported": 1})
    with pytest.raises(RuntimeError):
        async with database.transaction() as conn:
            await imports.fill(conn, make.chat(is_min=True), [imports.Filled(message=old())])
            await import_progress.save(conn, "key", reached)
            raise RuntimeError
    async with database.connection() as conn:
        assert await import_progress.load(conn, "key") is None
        await import_progress.save(conn, "key", reached)
        assert await import_progress.load(conn, "key") == reached
        await import_progress.forget(conn, "key")
        assert await import_progress.load(conn, "key") is None
    assert await fetch("SELECT 1 FROM messages") == []
