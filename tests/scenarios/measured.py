"""What a crawler in a process of its own says about itself, and what the machine says about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families


async def measured(installation: Any, name: str, **labels: str) -> float:
    """Return the sum of one metric of the crawler's process, of those samples that carry these labels."""
    note = json.loads((installation.settings.data_dir / "run" / "crawler.json").read_text())
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"http://127.0.0.1:{note['metrics_port']}/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return sum(sample.value for sample in families[name].samples if labels.items() <= sample.labels.items())


def resident_mb(pid: int) -> float:
    """Return how much memory a process has at this moment."""
    status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS:"))
