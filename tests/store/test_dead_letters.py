"""Letters are kept once, found again, closed and opened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from heliograph import errors
from heliograph.domain import identity, letters, records
from heliograph.store import database as store_database
from heliograph.store import dead_letters, tombstones

POISON = "ALTER TABLE messages ADD CONSTRAINT poison CHECK (text NOT LIKE 'poison%')"


@pytest.fixture
async def poisoned(database: store_database.Database) -> None:
    """From now on the store refuses messages whose text begins with "poison"."""
    async with database.connection() as conn:
        await conn.execute(POISON)


async def account(database: store_database.Database, user_id: int) -> int:
    async with database.connection() as conn:
        cursor = await conn.execute(
            "INSERT INTO accounts (label, user_id, dc_id) VALUES ('Aino', %s, 2) RETURNING account_id", [user_id]
        )
        (account_id,) = await cursor.fetchone() or (0,)
    return int(account_id)


@pytest.mark.usefixtures("poisoned")
async def test_letter_says_what_a_replay_needs(database: Any, make: Any, write: Any, fetch: Any) -> None:
    account_id = await account(database, 7)
    await write(make.batch(make.message(5, text="poison", as_of=12, raw=b"tl"), account_id=account_id))
    found = await fetch(
        "SELECT kind, space_id, chat_id, message_id, as_of, account_id, raw, layer, received_at IS NOT NULL"
        " FROM dead_letters"
    )
    assert found == [("message", make.space, make.chat_id, 5, 12, account_id, b"tl", 229, True)]


@pytest.mark.usefixtures("poisoned")
async def test_message_without_bytes_of_its_own_is_kept_as_a_record(make: Any, write: Any, fetch: Any) -> None:
    row = make.message(5, text="poison", raw=b"", entities=[["bold", 0, 2]], media={"kind": "dice"})
    await write(make.batch(row))
    ((kind, raw),) = await fetch("SELECT kind, raw FROM dead_letters")
    assert (kind, letters.decode(raw)) == ("record", row)


async def test_letter_of_a_mailbox_names_the_account_by_itself(
    database: Any, make: Any, write: Any, fetch: Any
) -> None:
    account_id = await account(database, 7)
    await write(make.batch(make.tombstone(2**33, space_id=identity.mailbox_space(7), chat_id=None)))
    assert await fetch("SELECT account_id FROM dead_letters") == [(account_id,)]


async def test_letter_of_an_account_that_is_gone_is_kept_without_it(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.tombstone(2**33), account_id=99))
    assert await fetch("SELECT account_id FROM dead_letters") == [(None,)]


@pytest.mark.usefixtures("poisoned")
async def test_what_fails_again_in_each_audit_makes_one_letter(make: Any, write: Any, fetch: Any) -> None:
    row = make.message(5, text="poison", raw=b"with 3 views")
    for as_of, raw in ((10, b"with 3 views"), (11, b"with 4 views"), (12, b"with 4 views")):
        await write(make.batch(replace(row, as_of=as_of, raw=raw)))
    assert await fetch("SELECT as_of, raw FROM dead_letters") == [(10, b"with 3 views")]


@pytest.mark.usefixtures("poisoned")
@pytest.mark.parametrize("change", [{"text": "poison two"}, {"edit_date": True}])
async def test_every_version_of_a_message_has_a_letter(make: Any, write: Any, fetch: Any, change: Any) -> None:
    change = {"edit_date": make.at(60)} if "edit_date" in change else change
    row = make.message(5, text="poison")
    await write(make.batch(row))
    await write(make.batch(replace(row, as_of=11, **change)))
    assert await fetch("SELECT as_of FROM dead_letters ORDER BY as_of") == [(10,), (11,)]


async def test_row_that_not_even_json_holds_costs_itself_alone(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(), records.User(user_id=-1, first_name="\ud800")))
    assert await fetch("SELECT message_id FROM messages") == [(1,)]
    ((kind, raw),) = await fetch("SELECT kind, raw FROM dead_letters")
    assert kind == "record"
    assert b"ud800" in raw
    with pytest.raises(letters.Unreadable):
        letters.decode(raw)


@pytest.mark.usefixtures("poisoned")
async def test_discarded_letter_stays_discarded_when_it_comes_again(
    database: Any, make: Any, write: Any, fetch: Any
) -> None:
    row = make.message(5, text="poison")
    await write(make.batch(row))
    ((letter_id,),) = await fetch("SELECT letter_id FROM dead_letters")
    async with database.transaction() as conn:
        assert await dead_letters.discard(conn, [letter_id, 999]) == [letter_id]
        assert await dead_letters.discard(conn, [letter_id]) == []
    await write(make.batch(replace(row, as_of=11)))
    assert await fetch("SELECT resolution, raw FROM dead_letters") == [("discarded", b"raw")]
    async with database.transaction() as conn:
        assert await dead_letters.reopen(conn, [letter_id]) == [letter_id]
        assert await dead_letters.reopen(conn, [letter_id]) == []
    assert await fetch("SELECT resolution, resolved_at FROM dead_letters") == [(None, None)]


@pytest.mark.usefixtures("poisoned")
async def test_letter_that_was_replayed_may_come_again(database: Any, make: Any, write: Any, fetch: Any) -> None:
    row = make.message(5, text="poison")
    await write(make.batch(row))
    async with database.transaction() as conn:
        await dead_letters.mark_replayed(conn, (await dead_letters.waiting(conn, 1))[0])
        assert await dead_letters.reopen(conn, [1, 2, 3]) == []
    await write(make.batch(row))
    assert await fetch("SELECT resolution FROM dead_letters ORDER BY letter_id") == [("replayed",), (None,)]


@pytest.mark.usefixtures("poisoned")
async def test_pages_lead_through_all_letters_newest_first(database: Any, make: Any, write: Any) -> None:
    for number in range(1, 6):
        await write(make.batch(make.message(number, text="poison")))
    async with database.transaction() as conn:
        await write(make.batch(records.User(user_id=-1)))
        newest = await dead_letters.list_page(conn, limit=4)
        rest = await dead_letters.list_page(conn, limit=4, before=newest.before)
        assert [each.message_id for each in newest.letters + rest.letters] == [None, 5, 4, 3, 2, 1]
        assert (newest.open, rest.open, rest.before) == (6, 6, None)
        assert [each.message_id for each in (await dead_letters.list_page(conn, chat_id=make.chat_id)).letters] == [
            *range(5, 0, -1)
        ]
        await dead_letters.discard(conn, [newest.letters[1].letter_id])
        assert (await dead_letters.list_page(conn)).open == 5
        assert len((await dead_letters.list_page(conn, is_all=True)).letters) == 6


async def test_unknown_letter_is_not_found(database: Any) -> None:
    async with database.connection() as conn:
        with pytest.raises(errors.NotFound):
            await dead_letters.get(conn, 5)


async def test_deletion_is_remembered_as_long_as_a_letter_may_bring_its_message(
    database: Any, make: Any, write: Any, fetch: Any
) -> None:
    """Regression: a mailbox's orphans are forgotten after a week, and a replay would bring the message back alive."""
    mailbox = identity.mailbox_space(7)
    letter = records.DeadLetter(space_id=mailbox, message_id=5, raw=b"tl", layer=229, error="?")
    await write(make.batch(*(make.tombstone(n, space_id=mailbox, chat_id=None) for n in (5, 6)), dead_letters=[letter]))
    async with database.transaction() as conn:
        assert await tombstones.forget(conn, timedelta(0)) == 1
    assert await fetch("SELECT message_id FROM orphan_tombstones") == [(5,)]
