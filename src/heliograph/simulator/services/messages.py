"""messages.*: reading history, single messages, search, counters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telethon.tl import functions, types

from heliograph.simulator import rpc
from heliograph.simulator.services import places
from heliograph.simulator.world import dialogs, model, tl, tl_peers, tl_updates, views

router = rpc.Router()

_FILTERS: dict[type, Callable[[model.Message], bool]] = {
    types.InputMessagesFilterPhotos: lambda m: _kind(m) == "photo",
    types.InputMessagesFilterVideo: lambda m: _kind(m) == "video",
    types.InputMessagesFilterPhotoVideo: lambda m: _kind(m) in ("photo", "video"),
    types.InputMessagesFilterDocument: lambda m: _kind(m) == "document",
    types.InputMessagesFilterVoice: lambda m: _kind(m) == "voice",
    types.InputMessagesFilterMusic: lambda m: _kind(m) == "audio",
    types.InputMessagesFilterRoundVideo: lambda m: _kind(m) == "round_video",
    types.InputMessagesFilterGif: lambda m: _kind(m) == "animation",
    types.InputMessagesFilterGeo: lambda m: _kind(m) in ("geo", "venue"),
    types.InputMessagesFilterContacts: lambda m: _kind(m) == "contact",
    types.InputMessagesFilterUrl: lambda m: any(e[0] in ("url", "text_url") for e in m.entities or ()),
    types.InputMessagesFilterPinned: lambda m: m.is_pinned,
}


@router.on(functions.messages.GetHistoryRequest)
async def get_history(ctx: rpc.Context, request: functions.messages.GetHistoryRequest) -> object:
    """Return a page of history, newest first."""
    seen = ctx.world.view(ctx.require_user(), places.peer_of(ctx, request.peer))
    entries = views.history(
        seen,
        offset_id=request.offset_id,
        offset_date=places.unix(request.offset_date),
        add_offset=request.add_offset,
        limit=request.limit,
        max_id=request.max_id,
        min_id=request.min_id,
    )
    return places.page(ctx, seen, entries, total=views.count(seen))


@router.on(functions.messages.GetMessagesRequest)
async def get_messages(ctx: rpc.Context, request: functions.messages.GetMessagesRequest) -> object:
    """Return messages of the account's own mailbox by id: private chats and basic groups."""
    viewer = ctx.require_user()
    mailbox = ctx.world.accounts[viewer].mailbox
    found: list[Any] = []
    entries: list[tuple[model.Chat, model.Message]] = []
    for given in request.id[: places.MAX_IDS]:
        number = given if isinstance(given, int) else getattr(given, "id", 0)
        chat, message = mailbox[number - 1] if 0 < number <= len(mailbox) else (None, None)
        if chat is None or message is None or message.deleted_at is not None:
            found.append(tl.empty(number, None))
        else:
            entries.append((chat, message))
            found.append(tl.raw(ctx.world, chat, message, viewer))
    users, chats = tl_peers.of_messages(ctx.world, viewer, entries)
    return types.messages.Messages(found, [], chats, users)


@router.on(functions.messages.SearchRequest)
async def search(ctx: rpc.Context, request: functions.messages.SearchRequest) -> object:
    """Return a page of one dialog's messages that contain the words, newest first."""
    seen = ctx.world.view(ctx.require_user(), places.peer_of(ctx, request.peer))
    sender = None if request.from_id is None else places.peer_of(ctx, request.from_id)
    matches = _matcher(request)
    found = [
        (own, message)
        for own, message in zip(seen.ids, seen.messages, strict=True)
        if message.deleted_at is None
        and matches(message)
        and (sender is None or message.sender == sender)
        and (not request.top_msg_id or message.topic == request.top_msg_id)
    ]
    hits = model.View(seen.chat, [own for own, _message in found], [message for _own, message in found])
    entries = views.history(
        hits,
        offset_id=request.offset_id,
        add_offset=request.add_offset,
        limit=request.limit,
        max_id=request.max_id,
        min_id=request.min_id,
    )
    return places.page(ctx, seen, entries, total=len(found))


@router.on(functions.messages.SearchGlobalRequest)
async def search_global(ctx: rpc.Context, request: functions.messages.SearchGlobalRequest) -> object:
    """Return the newest messages of all dialogs that contain the words."""
    viewer = ctx.require_user()
    matches = _matcher(request)
    found: list[tuple[model.Chat, model.Message]] = []
    for row in dialogs.rows(ctx.world, viewer):
        seen = ctx.world.view(viewer, row.peer)
        found += [(seen.chat, message) for message in seen.messages if message.deleted_at is None and matches(message)]
    found.sort(key=lambda entry: entry[1].date, reverse=True)
    if request.offset_rate:
        found = [entry for entry in found if entry[1].date < request.offset_rate]
    page = found[: max(1, min(request.limit, views.PAGE))]
    users, chats = tl_peers.of_messages(ctx.world, viewer, page)
    raw = [tl.raw(ctx.world, chat, message, viewer) for chat, message in page]
    if len(page) == len(found):
        return types.messages.Messages(raw, [], chats, users)
    return types.messages.MessagesSlice(len(found), raw, [], chats, users, next_rate=page[-1][1].date)


