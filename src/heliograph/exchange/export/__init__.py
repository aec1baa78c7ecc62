"""Export: chats of the mirror as files that other programs read."""
