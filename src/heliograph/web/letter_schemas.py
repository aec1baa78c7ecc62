"""The shapes of dead letters in the API. What a letter holds stays in the store: the terminal shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

LetterId = Annotated[int, Field(ge=1, le=2**63 - 1)]
LetterIds = Annotated[list[LetterId], Field(min_length=1, max_length=500)]


class DeadLetter(BaseModel):
    """Something that arrived and could not become a row."""

    letter_id: int
    kind: Literal["message", "update", "record"]
    """What its bytes are: a TL message, a TL update, or a row that came from neither."""
    space_id: int | None
    chat_id: int | None
    chat_title: str | None
    message_id: int | None
    error: str
    """The newest one, without any text of a message."""
    attempts: int
    created_at: datetime
    received_at: datetime | None
    resolved_at: datetime | None
    resolution: Literal["replayed", "discarded"] | None
    """None while it is open."""
    layer: int
    as_of: int | None
    """The pts that its knowledge is true for."""
    account_id: int | None
    account: str | None
    """The label of the account that received it."""
    size: int
    """Of its bytes."""


class DeadLetterPage(BaseModel):
    """Letters, newest first."""

    letters: list[DeadLetter]
    open: int
    """All that are open, on this page or not."""
    before: int | None
    """Pass as ``before`` for the older page; None at the end."""


class LetterSelection(BaseModel):
    """Which letters to change."""

    letter_ids: LetterIds


class ReplayRequest(BaseModel):
    """Which letters to replay."""

    letter_ids: LetterIds | None = None
    """None for all that are open, the oldest 500 at a time."""


class LetterChange(BaseModel):
    """What became of the letters that were named."""

    changed: list[int]
    left: list[int]
    """Those that there are none of, or that were in another state."""


class LetterReplay(BaseModel):
    """How the replay of one letter ended."""

    letter_id: int
    outcome: Literal["replayed", "open", "gone"]
    """``open``: it failed again. ``gone``: it was not open any more."""
    reason: str | None


class Replay(BaseModel):
    """A replay that the crawler was asked for. Ask for it again until it is done, failed or expired."""

    replay_id: int
    state: Literal["queued", "running", "done", "failed", "expired"]
    letters: list[LetterReplay]
    """Filled when it is done."""
    error: str | None
    """Why it failed."""
