"""Which reader reads a source, from its beginning or from where an earlier run ended."""

from __future__ import annotations

from collections.abc import Generator

from heliograph.exchange import model, sources
from heliograph.exchange.desktop import html, reader
from heliograph.exchange.importer import points


def events(source: sources.Source, point: points.Point | None) -> Generator[model.Event]:
    """Yield what a source holds. Nothing is opened before the first event is asked for."""
    start, header = (point.offset, point.header) if point else (0, None)
    if source.kind == "html":
        yield from html.read(source, start=start)
        return
    with source.open() as file:
        yield from reader.read(file, name=source.page_name(0), start=start, header=header)
