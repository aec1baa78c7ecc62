"""Structured logs: fixed snake_case event names with fields, as JSON lines or for a console.

Never message text, phone numbers, tokens or session strings; ids, counts and durations are enough to find a fault.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Literal

import structlog

LogFormat = Literal["console", "json"]


def setup(*, form: LogFormat = "console", level: str = "info") -> None:
    """Send structlog and the standard library's logging to stderr in one form."""
    numeric = logging.getLevelNamesMapping()[level.upper()]
    # Tracebacks never show local variables: those hold message text, keys and codes.
    rendering: list[structlog.typing.Processor] = (
        [
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ]
        if form == "json"
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries speak up only when something is wrong: Telethon's INFO lines carry update contents.
    root.setLevel(max(numeric, logging.WARNING))


def cause(error: BaseException) -> dict[str, str]:
    """Return an exception as fields of a log line: its type, its SQLSTATE if it has one, our places and the innermost.

    Never its words: what a library says quotes what it was given, as PostgreSQL does with the row that failed.
    """
    fields = {"error": type(error).__name__}
    if isinstance(code := getattr(error, "sqlstate", None), str):
        fields["sqlstate"] = code
    walked = traceback.walk_tb(error.__traceback__)
    places = [f"{frame.f_globals.get('__name__', '')}:{line}" for frame, line in walked]
    ours = [place for place in places if place.startswith("heliograph.")]
    return {**fields, "where": " > ".join(dict.fromkeys([*ours, *places[-1:]]))}


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return a logger whose lines carry ``module=name``."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(module=name)
    return logger
