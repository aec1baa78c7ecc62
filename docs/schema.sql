-- What the migrations make, read back from a database: a test keeps this file equal to them.
-- Why it looks like this: docs/decisions/0001-data-model.md. The partitions of each table are left out.

CREATE TABLE accounts (
    account_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    label text NOT NULL,
    user_id bigint NOT NULL,
    phone_hint text,
    state text DEFAULT 'active'::text NOT NULL,
    dc_id integer NOT NULL,
    dc_address text,
    dc_port integer,
    proxy text,
    session_ciphertext bytea,
    session_key_id text,
    frozen_until jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    budgets jsonb DEFAULT '{}'::jsonb NOT NULL,
    PRIMARY KEY (account_id),
    UNIQUE (label),
    UNIQUE (user_id),
    CHECK (((session_ciphertext IS NULL) = (session_key_id IS NULL))),
    CHECK ((state = ANY (ARRAY['active'::text, 'paused'::text, 'signed_out'::text, 'banned'::text]))),
    CHECK ((user_id > 0))
);

CREATE TABLE audits (
    space_id bigint NOT NULL,
    chat_id bigint NOT NULL,
    tier smallint NOT NULL,
    next_id integer DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    completed_at timestamp with time zone,
    period_seconds double precision,
    target_seconds double precision,
    checked bigint DEFAULT 0 NOT NULL,
    edits_found bigint DEFAULT 0 NOT NULL,
    deletions_found bigint DEFAULT 0 NOT NULL,
    PRIMARY KEY (space_id, chat_id, tier),
    CHECK ((period_seconds >= (0)::double precision)),
    CHECK ((target_seconds > (0)::double precision)),
    CHECK ((tier >= 0))
) WITH (fillfactor=50);

CREATE TABLE box_cursors (
    box bigint NOT NULL,
    pts integer NOT NULL,
    qts integer DEFAULT 0 NOT NULL,
    seq integer DEFAULT 0 NOT NULL,
    date integer DEFAULT 0 NOT NULL,
    epoch bigint NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    PRIMARY KEY (box),
    CHECK ((box <> 0)),
    CHECK ((pts >= 0))
) WITH (fillfactor=50);

CREATE TABLE chat_access (
    account_id bigint NOT NULL,
    peer_id bigint NOT NULL,
    access_hash bigint,
    role text NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    PRIMARY KEY (account_id, peer_id),
    FOREIGN KEY (account_id) REFERENCES accounts(account_id) ON DELETE CASCADE,
    CHECK ((role = ANY (ARRAY['creator'::text, 'admin'::text, 'member'::text, 'left'::text, 'banned'::text])))
);

CREATE TABLE chats (
    chat_id bigint NOT NULL,
    space_id bigint NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    username text,
    member_count integer,
    is_min boolean DEFAULT false NOT NULL,
    is_left boolean DEFAULT false NOT NULL,
    migrated_to_chat_id bigint,
    linked_chat_id bigint,
    policy text DEFAULT 'mirror'::text NOT NULL,
    status text DEFAULT 'initializing'::text NOT NULL,
    error_count integer DEFAULT 0 NOT NULL,
    last_error text,
    next_id bigint DEFAULT 0 NOT NULL,
    done integer DEFAULT 0 NOT NULL,
    total integer DEFAULT 0 NOT NULL,
    since timestamp with time zone,
    is_complete boolean DEFAULT false NOT NULL,
    message_count bigint DEFAULT 0 NOT NULL,
    deleted_count bigint DEFAULT 0 NOT NULL,
    last_message_id integer,
    last_message_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    told_from integer,
    is_claimed boolean DEFAULT false NOT NULL,
    PRIMARY KEY (chat_id),
    CHECK (((chat_id < '-1000000000000'::bigint) = (space_id > 0))),
    CHECK (((message_count >= 0) AND (deleted_count >= 0))),
    CHECK ((kind = ANY (ARRAY['channel'::text, 'supergroup'::text, 'forum'::text, 'group'::text, 'private'::text]))),
    CHECK ((policy = ANY (ARRAY['mirror'::text, 'ignore'::text]))),
    CHECK ((status = ANY (ARRAY['active'::text, 'inactive'::text, 'error'::text, 'initializing'::text])))
) WITH (fillfactor=70);

