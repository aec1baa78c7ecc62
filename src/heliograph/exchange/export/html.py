"""A static archive that opens from a folder: no server, no network, no scripts."""

from __future__ import annotations

import asyncio
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Final

import jinja2

from heliograph.exchange.export import attachments, writer
from heliograph.exchange.export import request as requests
from heliograph.exchange.export.archive import book, entries
from heliograph.store.reads import export as reads
from heliograph.store.reads import exported

if TYPE_CHECKING:
    from heliograph.exchange import media

TEMPLATES: Final = Path(book.__file__).parent / "templates"

_INERT: Final = (
    *(".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".tgs"),
    *(".mp3", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".flac", ".wav"),
    *(".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".3gp", ".mpg", ".mpeg"),
    *(".pdf", ".txt", ".csv", ".tsv", ".json", ".rtf", ".epub", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx"),
    *(".odt", ".ods", ".odp", ".zip", ".7z", ".rar", ".tar", ".vcf", ".vcard"),
)
"""Endings of files that no browser and no web server runs; there is no list of those that one of them does.

``.gz`` is not among them: some servers call ``page.html.gz`` a page.
"""


class Writer:
    """Writes ``index.html`` and a folder for each chat."""

    def __init__(self, target: writer.Target, request: requests.Request, storage: media.Storage | None) -> None:
        assert isinstance(target, Path)
        self._root = target
        self._request = request
        self._storage = storage if request.with_media else None
        self._templates = _templates()
        self._chapters: list[book.Chapter] = []

    async def begin_chat(self, chat: exported.ExportedChat) -> None:
        """Begin a chat."""
        self._book = book.Book(self._root, self._templates, chat)
        self._files = attachments.Attachments(self._root, self._storage, folder=self._book.folder, rename=defused)

    async def write(self, page: reads.Page) -> None:
        """Write the next messages of the chat."""
        files = [await self._files.place(told) for told in page]
        await asyncio.to_thread(self._add, page, files)

    async def end_chat(self) -> None:
        """Write the chat's index."""
        self._chapters.append(await asyncio.to_thread(self._book.close))

    async def close(self) -> None:
        """Write the list of chats and the style sheet."""
        chapters = sorted(self._chapters, key=lambda chapter: chapter.title.casefold())
        shown = self._templates.get_template("index.html").render(
            up="", chats=chapters, limits=limits(self._request.filter)
        )
        (self._root / "index.html").write_text(shown, encoding="utf-8")
        (self._root / "style.css").write_bytes((TEMPLATES / "style.css").read_bytes())

    def _add(self, page: reads.Page, files: list[attachments.Placed | None]) -> None:
        for told, file in zip(page, files, strict=True):
            self._book.add(told, file)


def defused(name: str) -> str:
    """Return a file's name under which nothing runs what is in it."""
    return name if name.lower().endswith(_INERT) else f"{name}.txt"


def limits(wanted: reads.Filter) -> list[str]:
    """Return in words what an archive is limited to."""
    found = [
        f"since {entries.moment(wanted.since.astimezone(UTC))}" if wanted.since else None,
        f"before {entries.moment(wanted.until.astimezone(UTC))}" if wanted.until else None,
        f"from sender {wanted.sender_id}" if wanted.sender_id is not None else None,
        f"in topic {wanted.topic_id}" if wanted.topic_id is not None else None,
        f"of kind {wanted.kind}" if wanted.kind else None,
        {True: "edited", False: "not edited", None: None}[wanted.is_edited],
        {True: "deleted", False: "not deleted", None: None}[wanted.is_deleted],
        f"with the words “{wanted.words}”" if wanted.words else None,
    ]
    return [each for each in found if each]


def _templates() -> jinja2.Environment:
    # Everything is escaped, whatever a template's name ends in, and a misspelt name is an error.
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = entries.moment
    return environment
