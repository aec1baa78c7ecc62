"""What happens to chats and messages that no ordinary user does, and what the truth says of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from telethon import TelegramClient, errors, events
from telethon.sessions import MemorySession
from telethon.tl import functions, types
from tests.fixtures.simulator import StartSimulator, telethon_client, until
from tests.simulator.wire_client import signed_in
from tests.simulator.world_client import START, Client, small_world

from heliograph import clock
from heliograph.simulator import storms
from heliograph.simulator.server import Simulator
from heliograph.simulator.world import bots, model


@pytest.fixture
def client() -> Client:
    world = small_world()
    return Client(world, world.sign_up("+100", "Ada"))


@pytest.fixture
def group(client: Client) -> model.Chat:
    return client.world.chats_of("supergroup")[0]


@pytest.fixture
def basic(client: Client) -> model.Chat:
    return client.world.chats_of("group")[0]


def author(chat: model.Chat) -> int:
    return next(iter(chat.members))


def absent_for_a_while(client: Client, chat: model.Chat, *, is_hidden: bool) -> tuple[model.Message, ...]:
    """Throw the account out and let it in again; returns a message of before, of meanwhile and of after."""
    world, admin = client.world, author(chat)
    before = world.post(chat, admin, "Before")
    world.run("set_prehistory", chat=chat.peer, is_hidden=is_hidden)
    world.run("ban", chat=chat.peer, user_id=client.user.id, admin_id=admin)
    meanwhile = world.post(chat, admin, "Meanwhile")
    world.run("unban", chat=chat.peer, user_id=client.user.id)
    world.join(chat, client.user)
    return before, meanwhile, world.post(chat, admin, "After")


async def by_id(client: Client, chat: model.Chat, *messages: model.Message) -> list[Any]:
    wanted = [types.InputMessageID(message.id) for message in messages]
    answer = await client.call(functions.channels.GetMessagesRequest(client.input_channel(chat), wanted))
    return [type(found).__name__ for found in answer.messages]


async def test_history_from_before_the_return_is_hidden_everywhere(client: Client, group: model.Chat) -> None:
    start = group.box.pts
    before, meanwhile, after = absent_for_a_while(client, group, is_hidden=True)
    assert await by_id(client, group, before, meanwhile, after) == ["MessageEmpty", "MessageEmpty", "Message"]
    history = await client.call(
        functions.messages.GetHistoryRequest(client.input_peer(group), 0, None, 0, 100, 0, 0, 0)
    )
    first = group.members[client.user.id].first_id
    assert {message.id for message in history.messages} == set(range(first, len(group.messages) + 1))
    assert history.count == len(history.messages)
    client.world.edit(group, meanwhile, "Changed")
    request = functions.updates.GetChannelDifferenceRequest(
        client.input_channel(group), types.ChannelMessagesFilterEmpty(), start, 100
    )
    difference = await client.call(request)
    assert min(message.id for message in difference.new_messages) == first
    assert not [u for u in difference.other_updates if isinstance(u, types.UpdateEditChannelMessage)]
    full = await client.call(functions.channels.GetFullChannelRequest(client.input_channel(group)))
    assert (full.full_chat.hidden_prehistory, full.full_chat.available_min_id) == (True, first - 1)


async def test_history_from_before_the_return_is_there_unless_it_is_hidden(client: Client, group: model.Chat) -> None:
    messages = absent_for_a_while(client, group, is_hidden=False)
    assert await by_id(client, group, *messages) == ["Message"] * 3


def test_edit_of_a_hidden_message_is_not_pushed(client: Client, group: model.Chat) -> None:
    _before, meanwhile, after = absent_for_a_while(client, group, is_hidden=True)
    client.inbox.clear()
    client.world.edit(group, meanwhile, "Unseen")
    client.world.edit(group, after, "Seen")
    assert [update.message.message for update in client.updates(types.UpdateEditChannelMessage)] == ["Seen"]


async def test_mailbox_of_who_was_thrown_out_of_a_group_never_gets_what_was_said_meanwhile(
    client: Client, basic: model.Chat
) -> None:
    world, admin = client.world, client.world.owner(basic)
    before = world.post(basic, admin, "Before")
    world.leave(basic, client.user, kicker=admin)
    meanwhile = world.post(basic, admin, "Meanwhile")
    world.join(basic, client.user, inviter=admin)
    after = world.post(basic, admin, "After")
    own = [message.id_for(client.user.id) for message in (before, meanwhile, after)]
    assert own[1] is None
    told = {r["message_id"]: r["text"] for r in world.truth([client.user.id]) if r["chat_id"] == basic.peer}
    assert (told[own[0]], told[own[2]]) == ("Before", "After")
    assert "Meanwhile" not in told.values()


@pytest.mark.parametrize(("is_hidden", "known"), [(True, False), (False, True)])
def test_truth_has_what_the_account_could_see_in_each_of_its_stays(
    client: Client, group: model.Chat, is_hidden: bool, known: bool
) -> None:
    before, meanwhile, after = absent_for_a_while(client, group, is_hidden=is_hidden)
    client.world.clock.advance(60)  # type: ignore[attr-defined]
    client.world.edit(group, before, "Rewritten")
    told = {r["message_id"]: r["text"] for r in client.world.truth([client.user.id]) if r["chat_id"] == group.peer}
    assert told[after.id] == "After"
    assert (meanwhile.id in told) is known
    # A message of the first stay that is hidden now is as the account last saw it.
    assert told[before.id] == ("Before" if is_hidden else "Rewritten")


async def test_message_with_a_time_to_live_goes_without_a_word() -> None:
    time = clock.ManualClock(START)
    world = small_world(clock=time)
    client = Client(world, world.sign_up("+100", "Ada"))
    group = world.chats_of("supergroup")[0]
    message = world.post(group, author(group), "Soon gone", extra={"ttl_period": 60})
    pts = group.box.pts
    client.inbox.clear()
    time.advance(59)
    assert world.expire_due() == 0
    time.advance(1)
    assert world.expire_due() == 1
    assert (client.inbox, group.box.pts) == ([], pts)
    assert await by_id(client, group, message) == ["MessageEmpty"]
    (record,) = [
        r for r in world.truth([client.user.id]) if (r["chat_id"], r["message_id"]) == (group.peer, message.id)
    ]
    assert record["is_deleted"]
    assert [event["kind"] for event in world.events(group.peer)] == ["new", "expire"]


async def test_running_simulator_lets_messages_expire_by_itself(simulator: Simulator) -> None:
    group = simulator.world.chats_of("supergroup")[0]
    message = simulator.world.post(group, author(group), "Soon gone", extra={"ttl_period": 0})
    await until(lambda: message.deleted_at is not None)


def test_incidents_survive_a_restart(tmp_path: Path) -> None:
    world = small_world(state_dir=tmp_path)
    world.sign_up("+100", "Ada")
    client = Client(world, world.user_by_phone("+100"))  # type: ignore[arg-type]
    group = world.chats_of("supergroup")[0]
    absent_for_a_while(client, group, is_hidden=True)
    world.run("roll_back", box=group.peer, events=1)
    world.run("expire", chat=group.peer, message_ids=[len(group.messages)])
    world.close()
    again = small_world(state_dir=tmp_path)
    # Nobody listens while the journal is read: when something was pushed is not known afterwards.
    assert [r | {"pushed_at": 0} for r in again.truth()] == [r | {"pushed_at": 0} for r in world.truth()]
    assert list(again.events(group.peer)) == list(world.events(group.peer))
    assert again.chats[group.peer].box.pts == group.box.pts
    again.close()


async def test_deletion_names_ids_that_the_mailbox_never_had(simulator: Simulator) -> None:
    client = await signed_in(simulator)
    account = simulator.world.accounts[client.user_id]
    unknown = len(account.mailbox) + 1
    simulator.world.run("delete_ids", user_id=client.user_id, message_ids=[unknown])
    (container,) = [message.read() for message in await client.settled()]
    (update,) = container.updates
    assert (update.messages, update.pts, update.pts_count) == ([unknown], account.box.pts, 1)
    basic = simulator.world.chats_of("group")[0]
    assert simulator.world.post(basic, author(basic), "Then it comes").id_for(client.user_id) == unknown


def test_every_event_of_a_box_is_told_with_the_text_of_its_time(client: Client, group: model.Chat) -> None:
    world, before = client.world, group.box.pts
    kept = world.post(group, author(group), "One")
    gone = world.post(group, author(group), "Born")
    world.edit(group, kept, "Two")
    world.edit(group, kept, "Three")
    world.react(group, kept, author(group), "👍", as_edit=True)
    world.delete(group, [gone])
    told = list(world.events(group.peer))
    assert [(e["pts"], e["kind"], e["message_id"], e["text"], e["is_hidden"]) for e in told] == [
        (before + 1, "new", kept.id, "One", False),
        (before + 2, "new", gone.id, "Born", False),
        (before + 3, "edit", kept.id, "Two", False),
        (before + 4, "edit", kept.id, "Three", False),
        (before + 5, "edit", kept.id, "Three", True),
        (before + 6, "delete", gone.id, None, False),
    ]


def test_events_of_a_mailbox_have_its_own_ids_and_outlive_retention(client: Client, basic: model.Chat) -> None:
    box = client.world.accounts[client.user.id].box
    messages = [client.world.post(basic, author(basic), text) for text in ("One", "Two")]
    client.world.delete(basic, messages)
    box.trim(0)
    told = list(client.world.events(client.user.id))
    own = [message.id_for(client.user.id) for message in messages]
    assert [(e["kind"], e["message_id"], e["pts_count"]) for e in told] == [
        ("new", own[0], 1),
        ("new", own[1], 1),
        ("delete", own[0], 2),
        ("delete", own[1], 2),
    ]
    assert {e["chat_id"] for e in told} == {basic.peer}


def test_box_that_does_not_exist_is_named(client: Client, basic: model.Chat) -> None:
    for name in (basic.peer, 12345):
        with pytest.raises(ValueError, match=str(name)):
            list(client.world.events(name))


def test_storm_edits_and_reacts_with_hidden_edits(client: Client, group: model.Chat) -> None:
    before = group.box.pts
    for _ in range(3):
        client.world.post(group, author(group), "Calm")
    counts = storms.storm(client.world, group, edits=40, reactions=60, messages=3)
    kinds = Counter((e["kind"], e["is_hidden"]) for e in client.world.events(group.peer))
    assert kinds["edit", False] + kinds["edit", True] == 40 + counts["hidden_edits"] == group.box.pts - before - 3
    assert 10 < counts["hidden_edits"] < 50


def test_group_migrates_while_everybody_writes(client: Client, basic: model.Chat) -> None:
    from heliograph.simulator.traffic import Traffic

    traffic = Traffic(client.world, seed=3, chats=[basic.peer])
    for _ in range(50):
        traffic.step()
    new = client.world.run("migrate", chat=basic.peer, sender=client.world.owner(basic))
    said = len(basic.messages)
    for _ in range(50):
        traffic.step()
    assert len(basic.messages) == said
    assert len(new.messages) > 10
    assert basic.messages[-1].action["type"] == "chat_migrate_to"
    assert {u.channel_id for u in client.updates(types.UpdateChannel)} == {new.id}


# -- bots


async def test_bot_signs_in_by_its_token_and_hears_its_chats(start_simulator: StartSimulator) -> None:
    simulator = await start_simulator()
    world = simulator.world
    bot = world.run("create_bot", name="Listener", username="listener_bot")
    group = world.chats_of("supergroup")[0]
    world.join(group, bot.id, author(group))
    client: TelegramClient = telethon_client(simulator, MemorySession())
    heard: list[str] = []
    client.add_event_handler(lambda event: _hear(heard, event), events.NewMessage())
    await client.start(bot_token=bots.token(world, bot))
    me = await client.get_me()
    assert (me.id, me.bot, me.username) == (bot.id, True, "listener_bot")
    world.post(group, author(group), "Hello, bot")
    await until(lambda: heard == ["Hello, bot"])
    with pytest.raises(errors.BotMethodInvalidError):
        await client.get_messages(types.PeerChannel(group.id), limit=1)
    await client.disconnect()


async def _hear(heard: list[str], event: Any) -> None:
    heard.append(event.raw_text)


@pytest.mark.parametrize("token", ["", "1:x", "nonsense", "{id}:0"])
async def test_token_of_no_bot_is_refused(simulator: Simulator, token: str) -> None:
    bot = next(user for user in simulator.world.users.values() if user.is_bot)
    client = telethon_client(simulator, MemorySession())
    await client.connect()
    with pytest.raises(errors.AccessTokenInvalidError):
        await client(functions.auth.ImportBotAuthorizationRequest(0, 1, "0" * 32, token.format(id=bot.id)))
    await client.disconnect()