CREATE TABLE commands (
    command_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    kind text NOT NULL,
    request jsonb DEFAULT '{}'::jsonb NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    result jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    taken_at timestamp with time zone,
    finished_at timestamp with time zone,
    PRIMARY KEY (command_id),
    CHECK (((state = ANY (ARRAY['done'::text, 'failed'::text, 'expired'::text])) = (finished_at IS NOT NULL))),
    CHECK ((expires_at > created_at)),
    CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'failed'::text, 'expired'::text])))
);

CREATE INDEX commands_queued ON public.commands USING btree (command_id) WHERE (state = 'queued'::text);

CREATE TABLE coverage (
    space_id bigint NOT NULL,
    chat_id bigint NOT NULL,
    covered int8multirange DEFAULT '{}'::int8multirange NOT NULL,
    holes int8multirange DEFAULT '{}'::int8multirange NOT NULL,
    as_of integer NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    unreachable int8multirange DEFAULT '{}'::int8multirange NOT NULL,
    suspects int8multirange DEFAULT '{}'::int8multirange NOT NULL,
    suspected_at timestamp with time zone,
    fresh_suspects int8multirange DEFAULT '{}'::int8multirange NOT NULL,
    freshened_at timestamp with time zone,
    PRIMARY KEY (space_id, chat_id),
    CHECK ((NOT (covered && holes))),
    CHECK ((NOT (unreachable && covered))),
    CHECK ((NOT (unreachable && holes)))
) WITH (fillfactor=70);

CREATE TABLE crawl_errors (
    error_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    kind text NOT NULL,
    space_id bigint,
    chat_id bigint,
    message_id integer,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    occurred_at timestamp with time zone DEFAULT now() NOT NULL,
    PRIMARY KEY (error_id)
);

CREATE INDEX crawl_errors_time ON public.crawl_errors USING btree (occurred_at);

CREATE TABLE dead_letters (
    letter_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    space_id bigint,
    message_id bigint,
    raw bytea NOT NULL,
    layer integer NOT NULL,
    error text NOT NULL,
    attempts integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    resolved_at timestamp with time zone,
    kind text DEFAULT 'message'::text NOT NULL,
    as_of integer,
    account_id bigint,
    received_at timestamp with time zone,
    resolution text,
    chat_id bigint,
    version text DEFAULT (gen_random_uuid())::text NOT NULL,
    PRIMARY KEY (letter_id),
    FOREIGN KEY (account_id) REFERENCES accounts(account_id) ON DELETE SET NULL,
    CHECK (((resolved_at IS NULL) = (resolution IS NULL))),
    CHECK ((kind = ANY (ARRAY['message'::text, 'update'::text, 'record'::text]))),
    CHECK ((resolution = ANY (ARRAY['replayed'::text, 'discarded'::text])))
);

CREATE UNIQUE INDEX dead_letters_once ON public.dead_letters USING btree (kind, space_id, message_id, version) NULLS NOT DISTINCT WHERE (resolution IS DISTINCT FROM 'replayed'::text);

CREATE INDEX dead_letters_open ON public.dead_letters USING btree (created_at) WHERE (resolved_at IS NULL);

CREATE TABLE dirty_boxes (
    box bigint NOT NULL,
    reason text NOT NULL,
    marked_at timestamp with time zone DEFAULT now() NOT NULL,
    PRIMARY KEY (box),
    CHECK ((box <> 0))
);

CREATE TABLE exports (
    export_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    request jsonb NOT NULL,
    state text DEFAULT 'queued'::text NOT NULL,
    job_id bigint,
    attempt integer DEFAULT 0 NOT NULL,
    broken_off integer DEFAULT 0 NOT NULL,
    holder text,
    done bigint DEFAULT 0 NOT NULL,
    total bigint,
    file_name text,
    bytes bigint,
    error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    expires_at timestamp with time zone,
    PRIMARY KEY (export_id),
    CHECK (((broken_off >= 0) AND (broken_off <= attempt))),
    CHECK (((state <> 'done'::text) OR ((file_name IS NOT NULL) AND (bytes IS NOT NULL) AND (expires_at IS NOT NULL)))),
    CHECK (((state = 'failed'::text) = (error IS NOT NULL))),
    CHECK (((state = ANY (ARRAY['queued'::text, 'running'::text])) = (finished_at IS NULL))),
    CHECK ((attempt >= 0)),
    CHECK ((bytes >= 0)),
    CHECK ((done >= 0)),
    CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'done'::text, 'failed'::text, 'cancelled'::text]))),
    CHECK ((total >= 0))
) WITH (fillfactor=50);

