"""The page: its files, its addresses, and what is shown without it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest


@pytest.fixture
def built(tmp_path: Path) -> Path:
    page = tmp_path / "page"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>built</title>")
    (page / "assets" / "main-abc123.js").write_text("let x")
    (tmp_path / "master.key").write_text("secret")
    return page


@pytest.mark.parametrize("path", ["/", "/chat/-1000000000001", "/search?q=x"])
async def test_every_address_of_the_page_is_its_document(client: httpx.AsyncClient, built: Path, path: str) -> None:
    answer = await client.get(path)
    assert "built" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


async def test_assets_are_kept_for_good(client: httpx.AsyncClient, built: Path) -> None:
    answer = await client.get("/assets/main-abc123.js")
    assert answer.text == "let x"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")


async def test_part_of_a_file_that_there_is_not_is_a_problem(client: httpx.AsyncClient, built: Path) -> None:
    answer = await client.get("/assets/main-abc123.js", headers={"Range": "bytes=99-"})
    assert (answer.status_code, answer.headers["content-type"]) == (416, "application/problem+json")
    answer = await client.get("/", headers={"Range": "nonsense"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize("path", ["/../master.key", "/%2e%2e/master.key", "/assets/..%2f..%2fmaster.key", "/%00"])
async def test_nothing_outside_the_page_is_served(client: httpx.AsyncClient, built: Path, path: str) -> None:
    assert "secret" not in (await client.get(path)).text


async def test_missing_file_is_not_the_document(client: httpx.AsyncClient, built: Path) -> None:
    assert (await client.get("/assets/old-abc.js")).status_code == 404


async def test_without_a_built_page_the_reader_is_told_how_to_build_it(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert answer.status_code == 200
    assert "make page" in answer.text
    assert "<script" not in answer.text
