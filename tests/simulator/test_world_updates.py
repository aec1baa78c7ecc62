"""Updates: what is pushed live, and what a difference brings to a cursor that missed it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from telethon.tl import functions, types
from telethon.tl.types import updates as answers
from tests.simulator.world_client import Client, small_world

from heliograph.simulator import rpc


@pytest.fixture
def client() -> Client:
    world = small_world()
    return Client(world, world.sign_up("+100", "Ada"))


@pytest.fixture
def group(client):
    return client.world.chats_of("supergroup")[0]


@pytest.fixture
def basic(client):
    return client.world.chats_of("group")[0]


def author(chat):
    return next(iter(chat.members))


async def state(client):
    return await client.call(functions.updates.GetStateRequest())


async def difference(client, at, **more):
    date = datetime.fromtimestamp(at.date.timestamp(), UTC)
    return await client.call(functions.updates.GetDifferenceRequest(at.pts, date, at.qts, **more))


async def channel_difference(client, chat, pts, limit=100):
    request = functions.updates.GetChannelDifferenceRequest(
        client.input_channel(chat), types.ChannelMessagesFilterEmpty(), pts, limit
    )
    return await client.call(request)


def do_everything(world, chat):
    kept = world.post(chat, author(chat), "Kept")
    edited = world.post(chat, author(chat), "Before")
    gone = world.post(chat, author(chat), "Gone")
    world.edit(chat, edited, "Between")
    world.edit(chat, edited, "After")
    world.delete(chat, [gone])
    return kept, edited, gone


async def test_channel_pushes_have_contiguous_pts(client, group):
    before = group.box.pts
    do_everything(client.world, group)
    counted = [(u.pts, u.pts_count) for c in client.inbox for u in c.updates]
    assert [pts for pts, _count in counted] == list(range(before + 1, before + 7))
    assert {count for _pts, count in counted} == {1}
    assert all(container.seq == 0 for container in client.inbox)


async def test_pushes_name_users_by_min_constructors(client, group):
    client.world.post(group, author(group), "Hello")
    container = client.inbox[-1]
    assert container.users[0].min
    assert container.users[0].access_hash != client.world.access_hash(client.user.id, author(group))
    assert container.chats[0].id == group.id


async def test_a_plain_text_in_a_basic_group_travels_in_the_short_form(client, basic):
    before = client.world.accounts[client.user.id].box.pts
    client.world.post(basic, author(basic), "Hello")
    short = client.inbox[-1]
    assert isinstance(short, types.UpdateShortChatMessage)
    assert (short.pts, short.pts_count, short.chat_id, short.message) == (before + 1, 1, basic.id, "Hello")


async def test_edits_and_deletes_in_a_basic_group_use_the_mailbox(client, basic):
    message = client.world.post(basic, author(basic), "Hello")
    own = message.id_for(client.user.id)
    client.world.edit(basic, message, "Hello you")
    client.world.delete(basic, [message])
    (edit,) = client.updates(types.UpdateEditMessage)
    (delete,) = client.updates(types.UpdateDeleteMessages)
    assert (edit.message.id, edit.message.message) == (own, "Hello you")
    assert (delete.messages, delete.pts - edit.pts) == ([own], 1)


async def test_reactions_and_views_move_no_counter(client, group):
    channel = client.world.chats_of("channel")[0]
    message = client.world.post(group, author(group), "Hello")
    post = client.world.post(channel, None, "News")
    before = group.box.pts, channel.box.pts
    client.world.react(group, message, author(group), "👍")
    client.world.run("view", chat=channel.peer, message_ids=[post.id], times=4)
    assert (group.box.pts, channel.box.pts) == before
    (reactions,) = client.updates(types.UpdateMessageReactions)
    assert reactions.reactions.results[0].count == 1
    (views,) = client.updates(types.UpdateChannelMessageViews)
    assert views.views == 5


async def test_a_pin_takes_pts_for_itself_and_for_its_notice(client, group):
    message = client.world.post(group, author(group), "Rules")
    before = group.box.pts
    client.world.pin(group, message, sender=author(group))
    assert group.box.pts == before + 2
    assert client.updates(types.UpdatePinnedChannelMessages)[0].messages == [message.id]
    notice = client.updates(types.UpdateNewChannelMessage)[-1].message
    assert isinstance(notice.action, types.MessageActionPinMessage)
    assert notice.reply_to.reply_to_msg_id == message.id


async def test_channel_difference_has_the_newest_form_and_the_edit_too(client, group):
    before = group.box.pts
    kept, edited, gone = do_everything(client.world, group)
    found = await channel_difference(client, group, before)
    assert found.final
    assert found.pts == group.box.pts
    assert [(m.id, m.message) for m in found.new_messages] == [(kept.id, "Kept"), (edited.id, "After")]
    edit, delete = found.other_updates
    assert (edit.message.id, edit.message.message) == (edited.id, "After")
    assert delete.messages == [gone.id]


@pytest.mark.parametrize("style", ["real", "final", "zero"])
async def test_counters_inside_a_difference_follow_the_style(client, group, style):
    client.faults.pts_style = style
    before = group.box.pts
    do_everything(client.world, group)
    found = await channel_difference(client, group, before)
    counters = [(update.pts, update.pts_count) for update in found.other_updates]
    expected = {
        "real": [(before + 5, 1), (before + 6, 1)],
        "final": [(before + 6, 0)] * 2,
        "zero": [(0, 0)] * 2,
    }
    assert counters == expected[style]


async def test_channel_differences_come_in_slices_until_the_final_one(client, group):
    pts = group.box.pts
    posted = [client.world.post(group, author(group), f"Number {n}").id for n in range(25)]
    found = []
    while True:
        part = await channel_difference(client, group, pts, limit=10)
        found += [message.id for message in part.new_messages]
        pts = part.pts
        if part.final:
            break
        assert len(part.new_messages) == 10
    assert found == posted
    assert isinstance(await channel_difference(client, group, pts), answers.ChannelDifferenceEmpty)


async def test_page_reading_is_too_long_only_when_the_events_are_gone(client, group):
    before = group.box.pts
    for n in range(30):
        client.world.post(group, author(group), f"Number {n}")
    assert isinstance(await channel_difference(client, group, before, limit=10), answers.ChannelDifference)
    group.box.trim(20)
    found = await channel_difference(client, group, before, limit=10)
    assert isinstance(found, answers.ChannelDifferenceTooLong)
    assert found.dialog.pts == group.box.pts
    assert found.messages[0].id == group.messages[-1].id


async def test_strict_reading_is_too_long_when_more_than_a_page_is_behind(client, group):
    client.faults.too_long = "strict"
    before = group.box.pts
    for n in range(11):
        client.world.post(group, author(group), f"Number {n}")
    assert isinstance(await channel_difference(client, group, before, limit=10), answers.ChannelDifferenceTooLong)
    assert isinstance(await channel_difference(client, group, before + 1, limit=10), answers.ChannelDifference)


async def test_a_cursor_ahead_of_the_server_is_invalid(client, group):
    with pytest.raises(rpc.RpcError, match="PERSISTENT_TIMESTAMP_INVALID"):
        await channel_difference(client, group, group.box.pts + 1)


async def test_account_difference_names_the_channels_that_changed_since_its_date(client, group):
    client.world.clock.advance(10)
    at = await state(client)
    client.world.clock.advance(10)
    assert isinstance(await difference(client, at), answers.DifferenceEmpty)
    client.world.post(group, author(group), "Hello")
    found = await difference(client, at)
    assert [update.channel_id for update in found.other_updates] == [group.id]
    assert isinstance(found.other_updates[0], types.UpdateChannelTooLong)
    assert [chat.id for chat in found.chats] == [group.id]


async def test_account_difference_brings_basic_group_messages_edits_and_deletes(client, basic):
    client.world.clock.advance(10)
    at = await state(client)
    kept, edited, gone = do_everything(client.world, basic)
    found = await difference(client, at)
    viewer = client.user.id
    assert [(m.id, m.message) for m in found.new_messages] == [
        (kept.id_for(viewer), "Kept"),
        (edited.id_for(viewer), "After"),
    ]
    assert [type(update).__name__ for update in found.other_updates] == ["UpdateEditMessage", "UpdateDeleteMessages"]
    assert found.other_updates[1].messages == [gone.id_for(viewer)]
    assert found.state.pts == client.world.accounts[viewer].box.pts


async def test_account_differences_come_in_slices(client, basic):
    at = await state(client)
    for n in range(25):
        client.world.post(basic, author(basic), f"Number {n}")
    found = []
    while True:
        part = await difference(client, at, pts_limit=10)
        found += [message.message for message in part.new_messages]
        if isinstance(part, answers.Difference):
            break
        at = part.intermediate_state
    assert found == [f"Number {n}" for n in range(25)]


async def test_account_difference_is_too_long_past_the_total_limit_or_the_retention(client, basic):
    at = await state(client)
    for n in range(15):
        client.world.post(basic, author(basic), f"Number {n}")
    found = await difference(client, at, pts_total_limit=10)
    assert isinstance(found, answers.DifferenceTooLong)
    box = client.world.accounts[client.user.id].box
    assert found.pts == box.pts
    box.trim(5)
    assert isinstance(await difference(client, at), answers.DifferenceTooLong)


async def test_pts_starts_above_zero(client):
    fresh = client.world.run("create_channel", creator=client.user.id, title="Fresh")
    assert fresh.box.pts == 2
    assert (await state(client)).pts > 0


async def test_a_channel_message_filter_restricts_new_messages(client, group):
    before = group.box.pts
    posted = [client.world.post(group, author(group), f"Number {n}").id for n in range(3)]
    ranges = [types.MessageRange(posted[1], posted[1])]
    request = functions.updates.GetChannelDifferenceRequest(
        client.input_channel(group), types.ChannelMessagesFilter(ranges), before, 100
    )
    assert [message.id for message in (await client.call(request)).new_messages] == [posted[1]]
