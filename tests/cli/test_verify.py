"""The demo's verdict must fail on everything that it claims to check."""

from __future__ import annotations

import math
from typing import Any

import pytest

from heliograph.cli.demo import verify


def record(**changes: Any) -> dict[str, Any]:
    base = {
        "space_id": 5,
        "message_id": 1,
        "chat_id": -1000000000005,
        "sender_id": 7,
        "date": 1_700_000_000,
        "text": "good morning",
        "entities": [["bold", 0, 4]],
        "reply_to": {"message_id": 3, "chat_id": None},
        "topic_id": None,
        "album_id": None,
        "forward": None,
        "media": {"kind": "photo", "id": 9},
        "service": None,
        "is_deleted": False,
        "versions": ["good morning"],
        "version_times": [1_700_000_000.0],
    }
    return base | changes


def compare(truth: list[dict[str, Any]], stored: list[dict[str, Any]], **known: Any) -> verify.Comparison:
    nothing: dict[str, Any] = {"orphans": set(), "unknowable": set(), "optional": set(), "earlier": {}, "gaps": None}
    return verify.compare(truth, stored, **nothing | known)


def edited(*versions: tuple[float, str]) -> dict[str, Any]:
    """A message that had these texts since these times."""
    times, texts = zip(*versions, strict=True)
    return record(text=texts[-1], versions=list(texts), version_times=list(times))


def test_equal_worlds_are_equal() -> None:
    assert compare([record()], [record()]).is_equal


def test_a_message_that_is_not_stored_is_missing() -> None:
    assert compare([record()], []).missing == 1


def test_a_row_that_the_truth_does_not_know_is_a_duplicate() -> None:
    assert compare([record()], [record(), record(message_id=2)]).duplicated == 1


def test_a_row_that_comes_twice_is_a_duplicate() -> None:
    assert compare([record()], [record(), record()]).duplicated == 1


def test_another_text_is_wrong() -> None:
    assert compare([record()], [record(text="good evening")]).wrong_text == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sender_id", 8),
        ("date", 1_700_000_001),
        ("reply_to", {"message_id": 4}),
        ("topic_id", 1),
        ("album_id", 11),
        ("forward", {"from_id": 3, "date": 1}),
        ("entities", [["bold", 0, 5]]),
        ("media", {"kind": "photo", "id": 10}),
        ("service", {"type": "pin_message"}),
        ("is_deleted", True),
    ],
)
def test_each_compared_field_can_be_wrong(name: str, value: Any) -> None:
    found = compare([record()], [record(**{name: value})])
    assert (found.wrong_fields, found.fields[name]) == (1, 1)


def test_an_unset_key_equals_an_absent_one() -> None:
    assert compare([record(entities=[])], [record(reply_to={"message_id": 3}, entities=None)]).is_equal


def test_a_message_that_was_deleted_unseen_is_no_loss_when_its_deletion_is_recorded() -> None:
    gone = record(is_deleted=True)
    assert compare([gone], []).missing == 1
    assert compare([gone], [], orphans={(5, 1)}).is_equal
    assert compare([gone], [], unknowable={(5, 1)}).is_equal


def test_a_living_message_is_missing_whatever_else_is_known() -> None:
    assert compare([record()], [], orphans={(5, 1)}, unknowable={(5, 1)}).missing == 1


def test_a_message_older_than_the_history_asked_for_may_be_absent_but_not_wrong() -> None:
    assert compare([record()], [], optional={(5, 1)}).is_equal
    assert compare([record()], [record(text="other")], optional={(5, 1)}).wrong_text == 1


def test_two_empty_worlds_show_nothing() -> None:
    assert not compare([], []).is_equal


# -- earlier texts

FIRST_LOOK = verify.Gap(-math.inf, 100)
HISTORY = edited((50, "one"), (200, "two"), (210, "three"))


def test_every_text_of_a_connected_time_must_be_there() -> None:
    complete = {(5, 1): ["one", "two"]}
    assert compare([HISTORY], [HISTORY], earlier=complete, gaps=[FIRST_LOOK]).is_equal
    for kept in (["one"], ["two"], []):
        assert compare([HISTORY], [HISTORY], earlier={(5, 1): kept}, gaps=[FIRST_LOOK]).wrong_text == 1


