"""Commands: the only place that builds and wires objects."""
