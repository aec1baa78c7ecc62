"""Ids in every dialect: ``user7``, ``chat7``, ``channel7``, bare numbers, and numbers with type bits.

Until the spring of 2021 Telegram Desktop wrote numbers whose bits above the 32nd say the type: none or 1 for a user, 2
for a group or channel. Since then ids are bare or carry a word, and user ids outgrow 32 bits, so which dialect a file
speaks must be known first: one with ``date_unixtime`` or with words before its ids is a modern one.
"""

from __future__ import annotations

import functools
import re
from typing import Any, Final

from heliograph.domain import identity

_TYPE_BIT: Final = 32
_MODERN_TYPE_BIT: Final = 48
_WORDED: Final = re.compile(r"(user|chat|channel)?([0-9]{1,19})")
_MARKS: Final = {"user": identity.user_peer, "chat": identity.chat_peer, "channel": identity.channel_peer}
_MAX_NUMBER: Final = 1 << 53
"""No id of Telegram is larger, and marked ids stay far inside a bigint."""
_CHANNEL_MARK: Final = 1_000_000_000_000


def bare_number(value: Any) -> int | None:
    """Return a number as it is written (``7``, ``"7"`` or ``"user7"``), None when it is no id."""
    if isinstance(value, str):
        found = _WORDED.fullmatch(value)
        value = int(found[2]) if found else None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _MAX_NUMBER:
        return None
    return value


def chat_number(value: Any, *, is_modern: bool) -> int | None:
    """Return a chat's bare id; its ``type`` says what kind of chat it is."""
    if isinstance(value, int) and value < 0:
        value = -value - _CHANNEL_MARK if value < -_CHANNEL_MARK else -value
    number = bare_number(value)
    if number is not None and number >> _MODERN_TYPE_BIT:
        number &= (1 << _MODERN_TYPE_BIT) - 1
    if number is not None and not is_modern:
        number &= (1 << _TYPE_BIT) - 1
    return number or None


def peer(value: Any, *, is_modern: bool) -> identity.PeerId | None:
    """Return the marked id that ``from_id`` and its like name, None when that is none.

    A basic group sends nothing itself, so a number with the bits of a group is a channel or supergroup.
    """
    if isinstance(value, str):
        return _worded(value)
    number = bare_number(value)
    if number is None:
        return None
    bits = number >> _TYPE_BIT
    if is_modern or bits == 0:
        return identity.user_peer(number)
    low = number & ((1 << _TYPE_BIT) - 1)
    return identity.channel_peer(low) if bits == 2 else identity.user_peer(low)


@functools.lru_cache(maxsize=8192)  # a chat has the same people in message after message
def _worded(value: str) -> identity.PeerId | None:
    found = _WORDED.fullmatch(value)
    if not found or not 0 < int(found[2]) < _MAX_NUMBER:
        return None
    return _MARKS[found[1] or "user"](int(found[2]))
