"""Differences: what a cursor has missed, as Telegram answers it.

New messages come first and in their newest form; edits, deletions and pins follow as updates. Whether those carry
their own counters is not documented, and when an answer is "too long" has two readings, so both are parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from telethon.tl import types

from heliograph.simulator import rpc
from heliograph.simulator.world import dialogs, model, tl, tl_peers, tl_updates, views
from heliograph.simulator.world.boxes import Box, Event

if TYPE_CHECKING:
    from heliograph.simulator.world.world import World

_LATEST = 10
"""Messages in a channelDifferenceTooLong."""
_POLL_SECONDS = 30

IdFilter = Callable[[int], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The server's choices; see ``faults.Faults``."""

    limit: int = 100
    too_long: Literal["page", "strict"] = "page"
    pts_style: Literal["real", "final", "zero"] = "real"
    has_min_users: bool = False
    is_spoiled: Callable[[], bool] = lambda: False
    """Asked of each answer that holds anything: whether an unknown constructor goes into it."""


def state(world: World, user_id: int) -> Any:
    """Return an account's updates.State."""
    account = world.accounts[user_id]
    return _state(world, account, account.box.pts)


def of_account(world: World, user_id: int, *, pts: int, date: int, total_limit: int | None, rules: Rules) -> Any:
    """Return updates.Difference in one of its forms.

    Every answer names the channels that had events at or after ``date`` (the same second counts again: seconds are
    too coarse to tell), and its state's date is now.
    """
    account = world.accounts[user_id]
    account.box.expire(_now(world))
    gap = _gap(account.box, pts)
    total = total_limit if total_limit is not None else (rules.limit if rules.too_long == "strict" else gap)
    if not account.box.has_after(pts) or gap > total:
        return types.updates.DifferenceTooLong(account.box.pts)
    events = account.box.after(pts, rules.limit)
    named = _changed_channels(world, account, date)
    end = events[-1].pts if events else account.box.pts
    is_final = end >= account.box.pts
    if not events and not named:
        return types.updates.DifferenceEmpty(date=_now(world), seq=account.seq)
    fresh = [account.mailbox[event.ids[0] - 1] for event in events if event.kind == "new"]
    fresh = [(chat, message) for chat, message in fresh if message.deleted_at is None]
    others = _others(
        events, end, rules, lambda event, pts, count: tl_updates.mailbox_update(world, account, event, pts, count)
    )
    touched = [account.mailbox[event.ids[0] - 1] for event in events if event.kind in ("edit", "pin", "unpin")]
    users, chats = tl_peers.of_messages(world, user_id, fresh + touched, also=named, is_min=rules.has_min_users)
    make = types.updates.Difference if is_final else types.updates.DifferenceSlice
    return make(
        [tl.raw(world, chat, message, user_id) for chat, message in fresh],
        [],
        [*others, *(tl_updates.too_long(peer) for peer in named), *_spoil(rules)],
        chats,
        users,
        _state(world, account, end),
    )


def of_channel(
    world: World, chat: model.Chat, viewer: int, *, pts: int, limit: int, rules: Rules, wanted: IdFilter | None = None
) -> Any:
    """Return updates.ChannelDifference in one of its forms; ``wanted`` filters new messages by id."""
    box = chat.box
    assert box is not None
    box.expire(_now(world))
    limit = max(1, min(limit, rules.limit))
    gap = _gap(box, pts)
    if not box.has_after(pts) or (rules.too_long == "strict" and gap > limit):
        return _channel_too_long(world, chat, viewer, min(limit, _LATEST))
    events = box.after(pts, limit)
    if not events:
        return types.updates.ChannelDifferenceEmpty(pts=box.pts, final=True, timeout=_POLL_SECONDS)
    end = events[-1].pts
    fresh = [message for event in events if event.kind == "new" if (message := chat.message(event.ids[0]))]
    first = chat.first_id(viewer)
    fresh = [m for m in fresh if m.deleted_at is None and m.id >= first and (wanted is None or wanted(m.id))]
    others = _others(
        events, end, rules, lambda event, pts, count: tl_updates.channel_update(world, chat, event, viewer, pts, count)
    )
    touched = [message for event in events if event.kind == "edit" if (message := chat.message(event.ids[0]))]
    named = [(chat, message) for message in fresh + touched]
    users, chats = tl_peers.of_messages(world, viewer, named, also=[chat.peer], is_min=rules.has_min_users)
    return types.updates.ChannelDifference(
        pts=end,
        new_messages=[tl.raw(world, chat, message, viewer) for message in fresh],
        other_updates=[*others, *_spoil(rules)],
        chats=chats,
        users=users,
        final=end >= box.pts,
        timeout=_POLL_SECONDS,
    )


def _others(events: list[Event], end: int, rules: Rules, build: Callable[[Event, int, int], Any | None]) -> list[Any]:
    """Return the updates besides new messages; of several edits of one message only the last."""
    last_edit = {event.ids: event.pts for event in events if event.kind == "edit"}
    updates = []
    for event in events:
        if event.kind == "new" or (event.kind == "edit" and last_edit[event.ids] != event.pts):
            continue
        counters = {"real": (event.pts, event.moved), "final": (end, 0), "zero": (0, 0)}[rules.pts_style]
        update = build(event, *counters)
        if update is not None:
            updates.append(update)
    return updates


def _channel_too_long(world: World, chat: model.Chat, viewer: int, limit: int) -> Any:
    latest = views.history(views.view(world, viewer, chat.peer), limit=limit)
    users, chats = tl_peers.of_messages(world, viewer, [(chat, message) for _id, message in latest], also=[chat.peer])
    return types.updates.ChannelDifferenceTooLong(
        dialog=dialogs.dialog(world, viewer, chat.peer),
        messages=[tl.raw(world, chat, message, viewer) for _id, message in latest],
        chats=chats,
        users=users,
        final=True,
        timeout=_POLL_SECONDS,
    )


def _changed_channels(world: World, account: model.Account, date: int) -> list[int]:
    """Return the account's channels that something happened in, or that it entered, since ``date``."""
    return [
        peer
        for peer, joined_at in account.chats.items()
        if world.chats[peer].is_channel and max(world.chats[peer].last_event_at, joined_at) >= date
    ]


def _gap(box: Box, pts: int) -> int:
    if pts <= 0:
        raise rpc.RpcError(400, "PERSISTENT_TIMESTAMP_EMPTY")
    if pts > box.pts:
        raise rpc.RpcError(400, "PERSISTENT_TIMESTAMP_INVALID")
    return box.pts - pts


def _state(world: World, account: model.Account, pts: int) -> Any:
    return types.updates.State(pts=pts, qts=0, date=_now(world), seq=account.seq, unread_count=0)


def _spoil(rules: Rules) -> list[Any]:
    return [tl_updates.unknown()] if rules.is_spoiled() else []


def _now(world: World) -> int:
    return int(world.clock.now().timestamp())
