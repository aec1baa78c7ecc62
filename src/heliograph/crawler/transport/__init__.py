"""Telethon as plain MTProto: connections, deadlines and error names. No cursor and no policy lives here.

Telethon's own update handling moves its cursor before anybody has stored anything, so all of it is bypassed: what
the socket yields goes raw into a bounded inbox, and what it did with pts, entities and flood waits is done elsewhere.
"""

from heliograph.crawler.transport.client import Client
from heliograph.crawler.transport.connection import Connection
from heliograph.crawler.transport.inbox import Inbox, Incoming
from heliograph.crawler.transport.session import SessionKey

__all__ = ["Client", "Connection", "Inbox", "Incoming", "SessionKey"]
