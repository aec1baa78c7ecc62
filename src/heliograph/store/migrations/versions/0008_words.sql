-- Words that stand in what a message carries or reports: a poll's, a list's, those along with a gift. The expression is
-- that of store/reads/words.py, letter by letter, and few messages have any, so that it costs the others nothing.
CREATE INDEX messages_words ON messages USING gin (jsonb_to_tsvector('heliograph', jsonb_path_query_array(
    coalesce(service, media),
    '$.keyvalue() ? (@.key == "title" || @.key == "text" || @.key == "items" || @.key == "question" || @.key == "options" || @.key == "option" || @.key == "comment").value'
), '["string"]'))
    WITH (fastupdate = on, gin_pending_list_limit = 256)
    WHERE service IS NOT NULL OR media ->> 'kind' IN ('poll', 'todo');
