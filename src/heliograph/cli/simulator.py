"""``heliograph simulator``: a Telegram on loopback that any MTProto client can use."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from heliograph import errors, log
from heliograph.cli import child, console, options, stopping
from heliograph.simulator import main as server


def simulator(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, options.port("0 picks a free one.")] = 0,
    login_code: Annotated[str, typer.Option(help="The code that signs every phone number up or in.")] = "12345",
    public_key: Annotated[Path | None, options.path("File to write the server's RSA key to (PKCS#1 PEM).")] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same world.")] = 7,
    chats: Annotated[int, typer.Option(min=1, help="Chats of the world.")] = 40,
    days: Annotated[int, typer.Option(min=0, help="Days of history.")] = 14,
    messages: Annotated[int | None, typer.Option(min=0, help="Messages of history over all chats.")] = None,
    rate: Annotated[float, options.number("Live messages per second.", min=0)] = 0.0,
    state: Annotated[
        Path | None, options.path("Folder that keeps keys, sessions and the world over a restart.")
    ] = None,
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """Serve a simulated Telegram over real MTProto until Ctrl-C."""
    _check_host(host)
    _check_key_file(public_key)
    if not login_code.strip():
        raise errors.BadInput("An empty code signs nobody in; give at least one character as --login-code.")
    given = options.of(context)
    log.setup(form=given.log_format or "console", level=given.log_level or "info")
    options.run(
        _serve(
            supervised=supervised,
            host=host,
            port=port,
            login_code=login_code,
            public_key=public_key,
            seed=seed,
            chats=chats,
            days=days,
            messages=messages,
            rate=rate,
            state_dir=state,
        )
    )


def _check_host(host: str) -> None:
    """Refuse an address that others can reach: whoever does may sign in as anybody."""
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise errors.BadInput(f"{host!r} is not a loopback address; give 127.0.0.1, ::1 or localhost as --host.")


def _check_key_file(file: Path | None) -> None:
    """Refuse a place for the key that cannot be written once the port listens."""
    if file is None:
        return
    if file.is_dir():
        raise errors.BadInput(f"{file} is a folder; name a file in it as --public-key.")
    if not os.access(file.absolute().parent, os.W_OK | os.X_OK):
        raise errors.BadInput(f"{file} cannot be written; give --public-key a folder that exists and that is yours.")


async def _serve(*, supervised: bool, **parameters: Any) -> None:
    stop = await stopping.until_stopped(supervised=supervised)

    def on_ready(running: server.Simulator) -> None:
        child.announce(supervised=supervised, role="simulator", port=running.port, control=running.control_url)
        if not supervised:
            console.out(f"Listening on {parameters['host']}:{running.port}; control at {running.control_url}")

    await server.serve(stop=stop, on_ready=on_ready, **parameters)
