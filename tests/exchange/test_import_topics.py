"""Topics of forums: known from whatever told of them before, and exports of one topic alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.exchange.installed import CHAT, SPACE, Store, crawled, export, known_chat, said, store
from tests.exchange.test_import_places import page

from heliograph.domain import records
from heliograph.exchange.importer import groups

__all__ = ["store"]

PLACES = "SELECT message_id, topic_id, reply_to_message_id FROM messages WHERE message_id = ANY(%s) ORDER BY 1"


def opened(number: int, title: str) -> dict[str, Any]:
    return {**said(number, ""), "type": "service", "action": "topic_created", "title": title}


def alone(folder: Path, messages: list[dict[str, Any]], title: str) -> Path:
    """Write an export of one topic: always of a public supergroup, with the group's id and the topic's title."""
    return export(folder, messages, type="public_supergroup", name=f"{title}/result.json", title=title)


async def title(store: Store) -> str:
    ((found,),) = await store.rows("SELECT title FROM chats WHERE chat_id = %s", CHAT)
    return str(found)


async def test_a_later_export_goes_on_in_the_topics_that_an_earlier_one_opened(store: Store) -> None:
    await store.take(export(store.folder, [opened(10, "Hulls"), said(11, reply_to_message_id=10)]))
    later = [said(12, reply_to_message_id=10), said(13, reply_to_message_id=12), said(14, reply_to_message_id=11)]
    path = export(store.folder, [*later, said(15)], name="later/result.json")
    await store.take(path)
    placed = [(12, 10, None), (13, 10, 12), (14, 10, 11), (15, 1, None)]
    assert await store.rows(PLACES, [12, 13, 14, 15]) == placed
    assert (await store.take(path, is_again=True)).total().known == 4


async def test_an_export_goes_on_in_the_topics_of_a_forum_that_is_mirrored(store: Store) -> None:
    topics = [records.Topic(space_id=SPACE, topic_id=10, title="Hulls")]
    await store.commit(known_chat(), crawled(20, "in hulls", topic_id=10), topics=topics)
    told = [
        said(11, reply_to_message_id=10),
        said(12, reply_to_message_id=11),
        said(13),
        said(21, reply_to_message_id=20),
    ]
    await store.take(export(store.folder, told))
    placed = [(11, 10, None), (12, 10, 11), (13, 1, None), (21, 10, 20)]
    assert await store.rows(PLACES, [11, 12, 13, 21]) == placed


async def test_what_came_before_the_first_topic_is_in_none_however_often_it_is_read(store: Store) -> None:
    path = export(store.folder, [said(9), opened(10, "Hulls"), said(11, reply_to_message_id=10)])
    await store.take(path)
    assert (await store.take(path, is_again=True)).total().known == 3
    assert await store.rows(PLACES, [9, 11]) == [(9, None, None), (11, 10, None)]


@pytest.mark.parametrize("is_known", [True, False], ids=["of a group that is known", "of a group that is not"])
async def test_an_export_of_one_topic_is_in_that_topic_and_gives_the_group_no_title(
    store: Store, is_known: bool
) -> None:
    if is_known:
        await store.take(export(store.folder, [said(1)]))
    renamed = {**said(14, ""), "type": "service", "action": "topic_edit", "new_title": "Boats"}
    told = [opened(10, "Hulls"), said(11, reply_to_message_id=10), said(13, reply_to_message_id=11), renamed]
    done = await store.take(alone(store.folder, told, "Boats"))
    assert await store.rows(PLACES, [11, 13, 14]) == [(11, 10, None), (13, 10, 11), (14, 10, None)]
    called = "Harbour" if is_known else "Boats (one topic)"
    assert ([chat.title for chat in done.sources[0].chats.values()], await title(store)) == ([called], called)
    await store.take(alone(store.folder, [opened(30, "Sails"), said(31, reply_to_message_id=30)], "Sails"))
    assert (await title(store), await store.rows("SELECT kind FROM chats WHERE chat_id = %s", CHAT)) == (
        called,
        [("forum",)],
    )
    await store.take(export(store.folder, [said(1), said(2)], name="whole/result.json"))
    assert await title(store) == "Harbour"


async def test_a_part_of_one_topic_is_known_by_the_topic_that_its_answers_lead_to(store: Store) -> None:
    await store.take(export(store.folder, [opened(10, "Hulls"), said(11, reply_to_message_id=10)]))
    pinned = {**said(22, ""), "type": "service", "action": "pin_message", "message_id": 21}
    await store.take(alone(store.folder, [said(21, reply_to_message_id=11), pinned], "Hulls"))
    assert (await title(store), await store.rows(PLACES, [21, 22])) == ("Harbour", [(21, 10, 11), (22, 10, 21)])


async def test_a_group_is_not_called_by_the_title_of_one_of_its_topics(store: Store) -> None:
    await store.take(export(store.folder, [opened(10, "Hulls"), said(11, reply_to_message_id=10)]))
    for name in ("Hulls", "General"):
        await store.take(alone(store.folder, [said(21), said(22, reply_to_message_id=10)], name))
        assert await title(store) == "Harbour"


async def test_what_may_be_a_part_of_an_unknown_topic_renames_no_group(store: Store) -> None:
    await store.take(export(store.folder, [said(1)]))
    part = [said(21, reply_to_message_id=10), said(22, reply_to_message_id=21)]
    done = await store.take(alone(store.folder, part, "Hulls"))
    assert ([chat.title for chat in done.sources[0].chats.values()], await title(store)) == (["Harbour"], "Harbour")
    assert await store.rows(PLACES, [21, 22]) == [(21, None, 10), (22, None, 21)]


async def test_an_export_of_a_whole_forum_is_not_taken_for_one_topic(store: Store) -> None:
    told = [opened(10, "Hulls"), said(11, reply_to_message_id=10), said(12)]
    await store.take(export(store.folder, told, type="public_supergroup"))
    assert (await title(store), await store.rows(PLACES, [11, 12])) == ("Harbour", [(11, 10, None), (12, 1, None)])


@pytest.mark.parametrize("is_mirrored", [False, True], ids=["that nobody told of", "that was renamed since"])
async def test_a_whole_group_that_begins_in_one_topic_is_not_all_of_it(store: Store, is_mirrored: bool) -> None:
    topics = [records.Topic(space_id=SPACE, topic_id=10, title="Hulls")]
    if is_mirrored:
        await store.commit(known_chat(), crawled(11, "in hulls", topic_id=10), topics=topics)
    first = said(11, "in hulls", reply_to_message_id=10) if is_mirrored else opened(10, "Hulls")
    joined = {**said(9_002, ""), "type": "service", "action": "join_group_by_link", "inviter": "Group"}
    in_hulls = [first, *(said(12 + n, reply_to_message_id=10) for n in range(1_500))]
    told = [*in_hulls, said(9_000), said(9_001, reply_to_message_id=9_000), joined]
    done = await store.take(export(store.folder, told, type="public_supergroup"))
    assert await store.rows(PLACES, [12, 9_000, 9_001, 9_002]) == [
        (12, 10, None),
        (9_000, 1, None),
        (9_001, 1, 9_000),
        (9_002, 1, None),
    ]
    called = "Harbour today" if is_mirrored else "Harbour"
    assert ([chat.title for chat in done.sources[0].chats.values()], await title(store)) == ([called], called)


async def test_a_part_of_an_unknown_topic_that_ended_early_renames_no_group(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "GROUP_ROWS", 20)
    monkeypatch.setattr(groups, "OPENING_MESSAGES", 20)
    await store.take(export(store.folder, [said(1)]))
    stop = asyncio.Event()
    told = [said(number, "x" * 2_000, reply_to_message_id=20) for number in range(21, 1_500)]
    part = alone(store.folder, told, "Hulls")
    await store.take(part, stop=stop, on_progress=lambda progress: stop.set() if progress.messages else None)
    done = await store.take(part)
    assert done.sources[0].is_resumed
    assert ([chat.title for chat in done.sources[0].chats.values()], await title(store)) == (["Harbour"], "Harbour")


async def test_what_telegram_told_of_a_group_stays_whatever_topics_an_export_opens(store: Store) -> None:
    await store.commit(known_chat(kind="supergroup", is_min=True))
    await store.take(export(store.folder, [opened(10, "Hulls"), said(11, reply_to_message_id=10)]))
    assert await store.rows("SELECT kind, is_claimed FROM chats") == [("supergroup", False)]


async def test_readers_are_told_of_a_group_that_a_later_export_makes_a_forum(store: Store) -> None:
    told = "SELECT count(*) FROM outbox WHERE kind = 'chat' AND chat_id = %s"
    await store.take(export(store.folder, [said(20)]))
    ((before,),) = await store.rows(told, CHAT)
    path = export(store.folder, [opened(10, "Hulls")], name="earlier/result.json")
    await store.take(path)
    assert await store.rows("SELECT kind FROM chats") == [("forum",)]
    assert await store.rows(told, CHAT) == [(before + 1,)]
    await store.take(path, is_again=True)
    assert await store.rows(told, CHAT) == [(before + 1,)]


async def test_an_export_of_one_topic_that_ended_early_goes_on_in_it(store: Store) -> None:
    class Stop:
        steps = 2

        def is_set(self) -> bool:
            return self.steps <= 0

    def on_progress(progress: Any) -> None:
        stop.steps -= 1

    stop = Stop()
    told = [said(number, "x" * 6_000, reply_to_message_id=number - 1) for number in range(11, 1_500)]
    last = {**said(1_500, ""), "type": "service", "action": "topic_edit", "new_icon_emoji_id": 5}
    path = alone(store.folder, [opened(10, "Hulls"), *told, last], "Hulls")
    await store.take(path, stop=stop, on_progress=on_progress)
    assert (await store.take(path)).sources[0].is_resumed
    assert await store.rows("SELECT DISTINCT topic_id FROM messages") == [(10,)]
    assert await title(store) == "Hulls (one topic)"


async def test_pages_of_one_topic_give_the_group_no_title(store: Store) -> None:
    await store.take(export(store.folder, [said(1)]))
    first = "Ada created topic «Hulls»"
    pages = page(store.folder / "pages" / "messages.html", "Hulls", ["hello"], first)
    await store.take(pages, chats=(str(CHAT),), is_again=True)
    assert await title(store) == "Harbour"
