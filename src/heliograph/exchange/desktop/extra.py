"""The key ``heliograph`` in a message of a Desktop-compatible export: what Desktop's form cannot say.

Other tools leave it alone. It is flat, and only what differs from the form's own meaning stands in it::

    "heliograph": {
      "topic_id": 7, "entities": [["bold", 0, 4]], "media": {"kind": "photo", "id": 12},   columns of records.Message
      "deleted_at": "2026-01-02T03:04:05Z", "text_date": null,
      "observation": {"observed_at": "2026-01-02T03:04:05Z", "views": 12},
      "revisions": [{"text": "before", "edit_date": null, "until_date": "2026-01-02T03:04:05Z"}]
    }

``null`` says that a column is empty although the form suggests something. Invariant: for whatever the normaliser
understood of the rest, ``read(write(original, understood), understood)`` is the original. What identifies a message
(space, chat, id) and what ranks it (``as_of``, ``raw``, ``layer``) is never taken from a file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Final

from heliograph.domain import records
from heliograph.exchange import model
from heliograph.exchange.desktop import values

KEY: Final = "heliograph"


def write(original: model.Imported, understood: model.Imported, *, always: Collection[str] = ()) -> records.Json | None:
    """Return what must be said besides the form that is understood as ``understood``; None when nothing is missing.

    Columns in ``always`` are said in any case: those that reading may guess from other messages.
    """
    found = _differences(original.message, understood.message, _COLUMNS, always)
    found |= _differences(original, understood, _BESIDE)
    if original.observation is None:
        if understood.observation is not None:
            found["observation"] = None
    else:
        base = understood.observation or _no_observation(original.message, original.observation.observed_at)
        # When a file's counters were seen is guessed by whoever reads it.
        found["observation"] = _differences(original.observation, base, _COUNTERS, ("observed_at",))
    if original.revisions != understood.revisions:
        found["revisions"] = [_revision(each) for each in original.revisions]
    return found or None


def read(extra: object, understood: model.Imported) -> model.Imported:
    """Return ``understood`` with what the key says instead. Whatever in it has no sense changes nothing."""
    if not isinstance(extra, dict):
        return understood
    changes: dict[str, Any] = {}
    columns = _decoded(extra, _COLUMNS)
    if columns:
        changes["message"] = dataclasses.replace(understood.message, **columns)
        if "media" in columns and columns["media"] is None:
            changes["file"] = None
    changes |= _decoded(extra, _BESIDE)
    if "observation" in extra:
        changes["observation"] = _observation(extra["observation"], understood)
    if isinstance(extra.get("revisions"), list):
        earlier = [_read_revision(each) for each in extra["revisions"]]
        changes["revisions"] = [each for each in earlier if each is not None]
    return dataclasses.replace(understood, **changes) if changes else understood


def _observation(extra: object, understood: model.Imported) -> records.Observation | None:
    if extra is None:
        return None
    counters = _decoded(extra, _COUNTERS) if isinstance(extra, dict) else {}
    base = understood.observation
    if base is None:
        observed_at = counters.pop("observed_at", None)
        if observed_at is None:
            return None
        base = _no_observation(understood.message, observed_at)
    return dataclasses.replace(base, **counters)


def _no_observation(message: records.Message, observed_at: datetime) -> records.Observation:
    return records.Observation(space_id=message.space_id, message_id=message.message_id, observed_at=observed_at)


def _revision(revision: model.Revision) -> records.Json:
    return {
        name: _encoded(value)
        for name in _REVISION
        if (value := getattr(revision, name)) is not None or name == "edit_date"
    }


def _read_revision(extra: object) -> model.Revision | None:
    columns = _decoded(extra, _REVISION) if isinstance(extra, dict) else {}
    return model.Revision(**columns) if "text" in columns else None


def _differences(
    original: object, understood: object, names: dict[str, values.Read], always: Collection[str] = ()
) -> records.Json:
    return {
        name: _encoded(value)
        for name in names
        if (value := getattr(original, name)) != getattr(understood, name) or name in always
    }


def _decoded(extra: records.Json, names: dict[str, values.Read]) -> records.Json:
    found = {name: names[name](value) for name, value in extra.items() if name in names}
    return {name: value for name, value in found.items() if value is not values.INVALID}


def _encoded(value: Any) -> Any:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


_time: Final = values.optional(values.time)
_text: Final = values.optional(values.text)
_int4: Final = values.optional(values.number(32))
_int8: Final = values.optional(values.number(64))

_FORWARD: Final = values.record({
    **dict.fromkeys(("from_id", "date", "message_id", "saved_from_id", "saved_message_id"), values.number(64)),
    **dict.fromkeys(("from_name", "author_signature"), values.text),
})  # fmt: skip
_MEDIA: Final = values.record(
    {
        "kind": values.one_of(*records.MEDIA_KINDS),
        **dict.fromkeys(("id", "size", "width", "height", "ttl_seconds", "user_id", "value"), values.number(64)),
        **dict.fromkeys(("duration", "latitude", "longitude"), values.amount),
        **dict.fromkeys(("mime_type", "file_name", "title", "performer", "emoji", "address"), values.text),
        **dict.fromkeys(("first_name", "last_name", "url", "site_name", "description", "question"), values.text),
        **dict.fromkeys(("is_spoiler", "is_quiz", "is_multiple", "is_closed"), values.flag),
        **dict.fromkeys(("options", "items"), values.many(values.text)),
    },
    "kind",
)
_SERVICE: Final = values.record(
    {
        "type": values.text,
        **dict.fromkeys(("text", "title"), values.text),
        "items": values.many(values.text),
        "user_ids": values.many(values.number(64)),
        **dict.fromkeys(("inviter_id", "from_id", "to_id", "message_id"), values.number(64)),
        "user_id": values.number(64),
    },
    "type",
)
_REACTION: Final = values.record({
    "emoji": values.text,
    "custom_emoji_id": values.number(64),
    "is_paid": values.flag,
    "count": values.number(32),
})  # fmt: skip
_POLL: Final = values.record({"total": values.number(64), "votes": values.mapping(values.number(64))})

_COLUMNS: Final[dict[str, values.Read]] = {
    "date": values.time,
    "sender_id": _int8,
    "author_signature": _text,
    "text": values.text,
    "entities": values.optional(values.many(values.entity)),
    "reply_to_message_id": _int4,
    "reply_to_chat_id": _int8,
    "reply_quote": _text,
    "topic_id": _int4,
    "album_id": _int8,
    "forward": values.optional(_FORWARD),
    "media": values.optional(_MEDIA),
    "service": values.optional(_SERVICE),
    "edit_date": _time,
    "is_edit_hidden": values.flag,
    "is_outgoing": values.flag,
    "is_pinned": values.flag,
    "via_bot_id": _int8,
    "ttl_seconds": _int4,
}
_BESIDE: Final[dict[str, values.Read]] = {"deleted_at": _time, "text_date": _time}
_COUNTERS: Final[dict[str, values.Read]] = {
    "observed_at": values.time,
    "views": _int4,
    "forwards": _int4,
    "replies": _int4,
    "reactions": values.optional(values.many(_REACTION)),
    "poll": values.optional(_POLL),
}
_REVISION: Final[dict[str, values.Read]] = {
    "text": values.text,
    "entities": values.optional(values.many(values.entity)),
    "media": values.optional(_MEDIA),
    "edit_date": _time,
    "until_date": _time,
}
