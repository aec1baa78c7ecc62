"""What somebody wants exported, in a form that a command line, the API and a queued job share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final

import msgspec

from heliograph import errors
from heliograph.store.reads import export as reads

FORMATS: Final = {
    "jsonl": "JSON Lines: one JSON object a message",
    "csv": "CSV for spreadsheets and most programs",
    "parquet": "Parquet, typed and partitioned by chat and month",
    "telegram": "what Telegram Desktop exports as JSON",
    "html": "pages with media, to read without a server",
}
"""Formats by name, with what each is in a few words."""
TABLES: Final = frozenset({"jsonl", "csv", "parquet"})
"""Formats that are tables, where revisions and observations are tables of their own."""
STREAMED: Final = frozenset({"jsonl", "csv"})
"""Formats whose messages can be one file or a pipe."""
ENDINGS: Final = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".parquet": "parquet",
    ".json": "telegram",
    ".html": "html",
    ".htm": "html",
}
"""Formats by the ending of a name."""
_FOREIGN: Final = frozenset({".gz", ".ods", ".pdf", ".sqlite", ".tsv", ".txt", ".xls", ".xlsx", ".xml", ".zip", ".zst"})
"""Endings of what no export is."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One export. Raises BadInput for what cannot be exported so."""

    format: str
    """One of :data:`FORMATS`."""
    chat_ids: tuple[int, ...] | None = None
    """None is every mirrored chat."""
    filter: reads.Filter = field(default_factory=reads.Filter)
    with_revisions: bool = False
    with_observations: bool = False
    with_media: bool = True
    """Copies the files of messages into formats that hold files: ``telegram`` and ``html``."""
    with_bom: bool = False
    """Begins CSV files with a byte order mark, by which Excel knows that they are UTF-8."""

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise errors.BadInput(f"There is no format {self.format!r}; use one of {', '.join(FORMATS)}.")
        if self.chat_ids is not None and not self.chat_ids:
            raise errors.BadInput("An export of no chats is nothing; name a chat, or leave chats out for all of them.")
        since, until = self.filter.since, self.filter.until
        if since is not None and until is not None and since >= until:
            raise errors.BadInput("The export would begin after its end; exchange the two dates.")
        if self.filter.words is not None and not self.filter.words.replace("\x00", " ").strip():
            raise errors.BadInput("There are no words to look for; give at least one, or leave the search out.")
        if self.with_observations and self.format not in TABLES:
            tables = ", ".join(sorted(TABLES))
            raise errors.BadInput(f"{self.format} has no place for every sample of counters; use one of {tables}.")
        if self.with_bom and self.format != "csv":
            raise errors.BadInput(f"{self.format} has no byte order mark; ask for it with csv.")

    def plain(self) -> dict[str, Any]:
        """Return the request as JSON values; times are ISO 8601."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def format_of(out: PurePath, asked: str | None) -> str:
    """Return the format that is asked for, or the one that a name ends in, or JSON Lines."""
    return asked or ENDINGS.get(out.suffix.lower(), "jsonl")


def is_folder(request: Request, out: PurePath) -> bool:
    """Say whether the export is a folder; a name that ends as its format asks for the messages as one file.

    Raises BadInput for an ending that is another format's, or when more is asked for than goes into one file.
    """
    ending = out.suffix.lower()
    named = ENDINGS.get(ending)
    if named not in (None, request.format) or ending in _FOREIGN:
        instead = f"leave out --format {request.format}, or " if named else ""
        raise errors.BadInput(f"What ends in {ending} is no {request.format}; {instead}choose a name without {ending}.")
    if request.format in STREAMED and named:
        refuse_more_tables(request, "a name without an ending")
        return False
    # Others call such a folder so; of a page or of JSON they expect a file.
    if named not in (None, "parquet"):
        raise errors.BadInput(f"{request.format} is a folder of several files; choose a name without {ending}.")
    return True


def refuse_more_tables(request: Request, instead: str) -> None:
    """Raise BadInput when more is asked for than messages."""
    if request.with_revisions or request.with_observations:
        raise errors.BadInput(
            f"Revisions and observations are files of their own; give {instead} as --out, or leave them out."
        )


def parse(plain: object) -> Request:
    """Return the request that :meth:`Request.plain` gave. Raises BadInput for anything else."""
    try:
        return msgspec.convert(plain, Request)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, errors.HeliographError):
            raise error.__cause__ from None
        raise errors.BadInput(f"This is not an export that can be asked for: {error}.") from None
