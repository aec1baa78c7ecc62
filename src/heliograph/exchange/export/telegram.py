"""What Telegram Desktop exports as JSON: ``result.json`` and the files of messages beside it.

One chat that was asked for has Desktop's form for one chat, anything else the form for an account. Strings are always
valid JSON, which Desktop's are not where a control character stands in them. Local times are written in UTC.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from zoneinfo import ZoneInfo

import orjson

from heliograph.domain import identity, records
from heliograph.exchange import model
from heliograph.exchange.desktop import extra
from heliograph.exchange.desktop.compose import message as compose
from heliograph.exchange.export import attachments, writer
from heliograph.exchange.export import request as requests
from heliograph.store.reads import export as reads
from heliograph.store.reads import exported

if TYPE_CHECKING:
    from heliograph.exchange import media

ABOUT: Final = "These are chats of a Heliograph mirror in the form of Telegram Desktop's export."
ABOUT_CHATS: Final = "This page lists all chats from this export."
ABOUT_LEFT: Final = "This page lists all supergroups and channels from this export that were left."

_LARGEST_USER: Final = 1 << 52
"""Beyond any user id of Telegram: mailboxes of imports that belong to nobody that is known."""
_CLOSING: Final = b"\n  ]\n }"
_INDENT: Final = re.compile(rb"\n( +)")
_LINE_SEPARATORS: Final = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))
_STATES: Final[dict[str, model.FileStateName]] = {
    "too_large": "too_large",
    "unavailable": "unavailable",
    "missing": "unavailable",
    attachments.LOST: "unavailable",
}
"""Desktop's word for a file that is not in the export; any other state is ``not_included``."""


class Writer:
    """Writes one chat as Desktop's export of a chat, and several as its export of an account."""

    def __init__(self, target: writer.Target, request: requests.Request, storage: media.Storage | None) -> None:
        assert isinstance(target, Path)
        self._root = target
        self._storage = storage if request.with_media else None
        self._is_single = request.chat_ids is not None and len(request.chat_ids) == 1
        self._result = (target / "result.json").open("wb")
        self._left_path = target / ".left_chats.part"
        self._left = self._left_path.open("w+b")
        depth = 0 if self._is_single else 3
        self._chats = _List(self._result, depth)
        self._left_chats = _List(self._left, depth)
        self._number = 0
        if not self._is_single:
            self._result.write(b"{\n" + _member("about", ABOUT, 1) + _opening("chats", ABOUT_CHATS))

    async def begin_chat(self, chat: exported.ExportedChat) -> None:
        """Begin a chat."""
        self._number += 1
        self._chat = _Chat(chat)
        # Desktop has that list for channels and supergroups alone, and of one chat its form says nothing of the kind.
        is_listed = chat.is_left and chat.space_id > 0 and not self._is_single
        self._list = self._left_chats if is_listed else self._chats
        folder = "" if self._is_single else f"chats/chat_{self._number:03}/"
        self._files = attachments.Attachments(self._root, self._storage, folder=folder)
        self._list.begin(self._chat.head(is_listed_as_left=is_listed))

    async def write(self, page: reads.Page) -> None:
        """Write the next messages of the chat."""
        files = [await self._files.place(told) for told in page]
        await asyncio.to_thread(self._write, page, files)

    async def end_chat(self) -> None:
        """End the chat."""
        self._list.end()

    async def close(self) -> None:
        """Append the chats that were left."""
        await asyncio.to_thread(self._close)

    def _write(self, page: reads.Page, files: list[attachments.Placed | None]) -> None:
        for told, file in zip(page, files, strict=True):
            self._list.add(self._chat.message(told, file))

    def _close(self) -> None:
        result = self._result
        if not self._is_single:
            result.write(_CLOSING)
            if self._left_chats.count:
                result.write(_opening("left_chats", ABOUT_LEFT))
                self._left.seek(0)
                shutil.copyfileobj(self._left, result, 1 << 20)
                result.write(_CLOSING)
            result.write(b"\n}")
        result.close()
        self._left.close()
        self._left_path.unlink()


class _Chat:
    """How one chat's messages are composed."""

    def __init__(self, chat: exported.ExportedChat) -> None:
        self._chat = chat
        self._owner = _owner(chat)
        self._target = model.Target(
            space_id=chat.space_id,
            chat_id=chat.chat_id,
            kind=chat.kind,
            self_user_id=self._owner,
            timezone=ZoneInfo("UTC"),
        )
        self._has_topics = chat.kind == "forum" or bool(chat.topics)

    def head(self, *, is_listed_as_left: bool) -> records.Json:
        """Return the keys in front of the messages."""
        chat = self._chat
        kind, number = _kind(chat, self._owner), identity.split_peer(chat.chat_id)[1]
        more: records.Json = {} if self._owner is None else {"owner_user_id": self._owner}
        if (apart := chat.mailbox) is not None:
            # The id that it has here is none of Telegram's, and the next archive is to know the same chat by it.
            more["mailbox"] = apart.key
            kind = apart.kind or kind
            if apart.number is not None:
                number = apart.number
            else:
                more["has_number"] = False
        head: records.Json = {} if kind == "saved_messages" else {"name": chat.title or None}
        head.update(type=kind, id=number)
        if chat.kind == "forum":
            more["topics"] = [
                {"topic_id": each.topic_id, "title": each.title, "is_closed": each.is_closed} for each in chat.topics
            ]
        if chat.is_left and not is_listed_as_left:
            more["is_left"] = True
        if more:
            head[extra.KEY] = more
        return head

    def message(self, told: exported.ExportedMessage, file: attachments.Placed | None) -> records.Json:
        """Return a message in Desktop's form."""
        row = told.message
        self._has_topics |= row.topic_id is not None or (row.service or {}).get("type") == "topic_create"
        imported = model.Imported(
            message=row,
            observation=told.observation,
            file=_reference(file),
            deleted_at=told.deleted_at,
            text_date=told.text_date,
            revisions=[_revision(each) for each in told.revisions],
        )
        return compose.compose(
            imported,
            self._target,
            names=_Names(told.people, self._chat),
            usernames=_Usernames(told.people, self._chat),
            has_topics=self._has_topics,
        )


