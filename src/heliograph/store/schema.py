"""The schema as it stands in a database, in words: ``docs/schema.sql`` is this for the newest migration.

It is read from the catalogue instead of the migrations, so the document cannot drift from what they really make.
"""

from __future__ import annotations

from typing import Final

from heliograph.store.database import Connection

_HEADER: Final = """\
-- What the migrations make, read back from a database: a test keeps this file equal to them.
-- Why it looks like this: docs/decisions/0001-data-model.md. The partitions of each table are left out.
"""
_TABLES: Final = """
SELECT c.oid::int8, c.relname, pg_get_partkeydef(c.oid),
       (SELECT string_agg(option, ', ' ORDER BY option) FROM unnest(c.reloptions) AS option)
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname <> 'alembic_version'
ORDER BY c.relname
"""
_COLUMNS: Final = """
SELECT format('%%I %%s%%s%%s', a.attname, format_type(a.atttypid, a.atttypmod),
              CASE WHEN a.attidentity = 'a' THEN ' GENERATED ALWAYS AS IDENTITY'
                   WHEN d.oid IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END,
              CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END)
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_CONSTRAINTS: Final = """
SELECT pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s AND contype IN ('p', 'u', 'f', 'c') AND conparentid = 0
ORDER BY array_position(ARRAY['p', 'u', 'f', 'c'], contype::text), pg_get_constraintdef(oid)
"""
_INDEXES: Final = """
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid = %s AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
ORDER BY i.indexrelid::regclass::text
"""
_SEARCH: Final = """
SELECT format('-- text search configuration %%s: %%s as %%s', c.cfgname,
              (SELECT alias FROM ts_token_type(c.cfgparser) t WHERE t.tokid = m.maptokentype),
              string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno))
FROM pg_ts_config c JOIN pg_ts_config_map m ON m.mapcfg = c.oid
WHERE c.cfgname = 'heliograph'
GROUP BY c.cfgname, c.cfgparser, m.maptokentype ORDER BY m.maptokentype
"""


async def describe(conn: Connection) -> str:
    """Return the tables, constraints, indexes and search configuration of a database as SQL-like text."""
    parts = [_HEADER]
    cursor = await conn.execute(_TABLES)
    for oid, name, partition_key, options in await cursor.fetchall():
        lines = await _lines(conn, _COLUMNS, oid) + await _lines(conn, _CONSTRAINTS, oid)
        body = ",\n    ".join(lines)
        tail = f" PARTITION BY {partition_key}" if partition_key else ""
        tail += f" WITH ({options})" if options else ""
        parts.append(f"CREATE TABLE {name} (\n    {body}\n){tail};\n")
        parts += [f"{line};\n" for line in await _lines(conn, _INDEXES, oid)]
    parts += [f"{line}\n" for line in await _lines(conn, _SEARCH)]
    return "\n".join(parts)


async def _lines(conn: Connection, query: str, *arguments: int) -> list[str]:
    # With a placeholder that is not used, %% stays an escape in every query.
    cursor = await conn.execute(query, list(arguments))
    return [row[0] for row in await cursor.fetchall()]
