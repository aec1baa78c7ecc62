"""users.*: people as the asking account sees them."""

from __future__ import annotations

from telethon.tl import functions, types

from heliograph.simulator import rpc
from heliograph.simulator.services import people
from heliograph.simulator.world import tl_peers

MAX_USERS = 200

router = rpc.Router()


@router.on(functions.users.GetUsersRequest)
async def get_users(ctx: rpc.Context, request: functions.users.GetUsersRequest) -> object:
    """Return up to 200 users in the order asked for; unknown ones come as userEmpty."""
    viewer = ctx.require_user()
    if len(request.id) > MAX_USERS:
        ctx.server.hub.violation(f"users.getUsers asks for {len(request.id)} users; {MAX_USERS} are allowed")
        raise rpc.RpcError(400, "USERS_TOO_MUCH")
    answer: list[object] = []
    for asked in request.id:
        user_id = people.input_user(ctx, asked)
        if user_id is None:
            answer.append(types.UserEmpty(getattr(asked, "user_id", 0)))
        else:
            answer.append(tl_peers.user(ctx.world, user_id, viewer))
    return answer


@router.on(functions.users.GetFullUserRequest)
async def get_full_user(ctx: rpc.Context, request: functions.users.GetFullUserRequest) -> object:
    """Return one user with what its profile shows."""
    viewer = ctx.require_user()
    user_id = people.input_user(ctx, request.id)
    if user_id is None:
        raise rpc.RpcError(400, "USER_ID_INVALID")
    full = types.UserFull(
        id=user_id,
        settings=types.PeerSettings(),
        notify_settings=types.PeerNotifySettings(),
        common_chats_count=0,
        can_pin_message=user_id == viewer,
    )
    return types.users.UserFull(full_user=full, chats=[], users=[tl_peers.user(ctx.world, user_id, viewer)])
