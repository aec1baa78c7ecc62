"""Reading whole chats: everything in the order of ids, by filters, as one moment saw it."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.conftest import Rows

from heliograph import errors
from heliograph.store.database import Database
from heliograph.store.reads import export, exported, messages

CHAT = -1_001_500_000_001
GROUP = -77
EDIT = datetime(2026, 3, 2, tzinfo=UTC)


async def all_of(database: Database, chat_id: int = CHAT, **wanted: Any) -> list[exported.ExportedMessage]:
    """Return an export's messages; ``with_…`` are options and everything else is a filter."""
    options = {name: wanted.pop(name) for name in list(wanted) if name.startswith("with_")}
    (chat,) = await export.chats(database, [chat_id])
    found: list[exported.ExportedMessage] = []
    async for page in export.pages(database, chat, export.Filter(**wanted), **options):
        found += page
    assert await export.count(database, chat, export.Filter(**wanted)) == len(found)
    return found


async def ids_of(database: Database, **wanted: Any) -> list[int]:
    return [each.message.message_id for each in await all_of(database, **wanted)]


async def test_messages_come_once_and_in_the_order_of_their_ids(
    database: Database, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", 2)
    await rows.chat(CHAT)
    for message_id in (5, 1, 4, 2, 3):
        await rows.message(CHAT, message_id, f"text {message_id}")
    assert [each.message.text for each in await all_of(database)] == [f"text {each}" for each in range(1, 6)]


async def test_basic_group_is_only_its_own_part_of_the_mailbox(database: Database, rows: Rows) -> None:
    await rows.chat(GROUP, kind="group")
    await rows.chat(-78, kind="group")
    await rows.message(GROUP, 1)
    await rows.message(-78, 2)
    assert [each.message.message_id for each in await all_of(database, GROUP)] == [1]


async def test_message_brings_all_that_is_known_of_it(database: Database, rows: Rows) -> None:
    space = await rows.chat(CHAT)
    await rows.user(11, "Aino", last_name="Virta", username="aino")
    await rows.chat(-1_001_500_000_002, title="Source", policy="ignore")
    await rows.message(
        CHAT,
        1,
        "Hello",
        sender_id=11,
        edit_date=EDIT,
        entities=[["bold", 0, 5]],
        forward={"from_id": -1_001_500_000_002, "date": 1},
        media={"kind": "document", "id": 9, "file_name": "plan.pdf", "size": 12, "mime_type": "application/pdf"},
        deleted_at=EDIT + timedelta(days=1),
        deleted_as_of=3,
    )
    sha256 = bytes(range(32))
    await rows.insert("media", {"sha256": sha256, "size": 12, "mime_type": "application/pdf"})
    file = {"space_id": space, "message_id": 1, "file_id": 9, "kind": "document", "sha256": sha256, "state": "stored"}
    await rows.insert("message_media", file)
    sample = {
        "space_id": space,
        "message_id": 1,
        "observed_at": EDIT,
        "views": 7,
        "reactions": [{"emoji": "👍", "count": 2}],
    }
    await rows.insert("observations", sample)
    (found,) = await all_of(database)
    assert found.message.entities == [["bold", 0, 5]]
    assert found.message.edit_date == found.edited_at == EDIT
    assert found.sender == exported.Person(
        peer_id=11, name="Aino Virta", username="aino", first_name="Aino", last_name="Virta"
    )
    assert found.people[-1_001_500_000_002].name == "Source"
    assert found.deleted_at == EDIT + timedelta(days=1)
    assert found.file is not None
    assert (found.file.state, found.file.sha256, found.file.size, found.file.name) == ("stored", sha256, 12, "plan.pdf")
    assert found.observation is not None
    assert (found.observation.views, found.observation.reactions) == (7, [{"emoji": "👍", "count": 2}])


async def test_revisions_and_earlier_counters_come_on_request_oldest_first(database: Database, rows: Rows) -> None:
    space = await rows.chat(CHAT)
    for message_id in (1, 2):
        await rows.message(CHAT, message_id, "now", edit_date=EDIT)
    for number, (text, edited) in enumerate([("second", EDIT - timedelta(hours=1)), ("first", None)]):
        row = {"space_id": space, "message_id": 2, "edit_date": edited, "fingerprint": number, "as_of": 1}
        await rows.insert("revisions", {**row, "text": text, "stored_at": EDIT})
        sample = {"space_id": space, "message_id": 2, "views": 10 - number}
        await rows.insert("observation_history", {**sample, "observed_at": EDIT - timedelta(hours=number)})
    first, second = await all_of(database, with_revisions=True, with_observations=True)
    assert not first.revisions and not first.observations
    assert [each.text for each in second.revisions] == ["first", "second"]
    assert [each.views for each in second.observations] == [9, 10]
    assert not (await all_of(database))[1].revisions


async def test_filters_leave_out_what_is_not_wanted(database: Database, rows: Rows) -> None:
    await rows.chat(CHAT)
    await rows.message(CHAT, 1, "The harbour is closed", sender_id=11)
    await rows.message(CHAT, 2, "open", sender_id=12, edit_date=EDIT)
    await rows.message(CHAT, 3, "", media={"kind": "photo", "id": 1}, topic_id=40)
    await rows.message(CHAT, 4, "", service={"type": "pin_message"})
    await rows.message(CHAT, 5, "gone", deleted_at=EDIT, deleted_as_of=3)
    at = rows.moment + timedelta(minutes=3)
    wanted: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [1, 2, 3, 4, 5]),
        ({"since": at}, [3, 4, 5]),
        ({"until": at}, [1, 2]),
        ({"sender_id": 12}, [2]),
        ({"topic_id": 40}, [3]),
        ({"kind": "photo"}, [3]),
        ({"kind": "media"}, [3]),
        ({"kind": "service"}, [4]),
        ({"kind": "text"}, [1, 2, 5]),
        ({"is_edited": True}, [2]),
        ({"is_edited": False}, [1, 3, 4, 5]),
        ({"is_deleted": True}, [5]),
        ({"is_deleted": False}, [1, 2, 3, 4]),
        ({"words": "HARBOUR"}, [1]),
        ({"words": "harbour", "sender_id": 12}, []),
    ]
    for filters, ids in wanted:
        assert await ids_of(database, **filters) == ids, filters


