-- Why: docs/decisions/0009-exchange.md.

-- Telegram may name a chat without telling a message of it, and so may a file: told_from does not say which.
ALTER TABLE chats ADD COLUMN is_claimed boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN chats.is_claimed IS 'whether only imported files say what the chat is';
UPDATE chats SET is_claimed = true WHERE is_min AND told_from = 2147483647;
