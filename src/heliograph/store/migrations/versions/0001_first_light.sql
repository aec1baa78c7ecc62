-- Heliograph's first schema. Why it looks like this: docs/decisions/0001-data-model.md.
-- A space is where message ids are unique; a peer or chat id is marked as in the Bot API (domain/identity.py).

-- Full text: no stemming, since one chat mixes languages; accents folded where the extension may be installed.
CREATE TEXT SEARCH CONFIGURATION heliograph (COPY = simple);
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS unaccent;
    ALTER TEXT SEARCH CONFIGURATION heliograph
        ALTER MAPPING FOR hword, hword_part, word WITH unaccent, simple;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE NOTICE 'unaccent is not available: search distinguishes accents';
END
$$;

-- Accounts and what they reach ------------------------------------------------------------------------------------

CREATE TABLE accounts (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- prevents two accounts that a person cannot tell apart
    label text NOT NULL UNIQUE,
    -- prevents one Telegram user from being crawled twice: its mailbox has one cursor
    user_id bigint NOT NULL UNIQUE CHECK (user_id > 0),
    phone_hint text,
    state text NOT NULL DEFAULT 'active'
        -- prevents a state that no code handles
        CHECK (state IN ('active', 'paused', 'signed_out', 'banned')),
    dc_id integer NOT NULL,
    dc_address text,
    dc_port integer,
    proxy text,
    session_ciphertext bytea,
    session_key_id text,
    -- {"method family": "ISO time until which Telegram refuses it"}
    frozen_until jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- prevents a ciphertext that no key can be found for
    CHECK ((session_ciphertext IS NULL) = (session_key_id IS NULL))
);

CREATE TABLE chats (
    chat_id bigint PRIMARY KEY,
    -- A channel's own space, or the one mailbox that is authoritative for a basic group.
    space_id bigint NOT NULL,
    kind text NOT NULL
        CHECK (kind IN ('channel', 'supergroup', 'forum', 'group', 'private')),
    title text NOT NULL,
    username text,
    member_count integer,
    is_min boolean NOT NULL DEFAULT false,
    is_left boolean NOT NULL DEFAULT false,
    migrated_to_chat_id bigint,
    linked_chat_id bigint,
    policy text NOT NULL DEFAULT 'mirror' CHECK (policy IN ('mirror', 'ignore')),
    status text NOT NULL DEFAULT 'initializing'
        CHECK (status IN ('active', 'inactive', 'error', 'initializing')),
    error_count integer NOT NULL DEFAULT 0,
    last_error text,
    -- Backfill: the next page holds ids above next_id; done and total count messages.
    next_id bigint NOT NULL DEFAULT 0,
    done integer NOT NULL DEFAULT 0,
    total integer NOT NULL DEFAULT 0,
    since timestamptz,
    is_complete boolean NOT NULL DEFAULT false,
    -- Kept by every commit from the rows that it really inserted, so that the list of chats reads no messages.
    message_count bigint NOT NULL DEFAULT 0,
    deleted_count bigint NOT NULL DEFAULT 0,
    last_message_id integer,
    last_message_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- prevents a channel in a mailbox, or a basic group outside one
    CHECK ((chat_id < -1000000000000) = (space_id > 0)),
    -- prevents counters that ran away from their rows
    CHECK (message_count >= 0 AND deleted_count >= 0)
) WITH (fillfactor = 70);

CREATE TABLE links (
    chat_id bigint NOT NULL,
    -- migration: a basic group became the other chat; discussion: a channel's posts are discussed there
    kind text NOT NULL CHECK (kind IN ('migration', 'discussion')),
    other_chat_id bigint NOT NULL,
    noticed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (chat_id, kind, other_chat_id),
    -- prevents a chat from following itself in circles
    CHECK (chat_id <> other_chat_id)
);

CREATE TABLE chat_access (
    account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
    -- A marked id carries its type, so a user and a channel of one number never share a hash.
    peer_id bigint NOT NULL,
    access_hash bigint,
    role text NOT NULL CHECK (role IN ('creator', 'admin', 'member', 'left', 'banned')),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, peer_id)
);

CREATE TABLE topics (
    space_id bigint NOT NULL,
    topic_id integer NOT NULL,
    title text NOT NULL,
    icon_color integer,
    is_closed boolean NOT NULL DEFAULT false,
    created_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (space_id, topic_id)
);

