"""The ledger read: every id in one class, digests that tell archives apart, gaps page by page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, get_args

import pytest
from tests.conftest import Rows

from heliograph import errors
from heliograph.domain.sync import gaps as sync_gaps
from heliograph.store import database as store_database
from heliograph.store import mailboxes
from heliograph.store.reads import digest, gaps, integrity, ledger_views, losses, spans

CHANNEL, OTHER, GROUP = -1_000_000_000_001, -1_000_000_000_002, -11
SPACE, MAILBOX = 1, -7
LAST_ID = 2**31 - 1


class Ledger:
    """Writes ledgers by hand and surveys them."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.database = rows.database

    async def channel(self, chat_id: int = CHANNEL, *, pts: int | None = 5, **more: object) -> int:
        space = await self.rows.chat(chat_id, **more)
        if pts is not None:
            await self.rows.insert("box_cursors", {"box": space, "pts": pts, "epoch": 1})
        return space

    async def put(self, chat_id: int = CHANNEL, space_id: int = SPACE, **ranges: str) -> None:
        await self.rows.insert("coverage", {"space_id": space_id, "chat_id": chat_id, "as_of": 1, **ranges})

    async def messages(self, ids: Sequence[int], chat_id: int = CHANNEL, **more: object) -> None:
        for message_id in ids:
            await self.rows.message(chat_id, message_id, f"text {message_id}", **more)

    async def delete(self, ids: Sequence[int], chat_id: int = CHANNEL) -> None:
        await self.messages(ids, chat_id, deleted_at=self.rows.moment, deleted_as_of=2)

    async def orphan(self, message_id: int, space_id: int = SPACE, **more: object) -> None:
        columns = {"space_id": space_id, "message_id": message_id, "as_of": 2, "deleted_at": self.rows.moment}
        await self.rows.insert("orphan_tombstones", {**columns, **more})

    async def read(self, *chats: int, is_audited: bool = True, **more: Any) -> ledger_views.Integrity:
        async with integrity.moment(self.database) as conn:
            return await integrity.survey(conn, chats or None, is_audited=is_audited, **more)

    async def one(self, chat_id: int = CHANNEL) -> ledger_views.ChatLedger:
        return (await self.read(chat_id)).chats[0]

    async def digest(self, chat_id: int = CHANNEL) -> str | None:
        async with integrity.moment(self.database) as conn:
            return (await integrity.verify(conn, [chat_id], is_audited=True)).chats[0].digest


@pytest.fixture
def ledger(rows: Rows) -> Ledger:
    return Ledger(rows)


def numbers(ids: ledger_views.Ids) -> tuple[int | None, ...]:
    return ids.stored, ids.deleted, ids.empty, ids.unreachable, ids.outside, ids.open, ids.unaccounted


async def test_every_id_of_a_channel_is_in_one_class(ledger: Ledger) -> None:
    await ledger.channel()
    await ledger.put(covered="{[21,41)}", holes="{[41,51)}", unreachable="{[1,21)}", suspects="{[45,47)}")
    await ledger.messages([5, 22, 23, 42, 60])
    await ledger.delete([24, 43])
    await ledger.orphan(25)
    chat = await ledger.one()
    assert (chat.top_id, chat.rechecked, chat.suspects, chat.hole_count) == (60, 2, 2, 1)
    # Stored 5, 22, 23, 60; deleted 24, 25; empty 26-40, 21 and 51-59; 1-20 cannot be asked for, but 5 is here.
    assert numbers(chat.ids) == (4, 2, 16 + 9, 19, 0, 10, 0)
    assert sum(value or 0 for value in numbers(chat.ids)) == chat.top_id
    assert chat.coverage == pytest.approx(31 / 41)
    assert chat.holes == [ledger_views.Hole(first_id=41, last_id=50)]
    assert not chat.is_complete


