"""Writing: sending, editing, deleting, creating, joining, files. Answers carry the pts that they took."""

from __future__ import annotations

import pytest
from telethon.tl import functions, types
from telethon.tl.types import messages as answers
from tests.simulator.world_client import Client, small_world

from heliograph.simulator import rpc


@pytest.fixture
def client() -> Client:
    world = small_world()
    return Client(world, world.sign_up("+100", "Ada"))


@pytest.fixture
def other(client) -> Client:
    return Client(client.world, client.world.sign_up("+101", "Bo"))


def send(client, peer, text, random_id, **more):
    return client.call(functions.messages.SendMessageRequest(peer, text, random_id=random_id, **more))


async def test_a_sent_message_answers_its_id_and_pts(client, other):
    group = client.world.chats_of("supergroup")[0]
    before = group.box.pts
    answer = await send(client, client.input_peer(group), "Hello", 5, entities=[types.MessageEntityBold(0, 5)])
    named, fresh = answer.updates
    assert (named.random_id, named.id) == (5, fresh.message.id)
    assert (fresh.pts, fresh.pts_count, fresh.message.out) == (before + 1, 1, True)
    assert fresh.message.entities[0].length == 5
    pushed = other.updates(types.UpdateNewChannelMessage)[-1]
    assert (pushed.message.id, pushed.message.out) == (named.id, False)


async def test_the_same_random_id_sends_once(client):
    group = client.world.chats_of("group")[0]
    first = await send(client, client.input_peer(group), "Hello", 9)
    count = len(group.messages)
    again = await send(client, client.input_peer(group), "Hello", 9)
    assert len(group.messages) == count
    assert again.updates[0].id == first.updates[0].id


async def test_a_plain_member_may_not_post_in_a_broadcast_channel(client):
    channel = client.world.chats_of("channel")[0]
    with pytest.raises(rpc.RpcError, match="CHAT_ADMIN_REQUIRED"):
        await send(client, client.input_peer(channel), "Hello", 1)


async def test_text_is_limited_to_4096_units(client):
    group = client.world.chats_of("supergroup")[0]
    await send(client, client.input_peer(group), "x" * 4096, 1)
    with pytest.raises(rpc.RpcError, match="MESSAGE_TOO_LONG"):
        await send(client, client.input_peer(group), "x" * 4097, 2)
    with pytest.raises(rpc.RpcError, match="MESSAGE_EMPTY"):
        await send(client, client.input_peer(group), " ", 3)


async def test_edit_needs_the_author_and_a_change(client, other):
    group = client.world.chats_of("supergroup")[0]
    sent = await send(client, client.input_peer(group), "Hello", 1)
    number = sent.updates[0].id
    edited = await client.call(functions.messages.EditMessageRequest(client.input_peer(group), number, message="Bye"))
    assert (edited.updates[0].message.message, edited.updates[0].pts) == ("Bye", group.box.pts)
    with pytest.raises(rpc.RpcError, match="MESSAGE_NOT_MODIFIED"):
        await client.call(functions.messages.EditMessageRequest(client.input_peer(group), number, message="Bye"))
    with pytest.raises(rpc.RpcError, match="MESSAGE_AUTHOR_REQUIRED"):
        await other.call(functions.messages.EditMessageRequest(other.input_peer(group), number, message="No"))


async def test_deleting_answers_the_pts_it_took(client):
    group = client.world.chats_of("supergroup")[0]
    numbers = [(await send(client, client.input_peer(group), f"{n}", n + 1)).updates[0].id for n in range(3)]
    answer = await client.call(functions.channels.DeleteMessagesRequest(client.input_channel(group), numbers))
    assert (answer.pts, answer.pts_count) == (group.box.pts, 3)
    basic = client.world.chats_of("group")[0]
    own = (await send(client, client.input_peer(basic), "Hello", 99)).updates[0].id
    answer = await client.call(functions.messages.DeleteMessagesRequest([own]))
    assert (answer.pts, answer.pts_count) == (client.world.accounts[client.user.id].box.pts, 1)


async def test_others_messages_are_deleted_by_administrators_alone(client):
    group = client.world.chats_of("supergroup")[0]
    message = client.world.post(group, client.world.owner(group), "Rules")
    with pytest.raises(rpc.RpcError, match="MESSAGE_DELETE_FORBIDDEN"):
        await client.call(functions.channels.DeleteMessagesRequest(client.input_channel(group), [message.id]))


