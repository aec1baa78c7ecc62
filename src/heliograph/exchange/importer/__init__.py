"""Imports: what readers find goes through the normaliser into the store, group by group, and can be taken up again."""

from heliograph.exchange.importer.choice import Options
from heliograph.exchange.importer.run import Progress, run
from heliograph.exchange.importer.summary import ChatTally, Skipped, SourceTally, Summary, Tally

__all__ = ["ChatTally", "Options", "Progress", "Skipped", "SourceTally", "Summary", "Tally", "run"]
