"""What people and programs read: chats, timelines, revisions, search, status and the outbox, with bounded queries."""
