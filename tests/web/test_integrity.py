"""Completeness over HTTP: the ledger, its holes page by page, and the gaps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from heliograph.web import ledger_schemas as schemas

CHANNEL, GROUP = -1_000_000_000_001, -11


@pytest.fixture
async def space(rows: Any) -> int:
    """A channel with three messages, one of them deleted, in a ledger of ten ids of which three are owed."""
    space: int = await rows.chat(CHANNEL, title="Harbour", username="harbour")
    await rows.insert("box_cursors", {"box": space, "pts": 9, "epoch": 1})
    ranges = {"covered": "{[1,8)}", "holes": "{[8,9),[9,11)}", "suspects": "{[9,10)}"}
    await rows.insert("coverage", {"space_id": space, "chat_id": CHANNEL, "as_of": 1, **ranges})
    await rows.message(CHANNEL, 1, "one")
    await rows.message(CHANNEL, 2, "two", deleted_at=rows.moment, deleted_as_of=2)
    await rows.message(CHANNEL, 9, "nine")
    return space


async def test_integrity_has_classes_holes_losses_and_audits(api: Any, rows: Any, space: int) -> None:
    loss = {"space_id": space, "from_pts": 1, "to_pts": 5, "reason": "too_long", "noticed_at": rows.moment}
    await rows.insert("known_losses", loss)
    audit = {"space_id": space, "chat_id": CHANNEL, "tier": 3, "period_seconds": 9e6, "target_seconds": 2592000.0}
    await rows.insert("audits", audit)
    found = await api.get(schemas.Integrity, "/api/integrity")
    (chat,) = found.chats
    assert chat.ids.model_dump() == {
        "stored": 1, "deleted": 1, "dead_letter": 0, "empty": 5,
        "unreachable": 0, "outside": 0, "open": 3, "unaccounted": 0}  # fmt: skip
    assert (chat.coverage, chat.rechecked, chat.suspects, chat.top_id) == (0.7, 1, 1, 10)
    assert chat.holes == [schemas.Hole(first_id=8, last_id=10)]
    assert found.totals.ids == chat.ids
    assert (found.is_complete, found.digest, chat.digest) == (False, None, None)
    assert [(each.title, each.reason, each.to_pts) for each in found.losses] == [("Harbour", "too_long", 5)]
    assert (found.totals.late_audits, chat.audits[0].is_late, len(chat.warnings)) == (1, True, 1)
    assert (found.followed_until, [each[:16] for each in found.warnings]) == (None, ["No crawler runs:"])


async def test_integrity_of_one_chat_and_digests_on_demand(api: Any, rows: Any, space: int) -> None:
    await rows.chat(GROUP, title="Club", kind="group")
    await rows.message(GROUP, 1, "one")
    assert [chat.title for chat in (await api.get(schemas.Integrity, "/api/integrity")).chats] == ["Club", "Harbour"]
    found = await api.get(schemas.Integrity, f"/api/integrity/{CHANNEL}", digest=True)
    (chat,) = found.chats
    assert chat.digest is not None
    assert found.digest is not None
    whole = await api.get(schemas.Integrity, "/api/integrity", digest=True)
    assert [each.digest for each in whole.chats if each.chat_id == CHANNEL] == [chat.digest]
    assert whole.digest != found.digest


async def test_unknown_chats_are_not_found(api: Any) -> None:
    for path, query in (("/api/integrity/-5", {}), ("/api/integrity/-5/holes", {}), ("/api/gaps", {"chat": -5})):
        assert (await api.problem(path, **query))["status"] == 404


async def test_holes_come_page_by_page(api: Any, rows: Any) -> None:
    space = await rows.chat(CHANNEL)
    holes = "{" + ",".join(f"[{n},{n + 1})" for n in range(1, 10, 2)) + ",[20,2147483648)}"
    await rows.insert("coverage", {"space_id": space, "chat_id": CHANNEL, "as_of": 1, "holes": holes})
    seen: list[tuple[int, int | None]] = []
    after: int | None = 0
    while after is not None:
        page = await api.get(schemas.HolePage, f"/api/integrity/{CHANNEL}/holes", after=after, limit=4)
        seen += [(hole.first_id, hole.last_id) for hole in page.holes]
        after = page.after
    assert seen == [(1, 1), (3, 3), (5, 5), (7, 7), (9, 9), (20, None)]


async def test_many_holes_are_counted_and_some_of_them_named(api: Any, rows: Any) -> None:
    space = await rows.chat(CHANNEL)
    holes = "{" + ",".join(f"[{n},{n + 1})" for n in range(1, 101, 2)) + "}"
    await rows.insert("coverage", {"space_id": space, "chat_id": CHANNEL, "as_of": 1, "holes": holes})
    (chat,) = (await api.get(schemas.Integrity, f"/api/integrity/{CHANNEL}")).chats
    assert (chat.hole_count, len(chat.holes)) == (50, 20)


async def test_gaps_are_filtered_and_paged(api: Any, rows: Any, space: int) -> None:
    await rows.chat(GROUP, title="Club", kind="group")
    for minutes in range(5):
        moment = rows.moment + timedelta(minutes=minutes)
        closed = {} if minutes == 4 else {"closed_at": moment + timedelta(seconds=1.5), "closed_by": "difference"}
        columns = {"cause": "silence", "from_pts": 1, "to_pts": 4, "events": minutes, "noticed_at": moment}
        await rows.insert("gaps", {"space_id": -7 if minutes == 0 else space, **columns, **closed})
    first = await api.get(schemas.GapPage, "/api/gaps", limit=3)
    rest = await api.get(schemas.GapPage, "/api/gaps", limit=3, after=first.after)
    assert [gap.events for gap in first.gaps + rest.gaps] == [4, 3, 2, 1, 0]
    assert (rest.after, rest.gaps[-1].chat_id, rest.gaps[-1].duration_seconds) == (None, None, 1.5)
    assert [gap.events for gap in (await api.get(schemas.GapPage, "/api/gaps", open=True)).gaps] == [4]
    assert [gap.events for gap in (await api.get(schemas.GapPage, "/api/gaps", chat=GROUP)).gaps] == [0]
    since = (rows.moment + timedelta(minutes=3)).isoformat()
    assert [gap.events for gap in (await api.get(schemas.GapPage, "/api/gaps", since=since)).gaps] == [4, 3]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/gaps", {"after": "nonsense"}),
        ("/api/gaps", {"since": "soon"}),
        ("/api/gaps", {"limit": 0}),
        ("/api/gaps", {"open": "perhaps"}),
        ("/api/gaps", {"chat": "harbour"}),
        ("/api/integrity", {"digest": "perhaps"}),
        ("/api/integrity/harbour", {}),
        ("/api/integrity/-1/holes", {"after": -1}),
    ],
)
async def test_bad_input_is_a_problem(api: Any, path: str, query: dict[str, Any]) -> None:
    assert (await api.problem(path, **query))["status"] == 422
