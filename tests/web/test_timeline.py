"""Pages of a chat: both ways, around an id, from a date, by topic, without gaps or repetitions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heliograph.web import schemas

CHAT = -1_000_000_000_042
MESSAGES = f"/api/chats/{CHAT}/messages"


@pytest.fixture
async def thirty(rows: Any) -> list[int]:
    """A channel with every third id taken, from 3 to 90."""
    await rows.chat(CHAT)
    ids = list(range(3, 91, 3))
    for each in ids:
        await rows.message(CHAT, each, f"message {each}")
    return ids


def ids(page: schemas.MessagePage) -> list[int]:
    return [message.message_id for message in page.messages]


async def test_first_page_is_the_newest_oldest_first(api: Any, thirty: list[int]) -> None:
    page = await api.get(schemas.MessagePage, MESSAGES, limit=10)
    assert ids(page) == thirty[-10:]
    assert (page.before, page.after) == (thirty[-10], None)


async def test_going_back_reaches_the_beginning_without_gap_or_repetition(api: Any, thirty: list[int]) -> None:
    seen: list[int] = []
    page = await api.get(schemas.MessagePage, MESSAGES, limit=7)
    while True:
        seen = ids(page) + seen
        if page.before is None:
            break
        page = await api.get(schemas.MessagePage, MESSAGES, limit=7, before=page.before)
        assert page.after == ids(page)[-1]
    assert seen == thirty


async def test_going_on_reaches_the_end_without_gap_or_repetition(api: Any, thirty: list[int]) -> None:
    seen: list[int] = []
    page = await api.get(schemas.MessagePage, MESSAGES, limit=7, after=0)
    while True:
        seen += ids(page)
        if page.after is None:
            break
        page = await api.get(schemas.MessagePage, MESSAGES, limit=7, after=page.after)
        assert page.before == ids(page)[0]
    assert seen == thirty


@pytest.mark.parametrize("at", [3, 6, 45, 87, 90])
async def test_around_lands_on_the_message(api: Any, thirty: list[int], at: int) -> None:
    page = await api.get(schemas.MessagePage, MESSAGES, limit=9, around=at)
    assert page.anchor == at
    assert at in ids(page)
    assert len(ids(page)) == 9
    assert ids(page) == [each for each in thirty if ids(page)[0] <= each <= ids(page)[-1]]


async def test_around_a_missing_id_lands_next_to_it(api: Any, thirty: list[int]) -> None:
    assert (await api.get(schemas.MessagePage, MESSAGES, around=44)).anchor == 45
    assert (await api.get(schemas.MessagePage, MESSAGES, around=4000)).anchor == 90


async def test_date_lands_on_the_first_message_not_before(api: Any, rows: Any, thirty: list[int]) -> None:
    date = rows.moment + timedelta(minutes=43)
    page = await api.get(schemas.MessagePage, MESSAGES, date=date.isoformat(), limit=4)
    assert page.anchor == 45
    beyond = await api.get(schemas.MessagePage, MESSAGES, date="2030-01-01", limit=4)
    assert (beyond.anchor, ids(beyond)) == (None, thirty[-4:])


async def test_topic_is_a_timeline_of_its_own(api: Any, rows: Any, thirty: list[int]) -> None:
    for each in (100, 101, 102, 103):
        await rows.message(CHAT, each, topic_id=7 if each % 2 else 1)
    page = await api.get(schemas.MessagePage, MESSAGES, topic=7, limit=1)
    assert (ids(page), page.before) == ([103], 103)
    page = await api.get(schemas.MessagePage, MESSAGES, topic=7, before=103)
    assert (ids(page), page.before, page.after) == ([101], None, 101)


async def test_basic_groups_of_one_mailbox_are_apart(api: Any, rows: Any) -> None:
    await rows.chat(-11, kind="group")
    await rows.chat(-12, kind="group")
    for each in range(1, 11):
        await rows.message(-11 if each % 2 else -12, each)
    page = await api.get(schemas.MessagePage, "/api/chats/-11/messages", limit=3)
    assert ids(page) == [5, 7, 9]
    page = await api.get(schemas.MessagePage, "/api/chats/-11/messages", limit=3, before=page.before)
    assert (ids(page), page.before) == ([1, 3], None)
    await api.problem("/api/messages/-11/2")


async def test_two_cursors_are_refused(api: Any, thirty: list[int]) -> None:
    assert (await api.problem(MESSAGES, before=3, after=9))["status"] == 422


async def test_empty_chat_has_an_empty_page(api: Any, rows: Any) -> None:
    await rows.chat(CHAT)
    for query in ({}, {"before": 5}, {"after": 5}, {"around": 5}, {"date": "2026-01-01"}):
        page = await api.get(schemas.MessagePage, MESSAGES, **query)
        assert page == schemas.MessagePage(messages=[], before=None, after=None)


async def test_unknown_chat_is_a_problem(api: Any) -> None:
    assert (await api.problem(MESSAGES))["status"] == 404


async def test_message_comes_with_all_that_surrounds_it(api: Any, rows: Any) -> None:
    space = await rows.chat(CHAT)
    await rows.user(5, "Aino", last_name="Kivi", username="aino")
    await rows.user(6, "Ivo", is_bot=True)
    await rows.message(CHAT, 1, "the question", sender_id=6, deleted_at=rows.moment, deleted_as_of=9)
    await rows.message(
        CHAT,
        2,
        "see this 😀 link",
        sender_id=5,
        entities=[["text_url", 4, 4, "https://example.org/"], ["custom_emoji", 9, 2, 2**62], ["bold", 0, 3]],
        reply_to_message_id=1,
        reply_quote="question",
        album_id=2**62 + 1,
        media={"kind": "photo", "id": 2**62 + 3, "width": 8, "height": 6},
        forward={"from_name": "Somebody", "date": 5},
        edit_date=rows.moment,
        text_date=rows.moment,
    )
    version = {"space_id": space, "message_id": 2, "fingerprint": 1, "as_of": 1, "stored_at": rows.moment}
    await rows.insert("revisions", {**version, "text": "see that"})
    counts = {"space_id": space, "message_id": 2, "observed_at": rows.moment, "views": 12, "forwards": 3, "replies": 0}
    reactions = [{"emoji": "👍", "count": 2}, {"custom_emoji_id": 2**62, "count": 1}, {"is_paid": True, "count": 3}]
    reactions.append({"custom_emoji_id": None, "count": 4})
    await rows.insert("observations", {**counts, "reactions": reactions})
    message = await api.get(schemas.Message, f"/api/messages/{CHAT}/2")
    assert message.sender == schemas.Sender(id=5, kind="user", name="Aino Kivi", username="aino")
    assert message.entities[0].argument == "https://example.org/"
    assert message.entities[1].argument == str(2**62)
    assert message.reply_to and message.reply_to.preview
    assert message.reply_to.preview == schemas.ReplyPreview(sender_name="Ivo", text="the question", is_deleted=True)
    assert message.album_id == str(2**62 + 1)
    assert message.media and message.media["id"] == str(2**62 + 3)
    assert message.revision_count == 1
    assert (message.views, message.forwards, message.replies) == (12, 3, 0)
    assert [(each.emoji, each.custom_emoji_id, each.is_paid, each.count) for each in message.reactions] == [
        ("👍", None, False, 2),
        (None, str(2**62), False, 1),
        (None, None, True, 3),
        (None, None, False, 4),
    ]
    versions = await api.get(schemas.RevisionList, f"/api/messages/{CHAT}/2/revisions")
    assert [version.text for version in versions.revisions] == ["see that", "see this 😀 link"]
    assert [version.edited_at for version in versions.revisions] == [None, rows.moment]


async def test_what_only_an_import_told_of_is_marked(api: Any, rows: Any) -> None:
    space = await rows.chat(CHAT)
    await rows.message(CHAT, 1, "claimed", as_of=0)
    await rows.message(CHAT, 2, "told")
    version = {"space_id": space, "message_id": 2, "fingerprint": 1, "stored_at": rows.moment}
    await rows.insert("revisions", {**version, "as_of": 0, "text": "claimed before"})
    page = await api.get(schemas.MessagePage, MESSAGES)
    assert [message.is_imported for message in page.messages] == [True, False]
    versions = await api.get(schemas.RevisionList, f"/api/messages/{CHAT}/2/revisions")
    assert [version.is_imported for version in versions.revisions] == [True, False]
    found = await api.get(schemas.SearchResult, "/api/search", q="claimed")
    assert [hit.message.is_imported for hit in found.hits] == [True]


@pytest.mark.parametrize(
    "text", ["\u202eright to left\u202c שלום", "x" * 4096, "😀" * 2048, "line\nline\ttab\x01", "<script>&\"'"]
)
async def test_text_arrives_unchanged(api: Any, rows: Any, text: str) -> None:
    await rows.chat(CHAT)
    await rows.message(CHAT, 1, text, date=datetime(1969, 7, 20, 20, 17, tzinfo=UTC))
    message = await api.get(schemas.Message, f"/api/messages/{CHAT}/1")
    assert message.text == text
    assert message.date.year == 1969


async def test_hidden_edit_does_not_count_as_edited(api: Any, rows: Any) -> None:
    await rows.chat(CHAT)
    await rows.message(CHAT, 1, edit_date=rows.moment, is_edit_hidden=True)
    assert (await api.get(schemas.Message, f"/api/messages/{CHAT}/1")).edited_at is None


async def test_senders_that_are_not_known_have_a_name_anyway(api: Any, rows: Any) -> None:
    await rows.chat(CHAT, title="Harbour")
    await rows.user(6, "Gone", is_deleted=True)
    for number, sender in enumerate((CHAT, 6, 99, -5, None), 1):
        await rows.message(CHAT, number, sender_id=sender)
    page = await api.get(schemas.MessagePage, MESSAGES)
    names = [message.sender and message.sender.name for message in page.messages]
    assert names == ["Harbour", "Deleted account", "User 99", "Chat 5", None]


async def test_one_can_turn_round_beyond_either_end(api: Any, thirty: list[int]) -> None:
    below = await api.get(schemas.MessagePage, MESSAGES, before=1)
    above = await api.get(schemas.MessagePage, MESSAGES, after=1000)
    assert (below.messages, below.before, above.messages, above.after) == ([], None, [], None)
    assert ids(await api.get(schemas.MessagePage, MESSAGES, after=below.after, limit=2)) == thirty[:2]
    assert ids(await api.get(schemas.MessagePage, MESSAGES, before=above.before, limit=2)) == thirty[-2:]
