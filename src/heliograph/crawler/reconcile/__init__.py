"""Looking instead of waiting: the sentinel asks where boxes stand, the prober for ids that are owed, the audit again.

Why and how: docs/decisions/0006-reconcile.md. Use :class:`Reconcile`.
"""

from heliograph.crawler.reconcile.work import Reconcile

__all__ = ["Reconcile"]
