"""The shapes of exports in the API. What is asked for has the form that ``exchange/export/request.py`` reads."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_BIGINT = 2**63 - 1
PeerId = Annotated[int, Field(ge=-_BIGINT, le=_BIGINT)]
TopicId = Annotated[int, Field(ge=1, le=2**31 - 1)]
Format = Literal["jsonl", "csv", "parquet", "telegram", "html"]
State = Literal["queued", "running", "done", "failed", "cancelled"]


class _Asked(BaseModel):
    # A name that was mistyped would otherwise mean: without that filter.
    model_config = ConfigDict(extra="forbid")


class ExportFilter(_Asked):
    """Which messages are wanted; null wants all of them."""

    since: datetime | None = None
    """Not before; without a zone it is UTC."""
    until: datetime | None = None
    """Before."""
    sender_id: PeerId | None = None
    topic_id: TopicId | None = None
    kind: str | None = None
    """As in the search: ``text``, ``media``, ``service``, or a kind of media."""
    is_edited: bool | None = None
    """True for edited ones only, false for the others."""
    is_deleted: bool | None = None
    """True for deleted ones only, false for the others."""
    words: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """As in the search."""


class ExportRequest(_Asked):
    """What to export."""

    format: Format
    chat_ids: Annotated[list[PeerId], Field(min_length=1, max_length=500)] | None = None
    """Null for every mirrored chat."""
    filter: ExportFilter = ExportFilter()
    with_revisions: bool = False
    """Also the earlier texts of edited messages."""
    with_observations: bool = False
    """Also every sample of views, reactions and the like."""
    with_media: bool = True
    """Also the files that are stored, in ``telegram`` and ``html``."""
    with_bom: bool = False
    """A byte order mark at the beginning of CSV files, which Excel needs."""


class Export(BaseModel):
    """An export, made in the background. Ask for it again until it is done, failed or cancelled."""

    export_id: int
    request: ExportRequest
    state: State
    done: int
    """Messages written."""
    total: int | None
    """Messages to write; null until they are counted."""
    file_name: str | None
    """How the archive is called, once it is done."""
    bytes: int | None
    """Size of the archive."""
    error: str | None
    """Why it failed, in a sentence."""
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    """When the archive is deleted and the export is forgotten."""


class ExportPage(BaseModel):
    """Exports, newest first."""

    exports: list[Export]
    before: int | None
    """Pass as ``before`` for the older page; null at the end."""
    is_worker_running: bool
    """Without a worker nothing is made; `heliograph run` starts one."""


class ExportRemoval(BaseModel):
    """What became of an export that is not wanted any more."""

    outcome: Literal["cancelled", "removed"]
    """``cancelled``: it was not over, stays in the list, and can be removed from it. ``removed``: it is gone."""
