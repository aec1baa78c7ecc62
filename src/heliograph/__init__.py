"""Heliograph: a self-hosted mirror of Telegram groups and channels in PostgreSQL."""

__version__ = "0.1.0"
