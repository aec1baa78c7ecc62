-- The cluster, its timeline, the database and its files as they were at the last start; NULL until the first one.
-- It travels with a dump or a copy, and what it then names is not where it is.
ALTER TABLE outbox_counter ADD COLUMN lineage text;
