"""messages.*: the list of dialogs."""

from __future__ import annotations

from typing import Any

from telethon.tl import functions, types

from heliograph.simulator import rpc
from heliograph.simulator.services import places
from heliograph.simulator.world import dialogs, difference, tl, tl_peers

PAGE = 100

router = rpc.Router()


@router.on(functions.messages.GetDialogsRequest)
async def get_dialogs(ctx: rpc.Context, request: functions.messages.GetDialogsRequest) -> object:
    """Return a page of dialogs, newest first; nothing is archived here."""
    viewer = ctx.require_user()
    if request.folder_id == 1:
        return types.messages.Dialogs([], [], [], [])
    rows = dialogs.rows(ctx.world, viewer)
    pinned = ctx.world.accounts[viewer].pinned
    rest = [row for row in rows if row.peer not in pinned]
    first = [] if request.exclude_pinned or _has_offset(request) else [row for row in rows if row.peer in pinned]
    limit = max(1, min(request.limit or 20, PAGE))
    page = [*first, *_after(ctx, rest, request)][:limit]
    answer = _answer(ctx, page)
    if len(page) >= len(rows):
        return types.messages.Dialogs(**answer)
    return types.messages.DialogsSlice(count=len(rows), **answer)


@router.on(functions.messages.GetPinnedDialogsRequest)
async def get_pinned_dialogs(ctx: rpc.Context, request: functions.messages.GetPinnedDialogsRequest) -> object:
    """Return the pinned dialogs."""
    viewer = ctx.require_user()
    pinned = ctx.world.accounts[viewer].pinned if request.folder_id == 0 else []
    rows = [dialogs.row(ctx.world, viewer, peer) for peer in pinned]
    return types.messages.PeerDialogs(**_answer(ctx, rows), state=difference.state(ctx.world, viewer))


@router.on(functions.messages.GetPeerDialogsRequest)
async def get_peer_dialogs(ctx: rpc.Context, request: functions.messages.GetPeerDialogsRequest) -> object:
    """Return the named dialogs, at most a page of them."""
    viewer = ctx.require_user()
    peers = [places.peer_of(ctx, given.peer) for given in request.peers[:PAGE] if hasattr(given, "peer")]
    rows = [dialogs.row(ctx.world, viewer, peer) for peer in peers]
    return types.messages.PeerDialogs(**_answer(ctx, rows), state=difference.state(ctx.world, viewer))


@router.on(functions.messages.ToggleDialogPinRequest)
async def toggle_dialog_pin(ctx: rpc.Context, request: functions.messages.ToggleDialogPinRequest) -> object:
    """Pin a dialog, or unpin it."""
    peer = places.peer_of(ctx, request.peer.peer)
    ctx.world.run("pin_dialog", user_id=ctx.require_user(), peer=peer, is_pinned=bool(request.pinned))
    return True


@router.on(functions.messages.GetDialogFiltersRequest)
async def get_dialog_filters(ctx: rpc.Context, request: functions.messages.GetDialogFiltersRequest) -> object:
    """Return no folders."""
    return types.messages.DialogFilters(filters=[types.DialogFilterDefault()])


@router.on(functions.messages.GetDialogUnreadMarksRequest)
async def get_dialog_unread_marks(ctx: rpc.Context, request: functions.messages.GetDialogUnreadMarksRequest) -> object:
    """Return no marks."""
    return []


def _has_offset(request: Any) -> bool:
    return bool(request.offset_id or places.unix(request.offset_date))


def _after(ctx: rpc.Context, rows: list[dialogs.Row], request: Any) -> list[dialogs.Row]:
    """Return the rows behind the one that the request ends its last page with."""
    if not _has_offset(request):
        return rows
    date = places.unix(request.offset_date)
    if isinstance(request.offset_peer, types.InputPeerEmpty):
        return [row for row in rows if row.date < date]
    last = (date, request.offset_id, places.peer_of(ctx, request.offset_peer))
    return [row for row in rows if (row.date, row.top_id, row.peer) < last]


def _answer(ctx: rpc.Context, rows: list[dialogs.Row]) -> dict[str, Any]:
    viewer = ctx.require_user()
    tops = [(row.chat, row.top) for row in rows if row.top is not None]
    users, chats = tl_peers.of_messages(ctx.world, viewer, tops, also=[row.peer for row in rows])
    return {
        "dialogs": [dialogs.dialog(ctx.world, viewer, row.peer) for row in rows],
        "messages": [tl.raw(ctx.world, chat, message, viewer) for chat, message in tops],
        "chats": chats,
        "users": users,
    }
