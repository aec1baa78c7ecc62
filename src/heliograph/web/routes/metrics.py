"""``/metrics``: this process's metrics and those of the other roles on this machine, each labelled with its role.

A role that serves no pages of its own (the crawler) opens a loopback port with ``heliograph.metrics.expose`` and
leaves its address in ``run/<role>.json`` in the data directory. Here each of these is fetched and merged by metric
family, so that one scrape sees the whole installation; ``heliograph_role_up`` says which roles answered. Roles on
other machines are scraped where they are.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path

import httpx
from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from heliograph.web import security
from heliograph.web.context import Parts

router = APIRouter(tags=["metrics"])

DEADLINE_SECONDS = 2.0


@router.get("/metrics", response_class=Response)
async def get_metrics(parts: Parts, asker: security.Asker) -> Response:
    """Return all roles' metrics in Prometheus's text format."""
    addresses = await asyncio.to_thread(_addresses, parts.settings.data_dir / "run")
    async with httpx.AsyncClient(timeout=DEADLINE_SECONDS, trust_env=False) as client:
        texts = await asyncio.gather(*(_fetch(client, url) for url in addresses.values()))
    others = dict(zip(addresses, texts, strict=True))
    merged = merge({"web": generate_latest().decode(), **{role: text for role, text in others.items() if text}})
    merged.append(_up(others))
    registry = CollectorRegistry()
    registry.register(_Given(merged))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def merge(texts: dict[str, str]) -> list[Metric]:
    """Return the metric families of several roles' expositions, each sample labelled with its role."""
    families: dict[str, Metric] = {}
    for role, text in texts.items():
        for family in text_string_to_metric_families(text):
            whole = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                whole.add_sample(sample.name, {**sample.labels, "role": role}, sample.value)
    return [family for name, family in families.items() if not name.endswith("_created")]


class _Given(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _addresses(directory: Path) -> dict[str, str]:
    found = {}
    for path in sorted(directory.glob("*.json")):
        try:
            found[path.stem] = f"http://127.0.0.1:{int(json.loads(path.read_text())['metrics_port'])}/metrics"
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


async def _fetch(client: httpx.AsyncClient, url: str) -> str | None:
    try:
        answer = await client.get(url)
        return answer.raise_for_status().text
    except httpx.HTTPError:
        return None


def _up(texts: dict[str, str | None]) -> Metric:
    up = Metric("heliograph_role_up", "Whether a role's metrics could be read.", "gauge")
    for role, text in {"web": "", **texts}.items():
        up.add_sample("heliograph_role_up", {"role": role}, 0.0 if text is None else 1.0)
    return up
