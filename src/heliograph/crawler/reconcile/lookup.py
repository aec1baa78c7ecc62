"""channels.getMessages and messages.getMessages: up to 200 ids, each answered by a message or by messageEmpty.

What it tells is true as of the cursor that was committed *before* it was asked (invariant 10). An id that the answer
says nothing about stays unknown: only messageEmpty says that there is none. An id whose answer cannot be read does not
hide those it is asked with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from telethon.tl import functions, types

from heliograph import errors
from heliograph.crawler import families, history, isolation, link, normalize
from heliograph.domain import identity, records
from heliograph.store import owed

LIMIT: Final = owed.CALL
"""Ids of one call."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """Ids of one space, and the committed cursor from before they are asked for."""

    space_id: identity.SpaceId
    ids: Sequence[int]
    as_of: int
    purpose: families.Purpose


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came: the rows, without any coverage, and which ids are there and which are not."""

    batch: records.Batch
    found: frozenset[int]
    """Messages of any chat, in a mailbox also of chats that are not mirrored."""
    empty: frozenset[int]
    alone: Mapping[int, errors.TelegramError] = field(default_factory=dict)
    """Ids that have no answer even alone; nothing is known of them."""


async def ask(account: link.Link, question: Question, memory: normalize.PeerMemory, at: datetime) -> Answer:
    """Ask for messages by their ids, by halves where there is no answer.

    Raises what ``call`` raises, unless it may be about ids alone.
    """
    answers: list[Answer] = []

    async def look(ids: Sequence[int]) -> None:
        answers.append(await _ask(account, replace(question, ids=ids), memory, at))

    search = await isolation.ask(question.ids, look)
    return Answer(
        batch=_joined(account, [each.batch for each in answers]),
        found=frozenset().union(*(each.found for each in answers)),
        empty=frozenset().union(*(each.empty for each in answers)),
        alone=search.alone,
    )


def coverage(
    space_id: identity.SpaceId,
    ids: Mapping[identity.PeerId, Iterable[int]],
    as_of: int,
    source: records.CoverageSource,
) -> list[records.Coverage]:
    """Return ids of each chat as ranges for the ledger."""
    return [
        records.Coverage(space_id=space_id, chat_id=chat_id, first_id=first, last_id=last, as_of=as_of, source=source)
        for chat_id, those in ids.items()
        for first, last in history.runs(sorted(those))
    ]


async def _ask(account: link.Link, question: Question, memory: normalize.PeerMemory, at: datetime) -> Answer:
    tl = await account.connection.call(_request(account, question), purpose=question.purpose)
    asked = frozenset(question.ids)
    rows = normalize.Rows()
    context = replace(account.context(at), keeps_topics=False)
    found: set[int] = set()
    empty: set[int] = set()
    for message in tl.messages:
        if message.id not in asked:
            continue
        if normalize.is_empty(message):
            empty.add(message.id)
        else:
            found.add(message.id)
            rows.add(message, space_id=question.space_id, as_of=question.as_of, context=context)
    users, chats, accesses = _peers(account, tl, memory)
    batch = records.Batch(
        origin="probe",
        account_id=context.account_id,
        messages=rows.messages,
        observations=rows.observations,
        dead_letters=rows.dead_letters,
        users=users,
        chats=chats,
        accesses=accesses,
    )
    return Answer(batch=batch, found=frozenset(found), empty=frozenset(empty))


def _joined(account: link.Link, batches: Sequence[records.Batch]) -> records.Batch:
    return records.Batch(
        origin="probe",
        account_id=identity.AccountId(account.account_id),
        messages=[row for each in batches for row in each.messages],
        observations=[row for each in batches for row in each.observations],
        dead_letters=[row for each in batches for row in each.dead_letters],
        users=[row for each in batches for row in each.users],
        chats=[row for each in batches for row in each.chats],
        accesses=[row for each in batches for row in each.accesses],
    )


def _request(account: link.Link, question: Question) -> Any:
    wanted = [types.InputMessageID(each) for each in question.ids]
    if not identity.is_channel_space(question.space_id):
        return functions.messages.GetMessagesRequest(id=wanted)
    channel = types.InputChannel(question.space_id, account.channel_hash(question.space_id) or 0)
    return functions.channels.GetMessagesRequest(channel=channel, id=wanted)


def _peers(account: link.Link, tl: Any, memory: normalize.PeerMemory) -> normalize.Peers:
    """Return who came along and is new. Roles are left to those who follow them, as in history."""
    known = normalize.peers(
        tl.users, tl.chats, account_id=account.account_id, self_user_id=account.user_id, user_accesses=False
    )
    account.learn(known)
    users, chats, accesses = memory.fresh(known)
    return (
        users,
        [chat for chat in chats if chat.kind != "group"],
        [access for access in accesses if identity.split_peer(access.peer_id)[0] != "chat"],
    )
