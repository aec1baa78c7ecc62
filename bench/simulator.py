"""The simulator by itself: how fast one process of it gives history over the socket, so that it holds nobody back."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from telethon import TelegramClient
from telethon.crypto import rsa
from telethon.sessions import MemorySession
from telethon.tl import functions, types

from bench import installation, pages
from bench.results import Result
from heliograph.cli import child
from heliograph.cli.demo import telegram as demo_telegram

WORLD = installation.World(chats=50, messages=200_000)
CONNECTIONS = 4
TARGET = 30_000
PHONE = "+99966299999"


async def run() -> list[Result]:
    """Measure the rate of history messages that one process serves."""
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as folder:
        key_file = Path(folder) / "telegram.pem"
        async with _serving(key_file, installation.arguments(Path(folder))) as process:
            server, chats = await _signed_in(process.ready["port"], key_file.read_text("ascii"))
            requests = [request for peer, newest in chats for request in pages.history(peer, newest)]
            # Connections and the world's first look are not what is measured.
            await pages.fetch_all(server, requests[:10], CONNECTIONS)
            cpu, own, begun = _cpu_seconds(process.pid), time.process_time(), time.perf_counter()
            served = await pages.fetch_all(server, requests, CONNECTIONS)
            seconds = time.perf_counter() - begun
            cpu, own = _cpu_seconds(process.pid) - cpu, time.process_time() - own
    return [
        Result(
            name="simulator_history_rate",
            value=served / seconds,
            unit="messages/s",
            target=TARGET,
            note=f"{1000 * cpu / served:.3f} s of the server's CPU per 1,000 messages, {1000 * own / served:.3f} s of"
            f" the client's; {served:,} messages over {CONNECTIONS} connections",
        )
    ]


@asynccontextmanager
async def _serving(key_file: Path, arguments: list[str]) -> AsyncIterator[child.Child]:
    """Run ``heliograph simulator`` as a process."""
    process = child.Child(
        "simulator",
        [
            *(*arguments, "simulator", "--login-code", demo_telegram.LOGIN_CODE, "--public-key", str(key_file)),
            *("--chats", str(WORLD.chats), "--days", str(WORLD.days), "--messages", str(WORLD.messages)),
        ],
    )
    try:
        await process.start()
        yield process
    finally:
        await process.stop()


async def _signed_in(port: int, public_key: str) -> tuple[pages.Server, list[tuple[Any, int]]]:
    """Sign an account up, and return its key and the channels it sees, each with its newest message's id."""
    rsa.add_key(public_key, old=False)
    session = MemorySession()
    session.set_dc(2, "127.0.0.1", port)
    client = TelegramClient(session, demo_telegram.API_ID, demo_telegram.API_HASH)
    await client.connect()
    sent = await client.send_code_request(PHONE)
    await client(functions.auth.SignInRequest(PHONE, sent.phone_code_hash, demo_telegram.LOGIN_CODE))
    await client(functions.auth.SignUpRequest(PHONE, sent.phone_code_hash, "Bench", "Client"))
    dialogs = await client.get_dialogs()
    chats = [
        (dialog.input_entity, dialog.message.id)
        for dialog in dialogs
        if isinstance(dialog.input_entity, types.InputPeerChannel)
    ]
    key = bytes(session.auth_key.key)
    await client.disconnect()
    return pages.Server(port=port, key=key), chats


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
