"""A row that cannot be stored costs itself, in the same commit, and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
import pytest

from heliograph import errors
from heliograph.domain import records
from heliograph.store import poison

OPERATIONAL = {
    "53100": "disk full",
    "53200": "out of memory",
    "40P01": "deadlock",
    "40001": "serialisation",
    "25006": "read-only fail-over",
    "57P01": "shut down by an administrator",
    "57014": "cancelled",
    "55P03": "lock not available",
    "58030": "i/o error",
    "XX001": "corrupted",
}
REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.message_id = 235 THEN RAISE 'no' USING ERRCODE = '{code}'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION refuse();
"""


@pytest.mark.parametrize(
    "broken",
    [
        {"message_id": 2**40},
        {"date": datetime.fromisoformat("2026-03-01")},
        {"text": "word " + " ".join(f"w{n}" for n in range(400_000))},
        {"message_id": -5},
        {"text": 7},
    ],
    ids=["an id out of range", "a date without its zone", "a text beyond the index", "a constraint", "not even text"],
)
async def test_poison_row_of_five_hundred_becomes_one_dead_letter(
    make: Any, write: Any, fetch: Any, broken: dict[str, Any]
) -> None:
    rows = [make.message(number) for number in range(1, 501)]
    rows[234] = make.message(**{"message_id": 235, "raw": b"the truth"} | broken)
    outcome = await write(make.batch(*rows, moves=(make.move(None, 7),)))
    assert outcome.inserted == 499
    assert await fetch("SELECT pts FROM box_cursors") == [(7,)]
    # In one transaction: rows, letter and cursor.
    parts = " UNION SELECT xmin::text FROM ".join(("messages", "dead_letters", "box_cursors"))
    assert len(await fetch(f"SELECT xmin::text FROM {parts}")) == 1
    ((space, raw, layer, error),) = await fetch("SELECT space_id, raw, layer, error FROM dead_letters")
    assert (space, raw, layer) == (make.space, b"the truth", 229)
    assert error


async def test_row_that_is_too_complex_for_a_statement_is_poison_and_no_outage(
    make: Any, write: Any, fetch: Any, database: Any
) -> None:
    async with database.connection() as conn:
        await conn.execute(REFUSE.format(code="54001"))
    await write(make.batch(*(make.message(number) for number in range(230, 240)), moves=(make.move(None, 7),)))
    assert await fetch("SELECT count(*) FROM messages") == [(9,)]
    assert await fetch("SELECT message_id FROM dead_letters") == [(235,)]


async def test_poison_of_other_kinds_is_separated_as_well(make: Any, write: Any, fetch: Any) -> None:
    await write(
        make.batch(
            make.message(),
            make.tombstone(2**33),
            records.User(user_id=-1, first_name="Impossible"),
            records.User(user_id=5, first_name="Real"),
            records.Access(account_id=99, peer_id=5, access_hash=1),
        )
    )
    assert await fetch("SELECT count(*) FROM dead_letters") == [(3,)]
    assert await fetch("SELECT message_id FROM messages") == [(1,)]
    assert await fetch("SELECT first_name FROM users") == [("Real",)]


async def test_error_that_belongs_to_no_row_is_raised_and_nothing_is_written(make: Any, write: Any, fetch: Any) -> None:
    with pytest.raises(psycopg.Error):
        await write(make.batch(make.message(), moves=(make.move(None, -3),)))
    assert await fetch("SELECT * FROM messages") == []
    assert await fetch("SELECT * FROM dead_letters") == []


def test_errors_of_data_are_classes_22_and_23_and_a_row_beyond_the_limits() -> None:
    """Regression for whoever widens the list: what is operational must be asked again, never buried."""
    known = {
        error.sqlstate: error
        for error in vars(psycopg.errors).values()
        if isinstance(getattr(error, "sqlstate", None), str)
    }
    codes = {code for code, error in known.items() if issubclass(error, poison.DATA_ERRORS)}
    assert codes == {code for code in known if code[:2] in ("22", "23")} | {"54000", "54001"}
    assert len(codes) > 60


@pytest.mark.parametrize("code", OPERATIONAL, ids=OPERATIONAL.values())
async def test_operational_error_never_makes_a_dead_letter(
    make: Any, write: Any, fetch: Any, database: Any, code: str
) -> None:
    """Not even when it comes with one row of 500, beside a row that is poison: all of it is asked for again."""
    async with database.connection() as conn:
        await conn.execute(REFUSE.format(code=code))
    rows = [make.message(number) for number in range(1, 501)]
    rows[99] = make.message(100, text=7)
    with pytest.raises((psycopg.Error, errors.HeliographError)):
        await write(make.batch(*rows, moves=(make.move(None, 7),)))
    assert await fetch("SELECT count(*) FROM messages") == [(0,)]
    assert await fetch("SELECT count(*) FROM dead_letters") == [(0,)]
    assert await fetch("SELECT count(*) FROM box_cursors") == [(0,)]


async def test_zero_byte_is_replaced_and_costs_nothing(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(text="a\x00b")))
    assert await fetch("SELECT text FROM messages") == [("a\ufffdb",)]
    assert await fetch("SELECT count(*) FROM dead_letters") == [(0,)]