async def test_id_of_an_open_dead_letter_is_not_called_empty(ledger: Ledger) -> None:
    space = await ledger.channel()
    await ledger.put(covered="{[1,11)}", holes="{[11,13)}")
    await ledger.messages([1, 2])
    letter = {"space_id": space, "raw": b"raw", "layer": 1, "error": "odd", "chat_id": CHANNEL}
    ended = {"resolved_at": ledger.rows.moment, "resolution": "discarded"}
    # Two letters of one message; one of a message that is here; one in a hole; one that was discarded; one on top.
    for message_id, more in ((5, {}), (5, {"kind": "update"}), (2, {}), (11, {}), (6, ended), (20, {})):
        await ledger.rows.insert("dead_letters", {**letter, "message_id": message_id, **more})
    chat = await ledger.one()
    assert (chat.top_id, chat.ids.dead_letter, chat.ids.unaccounted) == (20, 2, 0)
    assert sum(value or 0 for value in numbers(chat.ids)) + chat.ids.dead_letter == chat.top_id
    assert any("2 messages could not be stored" in warning for warning in chat.warnings)


async def test_id_in_an_open_hole_is_open_whether_or_not_its_message_is_here(ledger: Ledger) -> None:
    await ledger.channel()
    await ledger.messages(range(1, 11))
    await ledger.put(covered="{[1,11)}")
    assert (await ledger.one()).is_complete
    async with ledger.database.transaction() as conn:
        await conn.execute("UPDATE coverage SET covered = '{[1,3),[7,11)}', holes = '{[3,7)}'")
    chat = await ledger.one()
    assert (chat.ids.stored, chat.ids.open, chat.rechecked, chat.coverage) == (6, 4, 4, 0.6)


async def test_hole_without_a_known_end_reaches_to_the_newest_known_id(ledger: Ledger) -> None:
    await ledger.channel()
    await ledger.messages([7])
    await ledger.put(holes=f"{{[1,{LAST_ID + 1})}}")
    chat = await ledger.one()
    assert (chat.top_id, chat.ids.open, chat.coverage) == (7, 7, 0.0)
    assert chat.holes == [ledger_views.Hole(first_id=1, last_id=None)]
    await ledger.channel(OTHER)
    await ledger.put(OTHER, 2, holes=f"{{[1,{LAST_ID + 1})}}")
    empty = await ledger.one(OTHER)
    assert (empty.top_id, empty.coverage, empty.is_complete) == (0, None, False)


async def test_ids_above_the_ledger_count_by_the_cursor(ledger: Ledger) -> None:
    await ledger.channel()
    await ledger.put(covered="{[1,4)}")
    await ledger.messages([1, 2, 3, 6])
    assert numbers((await ledger.one()).ids) == (4, 0, 2, 0, 0, 0, 0)


async def test_ids_above_the_ledger_of_a_box_without_a_cursor_are_unaccounted(ledger: Ledger) -> None:
    await ledger.channel(pts=None)
    await ledger.put(covered="{[1,4)}")
    await ledger.messages([1, 2, 3, 6])
    chat = await ledger.one()
    assert (chat.ids.empty, chat.ids.unaccounted, chat.is_complete) == (0, 2, False)


async def test_ids_that_the_ledger_lost_sight_of_are_unaccounted(ledger: Ledger) -> None:
    await ledger.channel()
    await ledger.put(covered="{[1,4),[8,11)}")
    await ledger.messages([1, 2, 3, 5, 8, 9, 10])
    chat = await ledger.one()
    assert numbers(chat.ids) == (7, 0, 0, 0, 0, 0, 3)
    assert not chat.is_complete
    assert "3 ids are in no class" in chat.warnings[0]


async def test_chat_that_no_scan_has_met_knows_nothing_below_its_first_message(ledger: Ledger) -> None:
    await ledger.channel()
    await ledger.messages([500, 502])
    chat = await ledger.one()
    assert numbers(chat.ids) == (2, 0, 1, 0, 0, 0, 499)
    assert (chat.is_on_ledger, "not been asked for" in chat.warnings[0]) == (False, True)


async def test_ids_below_the_chosen_depth_are_outside_and_owed_by_nobody(ledger: Ledger) -> None:
    await ledger.channel()
    await ledger.put(covered="{[100,104)}")
    await ledger.messages([50, 100, 101, 103])
    chat = await ledger.one()
    assert numbers(chat.ids) == (4, 0, 1, 0, 98, 0, 0)
    assert (chat.coverage, chat.is_complete) == (1.0, True)
    # Nothing was within the depth: the ledger knows the chat and owes nothing of it.
    await ledger.channel(OTHER)
    await ledger.put(OTHER, 2)
    await ledger.messages([30, 32], OTHER)
    assert numbers((await ledger.one(OTHER)).ids) == (2, 0, 1, 0, 29, 0, 0)


