"""The API's description: complete, stable, and the one that the front end's client is generated from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from heliograph.web import openapi

KEPT = Path(__file__).parents[2] / "frontend" / "openapi.json"


@pytest.fixture(scope="module")
def text() -> bytes:
    return openapi.text()


def test_kept_description_is_the_present_one(text: bytes) -> None:
    assert KEPT.read_bytes() == text, "run `python -m heliograph.web.openapi > frontend/openapi.json`"


def test_description_is_the_same_each_time(text: bytes) -> None:
    assert openapi.text() == text


def test_operations_have_short_names_of_their_own(text: bytes) -> None:
    operations = [each["operationId"] for path in json.loads(text)["paths"].values() for each in path.values()]
    assert len(operations) == len(set(operations))
    assert all(name.isidentifier() and len(name) < 24 for name in operations)


def test_every_reference_leads_somewhere(text: bytes) -> None:
    components = json.loads(text)["components"]["schemas"]
    references = {part.split('"')[0] for part in text.decode().split("#/components/schemas/")[1:]}
    assert references <= set(components)
    assert {"LiveEvent", "LiveMessage", "LiveResync", "Problem"} <= set(components)
    assert "HTTPValidationError" not in components
