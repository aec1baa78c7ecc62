"""Search looks through all words of a message at once, and no words are too many for the index to hold the row."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from heliograph.store import migrations
from heliograph.store.reads import words

QUERY = "websearch_to_tsquery('heliograph', %s)"
LONG = " ".join(f"w{number}" for number in range(400_000))
POLL = {"kind": "poll", "question": "Who is on strike", "options": ["no", "nobody"], "closed": False}


async def found(fetch: Any, looked_for: str) -> list[int]:
    query = f"SELECT message_id FROM messages WHERE {words.match(QUERY)} ORDER BY message_id"
    # Once for each place of the query in the condition.
    return [number for (number,) in await fetch(query, *[looked_for] * query.count("%s"))]


async def test_word_that_is_left_out_is_looked_for_in_the_whole_message(make: Any, write: Any, fetch: Any) -> None:
    await write(
        make.batch(
            make.message(1, text="", media=POLL),
            make.message(2, text="strike", media=POLL | {"question": "Sail"}),
            make.message(3, text="Boats at rest"),
            make.message(4, text="Boats on strike"),
            make.message(5, text="", service={"type": "chat_edit_title", "title": "Strike"}),
            make.message(6, text="", service={"type": "pin_message"}),
            make.message(7, text="A picture", media={"kind": "photo"}),
        )
    )
    assert await found(fetch, "-strike") == [3, 6, 7]
    assert await found(fetch, "strike") == [1, 2, 4, 5]
    assert await found(fetch, "strike -who") == [2, 4, 5]
    assert await found(fetch, "-strike -boats") == [6, 7]


async def test_words_of_the_text_and_of_what_it_carries_are_found_together(make: Any, write: Any, fetch: Any) -> None:
    await write(make.batch(make.message(1, text="Tomorrow", media=POLL), make.message(2, text="Tomorrow")))
    assert await found(fetch, "tomorrow strike") == [1]
    assert await found(fetch, "tomorrow") == [1, 2]


@pytest.mark.parametrize(
    "told",
    [
        {"service": {"type": "chat_edit_title", "title": LONG}},
        {"media": POLL | {"question": LONG}},
        {"media": {"kind": "todo", "title": "Packing", "items": LONG.split()}},
        {"text": LONG[:200_000], "media": POLL | {"question": LONG[300_000:500_000]}},
    ],
    ids=["service", "poll", "todo", "together"],
)
async def test_more_words_than_an_index_takes_cost_no_row(make: Any, write: Any, fetch: Any, told: Any) -> None:
    await write(make.batch(make.message(1, **{"text": "harbour"} | told), make.message(2), moves=(make.move(None, 7),)))
    assert await fetch("SELECT message_id FROM messages ORDER BY 1") == [(1,), (2,)]
    assert await fetch("SELECT count(*) FROM dead_letters") == [(0,)]
    assert await found(fetch, "w7" if "text" in told else "harbour") == [1]
    assert (await fetch(f"SELECT {words.shown()} FROM messages WHERE message_id = 1"))[0][0] == told.get(
        "text", "harbour"
    )
    assert await fetch(f"SELECT count(*) FROM messages WHERE {words.vector()} IS NULL") == [(0,)]


async def test_database_with_more_words_than_an_index_takes_is_upgraded(database_dsn: str) -> None:
    with psycopg.connect(database_dsn, autocommit=True) as conn:
        conn.execute("DROP SCHEMA public CASCADE")
        conn.execute("CREATE SCHEMA public")
        await migrations.migrate(database_dsn, "0007")
        for number, title in ((1, LONG), (2, "Strike")):
            conn.execute(
                "INSERT INTO messages (space_id, chat_id, date, fingerprint, message_id, as_of, layer, is_edit_hidden,"
                " is_outgoing, is_pinned, text, raw, service) VALUES (7, -1000000000007, now(), 1, %s, 1, 1, false,"
                " false, false, '', '', jsonb_build_object('type', 'chat_edit_title', 'title', %s::text))",
                [number, title],
            )
        await migrations.migrate(database_dsn)
        query = f"SELECT message_id FROM messages WHERE {words.match(QUERY)}"
        assert conn.execute(query, ["strike"] * query.count("%s")).fetchall() == [(2,)]
