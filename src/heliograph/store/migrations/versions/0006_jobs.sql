-- Why: docs/decisions/0010-jobs.md.

-- What people asked to have written to a file, how far it is, and where the file is once it is done.
CREATE TABLE exports (
    export_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request jsonb NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    job_id bigint,
    attempt integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    broken_off integer NOT NULL DEFAULT 0 CHECK (broken_off BETWEEN 0 AND attempt),
    holder text,
    done bigint NOT NULL DEFAULT 0 CHECK (done >= 0),
    total bigint CHECK (total >= 0),
    file_name text,
    bytes bigint CHECK (bytes >= 0),
    error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    expires_at timestamptz,
    CHECK ((state IN ('queued', 'running')) = (finished_at IS NULL)),
    -- prevents a download that leads nowhere
    CHECK (state <> 'done' OR (file_name IS NOT NULL AND bytes IS NOT NULL AND expires_at IS NOT NULL)),
    -- prevents a failure that nobody can read
    CHECK ((state = 'failed') = (error IS NOT NULL))
) WITH (fillfactor = 50);
CREATE INDEX exports_expiring ON exports (expires_at);
COMMENT ON COLUMN exports.done IS 'messages written, of total';
COMMENT ON COLUMN exports.job_id IS 'of procrastinate_jobs; that row goes when the work is over, this one stays';
COMMENT ON COLUMN exports.attempt IS 'counts the workers that took it: only the newest may write here';
COMMENT ON COLUMN exports.broken_off IS 'attempts that never said how they ended: the worker or the database was gone';
COMMENT ON COLUMN exports.holder IS 'the worker that has it, named as in heartbeats';
