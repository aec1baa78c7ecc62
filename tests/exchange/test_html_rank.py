"""Pages say less than JSON of the same chat, so what they brought gives way to it, whichever comes first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from heliograph.domain import identity
from heliograph.exchange import importer
from heliograph.store import database as store_database

CORPUS = Path(__file__).parents[1] / "fixtures" / "desktop_html"
CHAT = identity.channel_peer(1234567890)
STORED = "date, sender_id, author_signature, text, entities, reply_to_message_id, forward, media, service, raw, as_of"


async def imported(database: store_database.Database, *paths: Path) -> dict[int, tuple[Any, ...]]:
    """Import one after the other and return the chat's rows."""
    for path in paths:
        await importer.run(
            database, None, [path], importer.Options(chats=(str(CHAT),)), on_progress=lambda progress: None
        )
    async with database.connection() as conn:
        rows = await conn.execute(f"SELECT message_id, {STORED} FROM messages WHERE chat_id = %s", [CHAT])
        return {row[0]: row[1:] for row in await rows.fetchall()}


async def revisions(database: store_database.Database) -> list[tuple[Any, ...]]:
    """Return the earlier texts that are stored."""
    async with database.connection() as conn:
        return await (await conn.execute("SELECT message_id, text FROM revisions")).fetchall()


@pytest.mark.parametrize("is_html_first", [True, False])
async def test_json_has_the_last_word_over_pages_in_either_order(
    database: store_database.Database, tmp_path: Path, is_html_first: bool
) -> None:
    said = tmp_path / "result.json"
    said.write_bytes((CORPUS / "single_2023.json").read_bytes())
    pages = CORPUS / "single_2023"
    found = await imported(database, *([pages, said] if is_html_first else [said, pages]))
    messages = {each["id"]: each for each in json.loads(said.read_bytes())["messages"]}
    assert found.keys() == messages.keys()
    for number, (date, sender, author, *_, as_of) in found.items():
        message = messages[number]
        assert int(date.timestamp()) == int(message["date_unixtime"])
        assert sender == int(message.get("from_id", message.get("actor_id")).removeprefix("user"))
        assert (author, as_of) == (None, 0)
    assert await revisions(database) == []


async def test_text_of_a_page_that_json_has_otherwise_becomes_an_earlier_version(
    database: store_database.Database, tmp_path: Path
) -> None:
    said = json.loads((CORPUS / "single_2023.json").read_bytes())
    said["messages"][3] |= {"text": "Me three", "text_entities": [{"type": "plain", "text": "Me three"}]}
    path = tmp_path / "result.json"
    path.write_text(json.dumps(said))
    found = await imported(database, CORPUS / "single_2023", path)
    assert found[4][3] == "Me three"
    assert await revisions(database) == [(4, "Me too")]


async def test_page_alone_keeps_names_below_everything_else(database: store_database.Database) -> None:
    found = await imported(database, CORPUS / "single_2023")
    assert found[4][1:3] == (None, "Boris Sample")
    # The day of a service message is no moment.
    assert {number: row[-1] for number, row in found.items()} == {
        number: -3 if row[8] else -1 for number, row in found.items()
    }
