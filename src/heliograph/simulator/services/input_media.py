"""What clients send as media and entities, turned into the model's dicts."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from typing import Any

from telethon.tl import types

from heliograph.simulator import rpc
from heliograph.simulator.world import ids, model, tl, tl_media


def entities(given: list[Any] | None) -> list[list[Any]] | None:
    """Return a client's entities as lists."""
    return tl.entity_specs(given)


def media(ctx: rpc.Context, given: Any) -> model.Json:
    """Return the media dict of an InputMedia; uploads are assembled and stored."""
    build = _BUILDERS.get(type(given))
    if build is None:
        raise rpc.RpcError(400, "MEDIA_INVALID")
    return build(ctx, given)


def keep(ctx: rpc.Context, given: Any) -> Any:
    """Store media for later and return it as TL, as messages.uploadMedia does."""
    spec = media(ctx, given)
    ctx.world.run("keep_media", media=spec)
    return tl_media.media(spec)


def _uploaded_photo(ctx: rpc.Context, given: Any) -> model.Json:
    number, data = _store(ctx, given.file)
    spec: model.Json = {"kind": "photo", "id": number, "width": 1280, "height": 960, "_size": len(data)}
    return spec | _flags(given)


def _uploaded_document(ctx: rpc.Context, given: Any) -> model.Json:
    number, data = _store(ctx, given.file)
    name = next((a.file_name for a in given.attributes if isinstance(a, types.DocumentAttributeFilename)), None)
    mime = given.mime_type or mimetypes.guess_type(name or "")[0] or "application/octet-stream"
    spec: model.Json = {"kind": "document", "id": number, "mime_type": mime, "size": len(data)}
    if name:
        spec["file_name"] = name
    for attribute in given.attributes:
        spec |= _described(attribute, is_forced=bool(given.force_file))
    return spec | _flags(given)


def _described(attribute: Any, *, is_forced: bool) -> model.Json:
    if isinstance(attribute, types.DocumentAttributeVideo):
        found: model.Json = {"duration": int(attribute.duration), "width": attribute.w, "height": attribute.h}
        return found if is_forced else found | {"kind": "round_video" if attribute.round_message else "video"}
    if isinstance(attribute, types.DocumentAttributeAudio):
        found = {"kind": "voice" if attribute.voice else "audio", "duration": attribute.duration}
        named = {"title": attribute.title, "performer": attribute.performer}
        return found | {key: value for key, value in named.items() if value}
    if isinstance(attribute, types.DocumentAttributeAnimated):
        return {"kind": "animation"}
    if isinstance(attribute, types.DocumentAttributeSticker):
        return {"kind": "sticker", "emoji": attribute.alt}
    if isinstance(attribute, types.DocumentAttributeImageSize):
        return {"width": attribute.w, "height": attribute.h}
    return {}


def _known(ctx: rpc.Context, given: Any) -> model.Json:
    spec: model.Json | None = ctx.world.media_spec(given.id.id)
    if spec is None or given.id.access_hash != tl_media.file_access_hash(given.id.id):
        raise rpc.RpcError(400, "MEDIA_INVALID")
    return spec


def _poll(ctx: rpc.Context, given: Any) -> model.Json:
    options = [answer.text.text for answer in given.poll.answers]
    if not 2 <= len(options) <= 12:
        raise rpc.RpcError(400, "POLL_ANSWERS_INVALID")
    return {
        "kind": "poll",
        "id": _fresh(ctx, "poll"),
        "question": given.poll.question.text,
        "options": options,
        "is_quiz": bool(given.poll.quiz),
        "is_multiple": bool(given.poll.multiple_choice),
        "is_closed": bool(given.poll.closed),
    }


def _contact(ctx: rpc.Context, given: Any) -> model.Json:
    user = ctx.world.user_by_phone(given.phone_number)
    return {
        "kind": "contact",
        "first_name": given.first_name,
        "last_name": given.last_name,
        "user_id": user.id if user is not None else 0,
        "_phone": given.phone_number,
    }


def _geo(_ctx: rpc.Context, given: Any) -> model.Json:
    return {"kind": "geo", "latitude": given.geo_point.lat, "longitude": given.geo_point.long}


def _venue(ctx: rpc.Context, given: Any) -> model.Json:
    return {**_geo(ctx, given), "kind": "venue", "title": given.title, "address": given.address}


def _dice(ctx: rpc.Context, given: Any) -> model.Json:
    return {"kind": "dice", "emoji": given.emoticon, "value": _fresh(ctx, "dice") % 6 + 1}


def _web_page(_ctx: rpc.Context, given: Any) -> model.Json:
    return {"kind": "web_page", "url": given.url}


def _flags(given: Any) -> model.Json:
    flags: model.Json = {"is_spoiler": True} if given.spoiler else {}
    return flags | ({"ttl_seconds": given.ttl_seconds} if given.ttl_seconds else {})


def _store(ctx: rpc.Context, given: Any) -> tuple[int, bytes]:
    """Assemble an uploaded file under a new id."""
    data = ctx.world.files.assemble(ctx.require_user(), given.id, given.parts)
    number = _fresh(ctx, "file", given.id)
    ctx.world.files.put(number, data)
    return number, data


def _fresh(ctx: rpc.Context, *what: object) -> int:
    return ids.number(*what, ctx.require_user(), ctx.server.now())


_BUILDERS: dict[type, Callable[[rpc.Context, Any], model.Json]] = {
    types.InputMediaUploadedPhoto: _uploaded_photo,
    types.InputMediaUploadedDocument: _uploaded_document,
    types.InputMediaPhoto: _known,
    types.InputMediaDocument: _known,
    types.InputMediaPoll: _poll,
    types.InputMediaContact: _contact,
    types.InputMediaGeoPoint: _geo,
    types.InputMediaVenue: _venue,
    types.InputMediaDice: _dice,
    types.InputMediaWebPage: _web_page,
}