class _Names(Mapping[identity.PeerId, str]):
    """Names of those that a page knows, without going through all of them for each message."""

    def __init__(self, people: Mapping[int, exported.Person], chat: exported.ExportedChat) -> None:
        self._people = people
        self._chat = chat

    def __getitem__(self, peer_id: identity.PeerId) -> str:
        person = self._people.get(peer_id)
        if person is not None and person.name:
            return person.name
        if peer_id == self._chat.chat_id:
            return self._chat.title
        raise KeyError(peer_id)

    def __iter__(self) -> Iterator[identity.PeerId]:
        return map(identity.PeerId, self._people)

    def __len__(self) -> int:
        return len(self._people)


class _Usernames(_Names):
    """Their usernames."""

    def __getitem__(self, peer_id: identity.PeerId) -> str:
        person = self._people.get(peer_id)
        if person is None or not person.username:
            raise KeyError(peer_id)
        return person.username


class _List:
    """Chats one after another, ``depth`` levels in."""

    def __init__(self, file: BinaryIO, depth: int) -> None:
        self._file = file
        self._depth = depth
        self.count = 0

    def begin(self, head: records.Json) -> None:
        """Write a chat's keys up to its messages."""
        depth = self._depth
        start = b"," if self.count else b""
        self.count += 1
        members = b",\n".join(_member(key, value, depth + 1) for key, value in head.items())
        start += _line(depth) if depth else b""
        self._file.write(start + b"{\n" + members + b"," + _line(depth + 1) + b'"messages": [')
        self._is_first = True

    def add(self, message: records.Json) -> None:
        """Write one message."""
        start = b"" if self._is_first else b","
        self._file.write(start + _line(self._depth + 2) + dumps(message, self._depth + 2))
        self._is_first = False

    def end(self) -> None:
        """Write a chat's end."""
        self._file.write(_line(self._depth + 1) + b"]" + _line(self._depth) + b"}")


def dumps(value: Any, depth: int) -> bytes:
    """Return JSON as Desktop lays it out: one space a level, ``depth`` levels in from the second line on."""
    told = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    for raw, escaped in _LINE_SEPARATORS:
        told = told.replace(raw, escaped)
    margin = b"\n" + b" " * depth
    # No string of JSON holds a line break of its own, so what stands in front of a line is indentation.
    shallow = _INDENT.sub(lambda found: margin + found[1][: len(found[1]) // 2], told)
    return shallow[:-2] + margin + shallow[-1:] if shallow[-2:] in (b"\n}", b"\n]") else shallow


def _member(key: str, value: Any, depth: int) -> bytes:
    return b" " * depth + orjson.dumps(key) + b": " + dumps(value, depth)


def _line(depth: int) -> bytes:
    return b"\n" + b" " * depth


def _opening(name: str, about: str) -> bytes:
    """Return the beginning of a list of chats of an account."""
    start = b",\n " + orjson.dumps(name) + b": {\n" + _member("about", about, 2)
    return start + b',\n  "list": ['


def _kind(chat: exported.ExportedChat, owner: int | None) -> str:
    reach = "public" if chat.username else "private"
    if chat.kind == "channel":
        return f"{reach}_channel"
    if chat.kind in ("supergroup", "forum"):
        return f"{reach}_supergroup"
    if chat.kind == "group":
        return "private_group"
    return "saved_messages" if chat.chat_id == owner else "personal_chat"


def _owner(chat: exported.ExportedChat) -> int | None:
    """Return whose mailbox a basic group or a private chat is in, as far as that is a user of Telegram."""
    return -chat.space_id if 0 < -chat.space_id < _LARGEST_USER else None


def _reference(file: attachments.Placed | None) -> model.FileRef | None:
    if file is None:
        return None
    state = "included" if file.path is not None else _STATES.get(file.state, "not_included")
    return model.FileRef(path=file.path, state=state, name=file.name, size=file.size, mime_type=file.mime_type)


def _revision(revision: exported.ExportedRevision) -> model.Revision:
    return model.Revision(
        text=revision.text,
        entities=revision.entities,
        media=revision.media,
        edit_date=revision.edit_date,
        until_date=revision.until_date,
    )
