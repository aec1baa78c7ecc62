-- Why: docs/decisions/0009-exchange.md.

-- The lowest id that Telegram itself has told us of; nobody asked for what is below it, however much of it is here.
ALTER TABLE chats ADD COLUMN told_from integer;
COMMENT ON COLUMN chats.told_from IS 'NULL where nothing was imported: then it is the lowest id that is stored';

-- Which file a message carries, and where that file is.
ALTER TABLE message_media
    ALTER COLUMN file_id DROP NOT NULL,
    ADD COLUMN state text NOT NULL DEFAULT 'remote'
        CHECK (state IN ('remote', 'stored', 'missing', 'not_included', 'too_large', 'unavailable')),
    ADD COLUMN file_name text,
    ADD COLUMN size bigint CHECK (size >= 0),
    ADD COLUMN mime_type text;
UPDATE message_media SET state = 'stored' WHERE sha256 IS NOT NULL;
ALTER TABLE message_media
    -- prevents a file that counts as stored and cannot be found
    ADD CHECK ((state = 'stored') = (sha256 IS NOT NULL)),
    -- prevents a file to be fetched from Telegram that Telegram cannot be asked for
    ADD CHECK (state <> 'remote' OR file_id IS NOT NULL);
-- which messages have a file, before it is thrown away
CREATE INDEX message_media_file ON message_media (sha256) WHERE sha256 IS NOT NULL;
COMMENT ON COLUMN message_media.state IS
    'remote: at Telegram; stored: in media storage; the others are what an export says of a file that is not in it';

-- How far each source has been imported; commits with the rows that were read from it.
CREATE TABLE imports (
    -- what a source is recognised by when it is given again
    source text PRIMARY KEY,
    name text NOT NULL,
    position jsonb NOT NULL DEFAULT '{}',
    counts jsonb NOT NULL DEFAULT '{}',
    started_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz
) WITH (fillfactor = 50);
COMMENT ON COLUMN imports.position IS 'where to go on, in the words of the importer that wrote it';

-- Spaces for exports of basic groups and private chats of which nobody knows whose mailbox they came from. They lie
-- outside of what Telegram numbers, so that no chat of ours ever meets one.
CREATE TABLE import_mailboxes (
    key text PRIMARY KEY,
    space_id bigint NOT NULL UNIQUE CHECK (space_id < -4611686018427387904),
    chat_id bigint NOT NULL UNIQUE CHECK (chat_id > -1000000000000 AND chat_id < -500000000000),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- what the export says of the chat; an export of ours says it again
    kind text,
    number bigint
);
COMMENT ON COLUMN import_mailboxes.number IS 'Telegram''s id of the chat, without a mark; NULL where the export has none';
COMMENT ON COLUMN import_mailboxes.key IS 'what the same chat is recognised by in its next export';
