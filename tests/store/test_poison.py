"""A row that cannot be stored costs itself, in the same commit, and nothing else."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from heliograph.domain import records


@pytest.mark.parametrize(
    "broken",
    [
        {"message_id": 2**40},
        {"text": "word " + " ".join(f"w{n}" for n in range(400_000))},
        {"message_id": -5},
        {"text": 7},
    ],
    ids=["an id out of range", "a text beyond the index", "a constraint", "not even text"],
)
async def test_poison_row_of_five_hundred_becomes_one_dead_letter(
    make: Any, write: Any, fetch: Any, broken: dict[str, Any]
) -> None:
    rows = [make.message(number) for number in range(1, 501)]
    rows[234] = make.message(**{"message_id": 235, "raw": b"the truth"} | broken)
    outcome = await write(make.batch(*rows, moves=(make.move(None, 7),)))
    assert outcome.inserted == 499
    assert await fetch("SELECT pts FROM box_cursors") == [(7,)]
    ((space, raw, layer, error),) = await fetch("SELECT space_id, raw, layer, error FROM dead_letters")
    assert (space, raw, layer) == (make.space, b"the truth", 229)
    assert error


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