CREATE TABLE users (
    user_id bigint PRIMARY KEY CHECK (user_id > 0),
    first_name text,
    last_name text,
    username text,
    is_bot boolean NOT NULL DEFAULT false,
    is_deleted boolean NOT NULL DEFAULT false,
    is_premium boolean NOT NULL DEFAULT false,
    is_min boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Names that a person no longer has.
CREATE TABLE user_names (
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    first_name text,
    last_name text,
    username text,
    replaced_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX user_names_user ON user_names (user_id, replaced_at);

-- Messages --------------------------------------------------------------------------------------------------------

-- Wide columns first and booleans last: alignment padding would cost more bytes than any index trick saves.
CREATE TABLE messages (
    space_id bigint NOT NULL,
    chat_id bigint NOT NULL,
    date timestamptz NOT NULL,
    -- When the present text was stored here.
    stored_at timestamptz NOT NULL DEFAULT now(),
    -- Of the text, entities and file; equal fingerprints mean that nothing a reader sees has changed.
    fingerprint bigint NOT NULL,
    sender_id bigint,
    edit_date timestamptz,
    -- The edit date under which the present text was first seen; NULL for the original text.
    text_date timestamptz,
    deleted_at timestamptz,
    album_id bigint,
    reply_to_chat_id bigint,
    via_bot_id bigint,
    message_id integer NOT NULL,
    -- The pts that this row is true for: older knowledge never overwrites newer.
    as_of integer NOT NULL,
    deleted_as_of integer,
    reply_to_message_id integer,
    topic_id integer,
    ttl_seconds integer,
    layer smallint NOT NULL,
    is_edit_hidden boolean NOT NULL,
    is_outgoing boolean NOT NULL,
    is_pinned boolean NOT NULL,
    text text NOT NULL,
    -- The TL object, compressed and without the text that stands beside it (store/raw.py).
    raw bytea NOT NULL,
    entities jsonb,
    media jsonb,
    service jsonb,
    forward jsonb,
    reply_quote text,
    author_signature text,
    -- prevents storing one message twice: the key is the server's, not our order of arrival
    PRIMARY KEY (space_id, message_id),
    -- prevents ids of another sequence (scheduled, quick replies) from slipping in as 0 or below
    CHECK (message_id > 0 AND space_id <> 0),
    -- prevents a deletion without the point that later sightings are compared with
    CHECK ((deleted_at IS NULL) = (deleted_as_of IS NULL)),
    -- prevents a deleted row that newer knowledge shows alive
    CHECK (deleted_as_of >= as_of)
) PARTITION BY HASH (space_id);

-- A date in a chat: jumps, and a chat's messages in a mailbox.
CREATE INDEX messages_chat_date ON messages (chat_id, date);
-- The newest messages of everything, which search walks when a word is frequent.
CREATE INDEX messages_date ON messages (date);
-- A basic group's timeline inside its mailbox; a channel's is the primary key.
CREATE INDEX messages_mailbox ON messages (chat_id, message_id) WHERE space_id < 0;
CREATE INDEX messages_topic ON messages (space_id, topic_id, message_id) WHERE topic_id IS NOT NULL;
-- An expression, not a column: a stored vector would cost 300 bytes a message. The pending list makes inserting four
-- times faster, and is small so that the commit which empties it stays within 10 ms.
CREATE INDEX messages_search ON messages USING gin (to_tsvector('heliograph', text))
    WITH (fastupdate = on, gin_pending_list_limit = 256);

-- Earlier texts; the present one is in messages. A row is a stretch of one content from edit_date to until_date.
CREATE TABLE revisions (
    space_id bigint NOT NULL,
    message_id integer NOT NULL,
    -- NULL for the original text.
    edit_date timestamptz,
    -- The last edit date seen with the same content, when it is later: edits of markup, reactions, previews.
    until_date timestamptz,
    fingerprint bigint NOT NULL,
    as_of integer NOT NULL,
    stored_at timestamptz NOT NULL,
    text text NOT NULL,
    entities jsonb,
    media jsonb,
    -- prevents the same version from being kept twice when it comes live and again in a difference
    UNIQUE NULLS NOT DISTINCT (space_id, message_id, edit_date, fingerprint),
    -- prevents a version of a message that we never had
    FOREIGN KEY (space_id, message_id) REFERENCES messages ON DELETE CASCADE
) PARTITION BY HASH (space_id);

-- Deletions of messages that have not been seen: applied when the row comes.
CREATE TABLE orphan_tombstones (
    space_id bigint NOT NULL,
    message_id integer NOT NULL,
    as_of integer NOT NULL,
    deleted_at timestamptz NOT NULL,
    chat_id bigint,
    PRIMARY KEY (space_id, message_id)
);

-- Counters as last sampled, and the samples before that.
CREATE TABLE observations (
    space_id bigint NOT NULL,
    observed_at timestamptz NOT NULL,
    message_id integer NOT NULL,
    views integer,
    forwards integer,
    replies integer,
    reactions jsonb,
    poll jsonb,
    PRIMARY KEY (space_id, message_id)
) PARTITION BY HASH (space_id);

CREATE TABLE observation_history (
    space_id bigint NOT NULL,
    observed_at timestamptz NOT NULL,
    message_id integer NOT NULL,
    views integer,
    forwards integer,
    replies integer,
    reactions jsonb,
    poll jsonb,
    PRIMARY KEY (space_id, message_id, observed_at)
) PARTITION BY HASH (space_id);

-- Files, by content; filled when they are downloaded.
CREATE TABLE media (
    sha256 bytea PRIMARY KEY
        -- prevents a truncated or textual digest
        CHECK (octet_length(sha256) = 32),
    size bigint NOT NULL CHECK (size >= 0),
    mime_type text,
    stored_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE message_media (
    space_id bigint NOT NULL,
    file_id bigint NOT NULL,
    message_id integer NOT NULL,
    kind text NOT NULL,
    sha256 bytea REFERENCES media,
    PRIMARY KEY (space_id, message_id),
    -- prevents a file of a message that we do not have
    FOREIGN KEY (space_id, message_id) REFERENCES messages ON DELETE CASCADE
) PARTITION BY HASH (space_id);

DO $$
BEGIN
    FOR part IN 0..7 LOOP
        EXECUTE format('CREATE TABLE messages_p%s PARTITION OF messages
            FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
        EXECUTE format('CREATE TABLE revisions_p%s PARTITION OF revisions
            FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
        EXECUTE format('CREATE TABLE observations_p%s PARTITION OF observations
            FOR VALUES WITH (MODULUS 8, REMAINDER %s) WITH (fillfactor = 80)', part, part);
        EXECUTE format('CREATE TABLE observation_history_p%s PARTITION OF observation_history
            FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
        EXECUTE format('CREATE TABLE message_media_p%s PARTITION OF message_media
            FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
    END LOOP;
END
$$;

-- What is known, what is owed, what is lost -----------------------------------------------------------------------

CREATE TABLE box_cursors (
    -- A box's key is its space.
    box bigint PRIMARY KEY CHECK (box <> 0),
    pts integer NOT NULL CHECK (pts >= 0),
    qts integer NOT NULL DEFAULT 0,
    seq integer NOT NULL DEFAULT 0,
    date integer NOT NULL DEFAULT 0,
    -- prevents a paused worker that wakes after its lease from moving the cursor
    epoch bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

CREATE TABLE dirty_boxes (
    box bigint PRIMARY KEY CHECK (box <> 0),
    reason text NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE coverage (
    space_id bigint NOT NULL,
    chat_id bigint NOT NULL,
    covered int8multirange NOT NULL DEFAULT '{}',
    holes int8multirange NOT NULL DEFAULT '{}',
    as_of integer NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (space_id, chat_id),
    -- prevents an id from counting as known and as owed at once
    CHECK (NOT covered && holes)
) WITH (fillfactor = 70);

CREATE TABLE known_losses (
    loss_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    space_id bigint NOT NULL,
    from_pts integer NOT NULL,
    to_pts integer NOT NULL,
    reason text NOT NULL,
    since timestamptz,
    noticed_at timestamptz NOT NULL,
    -- prevents counting one loss again when its answer is processed again
    UNIQUE (space_id, from_pts, to_pts, reason)
);

CREATE TABLE dead_letters (
    letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    space_id bigint,
    message_id bigint,
    -- prevents a dead letter that could not be replayed
    raw bytea NOT NULL,
    layer integer NOT NULL,
    error text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz
);
CREATE INDEX dead_letters_open ON dead_letters (created_at) WHERE resolved_at IS NULL;

-- Things that should not happen and did, for people to look at.
CREATE TABLE crawl_errors (
    error_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    space_id bigint,
    chat_id bigint,
    message_id integer,
    detail jsonb NOT NULL DEFAULT '{}',
    occurred_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX crawl_errors_time ON crawl_errors (occurred_at);

-- Roles that meet in the database ---------------------------------------------------------------------------------

CREATE TABLE leases (
    resource text PRIMARY KEY,
    holder text NOT NULL,
    epoch bigint NOT NULL,
    acquired_at timestamptz NOT NULL DEFAULT now(),
    released_at timestamptz
);

CREATE TABLE commands (
    command_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    request jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'queued'
        CHECK (state IN ('queued', 'running', 'done', 'failed', 'expired')),
    result jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    taken_at timestamptz,
    finished_at timestamptz,
    -- prevents a request that nobody ever gives up on
    CHECK (expires_at > created_at),
    -- prevents an answer without its time
    CHECK ((state IN ('done', 'failed', 'expired')) = (finished_at IS NOT NULL))
);
CREATE INDEX commands_queued ON commands (command_id) WHERE state = 'queued';

CREATE TABLE outbox_counter (
    -- prevents a second counter: its row lock is what makes position order commit order
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    -- Starts from the time of creation, so that a database made anew is another epoch to old clients.
    epoch bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint,
    n bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);
INSERT INTO outbox_counter DEFAULT VALUES;

CREATE TABLE outbox (
    epoch bigint NOT NULL,
    n bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('message', 'range', 'chat')),
    change text CHECK (change IN ('new', 'edit', 'delete', 'observation')),
    space_id bigint,
    chat_id bigint NOT NULL,
    message_id integer,
    first_id integer,
    last_id integer,
    count integer,
    pushed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- prevents two events at one position
    PRIMARY KEY (epoch, n),
    -- prevents an event that a reader cannot resolve
    CHECK (CASE kind
        WHEN 'message' THEN change IS NOT NULL AND space_id IS NOT NULL AND message_id IS NOT NULL
        WHEN 'range' THEN first_id IS NOT NULL AND last_id IS NOT NULL AND count IS NOT NULL
        ELSE true END)
);
CREATE INDEX outbox_created ON outbox USING brin (created_at);
