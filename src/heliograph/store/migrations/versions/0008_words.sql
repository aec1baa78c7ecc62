-- All words of messages that have some besides their text: a poll's, a list's, those along with a gift. The expression is
-- that of store/reads/words.py, letter by letter, and few messages have any, so that it costs the others nothing. Where
-- there are more than PostgreSQL takes for one message, its text alone is looked through, and the row is stored.
CREATE INDEX messages_words ON messages USING gin ((to_tsvector('heliograph', text)
    || CASE WHEN octet_length(text) + octet_length(coalesce(service, media)::text) <= 262144
        THEN jsonb_to_tsvector('heliograph', jsonb_path_query_array(coalesce(service, media),
            '$.keyvalue() ? (@.key == "title" || @.key == "text" || @.key == "items" || @.key == "question" || @.key == "options" || @.key == "option" || @.key == "comment").value'
        ), '["string"]') ELSE ''::tsvector END))
    WITH (fastupdate = on, gin_pending_list_limit = 256)
    WHERE service IS NOT NULL OR media ->> 'kind' IN ('poll', 'todo');
