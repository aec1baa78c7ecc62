"""What holds in the database whatever comes, in random orders: letters, mailboxes, leases, people and access hashes."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heliograph import errors
from heliograph.domain import identity, records
from heliograph.store import accounts, chats, leases
from heliograph.store import database as store_database

# All examples share one database, each with numbers of its own.
NUMBERS = itertools.count(1)
few = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

BROKEN: dict[str, dict[str, Any]] = {
    "sound": {},
    "not even text": {"text": 7},
    "a date without its zone": {"date": datetime.fromisoformat("2026-03-01")},
    "a layer out of range": {"layer": 2**40},
}
TRANSACTIONS = """
SELECT count(DISTINCT xmin::text) FROM (
    SELECT xmin FROM messages WHERE space_id = %(space)s UNION ALL
    SELECT xmin FROM dead_letters WHERE space_id = %(space)s UNION ALL
    SELECT xmin FROM box_cursors WHERE box = %(space)s
) AS written
"""


@few
@given(kinds=st.lists(st.sampled_from(sorted(BROKEN)), min_size=1, max_size=12), is_outrun=st.booleans())
async def test_letters_are_the_rows_that_cannot_be_stored_and_commit_with_the_cursor(
    make: Any, write: Any, fetch: Any, database: store_database.Database, kinds: list[str], is_outrun: bool
) -> None:
    """A batch whose cursor is elsewhere leaves no letter either: it is asked for again."""
    space = identity.channel_space(next(NUMBERS))
    rows = [
        replace(make.message(number), space_id=space, chat_id=identity.channel_peer(space), **BROKEN[kind])
        for number, kind in enumerate(kinds, 1)
    ]
    await write(make.batch(*rows, moves=(make.move(5 if is_outrun else None, 7, box=space),)))
    stored, letters = [], []
    if not is_outrun:
        stored = [(number,) for number, kind in enumerate(kinds, 1) if kind == "sound"]
        letters = [(number, b"raw") for number, kind in enumerate(kinds, 1) if kind != "sound"]
    assert await fetch("SELECT message_id FROM messages WHERE space_id = %s ORDER BY 1", space) == stored
    assert await fetch("SELECT message_id, raw FROM dead_letters WHERE space_id = %s ORDER BY 1", space) == letters
    assert await fetch("SELECT pts FROM box_cursors WHERE box = %s", space) == ([] if is_outrun else [(7,)])
    async with database.connection() as conn:
        assert await (await conn.execute(TRANSACTIONS, {"space": space})).fetchone() == (0 if is_outrun else 1,)


# -- mailboxes ----------------------------------------------------------------------------------------------------

told = st.lists(
    st.tuples(st.sampled_from(["own group", "shared group", "deletion"]), st.integers(0, 2), st.integers(1, 4)),
    max_size=14,
)


@few
@given(said=told, authority=st.integers(0, 2), size=st.integers(1, 4))
async def test_deletions_and_groups_stay_in_their_one_mailbox(
    make: Any, write: Any, fetch: Any, said: list[tuple[str, int, int]], authority: int, size: int
) -> None:
    """Three mailboxes use the same ids for different messages, and all of them hear of one group."""
    spaces = [identity.mailbox_space(10_000 + next(NUMBERS)) for _ in range(3)]
    own = [identity.chat_peer(next(NUMBERS)) for _ in spaces]
    shared = identity.chat_peer(next(NUMBERS))
    for mailbox in (authority, 0, 1, 2):
        await write(make.batch(make.chat(chat_id=shared, space_id=spaces[mailbox], kind="group")))
    # In one mailbox an id is one message, of whichever chat is told of first.
    chat_of: dict[tuple[int, int], int] = {}
    deleted = {(mailbox, number) for kind, mailbox, number in said if kind == "deletion"}
    rows = []
    for kind, mailbox, number in said:
        if kind == "deletion":
            rows.append(make.tombstone(number, space_id=spaces[mailbox], chat_id=None))
            continue
        chat = chat_of.setdefault((mailbox, number), own[mailbox] if kind == "own group" else shared)
        rows.append(make.message(number, space_id=spaces[mailbox], chat_id=chat))
    for begin in range(0, len(rows), size):
        await write(make.batch(*rows[begin : begin + size]))
    expected = sorted(
        (spaces[mailbox], number, chat, (mailbox, number) in deleted)
        for (mailbox, number), chat in chat_of.items()
        if chat != shared or mailbox == authority
    )
    query = "SELECT space_id, message_id, chat_id, deleted_at IS NOT NULL FROM messages WHERE space_id = ANY(%s)"
    assert sorted(await fetch(query, spaces)) == expected


# -- leases -------------------------------------------------------------------------------------------------------


@dataclass
class Process:
    """A crawler elsewhere, which nobody here can know to be gone."""

    name: str
    conn: store_database.Connection | None = None
    epoch: int | None = None

    async def connected(self, database: store_database.Database) -> store_database.Connection:
        if self.conn is None:
            self.conn = await database.listen_connection()
        return self.conn

    async def lose_connection(self, fetch: Any) -> None:
        """Lose it, and go on once the server has noticed."""
        if self.conn is None:
            return
        pid, began = await leases.backend(self.conn)
        await self.conn.close()
        self.conn = None
        query = "SELECT FROM pg_stat_activity WHERE pid = %s AND backend_start::text = %s"
        async with asyncio.timeout(10):
            while True:
                if not await fetch(query, pid, began):
                    return
                await asyncio.sleep(0.005)


@dataclass
class Model:
    """Who has the lease, or has it reserved after losing its connection."""

    holder: Process | None = None
    is_lost: bool = False
    epochs: list[int] = field(default_factory=list)


acts = st.lists(
    st.tuples(st.sampled_from(["acquire", "acquire", "release", "lose", "resume"]), st.integers(0, 2)),
    min_size=2,
    max_size=12,
)


@settings(few, max_examples=15)
@given(schedule=acts)
async def test_lease_never_has_two_holders(
    fetch: Any, database: store_database.Database, schedule: list[tuple[str, int]]
) -> None:
    """Not even while the one that lost its connection may live on; and each holder has an epoch of its own."""
    resource = f"account:{next(NUMBERS)}"
    processes = [Process(f"elsewhere:{next(NUMBERS)}") for _ in range(3)]
    model = Model()
    for act, number in schedule:
        await perform(act, processes[number], resource, model, database, fetch)
        async with database.connection() as conn:
            believe = [
                each
                for each in processes
                if each.epoch is not None and (await leases.renew(conn, {resource: each.epoch}, each.name))[0]
            ]
        assert believe == ([model.holder] if model.holder else [])
    assert model.epochs == list(range(1, len(model.epochs) + 1))
    for process in processes:
        await process.lose_connection(fetch)
    async with database.connection() as conn:
        await conn.execute("DELETE FROM leases WHERE resource = %s", [resource])


async def perform(
    act: str, process: Process, resource: str, model: Model, database: store_database.Database, fetch: Any
) -> None:
    """Have a process do something, and the model say how it ends."""
    conn = await process.connected(database)
    is_ours = model.holder is process
    if act == "acquire" and not (is_ours and not model.is_lost):
        if model.holder is not None and not is_ours:
            refused = errors.LeaseReserved if model.is_lost else errors.LeaseHeld
            with pytest.raises(errors.LeaseHeld) as raised:
                await leases.acquire(conn, resource, process.name)
            assert type(raised.value) is refused
            return
        process.epoch = await leases.acquire(conn, resource, process.name)
        model.epochs.append(process.epoch)
        model.holder, model.is_lost = process, False
    elif act == "release" and is_ours and not model.is_lost:
        await leases.release(conn, resource)
        model.holder = None
    elif act == "lose":
        await process.lose_connection(fetch)
        model.is_lost = model.is_lost or is_ours
    elif act == "resume" and process.epoch is not None and (model.is_lost or not is_ours):
        assert await leases.resume(conn, {resource: process.epoch}, process.name) is is_ours
        model.is_lost = model.is_lost and not is_ours


# -- people, chats, access hashes ---------------------------------------------------------------------------------

names = st.sampled_from(["a", "b", "c"])
sights = st.one_of(
    st.tuples(st.sampled_from(["user", "chat"]), names, st.booleans()),
    st.tuples(
        st.just("access"),
        st.integers(0, 1),
        st.sampled_from(["user", "channel"]),
        st.one_of(st.none(), st.integers(1, 9)),
        st.sampled_from(["member", "left"]),
    ),
)


@few
@given(seen=st.lists(sights, max_size=14), size=st.integers(1, 5))
async def test_full_data_stays_and_every_access_hash_is_its_accounts_and_its_types(
    make: Any, write: Any, fetch: Any, database: store_database.Database, seen: list[Any], size: int
) -> None:
    """A user and a channel of one number, seen by two accounts, poorly and fully, in any order and any commits."""
    number = 50_000 + next(NUMBERS)
    peers = {"user": identity.user_peer(number), "channel": identity.channel_peer(number)}
    async with database.connection() as conn:
        keys = [next(NUMBERS) for _ in range(2)]
        ids = [await accounts.save(conn, label=f"account {key}", user_id=900_000 + key, dc_id=2) for key in keys]
    rows: list[Any] = []
    best: dict[str, tuple[str, bool]] = {}
    hashes: dict[tuple[int, int], int | None] = {}
    for kind, *what in seen:
        if kind == "access":
            account, peer, access_hash = ids[what[0]], peers[what[1]], what[2]
            rows.append(records.Access(account_id=account, peer_id=peer, access_hash=access_hash, role=what[3]))
            hashes[account, peer] = access_hash or hashes.get((account, peer))
            continue
        name, is_min = what
        if kind == "user":
            rows.append(records.User(user_id=number, first_name=name, is_min=is_min))
        else:
            space = identity.channel_space(number)
            rows.append(make.chat(chat_id=peers["channel"], space_id=space, title=name, is_min=is_min))
        if not is_min or best.get(kind, ("", True))[1]:
            best[kind] = (name, is_min)
    for begin in range(0, len(rows), size):
        await write(make.batch(*rows[begin : begin + size]))
    known = {
        "user": await fetch("SELECT first_name, is_min FROM users WHERE user_id = %s", number),
        "chat": await fetch("SELECT title, is_min FROM chats WHERE chat_id = %s", peers["channel"]),
    }
    assert {kind: rows[0] for kind, rows in known.items() if rows} == best
    async with database.connection() as conn:
        for account in ids:
            reached = {item.peer_id: item.access_hash for item in await chats.accesses(conn, account)}
            assert reached == {peer: value for (owner, peer), value in hashes.items() if owner == account}
