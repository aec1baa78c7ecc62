"""/metrics: one scrape for all roles of this machine."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from heliograph import config, errors, metrics

WANTED = {
    "heliograph_delivery_latency_seconds",
    "heliograph_queue_depth",
    "heliograph_box_lag_events",
    "heliograph_lagging_box_events",
    "heliograph_budget_tokens",
    "heliograph_reconnects",
    "heliograph_rows",
    "heliograph_live_clients",
    "heliograph_role_up",
}


def roles_up(text: str) -> dict[str, float]:
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return {sample.labels["role"]: sample.value for sample in families["heliograph_role_up"].samples}


async def test_another_role_s_metrics_are_merged_and_labelled(
    client: httpx.AsyncClient, settings: config.Settings
) -> None:
    with metrics.exposed(settings.data_dir, "crawler"):
        metrics.ROWS.labels(kind="message").inc()
        text = (await client.get("/metrics")).text
    families = [family.name for family in text_string_to_metric_families(text)]
    assert len(families) == len(set(families))
    assert set(families) >= WANTED
    assert roles_up(text) == {"web": 1, "crawler": 1}
    rows = [line for line in text.splitlines() if line.startswith("heliograph_rows_total{")]
    assert {("web" in line, "crawler" in line) for line in rows} == {(True, False), (False, True)}


async def test_role_that_went_away_is_down(client: httpx.AsyncClient, settings: config.Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = settings.data_dir / "run"
    folder.mkdir(parents=True)
    (folder / "crawler.json").write_text(json.dumps({"metrics_port": port}))
    (folder / "broken.json").write_text("{")
    assert roles_up((await client.get("/metrics")).text) == {"web": 1, "crawler": 0}


async def test_note_goes_with_the_role(settings: config.Settings) -> None:
    with metrics.exposed(settings.data_dir, "crawler") as port:
        note: dict[str, Any] = json.loads((settings.data_dir / "run" / "crawler.json").read_text())
        assert note["metrics_port"] == port
    assert not list((settings.data_dir / "run").glob("*.json"))


@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [
        ({}, "/metrics", 200),
        ({"Host": "localhost:9000"}, "/metrics", 200),
        ({"Host": "rebound.example"}, "/metrics", 403),
        ({"Host": "127.0.0.1.rebound.example:80"}, "/metrics", 403),
        ({"Host": "[::1"}, "/metrics", 403),
        ({"Host": ""}, "/metrics", 403),
        ({"Origin": "https://other.example"}, "/metrics", 403),
        ({}, "/", 404),
    ],
)
async def test_role_s_own_port_answers_this_machine_s_programs_only(
    settings: config.Settings, headers: dict[str, str], path: str, status: int
) -> None:
    with metrics.exposed(settings.data_dir, "crawler") as port:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{port}{path}", headers=headers)
    assert answer.status_code == status
    assert ("heliograph_rows_total" in answer.text) is (status == 200)


async def test_taken_metrics_port_is_one_sentence(settings: config.Settings) -> None:
    with (
        metrics.exposed(settings.data_dir, "crawler") as port,
        pytest.raises(errors.PortTaken, match=rf"Port {port} is in use; .* web.metrics_port"),
        metrics.exposed(settings.data_dir, "other", port),
    ):
        pass
