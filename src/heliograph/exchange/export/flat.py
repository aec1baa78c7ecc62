"""Rows of an export as flat records with the same names in every table format; docs/howto/export.md lists them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from heliograph.domain import records
from heliograph.store.reads import exported

Flat = dict[str, Any]

MESSAGE: Final = (
    *("chat_id", "message_id", "date", "date_unixtime", "sender_id", "sender_name", "sender_username"),
    *("author_signature", "text", "entities", "reply_to_message_id", "reply_to_chat_id", "reply_quote", "topic_id"),
    *("album_id", "forward", "media_kind", "media", "service_type", "service", "edited_at", "is_deleted", "deleted_at"),
    *("is_pinned", "is_outgoing", "via_bot_id", "ttl_seconds", "views", "forwards", "replies", "reactions", "poll"),
    *("observed_at", "file_state", "file_name", "file_size", "file_mime_type", "file_sha256", "stored_at"),
    "is_imported",
)
"""Fields of a message. Times are UTC; ids are marked as in the Bot API; sizes are bytes."""
REVISION: Final = (
    *("chat_id", "message_id", "edit_date", "until_date", "stored_at", "is_imported", "text", "entities", "media"),
)
"""Fields of an earlier text: made at ``edit_date``, the first of a message at none."""
OBSERVATION: Final = ("chat_id", *exported.OBSERVATION_COLUMNS)
"""Fields of a sample of counters."""
CHAT: Final = (
    *("chat_id", "kind", "title", "username", "member_count", "message_count", "is_left"),
    *("linked_chat_id", "migrated_to_chat_id", "topics"),
)
_SAMPLE: Final = [exported.AT[name] for name in exported.OBSERVATION_COLUMNS]


def messages(page: exported.RowPage) -> Iterator[Flat]:
    """Yield a record of :data:`MESSAGE` for each row."""
    for row in page.rows:
        told = dict(zip(exported.COLUMNS, row, strict=True))
        sender = page.people.get(told["sender_id"])
        media, service, sha256 = told["media"], told["service"], told["file_sha256"]
        told.update(
            date_unixtime=int(told["date"].timestamp()),
            sender_name=sender.name if sender else told["given_name"],
            sender_username=sender and sender.username,
            entities=entities(told["entities"]),
            media_kind=media and media.get("kind"),
            service_type=service and service.get("type"),
            is_deleted=told["deleted_at"] is not None,
            file_sha256=sha256 and sha256.hex(),
            is_imported=records.is_imported(told["as_of"]),
        )
        yield {name: told[name] for name in MESSAGE}


def revisions(chat: exported.ExportedChat, page: exported.RowPage) -> Iterator[Flat]:
    """Yield a record of :data:`REVISION` for each earlier text."""
    for row in page.revisions:
        told = dict(zip(exported.REVISION_COLUMNS, row, strict=True))
        told.update(
            chat_id=chat.chat_id,
            entities=entities(told["entities"]),
            is_imported=records.is_imported(told["as_of"]),
        )
        yield {name: told[name] for name in REVISION}


def observations(chat: exported.ExportedChat, page: exported.RowPage) -> Iterator[Flat]:
    """Yield a record of :data:`OBSERVATION` for every sample of every message, oldest first and the newest last."""
    for sample in samples(page):
        yield {"chat_id": chat.chat_id, **dict(zip(exported.OBSERVATION_COLUMNS, sample, strict=True))}


def samples(page: exported.RowPage) -> list[exported.Row]:
    """Return rows of ``exported.OBSERVATION_COLUMNS``: the earlier samples and the newest of each message, in order."""
    newest = (tuple(row[place] for place in _SAMPLE) for row in page.rows)
    return sorted([*page.observations, *(each for each in newest if each[1] is not None)], key=lambda each: each[:2])


def chat(told: exported.ExportedChat) -> Flat:
    """Return a record of :data:`CHAT`."""
    fields = dataclasses.asdict(told)
    return {name: fields[name] for name in CHAT}


def entities(stored: list[records.Entity] | None) -> list[Flat]:
    """Return stored entities as records of the same four fields; an argument is text or None."""
    return [
        {
            "type": mark[0],
            "offset": mark[1],
            "length": mark[2],
            "argument": None if len(mark) < 4 or mark[3] is None else str(mark[3]),
        }
        for mark in stored or ()
    ]


def seconds(moment: datetime) -> str:
    """Return a UTC time as spreadsheets know it: ``2024-01-31 12:00:00``."""
    return moment.isoformat(" ", "seconds")[:19]
