"""Search: what is found, how it is ranked, filtered and marked, and what the result admits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from heliograph.store.reads import search
from heliograph.web import schemas

HERE, THERE = -1_000_000_000_001, -1_000_000_000_002


@pytest.fixture
async def some(rows: Any) -> None:
    await rows.chat(HERE, title="Harbour")
    await rows.chat(THERE, title="Hills")
    await rows.user(5)
    await rows.message(HERE, 1, "The ferry leaves the harbour at noon", sender_id=5)
    # An anonymous admin's.
    await rows.message(HERE, 2, "ferry ferry ferry", media={"kind": "photo", "id": 1})
    await rows.message(THERE, 3, "No boats here, but a FERRY song")
    await rows.message(THERE, 4, "Café überall, паром и море")
    await rows.message(THERE, 5, "ferry moved", service={"type": "pin_message"})


def found(result: schemas.SearchResult) -> list[int]:
    return [hit.message.message_id for hit in result.hits]


async def test_best_match_comes_first(api: Any, some: None) -> None:
    result = await api.get(schemas.SearchResult, "/api/search", q="ferry")
    assert found(result)[0] == 2
    assert sorted(found(result)) == [1, 2, 3, 5]
    assert (result.total, result.is_truncated, result.ranked_newest) == (4, False, search.RANKED_NEWEST)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("cafe", [4]),
        ("ÜBERALL", [4]),
        ("Паром", [4]),
        ('"the ferry leaves"', [1]),
        ("ferry -song", [1, 2, 5]),
        ("noon or song", [1, 3]),
        ("nothing", []),
        ("the & | ! :* <-> ''", [1]),
        ("\x00", []),
        ("- \" '", []),
    ],
)
async def test_words_as_people_type_them(api: Any, some: None, query: str, expected: list[int]) -> None:
    assert sorted(found(await api.get(schemas.SearchResult, "/api/search", q=query))) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"chat": HERE}, [1, 2]),
        ({"sender": 5}, [1]),
        ({"sender": HERE}, [2]),
        ({"kind": "photo"}, [2]),
        ({"kind": "media"}, [2]),
        ({"kind": "service"}, [5]),
        ({"kind": "text"}, [1, 3]),
        ({"chat": THERE, "kind": "text"}, [3]),
        ({"chat": 12345}, []),
    ],
)
async def test_filters_narrow(api: Any, some: None, filters: dict[str, Any], expected: list[int]) -> None:
    assert sorted(found(await api.get(schemas.SearchResult, "/api/search", q="ferry", **filters))) == expected


async def test_dates_are_from_included_to_excluded(api: Any, rows: Any, some: None) -> None:
    first, last = ((rows.moment + timedelta(minutes=minutes)).isoformat() for minutes in (2, 5))
    result = await api.get(schemas.SearchResult, "/api/search", **{"q": "ferry", "from": first, "to": last})
    assert sorted(found(result)) == [2, 3]


async def test_snippet_marks_hits_and_nothing_else(api: Any, rows: Any, some: None) -> None:
    await rows.message(HERE, 9, f"forged {search.HIT_STARTS}mark{search.HIT_ENDS} near a gangway <b> here")
    (hit,) = (await api.get(schemas.SearchResult, "/api/search", q="gangway")).hits
    assert hit.snippet == f"forged mark near a {search.HIT_STARTS}gangway{search.HIT_ENDS} <b> here"
    assert hit.chat_title == "Harbour"


async def test_pages_of_hits_don_t_overlap(api: Any, some: None) -> None:
    pages = [await api.get(schemas.SearchResult, "/api/search", q="ferry", limit=3, offset=each) for each in (0, 3, 6)]
    assert sorted(found(pages[0]) + found(pages[1])) == [1, 2, 3, 5]
    assert found(pages[2]) == []
    assert [page.total for page in pages] == [4, 4, 4]


async def test_only_the_newest_are_ranked_and_the_result_says_so(
    api: Any, some: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "RANKED_NEWEST", 2)
    result = await api.get(schemas.SearchResult, "/api/search", q="ferry")
    assert sorted(found(result)) == [3, 5]
    assert (result.total, result.is_truncated, result.ranked_newest) == (2, True, 2)


async def test_nothing_to_look_for_is_refused(api: Any) -> None:
    assert (await api.problem("/api/search"))["status"] == 422
    assert (await api.problem("/api/search", q=""))["status"] == 422