def test_a_text_that_never_was_is_wrong_even_when_nothing_is_known_of_gaps() -> None:
    assert compare([HISTORY], [HISTORY], earlier={(5, 1): ["one", "two"]}).is_equal
    assert compare([HISTORY], [HISTORY], earlier={(5, 1): ["never"]}).wrong_text == 1


def test_a_text_that_was_replaced_before_the_first_look_may_be_absent() -> None:
    gone = edited((50, "one"), (90, "two"), (95, "three"))
    assert compare([gone], [gone], gaps=[FIRST_LOOK]).is_equal


def test_a_text_that_came_and_went_in_a_gap_may_be_absent_but_not_one_that_outlived_it() -> None:
    in_gap, outlived = verify.Gap(195, 220), verify.Gap(195, 205)
    kept = {(5, 1): ["one"]}
    assert compare([HISTORY], [HISTORY], earlier=kept, gaps=[FIRST_LOOK, in_gap]).is_equal
    assert compare([HISTORY], [HISTORY], earlier=kept, gaps=[FIRST_LOOK, outlived]).wrong_text == 1


def test_a_last_text_that_went_with_its_message_in_a_gap_may_be_an_earlier_one() -> None:
    """Regression: an edit and a deletion during one outage leave the text before them, and nobody can have the last."""
    gone = HISTORY | {"is_deleted": True, "deleted_at": 215.0, "edit_date": 210, "entities": []}
    in_gap, outlived = verify.Gap(195, 220), verify.Gap(195, 212)
    before = gone | {"text": "one", "entities": [["bold", 0, 3]]}
    assert compare([gone], [before], gaps=[FIRST_LOOK, in_gap]).is_equal
    assert compare([gone], [before], gaps=[FIRST_LOOK, outlived]).wrong_text == 1
    assert compare([gone], [gone | {"text": "never"}], gaps=[FIRST_LOOK, in_gap]).wrong_text == 1
    alive = gone | {"is_deleted": False, "deleted_at": None}
    assert compare([alive], [before | alive | {"text": "one"}], gaps=[FIRST_LOOK, in_gap]).wrong_text == 1


def test_gaps_that_overlap_are_one_gap() -> None:
    gaps = [FIRST_LOOK, verify.Gap(195, 205), verify.Gap(204, 220)]
    assert compare([HISTORY], [HISTORY], earlier={(5, 1): ["one"]}, gaps=gaps).is_equal


def test_a_text_that_came_back_counts_as_seen_by_the_present_one() -> None:
    back = edited((50, "one"), (200, "two"), (210, "one"))
    assert compare([back], [back], earlier={(5, 1): ["two"]}, gaps=[FIRST_LOOK]).is_equal


# -- basic groups

GROUP = -400_000_001


def copies(*mailboxes: int) -> list[dict[str, Any]]:
    """A basic group's one message, as each of these accounts numbers it."""
    return [record(space_id=-user, message_id=user, chat_id=GROUP) for user in mailboxes]


def test_a_basic_group_counts_once_from_the_mailbox_that_is_mirrored() -> None:
    assert verify.mirrored([record(), *copies(7, 8)], {GROUP: -8}) == [record(), *copies(8)]


@pytest.mark.parametrize("mailboxes", [{}, {GROUP: -99}, {GROUP - 1: -7}])
def test_a_basic_group_that_is_mirrored_from_nowhere_is_missing(mailboxes: dict[int, int]) -> None:
    expected = verify.mirrored([record(), *copies(7, 8)], mailboxes)
    assert len(expected) == 2
    assert compare(expected, [record()]).missing == 1


def test_a_basic_group_that_is_mirrored_twice_is_duplicated() -> None:
    expected = verify.mirrored(copies(7, 8), {GROUP: -7})
    assert compare(expected, copies(7, 8)).duplicated == 1


def test_private_conversations_with_the_same_person_are_kept_for_every_account() -> None:
    private = [record(space_id=-7, chat_id=70), record(space_id=-8, chat_id=70)]
    assert verify.mirrored(private, {}) == private
