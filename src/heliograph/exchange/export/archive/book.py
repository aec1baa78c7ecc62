"""One chat as pages of a thousand messages, with an index by month and topic.

A message keeps its anchor ``#m123`` for good. Which page it is on is known by its place among the ids that were
written, four bytes a message: that is all that grows with a chat.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import jinja2

from heliograph.domain import records
from heliograph.exchange.desktop.compose import peers
from heliograph.exchange.export import attachments
from heliograph.exchange.export.archive import entries, words
from heliograph.store.reads import exported

PER_PAGE: Final = 1_000
"""Messages on a page."""

_JOINED_WITHIN: Final = timedelta(minutes=10)
_REMEMBERED: Final = 5_000
"""Messages whose first words a reply to them can quote."""
_KINDS: Final = {
    "channel": "Channel",
    "supergroup": "Supergroup",
    "forum": "Forum",
    "group": "Basic group",
    "private": "Private chat",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A month or a topic: where its messages begin."""

    label: str
    href: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Chapter:
    """A chat in the list of chats."""

    title: str
    kind: str
    initials: str
    hue: int
    href: str
    newest_href: str | None
    facts: str


class Book:
    """Writes a chat's pages into a folder of its own under ``root``."""

    def __init__(self, root: Path, templates: jinja2.Environment, chat: exported.ExportedChat) -> None:
        self.folder = folder(chat)
        self._path = root / self.folder
        self._path.mkdir(parents=True)
        self._templates = templates
        self._chat = chat
        self._ids = array("I")
        self._page: list[entries.Entry] = []
        self._pages = 0
        self._imported = 0
        self._months: dict[str, Stretch] = {}
        self._topics: dict[int, Stretch] = {}
        self._recent: OrderedDict[int, tuple[str, str]] = OrderedDict()
        self._last: exported.ExportedMessage | None = None
        self._span: tuple[datetime, datetime] | None = None

    def add(self, told: exported.ExportedMessage, file: attachments.Placed | None) -> None:
        """Add the next message, with where its file is."""
        if len(self._page) == PER_PAGE:
            self._write_page(is_last=False)
        message = told.message
        shown = entries.entry(
            told,
            self._chat,
            file=file,
            reply=self._reply(told),
            pinned_href=self._pinned(told),
            is_joined=self._is_joined(told),
            folder=self.folder,
        )
        self._ids.append(message.message_id)
        self._imported += shown.is_imported
        self._page.append(shown)
        self._recent[message.message_id] = shown.name, entries.snippet(told)
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
        self._last = told
        self._note(told)

    def close(self) -> Chapter:
        """Write the last page and the chat's index; return what the list of chats says of it."""
        if self._page:
            self._write_page(is_last=True)
        newest = f"{_page_name(self._pages)}#m{self._ids[-1]}" if self._ids else None
        chapter = self._chapter(newest)
        self._write(
            "index.html",
            "chat.html",
            chat=chapter,
            newest=newest,
            oldest=_page_name(1) if self._ids else None,
            months=list(self._months.values()),
            topics=sorted(self._topics.values(), key=lambda topic: topic.label),
            pages=self._pages,
        )
        return chapter

    def _chapter(self, newest: str | None) -> Chapter:
        chat = self._chat
        facts = [
            f"@{chat.username}" if chat.username else None,
            words.plural(chat.member_count, "member", "members") if chat.member_count else None,
            words.plural(len(self._ids), "message", "messages"),
            words.imported(self._imported, len(self._ids)),
            f"{entries.day(self._span[0])} – {entries.day(self._span[1])}" if self._span else None,
        ]
        return Chapter(
            title=chat.title,
            kind=_KINDS.get(chat.kind, chat.kind),
            initials=entries.initials(chat.title),
            hue=entries.hue(chat.chat_id),
            href=f"{self.folder}index.html",
            newest_href=f"{self.folder}{newest}" if newest else None,
            facts=" · ".join(fact for fact in facts if fact),
        )

    def _write_page(self, *, is_last: bool) -> None:
        self._pages += 1
        self._write(
            _page_name(self._pages),
            "page.html",
            chat=self._chat,
            number=self._pages,
            days=list(_by_day(_with_albums(self._page))),
            has_imported=any(each.is_imported for each in self._page),
            older=_page_name(self._pages - 1) if self._pages > 1 else None,
            newer=None if is_last else _page_name(self._pages + 1),
        )
        self._page = []

    def _write(self, name: str, template: str, **values: object) -> None:
        with (self._path / name).open("w", encoding="utf-8") as file:
            file.writelines(self._templates.get_template(template).generate(up="../../", **values))

    def _href(self, message_id: int) -> str | None:
        """Return the address of a message that was written, None for any other."""
        place = bisect_left(self._ids, message_id)
        if place == len(self._ids) or self._ids[place] != message_id:
            return None
        page = place // PER_PAGE + 1
        return f"{'' if page == self._pages + 1 else _page_name(page)}#m{message_id}"

    def _reply(self, told: exported.ExportedMessage) -> entries.Reply | None:
        message = told.message
        target = message.reply_to_message_id
        if target is None:
            return None
        if message.reply_to_chat_id is not None:
            person = told.people.get(message.reply_to_chat_id)
            where = (person and person.name) or "another chat"
            return entries.Reply(href=None, name=where, words=f"Message {target}", quote=message.reply_quote)
        href, known = self._href(target), self._recent.get(target)
        said = known[1] if known else f"Message {target}" + ("" if href else ", which is not in this archive")
        return entries.Reply(href=href, name=known[0] if known else None, words=said, quote=message.reply_quote)

    def _pinned(self, told: exported.ExportedMessage) -> str | None:
        service = told.message.service or {}
        pinned = service.get("message_id")
        return self._href(pinned) if service.get("type") == "pin_message" and isinstance(pinned, int) else None

    def _is_joined(self, told: exported.ExportedMessage) -> bool:
        """Say whether a message goes on right below the one in front of it, without a head of its own."""
        last, message = self._last, told.message
        kind = self._chat.kind
        if last is None or not self._page or kind == "channel":
            return False
        before, who = last.message, entries.sender_of(message, kind)
        return (
            who not in (None, message.chat_id)
            and entries.sender_of(before, kind) == who
            and _is_alike(before, message)
            and before.service is None
            and before.forward is None
            and message.forward is None
            and before.date.astimezone(UTC).date() == message.date.astimezone(UTC).date()
            and message.date - before.date < _JOINED_WITHIN
        )

    def _note(self, told: exported.ExportedMessage) -> None:
        message = told.message
        at = message.date.astimezone(UTC)
        self._span = (min(self._span[0], at), max(self._span[1], at)) if self._span else (at, at)
        href = f"{_page_name(self._pages + 1)}#m{message.message_id}"
        month = self._months.setdefault(f"{at:%Y-%m}", Stretch(label=entries.month(at), href=href, count=0))
        self._months[f"{at:%Y-%m}"] = replace(month, count=month.count + 1)
        if message.topic_id is not None:
            title = next((each.title for each in self._chat.topics if each.topic_id == message.topic_id), None)
            topic = self._topics.setdefault(
                message.topic_id, Stretch(label=title or f"Topic {message.topic_id}", href=href, count=0)
            )
            self._topics[message.topic_id] = replace(topic, count=topic.count + 1)