CREATE INDEX exports_expiring ON public.exports USING btree (expires_at);

CREATE TABLE gaps (
    gap_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    space_id bigint NOT NULL,
    cause text NOT NULL,
    from_pts integer NOT NULL,
    to_pts integer NOT NULL,
    events integer DEFAULT 0 NOT NULL,
    noticed_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    closed_by text,
    is_lost boolean DEFAULT false NOT NULL,
    PRIMARY KEY (gap_id),
    CHECK (((closed_at IS NULL) = (closed_by IS NULL))),
    CHECK ((cause = ANY (ARRAY['start'::text, 'pts'::text, 'seq'::text, 'reconnected'::text, 'new_session'::text, 'undecodable'::text, 'overflow'::text, 'silence'::text, 'pushed_too_long'::text, 'account_difference'::text, 'sentinel'::text, 'unknown_peer'::text, 'cursor_ahead'::text, 'cursor_invalid'::text, 'database'::text, 'access'::text, 'recovered'::text]))),
    CHECK ((closed_at >= noticed_at)),
    CHECK ((closed_by = ANY (ARRAY['difference'::text, 'probe'::text, 'backfill'::text]))),
    CHECK ((events >= 0)),
    CHECK ((space_id <> 0))
);

CREATE INDEX gaps_noticed ON public.gaps USING btree (noticed_at);

CREATE INDEX gaps_open ON public.gaps USING btree (space_id) WHERE (closed_at IS NULL);

CREATE UNIQUE INDEX gaps_under_way ON public.gaps USING btree (space_id) WHERE ((closed_at IS NULL) AND (NOT is_lost));

CREATE TABLE heartbeats (
    role text NOT NULL,
    holder text NOT NULL,
    beat_at timestamp with time zone DEFAULT now() NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    PRIMARY KEY (role, holder)
) WITH (fillfactor=50);

CREATE TABLE import_mailboxes (
    key text NOT NULL,
    space_id bigint NOT NULL,
    chat_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    kind text,
    number bigint,
    PRIMARY KEY (key),
    UNIQUE (chat_id),
    UNIQUE (space_id),
    CHECK (((chat_id > '-1000000000000'::bigint) AND (chat_id < '-500000000000'::bigint))),
    CHECK ((space_id < '-4611686018427387904'::bigint))
);

CREATE TABLE imports (
    source text NOT NULL,
    name text NOT NULL,
    "position" jsonb DEFAULT '{}'::jsonb NOT NULL,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    completed_at timestamp with time zone,
    PRIMARY KEY (source)
) WITH (fillfactor=50);

CREATE TABLE known_losses (
    loss_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    space_id bigint NOT NULL,
    from_pts integer NOT NULL,
    to_pts integer NOT NULL,
    reason text NOT NULL,
    since timestamp with time zone,
    noticed_at timestamp with time zone NOT NULL,
    PRIMARY KEY (loss_id),
    UNIQUE (space_id, from_pts, to_pts, reason)
);

CREATE UNIQUE INDEX known_losses_open ON public.known_losses USING btree (space_id, reason) WHERE (to_pts = 2147483647);

CREATE TABLE leases (
    resource text NOT NULL,
    holder text NOT NULL,
    epoch bigint NOT NULL,
    acquired_at timestamp with time zone DEFAULT now() NOT NULL,
    released_at timestamp with time zone,
    renewed_at timestamp with time zone DEFAULT now() NOT NULL,
    PRIMARY KEY (resource)
);

