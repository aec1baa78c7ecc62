"""Telegram's error names become our errors here, and nowhere else.

Names decide, not Telethon's classes: the same name comes with several codes (CHANNEL_PRIVATE with 400 and 406).
"""

from __future__ import annotations

import re

from heliograph import errors

SESSION_ENDED = frozenset(
    {
        "AUTH_KEY_DUPLICATED",
        "AUTH_KEY_INVALID",
        "AUTH_KEY_PERM_EMPTY",
        "AUTH_KEY_UNREGISTERED",
        "SESSION_EXPIRED",
        "SESSION_REVOKED",
        "USER_DEACTIVATED",
        "USER_DEACTIVATED_BAN",
    }
)
ACCESS_LOST = frozenset(
    {
        "CHANNEL_BANNED",
        "CHANNEL_INVALID",
        "CHANNEL_MONOFORUM_UNSUPPORTED",
        "CHANNEL_PRIVATE",
        "CHANNEL_PUBLIC_GROUP_NA",
        "CHAT_ADMIN_REQUIRED",
        "CHAT_FORBIDDEN",
        "CHAT_ID_INVALID",
        "CHAT_RESTRICTED",
        "FROZEN_PARTICIPANT_MISSING",
        "PEER_ID_INVALID",
        "USER_BANNED_IN_CHANNEL",
        "USER_NOT_PARTICIPANT",
    }
)
"""This account cannot read that chat (now). It says nothing about other accounts, and no cursor is given up for it."""

ACCOUNT_LIMITED = frozenset({"FROZEN_METHOD_INVALID", "FROZEN_PARTICIPANT_MISSING", "PEER_FLOOD", "USER_RESTRICTED"})
"""Telegram has limited this account itself. There is no wait to obey: somebody has to look at it."""
MEDIA_WAIT = "FLOOD_PREMIUM_WAIT"
"""Downloads of accounts without Premium are throttled; nothing else is."""

_API_KEY_WRONG = frozenset({"API_ID_INVALID", "API_ID_PUBLISHED_FLOOD", "CONNECTION_API_ID_INVALID"})
_WAIT = re.compile(r"(?:FLOOD_WAIT|FLOOD_PREMIUM_WAIT|FLOOD_TEST_PHONE_WAIT|SLOWMODE_WAIT)_(\d+)")
_MIGRATE = re.compile(r"(?:PHONE|USER|NETWORK)_MIGRATE_(\d+)")


def translate(name: str, code: int, method: str) -> errors.TelegramError:
    """Return our error for an rpc_error."""
    if wait := _WAIT.fullmatch(name):
        return errors.FloodWait(max(1, int(wait[1])), method, is_media=name.startswith(MEDIA_WAIT))
    if name in _API_KEY_WRONG:
        return errors.ApiKeyWrong()
    if name in SESSION_ENDED:
        return errors.SessionEnded(
            f"Telegram ended this account's session ({name}); sign in again with `heliograph login`."
        )
    return errors.RpcFailed(name, abs(code))


def migrated_to(error: errors.RpcFailed) -> int | None:
    """Return the DC that an account lives in when the error says that it is another one."""
    found = _MIGRATE.fullmatch(error.name)
    return int(found[1]) if found else None


def is_access_lost(error: errors.TelegramError) -> bool:
    """Say whether an error means that this account cannot read this chat."""
    return isinstance(error, errors.RpcFailed) and error.name in ACCESS_LOST
