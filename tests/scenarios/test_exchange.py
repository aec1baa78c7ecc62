"""Imports beside a crawler, over the wire: before it, after it and meanwhile, and the store says what Telegram says.

The exports are written here from the simulated world as it is at one moment, so that our own exports cannot vouch for
them. Time goes on after that: messages are edited and deleted of which the export still has what they were.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from heliograph.cli.demo import verify
from heliograph.exchange import importer
from heliograph.simulator import traffic
from heliograph.store.reads import integrity

from .conftest import Installation

HISTORY_MESSAGES = 600
KINDS = {
    "channel": "private_channel",
    "supergroup": "private_supergroup",
    "forum": "private_supergroup",
    "group": "private_group",
}
NOT_INCLUDED = "(File not included. Change data exporting settings to download.)"
QUIET = traffic.Shares(delete=0, join=0, leave=0)
"""What nobody sees go may stay as the export has it, without the fields that no export has."""


def people(number: int) -> str:
    """A sender as Telegram Desktop writes it."""
    return f"user{number}" if number > 0 else f"channel{-1_000_000_000_000 - number}"


def told(record: verify.Record) -> dict[str, Any]:
    """A message as Telegram Desktop writes it."""
    moment = datetime.fromtimestamp(record["date"], UTC)
    sender = record["sender_id"] or record["chat_id"]
    common = {
        "id": record["message_id"],
        "date": f"{moment:%Y-%m-%dT%H:%M:%S}",
        "date_unixtime": str(record["date"]),
    }
    if record["service"]:
        named = {"actor": "Resident", "actor_id": people(sender), "title": record["service"]["title"]}
        return {**common, "type": "service", **named, "action": "topic_created", "text": "", "text_entities": []}
    message = {
        **common,
        "type": "message",
        "from": f"Resident {abs(sender)}",
        "from_id": people(sender),
        "text": record["text"],
        "text_entities": [{"type": "plain", "text": record["text"]}],
    }
    if record["edit_date"] is not None:
        message["edited_unixtime"] = str(record["edit_date"])
    if answered := (record["reply_to"] or {}).get("message_id") or (
        (record["topic_id"] or 0) > 1 and record["topic_id"]
    ):
        message["reply_to_message_id"] = answered
    return message | ({"photo": NOT_INCLUDED} if (record["media"] or {}).get("kind") == "photo" else {})


class Moment:
    """An account's export, and what was in it."""

    def __init__(self, installation: Installation, folder: Path, name: str) -> None:
        self.path = folder / name / "result.json"
        self.records = [record for record in truth(installation) if self._has(record, installation.users[0])]
        listed = [
            {
                "name": chat.title,
                "type": KINDS[chat.kind],
                "id": chat.id,
                "messages": [told(record) for record in self.records if record["chat_id"] == peer],
            }
            for peer, chat in installation.world.chats.items()
            if any(record["chat_id"] == peer for record in self.records)
        ]
        content = {"personal_information": {"user_id": installation.users[0]}, "chats": {"list": listed}}
        self.path.parent.mkdir()
        self.path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")

    @staticmethod
    def _has(record: verify.Record, user: int) -> bool:
        # Desktop writes what is there, of its own mailbox. Of service messages those are enough that topics come from.
        is_known = not record["service"] or record["service"]["type"] == "topic_create"
        return is_known and not record["is_deleted"] and record["space_id"] in (-user, abs(record["space_id"]))

    def edited(self, now: Iterable[verify.Record]) -> set[tuple[int, int, str]]:
        """The texts of the export that others have replaced by now, in messages that are still there."""
        texts = {verify.key(record): record["text"] for record in now if not record["is_deleted"]}
        return {
            (*verify.key(record), record["text"])
            for record in self.records
            if texts.get(verify.key(record), record["text"]) != record["text"]
        }

    def deleted(self, now: Iterable[verify.Record]) -> set[verify.Key]:
        """The messages of the export that are gone by now."""
        return {verify.key(record) for record in now if record["is_deleted"]} & set(map(verify.key, self.records))


def truth(installation: Installation) -> list[verify.Record]:
    return [json.loads(json.dumps(record)) for record in installation.world.truth(installation.users)]


def say(installation: Installation, count: int = 6) -> list[tuple[Any, list[Any]]]:
    """Post plain messages into every chat, and return them by chat."""
    world = installation.world
    chats = [world.chats[peer] for peer in world.open_to_newcomers]
    return [(chat, [world.post(chat, author(chat), f"plain {n} é") for n in range(count)]) for chat in chats]


def author(chat: Any) -> int:
    return next(iter(chat.members))


