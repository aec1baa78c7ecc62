"""Which reader reads a source, from its beginning or from where an earlier run ended."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Generator
from typing import BinaryIO

from heliograph.exchange import model, sources
from heliograph.exchange.desktop import html, reader, rich
from heliograph.exchange.importer import points


class Reader:
    """One source on its way through its reader."""

    def __init__(self, source: sources.Source, point: points.Point | None) -> None:
        self._source = source
        self._start = point.offset if point else 0
        self._header = point.header if point else None
        self._pages = _Pages(source)
        self._offset = self._start
        self.left_out = Counter[str]({each.what: each.count for each in source.left_out} if point is None else ())
        """Files met by now that belong to no message, or to one that has more than one."""

    @property
    def done_bytes(self) -> int:
        """How far it is: the byte in JSON, in HTML the pages that are behind."""
        return self._pages.behind if self._source.kind == "html" else self._offset

    def events(self) -> Generator[model.ChatEvent]:
        """Yield what the source holds, and count what is left out. Nothing is opened before the first is asked for."""
        for event in self._all():
            if isinstance(event, model.LeftOut):
                self.left_out[event.what] += event.count
                continue
            if isinstance(event, model.Page):
                self.left_out["article_files"] += sum(
                    rich.files(message) for message in event.messages if "rich_message" in message
                )
            yield event

    def _all(self) -> Generator[model.Event]:
        if self._source.kind == "html":
            yield from html.read(dataclasses.replace(self._source, container=self._pages), start=self._start)
            return
        with self._source.open() as file:
            for event in reader.read(file, name=self._source.page_name(0), start=self._start, header=self._header):
                if isinstance(event, model.Page):
                    self._offset = event.offset_after
                yield event


class _Pages:
    """The container of a source, which notices when the next page is opened."""

    def __init__(self, source: sources.Source) -> None:
        self._container = source.container
        self._left = list(source.pages)
        self._size = 0
        self.name = source.container.name
        self.separator = source.container.separator
        self.behind = 0
        """Bytes of the pages before the one that was opened last."""

    def listing(self, folder: str) -> tuple[list[str], list[str]]:
        """Return the names of files and folders in a folder."""
        return self._container.listing(folder)

    def size(self, path: str) -> int:
        """Return a file's size in bytes."""
        return self._container.size(path)

    def mark(self, path: str) -> str:
        """Return what tells a file from another of its size."""
        return self._container.mark(path)

    def open(self, path: str) -> BinaryIO | None:
        """Open a file."""
        if path in self._left[:1]:
            self._left.pop(0)
            self.behind += self._size
            self._size = self._container.size(path)
        return self._container.open(path)

    def close(self) -> None:
        """Close the container itself."""
        self._container.close()
