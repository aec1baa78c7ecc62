"""What a message carries besides its text, ready for a page: files, polls, previews of web pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from heliograph.domain import records
from heliograph.exchange.desktop.compose import media as compose_media
from heliograph.exchange.export import attachments
from heliograph.exchange.export.archive import markup, words

_IMAGES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
_ICONS: Final = {
    **dict.fromkeys(("video", "round_video", "animation", "video_stream"), "video"),
    **dict.fromkeys(("geo", "geo_live", "venue"), "place"),
    **dict.fromkeys(("sticker", "dice", "game", "giveaway", "giveaway_results"), "sticker"),
    **dict.fromkeys(("photo", "story", "paid_media"), "photo"),
    "audio": "music",
    "voice": "mic",
    "poll": "poll",
    "todo": "poll",
    "contact": "person",
    "web_page": "link",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file or another thing that a message carries. ``shape``: image, video, audio or card."""

    shape: str
    icon: str
    title: str
    details: str
    src: str | None = None
    """Relative to the page, percent-encoded; None when the file is not here."""
    name: str = ""
    """What the file is called when somebody downloads it; empty where only its path says that."""
    missing: str | None = None
    """Why it is not here."""
    width: int | None = None
    height: int | None = None
    is_repeated: bool = False
    is_round: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Poll:
    """A question with its options: text, votes."""

    question: str
    options: Sequence[tuple[str, int]]
    total: int
    facts: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """The preview of a web page."""

    href: str | None
    title: str
    site: str | None
    description: str | None


def attachment(media: records.Json, file: attachments.Placed | None, folder: str) -> Attachment:
    """Return a file or another thing that is neither a poll nor a web page's preview."""
    kind = str(media.get("kind"))
    path = file.path if file else None
    src = None if path is None else quote(path.removeprefix(folder))
    known = {**media, "size": media.get("size") if media.get("size") is not None else (file.size if file else None)}
    if file and file.name and not media.get("file_name"):
        known["file_name"] = file.name
    return Attachment(
        shape=_shape(kind, str((file and file.mime_type) or media.get("mime_type") or "")) if src else "card",
        icon=_ICONS.get(kind, "file"),
        title=words.title(known),
        details=words.details(known),
        src=src,
        name=str(known.get("file_name") or ""),
        missing=words.STATES.get(file.state) if file and src is None else None,
        width=_pixels(media.get("width")),
        height=_pixels(media.get("height")),
        is_repeated=kind == "animation",
        is_round=kind == "round_video",
    )


def poll(media: records.Json, sample: records.Observation | None) -> Poll:
    """Return a poll with the votes of its newest sample."""
    counters = (sample and sample.poll) or {}
    options = [str(each) for each in media.get("options") or ()]
    facts = [
        "Quiz" if media.get("is_quiz") else "Poll",
        "several answers" if media.get("is_multiple") else None,
        "closed" if media.get("is_closed") else None,
        words.plural(int(counters["total"]), "vote", "votes") if counters.get("total") is not None else None,
    ]
    return Poll(
        question=str(media.get("question") or ""),
        options=[(option, compose_media.votes(counters, index)) for index, option in enumerate(options)],
        total=int(counters.get("total") or 0),
        facts=" · ".join(each for each in facts if each),
    )


def tasks(told: records.Json, facts: str) -> Poll:
    """Return a list of tasks, of a message or of an action that added some."""
    items = told.get("items")
    options = [(str(each), 0) for each in items] if isinstance(items, list) else []
    return Poll(question=str(told.get("title") or ""), options=options, total=0, facts=facts)


def preview(media: records.Json) -> Preview | None:
    """Return the preview of a web page, None when nothing is known of it."""
    url = media.get("url")
    title = media.get("title") or media.get("site_name") or url
    if not title:
        return None
    site, description = media.get("site_name"), media.get("description")
    return Preview(href=markup.address(str(url)) if url else None, title=title, site=site, description=description)


def _shape(kind: str, mime_type: str) -> str:
    if kind in ("photo", "sticker", "animation") and (mime_type in _IMAGES or (kind == "photo" and not mime_type)):
        return "image"
    if kind in ("video", "round_video", "animation", "sticker") and mime_type.startswith("video/"):
        return "video"
    return "audio" if kind in ("voice", "audio") else "card"


def _pixels(value: Any) -> int | None:
    return value if isinstance(value, int) and 0 < value < 20_000 else None
