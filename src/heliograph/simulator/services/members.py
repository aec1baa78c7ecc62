"""channels.*: who is in a channel, inviting and banning."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from heliograph.simulator import rpc
from heliograph.simulator.services import channels, places
from heliograph.simulator.world import model, tl_peers

router = rpc.Router()

MAX_PARTICIPANTS = 200


@router.on(functions.channels.GetParticipantsRequest)
async def get_participants(ctx: rpc.Context, request: functions.channels.GetParticipantsRequest) -> object:
    """Return a page of members; a broadcast channel shows them to its administrators alone."""
    viewer = ctx.require_user()
    chat = places.readable_channel(ctx, request.channel)
    if chat.kind == "channel" and not channels.is_admin(chat, viewer):
        raise rpc.RpcError(400, "CHAT_ADMIN_REQUIRED")
    found = [member for member in chat.members.values() if _passes(ctx, request.filter, member)]
    start = max(0, request.offset)
    page = found[start : start + max(0, min(request.limit, MAX_PARTICIPANTS))]
    users, chats = tl_peers.listed(ctx.world, viewer, [chat.peer, *(member.user_id for member in page)])
    listed = [participant(member, viewer) for member in page]
    return types.channels.ChannelParticipants(count=len(found), participants=listed, chats=chats, users=users)


@router.on(functions.channels.GetParticipantRequest)
async def get_participant(ctx: rpc.Context, request: functions.channels.GetParticipantRequest) -> object:
    """Return how somebody is in a channel."""
    viewer = ctx.require_user()
    chat = places.readable_channel(ctx, request.channel)
    user_id = places.user_of(ctx, request.participant)
    member = chat.members.get(user_id or 0)
    if member is None:
        raise rpc.RpcError(400, "USER_NOT_PARTICIPANT")
    users, chats = tl_peers.listed(ctx.world, viewer, [chat.peer, member.user_id])
    return types.channels.ChannelParticipant(participant=participant(member, viewer), chats=chats, users=users)


@router.on(functions.channels.InviteToChannelRequest)
async def invite_to_channel(ctx: rpc.Context, request: functions.channels.InviteToChannelRequest) -> object:
    """Bring users in."""
    chat = places.readable_channel(ctx, request.channel)
    viewer = ctx.require_user()
    if viewer not in chat.members or (chat.kind == "channel" and not channels.is_admin(chat, viewer)):
        raise rpc.RpcError(400, "CHAT_ADMIN_REQUIRED")
    with ctx.world.acting(ctx.session):
        for given in request.users:
            user_id = places.user_of(ctx, given)
            if user_id is None:
                raise rpc.RpcError(400, "USER_ID_INVALID")
            if user_id not in chat.members:
                ctx.world.join(chat, user_id, viewer)
    return types.messages.InvitedUsers(updates=channels.changed(ctx, chat), missing_invitees=[])


@router.on(functions.channels.EditBannedRequest)
async def edit_banned(ctx: rpc.Context, request: functions.channels.EditBannedRequest) -> object:
    """Ban somebody from a channel, or allow him again."""
    chat = channels.administered(ctx, request.channel)
    user_id = places.user_of(ctx, request.participant)
    if user_id is None:
        raise rpc.RpcError(400, "PARTICIPANT_ID_INVALID")
    with ctx.world.acting(ctx.session):
        if request.banned_rights.view_messages:
            ctx.world.run("ban", chat=chat.peer, user_id=user_id, admin_id=ctx.require_user())
        else:
            ctx.world.run("unban", chat=chat.peer, user_id=user_id)
    return channels.changed(ctx, chat)


def participant(member: model.Member, viewer: int) -> Any:
    """Return a ChannelParticipant in the form for his role."""
    if member.role == "creator":
        return types.ChannelParticipantCreator(member.user_id, types.ChatAdminRights(other=True))
    if member.role == "admin":
        return types.ChannelParticipantAdmin(
            user_id=member.user_id,
            promoted_by=member.inviter_id,
            date=member.joined_at,
            admin_rights=types.ChatAdminRights(other=True),
        )
    if member.user_id == viewer:
        return types.ChannelParticipantSelf(viewer, inviter_id=member.inviter_id, date=member.joined_at)
    return types.ChannelParticipant(member.user_id, date=member.joined_at)


def _passes(ctx: rpc.Context, given: Any, member: model.Member) -> bool:
    user = ctx.world.users.get(member.user_id)
    if isinstance(given, types.ChannelParticipantsAdmins):
        return member.role != "member"
    if isinstance(given, types.ChannelParticipantsBots):
        return user is not None and user.is_bot
    if isinstance(given, types.ChannelParticipantsKicked | types.ChannelParticipantsBanned):
        return False
    words = getattr(given, "q", "")
    if not words:
        return True
    return user is not None and words.casefold() in f"{user.first_name} {user.last_name or ''}".casefold()
