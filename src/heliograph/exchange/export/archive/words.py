"""What a service message reports and what an attachment is, in words. The same words as the page's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from heliograph.domain import records

_MEMBERS_SHOWN: Final = 3

Words = Callable[[str, Mapping[str, Any], int | None], str]

LABELS: Final = {
    "photo": "Photo",
    "video": "Video",
    "round_video": "Video message",
    "animation": "GIF",
    "audio": "Audio",
    "voice": "Voice message",
    "document": "File",
    "sticker": "Sticker",
    "web_page": "Link",
    "poll": "Poll",
    "contact": "Contact",
    "geo": "Location",
    "geo_live": "Live location",
    "venue": "Place",
    "dice": "Dice",
    "game": "Game",
    "invoice": "Invoice",
    "story": "Story",
    "giveaway": "Giveaway",
    "giveaway_results": "Giveaway results",
    "paid_media": "Paid media",
    "todo": "Checklist",
    "video_stream": "Video stream",
    "unsupported": "Unsupported attachment",
}
STATES: Final = {
    "remote": "This file is at Telegram; it was not fetched.",
    "missing": "The import named this file, and it was not there.",
    "not_included": "This file was not included in the import.",
    "too_large": "This file was too large for the import.",
    "unavailable": "This file was not available.",
    "left_out": "Files were left out of this archive.",
    "lost": "Media storage no longer has this file.",
}
"""Why a file is not here, by its state."""


def sentence(service: records.Json, who: str | None, own_id: int | None) -> str:
    """Return what a service message reports; ``who`` did it, and ``own_id`` is their marked id."""
    kind, name = str(service.get("type") or ""), who or "Someone"
    said = _SENTENCES.get(kind)
    if said is not None:
        return said(name, service, own_id)
    return f"{name}: {kind.replace('_', ' ') or 'service message'}"


def written(service: records.Json | None) -> str:
    """Return what somebody wrote along with an action: to a gift, for one. Telegram's own words are the sentence."""
    text = (service or {}).get("text")
    return text if isinstance(text, str) and (service or {}).get("type") != "custom_action" else ""


def label(media: records.Json) -> str:
    """Return what kind of thing it is."""
    return LABELS.get(str(media.get("kind")), "Attachment")


def title(media: records.Json) -> str:
    """Return what to call it: its own name when it has one."""
    # A contact may carry a card, whose file name says less than the person's.
    person = " ".join(str(media[key]) for key in ("first_name", "last_name") if media.get(key))
    own = media.get("title") or person or media.get("file_name")
    emoji = media.get("emoji")
    return str(own or (f"{label(media)} {emoji}" if emoji else label(media)))


def details(media: records.Json) -> str:
    """Return duration, dimensions and size, as far as they are known."""
    found = [
        None if title(media) == label(media) else label(media),
        media.get("performer"),
        media.get("address"),
        _duration(media.get("duration")),
        f"{media['width']} × {media['height']}" if media.get("width") and media.get("height") else None,
        size(media.get("size")),
        _coordinates(media),
        str(media["value"]) if media.get("value") is not None else None,
        "self-destructing" if media.get("ttl_seconds") else None,
    ]
    return " · ".join(str(each) for each in found if each)


def size(count: Any) -> str | None:
    """Return bytes in words, such as ``234 kB``."""
    if not isinstance(count, (int, float)):
        return None
    amount = float(count)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit != "MB" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def plural(count: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{count:,} {one if count == 1 else many}"


def imported(count: int, total: int) -> str | None:
    """Return how many messages only imported files told of; None for none of them."""
    if not count:
        return None
    return "all imported" if count == total else f"{count:,} of them imported"


def _added(who: str, fields: Mapping[str, Any], own_id: int | None) -> str:
    if _is_own(who, fields, own_id):
        return f"{who} joined"
    ids, members = fields.get("user_ids"), fields.get("members")
    if isinstance(ids, list) and not isinstance(members, list):
        return f"{who} added {plural(len(ids), 'person', 'people')}"
    return f"{who} added {_names(members)}"


def _removed(who: str, fields: Mapping[str, Any], own_id: int | None) -> str:
    return f"{who} left" if _is_own(who, fields, own_id) else f"{who} removed {_names(fields.get('members'))}"


def _is_own(who: str, fields: Mapping[str, Any], own_id: int | None) -> bool:
    """Say whether the person who did it is the only one whom it was done to."""
    ids, one, members = fields.get("user_ids"), fields.get("user_id"), fields.get("members")
    if isinstance(ids, list) or one is not None:
        return all(each == own_id for each in (ids if isinstance(ids, list) else [one]))
    return isinstance(members, list) and members == [who]


def _names(members: Any) -> str:
    """Return the people whom an imported message names; Telegram's own has their ids instead."""
    names = [str(each or "a deleted account") for each in members] if isinstance(members, list) else []
    others = len(names) - _MEMBERS_SHOWN
    shown = ", ".join(names[:_MEMBERS_SHOWN]) or "someone"
    return f"{shown} and {plural(others, 'other', 'others')}" if others > 0 else shown


def _duration(seconds: Any) -> str | None:
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return None
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _coordinates(media: records.Json) -> str | None:
    latitude, longitude = media.get("latitude"), media.get("longitude")
    if not isinstance(latitude, (int, float)) or not isinstance(longitude, (int, float)):
        return None
    return f"{latitude:.4f}, {longitude:.4f}"


_SENTENCES: Final[dict[str, Words]] = {
    "chat_create": lambda who, f, own: f"{who} created the group “{f.get('title', '')}”",
    "channel_create": lambda who, f, own: f"“{f.get('title', '')}” was created",
    "chat_add_user": _added,
    "chat_delete_user": _removed,
    "chat_joined_by_link": lambda who, f, own: f"{who} joined by an invite link",
    "chat_joined_by_request": lambda who, f, own: f"{who} was let in",
    "chat_edit_title": lambda who, f, own: f"{who} changed the title to “{f.get('title', '')}”",
    "chat_edit_photo": lambda who, f, own: f"{who} changed the picture",
    "chat_delete_photo": lambda who, f, own: f"{who} removed the picture",
    "pin_message": lambda who, f, own: f"{who} pinned a message",
    "topic_create": lambda who, f, own: f"{who} opened the topic “{f.get('title', '')}”",
    "topic_edit": lambda who, f, own: (
        f"{who} renamed the topic to “{f['title']}”" if f.get("title") else f"{who} changed the topic"
    ),
    "chat_migrate_to": lambda who, f, own: "The group became a supergroup",
    "channel_migrate_from": lambda who, f, own: (
        f"“{f['title']}” became a supergroup" if f.get("title") else "Grew out of a group"
    ),
    "history_clear": lambda who, f, own: "The history was cleared",
    "contact_sign_up": lambda who, f, own: f"{who} joined Telegram",
    "group_call": lambda who, f, own: "A voice chat took place",
    "boost_apply": lambda who, f, own: f"{who} boosted the group",
    "set_messages_ttl": lambda who, f, own: f"{who} changed the self-destruct timer",
    "todo_append_tasks": lambda who, f, own: f"{who} added tasks",
    "star_gift": lambda who, f, own: f"{who} gave a gift",
    "gift_premium": lambda who, f, own: f"{who} gave Telegram Premium",
    "custom_action": lambda who, f, own: str(f.get("text") or "Something happened"),
}
