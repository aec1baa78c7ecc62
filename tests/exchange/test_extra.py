"""The key ``heliograph`` is read from files that anybody may have written: it changes rows in sensible ways or not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.domain import records
from heliograph.exchange import model
from heliograph.exchange.desktop import extra

from . import drawn

SPACE_ID, CHAT_ID = drawn.TARGETS["supergroup"]
PLAIN = model.Imported(
    message=records.Message(
        space_id=SPACE_ID,
        message_id=1,
        chat_id=CHAT_ID,
        date=drawn.START,
        as_of=records.IMPORTED_AS_OF,
        text="as it is",
    )
)
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
)
names = st.sampled_from([
    *("date", "text", "entities", "topic_id", "media", "service", "forward", "edit_date", "deleted_at", "observation"),
    *("revisions", "is_pinned", "album_id", "space_id", "chat_id", "message_id", "as_of", "raw", "layer"),
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(said=anything | st.dictionaries(names, anything | st.dictionaries(names, anything), max_size=4))
def test_nothing_in_a_file_moves_a_message_or_raises_its_rank(said: Any) -> None:
    found = extra.read(said, PLAIN).message
    assert (found.space_id, found.chat_id, found.message_id) == (SPACE_ID, CHAT_ID, 1)
    assert (found.as_of, found.raw, found.layer) == (records.IMPORTED_AS_OF, b"", 0)


@pytest.mark.parametrize(
    "said",
    [
        {"topic_id": "many"},
        {"topic_id": 2**31},
        {"topic_id": True},
        {"album_id": 2**63},
        {"text": "nul\0"},
        {"text": None},
        {"media": {"kind": "a_kind_of_tomorrow"}},
        {"media": {"kind": "photo", "title": "nul\0"}},
        {"entities": [["bold", "0", 4]]},
        {"entities": [["bold", -1, 4]]},
        {"edit_date": "2026-01-01T00:00:00"},
        {"edit_date": "0001-01-01T00:00:00+23:00"},
        {"deleted_at": 5},
        {"observation": {"views": 5}},
        {"revisions": {"text": "x"}},
        {"revisions": [{"edit_date": None}]},
        {"tomorrow": 1},
    ],
)
def test_what_has_no_sense_changes_nothing(said: dict[str, Any]) -> None:
    assert extra.read(said, PLAIN) == PLAIN


def test_deep_nesting_is_not_taken() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    assert extra.read({"media": {"kind": "photo", "x": deep}}, PLAIN) == PLAIN


def test_nothing_to_say_leaves_the_key_out() -> None:
    assert extra.write(PLAIN, PLAIN) is None