CREATE TABLE links (
    chat_id bigint NOT NULL,
    kind text NOT NULL,
    other_chat_id bigint NOT NULL,
    noticed_at timestamp with time zone DEFAULT now() NOT NULL,
    PRIMARY KEY (chat_id, kind, other_chat_id),
    CHECK ((chat_id <> other_chat_id)),
    CHECK ((kind = ANY (ARRAY['migration'::text, 'discussion'::text])))
);

CREATE TABLE media (
    sha256 bytea NOT NULL,
    size bigint NOT NULL,
    mime_type text,
    stored_at timestamp with time zone DEFAULT now() NOT NULL,
    PRIMARY KEY (sha256),
    CHECK ((octet_length(sha256) = 32)),
    CHECK ((size >= 0))
);

CREATE TABLE message_media (
    space_id bigint NOT NULL,
    file_id bigint,
    message_id integer NOT NULL,
    kind text NOT NULL,
    sha256 bytea,
    state text DEFAULT 'remote'::text NOT NULL,
    file_name text,
    size bigint,
    mime_type text,
    PRIMARY KEY (space_id, message_id),
    FOREIGN KEY (sha256) REFERENCES media(sha256),
    FOREIGN KEY (space_id, message_id) REFERENCES messages(space_id, message_id) ON DELETE CASCADE,
    CHECK (((state <> 'remote'::text) OR (file_id IS NOT NULL))),
    CHECK (((state = 'stored'::text) = (sha256 IS NOT NULL))),
    CHECK ((size >= 0)),
    CHECK ((state = ANY (ARRAY['remote'::text, 'stored'::text, 'missing'::text, 'not_included'::text, 'too_large'::text, 'unavailable'::text])))
) PARTITION BY HASH (space_id);

CREATE INDEX message_media_file ON ONLY public.message_media USING btree (sha256) WHERE (sha256 IS NOT NULL);

CREATE TABLE messages (
    space_id bigint NOT NULL,
    chat_id bigint NOT NULL,
    date timestamp with time zone NOT NULL,
    stored_at timestamp with time zone DEFAULT now() NOT NULL,
    fingerprint bigint NOT NULL,
    sender_id bigint,
    edit_date timestamp with time zone,
    text_date timestamp with time zone,
    deleted_at timestamp with time zone,
    album_id bigint,
    reply_to_chat_id bigint,
    via_bot_id bigint,
    message_id integer NOT NULL,
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
    raw bytea NOT NULL,
    entities jsonb,
    media jsonb,
    service jsonb,
    forward jsonb,
    reply_quote text,
    author_signature text,
    PRIMARY KEY (space_id, message_id),
    CHECK (((deleted_at IS NULL) = (deleted_as_of IS NULL))),
    CHECK (((message_id > 0) AND (space_id <> 0))),
    CHECK ((deleted_as_of >= as_of))
) PARTITION BY HASH (space_id);

CREATE INDEX messages_chat_date ON ONLY public.messages USING btree (chat_id, date);

CREATE INDEX messages_date ON ONLY public.messages USING btree (date);

CREATE INDEX messages_expiring ON ONLY public.messages USING btree (date) WHERE ((ttl_seconds IS NOT NULL) AND (deleted_at IS NULL));

CREATE INDEX messages_mailbox ON ONLY public.messages USING btree (chat_id, message_id) WHERE (space_id < 0);

CREATE INDEX messages_search ON ONLY public.messages USING gin (to_tsvector('heliograph'::regconfig, text)) WITH (fastupdate='on', gin_pending_list_limit='256');

CREATE INDEX messages_topic ON ONLY public.messages USING btree (space_id, topic_id, message_id) WHERE (topic_id IS NOT NULL);

CREATE INDEX messages_words ON ONLY public.messages USING gin (((to_tsvector('heliograph'::regconfig, text) ||
CASE
    WHEN ((octet_length(text) + octet_length((COALESCE(service, media))::text)) <= 262144) THEN jsonb_to_tsvector('heliograph'::regconfig, jsonb_path_query_array(COALESCE(service, media), '$.keyvalue()?((((((@."key" == "title" || @."key" == "text") || @."key" == "items") || @."key" == "question") || @."key" == "options") || @."key" == "option") || @."key" == "comment")."value"'::jsonpath), '["string"]'::jsonb)
    ELSE ''::tsvector
END))) WITH (fastupdate='on', gin_pending_list_limit='256') WHERE ((service IS NOT NULL) OR ((media ->> 'kind'::text) = ANY (ARRAY['poll'::text, 'todo'::text])));

