"""Pure rules: identity, rows, the update-sequence engine. No I/O, no clock of its own."""
