"""Whatever order knowledge comes in, however often and in whatever pieces: the rows end the same."""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heliograph.domain import identity, records
from heliograph.store import commit
from heliograph.store import database as store_database

ROWS = """
SELECT message_id, text, as_of, edit_date, deleted_at, deleted_as_of, is_pinned
FROM messages WHERE space_id = %s ORDER BY message_id
"""
# When one content was seen under several edit dates, the texts and their order are what must not depend on luck; how
# often one is listed in a row does, since a page of history may tell of an edit before its update does.
REVISIONS = """
SELECT message_id, array_agg(text ORDER BY edit_date NULLS FIRST) FROM (
    SELECT *, lag(text) OVER (PARTITION BY message_id ORDER BY edit_date NULLS FIRST) AS before
    FROM revisions WHERE space_id = %s
) r WHERE text IS DISTINCT FROM before GROUP BY message_id ORDER BY message_id
"""
ORPHANS = "SELECT message_id, as_of, deleted_at FROM orphan_tombstones WHERE space_id = %s ORDER BY message_id"
COVERED = "SELECT covered::text, holes::text FROM coverage WHERE space_id = %s"

# All examples share one database, each in spaces of its own.
SPACES = itertools.count(1)


@st.composite
def knowledge(draw: st.DrawFn) -> list[Any]:
    """Draw what sources say of a few messages: versions, sightings (lagging scans too), deletions, scanned ranges."""
    said: list[Any] = []
    for message_id in range(1, draw(st.integers(1, 3)) + 1):
        pts = 0
        for version in range(draw(st.integers(1, 4))):
            pts += draw(st.integers(1, 3))
            text = draw(st.sampled_from(["a", "b"]))
            pinned = draw(st.booleans())
            for later in draw(st.lists(st.integers(-3, 2), min_size=1, max_size=2)):
                said.append(("message", message_id, pts + later, version, text, pinned))
            pts += 2
        if draw(st.booleans()):
            for later in draw(st.lists(st.integers(0, 3), min_size=1, max_size=2)):
                said.append(("tombstone", message_id, pts + later, 500 + later))
            if draw(st.booleans()):
                said.append(("message", message_id, pts + 9, 9, "again", False))
        first = draw(st.integers(1, 20))
        said.append(("coverage", first, first + draw(st.integers(0, 5))))
    return said


def rows_of(make: Any, said: list[Any], space: identity.SpaceId) -> list[Any]:
    chat = identity.channel_peer(space)
    rows: list[Any] = []
    for kind, *item in said:
        if kind == "message":
            message_id, as_of, version, text, pinned = item
            edited = make.at(version) if version else None
            rows.append(
                replace(
                    make.message(message_id, as_of=as_of, edit_date=edited, text=text, is_pinned=pinned),
                    space_id=space,
                    chat_id=chat,
                )
            )
        elif kind == "tombstone":
            message_id, as_of, when = item
            rows.append(make.tombstone(message_id, as_of=as_of, deleted_at=make.at(when), space_id=space, chat_id=chat))
        else:
            rows.append(
                records.Coverage(
                    space_id=space, chat_id=chat, first_id=item[0], last_id=item[1], as_of=1, source="backfill"
                )
            )
    return rows


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=knowledge(), seed=st.integers(0, 2**32))
async def test_order_duplication_and_splitting_do_not_matter(
    database: store_database.Database, make: Any, said: list[Any], seed: int
) -> None:
    rng = random.Random(seed)
    spaces = [identity.channel_space(next(SPACES)) for _ in range(2)]
    told = said + rng.choices(said, k=rng.randrange(4))
    rng.shuffle(told)
    async with database.connection() as conn:
        for row in rows_of(make, sorted(said, key=lambda item: item[2]), spaces[0]):
            async with conn.transaction():
                await commit.commit(conn, [make.batch(row)])
        rows = rows_of(make, told, spaces[1])
        while rows:
            size = rng.randrange(1, 5)
            batches = [make.batch(row) for row in rows[:size]] if rng.random() < 0.5 else [make.batch(*rows[:size])]
            async with conn.transaction():
                await commit.commit(conn, batches)
            rows = rows[size:]
        for query in (ROWS, REVISIONS, ORPHANS, COVERED):
            one, other = [await (await conn.execute(query, [space])).fetchall() for space in spaces]
            assert one == other, query


async def test_writers_of_one_message_at_once_lose_no_version(
    database: store_database.Database, make: Any, fetch: Any
) -> None:
    async def write(version: int) -> None:
        row = make.message(text=f"text {version}", as_of=10 + version, edit_date=make.at(version))
        async with database.transaction() as conn:
            await commit.commit(conn, [make.batch(row)])

    await asyncio.gather(*map(write, range(12)))
    assert await fetch("SELECT text FROM messages") == [("text 11",)]
    texts = await fetch("SELECT text FROM revisions ORDER BY edit_date")
    assert texts == [(f"text {version}",) for version in range(11)]