CREATE TABLE observation_history (
    space_id bigint NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    message_id integer NOT NULL,
    views integer,
    forwards integer,
    replies integer,
    reactions jsonb,
    poll jsonb,
    PRIMARY KEY (space_id, message_id, observed_at)
) PARTITION BY HASH (space_id);

CREATE TABLE observations (
    space_id bigint NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    message_id integer NOT NULL,
    views integer,
    forwards integer,
    replies integer,
    reactions jsonb,
    poll jsonb,
    PRIMARY KEY (space_id, message_id)
) PARTITION BY HASH (space_id);

CREATE TABLE orphan_tombstones (
    space_id bigint NOT NULL,
    message_id integer NOT NULL,
    as_of integer NOT NULL,
    deleted_at timestamp with time zone NOT NULL,
    chat_id bigint,
    PRIMARY KEY (space_id, message_id)
);

CREATE TABLE outbox (
    epoch bigint NOT NULL,
    n bigint NOT NULL,
    kind text NOT NULL,
    change text,
    space_id bigint,
    chat_id bigint NOT NULL,
    message_id integer,
    first_id integer,
    last_id integer,
    count integer,
    pushed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    PRIMARY KEY (epoch, n),
    CHECK (
CASE kind
    WHEN 'message'::text THEN ((change IS NOT NULL) AND (space_id IS NOT NULL) AND (message_id IS NOT NULL))
    WHEN 'range'::text THEN ((first_id IS NOT NULL) AND (last_id IS NOT NULL) AND (count IS NOT NULL))
    ELSE true
END),
    CHECK ((change = ANY (ARRAY['new'::text, 'edit'::text, 'delete'::text, 'observation'::text]))),
    CHECK ((kind = ANY (ARRAY['message'::text, 'range'::text, 'chat'::text])))
);

CREATE INDEX outbox_created ON public.outbox USING brin (created_at);

CREATE TABLE outbox_counter (
    is_only boolean DEFAULT true NOT NULL,
    epoch bigint DEFAULT (EXTRACT(epoch FROM now()))::bigint NOT NULL,
    n bigint DEFAULT 0 NOT NULL,
    lineage text,
    PRIMARY KEY (is_only),
    CHECK (is_only)
) WITH (fillfactor=10);

CREATE TABLE procrastinate_events (
    id bigint DEFAULT nextval('procrastinate_events_id_seq'::regclass) NOT NULL,
    job_id bigint NOT NULL,
    type procrastinate_job_event_type,
    at timestamp with time zone DEFAULT now(),
    PRIMARY KEY (id),
    FOREIGN KEY (job_id) REFERENCES procrastinate_jobs(id) ON DELETE CASCADE
);

CREATE INDEX procrastinate_events_job_id_fkey_v1 ON public.procrastinate_events USING btree (job_id);

CREATE TABLE procrastinate_jobs (
    id bigint DEFAULT nextval('procrastinate_jobs_id_seq'::regclass) NOT NULL,
    queue_name character varying(128) NOT NULL,
    task_name character varying(128) NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    lock text,
    queueing_lock text,
    args jsonb DEFAULT '{}'::jsonb NOT NULL,
    status procrastinate_job_status DEFAULT 'todo'::procrastinate_job_status NOT NULL,
    scheduled_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    abort_requested boolean DEFAULT false NOT NULL,
    worker_id bigint,
    PRIMARY KEY (id),
    FOREIGN KEY (worker_id) REFERENCES procrastinate_workers(id) ON DELETE SET NULL,
    CHECK ((NOT ((status = 'todo'::procrastinate_job_status) AND (abort_requested = true))))
);

CREATE INDEX idx_procrastinate_jobs_worker_not_null ON public.procrastinate_jobs USING btree (worker_id) WHERE ((worker_id IS NOT NULL) AND (status = 'doing'::procrastinate_job_status));

CREATE INDEX procrastinate_jobs_id_lock_idx_v1 ON public.procrastinate_jobs USING btree (id, lock) WHERE (status = ANY (ARRAY['todo'::procrastinate_job_status, 'doing'::procrastinate_job_status]));

