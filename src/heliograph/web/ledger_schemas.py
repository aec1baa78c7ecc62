"""What the API answers about completeness. Ids are those of messages; times are ISO 8601 in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from heliograph.web.schemas import ChatKind, ChatStatus


class IdClasses(BaseModel):
    """Ids by class, each in exactly one. None where a chat shares its ids with others, so that nobody can tell."""

    stored: int
    deleted: int
    """Known to be deleted; the content stays if it had come."""
    dead_letter: int
    """It came and could not become a row; it waits for a replay among the dead letters."""
    empty: int | None
    """Asked for and confirmed to hold nothing."""
    unreachable: int
    """Cannot be asked for, such as the history before one joined."""
    outside: int | None
    """Nobody asked: older than the depth that was chosen, or newer than anything that Telegram has told."""
    open: int
    """Owed: in an open hole, whether or not the message is here."""
    unaccounted: int | None
    """In none of these, which must not be."""


class Hole(BaseModel):
    """Ids that are owed, both ends included; no ``last_id`` while the end is not known."""

    first_id: int
    last_id: int | None


class HolePage(BaseModel):
    """Open holes in the order of their ids."""

    holes: list[Hole]
    after: int | None
    """Pass as ``after`` for the next page; None at the end."""


class Audit(BaseModel):
    """How looking again at messages of one age goes; seconds are of a whole round."""

    tier: int
    name: str
    period_seconds: float | None
    target_seconds: float | None
    started_at: datetime
    completed_at: datetime | None
    checked: int
    edits_found: int
    deletions_found: int
    is_late: bool


class ChatIntegrity(BaseModel):
    """How complete one chat is."""

    chat_id: int
    kind: ChatKind
    title: str
    username: str | None
    status: ChatStatus
    is_shared: bool
    """Its ids are those of an account's mailbox, which other chats share."""
    is_on_ledger: bool
    top_id: int
    """The greatest id that is known; ids are counted from 1."""
    ids: IdClasses
    rechecked: int
    """Of the open ids, those whose message is here and waits for a second look."""
    suspects: int
    """Ids that were found empty once and wait for the second answer."""
    coverage: float | None
    """Share of the ids that can be asked for whose answer is known, 0 to 1; None when there are none."""
    hole_count: int
    holes: list[Hole]
    """The first of them."""
    audits: list[Audit]
    warnings: list[str]
    is_complete: bool
    digest: str | None
    """SHA-256 over the rows, in hex; only when it was asked for."""


class Loss(BaseModel):
    """What cannot be recovered any more, with the counters and moments that it lies between."""

    loss_id: int
    chat_id: int | None
    """None for all groups of an account."""
    title: str
    reason: str
    explanation: str
    from_pts: int
    to_pts: int | None
    """None while it goes on."""
    since: datetime | None
    noticed_at: datetime
    is_open: bool


class IntegrityTotals(BaseModel):
    """All chats together. Ids that chats share with others count for none of them."""

    chats: int
    ids: IdClasses
    rechecked: int
    suspects: int
    coverage: float | None
    hole_count: int
    late_audits: int


class Integrity(BaseModel):
    """How complete the archive is, all of one moment."""

    checked_at: datetime
    followed_until: datetime | None
    """Until when a crawler followed Telegram: now while one keeps up, None when none ever ran."""
    is_complete: bool
    """Nothing is owed, and every id is in a class."""
    digest: str | None
    totals: IntegrityTotals
    chats: list[ChatIntegrity]
    losses: list[Loss]
    warnings: list[str]
    """What the ledger cannot know: that no crawler runs, or that boxes are behind."""


class Gap(BaseModel):
    """A stretch that was not followed as it happened."""

    gap_id: int
    chat_id: int | None
    """None for the groups of an account, which are followed together."""
    title: str
    cause: str
    explanation: str
    from_pts: int
    to_pts: int
    events: int
    """What had been missed: messages, edits, deletions."""
    noticed_at: datetime
    closed_at: datetime | None
    closed_by: Literal["difference", "probe", "backfill"] | None
    duration_seconds: float | None


class GapPage(BaseModel):
    """Gaps, the one that was noticed last first."""

    gaps: list[Gap]
    after: str | None
    """Pass as ``after`` for earlier ones; None at the end."""