async def test_a_group_never_claims_the_other_ids_of_its_mailbox(ledger: Ledger) -> None:
    await ledger.channel(GROUP, kind="group")
    await ledger.put(GROUP, MAILBOX, covered="{[1,80)}", holes="{[80,101)}")
    await ledger.messages([10, 90], GROUP)
    await ledger.delete([20], GROUP)
    await ledger.orphan(30, MAILBOX)
    found = await ledger.read()
    (chat,) = found.chats
    assert chat.is_shared
    assert numbers(chat.ids) == (1, 1, None, 0, None, 21, None)
    assert (chat.rechecked, chat.coverage) == (1, 0.79)
    # In the whole only its messages count.
    assert numbers(found.totals.ids) == (1, 1, 0, 0, 0, 0, 0)
    assert (found.totals.hole_count, found.is_complete) == (1, False)


async def test_totals_add_up_and_one_open_hole_makes_the_whole_incomplete(ledger: Ledger) -> None:
    await ledger.channel(title="A")
    await ledger.channel(OTHER, title="B")
    await ledger.put(covered="{[1,4)}")
    await ledger.messages([1, 2, 3])
    assert (await ledger.read(CHANNEL)).is_complete
    await ledger.put(OTHER, 2, covered="{[1,3)}", holes="{[3,4)}")
    await ledger.messages([1], OTHER)
    found = await ledger.read()
    assert [chat.title for chat in found.chats] == ["A", "B"]
    assert numbers(found.totals.ids) == (4, 0, 1, 0, 0, 1, 0)
    assert (found.totals.coverage, found.is_complete) == (pytest.approx(5 / 6), False)


async def test_as_many_holes_are_named_as_asked_for(ledger: Ledger) -> None:
    await ledger.channel()
    await ledger.put(holes="{[1,2),[3,4),[5,6)}")
    chat = (await ledger.read(holes=2)).chats[0]
    assert (chat.hole_count, [hole.first_id for hole in chat.holes]) == (3, [1, 3])


async def test_nearly_everything_is_never_called_everything(ledger: Ledger) -> None:
    await ledger.channel()
    await ledger.put(covered="{[1,2000000000)}", holes="{[2000000000,2000000001)}")
    coverage_ = (await ledger.one()).coverage
    assert coverage_ is not None
    assert coverage_ < 1


async def test_chat_that_is_not_mirrored_is_not_found(ledger: Ledger) -> None:
    with pytest.raises(errors.NotFound):
        await ledger.read(CHANNEL)
    await ledger.channel(policy="ignore")
    await ledger.put(holes="{[1,5)}")
    assert (await ledger.read()).chats == []


async def test_audit_that_misses_its_target_is_a_warning(ledger: Ledger) -> None:
    async with ledger.database.connection() as conn:
        (now,) = (await (await conn.execute("SELECT now()")).fetchone()) or (None,)
    space = await ledger.channel(last_message_at=now - timedelta(days=2))
    await ledger.put(covered="{[1,2)}")
    key = {"space_id": space, "chat_id": CHANNEL, "started_at": now}
    day = 86_400.0
    await ledger.rows.insert("audits", {**key, "tier": 1, "period_seconds": 1.4 * day, "target_seconds": day})
    await ledger.rows.insert("audits", {**key, "tier": 2, "period_seconds": 3 * day, "target_seconds": day})
    overdue = {"started_at": now - timedelta(days=50), "period_seconds": day, "target_seconds": 30 * day}
    await ledger.rows.insert("audits", {**key, "tier": 3, **overdue})
    # The chat has no message of this age any more, so no round is due.
    idle = {"started_at": now - timedelta(days=2), "period_seconds": 3000.0, "target_seconds": 3600.0}
    await ledger.rows.insert("audits", {**key, "tier": 0, **idle})
    found = await ledger.read()
    (chat,) = found.chats
    assert [(audit.name, audit.is_late) for audit in chat.audits] == [
        ("day", False),
        ("week", False),
        ("month", True),
        ("older", True),
    ]
    assert found.totals.late_audits == 2
    took, overdue_words = chat.warnings
    assert ("took 3 d a round" in took, "1 d is the target" in took) == (True, True)
    assert "is overdue" in overdue_words


