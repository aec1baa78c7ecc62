"""``heliograph login``: phone number, code, and the two-step verification password when there is one."""

from __future__ import annotations

from typing import Annotated

import typer

from heliograph import config
from heliograph.cli import console, options, wire
from heliograph.crawler import login as telegram_login


def login(
    context: typer.Context,
    phone: Annotated[str | None, typer.Option(help="With country code, such as +358401234567.")] = None,
    label: Annotated[str | None, typer.Option(help="What to call the account in lists.")] = None,
) -> None:
    """Sign a Telegram account in; its session key is stored encrypted."""
    settings = options.settings(options.of(context), quiet=True)
    number = phone or typer.prompt("Phone number")
    options.run(_login(settings, number, label))


async def _login(settings: config.Settings, phone: str, label: str | None) -> None:
    async with wire.database(settings) as database:
        account = await telegram_login.add_account(
            settings,
            database,
            phone=phone,
            label=label,
            ask_code=_ask("Login code"),
            ask_password=_ask("Two-step verification password"),
        )
    console.out(f"Signed in as {account.label} (account {account.account_id}).")


def _ask(question: str) -> telegram_login.Ask:
    async def ask() -> str:
        answer: str = typer.prompt(question, hide_input=True)
        return answer

    return ask
