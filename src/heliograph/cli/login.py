"""``heliograph login``: phone number, code, and the two-step verification password when there is one."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from heliograph import config, errors
from heliograph.cli import console, options, prompt, wire
from heliograph.crawler import login as telegram_login

LABEL_CHARACTERS = 64


def login(
    context: typer.Context,
    phone: Annotated[str | None, typer.Option(help="With country code, such as +358401234567.")] = None,
    label: Annotated[str | None, typer.Option(help="What to call the account in lists.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Even if the master key of other accounts' sessions is lost.")
    ] = False,
) -> None:
    """Sign a Telegram account in; its session key is stored encrypted."""
    if label is not None and len(label) > LABEL_CHARACTERS:
        raise errors.BadInput(f"A label has at most {LABEL_CHARACTERS} characters; choose a shorter --label.")
    settings = options.settings(options.of(context), quiet=True)
    options.run(_login(settings, phone, label, force=force))


async def _login(settings: config.Settings, phone: str | None, label: str | None, *, force: bool) -> None:
    async with wire.database(settings) as database:
        account = await telegram_login.add_account(
            settings,
            database,
            phone=phone or partial(prompt.ask, "Phone number"),
            label=label,
            ask_code=partial(prompt.ask, "Login code", hidden=True),
            ask_password=partial(prompt.ask, "Two-step verification password", hidden=True),
            must_open_others=not force,
        )
    console.out(f"Signed in as {console.plain(account.label)} (account {account.account_id}).")
