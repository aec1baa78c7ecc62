"""The two crawlers that a scenario is played for: how each is set up, run and read."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import psycopg
from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.tl import functions

from bench import baseline_crawler, process
from bench.scenarios.oracle import Stored
from heliograph import config
from heliograph.cli.demo import telegram as demo_telegram
from heliograph.crawler import login
from heliograph.simulator.server import Simulator
from heliograph.store import database as store_database
from heliograph.store import migrations
from heliograph.vault import keyfile

Kind = Literal["heliograph", "baseline"]
PHONE = "+99966207777"
MESSAGES = "SELECT chat_id, message_id, text, deleted_at IS NOT NULL FROM messages WHERE chat_id < 0"
EARLIER = """
SELECT m.chat_id, m.message_id, r.text FROM revisions r JOIN messages m USING (space_id, message_id) WHERE m.chat_id < 0
"""
ORPHANS = """
SELECT c.chat_id, o.message_id FROM orphan_tombstones o JOIN chats c USING (space_id) WHERE c.chat_id < 0
"""
TWICE = "SELECT count(*) - count(DISTINCT (chat_id, message_id)) FROM messages WHERE chat_id < 0"
LOSSES = "SELECT space_id, from_pts, to_pts FROM known_losses"
LETTERS = "SELECT space_id, message_id FROM dead_letters WHERE resolved_at IS NULL"


class Crawler(Protocol):
    """One of the two."""

    process: process.Process

    async def prepare(self) -> None:
        """Make its database and sign its account in."""

    async def read(self, dsn: str) -> Stored:
        """Return what it holds."""


class Heliograph:
    """``heliograph run --role crawler``."""

    def __init__(self, directory: Path, simulator: Simulator, dsn: str, options: Mapping[str, Any]) -> None:
        self._directory = directory
        self._simulator = simulator
        self._dsn = dsn
        self._options = options
        arguments = ("heliograph", "--data-dir", str(directory), "--log-level", "warning", "run", "--role", "crawler")
        self.process = process.Process([*arguments, "--supervised"], log=directory / "crawler.log")

    async def prepare(self) -> None:
        """Write its settings, migrate its database and sign in."""
        config.write(self._directory / config.CONFIG_NAME, self._content())
        settings = config.load(self._directory)
        keyfile.ensure(settings.key_file)
        database = await store_database.open(settings)
        try:
            await migrations.migrate(database)
            await login.add_account(settings, database, phone=PHONE, label="Bench", ask_code=_code, ask_password=_code)
        finally:
            await database.close()

    async def read(self, dsn: str) -> Stored:
        """Read messages, earlier texts, tombstones, known losses and dead letters."""
        stored = Stored()
        async with await psycopg.AsyncConnection.connect(dsn) as conn:
            for chat, number, text, is_deleted in await _rows(conn, MESSAGES):
                stored.texts[chat, number] = text
                if is_deleted:
                    stored.deleted.add((chat, number))
            for chat, number, text in await _rows(conn, EARLIER):
                stored.earlier[chat, number].append(text)
            stored.deleted |= {(row[0], row[1]) for row in await _rows(conn, ORPHANS)}
            ((stored.twice,),) = await _rows(conn, TWICE)
            stored.losses = [(row[0], row[1], row[2]) for row in await _rows(conn, LOSSES)]
            stored.letters = {(row[0], row[1]) for row in await _rows(conn, LETTERS)}
        return stored

    def _content(self) -> dict[str, object]:
        telegram = {
            "api_id": demo_telegram.API_ID,
            "api_hash": demo_telegram.API_HASH,
            "dc_address": self._simulator.host,
            "dc_port": self._simulator.port,
            "dc_public_key_file": str(_public_key(self._directory, self._simulator)),
            "sign_up_name": "Bench",
        }
        crawler = {"history_depth": "all", "budgets": demo_telegram.BUDGETS, **self._options}
        return {"telegram": telegram, "database": {"url": self._dsn}, "crawler": crawler}


class Baseline:
    """``bench/baseline_crawler.py``."""

    def __init__(self, directory: Path, simulator: Simulator, dsn: str) -> None:
        self._directory = directory
        self._simulator = simulator
        self._settings = baseline_crawler.Settings(
            dsn=dsn,
            session=str(directory / "baseline"),
            api_id=demo_telegram.API_ID,
            api_hash=demo_telegram.API_HASH,
            host=simulator.host,
            port=simulator.port,
            public_key_file=str(directory / "telegram.pem"),
        )
        self._file = directory / "baseline.json"
        self.process = process.Process(["bench.baseline_crawler", str(self._file)], log=directory / "crawler.log")

    async def prepare(self) -> None:
        """Sign in, and leave the session on disk."""
        _public_key(self._directory, self._simulator)
        self._file.write_text(json.dumps(dataclasses.asdict(self._settings)), "utf-8")
        rsa.add_key(self._simulator.public_key_pem, old=False)
        client = TelegramClient(self._settings.session, self._settings.api_id, self._settings.api_hash)
        client.session.set_dc(2, self._simulator.host, self._simulator.port)
        await client.connect()
        sent = await client.send_code_request(PHONE)
        code = demo_telegram.LOGIN_CODE
        await client(functions.auth.SignInRequest(PHONE, sent.phone_code_hash, code))
        answer = await client(functions.auth.SignUpRequest(PHONE, sent.phone_code_hash, "Bench", ""))
        await client._on_login(answer.user)
        await client.disconnect()

    async def read(self, dsn: str) -> Stored:
        """Read messages and their texts."""
        stored = Stored()
        async with await psycopg.AsyncConnection.connect(dsn) as conn:
            if not (await _rows(conn, "SELECT to_regclass('baseline_messages')"))[0][0]:
                return stored
            query = "SELECT chat_id, message_id, text, is_deleted FROM baseline_messages WHERE chat_id < 0"
            for chat, number, text, is_deleted in await _rows(conn, query):
                stored.texts[chat, number] = text
                if is_deleted:
                    stored.deleted.add((chat, number))
            for chat, number, text in await _rows(conn, "SELECT chat_id, message_id, text FROM baseline_texts"):
                stored.earlier[chat, number].append(text)
        for key, text in stored.texts.items():
            if text in stored.earlier[key]:
                stored.earlier[key].remove(text)
        return stored


async def _rows(conn: psycopg.AsyncConnection[Any], query: str) -> list[tuple[Any, ...]]:
    return await (await conn.execute(query)).fetchall()


def _public_key(directory: Path, simulator: Simulator) -> Path:
    path = directory / "telegram.pem"
    path.write_text(simulator.public_key_pem, "ascii")
    return path


async def _code() -> str:
    return demo_telegram.LOGIN_CODE