async def test_first_round_that_did_not_begin_in_time_is_a_warning(ledger: Ledger) -> None:
    """Regression: a chat whose rounds never began had no row, and looked like one that is audited on time."""
    async with ledger.database.connection() as conn:
        (now,) = (await (await conn.execute("SELECT now()")).fetchone()) or (None,)
    given = {"message_count": 1, "last_message_at": now - timedelta(days=2)}
    space = await ledger.channel(**given, created_at=now - timedelta(days=2))
    await ledger.put(covered="{[1,2)}")
    other = await ledger.channel(OTHER, **given)
    row = {"started_at": now, "completed_at": now, "period_seconds": 3600.0, "target_seconds": 86_400.0}
    await ledger.rows.insert("audits", {"space_id": other, "chat_id": OTHER, "tier": 1, **row})
    found = await ledger.read()
    rounds = {chat.chat_id: [(audit.name, audit.is_late) for audit in chat.audits] for chat in found.chats}
    assert rounds == {CHANNEL: [("week", True)], OTHER: [("week", False)]}
    assert found.totals.late_audits == 1
    assert [len(chat.warnings) for chat in found.chats if chat.chat_id == CHANNEL] == [1]
    assert space != other


async def test_first_rounds_are_late_in_an_archive_where_no_round_ever_began(ledger: Ledger) -> None:
    """Regression: without a single round the table was empty, and so was the list of what is late."""
    async with ledger.database.connection() as conn:
        (now,) = (await (await conn.execute("SELECT now()")).fetchone()) or (None,)
    given = {"message_count": 1, "last_message_at": now - timedelta(hours=2), "created_at": now - timedelta(hours=2)}
    await ledger.channel(**given)
    await ledger.channel(OTHER, **given, is_min=True)
    await ledger.put(covered="{[1,2)}")
    await ledger.put(OTHER, 2, covered="{[1,2)}")
    found = await ledger.read()
    rounds = {chat.chat_id: [(audit.name, audit.is_late) for audit in chat.audits] for chat in found.chats}
    assert rounds == {CHANNEL: [("day", True)], OTHER: []}, "nobody looks at what no crawler has described"
    assert found.totals.late_audits == 1
    off = await ledger.read(is_audited=False)
    assert off.totals.late_audits == 0, "crawler.audit is off"


async def test_audit_without_a_target_is_never_late(ledger: Ledger) -> None:
    space = await ledger.channel()
    await ledger.put(covered="{[1,2)}")
    await ledger.rows.insert("audits", {"space_id": space, "chat_id": CHANNEL, "tier": 7, "period_seconds": 1e9})
    (audit,) = (await ledger.one()).audits
    assert (audit.name, audit.is_late) == ("tier 7", False)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.2504, "0.25 s"), (59.4, "59.4 s"), (59.6, "1 min"), (61, "1 min 1 s"), (3600, "1 h"),
     (3_661, "1 h 1 min"), (86_400 * 3 + 90, "3 d"), (86_400 * 40 + 7200, "40 d 2 h")],
)  # fmt: skip
def test_spans_are_said_in_two_units_at_most(seconds: float, words: str) -> None:
    assert spans.span(seconds) == words


# -- digests ------------------------------------------------------------------------------------------------------


async def test_digest_is_of_the_documented_form(ledger: Ledger) -> None:
    await ledger.channel()
    await ledger.rows.message(CHANNEL, 1, 'a "ü"\n', sender_id=5, entities=[["bold", 0, 1]])
    await ledger.rows.message(CHANNEL, 20_000, "", edit_date=ledger.rows.moment, media={"kind": "photo", "id": 7})
    moment = int(ledger.rows.moment.timestamp())
    nothing = [None] * 4
    first = [1, 1, CHANNEL, 5, moment + 60, 'a "ü"\n', [["bold", 0, 1]], *nothing, None, None, None, None, False]
    second = [1, 20_000, CHANNEL, None, moment + 1_200_000, "", None, *nothing, None,
              {"id": 7, "kind": "photo"}, None, moment, False]  # fmt: skip

    def sha(data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    lines = [json.dumps(row, ensure_ascii=False).encode() for row in (first, second)]
    # The two ids lie in different stretches of 16,384.
    assert await ledger.digest() == hashlib.sha256(b"".join(sha(sha(line)) for line in lines)).hexdigest()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("text", "'another'"),
        ("entities", """'[["bold", 0, 2]]'"""),
        ("date", "date + interval '1 second'"),
        ("sender_id", "6"),
        ("edit_date", "now()"),
        ("media", """'{"kind": "photo"}'"""),
        ("service", """'{"type": "pin_message"}'"""),
        ("forward", """'{"from_id": 5}'"""),
        ("topic_id", "4"),
        ("album_id", "4"),
        ("reply_to_message_id", "4"),
        ("message_id", "99"),
    ],
)
async def test_digest_tells_every_difference_that_people_see(ledger: Ledger, column: str, value: str) -> None:
    await ledger.channel()
    await ledger.messages([1, 2, 3], sender_id=5)
    before = await ledger.digest()
    async with ledger.database.connection() as conn:
        await conn.execute(f"UPDATE messages SET {column} = {value} WHERE message_id = 2")
    assert await ledger.digest() != before


