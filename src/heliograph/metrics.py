"""Prometheus metrics of every role, in one place so that names and labels stay consistent.

Labels are bounded: roles, method families, states, kinds, and the ids of boxes that lag. Never a user or a text.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily
from prometheus_client.registry import Collector

from heliograph import errors

disable_created_metrics()  # type: ignore[no-untyped-call]

LOOPBACK = "127.0.0.1"
LOOPBACK_NAMES = frozenset({"localhost", LOOPBACK, "::1"})

STALLS_NAME = "stalls"
"""In ``run/``; no ``.json``, since those are addresses."""

_LATENCY_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)

DELIVERY_LATENCY = Histogram(
    "heliograph_delivery_latency_seconds",
    "From Telegram's push of an update to its hand-over to a WebSocket client.",
    buckets=_LATENCY_BUCKETS,
)
COMMIT_SECONDS = Histogram("heliograph_commit_seconds", "Duration of one group commit.", buckets=_LATENCY_BUCKETS)
ROWS = Counter("heliograph_rows_total", "Rows committed, by kind.", ["kind"])
QUEUE_DEPTH = Gauge(
    "heliograph_queue_depth", "Update containers that wait and batches that are not committed yet, by queue.", ["queue"]
)
BOX_LAG = Gauge(
    "heliograph_box_lag_events", "Known but not yet committed events, largest over the boxes, by kind.", ["kind"]
)
LAGGING = Gauge(
    "heliograph_lagging_box_events",
    "Known but not yet committed events of one box, by its space id; a box that has none has no series.",
    ["box"],
)
BOXES = Gauge("heliograph_boxes", "Boxes by state of the sequence engine.", ["state"])
BUDGET = Gauge("heliograph_budget_tokens", "Requests allowed at this moment, by method family.", ["family"])
FLOOD_WAITS = Counter("heliograph_flood_waits_total", "FLOOD_WAIT answers, by method family.", ["family"])
RPC_SECONDS = Histogram(
    "heliograph_rpc_seconds", "Duration of Telegram requests, by method family.", ["family"], buckets=_LATENCY_BUCKETS
)
SPOOL_BATCHES = Gauge("heliograph_spool_batches", "Batches in the local spool, not yet in the database.")
SPOOL_BYTES = Gauge("heliograph_spool_bytes", "Size of the local spool on disk.")
RECONNECTS = Counter("heliograph_reconnects_total", "Connections to Telegram that were made again.")
LOOP_LAG = Gauge(
    "heliograph_loop_lag_seconds", "The longest that the process kept its own tasks waiting in the last seconds."
)
FEED_LAG = Gauge(
    "heliograph_feed_lag_seconds", "How long the oldest update waits to be taken, or an account's line is silent."
)
WRITER_LAG = Gauge("heliograph_writer_lag_seconds", "How long the oldest live batch waits for its commit.")
LIVE_CLIENTS = Gauge("heliograph_live_clients", "Connected WebSocket clients.")


@contextlib.contextmanager
def exposed(data_dir: Path, role: str, port: int = 0) -> Iterator[int]:
    """Serve this process's metrics on loopback and leave the port where the web role looks for it.

    It merges what it finds in ``run/<role>.json`` into its own /metrics. Yields the port; 0 picks a free one. Raises
    PortTaken.
    """
    try:
        server = _Server((LOOPBACK, port), _Handler, data_dir)
    except OSError:
        raise errors.PortTaken(f"Port {port} is in use; choose another as web.metrics_port, or 0.") from None
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    note = data_dir / "run" / f"{role}.json"
    note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = note.with_suffix(".part")
    part.write_text(json.dumps({"metrics_port": server.server_port, "pid": os.getpid()}), "utf-8")
    part.replace(note)
    try:
        yield server.server_port
    finally:
        note.unlink(missing_ok=True)
        server.shutdown()
        server.server_close()
        thread.join()


def count_stall(data_dir: Path, part: str) -> None:
    """Count a part that has stopped moving, in a file: the process that is about to say so ends with it."""
    file = data_dir / "run" / STALLS_NAME
    found = _stalls(data_dir)
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = file.with_suffix(".part")
        new.write_text(json.dumps({**found, part: found.get(part, 0) + 1}), "utf-8")
        new.replace(file)


def _told_stalls(data_dir: Path) -> bytes:
    family = CounterMetricFamily(
        "heliograph_stalls", "Parts that stopped moving, so that their process was started again.", labels=["part"]
    )
    for part, count in _stalls(data_dir).items():
        family.add_metric([part], count)
    registry = CollectorRegistry()
    registry.register(_Given(family))
    return generate_latest(registry)


def _stalls(data_dir: Path) -> dict[str, int]:
    try:
        found = json.loads((data_dir / "run" / STALLS_NAME).read_text("utf-8"))
        return {str(part): int(count) for part, count in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


class _Given(Collector):
    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterable[Metric]:
        return [self._family]


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # Two processes on one port would each be asked now and then.
    allow_reuse_port = False

    def __init__(self, address: tuple[str, int], handler: type[_Handler], data_dir: Path) -> None:
        super().__init__(address, handler)
        self.data_dir = data_dir

    def handle_error(self, request: object, client_address: object) -> None:
        """Let a scraper hang up."""


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers ``GET /metrics`` of this machine's programs, and nothing that a page of another site can ask for."""

    timeout = 10

    def do_GET(self) -> None:
        """Answer with the metrics, or refuse."""
        if not self._is_local():
            self._answer(403, b"This port answers only to loopback names such as 127.0.0.1.\n", "text/plain")
        elif self.path.partition("?")[0] != "/metrics":
            self._answer(404, b"There is only /metrics.\n", "text/plain")
        else:
            assert isinstance(self.server, _Server)
            self._answer(200, generate_latest() + _told_stalls(self.server.data_dir), CONTENT_TYPE_LATEST)

    def log_message(self, format: str, *_: object) -> None:
        """Say nothing: who asks how often is no event."""

    def _is_local(self) -> bool:
        """Say whether the request names this machine: by DNS rebinding a page may come here under its own name."""
        hosts = self.headers.get_all("Host", [])
        try:
            name = urlsplit(f"//{hosts[0]}").hostname if len(hosts) == 1 else None
        except ValueError:
            name = None
        return name in LOOPBACK_NAMES and "Origin" not in self.headers

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
