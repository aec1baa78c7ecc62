"""What a message carries: counters, media, files, and the actions of service messages."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.domain import identity, records
from heliograph.exchange import model

from .corpus import at, one, row, rows

# Counters


def test_reactions_are_counters_seen_when_the_message_was_last_known_to_change() -> None:
    found = row("2024_reactions", 80)
    assert found.observation == records.Observation(
        space_id=identity.channel_space(9001),
        message_id=80,
        observed_at=at(2024, 3, 1, 11),
        reactions=[
            {"emoji": "👍", "count": 3},
            {"custom_emoji_id": None, "count": 7},
            {"custom_emoji_id": None, "count": 2},
            {"custom_emoji_id": None, "count": 1},
            {"is_paid": True, "count": 50},
        ],
    )
    assert b"recent" in found.message.raw


def test_a_custom_emoji_counts_though_telegram_desktop_names_its_picture_only() -> None:
    found = row("2024_reactions", 82)
    assert found.observation is not None
    assert found.observation.reactions == [{"custom_emoji_id": None, "count": 5}]
    assert b"stickers/AnimatedSticker.tgs" in found.message.raw
    numbered = one({"reactions": [{"type": "custom_emoji", "count": 2, "document_id": "5368324170671202286"}]})
    assert numbered.observation is not None
    assert numbered.observation.reactions == [{"custom_emoji_id": 5368324170671202286, "count": 2}]
    assert numbered.message.raw == b""
    unknown = one({"reactions": [{"type": "empty", "count": 2}]})
    assert b"empty" in unknown.message.raw


def test_counters_are_of_the_time_of_the_export_where_that_is_known() -> None:
    found = row("2024_reactions", 81, exported_at=at(2024, 4, 1)).observation
    assert found is not None
    assert (found.observed_at, found.views, found.forwards) == (at(2024, 4, 1), 120, 4)


# Media

MEDIA: list[tuple[int, dict[str, Any]]] = [
    (201, {"kind": "photo", "width": 800, "height": 600, "is_spoiler": True}),
    (202, {"kind": "document", "mime_type": "text/plain", "size": 9, "file_name": "tide table.txt"}),
    (
        203,
        {
            "kind": "sticker",
            "mime_type": "image/webp",
            "size": 6,
            "file_name": "sticker.webp",
            "width": 512,
            "height": 512,
            "emoji": "⛵",
        },
    ),
    (204, {"kind": "voice", "mime_type": "audio/ogg", "duration": 4}),
    (
        205,
        {
            "kind": "round_video",
            "mime_type": "video/mp4",
            "duration": 9,
            "width": 240,
            "height": 240,
            "ttl_seconds": 30,
        },
    ),
    (206, {"kind": "video", "mime_type": "video/mp4", "duration": 12, "width": 640, "height": 360}),
    (207, {"kind": "animation", "mime_type": "video/mp4", "width": 320, "height": 200}),
    (
        208,
        {
            "kind": "audio",
            "mime_type": "audio/mpeg",
            "duration": 181,
            "title": "Shanty",
            "performer": "The Inventions",
            "file_name": "shanty.mp3",
        },
    ),
    (209, {"kind": "contact", "first_name": "Carla", "last_name": "Fictional"}),
    (210, {"kind": "geo", "latitude": 59.9, "longitude": 10.7}),
    (211, {"kind": "geo_live", "latitude": 59.9, "longitude": 10.7}),
    (212, {"kind": "venue", "title": "Pier 4", "address": "Quay 1", "latitude": 59.9, "longitude": 10.7}),
    (213, {"kind": "poll", "question": "Sail or row?", "options": ["Sail", "Row"], "is_closed": True}),
    (214, {"kind": "poll", "question": "Sail, or row?", "options": ["Sail"], "is_closed": False}),
    (215, {"kind": "game", "title": "Knots"}),
    (216, {"kind": "invoice", "title": "Mooring"}),
    (218, {"kind": "geo"}),
]


@pytest.mark.parametrize(("message_id", "descriptor"), MEDIA)
def test_media_has_the_crawlers_descriptor(message_id: int, descriptor: dict[str, Any]) -> None:
    assert row("media", message_id).message.media == descriptor


@pytest.mark.parametrize(
    ("message_id", "descriptor"),
    [
        (601, {"kind": "todo", "title": "To pack", "items": ["Rope", "Two anchors"]}),
        (602, {"kind": "giveaway"}),
        (603, {"kind": "paid_media"}),
    ],
)
def test_media_of_the_newest_versions_is_known(message_id: int, descriptor: dict[str, Any]) -> None:
    assert row("newest", message_id).message.media == descriptor


def test_votes_are_counters_not_part_of_the_poll() -> None:
    found = row("media", 213).observation
    assert found is not None
    assert found.poll == {"total": 5, "votes": {b"0".hex(): 4, b"1".hex(): 1}}


def test_phone_number_stands_in_raw_and_in_the_card_that_is_the_messages_file() -> None:
    found = row("media", 209)
    assert b"+999 00 002" in found.message.raw
    assert "+999" not in str({**(found.message.media or {}), "names": found.names})
    path = "contacts/contact_1.vcard"
    assert found.file == model.FileRef(path=path, state="included", mime_type="text/vcard")


FILES: list[tuple[str, int, model.FileRef]] = [
    (
        *("media", 201),
        model.FileRef(path="photos/photo_1@01-06-2024_12-21-00.jpg", state="included", size=21),
    ),
    ("media", 219, model.FileRef(path="../../outside.jpg", state="included")),
    ("placeholders", 301, model.FileRef(path=None, state="not_included")),
    ("placeholders", 302, model.FileRef(path=None, state="too_large", size=99999999, mime_type="video/mp4")),
    ("placeholders", 303, model.FileRef(path=None, state="unavailable", mime_type="application/pdf")),
    ("placeholders", 304, model.FileRef(path=None, state="not_included")),
    (
        *("placeholders", 305),
        model.FileRef(
            path="files/notes (final).txt", state="included", name="notes (final).txt", mime_type="text/plain"
        ),
    ),
]


@pytest.mark.parametrize(("folder", "message_id", "file"), FILES)
def test_file_is_what_the_export_says_of_it(folder: str, message_id: int, file: model.FileRef) -> None:
    assert row(folder, message_id).file == file


# Service messages

SERVICE: dict[int, dict[str, Any]] = {
    501: {"type": "chat_edit_title", "title": "New name"},
    502: {"type": "chat_edit_photo"},
    504: {"type": "chat_add_user", "members": ["Carla Fictional"]},
    505: {"type": "chat_delete_user", "members": ["Carla Fictional"]},
    506: {"type": "chat_joined_by_link", "inviter": "Aino Example"},
    508: {"type": "channel_create", "title": "Harbour"},
    510: {"type": "chat_migrate_to"},
    511: {"type": "pin_message", "message_id": 401},
    513: {"type": "game_score", "score": 9},
    514: {"type": "phone_call", "duration": 61, "reason": "hangup"},
    518: {"type": "set_messages_ttl", "period": 86400},
    523: {"type": "requested_peer", "button_id": 4, "peer_id": 7002},
    527: {"type": "set_chat_wall_paper", "same": True},
    528: {"type": "requested_phone_number"},
    529: {"type": "an_action_of_the_future", "colour": "blue", "depth": 3},
    540: {"type": "payment_sent", "total_amount": 500, "currency": "EUR", "recurring_used": True},
    541: {"type": "bot_allowed", "domain": "example.org"},
    542: {"type": "bot_allowed", "attach_menu": True},
    543: {"type": "geo_proximity_reached", "from_id": 7002, "to_id": 7001, "distance": 50},
    544: {"type": "custom_action", "text": "The harbour master says hello"},
    545: {"type": "secure_values_sent", "values": ["passport", "email"]},
    546: {"type": "giveaway_results", "winners_count": 3, "unclaimed_count": 1, "stars": 10},
}


def test_service_message_has_tls_name_and_its_plain_fields() -> None:
    found = rows("service")
    told = {key: each.message.service for key, each in found.items() if isinstance(each, model.Imported)}
    assert {key: told[key] for key in SERVICE} == SERVICE
    assert all(value and value["type"] for value in told.values())


@pytest.mark.parametrize(
    ("action", "members", "found"),
    [
        ("invite_members", ["Bo"], {"type": "chat_add_user", "members": ["Bo"], "user_ids": [7002]}),
        ("remove_members", ["Bo"], {"type": "chat_delete_user", "members": ["Bo"], "user_id": 7002}),
        ("remove_members", ["Ada"], {"type": "chat_delete_user", "members": ["Ada"]}),
        ("invite_members", ["Bo", "Ada"], {"type": "chat_add_user", "members": ["Bo", "Ada"]}),
        ("invite_members", [None], {"type": "chat_add_user", "members": [None]}),
    ],
)
def test_whoever_adds_or_removes_only_their_own_name_came_or_left(action: str, members: Any, found: Any) -> None:
    who = {"actor": "Bo" if members != [None] else None, "actor_id": "user7002"}
    assert one({"type": "service", "action": action, **who, "members": members}).message.service == found


def test_words_that_come_with_an_action_are_its_text() -> None:
    part = {"type": "bold", "text": "you"}
    gift = one({"type": "service", "action": "send_star_gift", "stars": 5, "gift_text": ["Ahoy ", part]}).message
    assert gift.service == {"type": "star_gift", "stars": 5, "text": "Ahoy you"}
    assert b"bold" in gift.raw
    plain = one({"type": "service", "action": "send_star_gift", "stars": 5, "gift_text": "Ahoy"}).message
    assert (plain.service, plain.raw) == ({"type": "star_gift", "stars": 5, "text": "Ahoy"}, b"")
    items = [{"text": "buy rope", "id": 3}, {"text": ["paint ", part], "id": 4}]
    added = one({"type": "service", "action": "todo_append_tasks", "items": items}).message
    assert added.service == {"type": "todo_append_tasks", "items": ["buy rope", "paint you"]}


def test_service_message_answers_the_message_it_is_about() -> None:
    found = rows("service")
    assert [found[each].message.reply_to_message_id for each in (511, 513, 540, 527)] == [401, 215, 216, 526]


def test_person_who_did_it_is_the_sender_of_a_service_message() -> None:
    found = row("service", 501)
    assert found.message.sender_id == 7002
    assert found.names == {7002: "Bo Invented"}
    assert row("service", 543).names == {7002: "Bo Invented", 7001: "Aino Example"}


def test_picture_that_a_service_message_is_about_is_its_media() -> None:
    found = row("service", 502)
    assert found.message.media == {"kind": "photo", "width": 640, "height": 640}
    assert found.file == model.FileRef(path="photos/group.jpg", state="included")
    assert (found.message.service, found.message.raw) == ({"type": "chat_edit_photo"}, b"")