async def test_private_messages_reach_both_mailboxes_and_oneself(client, other):
    await send(client, types.InputPeerUser(other.user.id, _hash(client, other.user.id)), "Psst", 1)
    assert other.inbox[-1].message == "Psst"
    answer = await send(client, types.InputPeerSelf(), "Note", 2)
    assert answer.updates[1].message.peer_id.user_id == client.user.id


async def test_a_reaction_is_set_and_taken_back(client):
    group = client.world.chats_of("supergroup")[0]
    message = client.world.post(group, client.world.owner(group), "Hello")
    peer = client.input_peer(group)
    reaction = [types.ReactionEmoji("🔥")]
    answer = await client.call(functions.messages.SendReactionRequest(peer, message.id, reaction=reaction))
    result = answer.updates[0].reactions.results[0]
    assert (result.count, result.chosen_order) == (1, 0)
    answer = await client.call(functions.messages.SendReactionRequest(peer, message.id, reaction=[]))
    assert answer.updates[0].reactions.results == []


async def test_a_created_group_numbers_its_first_message_in_each_mailbox(client, other):
    answer = await client.call(functions.messages.CreateChatRequest([client.input_user(other.user.id)], "Choir"))
    assert isinstance(answer, answers.InvitedUsers)
    mine = answer.updates.updates[0].message
    assert isinstance(mine.action, types.MessageActionChatCreate)
    theirs = other.updates(types.UpdateNewMessage)[-1].message
    assert theirs.id != mine.id


async def test_migration_links_the_old_group_and_the_new_one(client):
    answer = await client.call(functions.messages.CreateChatRequest([], "Choir"))
    chat_id = answer.updates.chats[0].id
    moved = await client.call(functions.messages.MigrateChatRequest(chat_id))
    actions = [update.message.action for update in moved.updates if hasattr(update, "message")]
    assert isinstance(actions[0], types.MessageActionChatMigrateTo)
    assert isinstance(actions[1], types.MessageActionChannelMigrateFrom)
    new = client.world.chats[-1_000_000_000_000 - actions[0].channel_id]
    full = await client.call(functions.channels.GetFullChannelRequest(client.input_channel(new)))
    assert full.full_chat.migrated_from_chat_id == chat_id
    with pytest.raises(rpc.RpcError, match="CHAT_WRITE_FORBIDDEN"):
        await send(client, types.InputPeerChat(chat_id), "Hello", 1)


async def test_a_created_channel_is_posted_to_renamed_and_made_public(client):
    made = await client.call(functions.channels.CreateChannelRequest("Lanterns", "", broadcast=True))
    chat = client.world.chats[-1_000_000_000_000 - made.chats[0].id]
    assert (await send(client, client.input_peer(chat), "First light", 1)).updates[1].message.post
    await client.call(functions.channels.EditTitleRequest(client.input_channel(chat), "Lamps"))
    await client.call(functions.channels.UpdateUsernameRequest(client.input_channel(chat), "lamp_lighters"))
    found = await client.call(functions.contacts.ResolveUsernameRequest("lamp_lighters"))
    assert found.chats[0].title == "Lamps"


async def test_joining_and_leaving_a_public_channel(client):
    chat = next(c for c in client.world.chats.values() if c.username and client.user.id not in c.members)
    joined = await client.call(functions.channels.JoinChannelRequest(client.input_channel(chat)))
    assert isinstance(joined, answers.ChatInviteJoinResultOk)
    with pytest.raises(rpc.RpcError, match="USER_ALREADY_PARTICIPANT"):
        await client.call(functions.channels.JoinChannelRequest(client.input_channel(chat)))
    await client.call(functions.channels.LeaveChannelRequest(client.input_channel(chat)))
    assert client.user.id not in chat.members


async def test_an_invite_link_leads_into_a_private_chat(client):
    chat = client.world.run("create_channel", creator=777000, title="Closed")
    told = await client.call(functions.messages.CheckChatInviteRequest(chat.invite))
    assert told.title == "Closed"
    joined = await client.call(functions.messages.ImportChatInviteRequest(chat.invite))
    assert isinstance(joined, answers.ChatInviteJoinResultOk)
    assert isinstance(chat.messages[-1].action, dict)
    with pytest.raises(rpc.RpcError, match="INVITE_HASH_INVALID"):
        await client.call(functions.messages.CheckChatInviteRequest("nothing"))


