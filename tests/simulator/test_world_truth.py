"""The seeded world, its ground truth and its journal."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime

import pytest
from telethon.extensions import BinaryReader
from telethon.tl import types
from tests.simulator.world_client import START, decode, small_world

from heliograph import clock
from heliograph.simulator.world import tl, tl_bytes
from heliograph.simulator.world.world import World


@pytest.fixture(scope="module")
def seeded() -> World:
    return World(seed=7, chats=40, days=14, clock=clock.ManualClock(START))


def living(world):
    return [message for chat in world.chats.values() for message in chat.messages if message.deleted_at is None]


def test_the_same_seed_makes_the_same_world():
    one, other = small_world(seed=3), small_world(seed=3)
    for world in (one, other):
        world.sign_up("+100", "Ada")
    assert list(one.truth()) == list(other.truth())
    assert list(one.truth()) != list(small_world(seed=4).truth())


def test_the_default_world_has_chats_of_every_kind_that_newcomers_are_in(seeded):
    user = seeded.sign_up("+199", "Ada")
    kinds = Counter(chat.kind for chat in seeded.chats.values() if user.id in chat.members)
    assert sum(kinds.values()) == 40
    assert set(kinds) == {"channel", "supergroup", "forum", "group"}
    assert all(len(chat.topics) > 1 for chat in seeded.chats_of("forum"))


def test_history_covers_the_days_and_ends_at_creation(seeded):
    dates = [message.date for message in living(seeded)]
    now = int(START.timestamp())
    assert now - 14 * 86_400 <= min(dates)
    assert max(dates) <= now
    per_day = Counter((now - date) // 86_400 for date in dates)
    assert set(per_day) == set(range(14))


def test_dates_never_go_back_within_a_chat(seeded):
    for chat in seeded.chats.values():
        assert all(a.date <= b.date for a, b in itertools.pairwise(chat.messages))


def test_five_languages_in_three_scripts(seeded):
    text = {
        language: "".join(m.text for c in seeded.chats.values() if c.language == language for m in c.messages)
        for language in ("en", "es", "de", "ru", "ar")
    }
    assert all(text.values())
    assert any("а" <= letter <= "я" for letter in text["ru"])
    assert any("\u0600" <= letter <= "\u06ff" for letter in text["ar"])


def test_the_corpus_has_the_shares_it_promises(seeded):
    messages = living(seeded)
    texts = [m.text for m in messages if m.text and m.media is None]
    assert sum(len(text.split()) for text in texts) / len(texts) == pytest.approx(22, abs=2)
    assert sum(map(len, texts)) / len(texts) == pytest.approx(110, abs=8)
    shares = {
        "entities": (0.25, lambda m: m.entities),
        "reply": (0.20, lambda m: m.reply),
        "media": (0.08, lambda m: m.media),
    }
    for expected, has in shares.values():
        assert sum(bool(has(m)) for m in messages) / len(messages) == pytest.approx(expected, rel=0.15)


def test_every_kind_of_content_occurs(seeded):
    messages = living(seeded)
    kinds = {m.media["kind"] for m in messages if m.media}
    assert kinds >= {
        *("photo", "video", "round_video", "animation", "audio", "voice", "document", "sticker", "web_page"),
        *("poll", "contact", "geo", "venue", "dice", "game"),
    }
    assert len({m.action["type"] for m in messages if m.action}) >= 12
    assert {tuple(sorted(m.forward)) for m in messages if m.forward} >= {("date", "from_id"), ("date", "from_name")}
    entity_kinds = {entity[0] for m in messages for entity in m.entities or ()}
    assert entity_kinds >= {
        "bold",
        "url",
        "text_url",
        "mention",
        "mention_name",
        "hashtag",
        "code",
        "pre",
        "custom_emoji",
    }
    albums = Counter(m.album for m in messages if m.album)
    assert albums and max(albums.values()) <= 10
    assert any(m.reactions for m in messages)
    assert any(chat.alive < len(chat.messages) for chat in seeded.chats.values())


def test_every_seeded_message_survives_the_wire(seeded):
    user = seeded.user_by_phone("+198") or seeded.sign_up("+198", "Eve")
    for chat in seeded.chats.values():
        for message in chat.messages:
            if message.deleted_at is None and message.id_for(user.id):
                seen = decode(tl.raw(seeded, chat, message, user.id))
                assert (seen.id, int(seen.date.timestamp())) == (message.id_for(user.id), message.date)
                assert (seen.message or "") == message.text


def test_bytes_made_by_hand_are_those_of_the_tl_object(seeded):
    user = seeded.user_by_phone("+197") or seeded.sign_up("+197", "Ivo")
    for chat in seeded.chats.values():
        for message in chat.messages:
            if message.action is None and message.id_for(user.id):
                made = tl_bytes.ordinary(seeded, chat, message, user.id)
                assert made == bytes(tl.build(seeded, chat, message, user.id))


def test_entity_offsets_lie_inside_the_text_in_utf16_units(seeded):
    for message in living(seeded):
        units = len(message.text.encode("utf-16-le")) // 2
        assert all(offset + length <= units for _kind, offset, length, *_rest in message.entities or ())


def test_truth_has_each_channel_message_once_and_each_group_message_for_each_mailbox():
    world = small_world()
    ada, bo = world.sign_up("+100", "Ada"), world.sign_up("+101", "Bo")
    records = list(world.truth())
    keys = [(record["space_id"], record["message_id"]) for record in records]
    assert len(keys) == len(set(keys))
    group = world.chats_of("group")[0]
    spaces = Counter(record["space_id"] for record in records if record["chat_id"] == group.peer)
    assert spaces == {-ada.id: group.alive, -bo.id: group.alive}
    only = {record["space_id"] for record in world.truth([ada.id, bo.id], mailboxes=[ada.id])}
    assert -bo.id not in only


def test_truth_tells_every_version_and_the_deletion():
    world = small_world()
    world.sign_up("+100", "Ada")
    group = world.chats_of("supergroup")[0]
    message = world.post(group, world.owner(group), "One")
    world.edit(group, message, "Two")
    world.edit(group, message, "Three")
    world.delete(group, [message])
    record = [r for r in world.truth() if r["space_id"] == group.id][-1]
    assert (record["text"], record["versions"], record["is_deleted"]) == ("Three", ["One", "Two", "Three"], True)


def test_truth_leaves_out_what_is_older_than_asked_and_what_was_gone_before_the_start():
    world = small_world()
    world.sign_up("+100", "Ada")
    now = int(START.timestamp())
    assert all(not record["is_deleted"] for record in world.truth())
    recent = list(world.truth(since=now - 86_400))
    assert recent
    assert min(record["date"] for record in recent) >= now - 86_400


@pytest.mark.parametrize("kind", ["supergroup", "group"])
def test_a_chat_that_was_left_is_told_as_it_was_then(kind):
    world = small_world()
    ada = world.sign_up("+100", "Ada")
    chat = world.chats_of(kind)[0]
    message = world.post(chat, world.owner(chat), "One")
    world.clock.advance(10)
    world.leave(chat, ada)
    world.clock.advance(10)
    world.edit(chat, message, "Two")
    world.post(chat, world.owner(chat), "Unheard")
    world.delete(chat, [message])
    told = [record for record in world.truth([ada.id]) if record["chat_id"] == chat.peer]
    assert (told[-1]["service"] or {}).get("type") == "chat_delete_user"
    assert (told[-2]["text"], told[-2]["versions"], told[-2]["is_deleted"]) == ("One", ["One"], False)


def test_pushes_are_timed_in_the_truth():
    world = small_world()
    world.sign_up("+100", "Ada")
    group = world.chats_of("supergroup")[0]
    silent = world.post(group, world.owner(group), "Nobody listens")
    world.subscribe(lambda push: None)
    heard = world.post(group, world.owner(group), "Hello")
    assert (silent.pushed_at, heard.pushed_at) == (None, START.timestamp())


def test_a_world_that_is_killed_comes_back_equal(tmp_path):
    world = small_world(state_dir=tmp_path)
    ada = world.sign_up("+100", "Ada")
    group, basic = world.chats_of("supergroup")[0], world.chats_of("group")[0]
    message = world.post(group, ada, "One", random_id=5, entities=[["bold", 0, 3]])
    world.edit(group, message, "Two")
    world.post(basic, world.owner(basic), "Hello", reply_to=basic.messages[-1])
    world.run("migrate", chat=basic.peer, sender=world.owner(basic))
    world.react(group, message, ada, "👍")
    world.delete(group, [group.messages[3]])
    # The later clock shows that the past comes from the journal, not from the moment of the restart.
    again = World(
        seed=99, chats=3, days=1, state_dir=tmp_path, clock=clock.ManualClock(datetime(2027, 1, 1, tzinfo=UTC))
    )
    assert list(again.truth()) == [{**record, "pushed_at": None} for record in world.truth()]
    assert again.chats[group.peer].box.pts == group.box.pts
    assert again.accounts[ada.id].box.events == world.accounts[ada.id].box.events
    assert again.post(group.peer, ada.id, "One", random_id=5).id == message.id


def test_a_torn_last_line_of_the_journal_is_dropped(tmp_path):
    world = small_world(state_dir=tmp_path)
    group = world.chats_of("supergroup")[0]
    world.post(group, world.owner(group), "Kept")
    world.close()
    journal = tmp_path / "world.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"op":"post","at":17')
    again = World(state_dir=tmp_path, clock=clock.ManualClock(START))
    assert again.chats[group.peer].messages[-1].text == "Kept"
    assert journal.read_bytes() == whole


def test_a_refused_operation_is_not_journalled(tmp_path):
    world = small_world(state_dir=tmp_path)
    before = (tmp_path / "world.jsonl").read_bytes()
    with pytest.raises(Exception, match="MESSAGE_ID_INVALID"):
        world.edit(world.chats_of("supergroup")[0], 10**6, "Nothing")
    assert (tmp_path / "world.jsonl").read_bytes() == before


def test_a_journal_is_on_disk_before_anybody_hears_of_it(tmp_path):
    world = small_world(state_dir=tmp_path)
    world.sign_up("+100", "Ada")
    sizes = []
    world.subscribe(lambda push: sizes.append((tmp_path / "world.jsonl").stat().st_size))
    before = (tmp_path / "world.jsonl").stat().st_size
    group = world.chats_of("supergroup")[0]
    world.post(group, world.owner(group), "Hello")
    assert sizes and sizes[0] > before


def test_service_actions_read_back_with_their_fields():
    world = small_world()
    ada = world.sign_up("+100", "Ada")
    chat = world.run(
        "create_group", creator=ada.id, title="Choir", user_ids=[world.owner(world.chats_of("channel")[0])]
    )
    seen = BinaryReader(bytes(tl.raw(world, chat, chat.messages[0], ada.id))).tgread_object()
    assert isinstance(seen.action, types.MessageActionChatCreate)
    record = next(r for r in world.truth() if r["chat_id"] == chat.peer)
    assert record["service"] == {"type": "chat_create", "title": "Choir", "user_ids": seen.action.users}
