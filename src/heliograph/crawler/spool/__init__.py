"""The local spool: what Telegram said while the database was away, on disk until it is written (decision 0007).

``segments.py`` keeps bytes in files, ``journal.py`` keeps batches in order, ``replay.py`` writes them to the store.
"""
