"""What a format is to the one that runs an export, and how a format is found by its name."""

from __future__ import annotations

import importlib
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeAlias

from heliograph.exchange.export import request as requests
from heliograph.store.database import Database
from heliograph.store.reads import export as reads
from heliograph.store.reads import exported

if TYPE_CHECKING:
    from heliograph.exchange import media

Target: TypeAlias = Path | BinaryIO
"""A folder that exists and is empty; for ``requests.STREAMED`` also a file that does not exist yet, or a stream."""


class MessageWriter(Protocol):
    """A format that takes messages as objects. ``close`` is called once, after the last chat, if nothing failed."""

    async def begin_chat(self, chat: exported.ExportedChat) -> None:
        """Begin a chat; chats come in the order of their ids."""

    async def write(self, page: reads.Page) -> None:
        """Write the next messages of the chat."""

    async def end_chat(self) -> None:
        """End the chat."""

    async def close(self) -> None:
        """Finish all files."""


Read: TypeAlias = Callable[[exported.ExportedChat], AsyncGenerator[Any, None]]
"""Reads a chat in pages, which ``write`` takes and which know their ``counts()``: rows by table."""


class ReadingWriter(Protocol):
    """A format that reads chats in a form of its own, so that no message becomes an object on the way."""

    def reading(self, database: Database) -> AbstractAsyncContextManager[Read]:
        """Give what reads chats."""

    async def begin_chat(self, chat: exported.ExportedChat) -> None:
        """Begin a chat; chats come in the order of their ids."""

    async def write(self, page: Any) -> None:
        """Write what was read next."""

    async def end_chat(self) -> None:
        """End the chat."""

    async def close(self) -> None:
        """Finish all files."""


class RowWriter(Protocol):
    """A format that takes plain rows; it has ``takes_rows = True``."""

    takes_rows: bool

    async def begin_chat(self, chat: exported.ExportedChat) -> None:
        """Begin a chat; chats come in the order of their ids."""

    async def write(self, page: exported.RowPage) -> None:
        """Write the next messages of the chat."""

    async def end_chat(self) -> None:
        """End the chat."""

    async def close(self) -> None:
        """Finish all files."""


def create(target: Target, request: requests.Request, storage: media.Storage | None) -> Any:
    """Return the writer of the request's format: ``Writer(target, request, storage)`` of the module of its name.

    Only the module that is needed is imported: the libraries of some take a while to load.
    """
    module = importlib.import_module(f"heliograph.exchange.export.{request.format}")
    return module.Writer(target, request, storage)
