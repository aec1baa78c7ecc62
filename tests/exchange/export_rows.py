"""A small mirror to export: a forum with a bit of everything, and a basic group."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.conftest import Rows

FORUM, GROUP = -1_001_500_000_001, -77
SPACE = 1_500_000_001
EDIT = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
SHA256 = bytes(range(32))
FORMULA = '=HYPERLINK("http://example.org","free")'


async def fill(rows: Rows) -> None:
    """Store six messages of March and April 2026 in the forum and one in the group.

    The fifth, and an earlier text of the second, come from an imported file.
    """
    await rows.chat(FORUM, title="Harbour", username="harbour", kind="forum", member_count=12)
    await rows.chat(GROUP, title="Club", kind="group")
    await rows.insert("topics", {"space_id": SPACE, "topic_id": 4, "title": "Boats"})
    await rows.user(11, "Aino", last_name="Virta", username="aino")
    await rows.message(FORUM, 1, "", service={"type": "channel_create", "title": "Harbour"}, sender_id=FORUM)
    await rows.message(
        FORUM,
        2,
        "Hello 👋 boats",
        sender_id=11,
        entities=[
            ["bold", 0, 5],
            ["text_url", 9, 5, "https://example.org/"],
            ["custom_emoji", 6, 2, 5368324170671202286],
        ],
        topic_id=4,
        edit_date=EDIT,
        text_date=EDIT,
    )
    await rows.message(
        FORUM,
        3,
        FORMULA,
        sender_id=11,
        reply_to_message_id=2,
        forward={"from_name": "Somebody", "date": 1_700_000_000},
        media={"kind": "document", "id": 2**62, "file_name": "plan.pdf", "size": 12, "mime_type": "application/pdf"},
    )
    await rows.message(FORUM, 4, "gone", sender_id=12, deleted_at=EDIT + timedelta(microseconds=5), deleted_as_of=9)
    await rows.message(FORUM, 5, 'двое\nlines, "quoted"', date=EDIT, author_signature="A. V.", is_pinned=True, as_of=0)
    await rows.message(FORUM, 6, "late", date=EDIT - timedelta(days=20), album_id=2**60, ttl_seconds=5, via_bot_id=11)
    await rows.message(GROUP, 1, "in the club", sender_id=11)
    await rows.insert("media", {"sha256": SHA256, "size": 12, "mime_type": "application/pdf"})
    file = {"space_id": SPACE, "message_id": 3, "file_id": 2**62, "kind": "document"}
    await rows.insert("message_media", {**file, "sha256": SHA256, "state": "stored"})
    reactions = [{"emoji": "👍", "count": 2}, {"custom_emoji_id": 5368324170671202286, "count": 1}]
    reactions.append({"is_paid": True, "count": 3})
    sample = {"space_id": SPACE, "message_id": 2}
    await rows.insert("observations", {**sample, "observed_at": EDIT, "views": 7, "reactions": reactions})
    await rows.insert("observation_history", {**sample, "observed_at": EDIT - timedelta(hours=1), "views": 3})
    revision = {"space_id": SPACE, "message_id": 2, "as_of": 0, "stored_at": EDIT, "fingerprint": 5}
    await rows.insert("revisions", {**revision, "text": "Hello boats", "entities": [["bold", 0, 5]]})