CREATE UNIQUE INDEX procrastinate_jobs_lock_idx_v1 ON public.procrastinate_jobs USING btree (lock) WHERE (status = 'doing'::procrastinate_job_status);

CREATE INDEX procrastinate_jobs_priority_idx_v1 ON public.procrastinate_jobs USING btree (priority DESC, id) WHERE (status = 'todo'::procrastinate_job_status);

CREATE INDEX procrastinate_jobs_queue_name_idx_v1 ON public.procrastinate_jobs USING btree (queue_name);

CREATE UNIQUE INDEX procrastinate_jobs_queueing_lock_idx_v1 ON public.procrastinate_jobs USING btree (queueing_lock) WHERE (status = 'todo'::procrastinate_job_status);

CREATE TABLE procrastinate_periodic_defers (
    id bigint DEFAULT nextval('procrastinate_periodic_defers_id_seq'::regclass) NOT NULL,
    task_name character varying(128) NOT NULL,
    defer_timestamp bigint,
    job_id bigint,
    periodic_id character varying(128) DEFAULT ''::character varying NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (task_name, periodic_id, defer_timestamp),
    FOREIGN KEY (job_id) REFERENCES procrastinate_jobs(id)
);

CREATE INDEX procrastinate_periodic_defers_job_id_fkey_v1 ON public.procrastinate_periodic_defers USING btree (job_id);

CREATE TABLE procrastinate_workers (
    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    last_heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    PRIMARY KEY (id)
);

CREATE INDEX idx_procrastinate_workers_last_heartbeat ON public.procrastinate_workers USING btree (last_heartbeat);

CREATE TABLE revisions (
    space_id bigint NOT NULL,
    message_id integer NOT NULL,
    edit_date timestamp with time zone,
    until_date timestamp with time zone,
    fingerprint bigint NOT NULL,
    as_of integer NOT NULL,
    stored_at timestamp with time zone NOT NULL,
    text text NOT NULL,
    entities jsonb,
    media jsonb,
    UNIQUE NULLS NOT DISTINCT (space_id, message_id, edit_date, fingerprint),
    FOREIGN KEY (space_id, message_id) REFERENCES messages(space_id, message_id) ON DELETE CASCADE
) PARTITION BY HASH (space_id);

CREATE TABLE topics (
    space_id bigint NOT NULL,
    topic_id integer NOT NULL,
    title text NOT NULL,
    icon_color integer,
    is_closed boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    PRIMARY KEY (space_id, topic_id)
);

CREATE TABLE user_names (
    user_id bigint NOT NULL,
    first_name text,
    last_name text,
    username text,
    replaced_at timestamp with time zone DEFAULT now() NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users(user_id) ON DELETE CASCADE
);

CREATE INDEX user_names_user ON public.user_names USING btree (user_id, replaced_at);

CREATE TABLE users (
    user_id bigint NOT NULL,
    first_name text,
    last_name text,
    username text,
    is_bot boolean DEFAULT false NOT NULL,
    is_deleted boolean DEFAULT false NOT NULL,
    is_premium boolean DEFAULT false NOT NULL,
    is_min boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    PRIMARY KEY (user_id),
    CHECK ((user_id > 0))
);

-- text search configuration heliograph: asciiword as simple

-- text search configuration heliograph: word as unaccent, simple

-- text search configuration heliograph: numword as simple

-- text search configuration heliograph: email as simple

-- text search configuration heliograph: url as simple

-- text search configuration heliograph: host as simple

-- text search configuration heliograph: sfloat as simple

-- text search configuration heliograph: version as simple

-- text search configuration heliograph: hword_numpart as simple

-- text search configuration heliograph: hword_part as unaccent, simple

-- text search configuration heliograph: hword_asciipart as simple

-- text search configuration heliograph: numhword as simple

-- text search configuration heliograph: asciihword as simple

-- text search configuration heliograph: hword as unaccent, simple

-- text search configuration heliograph: url_path as simple

-- text search configuration heliograph: file as simple

-- text search configuration heliograph: float as simple

-- text search configuration heliograph: int as simple

-- text search configuration heliograph: uint as simple
