"""Which box an update belongs to, and what an answer says about it."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from typing import Any

import pytest
from telethon.tl import types

from heliograph.crawler import normalize
from heliograph.domain import identity, records
from heliograph.domain.sync import events

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
UNIX = int(NOW.timestamp())
SELF = 7
MAILBOX = identity.mailbox_space(SELF)
CHANNEL = identity.channel_space(5)
ASKED = records.BoxState(pts=10, qts=2, seq=3, date=4)
TYPES_WITH_PTS = [
    cls
    for name, cls in sorted(vars(types).items())
    if name.startswith("Update") and inspect.isclass(cls) and "pts_count" in inspect.signature(cls.__init__).parameters
]


def message(message_id: int = 1, peer: Any = None) -> Any:
    return types.Message(id=message_id, peer_id=peer or types.PeerChannel(5), date=NOW, message="hi")


def classify(tl: Any) -> events.Container:
    return normalize.container(tl, self_user_id=SELF, pushed_at=NOW)


def updates(*found: Any, seq: int = 0) -> Any:
    return types.Updates(updates=list(found), users=[], chats=[], date=NOW, seq=seq)


def test_channel_message_belongs_to_the_channels_box() -> None:
    found = classify(updates(types.UpdateNewChannelMessage(message(), 11, 1)))
    assert [(each.box, each.pts, each.pts_count) for each in found.events] == [(CHANNEL, 11, 1)]


def test_every_update_with_pts_count_is_an_event() -> None:
    for cls in TYPES_WITH_PTS:
        if cls in (types.UpdateShortMessage, types.UpdateShortChatMessage, types.UpdateShortSentMessage):
            continue
        parameters = list(inspect.signature(cls.__init__).parameters)[1:]
        fields: dict[str, Any] = dict.fromkeys(parameters)
        fields.update(pts=11, pts_count=2)
        if "message" in fields:
            fields["message"] = message() if "Channel" in cls.__name__ else message(peer=types.PeerChat(3))
        if "channel_id" in fields:
            fields["channel_id"] = 5
        found = classify(updates(cls(**fields)))
        expected = CHANNEL if "Channel" in cls.__name__ else MAILBOX
        assert [(each.box, each.pts, each.pts_count) for each in found.events] == [(expected, 11, 2)], cls


def test_updates_outside_every_box_are_the_rest() -> None:
    views = types.UpdateChannelMessageViews(channel_id=5, id=1, views=9)
    found = classify(updates(views, seq=8))
    assert (found.events, found.rest, found.seq, found.seq_start) == ((), (views,), 8, 8)


def test_channel_too_long_names_its_channel_with_or_without_pts() -> None:
    found = classify(updates(types.UpdateChannelTooLong(5), types.UpdateChannelTooLong(6, pts=9)))
    assert found.too_long == (events.TooLong(box=CHANNEL), events.TooLong(box=identity.channel_space(6), pts=9))


def test_updates_too_long_asks_for_a_difference() -> None:
    assert classify(types.UpdatesTooLong()).needs_difference


def test_short_message_is_a_new_message_with_its_own_bytes() -> None:
    tl = types.UpdateShortChatMessage(id=4, from_id=8, chat_id=3, message="hey", pts=12, pts_count=1, date=NOW)
    found = classify(tl)
    rows = normalize.Rows()
    rows.add(found.events[0].payload, space_id=MAILBOX, as_of=12, context=normalize.Context(self_user_id=SELF, at=NOW))
    row = rows.messages[0]
    assert (row.chat_id, row.sender_id, row.text, row.message_id) == (-3, 8, "hey", 4)
    assert row.raw


def test_short_message_from_a_stranger_asks_for_a_difference() -> None:
    tl = types.UpdateShortMessage(id=4, user_id=8, message="hey", pts=12, pts_count=1, date=NOW)
    found = normalize.container(tl, self_user_id=SELF, pushed_at=NOW, is_known=lambda peer: False)
    assert found.needs_difference


def test_empty_difference_keeps_the_pts_that_was_asked_from() -> None:
    page = normalize.difference(types.updates.DifferenceEmpty(NOW, 9), asked=ASKED, self_user_id=SELF)
    assert isinstance(page, events.Page)
    assert page.to == records.BoxState(pts=10, qts=2, seq=9, date=UNIX)


def test_difference_puts_new_messages_before_other_updates() -> None:
    state = types.updates.State(pts=20, qts=2, date=NOW, seq=5, unread_count=0)
    edit = types.UpdateEditMessage(message(2, types.PeerChat(3)), 19, 1)
    channel_edit = types.UpdateEditChannelMessage(message(), 50, 1)
    answer = types.updates.DifferenceSlice(
        new_messages=[message(1, types.PeerChat(3)), message()],
        new_encrypted_messages=[],
        other_updates=[edit, channel_edit, types.UpdateChannelTooLong(6)],
        chats=[],
        users=[],
        intermediate_state=state,
    )
    page = normalize.difference(answer, asked=ASKED, self_user_id=SELF)
    assert isinstance(page, events.Page)
    assert not page.is_final
    assert [each.payload for each in page.events] == [answer.new_messages[0], edit]
    assert [(each.box, each.pts, each.pts_count) for each in page.channel_events] == [(CHANNEL, 50, 1)]
    assert [each.box for each in page.too_long] == [CHANNEL, identity.channel_space(6)]


def test_too_long_difference_moves_pts_only() -> None:
    lost = normalize.difference(types.updates.DifferenceTooLong(99), asked=ASKED, self_user_id=SELF)
    assert lost == events.Lost(to=records.BoxState(pts=99, qts=2, seq=3, date=4))


@pytest.mark.parametrize("is_final", [True, False])
def test_channel_difference_applies_edits_whatever_their_pts(is_final: bool) -> None:
    edit = types.UpdateEditChannelMessage(message(2), 0, 0)
    answer = types.updates.ChannelDifference(
        pts=30, new_messages=[message()], other_updates=[edit], chats=[], users=[], final=is_final
    )
    page = normalize.channel_difference(answer, box=CHANNEL, asked=ASKED, self_user_id=SELF)
    assert isinstance(page, events.Page)
    assert (page.to.pts, page.is_final) == (30, is_final)
    assert [each.payload for each in page.events] == [answer.new_messages[0], edit]


def test_too_long_channel_difference_tells_where_the_channel_stands() -> None:
    dialog = types.Dialog(
        peer=types.PeerChannel(5),
        top_message=77,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        notify_settings=types.PeerNotifySettings(),
        pts=500,
    )
    answer = types.updates.ChannelDifferenceTooLong(dialog=dialog, messages=[message(77)], chats=[], users=[])
    lost = normalize.channel_difference(answer, box=CHANNEL, asked=ASKED, self_user_id=SELF)
    assert isinstance(lost, events.Lost)
    assert (lost.to.pts, lost.top_id, len(lost.events)) == (500, 77, 1)
