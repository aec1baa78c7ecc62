"""What several services need to say about users."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from heliograph.simulator import rpc


def password_owner(ctx: rpc.Context) -> Any:
    """Return whose two-step password this auth key is about: the signed-in user, or who is signing in."""
    key = ctx.session.key
    user_id = key.user_id if key.user_id is not None else key.password_user_id
    if user_id is None:
        raise rpc.RpcError(401, "AUTH_KEY_UNREGISTERED")
    return ctx.world.users[user_id]


def input_user(ctx: rpc.Context, user: Any) -> int | None:
    """Return whom an InputUser names, None when its access hash is not the asking account's."""
    viewer = ctx.require_user()
    if isinstance(user, types.InputUserSelf):
        return viewer
    user_id: int | None = getattr(user, "user_id", None)
    if user_id is None or user_id not in ctx.world.users:
        return None
    if isinstance(user, types.InputUser) and user.access_hash != ctx.world.access_hash(viewer, user_id):
        return viewer if user_id == viewer else None
    return user_id