def go_on(installation: Installation, said: list[tuple[Any, list[Any]]]) -> None:
    """Edit two messages of each chat, one of them twice, delete two, one of them edited, and say more."""
    world = installation.world
    for chat, messages in said:
        world.edit(chat, messages[0], "edited since", sender=author(chat))
        world.edit(chat, messages[1], "edited once", sender=author(chat))
        world.edit(chat, messages[1], "edited twice", sender=author(chat))
        world.edit(chat, messages[2], "edited and deleted", sender=author(chat))
        world.delete(chat, [messages[2], messages[3]], sender=author(chat))
        world.post(chat, author(chat), "said since")


async def take(installation: Installation, moment: Moment) -> importer.Tally:
    done = await importer.run(installation.database, None, [moment.path], importer.Options(is_again=True))
    assert not done.is_broken
    total = done.total()
    assert total.skips == 0 and total.read == len(moment.records)
    return total


async def stored(installation: Installation, query: str) -> set[tuple[Any, ...]]:
    async with installation.database.connection() as conn:
        return set(await (await conn.execute(query)).fetchall())


async def agree(installation: Installation, *moments: Moment) -> None:
    """Hold the store against the truth and the exports, and its counters and its ledger against its rows."""
    now = truth(installation)
    revisions = await stored(installation, "SELECT space_id, message_id, text FROM revisions")
    kept = await stored(installation, "SELECT space_id, message_id FROM messages WHERE deleted_at IS NOT NULL")
    for moment in moments:
        assert moment.edited(now) <= revisions
        assert moment.deleted(now) <= kept
    counted = "SELECT chat_id, message_count, deleted_count FROM chats WHERE message_count > 0"
    assert await stored(installation, counted) == await stored(
        installation, "SELECT chat_id, count(*), count(deleted_at) FROM messages GROUP BY chat_id"
    )
    async with integrity.moment(installation.database) as conn:
        found = await integrity.survey(conn, is_audited=False)
    assert found.is_complete
    assert (found.totals.coverage, found.totals.ids.open, found.totals.ids.unaccounted) == (1.0, 0, 0)
    alive = Counter(record["chat_id"] for record in now if not record["is_deleted"] and record["space_id"] > 0)
    assert {chat.chat_id: chat.ids.stored for chat in found.chats if not chat.is_shared} == alive


async def test_import_before_the_crawl_is_overtaken_by_what_telegram_says(
    installation: Installation, tmp_path: Path
) -> None:
    said = say(installation)
    moment = Moment(installation, tmp_path, "earlier")
    go_on(installation, said)
    done = await take(installation, moment)
    assert (done.imported, done.known) == (done.read, 0)
    unknowable = installation.deleted()
    async with installation.crawling():
        await installation.until_backfilled()
        await installation.until_verified()
    # Of a mailbox's deletions from before the crawl only the rounds tell, the first of which is due after an hour.
    installation.reconfigure(audit=True)
    await installation.all("UPDATE chats SET created_at = now() - interval '2 hours' RETURNING chat_id")
    async with installation.crawling():
        await installation.until_equal(unknowable=unknowable)
    await agree(installation, moment)


async def test_import_after_the_crawl_adds_earlier_texts_and_what_is_gone(
    installation: Installation, tmp_path: Path
) -> None:
    said = say(installation)
    moment = Moment(installation, tmp_path, "earlier")
    go_on(installation, said)
    unknowable = installation.deleted()
    async with installation.crawling():
        await installation.until_backfilled()
        await installation.until_verified()
        await installation.until_equal(unknowable=unknowable)
    now = truth(installation)
    done = await take(installation, moment)
    assert done.revisions == len(moment.edited(now)) > 0
    assert done.imported == len(moment.deleted(now)) > 0
    assert await installation.one("SELECT bool_and(is_complete) FROM chats WHERE NOT is_min AND kind <> 'private'")
    async with installation.crawling():
        await installation.until_equal(unknowable=unknowable)
    await agree(installation, moment)


async def test_import_while_the_crawler_runs_loses_and_repeats_nothing(
    installation: Installation, tmp_path: Path
) -> None:
    said = say(installation)
    earlier = Moment(installation, tmp_path, "earlier")
    live = traffic.Traffic(installation.world, 300, shares=QUIET)
    async with installation.crawling():
        live.start()
        first = asyncio.create_task(take(installation, earlier))
        await installation.until("SELECT count(*) > 100 FROM messages WHERE as_of > 0")
        go_on(installation, said)
        unknowable = installation.deleted()
        later = Moment(installation, tmp_path, "later")
        await asyncio.gather(first, take(installation, later))
        await installation.until_backfilled()
        again = await take(installation, later)
        await live.stop()
        await installation.until_verified()
        await installation.until_equal(unknowable=unknowable)
    assert (again.imported, again.revisions) == (0, 0)
    assert await installation.one("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0
    assert await installation.one("SELECT count(*) FROM dead_letters") == 0
    await agree(installation, earlier, later)
