"""What a page shows of a message: everything said in words, every address ready."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup

from heliograph.domain import identity, records
from heliograph.exchange.export import attachments
from heliograph.exchange.export.archive import markup, things, words
from heliograph.store.reads import exported

HUES: Final = 24
"""Colours of names; the style sheet has a class for each."""

_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a message answers; ``href`` is None for what is not in the archive."""

    href: str | None
    name: str | None
    words: str
    quote: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One message, or an album of several: then ``members`` are all of them, and the rest is the first's."""

    id: int
    at: datetime
    name: str
    initials: str
    hue: int
    is_joined: bool
    is_post: bool
    is_imported: bool
    """Only an imported file told of it."""
    tags: Sequence[str] = ()
    forwarded: str | None = None
    reply: Reply | None = None
    text: Markup = field(default_factory=Markup)
    attachment: things.Attachment | None = None
    poll: things.Poll | None = None
    preview: things.Preview | None = None
    sentence: str | None = None
    pinned_href: str | None = None
    edited_at: datetime | None = None
    revisions: Sequence[tuple[str, Markup]] = ()
    deleted_at: datetime | None = None
    counters: Sequence[str] = ()
    reactions: Sequence[tuple[str, int]] = ()
    album_id: int | None = None
    members: Sequence[Entry] = field(default_factory=tuple)


def entry(
    told: exported.ExportedMessage,
    chat: exported.ExportedChat,
    *,
    file: attachments.Placed | None,
    reply: Reply | None,
    pinned_href: str | None,
    is_joined: bool,
    folder: str,
) -> Entry:
    """Return what is shown of a message. ``folder`` is the chat's, in front of the paths of its files."""
    message, sample = told.message, told.observation
    name = name_of(told, chat)
    media = message.media
    return Entry(
        id=message.message_id,
        at=message.date.astimezone(UTC),
        name=name,
        initials=initials(name),
        hue=hue(sender_of(message, chat.kind)),
        is_joined=is_joined,
        is_post=chat.kind == "channel",
        is_imported=records.is_imported(message.as_of),
        tags=_tags(told, chat),
        forwarded=_forwarded(told),
        reply=reply,
        text=markup.text(message.text or words.written(message.service), message.entities),
        attachment=things.attachment(media, file, folder)
        if media and media["kind"] not in ("web_page", "poll", "todo")
        else None,
        poll=_asked(message, sample),
        preview=things.preview(media) if media and media["kind"] == "web_page" else None,
        sentence=None if message.service is None else words.sentence(message.service, name, message.sender_id),
        pinned_href=pinned_href,
        edited_at=told.edited_at,
        revisions=[(_since(each), markup.text(each.text, each.entities)) for each in told.revisions],
        deleted_at=told.deleted_at,
        counters=_counters(sample),
        reactions=[(_reaction(each), int(each.get("count") or 0)) for each in (sample and sample.reactions) or ()],
        album_id=message.album_id,
    )


def _asked(message: records.Message, sample: records.Observation | None) -> things.Poll | None:
    """Return a poll, or a list of tasks, which is shown like one."""
    media, service = message.media or {}, message.service or {}
    if media.get("kind") == "poll":
        return things.poll(media, sample)
    if media.get("kind") == "todo":
        return things.tasks(media, "Checklist")
    return things.tasks(service, "Added to the list") if isinstance(service.get("items"), list) else None


def name_of(told: exported.ExportedMessage, chat: exported.ExportedChat) -> str:
    """Return who wrote a message; a post without an author is the chat's own."""
    message = told.message
    if message.sender_id is None:
        return _named_only(message) if records.is_named_only(message, chat.kind) else chat.title
    person = told.sender
    if person is not None and person.is_deleted and not person.name:
        return "Deleted account"
    return (person and (person.name or person.username)) or f"Unknown ({message.sender_id})"


def _named_only(message: records.Message) -> str:
    return message.author_signature or ("Deleted account" if message.service is None else "Someone")


def sender_of(message: records.Message, kind: identity.ChatKind) -> int | str | None:
    """Return who wrote a message: an id, a name where nothing else is known, or None where not even that is."""
    if records.is_named_only(message, kind):
        return message.author_signature
    return message.sender_id or message.chat_id


def hue(who: int | str | None) -> int:
    """Return the number of somebody's colour, the same everywhere they appear."""
    number = abs(who) if isinstance(who, int) else zlib.crc32((who or "").encode("utf-8", "replace"))
    return int(number * 137.508 % 360 * HUES / 360)


def initials(name: str) -> str:
    """Return at most two letters of a name."""
    return "".join(word[0] for word in _WORD.findall(name)[:2]).upper() or "?"


def snippet(told: exported.ExportedMessage) -> str:
    """Return the beginning of a message in one line."""
    message = told.message
    plain = " ".join(message.text[:400].split())
    if plain:
        return plain if len(plain) <= 120 else f"{plain[:119]}…"
    if message.media:
        return words.title(message.media)
    if message.service is None:
        return "Message"
    who = told.sender.name if told.sender else message.author_signature
    return words.sentence(message.service, who, message.sender_id)


def day(moment: datetime) -> str:
    """Return a day in words, whatever the machine's language."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def month(moment: datetime) -> str:
    """Return a month in words."""
    return f"{_MONTHS[moment.month - 1]} {moment.year}"


_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def moment(at: datetime) -> str:
    """Return a moment in UTC in words."""
    at = at.astimezone(UTC)
    return f"{day(at)}, {at:%H:%M}"


def _since(revision: exported.ExportedRevision) -> str:
    said = "First text" if revision.edit_date is None else f"Text since {moment(revision.edit_date)}"
    return f"{said}, from an imported file" if records.is_imported(revision.as_of) else said


def _tags(told: exported.ExportedMessage, chat: exported.ExportedChat) -> list[str]:
    message = told.message
    bot = told.people.get(message.via_bot_id) if message.via_bot_id else None
    topic = next((each.title for each in chat.topics if each.topic_id == message.topic_id), None)
    found = [
        None if records.is_named_only(message, chat.kind) else message.author_signature,
        f"via @{bot.username}" if bot is not None and bot.username else None,
        f"# {topic}" if topic else None,
        "Pinned" if message.is_pinned else None,
    ]
    return [each for each in found if each]


def _forwarded(told: exported.ExportedMessage) -> str | None:
    forward = told.message.forward
    if not forward:
        return None
    person = told.people.get(forward.get("from_id") or 0)
    return (person and person.name) or forward.get("from_name") or "somebody"


def _counters(sample: records.Observation | None) -> list[str]:
    if sample is None:
        return []
    found = [
        (sample.views, "view", "views"),
        (sample.forwards, "forward", "forwards"),
        (sample.replies, "comment", "comments"),
    ]
    return [words.plural(count, one, many) for count, one, many in found if count]


def _reaction(reaction: records.Json) -> str:
    return str(reaction.get("emoji") or ("★" if reaction.get("is_paid") else "custom emoji"))
