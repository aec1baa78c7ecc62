"""contacts.*: usernames, contacts, search."""

from __future__ import annotations

from telethon.tl import functions, types

from heliograph.simulator import rpc
from heliograph.simulator.services import places
from heliograph.simulator.world import tl, tl_peers

router = rpc.Router()


@router.on(functions.contacts.ResolveUsernameRequest)
async def resolve_username(ctx: rpc.Context, request: functions.contacts.ResolveUsernameRequest) -> object:
    """Return whom a public name belongs to."""
    viewer = ctx.require_user()
    peer = ctx.world.usernames.get(request.username.lower().lstrip("@"))
    if peer is None:
        raise rpc.RpcError(400, "USERNAME_NOT_OCCUPIED")
    users, chats = tl_peers.listed(ctx.world, viewer, [peer])
    return types.contacts.ResolvedPeer(peer=tl.peer(peer), chats=chats, users=users)


@router.on(functions.contacts.GetContactsRequest)
async def get_contacts(ctx: rpc.Context, request: functions.contacts.GetContactsRequest) -> object:
    """Return the account's contacts."""
    viewer = ctx.require_user()
    contacts = ctx.world.accounts[viewer].contacts
    users, _chats = tl_peers.listed(ctx.world, viewer, contacts)
    listed = [types.Contact(user_id=user_id, mutual=True) for user_id in contacts]
    return types.contacts.Contacts(contacts=listed, saved_count=len(listed), users=users)


@router.on(functions.contacts.ImportContactsRequest)
async def import_contacts(ctx: rpc.Context, request: functions.contacts.ImportContactsRequest) -> object:
    """Add people who have signed up here to the contacts."""
    viewer = ctx.require_user()
    imported = []
    for given in request.contacts:
        user = ctx.world.user_by_phone(given.phone)
        if user is not None:
            ctx.world.run("add_contact", user_id=viewer, contact_id=user.id)
            imported.append(types.ImportedContact(user_id=user.id, client_id=given.client_id))
    users, _chats = tl_peers.listed(ctx.world, viewer, [each.user_id for each in imported])
    return types.contacts.ImportedContacts(imported=imported, popular_invites=[], retry_contacts=[], users=users)


@router.on(functions.contacts.AddContactRequest)
async def add_contact(ctx: rpc.Context, request: functions.contacts.AddContactRequest) -> object:
    """Add somebody to the contacts."""
    user_id = places.user_of(ctx, request.id)
    if user_id is None:
        raise rpc.RpcError(400, "CONTACT_ID_INVALID")
    ctx.world.run("add_contact", user_id=ctx.require_user(), contact_id=user_id)
    users, chats = tl_peers.listed(ctx.world, ctx.require_user(), [user_id])
    return types.Updates(updates=[], users=users, chats=chats, date=int(ctx.server.now()), seq=0)


@router.on(functions.contacts.SearchRequest)
async def search(ctx: rpc.Context, request: functions.contacts.SearchRequest) -> object:
    """Return public chats and people whose name or title contains the words."""
    viewer = ctx.require_user()
    words = request.q.casefold().lstrip("@")
    limit = max(1, min(request.limit, 50))
    mine = [peer for peer in ctx.world.accounts[viewer].chats if words in ctx.world.chats[peer].title.casefold()]
    public = [peer for name, peer in ctx.world.usernames.items() if words in name and peer not in mine]
    users, chats = tl_peers.listed(ctx.world, viewer, [*mine[:limit], *public[:limit]])
    return types.contacts.Found(
        my_results=[tl.peer(peer) for peer in mine[:limit]],
        results=[tl.peer(peer) for peer in public[:limit]],
        chats=chats,
        users=users,
    )


@router.on(functions.contacts.GetStatusesRequest)
async def get_statuses(ctx: rpc.Context, request: functions.contacts.GetStatusesRequest) -> object:
    """Return that every contact was here recently."""
    contacts = ctx.world.accounts[ctx.require_user()].contacts
    return [types.ContactStatus(user_id, types.UserStatusRecently()) for user_id in contacts]


@router.on(functions.contacts.GetBlockedRequest)
async def get_blocked(ctx: rpc.Context, request: functions.contacts.GetBlockedRequest) -> object:
    """Return that nobody is blocked."""
    ctx.require_user()
    return types.contacts.Blocked(blocked=[], chats=[], users=[])


@router.on(functions.contacts.GetTopPeersRequest)
async def get_top_peers(ctx: rpc.Context, request: functions.contacts.GetTopPeersRequest) -> object:
    """Return that rating is off."""
    ctx.require_user()
    return types.contacts.TopPeersDisabled()
