"""What somebody wants exported, in a form that a command line, the API and a queued job share."""

from __future__ import annotations

from dataclasses import dataclass, field
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

    def plain(self) -> dict[str, Any]:
        """Return the request as JSON values; times are ISO 8601."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def parse(plain: object) -> Request:
    """Return the request that :meth:`Request.plain` gave. Raises BadInput for anything else."""
    try:
        return msgspec.convert(plain, Request)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, errors.HeliographError):
            raise error.__cause__ from None
        raise errors.BadInput(f"This is not an export that can be asked for: {error}.") from None
