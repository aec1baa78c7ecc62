"""messages.getHistory, oldest first: one page as a batch.

A page holds the ids above ``next_id``. What it tells is true as of the cursor that was committed *before* it was asked
(invariant 10). Ids that it leaves out are not taken as deleted: in a channel, where ids are dense, they stay open
holes until somebody asks for them by id (crawler/reconcile); a mailbox numbers all its chats together, so there the
ids between two messages of one chat say nothing and the whole range counts as scanned. That holds as long as nothing
of the mailbox was lost: after a loss the store takes no page as proof (store/coverage.py), and all ids are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from telethon.tl import functions

from heliograph import errors
from heliograph.crawler import link, normalize
from heliograph.domain import identity, records

PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a request brought."""

    batch: records.Batch
    progress: records.BackfillProgress


@dataclass(frozen=True, kw_only=True)
class Request:
    """One page of one chat."""

    account: link.Link
    peer: Any
    progress: records.BackfillProgress
    as_of: int
    until_id: int | None = None
    """Ids above it are there already; None reads on to the newest."""
    top_id: int = 0
    """The newest id as far as known; 0 when it is not."""
    limit: int = PAGE
    beside: Sequence[tuple[records.CoverageSource, int, int]] = ()
    """What else to put on the ledger with this page: source, first and last id."""


async def start_id(account: link.Link, peer: Any, since: datetime) -> int:
    """Return the newest id that is older than ``since``, 0 when there is none. Raises what ``call`` raises.

    A message that cannot be read is passed by, so that history begins some messages earlier.
    """
    older = 0
    while True:
        try:
            answer = await account.connection.call(
                functions.messages.GetHistoryRequest(
                    peer=peer, offset_id=0, offset_date=since, add_offset=older, limit=1, max_id=0, min_id=0, hash=0
                )
            )
        except errors.Undecodable:
            if older > PAGE:
                raise
            older = 2 * older + 1
            continue
        return max((message.id for message in answer.messages), default=0)


async def fetch(request: Request, memory: normalize.PeerMemory, at: datetime) -> Page:
    """Ask for a page and return its rows. Raises what ``call`` raises."""
    before = request.progress
    answer = await request.account.connection.call(
        functions.messages.GetHistoryRequest(
            peer=request.peer,
            offset_id=before.next_id + 1,
            offset_date=None,
            add_offset=-request.limit,
            limit=request.limit,
            max_id=0,
            min_id=0,
            hash=0,
        )
    )
    # Near the newest message servers fill a page up with older ones.
    fresh = [tl for tl in reversed(answer.messages) if _is_wanted(tl, before.next_id, request.until_id)]
    progress = _progress(request, answer, [tl.id for tl in fresh])
    return Page(batch=_batch(request, answer, fresh, progress, memory, at), progress=progress)


def _is_wanted(tl: Any, above: int, until: int | None) -> bool:
    return tl.id > above and (until is None or tl.id <= until) and not normalize.is_empty(tl)


def _progress(request: Request, answer: Any, ids: list[int]) -> records.BackfillProgress:
    before = request.progress
    newest = max((message.id for message in answer.messages), default=0)
    last = max(ids, default=before.next_id)
    done = before.done + len(ids)
    is_complete = _is_last(request, ids, newest)
    remaining = 0 if is_complete else _remaining(request, answer, last)
    return replace(before, next_id=last, done=done, total=done + remaining, is_complete=is_complete)


def _is_last(request: Request, ids: list[int], newest: int) -> bool:
    """Say whether nothing follows. A page may lack hidden messages, so one that is not full is no proof by itself."""
    if not ids or (request.until_id is not None and newest >= request.until_id):
        return True
    return len(ids) < request.limit and 0 < request.top_id <= ids[-1]


def _remaining(request: Request, answer: Any, last: int) -> int:
    """Return about how many messages follow: a channel's ids are dense, a mailbox counts its whole history."""
    if identity.is_channel_space(request.progress.space_id):
        return max(1, (request.until_id or request.top_id or last) - last)
    return max(1, int(getattr(answer, "count", 0)) - request.progress.done)


def _batch(
    request: Request,
    answer: Any,
    fresh: list[Any],
    progress: records.BackfillProgress,
    memory: normalize.PeerMemory,
    at: datetime,
) -> records.Batch:
    account, space, above = request.account, progress.space_id, request.progress.next_id
    context = replace(account.context(at), keeps_topics=False)
    rows = normalize.Rows()
    for tl in fresh:
        rows.add(tl, space_id=space, as_of=request.as_of, context=context)
    known = normalize.peers(
        answer.users,
        answer.chats,
        account_id=account.account_id,
        self_user_id=account.user_id,
        user_accesses=False,
    )
    account.learn(known)
    users, chats, accesses = memory.fresh(known)
    # Word that a group was left, which is a loss from then on, may overtake this page: it says nothing of roles.
    chats = [chat for chat in chats if chat.kind != "group"]
    accesses = [access for access in accesses if identity.split_peer(access.peer_id)[0] != "chat"]
    return records.Batch(
        origin="backfill",
        account_id=context.account_id,
        messages=rows.messages,
        observations=rows.observations,
        dead_letters=rows.dead_letters,
        users=users,
        chats=chats,
        accesses=accesses,
        coverage=[
            records.Coverage(
                space_id=space,
                chat_id=progress.chat_id,
                first_id=first,
                last_id=last,
                as_of=request.as_of if source != "owed" else 0,
                source=source,
            )
            for source, first, last in (*request.beside, *_ranges([tl.id for tl in fresh], space, above))
        ],
        progress=progress,
    )


def _ranges(ids: list[int], space: identity.SpaceId, above: int) -> Iterator[tuple[records.CoverageSource, int, int]]:
    """Yield what a page proves: runs of ids that are there, or in a mailbox everything up to the last."""
    if ids and not identity.is_channel_space(space):
        yield "backfill", above + 1, ids[-1]
        return
    for first, last in runs(ids):
        yield "backfill", first, last


def runs(ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of ascending ids that follow each other, as first and last."""
    first = last = None
    for each in ids:
        if first is not None and last is not None and each != last + 1:
            yield first, last
            first = each
        first, last = each if first is None else first, each
    if first is not None and last is not None:
        yield first, last
