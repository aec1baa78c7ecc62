"""What the engine asks Telegram for a box, and the answer in the engine's form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from heliograph.crawler import link, normalize, requests
from heliograph.domain import identity, records
from heliograph.domain.sync import actions, events


def difference(fetch: actions.Fetch, account: link.Link) -> Any:
    """Return the request for a difference, None when the account does not know how to reach the channel."""
    if not identity.is_channel_space(fetch.box):
        return requests.difference(fetch.from_state, fetch.limit)
    access_hash = account.channel_hash(fetch.box)
    if access_hash is None:
        return None
    return requests.channel_difference(fetch.box, access_hash, fetch.from_state, fetch.limit)


def answer(fetch: actions.Fetch, tl: Any, account: link.Link) -> events.Page | events.Lost:
    """Read a difference. Raises whatever a malformed one makes it raise."""
    if identity.is_channel_space(fetch.box):
        return normalize.channel_difference(tl, box=fetch.box, asked=fetch.from_state, self_user_id=account.user_id)
    return normalize.difference(tl, asked=fetch.from_state, self_user_id=account.user_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where the server's box stands, None when the account cannot see it, and who was described beside it."""

    state: records.BoxState | None = None
    users: Sequence[Any] = ()
    chats: Sequence[Any] = ()


async def standing(box: identity.SpaceId, account: link.Link) -> Standing:
    """Ask where the server's box stands. Raises what ``Connection.call`` raises."""
    if not identity.is_channel_space(box):
        return Standing(state=requests.state_of(await account.connection.call(requests.account_state())))
    access_hash = account.channel_hash(box)
    if access_hash is None:
        return Standing()
    found = await account.connection.call(requests.channel_dialog(box, access_hash))
    pts = found.dialogs[0].pts if found.dialogs else None
    return Standing(state=records.BoxState(pts=pts) if pts else None, users=found.users, chats=found.chats)