async def test_digest_tells_a_deletion_and_a_missing_row(ledger: Ledger) -> None:
    await ledger.channel()
    await ledger.messages([1, 2, 3])
    digests = [await ledger.digest()]
    async with ledger.database.connection() as conn:
        await conn.execute("UPDATE messages SET deleted_at = now(), deleted_as_of = 9 WHERE message_id = 2")
        digests.append(await ledger.digest())
        await conn.execute("DELETE FROM messages WHERE message_id = 2")
        digests.append(await ledger.digest())
    assert len(set(digests)) == 3


async def test_digest_is_the_same_whoever_stored_the_rows_and_when(ledger: Ledger) -> None:
    """Order of arrival, moments of storing, freshness, raw bytes, hidden edits and the session's settings differ."""
    await ledger.channel()
    await ledger.messages([3, 1, 2])
    before = await ledger.digest()
    async with ledger.database.connection() as conn:
        await conn.execute(
            "UPDATE messages SET stored_at = '2020-01-01', as_of = 900, raw = 'x', fingerprint = 5, layer = 1,"
            " is_edit_hidden = true, edit_date = now()"
        )
        # The physical order of the rows turns round.
        await conn.execute("UPDATE messages SET is_pinned = true WHERE message_id = 2")
        await conn.execute("UPDATE messages SET is_outgoing = true WHERE message_id = 1")
        await conn.execute("SET TIME ZONE 'Asia/Tokyo'; SET DateStyle = 'German'; SET enable_indexscan = off")
        assert await digest.chats(conn, [(SPACE, CHANNEL)]) == {CHANNEL: before}
        await conn.execute("RESET ALL")


async def test_digest_of_the_archive_covers_each_chat_with_messages(ledger: Ledger) -> None:
    await ledger.channel(title="A")
    await ledger.channel(OTHER, title="B")
    await ledger.messages([1])
    await ledger.put(OTHER, 2, covered="{[1,2)}")
    steps: list[tuple[int, int]] = []
    async with integrity.moment(ledger.database) as conn:
        found = await integrity.verify(conn, is_audited=True, progress=lambda *step: steps.append(step))
    first, second = found.chats
    assert second.digest is None
    assert found.digest == hashlib.sha256(f"{CHANNEL} {first.digest}\n".encode()).hexdigest()
    assert steps == [(1, 2), (2, 2)]
    assert (await ledger.read()).digest is None


# -- losses and gaps ----------------------------------------------------------------------------------------------


async def lose(ledger: Ledger, space_id: int, reason: str, to_pts: int = 9, minutes: int = 0) -> None:
    moment = ledger.rows.moment + timedelta(minutes=minutes)
    columns = {"space_id": space_id, "from_pts": 2, "to_pts": to_pts, "reason": reason, "noticed_at": moment}
    await ledger.rows.insert("known_losses", columns)