@router.on(functions.messages.GetSearchCountersRequest)
async def get_search_counters(ctx: rpc.Context, request: functions.messages.GetSearchCountersRequest) -> object:
    """Return how many messages of a dialog pass each filter."""
    seen = ctx.world.view(ctx.require_user(), places.peer_of(ctx, request.peer))
    counters = []
    for given in request.filters:
        passes = _FILTERS.get(type(given), _none)
        count = sum(message.deleted_at is None and passes(message) for message in seen.messages)
        counters.append(types.messages.SearchCounter(filter=given, count=count))
    return counters


@router.on(functions.messages.GetRepliesRequest)
async def get_replies(ctx: rpc.Context, request: functions.messages.GetRepliesRequest) -> object:
    """Return a page of a forum topic, or of the answers to a message."""
    seen = ctx.world.view(ctx.require_user(), places.peer_of(ctx, request.peer))
    root = request.msg_id
    found = [
        (own, message)
        for own, message in zip(seen.ids, seen.messages, strict=True)
        if message.deleted_at is None
        and own != root
        and (message.topic == root or (message.reply is not None and message.reply.message_id == root))
    ]
    thread = model.View(seen.chat, [own for own, _message in found], [message for _own, message in found])
    entries = views.history(
        thread,
        offset_id=request.offset_id,
        offset_date=places.unix(request.offset_date),
        add_offset=request.add_offset,
        limit=request.limit,
        max_id=request.max_id,
        min_id=request.min_id,
    )
    return places.page(ctx, seen, entries, total=len(found))


@router.on(functions.messages.GetMessagesViewsRequest)
async def get_messages_views(ctx: rpc.Context, request: functions.messages.GetMessagesViewsRequest) -> object:
    """Return view counts, counting this view when asked to."""
    viewer = ctx.require_user()
    peer = places.peer_of(ctx, request.peer)
    seen = ctx.world.view(viewer, peer)
    wanted = request.id[: places.MAX_IDS]
    if request.increment and seen.chat.kind == "channel":
        with ctx.world.acting(ctx.session):
            ctx.world.run("view", chat=peer, message_ids=list(wanted))
    found = [views.find(seen, message_id) for message_id in wanted]
    counts = [
        types.MessageViews(views=m.views, forwards=m.forwards)
        if m is not None and m.views is not None
        else types.MessageViews()
        for m in found
    ]
    users, chats = tl_peers.listed(ctx.world, viewer, [seen.chat.peer] if seen.chat.peer else [])
    return types.messages.MessageViews(views=counts, chats=chats, users=users)


@router.on(functions.messages.GetMessagesReactionsRequest)
async def get_messages_reactions(ctx: rpc.Context, request: functions.messages.GetMessagesReactionsRequest) -> object:
    """Return the reactions of messages as updates."""
    viewer = ctx.require_user()
    seen = ctx.world.view(viewer, places.peer_of(ctx, request.peer))
    found = [m for number in request.id[: places.MAX_IDS] if (m := views.find(seen, number)) is not None]
    return places.updates(ctx, [tl_updates.reactions(seen.chat, message, viewer) for message in found])


@router.on(functions.messages.ReadHistoryRequest)
async def read_history(ctx: rpc.Context, request: functions.messages.ReadHistoryRequest) -> object:
    """Move the read mark of a private chat or basic group; it takes pts."""
    peer = places.peer_of(ctx, request.peer)
    seen = ctx.world.view(ctx.require_user(), peer)
    max_id = request.max_id or (seen.ids[-1] if len(seen.ids) else 0)
    with ctx.world.acting(ctx.session):
        pts, count = ctx.world.run("read", user_id=ctx.require_user(), peer=peer, max_id=max_id)
    return types.messages.AffectedMessages(pts=pts, pts_count=count)


@router.on(
    functions.messages.SetTypingRequest,
    functions.messages.SaveDraftRequest,
    functions.messages.ReportSpamRequest,
)
async def take_note(ctx: rpc.Context, request: object) -> object:
    """Accept what changes nothing here."""
    ctx.require_user()
    return True


@router.on(functions.messages.ReadMessageContentsRequest)
async def read_message_contents(ctx: rpc.Context, request: functions.messages.ReadMessageContentsRequest) -> object:
    """Say that no counter moved."""
    return types.messages.AffectedMessages(pts=ctx.world.accounts[ctx.require_user()].box.pts, pts_count=0)


def _matcher(request: Any) -> Callable[[model.Message], bool]:
    """Return whether a message is in the time asked for, passes the filter and contains the words."""
    words = request.q.casefold()
    passes = _FILTERS.get(type(request.filter), _all)
    earliest, latest = places.unix(request.min_date), places.unix(request.max_date)

    def matches(message: model.Message) -> bool:
        if (earliest and message.date < earliest) or (latest and message.date > latest):
            return False
        return passes(message) and (not words or words in message.text.casefold())

    return matches


def _kind(message: model.Message) -> str | None:
    return message.media["kind"] if message.media else None


def _all(_message: model.Message) -> bool:
    return True


def _none(_message: model.Message) -> bool:
    return False
