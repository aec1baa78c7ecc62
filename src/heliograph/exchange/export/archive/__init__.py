"""The static HTML archive: what a message looks like, its pages, and their templates.

Nothing of it runs: the pages have no scripts, and their policy allows none. Every text is escaped by the templates;
``markup`` is the only place that makes markup of a message.
"""
