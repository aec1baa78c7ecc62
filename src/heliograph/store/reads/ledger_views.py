"""What reading the ledger gives, ready to become JSON: field for field those of the API (web/ledger_schemas.py)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Ids:
    """Ids by class, each in exactly one. None where a chat shares its ids with others and nobody can tell."""

    stored: int
    deleted: int
    dead_letter: int
    empty: int | None
    unreachable: int
    outside: int | None
    open: int
    unaccounted: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Hole:
    """Ids that are owed, both ends included; ``last_id`` None when the end is not known yet."""

    first_id: int
    last_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class HolePage:
    """Open holes in the order of their ids."""

    holes: list[Hole]
    after: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """How the rolling audit of one age of messages goes; seconds are of a whole round."""

    tier: int
    name: str
    period_seconds: float | None
    target_seconds: float | None
    started_at: datetime
    """Of a first round that has not begun: since when it is waited for."""
    completed_at: datetime | None
    checked: int
    edits_found: int
    deletions_found: int
    is_late: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatLedger:
    """How complete one chat is."""

    chat_id: int
    kind: str
    title: str
    username: str | None
    status: str
    is_shared: bool
    is_on_ledger: bool
    top_id: int
    ids: Ids
    rechecked: int
    suspects: int
    coverage: float | None
    hole_count: int
    holes: list[Hole]
    audits: list[Audit]
    warnings: list[str]
    is_complete: bool
    digest: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """What cannot be recovered any more, between which counters and moments; ``to_pts`` None while it goes on."""

    loss_id: int
    chat_id: int | None
    title: str
    reason: str
    explanation: str
    from_pts: int
    to_pts: int | None
    since: datetime | None
    noticed_at: datetime
    is_open: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """All chats together. Ids that chats share with others count for none of them."""

    chats: int
    ids: Ids
    rechecked: int
    suspects: int
    coverage: float | None
    hole_count: int
    late_audits: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Integrity:
    """How complete the archive is, at one moment."""

    checked_at: datetime
    followed_until: datetime | None
    is_complete: bool
    digest: str | None
    totals: Totals
    chats: list[ChatLedger]
    losses: list[Loss]
    warnings: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A stretch that was not followed as it happened; ``chat_id`` None for an account's mailbox."""

    gap_id: int
    chat_id: int | None
    title: str
    cause: str
    explanation: str
    from_pts: int
    to_pts: int
    events: int
    noticed_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    duration_seconds: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class GapPage:
    """Gaps, the one that was noticed last first; ``after`` leads on to earlier ones."""

    gaps: list[Gap]
    after: str | None
