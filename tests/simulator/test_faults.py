"""Faults do what they say, as often as they say."""

from __future__ import annotations

from heliograph.simulator.faults import Faults
from heliograph.simulator.world.pushes import Push


def delivered(faults: Faults, containers: str, user_id: int = 1) -> list[str]:
    return [container for each in containers for _delay, container in faults.on_push(Push(user_id, each))]


def test_a_flood_wait_is_answered_as_often_as_asked():
    faults = Faults()
    faults.flood("messages.getHistory", 3, times=2)
    answers = [faults.before_rpc(1, "messages.getHistory") for _ in range(3)]
    assert [answer and (answer.code, answer.message) for answer in answers] == [(420, "FLOOD_WAIT_3")] * 2 + [None]
    assert faults.before_rpc(1, "messages.getDialogs") is None


def test_a_flood_wait_may_last_for_its_whole_time_and_hit_a_namespace():
    faults = Faults()
    faults.flood("messages.*", 60, times=None)
    for _ in range(3):
        answer = faults.before_rpc(1, "messages.getHistory")
        assert answer is not None
        assert answer.message == "FLOOD_WAIT_60"
    assert faults.before_rpc(1, "updates.getState") is None


def test_a_flood_wait_of_one_account_spares_the_others():
    faults = Faults()
    faults.flood("messages.getHistory", 3, user_id=1)
    assert faults.before_rpc(2, "messages.getHistory") is None
    assert faults.before_rpc(1, "messages.getHistory") is not None


def test_any_error_can_be_answered():
    faults = Faults()
    faults.refuse("updates.getChannelDifference", "PERSISTENT_TIMESTAMP_OUTDATED", 500)
    answer = faults.before_rpc(1, "updates.getChannelDifference")
    assert answer is not None
    assert (answer.code, answer.message) == (500, "PERSISTENT_TIMESTAMP_OUTDATED")


def test_pushes_are_dropped_and_duplicated_by_count():
    faults = Faults()
    faults.drop_updates(2)
    assert delivered(faults, "abc") == ["c"]
    faults.duplicate_updates(1)
    assert delivered(faults, "ab") == ["a", "a", "b"]


def test_a_reordered_push_arrives_after_the_next_one():
    faults = Faults()
    faults.reorder_updates(1)
    assert delivered(faults, "abc") == ["b", "a", "c"]


def test_reordering_keeps_accounts_apart():
    faults = Faults()
    faults.reorder_updates(1, user_id=1)
    assert delivered(faults, "x", user_id=2) == ["x"]
    assert delivered(faults, "a") == []
    assert delivered(faults, "y", user_id=2) == ["y"]
    assert delivered(faults, "b") == ["b", "a"]


def test_delayed_pushes_carry_their_delay():
    faults = Faults()
    faults.delay_updates(1, 0.5)
    assert faults.on_push(Push(1, "a")) == [(0.5, "a")]
    assert faults.on_push(Push(1, "b")) == [(0.0, "b")]


class Connection:
    def __init__(self, user_id: int | None = None) -> None:
        self.user_id = user_id
        self.events: list[object] = []

    def abort(self) -> None:
        self.events.append("abort")

    def stall(self, seconds: float) -> None:
        self.events.append(seconds)


def test_cut_and_stall_reach_every_open_connection():
    faults, one, gone = Faults(), Connection(), Connection()
    faults.add_connection(one)
    faults.add_connection(gone)
    faults.remove_connection(gone)
    assert faults.stall(2.0) == faults.cut(30) == 1
    assert one.events == [2.0, "abort"]
    assert gone.events == []
    assert faults.is_refusing


def test_cut_and_stall_may_be_kept_to_one_account():
    faults, one, other = Faults(), Connection(1), Connection(2)
    faults.add_connection(one)
    faults.add_connection(other)
    assert faults.stall(2.0, user_id=1) == faults.cut(user_id=1) == 1
    assert (one.events, other.events) == ([2.0, "abort"], [])
    assert not faults.is_refusing


def test_clear_ends_everything():
    faults = Faults()
    faults.flood("*", 60)
    faults.drop_updates(5)
    faults.cut(60)
    faults.too_long, faults.pts_style = "strict", "zero"
    faults.clear()
    assert faults.before_rpc(1, "help.getConfig") is None
    assert delivered(faults, "a") == ["a"]
    assert (faults.too_long, faults.pts_style, faults.is_refusing) == ("page", "real", False)
