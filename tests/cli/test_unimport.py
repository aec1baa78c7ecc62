"""``heliograph unimport``: says what would go, asks, and takes it back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run

EXPORT = Path(__file__).parents[1] / "fixtures" / "desktop" / "newest"

Configure = Callable[..., None]


@pytest.fixture
async def imported(run: Run, configure: Configure) -> int:
    """The id of a chat that was imported."""
    configure()
    assert (await run("import", str(EXPORT))).code == 0
    return int(json.loads((await run("chats", "--json")).out)[0]["chat_id"])


async def held(run: Run) -> int:
    return sum(chat["message_count"] for chat in json.loads((await run("chats", "--json")).out))


async def test_only_a_yes_takes_an_import_back(run: Run, imported: int) -> None:
    count = await held(run)
    tried = await run("unimport", "--dry-run", str(imported))
    assert (tried.code, "nothing was changed" in tried.err, str(count) in tried.out) == (0, True, True)
    refused = await run("unimport", str(imported), answers="no\n")
    assert (refused.code, "Nothing was changed" in refused.err, await held(run)) == (1, True, count)
    (await run("unimport", str(imported))).refused_with("yes/no", "again")
    assert await held(run) == count
    done = await run("unimport", str(imported), answers="yes\n")
    assert (done.code, f"{count} messages" in done.err, await held(run)) == (0, True, 0)


async def test_programs_say_yes_beforehand_and_read_what_went(run: Run, imported: int) -> None:
    count = await held(run)
    ran = await run("unimport", "--yes", "--json", str(imported))
    (chat,) = json.loads(ran.out)["chats"]
    assert (chat["chat_id"], chat["messages"], json.loads(ran.out)["is_whole"]) == (imported, count, True)
    assert (await run("import", str(EXPORT))).code == 0
    assert await held(run) == count


async def test_a_chat_that_is_not_here_and_one_that_nothing_was_imported_to(
    run: Run, configure: Configure, rows: Any
) -> None:
    configure()
    (await run("unimport", "Nowhere")).refused_with("no chat", "heliograph chats")
    await rows.chat(-1_000_000_000_001)
    await rows.message(-1_000_000_000_001, 1)
    ran = await run("unimport", "Harbour")
    assert (ran.code, "Nothing was imported" in ran.err, await held(run)) == (0, True, 1)
