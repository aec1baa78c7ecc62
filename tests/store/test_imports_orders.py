"""Exports of one chat come in any order, and what is stored afterwards does not say in which.

Every message here is an example of its own: it has a history, of which each export tells what it saw of it, in its
dialect. Not drawn is what no order can settle, such as two exports that deny each other under one edit date.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heliograph.domain import identity, records
from heliograph.store import database as store_database
from heliograph.store import imports, media

MESSAGES = 100
START = datetime(2024, 1, 1, tzinfo=UTC)
TOPIC = 4
ROWS = """
SELECT message_id, date, as_of, sender_id, author_signature, text, entities, media, raw, fingerprint, edit_date,
       is_edit_hidden, text_date, reply_to_message_id, topic_id, forward, is_outgoing, deleted_at, deleted_as_of
FROM messages WHERE space_id = %s ORDER BY 1
"""
VERSIONS = """
SELECT message_id, text, edit_date, until_date FROM revisions WHERE space_id = %s ORDER BY 1, 3 NULLS FIRST, 2
"""
FILES = "SELECT message_id, kind, state, sha256, size FROM message_media WHERE space_id = %s ORDER BY 1"
COUNTERS = "SELECT message_id, observed_at, views, reactions, poll FROM observations WHERE space_id = %s ORDER BY 1"
CHATS = """
SELECT kind, title, is_left, message_count, deleted_count, last_message_id, last_message_at
FROM chats WHERE space_id = %s
"""


@dataclass(frozen=True, kw_only=True)
class Form:
    """A message between two edits."""

    text: str
    entities: list[Any] | None
    picture: int
    edit_date: datetime | None
    is_hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class Export:
    """A program that writes what it sees, at its time."""

    name: str
    title: str
    until: int
    """Its newest message."""
    age: float
    """How much of each history it saw, from 0 to 1."""
    is_page: bool = False
    off_by: timedelta | None = None
    """How far the zone that its local times are read in is from the right one."""


EXPORTS = (
    Export(name="old", title="Harbour", until=80, age=0.5, off_by=timedelta(hours=7)),
    Export(name="newer", title="Harbour talk", until=90, age=0.75),
    Export(name="newest", title="The harbour", until=100, age=1.0),
    Export(name="pages", title="Harbour", until=70, age=0.8, is_page=True),
)


def history(draw: random.Random, number: int) -> list[Form]:
    """Draw the forms of a message: other words, other marks, another picture, a hidden edit, words of before."""
    form = Form(text=f"text {number}", entities=None, picture=draw.choice([0, 0, 1]), edit_date=None)
    forms = [form]
    for step in range(draw.choice([0, 0, 0, 1, 2, 3])):
        moment = START + timedelta(days=40 * (step + 1), minutes=number)
        change = draw.choice(["words", "words", "marks", "picture", "hidden", "back"])
        form = replace(form, edit_date=moment, is_hidden=change == "hidden")
        if change == "words":
            form = replace(form, text=f"text {number}, edit {step}", entities=draw.choice([None, [["bold", 0, 4]]]))
        elif change == "marks":
            form = replace(form, entities=[["italic", 0, step + 1]])
        elif change == "picture" and form.picture:
            form = replace(form, picture=form.picture + 1)
        elif change == "back":
            form = replace(form, text=forms[0].text, entities=forms[0].entities)
        forms.append(form)
    return forms


def told(export: Export, number: int, forms: list[Form], draw: random.Random) -> imports.Filled:
    """Return what an export says of a message, for chat 1."""
    form = forms[min(int(export.age * len(forms)), len(forms) - 1)]
    off = export.off_by or timedelta()
    date = START + timedelta(minutes=number)
    is_service = number == TOPIC
    carried: dict[str, Any] | None = None
    file = None
    if form.picture and not is_service:
        carried = {"kind": "photo"}
        if not export.is_page:
            carried |= {"width": form.picture * 10} | ({"height": 9} if draw.random() < 0.8 else {})
        is_there = draw.random() < 0.5 and not export.is_page
        digest = bytes([form.picture]) * 32
        file = imports.FileState(state="stored" if is_there else "not_included", sha256=digest if is_there else None)
    is_poll = not form.picture and number % 10 == 0
    if is_poll:
        carried = {"kind": "poll", "question": "Q", "options": ["y"], "is_closed": export.age > 0.9}
    knows_topic = not export.is_page and draw.random() < 0.6
    # Old versions did not say what kind of id it is; others put that right.
    is_denied = number > EXPORTS[-1].until
    sender = (
        None if export.is_page or (not is_denied and draw.random() < 0.2) else 6 if is_denied and export.off_by else 5
    )
    row = records.Message(
        space_id=identity.channel_space(1),
        chat_id=identity.channel_peer(1),
        message_id=number,
        date=date + off,
        as_of=records.imported_as_of(is_page=export.is_page, is_local_time=export.off_by is not None),
        sender_id=sender and identity.user_peer(sender),
        author_signature="Aino" if export.is_page else None,
        text=form.text,
        entities=form.entities,
        media=carried,
        raw=b"" if export.is_page or number % 3 else form.text.encode(),
        edit_date=None if export.is_page or form.edit_date is None else form.edit_date + off,
        # Telegram Desktop does not say it, an export of ours does.
        is_edit_hidden=form.is_hidden and export.name == "newer",
        reply_to_message_id=None if knows_topic or number % 5 else TOPIC,
        topic_id=(TOPIC if number % 5 == 0 else 1) if knows_topic else None if export.is_page else 1,
        forward={"from_id": 7} if number % 7 == 0 and draw.random() < 0.6 else None,
        is_outgoing=export.name == "newer",
    )
    seen = None
    if number % 4 == 0 and draw.random() < 0.7:
        count = int(export.age * 10) + 1
        seen = records.Observation(
            space_id=row.space_id,
            message_id=number,
            observed_at=row.edit_date or row.date,
            views=count if number % 8 else None,
            reactions=[] if export.is_page else [{"emoji": "👍", "count": count}],
            poll={"total": count, "votes": {"30": count}} if is_poll else None,
        )
    gone = START + timedelta(days=100) if number % 31 == 0 and export.age > 0.5 else None
    return imports.Filled(message=row, observation=seen, file=file, deleted_at=gone)


def placed(item: imports.Filled, number: int) -> imports.Filled:
    """Return a message for another chat."""
    space = identity.channel_space(number)
    message = replace(item.message, space_id=space, chat_id=identity.channel_peer(number))
    seen = item.observation and replace(item.observation, space_id=space)
    return replace(item, message=message, observation=seen)


@pytest.mark.parametrize(("seed", "sign"), [(1, 1), (2, -1)])
async def test_order_of_imports_leaves_no_trace(database: store_database.Database, seed: int, sign: int) -> None:
    draw = random.Random(seed)
    exports = [replace(each, off_by=each.off_by and each.off_by * sign) for each in EXPORTS]
    histories = {number: history(draw, number) for number in range(1, MESSAGES + 1)}
    brought = {
        export.name: [told(export, number, histories[number], draw) for number in range(1, export.until + 1)]
        for export in exports
    }
    async with database.transaction() as conn:
        await media.save_stored(conn, [media.StoredFile(sha256=bytes([n]) * 32, size=n) for n in range(1, 6)])
    first: dict[str, list[Any]] = {}
    for number, order in enumerate(itertools.permutations(exports), 1):
        for export in order:
            chat = records.Chat(
                chat_id=identity.channel_peer(number),
                space_id=identity.channel_space(number),
                kind="supergroup" if export.is_page else "channel",
                title=export.title,
                is_left=export.name == "newer",
            )
            async with database.transaction() as conn:
                await imports.fill(conn, chat, [placed(item, number) for item in brought[export.name]])
        async with database.connection() as conn:
            for query in (ROWS, VERSIONS, FILES, COUNTERS, CHATS):
                found = await (await conn.execute(query, [identity.channel_space(number)])).fetchall()
                names = [export.name for export in order]
                pairs = itertools.zip_longest(first.setdefault(query, found), found)
                assert [pair for pair in pairs if pair[0] != pair[1]] == [], names


@pytest.mark.parametrize("is_old_first", [True, False])
async def test_file_is_that_of_the_later_edit_in_one_export_too(
    database: store_database.Database, is_old_first: bool
) -> None:
    row = records.Message(
        space_id=identity.channel_space(1),
        chat_id=identity.channel_peer(1),
        message_id=1,
        date=START,
        as_of=records.IMPORTED_AS_OF,
        media={"kind": "photo", "width": 1},
    )
    edited = replace(row, media={"kind": "photo", "width": 2}, edit_date=START + timedelta(days=1))
    forms = [
        imports.Filled(message=each, file=imports.FileState(state="stored", sha256=bytes([number]) * 32))
        for number, each in enumerate((row, edited), 1)
    ]
    chat = records.Chat(chat_id=row.chat_id, space_id=row.space_id, kind="supergroup", title="Harbour")
    async with database.transaction() as conn:
        await media.save_stored(conn, [media.StoredFile(sha256=bytes([n]) * 32, size=n) for n in (1, 2)])
        await imports.fill(conn, chat, forms if is_old_first else forms[::-1])
        files = await (await conn.execute("SELECT sha256 FROM message_media")).fetchall()
        rows = await (await conn.execute("SELECT media -> 'width' FROM messages")).fetchall()
    assert (rows, files) == ([(2,)], [(b"\x02" * 32,)])
