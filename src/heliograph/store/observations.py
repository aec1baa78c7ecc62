"""Views, forwards, replies, reactions, polls: samples with their time, kept only when they differ from the last.

The newest sample stands in ``observations``, earlier ones in ``observation_history``, thinned so that a post which a
crowd is watching does not outgrow its text. They are outside the promise of completeness: Telegram never sends them
again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import psycopg

from heliograph.domain import records
from heliograph.store import arrays, messages
from heliograph.store.database import Connection

KEPT_EVERY: Final = "interval '15 minutes'"
"""At least so much lies between two earlier samples of a message."""

# A sample names what changed; what it leaves out stays as it was.
_NOTE: Final = f"""
WITH known AS MATERIALIZED (
    SELECT s.space_id, s.message_id, s.observed_at, s.place, coalesce(s.views, o.views) AS views,
           coalesce(s.forwards, o.forwards) AS forwards, coalesce(s.replies, o.replies) AS replies,
           coalesce(s.reactions::jsonb, o.reactions) AS reactions, coalesce(s.poll::jsonb, o.poll) AS poll,
           o.observed_at AS old_observed_at, o.views AS old_views, o.forwards AS old_forwards,
           o.replies AS old_replies, o.reactions AS old_reactions, o.poll AS old_poll
    FROM unnest(%s, %s, %s, %s, %s, %s, %s, %s)
        WITH ORDINALITY AS s (space_id, message_id, observed_at, views, forwards, replies, reactions, poll, place)
    LEFT JOIN LATERAL (
        SELECT * FROM observations o WHERE o.space_id = s.space_id AND o.message_id = s.message_id OFFSET 0
    ) o ON true
), fresh AS MATERIALIZED (
    SELECT * FROM known
    WHERE old_observed_at IS NULL OR observed_at >= old_observed_at
        AND (views, forwards, replies, reactions, poll)
            IS DISTINCT FROM (old_views, old_forwards, old_replies, old_reactions, old_poll)
), kept AS (
    INSERT INTO observation_history (space_id, message_id, observed_at, views, forwards, replies, reactions, poll)
    SELECT space_id, message_id, old_observed_at, old_views, old_forwards, old_replies, old_reactions, old_poll
    FROM fresh WHERE old_observed_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM observation_history h
        WHERE h.space_id = fresh.space_id AND h.message_id = fresh.message_id
          AND h.observed_at > old_observed_at - {KEPT_EVERY}
    )
    ON CONFLICT DO NOTHING
), noted AS (
    INSERT INTO observations (space_id, message_id, observed_at, views, forwards, replies, reactions, poll)
    SELECT space_id, message_id, observed_at, views, forwards, replies, reactions, poll FROM fresh
    ON CONFLICT (space_id, message_id) DO UPDATE SET
        observed_at = EXCLUDED.observed_at, views = EXCLUDED.views, forwards = EXCLUDED.forwards,
        replies = EXCLUDED.replies, reactions = EXCLUDED.reactions, poll = EXCLUDED.poll
)
SELECT place - 1, (
    SELECT m.chat_id FROM messages m WHERE m.space_id = fresh.space_id AND m.message_id = fresh.message_id
) FROM fresh
"""


KINDS: Final = "int8 int4 time int4 int4 int4 json json"
"""Types of :func:`columns`, for arrays.pack_rows."""


def columns(sample: records.Observation) -> tuple[Any, ...]:
    """Return a sample's values in the order of the table's columns."""
    return (
        sample.space_id,
        sample.message_id,
        sample.observed_at,
        sample.views,
        sample.forwards,
        sample.replies,
        sample.reactions,
        sample.poll,
    )


def fold(observations: Sequence[tuple[int, records.Observation]]) -> list[tuple[int, records.Observation]]:
    """Keep one sample per message, the newest, completed from older ones. Pairs are (batch, observation)."""
    kept: dict[messages.Key, tuple[int, records.Observation]] = {}
    for batch, sample in sorted(observations, key=lambda pair: pair[1].observed_at):
        key = (sample.space_id, sample.message_id)
        kept[key] = (batch, _completed(sample, kept[key][1]) if key in kept else sample)
    return list(kept.values())


async def note(conn: Connection, samples: Sequence[records.Observation]) -> psycopg.AsyncCursor[tuple[Any, ...]]:
    """Store samples of different messages; the result's rows are (index, chat id or None) of those that changed."""
    packed = arrays.pack_rows(KINDS, map(columns, samples))
    return await conn.execute(_NOTE, packed, prepare=True, binary=True)


def _completed(sample: records.Observation, older: records.Observation) -> records.Observation:
    return replace(
        sample,
        views=older.views if sample.views is None else sample.views,
        forwards=older.forwards if sample.forwards is None else sample.forwards,
        replies=older.replies if sample.replies is None else sample.replies,
        reactions=older.reactions if sample.reactions is None else sample.reactions,
        poll=older.poll if sample.poll is None else sample.poll,
    )
