"""Telegram Desktop's JSON form: reading it in constant memory, and what its messages mean in every dialect."""
