"""The demo's side of the simulator: starting it, and talking to its control API."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from heliograph import config, errors
from heliograph.cli import child

API_ID = 12345
API_HASH = "0123456789abcdef0123456789abcdef"
LOGIN_CODE = "12345"
CHATS = 48
DAYS = 14
CONFIRM_SECONDS = 2
"""Nothing is hidden for a moment only in the simulator, so that a second look needs no minute's patience."""

# A simulator sets no limits of its own, so the demo spends what a real account must not. Printed when it starts.
BUDGETS: dict[str, dict[str, float]] = {
    "history": {"per_second": 1000, "burst": 100, "concurrent": 8},
    "messages": {"per_second": 100, "burst": 100, "concurrent": 4},
    "difference": {"per_second": 100, "burst": 100, "concurrent": 1},
    "channel_difference": {"per_second": 500, "burst": 500, "concurrent": 10},
    "peer_dialogs": {"per_second": 20, "burst": 20, "concurrent": 1},
    "dialogs": {"per_second": 20, "burst": 20, "concurrent": 1},
    "topics": {"per_second": 100, "burst": 100, "concurrent": 4},
}


class SimulatorSilent(errors.HeliographError):
    """The simulated Telegram no longer answers, so nothing can be shown or compared; start the demo again."""


@dataclass(frozen=True, kw_only=True)
class Telegram:
    """A running simulator."""

    process: child.Child
    control: httpx.AsyncClient

    async def set_rate(self, rate: float) -> None:
        """Let the traffic generator post ``rate`` messages per second."""
        await self._post("/traffic", rate=rate)

    async def disconnect(self, seconds: float) -> None:
        """Cut every connection and refuse new ones for ``seconds``."""
        await self._post("/faults", kind="cut", seconds=seconds)

    async def truth(self, users: Iterable[int]) -> list[dict[str, Any]]:
        """Return every message that these users' mirrors should hold."""
        answer = await self._ask("GET", "/truth", params={"users": ",".join(map(str, users))})
        return await asyncio.to_thread(lambda: [orjson.loads(line) for line in answer.content.splitlines() if line])

    async def _post(self, path: str, **body: Any) -> None:
        await self._ask("POST", path, json=body)

    async def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            return (await self.control.request(method, path, **content)).raise_for_status()
        except httpx.HTTPError as error:
            raise SimulatorSilent from error


async def start(
    directory: Path,
    arguments: list[str],
    *,
    chats: int = CHATS,
    days: int = DAYS,
    messages: int | None = None,
    keep: bool = True,
) -> Telegram:
    """Start the simulator; with ``keep`` with the world of its last run and if possible on its port.

    Another program may have taken that port since. The accounts follow the configuration to a new one.
    """
    port_file = directory / "telegram.port"
    process = child.Child(
        "simulator",
        [
            *(*arguments, "simulator", "--port", str(free_port(port_file)), "--login-code", LOGIN_CODE),
            *("--chats", str(chats), "--days", str(days), "--public-key", str(directory / "telegram.pem")),
            *(("--state", str(directory / "telegram")) if keep else ()),
            *(("--messages", str(messages)) if messages is not None else ()),
        ],
    )
    try:
        ready = await process.start()
    except BaseException:
        await process.stop()
        raise
    port_file.write_text(str(ready["port"]), "ascii")
    return Telegram(process=process, control=httpx.AsyncClient(base_url=ready["control"], timeout=60, trust_env=False))


def write_settings(directory: Path, telegram: Telegram, *, port: int, depth: str = f"{DAYS}d") -> None:
    """Write the demo's configuration: the simulator's address and key, and the raised budgets."""
    content: dict[str, object] = {
        "telegram": {
            "api_id": API_ID,
            "api_hash": API_HASH,
            "dc_address": "127.0.0.1",
            "dc_port": telegram.process.ready["port"],
            "dc_public_key_file": str(directory / "telegram.pem"),
            "sign_up_name": "Demo",
        },
        "crawler": {
            "history_depth": depth,
            "concurrency": 8,
            "confirm_seconds": CONFIRM_SECONDS,
            "budgets": BUDGETS,
        },
        "web": {"port": port},
    }
    config.write(directory / config.CONFIG_NAME, content)


def describe_budgets() -> str:
    """Say which budgets the demo overrides, in one line."""
    defaults = config.DEFAULT_BUDGETS
    raised = (f"{name} {defaults[name].per_second:.3g}→{int(own['per_second'])}/s" for name, own in BUDGETS.items())
    return "Request budgets raised for the simulator: " + ", ".join(raised)


def free_port(port_file: Path) -> int:
    """Return the port of the last run, 0 when there was none or something else listens there."""
    try:
        port = int(port_file.read_text("ascii"))
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
        return port
    except (OSError, OverflowError, ValueError):
        return 0
