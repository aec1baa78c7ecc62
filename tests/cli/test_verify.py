"""The demo's verdict must fail on everything that it claims to check."""

from __future__ import annotations

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
    }
    return base | changes


def compare(truth: list[dict[str, Any]], stored: list[dict[str, Any]], **known: Any) -> verify.Comparison:
    none: set[verify.Key] = set()
    return verify.compare(truth, stored, **{"orphans": none, "unknowable": none, "optional": none, **known})


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
