"""Queued and scheduled work: procrastinate and what its workers do. ``schedule.py`` lists what the clock starts."""
