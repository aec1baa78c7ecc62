"""Reading: pages, ids, access."""

from __future__ import annotations

import pytest
from telethon.tl import functions, types
from tests.simulator.world_client import Client, small_world

from heliograph.simulator import rpc


@pytest.fixture
def client() -> Client:
    world = small_world()
    return Client(world, world.sign_up("+100", "Ada"))


async def history(client: Client, chat, **changes):
    fields = {"offset_id": 0, "offset_date": None, "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0, "hash": 0}
    return await client.call(functions.messages.GetHistoryRequest(client.input_peer(chat), **(fields | changes)))


def busiest(client, kind):
    return max(client.world.chats_of(kind), key=lambda chat: chat.alive if client.user.id in chat.members else 0)


def alive(chat):
    return [message.id for message in chat.messages if message.deleted_at is None]


async def test_history_comes_newest_first_and_at_most_a_hundred_a_page(client):
    chat = busiest(client, "supergroup")
    page = await history(client, chat, limit=500)
    assert [message.id for message in page.messages] == alive(chat)[::-1][:100]
    assert page.count == chat.alive
    assert page.pts == chat.box.pts


async def test_every_message_is_paged_once_from_new_to_old(client):
    chat = busiest(client, "forum")
    found, offset = [], 0
    while (page := await history(client, chat, offset_id=offset)).messages:
        found += [message.id for message in page.messages]
        offset = found[-1]
    assert found == alive(chat)[::-1]


async def test_every_message_is_paged_once_from_old_to_new(client):
    chat = busiest(client, "channel")
    found, after = [], 0
    while True:
        page = await history(client, chat, offset_id=after + 1, add_offset=-100, min_id=after)
        if not page.messages:
            break
        found += [message.id for message in page.messages][::-1]
        after = found[-1]
    assert found == alive(chat)


async def test_add_offset_moves_the_window_over_what_exists(client):
    chat = busiest(client, "supergroup")
    newest_first = alive(chat)[::-1]
    middle = newest_first[50]
    page = await history(client, chat, offset_id=middle, add_offset=-10, limit=20)
    assert [message.id for message in page.messages] == newest_first[41:61]
    page = await history(client, chat, offset_id=middle, add_offset=5, limit=3)
    assert [message.id for message in page.messages] == newest_first[56:59]
    page = await history(client, chat, add_offset=-10, limit=15)
    assert [message.id for message in page.messages] == newest_first[:5]


async def test_bounds_are_exclusive_and_offset_date_means_before(client):
    chat = busiest(client, "supergroup")
    ids = alive(chat)
    page = await history(client, chat, max_id=ids[20], min_id=ids[10])
    assert [message.id for message in page.messages] == ids[11:20][::-1]
    date = chat.message(ids[30]).date
    page = await history(client, chat, offset_date=date, limit=1)
    assert page.messages[0].date.timestamp() < date


async def test_deleted_ids_answer_message_empty_at_their_position(client):
    chat = busiest(client, "supergroup")
    ids = alive(chat)[-3:]
    client.world.delete(chat, [ids[1]])
    page = await client.call(functions.channels.GetMessagesRequest(client.input_channel(chat), _named(*ids, 10**6)))
    assert [type(message).__name__ == "MessageEmpty" for message in page.messages] == [False, True, False, True]
    assert [message.id for message in page.messages] == [*ids, 10**6]


async def test_at_most_two_hundred_ids_are_served(client):
    chat = busiest(client, "supergroup")
    page = await client.call(functions.channels.GetMessagesRequest(client.input_channel(chat), _named(*range(1, 400))))
    assert len(page.messages) == 200


async def test_a_wrong_access_hash_is_channel_invalid(client):
    chat = busiest(client, "channel")
    other = client.world.sign_up("+101", "Bo")
    wrong = types.InputChannel(chat.id, client.world.access_hash(other.id, chat.peer))
    with pytest.raises(rpc.RpcError, match="CHANNEL_INVALID"):
        await client.call(functions.channels.GetMessagesRequest(wrong, _named(1)))


async def test_strangers_read_public_channels_and_no_private_ones(client):
    closed = [chat for chat in client.world.chats.values() if client.user.id not in chat.members and chat.is_channel]
    public = next(chat for chat in closed if chat.username)
    private = client.world.run("create_channel", creator=777000, title="Closed")
    assert (await history(client, public)).messages
    with pytest.raises(rpc.RpcError, match="CHANNEL_PRIVATE"):
        await history(client, private)


async def test_who_left_or_is_banned_reads_no_private_channel_any_more(client):
    world = client.world
    chat = next(chat for chat in world.chats_of("supergroup") if chat.username is None)
    world.leave(chat, client.user)
    with pytest.raises(rpc.RpcError, match="CHANNEL_PRIVATE"):
        await history(client, chat)
    open_chat = next(chat for chat in world.chats_of("supergroup") if chat.username)
    world.run("ban", chat=open_chat.peer, user_id=client.user.id, admin_id=world.owner(open_chat))
    with pytest.raises(rpc.RpcError, match="CHANNEL_PRIVATE"):
        await history(client, open_chat)
    listed = await client.call(functions.channels.GetChannelsRequest([client.input_channel(open_chat)]))
    assert isinstance(listed.chats[0], types.ChannelForbidden)


async def test_accounts_see_other_ids_for_the_same_basic_group_message(client):
    other = Client(client.world, client.world.sign_up("+101", "Bo"))
    chat = client.world.chats_of("group")[0]
    mine = await history(client, chat)
    theirs = await history(other, chat)
    assert [m.message for m in mine.messages] == [m.message for m in theirs.messages]
    assert all(a.id != b.id for a, b in zip(mine.messages, theirs.messages, strict=True))
    found = await client.call(functions.messages.GetMessagesRequest([types.InputMessageID(mine.messages[0].id)]))
    assert found.messages[0].message == mine.messages[0].message


async def test_mailbox_ids_are_dense_over_all_chats_of_an_account(client):
    account = client.world.accounts[client.user.id]
    listed = sorted(own for shelf in account.shelves.values() for own in shelf.ids)
    assert listed == list(range(1, len(account.mailbox) + 1))


async def test_user_group_and_channel_ids_collide_on_purpose(client):
    world = client.world
    channels = {chat.id for chat in world.chats.values() if chat.is_channel}
    groups = {chat.id for chat in world.chats.values() if chat.kind == "group"}
    assert channels & set(world.users)
    assert groups & set(world.users)
    assert groups & channels
    assert client.user.id in channels


async def test_a_reply_in_a_basic_group_names_the_id_of_the_own_mailbox(client):
    world = client.world
    chat = world.chats_of("group")[0]
    people = [user_id for user_id in chat.members if user_id != client.user.id]
    first = world.post(chat, people[0], "Who has the key?")
    world.post(chat, people[1], "I have.", reply_to=first)
    page = await history(client, chat, limit=2)
    assert page.messages[0].reply_to.reply_to_msg_id == page.messages[1].id


async def test_a_channel_that_is_only_forwarded_from_comes_in_its_min_form(client):
    world = client.world
    closed = next(chat for chat in world.chats.values() if client.user.id not in chat.members and chat.username)
    group = busiest(client, "supergroup")
    forward = {"from_id": closed.peer, "date": 1, "message_id": 1}
    world.post(group, world.owner(group), "Look", forward=forward)
    page = await history(client, group, limit=1)
    known = {chat.id: chat for chat in page.chats}
    assert (known[closed.id].min, known[group.id].min) == (True, False)
    assert known[closed.id].access_hash != world.access_hash(client.user.id, closed.peer)
    resolved = await client.call(functions.contacts.ResolveUsernameRequest(closed.username))
    assert not resolved.chats[0].min


async def test_search_finds_words_in_one_dialog_and_in_all(client):
    chat = busiest(client, "supergroup")
    posted = client.world.post(chat, client.world.owner(chat), "A zeppelin over the mill")
    request = functions.messages.SearchRequest(
        client.input_peer(chat), "ZEPPELIN", types.InputMessagesFilterEmpty(), None, None, 0, 0, 50, 0, 0, 0
    )
    assert [message.id for message in (await client.call(request)).messages] == [posted.id]
    everywhere = functions.messages.SearchGlobalRequest(
        "zeppelin", types.InputMessagesFilterEmpty(), None, None, 0, types.InputPeerEmpty(), 0, 20
    )
    assert [message.id for message in (await client.call(everywhere)).messages] == [posted.id]


async def test_dialogs_are_paged_completely_and_channels_carry_pts(client):
    found, offset = {}, {"offset_date": None, "offset_id": 0, "offset_peer": types.InputPeerEmpty()}
    while True:
        page = await client.call(functions.messages.GetDialogsRequest(**offset, limit=4, hash=0))
        if not page.dialogs:
            break
        tops = {(type(m.peer_id), m.peer_id.to_dict().popitem()[1], m.id): m for m in page.messages}
        for dialog in page.dialogs:
            key = tuple(dialog.peer.to_dict().values())
            assert key not in found
            found[key] = dialog
        last = page.dialogs[-1]
        top = next(m for m in tops.values() if m.id == last.top_message and type(m.peer_id) is type(last.peer))
        offset = {"offset_date": top.date, "offset_id": top.id, "offset_peer": await _input(client, last.peer)}
    account = client.world.accounts[client.user.id]
    assert len(found) == len(account.chats) + 1  # and Telegram's own notices
    for dialog in found.values():
        assert (dialog.pts is not None) == isinstance(dialog.peer, types.PeerChannel)


async def test_peer_dialogs_tell_pts_and_top_message_of_the_named_chats(client):
    chat = busiest(client, "forum")
    posted = client.world.post(chat, client.world.owner(chat), "Newest")
    asked = [types.InputDialogPeer(client.input_peer(chat))]
    page = await client.call(functions.messages.GetPeerDialogsRequest(asked))
    assert (page.dialogs[0].top_message, page.dialogs[0].pts) == (posted.id, chat.box.pts)


async def test_forum_topics_are_listed_with_their_newest_message(client):
    chat = busiest(client, "forum")
    topic = client.world.run("create_topic", chat=chat.peer, sender=client.world.owner(chat), title="Lanterns")
    client.world.post(chat, client.world.owner(chat), "First", topic=topic.id)
    request = functions.messages.GetForumTopicsRequest(client.input_peer(chat), None, 0, 0, 100)
    page = await client.call(request)
    assert page.count == len(chat.topics) == len(page.topics)
    assert (page.topics[0].title, page.topics[0].top_message) == ("Lanterns", chat.messages[-1].id)
    assert page.messages[0].reply_to.forum_topic
    assert page.messages[0].reply_to.reply_to_msg_id == topic.id


def _named(*ids):
    return [types.InputMessageID(number) for number in ids]


async def _input(client, peer):
    if isinstance(peer, types.PeerUser):
        return types.InputPeerUser(peer.user_id, client.world.access_hash(client.user.id, peer.user_id))
    if isinstance(peer, types.PeerChat):
        return types.InputPeerChat(peer.chat_id)
    marked = -1_000_000_000_000 - peer.channel_id
    return types.InputPeerChannel(peer.channel_id, client.world.access_hash(client.user.id, marked))
