"""The mirror: Telethon as a transport, live feed, backfill, governor, writer."""
