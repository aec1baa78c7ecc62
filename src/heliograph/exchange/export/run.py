"""One export from request to files: chat after chat, page after page, while the next page is fetched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from heliograph import errors
from heliograph.exchange.export import place, writer
from heliograph.exchange.export import request as requests
from heliograph.store.database import Database
from heliograph.store.reads import export as reads
from heliograph.store.reads import exported

if TYPE_CHECKING:
    from heliograph.exchange import media


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far an export is, in messages."""

    done: int
    total: int
    chat: str
    """Title of the chat that is being written."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What an export wrote."""

    format: str
    chats: int
    messages: int
    revisions: int
    observations: int
    """Samples of counters, the newest of each message included; 0 unless they were asked for."""
    files: int
    bytes: int


OnProgress = Callable[[Progress], None]


async def export(
    database: Database,
    media_storage: media.Storage | None,
    request: requests.Request,
    out: Path,
    on_progress: OnProgress = lambda progress: None,
    *,
    force: bool = False,
) -> Summary:
    """Write the export to ``out``, which appears when it is complete; ``force`` replaces an earlier export there.

    Raises BadInput for a place that cannot be used, NotFound for an unknown chat, DatabaseUnreachable, OSError.
    """
    folder = requests.is_folder(request, out)
    with place.making(out, is_folder=folder, force=force) as part:
        work = _Work(database, request, on_progress)
        await work.run(part, media_storage)
        if folder:
            (part / place.MARK).write_bytes(work.mark(*place.contents(part)))
        return work.summary(*place.measure(part))


async def stream(
    database: Database,
    request: requests.Request,
    out: BinaryIO,
    on_progress: OnProgress = lambda progress: None,
) -> Summary:
    """Write the messages to a stream. Raises as :func:`export` does, and BadInput for a format of several files."""
    check_stream(request)
    work = _Work(database, request, on_progress)
    await work.run(out, None)
    return work.summary(0, 0)


def check_stream(request: requests.Request) -> None:
    """Raise BadInput for an export that is more than one file."""
    if request.format not in requests.STREAMED:
        formats = " or ".join(sorted(requests.STREAMED))
        raise errors.BadInput(
            f"{request.format} is more than one file; use {formats}, or write to a folder with --out."
        )
    requests.refuse_more_tables(request, "a folder")


class _Work:
    """The counts of one export as it goes on."""

    def __init__(self, database: Database, request: requests.Request, on_progress: OnProgress) -> None:
        self._database = database
        self._request = request
        self._on_progress = on_progress
        self._chats = self._messages = self._revisions = self._observations = self._total = 0

    async def run(self, target: writer.Target, storage: media.Storage | None) -> None:
        """Write all chats."""
        request = self._request
        chats = await reads.chats(self._database, request.chat_ids)
        for chat in chats:
            self._total += await reads.count(self._database, chat, request.filter)
        made = writer.create(target, request, storage)
        async with made.reading(self._database) if hasattr(made, "reading") else nullcontext(self._rows) as read:
            for chat in chats:
                await made.begin_chat(chat)
                await self._chat(made, chat, read)
                await made.end_chat()
                self._chats += 1
        await made.close()

    def _rows(self, chat: exported.ExportedChat) -> AsyncGenerator[exported.RowPage, None]:
        return reads.row_pages(
            self._database,
            chat,
            self._request.filter,
            with_revisions=self._request.with_revisions,
            with_observations=self._request.with_observations,
        )

    async def _chat(self, made: Any, chat: exported.ExportedChat, read: writer.Read) -> None:
        self._tell(chat)
        takes_pages = hasattr(made, "reading") or getattr(made, "takes_rows", False)
        async with _ahead(read(chat)) as pages:
            async for page in pages:
                await made.write(page if takes_pages else page.messages())
                self._count(page.counts())
                self._tell(chat)

    def _count(self, counts: Mapping[str, int]) -> None:
        self._messages += counts.get("messages", 0)
        self._revisions += counts.get("revisions", 0)
        if self._request.with_observations:
            self._observations += counts.get("observations", 0)

    def _tell(self, chat: exported.ExportedChat) -> None:
        # What is stored meanwhile may make more of it than was counted.
        total = max(self._total, self._messages)
        self._on_progress(Progress(done=self._messages, total=total, chat=chat.title))

    def summary(self, files: int, size: int) -> Summary:
        """Return what was written."""
        return Summary(
            format=self._request.format,
            chats=self._chats,
            messages=self._messages,
            revisions=self._revisions,
            observations=self._observations,
            files=files,
            bytes=size,
        )

    def mark(self, files: int, size: int) -> bytes:
        """Return what the folder's mark says: the request and the counts, nothing that two runs would not share."""
        told = {
            "heliograph_export": 1,
            "request": self._request.plain(),
            "files": files,
            "bytes": size,
            "chats": self._chats,
            "messages": self._messages,
            "revisions": self._revisions,
            "observations": self._observations,
        }
        return orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


@asynccontextmanager
async def _ahead(pages: AsyncGenerator[Any, None]) -> AsyncIterator[AsyncIterator[Any]]:
    """Give the pages, each next one fetched while the one before it is worked on."""
    async with aclosing(pages):
        fetching = asyncio.ensure_future(anext(pages, None))

        async def fetched() -> AsyncIterator[Any]:
            nonlocal fetching
            while (page := await fetching) is not None:
                fetching = asyncio.ensure_future(anext(pages, None))
                # Lets the request go out before the page in hand takes the processor.
                await asyncio.sleep(0)
                yield page

        try:
            yield fetched()
        finally:
            # The generator cannot be closed while it runs.
            fetching.cancel()
            await asyncio.wait({fetching})
