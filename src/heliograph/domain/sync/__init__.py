"""The update-sequence engine: decides what to apply, what to ask for and what to commit; performs nothing."""
