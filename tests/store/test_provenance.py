"""Which messages and earlier texts only an imported file told of, as everybody reads it."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.domain import records
from heliograph.store import database as store_database
from heliograph.store import imports
from heliograph.store.reads import messages


@pytest.fixture
def fill(database: store_database.Database, make: Any) -> Any:
    """Import messages of one chat."""

    async def fill_(*given: dict[str, Any]) -> None:
        rows = [make.message(**{"as_of": records.IMPORTED_AS_OF, "layer": 0, "raw": b"", **each}) for each in given]
        async with database.transaction() as conn:
            await imports.fill(conn, make.chat(is_min=True), [imports.Filled(message=row) for row in rows])

    return fill_


@pytest.fixture
def texts(database: store_database.Database, make: Any) -> Any:
    """All texts of message 1, and whether only imports told of each; the last one must be what a timeline shows."""

    async def texts_() -> list[tuple[str, bool]]:
        message = make.message()
        async with database.connection() as conn:
            shown = await messages.one(conn, message.chat_id, 1)
            found = await messages.revisions(conn, message.chat_id, 1)
        assert (shown.text, shown.is_imported) == (found[-1].text, found[-1].is_imported)
        return [(each.text, each.is_imported) for each in found]

    return texts_


@pytest.mark.parametrize("below", [0, 1])
async def test_mark_goes_when_telegram_tells_of_the_message(
    make: Any, write: Any, fill: Any, texts: Any, fetch: Any, below: int
) -> None:
    """Rows from pages, which rank below those from JSON, are imported as well."""
    await fill({"text": "same", "as_of": records.IMPORTED_AS_OF - below})
    assert await texts() == [("same", True)]
    await write(make.batch(make.chat(), make.message(text="same")))
    assert await texts() == [("same", False)]
    # Whoever has the message before them is told.
    assert await fetch("SELECT change FROM outbox WHERE kind = 'message'") == [("edit",)]
    await write(make.batch(make.message(text="same", as_of=11)))
    assert len(await fetch("SELECT FROM outbox WHERE kind = 'message'")) == 1


async def test_text_that_telegram_contradicts_stays_marked_among_the_earlier_ones(
    make: Any, write: Any, fill: Any, texts: Any
) -> None:
    await fill({"text": "claimed"})
    await write(make.batch(make.chat(), make.message(text="told")))
    assert await texts() == [("claimed", True), ("told", False)]


async def test_import_marks_only_the_text_that_it_adds_to_a_told_message(
    make: Any, write: Any, fill: Any, texts: Any
) -> None:
    await write(make.batch(make.chat(), make.message(text="told first")))
    await write(make.batch(make.message(text="told", as_of=11, edit_date=make.at(60))))
    await fill({"text": "claimed", "edit_date": make.at(30)}, {"text": "told", "edit_date": make.at(60)})
    assert await texts() == [("told first", False), ("claimed", True), ("told", False)]


async def test_earlier_text_of_an_import_loses_its_mark_when_telegram_tells_it_late(
    make: Any, write: Any, fill: Any, texts: Any
) -> None:
    await write(make.batch(make.chat(), make.message(text="now", as_of=20, edit_date=make.at(60))))
    await fill({"text": "then"}, {"text": "between", "edit_date": make.at(30)})
    await write(make.batch(make.message(text="then", entities=[["bold", 0, 4]], as_of=11)))
    assert await texts() == [("then", False), ("between", True), ("now", False)]