async def test_losses_say_of_whom_why_and_whether_they_go_on(ledger: Ledger) -> None:
    await ledger.channel(title="Harbour")
    await ledger.channel(GROUP, kind="group", title="Club")
    await ledger.messages([1])
    await ledger.messages([1], GROUP)
    await ledger.rows.insert("accounts", {"label": "Ada", "user_id": 7, "dc_id": 2})
    await lose(ledger, SPACE, "too_long", minutes=3)
    await lose(ledger, MAILBOX, "too_long", minutes=2)
    await lose(ledger, MAILBOX, f"left:{GROUP}", mailboxes.OPEN)
    await lose(ledger, SPACE, "something_new", minutes=1)
    found = (await ledger.read()).losses
    assert [(loss.title, loss.reason, loss.chat_id) for loss in found] == [
        ("Club", "left", GROUP),
        ("Harbour", "too_long", CHANNEL),
        ("Groups of Ada", "too_long", None),
        ("Harbour", "something_new", CHANNEL),
    ]
    assert [(loss.is_open, loss.to_pts) for loss in found[:2]] == [(True, None), (False, 9)]
    assert found[1].explanation == losses.REASONS["too_long"]
    assert "something new" in found[3].explanation
    assert [loss.title for loss in (await ledger.read(GROUP)).losses] == ["Club", "Groups of Ada"]
    assert [loss.title for loss in (await ledger.read(CHANNEL)).losses] == ["Harbour", "Harbour"]


async def notice(
    ledger: Ledger, space_id: int = SPACE, *, minutes: int = 0, closed: float | None = 5, **more: Any
) -> None:
    moment = ledger.rows.moment + timedelta(minutes=minutes)
    ending = {} if closed is None else {"closed_at": moment + timedelta(seconds=closed), "closed_by": "difference"}
    columns = {"space_id": space_id, "cause": "pts", "from_pts": 1, "to_pts": 4, "events": 3, "noticed_at": moment}
    await ledger.rows.insert("gaps", {**columns, **ending, **more})


async def gap_page(ledger: Ledger, limit: int = 10, after: str | None = None, **query: Any) -> ledger_views.GapPage:
    async with ledger.database.connection() as conn:
        return await gaps.page(conn, gaps.Query(**query), after=after, limit=limit)


async def test_gap_says_how_it_closed_and_how_long_it_took(ledger: Ledger) -> None:
    await ledger.channel(title="Harbour")
    await notice(ledger, closed=2.5)
    (gap,) = (await gap_page(ledger)).gaps
    assert (gap.title, gap.cause, gap.events, gap.closed_by, gap.duration_seconds) == (
        "Harbour", "pts", 3, "difference", 2.5)  # fmt: skip
    assert gap.explanation == gaps.CAUSES["pts"]


async def test_gaps_are_chosen_by_chat_openness_and_time(ledger: Ledger) -> None:
    await ledger.channel()
    await ledger.channel(GROUP, kind="group")
    await notice(ledger, minutes=1)
    await notice(ledger, minutes=2, closed=None)
    await notice(ledger, MAILBOX, minutes=3)
    assert [gap.chat_id for gap in (await gap_page(ledger)).gaps] == [None, CHANNEL, CHANNEL]
    assert len((await gap_page(ledger, chats=[CHANNEL])).gaps) == 2
    assert [gap.title for gap in (await gap_page(ledger, chats=[GROUP])).gaps] == ["Groups of user 7"]
    assert [gap.closed_at for gap in (await gap_page(ledger, is_open=True)).gaps] == [None]
    since = ledger.rows.moment + timedelta(minutes=2)
    assert len((await gap_page(ledger, since=since)).gaps) == 2


async def test_pages_of_gaps_meet_without_overlap_also_within_one_moment(ledger: Ledger) -> None:
    await ledger.channel()
    for number in range(5):
        await notice(ledger, minutes=number // 3, events=number)
    seen: list[int] = []
    after: str | None = None
    while True:
        page = await gap_page(ledger, 2, after)
        seen += [gap.events for gap in page.gaps]
        if (after := page.after) is None:
            break
    assert seen == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("after", ["", "1", "x.1", "1.x", "9" * 30 + ".1", "1.-1", f"1.{2**63}"])
async def test_place_that_no_page_gave_is_refused(ledger: Ledger, after: str) -> None:
    with pytest.raises(errors.BadInput):
        await gap_page(ledger, after=after)


def test_every_cause_has_words() -> None:
    assert set(gaps.CAUSES) == set(get_args(sync_gaps.Cause))


async def test_whole_survey_is_of_one_moment(ledger: Ledger, database: store_database.Database) -> None:
    await ledger.channel()
    await ledger.messages([1])
    async with integrity.moment(database) as conn:
        before = await integrity.survey(conn, is_audited=True)
        await ledger.messages([2])
        assert (await integrity.survey(conn, is_audited=True)).totals == before.totals
    assert (await ledger.read()).totals.ids.stored == 2
