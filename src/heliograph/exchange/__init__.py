"""Import and export in other programs' formats.

A reader turns a source into a stream of ``model`` events, a normaliser turns each message of it into rows, and the
importer hands these to the store. Nothing here talks to Telegram or knows SQL.
"""
