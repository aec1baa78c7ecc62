"""What a message's parts become: the names and keys that the store, the page and the ground truth share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from telethon.tl import types

from heliograph.crawler import normalize
from heliograph.domain import identity, records

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SPACE = identity.channel_space(5)
CHAT = identity.channel_peer(5)
SELF = 7


def row(*, is_forum: bool = False, **fields: Any) -> records.Message:
    tl = types.Message(**{"id": 10, "peer_id": types.PeerChannel(5), "date": NOW, "message": "hello", **fields})
    return normalize.message(tl, space_id=SPACE, as_of=3, self_user_id=SELF, is_forum=is_forum)


def service_row(action: Any, *, is_forum: bool = False, **fields: Any) -> records.Message:
    tl = types.MessageService(**{"id": 10, "peer_id": types.PeerChannel(5), "date": NOW, "action": action, **fields})
    return normalize.message(tl, space_id=SPACE, as_of=3, self_user_id=SELF, is_forum=is_forum)


def test_channel_post_has_no_sender_and_keeps_its_signature() -> None:
    post = row(post=True, post_author="Anna")
    assert (post.chat_id, post.sender_id, post.author_signature) == (CHAT, None, "Anna")


def test_private_message_without_from_id_is_the_other_persons() -> None:
    assert row(peer_id=types.PeerUser(8)).sender_id == 8
    assert row(peer_id=types.PeerUser(8), out=True).sender_id == SELF


def test_reply_in_another_chat_names_that_chat_and_its_quote() -> None:
    reply = types.MessageReplyHeader(
        reply_to_msg_id=4, reply_to_peer_id=types.PeerChannel(6), quote=True, quote_text="part"
    )
    found = row(reply_to=reply)
    assert (found.reply_to_message_id, found.reply_to_chat_id, found.reply_quote) == (
        4,
        identity.channel_peer(6),
        "part",
    )


def test_reply_in_the_same_chat_does_not_repeat_it() -> None:
    found = row(reply_to=types.MessageReplyHeader(reply_to_msg_id=4, reply_to_peer_id=types.PeerChannel(5)))
    assert (found.reply_to_message_id, found.reply_to_chat_id) == (4, None)


def test_reply_to_a_story_has_a_chat_and_no_message() -> None:
    found = row(reply_to=types.MessageReplyStoryHeader(peer=types.PeerUser(8), story_id=3))
    assert (found.reply_to_message_id, found.reply_to_chat_id) == (None, 8)


@pytest.mark.parametrize(
    ("header", "topic", "reply"),
    [
        (None, 1, None),
        (types.MessageReplyHeader(reply_to_msg_id=4), 1, 4),
        (types.MessageReplyHeader(forum_topic=True, reply_to_msg_id=4), 4, None),
        (types.MessageReplyHeader(forum_topic=True, reply_to_msg_id=9, reply_to_top_id=4), 4, 9),
    ],
)
def test_forum_message_stands_in_a_topic(header: Any, topic: int, reply: int | None) -> None:
    found = row(reply_to=header, is_forum=True)
    assert (found.topic_id, found.reply_to_message_id) == (topic, reply)


def test_message_outside_forums_has_no_topic() -> None:
    assert row().topic_id is None


def test_topic_opens_with_its_own_first_message() -> None:
    action = types.MessageActionTopicCreate(title="News", icon_color=3)
    assert service_row(action, is_forum=True).topic_id == 10


def test_pin_names_the_pinned_message() -> None:
    found = service_row(types.MessageActionPinMessage(), reply_to=types.MessageReplyHeader(reply_to_msg_id=4))
    assert found.service == {"type": "pin_message", "message_id": 4}


@pytest.mark.parametrize(
    ("action", "entry"),
    [
        (
            types.MessageActionChatCreate("Club", [1, 2]),
            {"type": "chat_create", "title": "Club", "user_ids": [1, 2]},
        ),
        (types.MessageActionChatJoinedByLink(4), {"type": "chat_joined_by_link", "inviter_id": 4}),
        (types.MessageActionSetMessagesTTL(60), {"type": "set_messages_ttl", "period": 60}),
        (types.MessageActionChatMigrateTo(9), {"type": "chat_migrate_to", "channel_id": 9}),
    ],
)
def test_action_keeps_its_plain_fields(action: Any, entry: dict[str, Any]) -> None:
    assert service_row(action).service == entry


def test_forward_keeps_where_it_came_from() -> None:
    header = types.MessageFwdHeader(
        date=NOW,
        from_id=types.PeerChannel(6),
        channel_post=3,
        saved_from_peer=types.PeerChannel(6),
        saved_from_msg_id=3,
    )
    assert row(fwd_from=header).forward == {
        "date": int(NOW.timestamp()),
        "from_id": identity.channel_peer(6),
        "message_id": 3,
        "saved_from_id": identity.channel_peer(6),
        "saved_message_id": 3,
    }


def document(*attributes: Any, **flags: Any) -> dict[str, Any] | None:
    file = types.Document(
        id=1, access_hash=2, file_reference=b"", date=NOW, mime_type="a/b", size=9, dc_id=2, attributes=list(attributes)
    )
    return row(media=types.MessageMediaDocument(document=file, **flags)).media


VIDEO = types.DocumentAttributeVideo(duration=2.0, w=3, h=4)
STICKER = types.DocumentAttributeSticker(alt="🙂", stickerset=types.InputStickerSetEmpty())


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ([], "document"),
        ([VIDEO], "video"),
        ([types.DocumentAttributeVideo(duration=2.0, w=3, h=4, round_message=True)], "round_video"),
        ([VIDEO, types.DocumentAttributeAnimated()], "animation"),
        ([types.DocumentAttributeAudio(duration=3, voice=True)], "voice"),
        ([types.DocumentAttributeAudio(duration=3)], "audio"),
        ([STICKER, VIDEO], "sticker"),
    ],
)
def test_attributes_tell_the_kind_of_a_file(attributes: list[Any], kind: str) -> None:
    found = document(*attributes)
    assert found is not None
    assert found["kind"] == kind


def test_video_has_its_measures_and_flags() -> None:
    found = document(VIDEO, types.DocumentAttributeFilename("a.mp4"), spoiler=True, ttl_seconds=5)
    assert found == {
        "kind": "video",
        "id": 1,
        "mime_type": "a/b",
        "size": 9,
        "duration": 2,
        "width": 3,
        "height": 4,
        "file_name": "a.mp4",
        "is_spoiler": True,
        "ttl_seconds": 5,
    }


def test_photo_takes_its_largest_size() -> None:
    sizes = [types.PhotoSize("m", 10, 20, 1), types.PhotoSizeProgressive("y", 100, 200, [1, 2])]
    photo = types.Photo(id=4, access_hash=1, file_reference=b"", date=NOW, sizes=sizes, dc_id=2)
    found = row(media=types.MessageMediaPhoto(photo=photo)).media
    assert found == {"kind": "photo", "id": 4, "width": 100, "height": 200}


def test_phone_number_of_a_contact_is_left_out() -> None:
    contact = types.MessageMediaContact("+358401234567", "Anna", "", "TEL:+358401234567", 0)
    assert "358" not in str(row(media=contact).media)


def test_entity_offsets_count_utf16_units_and_links_follow_them() -> None:
    text = "👍 https://a.example and here"
    entities = [
        types.MessageEntityUrl(offset=3, length=17),
        types.MessageEntityTextUrl(offset=25, length=4, url="https://b.example"),
    ]
    found = row(message=text, entities=entities)
    assert found.entities == [["url", 3, 17], ["text_url", 25, 4, "https://b.example"]]
    assert normalize.links(found) == ["https://a.example", "https://b.example"]


def test_reactions_and_views_are_an_observation_not_the_message() -> None:
    counts = types.MessageReactions(
        results=[
            types.ReactionCount(types.ReactionEmoji("👍"), 2),
            types.ReactionCount(types.ReactionCustomEmoji(55), 1),
        ]
    )
    tl = types.Message(id=1, peer_id=types.PeerChannel(5), date=NOW, message="", views=3, forwards=0, reactions=counts)
    assert normalize.observation(tl, space_id=SPACE, observed_at=NOW) == records.Observation(
        space_id=SPACE,
        message_id=1,
        observed_at=NOW,
        views=3,
        forwards=0,
        reactions=[{"emoji": "👍", "count": 2}, {"custom_emoji_id": 55, "count": 1}],
    )


def test_message_without_counters_makes_no_observation() -> None:
    tl = types.Message(id=1, peer_id=types.PeerChannel(5), date=NOW, message="")
    assert normalize.observation(tl, space_id=SPACE, observed_at=NOW) is None


def test_what_cannot_be_normalised_becomes_a_dead_letter_with_its_bytes() -> None:
    broken = types.Message(
        id=1, peer_id=types.PeerChannel(5), date=NOW, message="", media=types.MessageMediaDice(1, "🎲")
    )
    broken.raw = b"bytes"
    broken.fwd_from = object()
    rows = normalize.Rows()
    rows.add(broken, space_id=SPACE, as_of=1, context=normalize.Context(self_user_id=SELF, at=NOW))
    assert [(letter.message_id, letter.raw) for letter in rows.dead_letters] == [(1, b"bytes")]
    assert rows.messages == []


def test_unwanted_chats_make_no_rows() -> None:
    tl = types.Message(id=1, peer_id=types.PeerUser(8), date=NOW, message="secret")
    rows = normalize.Rows()
    context = normalize.Context(self_user_id=SELF, at=NOW, wants=lambda space_id, chat_id: chat_id < 0)
    rows.add(tl, space_id=identity.mailbox_space(SELF), as_of=1, context=context)
    assert rows == normalize.Rows()


def test_deletion_in_a_mailbox_names_no_chat() -> None:
    rows = normalize.Rows()
    context = normalize.Context(self_user_id=SELF, at=NOW)
    mailbox = identity.mailbox_space(SELF)
    rows.add(types.UpdateDeleteMessages([3], 9, 1), space_id=mailbox, as_of=9, context=context)
    rows.add(types.UpdateDeleteChannelMessages(5, [4], 9, 1), space_id=SPACE, as_of=9, context=context)
    assert [(each.space_id, each.message_id, each.chat_id) for each in rows.tombstones] == [
        (mailbox, 3, None),
        (SPACE, 4, CHAT),
    ]


def test_pins_name_messages_of_chats_that_are_wanted() -> None:
    group, channel = types.PeerChat(3), identity.channel_space(5)
    context = normalize.Context(self_user_id=7, at=NOW, wants=lambda space, chat: chat != identity.user_peer(9))
    rows = normalize.Rows()
    for tl, space in (
        (types.UpdatePinnedMessages(group, [1, 2], 11, 2, pinned=True), identity.mailbox_space(7)),
        (types.UpdatePinnedMessages(types.PeerUser(9), [3], 12, 1, pinned=True), identity.mailbox_space(7)),
        (types.UpdatePinnedChannelMessages(5, [4], 20, 1), channel),
    ):
        rows.add(tl, space_id=space, as_of=tl.pts, context=context)
    found = [(pin.space_id, pin.message_id, pin.is_pinned, pin.as_of) for pin in rows.pins]
    assert found == [(-7, 1, True, 11), (-7, 2, True, 11), (channel, 4, False, 20)]
    assert rows.dead_letters == []


def test_min_user_and_channel_bring_no_access() -> None:
    user = types.User(id=1, min=True, access_hash=5, first_name="A")
    channel = types.Channel(id=2, title="C", photo=types.ChatPhotoEmpty(), date=NOW, min=True, access_hash=6)
    users, chats, accesses = normalize.peers([user], [channel], account_id=1, self_user_id=SELF)
    assert (users[0].is_min, chats[0].is_min, accesses) == (True, True, [])


def test_creator_who_has_left_a_group_is_not_in_it() -> None:
    """Regression: the creator counted as reading, so that what he missed was no loss."""
    group = types.Chat(
        id=5,
        title="G",
        photo=types.ChatPhotoEmpty(),
        participants_count=1,
        date=NOW,
        version=1,
        creator=True,
        left=True,
    )
    accesses = normalize.peers([], [group], account_id=1, self_user_id=SELF)[2]
    assert [each.role for each in accesses] == ["left"]


def test_equal_numbers_of_a_user_and_a_channel_stay_apart() -> None:
    user = types.User(id=5, access_hash=50, first_name="A")
    channel = types.Channel(id=5, title="C", photo=types.ChatPhotoEmpty(), date=NOW, megagroup=True, access_hash=51)
    accesses = normalize.peers([user], [channel], account_id=1, self_user_id=SELF)[2]
    assert [(each.peer_id, each.access_hash) for each in accesses] == [(5, 50), (CHAT, 51)]


def test_known_peers_are_not_sent_again_until_forgotten() -> None:
    memory = normalize.PeerMemory()
    rows = normalize.peers([types.User(id=1, first_name="A")], [], account_id=1, self_user_id=SELF)
    renamed = normalize.peers([types.User(id=1, first_name="B")], [], account_id=1, self_user_id=SELF)
    assert memory.fresh(rows)[0] == rows[0]
    assert memory.fresh(rows)[0] == []
    assert memory.fresh(renamed)[0] == renamed[0]
    memory.forget()
    assert memory.fresh(renamed)[0] == renamed[0]


def test_words_of_tasks_and_of_gifts_are_kept() -> None:
    def task(number: int, text: str) -> types.TodoItem:
        return types.TodoItem(number, types.TextWithEntities(text, []))

    todo = types.TodoList(types.TextWithEntities("To pack", []), [task(1, "rope"), task(2, "anchor")])
    assert row(media=types.MessageMediaToDo(todo)).media == {
        "kind": "todo",
        "title": "To pack",
        "items": ["rope", "anchor"],
    }
    added = service_row(types.MessageActionTodoAppendTasks([task(3, "paint")]))
    assert added.service == {"type": "todo_append_tasks", "items": ["paint"]}
    gift = types.MessageActionGiftPremium("EUR", 5, 90, message=types.TextWithEntities("Ahoy", []))
    assert (service_row(gift).service or {})["text"] == "Ahoy"


def test_a_new_picture_is_seen_though_no_file_is_named() -> None:
    photo = types.Photo(1, 2, b"", NOW, [types.PhotoSize("x", 640, 480, 9)], 2)
    assert service_row(types.MessageActionChatEditPhoto(photo)).media == {"kind": "photo", "width": 640, "height": 480}
    assert service_row(types.MessageActionChatDeletePhoto()).media is None
