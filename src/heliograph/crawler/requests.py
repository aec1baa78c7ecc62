"""The engine's questions as Telegram's methods, and Telegram's refusals as the engine's failures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from telethon.tl import functions, types

from heliograph import errors
from heliograph.crawler.transport import refusal
from heliograph.domain import records
from heliograph.domain.sync import events, rules

_INVALID_CURSOR = frozenset({"PERSISTENT_TIMESTAMP_INVALID", "PERSISTENT_TIMESTAMP_EMPTY"})


def difference(state: records.BoxState, limit: int) -> Any:
    """Ask for what an account missed since ``state``; how large a whole page is the server knows best."""
    return functions.updates.GetDifferenceRequest(
        pts=state.pts,
        date=datetime.fromtimestamp(state.date, UTC),
        qts=state.qts,
        pts_limit=limit if limit < rules.PAGE else None,
    )


def channel_difference(channel_id: int, access_hash: int, state: records.BoxState, limit: int) -> Any:
    """Ask for what a channel has since ``state``; ``force`` would let the server skip updates."""
    return functions.updates.GetChannelDifferenceRequest(
        channel=types.InputChannel(channel_id, access_hash),
        filter=types.ChannelMessagesFilterEmpty(),
        pts=state.pts,
        limit=limit,
        force=False,
    )


def channel_dialog(channel_id: int, access_hash: int) -> Any:
    """Ask where a channel's box stands."""
    return functions.messages.GetPeerDialogsRequest(
        peers=[types.InputDialogPeer(types.InputPeerChannel(channel_id, access_hash))]
    )


def account_state() -> Any:
    """Ask where an account's boxes stand."""
    return functions.updates.GetStateRequest()


def state_of(tl: Any) -> records.BoxState:
    """Return updates.State in our form."""
    return records.BoxState(pts=tl.pts, qts=tl.qts, seq=tl.seq, date=int(tl.date.timestamp()))


def failure(error: errors.TelegramError) -> tuple[events.Failure, float]:
    """Return what an error means for the box, and for how many seconds a flood wait lasts."""
    if isinstance(error, errors.FloodWait):
        return events.Failure.FLOOD, error.seconds
    if isinstance(error, errors.Undecodable):
        return events.Failure.UNDECODABLE, 0
    if refusal.is_access_lost(error):
        return events.Failure.ACCESS, 0
    if isinstance(error, errors.RpcFailed) and error.name in _INVALID_CURSOR:
        return events.Failure.INVALID, 0
    return events.Failure.RETRY, 0
