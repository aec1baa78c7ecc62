"""The key ``heliograph`` in a message of a Desktop-compatible export: what Desktop's form cannot say.

Other tools leave it alone. It is flat, and only what differs from the form's own meaning stands in it::

    "heliograph": {
      "topic_id": 7, "entities": [["bold", 0, 4]], "media": {"kind": "photo", "id": 12},   columns of records.Message
      "deleted_at": "2026-01-02T03:04:05Z",
      "observation": {"observed_at": "2026-01-02T03:04:05Z", "views": 12},
      "revisions": [{"text": "before", "edit_date": null, "until_date": "2026-01-02T03:04:05Z"}]
    }

``null`` says that a column is empty although the form suggests something. Invariant: for whatever the normaliser
understood of the rest, ``read(write(original, understood), understood)`` is the original. What identifies a message
(space, chat, id) and what ranks it (``as_of``, ``raw``, ``layer``) is never taken from a file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, Final

from heliograph.domain import records
from heliograph.exchange import model

KEY: Final = "heliograph"

_DEEPEST: Final = 16
"""Levels of nesting that are taken from a file."""

_INVALID: Final = object()


def write(original: model.Imported, understood: model.Imported, *, always: Collection[str] = ()) -> records.Json | None:
    """Return what must be said besides the form that is understood as ``understood``; None when nothing is missing.

    Columns in ``always`` are said in any case: those that reading may guess from other messages.
    """
    found = _differences(original.message, understood.message, _COLUMNS, always)
    if original.deleted_at != understood.deleted_at:
        found["deleted_at"] = _encoded(original.deleted_at)
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
    if "deleted_at" in extra and (moment := _optional_time(extra["deleted_at"])) is not _INVALID:
        changes["deleted_at"] = moment
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


Read = Callable[[Any], Any]


def _differences(
    original: object, understood: object, names: dict[str, Read], always: Collection[str] = ()
) -> records.Json:
    return {
        name: _encoded(value)
        for name in names
        if (value := getattr(original, name)) != getattr(understood, name) or name in always
    }


def _decoded(extra: records.Json, names: dict[str, Read]) -> records.Json:
    found = {name: names[name](value) for name, value in extra.items() if name in names}
    return {name: value for name, value in found.items() if value is not _INVALID}


def _encoded(value: Any) -> Any:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _time(value: Any) -> Any:
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else _INVALID
    except (TypeError, ValueError, OverflowError):
        return _INVALID


def _text(value: Any) -> Any:
    return value if isinstance(value, str) and "\0" not in value else _INVALID


def _flag(value: Any) -> Any:
    return value if isinstance(value, bool) else _INVALID


def _number(bits: int) -> Read:
    limit = 2 ** (bits - 1)

    def read_number(value: Any) -> Any:
        return value if type(value) is int and -limit <= value < limit else _INVALID

    return read_number


def _optional(read_value: Read) -> Read:
    def read_optional(value: Any) -> Any:
        return None if value is None else read_value(value)

    return read_optional


def _object_with(key: str | None, allowed: tuple[str, ...] | None = None) -> Read:
    def read_object(value: Any) -> Any:
        if not isinstance(value, dict) or not _is_plain(value, _DEEPEST):
            return _INVALID
        if key is not None and not isinstance(value.get(key), str):
            return _INVALID
        return value if allowed is None or key is None or value[key] in allowed else _INVALID

    return read_object


def _entities(value: Any) -> Any:
    return value if isinstance(value, list) and all(_is_entity(each) for each in value) else _INVALID


def _is_entity(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and all(type(each) is int and 0 <= each < 2**31 for each in value[1:3])
        and _is_plain(value, _DEEPEST)
    )


def _objects(value: Any) -> Any:
    is_fine = isinstance(value, list) and all(isinstance(each, dict) and _is_plain(each, _DEEPEST) for each in value)
    return value if is_fine else _INVALID


def _is_plain(value: Any, depth: int) -> bool:
    """Say whether PostgreSQL's jsonb takes a value: it has no NUL, and nobody needs deep nesting."""
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, list):
        return depth > 0 and all(_is_plain(each, depth - 1) for each in value)
    if isinstance(value, dict):
        return depth > 0 and all(_is_plain(key, 0) and _is_plain(each, depth - 1) for key, each in value.items())
    return value is None or isinstance(value, (bool, int, float))


_optional_time: Final = _optional(_time)
_optional_text: Final = _optional(_text)
_int4: Final = _optional(_number(32))
_int8: Final = _optional(_number(64))

_COLUMNS: Final[dict[str, Read]] = {
    "date": _time,
    "sender_id": _int8,
    "author_signature": _optional_text,
    "text": _text,
    "entities": _optional(_entities),
    "reply_to_message_id": _int4,
    "reply_to_chat_id": _int8,
    "reply_quote": _optional_text,
    "topic_id": _int4,
    "album_id": _int8,
    "forward": _optional(_object_with(None)),
    "media": _optional(_object_with("kind", records.MEDIA_KINDS)),
    "service": _optional(_object_with("type")),
    "edit_date": _optional_time,
    "is_edit_hidden": _flag,
    "is_outgoing": _flag,
    "is_pinned": _flag,
    "via_bot_id": _int8,
    "ttl_seconds": _int4,
}
_COUNTERS: Final[dict[str, Read]] = {
    "observed_at": _time,
    "views": _int4,
    "forwards": _int4,
    "replies": _int4,
    "reactions": _optional(_objects),
    "poll": _optional(_object_with(None)),
}
_REVISION: Final[dict[str, Read]] = {
    "text": _text,
    "entities": _optional(_entities),
    "media": _optional(_object_with("kind", records.MEDIA_KINDS)),
    "edit_date": _optional_time,
    "until_date": _optional_time,
}
