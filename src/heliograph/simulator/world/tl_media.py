"""Media as TL: each kind of the model's media dicts becomes its MessageMedia constructor.

Keys that start with an underscore are needed on the wire only; the ground truth leaves them out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telethon.tl import types

from heliograph.simulator.world import ids

Media = dict[str, Any]

DC_ID = 2
_STILL_DATE = 1_700_000_000


def media(spec: Media) -> Any:
    """Return the MessageMedia of a media dict."""
    return _BUILDERS[spec["kind"]](spec)


def file_access_hash(file_id: int) -> int:
    """Return the access hash of a photo or document; it opens the file for everybody who saw the message."""
    return ids.number("file", file_id)


def file_reference(spec: Media) -> bytes:
    """Return a photo's or document's present file reference; each renewal makes another."""
    return bytes((1 + spec.get("_renewals", 0) % 255,)) + int(spec["id"]).to_bytes(8, "big")


def photo(spec: Media) -> Any:
    """Return a Photo with a thumbnail and the full size."""
    width, height = spec["width"], spec["height"]
    sizes = [
        types.PhotoSize("m", max(1, width // 4), max(1, height // 4), spec.get("_size", 40_960) // 8),
        types.PhotoSize("y", width, height, spec.get("_size", 40_960)),
    ]
    return types.Photo(
        id=spec["id"],
        access_hash=file_access_hash(spec["id"]),
        file_reference=file_reference(spec),
        date=spec.get("_date", _STILL_DATE),
        sizes=sizes,
        dc_id=DC_ID,
    )


def document(spec: Media) -> Any:
    """Return a Document with the attributes that tell its kind."""
    return types.Document(
        id=spec["id"],
        access_hash=file_access_hash(spec["id"]),
        file_reference=file_reference(spec),
        date=spec.get("_date", _STILL_DATE),
        mime_type=spec["mime_type"],
        size=spec["size"],
        dc_id=DC_ID,
        attributes=_attributes(spec),
    )


def poll_results(spec: Media) -> Any:
    """Return the vote counts of a poll."""
    votes = spec.get("_votes") or [0] * len(spec["options"])
    return types.PollResults(
        results=[
            types.PollAnswerVoters(option=bytes([n]), voters=count, recent_voters=[]) for n, count in enumerate(votes)
        ],
        total_voters=sum(votes),
    )


def _attributes(spec: Media) -> list[Any]:
    kind = spec["kind"]
    attributes: list[Any] = []
    if kind in ("video", "round_video", "animation"):
        attributes.append(
            types.DocumentAttributeVideo(
                duration=spec.get("duration", 1),
                w=spec.get("width", 320),
                h=spec.get("height", 240),
                round_message=kind == "round_video",
                supports_streaming=kind == "video",
            )
        )
    if kind == "animation":
        attributes.append(types.DocumentAttributeAnimated())
    if kind in ("audio", "voice"):
        attributes.append(
            types.DocumentAttributeAudio(
                duration=spec.get("duration", 1),
                voice=kind == "voice",
                title=spec.get("title"),
                performer=spec.get("performer"),
            )
        )
    if kind == "sticker":
        attributes.append(types.DocumentAttributeImageSize(w=spec.get("width", 512), h=spec.get("height", 512)))
        attributes.append(types.DocumentAttributeSticker(spec.get("emoji", "🙂"), types.InputStickerSetEmpty()))
    if "file_name" in spec:
        attributes.append(types.DocumentAttributeFilename(spec["file_name"]))
    return attributes


def _photo(spec: Media) -> Any:
    return types.MessageMediaPhoto(
        photo=photo(spec), spoiler=spec.get("is_spoiler", False), ttl_seconds=spec.get("ttl_seconds")
    )


def _document(spec: Media) -> Any:
    kind = spec["kind"]
    return types.MessageMediaDocument(
        document=document(spec),
        spoiler=spec.get("is_spoiler", False),
        video=kind in ("video", "round_video"),
        round=kind == "round_video",
        voice=kind == "voice",
        ttl_seconds=spec.get("ttl_seconds"),
    )


def _web_page(spec: Media) -> Any:
    page = types.WebPage(
        id=ids.number("page", spec["url"]),
        url=spec["url"],
        display_url=spec["url"].split("//", 1)[-1],
        hash=0,
        type="article",
        site_name=spec.get("site_name"),
        title=spec.get("title"),
        description=spec.get("description"),
    )
    return types.MessageMediaWebPage(webpage=page)


def _poll(spec: Media) -> Any:
    answers = [
        types.PollAnswer(text=types.TextWithEntities(text, []), option=bytes([n]))
        for n, text in enumerate(spec["options"])
    ]
    poll = types.Poll(
        id=spec["id"],
        question=types.TextWithEntities(spec["question"], []),
        answers=answers,
        hash=0,
        closed=spec.get("is_closed", False),
        multiple_choice=spec.get("is_multiple", False),
        quiz=spec.get("is_quiz", False),
    )
    return types.MessageMediaPoll(poll=poll, results=poll_results(spec))


def _contact(spec: Media) -> Any:
    return types.MessageMediaContact(
        phone_number=spec.get("_phone", ""),
        first_name=spec.get("first_name", ""),
        last_name=spec.get("last_name", ""),
        vcard="",
        user_id=spec.get("user_id") or 0,
    )


def _point(spec: Media) -> Any:
    return types.GeoPoint(long=spec["longitude"], lat=spec["latitude"], access_hash=1)


def _venue(spec: Media) -> Any:
    return types.MessageMediaVenue(_point(spec), spec["title"], spec.get("address", ""), "sim", "1", "place")


def _game(spec: Media) -> Any:
    still = {"id": ids.number("game", spec["title"]), "width": 320, "height": 180}
    game = types.Game(
        id=still["id"],
        access_hash=1,
        short_name="game",
        title=spec["title"],
        description=spec["title"],
        photo=photo(still),
    )
    return types.MessageMediaGame(game)


def _invoice(spec: Media) -> Any:
    return types.MessageMediaInvoice(
        title=spec["title"], description=spec["title"], currency="EUR", total_amount=500, start_param="start"
    )


def _story(spec: Media) -> Any:
    return types.MessageMediaStory(peer=types.PeerUser(spec.get("_user_id", 1)), id=spec.get("_id", 1))


def _giveaway(spec: Media) -> Any:
    return types.MessageMediaGiveaway(
        channels=spec.get("_channels", [1]), quantity=spec.get("_quantity", 3), until_date=_STILL_DATE, months=3
    )


def _giveaway_results(spec: Media) -> Any:
    return types.MessageMediaGiveawayResults(
        channel_id=spec.get("_channels", [1])[0],
        launch_msg_id=1,
        winners_count=1,
        unclaimed_count=0,
        winners=[1],
        until_date=_STILL_DATE,
        months=3,
    )


def _paid_media(spec: Media) -> Any:
    return types.MessageMediaPaidMedia(spec.get("_stars", 5), [types.MessageExtendedMediaPreview(w=320, h=240)])


def _todo(spec: Media) -> Any:
    items = [types.TodoItem(n + 1, types.TextWithEntities(text, [])) for n, text in enumerate(spec.get("items", []))]
    return types.MessageMediaToDo(types.TodoList(types.TextWithEntities(spec["title"], []), items))


_BUILDERS: dict[str, Callable[[Media], Any]] = {
    "photo": _photo,
    **dict.fromkeys(("video", "round_video", "animation", "audio", "voice", "document", "sticker"), _document),
    "web_page": _web_page,
    "poll": _poll,
    "contact": _contact,
    "geo": lambda spec: types.MessageMediaGeo(_point(spec)),
    "geo_live": lambda spec: types.MessageMediaGeoLive(_point(spec), period=spec.get("_period", 900)),
    "venue": _venue,
    "dice": lambda spec: types.MessageMediaDice(value=spec["value"], emoticon=spec["emoji"]),
    "game": _game,
    "invoice": _invoice,
    "story": _story,
    "giveaway": _giveaway,
    "giveaway_results": _giveaway_results,
    "paid_media": _paid_media,
    "todo": _todo,
    "unsupported": lambda _spec: types.MessageMediaUnsupported(),
}
