"""``python -m heliograph`` is the ``heliograph`` command."""

from heliograph.cli.entry import main

main()
