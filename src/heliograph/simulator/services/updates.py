"""updates.*: the state of an account's boxes, and what a cursor has missed."""

from __future__ import annotations

from collections.abc import Callable

from telethon.tl import functions, types

from heliograph.simulator import rpc
from heliograph.simulator.services import places
from heliograph.simulator.world import difference

router = rpc.Router()


@router.on(functions.updates.GetStateRequest)
async def get_state(ctx: rpc.Context, request: functions.updates.GetStateRequest) -> object:
    """Return the account's counters."""
    return difference.state(ctx.world, ctx.require_user())


@router.on(functions.updates.GetDifferenceRequest)
async def get_difference(ctx: rpc.Context, request: functions.updates.GetDifferenceRequest) -> object:
    """Return what the common box has seen since, and which channels to catch up."""
    rules = _rules(ctx, request.pts_limit, ctx.require_user())
    return difference.of_account(
        ctx.world,
        ctx.require_user(),
        pts=request.pts,
        date=places.unix(request.date),
        total_limit=request.pts_total_limit,
        rules=rules,
    )


@router.on(functions.updates.GetChannelDifferenceRequest)
async def get_channel_difference(ctx: rpc.Context, request: functions.updates.GetChannelDifferenceRequest) -> object:
    """Return what a channel's box has seen since."""
    chat = places.readable_channel(ctx, request.channel)
    return difference.of_channel(
        ctx.world,
        chat,
        ctx.require_user(),
        pts=request.pts,
        limit=request.limit,
        rules=_rules(ctx, None, chat.peer),
        wanted=_wanted(request.filter),
    )


def _rules(ctx: rpc.Context, limit: int | None, box: int) -> difference.Rules:
    faults = ctx.server.faults
    most = faults.difference_limit
    return difference.Rules(
        limit=max(1, min(limit or most, most)),
        too_long=faults.too_long,
        pts_style=faults.pts_style,
        has_min_users=faults.min_entities,
        is_spoiled=lambda: faults.is_spoiled(box),
    )


def _wanted(given: object) -> Callable[[int], bool] | None:
    if not isinstance(given, types.ChannelMessagesFilter):
        return None
    ranges = [(each.min_id, each.max_id) for each in given.ranges]
    is_excluded = bool(given.exclude_new_messages)
    return lambda message_id: not is_excluded and any(low <= message_id <= high for low, high in ranges)
