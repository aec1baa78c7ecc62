-- Why: docs/decisions/0006-reconcile.md.

-- What cannot be asked for although it may exist, and what one probe found empty and a second has to confirm.
ALTER TABLE coverage
    ADD COLUMN unreachable int8multirange NOT NULL DEFAULT '{}',
    ADD COLUMN suspects int8multirange NOT NULL DEFAULT '{}',
    ADD COLUMN suspected_at timestamptz,
    ADD COLUMN fresh_suspects int8multirange NOT NULL DEFAULT '{}',
    ADD COLUMN freshened_at timestamptz,
    ADD CHECK (NOT unreachable && holes),
    ADD CHECK (NOT unreachable && covered);
COMMENT ON COLUMN coverage.suspected_at IS 'when the last of the suspects was found empty that are not fresh';
COMMENT ON COLUMN coverage.fresh_suspects IS 'suspects that came after suspected_at: they wait until the others are gone';
COMMENT ON COLUMN coverage.as_of IS 'the pts of the newest hole: nothing that was asked for before it closes anything';
-- What is older than the history that was asked for was never wanted, so it is not owed either.
UPDATE coverage v SET holes = v.holes * int8multirange(int8range(lower(v.covered), NULL))
FROM chats c WHERE c.chat_id = v.chat_id AND c.since IS NOT NULL AND NOT isempty(v.covered);

-- Messages that delete themselves: servers may tell nobody when they do.
CREATE INDEX messages_expiring ON messages (date) WHERE ttl_seconds IS NOT NULL AND deleted_at IS NULL;

-- Every stretch that was not followed as it happened: a difference that brought something, or a loss with its repair.
CREATE TABLE gaps (
    gap_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    space_id bigint NOT NULL CHECK (space_id <> 0),
    cause text NOT NULL CHECK (cause IN (
        'start', 'pts', 'seq', 'reconnected', 'new_session', 'undecodable', 'overflow', 'silence', 'pushed_too_long',
        'account_difference', 'sentinel', 'unknown_peer', 'cursor_ahead', 'cursor_invalid', 'database', 'access',
        'recovered')),
    from_pts integer NOT NULL,
    to_pts integer NOT NULL,
    events integer NOT NULL DEFAULT 0 CHECK (events >= 0),
    noticed_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by text CHECK (closed_by IN ('difference', 'probe', 'backfill')),
    is_lost boolean NOT NULL DEFAULT false,
    CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
    CHECK (closed_at >= noticed_at)
);
CREATE INDEX gaps_noticed ON gaps (noticed_at);
CREATE INDEX gaps_open ON gaps (space_id) WHERE closed_at IS NULL;
-- prevents two records of one absence: a box that is behind is behind once
CREATE UNIQUE INDEX gaps_under_way ON gaps (space_id) WHERE closed_at IS NULL AND NOT is_lost;
COMMENT ON COLUMN gaps.is_lost IS 'the log was gone: it stays open until its hole is closed, not until the difference is there';

-- How far the rolling audit of a chat is, by the age of what is audited.
CREATE TABLE audits (
    space_id bigint NOT NULL,
    chat_id bigint NOT NULL,
    tier smallint NOT NULL CHECK (tier >= 0),
    next_id integer NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    period_seconds double precision CHECK (period_seconds >= 0),
    target_seconds double precision CHECK (target_seconds > 0),
    checked bigint NOT NULL DEFAULT 0,
    edits_found bigint NOT NULL DEFAULT 0,
    deletions_found bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (space_id, chat_id, tier)
) WITH (fillfactor = 50);
COMMENT ON COLUMN audits.period_seconds IS 'how long the last whole round took from the one before it';
COMMENT ON COLUMN audits.target_seconds IS 'how long a round may take, as the crawler that walks it was told: more is a warning';

-- What a replay needs to make the row, and how the letter ended.
ALTER TABLE dead_letters
    ADD COLUMN kind text NOT NULL DEFAULT 'message' CHECK (kind IN ('message', 'update', 'record')),
    ADD COLUMN as_of integer,
    ADD COLUMN account_id bigint REFERENCES accounts ON DELETE SET NULL,
    ADD COLUMN received_at timestamptz,
    ADD COLUMN resolution text CHECK (resolution IN ('replayed', 'discarded')),
    ADD COLUMN chat_id bigint,
    ADD COLUMN version text NOT NULL DEFAULT gen_random_uuid()::text;
COMMENT ON COLUMN dead_letters.version IS 'what tells it from other letters of its message: a hash of what changes';
UPDATE dead_letters SET resolution = 'discarded' WHERE resolved_at IS NOT NULL;
UPDATE dead_letters SET chat_id = -1000000000000 - space_id WHERE space_id > 0;
ALTER TABLE dead_letters
    ADD CHECK ((resolved_at IS NULL) = (resolution IS NULL));
-- prevents a second letter of what is fetched again and fails again, as in an audit; one that was discarded counts
CREATE UNIQUE INDEX dead_letters_once ON dead_letters (kind, space_id, message_id, version) NULLS NOT DISTINCT
    WHERE resolution IS DISTINCT FROM 'replayed';

-- What the governor has learned of Telegram's limits: {family: {"per_second": 1.2, "learned_at": "…"}}.
ALTER TABLE accounts ADD COLUMN budgets jsonb NOT NULL DEFAULT '{}';

-- When a lease was last known to be held: one that was lost with its server is not taken over at once.
ALTER TABLE leases ADD COLUMN renewed_at timestamptz NOT NULL DEFAULT now();

-- What each process says of itself every few seconds: its lags, its spool, its stalls.
CREATE TABLE heartbeats (
    role text NOT NULL,
    holder text NOT NULL,
    beat_at timestamptz NOT NULL DEFAULT now(),
    detail jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (role, holder)
) WITH (fillfactor = 50);