async def test_participants_are_listed_and_paged(client):
    group = client.world.chats_of("supergroup")[0]
    request = functions.channels.GetParticipantsRequest(
        client.input_channel(group), types.ChannelParticipantsRecent(), 0, 5, 0
    )
    page = await client.call(request)
    assert (page.count, len(page.participants)) == (len(group.members), 5)
    own = await client.call(
        functions.channels.GetParticipantRequest(client.input_channel(group), types.InputPeerSelf())
    )
    assert isinstance(own.participant, types.ChannelParticipantSelf)


async def test_an_uploaded_file_downloads_equal(client):
    data = bytes(range(256)) * 4 * 700
    parts = [data[n : n + 512 * 1024] for n in range(0, len(data), 512 * 1024)]
    for number, part in enumerate(parts):
        assert await client.call(functions.upload.SaveFilePartRequest(77, number, part))
    media = types.InputMediaUploadedDocument(
        types.InputFile(77, len(parts), "lamp.bin", ""),
        "application/octet-stream",
        [types.DocumentAttributeFilename("lamp.bin")],
    )
    answer = await client.call(functions.messages.SendMediaRequest(types.InputPeerSelf(), media, "", random_id=1))
    document = answer.updates[1].message.media.document
    assert document.size == len(data)
    where = types.InputDocumentFileLocation(document.id, document.access_hash, document.file_reference, "")
    found = b""
    while len(found) < len(data):
        found += (await client.call(functions.upload.GetFileRequest(where, len(found), 256 * 1024))).bytes
    assert found == data


async def test_download_offsets_and_limits_follow_telegrams_rules(client):
    where = types.InputDocumentFileLocation(1, 1, b"", "")
    for offset, limit, error in ((1, 4096, "OFFSET"), (0, 5000, "LIMIT"), (1044480, 8192, "LIMIT"), (0, 0, "LIMIT")):
        with pytest.raises(rpc.RpcError, match=f"{error}_INVALID"):
            await client.call(functions.upload.GetFileRequest(where, offset, limit))


async def test_a_missing_part_is_named(client):
    await client.call(functions.upload.SaveFilePartRequest(78, 0, b"x" * 1024))
    media = types.InputMediaUploadedPhoto(types.InputFile(78, 2, "a.jpg", ""))
    with pytest.raises(rpc.RpcError, match="FILE_PART_1_MISSING"):
        await client.call(functions.messages.SendMediaRequest(types.InputPeerSelf(), media, "", random_id=1))


async def test_a_read_mark_in_a_basic_group_takes_pts_once(client):
    group = client.world.chats_of("group")[0]
    top = client.world.view(client.user.id, group.peer).ids[-1]
    box = client.world.accounts[client.user.id].box
    before = box.pts
    answer = await client.call(functions.messages.ReadHistoryRequest(client.input_peer(group), top))
    assert (answer.pts, answer.pts_count) == (before + 1, 1)
    again = await client.call(functions.messages.ReadHistoryRequest(client.input_peer(group), top))
    assert (again.pts, again.pts_count) == (before + 1, 0)


async def test_an_album_shares_one_group_and_a_forward_names_its_origin(client):
    group, channel = client.world.chats_of("supergroup")[0], client.world.chats_of("channel")[0]
    media = [types.InputSingleMedia(types.InputMediaDice("🎲"), "", random_id=n) for n in (1, 2)]
    album = await client.call(functions.messages.SendMultiMediaRequest(client.input_peer(group), media))
    items = [update.message for update in album.updates if hasattr(update, "message")]
    assert items[0].grouped_id == items[1].grouped_id is not None
    post = client.world.post(channel, None, "News")
    request = functions.messages.ForwardMessagesRequest(
        client.input_peer(channel), [post.id], client.input_peer(group), random_id=[7]
    )
    forwarded = (await client.call(request)).updates[1].message
    assert (forwarded.fwd_from.from_id.channel_id, forwarded.fwd_from.channel_post) == (channel.id, post.id)


def _hash(client, user_id):
    return client.world.access_hash(client.user.id, user_id)
