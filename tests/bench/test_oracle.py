"""The oracle of the scenarios: what it expects, what it calls lost, on record or stored twice."""

from __future__ import annotations

import pytest
from bench.scenarios import oracle

from heliograph.simulator.world.boxes import Entry

CHAT, SPACE = -1_000_000_000_007, 7
KEY = (CHAT, 1)


def entry(pts: int, kind: str, text: str | None = None, *, at: float = 100.0, number: int = 1, **more) -> Entry:
    fields = {"moved": 1, "chat": CHAT, "is_hidden": False, **more}
    return Entry(pts=pts, kind=kind, text=text, at=at, message_id=number, **fields)


def expected(*log: Entry, aways: list[oracle.Away] | None = None) -> list[oracle.Event]:
    return oracle.events([(SPACE, log)], since=0, aways=aways or [])


STORY = (entry(1, "new", "a"), entry(2, "edit", "b"), entry(3, "delete"))


def stored(text: str | None = "b", earlier: tuple[str, ...] = ("a",), *, is_deleted: bool = True) -> oracle.Stored:
    made = oracle.Stored()
    if text is not None:
        made.texts[KEY] = text
    made.earlier[KEY] = list(earlier)
    if is_deleted:
        made.deleted.add(KEY)
    return made


def test_each_text_and_the_deletion_is_an_event():
    assert [event.text for event in expected(*STORY)] == ["a", "b", None]


def test_store_that_shows_everything_is_complete():
    verdict = oracle.judge(expected(*STORY), stored())
    assert (verdict.events, verdict.is_complete) == (3, True)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(stored(None, ("a", "b")), id="no present text"),
        pytest.param(stored("a", ("b",)), id="an earlier text in the place of the last"),
        pytest.param(stored(earlier=()), id="an earlier text is gone"),
        pytest.param(stored(is_deleted=False), id="a deletion is not marked"),
    ],
)
def test_what_the_store_does_not_show_is_lost(found: oracle.Stored):
    assert oracle.judge(expected(*STORY), found).lost == 1


def test_message_that_is_marked_as_deleted_and_lives_counts_as_lost():
    assert oracle.judge(expected(*STORY[:2]), stored()).lost == 1


def test_what_a_known_loss_covers_is_on_record():
    found = stored(earlier=())
    found.losses = [(SPACE, 0, 1)]
    verdict = oracle.judge(expected(*STORY), found)
    assert (verdict.lost, verdict.recorded) == (0, 1)
    found.losses = [(SPACE, 1, 9), (SPACE + 1, 0, 9)]
    assert oracle.judge(expected(*STORY), found).lost == 1


def test_text_in_a_dead_letter_is_on_record():
    found = stored(None, (), is_deleted=True)
    found.letters = {(SPACE, 1)}
    assert oracle.judge(expected(*STORY), found).recorded == 2


def test_text_that_is_kept_twice_counts():
    assert oracle.judge(expected(*STORY), stored(earlier=("a", "a"))).duplicated == 1
    assert oracle.judge(expected(*STORY), stored(earlier=("a", "b"))).duplicated == 1


def test_row_that_is_there_twice_counts():
    found = stored()
    found.twice = 2
    assert oracle.judge(expected(*STORY), found).duplicated == 2


def test_what_was_replaced_while_the_crawler_was_away_is_not_expected():
    log = (
        entry(1, "new", "a", at=90),
        entry(2, "edit", "b", at=101),
        entry(3, "edit", "c", at=102),
        entry(4, "new", "short", at=103, number=2),
        entry(5, "delete", at=104, number=2),
        entry(6, "delete", at=105),
    )
    found = expected(*log, aways=[oracle.Away(100, 104)])
    assert [(event.key[1], event.text) for event in found] == [(1, "a"), (1, "c"), (1, None)]


def test_what_still_stood_when_the_crawler_came_back_is_expected():
    log = (entry(1, "new", "a", at=101), entry(2, "edit", "b", at=105))
    assert [event.text for event in expected(*log, aways=[oracle.Away(100, 104)])] == ["a", "b"]


def test_hidden_edits_private_messages_and_what_came_before_are_no_events():
    log = (
        entry(1, "new", "a"),
        entry(2, "edit", "a", is_hidden=True),
        entry(3, "new", "private", number=2, chat=5),
        entry(4, "pin"),
        entry(5, "new", "old", at=10, number=3),
    )
    found = oracle.events([(SPACE, log)], since=50, aways=[])
    assert [event.text for event in found] == ["a"]


def test_zero_byte_is_shown_by_what_stands_for_it():
    assert expected(entry(1, "new", "a\0b"))[0].text == "a\ufffdb"
