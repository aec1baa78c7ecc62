"""The HTTP API, the live WebSocket stream and the page."""
