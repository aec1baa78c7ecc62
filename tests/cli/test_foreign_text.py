"""Brackets and colons in what other people wrote are shown as they are, and end no command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from tests.cli.conftest import Run, Terminal
from tests.conftest import Rows

TITLE = "[/x] [bold] :smile:"
"""To a library that reads markup: a closing tag of nothing, an opening one, and a picture."""
CHAT = -1_001_500_000_001
SPACE = 1_500_000_001


async def test_an_import_shows_a_title_in_brackets(run: Run, configure: Callable[..., None], tmp_path: Path) -> None:
    configure()
    message = {"id": 1, "type": "message", "date_unixtime": "1700000000", "text": "x"}
    export = {"name": TITLE, "type": "private_supergroup", "id": SPACE, "messages": [message]}
    (tmp_path / "result.json").write_text(json.dumps(export), "utf-8")
    imported = await run("import", str(tmp_path / "result.json"))
    listed = await run("chats")
    assert (imported.code, listed.code) == (0, 0), imported.err + listed.err
    assert TITLE in imported.out
    assert TITLE in listed.out


async def test_every_table_shows_a_title_in_brackets(run: Run, rows: Rows, configure: Callable[..., None]) -> None:
    configure()
    space = await rows.chat(CHAT, title=TITLE)
    await rows.message(CHAT, 1, "boat")
    await rows.insert("coverage", {"space_id": space, "chat_id": CHAT, "covered": "{}", "holes": "{[2,5)}", "as_of": 1})
    times = {"noticed_at": rows.moment, "closed_at": rows.moment + timedelta(hours=1), "closed_by": "difference"}
    pts = {"space_id": space, "from_pts": 3, "to_pts": 8}
    await rows.insert("gaps", {**pts, "cause": "reconnected", "events": 5, **times})
    losses = {"reason": "too_long", "since": rows.moment, "noticed_at": rows.moment}
    await rows.insert("known_losses", {**pts, **losses})
    shown = await asyncio.gather(*(run(*words) for words in (["verify"], ["gaps"], ["search", "boat"])))
    assert [each.err.count("Traceback") for each in shown] == [0, 0, 0]
    # The table of chats, that of holes and that of losses.
    assert [each.out.count(TITLE) for each in shown] == [3, 1, 1], shown


async def test_a_bar_shows_a_title_in_brackets(
    terminal: Terminal, rows: Rows, configure: Callable[..., None], tmp_path: Path
) -> None:
    configure()
    await rows.chat(CHAT, title=TITLE)
    await rows.message(CHAT, 1, "boat")
    ended = await (await terminal("export", "--out", str(tmp_path / "out"))).end()
    assert ended.code == 0, ended.err
    assert TITLE in ended.err