def folder(chat: exported.ExportedChat) -> str:
    """Return where a chat's pages and files are, with a slash at the end."""
    return f"chats/{peers.peer(chat.chat_id)}/"


def _page_name(number: int) -> str:
    return f"page-{number:04}.html"


def _with_albums(page: list[entries.Entry]) -> Iterator[entries.Entry]:
    """Yield the entries, those of one album as one."""
    album: list[entries.Entry] = []
    for each in page:
        if album and each.album_id != album[0].album_id:
            yield _album(album)
            album = []
        if each.album_id is None:
            yield each
        else:
            album.append(each)
    if album:
        yield _album(album)


def _album(members: list[entries.Entry]) -> entries.Entry:
    if len(members) == 1:
        return members[0]
    marks = {each.is_imported for each in members}
    # Where some are vouched for, each says for itself what it is.
    return replace(
        members[0], members=members, is_imported=marks == {True}, is_joined=members[0].is_joined and len(marks) == 1
    )


def _is_alike(before: records.Message, message: records.Message) -> bool:
    """Say whether one head can speak for both: never for messages of which one is vouched for and one is not."""
    is_imported = records.is_imported(message.as_of)
    # What the head of an album says is not known from its last picture.
    return records.is_imported(before.as_of) == is_imported and not (is_imported and before.album_id is not None)


def _by_day(shown: Iterator[entries.Entry]) -> Iterator[tuple[str, list[entries.Entry]]]:
    label, found = "", list[entries.Entry]()
    for each in shown:
        day = entries.day(each.at)
        if found and day != label:
            yield label, found
            found = []
        label = day
        found.append(each)
    if found:
        yield label, found