@pytest.mark.parametrize(("kind", "ids"), [("supergroup", [1, 2, 6]), ("channel", [1, 2, 3, 4, 6])])
async def test_sender_may_be_the_chat_itself_which_has_no_sender(
    database: Database, rows: Rows, kind: str, ids: list[int]
) -> None:
    await rows.chat(CHAT, kind=kind)
    await rows.message(CHAT, 1, "a post, or an anonymous admin's", author_signature="the boss")
    await rows.message(CHAT, 2, "the same from JSON", author_signature="the boss", as_of=-2)
    await rows.message(CHAT, 3, "by somebody whom a page names", author_signature="Ada", as_of=-3)
    await rows.message(CHAT, 4, "by a deleted account on a page", as_of=-1)
    await rows.message(CHAT, 5, "by somebody", sender_id=11)
    await rows.message(CHAT, 6, "with its id", sender_id=CHAT)
    assert await ids_of(database, sender_id=CHAT) == ids
    assert await ids_of(database, sender_id=11) == [5]


async def test_edit_that_telegram_hides_counts_only_where_the_text_changed(
    database: Database, make: Any, write: Any
) -> None:
    def told(message_id: int, text: str, at: int | None, **more: Any) -> Any:
        edit_date = None if at is None else make.at(at)
        return make.message(message_id, text=text, as_of=10 + (at or 0), edit_date=edit_date, **more)

    await write(make.batch(make.chat()))
    for message_id, versions in enumerate(
        [
            [("met after a hidden edit", 5, True)],
            [("and hidden again", 5, True), ("and hidden again", 6, True)],
            [("counted", None, False), ("counted", 5, True)],
            [("before", None, False), ("after", 5, False), ("after", 6, True)],
            [("seen edited", 5, False)],
        ],
        1,
    ):
        for text, at, is_hidden in versions:
            await write(make.batch(told(message_id, text, at, is_edit_hidden=is_hidden)))
    found = {each.message.message_id: each.edited_at for each in await all_of(database, make.chat_id)}
    assert found == {1: None, 2: None, 3: None, 4: make.at(5), 5: make.at(5)}
    assert await ids_of(database, is_edited=True) == [4, 5]
    async with database.connection() as conn:
        shown = await messages.by_keys(conn, [(make.space, message_id) for message_id in found])
    assert {message_id: each.edited_at for (_, message_id), each in shown.items()} == found


async def test_what_is_committed_meanwhile_does_not_show(
    database: Database, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", 1)
    space = await rows.chat(CHAT)
    await rows.message(CHAT, 1, "before")
    await rows.message(CHAT, 3, "before")
    (chat,) = await export.chats(database, [CHAT])
    async with aclosing(export.row_pages(database, chat, export.Filter(), with_revisions=True)) as pages:
        found = [await anext(pages)]
        await rows.message(CHAT, 2, "meanwhile")
        async with database.connection() as conn:
            await conn.execute("UPDATE messages SET text = 'after'")
        row = {"space_id": space, "message_id": 3, "fingerprint": 1, "as_of": 1, "stored_at": EDIT}
        await rows.insert("revisions", {**row, "text": "before"})
        found += [page async for page in pages]
    assert [page.rows[0][exported.AT["text"]] for page in found] == ["before", "before"]
    assert not any(page.revisions for page in found)


async def test_export_that_is_left_early_gives_its_connection_back(
    database: Database, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE_ROWS", 1)
    await rows.chat(CHAT)
    for message_id in (1, 2):
        await rows.message(CHAT, message_id)
    (chat,) = await export.chats(database, [CHAT])
    async with aclosing(export.row_pages(database, chat, export.Filter())) as pages:
        await anext(pages)
        assert database.pool.get_stats()["pool_available"] < database.pool.get_stats()["pool_size"]
    assert database.pool.get_stats()["pool_available"] == database.pool.get_stats()["pool_size"]


async def test_all_chats_are_those_that_the_list_shows_in_the_order_of_ids(database: Database, rows: Rows) -> None:
    for chat_id, policy in ((GROUP, "mirror"), (CHAT, "mirror"), (-1_001_500_000_009, "ignore")):
        await rows.chat(chat_id, kind="group" if chat_id == GROUP else "supergroup", policy=policy)
        await rows.message(chat_id, 1)
    await rows.chat(-1_001_500_000_005)
    await rows.insert("topics", {"space_id": 1_500_000_001, "topic_id": 4, "title": "Boats"})
    found = await export.chats(database)
    assert [each.chat_id for each in found] == [CHAT, GROUP]
    assert [each.title for each in found[0].topics] == ["Boats"]


async def test_unknown_chat_is_refused_by_its_id(database: Database) -> None:
    with pytest.raises(errors.NotFound, match="-5"):
        await export.chats(database, [-5])


def test_unknown_kind_is_refused_with_those_that_exist() -> None:
    with pytest.raises(errors.BadInput, match="photo"):
        export.Filter(kind="hologram")
